"""The journal of what is being sent: what a worker knew when it was killed.

Between the relay's answer and the next commit only the worker knows that a mail has left. So it
writes a mark for each step to a file of its own, which it keeps locked while it lives. A file that
can be locked belongs to the dead, and whoever finds it brings the rows up to date. A mark is one
`write`: the kernel keeps it whatever kills the process, and what a power cut may have lost is
recognised by the machine having been started anew.
"""

import contextlib
import fcntl
import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

SUFFIX = ".journal"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STARTED = "B"


class Mark(StrEnum):
    """How far a message has come."""

    WRITTEN = "I"
    """All but the final dot is with the relay."""
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


class Journal:
    """The marks of one drain, in a file that is locked as long as the drain lives."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._path = folder / f"{self.owner}{SUFFIX}"
        fresh = self._path.with_suffix(".new")
        self._file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        # It gets its name once it is locked, so that nobody takes a newborn for dead.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._begin()
        fresh.rename(self._path)

    def mark(self, mark: Mark, delivery_id: int, epoch: int, reply: str = "") -> None:
        """Note how far a delivery has come; a reply is the relay's, in one line."""
        os.write(self._file, f"{mark} {delivery_id} {epoch} {reply}\n".encode())

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
        os.write(self._file, f"{STARTED} {_read_boot_id()}\n".encode())


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
        with open(file, encoding="utf-8", errors="replace", closefd=False) as lines:
            yield _read(path.name.removesuffix(SUFFIX), lines.read())
        path.unlink(missing_ok=True)
    finally:
        os.close(file)


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


def _read(owner: str, text: str) -> Remains:
    first, *lines = text.split("\n")
    is_whole = first == f"{STARTED} {_read_boot_id()}"
    entries = [entry for line in lines if (entry := _read_entry(line))]
    return Remains(owner, is_whole, {entry.delivery_id: entry for entry in entries})


def _read_entry(line: str) -> Entry | None:
    """Read a line; one that a power cut has torn is overlooked."""
    try:
        mark, delivery_id, epoch, reply = line.split(" ", 3)
        return Entry(int(delivery_id), int(epoch), Mark(mark), reply)
    except ValueError:
        return None


def _read_boot_id() -> str:
    """Return what tells one start of the machine from the next; empty where there is no such."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""
