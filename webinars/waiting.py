"""The waiting line: who has a place, who waits for one, and who is next.

Counting and giving happen under the event's lock, and numbers are counted from rows: there is no
counter that could drift.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm.attributes import set_committed_value

from webinars import choices, deliveries, events, places, telling
from webinars.database import Transaction
from webinars.models import Event, MailName, Registration, RegistrationStatus, Session
from webinars.places import Count

MAIL_OF_STATUS = {
    RegistrationStatus.CONFIRMED: MailName.CONFIRMATION,
    RegistrationStatus.WAITING: MailName.WAITING_LIST,
    RegistrationStatus.PENDING: MailName.REGISTRATION_RECEIVED,
}
"""What tells a person where she stands."""


ROW_COLUMNS = (
    "calendar_sequence",
    "contact_id",
    "entered_at",
    "erased_at",
    "link_generation",
    "reconfirm_change_id",
    "represents_id",
    "requested_at",
    "status",
)
"""What may have happened to a registration since it was read."""


def lock(tx: Transaction, registration: Registration) -> None:
    """Let nobody else change a registration, nor count its event where numbers decide.

    The event comes first, here as everywhere: who gets a place is locked after it too.
    """
    event = registration.event
    if is_counted(event, event.sessions):
        events.lock(tx, event.id)
    lock_row(tx, registration)


def lock_row(tx: Transaction, registration: Registration) -> None:
    """Let nobody else change a registration until the transaction ends, and read it anew.

    The event comes first, so that whoever changes it for everyone is waited for, and waits.
    """
    deliveries.hold_event(tx, registration.event_id)
    tx.flush()  # a refresh would throw away what was changed here and not written yet
    tx.refresh(registration, ROW_COLUMNS, with_for_update={"key_share": True})


def is_counted(event: Event, sessions: Collection[Session]) -> bool:
    """Tell whether a number decides who gets a place: only then does anyone need the lock."""
    return event.capacity is not None or any(one.capacity is not None for one in sessions)


def decide(
    tx: Transaction, event: Event, *, has_priority: bool, is_approved: bool, now: datetime
) -> RegistrationStatus:
    """Count, and decide where a person stands who comes now; under the event's lock."""
    is_undecided = event.approval and not is_approved
    count = Count()
    if event.capacity is not None and not is_undecided:
        count = _count(tx, event, has_priority=has_priority)
    return places.decide(event, count, has_priority=has_priority, is_approved=is_approved, now=now)


def give_place(tx: Transaction, event: Event, registration: Registration, *, now: datetime) -> None:
    """Confirm a person, by mail too; a session that has filled up meanwhile is marked, not taken.

    Under the event's lock.
    """
    chosen = choices.refresh(tx, registration)
    full = {session.id for session in choices.list_full(tx, [one.session for one in chosen])}
    for choice in chosen:
        choice.is_full = choice.session_id in full
    registration.status = RegistrationStatus.CONFIRMED
    registration.confirmed_at = now
    tx.flush()
    telling.tell(tx, event, registration, MailName.CONFIRMATION, now=now)


def promote(tx: Transaction, event: Event, *, now: datetime) -> list[Registration]:
    """Give the free places to those who wait for them, first in line first, and tell them.

    For whatever frees or adds places; nothing happens when there is none or nobody waits.
    """
    events.lock(tx, event.id)
    if places.must_be_released(event, now):
        event.priority_released = True
        tx.flush()
    free = places.count_free(event, count_confirmed(tx, event.id))
    if free == 0 or event.cancelled_at is not None or now >= event.ends_at:
        return []
    line = _line(event.id).limit(free)
    if places.is_reserved(event, now):
        line = line.where(Registration.has_priority)
    line = line.with_for_update(of=Registration, key_share=True)
    promoted = tx.scalars(line.execution_options(populate_existing=True)).all()
    for registration in promoted:
        set_committed_value(registration, "event", event)
        give_place(tx, event, registration, now=now)
    return list(promoted)


def release_priority(tx: Transaction, event: Event, *, now: datetime) -> list[Registration]:
    """Take those who had to let the priority audience go first, once its time is over."""
    events.lock(tx, event.id)
    return promote(tx, event, now=now) if places.must_be_released(event, now) else []


def list_unreleased(tx: Transaction, now: datetime) -> list[int]:
    """List the events, by id, whose priority is over and whose waiting have not been taken."""
    over = Event.priority_until_at <= now
    return list(
        tx.scalars(
            select(Event.id).where(over, Event.priority_released.is_(False)).order_by(Event.id)
        )
    )


def waiting_rank(tx: Transaction, registration: Registration) -> int | None:
    """Return which place a person has in the line, from 1; `None` when she does not wait."""
    if registration.status is not RegistrationStatus.WAITING:
        return None
    same = Registration.has_priority == registration.has_priority
    earlier = Registration.registered_at < registration.registered_at
    at_once = and_(
        Registration.registered_at == registration.registered_at,
        Registration.id < registration.id,
    )
    before = and_(same, or_(earlier, at_once))
    if not registration.has_priority:
        before = or_(before, Registration.has_priority)
    ahead = _line(registration.event_id).where(before).order_by(None).subquery()
    return 1 + (tx.scalar(select(func.count()).select_from(ahead)) or 0)


def count_confirmed(tx: Transaction, event_id: int) -> int:
    """Count how many have a place at an event."""
    confirmed = select(func.count()).where(
        Registration.event_id == event_id, Registration.status == RegistrationStatus.CONFIRMED
    )
    return tx.scalar(confirmed) or 0


def _line(event_id: int) -> Select[Registration]:
    """Return those who wait, in the order in which they will be taken."""
    return (
        select(Registration)
        .where(Registration.event_id == event_id, Registration.status == RegistrationStatus.WAITING)
        .order_by(Registration.has_priority.desc(), Registration.registered_at, Registration.id)
    )


def _count(tx: Transaction, event: Event, *, has_priority: bool) -> Count:
    """Count who has a place, and who waits before a person that comes now."""
    rows = tx.execute(
        select(Registration.status, Registration.has_priority, func.count())
        .where(
            Registration.event_id == event.id,
            Registration.status.in_([RegistrationStatus.CONFIRMED, RegistrationStatus.WAITING]),
        )
        .group_by(Registration.status, Registration.has_priority)
    ).all()
    confirmed = sum(n for status, _, n in rows if status is RegistrationStatus.CONFIRMED)
    ahead = sum(
        n
        for status, goes_first, n in rows
        if status is RegistrationStatus.WAITING and (goes_first or not has_priority)
    )
    return Count(confirmed, ahead)
