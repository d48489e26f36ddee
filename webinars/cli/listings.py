"""What the commands that list mails have in common: columns of rows, as a table or as JSON."""

from collections.abc import Iterable, Mapping

import click

from webinars.cli.edge import print_json, print_table, say_cell


def print_rows(
    rows: Iterable[object], columns: tuple[str, ...], zone: str, *, as_json: bool
) -> None:
    """Print some columns of rows, as one JSON document or as a table."""
    picked = [pick(row, columns) for row in rows]
    if as_json:
        print_json(picked)
        return
    print_table([tuple(map(say_value, row.values())) for row in picked], columns, zone)


def print_pairs(shown: Mapping[str, object], zone: str) -> None:
    """Print the values of one thing, each behind its name."""
    width = max(map(len, shown))
    for name, value in shown.items():
        click.echo(f"{name:{width}}  {say_cell(say_value(value), zone)}")


def pick(row: object, columns: tuple[str, ...]) -> dict[str, object]:
    """Return some columns of a row by name."""
    return {name: getattr(row, name) for name in columns}


def say_value(value: object) -> object:
    """Return what a table shows for a value: counts as `3 rate, 1 relay`, `yes` where it is so."""
    if isinstance(value, Mapping):
        return ", ".join(f"{number} {what}" for what, number in value.items())
    if isinstance(value, bool):
        return "yes" if value else None
    return value
