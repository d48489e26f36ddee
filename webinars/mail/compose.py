"""From a letter to the bytes that are sent: templates, then headers and MIME parts.

Pure: the same letter gives the same bytes, boundaries included, so that a resend is the same
message. Written by hand around the standard library's encoders, because `EmailMessage` takes six
milliseconds a message. Not about who is written to, nor about how bytes leave.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from webinars.mail.contexts import EventContext
from webinars.models import CalendarMethod, Language, MailName

TEMPLATES = Path(__file__).parents[2] / "templates" / "mails"
FRENCH_ONLY = frozenset({MailName.ROOM_MISSING})
"""Mails to organisers, whose pages are in French."""
SUBJECT_LENGTH = 69
"""Under 70 characters, so that a telephone shows the whole of it."""
TEST_MARK = "[TEST]"

_LINE_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HIDDEN = re.compile("[\u061c\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What turns the reading order round or cannot be seen or written. Marks that join or separate
Arabic letters stay."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_CRLF = b"\r\n"


@dataclass(frozen=True)
class CalendarPart:
    """A calendar entry: an invitation that calendars take up, or a plain file in a copy."""

    content: bytes
    method: CalendarMethod
    as_file: bool


@dataclass(frozen=True)
class Letter:
    """One message, complete: nothing but templates is needed to write its bytes."""

    context: EventContext
    language: Language
    sender: str
    """`Name <address>`."""
    reply_to: str | None
    recipient: str
    message_id: str
    """With its angle brackets; boundaries derive from it."""
    date: datetime
    calendar: CalendarPart | None = None
    is_test: bool = False

    @property
    def mail(self) -> MailName:
        """Return the name of the mail that it is."""
        return self.context.mail


@dataclass(frozen=True)
class Texts:
    """A letter's words: subject, text and HTML."""

    subject: str
    text: str
    html: str


def compose(letter: Letter) -> bytes:
    """Return the message as it is sent: CRLF, headers first, every line under 78 octets.

    :raises ValueError: an address of the letter is none that a header can hold.
    """
    texts = write(letter)
    body = _alternative(letter, texts)
    if letter.calendar is not None:
        body = _multipart("mixed", letter, [body, _calendar_file(letter.calendar)])
    return b"".join([_headers(letter, texts.subject), b"MIME-Version: 1.0\r\n", body])


def write(letter: Letter) -> Texts:
    """Return a letter's words in its language, in French where there is no other."""
    language = Language.FRENCH if letter.mail in FRENCH_ONLY else letter.language
    folder = f"{letter.mail}/{language}"
    context = {field.name: getattr(letter.context, field.name) for field in fields(letter.context)}
    subject, text, html = (
        ENVIRONMENT.get_template(f"{folder}/{name}").render(context)
        for name in ("subject.txt", "body.txt", "body.html")
    )
    mark = f"{TEST_MARK} " if letter.is_test else ""
    return Texts(shorten(clean(mark + subject)), _tidy(text), _tidy(html))


def clean(value: str) -> str:
    """Return a text on one line, without controls and without what turns the reading order."""
    return _HIDDEN.sub("", _LINE_BREAKS.sub(" ", value))


def shorten(subject: str) -> str:
    """Return a subject of fewer than 70 characters, cut after a whole word."""
    subject = " ".join(subject.split())
    if len(subject) <= SUBJECT_LENGTH:
        return subject
    kept = subject[:SUBJECT_LENGTH]
    whole_words = kept.rsplit(" ", 1)[0]
    # A single endless word is cut inside rather than dropped with everything before it.
    kept = whole_words if len(whole_words) > SUBJECT_LENGTH // 2 else kept[:-1]
    return kept.rstrip(" ,;:–—-«(") + "…"


def is_address(value: str) -> bool:
    """Tell whether a header can hold this mail address as it stands."""
    return _ADDRESS.fullmatch(value) is not None


def _finalize(value: object) -> object:
    """Clean whatever a template prints: no value may begin a line of its own."""
    return clean(value) if isinstance(value, str) else value


def _left_to_right(value: str) -> str:
    """Keep a number or a reference in order inside a line of Arabic (Unicode TR 9, marks)."""
    return f"\u200e{value}\u200e"


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        finalize=_finalize,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["ltr"] = _left_to_right
    return environment


ENVIRONMENT = _make_environment()
"""The environment of mails: no page is in its reach."""


def _tidy(text: str) -> str:
    """Close the gaps that passages left out have left behind."""
    lines = (line.rstrip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _headers(letter: Letter, subject: str) -> bytes:
    lines = [
        f"From: {_sender(letter.sender)}",
        f"To: {_checked(letter.recipient)}",
        f"Subject: {_encoded(subject, 'Subject')}",
        f"Date: {format_datetime(letter.date.astimezone(UTC))}",
        f"Message-ID: {clean(letter.message_id)}",
        f"Content-Language: {letter.language}",
        # RFC 3834: no out-of-office answer to a machine; the second is Exchange's own word for it.
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: OOF, NRN, AutoReply, RN",
    ]
    if letter.reply_to:
        lines.insert(2, f"Reply-To: {_checked(letter.reply_to)}")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _sender(value: str) -> str:
    name, address = parseaddr(clean(value))
    if not name.isascii():
        return f"{_encoded(name, 'From')} <{_checked(address)}>"
    return formataddr((name, _checked(address)))


def _checked(address: str) -> str:
    if not is_address(address):
        raise ValueError("an address that a header cannot hold")
    return address


@lru_cache(maxsize=256)
def _encoded(value: str, header: str) -> str:
    """Encode a header's words (RFC 2047); a mailing's subject is the same for everyone."""
    charset = "us-ascii" if value.isascii() else "utf-8"
    return Header(value, charset, header_name=header).encode(linesep="\r\n")


def _alternative(letter: Letter, texts: Texts) -> bytes:
    """Join text and HTML; an invitation comes last, where calendars look for it (RFC 6047, 2.4)."""
    parts = [_text_part("plain", texts.text), _text_part("html", texts.html)]
    if letter.calendar is not None and not letter.calendar.as_file:
        kind = f"text/calendar; charset=utf-8; method={letter.calendar.method}; component=VEVENT"
        parts.append(_part([f"Content-Type: {kind}"], "base64", _base64(letter.calendar.content)))
    return _multipart("alternative", letter, parts)


def _calendar_file(calendar: CalendarPart) -> bytes:
    name = "calendar.ics" if calendar.as_file else "invite.ics"
    headers = [
        f'Content-Type: application/ics; name="{name}"',
        f'Content-Disposition: attachment; filename="{name}"',
    ]
    return _part(headers, "base64", _base64(calendar.content))


def _text_part(subtype: str, text: str) -> bytes:
    content = text.replace("\n", "\r\n").encode()
    kind = [f"Content-Type: text/{subtype}; charset=utf-8"]
    # Quoted-printable stays legible for French and English; where more than one letter in ten takes
    # two octets, as in Arabic, base64 is shorter.
    if len(content) < 1.1 * len(text):
        return _part(kind, "quoted-printable", binascii.b2a_qp(content, istext=True))
    return _part(kind, "base64", _base64(content))


def _base64(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", _CRLF)


def _part(headers: list[str], encoding: str, content: bytes) -> bytes:
    lines = [*headers, f"Content-Transfer-Encoding: {encoding}", "", ""]
    return "\r\n".join(lines).encode("ascii") + content


def _multipart(subtype: str, letter: Letter, parts: list[bytes]) -> bytes:
    """Join parts; `=_` in the boundary can stand in no encoded content."""
    seed = f"{letter.message_id} {subtype}".encode()
    boundary = f"=_{hashlib.sha256(seed).hexdigest()[:32]}"
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode("ascii")
    opening = f"--{boundary}\r\n".encode("ascii")
    body = b"".join(opening + part + _CRLF for part in parts)
    return head + body + f"--{boundary}--\r\n".encode("ascii")
