"""From a case to what its mail may say, in words and in the reader's language.

Pure. Templates choose words and order; every fact, hour and link that they may name is put into
words here. What is said about a change is `changed`; what many mails have in common is `facts`.
"""

from collections.abc import Callable

from webinars import phrasing
from webinars.letters import changed, facts, written
from webinars.letters.cases import Case
from webinars.mail import contexts
from webinars.mail.contexts import EventContext, SignatoryLine
from webinars.models import MailName


def _confirmation(case: Case) -> EventContext:
    return contexts.Confirmation(
        event=facts.say_event(case),
        person=facts.say_person(case),
        link=facts.say_link(case),
        has_calendar=case.is_on,
        is_update=case.variant.is_update,
        chosen=facts.say_sessions(case, case.chosen),
        full=facts.say_sessions(case, case.full),
        venue=facts.say_venue(case),
        programme_status=facts.find_programme_status(case),
        signatories=tuple(
            SignatoryLine(one.name, one.title, one.institution) for one in case.event.signatories
        ),
    )


def _calendar_day(case: Case) -> EventContext:
    day = case.get_day()
    return contexts.CalendarDay(
        event=facts.say_event(case, about=day.date),
        person=facts.say_person(case),
        is_update=case.variant.is_of_change,
        day=phrasing.date_in_words(day.date, case.language),
        sessions=facts.say_sessions(case, day.sessions),
        venue=facts.say_venue(case),
    )


def _waiting_list(case: Case) -> EventContext:
    until = case.event.priority_until_at if case.variant.is_reserved else None
    return contexts.WaitingList(
        event=facts.say_event(case),
        person=facts.say_person(case),
        priority_first=case.event.priority is not None,
        has_priority=case.variant.has_priority,
        priority_until=case.instant(until),
    )


def _registration_received(case: Case) -> EventContext:
    return contexts.RegistrationReceived(event=facts.say_event(case), person=facts.say_person(case))


def _registration_declined(case: Case) -> EventContext:
    reason = case.variant.decline_reason.splitlines()
    return contexts.RegistrationDeclined(
        event=facts.say_event(case),
        person=facts.say_person(case),
        reason=tuple(line for line in reason if line.strip()),
    )


def _registration_cancelled(case: Case) -> EventContext:
    day = None if case.variant.ordinal is None else case.get_day().date
    return contexts.RegistrationCancelled(
        event=facts.say_event(case, about=day),
        person=facts.say_person(case),
        day="" if day is None else phrasing.date_in_words(day, case.language),
        was_confirmed=case.variant.was_confirmed,
        is_of_change=case.variant.is_of_change,
        is_off=bool(case.event.cancelled_at or case.event.postponed_at),
    )


def _own_link(case: Case) -> EventContext:
    return contexts.OwnLink(
        event=facts.say_event(case),
        person=facts.say_person(case),
        status=phrasing.status_label(case.variant.status, case.language),
    )


def _reminder(case: Case) -> EventContext:
    return contexts.Reminder(
        event=facts.say_event(case), person=facts.say_person(case), link=facts.say_link(case)
    )


def _practical_information(case: Case) -> EventContext:
    return contexts.PracticalInformation(
        event=facts.say_event(case),
        person=facts.say_person(case),
        venue=facts.say_venue(case),
        chosen=facts.say_sessions(case, case.chosen),
        programme_status=facts.find_programme_status(case),
    )


def _connection_link(case: Case) -> EventContext:
    return contexts.ConnectionLink(
        event=facts.say_event(case), person=facts.say_person(case), link=facts.say_way_in(case)
    )


def _thanks(case: Case) -> EventContext:
    return contexts.Thanks(event=facts.say_event(case), person=facts.say_person(case))


def _room_missing(case: Case) -> EventContext:
    slug = case.event.slug
    return contexts.RoomMissing(
        event=facts.say_event(case),
        slug=slug,
        link_due=case.instant(case.variant.link_due_at or case.event.starts_at),
        organiser_url=f"{case.site.links.base_url}/organiser/events/{slug}/",
    )


def _represented(case: Case) -> EventContext:
    return contexts.Represented(
        event=facts.say_event(case),
        person=facts.say_person(case),
        has_calendar=case.takes_out_entry,
    )


def _calendar_declined(case: Case) -> EventContext:
    day = case.get_day().date
    has_several = len(case.days) > 1 and case.variant.ordinal is not None
    return contexts.CalendarDeclined(
        event=facts.say_event(case, about=day),
        person=facts.say_person(case),
        day=phrasing.date_in_words(day, case.language) if has_several else "",
    )


def _change_requested(case: Case) -> EventContext:
    return contexts.ChangeRequested(event=facts.say_event(case), person=facts.say_person(case))


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
    MailName.EVENT_MOVED: changed.event_moved,
    MailName.EVENT_CHANGED: changed.event_changed,
    MailName.EVENT_POSTPONED: changed.event_postponed,
    MailName.EVENT_CANCELLED: changed.event_cancelled,
    MailName.RECONFIRM_REMINDER: changed.reconfirm_reminder,
    MailName.REPRESENTED: _represented,
    MailName.CALENDAR_DECLINED: _calendar_declined,
    MailName.CHANGE_REQUESTED: _change_requested,
    MailName.ZONE_CHANGED: changed.zone_changed,
    MailName.MESSAGE: written.message,
}
"""What gathers the facts of each mail."""
