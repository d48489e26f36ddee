"""From a mailing that is due to its deliveries: held, started, filled with its audience, done.

An audience becomes deliveries chunk by chunk, the place it has come to in the same transaction as
the rows: wherever it is killed it goes on, and no one is in it twice.

Locks are taken in one order, here as everywhere: the event, then the rest. A mailing starts under
the event's lock, which waits for everyone who is being confirmed at that moment: those before are
in its audience, and those after see that it has started (`webinars.mailings`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    cast,
    func,
    inspect,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import selectinload

from webinars import contacts, deliveries, messages, rights, timeline
from webinars.database import Transaction, as_column
from webinars.models import (
    AttendanceMode,
    Delivery,
    DeliveryState,
    Event,
    EventStatus,
    Grant,
    Lane,
    Language,
    Mailing,
    MailingState,
    MailName,
    Organiser,
    Presence,
    Registration,
    RegistrationStatus,
)
from webinars.rights import Act

CHUNK = 1_000
"""How many of an audience become deliveries in one transaction."""
ALERT_AHEAD = timedelta(days=2)
"""The evening before something that is due lies within this."""

ROOM_MISSING = "room-missing"
TOO_LATE = "too-late"
EVENT_CANCELLED = "event-cancelled"
EVENT_POSTPONED = "event-postponed"

EVENT_COLUMNS = ("cancelled_at", "contacts", "postponed_at", "room_url", "status")
"""What may have changed while the event's lock was waited for."""
COPIED = frozenset(
    {
        MailName.CONFIRMATION,
        MailName.CONNECTION_LINK,
        MailName.REGISTRATION_CANCELLED,
        MailName.EVENT_MOVED,
        MailName.EVENT_CHANGED,
        MailName.EVENT_POSTPONED,
        MailName.EVENT_CANCELLED,
        MailName.RECONFIRM_REMINDER,
        MailName.REPRESENTED,
    }
)
"""What the assistant receives too."""
ATTENDANCE_MODES = {
    MailName.REMINDER: AttendanceMode.ONLINE,
    MailName.CONNECTION_LINK: AttendanceMode.ONLINE,
    MailName.PRACTICAL_INFORMATION: AttendanceMode.ONSITE,
}
"""Whom a mailing concerns at a hybrid event; one that is not here concerns everyone."""
WAITING = (MailingState.PLANNED, MailingState.HELD)


def list_due(tx: Transaction, *, now: datetime) -> list[int]:
    """List the mailings, by id, that there is something to do about now: see `advance`."""
    is_over = Mailing.expires_at <= now
    room_is_there = Event.room_url.is_not(None)
    may_start = and_(
        Mailing.due_at <= now,
        or_(Mailing.state == MailingState.PLANNED, room_is_there),
        Event.status == EventStatus.PUBLISHED,
        Event.postponed_at.is_(None),
    )
    was_noticed = and_(Mailing.reason == ROOM_MISSING, room_is_there)
    query = (
        select(Mailing.id)
        .join(Event)
        .where(
            or_(
                Mailing.state == MailingState.SENDING,
                and_(Mailing.state == MailingState.PAUSED, is_over),
                and_(Mailing.state.in_(WAITING), or_(is_over, may_start, was_noticed)),
            )
        )
        .order_by(Mailing.due_at, Mailing.id)
    )
    return [*tx.scalars(query), *_list_evenings(tx, now)]


def _list_evenings(tx: Transaction, now: datetime) -> list[int]:
    """List the links without a room whose evening before has come, and of which nobody was told."""
    rows = tx.execute(
        select(Mailing.id, Mailing.due_at, Event.timezone)
        .join(Event)
        .where(
            Mailing.template == MailName.CONNECTION_LINK,
            Mailing.state == MailingState.PLANNED,
            Mailing.reason.is_(None),
            Mailing.due_at > now,
            Mailing.due_at <= now + ALERT_AHEAD,
            Event.room_url.is_(None),
            Event.status == EventStatus.PUBLISHED,
            Event.cancelled_at.is_(None),
            Event.postponed_at.is_(None),
        )
    )
    return [
        mailing_id
        for mailing_id, due_at, timezone in rows
        if due_at and timeline.find_evening_before(due_at, timezone) <= now
    ]


def advance(tx: Transaction, mailing_id: int, *, now: datetime) -> bool:
    """Take a mailing one step further, and tell whether there is more to do at once.

    It is held while the room is missing, starts, becomes deliveries chunk by chunk, and is done
    when each of them is over. Whoever does the same at the same time waits, and finds it done.
    """
    found = _lock(tx, mailing_id)
    if found is None:
        return False
    mailing, event = found
    if mailing.state is MailingState.SENDING:
        return _expand(tx, mailing, now)
    if mailing.state is MailingState.PAUSED and mailing.expires_at <= now:
        _stop_paused(mailing)
        return False
    if mailing.state not in WAITING:
        return False
    if event.cancelled_at is not None:
        _stop(mailing, MailingState.CANCELLED, EVENT_CANCELLED)
    elif mailing.expires_at <= now:
        _stop_too_late(mailing)
    elif mailing.due_at and event.status is EventStatus.PUBLISHED and event.postponed_at is None:
        return _start(tx, mailing, event, mailing.due_at, now)
    return False


def _lock(tx: Transaction, mailing_id: int) -> tuple[Mailing, Event] | None:
    """Lock a mailing, and first its event: alone as long as it has not started."""
    seen = tx.execute(
        select(Mailing.event_id, Mailing.state).where(Mailing.id == mailing_id)
    ).first()
    if seen is None:
        return None
    is_shared = seen.state is MailingState.SENDING
    event = tx.get_one(Event, seen.event_id)
    how = {"read": True, "key_share": True} if is_shared else True
    tx.refresh(event, EVENT_COLUMNS, with_for_update=how)
    mailing = tx.get_one(Mailing, mailing_id, with_for_update=True, populate_existing=True)
    return (mailing, event) if mailing.state is seen.state else None


def _stop(mailing: Mailing, state: MailingState, reason: str | None) -> None:
    mailing.state = state
    mailing.reason = reason


def _stop_too_late(mailing: Mailing) -> None:
    """End a mailing whose time is over; the standing ones have simply done their work."""
    if mailing.due_at is None:
        _stop(mailing, MailingState.DONE, None)
    else:
        _stop(mailing, MailingState.CANCELLED, TOO_LATE)


def _stop_paused(mailing: Mailing) -> None:
    """End a mailing whose time is over while it is paused: what it has begun ends by itself."""
    if mailing.cursor:
        _stop(mailing, MailingState.SENDING, None)
    else:
        _stop_too_late(mailing)


def _start(
    tx: Transaction, mailing: Mailing, event: Event, due_at: datetime, now: datetime
) -> bool:
    """Begin a mailing that is due, unless it is the link and there is no room."""
    is_due = due_at <= now
    if mailing.template is MailName.CONNECTION_LINK and not event.room_url:
        _alert(tx, mailing, event, now, "due" if is_due else "evening-before")
        _stop(mailing, MailingState.HELD if is_due else MailingState.PLANNED, ROOM_MISSING)
        return False
    _stop(mailing, MailingState.SENDING if is_due else MailingState.PLANNED, None)
    return is_due


def _alert(tx: Transaction, mailing: Mailing, event: Event, now: datetime, moment: str) -> None:
    """Tell everyone who can enter the room that it is missing; once at each moment."""
    for key, email in list_who_runs(tx, event).items():
        deliveries.add(
            tx,
            intent=f"{ROOM_MISSING}:{_occasion(mailing)}:{moment}:{key}",
            event_id=event.id,
            template=MailName.ROOM_MISSING,
            email=email,
            language=Language.FRENCH,
            expires_at=mailing.expires_at,
            now=now,
        )


def list_who_runs(tx: Transaction, event: Event) -> dict[str, str]:
    """List the addresses of the event's contacts and of who writes its mailings, by key."""
    if "institutions" in inspect(event).unloaded:
        tx.refresh(event, ["institutions"])
    given = select(Grant.organiser_id).where(Grant.event_id == event.id)
    institutions = [one.institution_id for one in event.institutions]
    organisers = tx.scalars(
        select(Organiser)
        .where(
            or_(
                Organiser.runs_service,
                Organiser.institution_id.in_(institutions),
                Organiser.id.in_(given),
            )
        )
        .options(selectinload(Organiser.grants))
        .order_by(Organiser.id)
    )
    running = [one.email for one in organisers if rights.may(one, Act.WRITE_MAILINGS, event=event)]
    named = [contact.email for contact in event.contacts if contact.email]
    return {contacts.address_key(email): email for email in [*running, *named]}


def pause(tx: Transaction, mailing_id: int, reason: str) -> None:
    """Let a mailing wait that is being sent; its deliveries stay as they are."""
    mailing = update(Mailing).where(
        Mailing.id == mailing_id,
        Mailing.state.in_([MailingState.PLANNED, MailingState.SENDING]),
    )
    tx.execute(mailing.values(state=MailingState.PAUSED, reason=reason))


def _expand(tx: Transaction, mailing: Mailing, now: datetime) -> bool:
    """Make deliveries for the next of the audience; done when there is no one left, and each over.

    Too late, the others are added all the same, to expire at once: who got nothing is named.
    """
    last = _find_last(tx, mailing)
    if last is not None:
        _fill(tx, mailing, last, now)
        mailing.cursor = last
        return True
    still_open = select(Delivery.id).where(
        Delivery.mailing_id == mailing.id, Delivery.state.in_(deliveries.OPEN)
    )
    if tx.scalar(still_open.limit(1)) is None:
        _stop(mailing, MailingState.DONE, None)
    return False


def _find_last(tx: Transaction, mailing: Mailing) -> int | None:
    """Find the last registration of the next chunk; `None`: there is no one left."""
    chunk = (
        select(Registration.id)
        .where(*audience(mailing), Registration.id > mailing.cursor)
        .order_by(Registration.id)
        .limit(CHUNK)
        .subquery()
    )
    last: int | None = tx.scalar(select(func.max(chunk.c.id)))
    return last


def _fill(tx: Transaction, mailing: Mailing, last: int, now: datetime) -> None:
    chunk = [*audience(mailing), Registration.id.between(mailing.cursor + 1, last)]
    _insert(tx, _write_rows(mailing, now, func.trim(Registration.email), "").where(*chunk))
    if is_copied(mailing):
        assistant = func.trim(Registration.assistant_email)
        is_other = func.lower(assistant).not_in(["", Registration.email_key])
        _insert(tx, _write_rows(mailing, now, assistant, ":copy").where(*chunk, is_other))


def is_copied(mailing: Mailing) -> bool:
    """Tell whether the assistants receive a mailing too."""
    written = mailing.message
    return mailing.template in COPIED if written is None else written.with_copies


def audience(mailing: Mailing) -> Sequence[ColumnElement[bool]]:
    """Return who a mailing is for."""
    if mailing.message is not None:
        return messages.audience(mailing.message, before=mailing.due_at)
    conditions = [
        Registration.event_id == mailing.event_id,
        Registration.status == RegistrationStatus.CONFIRMED,
        Registration.erased_at.is_(None),
    ]
    if mailing.template is MailName.THANKS:
        has_come = Registration.presence == Presence.PRESENT
        return [*conditions, or_(Registration.entered_at.is_not(None), has_come)]
    mode = ATTENDANCE_MODES.get(mailing.template)
    if mode is not None:
        conditions.append(Registration.attendance_mode == mode)
    # Who is confirmed once it is due reads the same in the confirmation.
    return [*conditions, Registration.confirmed_at < mailing.due_at]


def _write_rows(
    mailing: Mailing, now: datetime, email: ColumnElement[str], suffix: str
) -> Select[*tuple[Any, ...]]:
    """Return the deliveries of a mailing, one a registration, as the database is to make them."""
    begin = literal(f"{_occasion(mailing)}:r")
    columns = {
        Delivery.intent: begin + cast(Registration.id, String) + literal(suffix),
        Delivery.event_id: Registration.event_id,
        Delivery.mailing_id: mailing.id,
        Delivery.registration_id: Registration.id,
        Delivery.template: mailing.template,
        Delivery.is_copy: suffix != "",
        Delivery.by_form: False,
        Delivery.email: email,
        Delivery.email_key: func.lower(email),
        Delivery.language: Registration.language,
        Delivery.lane: Lane.BULK,
        Delivery.calendar_sequence: Registration.calendar_sequence,
        Delivery.state: DeliveryState.PENDING,
        Delivery.created_at: now,
        Delivery.due_at: mailing.due_at,
        Delivery.not_before: mailing.due_at,
        Delivery.expires_at: mailing.expires_at,
        Delivery.attempts: 0,
        Delivery.lease_epoch: 0,
        Delivery.losses: 0,
        Delivery.maybe_twice: False,
    }
    return select(*(as_column(column, value) for column, value in columns.items()))


def _insert(tx: Transaction, rows: Select[*tuple[Any, ...]]) -> None:
    statement = deliveries.insert_into(tx).from_select(rows.selected_columns.keys(), rows)
    tx.execute(statement.on_conflict_do_nothing(index_elements=["intent"]))


def make_intent(
    mailing_id: int, due_at: datetime | None, registration_id: int, *, is_copy: bool = False
) -> str:
    """Return what one delivery of a mailing is for: one person, on one occasion."""
    copy = ":copy" if is_copy else ""
    return f"{_name_occasion(mailing_id, due_at)}:r{registration_id}{copy}"


def _name_occasion(mailing_id: int, due_at: datetime | None) -> str:
    """Name a mailing at one due time: moved with its event, it is sent anew."""
    return f"mailing:{mailing_id}:{due_at:%Y%m%dT%H%M}"


def _occasion(mailing: Mailing) -> str:
    if mailing.message_id is not None:  # whatever becomes of its event, it is sent once
        return f"message:{mailing.id}"
    return _name_occasion(mailing.id, mailing.due_at)
