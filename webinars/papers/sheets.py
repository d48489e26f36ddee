"""Sign-in sheets: who is expected at which sitting, a line each, and blank lines for the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from webinars import choices, phrasing, programme
from webinars.models import (
    Event,
    HalfDay,
    Language,
    Mode,
    PaperOrder,
    Registration,
    Session,
    SheetFor,
)
from webinars.papers.heads import list_zones
from webinars.papers.people import clean, list_name
from webinars.papers.values import Head, Sheet, SignIn
from webinars.papers.words import Words
from webinars.zones import to_local

MOST_BLANK_LINES = 100


@dataclass(frozen=True)
class Meeting:
    """What a sheet is for."""

    what: str
    when: str
    sessions: tuple[Session, ...]
    """None of them: everyone is expected."""


def make_sign_in(
    event: Event, order: PaperOrder, head: Head, people: Sequence[Registration]
) -> SignIn:
    """Make the sign-in sheets of an event, one for each sitting that is meant."""
    _ = Words(order.language)
    is_online = event.mode is Mode.ONLINE
    last = _("Première connexion") if is_online else _("Signature")
    columns = (_("N°"), _("NOM Prénom"), _("Fonction"), _("Structure"), last)
    attended = Attended(event)
    sheets = tuple(
        _make_sheet(event, order, meeting, [one for one in people if attended.by(one, meeting)])
        for meeting in list_meetings(event, order)
    )
    return SignIn(order.language.value, head, columns, sheets)


class Attended:
    """Who attends what, asked once for all who made the same choice."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self._codes: dict[tuple[str, ...], frozenset[str]] = {}

    def by(self, person: Registration, meeting: Meeting) -> bool:
        """Tell whether someone attends any session of a meeting."""
        if not meeting.sessions:
            return True
        chosen = choices.list_codes(person)
        if chosen not in self._codes:
            attended = programme.sessions_attended(self._event, chosen)
            self._codes[chosen] = frozenset(one.code for one in attended)
        return any(one.code in self._codes[chosen] for one in meeting.sessions)


def list_meetings(event: Event, order: PaperOrder) -> list[Meeting]:
    """List what there is a sheet for: sessions, half-days or days, in order."""
    if order.session:
        found = [one for one in event.sessions if one.code == order.session]
        return [_meet_for_session(event, one, order.language) for one in found]
    if order.sheet_for is SheetFor.SESSION and event.sessions:
        held = [one for day in programme.days(event) for one in day.sessions]
        return [_meet_for_session(event, one, order.language) for one in held]
    if order.sheet_for is SheetFor.DAY:
        return [_meet_for_day(event, day, order.language) for day in programme.days(event)]
    return [
        meeting
        for day in programme.days(event)
        for meeting in _meet_for_half_days(event, day, order.language)
    ]


def _meet_for_session(event: Event, session: Session, language: Language) -> Meeting:
    title = clean(session.title.into(language))
    what = f"{title}{phrasing.COMMA[language]}{clean(session.room)}" if session.room else title
    return Meeting(what, say_session_when(event, session, language), (session,))


def say_session_when(event: Event, session: Session, language: Language) -> str:
    """Say when a session is held, as far as it is known."""
    if session.starts_at is not None:
        return phrasing.period(session.starts_at, session.ends_at, list_zones(event), language)
    return _say_day(session.day, session.half_day, language)


def _say_day(day: date, half_day: HalfDay | None, language: Language) -> str:
    said = phrasing.date_in_words(day, language)
    if half_day is None:
        return said
    part = phrasing.half_day_label(half_day, language)
    return f"{said}{phrasing.COMMA[language]}{part[:1].lower()}{part[1:]}"


def _meet_for_day(event: Event, day: programme.Day, language: Language) -> Meeting:
    if not day.hours_known:
        return Meeting("", phrasing.date_in_words(day.date, language), day.sessions)
    when = phrasing.period(day.starts_at, day.ends_at, list_zones(event), language)
    return Meeting("", when, day.sessions)


def _meet_for_half_days(event: Event, day: programme.Day, language: Language) -> list[Meeting]:
    parts: dict[HalfDay | None, list[Session]] = {}
    for session in day.sessions:
        parts.setdefault(programme.half_day_of(session), []).append(session)
    if not parts:
        parts = {half_day: [] for half_day in _guess_half_days(event, day)}
    if len(parts) == 1:
        return [_meet_for_day(event, day, language)]
    return [
        Meeting("", _say_part(event, day, half_day, sessions, language), tuple(sessions))
        for half_day, sessions in parts.items()
    ]


def _guess_half_days(event: Event, day: programme.Day) -> list[HalfDay]:
    """Tell from a day's hours which half-days it fills, where no programme says so."""
    if not day.hours_known:
        return [HalfDay.MORNING, HalfDay.AFTERNOON]
    starts, ends = (to_local(at, event.timezone).time() for at in (day.starts_at, day.ends_at))
    noon = dict(programme.HALF_DAYS_BEGIN)[HalfDay.AFTERNOON]
    parts = [HalfDay.MORNING] if starts < noon else []
    return parts + ([HalfDay.AFTERNOON] if ends > noon else [])


def _say_part(
    event: Event,
    day: programme.Day,
    half_day: HalfDay | None,
    sessions: Sequence[Session],
    language: Language,
) -> str:
    said = _say_day(day.date, half_day, language)
    starts = [one.starts_at for one in sessions if one.starts_at is not None]
    ends = [one.ends_at for one in sessions if one.ends_at is not None]
    if not starts or not ends:
        return said
    hours = phrasing.hours(min(starts), max(ends), list_zones(event), language)
    return f"{said}{phrasing.COMMA[language]}{hours}"


def _make_sheet(
    event: Event, order: PaperOrder, meeting: Meeting, expected: Sequence[Registration]
) -> Sheet:
    _ = Words(order.language)
    rows = [
        (str(number), list_name(one), clean(one.job_title), clean(one.organization), "")
        for number, one in enumerate(expected, 1)
    ]
    if event.mode is Mode.ONLINE:
        entered = (_say_entered(event, one, order.language) for one in expected)
        rows = [(*row[:-1], said) for row, said in zip(rows, entered, strict=True)]
    blank = min(max(0, order.blank_lines), MOST_BLANK_LINES)
    rows += [("", "", "", "", "")] * (0 if event.mode is Mode.ONLINE else blank)
    count = _.ngettext("%(num)d personne attendue", "%(num)d personnes attendues", len(expected))
    return Sheet(meeting.what, meeting.when, tuple(rows), count)


def _say_entered(event: Event, person: Registration, language: Language) -> str:
    if person.entered_at is None:
        return ""
    return phrasing.short_instant(person.entered_at, list_zones(event), language)
