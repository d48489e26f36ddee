"""What the commands that list mails have in common: columns of rows, as a table or as JSON."""

from collections.abc import Iterable, Mapping

from webinars.cli.edge import print_json, print_table


def print_rows(
    rows: Iterable[object], columns: tuple[str, ...], zone: str, *, as_json: bool
) -> None:
    """Print some columns of rows, as one JSON document or as a table."""
    picked = [pick(row, columns) for row in rows]
    if as_json:
        print_json(picked)
        return
    print_table([tuple(map(say_value, row.values())) for row in picked], columns, zone)


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
