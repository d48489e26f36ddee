"""Lists of participants to take away: rows first, then CSV, CSV for Excel, XLSX or JSON.

Everything streams: the database sorts and turns values into texts, a batch of rows at a time passes
through, and memory stays flat however many there are. Two kinds of reader are served:

- `csv` and `json` are for programs: keys, codes and instants in UTC, by time of registration;
- `excel-csv` and `xlsx` are for people: French words, hours of the event's own zone, sorted by
  country, kind, organisation and name.

Columns and keys are promised to outsiders: more may follow, none is renamed. Whoever had personal
data erased is in no export. Each export is recorded before its first byte leaves.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from webinars.database import Transaction
from webinars.exports import formats, rows
from webinars.models import Event, ExportRecord
from webinars.participants import Filter, count
from webinars.zones import to_local

__all__ = [
    "COMMAND_LINE",
    "MEDIA_TYPES",
    "Format",
    "count",
    "list_records",
    "name_file",
    "record",
    "write",
]

COMMAND_LINE = "command line"
"""The author of an export that was not taken in the browser."""


class Format(StrEnum):
    """What a list of participants can be had as."""

    CSV = "csv"
    EXCEL_CSV = "excel-csv"
    XLSX = "xlsx"
    JSON = "json"


MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.EXCEL_CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSON: "application/json",
}

EXTENSIONS = {
    Format.CSV: "csv",
    Format.EXCEL_CSV: "csv",
    Format.XLSX: "xlsx",
    Format.JSON: "json",
}


def write(
    tx: Transaction,
    event: Event,
    file_format: Format,
    wanted: Filter | None = None,
    *,
    now: datetime,
) -> Iterator[bytes]:
    """Write the list of an event's participants, piece by piece.

    The event has its questions loaded; `now` is stamped on what can carry a stamp. The transaction
    stays open until the last piece is taken, so that the list is of one instant.
    """
    writers: dict[Format, Callable[[rows.Table], Iterator[bytes]]] = {
        Format.CSV: formats.write_csv,
        Format.EXCEL_CSV: formats.write_excel_csv,
        Format.XLSX: lambda table: formats.write_xlsx(table, event.title.fr, now),
        Format.JSON: formats.write_json,
    }
    is_for_people = file_format in {Format.EXCEL_CSV, Format.XLSX}
    read = rows.read_for_people if is_for_people else rows.read_for_programs
    return writers[file_format](read(tx, event, wanted))


def name_file(event: Event, file_format: Format, *, now: datetime) -> str:
    """Return the name of an export: the event's date and slug, and when it was taken there."""
    taken = to_local(now, event.timezone).strftime("%Y-%m-%dT%H%M")
    return f"{event.starts_on}_{event.slug}_inscrits_{taken}.{EXTENSIONS[file_format]}"


def record(
    tx: Transaction,
    event: Event,
    author: str,
    file_format: Format,
    filter_text: str,
    row_count: int,
    now: datetime,
) -> ExportRecord:
    """Record who took which list away, and how many people are in it.

    `author` is an organiser's address, or `COMMAND_LINE`; `filter_text` what the list was limited
    to, as in a page's address.
    """
    taken = ExportRecord(
        event_id=event.id,
        author=author,
        format=file_format.value,
        filter=filter_text,
        rows=row_count,
        exported_at=now,
    )
    tx.add(taken)
    tx.flush()
    return taken


def list_records(tx: Transaction, event_id: int) -> list[ExportRecord]:
    """List the exports of an event, the latest first."""
    query = select(ExportRecord).where(ExportRecord.event_id == event_id)
    return list(tx.scalars(query.order_by(ExportRecord.exported_at.desc(), ExportRecord.id.desc())))
