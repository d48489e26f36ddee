"""Commands about single mails to single people."""

from datetime import datetime
from typing import NamedTuple

import click

from webinars import deliveries as deliveries_
from webinars import events, steering
from webinars.cli.edge import AS_JSON, opened
from webinars.cli.listings import print_rows
from webinars.deliveries import DeliveryRow, Only, find_next_attempt, find_wait
from webinars.errors import NotFound
from webinars.models import DeliveryState, Failure, Lane, MailName

COLUMNS = (
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
FURTHER_COLUMNS = (
    "id",
    "last_name",
    "first_name",
    "failure",
    "waits_for",
    "mailing_id",
    "next_attempt_at",
)
TABLE_COLUMNS = (
    "id",
    "reference",
    "email",
    "mailing",
    "state",
    "waits_for",
    "next_attempt_at",
    "due_at",
    "accepted_at",
    "attempts",
    "failure",
    "reply",
    "maybe_twice",
    "is_copy",
)


ONLY_HELP = "What may have left twice, or was not sent because the person had asked for none."


class Shown(NamedTuple):
    """A delivery as the command shows it: why it waits, in one word, and until when."""

    reference: str
    email: str
    mailing: MailName
    state: DeliveryState
    due_at: datetime
    accepted_at: datetime | None
    attempts: int
    reply: str | None
    maybe_twice: bool
    is_copy: bool
    id: int
    last_name: str
    first_name: str
    failure: Failure | None
    waits_for: str | None
    mailing_id: int | None
    next_attempt_at: datetime | None


@click.group()
def deliveries() -> None:
    """Single mails to single people."""


@deliveries.command("list")
@click.argument("slug")
@click.option(
    "--state", type=click.Choice([one.value for one in DeliveryState]), help="Only those in it."
)
@click.option("--mailing", metavar="MAILING", help="Only of one: a template's name, or a number.")
@click.option("--only", type=click.Choice([one.value for one in Only]), help=ONLY_HELP)
@AS_JSON
def list_deliveries(
    slug: str, state: str | None, mailing: str | None, only: str | None, as_json: bool
) -> None:
    """List every mail of an event with its state and the relay's last word."""
    mailing_id, template = read_mailing(mailing)
    with opened() as runtime, runtime.reading() as tx:
        now = runtime.now()
        event = events.get(tx, slug)
        rows = deliveries_.list_rows(
            tx,
            event.id,
            DeliveryState(state) if state else None,
            mailing_id=mailing_id,
            template=template,
            only=Only(only) if only else None,
        )
    columns = COLUMNS + FURTHER_COLUMNS if as_json else TABLE_COLUMNS
    print_rows([show(row, now) for row in rows], columns, event.timezone, as_json=as_json)


def read_mailing(said: str | None) -> tuple[int | None, MailName | None]:
    """Return the number, or the template, that is meant.

    :raises NotFound: there is no such template.
    """
    if said is None:
        return None, None
    if said.isdecimal() and int(said) <= steering.LARGEST_ID:
        return int(said), None
    if said not in set(MailName):
        raise NotFound("mailing", said)
    return None, MailName(said)


def show(row: DeliveryRow, now: datetime) -> Shown:
    """Return a delivery as it is shown."""
    found = {"waits_for": find_wait(row, now), "next_attempt_at": find_next_attempt(row)}
    values = {name: getattr(row, name) for name in Shown._fields if name not in found}
    return Shown(**values | found)


@deliveries.command("send-again")
@click.argument("slug")
@click.argument("number", metavar="ID", type=click.IntRange(1, steering.LARGEST_ID))
def send_again(slug: str, number: int) -> None:
    """Send one mail again that did not arrive, to the person's present address."""
    with opened() as runtime:
        now = runtime.now()
        with runtime.transaction() as tx:
            delivery = steering.get_delivery(tx, events.get(tx, slug).id, number)
            is_new = steering.send_one_again(tx, delivery, now)
        runtime.wake(Lane.PROMPT)
    click.echo(f"{slug}: {number}: {'sent again' if is_new else 'was sent again already'}")
