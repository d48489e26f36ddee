"""From rows of texts to bytes, one function a format.

A spreadsheet takes a text that begins with `=` for a formula and runs it. In XLSX every cell is
marked as text, and what was typed stays as it is. CSV knows no types, so there a text that could be
run is preceded by an apostrophe. Phones are the exception, for `+212 5 37…` begins like a formula:

- in `csv`, which programs read, a cell that is nothing but a phone number stays as it is;
- in `excel-csv` its `+` becomes `00`, and digits without a gap are parted in twos. Excel then keeps
  it as a text, with every digit; `+212537…` would be shown as 2,12537E+11. For the same reason any
  other cell of digits that begins with 0, or is longer than a number can be, has an apostrophe.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from tempfile import TemporaryFile
from typing import Any

import xlsxwriter
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from xlsxwriter.worksheet import Worksheet

from webinars.exports.rows import FLAGS, NOTHINGS, Table

SHEET_NAME = "Inscrits"
PIECE = 64 * 1024
LONGEST_WHOLE_NUMBER = 11
"""Digits that Excel shows as they are; from twelve on it writes a power of ten."""

# Full-width forms too: some editions of Excel run them.
_RUNS = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_PHONE = r"[0-9][0-9 ().\-/\u00a0\u202f]{4,28}(?:[ ,;][A-Za-zÀ-ÿ. ]{1,12}[0-9]{1,8})?"
"""With an extension such as ` poste 12`: still nothing that a spreadsheet could run."""
_IS_PHONE = re.compile(rf"\+?{_PHONE}")
_GAP = "\x1f"
"""Between the cells that are looked over at once; no text of a person holds it."""
# Begins with the gap and nothing else, which is what makes the search of many rows fast.
_SOMETHING_RUNS = re.compile(rf"{_GAP}(?:[=\-@\t\r\n＝＋－＠]|\+(?!{_PHONE}(?:{_GAP}|$)))")
_LOSES_DIGITS = re.compile(rf"0[0-9]+|[0-9]{{{LONGEST_WHOLE_NUMBER + 1},}}")

WIDTHS = {
    "civility": 12,
    "language": 12,
    "reference": 12,
    "status": 14,
    "email": 32,
    "job_title": 32,
    "organization": 36,
    "question": 48,
    "represented_by": 28,
    "represents": 28,
    "request": 48,
}
USUAL_WIDTH = 18
"""In characters."""


def write_csv(table: Table) -> Iterator[bytes]:
    """Write for programs: commas, UTF-8 without a mark, CRLF."""
    return _write_separated(table.keys, table, ",", _protect)


def write_excel_csv(table: Table) -> Iterator[bytes]:
    """Write for a French Excel: semicolons, a mark that says UTF-8, CRLF."""
    yield "\ufeff".encode()
    phone = table.keys.index("phone") if "phone" in table.keys else None
    names = [_keep_text(name) for name in table.names]
    yield from _write_separated(
        names, table, ";", lambda batch: (_protect_for_excel(row, phone) for row in batch)
    )


def write_json(table: Table) -> Iterator[bytes]:
    """Write one JSON array: ticked boxes are true or false, what has not happened is null."""
    flags = [place for place, key in enumerate(table.keys) if key in FLAGS]
    nothings = [place for place, key in enumerate(table.keys) if key in NOTHINGS]
    separator = "[\n"
    for batch in table.batches:
        lines = (_to_json(table.keys, row, flags, nothings) for row in batch)
        yield (separator + ",\n".join(lines)).encode()
        separator = ",\n"
    yield b"[]\n" if separator == "[\n" else b"\n]\n"


def write_xlsx(table: Table, title: str, now: datetime) -> Iterator[bytes]:
    """Write a workbook of one sheet: header frozen, filters on, every cell a text.

    It is put together in a file on disk, row by row, and handed out from there.
    """
    with TemporaryFile() as file:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        with xlsxwriter.Workbook(file, options) as book:
            book.set_properties({"title": title, "created": now})
            sheet = book.add_worksheet(SHEET_NAME)
            _lay_out(sheet, book, table, title, now)
            last_row = _fill(sheet, table)
            sheet.autofilter(0, 0, last_row, len(table.keys) - 1)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _write_separated(
    header: Sequence[str],
    table: Table,
    delimiter: str,
    protect: Callable[[Sequence[Sequence[str]]], Iterable[Sequence[str]]],
) -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(header)
    for batch in table.batches:
        writer.writerows(protect(batch))
        yield _drain(buffer)
    yield _drain(buffer)


def _drain(buffer: io.StringIO) -> bytes:
    written = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return written


def _protect(batch: Sequence[Sequence[str]]) -> Iterable[Sequence[str]]:
    """Return rows in which nothing runs; nearly every batch is looked over once and kept."""
    if not _SOMETHING_RUNS.search(_GAP + _GAP.join(chain.from_iterable(batch))):
        return batch
    return (
        [cell if _IS_PHONE.fullmatch(cell) else _keep_text(cell) for cell in row] for row in batch
    )


def _protect_for_excel(row: Sequence[str], phone: int | None) -> list[str]:
    cells = [_keep_digits(_keep_text(cell)) if cell else cell for cell in row]
    if phone is not None:
        cells[phone] = _spell_phone(row[phone])
    return cells


def _keep_text(cell: str) -> str:
    return f"'{cell}" if _RUNS.match(cell) else cell


def _keep_digits(cell: str) -> str:
    return f"'{cell}" if _LOSES_DIGITS.fullmatch(cell) else cell


def _spell_phone(phone: str) -> str:
    """Return a phone number as Excel leaves it alone: `00212 5 37 00 00 00`."""
    if not _IS_PHONE.fullmatch(phone):
        return _keep_text(phone)
    dialled = phone.replace("+", "00", 1)
    if not dialled.isdigit():
        return dialled
    country = _find_country_code(phone)
    rest = dialled.removeprefix(country)
    first = len(rest) % 2
    pairs = [rest[place : place + 2] for place in range(first, len(rest), 2)]
    return " ".join(part for part in (country, rest[:first], *pairs) if part)


def _find_country_code(phone: str) -> str:
    """Return the prefix and the country code of `+212537000000`, as it is dialled: `00212`."""
    if not phone.startswith("+"):
        return ""
    codes = (phone[1:end] for end in (2, 3, 4))
    return next((f"00{code}" for code in codes if int(code) in COUNTRY_CODE_TO_REGION_CODE), "")


def _to_json(
    keys: Sequence[str], row: Sequence[str], flags: Sequence[int], nothings: Sequence[int]
) -> str:
    values: list[Any] = list(row)
    for place in flags:
        values[place] = bool(row[place])
    for place in nothings:
        values[place] = row[place] or None
    return json.dumps(dict(zip(keys, values, strict=True)), ensure_ascii=False)


def _lay_out(
    sheet: Worksheet, book: xlsxwriter.Workbook, table: Table, title: str, now: datetime
) -> None:
    """Set widths and what a printer does; the text format holds when a cell is edited, too."""
    text = book.add_format({"num_format": "@", "valign": "top"})
    header = book.add_format(
        {"num_format": "@", "bold": True, "text_wrap": True, "valign": "top", "bottom": 1}
    )
    for place, key in enumerate(table.keys):
        sheet.set_column(place, place, WIDTHS.get(key, USUAL_WIDTH), text)
    for place, name in enumerate(table.names):
        sheet.write_string(0, place, _not_markup(name), header)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    stamp = now.strftime("%Y-%m-%d %H:%M UTC")
    sheet.set_footer(f"&L{title.replace('&', '&&')[:150]}&C{stamp}&R&P / &N")


def _fill(sheet: Worksheet, table: Table) -> int:
    """Write the rows below the header and return the number of the last one."""
    write, number = sheet.write_string, 0
    for number, row in enumerate(chain.from_iterable(table.batches), 1):
        for place, cell in enumerate(row):
            if cell:
                write(number, place, _not_markup(cell))
    return number


def _not_markup(cell: str) -> str:
    """Keep XlsxWriter from taking a text for its own mark-up of bold words within a cell."""
    return f"{cell} " if cell.startswith("<r>") and cell.endswith("</r>") else cell
