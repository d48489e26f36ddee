"""From a letter to the bytes that are sent: templates, then headers and MIME parts.

Pure: the same letter gives the same bytes, boundaries included, so that a resend is the same
message. Written by hand around the standard library's encoders, because `EmailMessage` takes six
milliseconds a message. Not about who is written to, nor about how bytes leave.
"""

import binascii
import re
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from webinars.mail.contexts import MailContext
from webinars.models import CalendarMethod, Language

TEMPLATES = Path(__file__).parents[2] / "templates" / "mails"
SUBJECT_LENGTH = 69
"""Under 70 characters, so that a telephone shows the whole of it."""
TEST_MARK = "[TEST]"
QUOTED = "quoted-printable"
BASE64 = "base64"
BOUNDARY_MARK = 50
"""How much of a Message-ID goes into a boundary, which has 70 characters at most (RFC 2046)."""

_LINE_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HIDDEN = re.compile("[\u061c\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What turns the reading order round or cannot be seen or written. Marks that join or separate
Arabic letters stay."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_NOT_IN_BOUNDARY = re.compile("[^0-9A-Za-z.+_-]")
_CRLF = b"\r\n"


class CalendarPart(NamedTuple):
    """A calendar entry: an invitation that calendars take up, or a plain file in a copy."""

    content: bytes
    method: CalendarMethod
    as_file: bool


class Body(NamedTuple):
    """A text as it travels: seven bits, every line ended by CRLF."""

    encoding: str
    content: bytes


class Letter(NamedTuple):
    """One message, complete: its words are written, and nothing but its bytes remains to be made.

    The same letter is the same bytes, whether its words were written for it alone or filled into
    those that many have in common.
    """

    language: Language
    sender: str
    """`Name <address>`."""
    reply_to: str | None
    subject: str
    recipient: str
    message_id: str
    """With its angle brackets; boundaries bear what stands before its `@`."""
    date: datetime
    text: Body
    html: Body
    calendar: CalendarPart | None = None
    unsubscribe_url: str | None = None
    """Where one click stops such mails (RFC 8058); `None`: nobody may do without this one."""


class Texts(NamedTuple):
    """A letter's words: subject, text and HTML."""

    subject: str
    text: str
    html: str


def write(
    context: MailContext, language: Language, *, is_test: bool = False, keeps_subject: bool = False
) -> Texts:
    """Return what a mail says in a language; a mail in French alone is asked for in French.

    :param keeps_subject: whether a long subject stays as it is: an organiser's own.
    """
    folder = f"{context.mail}/{language}"
    given = {field.name: getattr(context, field.name) for field in fields(context)}
    subject, text, html = (
        ENVIRONMENT.get_template(f"{folder}/{name}").render(given)
        for name in ("subject.txt", "body.txt", "body.html")
    )
    mark = f"{TEST_MARK} " if is_test else ""
    whole = " ".join(clean(mark + subject).split())
    return Texts(whole if keeps_subject else shorten(whole), _tidy(text), _tidy(html))


def compose(letter: Letter) -> bytes:
    """Return the message as it is sent: CRLF, headers first, and every line under 78 octets.

    The one that may be longer holds the address to unsubscribe at: machines read it unbroken.

    :raises ValueError: an address of the letter is none that a header can hold.
    """
    calendar = letter.calendar
    alternatives = [
        _TEXTS["plain", letter.text.encoding],
        letter.text.content,
        _TEXTS["html", letter.html.encoding],
        letter.html.content,
    ]
    mark = _make_mark(letter.message_id)
    if calendar is None:
        return b"".join([_write_headers(letter), *_multipart("alternative", mark, alternatives)])
    coded = encode_base64(calendar.content)
    if not calendar.as_file:
        # Calendars look for an invitation in the last alternative (RFC 6047, 2.4).
        alternatives += [_INVITATION[calendar.method], coded]
    first, *rest = _multipart("alternative", mark, alternatives)
    parts = [first, b"".join(rest), _FILES[calendar.as_file], coded]
    return b"".join([_write_headers(letter), *_multipart("mixed", mark, parts)])


def clean(value: str) -> str:
    """Return a text on one line, without controls and without what turns the reading order."""
    if value.isprintable():  # as most are: what is replaced or left out below is not
        return value
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


def _write_headers(letter: Letter) -> bytes:
    """Write the headers but the last, which is the body's own; most are the same for everyone."""
    first, middle, last = _write_common(
        letter.sender, letter.reply_to, letter.subject, letter.language
    )
    lines = (
        f"{first}To: {_checked(letter.recipient)}\r\n"
        f"{middle}Date: {_say_date(letter.date)}\r\n"
        f"Message-ID: {clean(letter.message_id)}\r\n"
        f"{last}{_write_unsubscription(letter.unsubscribe_url)}MIME-Version: 1.0\r\n"
    )
    return lines.encode("ascii")


@lru_cache(maxsize=512)
def _write_common(
    sender: str, reply_to: str | None, subject: str, language: Language
) -> tuple[str, str, str]:
    """Write the headers that many have in common: before To, before Date, after Message-ID."""
    middle = f"Reply-To: {_checked(reply_to)}\r\n" if reply_to else ""
    last = [
        f"Content-Language: {language}",
        # RFC 3834: no out-of-office answer to a machine; the second is Exchange's own word for it.
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: OOF, NRN, AutoReply, RN",
    ]
    return (
        f"From: {_say_sender(sender)}\r\n",
        f"{middle}Subject: {_encode_words(subject, 'Subject')}\r\n",
        "".join(f"{line}\r\n" for line in last),
    )


def _write_unsubscription(url: str | None) -> str:
    """Write what lets a mail program offer to unsubscribe with one click (RFC 8058)."""
    if not url or not url.isascii():  # as an address of the site with an accent would be
        return ""
    return f"List-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


@lru_cache(maxsize=512)
def _say_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))


def _say_sender(value: str) -> str:
    name, address = parseaddr(clean(value))
    if not name.isascii():
        return f"{_encode_words(name, 'From')} <{_checked(address)}>"
    return formataddr((name, _checked(address)))


def _checked(address: str) -> str:
    if not is_address(address):
        raise ValueError("an address that a header cannot hold")
    return address


def _encode_words(value: str, header: str) -> str:
    """Encode a header's words (RFC 2047)."""
    charset = "us-ascii" if value.isascii() else "utf-8"
    return Header(value, charset, header_name=header).encode(linesep="\r\n")


def encode(text: str) -> Body:
    """Encode a text, whose lines end in a line feed, as it travels."""
    content = text.replace("\n", "\r\n").encode()
    if is_mostly_ascii(len(text), len(content)):
        return Body(QUOTED, encode_quoted(content))
    return Body(BASE64, encode_base64(content))


def is_mostly_ascii(characters: int, octets: int) -> bool:
    """Tell whether a text is shorter in quoted-printable, which stays legible, than in base64.

    It is for French and English; not where more than one letter in ten takes two octets.
    """
    return octets < 1.1 * characters


def encode_quoted(content: bytes) -> bytes:
    """Encode whole lines; each of them by itself, so that lines may be put together afterwards."""
    return binascii.b2a_qp(content, istext=True)


def encode_base64(content: bytes) -> bytes:
    """Encode octets in lines of 76, each ended by CRLF."""
    coded = binascii.b2a_base64(content, newline=False)
    lines = [coded[start : start + 76] for start in range(0, len(coded), 76)]
    return b"\r\n".join([*lines, b""])


def _write_head(*headers: str, encoding: str) -> bytes:
    lines = [*headers, f"Content-Transfer-Encoding: {encoding}", "", ""]
    return "\r\n".join(lines).encode("ascii")


def _write_file_head(name: str) -> bytes:
    return _write_head(
        f'Content-Type: application/ics; name="{name}"',
        f'Content-Disposition: attachment; filename="{name}"',
        encoding=BASE64,
    )


_TEXTS = {
    (subtype, encoding): _write_head(
        f"Content-Type: text/{subtype}; charset=utf-8", encoding=encoding
    )
    for subtype in ("plain", "html")
    for encoding in (QUOTED, BASE64)
}
_INVITATION = {
    method: _write_head(
        f"Content-Type: text/calendar; charset=utf-8; method={method}; component=VEVENT",
        encoding=BASE64,
    )
    for method in CalendarMethod
}
_FILES = {True: _write_file_head("calendar.ics"), False: _write_file_head("invite.ics")}
"""The headers of parts, up to the empty line. A file of a copy invites nobody."""


def _make_mark(message_id: str) -> str:
    """Return what the boundaries of a message bear: what stands before the @ of its Message-ID.

    So a report that quotes nothing but the body still names the delivery.
    """
    mark = message_id.partition("@")[0].lstrip("<")
    return _NOT_IN_BOUNDARY.sub("-", mark)[:BOUNDARY_MARK]


def _multipart(subtype: str, mark: str, parts: Sequence[bytes]) -> list[bytes]:
    """Join parts, each given as its headers and its content; return the whole in pieces.

    The first piece is the headers. `=_` in the boundary can stand in no encoded content.
    """
    boundary = f"=_{mark}_{subtype}"
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode("ascii")
    opening = f"--{boundary}\r\n".encode("ascii")
    pieces = [head]
    for headers, content in zip(parts[::2], parts[1::2], strict=True):
        pieces += [opening, headers, content, _CRLF]
    return [*pieces, f"--{boundary}--\r\n".encode("ascii")]
