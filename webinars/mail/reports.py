"""Reports about mails: what another machine says, hours or days after it took a message.

Pure: from the bytes of whatever arrives at the return path to what it says of which delivery. The
standard forms are read by their fields (RFC 3464, RFC 5965), the others by how they begin and by
the reply that they quote. A report counts only with the mark of one of our messages in it: anyone
can write "user unknown", only who had the message knows its mark. Whatever the bytes, nothing is
raised, and nothing takes long.
"""

import re
from collections.abc import Iterator
from email.message import Message
from enum import StrEnum
from typing import NamedTuple

from webinars.links import Links
from webinars.mail.received import (
    READ_BYTES,
    list_parts,
    list_texts,
    parse,
    read_filename,
    read_header,
    read_headers,
    read_parameter,
    read_text,
    read_words,
)
from webinars.mail.replies import (
    REPLY_LENGTH,
    VAGUE,
    Phase,
    find_status,
    flatten,
    judge,
)
from webinars.models import Failure


class Told(StrEnum):
    """What a report says became of a mail."""

    FAILED = "failed"
    """The other side has given up."""
    DELAYED = "delayed"
    """It goes on trying."""
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    """The reader called it unwanted."""


class Ignored(StrEnum):
    """Why a message says nothing about a mail."""

    AUTOMATIC = "automatic"
    """An answer of a machine: an absence, a receipt."""
    CALENDAR = "calendar"
    """An answer of a calendar to an invitation (RFC 5546)."""
    UNPROVED = "unproved"
    """A report without a mark of ours."""
    LETTER = "letter"
    """Perhaps of a person."""


class Finding(NamedTuple):
    """What a message reports, of whatever mail."""

    told: Told
    failure: Failure | None
    """`None`: it was delivered."""
    said: str
    """In the words of the other side, on one line."""
    recipient: str = ""
    """The address it is about, in lower case; not ours when the mail was sent on. Empty: unsaid."""


class Report(NamedTuple):
    """What was reported about one of our mails."""

    delivery_id: int
    finding: Finding


def read(raw: bytes, links: Links) -> Report | Ignored:
    """Tell what a message reports and about which of our mails, or why it is not to be heeded."""
    raw = raw[:READ_BYTES]
    message = parse(raw)
    finding = _find(message)
    if isinstance(finding, Ignored):
        return finding
    delivery_id = find_delivery(message, raw, links)
    return Ignored.UNPROVED if delivery_id is None else Report(delivery_id, finding)


def _find(message: Message) -> Finding | Ignored:
    parts = list_parts(message)
    for part in parts:
        reader = READERS.get(part.get_content_type())
        found = reader(read_text(part)) if reader else None
        if found is not None:
            return found
    if any(is_calendar_answer(part) for part in parts):
        return Ignored.CALENDAR
    if _is_from_mailer(message):
        found = _read_words(message, _QUOTATION.split(read_words(parts), maxsplit=1)[0])
        if found is not None:
            return found
    return Ignored.AUTOMATIC if _is_automatic(message) else Ignored.LETTER


_QUOTATION = re.compile(
    r"^(?:--.*\b(?:copy of|original message|message d'origine|returned|follows)\b"
    r"|original message headers|en-têtes (?:du|de) message"
    r"|(?:return-path|received|message-id): ?[<\w]).*$",
    re.IGNORECASE | re.MULTILINE,
)
"""A line from which on a report quotes the message that it is about."""


# Fields: RFC 3464 for what became of a mail, RFC 5965 for what its reader thought of it.

Fields = dict[str, str]

_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_KIND = re.compile(r"\A[\w-]+;\s*")
"""What stands before an address or a diagnosis: `rfc822;`, `smtp;`."""
_WORD = re.compile(r"\A[a-z]+")
_ACTIONS = {
    "failed": Told.FAILED,
    "failure": Told.FAILED,
    "delayed": Told.DELAYED,
    "delivered": Told.DELIVERED,
    "relayed": Told.DELIVERED,
    "expanded": Told.DELIVERED,
}
_CLASSES = {"2": Told.DELIVERED, "4": Told.DELAYED, "5": Told.FAILED}
_BEST_FIRST = (Told.DELIVERED, Told.DELAYED, Told.FAILED)
COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})
"""The types of feedback that a reader gives; the others are of machines, or say the opposite."""


def _list_blocks(text: str) -> list[Fields]:
    return [
        {name.lower(): flatten(value) for name, value in reversed(_FIELD.findall(block))}
        for block in _BLANK_LINE.split(text.replace("\r\n", "\n"))
    ]


def _read_status(text: str) -> Finding | None:
    """Read what became of a mail; an address may stand for several mailboxes: the best news counts.

    Who was reached at one of them was reached.
    """
    found = [one for block in _list_blocks(text) if (one := _read_recipient(block))]
    return min(found, key=lambda one: _BEST_FIRST.index(one.told), default=None)


def _read_recipient(fields: Fields) -> Finding | None:
    said = _KIND.sub("", fields.get("diagnostic-code", ""))
    status = fields.get("status", "")
    code = status or said
    told = _ACTIONS.get(_first_word(fields.get("action", ""))) or _CLASSES.get(code[:1])
    if told is None:
        return None
    recipient = fields.get("final-recipient") or fields.get("original-recipient", "")
    address = _KIND.sub("", recipient).strip("<> ").lower()
    if told is Told.DELIVERED:
        return Finding(told, None, "", address)
    return Finding(told, _blame(status, said), _say(said or status or told), address)


def _first_word(text: str) -> str:
    match = _WORD.match(text.lower())
    return match[0] if match else ""


def _read_complaint(text: str) -> Finding | Ignored | None:
    fields = {name: value for block in _list_blocks(text) for name, value in block.items()}
    kind = fields.get("feedback-type", "").lower()
    if kind in COMPLAINTS:
        recipient = _KIND.sub("", fields.get("original-rcpt-to", "")).strip("<> ").lower()
        return Finding(Told.COMPLAINT, Failure.COMPLAINT, f"complaint: {kind}", recipient)
    return Ignored.AUTOMATIC if kind else None


def _read_receipt(_text: str) -> Ignored:
    """Whether someone has opened a mail is nothing that is recorded here."""
    return Ignored.AUTOMATIC


READERS = {
    "message/delivery-status": _read_status,
    "message/global-delivery-status": _read_status,  # RFC 6533
    "message/feedback-report": _read_complaint,
    "message/disposition-notification": _read_receipt,
}

# What was to blame.

_REPLY = re.compile(r"(?<![\w.-])([45][0-5][0-9])[ -](?=[#\w(<\"'])")
_STATUS = re.compile(r"(?<![\w.])([245])\.([0-7])\.([0-9]{1,3})(?![0-9]|\.[0-9])")
_TOO_LARGE = re.compile(r"message (?:is )?too (?:large|big|long)|message size exceeds")
_NO_SUCH_ADDRESS = re.compile(
    r"not listed in|no such (?:person|domain|host)|couldn't find any host|no mailbox here"
    r"|(?:host|domain)(?: or domain name)? (?:was |could )?not (?:be )?found|domain does not exist"
    # Exchange Online answers so where an organisation knows its addresses by a list.
    r"|recipient address rejected: access denied|recipientnotfound"
    r"|n'existe pas|n'existe plus|introuvable|destinataire inconnu|utilisateur inconnu"
)
_FULL = re.compile(r"mailbox (?:is |quota )?(?:full|exceeded)|boîte .{0,40}(?:pleine|saturée)")


def _blame(status: str, said: str) -> Failure:
    """Tell what was to blame, by the reply that a report quotes or by the code that it gives."""
    reply = _REPLY.search(said)
    words = said[reply.end() :] if reply else said
    own = _STATUS.match(status)
    if own and (find_status(words) in VAGUE or not reply):
        words = f"{own[0]} {words}"
    code = int(reply[1]) if reply else 450 if status.startswith("4") else 550
    folded = words.lower().replace("\u2019", "'")
    enhanced = find_status(words)
    if _TOO_LARGE.search(folded) and not (enhanced and enhanced.subject == 2):
        return Failure.CONTENT
    failure = judge(code, words, Phase.RCPT).failure or Failure.OTHER
    if failure is not Failure.OTHER:
        return failure
    if code >= 500 and _NO_SUCH_ADDRESS.search(folded):
        return Failure.ADDRESS
    return Failure.MAILBOX if _FULL.search(folded) else Failure.OTHER


def _say(text: str) -> str:
    """Return what was said as it may be kept: one line, nothing that cannot be written."""
    return flatten(text.encode("utf-8", "replace").decode())[:REPLY_LENGTH]


# Reports that have no fields.

_MAILER = re.compile(
    r"mailer.?daemon|mail.?daemon|postmaster|mail delivery|mail router|microsoftexchange|mdaemon",
    re.IGNORECASE,
)
_FAILURE = re.compile(
    r"undeliver|deliver(?:y|ed)? (?:status|failure|problem|error|has failed)|failure notice"
    r"|returned (?:mail|to sender)|(?:mail|message) (?:delivery )?failed|could not be delivered"
    r"|échec de (?:la )?(?:remise|distribution)|non (?:remis|distribué|délivré)"
    r"|impossible de (?:remettre|distribuer)|n'a pas (?:pu être|été) (?:remis|distribué|délivré)"
    r"|unzustellbar|no se (?:ha podido|puede) entregar|تعذر التسليم|تعذر تسليم",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"\(delay\)|\bdelayed\b|warning: (?:message|could not)|still being retried|will be retried"
    r"|not yet been delivered|will (?:keep|continue) trying|retardé|n'a pas encore été",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"permanent|given up|giving up|not going to try again|fatal|définitif|abandonn", re.IGNORECASE
)
_LINE_OF_RECIPIENT = re.compile(r"^ *<([^<>\s@]{1,64}@[^<>\s@]{1,255})>:", re.MULTILINE)
MOST_LINES = 200


def _is_from_mailer(message: Message) -> bool:
    """Tell whether a message claims to come from a mail system, and not from a person."""
    return (
        "X-Failed-Recipients" in message
        or "X-MS-Exchange-Message-Is-Ndr" in message
        or message.get_content_type() == "multipart/report"
        or read_header(message, "Return-Path") == "<>"
        or _MAILER.search(read_header(message, "From")) is not None
    )


def _read_words(message: Message, text: str) -> Finding | None:
    """Read a report that is written for people; `None`: it is none."""
    found = _read_status(text)  # the fields without a part of their own
    if found is not None:
        return found
    told = _tell(message, text)
    if told is None:
        return None
    line = _find_reason(text)
    status = _STATUS.search(line)
    said = _say(line or read_header(message, "Subject") or told)
    failure = _blame(status[0] if status else "", line)
    return Finding(told, failure, said, _find_recipient(message, text))


def _tell(message: Message, text: str) -> Told | None:
    subject = read_header(message, "Subject").replace("\u2019", "'")
    if _LATE.search(subject) or (_LATE.search(text) and not _GIVEN_UP.search(text)):
        return Told.DELAYED
    is_marked = "X-Failed-Recipients" in message or "X-MS-Exchange-Message-Is-Ndr" in message
    words = f"{subject}\n{text}".replace("\u2019", "'")
    return Told.FAILED if is_marked or _FAILURE.search(words) else None


def _find_reason(text: str) -> str:
    """Find the line that says why: one that quotes a reply, else one with a code or clear words."""
    lines = [line.strip() for line in text.split("\n") if line.strip()][:MOST_LINES]
    replies = [line for line in lines if _REPLY.search(line)]
    codes = [line for line in lines if _STATUS.search(line)]
    both = [line for line in replies if line in codes]
    clear = (line for line in lines if _blame("", line) is not Failure.OTHER)
    return next(iter(both or codes or replies), "") or next(clear, "")


def _find_recipient(message: Message, text: str) -> str:
    named = read_header(message, "X-Failed-Recipients").split(",")[0].strip()
    line = _LINE_OF_RECIPIENT.search(text)
    return (named or (line[1] if line else "")).lower()


# Answers that report nothing.

CALENDAR_ANSWERS = ("REPLY", "COUNTER", "REFRESH", "DECLINECOUNTER")
_CALENDAR_ANSWER = re.compile(r"^METHOD:(?:REPLY|COUNTER|REFRESH)\b", re.IGNORECASE | re.MULTILINE)
_ABSENCE = re.compile(
    r"\A(?:auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|réponse automatique"
    r"|absence|absent|automatische antwort|abwesenheit|respuesta automática|رد تلقائي"
    r"|الرد التلقائي)",
    re.IGNORECASE,
)
ANSWERING_HEADERS = ("X-Autoreply", "X-Autorespond", "X-AutoReply-From", "X-Mail-Autoreply")


def is_calendar_answer(part: Message) -> bool:
    """Tell whether a part is what a calendar answers to an invitation; it may only be attached."""
    is_named_so = read_filename(part).lower().endswith(".ics")
    if part.get_content_type() not in {"text/calendar", "application/ics"} and not is_named_so:
        return False
    method = read_parameter(part, "method").upper()
    return method in CALENDAR_ANSWERS or _CALENDAR_ANSWER.search(read_text(part)) is not None


def _is_automatic(message: Message) -> bool:
    """Tell whether a machine has answered (RFC 3834, and what was there before it)."""
    return (
        read_header(message, "Auto-Submitted").lower() not in {"", "no"}
        or any(name in message for name in ANSWERING_HEADERS)
        or read_header(message, "Precedence").lower() in {"auto_reply", "bulk", "junk"}
        or read_header(message, "Return-Path") == "<>"
        or _ABSENCE.search(read_header(message, "Subject")) is not None
    )


# Which mail it is about.

RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
"""Where the return path stands that a message was sent to (VERP)."""
_MARK = re.compile(r"(?<![0-9])[0-9]{1,18}\.[0-9a-f]{16}", re.IGNORECASE)
_MESSAGE_ID = re.compile(rf"^message-id:\s*<({_MARK.pattern})@", re.IGNORECASE | re.MULTILINE)


def find_delivery(message: Message, raw: bytes, links: Links) -> int | None:
    """Find the delivery whose mark a report bears, if it is one of ours."""
    tried = set()
    for mark in _list_marks(message, raw):
        if mark not in tried and (delivery_id := links.read_mark(mark)) is not None:
            return delivery_id
        tried.add(mark)
    return None


def _list_marks(message: Message, raw: bytes) -> Iterator[str]:
    """List what may be marks: the address it came to, the message it returns, then anywhere."""
    for name in RECIPIENT_HEADERS:
        for value in read_headers(message, name):
            yield from _search(_MARK, value)
    texts = [raw.decode("latin-1"), *list_texts(message)]
    for pattern in (_MESSAGE_ID, _MARK):
        for text in texts:
            yield from _search(pattern, text)


def _search(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    return (match[match.lastindex or 0].lower() for match in pattern.finditer(text))
