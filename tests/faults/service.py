"""A service whose parts are started, killed, stopped in their tracks and cut off."""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import and_, func, or_, select, text

from tests.faults.brokers import InProcess, RabbitMQ, Redis
from tests.faults.invariants import IS_OVER, Found, Row, Summary, compare, list_late
from tests.faults.process import Part, run
from tests.faults.sink import FORKING, Sink
from webinars import broker, mailings
from webinars.clock import system_clock
from webinars.database import Database
from webinars.links import Links
from webinars.mail import journal
from webinars.models import Delivery, DeliveryState, Event, Lane

PATIENCE_SECONDS = 60
MOMENT_SECONDS = 0.3
HINTS = 10
SECRET = "a secret of the tests, long enough to sign with"
BASE_URL = "https://webinaires.example.org"


class Service:
    """The parts of one service, its database, its broker and its relay."""

    def __init__(
        self,
        database: Database,
        url: str,
        sink: Sink,
        server: InProcess | Redis | RabbitMQ,
        folder: Path,
    ) -> None:
        self.database = database
        self.sink = sink
        self.broker = server
        self.folder = folder
        self.kills = 0
        """How often something was killed that may have had a message in each connection."""
        self.besides = 0
        """As many more may have been doubled for other reasons."""
        self._timer = None
        self.ahead = FORKING.RawValue("d", 0.0)
        """By how many seconds the clock of its parts is ahead."""
        self.links = Links(SECRET.encode(), BASE_URL)
        self.environment = {
            "WEBINARS_DATABASE_URL": url,
            "WEBINARS_BROKER_URL": server.url,
            "WEBINARS_MAIL_URL": sink.url,
            "WEBINARS_DATA_DIR": str(folder / "data"),
            "WEBINARS_BASE_URL": BASE_URL,
            "WEBINARS_SECRET_KEY": SECRET,
        }

    def start(self, part: Part, fault: str = ""):
        """Start a part; a fault kills it at a point: see `workers.faults`."""
        environment = self.environment | {"WEBINARS_FAULT": fault}
        arguments = (part, environment, self.folder / "log", self.ahead)
        process = FORKING.Process(target=run, args=arguments, daemon=True)
        process.start()
        return process

    def end(self, process) -> None:
        """End a part: it is asked to, and then it is made to."""
        process.terminate()
        process.join(PATIENCE_SECONDS)
        process.kill()
        process.join()
        process.close()

    def kill(self, process) -> None:
        """Kill a part that sends."""
        process.kill()
        process.join()
        self.kills += 1

    @contextmanager
    def part(self, part: Part, fault: str = "") -> Iterator:
        """Run a part until the block ends."""
        process = self.start(part, fault)
        try:
            yield process
        finally:
            self.end(process)

    @contextmanager
    def worker(self, fault: str = "") -> Iterator:
        """Run what sends until the block ends; a timer of its own goes on until `close`."""
        if self.broker.is_apart and self._timer is None:
            self._timer = self.start(Part.TIMER)
        with self.part(Part.WORKER if self.broker.is_apart else Part.EVERYTHING, fault) as process:
            yield process

    @contextmanager
    def timer(self, fault: str = "") -> Iterator:
        """Run the part that keeps time until the block ends."""
        with self.part(Part.TIMER if self.broker.is_apart else Part.EVERYTHING, fault) as process:
            yield process

    def close(self) -> None:
        """End the timer that it has begun."""
        if self._timer is not None:
            self.end(self._timer)

    def run_until_over(self) -> None:
        """Let a worker that nobody kills bring everything to its end."""
        with self.worker():
            assert self.wait_until_over(), self.tell()

    def wait_until_over(self) -> bool:
        """Wait until every mail there is is over, and no journal is left."""
        return wait_until(lambda: not self.count_open() and not self.journals())

    def finish_late(self) -> bool:
        """Wait until every mail is over, where some are only tried again in a while."""
        return wait_until(self.pass_time_where_nothing_happens)

    def pass_time_where_nothing_happens(self) -> bool:
        """Let time pass if all that is left waits for it; tell whether nothing is left."""
        if self.is_idle() and self.count_open():
            # Nothing is claimed: no lease runs out by the clock's jump.
            self.pass_time(timedelta(minutes=20))
        return not self.count_open() and not self.journals()

    def is_idle(self) -> bool:
        """Tell whether nothing is being sent, and nothing is due."""
        now = system_clock() + timedelta(seconds=self.ahead.value)
        is_due = and_(Delivery.state == DeliveryState.PENDING, Delivery.not_before <= now)
        busy = select(Delivery.id).where(or_(is_due, Delivery.state == DeliveryState.SENDING))
        with self.database.reading() as tx:
            return tx.scalar(busy.limit(1)) is None

    def count_open(self) -> int:
        """Count the mails that are not over yet."""
        query = select(func.count(Delivery.id)).where(Delivery.state.not_in(IS_OVER))
        with self.database.reading() as tx:
            return tx.scalar(query)

    def count(self, state: DeliveryState) -> int:
        """Count the mails in a state."""
        query = select(func.count(Delivery.id)).where(Delivery.state == state)
        with self.database.reading() as tx:
            return tx.scalar(query)

    def list_rows(self) -> list[Row]:
        """List the deliveries as they are by now."""
        columns = (getattr(Delivery, name) for name in Row._fields)
        with self.database.reading() as tx:
            return [Row._make(row) for row in tx.execute(select(*columns).order_by(Delivery.id))]

    def list_found(self) -> list[Found]:
        """List what the relay has seen, with the delivery that each was."""
        return [
            Found(self.links.read_mark(one.message_id.strip("<>").partition("@")[0]), one)
            for one in self.sink.list_messages()
        ]

    def list_late(self, since: float) -> list[Found]:
        """List what was begun later than a moment after an instant, in seconds of the epoch."""
        return list_late(self.list_found(), since + MOMENT_SECONDS)

    def journals(self) -> list[Path]:
        """List the journals of the living and the dead."""
        return journal.list_paths(self.folder / "data" / "journal")

    def check(self) -> Summary:
        """Compare everything, once all is over: see `invariants`."""
        summary = compare(
            self.list_rows(), self.list_found(), kills=self.kills, besides=self.besides
        )
        left = [f"journal left behind: {path.name}" for path in self.journals()]
        return summary._replace(faults=[*summary.faults, *left, *self._list_miscounts()])

    def _list_miscounts(self) -> list[str]:
        """List where counts say something else than rows."""
        faults = []
        with self.database.reading() as tx:
            for event_id in tx.scalars(select(Event.id)):
                told = mailings.list_rows(tx, event_id, system_clock())
                shown = Counter({one.template: one.accepted for one in told if one.accepted})
                counted = self._count_accepted(tx, event_id)
                if shown != counted:
                    faults.append(f"counted {counted}, shown {shown}")
        return faults

    def _count_accepted(self, tx, event_id: int) -> Counter:
        query = select(Delivery.template).where(
            Delivery.event_id == event_id,
            Delivery.mailing_id.is_not(None),
            Delivery.state == DeliveryState.ACCEPTED,
        )
        return Counter(tx.scalars(query))

    def hint_often(self) -> None:
        """Say of every lane again and again that there is work."""
        opened = broker.open_broker(self.broker.url)
        for lane in [*Lane] * HINTS:
            broker.hint(opened, lane.value, broker.DELIVER, lane.value)
        opened.close()

    def hang_up_database(self) -> None:
        """End every connection to the database but this one, as its restart would."""
        if self.database.is_sqlite:
            return
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        others += " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with self.database.engine.connect() as connection:
            connection.execute(text(others))
        self.kills += 1

    def pass_time(self, by: timedelta) -> None:
        """Let the clock of all parts jump."""
        self.ahead.value += by.total_seconds()

    def tell(self) -> str:
        """Say where everything stands, for a test that fails."""
        rows = [row for row in self.list_rows() if row.state not in IS_OVER]
        with contextlib.suppress(OSError):
            log = (self.folder / "log").read_text(errors="replace")[-3000:]
        return f"{len(rows)} not over: {rows[:5]}\n{self.journals()}\n{log}"


def stop_in_its_tracks(process) -> None:
    """Let a process stand still, as a machine that swaps or a suspended one would."""
    os.kill(process.pid, signal.SIGSTOP)


def let_go_on(process) -> None:
    """Let a process go on that stands still."""
    os.kill(process.pid, signal.SIGCONT)


def wait_until(condition, *, seconds: float = PATIENCE_SECONDS, pause: float = 0.02) -> bool:
    """Wait until something holds, and tell whether it came to that."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(pause)
    return False
