"""What people answer in their calendars (METHOD:REPLY, RFC 5546): from a message to what it says.

Pure, like all that reads what arrives. The entry is named by its UID, which is ours and holds 64
bits drawn at random: who can name it has seen the invitation. Whose answer it is, and whether
anyone asked for it, is `webinars.calendar_replies`.
"""

import re
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import unquote

from webinars.links import Links
from webinars.mail.contentlines import Property, list_blocks, read_lines
from webinars.mail.received import READ_BYTES, list_parts, parse, read_header, read_text
from webinars.mail.reports import find_delivery, is_calendar_answer
from webinars.models import CalendarReply

_UID = re.compile(r"r([0-9a-f]{16})-d([0-9]{1,4})-g([0-9]{1,6})@([^@\s]+)")
_INSTANT = re.compile(r"([0-9]{8})T([0-9]{6})Z?")
_NUMBER = re.compile(r"[0-9]{1,9}")
_ADDRESS = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,255}")
_EMPTY = Property("", {}, "")


class Said(NamedTuple):
    """What one attendee of a reply says."""

    attendee: str
    """An address in lower case; empty where the client gives none."""
    reply: CalendarReply


class Answer(NamedTuple):
    """A reply to one of our invitations."""

    public_id: str
    ordinal: int
    generation: int
    said: tuple[Said, ...]
    sequence: int | None
    """Of the invitation that is answered; `None`: unsaid."""
    answered_at: datetime | None
    """`None`: unsaid."""
    delivery_id: int | None
    """The mail that it answers, by its mark; `None`: it bears none."""


def read(raw: bytes, links: Links) -> Answer | None:
    """Read what a message answers to one of our invitations; `None`: nothing that counts."""
    raw = raw[:READ_BYTES]
    message = parse(raw)
    for part in list_parts(message):
        found = _read_part(part, links) if is_calendar_answer(part) else None
        if found is not None:
            return found._replace(
                answered_at=found.answered_at or _read_date(message),
                delivery_id=find_delivery(message, raw, links),
            )
    return None


def _read_part(part: Message, links: Links) -> Answer | None:
    lines = list(read_lines(read_text(part)))
    if not any((line.name, line.value.upper()) == ("METHOD", "REPLY") for line in lines):
        return None
    for block in list_blocks(iter(lines), "VEVENT"):
        found = _read_entry(block, links)
        if found is not None:
            return found
    return None


def _read_entry(block: list[Property], links: Links) -> Answer | None:
    first = {line.name: line for line in reversed(block)}
    uid = _UID.fullmatch(first.get("UID", _EMPTY).value.strip().lower())
    said = tuple(one for line in block if line.name == "ATTENDEE" and (one := _read_said(line)))
    if uid is None or uid[4] != links.host or not said:
        return None
    sequence = _NUMBER.fullmatch(first.get("SEQUENCE", _EMPTY).value.strip())
    return Answer(
        public_id=uid[1],
        ordinal=int(uid[2]),
        generation=int(uid[3]),
        said=said,
        sequence=int(sequence[0]) if sequence else None,
        answered_at=_read_instant(first.get("DTSTAMP", _EMPTY).value),
        delivery_id=None,
    )


def _read_said(line: Property) -> Said | None:
    word = line.parameters.get("PARTSTAT", "").lower()
    if word not in set(CalendarReply):
        return None
    # Apple writes `invalid:nomail` where it hides the address, and the address as a parameter.
    for value in (line.value, line.parameters.get("EMAIL", "")):
        address = unquote(re.sub("^mailto:", "", value.strip(), flags=re.IGNORECASE)).lower()
        if _ADDRESS.fullmatch(address):
            return Said(address, CalendarReply(word))
    return Said("", CalendarReply(word))


def _read_instant(value: str) -> datetime | None:
    found = _INSTANT.fullmatch(value.strip())
    if found is None:
        return None
    try:
        return datetime.strptime(found[1] + found[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _read_date(message: Message) -> datetime | None:
    try:
        return parsedate_to_datetime(read_header(message, "Date")).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
