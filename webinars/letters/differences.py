"""What differs for one person between an event as she knew it and as it is now.

Pure. Sessions that moved along with their event did not change by themselves.
"""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import NamedTuple

from webinars import programme
from webinars.mail.contexts import About
from webinars.models import Event, Session


class SessionDifference(NamedTuple):
    """A session that someone attends now and attended before, and that is not the same."""

    session: Session
    was: Session
    is_moved: bool
    is_elsewhere: bool


class Programmes(NamedTuple):
    """What became of the sessions of a person."""

    cancelled: tuple[Session, ...]
    """As they were."""
    changed: tuple[SessionDifference, ...]
    added: tuple[Session, ...]


class Shift(NamedTuple):
    """By how much an event moved, in local time."""

    days: timedelta
    hours: timedelta | None
    """`None` where the hours were not known, or are not."""


def compare_dates(event: Event, former: Event) -> About | None:
    """Tell what became of the dates and hours of an event; `None`: nothing."""
    if former.cancelled_at is not None:
        return About.AGAIN
    if former.postponed_at is not None:
        return About.NEW_DATES
    if (event.starts_on, event.ends_on) != (former.starts_on, former.ends_on):
        return About.DATES
    hours, hours_before = (
        (one.starts_time, one.ends_time, one.timezone) for one in (event, former)
    )
    if hours != hours_before:
        is_first = former.starts_time is None and event.starts_time is not None
        return About.HOURS_KNOWN if is_first else About.HOURS
    is_same_instant = (event.starts_at, event.ends_at) == (former.starts_at, former.ends_at)
    return None if is_same_instant else About.ZONE


def compare_programmes(
    event: Event, former: Event, chosen: Collection[str], *, in_person: bool
) -> Programmes:
    """Compare what someone attends who chose these sessions with what she attended.

    :param in_person: whether it matters to her in which room a session is.
    """
    shift = _find_shift(event, former)
    now = {one.code: one for one in programme.sessions_attended(event, chosen)}
    before = {one.code: one for one in programme.sessions_attended(former, chosen)}
    differences = (
        _compare(session, before[code], shift, in_person)
        for code, session in now.items()
        if code in before
    )
    return Programmes(
        cancelled=tuple(one for code, one in before.items() if code not in now),
        changed=tuple(one for one in differences if one.is_moved or one.is_elsewhere),
        added=tuple(one for code, one in now.items() if code not in before) if before else (),
    )


def _compare(session: Session, was: Session, shift: Shift, in_person: bool) -> SessionDifference:
    is_elsewhere = in_person and session.room != was.room
    return SessionDifference(session, was, _is_moved(session, was, shift), is_elsewhere)


def _is_moved(session: Session, was: Session, shift: Shift) -> bool:
    if session.half_day != was.half_day:
        return True
    times, times_before = ((one.starts_time, one.ends_time) for one in (session, was))
    if shift.hours is None or None in times or None in times_before:
        return session.day != was.day + shift.days or times != times_before
    return any(
        _local(session, at) != _local(was, before) + shift.hours
        for at, before in zip(times, times_before, strict=True)
    )


def _local(session: Session, at: time | None) -> datetime:
    return datetime.combine(session.day, at or time())


def _find_shift(event: Event, former: Event) -> Shift:
    days = event.starts_on - former.starts_on
    if event.starts_time is None or former.starts_time is None:
        return Shift(days, None)
    now, before = (
        datetime.combine(one.starts_on, one.starts_time or time()) for one in (event, former)
    )
    return Shift(days, now - before)
