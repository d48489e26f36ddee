"""What can be done to an event after people could see it, and who is told.

Each deed is one transaction: the event is held, changed, and remembered as it was; what was planned
is planned anew; everyone concerned has a delivery. The same call in a rehearsal is a preview.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select, update

from webinars import events, loading, mailings, programme, validations
from webinars.audiences import EVENT_CANCELLED, EVENT_POSTPONED
from webinars.changes import concluding, dates
from webinars.changes.people import Crowd, gather
from webinars.changes.pictures import take_picture
from webinars.changes.values import Dates, Order, Outlook, Reconfirm, Sitting
from webinars.database import Transaction, lock_name
from webinars.errors import (
    EventCancelled,
    EventEnded,
    NothingChanged,
    NothingToReopen,
    SessionCancelled,
    UnknownSession,
)
from webinars.eventfiles import EventFile
from webinars.loading import Loaded
from webinars.models import (
    AttendanceMode,
    ChangeKind,
    Event,
    EventStatus,
    MailingState,
    Mode,
    Registration,
    Session,
    Shown,
    Venue,
)

MODES = {Mode.ONLINE: AttendanceMode.ONLINE, Mode.ONSITE: AttendanceMode.ONSITE}
"""How everyone takes part where the event leaves no choice."""
EDITED_UNSEEN = frozenset({"connection", "mailings"})
"""Keys of an event file of which nothing is shown to people."""


def move(
    tx: Transaction,
    event: Event,
    to: Dates,
    order: Order,
    *,
    reconfirm: Reconfirm | None = None,
) -> Outlook:
    """Move an event to other dates, hours or another zone, or give a postponed one its new dates.

    Sessions, registrations, deadlines and dated mailings move by the same local difference.

    :param reconfirm: That people are asked whether they maintain; `None`: they are not.
    :raises NothingChanged: these are the dates it has.
    :raises DatesReversed: it would end before it starts.
    :raises DatePast: it would lie in the past.
    :raises SessionsOutside: a session would lie outside it.
    :raises NoSuchHour: an hour does not exist on its day.
    :raises UnknownTimeZone: there is no such zone.
    :raises DeadlineUnfit: people would have to answer before they are asked, or after the start.
    :raises EventCancelled: it was cancelled: it is reopened first.
    :raises EventEnded: it is over.
    """
    before, crowd = _hold(tx, event)
    if event.cancelled_at is not None:
        raise EventCancelled
    _require_coming(event, order.now)
    was_postponed = event.postponed_at is not None
    event.postponed_at = None
    dates.move(event, to, order.now)
    if not was_postponed and _is_same(before, event):
        raise NothingChanged
    mailings.plan(tx, event, now=order.now)
    kind = ChangeKind.MOVED
    return concluding.conclude(tx, event, before, crowd, kind, order, reconfirm)


def _is_same(before: Shown, event: Event) -> bool:
    now = take_picture(event)
    return (before.starts, before.ends, before.timezone, before.sessions) == (
        now.starts,
        now.ends,
        now.timezone,
        now.sessions,
    )


def place(
    tx: Transaction,
    event: Event,
    order: Order,
    *,
    venue: Venue | None,
    mode: Mode | None = None,
) -> Outlook:
    """Hold an event elsewhere, or in another way: online, on site, or both.

    Where the event leaves no choice, everyone takes part as it is held.

    :param venue: `None`: nobody goes anywhere.
    :param mode: `None`: as it is.
    :raises NothingChanged: it is held there and so already.
    :raises EventCancelled: it was cancelled.
    :raises EventEnded: it is over.
    """
    before, crowd = _hold(tx, event)
    if event.cancelled_at is not None:
        raise EventCancelled
    _require_coming(event, order.now)
    event.venue, event.mode = venue, mode or event.mode
    if (event.venue, event.mode) == (before.venue, before.mode):
        raise NothingChanged
    _follow_mode(tx, event, before)
    mailings.plan(tx, event, now=order.now)
    return concluding.conclude(tx, event, before, crowd, ChangeKind.PLACED, order)


def _follow_mode(tx: Transaction, event: Event, before: Shown) -> None:
    """Let everyone take part as the event is held, where that leaves no choice."""
    mode = MODES.get(event.mode)
    if event.mode is before.mode or mode is None:
        return
    tx.execute(
        update(Registration)
        .where(Registration.event_id == event.id, Registration.attendance_mode != mode)
        .values(attendance_mode=mode),
        execution_options={"synchronize_session": False},
    )


def change_sessions(
    tx: Transaction, event: Event, sittings: Mapping[str, Sitting], order: Order
) -> Outlook:
    """Hold sessions at other hours or in other rooms; those are told who attend them.

    :raises NothingChanged: they are held then and there already.
    :raises UnknownSession: one is none of the event.
    :raises DatesReversed: one would end before it starts.
    :raises SessionsOutside: one would lie outside the event.
    :raises NoSuchHour: an hour does not exist on its day.
    :raises EventCancelled: the event was cancelled.
    :raises EventEnded: it is over.
    """

    def write() -> None:
        dates.place(event, sittings)
        dates.require_hours(event)

    return _change_programme(tx, event, order, write)


def cancel_session(tx: Transaction, event: Event, code: str, order: Order) -> Outlook:
    """Cancel a session: it stays in the programme, struck out, and those are told who chose it.

    :raises UnknownSession: it is none of the event.
    :raises SessionCancelled: it was cancelled before.
    :raises EventCancelled: the event was cancelled.
    :raises EventEnded: it is over.
    """

    def write() -> None:
        session = next((one for one in event.sessions if one.code == code), None)
        if session is None:
            raise UnknownSession(code)
        if not programme.is_held(session):
            raise SessionCancelled(code)
        session.cancelled_at = order.now

    return _change_programme(tx, event, order, write)


def _change_programme(
    tx: Transaction, event: Event, order: Order, write: Callable[[], None]
) -> Outlook:
    before, crowd = _hold(tx, event)
    if event.cancelled_at is not None:
        raise EventCancelled
    _require_coming(event, order.now)
    write()
    validations.void(event)
    events.derive_instants(event)
    if take_picture(event) == before:
        raise NothingChanged
    return concluding.conclude(tx, event, before, crowd, ChangeKind.PROGRAMME, order)


def cancel(tx: Transaction, event: Event, order: Order) -> Outlook:
    """Cancel an event: everyone is told, everything planned stops, the form is closed.

    :raises EventCancelled: it was cancelled before.
    :raises EventEnded: it is over.
    """
    before, crowd = _hold(tx, event)
    if event.cancelled_at is not None:
        raise EventCancelled
    _require_coming(event, order.now)
    event.cancelled_at, event.cancel_reason = order.now, order.reason or None
    mailings.stop(tx, event.id, MailingState.CANCELLED, EVENT_CANCELLED)
    return concluding.conclude(tx, event, before, crowd, ChangeKind.CANCELLED, order)


def postpone(tx: Transaction, event: Event, order: Order) -> Outlook:
    """Postpone an event to a date that is not known yet.

    Registrations stay, the form is closed, and everything planned is held until it is moved.

    :raises EventCancelled: it was cancelled or postponed before.
    :raises EventEnded: it is over.
    """
    before, crowd = _hold(tx, event)
    if event.cancelled_at is not None or event.postponed_at is not None:
        raise EventCancelled
    _require_coming(event, order.now)
    event.postponed_at = order.now
    mailings.stop(tx, event.id, MailingState.HELD, EVENT_POSTPONED)
    return concluding.conclude(tx, event, before, crowd, ChangeKind.POSTPONED, order)


def reopen(
    tx: Transaction,
    event: Event,
    order: Order,
    *,
    to: Dates | None = None,
    reconfirm: Reconfirm | None = None,
) -> Outlook:
    """Let an event take place after all that was cancelled or postponed.

    Whoever was registered still is, and is told; after a cancellation calendar entries begin anew.

    :param to: Where it is moved to; `None`: it takes place as it was planned.
    :raises NothingToReopen: it was neither cancelled nor postponed.
    :raises DatePast: the dates it has are past: give others.
    :raises DatesReversed: it would end before it starts.
    :raises SessionsOutside: a session would lie outside it.
    :raises NoSuchHour: an hour does not exist on its day.
    :raises DeadlineUnfit: people would have to answer before they are asked, or after the start.
    """
    before, crowd = _hold(tx, event)
    if event.cancelled_at is None and event.postponed_at is None:
        raise NothingToReopen
    event.cancelled_at = event.cancel_reason = event.postponed_at = None
    if to is not None:
        dates.move(event, to, order.now)
    dates.require_future(event, order.now)
    mailings.plan(tx, event, now=order.now)
    kind = ChangeKind.REOPENED
    return concluding.conclude(tx, event, before, crowd, kind, order, reconfirm)


def edit(
    tx: Transaction, event: Event, write: Callable[[Event], None], order: Order
) -> Outlook | None:
    """Edit what nobody has to be told of: words, contacts, a speaker. The history shows it.

    :param write: What is done to the event; called once nobody else can change it.
    """
    before, _ = _hold(tx, event, with_people=False)
    write(event)
    return concluding.remember_edit(tx, event, before, order)


def load(
    tx: Transaction,
    file: EventFile,
    order: Order,
    *,
    take_file: bool = False,
    may_tell: bool = True,
    reconfirm: Reconfirm | None = None,
) -> tuple[Loaded, Outlook | None]:
    """Create the event that a file describes, or change what it says anew and tell people of it.

    Everything that the file changes is one change; there is none where nobody could see the event.

    :param may_tell: Whether people may be told at all; if not, what they would have to know is
        refused.
    :raises ChangedElsewhere: a key was changed elsewhere too, and differently.
    :raises WouldMailPeople: people would have to be told, and may not be.
    :raises SessionsChosen: a session that people chose is no longer in the file.
    """
    lock_name(tx, loading.NAME)  # before the event, as loading does
    event = events.find(tx, file.slug)
    if event is None or event.status is EventStatus.DRAFT:
        loaded = loading.load(tx, file, now=order.now, take_file=take_file, may_tell=True)
        return loaded, None
    before, crowd = _hold(tx, event)
    loaded = loading.load(tx, file, now=order.now, take_file=take_file, may_tell=may_tell)
    kind = _name_kind(before, take_picture(event))
    if kind is ChangeKind.EDITED:
        if set(loaded.changed) - EDITED_UNSEEN:
            concluding.remember_edit(tx, event, before, order)
        return loaded, None
    _follow_mode(tx, event, before)
    if kind is not ChangeKind.MOVED:
        reconfirm = None
    return loaded, concluding.conclude(tx, event, before, crowd, kind, order, reconfirm)


def _name_kind(before: Shown, after: Shown) -> ChangeKind:
    """Name what a file changes by what weighs most."""
    dates_of = (before.starts, before.ends, before.starts_at, before.ends_at)
    if dates_of != (after.starts, after.ends, after.starts_at, after.ends_at):
        return ChangeKind.MOVED
    if (before.venue, before.mode) != (after.venue, after.mode):
        return ChangeKind.PLACED
    return ChangeKind.EDITED if before.sessions == after.sessions else ChangeKind.PROGRAMME


def rezone(tx: Transaction, event: Event, order: Order) -> Outlook | None:
    """Work out the instants of an event anew with today's zone data, and tell people of new ones.

    The local hours stay; `None` where the instants do too.
    """
    before, crowd = _hold(tx, event)
    if event.cancelled_at is not None or event.ends_at <= order.now:
        return None
    was = _list_instants(event)
    events.derive_instants(event)
    if _list_instants(event) == was:
        tx.flush()
        return None
    mailings.plan(tx, event, now=order.now)
    return concluding.conclude(tx, event, before, crowd, ChangeKind.REZONED, order)


def _list_instants(event: Event) -> list[datetime | None]:
    sessions = [at for one in event.sessions for at in (one.starts_at, one.ends_at)]
    return [event.starts_at, event.ends_at, event.opens_at, event.closes_at, *sessions]


def _hold(tx: Transaction, event: Event, *, with_people: bool = True) -> tuple[Shown, Crowd]:
    """Let nobody else change an event or register for it, and read it and its people anew."""
    tx.flush()
    tx.refresh(event, events.COLUMNS, with_for_update=True)
    sessions = select(Session).where(Session.event_id == event.id)
    tx.scalars(sessions.execution_options(populate_existing=True)).all()
    crowd = gather(tx, event) if with_people else Crowd([], {}, {}, {}, event.revision, {})
    return take_picture(event), crowd


def _require_coming(event: Event, now: datetime) -> None:
    """Make sure that an event is not over; one that was postponed is to come, whatever its date."""
    if event.postponed_at is None and event.ends_at <= now:
        raise EventEnded
