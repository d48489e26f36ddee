"""The facts that many mails have in common, in words and in the reader's language. Pure."""

from collections.abc import Iterable
from datetime import date
from functools import cache

from babel.units import format_unit

from webinars import labels, phrasing
from webinars.letters.cases import Case
from webinars.mail import compose
from webinars.mail.contexts import EventFacts, LinkFacts, PersonFacts, SessionLine
from webinars.models import (
    ContactPoint,
    Event,
    EventInstitution,
    Language,
    ProgrammeStatus,
    Session,
)
from webinars.programme import Day


def say_event(case: Case, *, about: date | None = None) -> EventFacts:
    """Say what every mail says of its event, and which day this one is about: or the first."""
    return say_event_of(case.event, case.language, case.event_url, about=about)


def say_event_of(
    event: Event, language: Language, url: str, *, about: date | None = None
) -> EventFacts:
    """Say of an event what every mail says of it."""
    return EventFacts(
        title=event.title.into(language),
        title_language=event.title.language_shown(language),
        when=(
            phrasing.when(event, language)
            if event.postponed_at is None
            else labels.DATE_TO_COME.into(language)
        ),
        short_date=phrasing.short_date(about or event.starts_on, language),
        url=url,
        organisers=tuple(_name_institution(one) for one in event.institutions),
        contacts=tuple(_without_bad_address(one) for one in event.contacts),
    )


def find_reply_to(event: Event, source: str = "") -> str | None:
    """Find who answers: the contact of the institution that has the person, or the first."""
    reachable = [one for one in event.contacts if compose.is_address(one.email)]
    own = [one for one in reachable if one.institution == source]
    return next((one.email for one in [*own, *reachable]), None)


def _name_institution(part: EventInstitution) -> str:
    acronym = part.institution.acronym
    return part.name if acronym in part.name else f"{part.name} ({acronym})"


def _without_bad_address(contact: ContactPoint) -> ContactPoint:
    email = contact.email if compose.is_address(contact.email) else ""
    return ContactPoint(contact.name, contact.institution, email, contact.phone)


def say_person(case: Case) -> PersonFacts:
    """Say whom a mail concerns."""
    person = case.person
    return PersonFacts(
        salutation=person.salutation,
        name=person.name,
        organization=person.organization,
        reference=person.reference,
        page_url=person.page_url,
        cancel_url=person.cancel_url,
        reconfirm_url=person.reconfirm_url,
        substitute=person.substitute,
        in_place_of=person.in_place_of,
        request=person.request,
        organiser_url=person.organiser_url,
        is_copy=case.variant.is_copy,
        rights_contact=case.event.notice.rights_contact,
        unsubscribe_url=person.unsubscribe_url,
    )


def say_link(case: Case) -> LinkFacts:
    """Say when the link will come; from then on, show it: who registers late gets no other mail."""
    follows = case.is_online and case.is_on
    if follows and case.variant.link_is_due:
        return say_way_in(case)
    due = case.instant(case.variant.link_due_at) if follows else ""
    return LinkFacts(
        gate_url="",
        due=due,
        opens="",
        is_open=False,
        opens_before="",
        dial_in="",
        several_days=len(case.days) > 1,
    )


def say_way_in(case: Case) -> LinkFacts:
    """Say the link and when it lets in."""
    window = case.window
    return LinkFacts(
        gate_url=case.person.gate_url,
        due="",
        opens=case.instant(window.opens_at) if window.day.hours_known else "",
        is_open=case.variant.is_open,
        opens_before=_say_minutes(case.event.gate_opens_minutes, case.language),
        dial_in=case.event.dial_in or "",
        several_days=len(case.days) > 1,
    )


@cache
def _say_minutes(minutes: int, language: Language) -> str:
    locale = phrasing.LOCALES[language]
    return format_unit(minutes, "duration-minute", length="long", locale=locale)


def say_sessions(case: Case, sessions: Iterable[Session]) -> tuple[SessionLine, ...]:
    """Say sessions as they are now."""
    return tuple(say_session(case.event, session, case.language) for session in sessions)


def say_session(event: Event, session: Session, language: Language) -> SessionLine:
    """Say a session of an event: of the present one, or of what it was."""
    return SessionLine(
        title=session.title.into(language),
        when=say_session_time(event, session, language),
        room=session.room or "",
    )


def say_session_time(event: Event, session: Session, language: Language) -> str:
    """Say when a session is: its hours, else its half-day; the date where there are several."""
    is_one_day = event.starts_on == event.ends_on
    if session.starts_at is not None:
        say = phrasing.hours if is_one_day else phrasing.period
        return say(session.starts_at, session.ends_at, list_zones(event), language)
    said = [] if is_one_day else [phrasing.date_in_words(session.day, language)]
    if session.half_day is not None:
        said.append(phrasing.half_day_label(session.half_day, language).lower())
    return phrasing.COMMA[language].join(said)


def say_day(event: Event, day: Day, language: Language) -> str:
    """Say a day with its hours, where they are known."""
    if not day.hours_known:
        return phrasing.date_in_words(day.date, language)
    return phrasing.period(day.starts_at, day.ends_at, list_zones(event), language)


def list_zones(event: Event) -> tuple[str, ...]:
    """List the zones that the hours of an event are said in."""
    return event.display_timezones or (event.timezone,)


def say_venue(case: Case) -> str:
    """Say where one goes; nothing to who follows online."""
    if case.is_online or case.event.venue is None:
        return ""
    return phrasing.place(case.event.venue, case.language)


def find_programme_status(case: Case) -> ProgrammeStatus:
    """Find how far the programme is validated; without one there is nothing to validate."""
    return case.event.programme_status if case.event.sessions else ProgrammeStatus.FINAL
