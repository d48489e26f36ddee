"""What the pages and the workers are handed: reading, transaction, clock, mail transport, wake-up.

Made once a process by the command line, or by a test with a clock of its own.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

import dramatiq

from config import Settings
from webinars import broker as brokers
from webinars import zones
from webinars.clock import Clock, system_clock
from webinars.database import Database, Transaction
from webinars.links import Links
from webinars.mail.signing import Signer, open_signer
from webinars.mail.transports import Transport, open_transport
from webinars.models import Lane
from webinars.seals import Seals


@dataclass(frozen=True)
class Runtime:
    """One process's way to the database, the clock, the mail relay and the workers."""

    settings: Settings
    database: Database
    clock: Clock
    links: Links
    transport: Transport
    broker: dramatiq.Broker
    signer: Signer | None = None

    @property
    def limits(self) -> Mapping[str, float]:
        """How many messages a minute a relay or a domain is sent at most, by key."""
        domains = {f"domain:{name}": rate for name, rate in self.settings.domain_rates.items()}
        return domains | {f"relay:{name}": rate for name, rate in self.transport.rates.items()}

    @property
    def seals(self) -> Seals:
        """What second factors are sealed with."""
        return Seals(self.links.secret)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a change; only a view, an actor or a command does."""
        with self.database.transaction() as tx:
            yield tx

    @contextmanager
    def rehearsal(self) -> Iterator[Transaction]:
        """Open a change that is undone: the same call in it shows what would come of it."""
        with self.database.rehearsal() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a reading, which changes nothing."""
        with self.database.reading() as tx:
            yield tx

    def now(self) -> datetime:
        """Read the clock: once in each view, actor or command, and passed down from there."""
        return self.clock()

    def wake(self, lane: Lane) -> None:
        """Hint that deliveries of a lane have become due; call it after the commit.

        A hint that no worker has taken yet is enough: who takes it sees what was committed before.
        """
        if not brokers.is_hinted(self.broker, lane.value):
            brokers.hint(self.broker, lane.value, brokers.DELIVER, lane.value)

    def wake_press(self) -> None:
        """Hint that a paper was ordered; call it after the commit."""
        if not brokers.is_hinted(self.broker, brokers.PAPERS):
            brokers.hint(self.broker, brokers.PAPERS, brokers.PRINT)

    def sign(self, message: bytes) -> bytes:
        """Return a message with the signature of the sender's domain, where there is a key."""
        return message if self.signer is None else self.signer.sign(message)

    def wake_imports(self) -> None:
        """Hint that there is work on a list of contacts; call it after the commit."""
        if not brokers.is_hinted(self.broker, brokers.UPKEEP):
            brokers.hint(self.broker, brokers.UPKEEP, brokers.BRING_IN)

    def find_return_path(self, delivery_id: int) -> str | None:
        """Return where reports about a mail go; `None`: to the sender, like everything else."""
        pattern = self.settings.mail_return_path
        return pattern.replace("{token}", self.links.make_mark(delivery_id)) if pattern else None

    def close(self) -> None:
        """Close what is open."""
        self.transport.close()
        self.broker.close()
        self.database.dispose()


def open_runtime(settings: Settings, clock: Clock = system_clock) -> Runtime:
    """Open everything that the settings name.

    :raises StaleZoneData: the zone data do not know Morocco's change of September 2026.
    """
    zones.check()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    sender = parseaddr(settings.mail_from)[1]
    return Runtime(
        settings=settings,
        database=Database(settings.database_url),
        clock=clock,
        links=Links(settings.get_secret(), settings.base_url),
        transport=open_transport(settings.mail_url, sender),
        broker=brokers.open_broker(settings.broker_url),
        signer=open_signer(settings.dkim_key, settings.dkim_selector, sender),
    )
