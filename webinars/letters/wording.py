"""From a case to what its mail may say, in words and in the reader's language.

Pure. Templates choose words and order; every fact, hour and link that they may name is put into
words here.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache

from babel.units import format_unit

from webinars import phrasing
from webinars.letters.cases import Case
from webinars.mail import compose, contexts
from webinars.mail.contexts import (
    EventContext,
    EventFacts,
    LinkFacts,
    PersonFacts,
    SessionLine,
    SignatoryLine,
)
from webinars.models import (
    ContactPoint,
    EventInstitution,
    Language,
    MailName,
    ProgrammeStatus,
    Session,
)


def _confirmation(case: Case) -> EventContext:
    return contexts.Confirmation(
        event=_say_event(case),
        person=_say_person(case),
        link=_say_link(case),
        is_update=case.variant.is_update,
        chosen=_say_sessions(case, case.chosen),
        full=_say_sessions(case, case.full),
        venue=_say_venue(case),
        programme_status=_find_programme_status(case),
        signatories=tuple(
            SignatoryLine(one.name, one.title, one.institution) for one in case.event.signatories
        ),
    )


def _calendar_day(case: Case) -> EventContext:
    day = case.get_day()
    return contexts.CalendarDay(
        event=_say_event(case, about=day.date),
        person=_say_person(case),
        day=phrasing.date_in_words(day.date, case.language),
        sessions=_say_sessions(case, day.sessions),
        venue=_say_venue(case),
    )


def _waiting_list(case: Case) -> EventContext:
    until = case.event.priority_until_at if case.variant.is_reserved else None
    return contexts.WaitingList(
        event=_say_event(case),
        person=_say_person(case),
        priority_first=case.event.priority is not None,
        has_priority=case.variant.has_priority,
        priority_until=case.instant(until),
    )


def _registration_received(case: Case) -> EventContext:
    return contexts.RegistrationReceived(event=_say_event(case), person=_say_person(case))


def _registration_declined(case: Case) -> EventContext:
    reason = case.variant.decline_reason.splitlines()
    return contexts.RegistrationDeclined(
        event=_say_event(case),
        person=_say_person(case),
        reason=tuple(line for line in reason if line.strip()),
    )


def _registration_cancelled(case: Case) -> EventContext:
    day = None if case.variant.ordinal is None else case.get_day().date
    return contexts.RegistrationCancelled(
        event=_say_event(case, about=day),
        person=_say_person(case),
        day="" if day is None else phrasing.date_in_words(day, case.language),
        was_confirmed=case.variant.was_confirmed,
    )


def _own_link(case: Case) -> EventContext:
    return contexts.OwnLink(
        event=_say_event(case),
        person=_say_person(case),
        status=phrasing.status_label(case.variant.status, case.language),
    )


def _reminder(case: Case) -> EventContext:
    return contexts.Reminder(event=_say_event(case), person=_say_person(case), link=_say_link(case))


def _practical_information(case: Case) -> EventContext:
    return contexts.PracticalInformation(
        event=_say_event(case),
        person=_say_person(case),
        venue=_say_venue(case),
        chosen=_say_sessions(case, case.chosen),
        programme_status=_find_programme_status(case),
    )


def _connection_link(case: Case) -> EventContext:
    return contexts.ConnectionLink(
        event=_say_event(case), person=_say_person(case), link=_say_way_in(case)
    )


def _thanks(case: Case) -> EventContext:
    return contexts.Thanks(event=_say_event(case), person=_say_person(case))


def _room_missing(case: Case) -> EventContext:
    slug = case.event.slug
    return contexts.RoomMissing(
        event=_say_event(case),
        slug=slug,
        link_due=case.instant(case.variant.link_due_at or case.event.starts_at),
        organiser_url=f"{case.site.links.base_url}/organiser/events/{slug}/",
    )


WRITERS: dict[MailName, Callable[[Case], EventContext]] = {
    MailName.CONFIRMATION: _confirmation,
    MailName.CALENDAR_DAY: _calendar_day,
    MailName.WAITING_LIST: _waiting_list,
    MailName.REGISTRATION_RECEIVED: _registration_received,
    MailName.REGISTRATION_DECLINED: _registration_declined,
    MailName.REGISTRATION_CANCELLED: _registration_cancelled,
    MailName.OWN_LINK: _own_link,
    MailName.REMINDER: _reminder,
    MailName.PRACTICAL_INFORMATION: _practical_information,
    MailName.CONNECTION_LINK: _connection_link,
    MailName.THANKS: _thanks,
    MailName.ROOM_MISSING: _room_missing,
}
"""What gathers the facts of each mail."""


def _say_event(case: Case, *, about: date | None = None) -> EventFacts:
    """Say what every mail says of its event, and which day this one is about: or the first."""
    event = case.event
    return EventFacts(
        title=event.title.into(case.language),
        title_language=event.title.language_shown(case.language),
        when=phrasing.when(event, case.language),
        short_date=phrasing.short_date(about or event.starts_on, case.language),
        url=case.event_url,
        organisers=tuple(_name_institution(one) for one in event.institutions),
        contacts=tuple(_without_bad_address(one) for one in event.contacts),
    )


def _name_institution(part: EventInstitution) -> str:
    acronym = part.institution.acronym
    return part.name if acronym in part.name else f"{part.name} ({acronym})"


def _without_bad_address(contact: ContactPoint) -> ContactPoint:
    email = contact.email if compose.is_address(contact.email) else ""
    return ContactPoint(contact.name, contact.institution, email, contact.phone)


def _say_person(case: Case) -> PersonFacts:
    person = case.person
    return PersonFacts(
        salutation=person.salutation,
        name=person.name,
        organization=person.organization,
        reference=person.reference,
        page_url=person.page_url,
        is_copy=case.variant.is_copy,
        rights_contact=case.event.notice.rights_contact,
        unsubscribe_url=person.unsubscribe_url,
    )


def _say_link(case: Case) -> LinkFacts:
    """Say when the link will come; from then on, show it: who registers late gets no other mail."""
    if case.is_online and case.variant.link_is_due:
        return _say_way_in(case)
    due = case.instant(case.variant.link_due_at) if case.is_online else ""
    return LinkFacts(
        gate_url="",
        due=due,
        opens="",
        is_open=False,
        opens_before="",
        dial_in="",
        several_days=len(case.days) > 1,
    )


def _say_way_in(case: Case) -> LinkFacts:
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


def _say_sessions(case: Case, sessions: Iterable[Session]) -> tuple[SessionLine, ...]:
    return tuple(
        SessionLine(
            title=session.title.into(case.language),
            when=_say_session_time(case, session),
            room=session.room or "",
        )
        for session in sessions
    )


def _say_session_time(case: Case, session: Session) -> str:
    """Say when a session is: its hours, else its half-day; the date where there are several."""
    event = case.event
    zones = event.display_timezones or (event.timezone,)
    is_one_day = event.starts_on == event.ends_on
    if session.starts_at is not None:
        say = phrasing.hours if is_one_day else phrasing.period
        return say(session.starts_at, session.ends_at, zones, case.language)
    said = [] if is_one_day else [phrasing.date_in_words(session.day, case.language)]
    if session.half_day is not None:
        said.append(phrasing.half_day_label(session.half_day, case.language).lower())
    return phrasing.COMMA[case.language].join(said)


def _say_venue(case: Case) -> str:
    if case.is_online or case.event.venue is None:
        return ""
    return phrasing.place(case.event.venue, case.language)


def _find_programme_status(case: Case) -> ProgrammeStatus:
    """Find how far the programme is validated; without one there is nothing to validate."""
    return case.event.programme_status if case.event.sessions else ProgrammeStatus.FINAL
