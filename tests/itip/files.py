"""A calendar file, read strictly: first its octets and lines, then what `icalendar` makes of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import icalendar

FOLD_OCTETS = 75
METHODS = ("PUBLISH", "REQUEST", "CANCEL", "REPLY")
STATUSES = ("CONFIRMED", "TENTATIVE", "CANCELLED")
RECURRING = ("RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")
ONCE = (
    "UID DTSTAMP DTSTART DTEND SEQUENCE STATUS SUMMARY DESCRIPTION LOCATION URL ORGANIZER CREATED"
    " LAST-MODIFIED TRANSP CLASS PRIORITY"
).split()
LINE = re.compile(r'(?P<name>[A-Z0-9-]+)(?P<parameters>(?:;[A-Z0-9-]+=(?:"[^"]*"|[^";:,]*))*):')
PARAMETER = re.compile(r';([A-Z0-9-]+)=("[^"]*"|[^";:,]*)')
INSTANT = re.compile(r"[0-9]{8}T[0-9]{6}Z")
MAILTO = re.compile(r"mailto:([^@\s<>\"]+@[^@\s<>\"]+)", re.IGNORECASE)


class Choked(Exception):
    """Raised at what a client would not take, or would show wrongly."""


@dataclass(frozen=True)
class Person:
    """Who invites or is invited, by the address."""

    address: str
    name: str
    partstat: str = ""
    rsvp: bool = False


@dataclass(frozen=True)
class Entry:
    """One entry as a calendar holds it."""

    uid: str
    sequence: int
    stamped_at: datetime
    starts: datetime | date
    """In UTC; a date where it is the whole day."""
    ends: datetime | date
    summary: str
    description: str
    location: str
    url: str
    status: str
    organizer: Person | None
    attendees: tuple[Person, ...]
    has_alarm: bool

    @property
    def version(self) -> tuple[int, datetime]:
        """What is compared to tell which of two is newer (RFC 5546, 2.1.5)."""
        return self.sequence, self.stamped_at


@dataclass(frozen=True)
class File:
    """What a calendar file asks for."""

    method: str
    entries: tuple[Entry, ...]
    properties: dict[str, str]
    """Of the calendar itself."""


@dataclass(frozen=True)
class Line:
    """One line, unfolded."""

    name: str
    parameters: dict[str, str]
    value: str


def read_file(content: bytes) -> File:
    """Read a calendar file.

    :raises Choked: a client would not take it, or would show it wrongly.
    """
    lines = _read_lines(content)
    _check_order(lines)
    _check_times(lines)
    method = _check_calendar(lines)
    for block in _list_blocks(lines, "VEVENT"):
        _check_block(block)
    entries = tuple(_read_entry(event, method) for event in _parse(content).events)
    _require(entries, "no event in it")
    uids = {entry.uid for entry in entries}
    _require(method == "PUBLISH" or len(uids) == 1, "several UIDs in one message")
    _require(len(uids) == len(entries), "a UID that stands twice")
    return File(method, entries, _list_properties(lines))


def _require(is_so: object, complaint: str) -> None:
    if not is_so:
        raise Choked(complaint)


# Octets and lines.


def _read_lines(content: bytes) -> list[Line]:
    bare = content.replace(b"\r\n", b"")
    _require(b"\n" not in bare and b"\r" not in bare, "lines that do not end in CRLF")
    _require(content.startswith(b"BEGIN:VCALENDAR\r\n"), "something before BEGIN:VCALENDAR")
    _require(content.endswith(b"END:VCALENDAR\r\n"), "no end of the last line")
    lines: list[bytes] = []
    for octets in content.removesuffix(b"\r\n").split(b"\r\n"):
        _require(len(octets) <= FOLD_OCTETS, f"a line of {len(octets)} octets")
        _require(octets.strip(), "an empty line")
        try:
            octets.decode()
        except UnicodeDecodeError:
            raise Choked("a letter cut in two, or no UTF-8") from None
        if octets[:1] in (b" ", b"\t"):
            lines[-1] += octets[1:]
        else:
            lines.append(octets)
    return [_read_line(line.decode()) for line in lines]


def _read_line(line: str) -> Line:
    _require(not re.search("[\x00-\x08\x0a-\x1f\x7f]", line), "a control character")
    found = LINE.match(line)
    _require(found, f"no property: {line[:40]}")
    assert found
    parameters = {name: value.strip('"') for name, value in PARAMETER.findall(found["parameters"])}
    return Line(found["name"], parameters, line[found.end() :])


# The order of lines and what must be there.


def _check_order(lines: list[Line]) -> None:
    """Check what Outlook is particular about: METHOD first of all, the alarm last of all."""
    open_blocks: list[str] = []
    after_alarm = False
    for line in lines:
        if line.name == "BEGIN":
            after_alarm = after_alarm and line.value == "VALARM"
            open_blocks.append(line.value)
        elif line.name == "END":
            _require(open_blocks and open_blocks.pop() == line.value, "blocks that do not match")
            after_alarm = line.value == "VALARM"
        else:
            _require(not after_alarm, f"{line.name} after the alarm")
    _require(not open_blocks, "a block without its end")
    names = [line.name if line.name != "BEGIN" else line.value for line in lines]
    _require(names.count("METHOD") == 1, "no METHOD, or two")
    _require(names.index("METHOD") < names.index("VEVENT"), "METHOD after the event")


def _check_calendar(lines: list[Line]) -> str:
    of_calendar = _list_properties(lines)
    _require(of_calendar.get("VERSION") == "2.0", "no VERSION:2.0")
    _require(of_calendar.get("PRODID"), "no PRODID")
    _require(of_calendar.get("CALSCALE", "GREGORIAN") == "GREGORIAN", "another calendar")
    _require(of_calendar["METHOD"] in METHODS, f"METHOD {of_calendar['METHOD']}")
    return of_calendar["METHOD"]


def _check_times(lines: list[Line]) -> None:
    """Check that every hour is an instant: in UTC, or in a zone that the file itself explains."""
    zones = {line.value for line in lines if line.name == "TZID"}
    for line in lines:
        zone = line.parameters.get("TZID")
        if zone is not None:
            _require(zone in zones, "a TZID without its VTIMEZONE")
            _require(not line.value.endswith("Z"), "a TZID on an instant in UTC")
        elif line.name in {"DTSTART", "DTEND"} and line.parameters.get("VALUE") != "DATE":
            is_of_zone = bool(zones) and not INSTANT.fullmatch(line.value)
            _require(is_of_zone or INSTANT.fullmatch(line.value), f"a floating {line.name}")
        elif line.name in {"DTSTAMP", "CREATED", "LAST-MODIFIED"}:
            _require(INSTANT.fullmatch(line.value), f"{line.name} not in UTC")


def _check_block(block: list[Line]) -> None:
    names = [line.name for line in block]
    for name in ONCE:
        _require(names.count(name) <= 1, f"{name} stands twice")
    for name in RECURRING:
        _require(name not in names, f"{name}: only single entries are understood")


def _list_properties(lines: list[Line]) -> dict[str, str]:
    """List what stands in the calendar outside of its blocks."""
    depth, found = 0, {}
    for line in lines:
        depth += {"BEGIN": 1, "END": -1}.get(line.name, 0)
        if depth == 1 and line.name not in {"BEGIN", "END"}:
            found[line.name] = line.value
    return found


def _list_blocks(lines: list[Line], kind: str) -> Iterator[list[Line]]:
    """List the lines of each block of a kind, without those of blocks within it."""
    block: list[Line] | None = None
    inner = 0
    for line in lines:
        if block is None:
            block = [] if (line.name, line.value) == ("BEGIN", kind) else None
        elif (line.name, line.value) == ("END", kind):
            yield block
            block = None
        elif line.name in {"BEGIN", "END"}:
            inner += 1 if line.name == "BEGIN" else -1
        elif not inner:
            block.append(line)


# What it says.


def _parse(content: bytes) -> icalendar.Calendar:
    try:
        (read,) = icalendar.Calendar.from_ical(content, multiple=True)
    except ValueError as error:
        raise Choked(f"not read: {error}") from error
    _require(not read.errors, f"errors: {read.errors}")
    for event in read.events:
        _require(not event.errors, f"errors: {event.errors}")
    return read


def _read_entry(event: icalendar.Event, method: str) -> Entry:
    for name in ("UID", "DTSTAMP", "DTSTART", "SUMMARY"):
        _require(event.get(name), f"no {name}")
    starts, ends = _read_period(event)
    attendees = tuple(_read_person(one) for one in _as_list(event.get("ATTENDEE")))
    organizer = _read_person(event["ORGANIZER"]) if "ORGANIZER" in event else None
    status = str(event.get("STATUS", "CONFIRMED"))
    _require(status in STATUSES, f"STATUS {status}")
    alarms = event.walk("VALARM")
    _check_method(method, status, organizer, attendees, bool(alarms))
    return Entry(
        uid=str(event["UID"]),
        sequence=int(event.get("SEQUENCE", 0)),
        stamped_at=event["DTSTAMP"].dt,
        starts=starts,
        ends=ends,
        summary=str(event["SUMMARY"]),
        description=str(event.get("DESCRIPTION", "")),
        location=str(event.get("LOCATION", "")),
        url=str(event.get("URL", "")),
        status=status,
        organizer=organizer,
        attendees=attendees,
        has_alarm=bool(alarms),
    )


def _read_period(event: icalendar.Event) -> tuple[datetime | date, datetime | date]:
    _require("DTEND" in event, "no DTEND")
    starts, ends = event["DTSTART"].dt, event["DTEND"].dt
    _require(type(starts) is type(ends), "a date and an hour in one period")
    _require(ends > starts, "DTEND not after DTSTART")
    if isinstance(starts, datetime):
        return starts.astimezone(UTC), ends.astimezone(UTC)
    return starts, ends


def _check_method(
    method: str,
    status: str,
    organizer: Person | None,
    attendees: tuple[Person, ...],
    has_alarm: bool,
) -> None:
    if method == "PUBLISH":
        _require(not attendees, "PUBLISH with an attendee")
        return
    _require(organizer, f"{method} without an organiser")
    assert organizer
    _require(len(attendees) == 1, f"{method} with {len(attendees)} attendees")
    _require(attendees[0].address != organizer.address, "who invites herself")
    if method == "REQUEST":
        _require(status != "CANCELLED", "REQUEST of what is cancelled")
        _require(attendees[0].partstat == "NEEDS-ACTION", "REQUEST that answers itself")
    if method == "CANCEL":
        _require(status == "CANCELLED", "CANCEL without STATUS:CANCELLED")
        _require(not has_alarm, "CANCEL with an alarm")


def _read_person(value: icalendar.vCalAddress) -> Person:
    found = MAILTO.fullmatch(str(value))
    _require(found, f"no address: {value}")
    assert found
    name = str(value.params.get("CN", ""))
    _require("\\" not in name, "a name escaped as text")
    return Person(
        address=found[1].lower(),
        name=name,
        partstat=str(value.params.get("PARTSTAT", "")),
        rsvp=str(value.params.get("RSVP", "FALSE")).upper() == "TRUE",
    )


def _as_list(value: object) -> list[icalendar.vCalAddress]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
