"""What is read of the database for letters: plain rows, with a few queries for any number."""

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
    ReconfirmRule,
    Registration,
    RegistrationStatus,
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
        _DELIVERY.change_id,
        _DELIVERY.since_revision,
        _TOLD.c.revision,
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
        _REGISTRATION.request,
        _ASKS.c.reconfirm_rule,
        _ASKS.c.reconfirm_by_at,
        _REPRESENTED.c.first_name,
        _REPRESENTED.c.last_name,
    )
    .select_from(Delivery.__table__)
    .join(Event.__table__, Event.__table__.c.id == _DELIVERY.event_id)
    .outerjoin(Registration.__table__, _REGISTRATION.id == _DELIVERY.registration_id)
    .outerjoin(_TOLD, _TOLD.c.id == _DELIVERY.change_id)
    .outerjoin(_ASKS, _ASKS.c.id == _REGISTRATION.reconfirm_change_id)
    .outerjoin(_REPRESENTED, _REPRESENTED.c.id == _REGISTRATION.represents_id)
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
_CHANGES = (
    select(_CHANGE.event_id, _CHANGE.revision, _CHANGE.before, _CHANGE.reason)
    .where(
        _CHANGE.event_id.in_(bindparam("ids", expanding=True)),
        _CHANGE.revision > bindparam("since"),
    )
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
    since = {row.delivery_id: _find_since(row, events[row.event_id]) for row in rows}
    wanted = {
        row.delivery_id: (row.event_id, revision)
        for row in rows
        if (revision := since[row.delivery_id]) is not None
    }
    if not wanted:
        return {}
    changes = _list_changes(tx, set(wanted.values()))
    formers = {
        (event_id, revision): _make_former(events[event_id], revision, changes[event_id])
        for event_id, revision in set(wanted.values())
        if changes[event_id].get(revision + 1) is not None
    }
    return {delivery_id: formers[key] for delivery_id, key in wanted.items() if key in formers}


class _Changed(NamedTuple):
    """What a change says of before, and why it was made."""

    before: Shown
    reason: str | None


def _find_since(row: Row, event: Event) -> int | None:
    """Find the revision that the reader knew; a test shows what the last change would say."""
    if row.since_revision is not None:
        return row.since_revision
    if row.told_revision is not None:
        return row.told_revision - 1
    is_for_show = row.registration_id is None and row.template in ABOUT_CHANGES
    return event.revision - 1 if is_for_show and event.revision else None


def _list_changes(
    tx: Transaction, wanted: Collection[tuple[int, int]]
) -> dict[int, dict[int, _Changed]]:
    ids = {event_id for event_id, _revision in wanted}
    since = min(revision for _event_id, revision in wanted)
    found: dict[int, dict[int, _Changed]] = {event_id: {} for event_id in ids}
    for event_id, revision, before, reason in tx.execute(
        _CHANGES, {"ids": list(ids), "since": since}
    ):
        found[event_id][revision] = _Changed(before, reason)
    return found


def _make_former(event: Event, since: int, changes: Mapping[int, _Changed]) -> Former:
    return Former(
        event_id=event.id,
        revision=since,
        event=rebuild(event, changes[since + 1].before, since),
        reasons=tuple(
            (revision, changed.reason)
            for revision, changed in changes.items()
            if revision > since and changed.reason
        ),
    )


def list_substitutes(
    tx: Transaction, registration_ids: Collection[int]
) -> dict[int, tuple[str, str]]:
    """Return the first and the last name of who takes part in someone's place, by registration."""
    found = tx.execute(_SUBSTITUTES, {"ids": list(registration_ids)})
    return {represented: (first, last) for represented, first, last in found}
