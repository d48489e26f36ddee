"""A mail with a calendar entry, read as the clients do that are hardest to please.

What is asked of it is a list (`QUIRKS`), one line a client and its trouble; the references are to
the reports that `MAILING` collected.
"""

import email
import email.policy
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from functools import lru_cache

from tests.itip.files import Choked, File, read_file

CALENDAR = "text/calendar"
FILE = "application/ics"


@dataclass(frozen=True)
class Mail:
    """What arrived in a mailbox."""

    message: EmailMessage
    sender: str
    recipient: str
    parts: dict[str, list[EmailMessage]]
    """By type."""
    file: File | None
    """`None`: it has nothing to do with calendars."""
    is_invitation: bool
    """Whether a client takes it up by itself; otherwise it is a file that a person may open."""


@lru_cache(maxsize=1024)
def read_mail(content: bytes) -> Mail:
    """Read a message and its calendar part.

    :raises Choked: some client would not show the entry, or show it wrongly.
    """
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    parts: dict[str, list[EmailMessage]] = {}
    for one in message.walk():
        parts.setdefault(one.get_content_type(), []).append(one)
    for kind in (CALENDAR, FILE):
        if len(parts.get(kind, ())) > 1:
            raise Choked(f"{len(parts[kind])} parts {kind}")
    carrier = next(iter(parts.get(CALENDAR, parts.get(FILE, ()))), None)
    mail = Mail(
        message=message,
        sender=parseaddr(str(message["From"]))[1].lower(),
        recipient=parseaddr(str(message["To"]))[1].lower(),
        parts=parts,
        file=None if carrier is None else read_file(get_octets(carrier)),
        is_invitation=CALENDAR in parts,
    )
    if mail.file is not None:
        for complaint, is_wrong in QUIRKS.items():
            if is_wrong(mail):
                raise Choked(complaint)
    return mail


def get_octets(part: EmailMessage) -> bytes:
    """Return the octets of a part as they were sent."""
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets


def _find(mail: Mail, kind: str) -> EmailMessage | None:
    return next(iter(mail.parts.get(kind, ())), None)


def _get_alternatives(mail: Mail) -> list[EmailMessage]:
    found = _find(mail, "multipart/alternative")
    return list(found.iter_parts()) if found is not None else []


def _get_invitation(mail: Mail) -> EmailMessage | None:
    return _find(mail, CALENDAR)


def _differs_in_method(mail: Mail) -> bool:
    part = _get_invitation(mail)
    return part is not None and mail.file is not None and _param(part, "method") != mail.file.method


def _param(part: EmailMessage, name: str) -> str:
    return str(part.get_param(name) or "")


def _is_shown_as_a_file(mail: Mail) -> bool:
    part = _get_invitation(mail)
    return part is not None and part.get_content_disposition() is not None


def _stands_elsewhere(mail: Mail) -> bool:
    part = _get_invitation(mail)
    alternatives = _get_alternatives(mail)
    return part is not None and (not alternatives or alternatives[-1] is not part)


def _differs_from_its_file(mail: Mail) -> bool:
    part, attached = _get_invitation(mail), _find(mail, FILE)
    if part is None or attached is None:
        return False
    return get_octets(part) != get_octets(attached)


def _is_misnamed(mail: Mail) -> bool:
    attached = _find(mail, FILE)
    name = "invite.ics" if mail.is_invitation else "calendar.ics"
    return attached is not None and attached.get_filename() != name


def _has_other_files(mail: Mail) -> bool:
    every = [one for some in mail.parts.values() for one in some]
    return sum(one.get_content_disposition() == "attachment" for one in every) > 1


def _is_not_in_utf8(mail: Mail) -> bool:
    part = _get_invitation(mail)
    return part is not None and part.get_content_charset() != "utf-8"


def _is_not_of_an_event(mail: Mail) -> bool:
    part = _get_invitation(mail)
    return part is not None and _param(part, "component").upper() != "VEVENT"


def _may_be_broken_on_the_way(mail: Mail) -> bool:
    parts = [*mail.parts.get(CALENDAR, ()), *mail.parts.get(FILE, ())]
    return any(part["Content-Transfer-Encoding"] != "base64" for part in parts)


def _is_of_another_sender(mail: Mail) -> bool:
    assert mail.file
    organizers = [one.organizer for one in mail.file.entries if one.organizer is not None]
    return mail.is_invitation and any(one.address != mail.sender for one in organizers)


def _is_for_somebody_else(mail: Mail) -> bool:
    assert mail.file
    attendees = [person for entry in mail.file.entries for person in entry.attendees]
    return mail.is_invitation and [one.address for one in attendees] != [mail.recipient]


def _is_published(mail: Mail) -> bool:
    return mail.is_invitation and mail.file is not None and mail.file.method == "PUBLISH"


def _invites_by_a_file(mail: Mail) -> bool:
    return not mail.is_invitation and mail.file is not None and mail.file.method != "PUBLISH"


QUIRKS: dict[str, Callable[[Mail], bool]] = {
    "Outlook: method= of the part is not METHOD of the file": _differs_in_method,
    "Outlook: a PUBLISH makes a second entry of every update": _is_published,
    "Outlook: an invitation that is only attached": _invites_by_a_file,
    "Outlook: another attachment beside the invitation": _has_other_files,
    "Outlook: component= is not VEVENT": _is_not_of_an_event,
    "Gmail: the calendar part is not the last alternative": _stands_elsewhere,
    "Gmail: the calendar part has a Content-Disposition": _is_shown_as_a_file,
    "Gmail: the part and its file differ": _differs_from_its_file,
    "Gmail: the attendee is not who is written to": _is_for_somebody_else,
    "Apple: the file has no name that it knows": _is_misnamed,
    "Apple: letters that are not UTF-8": _is_not_in_utf8,
    "Tutanota: the organiser is not who sends": _is_of_another_sender,
    "relays: lines that may be changed on the way": _may_be_broken_on_the_way,
}
"""What each client is particular about: complaint, and what tells that it has cause."""
