"""Lists that were sent, in the data folder for a day: as they came, and line by line.

Each has a random name. What is read once is written as lines of JSON, so that work on a long list
goes on after a break where it stopped, in little memory.
"""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path

from webinars.errors import NotFound
from webinars.imports import people, tables
from webinars.imports.encodings import find_encoding
from webinars.imports.people import Header
from webinars.imports.tables import Line

LINES_LIMIT = 100_000
KEPT = timedelta(days=1)
TOKEN = re.compile(r"[0-9a-f]{32}")

Columns = tuple[str, ...]


@dataclass(frozen=True)
class Stored:
    """A list that was read and kept."""

    token: str
    encoding: str
    """Empty: it is a workbook."""
    headers: Columns
    lines: int


def store(folder: Path, data: bytes, *, name: str) -> Stored:
    """Read a list and keep it.

    :raises FileRefused: it is no table, or too large.
    """
    token = secrets.token_hex(16)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        stored = _write(folder, token, data, name, "")
        _path(folder, token, "raw").write_bytes(data)
    except BaseException:
        remove(folder, token)
        raise
    return stored


def read_again(folder: Path, token: str, *, name: str, encoding: str) -> Stored:
    """Read a list that is kept once more, in another encoding.

    :raises NotFound: it is kept no longer.
    :raises FileRefused: it is no table in that encoding.
    """
    raw = _path(folder, token, "raw")
    if not raw.is_file():
        raise NotFound("upload", token)
    return _write(folder, token, raw.read_bytes(), name, encoding)


def iterate(folder: Path, token: str) -> Iterator[Line]:
    """Read the lines of a list that is kept, its header left out.

    :raises NotFound: it is kept no longer.
    """
    try:
        with _path(folder, token, "jsonl").open(encoding="utf-8") as file:
            for text in file:
                number, last, is_open, cells = json.loads(text)
                yield Line(number, last, tuple(cells), is_open)
    except FileNotFoundError as error:
        raise NotFound("upload", token) from error


def is_kept(folder: Path, token: str) -> bool:
    """Tell whether a list is still there."""
    return _path(folder, token, "jsonl").is_file()


def remove(folder: Path, token: str) -> None:
    """Remove a list."""
    for ending in ("raw", "jsonl", "jsonl.part"):
        _path(folder, token, ending).unlink(missing_ok=True)


def remove_old(folder: Path, *, now: datetime) -> int:
    """Remove what has lain there for longer than a day, and tell how many files."""
    if not folder.is_dir():
        return 0
    oldest = (now - KEPT).timestamp()
    old = [path for path in folder.iterdir() if path.stat().st_mtime < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _write(folder: Path, token: str, data: bytes, name: str, encoding: str) -> Stored:
    used = "" if tables.is_workbook(data) else encoding or find_encoding(data)
    table = tables.iterate_table(
        data, name=name, lines_limit=LINES_LIMIT + people.HEADER_LINES, encoding=used
    )
    lines = (line._replace(cells=_trim(line.cells)) for line in table)
    first = list(islice(lines, people.HEADER_LINES))
    header = people.find_header(first) if first else Header((), 0)
    count = 0
    part = _path(folder, token, "jsonl.part")
    with part.open("w", encoding="utf-8") as file:
        for line in chain(first[header.lines :], lines):
            json.dump([line.number, line.last, line.is_open, line.cells], file, ensure_ascii=False)
            file.write("\n")
            count += 1
    if not count:
        raise tables.refuse(name, "no-lines", "holds no line below its header")
    part.replace(_path(folder, token, "jsonl"))
    return Stored(token, used, header.names, count)


def _trim(cells: Columns) -> Columns:
    """Leave out the empty cells at the end: a sheet may be far wider than its list."""
    width = len(cells)
    while width and not cells[width - 1]:
        width -= 1
    return cells[:width]


def _path(folder: Path, token: str, ending: str) -> Path:
    if not TOKEN.fullmatch(token):
        raise NotFound("upload", token)
    return folder / f"{token}.{ending}"
