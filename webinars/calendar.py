"""Days of an event as iCalendar: what a confirmation carries and what the pages offer as a file.

Pure, and the only user of `ics`, whose faults are cured here: METHOD after the events, the alarm
before other properties (Outlook refuses both), names that are not quoted, addresses that are
escaped as text, lines that are not folded. Instants are written in UTC, so that no zone data of a
telephone can move them; the hours are repeated in words, with their cities.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parseaddr
from typing import Any
from urllib.parse import quote

from ics import Attendee, Calendar, DisplayAlarm, Event, Organizer
from ics.grammar.parse import ContentLine
from ics.serializers.event_serializer import EventSerializer
from ics.serializers.icalendar_serializer import CalendarSerializer

from webinars import labels, models, phrasing, programme
from webinars.models import (
    AttendanceMode,
    CalendarMethod,
    EventStatus,
    InstitutionRole,
    Language,
    Mode,
    RegistrationStatus,
)
from webinars.programme import Day

PRODUCT = "-//Webinars//Registrations 1//EN"
ALARM_BEFORE = timedelta(minutes=15)
FOLD_OCTETS = 75
"""Longest line without its end (RFC 5545, 3.1)."""

ADDRESS_SAFE = "@!$'*+-._~="
LINE_BREAKS = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")


@dataclass(frozen=True)
class Origin:
    """What all entries of the service have in common."""

    host: str
    """Of the pages' address; it makes the UIDs the service's own."""
    organizer_name: str
    organizer_email: str
    """The sender of the mails: calendars compare the two."""


def make_origin(event: models.Event, *, host: str, sender: str) -> Origin:
    """Name the first pilot as the organiser, at the address that the mails come from."""
    name, address = parseaddr(sender)
    pilots = (one.name for one in event.institutions if one.role is InstitutionRole.PILOT)
    return Origin(host, next(pilots, name), address)


@dataclass(frozen=True)
class Entry:
    """One entry in a calendar."""

    uid: str
    sequence: int
    stamped_at: datetime
    """When it was written: of the row, so that a resend is the same to the last octet."""
    created_at: datetime
    starts_at: datetime
    ends_at: datetime
    day: date | None
    """The whole day, where the hours are not known."""
    tentative: bool
    summary: str
    description: str
    location: str
    url: str
    organizer_name: str
    organizer_email: str
    attendee_name: str | None = None
    attendee_email: str | None = None
    alarm: bool = False
    cancelled: bool = False


def make_uid(public_id: str, ordinal: int, generation: int, host: str) -> str:
    """Name the entry of a registration for one day, whatever becomes of its date."""
    return _clean_uid(f"r{public_id}-d{ordinal}-g{generation}", host)


def make_event_uid(slug: str, ordinal: int, host: str) -> str:
    """Name the entry of one day of an event, for those who are not registered."""
    return _clean_uid(f"event-{slug}-d{ordinal}", host)


def event_entries(
    event: models.Event, *, event_url: str, origin: Origin, language: Language
) -> list[tuple[Day, Entry]]:
    """Write the days of an event as anyone may have them: no attendee and no personal link."""
    entries = []
    for day in programme.days(event):
        entry = _draft(event, day, event_url=event_url, origin=origin, language=language)
        is_provisional = event.status is EventStatus.ANNOUNCED
        entries.append((day, replace(entry, tentative=entry.tentative or is_provisional)))
    return entries


def registration_entries(
    event: models.Event,
    registration: models.Registration,
    chosen: Collection[str],
    *,
    gate_url: str,
    event_url: str,
    origin: Origin,
    language: Language,
    stamped_at: datetime,
    sequence: int,
) -> list[tuple[Day, Entry]]:
    """Write an entry for each day that a registration attends with these chosen sessions.

    Who attends online finds the gate in it; never the room, and never the registration's own page:
    calendars are shared with a team.
    """
    gate = gate_url if _attends_online(event, registration) else ""
    entries = []
    for day in programme.days_attended(event, chosen):
        entry = _draft(
            event, day, event_url=event_url, origin=origin, language=language, gate_url=gate
        )
        personal = replace(
            entry,
            uid=make_uid(
                registration.public_id, day.ordinal, registration.calendar_generation, origin.host
            ),
            sequence=sequence,
            stamped_at=stamped_at,
            created_at=registration.registered_at,
            attendee_name=phrasing.display_name(registration.first_name, registration.last_name),
            attendee_email=registration.email,
            alarm=day.hours_known,
            cancelled=entry.cancelled or registration.status is RegistrationStatus.CANCELLED,
        )
        entries.append((day, personal))
    return entries


def build(entries: Sequence[Entry], method: CalendarMethod) -> bytes:
    """Write entries as one iCalendar file: the same octets for the same entries.

    A REQUEST or CANCEL names the one attendee; a PUBLISH names nobody.
    """
    calendar = _Calendar(creator=PRODUCT)
    calendar.scale = "gregorian"
    calendar.method = method.value
    calendar.events.update(_make_event(entry, method) for entry in entries)
    lines = calendar.serialize().split("\r\n")
    return b"".join(b"%b\r\n" % part for line in lines for part in _fold(line))


class _CalendarSerializer(CalendarSerializer):  # type: ignore[misc]  # ics has no types
    """METHOD before the events: ics writes in the order of the names of these functions."""

    @staticmethod
    def serialize_2scale(calendar: Any, container: Any) -> None:
        CalendarSerializer.serialize_calscale(calendar, container)

    @staticmethod
    def serialize_3method(calendar: Any, container: Any) -> None:
        CalendarSerializer.serialize_method(calendar, container)

    @staticmethod
    def serialize_calscale(calendar: Any, container: Any) -> None:
        """Leave it to `serialize_2scale`."""

    @staticmethod
    def serialize_method(calendar: Any, container: Any) -> None:
        """Leave it to `serialize_3method`."""

    @staticmethod
    def serialize_event(calendar: Any, container: Any) -> None:
        """Write in the order of time what ics keeps as a set."""
        for event in sorted(calendar.events, key=lambda event: (event.begin, event.uid)):
            container.append(event.serialize())


class _Calendar(Calendar):  # type: ignore[misc]
    class Meta(Calendar.Meta):  # type: ignore[misc]
        serializer = _CalendarSerializer


class _EventSerializer(EventSerializer):  # type: ignore[misc]
    """The alarm after all properties, an address as it is, and a whole day that has an end."""

    @staticmethod
    def serialize_alarm(event: Any, container: Any) -> None:
        """Leave it to `serialize_zz_alarm`."""

    @staticmethod
    def serialize_zz_alarm(event: Any, container: Any) -> None:
        for alarm in event.alarms:
            container.append(alarm.serialize())

    @staticmethod
    def serialize_url(event: Any, container: Any) -> None:
        if event.url:
            container.append(ContentLine("URL", {}, event.url))

    @staticmethod
    def serialize_all_day(event: Any, container: Any) -> None:
        if event.all_day:
            first = event.begin.date()
            for name, day in (("DTSTART", first), ("DTEND", first + timedelta(days=1))):
                container.append(ContentLine(name, {"VALUE": ["DATE"]}, f"{day:%Y%m%d}"))


class _Event(Event):  # type: ignore[misc]
    class Meta(Event.Meta):  # type: ignore[misc]
        serializer = _EventSerializer


def _make_event(entry: Entry, method: CalendarMethod) -> Any:
    is_off = method is CalendarMethod.CANCEL or entry.cancelled
    summary = _clean_line(entry.summary)
    event = _Event(
        uid=entry.uid,
        name=summary,
        description=_clean_text(entry.description),
        location=_clean_line(entry.location),
        url=_clean_line(entry.url).replace(" ", "%20"),
        created=entry.stamped_at,  # ics writes it as DTSTAMP
        last_modified=entry.stamped_at,
        status="CANCELLED" if is_off else "TENTATIVE" if entry.tentative else "CONFIRMED",
        transparent=is_off,
        classification="PUBLIC",
        organizer=_make_organizer(entry),
        **_make_time(entry),
    )
    if entry.day is not None:
        event.make_all_day()
    if method is not CalendarMethod.PUBLISH and entry.attendee_email is not None:
        event.add_attendee(_make_attendee(entry))
    if entry.alarm and not is_off:
        event.alarms.append(DisplayAlarm(trigger=-ALARM_BEFORE, display_text=summary))
    event.extra.extend(_make_extra(entry, is_off=is_off))
    return event


def _make_time(entry: Entry) -> dict[str, datetime]:
    if entry.day is None:
        return {"begin": entry.starts_at, "end": entry.ends_at}
    # Another zone than UTC would let ics write the day before.
    return {"begin": datetime.combine(entry.day, time(), UTC)}


def _make_extra(entry: Entry, *, is_off: bool) -> Iterator[ContentLine]:
    busy = "FREE" if is_off else "TENTATIVE" if entry.tentative else "BUSY"
    lines = {
        "SEQUENCE": str(entry.sequence),
        "CREATED": f"{entry.created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        "PRIORITY": "5",
        "X-MICROSOFT-CDO-BUSYSTATUS": busy,
        "X-MICROSOFT-CDO-INTENDEDSTATUS": busy,
        "X-MICROSOFT-CDO-ALLDAYEVENT": "FALSE" if entry.day is None else "TRUE",
        "X-MICROSOFT-DISALLOW-COUNTER": "TRUE",
    }
    for name, value in lines.items():
        # ics shares one default dictionary of parameters among all lines: never leave it out.
        yield ContentLine(name, {}, value)


def _make_organizer(entry: Entry) -> Organizer:
    organizer = Organizer(_clean_address(entry.organizer_email))
    organizer.common_name = None  # ics would escape it where RFC 5545 wants quotes
    organizer.extra = {"CN": [_quote(entry.organizer_name or entry.organizer_email)]}
    return organizer


def _make_attendee(entry: Entry) -> Attendee:
    attendee = Attendee(
        _clean_address(entry.attendee_email or ""),
        cutype="INDIVIDUAL",
        role="REQ-PARTICIPANT",
        partstat="NEEDS-ACTION",
        rsvp="FALSE",
    )
    attendee.common_name = None
    attendee.extra = {
        "CN": [_quote(entry.attendee_name or entry.attendee_email or "")],
        "X-NUM-GUESTS": ["0"],
    }
    return attendee


def _draft(
    event: models.Event,
    day: Day,
    *,
    event_url: str,
    origin: Origin,
    language: Language,
    gate_url: str = "",
) -> Entry:
    """Write what a day's entry says to anyone; with a gate, it is where one goes."""
    place = _say_place(event, language)
    return Entry(
        uid=make_event_uid(event.slug, day.ordinal, origin.host),
        sequence=event.revision,
        stamped_at=event.created_at,
        created_at=event.created_at,
        starts_at=day.starts_at,
        ends_at=day.ends_at,
        day=None if day.hours_known else day.date,
        tentative=not day.hours_known or event.postponed_at is not None,
        summary=_summarise(event, day, language),
        description=_describe(event, day, gate_url, event_url, language),
        location=gate_url or place or phrasing.mode_label(event.mode, language),
        url=gate_url or event_url,
        organizer_name=origin.organizer_name,
        organizer_email=origin.organizer_email,
        cancelled=event.cancelled_at is not None,
    )


def _summarise(event: models.Event, day: Day, language: Language) -> str:
    title = event.title.into(language)
    last = programme.days(event)[-1].ordinal
    return title if last == 1 else f"{title} ({day.ordinal}/{last})"


def _say_place(event: models.Event, language: Language) -> str:
    if event.venue is None or event.mode is Mode.ONLINE:
        return ""
    return phrasing.place(event.venue, language)


def _describe(
    event: models.Event, day: Day, gate_url: str, event_url: str, language: Language
) -> str:
    paragraphs = [_say_when(event, day, language)]
    if day.sessions:
        title = phrasing.labelled(labels.PROGRAMME.into(language), "", language).rstrip()
        lines = (_describe_session(event, session, language) for session in day.sessions)
        paragraphs.append("\n".join([title, *lines]))
    place = _say_place(event, language)
    if gate_url:
        label = labels.TO_CONNECT.into(language)
        paragraphs.append(phrasing.labelled(label, gate_url, language))
    elif place:
        label = labels.VENUE.into(language)
        paragraphs.append(phrasing.labelled(label, place, language))
    label = labels.EVENT_PAGE.into(language)
    paragraphs.append(phrasing.labelled(label, event_url, language))
    return "\n\n".join(paragraphs)


def _say_when(event: models.Event, day: Day, language: Language) -> str:
    if not day.hours_known:
        return phrasing.hours_to_come(day.date, day.date, language)
    zones = event.display_timezones or (event.timezone,)
    return phrasing.period(day.starts_at, day.ends_at, zones, language)


def _describe_session(event: models.Event, session: models.Session, language: Language) -> str:
    title = session.title.into(language)
    if session.room:
        title = f"{title} ({session.room})"
    if session.starts_at is not None:
        zones = event.display_timezones or (event.timezone,)
        said = phrasing.hours(session.starts_at, session.ends_at, zones, language)
    elif session.half_day is not None:
        said = phrasing.half_day_label(session.half_day, language)
    else:
        return f"– {title}"
    return f"– {phrasing.labelled(said, title, language)}"


def _attends_online(event: models.Event, registration: models.Registration) -> bool:
    if event.mode is Mode.HYBRID:
        return registration.attendance_mode is AttendanceMode.ONLINE
    return event.mode is Mode.ONLINE


def _clean_uid(name: str, host: str) -> str:
    return re.sub(r"[^A-Za-z0-9.@-]", "-", f"{name}@{host}")


def _clean_text(text: str) -> str:
    """Return a text without what could end a line of the file or is no character at all."""
    return "".join(
        letter
        for letter in LINE_BREAKS.sub("\n", text)
        if letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cs"}
    )


def _clean_line(text: str) -> str:
    return _clean_text(text).replace("\n", " ").strip()


def _clean_address(email: str) -> str:
    """Return an address as it stands in a `mailto:` (RFC 6068), where ics escapes nothing."""
    return quote(_clean_line(email), safe=ADDRESS_SAFE)


def _quote(name: str) -> str:
    """Return a name as a quoted parameter; what cannot stand within quotes is left out.

    A caret would be read as the beginning of an escape (RFC 6868).
    """
    kept = _clean_line(name).replace('"', "").replace("^", "")
    return f'"{kept}"'


def _fold(line: str) -> Iterator[bytes]:
    """Break a line after 75 octets at most, never within a letter (RFC 5545, 3.1)."""
    octets = line.encode()
    while len(octets) > FOLD_OCTETS:
        end = FOLD_OCTETS
        while octets[end] & 0xC0 == 0x80:
            end -= 1
        yield octets[:end]
        octets = b" " + octets[end:]
    yield octets
