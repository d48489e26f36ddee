"""Commands that bring lists of people in and take them out."""

import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from webinars import audits, events, exports, imports, saved_audiences
from webinars.cli.edge import opened, showing_progress
from webinars.cli.sentences import explain_line
from webinars.errors import NotFound
from webinars.exports import templates
from webinars.filtering import describe_filter
from webinars.imports import Entry, Report
from webinars.models import AuditKind, Lane
from webinars.participants import Filter
from webinars.runtime import Runtime

STANDARD_OUTPUT = "-"
TURN_SECONDS = 0.2
"""How long the write lock of SQLite is left to others between two batches. It has no queue: who
waits for it asks every tenth of a second, and would else never find it free."""


@click.group()
def registrations() -> None:
    """Who takes part."""


@registrations.command("import")
@click.argument("slug")
@click.argument("file", type=click.File("rb"))
@click.option("--no-mail", is_flag=True, help="Tell nobody.")
def import_registrations(slug: str, file: BinaryIO, no_mail: bool) -> None:
    """Register everyone in a table, CSV or XLSX, whose header holds the form's field names.

    Closing times do not count, capacity does. Each refused line is reported with its number and
    reason, and all the others are taken; running it twice adds nobody.
    """
    with opened() as runtime:
        with runtime.reading() as tx:
            event = events.get(tx, slug)
        entries = imports.read(file.read(imports.SIZE_LIMIT + 1), event, name=file.name)
        report = bring_in(runtime, slug, entries, mail=not no_mail)
    if report.refused:
        sys.exit(1)


def bring_in(runtime: Runtime, slug: str, entries: Sequence[Entry], *, mail: bool) -> Report:
    """Register people batch by batch, and say what came of it, however it ends."""
    report = Report()
    try:
        with showing_progress("Registering", len(entries)) as advance:
            for batch in imports.batches(entries):
                with runtime.transaction() as tx:
                    event = events.get(tx, slug)
                    done = imports.register(tx, event, batch, now=runtime.now(), mail=mail)
                report.include(done)
                if mail:
                    runtime.wake(Lane.BULK)
                advance(len(batch))
                if runtime.database.is_sqlite:
                    time.sleep(TURN_SECONDS)
    finally:
        say_report(slug, report)
    return report


def say_report(slug: str, report: Report) -> None:
    """Print each refused line on standard error, and what came of all on standard output."""
    for number, faults in sorted(report.refused.items()):
        click.echo(explain_line(number, faults), err=True)
    stand = ", ".join(f"{number} {status}" for status, number in report.added.items())
    click.echo(
        f"{slug}: {report.added.total()} added{f' ({stand})' if stand else ''},"
        f" {report.known} known already, {len(report.refused)} refused"
    )


@registrations.command("export")
@click.argument("slug")
@click.option(
    "--format",
    "file_format",
    type=click.Choice([one.value for one in exports.Format]),
    default=exports.Format.CSV.value,
    show_default=True,
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    default=STANDARD_OUTPUT,
    help="A file; `-` or nothing: standard output.",
)
@click.option(
    "--columns",
    default="",
    help="Keys with commas between, in the order wanted, or the name of a choice that was kept.",
)
@click.option("--audience", default="", help="The name of a saved audience; nothing: everyone.")
@click.option(
    "--shareable", is_flag=True, help="Only what participants may be given, of those who agreed."
)
def export_registrations(
    slug: str, file_format: str, output: str, columns: str, audience: str, shareable: bool
) -> None:
    """Write the list of those registered."""
    to_terminal = output == STANDARD_OUTPUT and sys.stdout and sys.stdout.isatty()
    if file_format == exports.Format.XLSX and to_terminal:
        raise click.UsageError("A workbook cannot be shown on a terminal: --output FILE")
    with opened() as runtime:
        asked = choose_columns(runtime, slug, columns)
        wanted = choose_audience(runtime, slug, audience)
        if shareable:
            asked, wanted = asked or exports.SHAREABLE, exports.limit_to_shareable(wanted)
        with writing_to(output) as file:
            write_export(runtime, slug, exports.Format(file_format), file, wanted, asked)


def choose_audience(runtime: Runtime, slug: str, name: str) -> Filter:
    """Return whom a saved audience of an event stands for; without a name, everyone.

    :raises NotFound: the event has none of that name.
    """
    with runtime.reading() as tx:
        event = events.get(tx, slug)
        kept = {
            one.name: saved_audiences.read(one) for one in saved_audiences.list_all(tx, event.id)
        }
    if not name:
        return Filter()
    if name not in kept:
        raise NotFound("audience", name)
    return kept[name]


def choose_columns(runtime: Runtime, slug: str, said: str) -> tuple[str, ...]:
    """Return the columns that are asked for; none: all of them.

    :raises UnknownColumns: the event's list has no such column.
    """
    with runtime.reading() as tx:
        event = events.get(tx, slug)
        kept = {one.name: one.columns for one in templates.list_all(tx, event.id)}
    if said in kept:
        return exports.choose_keys(event, kept[said])
    columns = tuple(key.strip() for key in said.split(",") if key.strip())
    exports.check_columns(event, columns)
    return columns


def write_export(
    runtime: Runtime,
    slug: str,
    file_format: exports.Format,
    file: BinaryIO,
    wanted: Filter,
    columns: Sequence[str],
) -> None:
    """Note that a list is taken, then write it."""
    now, author = runtime.now(), exports.COMMAND_LINE
    said = describe_filter(wanted)
    with runtime.transaction() as tx:
        event = events.get(tx, slug)
        number = exports.count(tx, event.id, wanted)
        exports.record(tx, event, author, file_format, said, number, now, columns)
        said_too = {"format": file_format.value, "filter": said}
        kind, deed = AuditKind.EXPORTED, "registrations.export"
        audits.record(tx, None, kind, deed, now=now, event_id=event.id, details=said_too)
    with runtime.reading() as tx:
        for piece in exports.write(tx, event, file_format, wanted, columns=columns, now=now):
            file.write(piece)


@contextmanager
def writing_to(output: str) -> Iterator[BinaryIO]:
    """Open a file that is there whole or not at all; pipes and devices are written to as they are.

    Whoever may not read the former file may not read the new one either.
    """
    if output == STANDARD_OUTPUT:
        if sys.stdout is None:  # whoever called has closed it
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard output")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(output).resolve()
    if path.exists() and not path.is_file():
        with path.open("wb") as device:
            yield device
        return
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open_fresh(fresh, output) as part:
            yield part
        if path.exists():
            fresh.chmod(stat.S_IMODE(path.stat().st_mode))
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def open_fresh(path: Path, output: str) -> BinaryIO:
    """Open a new file that will stand in for another, which is the one to name if it cannot be."""
    try:
        return path.open("xb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, output) from error
