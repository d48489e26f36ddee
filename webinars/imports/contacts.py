"""Lists of contacts, from the file to the cards of an institution, in steps that can be repeated.

An organiser names the columns; then the whole list is read once and nothing is written but what is
wrong with it and whom the institution knows already (`CHECKING`). She says what becomes of those,
and the list is brought in (`RUNNING`). Both go on in the background, some hundred lines in each
transaction, and after a break where they stopped. What a list added can be taken out again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, update

from webinars import cards, contacts
from webinars.cards import Origin, Person
from webinars.database import Transaction
from webinars.errors import ImportNotReady, NotFound
from webinars.imports import people, uploads
from webinars.imports.lines import Fault
from webinars.imports.tables import Line
from webinars.imports.uploads import Stored
from webinars.models import (
    ContactCard,
    ContactImport,
    DuplicateRule,
    ImportedLine,
    ImportState,
)

WORKING = frozenset({ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING})
"""States in which the background has something to do."""
REQUIRED = ("email",)
NAMES = ("last_name", people.FULL_NAME)


@dataclass(frozen=True)
class Read:
    """A line of a list, and who it is about or what is wrong with it."""

    line: Line
    said: Person | list[Fault]


def begin(
    tx: Transaction,
    institution_id: int,
    stored: Stored,
    *,
    file_name: str,
    author: str,
    now: datetime,
) -> ContactImport:
    """Begin to bring in a list: its columns are guessed, from the last list of the institution."""
    begun = ContactImport(
        institution_id=institution_id,
        author=author,
        file_name=file_name,
        file_token=stored.token,
        encoding=stored.encoding,
        headers=stored.headers,
        mapping=people.guess_mapping(stored.headers, _remember(tx, institution_id)),
        state=ImportState.UPLOADED,
        lines=stored.lines,
        created_at=now,
    )
    tx.add(begun)
    tx.flush()
    return begun


def read_again(tx: Transaction, import_: ContactImport, stored: Stored) -> None:
    """Take over a list as it reads in another encoding.

    :raises ImportNotReady: its columns have been named already.
    """
    _require(import_, ImportState.UPLOADED)
    import_.encoding, import_.headers, import_.lines = stored.encoding, stored.headers, stored.lines
    import_.mapping = people.guess_mapping(stored.headers, _remember(tx, import_.institution_id))
    tx.flush()


def list_missing(mapping: Sequence[str]) -> list[str]:
    """List the fields that a list cannot do without and no column is."""
    missing = [name for name in REQUIRED if name not in mapping]
    return missing if any(name in mapping for name in NAMES) else [*missing, NAMES[0]]


def start_check(
    tx: Transaction, import_: ContactImport, mapping: Sequence[str], origin: Origin
) -> None:
    """Name the columns and the origin of a list, and have it looked through.

    :raises ImportNotReady: it is being brought in, or was.
    """
    _require(import_, ImportState.UPLOADED, ImportState.CHECKED)
    import_.mapping = tuple(mapping)
    import_.source, import_.legal_basis = origin.source, origin.legal_basis
    import_.is_shared = origin.is_shared
    import_.state, import_.position, import_.on_likeness = ImportState.CHECKING, 0, None
    import_.refused = 0
    tx.execute(delete(ImportedLine).where(ImportedLine.import_id == import_.id))
    tx.flush()


def decide(tx: Transaction, import_: ContactImport, rules: dict[int, DuplicateRule | None]) -> None:
    """Say what becomes of lines of a list that are like contacts there are, by line.

    :raises ImportNotReady: it has not been looked through, or was brought in.
    """
    _require(import_, ImportState.CHECKED)
    for number, rule in rules.items():
        tx.execute(
            update(ImportedLine)
            .where(ImportedLine.import_id == import_.id, ImportedLine.number == number)
            .values(rule=rule)
        )


def start(tx: Transaction, import_: ContactImport, on_likeness: DuplicateRule | None) -> None:
    """Bring in a list.

    :param on_likeness: what becomes of lines like contacts there are, where nothing else was said.
    :raises ImportNotReady: it has not been looked through, or nothing was said of some lines.
    """
    _require(import_, ImportState.CHECKED)
    if on_likeness is None and count_lines(tx, import_, undecided=True):
        raise ImportNotReady
    import_.on_likeness = on_likeness
    import_.state, import_.position, import_.skipped = ImportState.RUNNING, 0, 0
    tx.flush()


def undo(tx: Transaction, import_: ContactImport) -> None:
    """Take out again what a list has added.

    :raises ImportNotReady: it was not brought in.
    """
    _require(import_, ImportState.DONE)
    import_.state = ImportState.UNDOING
    tx.flush()


def get(tx: Transaction, institution_id: int, import_id: int) -> ContactImport:
    """Return a list that an institution brought in.

    :raises NotFound: it has none of that number.
    """
    found = tx.scalar(
        select(ContactImport).where(
            ContactImport.id == import_id, ContactImport.institution_id == institution_id
        )
    )
    if found is None:
        raise NotFound("import", str(import_id))
    return found


def get_by_id(tx: Transaction, import_id: int) -> ContactImport:
    """Return a list, whoever brought it in.

    :raises NotFound: there is none of that number.
    """
    found = tx.get(ContactImport, import_id)
    if found is None:
        raise NotFound("import", str(import_id))
    return found


def list_imports(tx: Transaction, institution_id: int, *, limit: int = 50) -> list[ContactImport]:
    """List what an institution has brought in, the last first."""
    rows = select(ContactImport).where(ContactImport.institution_id == institution_id)
    return list(tx.scalars(rows.order_by(ContactImport.id.desc()).limit(limit)))


def list_working(tx: Transaction) -> list[int]:
    """List the lists that the background has something to do for."""
    rows = select(ContactImport.id).where(ContactImport.state.in_(WORKING))
    return list(tx.scalars(rows.order_by(ContactImport.id)))


def list_lines(
    tx: Transaction,
    import_: ContactImport,
    *,
    refused: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[ImportedLine]:
    """List the lines that are like contacts there are, or those that are refused."""
    rows = select(ImportedLine).where(*_limit(import_, refused=refused))
    return list(tx.scalars(rows.order_by(ImportedLine.number).limit(limit).offset(offset)))


def count_lines(
    tx: Transaction, import_: ContactImport, *, refused: bool = False, undecided: bool = False
) -> int:
    """Count what `list_lines` lists without a limit.

    :param undecided: only those of which nothing was said yet.
    """
    conditions = _limit(import_, refused=refused)
    if undecided:
        conditions.append(ImportedLine.rule.is_(None))
    rows = select(func.count()).select_from(ImportedLine).where(*conditions)
    return tx.scalar(rows) or 0


def preview(import_: ContactImport, folder: Path, mapping: Sequence[str], limit: int) -> list[Read]:
    """Return the first lines of a list as they will be understood.

    :raises NotFound: the file is kept no longer.
    """
    lines = islice(uploads.iterate(folder, import_.file_token), limit)
    return [Read(line, people.read_line(line, mapping)) for line in lines]


def read_lines(import_: ContactImport, folder: Path, numbers: set[int]) -> dict[int, Line]:
    """Return lines of a list by number.

    :raises NotFound: the file is kept no longer.
    """
    lines = uploads.iterate(folder, import_.file_token)
    return {line.number: line for line in lines if line.number in numbers}


def list_known(
    tx: Transaction, import_: ContactImport, said: Mapping[int, Person | list[Fault]]
) -> dict[int, ContactCard]:
    """Return the contact that each of some lines is like, by line."""
    known = {}
    for number, one in said.items():
        found = cards.find_like(tx, import_.institution_id, one) if isinstance(one, Person) else ()
        if card := next((card for card in found if card is not None), None):
            known[number] = card
    return known


def _remember(tx: Transaction, institution_id: int) -> dict[str, str]:
    """Return the field of each column of an institution's last list, by its folded name."""
    last = tx.scalar(
        select(ContactImport)
        .where(
            ContactImport.institution_id == institution_id,
            ContactImport.state.not_in({ImportState.UPLOADED}),
        )
        .order_by(ContactImport.id.desc())
        .limit(1)
    )
    if last is None:
        return {}
    named = zip(last.headers, last.mapping, strict=False)
    return {contacts.fold(header): field for header, field in named if header and field}


def _limit(import_: ContactImport, *, refused: bool) -> list[Any]:
    kind = ImportedLine.likeness.is_(None) if refused else ImportedLine.likeness.is_not(None)
    return [ImportedLine.import_id == import_.id, kind]


def _require(import_: ContactImport, *states: ImportState) -> None:
    if import_.state not in states:
        raise ImportNotReady
