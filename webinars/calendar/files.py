"""Entries as an iCalendar file: the only user of `ics`, whose faults are cured here.

METHOD after the events, the alarm before other properties (Outlook refuses both), names that are
not quoted, addresses that are escaped as text, lines that are not folded. Instants are written in
UTC, so that no zone data of a telephone can move them. Pure; what an entry says is `calendar`.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from ics import Attendee, Calendar, DisplayAlarm, Event, Organizer
from ics.grammar.parse import ContentLine
from ics.serializers.event_serializer import EventSerializer
from ics.serializers.icalendar_serializer import CalendarSerializer
from ics.utils import escape_string

from webinars.models import CalendarMethod

PRODUCT = "-//Webinars//Registrations 1//EN"
ALARM_BEFORE = timedelta(minutes=15)
ASKED_AGAIN = "PT1H"
"""How often a calendar that subscribed is to ask for changes."""
FOLD_OCTETS = 75
"""Longest line without its end (RFC 5545, 3.1)."""

ADDRESS_SAFE = "@!$'*+-._~="
LINE_BREAKS = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")


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
    may_reply: bool = False


def build(entries: Sequence[Entry], method: CalendarMethod) -> bytes:
    """Write entries as one iCalendar file: the same octets for the same entries.

    A REQUEST or CANCEL names the one attendee; a PUBLISH names nobody.
    """
    return b"".join(fold(line) for line in write_lines(entries, method))


def build_feed(entries: Sequence[Entry], name: str) -> bytes:
    """Write entries as a file to subscribe to, which calendars show under that name."""
    title = escape(_clean_line(name))
    properties = (
        ContentLine("NAME", {}, title),  # RFC 7986; the X- are what calendars read before it
        ContentLine("X-WR-CALNAME", {}, title),
        ContentLine("REFRESH-INTERVAL", {"VALUE": ["DURATION"]}, ASKED_AGAIN),
        ContentLine("X-PUBLISHED-TTL", {}, ASKED_AGAIN),
    )
    lines = _write_lines(entries, CalendarMethod.PUBLISH, properties)
    return b"".join(fold(line) for line in lines)


def write_lines(entries: Sequence[Entry], method: CalendarMethod) -> list[str]:
    """Write entries as the lines of an iCalendar file, not folded yet: a property each."""
    return _write_lines(entries, method)


def _write_lines(
    entries: Sequence[Entry], method: CalendarMethod, properties: Sequence[ContentLine] = ()
) -> list[str]:
    calendar = _Calendar(creator=PRODUCT)
    calendar.scale = "gregorian"
    calendar.method = method.value
    calendar.properties = properties
    calendar.events.update(_make_event(entry, method) for entry in entries)
    return str(calendar.serialize()).split("\r\n")


def fold(line: str) -> bytes:
    """Break a line after 75 octets at most, never within a letter, and end it (RFC 5545, 3.1)."""
    octets = line.encode()
    if len(octets) <= FOLD_OCTETS:
        return octets + b"\r\n"
    parts = []
    start, room = 0, FOLD_OCTETS
    while len(octets) - start > room:
        end = start + room
        while octets[end] & 0xC0 == 0x80:
            end -= 1
        parts.append(octets[start:end])
        start, room = end, FOLD_OCTETS - 1
    return b"\r\n ".join([*parts, octets[start:]]) + b"\r\n"


@lru_cache(maxsize=512)
def say_instant(at: datetime) -> str:
    """Write an instant as a property holds it: a mailing's deliveries have many in common."""
    day, hour = at.astimezone(UTC).isoformat(timespec="seconds")[:19].split("T")
    return f"{day.replace('-', '')}T{hour.replace(':', '')}Z"


def escape(text: str) -> str:
    """Write a text as a property holds it (RFC 5545, 3.3.11)."""
    return str(escape_string(text))


def clean_name(name: str) -> str:
    """Return a name without what cannot stand within the quotes of a parameter.

    A caret would be read as the beginning of an escape (RFC 6868).
    """
    return _clean_line(_clean_line(name).replace('"', "").replace("^", ""))


def clean_address(email: str) -> str:
    """Return an address as it stands in a `mailto:` (RFC 6068), where ics escapes nothing."""
    return quote(_clean_line(email), safe=ADDRESS_SAFE)


class _CalendarSerializer(CalendarSerializer):  # type: ignore[misc]  # ics has no types
    """METHOD before the events: ics writes in the order of the names of these functions."""

    @staticmethod
    def serialize_2scale(calendar: Any, container: Any) -> None:
        CalendarSerializer.serialize_calscale(calendar, container)

    @staticmethod
    def serialize_3method(calendar: Any, container: Any) -> None:
        CalendarSerializer.serialize_method(calendar, container)

    @staticmethod
    def serialize_4properties(calendar: Any, container: Any) -> None:
        for line in calendar.properties:
            container.append(line)

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
        "CREATED": say_instant(entry.created_at),
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
    organizer = Organizer(clean_address(entry.organizer_email))
    organizer.common_name = None  # ics would escape it where RFC 5545 wants quotes
    organizer.extra = {"CN": [_quote(entry.organizer_name or entry.organizer_email)]}
    return organizer


def _make_attendee(entry: Entry) -> Attendee:
    attendee = Attendee(
        clean_address(entry.attendee_email or ""),
        cutype="INDIVIDUAL",
        role="REQ-PARTICIPANT",
        partstat="NEEDS-ACTION",
        rsvp="TRUE" if entry.may_reply else "FALSE",  # ics takes no boolean
    )
    attendee.common_name = None
    attendee.extra = {
        "CN": [_quote(entry.attendee_name or entry.attendee_email or "")],
        "X-NUM-GUESTS": ["0"],
    }
    return attendee


def _clean_text(text: str) -> str:
    """Return a text without what could end a line of the file or is no character at all."""
    if text.isprintable():
        return text
    return "".join(
        letter
        for letter in LINE_BREAKS.sub("\n", text)
        if letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cs"}
    )


def _clean_line(text: str) -> str:
    return _clean_text(text).replace("\n", " ").strip()


def _quote(name: str) -> str:
    return f'"{clean_name(name)}"'
