"""What is read of the database for letters: plain rows, with a few queries for any number."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from webinars import events
from webinars.database import Transaction
from webinars.letters.former import Former, rebuild
from webinars.models import (
    AttendanceMode,
    Change,
    Civility,
    Delivery,
    Event,
    Language,
    Mailing,
    MailingState,
    MailName,
    Message,
    ReconfirmRule,
    Registration,
    RegistrationStatus,
    Role,
    Session,
    SessionChoice,
    Shown,
)

ABOUT_CHANGES = frozenset(
    {
        MailName.EVENT_MOVED,
        MailName.EVENT_CHANGED,
        MailName.EVENT_POSTPONED,
        MailName.EVENT_CANCELLED,
        MailName.ZONE_CHANGED,
    }
)
"""Mails that compare what people knew with what is true now."""


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
    change_id: int | None
    since_revision: int | None
    told_revision: int | None
    """The revision of the event that its change made."""
    message_id: int | None
    """What an organiser wrote, where it is that."""

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
    salutation: str
    """Her own form of address; empty: she has none."""
    first_name: str
    last_name: str
    email: str
    organization: str
    role: Role
    job_title: str
    attendance_mode: AttendanceMode
    link_generation: int
    calendar_generation: int
    request: str | None
    reconfirm_rule: ReconfirmRule | None
    """Of the change that asks the person whether she maintains; `None`: she is asked nothing."""
    reconfirm_by_at: datetime | None
    represents_first_name: str | None
    represents_last_name: str | None


class Choices(NamedTuple):
    """The codes of the sessions that someone chose: those that count, and those found full."""

    kept: tuple[str, ...] = ()
    full: tuple[str, ...] = ()


_DELIVERY = Delivery.__table__.c
_REGISTRATION = Registration.__table__.c
_CHOICE = SessionChoice.__table__.c
_SESSION = Session.__table__.c
_MAILING = Mailing.__table__.c
_CHANGE = Change.__table__.c
_TOLD = Change.__table__.alias("told")
_ASKS = Change.__table__.alias("asks")
_REPRESENTED = Registration.__table__.alias("represented")

# Put together once: on tables rather than classes, asking takes a third of the time.
_OF_DELIVERY = (
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
    _DELIVERY.change_id,
    _DELIVERY.since_revision,
    _TOLD.c.revision,
    _MAILING.message_id,
)
_OF_REGISTRATION = (
    _REGISTRATION.id,
    _REGISTRATION.public_id,
    _REGISTRATION.reference,
    _REGISTRATION.status,
    _REGISTRATION.registered_at,
    _REGISTRATION.confirmed_at,
    _REGISTRATION.decline_reason,
    _REGISTRATION.has_priority,
    _REGISTRATION.source,
    _REGISTRATION.civility,
    _REGISTRATION.salutation,
    _REGISTRATION.first_name,
    _REGISTRATION.last_name,
    _REGISTRATION.email,
    _REGISTRATION.organization,
    _REGISTRATION.role,
    _REGISTRATION.job_title,
    _REGISTRATION.attendance_mode,
    _REGISTRATION.link_generation,
    _REGISTRATION.calendar_generation,
    _REGISTRATION.request,
    _ASKS.c.reconfirm_rule,
    _ASKS.c.reconfirm_by_at,
    _REPRESENTED.c.first_name,
    _REPRESENTED.c.last_name,
)
"""In the order of the fields of a `Row`."""
_ROWS = (
    select(*_OF_DELIVERY, *_OF_REGISTRATION)
    .select_from(Delivery.__table__)
    .join(Event.__table__, Event.__table__.c.id == _DELIVERY.event_id)
    .outerjoin(Mailing.__table__, _MAILING.id == _DELIVERY.mailing_id)
    .outerjoin(Registration.__table__, _REGISTRATION.id == _DELIVERY.registration_id)
    .outerjoin(_TOLD, _TOLD.c.id == _DELIVERY.change_id)
    .outerjoin(_ASKS, _ASKS.c.id == _REGISTRATION.reconfirm_change_id)
    .outerjoin(_REPRESENTED, _REPRESENTED.c.id == _REGISTRATION.represents_id)
    .where(_DELIVERY.id.in_(bindparam("ids", expanding=True)))
)
_PERSON = (
    select(*_OF_REGISTRATION, Event.__table__.c.edition, _REGISTRATION.calendar_sequence)
    .select_from(Registration.__table__)
    .join(Event.__table__, Event.__table__.c.id == _REGISTRATION.event_id)
    .outerjoin(_ASKS, _ASKS.c.id == _REGISTRATION.reconfirm_change_id)
    .outerjoin(_REPRESENTED, _REPRESENTED.c.id == _REGISTRATION.represents_id)
    .where(_REGISTRATION.id == bindparam("id"))
)
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
_CHANGES = (
    select(_CHANGE.event_id, _CHANGE.revision, _CHANGE.before, _CHANGE.reason)
    .where(_CHANGE.event_id.in_(bindparam("ids", expanding=True)))
    .order_by(_CHANGE.event_id, _CHANGE.revision)
)
_SUBSTITUTES = (
    select(_REGISTRATION.represents_id, _REGISTRATION.first_name, _REGISTRATION.last_name)
    .where(
        _REGISTRATION.represents_id.in_(bindparam("ids", expanding=True)),
        _REGISTRATION.erased_at.is_(None),
    )
    .order_by(_REGISTRATION.id)
)


def list_rows(tx: Transaction, delivery_ids: Collection[int]) -> list[Row]:
    """List deliveries with what their registrations say, in no order."""
    return [Row._make(found) for found in tx.execute(_ROWS, {"ids": list(delivery_ids)})]


class Imagined(NamedTuple):
    """A mail that nobody is sent, to be looked at."""

    event_id: int
    registration_id: int
    template: MailName
    language: Language
    is_copy: bool
    written_at: datetime
    message_id: int | None = None


def imagine(tx: Transaction, mail: Imagined) -> Row | None:
    """Return what a delivery to a person would say; `None`: there is no such registration."""
    found = tx.execute(_PERSON, {"id": mail.registration_id}).first()
    if found is None:
        return None
    *person, edition, calendar_sequence = found
    delivery = (
        0,
        "imagined",
        mail.event_id,
        edition,
        mail.template,
        mail.is_copy,
        None,
        found.email,
        mail.language,
        calendar_sequence,
        mail.written_at,
        None,
        None,
        None,
        mail.message_id,
    )
    return Row._make([*delivery, *person])


def list_messages(tx: Transaction, rows: Sequence[Row]) -> dict[int, Message]:
    """Return by delivery what an organiser wrote; a test names it in what it is for."""
    named = {row.delivery_id: _find_message_id(row) for row in rows if row.template in _WRITTEN}
    ids = {one for one in named.values() if one is not None}
    if not ids:
        return {}
    found = {one.id: one for one in tx.scalars(select(Message).where(Message.id.in_(ids)))}
    return {
        delivery_id: found[one]
        for delivery_id, one in named.items()
        if one is not None and one in found
    }


_WRITTEN = frozenset({MailName.MESSAGE})
_TEST_OF = re.compile(r"test:m([0-9]+):")
"""How the intent of a test of a message begins."""


def _find_message_id(row: Row) -> int | None:
    test = _TEST_OF.match(row.intent)
    return int(test[1]) if test else row.message_id


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


def list_formers(
    tx: Transaction, rows: Sequence[Row], events: Mapping[int, Event]
) -> dict[int, Former]:
    """Return by delivery what its event was when the person last heard of it.

    Nothing for what is about no change, and where nobody remembers.
    """
    about = [row for row in rows if _find_since(row, events[row.event_id]) is not None]
    if not about:
        return {}
    histories = _list_histories(tx, {row.event_id: events[row.event_id] for row in about})
    found = {}
    for row in about:
        since = _find_since(row, events[row.event_id])
        former = None if since is None else histories[row.event_id].find(since, row)
        if former is not None:
            found[row.delivery_id] = former
    return found


def _find_since(row: Row, event: Event) -> int | None:
    """Find the revision that the reader knew; a test shows what the last change would say."""
    if row.since_revision is not None:
        return row.since_revision
    if row.told_revision is not None:
        return row.told_revision - 1
    is_for_show = row.registration_id is None and row.template in ABOUT_CHANGES
    return event.revision - 1 if is_for_show and event.revision else None


class _Changed(NamedTuple):
    """What a change says of before, and why it was made."""

    revision: int
    before: Shown
    reason: str | None


class _History:
    """What an event was at each of its revisions."""

    def __init__(self, event: Event, changes: Sequence[_Changed]) -> None:
        self._event = event
        self._changes = changes
        self._formers: dict[int, Former] = {}

    def find(self, since: int, row: Row) -> Former | None:
        """Find what the event was; for a day that is taken out, when it last had that day."""
        former = self._find(since)
        if row.template is not MailName.REGISTRATION_CANCELLED or row.ordinal is None:
            return former
        earlier = (self._find(revision) for revision in range(since, -1, -1))
        having = (one for one in earlier if one and one.has_day(row.ordinal))
        return next(having, former)

    def _find(self, since: int) -> Former | None:
        if since not in self._formers:
            later = [one for one in self._changes if one.revision > since]
            if not later:
                return None
            self._formers[since] = Former(
                event_id=self._event.id,
                revision=since,
                event=rebuild(self._event, later[0].before, since),
                reasons=tuple((one.revision, one.reason) for one in later if one.reason),
            )
        return self._formers[since]


def _list_histories(tx: Transaction, events: Mapping[int, Event]) -> dict[int, _History]:
    found: dict[int, list[_Changed]] = {event_id: [] for event_id in events}
    for event_id, *changed in tx.execute(_CHANGES, {"ids": list(events)}):
        found[event_id].append(_Changed(*changed))
    return {one: _History(events[one], changes) for one, changes in found.items()}


def list_substitutes(
    tx: Transaction, registration_ids: Collection[int]
) -> dict[int, tuple[str, str]]:
    """Return the first and the last name of who takes part in someone's place, by registration."""
    found = tx.execute(_SUBSTITUTES, {"ids": list(registration_ids)})
    return {represented: (first, last) for represented, first, last in found}
