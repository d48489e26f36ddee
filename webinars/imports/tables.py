"""Tables as people keep them, read as lines of texts: CSV in its dialects, and XLSX within bounds.

Pure. What a cell means is `webinars.imports.lines`; here it is a text, and a line has a number. No
formula is ever worked out: what a workbook's own program last showed in a cell is taken.
"""

import contextlib
import csv
import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, NamedTuple

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from webinars.errors import FileRefused, Problem
from webinars.imports.encodings import find_encoding

SIZE_LIMIT = 20 * 1024 * 1024
UNPACKED_LIMIT = 100 * 1024 * 1024
UNPACKED_AT_LEAST = 5 * 1024 * 1024
UNPACKED_TIMES = 100
"""A workbook that grows more than this is made to exhaust whoever opens it, unless it is small."""
ROWS_LIMIT = 1_048_576
"""Of a sheet, blank ones too: there are no more in a spreadsheet."""
LINES_LIMIT = 20_000
COLUMNS_LIMIT = 200
CELL_LIMIT = 10_000
"""Characters of a cell that are looked at: more than any field takes."""
HEADER_WITHIN = 50
"""How far down a sheet its header may begin."""

DELIMITERS = (",", ";", "\t", "|")
ZIP_MARK = b"PK\x03\x04"
OLD_EXCEL_MARK = b"\xd0\xcf\x11\xe0"
"""Of `.xls`, and of a workbook that is locked by a password."""

SAYS_DELIMITER = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)
"""What Excel may put before the header."""
KEEPS_TEXT = re.compile(r"^'(?=[=+\-@\t＝＋－＠]|[0-9][0-9 ]*$)")
"""The apostrophe that our own exports put before what a spreadsheet would run or shorten."""

UNREADABLE = (
    InvalidFileException,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,  # what the XML parser raises
    TypeError,
    ValueError,
)
"""What openpyxl may raise over a workbook that is broken in one way or another."""


class Line(NamedTuple):
    """A line of a table: where it begins and ends in the file, and its cells."""

    number: int
    last: int
    cells: tuple[str, ...]
    is_open: bool = False
    """Whether a quotation mark is opened in it and never closed: its cells are not known."""

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing stands in it."""
        return not self.is_open and not any(self.cells)


def read_table(data: bytes, *, name: str) -> list[Line]:
    """Read a table, its header first and without blank lines; cells have no spaces around them.

    :raises FileRefused: it is no table, or too large.
    """
    return list(iterate_table(data, name=name))


def iterate_table(
    data: bytes, *, name: str, lines_limit: int = LINES_LIMIT, encoding: str = ""
) -> Iterator[Line]:
    """Read a table line by line, its header first and without blank lines.

    :param lines_limit: how many there may be below the header.
    :param encoding: of a CSV; empty: it is found out.
    :raises FileRefused: it is no table, or too large.
    """
    if len(data) > SIZE_LIMIT:
        raise refuse(name, "too-big", f"is larger than {SIZE_LIMIT // 1024**2} MB")
    if is_workbook(data):
        lines = _read_workbook(data, name, lines_limit)
    else:
        lines = _read_csv(decode(data, name, encoding))
    kept = 0
    for line in lines:
        if line.is_blank:
            continue
        kept += 1
        if kept == 1 and len(line.cells) > COLUMNS_LIMIT:
            raise _refuse_width(name)
        if kept > lines_limit + 1:
            raise refuse(name, "too-many", f"holds more than {lines_limit:,} lines", line.number)
        yield line
    if not kept:
        raise refuse(name, "empty", "is empty")


def is_workbook(data: bytes) -> bool:
    """Tell whether a file is to be read as XLSX."""
    return data.startswith(ZIP_MARK)


def refuse(name: str, code: str, reason: str, line: int | None = None) -> FileRefused:
    """Return the refusal of a whole file for one reason."""
    return FileRefused([Problem(reason, name, line, code=code)])


def _refuse_width(name: str) -> FileRefused:
    return refuse(name, "too-wide", f"has more than {COLUMNS_LIMIT} columns")


def decode(data: bytes, name: str, encoding: str = "") -> str:
    """Return the text of a CSV; of an unknown encoding, in the likeliest one.

    :raises FileRefused: it is no text.
    """
    if data.startswith(OLD_EXCEL_MARK):
        reason = "is an Excel file of the old kind, or locked by a password: save it as .xlsx"
        raise refuse(name, "old-excel", reason)
    found = encoding or find_encoding(data)
    text = data.decode(found, errors="replace") if found else "\0"
    if "\0" in text:
        raise refuse(name, "no-text", "is neither CSV nor XLSX")
    return text


def _read_csv(text: str) -> Iterator[Line]:
    """Read a CSV; where a quotation mark is not closed as it should be, the next line is another.

    Otherwise one mark too many would swallow the people of the lines below it.
    """
    lines = list(io.StringIO(text, newline=""))
    delimiter = _find_delimiter(lines)
    begin = 0
    while begin < len(lines):
        rest = (lines[place] for place in range(begin, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        for line in _read_until_open(reader, begin):
            yield line
            begin = line.last
        if begin < len(lines):
            begin += 1
            yield Line(begin, begin, (), is_open=True)


def _read_until_open(reader: Any, begin: int) -> Iterator[Line]:
    """Read lines up to the end, or to one in which a quotation mark stays open."""
    first = begin + 1
    with contextlib.suppress(csv.Error):
        for cells in reader:
            last = begin + reader.line_num
            looked_at = cells[: COLUMNS_LIMIT + 1]
            yield Line(first, last, tuple(_clean(KEEPS_TEXT.sub("", one)) for one in looked_at))
            first = last + 1


def _find_delimiter(lines: list[str]) -> str:
    """Return the delimiter that parts the first line into the most cells, or that it names."""
    place = next((place for place, line in enumerate(lines) if line.strip()), None)
    if place is None:
        return DELIMITERS[0]
    said = SAYS_DELIMITER.fullmatch(lines[place].strip(" \r\n"))
    if said:
        lines[place] = "\n"
        return said[1]

    header = lines[place][:CELL_LIMIT]
    return max(DELIMITERS, key=lambda one: len(next(csv.reader([header], delimiter=one), [])))


def _read_workbook(data: bytes, name: str, lines_limit: int) -> Iterator[Line]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(entry.file_size for entry in packed.infolist())
        allowed = max(UNPACKED_AT_LEAST, min(UNPACKED_LIMIT, len(data) * UNPACKED_TIMES))
        if unpacked > allowed:
            raise refuse(name, "too-big", f"unpacks to more than {allowed // 1024**2} MB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like, which nobody here looks at
            yield from _read_sheet(_open_first_sheet(data), name, lines_limit)
    except UNREADABLE as error:
        raise refuse(name, "no-workbook", "is no XLSX workbook that can be read") from error


def _open_first_sheet(data: bytes) -> Any:
    book = openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=True, keep_links=False
    )
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    sheet = shown[0]
    sheet.reset_dimensions()  # what a workbook says of its own size may be wrong
    return sheet


def _read_sheet(sheet: Any, name: str, lines_limit: int) -> Iterator[Line]:
    """Read the lines of a sheet that are not blank: there may be a million that are."""
    above = sheet.iter_rows(max_row=HEADER_WITHIN, values_only=True)
    if any(value is not None for row in above for value in row[COLUMNS_LIMIT:]):
        raise _refuse_width(name)
    found = 0
    for number, row in enumerate(sheet.iter_rows(max_col=COLUMNS_LIMIT, values_only=True), 1):
        if any(value is not None for value in row):
            found += 1
            yield Line(number, number, tuple(_clean(_to_text(value)) for value in row))
        if found > lines_limit + 1:
            return
        if number > ROWS_LIMIT:
            raise refuse(name, "too-many", f"holds more than {ROWS_LIMIT:,} rows", number)


def _clean(cell: str) -> str:
    return cell[:CELL_LIMIT].strip().strip("\ufeff")


def _to_text(value: object) -> str:
    """Return what a cell of a workbook says: a number without a fraction is written without one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)
