"""The mailbox on disk, for whoever tries the service out on her own machine.

Closed to the world: it answers only where mail is written to a folder, the base address is
loopback, and the client is on this machine with no proxy between. A page of elsewhere cannot read
it by a name that it makes point here either.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template

from webinars.errors import NotFound
from webinars.web import headers, machine
from webinars.web.calendar_reading import Reading, read_out
from webinars.web.current import get_runtime

blueprint = Blueprint("outbox", __name__)

LISTED_AT_MOST = 200
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,200}")

HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'self';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""For a mail's HTML: its styles, no script, nothing from elsewhere; links open beside it."""


@dataclass(frozen=True)
class Line:
    """A message in the list."""

    name: str
    subject: str
    recipient: str
    sent_at: datetime | None


@dataclass(frozen=True)
class Attachment:
    """A part of a message that is not shown on the page."""

    index: int
    filename: str
    content_type: str
    bytes: int


@dataclass(frozen=True)
class Message:
    """A message as its page shows it."""

    name: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str
    has_html: bool
    readings: tuple[Reading, ...]
    attachments: tuple[Attachment, ...]
    source: str


@blueprint.before_request
def require_this_machine() -> None:
    """Answer nobody but the person in front of this machine.

    :raises NotFound: for everyone else there is no such page.
    """
    settings = get_runtime().settings
    is_at_home = machine.is_loopback(urlsplit(settings.base_url).hostname)
    if settings.outbox_dir is None or not is_at_home or not machine.is_asked_here():
        raise NotFound("outbox")


@blueprint.get("/outbox")
def index() -> str:
    """Show the newest messages."""
    paths = sorted(_list_files(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    lines = [_read_line(path) for path in paths[:LISTED_AT_MOST]]
    return render_template("public/outbox/index.html", lines=lines, total=len(paths))


@blueprint.get("/outbox/<name>")
def show(name: str) -> str:
    """Show a message: its parts, headers, calendar entry, attachments and source."""
    headers.allow("frame-src", "'self'")
    return render_template("public/outbox/show.html", message=_read(name))


@blueprint.get("/outbox/<name>/html")
def html(name: str) -> Response:
    """Show the HTML part of a message, for the frame on its page."""
    part = _parse(name).get_body(("html",))
    if part is None:
        raise NotFound("part", name)
    # The frame would have to show our own pages, which let nobody frame them.
    page = str(part.get_content()).replace("<head>", '<head><base target="_blank">', 1)
    response = Response(page)
    response.headers["Content-Security-Policy"] = HTML_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get("/outbox/<name>/parts/<int(max=1000):index>")
def part(name: str, index: int) -> Response:
    """Hand over an attachment of a message."""
    found = dict(_list_parts(_parse(name))).get(index)
    if found is None:
        raise NotFound("part", name)
    response = Response(found.get_payload(decode=True), mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=_filename(found, index))
    return response


@blueprint.get("/outbox/<name>/source")
def source(name: str) -> Response:
    """Show a message as it was written."""
    return Response(_find(name).read_bytes(), content_type="text/plain; charset=utf-8")


def _list_files() -> list[Path]:
    folder = get_runtime().settings.outbox_dir
    return list(folder.glob("[!.]*.eml")) if folder else []


def _find(name: str) -> Path:
    folder = get_runtime().settings.outbox_dir
    path = folder / f"{name}.eml" if folder and NAME.fullmatch(name) else None
    if path is None or not path.is_file():
        raise NotFound("message", name)
    return path


def _parse(name: str) -> EmailMessage:
    message = message_from_bytes(_find(name).read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _read_line(path: Path) -> Line:
    with path.open("rb") as file:
        found = BytesParser().parse(file, headersonly=True)
    said = {
        name: str(make_header(decode_header(found.get(name, "")))) for name in ("Subject", "To")
    }
    sent_at = parsedate_to_datetime(found["Date"]) if found["Date"] else None
    return Line(path.stem, said["Subject"], said["To"], sent_at)


def _read(name: str) -> Message:
    message = _parse(name)
    text = message.get_body(("plain",))
    calendars = [
        part.get_content()
        for part in message.walk()
        if part.get_content_type() == "text/calendar" and not part.is_attachment()
    ]
    return Message(
        name=name,
        subject=str(message["Subject"]),
        headers=tuple((key, str(value)) for key, value in message.items()),
        text=str(text.get_content()) if text else "",
        has_html=message.get_body(("html",)) is not None,
        readings=tuple(reading for said in calendars for reading in read_out(_as_text(said))),
        attachments=tuple(_describe(index, part) for index, part in _list_parts(message)),
        source=_find(name).read_bytes().decode("utf-8", "replace"),
    )


def _as_text(content: object) -> str:
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)


def _list_parts(message: EmailMessage) -> Iterator[tuple[int, EmailMessage]]:
    for index, part in enumerate(message.walk()):
        if isinstance(part, EmailMessage) and not part.is_multipart() and part.is_attachment():
            yield index, part


def _describe(index: int, part: EmailMessage) -> Attachment:
    content = part.get_payload(decode=True) or b""
    return Attachment(index, _filename(part, index), part.get_content_type(), len(content))


def _filename(part: EmailMessage, index: int) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", part.get_filename() or f"part-{index}")
