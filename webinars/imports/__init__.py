"""Lists of people brought in from a table: like registering each of them by hand.

Closing times do not count, capacity does. A line that is refused stands alone: all the others are
taken, a batch of them in each transaction, and a second run adds nobody.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest

from webinars import events, registrations
from webinars.answers import Answers
from webinars.database import Transaction, lock_name
from webinars.errors import EventCancelled, SessionFull, SessionsClash, UnknownSession
from webinars.imports.columns import read_header
from webinars.imports.lines import Fault, explain_sessions, parse
from webinars.imports.tables import SIZE_LIMIT, Line, read_table
from webinars.models import Event, RegistrationStatus
from webinars.registrations import Outcome

__all__ = ["SIZE_LIMIT", "Entry", "Fault", "Report", "batches", "read", "register"]

BATCH = 100
"""How many lines are written in one transaction: others who register wait no longer than that."""


@dataclass(frozen=True)
class Entry:
    """A line of a table: who it is, or what is wrong with it."""

    line: int
    said: Answers | list[Fault]


@dataclass
class Report:
    """What came of an import, or of a part of it."""

    added: Counter[RegistrationStatus] = field(default_factory=Counter)
    """How many were registered, by where they stand now."""
    known: int = 0
    """How many were registered already, or had been."""
    refused: dict[int, list[Fault]] = field(default_factory=dict)
    """What is wrong, by line of the file."""

    def include(self, other: "Report") -> None:
        """Count what came of another part as well."""
        self.added += other.added
        self.known += other.known
        self.refused |= other.refused


def read(data: bytes, event: Event, *, name: str) -> list[Entry]:
    """Read a table of people: CSV or XLSX whose header holds the form's field names.

    :raises FileRefused: it is no table, or its header is not one of this event.
    """
    header, *lines = read_table(data, name=name)
    fields = read_header(header, event, name=name)
    return [Entry(line.number, _read_line(line, fields, event)) for line in lines]


def _read_line(line: Line, fields: Sequence[str], event: Event) -> Answers | list[Fault]:
    if line.is_open:
        return [Fault("", "open-quote")]
    row: dict[str, str] = {}
    for name, cell in zip_longest(fields, line.cells, fillvalue=""):
        if cell and not name:  # most often a delimiter that stands within another cell
            return [Fault("", "more-cells")]
        row[name] = cell
    said = parse(row, event)
    if isinstance(said, list) and line.last > line.number:
        return [*said, Fault("", "several-lines", (("last", str(line.last)),))]
    return said


def batches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Return the lines in batches, each for a transaction of its own."""
    return (entries[place : place + BATCH] for place in range(0, len(entries), BATCH))


def register(
    tx: Transaction, event: Event, entries: Sequence[Entry], *, now: datetime, mail: bool = True
) -> Report:
    """Register the people of a batch, and tell what came of each line.

    :param mail: whether each is told, as after registering by hand.
    :raises EventCancelled: the event does not take place.
    """
    # One import at a time, and the event before its registrations: so that no two of those who
    # write many rows wait for each other.
    lock_name(tx, "importing")
    events.lock(tx, event.id)
    if event.cancelled_at is not None:
        raise EventCancelled
    report = Report()
    for entry in entries:
        if isinstance(entry.said, list):
            report.refused[entry.line] = entry.said
        else:
            _register_one(tx, event, entry.line, entry.said, report, now=now, mail=mail)
    return report


def _register_one(
    tx: Transaction,
    event: Event,
    line: int,
    said: Answers,
    report: Report,
    *,
    now: datetime,
    mail: bool,
) -> None:
    try:
        with tx.begin_nested():
            done = registrations.register(
                tx,
                event,
                said,
                source=registrations.IMPORT,
                now=now,
                by_organiser=True,
                mail=mail,
            )
    except (SessionFull, SessionsClash, UnknownSession) as error:
        report.refused[line] = [explain_sessions(error)]
    else:
        if done.outcome is Outcome.CREATED:
            report.added[done.registration.status] += 1
        else:
            report.known += 1
