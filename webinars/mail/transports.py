"""How a message leaves: written to a folder, or handed to a relay over SMTP.

A transport knows nothing of deliveries. What it does know is the one moment that matters: until the
final dot is handed to the kernel nothing was sent, and after it only the relay's reply can tell
(RFC 1047). So it says when that moment comes, and its failures say on which side of it they lie.
"""

import contextlib
import os
import re
import smtplib
import socket
import ssl
import threading
import time
import uuid
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from webinars.errors import WebinarsError

REPLY_LENGTH = 300
IDLE_SECONDS = 60
"""A connection that was not used for longer is not trusted: a firewall may have forgotten it."""
QUIT_SECONDS = 5

_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"(?m)^\.")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f]+")


class NotAccepted(WebinarsError):
    """Raised when a message was not taken; `reply` is the relay's word, or what went wrong."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class RelayDown(NotAccepted):
    """Raised when the relay takes nothing from anyone now: nothing was sent."""


class Deferred(NotAccepted):
    """Raised when the relay wants this message later."""


class Refused(NotAccepted):
    """Raised when the relay will never take this message."""


class Unanswered(NotAccepted):
    """Raised when the final dot left and no reply came: the message may have been taken or not."""


class Watcher(Protocol):
    """Who wants to know when a message passes the point of no return."""

    def before_dot(self) -> None:
        """Note that everything but the final dot is with the relay."""

    def after_dot(self) -> None:
        """Note that the final dot was handed over."""


class Transport(Protocol):
    """A way for messages to leave; one may be used by several threads."""

    def send(
        self, recipient: str, message: bytes, name: str, watcher: Watcher | None = None
    ) -> str:
        """Send a message and return the relay's reply; the name is the same for a resend.

        :raises RelayDown: nothing was sent, and the message is not to blame.
        :raises Deferred: the relay wants it later.
        :raises Refused: the relay will never take it.
        :raises Unanswered: nobody can tell whether the relay has taken it.
        """

    def check(self) -> str:
        """Try whether mail can leave, and return what was answered.

        :raises RelayDown: it cannot.
        """

    def close(self) -> None:
        """Close what is open."""


def open_transport(mail_url: str, sender: str) -> Transport:
    """Return the transport of a `file:`, `smtp:` or `smtps:` address.

    :param sender: the bare address that the relay is told the messages come from.
    """
    parts = urlsplit(mail_url)
    if parts.scheme == "file":
        return FileTransport(Path(parts.netloc + parts.path))
    return SmtpTransport(read_relay(mail_url), sender)


class FileTransport:
    """A folder that receives one `.eml` a message; a resend takes the place of the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(
        self, recipient: str, message: bytes, name: str, watcher: Watcher | None = None
    ) -> str:
        """Write a message to the folder, whole or not at all.

        Nobody watches: there is no moment at which it could be there twice.

        :raises RelayDown: the folder cannot be written to.
        """
        fresh = self.folder / f".{uuid.uuid4().hex}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(message)
            os.replace(fresh, self.folder / f"{name}.eml")
        except OSError as error:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise RelayDown(_say(error)) from error
        return "written to the outbox"

    def check(self) -> str:
        """Try whether the folder can be written to.

        :raises RelayDown: it cannot.
        """
        probe = self.folder / f".{uuid.uuid4().hex}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise RelayDown(_say(error)) from error
        return str(self.folder)

    def close(self) -> None:
        """Do nothing: no file stays open."""


class Encryption(StrEnum):
    """When a connection to the relay is encrypted."""

    WHEN_OFFERED = "when offered"
    REQUIRED = "required"
    FROM_THE_START = "from the start"


@dataclass(frozen=True)
class Relay:
    """Where the relay is, and how to speak to it."""

    host: str
    port: int
    user: str | None = None
    password: str = ""
    encryption: Encryption = Encryption.WHEN_OFFERED


@dataclass(frozen=True)
class Timeouts:
    """How many seconds the relay is waited for (RFC 5321, 4.5.3.2)."""

    connect: float = 30
    command: float = 300
    final_dot: float = 600
    """A shorter one makes doubles: a relay that scans the message has it, and answers late."""


def read_relay(mail_url: str) -> Relay:
    """Return the relay that an `smtp://` or `smtps://` address names."""
    parts = urlsplit(mail_url)
    encryption = Encryption.WHEN_OFFERED
    if parse_qs(parts.query).get("starttls") == ["require"]:
        encryption = Encryption.REQUIRED
    if parts.scheme == "smtps":
        encryption = Encryption.FROM_THE_START
    return Relay(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or (465 if parts.scheme == "smtps" else 25),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
        encryption=encryption,
    )


class SmtpTransport:
    """A relay, with a connection of its own for each thread that stays open between messages."""

    def __init__(self, relay: Relay, sender: str, timeouts: Timeouts | None = None) -> None:
        self.relay = relay
        self.sender = sender
        self.timeouts = timeouts or Timeouts()
        self._mine = threading.local()
        self._open: set[smtplib.SMTP] = set()
        self._guard = threading.Lock()

    def send(
        self, recipient: str, message: bytes, name: str, watcher: Watcher | None = None
    ) -> str:
        """Hand a message to the relay and return its reply.

        :raises RelayDown: nothing was sent, and the message is not to blame.
        :raises Deferred: the relay wants it later.
        :raises Refused: the relay will never take it.
        :raises Unanswered: the dot left and no reply came.
        """
        address = _to_envelope(recipient)
        client = self._begin(address, message)
        try:
            self._hand_over(client, address, message)
        except (Deferred, Refused):
            self._reset(client)
            raise
        except OSError as error:
            # An attempt is spent on it, or a message that breaks every connection would be tried
            # for ever, before all others.
            self._drop()
            raise Deferred(f"connection lost before the end: {_say(error)}") from error
        return self._finish(client, watcher)

    def check(self) -> str:
        """Try whether the relay lets us in, and return its answer.

        :raises RelayDown: it does not.
        """
        self._drop()
        self._connect()
        code, text = self._mine.client.noop()
        self._drop()
        return _format(code, text)

    def close(self) -> None:
        """Take leave of the relay on every connection."""
        with self._guard:
            clients, self._open = self._open, set()
        for client in clients:
            _take_leave(client)

    def _begin(self, address: str, message: bytes) -> smtplib.SMTP:
        """Return a connection on which the relay has agreed to take a message.

        One that had been open may have ended meanwhile: then a fresh one is tried at once.
        """
        client = self._get_open()
        if client is not None:
            try:
                self._announce(client, address, message)
                return client
            except (OSError, RelayDown):
                self._drop()
        client = self._connect()
        try:
            self._announce(client, address, message)
        except OSError as error:
            self._drop()
            raise RelayDown(_say(error)) from error
        return client

    def _announce(self, client: smtplib.SMTP, address: str, message: bytes) -> None:
        options = _choose_options(client, address, message)
        code, text = client.mail(self.sender, options)
        if code == 250:
            return
        if code // 100 == 4 and code != 421:
            self._reset(client)
            raise Deferred(_format(code, text))
        # Whoever refuses the sender refuses everyone: a setting is wrong, not this message.
        self._drop()
        raise RelayDown(_format(code, text))

    def _hand_over(self, client: smtplib.SMTP, address: str, message: bytes) -> None:
        """Send everything but the final dot."""
        _expect((250, 251), *client.rcpt(address))
        _expect((354,), *client.docmd("DATA"))
        client.send(_escape(message))

    def _finish(self, client: smtplib.SMTP, watcher: Watcher | None) -> str:
        """Send the final dot and return the relay's reply."""
        if watcher:
            watcher.before_dot()
        assert client.sock is not None
        try:
            client.sock.settimeout(self.timeouts.final_dot)
            client.send(b".\r\n")
            if watcher:
                watcher.after_dot()
            code, text = client.getreply()
            client.sock.settimeout(self.timeouts.command)
        except OSError as error:
            self._drop()
            raise Unanswered(f"no reply after the end of the message: {_say(error)}") from error
        self._mine.used_at = time.monotonic()
        return self._judge(code, text)

    def _judge(self, code: int, text: bytes) -> str:
        reply = _format(code, text)
        if code == 421 or code // 100 not in {2, 4, 5}:
            self._drop()
        match code // 100:
            case 2:
                return reply
            case 4:
                raise Deferred(reply)
            case 5:
                raise Refused(reply)
        raise Unanswered(f"an answer that is none: {reply}")

    def _get_open(self) -> smtplib.SMTP | None:
        client: smtplib.SMTP | None = getattr(self._mine, "client", None)
        if client is None or client.sock is None:
            return None
        if time.monotonic() - self._mine.used_at > IDLE_SECONDS:
            self._drop()
            return None
        return client

    def _connect(self) -> smtplib.SMTP:
        """Open this thread's connection: greeting, encryption and sign-in included.

        :raises RelayDown: one of them failed.
        """
        client = None
        try:
            client = self._dial()
            self._enter(client)
        except OSError as error:  # smtplib's own errors are among them
            if client is not None:
                client.close()
            raise RelayDown(_say(error)) from error
        self._mine.client = client
        self._mine.used_at = time.monotonic()
        with self._guard:
            self._open.add(client)
        return client

    def _dial(self) -> smtplib.SMTP:
        # By its sender's domain: `smtplib` would ask DNS for this machine's full name.
        name = self.sender.rpartition("@")[2]
        where, wait = (self.relay.host, self.relay.port), self.timeouts.connect
        if self.relay.encryption is Encryption.FROM_THE_START:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(*where, name, timeout=wait, context=context)
        return smtplib.SMTP(*where, name, timeout=wait)

    def _enter(self, client: smtplib.SMTP) -> None:
        client.ehlo_or_helo_if_needed()
        required = self.relay.encryption is Encryption.REQUIRED
        if required or (
            self.relay.encryption is Encryption.WHEN_OFFERED and client.has_extn("starttls")
        ):
            client.starttls(context=_make_context(verified=required))
            client.ehlo_or_helo_if_needed()
        if self.relay.user:
            client.login(self.relay.user, self.relay.password)
        assert client.sock is not None
        # The dot is a packet of its own: it must not wait for the one before to be acknowledged.
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sock.settimeout(self.timeouts.command)

    def _reset(self, client: smtplib.SMTP) -> None:
        """Make the connection ready for the next message."""
        try:
            code, _text = client.rset()
        except OSError:
            code = 421
        if code != 250:
            self._drop()
        self._mine.used_at = time.monotonic()

    def _drop(self) -> None:
        client: smtplib.SMTP | None = getattr(self._mine, "client", None)
        self._mine.client = None
        if client is not None:
            with self._guard:
                self._open.discard(client)
            client.close()


def _make_context(*, verified: bool) -> ssl.SSLContext:
    """Return how to encrypt.

    When encryption is only taken where offered, whoever could forge a certificate could as well
    take the offer away: a relay's own certificate will do.
    """
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _to_envelope(recipient: str) -> str:
    """Return an address as the envelope holds it, its domain in ASCII.

    :raises Refused: it is no address.
    """
    local, at, domain = recipient.rpartition("@")
    if not (at and local and domain) or _UNSEEN.search(recipient) or set(recipient) & set("<> "):
        raise Refused("not an address")
    try:
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise Refused("not an address") from error


def _choose_options(client: smtplib.SMTP, address: str, message: bytes) -> list[str]:
    options = []
    if not message.isascii() and client.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    if not address.isascii():
        if not client.has_extn("smtputf8"):
            raise Refused("the relay takes no address with such letters")
        options.append("SMTPUTF8")
    return options


def _expect(codes: tuple[int, ...], code: int, text: bytes) -> None:
    if code in codes:
        return
    raise (Refused if code // 100 == 5 else Deferred)(_format(code, text))


def _escape(message: bytes) -> bytes:
    """Return a message as DATA carries it: only CRLF ends a line, no dot stands alone.

    A bare CR or LF would let a text smuggle in an end of message of its own.
    """
    message = _LINE_END.sub(b"\r\n", message)
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    return _LEADING_DOT.sub(b"..", message)


def _format(code: int, text: bytes) -> str:
    words = _UNSEEN.sub(" ", text.decode("utf-8", "replace"))
    return f"{code} {words}"[:REPLY_LENGTH].strip()


def _say(error: OSError) -> str:
    """Return in one line what went wrong, without anything secret."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _format(error.smtp_code, said if isinstance(said, bytes) else said.encode())
    return _UNSEEN.sub(" ", f"{type(error).__name__}: {error}")[:REPLY_LENGTH]


def _take_leave(client: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError, AttributeError):  # it may be closed already
        client.sock.settimeout(QUIT_SECONDS)  # type: ignore[union-attr]
        client.quit()
