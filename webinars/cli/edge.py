"""What the commands share: the runtime they work with, progress, tables and one JSON document."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import click

import config
from config import Settings
from webinars import migrations, phrasing, zones
from webinars.errors import SettingRefused
from webinars.models import Language
from webinars.runtime import Runtime, open_runtime

YES = click.option("--yes", is_flag=True, help="Do not ask.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
LINE_EVERY = 1_000


@contextmanager
def opened() -> Iterator[Runtime]:
    """Open the runtime that the settings name, on a database that is up to date.

    :raises SchemaOutdated: `webinars db upgrade` has to be run first.
    """
    runtime = open_checked(config.read())
    try:
        yield runtime
    finally:
        runtime.close()


def open_checked(settings: Settings) -> Runtime:
    """Open a runtime on a database that is up to date.

    :raises SchemaOutdated: `webinars db upgrade` has to be run first.
    """
    make_data_dir(settings)
    runtime = open_runtime(settings)
    try:
        migrations.check(runtime.database)
    except BaseException:
        runtime.close()
        raise
    return runtime


def make_data_dir(settings: Settings) -> None:
    """Make the data folder, for nobody else to look into, unless it is there.

    :raises SettingRefused: it cannot be made, or not be written to.
    """
    folder = settings.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK | os.X_OK) else "may not be written to"
    except OSError as error:
        reason = f"cannot be made: {error.strerror}"
    if reason:
        example = config.EXAMPLES["data_dir"]
        raise SettingRefused("WEBINARS_DATA_DIR", f"{folder} {reason}", example)


def tell_unknown_settings(environment: Iterable[str]) -> None:
    """Say what is named like a setting and is none, a line each.

    It stops nothing: an older version must start with the settings of a newer one, and other
    programs may name theirs after this one.
    """
    for name, meant in config.list_unknown(environment).items():
        hint = f"did you mean {meant}?" if meant else "`webinars config` prints those there are."
        click.echo(f"{name} is no setting; {hint}", err=True)


@contextmanager
def showing_progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Hand out a function that is told of each step: a bar on a terminal, plain lines elsewhere.

    Both go to standard error, so that a document on standard output stays alone.
    """
    if sys.stderr.isatty():
        with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
            yield bar.update
        return
    done = 0

    def advance(steps: int) -> None:
        nonlocal done
        is_thousandth = (done + steps) // LINE_EVERY > done // LINE_EVERY
        done += steps
        if is_thousandth:
            click.echo(f"{label}: {done} of {total}", err=True)

    yield advance


def print_json(document: Any) -> None:
    """Print one JSON document; instants are ISO 8601 in UTC."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_to_json))


def print_table(rows: list[tuple[object, ...]], headings: tuple[str, ...], zone: str) -> None:
    """Print rows in columns as wide as what stands in them, hours with the city of the zone."""
    table = [headings, *([say_cell(cell, zone) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(headings))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def say_cell(value: object, zone: str) -> str:
    """Say a value as it stands in a table, on one line."""
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return say_instant(value, zone)
    return " ".join(str(value).split())


def say_instant(at: datetime, zone: str) -> str:
    """Say an instant as a clock in the zone's city shows it."""
    return f"{zones.to_local(at, zone):%Y-%m-%d %H:%M} ({phrasing.city(zone, Language.ENGLISH)})"


def _to_json(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"no JSON for {type(value).__name__}")
