"""What is read of the database for letters: plain rows, with a few queries for any number."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from webinars import events
from webinars.database import Transaction
from webinars.models import (
    AttendanceMode,
    Civility,
    Delivery,
    Event,
    Language,
    Mailing,
    MailingState,
    MailName,
    Registration,
    RegistrationStatus,
    Session,
    SessionChoice,
)


class Row(NamedTuple):
    """A delivery with what its registration says; to an organiser, there is no registration."""

    delivery_id: int
    intent: str
    event_id: int
    edition: int
    template: MailName
    is_copy: bool
    ordinal: int | None
    recipient: str
    language: Language
    calendar_sequence: int
    created_at: datetime

    registration_id: int | None
    public_id: str
    reference: str
    status: RegistrationStatus
    registered_at: datetime
    confirmed_at: datetime | None
    decline_reason: str | None
    has_priority: bool
    source: str
    civility: Civility
    first_name: str
    last_name: str
    email: str
    organization: str
    attendance_mode: AttendanceMode
    link_generation: int
    calendar_generation: int


class Choices(NamedTuple):
    """The codes of the sessions that someone chose: those that count, and those found full."""

    kept: tuple[str, ...] = ()
    full: tuple[str, ...] = ()


_DELIVERY = Delivery.__table__.c
_REGISTRATION = Registration.__table__.c
_CHOICE = SessionChoice.__table__.c
_SESSION = Session.__table__.c
_MAILING = Mailing.__table__.c

# Put together once: on tables rather than classes, asking takes a third of the time.
_ROWS = (
    select(
        _DELIVERY.id,
        _DELIVERY.intent,
        _DELIVERY.event_id,
        Event.__table__.c.edition,
        _DELIVERY.template,
        _DELIVERY.is_copy,
        _DELIVERY.ordinal,
        _DELIVERY.email,
        _DELIVERY.language,
        _DELIVERY.calendar_sequence,
        _DELIVERY.created_at,
        _DELIVERY.registration_id,
        _REGISTRATION.public_id,
        _REGISTRATION.reference,
        _REGISTRATION.status,
        _REGISTRATION.registered_at,
        _REGISTRATION.confirmed_at,
        _REGISTRATION.decline_reason,
        _REGISTRATION.has_priority,
        _REGISTRATION.source,
        _REGISTRATION.civility,
        _REGISTRATION.first_name,
        _REGISTRATION.last_name,
        _REGISTRATION.email,
        _REGISTRATION.organization,
        _REGISTRATION.attendance_mode,
        _REGISTRATION.link_generation,
        _REGISTRATION.calendar_generation,
    )
    .select_from(Delivery.__table__)
    .join(Event.__table__)
    .outerjoin(Registration.__table__, _REGISTRATION.id == _DELIVERY.registration_id)
    .where(_DELIVERY.id.in_(bindparam("ids", expanding=True)))
)
"""In the order of the fields of a `Row`."""
_CHOICES = (
    select(_CHOICE.registration_id, _SESSION.code, _CHOICE.is_full)
    .join(Session.__table__, _SESSION.id == _CHOICE.session_id)
    .where(_CHOICE.registration_id.in_(bindparam("ids", expanding=True)))
    .order_by(_SESSION.position, _SESSION.id)
)
_LINKS_DUE = (
    select(_MAILING.event_id, func.min(_MAILING.due_at))
    .where(
        _MAILING.event_id.in_(bindparam("ids", expanding=True)),
        _MAILING.template == MailName.CONNECTION_LINK,
        _MAILING.state != MailingState.CANCELLED,
        _MAILING.due_at.is_not(None),
    )
    .group_by(_MAILING.event_id)
)


def list_rows(tx: Transaction, delivery_ids: Collection[int]) -> list[Row]:
    """List deliveries with what their registrations say, in no order."""
    return [Row._make(found) for found in tx.execute(_ROWS, {"ids": list(delivery_ids)})]


def list_events(tx: Transaction, rows: Sequence[Row]) -> dict[int, Event]:
    """Return the events of rows by id, to read from alone: everybody has the same ones."""
    editions = {row.event_id: row.edition for row in rows}
    return {event_id: _find_event(tx, event_id, edition) for event_id, edition in editions.items()}


def _find_event(tx: Transaction, event_id: int, edition: int) -> Event:
    """Find an event on the shelf itself: a copy of one's own would have no letter made before."""
    kept: Event | None = tx.shelf.get(event_id)
    if kept is not None and kept.edition == edition:
        return kept
    taken = events.take(tx, event_id, edition)
    shelved: Event = tx.shelf.get(event_id, taken)
    return shelved if shelved.edition == edition else taken


def list_choices(tx: Transaction, registration_ids: Collection[int]) -> dict[int, Choices]:
    """Return what was chosen by registration; nothing for who chose nothing."""
    found: dict[int, Choices] = {}
    for registration_id, code, is_full in tx.execute(_CHOICES, {"ids": list(registration_ids)}):
        kept, full = found.get(registration_id, Choices())
        found[registration_id] = (
            Choices(kept, (*full, code)) if is_full else Choices((*kept, code), full)
        )
    return found


def list_links_due(tx: Transaction, event_ids: Collection[int]) -> dict[int, datetime]:
    """Return when the connection link of each event is first sent; nothing where it is not."""
    found = tx.execute(_LINKS_DUE, {"ids": list(event_ids)})
    return {event_id: due_at for event_id, due_at in found if due_at is not None}
