"""What a change does to one person: the mail that tells her, the days of her calendar it touches.

Pure. People who knew the same, chose the same and have the same in their calendars are told the
same: of a hundred thousand, a handful of questions are to be answered.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from webinars import calendar, programme
from webinars.changes.pictures import restore
from webinars.changes.values import NotTold
from webinars.models import AttendanceMode, Event, HalfDay, MailName, Shown, Venue
from webinars.programme import Day


class Situation(NamedTuple):
    """What decides how a person is told of a change."""

    knows: int
    """The revision that she was last told of, or could see."""
    codes: frozenset[str]
    """Of the sessions that count as chosen."""
    mode: AttendanceMode
    is_confirmed: bool
    held: frozenset[int]
    """The days, by number, that her calendar holds."""
    is_unread: bool
    """Whether the mail that says where she stands has not left yet."""
    is_superseded: bool
    """Whether she is no longer told of an earlier change, for it had not left yet."""


class Effect(NamedTuple):
    """What is done for a person."""

    template: MailName | None
    why_not: NotTold | None = None
    ordinal: int | None = None
    """The day whose calendar entry comes with the mail; `None`: none does."""
    further: tuple[int, ...] = ()
    """Days whose entries come in mails of their own."""
    gone: tuple[int, ...] = ()
    """Days that are taken out of her calendar by mails of their own."""
    is_renewed: bool = False
    """Whether her entries begin anew, for those there were had been cancelled."""

    @property
    def touches_calendar(self) -> bool:
        """Tell whether an entry of hers says something else from now on."""
        return self.ordinal is not None or bool(self.further or self.gone)


class _SittingView(NamedTuple):
    code: str
    starts_at: datetime | None
    ends_at: datetime | None
    half_day: HalfDay | None
    room: str | None


class _DayView(NamedTuple):
    """What a person sees of a day."""

    date: date
    starts_at: datetime
    ends_at: datetime
    hours_known: bool
    sessions: frozenset[_SittingView]


class View(NamedTuple):
    """What a person sees of an event."""

    days: Mapping[int, _DayView]
    place: tuple[bool, Venue | None]
    """Whether she goes through the gate; where she goes otherwise."""


class Comparison:
    """What people could see at each revision, and what they can see now."""

    def __init__(self, pictures: Mapping[int, Shown], after: Shown) -> None:
        self._pictures = pictures
        self._events = {revision: restore(shown) for revision, shown in pictures.items()}
        self._after, self._after_event = after, restore(after)
        self._effects: dict[Situation, Effect] = {}

    def find(self, situation: Situation) -> Effect:
        """Find what is done for people in a situation."""
        found = self._effects.get(situation)
        if found is None:
            found = self._effects[situation] = self._work_out(situation)
        return found

    def _work_out(self, of: Situation) -> Effect:
        before, after = self._pictures[of.knows], self._after
        if after.is_cancelled:
            return _cancel(of, before)
        is_put_off = after.is_postponed and (not before.is_postponed or _was_told_otherwise(of))
        if is_put_off and not of.is_unread:
            return _take_out(of, MailName.EVENT_POSTPONED)
        now = see(self._after_event, of.codes, of.mode)
        seen = see(self._events[of.knows], of.codes, of.mode)
        template = _choose(before, after, seen, now)
        if of.is_unread and (template or is_put_off or of.is_superseded):
            return _leave_unread(of, now, is_dated=not after.is_postponed)
        if template is None:
            return Effect(None, NotTold.UNDONE if of.is_superseded else NotTold.UNCONCERNED)
        if after.is_postponed:  # nothing is in any calendar until there is a date
            return Effect(template)
        was_off = before.is_cancelled or before.is_postponed
        # What was never taken out, for the mail had not left, is corrected under its own name.
        return _correct(of, template, seen, now, was_off)._replace(
            is_renewed=was_off and not of.held
        )


def _leave_unread(of: Situation, now: View, *, is_dated: bool) -> Effect:
    """Let the mail that has not left yet say what is true by now, of every day."""
    if not of.is_confirmed:
        return Effect(None, NotTold.UNREAD)
    if not is_dated:
        return Effect(None, NotTold.UNREAD, gone=tuple(sorted(of.held)))
    first, *further = now.days
    return Effect(None, NotTold.UNREAD, first, tuple(further), _list_gone(of, now))


def _cancel(of: Situation, before: Shown) -> Effect:
    """Take every day out of a person's calendar."""
    if before.is_cancelled and not _was_told_otherwise(of):
        return Effect(None, NotTold.UNDONE if of.is_superseded else NotTold.UNCONCERNED)
    return _take_out(of, MailName.EVENT_CANCELLED)


def _was_told_otherwise(of: Situation) -> bool:
    """Tell whether a mail about her registration has put days into her calendar meanwhile."""
    return of.is_superseded and bool(of.held)


def _take_out(of: Situation, template: MailName) -> Effect:
    held = sorted(of.held)
    first = held[0] if held else None
    return Effect(template, None, first, (), tuple(held[1:]))


def _choose(before: Shown, after: Shown, seen: View, now: View) -> MailName | None:
    """Choose the mail that says what is new to a person, if anything is."""
    is_on_again = before.is_cancelled or (before.is_postponed and not after.is_postponed)
    if is_on_again:
        return MailName.EVENT_MOVED
    if seen == now:
        return None
    has_moved = _list_dates(before) != _list_dates(after)
    return MailName.EVENT_MOVED if has_moved else MailName.EVENT_CHANGED


def _list_dates(shown: Shown) -> tuple[object, ...]:
    return (shown.starts, shown.ends, shown.starts_at, shown.ends_at)


def _correct(of: Situation, template: MailName, seen: View, now: View, every_day: bool) -> Effect:
    """Bring a person's calendar up to date, day by day; who has no place has none."""
    if not of.is_confirmed:
        return Effect(template)
    is_elsewhere = every_day or seen.place != now.place
    changed = [
        ordinal
        for ordinal, day in now.days.items()
        if is_elsewhere or ordinal not in of.held or seen.days.get(ordinal) != day
    ]
    first = changed[0] if changed else None
    return Effect(template, None, first, tuple(changed[1:]), _list_gone(of, now))


def _list_gone(of: Situation, now: View) -> tuple[int, ...]:
    return tuple(sorted(of.held - now.days.keys()))


def see(event: Event, codes: Iterable[str], mode: AttendanceMode) -> View:
    """Return what someone sees of an event who chose these sessions."""
    is_online = calendar.attends_online(event, mode)
    days = programme.days_attended(event, frozenset(codes))
    return View(
        days={day.ordinal: _see_day(day) for day in days},
        place=(is_online, None if is_online else event.venue),
    )


def _see_day(day: Day) -> _DayView:
    sessions = frozenset(
        _SittingView(one.code, one.starts_at, one.ends_at, one.half_day, one.room)
        for one in day.sessions
    )
    return _DayView(day.date, day.starts_at, day.ends_at, day.hours_known, sessions)
