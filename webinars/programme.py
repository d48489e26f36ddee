"""The programme: the sessions of an event in order, by day, and what each person attends of it.

Pure, on an event whose sessions are loaded. A day is a local day in the event's own zone. Whether a
session has places left is not asked here, nor who chose what. A cancelled session stays in the
programme that is shown; nobody attends it and nobody chooses it any more.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from webinars import zones
from webinars.errors import SessionsClash, UnknownSession
from webinars.models import Event, HalfDay, Session

NIGHT_ENDS = time(5)
"""What ends before this hour belongs to the evening before, and is no day of its own."""

HALF_DAYS_BEGIN = ((HalfDay.EVENING, time(18)), (HalfDay.AFTERNOON, time(12, 30)))
"""To which part of a day a session with hours belongs; before both it is the morning."""


@dataclass(frozen=True)
class Day:
    """A local day of an event, with the sessions of it that are meant."""

    ordinal: int
    """From 1, counted from the event's first date: a day keeps it when sessions come and go."""
    date: date
    starts_at: datetime
    """Where the hour is not known: when the local day begins; and `ends_at` when it is over."""
    ends_at: datetime
    hours_known: bool
    sessions: tuple[Session, ...]


@dataclass(frozen=True)
class Slot:
    """Sessions of which a person may choose one; or a single one that has a capacity."""

    key: str
    sessions: tuple[Session, ...]


@dataclass(frozen=True)
class Row:
    """A line of the shown programme: one session, or several side by side."""

    starts_at: datetime | None
    ends_at: datetime | None
    sessions: tuple[Session, ...]


@dataclass(frozen=True)
class Part:
    """The lines of a half-day; `None` where the programme goes by the hour."""

    half_day: HalfDay | None
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class OutlineDay:
    """A day of the shown programme."""

    day: Day
    parts: tuple[Part, ...]


def days(event: Event) -> list[Day]:
    """List the local days of an event, each with all its sessions that are not cancelled."""
    programme = _sessions_by_date(event)
    return [
        _make_day(event, programme, day, _list_on(sessions))
        for day, sessions in programme.items()
        if event.starts_on <= day <= event.ends_on or _list_on(sessions)
    ]


def make_whole_day(event: Event, ordinal: int) -> Day:
    """Make the whole local day of that number, be it one that the event no longer has."""
    day = event.starts_on + timedelta(days=ordinal - 1)
    return Day(
        ordinal=ordinal,
        date=day,
        starts_at=zones.start_of(day, event.timezone),
        ends_at=zones.end_of(day, event.timezone),
        hours_known=False,
        sessions=(),
    )


def days_attended(event: Event, chosen: Collection[str]) -> list[Day]:
    """List the days that someone attends who chose these sessions, with their sessions alone.

    A day of which every session must be chosen, and none was, is left out, and so is one of which
    every session is cancelled; but who is left with nothing at all is still expected on every day.
    """
    programme = _sessions_by_date(event)
    attended = {session.code for session in sessions_attended(event, chosen)}
    mine = {
        day: [session for session in sessions if session.code in attended]
        for day, sessions in programme.items()
    }
    found = [
        _make_day(event, programme, day, mine[day])
        for day, sessions in programme.items()
        if mine[day] or not sessions
    ]
    return found or [replace(day, sessions=()) for day in days(event)]


def sessions_attended(event: Event, chosen: Collection[str]) -> list[Session]:
    """List the sessions for everyone and those chosen, in the order of the programme."""
    to_choose = list_codes_to_choose(event)
    return [
        session
        for session in _list_on(_in_order(event))
        if session.code not in to_choose or session.code in chosen
    ]


def list_codes_to_choose(event: Event) -> set[str]:
    """List the codes of the sessions that are for those alone who choose them."""
    return {session.code for group in _list_groups(event) for session in group}


def is_held(session: Session) -> bool:
    """Tell whether a session takes place: it was not cancelled."""
    return session.cancelled_at is None


def slots(event: Event) -> list[Slot]:
    """List what a form offers to choose from.

    Each slot with several sessions, of which one may be chosen, and each other session that has a
    capacity. All other sessions are for everyone. What is left of a slot when a session of it was
    cancelled is still chosen.
    """
    offered = (_list_on(group) for group in _list_groups(event))
    return [
        Slot(key=sessions[0].slot or sessions[0].code, sessions=tuple(sessions))
        for sessions in offered
        if sessions
    ]


def _list_groups(event: Event) -> list[list[Session]]:
    """List what is chosen from, cancelled sessions too."""
    groups: dict[tuple[str | None, str | None], list[Session]] = {}
    for session in _in_order(event):
        key = (session.slot, None if session.slot else session.code)
        groups.setdefault(key, []).append(session)
    return [
        sessions
        for sessions in groups.values()
        if len(sessions) > 1 or sessions[0].capacity is not None
    ]


def check_choice(event: Event, codes: Collection[str]) -> None:
    """Make sure that someone may choose these sessions together; places are counted elsewhere.

    :raises UnknownSession: one of them is no session of the event, or is for everyone.
    :raises SessionsClash: two of them exclude each other.
    """
    slot_of = {session.code: slot.key for slot in slots(event) for session in slot.sessions}
    taken: set[str] = set()
    for code in dict.fromkeys(codes):
        if code not in slot_of:
            raise UnknownSession(code)
        if slot_of[code] in taken:
            raise SessionsClash(slot_of[code])
        taken.add(slot_of[code])


def outline(event: Event, chosen: Collection[str] | None = None) -> list[OutlineDay]:
    """Lay out the programme for showing: days, half-days, and lines of parallel sessions.

    `None` shows the whole programme, otherwise what someone attends who chose these sessions. What
    is cancelled is shown beside the rest. Days without sessions are left out.
    """
    programme = _sessions_by_date(event)
    not_hers = set() if chosen is None else list_codes_to_choose(event).difference(chosen)
    shown = []
    for day in days(event) if chosen is None else days_attended(event, chosen):
        sessions = [one for one in programme[day.date] if one.code not in not_hers]
        if sessions:
            shown.append(OutlineDay(day=day, parts=tuple(_make_parts(sessions))))
    return shown


def _make_parts(sessions: Sequence[Session]) -> Iterable[Part]:
    by_half_day = any(session.half_day for session in sessions)
    parts: dict[HalfDay | None, list[Session]] = {}
    for session in sessions:
        parts.setdefault(_half_day(session) if by_half_day else None, []).append(session)
    for half_day, members in parts.items():
        yield Part(half_day=half_day, rows=tuple(_make_rows(members)))


def _make_rows(sessions: Iterable[Session]) -> Iterable[Row]:
    rows: dict[object, list[Session]] = {}
    for session in sessions:
        same_hours = (session.starts_at, session.ends_at) if session.starts_at else session.code
        rows.setdefault(session.slot or same_hours, []).append(session)
    for members in rows.values():
        starts_at, ends_at = _hours(members)
        yield Row(starts_at=starts_at, ends_at=ends_at, sessions=tuple(members))


def _sessions_by_date(event: Event) -> dict[date, list[Session]]:
    count = (event.ends_on - event.starts_on).days + 1
    found: dict[date, list[Session]] = {
        event.starts_on + timedelta(days=passed): [] for passed in range(count)
    }
    for session in _in_order(event):
        found.setdefault(session.day, []).append(session)
    if len(found) > 1 and _ends_at_night(event) and not found[event.ends_on]:
        del found[event.ends_on]
    return found


def list_in_order(event: Event) -> list[Session]:
    """List all the sessions of an event as they are shown, cancelled ones too."""
    return _in_order(event)


def _in_order(event: Event) -> list[Session]:
    return sorted(event.sessions, key=lambda session: _order(session, event))


def _list_on(sessions: Iterable[Session]) -> list[Session]:
    """List the sessions that are not cancelled."""
    return [session for session in sessions if is_held(session)]


def _ends_at_night(event: Event) -> bool:
    return event.ends_time is not None and event.ends_time < NIGHT_ENDS


def _make_day(
    event: Event, programme: dict[date, list[Session]], day: date, sessions: list[Session]
) -> Day:
    starts_at, ends_at = _known_hours(event, programme, day, sessions)
    return Day(
        ordinal=(day - event.starts_on).days + 1,
        date=day,
        starts_at=starts_at or zones.start_of(day, event.timezone),
        ends_at=ends_at or zones.end_of(day, event.timezone),
        hours_known=starts_at is not None and ends_at is not None,
        sessions=tuple(sessions),
    )


def _known_hours(
    event: Event, programme: dict[date, list[Session]], day: date, sessions: list[Session]
) -> tuple[datetime | None, datetime | None]:
    """Return the hours of some sessions of a day.

    At the edges of the event they are the event's own, unless that part of the day is left out.
    """
    starts_at, ends_at = _hours(sessions)
    all_starts_at, all_ends_at = _hours(programme[day])
    if day == min(programme) and event.starts_time is not None and starts_at == all_starts_at:
        starts_at = event.starts_at
    if day == max(programme) and event.ends_time is not None and ends_at == all_ends_at:
        ends_at = event.ends_at
    return starts_at, ends_at


def _hours(sessions: Collection[Session]) -> tuple[datetime | None, datetime | None]:
    """Return when the first begins and the last ends; `None` where one of them has no hour."""
    starts = [session.starts_at for session in sessions if session.starts_at is not None]
    ends = [session.ends_at for session in sessions if session.ends_at is not None]
    return (
        min(starts) if starts and len(starts) == len(sessions) else None,
        max(ends) if ends and len(ends) == len(sessions) else None,
    )


def _order(session: Session, event: Event) -> tuple[date, int, bool, datetime, int]:
    """Return where a session stands: by day, half-day and hour, then as the organiser put it."""
    half_day = _half_day(session)
    rank = list(HalfDay).index(half_day) if half_day else len(HalfDay)
    starts_at = session.starts_at or event.starts_at
    return (session.day, rank, session.starts_at is None, starts_at, session.position)


def half_day_of(session: Session) -> HalfDay | None:
    """Return the part of a day that a session belongs to; `None` where nothing says so."""
    return _half_day(session)


def _half_day(session: Session) -> HalfDay | None:
    at = session.starts_time
    if session.half_day is not None or at is None:
        return session.half_day
    return next((name for name, begins in HALF_DAYS_BEGIN if at >= begins), HalfDay.MORNING)
