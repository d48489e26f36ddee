"""One connection to a relay: opened by the standard library, then spoken to in whole groups.

`smtplib` greets, encrypts and signs in. Then this module takes over its socket, for waiting for
each answer before the next command is what makes SMTP slow: where the relay offers PIPELINING
(RFC 2920), the three commands that announce a message go out together, behind the body of the one
before. In which order messages go, and what becomes of each, is `webinars.mail.handover`.
"""

import contextlib
import smtplib
import socket
import ssl
import time

from webinars.mail.messages import RelayDown
from webinars.mail.parcels import DOT, Parcel
from webinars.mail.relays import Encryption, Relay, Timeouts
from webinars.mail.replies import (
    REPLY_LENGTH,
    BadReply,
    Phase,
    Reply,
    ReplyParser,
    flatten,
    format_reply,
)

RECEIVED_AT_ONCE = 65536
TLS_RECORD = 16384
"""The longest piece that TLS hands over whole or not at all (RFC 8446, 5.1): only so is it known
whether the dot has left."""
SHORTEST_WAIT = 0.001
STEPS = (Phase.MAIL, Phase.RCPT, Phase.DATA)
"""What announces a message."""


class Lost(OSError):
    """Raised when a connection broke, or what came is no reply."""

    def __init__(self, reason: str, *, sent: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        """How many bytes of what was being written the kernel has."""


class Wire:
    """A socket that bytes go into and replies come out of, each within its time."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._piece = TLS_RECORD if isinstance(opened, ssl.SSLSocket) else None
        self._parser = ReplyParser()
        self._timeout: float | None = None

    def write(self, data: bytes, timeout: float) -> None:
        """Hand all of it to the kernel.

        :raises Lost: the kernel took only a part of it.
        """
        ends_at = time.monotonic() + timeout
        left, sent = timeout, 0
        try:
            while sent < len(data):
                self._wait_at_most(left)
                sent += self._socket.send(
                    data[sent : sent + self._piece] if self._piece else data[sent:]
                )
                left = ends_at - time.monotonic()
        except OSError as error:
            raise Lost(say(error), sent=sent) from error

    def read(self, timeout: float) -> Reply:
        """Return the next reply.

        :raises Lost: none came in time, none can come any more, or it is none.
        """
        try:
            if (reply := self._parser.take()) is not None:
                return reply
            return self._receive(timeout)
        except BadReply as error:
            raise Lost(str(error)) from error
        except OSError as error:
            raise Lost(say(error)) from error

    def close(self) -> None:
        """Do nothing: whoever opened the socket closes it."""

    def _receive(self, timeout: float) -> Reply:
        ends_at = time.monotonic() + timeout
        left = timeout  # for the whole reply: one that drips in byte by byte ends as well
        while True:
            self._wait_at_most(left)
            data = self._socket.recv(RECEIVED_AT_ONCE)
            if not data:
                raise Lost("the relay hung up")
            self._parser.feed(data)
            if (reply := self._parser.take()) is not None:
                self._wait_at_most(timeout)
                return reply
            left = ends_at - time.monotonic()

    def _wait_at_most(self, seconds: float) -> None:
        if seconds != self._timeout:
            self._socket.settimeout(max(seconds, SHORTEST_WAIT))
            self._timeout = seconds


class Connection:
    """A relay that has let us in."""

    def __init__(self, client: smtplib.SMTP, relay: Relay, timeouts: Timeouts) -> None:
        assert client.sock is not None
        self.is_pipelining = client.has_extn("pipelining")
        self.is_over = False
        """Whether nothing more is said on it: it broke, or the relay closes it (421)."""
        self.is_waiting = False
        """Whether it was kept open unused, and has not spoken since."""
        self.taken = 0
        """To how many senders the relay has agreed."""
        self._client = client
        self._wire: Wire = client.file or Wire(client.sock)
        self._timeouts = timeouts
        self._limit = relay.per_connection
        self._takes_size = client.has_extn("size")
        self._takes_eight_bits = client.has_extn("8bitmime")
        self._takes_utf8 = client.has_extn("smtputf8")
        self._announced: Parcel | None = None
        self._needs_reset = False
        self._used_at = time.monotonic()

    def has_room(self) -> bool:
        """Tell whether one more message may be announced on it."""
        return not self.is_over and (self._limit is None or self.taken < self._limit)

    def keep(self) -> None:
        """Note that it waits for later."""
        self._used_at = time.monotonic()
        self.is_waiting = True

    def is_stale(self) -> bool:
        """Tell whether it has waited for too long."""
        return time.monotonic() - self._used_at > self._timeouts.idle

    def can_name(self, parcel: Parcel) -> bool:
        """Tell whether the relay understands the letters of its addresses."""
        return self._takes_utf8 or parcel.is_ascii()

    def announce(self, parcel: Parcel) -> bytes:
        """Return what tells the relay of a message, to be written behind the one before."""
        self._announced = parcel
        return b"".join(self._list_commands(parcel))

    def ask(self, parcel: Parcel) -> tuple[Phase, Reply] | None:
        """Ask whether the relay takes a message: `None`, or the first step that it refuses.

        :raises Lost: the connection broke.
        """
        replies = self._hear() if self._announced is parcel else self._tell(parcel)
        self._announced = None
        agreed = [_agrees(*step) for step in zip(STEPS, replies, strict=False)]
        self.taken += agreed[0]
        if agreed == [True, True, True]:
            return None
        first = agreed.index(False)
        self._give_up(agreed, replies[first])
        return STEPS[first], replies[first]

    def write(self, data: bytes) -> None:
        """Hand bytes to the kernel.

        :raises Lost: it took only a part of them.
        """
        self._wire.write(data, self._timeouts.command)

    def read(self) -> Reply:
        """Return the answer to a command.

        :raises Lost: there is none.
        """
        return self._note(self._wire.read(self._timeouts.command))

    def read_after_dot(self) -> Reply:
        """Return the answer to a message, which may take long.

        :raises Lost: there is none.
        """
        return self._note(self._wire.read(self._timeouts.final_dot))

    def read_last_word(self) -> Reply:
        """Return what a relay that hung up had said before.

        :raises Lost: nothing.
        """
        return self._note(self._wire.read(self._timeouts.leave))

    def check(self) -> str:
        """Return what the relay answers when it is asked for nothing.

        :raises Lost: nothing.
        """
        self.write(b"NOOP\r\n")
        reply = self.read()
        return format_reply(reply.code, reply.text)

    def leave(self) -> None:
        """Take leave of the relay; it must not be in the middle of a message."""
        with contextlib.suppress(Lost):
            self._wire.write(b"QUIT\r\n", self._timeouts.leave)
            self._wire.read(self._timeouts.leave)
        self.close()

    def hang_up(self) -> None:
        """Take leave without waiting for an answer: perhaps nobody is there any more."""
        with contextlib.suppress(Lost):
            self._wire.write(b"QUIT\r\n", self._timeouts.leave)
        self.close()

    def cut(self) -> None:
        """Break it off under whoever uses it, in another thread."""
        with contextlib.suppress(OSError, AttributeError):  # it may be closed already
            self._client.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    def close(self) -> None:
        """Close it without a word."""
        self.is_over = True
        self._client.close()

    def _tell(self, parcel: Parcel) -> list[Reply]:
        if self._needs_reset:
            self._reset()
        if self.is_pipelining:
            self.write(b"".join(self._list_commands(parcel)))
            return self._hear()
        replies: list[Reply] = []
        for phase, command in zip(STEPS, self._list_commands(parcel), strict=True):
            self.write(command)
            replies.append(self.read())
            if not _agrees(phase, replies[-1]):
                break
        return replies

    def _hear(self) -> list[Reply]:
        """Return the answers to a group: all of them, unless the relay closes the connection."""
        replies: list[Reply] = []
        while len(replies) < len(STEPS) and not self.is_over:
            replies.append(self.read())
        return replies

    def _list_commands(self, parcel: Parcel) -> tuple[bytes, bytes, bytes]:
        options = ""
        if self._takes_size:  # what is too large is refused before it is sent (RFC 1870)
            options += f" SIZE={len(parcel.body)}"
        if self._takes_eight_bits and not parcel.body.isascii():
            options += " BODY=8BITMIME"
        if not parcel.is_ascii():
            options += " SMTPUTF8"
        mail = f"MAIL FROM:<{parcel.sender}>{options}\r\n"
        return mail.encode(), f"RCPT TO:<{parcel.recipient}>\r\n".encode(), b"DATA\r\n"

    def _reset(self) -> None:
        self.write(b"RSET\r\n")
        reply = self.read()
        if reply.code // 100 != 2:
            raise Lost(format_reply(reply.code, reply.text))
        self._needs_reset = False

    def _give_up(self, agreed: list[bool], refusal: Reply) -> None:
        """Make ready for the next message after one that was refused.

        The relay may want the body although it takes no recipient: then a lone dot is sent (RFC
        2920, 3.1). Where it seems to take the recipient but not the sender, that dot would be a
        mail, and where an answer is neither yes nor no, who knows what it answers: such a
        connection is not used any more.
        """
        self._needs_reset = True
        wants_body = agreed[-1]
        if refusal.code // 100 not in {4, 5} or (wants_body and agreed[1]):
            self.is_over = True
        if self.is_over or not wants_body:
            return
        try:
            self.write(DOT)
            self.read_after_dot()
        except Lost:
            self.is_over = True

    def _note(self, reply: Reply) -> Reply:
        self.is_waiting = False
        self.is_over = self.is_over or reply.code == 421
        return reply


def dial(relay: Relay, sender: str, timeouts: Timeouts) -> Connection:
    """Open a connection: greeting, encryption and sign-in included.

    :raises RelayDown: one of them failed.
    """
    client = None
    try:
        client = _greet(relay, sender, timeouts)
        _enter(client, relay)
    except (OSError, UnicodeError) as error:  # smtplib's own errors are among the first
        if client is not None:
            client.close()
        raise RelayDown(say(error)) from error
    assert client.sock is not None
    # A short command must not wait until what went before it is acknowledged.
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(client, relay, timeouts)


def say(error: Exception) -> str:
    """Return in one line what went wrong, without anything secret."""
    if isinstance(error, Lost):
        return error.reason
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return flatten(str(error))
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        return format_reply(error.smtp_code, text)
    if isinstance(error, UnicodeError):  # it shows what could not be encoded, maybe a password
        return "the relay's host, user or password has letters that cannot be sent"
    return flatten(f"{type(error).__name__}: {error}")[:REPLY_LENGTH]


def _agrees(phase: Phase, reply: Reply) -> bool:
    return reply.code == 354 if phase is Phase.DATA else reply.code // 100 == 2


class _Client(smtplib.SMTP):
    """The standard library's, but for its reading, which would follow a reply without end."""

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            assert self.sock is not None
            self.file = Wire(self.sock)
        try:
            reply = self.file.read(self.timeout)
        except Lost as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(error.reason) from error
        return reply.code, reply.text.encode()


class _EncryptedClient(_Client, smtplib.SMTP_SSL):
    """One whose connection is encrypted from the start."""


def _greet(relay: Relay, sender: str, timeouts: Timeouts) -> smtplib.SMTP:
    # By its sender's domain: `smtplib` would ask DNS for this machine's full name.
    name = sender.rpartition("@")[2]
    where, wait = (relay.host, relay.port), timeouts.connect
    if relay.encryption is Encryption.FROM_THE_START:
        context = ssl.create_default_context()
        return _EncryptedClient(*where, name, timeout=wait, context=context)
    return _Client(*where, name, timeout=wait)


def _enter(client: smtplib.SMTP, relay: Relay) -> None:
    client.ehlo_or_helo_if_needed()
    required = relay.encryption is Encryption.REQUIRED
    if required or (relay.encryption is Encryption.WHEN_OFFERED and client.has_extn("starttls")):
        client.starttls(context=_make_context(verified=required))
        client.ehlo_or_helo_if_needed()
    if relay.user:
        client.login(relay.user, relay.password)


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
