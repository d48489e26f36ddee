"""The ways for messages to leave: a folder, or relays over SMTP.

What a message is, and what a transport promises, is `webinars.mail.messages`.
"""

import contextlib
import os
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from webinars.mail.handover import Handover, Line
from webinars.mail.messages import Message, NotAccepted, RelayDown, Transport, Watcher
from webinars.mail.relays import Relay, Timeouts, read_relays
from webinars.mail.replies import Fate, Result
from webinars.mail.smtp import dial, say
from webinars.models import Failure

__all__ = [
    "FileTransport",
    "Message",
    "NotAccepted",
    "RelayDown",
    "SmtpTransport",
    "Transport",
    "Watcher",
    "open_transport",
]


def open_transport(mail_url: str, sender: str) -> Transport:
    """Return the transport of a `file:` address, or of `smtp:` and `smtps:` addresses.

    :param mail_url: relays stand in order of preference, with spaces between them.
    :param sender: the bare address that a relay is told the messages come from.
    """
    parts = urlsplit(mail_url)
    if parts.scheme == "file":
        return FileTransport(Path(parts.netloc + parts.path))
    return SmtpTransport(read_relays(mail_url), sender)


class FileTransport:
    """A folder that receives one `.eml` a message; a resend takes the place of the first."""

    relays: tuple[str, ...] = ("file",)
    rates: Mapping[str, int] = MappingProxyType({})

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, relay: str, messages: Iterable[Message], watcher: Watcher) -> None:
        """Write each message to the folder, whole or not at all.

        :raises RelayDown: the folder cannot be written to.
        """
        for message in filter(watcher.is_wanted, messages):
            fresh = self._write(message.content)
            try:
                watcher.before_body(message)
                watcher.settle(message, self._name(fresh, message, watcher))
            finally:
                fresh.unlink(missing_ok=True)

    def check(self) -> str:
        """Try whether the folder can be written to.

        :raises RelayDown: it cannot.
        """
        self._write(b"").unlink(missing_ok=True)
        return str(self.folder)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _name(self, fresh: Path, message: Message, watcher: Watcher) -> Result:
        """Give what was written its name: from then on it has left."""
        try:
            os.replace(fresh, self.folder / f"{message.name}.eml")
        except OSError as error:
            return Result(Fate.DEFERRED, say(error), Failure.OTHER)
        watcher.after_dot(message)
        return Result(Fate.ACCEPTED, "written to the outbox")

    def _write(self, content: bytes) -> Path:
        """Write what has no name yet."""
        fresh = self.folder / f".{uuid.uuid4().hex}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(content)
        except OSError as error:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise RelayDown(say(error)) from error
        return fresh


class SmtpTransport:
    """Relays; for each of them a thread has a connection of its own that stays open."""

    def __init__(
        self, relays: Sequence[Relay], sender: str, timeouts: Timeouts | None = None
    ) -> None:
        self.relays = tuple(relay.name for relay in relays)
        self.rates: Mapping[str, int] = {
            relay.name: relay.rate for relay in relays if relay.rate is not None
        }
        self._by_name = {relay.name: relay for relay in relays}
        self._sender = sender
        self._timeouts = timeouts or Timeouts()
        self._mine = threading.local()
        self._lines: list[Line] = []
        self._guard = threading.Lock()

    def send(self, relay: str, messages: Iterable[Message], watcher: Watcher) -> None:
        """Send messages one after the other through a relay, and settle each.

        :raises RelayDown: it takes nothing from anyone now.
        """
        line = self._get_line(relay)
        with line.guard:
            Handover(line, messages, watcher).run()

    def check(self) -> str:
        """Try whether the relays let us in, and return what each answers.

        :raises RelayDown: none of them does.
        """
        answers = []
        are_all_down = True
        for relay in self._by_name.values():
            try:
                answers.append(f"{relay.name}: {self._greet(relay)}")
                are_all_down = False
            except RelayDown as error:
                answers.append(f"{relay.name}: {error.reply}")
        if are_all_down:
            raise RelayDown("; ".join(answers))
        return "; ".join(answers)

    def close(self) -> None:
        """Take leave of the relays on every connection."""
        with self._guard:
            lines = list(self._lines)
        for line in lines:
            line.close()

    def _get_line(self, name: str) -> Line:
        """Return this thread's way to a relay."""
        lines: dict[str, Line] = self._mine.__dict__.setdefault("lines", {})
        if name not in lines:
            lines[name] = Line(self._by_name[name], self._sender, self._timeouts)
            with self._guard:
                self._lines.append(lines[name])
        return lines[name]

    def _greet(self, relay: Relay) -> str:
        connection = dial(relay, self._sender, self._timeouts)
        try:
            return connection.check()
        except OSError as error:
            raise RelayDown(say(error)) from error
        finally:
            connection.leave()
