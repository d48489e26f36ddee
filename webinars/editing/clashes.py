"""What does not go together in a programme: overlaps, gaps, a room or a speaker twice at once.

Pure, and by local time alone: a programme is in one zone. The sessions are handed over apart from
their event, so that one that is still being typed can be among them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

from webinars import contacts
from webinars.models import Event, Session


class ClashKind(StrEnum):
    """A way in which sessions do not go together."""

    REVERSED = "reversed"
    """It ends before it starts."""
    OUTSIDE = "outside"
    """It lies outside the event."""
    OVERLAP = "overlap"
    """Two at once that are in no slot together: nobody can attend both."""
    ROOM = "room"
    SPEAKER = "speaker"
    SLOT_DAYS = "slot-days"
    """The sessions of a slot are on different days."""
    GAP = "gap"
    """Nothing between two sessions: a break, or something forgotten."""
    STARTS_LATE = "starts-late"
    ENDS_EARLY = "ends-early"
    NO_HOURS = "no-hours"


GRAVE = frozenset(
    {
        ClashKind.REVERSED,
        ClashKind.OUTSIDE,
        ClashKind.OVERLAP,
        ClashKind.ROOM,
        ClashKind.SPEAKER,
        ClashKind.SLOT_DAYS,
    }
)
"""What is wrong; the others may be meant."""


class Clash(NamedTuple):
    """Sessions that do not go together."""

    kind: ClashKind
    codes: tuple[str, ...]
    what: str = ""
    """The room, the speaker or the slot."""
    minutes: int = 0
    """How long a gap is."""
    day: date | None = None

    @property
    def is_grave(self) -> bool:
        """Tell whether it cannot be meant."""
        return self.kind in GRAVE


def list_clashes(event: Event, sessions: Iterable[Session]) -> list[Clash]:
    """List what does not go together among sessions that are held, what is wrong first."""
    held = [one for one in sessions if one.cancelled_at is None]
    found = [*_list_by_session(event, held), *_list_by_pair(held), *_list_by_day(event, held)]
    return sorted(found, key=lambda one: not one.is_grave)


def _list_by_session(event: Event, sessions: Sequence[Session]) -> Iterator[Clash]:
    days: dict[str, date] = {}
    for one in sessions:
        codes = (one.code,)
        if one.starts_time and one.ends_time and one.ends_time <= one.starts_time:
            yield Clash(ClashKind.REVERSED, codes)
        if _is_outside(event, one):
            yield Clash(ClashKind.OUTSIDE, codes)
        if one.slot and days.setdefault(one.slot, one.day) != one.day:
            yield Clash(ClashKind.SLOT_DAYS, codes, one.slot)
        if one.starts_time is None or one.ends_time is None:
            yield Clash(ClashKind.NO_HOURS, codes)


def _is_outside(event: Event, one: Session) -> bool:
    if not event.starts_on <= one.day <= event.ends_on:
        return True
    starts, ends = one.starts_time, one.ends_time or one.starts_time
    is_early = one.day == event.starts_on and starts and event.starts_time
    is_late = one.day == event.ends_on and ends and event.ends_time
    return bool(
        (is_early and starts and event.starts_time and starts < event.starts_time)
        or (is_late and ends and event.ends_time and ends > event.ends_time)
    )


def _list_by_pair(sessions: Sequence[Session]) -> Iterator[Clash]:
    for first, second in combinations(sessions, 2):
        if not _are_at_once(first, second):
            continue
        codes = (first.code, second.code)
        if not first.slot or first.slot != second.slot:
            yield Clash(ClashKind.OVERLAP, codes)
        if first.room and second.room and _fold(first.room) == _fold(second.room):
            yield Clash(ClashKind.ROOM, codes, first.room)
        known = {_fold(one.name) for one in second.speakers}
        for speaker in first.speakers:
            if _fold(speaker.name) in known:
                yield Clash(ClashKind.SPEAKER, codes, speaker.name)


def _fold(text: str) -> str:
    return contacts.fold(text)


def _are_at_once(first: Session, second: Session) -> bool:
    """Tell whether two sessions overlap; without hours, whether a slot says that they do."""
    if first.day != second.day:
        return False
    one, other = _find_span(first), _find_span(second)
    if one is None or other is None:
        return bool(first.slot and first.slot == second.slot)
    return one[0] < other[1] and other[0] < one[1]


def _find_span(one: Session) -> tuple[time, time] | None:
    if one.starts_time is None or one.ends_time is None or one.ends_time <= one.starts_time:
        return None
    return one.starts_time, one.ends_time


def _list_by_day(event: Event, sessions: Sequence[Session]) -> Iterator[Clash]:
    """Compare what is held on a day with the hours of the event, where all of it has hours."""
    for day in sorted({one.day for one in sessions}):
        here = [one for one in sessions if one.day == day]
        timed = [(span, one) for one in here if (span := _find_span(one))]
        if len(timed) < len(here):
            continue
        timed.sort(key=lambda one: one[0])
        yield from _list_gaps(day, timed)
        (first, _), (opening, closing) = timed[0], _find_hours(event, day)
        last, ending = max((span[1], one.code) for span, one in timed)
        if opening and first[0] > opening:
            minutes = _count_minutes(opening, first[0])
            yield Clash(ClashKind.STARTS_LATE, (timed[0][1].code,), minutes=minutes, day=day)
        if closing and last < closing:
            minutes = _count_minutes(last, closing)
            yield Clash(ClashKind.ENDS_EARLY, (ending,), minutes=minutes, day=day)


def _list_gaps(day: date, timed: Sequence[tuple[tuple[time, time], Session]]) -> Iterator[Clash]:
    (_, until), before = timed[0]
    for (starts, ends), one in timed[1:]:
        if starts > until:
            codes = (before.code, one.code)
            yield Clash(ClashKind.GAP, codes, minutes=_count_minutes(until, starts), day=day)
        if ends >= until:
            until, before = ends, one


def _find_hours(event: Event, day: date) -> tuple[time | None, time | None]:
    return (
        event.starts_time if day == event.starts_on else None,
        event.ends_time if day == event.ends_on else None,
    )


def _count_minutes(first: time, second: time) -> int:
    day = date(2000, 1, 1)
    return int((datetime.combine(day, second) - datetime.combine(day, first)).total_seconds() // 60)
