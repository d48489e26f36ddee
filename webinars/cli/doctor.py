"""A look at every part of the service: `webinars doctor`, a line each, changing nothing."""

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click
from sqlalchemy import func, select

import config
from config import Settings
from webinars import broker as brokers
from webinars import measures, migrations, pacing, typesetting, zones
from webinars.cli import folders
from webinars.cli.sentences import say_cause
from webinars.clock import system_clock
from webinars.database import Database
from webinars.errors import ClocksDiffer
from webinars.mail import intake, journal, signing
from webinars.mail.transports import RelayDown, open_transport
from webinars.measures import Waiting
from webinars.models import Wait
from webinars.pacing import RelayRow, RelayState

CLOCKS_MAY_DIFFER = timedelta(seconds=5)
PATIENCE = timedelta(minutes=1)
"""How long something may be due before it is a sign that nobody works."""

WAITS = {
    Wait.LIMIT: "an address that has had its share of the hour",
    Wait.DEFERRED: "another attempt, for a relay asked for it later or did not answer",
    Wait.RATE: "a turn, for so many leave at a time",
    Wait.RELAY: "a relay that takes anything",
    measures.PAUSED: "a mailing that is paused",
    measures.TIME: "the time that it is due",
    measures.WORKER: "a worker",
}


class Ill(NamedTuple):
    """What is wrong with a part that answers."""

    said: str


@dataclass(frozen=True)
class Service:
    """The service that is looked at."""

    settings: Settings
    database: Database
    now: datetime
    has_database: bool = False
    """Whether the database answers and is up to date."""


Look = Callable[[Service], str | Ill]


@click.command()
def doctor() -> None:
    """Look at every part of the service and at what waits; leave with 1 if anything is ill."""
    settings = config.read()
    with looking_at(settings) as database:
        service = Service(settings, database, system_clock())
        is_there = _examine("database", look_at_database, service)
        service = replace(service, has_database=is_there)
        results = [_examine(name, look, service) for name, look in list_looks(service)]
    if not all([is_there, *results]):
        sys.exit(1)


@contextmanager
def looking_at(settings: Settings) -> Iterator[Database]:
    """Open the database for a look."""
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        database.dispose()


def list_looks(service: Service) -> Iterator[tuple[str, Look]]:
    """List what else is looked at: what is set, and can be without a database or with one."""
    settings = service.settings
    yield "broker", look_at_broker
    addresses = [settings.mail_url] if settings.outbox_dir else settings.mail_url.split()
    for place, address in enumerate(addresses):
        yield "mail relay", partial(look_at_relay, address=address, place=place)
    if settings.intake_url:
        yield "intake", look_at_intake
    if settings.dkim_key:
        yield "DKIM key", look_at_key
    yield "zone data", look_at_zone_data
    yield "fonts", look_at_fonts
    yield "clock", look_at_clock
    yield "data folder", look_at_data_folder
    yield "journals", look_at_journals
    if service.has_database:
        yield "timer", look_at_timer
        yield "mails", look_at_mails


def _examine(name: str, look: Look, service: Service) -> bool:
    try:
        found = look(service)
    except Exception as error:  # whatever is wrong with a part, the other parts are looked at
        found = Ill(say_cause(error))
    if isinstance(found, Ill):
        click.echo(f"{name}: FAILED, {found.said}")
        return False
    click.echo(f"{name}: ok, {found}")
    return True


def look_at_database(service: Service) -> str:
    """Ask whether the database answers and is up to date."""
    migrations.check(service.database)
    return str(service.database.engine.dialect.name)


def look_at_broker(service: Service) -> str:
    """Ask whether the broker answers."""
    broker = brokers.open_broker(service.settings.broker_url)
    try:
        return brokers.check(broker)
    finally:
        broker.close()


def look_at_relay(service: Service, *, address: str, place: int) -> str | Ill:
    """Greet a mail relay, or see whether the folder can be written to; say whether it rests.

    :param place: among the relays of the settings, the first is 0.
    """
    sender = parseaddr(service.settings.mail_from)[1]
    transport = open_transport(address, sender)
    rest = _say_rest(service, place) if service.has_database else ""
    try:
        return f"{transport.check()}{rest}"
    except RelayDown as error:
        return Ill(f"{say_cause(error)}{rest}")
    finally:
        transport.close()


def _say_rest(service: Service, place: int) -> str:
    """Say since when a relay has taken nothing, where it did."""
    row = _list_relays(service)[place]
    if row.open_until is None:
        return ""
    rests = row.state is RelayState.RESTS
    again = f"is left in peace until {row.open_until:%H:%M:%S} UTC" if rests else "is tried again"
    times = "once" if row.failures == 1 else f"{row.failures} times in a row"
    return f"; it took nothing {times} ({row.said}) and {again}"


def _list_relays(service: Service) -> list[RelayRow]:
    """List the relays of the settings as the workers have found them."""
    transport = open_transport(service.settings.mail_url, "")
    transport.close()
    with service.database.reading() as tx:
        return pacing.list_relays(tx, transport.relays, now=service.now)


def look_at_intake(service: Service) -> str | Ill:
    """Look into the mailbox where reports of failure arrive, leaving everything as it is."""
    try:
        return intake.check(service.settings.intake_url)
    except intake.SourceAway as error:
        return Ill(": ".join(filter(None, (error.reason, error.said))))


def look_at_key(service: Service) -> str:
    """Read the key that messages are signed with.

    :raises SettingRefused: it is of no use.
    """
    settings = service.settings
    signer = signing.open_signer(settings.dkim_key, settings.dkim_selector, settings.mail_from)
    return f"{signer.selector} of {signer.domain}" if signer else "none"


def look_at_zone_data(service: Service) -> str:
    """Look whether the zone data know Morocco's change of September 2026."""
    zones.check()
    return f"tzdata {zones.version()}"


def look_at_fonts(service: Service) -> str:
    """Look whether the fonts that papers are set in are there, from their packages.

    :raises PaperFailed: one is missing.
    """
    return typesetting.check_fonts()


def look_at_clock(service: Service) -> str:
    """Compare the clock of this machine with the database server's, where there is one.

    :raises ClocksDiffer: mails would leave at the wrong time, or tell of it.
    """
    if service.has_database and not service.database.is_sqlite:
        with service.database.reading() as tx:
            theirs = tx.execute(select(func.clock_timestamp())).scalar_one()
        if abs(theirs - system_clock()) > CLOCKS_MAY_DIFFER:
            raise ClocksDiffer(theirs - system_clock())
    return f"{system_clock():%Y-%m-%d %H:%M:%S} UTC"


def look_at_data_folder(service: Service) -> str | Ill:
    """Look whether the data folder and what lies in it can be written to, and how much is free."""
    fault = folders.find_fault(service.settings)
    if fault:
        return Ill(fault)
    folder = service.settings.data_dir
    free = folders.say_size(folders.count_free(os.statvfs(folder)))
    lies_there = "journal and outbox" if service.settings.outbox_dir else "journal"
    return f"{folder}, {free} free; {lies_there} can be written to"


def look_at_journals(service: Service) -> str | Ill:
    """Look whether dead workers of this machine have left word of what they were sending."""
    paths = journal.list_paths(service.settings.journal_dir)
    left = [path for path in paths if _is_left(path)]
    if left:
        return Ill(f"{len(left)} of dead workers wait for a worker or a timer of this machine")
    return f"none left behind, {len(paths)} in use"


def _is_left(path: Path) -> bool:
    """Tell whether nobody holds a journal: whoever writes one keeps it locked."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


def look_at_timer(service: Service) -> str | Ill:
    """Look whether what a timer does each second was left undone."""
    with service.database.reading() as tx:
        late = measures.find_lateness(tx, now=service.now)
    if late > PATIENCE:
        return Ill(f"for {_say(late)} nobody has seen to what is due: no timer runs")
    return "nothing is overdue"


def look_at_mails(service: Service) -> str | Ill:
    """Look whether somebody sends what is due, and say how much waits and for what."""
    with service.database.reading() as tx:
        waiting = measures.list_waiting(tx, now=service.now)
        sending = measures.list_sending(tx, now=service.now)
    at_work = {one.lane for one in sending if one.number > one.given_up}
    left = [
        one
        for one in waiting
        if one.waits_for != measures.PAUSED
        and one.lane not in at_work
        and service.now - one.not_before > PATIENCE
    ]
    said = "; ".join(_say_waiting(one, service.now) for one in waiting) or "none waits"
    if not left:
        return said
    all_rest = all(one.state is RelayState.RESTS for one in _list_relays(service))
    return Ill(f"{'no relay takes anything' if all_rest else 'nobody sends what is due'}: {said}")


def _say_waiting(one: Waiting, now: datetime) -> str:
    """Say how many mails wait, for what, since when and until when."""
    mails = f"{one.number} {one.lane} mail{' waits' if one.number == 1 else 's wait'}"
    since = f", the oldest for {_say(now - one.due_at)}" if one.due_at <= now else ""
    until = f", the next until {one.not_before:%H:%M:%S} UTC" if one.not_before > now else ""
    return f"{mails} for {WAITS[one.waits_for]}{since}{until}"


def _say(time: timedelta) -> str:
    return str(timedelta(seconds=int(time.total_seconds())))
