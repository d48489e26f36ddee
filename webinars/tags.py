"""Tags: words of the organisers' own for some of an event's registrations.

A tag comes into being when it is first given, and goes with the last registration that bears it.
"""

from collections.abc import Collection

from sqlalchemy import delete, insert, literal, select

from webinars import contacts
from webinars.database import Transaction, lock_name
from webinars.errors import TagMissing
from webinars.models import Event, RegistrationTag, Tag
from webinars.typed import clean_line

NAME_LIMIT = 40


def list_of_event(tx: Transaction, event_id: int) -> list[str]:
    """List the tags of an event by name."""
    names = select(Tag.name).where(Tag.event_id == event_id).order_by(Tag.name_key)
    return list(tx.scalars(names))


def list_of(tx: Transaction, registration_id: int) -> list[str]:
    """List the tags that a registration bears, by name."""
    rows = (
        select(Tag.name)
        .join(RegistrationTag, RegistrationTag.tag_id == Tag.id)
        .where(RegistrationTag.registration_id == registration_id)
        .order_by(Tag.name_key)
    )
    return list(tx.scalars(rows))


def add(tx: Transaction, event: Event, name: str, ids: Collection[int]) -> list[int]:
    """Give registrations of an event a tag, and return the numbers of those that had it not.

    :raises TagMissing: it has no letter.
    """
    tag = _find_or_add(tx, event, name)
    borne = _list_bearers(tx, tag, ids)
    added = [one for one in dict.fromkeys(ids) if one not in borne]
    if added:
        tx.execute(
            insert(RegistrationTag),
            [{"registration_id": one, "tag_id": tag.id} for one in added],
        )
    return added


def remove(tx: Transaction, event: Event, name: str, ids: Collection[int]) -> list[int]:
    """Take a tag from registrations of an event, and return the numbers of those that had it."""
    tag = _find(tx, event, name)
    if tag is None:
        return []
    removed = sorted(_list_bearers(tx, tag, ids))
    for start in range(0, len(removed), BATCH):
        some = removed[start : start + BATCH]
        tx.execute(
            delete(RegistrationTag).where(
                RegistrationTag.tag_id == tag.id, RegistrationTag.registration_id.in_(some)
            )
        )
    bearer = select(literal(1)).where(RegistrationTag.tag_id == tag.id).limit(1)
    if tx.scalar(bearer) is None:
        tx.delete(tag)
        tx.flush()
    return removed


BATCH = 1_000
"""How many numbers a statement is handed at once."""


def _find(tx: Transaction, event: Event, name: str) -> Tag | None:
    key = contacts.fold(name)
    return tx.scalar(select(Tag).where(Tag.event_id == event.id, Tag.name_key == key))


def _find_or_add(tx: Transaction, event: Event, name: str) -> Tag:
    name = clean_line(name[:NAME_LIMIT])
    if not contacts.fold(name):
        raise TagMissing
    lock_name(tx, f"tags:{event.id}")
    found = _find(tx, event, name)
    if found is None:
        found = Tag(event_id=event.id, name=name, name_key=contacts.fold(name))
        tx.add(found)
        tx.flush()
    return found


def _list_bearers(tx: Transaction, tag: Tag, ids: Collection[int]) -> set[int]:
    rows = select(RegistrationTag.registration_id).where(RegistrationTag.tag_id == tag.id)
    return set(tx.scalars(rows)) & set(ids)
