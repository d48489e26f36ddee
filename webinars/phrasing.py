"""Dates, hours, names and forms of address as people read them, in each language.

Pure. Every hour is said with its city, for each zone asked for: zones in which the clocks agree
share one phrase, and the date is added where the local day is another. Babel is only given dates:
instants are converted by `webinars.zones` first, since Babel would ask other zone data. The words
of the closed lists lie in `webinars.labels`.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list

from webinars import labels
from webinars.models import (
    AttendanceMode,
    AuditKind,
    CalendarReply,
    Civility,
    DeliveryState,
    Event,
    EventKind,
    EventState,
    HalfDay,
    Language,
    MailingState,
    MailName,
    Mode,
    OrganiserRole,
    OrganizationKind,
    Presence,
    RegistrationStatus,
    Role,
    SessionKind,
    Share,
    Shown,
    Side,
    SignInMethod,
    SpeakerRole,
    Venue,
)
from webinars.zones import to_local

LOCALES = {
    # Plain `ar` would give the months of the Levant and a clock of twelve hours.
    Language.FRENCH: "fr",
    Language.ARABIC: "ar_MA",
    Language.ENGLISH: "en_GB",
}

CITIES = {
    # The zone bears the name of the largest city; people say the hour of the capital.
    "Africa/Casablanca": {
        Language.FRENCH: "Rabat",
        Language.ARABIC: "الرباط",
        Language.ENGLISH: "Rabat",
    },
}

COMMA = {Language.FRENCH: ", ", Language.ARABIC: "، ", Language.ENGLISH: ", "}

NOT_COUNTRIES = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB XK ZZ".split())
"""Two-letter codes of CLDR that ISO 3166-1 does not assign to a country."""
FIRST_COUNTRIES = ("FR", "MA")

NAME_PARTICLE = re.compile(r"(?:des?\s|du\s|d['’])+(?:la\s)?")


@dataclass(frozen=True)
class _Phrases:
    """What the phrases of a language are made of."""

    clock: str
    at: str
    between: str
    across: str
    on: str
    range: str
    hours_to_come: str


_PHRASES = {
    Language.FRENCH: _Phrases(
        clock="%Hh%M",
        at="à {start}",
        between="de {start} à {end}",
        across="du {first} à {start} au {last} à {end}",
        on="le {day} {hours}",
        range="du {first} au {last}",
        hours_to_come="{days}, horaires à préciser",
    ),
    Language.ARABIC: _Phrases(
        clock="%H:%M",
        at="على الساعة {start}",
        between="من الساعة {start} إلى {end}",
        across="من {first} على الساعة {start} إلى {last} على الساعة {end}",
        on="يوم {day} {hours}",
        range="من {first} إلى {last}",
        hours_to_come="{days}، على أن تُحدَّد المواقيت لاحقا",
    ),
    Language.ENGLISH: _Phrases(
        clock="%H:%M",
        at="at {start}",
        between="from {start} to {end}",
        across="from {first} at {start} to {last} at {end}",
        on="on {day} {hours}",
        range="from {first} to {last}",
        hours_to_come="{days}, times to be announced",
    ),
}


def when(event: Event, language: Language) -> str:
    """Say when an event takes place: its dates, and its hours in each display zone if known."""
    days = (event.starts_on, event.ends_on)
    spans = (
        None if event.starts_time is None else event.starts_at,
        None if event.ends_time is None else event.ends_at,
    )
    return _say_when(days, spans, event.display_timezones or (event.timezone,), language)


def when_shown(shown: Shown, zones: Sequence[str], language: Language) -> str:
    """Say when an event was to take place, as `when` said it then."""
    days = tuple(
        one.date() if isinstance(one, datetime) else one for one in (shown.starts, shown.ends)
    )
    spans = (
        shown.starts_at if isinstance(shown.starts, datetime) else None,
        shown.ends_at if isinstance(shown.ends, datetime) else None,
    )
    return _say_when((days[0], days[1]), spans, zones, language)


def _say_when(
    days: tuple[date, date],
    hours: tuple[datetime | None, datetime | None],
    zones: Sequence[str],
    language: Language,
) -> str:
    """Say dates, and hours as far as they are known."""
    (first, last), (starts_at, ends_at) = days, hours
    if starts_at is None:
        return hours_to_come(first, last, language)
    if ends_at is not None or first == last:
        return period(starts_at, ends_at, zones, language)
    return f"{date_range(first, last, language)}, {hour(starts_at, zones, language)}"


def period(
    starts_at: datetime, ends_at: datetime | None, zones: Sequence[str], language: Language
) -> str:
    """Say the date and the hours of something in each zone; no end: only when it starts."""
    start = to_local(starts_at, zones[0])
    said = hours(starts_at, ends_at, zones, language)
    if ends_at is not None and to_local(ends_at, zones[0]).date() != start.date():
        return said  # the dates are in it already
    return f"{date_in_words(start.date(), language)} {said}"


def hours(
    starts_at: datetime, ends_at: datetime | None, zones: Sequence[str], language: Language
) -> str:
    """Say the hours of something in each zone, without its date unless the local day differs."""
    if ends_at is None:
        return hour(starts_at, zones, language)
    groups = _group_by_wall_time((starts_at, ends_at), zones)
    today = groups[0][0][0].date()
    return " / ".join(
        f"{_say_span(walls[0], walls[1], today, language)} ({local_time(same, language)})"
        for walls, same in groups
    )


def hour(at: datetime, zones: Sequence[str], language: Language) -> str:
    """Say at what hour something is in each zone, without its date unless the local day differs."""
    first, *others = _group_by_wall_time((at,), zones)
    today = first[0][0].date()
    start = _PHRASES[language].at.format(start=_say_clock(first[0][0], language))
    said = [f"{start} ({local_time(first[1], language)})"]
    for (wall,), same in others:
        said.append(f"{_say_other_hour(wall, today, language)} ({local_time(same, language)})")
    return " / ".join(said)


def instant(at: datetime, zones: Sequence[str], language: Language) -> str:
    """Say the date and the hour of one instant in each zone, as a deadline is printed."""
    day = to_local(at, zones[0]).date()
    return f"{date_in_words(day, language)} {hour(at, zones, language)}"


def short_instant(at: datetime, zones: Sequence[str], language: Language) -> str:
    """Say one instant briefly, for a list: 1er déc. 2026 à 09h00 (heure de Paris)."""
    day = to_local(at, zones[0]).date()
    return f"{short_date(day, language)} {hour(at, zones, language)}"


def hours_to_come(first: date, last: date, language: Language) -> str:
    """Say the days of something whose hours are not known yet."""
    return _PHRASES[language].hours_to_come.format(days=dates(first, last, language))


def date_in_words(day: date, language: Language) -> str:
    """Say a date in full: mardi 1er décembre 2026."""
    return _say_date(day, "EEEE d MMMM y", language)


def short_date(day: date, language: Language) -> str:
    """Say a date briefly, for a list or a subject: 1er déc. 2026."""
    return _say_date(day, "d MMM y", language)


def date_range(first: date, last: date, language: Language) -> str:
    """Say from which day to which: du jeudi 8 au vendredi 9 décembre 2016."""
    if first == last:
        return date_in_words(first, language)
    return _PHRASES[language].range.format(
        first=_say_first_of(first, last, language), last=date_in_words(last, language)
    )


def dates(first: date, last: date, language: Language) -> str:
    """Say one day, two days that follow each other, or a range of days."""
    if last - first != timedelta(days=1):
        return date_range(first, last, language)
    return listed([_say_first_of(first, last, language), date_in_words(last, language)], language)


def weekdays(language: Language) -> list[str]:
    """List the days of the week, from Monday."""
    names = Locale.parse(LOCALES[language]).days["stand-alone"]["wide"]
    return [str(names[number]) for number in range(7)]


def listed(items: Sequence[str], language: Language) -> str:
    """Say things one after the other: Paris, Rabat et Tunis."""
    return format_list(items, locale=LOCALES[language])


def labelled(label: str, text: str, language: Language) -> str:
    """Say a text after its label; French sets the colon off by a space that does not break."""
    return f"{label}\u00a0: {text}" if language is Language.FRENCH else f"{label}: {text}"


def place(venue: Venue, language: Language) -> str:
    """Say where something takes place: Palais des congrès, Marrakech (Maroc)."""
    said = ", ".join(part for part in (venue.name, venue.city) if part)
    return f"{said} ({country_name(venue.country, language)})" if venue.country else said


@cache
def city(zone: str, language: Language) -> str:
    """Return the city that people name the hour of a zone by."""
    known = CITIES.get(zone)
    if known is not None:
        return known[language]
    # A look into CLDR's words only: Babel is not asked what time it is anywhere.
    words = Locale.parse(LOCALES[language]).time_zones.get(zone, {})
    return str(words.get("city") or zone.rsplit("/", 1)[-1].replace("_", " "))


def local_time(zones: Sequence[str], language: Language) -> str:
    """Name the hour of zones by their cities: heure de Paris et de Rabat."""
    cities = list(dict.fromkeys(city(zone, language) for zone in zones))
    if language is Language.FRENCH:
        return f"heure {listed([_of(name) for name in cities], language)}"
    if language is Language.ARABIC:
        return f"بتوقيت {listed(cities, language)}"
    return f"{listed(cities, language)} time"


def salutation(civility: Civility, language: Language) -> str:
    """Return how a letter addresses someone, without the comma that follows."""
    return labels.SALUTATIONS[civility].into(language)


def display_name(first_name: str, last_name: str) -> str:
    """Return a name as it stands in a text: Samira BENNANI."""
    return f"{first_name} {_in_capitals(last_name)}".strip()


def sort_name(last_name: str, first_name: str) -> str:
    """Return a name as it stands in a list: BENNANI Samira."""
    return f"{_in_capitals(last_name)} {first_name}".strip()


def countries(language: Language) -> list[tuple[str, str]]:
    """List the countries as code and name: France and Morocco, then as the language sorts."""
    return list(_sorted_countries(language))


def country_name(code: str, language: Language) -> str:
    """Return the name of a country; a code that is none is returned as it is."""
    return str(Locale.parse(LOCALES[language]).territories.get(code, code))


def language_label(language: Language, shown_in: Language) -> str:
    """Return the name of a language; in itself, when it is shown in that language."""
    return labels.LANGUAGES[language].into(shown_in)


def event_kind_label(kind: EventKind, language: Language) -> str:
    """Return what kind of event it is."""
    return labels.EVENT_KINDS[kind].into(language)


def mode_label(mode: Mode, language: Language) -> str:
    """Return how an event takes place."""
    return labels.MODES[mode].into(language)


def state_label(state: EventState, language: Language) -> str:
    """Return where an event stands."""
    return labels.EVENT_STATES[state].into(language)


def speaker_role_label(role: SpeakerRole, language: Language) -> str:
    """Return what a speaker's role is called."""
    return labels.SPEAKER_ROLES[role].into(language)


def side_label(side: Side, language: Language) -> str:
    """Return what a side that validates a programme is called."""
    return labels.SIDES[side].into(language)


def session_kind_label(kind: SessionKind, language: Language) -> str:
    """Return what kind of session it is."""
    return labels.SESSION_KINDS[kind].into(language)


def half_day_label(half_day: HalfDay, language: Language) -> str:
    """Return the part of a day."""
    return labels.HALF_DAYS[half_day].into(language)


def civility_label(civility: Civility, language: Language) -> str:
    """Return a civility as a form offers it."""
    return labels.CIVILITIES[civility].into(language)


def role_label(role: Role, language: Language) -> str:
    """Return in what capacity someone takes part."""
    return labels.ROLES[role].into(language)


def organization_kind_label(kind: OrganizationKind, language: Language) -> str:
    """Return what kind of organisation it is."""
    return labels.ORGANIZATION_KINDS[kind].into(language)


def attendance_mode_label(mode: AttendanceMode, language: Language) -> str:
    """Return where someone follows the event from."""
    return labels.ATTENDANCE_MODES[mode].into(language)


def status_label(status: RegistrationStatus, language: Language) -> str:
    """Return where a registration stands."""
    return labels.REGISTRATION_STATUSES[status].into(language)


def presence_label(presence: Presence, language: Language) -> str:
    """Return what was seen on site."""
    return labels.PRESENCES[presence].into(language)


def calendar_reply_label(reply: CalendarReply, language: Language) -> str:
    """Say what a person answered in her calendar."""
    return labels.CALENDAR_REPLIES[reply].into(language)


def mail_label(name: MailName, language: Language) -> str:
    """Return what organisers call a mail."""
    return labels.MAILS[name].into(language)


def organiser_role_label(role: OrganiserRole, language: Language) -> str:
    """Name what an organiser is there for."""
    return labels.ORGANISER_ROLES[role].into(language)


def sign_in_method_label(method: SignInMethod, language: Language) -> str:
    """Name what let an organiser in."""
    return labels.SIGN_IN_METHODS[method].into(language)


def share_label(share: Share, language: Language) -> str:
    """Name what an institution is shared at an event."""
    return labels.SHARES[share].into(language)


def audit_kind_label(kind: AuditKind, language: Language) -> str:
    """Name what was done: looked at, exported, changed."""
    return labels.AUDIT_KINDS[kind].into(language)


def mailing_state_label(state: MailingState, language: Language) -> str:
    """Return where a mailing stands."""
    return labels.MAILING_STATES[state].into(language)


def delivery_state_label(state: DeliveryState, language: Language) -> str:
    """Return what became of a delivery."""
    return labels.DELIVERY_STATES[state].into(language)


def _group_by_wall_time(
    instants: tuple[datetime, ...], zones: Sequence[str]
) -> list[tuple[tuple[datetime, ...], list[str]]]:
    """Return what the clocks show in the zones, those that agree together, in the given order."""
    groups: dict[tuple[datetime, ...], list[str]] = {}
    for zone in zones:
        walls = tuple(to_local(at, zone).replace(tzinfo=None) for at in instants)
        groups.setdefault(walls, []).append(zone)
    return list(groups.items())


def _say_span(start: datetime, end: datetime, today: date, language: Language) -> str:
    phrases = _PHRASES[language]
    clocks = {"start": _say_clock(start, language), "end": _say_clock(end, language)}
    if start.date() != end.date():
        first, last = (date_in_words(day, language) for day in (start.date(), end.date()))
        return phrases.across.format(first=first, last=last, **clocks)
    said = phrases.between.format(**clocks)
    if start.date() == today:
        return said
    return phrases.on.format(day=date_in_words(start.date(), language), hours=said)


def _say_other_hour(wall: datetime, today: date, language: Language) -> str:
    said = _say_clock(wall, language)
    if wall.date() == today:
        return said
    at = _PHRASES[language].at.format(start=said)
    return f"{date_in_words(wall.date(), language)} {at}"


def _say_clock(wall: datetime, language: Language) -> str:
    return wall.strftime(_PHRASES[language].clock)


def _of(name: str) -> str:
    """Return a French city after its preposition: de Paris, d’Alger, du Caire."""
    if name.startswith("Le "):
        return f"du {name[3:]}"
    return f"d’{name}" if _sort_key(name)[:1] in "aeiou" else f"de {name}"


def _say_date(day: date, pattern: str, language: Language) -> str:
    if language is Language.FRENCH and day.day == 1:
        # CLDR has no ordinal, and French wants one for the first of the month.
        pattern = re.sub(r"\bd\b", "'1er'", pattern)
    return format_date(day, pattern, locale=LOCALES[language])


def _say_first_of(first: date, last: date, language: Language) -> str:
    """Say the first of two dates without what the second one repeats."""
    pattern = "EEEE d MMMM y"
    if first.year == last.year:
        pattern = "EEEE d" if first.month == last.month else "EEEE d MMMM"
    return _say_date(first, pattern, language)


def _in_capitals(last_name: str) -> str:
    """Return a last name in capitals with its accents; a particle typed small stays so."""
    particle = NAME_PARTICLE.match(last_name)
    end = particle.end() if particle else 0
    return last_name[:end] + last_name[end:].upper()


@cache
def _sorted_countries(language: Language) -> tuple[tuple[str, str], ...]:
    codes = {str(code) for code in Locale.parse(LOCALES[language]).territories}
    codes = {code for code in codes if re.fullmatch("[A-Z]{2}", code)} - NOT_COUNTRIES
    names = {code: country_name(code, language) for code in codes}
    others = sorted(codes.difference(FIRST_COUNTRIES), key=lambda code: _sort_key(names[code]))
    return tuple((code, names[code]) for code in (*FIRST_COUNTRIES, *others))


def _sort_key(text: str) -> str:
    """Return a text as a dictionary sorts it: accents and case do not count."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
