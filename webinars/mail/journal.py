"""The journal of what is being sent: what a worker knew when it was killed.

Between the relay's answer and the next commit only the worker knows that a mail has left. So it
writes a mark for each step to a file of its own, which it keeps locked while it lives. A file that
can be locked belongs to the dead, and whoever finds it brings the rows up to date. A mark is one
`write`: the kernel keeps it whatever kills the process, and what a power cut may have lost is
recognised by the machine having been started anew.

With the mark before the final dot stands the message itself: whatever its event says by then, a
message of which nobody can tell whether it left is sent again as it was. With the mark of a refusal
stands what it was about, so that an address is known to be wrong all the same.
"""

import contextlib
import errno
import fcntl
import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from webinars.models import Failure

SUFFIX = ".journal"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STARTED = "B"


class Unkept(OSError):
    """Raised when a mark cannot be written: the disk is full."""


class Mark(StrEnum):
    """How far a message has come."""

    BEGUN = "C"
    """Its letter is being composed."""
    WRITTEN = "I"
    """The relay expects it: its bytes are about to be handed over."""
    SENT = "S"
    """The final dot was handed over."""
    ACCEPTED = "A"
    DEFERRED = "D"
    REFUSED = "R"


@dataclass(frozen=True)
class Entry:
    """The last mark of a delivery, under the epoch of the claim that it was made under."""

    delivery_id: int
    epoch: int
    mark: Mark
    reply: str = ""
    content: bytes | None = None
    """The message, from the moment that it began to leave."""
    failure: Failure | None = None
    """What a refusal was about."""


class Journal:
    """The marks of one drain, in a file that is locked as long as the drain lives."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._path = folder / f"{self.owner}{SUFFIX}"
        fresh = self._path.with_suffix(".new")
        self._file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        try:
            # It gets its name once it is locked, so that nobody takes a newborn for dead.
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._begin()
            fresh.rename(self._path)
        except OSError:
            os.close(self._file)
            fresh.unlink(missing_ok=True)
            raise

    def mark(
        self,
        mark: Mark,
        delivery_id: int,
        epoch: int,
        reply: str = "",
        failure: Failure | None = None,
    ) -> None:
        """Note how far a delivery has come.

        :param reply: The relay's, in one line.
        :param failure: What a refusal was about, or a delay.
        """
        said = f"{failure} {reply}" if failure else reply
        self._write(f"{mark} {delivery_id} {epoch} {said}\n".encode())

    def keep(self, delivery_id: int, epoch: int, content: bytes) -> None:
        """Note that a message is about to be handed over, with the message itself."""
        head = f"{Mark.WRITTEN} {delivery_id} {epoch} {len(content)}\n".encode()
        self._write(head + content + b"\n")

    def clear(self) -> None:
        """Forget every mark, now that the rows say the same."""
        os.ftruncate(self._file, 0)
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file; after a failure leave it behind, for its marks are still needed."""
        if kind is None:
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _begin(self) -> None:
        self._write(f"{STARTED} {_read_boot_id()}\n".encode())

    def _write(self, said: bytes) -> None:
        try:
            written = os.write(self._file, said)
        except OSError as error:
            raise Unkept(*error.args) from error
        if written != len(said):
            raise Unkept(errno.ENOSPC, "the journal was not written to its end")


@dataclass(frozen=True)
class Remains:
    """What a dead drain left behind."""

    owner: str
    """Also the owner of its leases."""
    is_whole: bool
    """Whether every mark is still there: false once the machine was started anew."""
    entries: dict[int, Entry] = field(default_factory=dict)
    """By delivery."""


@contextlib.contextmanager
def take_remains(path: Path) -> Iterator[Remains | None]:
    """Hold a journal whose drain is dead, and remove it when the block ends well.

    `None`: its drain lives, or someone else was faster.
    """
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield None
        return
    try:
        if not _lock(file, path):
            yield None
            return
        with open(file, "rb", closefd=False) as lines:
            yield _read(path.name.removesuffix(SUFFIX), lines)
        path.unlink(missing_ok=True)
    finally:
        os.close(file)


def peek(folder: Path, owner: str) -> Remains | None:
    """Read the journal of a drain that may live; `None`: it is not in this folder."""
    try:
        with open(folder / f"{owner}{SUFFIX}", "rb") as lines:
            return _read(owner, lines)
    except FileNotFoundError:
        return None


def list_paths(folder: Path) -> list[Path]:
    """List the journals of the living and the dead."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def _lock(file: int, path: Path) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # Between opening and locking, someone else may have taken it and removed it.
    return path.exists() and os.fstat(file).st_ino == path.stat().st_ino


def _read(owner: str, lines: BinaryIO) -> Remains:
    is_whole = lines.readline() == f"{STARTED} {_read_boot_id()}\n".encode()
    entries: dict[int, Entry] = {}
    for line in lines:
        entry = _read_entry(line, lines)
        if entry is None:
            continue
        former = entries.get(entry.delivery_id)
        if entry.content is None and former is not None and former.epoch == entry.epoch:
            entry = replace(entry, content=former.content)
        entries[entry.delivery_id] = entry
    return Remains(owner, is_whole, entries)


def _read_entry(line: bytes, lines: BinaryIO) -> Entry | None:
    """Read a line, and the message behind it; what a power cut has torn is overlooked."""
    try:
        mark, delivery_id, epoch, rest = line.decode("utf-8", "replace").rstrip("\n").split(" ", 3)
        if mark != Mark.WRITTEN:
            failure, reply = _read_failure(Mark(mark), rest)
            return Entry(int(delivery_id), int(epoch), Mark(mark), reply, failure=failure)
        content = lines.read(int(rest))
        is_torn = len(content) != int(rest) or lines.read(1) != b"\n"
        kept = None if is_torn else content
        return Entry(int(delivery_id), int(epoch), Mark.WRITTEN, content=kept)
    except ValueError:
        return None


def _read_failure(mark: Mark, said: str) -> tuple[Failure | None, str]:
    """Part what a refusal was about from the relay's words; a former version wrote these alone."""
    word, _, reply = said.partition(" ")
    if mark in {Mark.REFUSED, Mark.DEFERRED} and word in set(Failure):
        return Failure(word), reply
    return None, said


def _read_boot_id() -> str:
    """Return what tells one start of the machine from the next; empty where there is no such."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""
