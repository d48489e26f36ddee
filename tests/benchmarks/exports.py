"""Exports of 100,000 registrations, beside the bare libraries writing the same rows.

Each export runs in a process of its own, so that its peak memory is its own too:
`python -m tests.benchmarks.exports SLUG csv` prints the seconds and the peak of one.
"""

import csv
import io
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import xlsxwriter

from tests.benchmarks import world
from tests.benchmarks.report import Row, judge
from tests.benchmarks.world import World
from webinars import events, exports
from webinars.database import Database
from webinars.exports import Format, rows

MANY = 100_000
FEW = 1_000
# The database has no part in writing a workbook, which takes a quarter of a minute: once is enough.
FORMATS = {"sqlite": (Format.CSV,), "postgresql": (Format.CSV, Format.XLSX)}
SLOWEST = {Format.CSV: 3.0, Format.XLSX: 1.4}
MOST_MEMORY_MB = 60.0
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def measure() -> Iterator[Row]:
    """Measure CSV on both engines, and XLSX."""
    for engine, formats in FORMATS.items():
        with world.make(engine) as made:
            for slug, number in (("foule", MANY), ("groupe", FEW)):
                made.load_event(slug, ahead=timedelta(days=3))
                with made.opened() as database:
                    world.add_people(database, slug, number)
            for file_format in formats:
                yield from _compare(made, file_format)


def _compare(made: World, file_format: Format) -> Iterator[Row]:
    many, few = (_run(made, slug, file_format) for slug in ("foule", "groupe"))
    bare = _run(made, "foule", file_format, "bare")
    ratio = many["seconds"] / bare["seconds"]
    more = many["peak_mb"] - few["peak_mb"]
    yield Row(
        what=f"export of {MANY:,}, {file_format.value}",
        engine=made.engine,
        figure=f"{many['seconds']:.2f} s",
        yardstick=f"library alone {bare['seconds']:.2f} s",
        ratio=f"{ratio:.2f}",
        aim=judge(ratio, at_most=SLOWEST[file_format]),
    )
    yield Row(
        what=f"its peak memory, {file_format.value}",
        engine=made.engine,
        figure=f"{many['peak_mb']:.0f} MB",
        yardstick=f"{FEW:,} rows {few['peak_mb']:.0f} MB",
        ratio=f"+{more:.0f} MB",
        aim=judge(more, at_most=MOST_MEMORY_MB),
    )


def _run(made: World, slug: str, file_format: Format, kind: str = "ours") -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.exports", slug, file_format.value, kind],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **made.environment},
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


def _export(database: Database, slug: str, file_format: Format, target: io.BufferedWriter) -> float:
    with database.reading() as tx:
        event = events.get(tx, slug)
        start = time.perf_counter()
        for piece in exports.write(tx, event, file_format, now=NOW):
            target.write(piece)
        target.flush()
        return time.perf_counter() - start


def _write_bare(
    database: Database, slug: str, file_format: Format, target: io.BufferedWriter
) -> float:
    """Write the same rows, read beforehand, with the library alone."""
    read = rows.read_for_programs if file_format is Format.CSV else rows.read_for_people
    with database.reading() as tx:
        table = read(tx, events.get(tx, slug), None)
        lines = [tuple(row) for row in itertools.chain([table.names], *table.batches)]
    write = _write_csv if file_format is Format.CSV else _write_xlsx
    start = time.perf_counter()
    write(lines, target)
    return time.perf_counter() - start


def _write_csv(lines: Sequence[Sequence[str]], target: io.BufferedWriter) -> None:
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=False)
    csv.writer(text).writerows(lines)
    text.flush()
    text.detach()


def _write_xlsx(lines: Sequence[Sequence[str]], target: io.BufferedWriter) -> None:
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
        write = book.add_worksheet().write_string
        for place, line in enumerate(lines):
            for column, cell in enumerate(line):
                write(place, column, cell)


def _peak_mb() -> float:
    """Return the most memory that this process has held, as the kernel counted it."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _main(slug: str, file_format: str, kind: str) -> None:
    database = Database(os.environ["WEBINARS_DATABASE_URL"])
    work = _export if kind == "ours" else _write_bare
    with tempfile.TemporaryFile() as target:
        seconds = work(database, slug, Format(file_format), target)
    database.dispose()
    print(json.dumps({"seconds": seconds, "peak_mb": _peak_mb()}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
