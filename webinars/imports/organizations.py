"""A directory of organisations brought in: name, kind, country, other names parted by `|`.

What a line says that is known already is left as it is; a line that cannot be understood, or says
that a text means another body than the directory does, is refused with its number.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from webinars import organizations, typed
from webinars.database import Transaction
from webinars.errors import OrganizationKnown, OrganizationNameMissing, ValueRefused
from webinars.imports import people, tables
from webinars.imports.tables import Line
from webinars.models import Organization, OrganizationKind
from webinars.organizations import Body

LINES_LIMIT = 5_000
COLUMNS = 4
HEADERS = frozenset({"name", "nom", "organisation", "structure", "الاسم"})
"""What the first cell of a header says, folded."""


class Refused(NamedTuple):
    """A line that was not taken, and why."""

    number: int
    text: str
    reason: str
    """`open-quote`, `more-cells`, `name`, `kind`, `country`, `too-long` or `known`."""
    value: str
    """What is wrong; with `known`, the organisation that the text means."""


@dataclass
class Outcome:
    """What became of the lines of a directory."""

    added: int = 0
    aliases: int = 0
    known: int = 0
    """Lines about an organisation that there was."""
    refused: list[Refused] = field(default_factory=list)


class _Refusal(Exception):
    def __init__(self, reason: str, value: str = "") -> None:
        super().__init__(reason, value)
        self.reason, self.value = reason, value


def take(tx: Transaction, data: bytes, *, name: str, now: datetime) -> Outcome:
    """Add the organisations of a list and their other names to the directory.

    :raises FileRefused: it is no table, or too large.
    """
    outcome = Outcome()
    for place, line in enumerate(tables.iterate_table(data, name=name, lines_limit=LINES_LIMIT)):
        if place == 0 and line.cells and organizations.make_key(line.cells[0]) in HEADERS:
            continue
        try:
            with tx.begin_nested():
                _take_line(tx, line, outcome, now)
        except _Refusal as error:
            text = line.cells[0] if line.cells else ""
            outcome.refused.append(Refused(line.number, text, error.reason, error.value))
    return outcome


def _take_line(tx: Transaction, line: Line, outcome: Outcome, now: datetime) -> None:
    body, aliases = _read(line)
    try:
        found = organizations.find_named(tx, body.name, body.country)
        organization = found or organizations.add(tx, body, now=now)
        added = [one for one in aliases if _add_alias(tx, organization, one)]
    except OrganizationKnown as error:
        raise _Refusal("known", error.name) from error
    except OrganizationNameMissing as error:
        raise _Refusal("name") from error
    outcome.aliases += len(added)
    if found is None:
        outcome.added += 1
    else:
        outcome.known += 1


def _add_alias(tx: Transaction, organization: Organization, alias: str) -> bool:
    found = organizations.find_named(tx, alias, organization.country)
    if found is not None and found.id == organization.id:
        return False
    organizations.add_alias(tx, organization, alias)
    return True


def _read(line: Line) -> tuple[Body, list[str]]:
    if line.is_open:
        raise _Refusal("open-quote")
    if any(line.cells[COLUMNS:]):
        raise _Refusal("more-cells")
    name, kind, country, aliases = (*line.cells[:COLUMNS], *[""] * COLUMNS)[:COLUMNS]
    texts = (name, *aliases.split("|"))
    names = [typed.clean_line(one, tables.CELL_LIMIT) for one in texts]
    if too_long := next((one for one in names if len(one) > typed.LINE_LIMIT), ""):
        raise _Refusal("too-long", too_long[:40])
    meant = people.find_word(kind, OrganizationKind)
    if kind and meant is None:
        raise _Refusal("kind", kind[:40])
    try:
        code = people.find_country(country) if country else ""
    except ValueRefused as error:
        raise _Refusal("country", country[:40]) from error
    return Body(names[0], meant, code), [one for one in names[1:] if one]
