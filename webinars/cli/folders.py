"""The folders that the service writes to: whether it may, and how much room is left in them.

Nothing is written to find out.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url

from config import Settings

LEAST_FREE = 100_000_000
"""Bytes; a disk with less counts as full, while there is still time to make room."""
UNITS = ("kB", "MB", "GB", "TB")


def find_fault(settings: Settings) -> str | None:
    """Find what is wrong with what the service writes to; `None`: nothing."""
    if not settings.data_dir.is_dir():
        return f"{settings.data_dir} is not there: the service makes it when it starts"
    for folder in list_folders(settings):
        there = _find_there(folder)
        if not there.is_dir():
            return f"{there} is no folder"
        if not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
            return f"{there} may not be written to"
        if shortage := find_shortage(os.statvfs(there)):
            return f"{shortage} where {folder} is"
    for path in list_files(settings):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
            return f"{path} may not be written to"
    return None


def list_folders(settings: Settings) -> Iterator[Path]:
    """List the folders that are written to, be they there yet or not."""
    yield settings.data_dir
    yield settings.journal_dir
    if settings.outbox_dir is not None:
        yield settings.outbox_dir
    yield settings.documents_dir
    yield from (path.parent for path in list_files(settings))


def list_files(settings: Settings) -> list[Path]:
    """List the files of an SQLite database: whoever runs a command as root may come to own one."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return []
    return [Path(f"{url.database}{suffix}") for suffix in ("", "-wal", "-shm")]


def find_shortage(space: os.statvfs_result) -> str | None:
    """Find what a disk has too little of, if anything; one that does not say is believed."""
    if space.f_files and not space.f_favail:
        return "there is no room for another file"
    if space.f_blocks and count_free(space) < LEAST_FREE:
        return f"only {say_size(count_free(space))} are free"
    return None


def count_free(space: os.statvfs_result) -> int:
    """Count the bytes that may still be written to a disk by whoever is not root."""
    return space.f_bavail * space.f_frsize


def say_size(number: int) -> str:
    """Say a number of bytes as people read it."""
    size = number / 1000
    for unit in UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.0f} {UNITS[-1]}"


def _find_there(folder: Path) -> Path:
    """Return a folder, or the one above it in which it would be made."""
    return next(one for one in (folder, *folder.absolute().parents) if one.exists())
