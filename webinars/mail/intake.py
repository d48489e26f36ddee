"""Where reports and answers arrive: an IMAP folder, a maildir, or a mail server's pipe.

Nothing is ever removed there, for people may look into the same mailbox: what was read and written
down is marked as seen. Not about what a message says: that is `webinars.mail.reports`.
"""

import base64
import contextlib
import imaplib
import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from webinars.errors import WebinarsError
from webinars.mail.received import READ_BYTES

TIMEOUT_SECONDS = 20
"""For each step of a dialogue with a mail server."""
CHUNK_BYTES = 65_536
IMAP_PORT = 143
IMAPS_PORT = 993
IMAP_FAULTS = (imaplib.IMAP4.error, OSError)


class SourceAway(WebinarsError):
    """Raised when a mailbox cannot be read now; `reason` is ours to log, `said` may name people."""

    def __init__(self, reason: str, said: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.said = said


class Source(Protocol):
    """A mailbox that is open; a key stands for a message, and tells nobody anything."""

    def list_unread(self) -> list[str]:
        """List what nobody has read yet, oldest first.

        :raises SourceAway: the mailbox cannot be read.
        """

    def fetch(self, key: str) -> bytes | None:
        """Return a message without marking it; `None`: it cannot be had.

        :raises SourceAway: the mailbox cannot be read.
        """

    def mark(self, key: str) -> None:
        """Mark a message as seen.

        :raises SourceAway: the mailbox cannot be written to.
        """


@contextmanager
def open_source(url: str) -> Iterator[Source]:
    """Open the mailbox of an `imap:`, `imaps:` or `maildir:` address.

    :raises SourceAway: it is not there, or lets nobody in.
    """
    parts = urlsplit(url)
    if parts.scheme == "maildir":
        yield Maildir(Path(parts.netloc + parts.path))
        return
    connection = _connect(parts)
    try:
        yield _select(connection, unquote(parts.path.lstrip("/")) or "INBOX")
    finally:
        # No CLOSE: it would remove what people have marked as deleted.
        with contextlib.suppress(*IMAP_FAULTS):
            connection.logout()
        with contextlib.suppress(OSError):
            connection.shutdown()


def check_maildir(url: str) -> None:
    """Make sure that a maildir is one, before any report can have come to it.

    A mailbox on a mail server is not asked: one that is away may be back in a minute.

    :raises SourceAway: it is no maildir, or may not be written to.
    """
    parts = urlsplit(url)
    if parts.scheme != "maildir":
        return
    folder = Path(parts.netloc + parts.path)
    missing = [name for name in ("cur", "new") if not (folder / name).is_dir()]
    if missing:
        raise SourceAway(f"{folder} is no maildir, it has no folder {' and no '.join(missing)}")
    if not all(os.access(folder / name, os.R_OK | os.W_OK | os.X_OK) for name in ("cur", "new")):
        raise SourceAway(f"{folder} may not be read and written to")


def check(url: str) -> str:
    """Try whether the mailbox can be read, and return how much in it is unread.

    :raises SourceAway: it cannot.
    """
    check_maildir(url)
    with open_source(url) as source:
        return f"{len(source.list_unread())} unread"


def read_pipe(stream: BinaryIO) -> bytes:
    """Return the message that a mail server hands over, without what is too much of it.

    All is taken: a server may hold it against the program if not.
    """
    message = stream.read(READ_BYTES)
    while stream.read(CHUNK_BYTES):
        pass
    return message


class ImapFolder:
    """A folder of an IMAP server (RFC 3501)."""

    def __init__(self, connection: imaplib.IMAP4, validity: str) -> None:
        self._connection = connection
        self._validity = validity
        """Changes when the server gives its messages other numbers."""

    def list_unread(self) -> list[str]:
        """List what nobody has read yet, oldest first.

        :raises SourceAway: the connection was lost.
        """
        with _explaining("the search failed"):
            _done, found = self._connection.uid("SEARCH", "UNSEEN", "UNDELETED")
        numbers = (found[0] or b"").split() if found else []
        return [f"{self._validity}.{int(number)}" for number in sorted(numbers, key=int)]

    def fetch(self, key: str) -> bytes | None:
        """Return a message without marking it; `None`: it cannot be had.

        :raises SourceAway: the connection was lost.
        """
        with _explaining("the connection was lost"):
            parts = self._ask(key, "FETCH", f"(BODY.PEEK[]<0.{READ_BYTES}>)")
        return next((part[1] for part in parts if isinstance(part, tuple)), None)

    def mark(self, key: str) -> None:
        """Mark a message as seen; a server that refuses it shows it again later.

        :raises SourceAway: the connection was lost.
        """
        with _explaining("the connection was lost"):
            self._ask(key, "STORE", "+FLAGS.SILENT", r"(\Seen)")

    def _ask(self, key: str, command: str, *words: str) -> list[Any]:
        """Ask something about one message; what is wrong with it alone is no answer."""
        try:
            return self._connection.uid(command, key.rpartition(".")[2], *words)[1]
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            return []


@contextmanager
def _explaining(reason: str) -> Iterator[None]:
    """Turn what a mail server's failure raises into one line about it."""
    try:
        yield
    except IMAP_FAULTS as error:
        raise SourceAway(f"{reason} ({type(error).__name__})", str(error)) from error


def _connect(parts: SplitResult) -> imaplib.IMAP4:
    with _explaining("no connection"):
        connection = _dial(parts)
    try:
        with _explaining("no encryption"):
            if parts.scheme == "imap" and "STARTTLS" in connection.capabilities:
                connection.starttls(_make_lenient_context())
        with _explaining("the sign-in was refused"):
            _sign_in(connection, unquote(parts.username or ""), unquote(parts.password or ""))
    except BaseException:
        with contextlib.suppress(OSError):
            connection.shutdown()
        raise
    return connection


def _dial(parts: SplitResult) -> imaplib.IMAP4:
    host = parts.hostname or ""
    if parts.scheme == "imap":
        return imaplib.IMAP4(host, parts.port or IMAP_PORT, TIMEOUT_SECONDS)
    return imaplib.IMAP4_SSL(
        host,
        parts.port or IMAPS_PORT,
        ssl_context=ssl.create_default_context(),
        timeout=TIMEOUT_SECONDS,
    )


def _make_lenient_context() -> ssl.SSLContext:
    """Return how to encrypt where it is only offered: whoever could forge could also not offer."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _sign_in(connection: imaplib.IMAP4, user: str, password: str) -> None:
    if "AUTH=PLAIN" in connection.capabilities:  # takes letters that LOGIN cannot
        connection.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
    else:
        connection.login(_quote(user), password)


def _select(connection: imaplib.IMAP4, folder: str) -> ImapFolder:
    with _explaining("the folder cannot be opened"):
        done, said = connection.select(_quote(_encode_folder(folder)))
        if done != "OK":
            raise connection.error(said[0])
        _name, validity = connection.response("UIDVALIDITY")
    return ImapFolder(connection, (validity[0] or b"0").decode() if validity else "0")


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _encode_folder(name: str) -> str:
    """Return a folder's name as IMAP writes it, in its own UTF-7 (RFC 3501, 5.1.3)."""

    def encode(match: re.Match[str]) -> str:
        encoded = base64.b64encode(match[0].encode("utf-16-be")).decode()
        return f"&{encoded.rstrip('=').replace('/', ',')}-"

    return re.sub(r"[^ -~]+", encode, name.replace("&", "&-"))


class Maildir:
    """A maildir: a file a message, `new` for what has just come, `cur` with letters for what is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list_unread(self) -> list[str]:
        """List what nobody has read yet, oldest first.

        :raises SourceAway: there is no maildir, or it may not be read.
        """
        try:
            new = _list_files(self.folder / "new")
            seen_or_not = _list_files(self.folder / "cur")
        except OSError as error:
            raise SourceAway(f"no maildir to read ({type(error).__name__})", str(error)) from error
        unread = [f"cur/{name}" for name in seen_or_not if not _flags(name) & set("ST")]
        return sorted([*unread, *(f"new/{name}" for name in new)], key=_by_name)

    def fetch(self, key: str) -> bytes | None:
        """Return a message without marking it; `None`: it cannot be had."""
        try:
            with (self.folder / key).open("rb") as file:
                return file.read(READ_BYTES)
        except OSError:
            return None

    def mark(self, key: str) -> None:
        """Mark a message as seen, unless somebody else has moved it meanwhile.

        :raises SourceAway: the maildir may not be written to.
        """
        name = key.partition("/")[2]
        flags = "".join(sorted(_flags(name) | {"S"}))
        try:
            os.rename(
                self.folder / key, self.folder / "cur" / f"{name.partition(':')[0]}:2,{flags}"
            )
        except FileNotFoundError:
            pass
        except OSError as error:
            raise SourceAway(f"no writing there ({type(error).__name__})", str(error)) from error


def _list_files(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return [
            entry.name
            for entry in entries
            if entry.is_file(follow_symlinks=False) and not entry.name.startswith(".")
        ]


def _flags(name: str) -> set[str]:
    """Return the letters behind a name: `S` for seen, `T` for thrown away."""
    return set(name.partition(":2,")[2])


def _by_name(key: str) -> str:
    """Sort by the name alone: it begins with the time at which the message came."""
    return key.partition("/")[2]
