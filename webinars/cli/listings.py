"""Commands that show what was written to whom: mailings and deliveries."""

from collections.abc import Iterable

import click

from webinars import deliveries as deliveries_
from webinars import events
from webinars import mailings as mailings_
from webinars.cli.edge import AS_JSON, opened, print_json, print_table

MAILING_COLUMNS = (
    "template",
    "due_at",
    "state",
    "reason",
    "total",
    "accepted",
    "failed",
    "waiting",
)
DELIVERY_COLUMNS = (
    "reference",
    "email",
    "mailing",
    "state",
    "due_at",
    "accepted_at",
    "attempts",
    "reply",
    "maybe_twice",
    "is_copy",
)


@click.group()
def mailings() -> None:
    """What is written to the people of an event, and when."""


@mailings.command("list")
@click.argument("slug")
@AS_JSON
def list_mailings(slug: str, as_json: bool) -> None:
    """List the mailings of an event with what became of them."""
    with opened() as runtime, runtime.reading() as tx:
        event = events.get(tx, slug)
        rows = mailings_.list_rows(tx, event.id, runtime.now())
    print_rows(rows, MAILING_COLUMNS, event.timezone, as_json=as_json)


@click.group()
def deliveries() -> None:
    """Single mails to single people."""


@deliveries.command("list")
@click.argument("slug")
@AS_JSON
def list_deliveries(slug: str, as_json: bool) -> None:
    """List every mail of an event with its state and the relay's last word."""
    with opened() as runtime, runtime.reading() as tx:
        event = events.get(tx, slug)
        rows = deliveries_.list_rows(tx, event.id)
    print_rows(rows, DELIVERY_COLUMNS, event.timezone, as_json=as_json)


def print_rows(
    rows: Iterable[object], columns: tuple[str, ...], zone: str, *, as_json: bool
) -> None:
    """Print some columns of rows, as one JSON document or as a table."""
    picked = [{name: getattr(row, name) for name in columns} for row in rows]
    if as_json:
        print_json(picked)
    else:
        print_table([tuple(row.values()) for row in picked], columns, zone)
