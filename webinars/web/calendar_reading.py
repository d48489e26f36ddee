"""A calendar entry read out in words, so that one can see what a calendar program is told.

Only for the outbox: it reads what the service itself has written, and nothing depends on it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from webinars import phrasing
from webinars.mail.contentlines import Property, list_blocks, read_lines
from webinars.web.languages import get_language

ZONES = ("Europe/Paris", "Africa/Casablanca")


@dataclass(frozen=True)
class Reading:
    """An entry as it can be read."""

    method: str
    when: str
    summary: str
    location: str
    description: str
    organizer: str
    attendees: tuple[str, ...]
    status: str
    uid: str
    sequence: str
    has_alarm: bool


def read_out(text: str) -> list[Reading]:
    """Return the entries of a calendar file in words."""
    lines = list(read_lines(text))
    method = next((one.value for one in lines if one.name == "METHOD"), "")
    return [_read_entry(method, block) for block in list_blocks(iter(lines), "VEVENT")]


def _read_entry(method: str, lines: list[Property]) -> Reading:
    # The first of a name: an alarm inside the entry has a description of its own.
    first = {line.name: line for line in reversed(lines)}
    value = {name: line.value for name, line in first.items()}
    return Reading(
        method=method,
        when=_say_when(first),
        summary=value.get("SUMMARY", ""),
        location=value.get("LOCATION", ""),
        description=value.get("DESCRIPTION", ""),
        organizer=_say_person(first["ORGANIZER"]) if "ORGANIZER" in first else "",
        attendees=tuple(_say_person(line) for line in lines if line.name == "ATTENDEE"),
        status=value.get("STATUS", ""),
        uid=value.get("UID", ""),
        sequence=value.get("SEQUENCE", "0"),
        has_alarm=any((line.name, line.value) == ("BEGIN", "VALARM") for line in lines),
    )


def _say_when(first: dict[str, Property]) -> str:
    language = get_language()
    said = list(_read_instants(first))
    if not said:
        return ""
    if first["DTSTART"].parameters.get("VALUE") == "DATE":
        return phrasing.date_in_words(said[0].date(), language)
    return phrasing.period(said[0], said[1] if len(said) > 1 else None, ZONES, language)


def _read_instants(first: dict[str, Property]) -> Iterator[datetime]:
    for name in ("DTSTART", "DTEND"):
        digits = re.sub(r"\D", "", first[name].value) if name in first else ""
        if len(digits) in {8, 14}:
            yield datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _say_person(line: Property) -> str:
    address = re.sub("^mailto:", "", line.value, flags=re.IGNORECASE)
    name = line.parameters.get("CN", "")
    return f"{name} <{address}>" if name and name != address else address
