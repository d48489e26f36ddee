"""Moving an event to other dates: everything that has a date moves by the same local difference.

Pure, on an event with its sessions loaded.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from webinars import events, programme, timeline, zones
from webinars.changes.values import Dates, Sitting
from webinars.errors import (
    DatePast,
    DatesReversed,
    NoSuchHour,
    SessionsOutside,
    UnknownSession,
)
from webinars.eventfiles import moments
from webinars.eventfiles.moments import day_of, hour_of, join
from webinars.models import Event, Session


def move(event: Event, dates: Dates, now: datetime) -> None:
    """Move an event, its sessions, its window of registrations, its deadlines and dated mailings.

    What is past stays where it was: registrations that have opened do not close again.

    :raises DatesReversed: it would end before it starts.
    :raises DatePast: it would lie in the past.
    :raises SessionsOutside: a session would lie outside it.
    :raises NoSuchHour: an hour does not exist on its day.
    :raises UnknownSession: a session that is given is none of the event.
    """
    require_order(dates)
    shift = _find_shift(join(event.starts_on, event.starts_time), dates.starts)
    days = day_of(dates.starts) - event.starts_on
    events.remember_dates(event, dates.starts, dates.ends)
    event.starts_on, event.starts_time = day_of(dates.starts), hour_of(dates.starts)
    event.ends_on, event.ends_time = day_of(dates.ends), hour_of(dates.ends)
    for session in event.sessions:
        _move_session(session, shift, days)
    _move_registrations(event, dates, shift, now)
    _move_mailings(event, shift)
    event.timezone = dates.timezone or event.timezone
    zones.get_zone(event.timezone)
    place(event, dates.sessions)
    require_hours(event)
    was = event.starts_at
    events.derive_instants(event)
    if event.starts_at != was:
        require_future(event, now)
    elif event.ends_at <= now:
        raise DatePast


def require_future(event: Event, now: datetime) -> None:
    """Make sure that an event has not begun.

    :raises DatePast: it has.
    """
    if event.starts_at <= now:
        raise DatePast


def require_order(dates: Dates) -> None:
    """Make sure that an event ends after it starts; without hours it may end on the same day.

    :raises DatesReversed: it does not.
    """
    starts, ends = dates.starts, dates.ends
    if isinstance(starts, datetime) and isinstance(ends, datetime):
        is_right = starts < ends
    else:
        is_right = day_of(starts) <= day_of(ends)
    if not is_right:
        raise DatesReversed


def _find_shift(before: datetime | date, after: datetime | date) -> timedelta:
    """Return by how much the start moves; while an hour is not known, by whole days."""
    if isinstance(before, datetime) and isinstance(after, datetime):
        return after - before
    return day_of(after) - day_of(before)


def _move_session(session: Session, shift: timedelta, days: timedelta) -> None:
    if session.starts_time is None:
        session.day += days
        return
    starts = datetime.combine(session.day, session.starts_time) + shift
    if session.ends_time is not None:
        session.ends_time = (datetime.combine(session.day, session.ends_time) + shift).time()
    session.day, session.starts_time = starts.date(), starts.time()


def _move_registrations(event: Event, dates: Dates, shift: timedelta, now: datetime) -> None:
    has_opened = event.opens_at is not None and event.opens_at <= now
    if dates.opens or (event.opens_local and not has_opened):
        event.opens_local = dates.opens or _add(event.opens_local, shift)
    event.closes_local = dates.closes or _add(event.closes_local, shift)
    last = datetime.combine(event.ends_on, event.ends_time or time(23, 59))
    if event.closes_local and not dates.closes:
        event.closes_local = min(event.closes_local, last)
    event.changes_close_local = dates.changes_close or _add(event.changes_close_local, shift)
    is_over = event.priority_until_at is not None and event.priority_until_at <= now
    if event.priority and event.priority.until and not is_over:
        event.priority = replace(event.priority, until=event.priority.until + shift)


def _add(local: datetime | None, shift: timedelta) -> datetime | None:
    return None if local is None else local + shift


def _move_mailings(event: Event, shift: timedelta) -> None:
    """Move the mailings whose date the file names; all others follow the event by nature."""
    named = timeline.find_named(event)
    if named is None:
        return
    moved = [
        one | {"at": str(moments.move_rule(moments.parse_rule(one["at"]), shift))} for one in named
    ]
    if moved != named:
        event.loaded = (event.loaded or {}) | {timeline.AS_MOVED: moved}


def place(event: Event, sittings: Mapping[str, Sitting]) -> None:
    """Put sessions at other hours or into other rooms.

    :raises UnknownSession: one is none of the event.
    :raises DatesReversed: one would end before it starts.
    :raises SessionsOutside: one would lie outside the event.
    """
    known = {session.code: session for session in event.sessions}
    for code, sitting in sittings.items():
        if code not in known:
            raise UnknownSession(code)
        session = known[code]
        session.day, session.half_day = sitting.day, sitting.half_day
        session.starts_time, session.ends_time = sitting.starts, sitting.ends
        session.room = sitting.room
    held = [session for session in event.sessions if programme.is_held(session)]
    for session in held:
        starts, ends = session.starts_time, session.ends_time
        if session.code in sittings and starts and ends and ends <= starts:
            raise DatesReversed(session.code)
    if outside := [session.code for session in held if _is_outside(session, event)]:
        raise SessionsOutside(outside)


def _is_outside(session: Session, event: Event) -> bool:
    if not event.starts_on <= session.day <= event.ends_on:
        return True
    first = session.day == event.starts_on
    last = session.day == event.ends_on
    starts, ends = session.starts_time, session.ends_time or session.starts_time
    if starts and ends and ends < starts:  # moved across midnight
        return True
    is_early = first and starts and event.starts_time and starts < event.starts_time
    is_late = last and ends and event.ends_time and ends > event.ends_time
    return bool(is_early or is_late)


def require_hours(event: Event) -> None:
    """Make sure that every hour of an event exists on its day.

    :raises NoSuchHour: one lies where the clocks are put forward.
    """
    named = timeline.find_named(event) or []
    hours = [
        _join(event.starts_on, event.starts_time),
        _join(event.ends_on, event.ends_time),
        event.opens_local,
        event.closes_local,
        event.changes_close_local,
        event.priority.until if event.priority else None,
        *(moments.parse_rule(one["at"]).moment for one in named),
    ]
    for session in event.sessions:
        hours += [_join(session.day, session.starts_time), _join(session.day, session.ends_time)]
    for local in hours:
        if local is not None:
            require_hour(local, event.timezone)


def require_hour(local: datetime, zone: str) -> datetime:
    """Return the instant of a local hour.

    :raises NoSuchHour: the clocks are put forward over it.
    """
    at = zones.to_instant(local, zone)
    shown = zones.to_local(at, zone).replace(tzinfo=None)
    if shown != local:
        raise NoSuchHour(local, zone)
    return at


def _join(day: date, at: time | None) -> datetime | None:
    return None if at is None else datetime.combine(day, at)
