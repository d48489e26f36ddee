"""Two registrations of one person at an event become one: proposed, compared, and never silently.

The same person may write to two contacts (DOMAIN.md, scenario 6): one registration stays, with what
an organiser chose of each; both sources are named, what was sent is kept, and whatever led to the
other one leads to it from then on.
"""

from collections.abc import Collection
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import selectinload

from webinars import choices, contacts, deliveries, events, participants, waiting
from webinars.answers import Answers
from webinars.database import Base, Transaction
from webinars.errors import NotFound
from webinars.models import (
    Event,
    Registration,
    RegistrationAlias,
    RegistrationStatus,
    RegistrationTag,
    SessionChoice,
)

FIELDS: dict[str, tuple[str, ...]] = {
    "name": ("civility", "last_name", "first_name", "name_key"),
    "email": ("email", "email_key"),
    "salutation": ("salutation",),
    "phone": ("phone",),
    "job_title": ("role", "job_title"),
    "organization": ("organization", "organization_key", "organization_kind", "country"),
    "on_behalf_of": ("on_behalf_of",),
    "language": ("language",),
    "attendance_mode": ("attendance_mode",),
    "assistant_email": ("assistant_email",),
    "question": ("question",),
    "consents": ("share_with_participants", "accept_invitations"),
    "answers": ("answers",),
}
"""What is chosen of the one or of the other, and the columns that go together."""
STRONGEST = (
    RegistrationStatus.CONFIRMED,
    RegistrationStatus.WAITING,
    RegistrationStatus.PENDING,
    RegistrationStatus.DECLINED,
    RegistrationStatus.CANCELLED,
)
"""Which status stays: nobody loses a place because of a double."""
NEAR = 0.8
"""From where on two names of one mailbox are taken for one that was typed twice."""
SIMILAR = 0.5
"""From which share of common words on two organisations are taken for one."""
PHONE_DIGITS = 9
"""How many of the last digits tell a telephone: the rest is the country, written or not."""


def is_alike(one: Registration, other: Registration) -> bool:
    """Tell whether two registrations may be of one person: to be proposed, no more."""
    if _words(one.name_key) == _words(other.name_key):
        return _are_similar(one.organization_key, other.organization_key) or (
            one.email_key == other.email_key
        )
    phone = _digits(one.phone)
    if len(phone) == PHONE_DIGITS and phone == _digits(other.phone):
        return True
    return one.email_key == other.email_key and _are_near(one.name_key, other.name_key)


def list_alike(tx: Transaction, registration: Registration) -> list[Registration]:
    """List the registrations of the same event that may be of the same person."""
    turned = contacts.fold(f"{registration.first_name} {registration.last_name}")
    same = [
        Registration.email_key == registration.email_key,
        Registration.name_key.in_({registration.name_key, turned}),
    ]
    digits = _digits(registration.phone)
    if len(digits) == PHONE_DIGITS:
        same.append(_bare(Registration.phone).contains(digits))
    rows = tx.scalars(
        select(Registration)
        .where(
            Registration.event_id == registration.event_id,
            Registration.id != registration.id,
            Registration.erased_at.is_(None),
            or_(*same),
        )
        .order_by(Registration.id)
    )
    return [one for one in rows if is_alike(registration, one)]


def list_alike_to(tx: Transaction, event: Event, said: Answers) -> list[Registration]:
    """List the registrations of an event that may be of the person who is about to be added.

    The very same name and address are not among them: registering finds that one by itself.
    """
    asked = Registration(
        id=0,
        event_id=event.id,
        last_name=said.last_name,
        first_name=said.first_name,
        name_key=contacts.name_key(said.last_name, said.first_name),
        email_key=contacts.address_key(said.email),
        phone=said.phone,
        organization_key=contacts.fold(said.organization),
    )
    itself = (asked.name_key, asked.email_key)
    return [one for one in list_alike(tx, asked) if (one.name_key, one.email_key) != itself]


def list_elsewhere(tx: Transaction, registration: Registration) -> list[Registration]:
    """List what the same person registered for besides, the latest event first, with its event."""
    rows = tx.scalars(
        select(Registration)
        .where(
            Registration.contact_id == registration.contact_id,
            Registration.contact_id.is_not(None),
            Registration.event_id != registration.event_id,
            Registration.erased_at.is_(None),
        )
        .options(selectinload(Registration.event))
    ).all()
    return sorted(rows, key=lambda one: one.event.starts_at, reverse=True)


def list_differences(one: Registration, other: Registration) -> list[str]:
    """List what the two say differently: only that has to be chosen."""
    return [
        name
        for name, columns in FIELDS.items()
        if any(getattr(one, column) != getattr(other, column) for column in columns)
    ]


def merge(
    tx: Transaction,
    kept: Registration,
    other_id: int,
    *,
    from_other: Collection[str],
    now: datetime,
) -> None:
    """Make two registrations one: the other's row goes, and what led to it leads to the kept one.

    Nobody is mailed, but for who gets the place that a double had taken.

    :param from_other: of which `FIELDS` the other's words stay.
    :raises NotFound: the other is no registration of the same event.
    """
    event = kept.event
    events.lock(tx, event.id)
    waiting.lock_row(tx, kept)
    other = participants.get(tx, other_id)
    if other.event_id != kept.event_id or other.id == kept.id:
        raise NotFound("registration", str(other_id))
    waiting.lock_row(tx, other)
    both_had_places = kept.status is other.status is RegistrationStatus.CONFIRMED
    deliveries.cancel_for(tx, other.id)
    said = {column: getattr(other, column) for name in from_other for column in FIELDS[name]}
    said |= _join(kept, other)
    _move_all(tx, kept, other, now)
    for column, value in said.items():
        setattr(kept, column, value)
    tx.flush()
    if {"name", "email"} & set(from_other):
        _find_contact(tx, kept, now)
    choices.refresh(tx, kept)
    if both_had_places and event.capacity is not None:
        waiting.promote(tx, event, now=now)


def _join(kept: Registration, other: Registration) -> dict[str, Any]:
    """Return what is true of both together: the better status, the earlier hour, both sources."""
    better = min(kept, other, key=lambda one: STRONGEST.index(one.status))
    came = kept if kept.presence is not None or other.presence is None else other
    entered = [one.entered_at for one in (kept, other) if one.entered_at is not None]
    sources = dict.fromkeys(f"{kept.source}; {other.source}".split("; "))
    return {
        "status": better.status,
        "confirmed_at": better.confirmed_at,
        "cancelled_at": better.cancelled_at,
        "decline_reason": better.decline_reason,
        "registered_at": min(kept.registered_at, other.registered_at),
        "has_priority": kept.has_priority or other.has_priority,
        "presence": came.presence,
        "presence_at": came.presence_at,
        "entered_at": min(entered, default=None),
        "source": "; ".join(sources),
    }


def _move_all(tx: Transaction, kept: Registration, other: Registration, now: datetime) -> None:
    """Let all that belongs to the other belong to the kept one, and remove the other's row."""
    for table in (SessionChoice, RegistrationTag):
        _move_choices(tx, table, kept.id, other.id)
    for column in _list_references():
        if column.table.name not in {SessionChoice.__tablename__, RegistrationTag.__tablename__}:
            tx.execute(update(column.table).where(column == other.id).values({column.key: kept.id}))
    tx.execute(
        update(Registration)
        .where(Registration.id == kept.id, Registration.represents_id == kept.id)
        .values(represents_id=None)
    )
    tx.add(
        RegistrationAlias(
            registration_id=kept.id,
            public_id=other.public_id,
            reference=other.reference,
            link_generation=other.link_generation,
            merged_at=now,
        )
    )
    number = other.id
    tx.expunge(other)
    tx.execute(delete(Registration).where(Registration.id == number))
    tx.flush()


def _move_choices(tx: Transaction, table: Any, kept_id: int, other_id: int) -> None:
    """Move rows of which a registration has each once: sessions only where the kept chose none."""
    other = table.session_id if table is SessionChoice else table.tag_id
    held = set(tx.scalars(select(other).where(table.registration_id == kept_id)))
    theirs = table.registration_id == other_id
    if table is SessionChoice and held:
        tx.execute(delete(table).where(theirs))
        return
    tx.execute(delete(table).where(theirs, other.in_(held)))
    tx.execute(update(table).where(theirs).values(registration_id=kept_id))


def _list_references() -> list[Any]:
    """List every column of every table that names a registration."""
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column is Registration.__table__.c.id for key in column.foreign_keys)
    ]


def _find_contact(tx: Transaction, kept: Registration, now: datetime) -> None:
    contact, _is_new = contacts.find_or_add(
        tx,
        last_name=kept.last_name,
        first_name=kept.first_name,
        email=kept.email,
        language=kept.language,
        now=now,
    )
    former, kept.contact_id = kept.contact_id, contact.id
    tx.flush()
    if former is not None and former != contact.id:
        contacts.remove_unused(tx, {former})


def _words(key: str) -> frozenset[str]:
    return frozenset(contacts.fold_for_search(key))


def _are_similar(one: str, other: str) -> bool:
    words, others = _words(one), _words(other)
    if not words or not others:
        return True
    return len(words & others) / min(len(words), len(others)) >= SIMILAR


def _are_near(one: str, other: str) -> bool:
    if _words(one) & _words(other):
        return True
    return SequenceMatcher(None, one, other).ratio() >= NEAR


def _bare(phone: Any) -> ColumnElement[str]:
    """Return a telephone number of the database without what people set its digits apart with."""
    for sign in " .-/()":
        phone = func.replace(phone, sign, "")
    bare: ColumnElement[str] = phone
    return bare


def _digits(phone: str) -> str:
    return "".join(letter for letter in phone if letter.isdigit())[-PHONE_DIGITS:]
