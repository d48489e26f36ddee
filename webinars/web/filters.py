"""What templates turn values into words with: in the page's language, hours in each display zone.

The words themselves are in `webinars.phrasing`; here they only meet the language of the page.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Protocol

from flask import Flask, current_app, url_for
from jinja2 import StrictUndefined
from markupsafe import Markup, escape

from webinars import phrasing
from webinars.models import (
    Event,
    EventInstitution,
    FormerDates,
    Priority,
    Registration,
    Session,
    Shown,
    Translated,
    Venue,
)
from webinars.web.languages import direction_of, get_language
from webinars.web.languages import gettext as _
from webinars.zones import to_instant

LABELS: dict[str, Callable[..., str]] = {
    "AttendanceMode": phrasing.attendance_mode_label,
    "AuditKind": phrasing.audit_kind_label,
    "CalendarReply": phrasing.calendar_reply_label,
    "Civility": phrasing.civility_label,
    "DeliveryState": phrasing.delivery_state_label,
    "EventKind": phrasing.event_kind_label,
    "EventState": phrasing.state_label,
    "HalfDay": phrasing.half_day_label,
    "Language": phrasing.language_label,
    "MailName": phrasing.mail_label,
    "MailingState": phrasing.mailing_state_label,
    "Mode": phrasing.mode_label,
    "OrganiserRole": phrasing.organiser_role_label,
    "OrganizationKind": phrasing.organization_kind_label,
    "Presence": phrasing.presence_label,
    "RegistrationStatus": phrasing.status_label,
    "Role": phrasing.role_label,
    "SessionKind": phrasing.session_kind_label,
    "Share": phrasing.share_label,
    "SignInMethod": phrasing.sign_in_method_label,
    "Side": phrasing.side_label,
    "SpeakerRole": phrasing.speaker_role_label,
}


class Named(Protocol):
    """Someone with a name: registered, invited, or among the contacts."""

    @property
    def first_name(self) -> str: ...

    @property
    def last_name(self) -> str: ...


ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def set_up(app: Flask) -> None:
    """Give the templates their filters; a value that is missing is a fault, never a blank."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    for filter_ in FILTERS:
        app.jinja_env.filters[filter_.__name__] = filter_
    app.jinja_env.globals.update(asset=asset, comma=comma)


def into(text: Translated | str) -> Markup:
    """Return a text in the page's language; one that is not translated says which it is in."""
    if isinstance(text, str):
        return Markup('<bdi dir="auto">{}</bdi>').format(text)
    language = get_language()
    shown = text.language_shown(language)
    if shown == language:
        return escape(text.into(language))
    said = Markup('<bdi lang="{}" dir="{}">{}</bdi>')
    return said.format(shown.value, direction_of(shown), text.into(language))


def plain(text: Translated) -> str:
    """Return a text in the page's language without any markup: for titles and attributes."""
    return text.into(get_language())


def label(value: StrEnum) -> str:
    """Return the word for a state, a kind or a role."""
    return LABELS[type(value).__name__](value, get_language())


def comma() -> str:
    """Return the comma of the page's language, and the space after it."""
    return phrasing.COMMA[get_language()]


def when(event: Event) -> str:
    """Return the dates of an event and its hours in each display zone."""
    return phrasing.when(event, get_language())


def date_words(day: date) -> str:
    """Return a date with its weekday, in words."""
    return phrasing.date_in_words(day, get_language())


def short_date(day: date) -> str:
    """Return a date in digits."""
    return phrasing.short_date(day, get_language())


def instant(at: datetime, zones: Sequence[str]) -> str:
    """Return an instant in words, in each of the zones."""
    return phrasing.instant(at, zones, get_language())


def short_instant(at: datetime, zones: Sequence[str]) -> str:
    """Return an instant briefly, in each of the zones."""
    return phrasing.short_instant(at, zones, get_language())


def hours(starts_at: datetime, zones: Sequence[str], ends_at: datetime | None = None) -> str:
    """Return the hours of something, in each of the zones."""
    return phrasing.hours(starts_at, ends_at, zones, get_language())


def hours_lines(
    starts_at: datetime, zones: Sequence[str], ends_at: datetime | None = None
) -> list[str]:
    """Return the hours of something, a line for each zone whose clock differs."""
    return hours(starts_at, zones, ends_at).split(" / ")


def zones(event: Event) -> tuple[str, ...]:
    """Return the zones that the hours of an event are shown in."""
    return event.display_timezones or (event.timezone,)


def session_when(session: Session, event: Event) -> str:
    """Return the day of a session, and its hours or its part of the day."""
    language = get_language()
    if session.starts_at is not None:
        return phrasing.period(session.starts_at, session.ends_at, zones(event), language)
    day = date_words(session.day)
    return f"{day}, {lower_first(label(session.half_day))}" if session.half_day else day


def former_dates(former: FormerDates) -> str:
    """Return dates that were announced before."""
    days = [
        day.date() if isinstance(day, datetime) else day for day in (former.starts, former.ends)
    ]
    return phrasing.dates(days[0], days[1], get_language())


def former_hours(former: FormerDates, event: Event) -> str:
    """Return the hours that were announced before for an event, in each of its zones."""
    local = [at for at in (former.starts, former.ends) if isinstance(at, datetime)]
    instants = [to_instant(at, event.timezone) for at in local]
    if not instants:
        return former_dates(former)
    return hours(instants[0], zones(event), instants[1] if len(instants) > 1 else None)


def is_same_day(former: FormerDates, event: Event) -> bool:
    """Tell whether an event is held on the days that were announced before, at other hours."""
    days = [
        day.date() if isinstance(day, datetime) else day for day in (former.starts, former.ends)
    ]
    has_hours = isinstance(former.starts, datetime)
    return has_hours and days == [event.starts_on, event.ends_on]


def struck(text: str) -> Markup:
    """Return what holds no longer, struck out."""
    return Markup("<s>{}</s>").format(text)


def former_when(shown: Shown, event: Event) -> str:
    """Return the dates and hours of an event as people were shown them before."""
    return phrasing.when_shown(shown, zones(event), get_language())


def country(code: str) -> str:
    """Return the name of a country."""
    return phrasing.country_name(code, get_language())


def place(venue: Venue) -> str:
    """Return where something takes place."""
    return phrasing.place(venue, get_language())


def acronyms(institutions: Sequence[EventInstitution]) -> str:
    """Return who organises an event, briefly."""
    names = list(dict.fromkeys(one.institution.acronym for one in institutions))
    return phrasing.listed(names, get_language()) if names else ""


def controllers(event: Event) -> str:
    """Return who answers for the data: full names, where the notice gives acronyms."""
    names = {one.institution.acronym: one.name for one in event.institutions}
    shown = event.notice.controllers or tuple(names)
    return phrasing.listed([names.get(one, one) for one in shown], get_language())


def audience(priority: Priority) -> str:
    """Return who goes first: kinds of organisation, then countries."""
    kinds = [lower_first(label(kind)) for kind in priority.kinds]
    countries = [country(code) for code in priority.countries]
    parts = [phrasing.listed(part, get_language()) for part in (kinds, countries) if part]
    return " – ".join(parts)


def full_name(person: Named) -> str:
    """Return the name of a person as a text says it."""
    return phrasing.display_name(person.first_name, person.last_name)


def short_name(person: Registration) -> str:
    """Return a name that tells its owner who is meant, and a stranger little: Samira B."""
    initial = person.last_name.strip()[:1]
    return f"{person.first_name} {initial}." if person.first_name else person.last_name


def dialled(phone: str) -> str:
    """Return a telephone number as it is dialled."""
    return "".join(letter for letter in phone if letter.isdigit() or letter == "+")


def lower_first(text: str) -> str:
    """Return a label as it stands within a sentence."""
    return text[:1].lower() + text[1:]


def size(count: int) -> str:
    """Return the size of a file as people read it."""
    if count < 1_000_000:
        return _("%(count)s ko", count=max(1, round(count / 1000)))
    return _("%(count)s Mo", count=round(count / 1_000_000))


def into_paragraphs(text: Translated) -> Markup:
    """Return a text of several paragraphs in the page's language."""
    language = get_language()
    shown = text.language_shown(language)
    said = Markup('<div lang="{}" dir="{}">{}</div>')
    return said.format(shown.value, direction_of(shown), paragraphs(text.into(language)))


def paragraphs(text: str) -> Markup:
    """Return a text whose empty lines part paragraphs."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return Markup("\n").join(Markup('<p dir="auto">{}</p>').format(part) for part in parts)


def linked(text: str) -> Markup:
    """Return a text with the addresses in it made into links."""
    parts, done = [], 0
    for found in ADDRESS.finditer(text):
        parts.append(escape(text[done : found.start()]))
        scheme = "" if "://" in found.group() else "mailto:"
        parts.append(Markup('<a href="{}{}" dir="ltr">{}</a>').format(scheme, found[0], found[0]))
        done = found.end()
    return Markup("").join([*parts, escape(text[done:])])


def asset(name: str) -> str:
    """Return the address of a file of our own, which changes whenever its content does."""
    static = current_app.static_folder or ""
    return url_for("static", filename=name, v=_digest(Path(static, name)))


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


FILTERS: tuple[Callable[..., object], ...] = (
    acronyms,
    audience,
    controllers,
    country,
    date_words,
    dialled,
    former_dates,
    former_hours,
    former_when,
    full_name,
    hours,
    hours_lines,
    instant,
    into,
    into_paragraphs,
    is_same_day,
    label,
    linked,
    lower_first,
    paragraphs,
    place,
    plain,
    session_when,
    short_date,
    short_instant,
    short_name,
    size,
    struck,
    when,
    zones,
)
