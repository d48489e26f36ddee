"""Commands about addresses that are not written to."""

import click

from webinars import suppressions as suppressions_
from webinars import typed
from webinars.cli.edge import AS_JSON, opened
from webinars.cli.listings import print_rows
from webinars.contacts import address_key
from webinars.errors import NotFound
from webinars.models import SuppressionReason

COLUMNS = ("email_key", "scope", "reason", "reply", "created_at", "expires_at")


@click.group()
def suppressions() -> None:
    """Addresses that are not written to, and why."""


@suppressions.command("list")
@AS_JSON
def list_suppressions(as_json: bool) -> None:
    """List the addresses that are not written to at present, the latest first."""
    with opened() as runtime, runtime.reading() as tx:
        rows = suppressions_.list_rows(tx, None, runtime.now())
    print_rows(rows, COLUMNS, "UTC", as_json=as_json)


@suppressions.command("lift")
@click.argument("address")
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice([one.value for one in SuppressionReason]),
    help="Which; without it what other machines reported, not what the person asked.",
)
def lift_suppression(address: str, reasons: tuple[str, ...]) -> None:
    """Write to an address again that was set aside."""
    key = address_key(typed.check_email(address))
    chosen = [SuppressionReason(one) for one in reasons] or suppressions_.LEARNT
    with opened() as runtime, runtime.transaction() as tx:
        if not suppressions_.lift(tx, key, chosen, runtime.now()):
            raise NotFound("suppression", key)
    click.echo(f"{key}: is written to again")
