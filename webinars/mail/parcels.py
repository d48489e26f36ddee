"""A message as the wire wants it: addresses for the envelope, CRLF, doubled dots. Pure."""

import re
from dataclasses import dataclass

from webinars.mail.messages import Message
from webinars.mail.replies import Fate, Result
from webinars.models import Failure

DOT = b".\r\n"

_PLAIN = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9.-]+")
_UNSAID = re.compile("[\x00-\x20\x7f-\x9f<>]")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_LEADING_DOT = re.compile(rb"\n\.")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message, and what a relay is told and given of it."""

    message: Message
    sender: str
    recipient: str
    body: bytes
    """Its final dot included."""

    def is_ascii(self) -> bool:
        """Tell whether any relay can be told its addresses (RFC 6531)."""
        return self.sender.isascii() and self.recipient.isascii()


def pack(message: Message, sender: str) -> Parcel | Result:
    """Make a message ready to be sent, or tell why it never can be.

    :param sender: what it comes from when it names no return path.
    """
    recipient = _write_address(message.recipient)
    if recipient is None:
        return Result(Fate.REFUSED, "not an address", Failure.ADDRESS)
    return_path = _write_address(message.return_path or sender)
    if return_path is None:
        return Result(Fate.REFUSED, "the return path is not an address", Failure.OTHER)
    return Parcel(message, return_path, recipient, _escape(message.content) + DOT)


def _write_address(address: str) -> str | None:
    """Return an address as the envelope holds it, its domain in ASCII; `None`: it is none."""
    if _PLAIN.fullmatch(address):
        return address
    local, at, domain = address.rpartition("@")
    if not (at and local and domain) or _UNSAID.search(address):
        return None
    try:
        address.encode()
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError:
        return None


def _escape(content: bytes) -> bytes:
    """Return a content as DATA carries it: only CRLF ends a line, and none begins with one dot.

    A bare CR or LF would let a text smuggle in an end of message of its own (RFC 5321, 2.3.8).
    """
    # Where each CR has its LF and there are as many of both, nothing is to be done.
    if _LONE_RETURN.search(content) or content.count(b"\n") != content.count(b"\r"):
        content = _LINE_END.sub(b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    if content.startswith(b"."):
        content = b"." + content
    return _LEADING_DOT.sub(b"\n..", content)
