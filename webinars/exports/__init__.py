"""Lists of participants to take away: rows first, then CSV, CSV for Excel, XLSX or JSON.

Everything streams: the database sorts and turns values into texts, a batch of rows at a time passes
through, and memory stays flat however many there are. Two kinds of reader are served:

- `csv` and `json` are for programs: keys, codes and instants in UTC, by time of registration;
- `excel-csv` and `xlsx` are for people: French words, hours of the event's own zone, sorted by
  country, kind, organisation and name.

Columns and keys are promised to outsiders: more may follow, none is renamed. Who takes a list away
may choose some of them, in an order of her own, and keep the choice under a name. Whoever had
personal data erased is in no export. Each export is recorded before its first byte leaves.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from webinars.database import Transaction
from webinars.errors import UnknownColumns
from webinars.exports import formats, rows
from webinars.exports.rows import choose_keys, list_keys, name_columns
from webinars.models import COMMAND_LINE, Event, ExportRecord, RegistrationStatus
from webinars.participants import Filter, count
from webinars.zones import to_local

__all__ = [
    "COMMAND_LINE",
    "MEDIA_TYPES",
    "SHAREABLE",
    "Format",
    "check_columns",
    "choose_keys",
    "count",
    "limit_to_shareable",
    "list_keys",
    "list_records",
    "name_columns",
    "name_file",
    "record",
    "write",
]


SHAREABLE = ("last_name", "first_name", "job_title", "organization", "country")
"""The columns of the list that participants may be given."""


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
    columns: Sequence[str] = (),
    now: datetime,
) -> Iterator[bytes]:
    """Write the list of an event's participants, piece by piece.

    :param columns: the keys of those to write, in order; none: all of them.

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
    return writers[file_format](read(tx, event, wanted, columns))


def check_columns(event: Event, columns: Sequence[str]) -> None:
    """Make sure that an event's list has these columns.

    :raises UnknownColumns: it has no such column.
    """
    known = list_keys(event)
    unknown = [key for key in columns if key not in known]
    if unknown:
        raise UnknownColumns(unknown, known)


def limit_to_shareable(wanted: Filter) -> Filter:
    """Limit a list to the confirmed who agreed that other participants are given their names."""
    return replace(wanted, status=RegistrationStatus.CONFIRMED, shares=True)


def name_file(event: Event, file_format: Format, *, now: datetime, what: str = "inscrits") -> str:
    """Return the name of an export: the event's date and slug, and when it was taken there."""
    taken = to_local(now, event.timezone).strftime("%Y-%m-%dT%H%M")
    return f"{event.starts_on}_{event.slug}_{what}_{taken}.{EXTENSIONS[file_format]}"


def record(
    tx: Transaction,
    event: Event,
    author: str,
    file_format: str,
    filter_text: str,
    row_count: int,
    now: datetime,
    columns: Sequence[str] = (),
) -> ExportRecord:
    """Record who took which list away, and how many people are in it.

    `author` is an organiser's address, or `COMMAND_LINE`; `filter_text` what the list was limited
    to, as in a page's address; `columns` the keys of those chosen, none: all of them.
    """
    taken = ExportRecord(
        event_id=event.id,
        author=author,
        format=str(file_format),
        filter=filter_text,
        columns=",".join(columns),
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
