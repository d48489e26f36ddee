"""The calendar entry that a letter carries: which days, which method, from whom to whom.

An invitation or a cancellation is one entry, for calendars take up one a message; an assistant's
copy has all days in a plain file, which nobody is invited by.
"""

from collections.abc import Collection
from dataclasses import replace

from webinars import calendar
from webinars.calendar import Entry
from webinars.letters.cases import Case
from webinars.mail import compose
from webinars.mail.compose import CalendarPart
from webinars.models import (
    CalendarMethod,
    MailName,
    RegistrationStatus,
)
from webinars.programme import Day


def make(case: Case) -> CalendarPart | None:
    """Make the calendar part of a letter; `None` where it has none."""
    match case.delivery.template:
        case MailName.CONFIRMATION if case.delivery.is_copy:
            entries = [entry for _, entry in _list_entries(case, case.codes)]
            return _make_part(case, entries, CalendarMethod.PUBLISH)
        case MailName.CONFIRMATION | MailName.CALENDAR_DAY:
            method = CalendarMethod.PUBLISH if case.delivery.is_copy else CalendarMethod.REQUEST
            return _make_part(case, [_find_entry(case)], method)
        case MailName.REGISTRATION_CANCELLED if _takes_out(case):
            return _make_part(case, [_find_entry(case)], CalendarMethod.CANCEL)
    return None


def _make_part(case: Case, entries: list[Entry], method: CalendarMethod) -> CalendarPart:
    if case.is_test:
        entries = [
            replace(entry, summary=f"{compose.TEST_MARK} {entry.summary}") for entry in entries
        ]
    content = calendar.build(entries, method)
    return CalendarPart(content, method, as_file=method is CalendarMethod.PUBLISH)


def _list_entries(case: Case, codes: Collection[str]) -> list[tuple[Day, Entry]]:
    """List the entries of the days that someone attends who chose these sessions."""
    return calendar.registration_entries(
        case.event,
        case.registration,
        codes,
        gate_url=case.gate_url,
        event_url=case.event_url,
        origin=calendar.make_origin(case.event, host=case.links.host, sender=case.sender),
        language=case.language,
        stamped_at=case.delivery.created_at,
        sequence=case.delivery.calendar_sequence,
    )


def _find_entry(case: Case) -> Entry:
    """Find the entry of the delivery's day; it may be one that the person no longer attends."""
    wanted = case.get_day().date
    codes: Collection[str] = case.codes
    if wanted not in {day.date for day in case.days}:
        codes = [session.code for session in case.event.sessions]
    return next(entry for day, entry in _list_entries(case, codes) if day.date == wanted)


def _takes_out(case: Case) -> bool:
    """Tell whether the person was invited to what is cancelled, and has not come back since."""
    was_invited = case.registration.confirmed_at is not None and not case.delivery.is_copy
    is_given_up = case.registration.status is RegistrationStatus.CANCELLED
    return was_invited and (is_given_up or case.delivery.day is not None)
