"""The calendar entry that a letter carries: which days, which method, from whom to whom.

An invitation or a cancellation is one entry, for calendars take up one a message; an assistant's
copy has all days in a plain file, which nobody is invited by.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from webinars import calendar
from webinars.calendar import Entry, Holder, files
from webinars.letters.cases import TAKE_OUT, Case
from webinars.mail import compose
from webinars.mail.compose import CalendarPart
from webinars.models import CalendarMethod, MailName, RegistrationStatus
from webinars.programme import Day


class Lines(NamedTuple):
    """A calendar file, not folded yet."""

    lines: list[str]
    method: CalendarMethod


def make(case: Case) -> CalendarPart | None:
    """Make the calendar part of a letter; `None` where it has none."""
    written = write(case)
    if written is None:
        return None
    content = b"".join(files.fold(line) for line in written.lines)
    return make_part(content, written.method)


def make_part(content: bytes, method: CalendarMethod) -> CalendarPart:
    """Make a part of a calendar file; one that invites nobody is a plain attachment."""
    return CalendarPart(content, method, as_file=method is CalendarMethod.PUBLISH)


def write(case: Case) -> Lines | None:
    """Write the lines of a letter's calendar file; `None` where it has none."""
    is_copy = case.variant.is_copy
    match case.variant.template:
        case MailName.CONFIRMATION if is_copy and case.is_on:
            return _write_lines(case, _list_own(case), CalendarMethod.PUBLISH)
        case MailName.CONFIRMATION | MailName.CALENDAR_DAY if case.is_on:
            method = CalendarMethod.PUBLISH if is_copy else CalendarMethod.REQUEST
            return _write_lines(case, [_find_entry(case)], method)
        case MailName.MESSAGE if case.brings_written_entry:
            if is_copy:
                return _write_lines(case, _list_own(case), CalendarMethod.PUBLISH)
            return _write_lines(case, [_find_entry(case)], CalendarMethod.REQUEST)
        case MailName.EVENT_MOVED | MailName.EVENT_CHANGED if case.brings_entry:
            if is_copy:
                return _write_lines(case, _list_own(case), CalendarMethod.PUBLISH)
            return _write_lines(case, [_find_entry(case)], CalendarMethod.REQUEST)
        case template if template in TAKE_OUT and case.takes_out_entry:
            return _write_lines(case, [_find_entry(case)], CalendarMethod.CANCEL)
    return None


def _write_lines(case: Case, entries: list[Entry], method: CalendarMethod) -> Lines:
    if case.variant.is_test:
        entries = [
            replace(entry, summary=f"{compose.TEST_MARK} {entry.summary}") for entry in entries
        ]
    return Lines(files.write_lines(entries, method), method)


def _list_own(case: Case) -> list[Entry]:
    return _write_entries(case, case.days)


def _write_entries(case: Case, days: Sequence[Day]) -> list[Entry]:
    written = calendar.personal_entries(
        case.dated,
        _find_holder(case),
        days,
        event_url=case.event_url,
        origin=calendar.make_origin(case.event, host=case.site.host, sender=case.site.sender),
        language=case.language,
        stamped_at=case.person.written_at,
        sequence=case.variant.calendar_sequence,
    )
    return [entry for _, entry in written]


def _find_holder(case: Case) -> Holder:
    person, variant = case.person, case.variant
    is_online = calendar.attends_online(case.dated, variant.attendance_mode)
    return Holder(
        public_id=person.public_id,
        generation=variant.calendar_generation,
        name=person.attendee_name,
        email=person.attendee_email,
        registered_at=person.registered_at,
        gate_url=person.gate_url if is_online else "",
        is_cancelled=variant.status is RegistrationStatus.CANCELLED,
        may_reply=case.site.reads_replies,
    )


def _find_entry(case: Case) -> Entry:
    """Find the entry of the delivery's day; it may be one that the person no longer attends."""
    [entry] = _write_entries(case, [case.get_day()])
    return entry
