"""The work on a list of contacts, in the background: looking through it, bringing it in, undoing.

Some hundred lines in each transaction, and after a break it goes on where it stopped. What is asked
of a list is `webinars.imports.contacts`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from webinars import cards, suppressions
from webinars.cards import Origin, Person
from webinars.contacts import address_key, fold, name_key
from webinars.database import Base, Transaction
from webinars.imports import people, uploads
from webinars.imports.contacts import Read
from webinars.imports.tables import Line
from webinars.models import (
    Contact,
    ContactCard,
    ContactImport,
    DuplicateRule,
    ImportedLine,
    ImportState,
    Likeness,
    Suppression,
)

CHUNK = 500
"""How many lines one transaction takes: others who write wait no longer than that."""


class Work:
    """The work on one list, step by step; each step is for a transaction of its own."""

    def __init__(self, import_: ContactImport, folder: Path) -> None:
        """Begin where the last one stopped.

        :raises NotFound: the file is kept no longer.
        """
        self._id = import_.id
        self._state = import_.state
        self._mapping = import_.mapping
        self._position = 0
        self._addresses: dict[str, tuple[int, str]] = {}
        self._names: dict[tuple[str, str], int] = {}
        self._lines: Iterator[Line] = iter(())
        if import_.state is not ImportState.UNDOING:
            self._lines = uploads.iterate(folder, import_.file_token)
        for chunk in self._chunks_until(import_.position):
            if self._state is ImportState.CHECKING:
                for one in chunk:
                    self._find_earlier(one)

    def step(self, tx: Transaction, *, now: datetime) -> bool:
        """Do a part of the work, and tell whether there is more; nobody else does the same part."""
        import_ = tx.scalar(
            select(ContactImport).where(ContactImport.id == self._id).with_for_update()
        )
        if import_ is None or import_.state is not self._state:
            return False
        if import_.state is ImportState.UNDOING:
            return _undo_some(tx, import_, now)
        if import_.position != self._position:  # someone else is at it
            return False
        chunk = self._read(CHUNK)
        if not chunk:
            done = ImportState.CHECKED if self._state is ImportState.CHECKING else ImportState.DONE
            import_.state, import_.finished_at = done, now
            return False
        if self._state is ImportState.CHECKING:
            self._check(tx, import_, chunk)
        else:
            _bring_in(tx, import_, chunk, now)
        self._position += len(chunk)
        import_.position = self._position
        tx.flush()
        return True

    def _chunks_until(self, position: int) -> Iterator[list[Read]]:
        while self._position < position:
            chunk = self._read(min(CHUNK, position - self._position))
            if not chunk:
                return
            self._position += len(chunk)
            yield chunk

    def _read(self, count: int) -> list[Read]:
        lines = islice(self._lines, count)
        return [Read(line, people.read_line(line, self._mapping)) for line in lines]

    def _check(self, tx: Transaction, import_: ContactImport, chunk: Sequence[Read]) -> None:
        known = _Known(tx, import_.institution_id, _list_people(chunk))
        rows: list[dict[str, Any]] = []
        for one in chunk:
            row = {"import_id": import_.id, "number": one.line.number, "faults": ()}
            row |= {"likeness": None, "other_line": None, "rule": None}
            if isinstance(one.said, list):
                faults = tuple((fault.field, fault.reason) for fault in one.said)
                rows.append(row | {"faults": faults})
                import_.refused += 1
                continue
            likeness = known.find(one.said)
            earlier = self._find_earlier(one)
            if likeness is not None:
                rows.append(row | {"likeness": likeness})
            elif earlier is not None:
                rows.append(row | {"likeness": earlier[0], "other_line": earlier[1]})
        if rows:
            tx.execute(_insert_into(tx, ImportedLine), rows)

    def _find_earlier(self, one: Read) -> tuple[Likeness, int] | None:
        """Find the earlier line that this one is like, and remember this one."""
        if isinstance(one.said, list):
            return None
        person, number = one.said, one.line.number
        name = name_key(person.last_name, person.first_name)
        of_address = self._addresses.get(address_key(person.email))
        of_name = self._names.get((name, fold(person.organization)))
        self._addresses.setdefault(address_key(person.email), (number, name))
        if person.organization:
            self._names.setdefault((name, fold(person.organization)), number)
        if of_address is not None:
            likeness = Likeness.SAME if of_address[1] == name else Likeness.ADDRESS
            return likeness, of_address[0]
        return None if of_name is None else (Likeness.NAME, of_name)


class _Known:
    """Whom an institution knows, of the people of some lines."""

    def __init__(self, tx: Transaction, institution_id: int, who: Sequence[Person]) -> None:
        keys = {address_key(person.email) for person in who}
        names = {name_key(person.last_name, person.first_name) for person in who}
        of_institution = ContactCard.institution_id == institution_id
        by_address = (
            select(Contact.email_key, Contact.name_key)
            .join(ContactCard, ContactCard.contact_id == Contact.id)
            .where(of_institution, Contact.email_key.in_(keys))
        )
        by_name = select(ContactCard.name_key, ContactCard.organization_key).where(
            of_institution, ContactCard.name_key.in_(names), ContactCard.organization_key != ""
        )
        self._people = {(email, name) for email, name in tx.execute(by_address)}
        self._addresses = {email for email, _name in self._people}
        self._names = {(name, organization) for name, organization in tx.execute(by_name)}

    def find(self, person: Person) -> Likeness | None:
        email, name = address_key(person.email), name_key(person.last_name, person.first_name)
        if (email, name) in self._people:
            return Likeness.SAME
        if email in self._addresses:
            return Likeness.ADDRESS
        return Likeness.NAME if (name, fold(person.organization)) in self._names else None


def _bring_in(
    tx: Transaction, import_: ContactImport, chunk: Sequence[Read], now: datetime
) -> None:
    numbers = [one.line.number for one in chunk]
    marked = {
        row.number: row
        for row in tx.scalars(
            select(ImportedLine).where(
                ImportedLine.import_id == import_.id, ImportedLine.number.in_(numbers)
            )
        )
    }
    fresh: list[Person] = []
    for one in chunk:
        row = marked.get(one.line.number)
        if isinstance(one.said, list) or (row is not None and row.faults):
            continue
        rule = DuplicateRule.KEEP if row is None else row.rule or import_.on_likeness
        if rule is DuplicateRule.KEEP:
            fresh.append(one.said)
        elif rule is DuplicateRule.COMPLETE and _complete(tx, import_, one.said, now):
            import_.completed += 1
        else:
            import_.skipped += 1
    added = _add(tx, import_, fresh, now)
    import_.added += added
    import_.skipped += len(fresh) - added


def _complete(tx: Transaction, import_: ContactImport, person: Person, now: datetime) -> bool:
    found = cards.find_like(tx, import_.institution_id, person)
    known = next((card for card in found if card is not None), None)
    return known is not None and cards.complete(known, person, now=now)


def _add(tx: Transaction, import_: ContactImport, who: Sequence[Person], now: datetime) -> int:
    """Add those whom the institution does not know, and tell how many they were."""
    if not who or import_.legal_basis is None:
        return 0
    by_key = {(address_key(one.email), name_key(one.last_name, one.first_name)): one for one in who}
    ids = _find_or_add_contacts(tx, by_key, now)
    origin = Origin(import_.source, import_.legal_basis, import_.is_shared)
    rows = [
        {
            "institution_id": import_.institution_id,
            "contact_id": ids[key],
            "import_id": import_.id,
            "created_at": now,
            **cards.make_columns(person, origin, now=now),
        }
        for key, person in by_key.items()
    ]
    new = _insert_into(tx, ContactCard).on_conflict_do_nothing().returning(ContactCard.id)
    return len(tx.execute(new, rows).all())


def _find_or_add_contacts(
    tx: Transaction, by_key: dict[tuple[str, str], Person], now: datetime
) -> dict[tuple[str, str], int]:
    """Return the contacts of people by address and name; many at once, unlike `contacts`."""
    rows = [
        {
            "email": person.email,
            "email_key": email_key,
            "name_key": name,
            "last_name": person.last_name,
            "first_name": person.first_name,
            "language": person.language,
            "created_at": now,
        }
        for (email_key, name), person in by_key.items()
    ]
    columns = (Contact.email_key, Contact.name_key, Contact.id)
    new = _insert_into(tx, Contact).on_conflict_do_nothing().returning(*columns)
    added = {(email, name): number for email, name, number in tx.execute(new, rows)}
    _recognise(tx, {email for email, _name in added})
    left = [key for key in by_key if key not in added]
    known = select(*columns).where(tuple_(Contact.email_key, Contact.name_key).in_(left))
    if left:
        held = tx.execute(known.with_for_update(read=True, key_share=True))
        added |= {(email, name): number for email, name, number in held}
    return added


def _recognise(tx: Transaction, email_keys: set[str]) -> None:
    """Know again what owners of addresses asked before they had their data erased."""
    seals = {suppressions.seal(key): key for key in email_keys}
    asked = select(Suppression.email_key).where(Suppression.email_key.in_(seals)).distinct()
    for sealed in tx.scalars(asked).all():
        suppressions.recognise(tx, seals[sealed])


def _undo_some(tx: Transaction, import_: ContactImport, now: datetime) -> bool:
    some = select(ContactCard).where(ContactCard.import_id == import_.id).limit(CHUNK)
    found = tx.scalars(some).all()
    cards.remove(tx, found)
    if not found:
        import_.state, import_.finished_at = ImportState.UNDONE, now
    return bool(found)


def _list_people(chunk: Sequence[Read]) -> list[Person]:
    return [one.said for one in chunk if isinstance(one.said, Person)]


def _insert_into(tx: Transaction, table: type[Base]) -> Any:
    insert = postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table)
