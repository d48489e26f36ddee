"""Commands about the mailings of an event: look at them, stop them, let them go on, send again."""

from collections.abc import Callable
from datetime import datetime

import click

from webinars import deliveries, events, steering, typed
from webinars import mailings as mailings_
from webinars.cli.edge import AS_JSON, YES, opened, print_json
from webinars.cli.listings import pick, print_pairs, print_rows
from webinars.database import Transaction
from webinars.deliveries import DeliveryRow, Only
from webinars.mailings import MailingRow
from webinars.models import DeliveryState, Event, Lane, Language, Mailing, MailName
from webinars.runtime import Runtime
from webinars.steering import Again, Preview

COLUMNS = (
    "template",
    "due_at",
    "state",
    "reason",
    "total",
    "accepted",
    "failed",
    "waiting",
)
FURTHER_COLUMNS = (
    "uncertain",
    "suppressed",
    "bounced",
    "unwanted",
    "maybe_twice",
    "waits",
    "next_attempt_at",
    "id",
    "rule",
    "expires_at",
)
PEOPLE_COLUMNS = (
    "id",
    "reference",
    "last_name",
    "first_name",
    "email",
    "is_copy",
    "state",
    "failure",
    "reply",
)

HEADINGS = {
    "missed": "Did not get it",
    "unwanted_by": "Had asked for none",
    "maybe_twice_to": "May have got it twice",
}

MAILING = click.argument("mailing", metavar="MAILING")
"""A template's name; its number where several mailings share the template."""

Deed = Callable[[Transaction, Mailing, datetime], str]
"""What is done with a mailing; it returns what is said of it."""


@click.group()
def mailings() -> None:
    """What is written to the people of an event, and when.

    MAILING is a template's name such as `reminder`, or a number that `mailings list` shows.
    """


@mailings.command("list")
@click.argument("slug")
@click.option("--wide", is_flag=True, help="Show numbers, and what the waiting mails wait for.")
@AS_JSON
def list_mailings(slug: str, wide: bool, as_json: bool) -> None:
    """List the mailings of an event with what became of them."""
    with opened() as runtime, runtime.reading() as tx:
        event = events.get(tx, slug)
        rows = mailings_.list_rows(tx, event.id, runtime.now())
    columns = COLUMNS + FURTHER_COLUMNS if wide or as_json else COLUMNS
    print_rows(rows, columns, event.timezone, as_json=as_json)


@mailings.command("show")
@click.argument("slug")
@MAILING
@AS_JSON
def show_mailing(slug: str, mailing: str, as_json: bool) -> None:
    """Show one mailing: every count, what it waits for, and by name who did not get it and why.

    Also by name who had asked for none, and who may have got it twice.
    """
    with opened() as runtime, runtime.reading() as tx:
        event = events.get(tx, slug)
        mailing_id = steering.get_named(tx, event.id, mailing).id
        rows = mailings_.list_rows(tx, event.id, runtime.now())
        states = deliveries.counts(tx, event.id, mailing_id=mailing_id)
        people = list_people(tx, event.id, mailing_id)
    row = next(one for one in rows if one.id == mailing_id)
    print_mailing(event, row, states, people, as_json=as_json)


def list_people(tx: Transaction, event_id: int, mailing_id: int) -> dict[str, list[DeliveryRow]]:
    """List by name those of a mailing that an operator may be asked about."""

    def list_marked(only: Only) -> list[DeliveryRow]:
        return deliveries.list_rows(tx, event_id, mailing_id=mailing_id, only=only)

    return {
        "missed": deliveries.list_missed(tx, mailing_id),
        "unwanted_by": list_marked(Only.UNWANTED),
        "maybe_twice_to": list_marked(Only.MAYBE_TWICE),
    }


def print_mailing(
    event: Event,
    row: MailingRow,
    states: dict[DeliveryState, int],
    people: dict[str, list[DeliveryRow]],
    *,
    as_json: bool,
) -> None:
    """Print a mailing with its counts, and by name those who did not simply get it."""
    shown = pick(row, COLUMNS + FURTHER_COLUMNS) | {"states": states}
    if as_json:
        named = {name: [pick(one, PEOPLE_COLUMNS) for one in of] for name, of in people.items()}
        print_json(shown | named)
        return
    print_pairs(shown, event.timezone)
    for name, rows in people.items():
        if rows:
            click.echo(f"\n{HEADINGS[name]}:")
            print_rows(rows, PEOPLE_COLUMNS, event.timezone, as_json=False)


@mailings.command("preview")
@click.argument("slug")
@MAILING
@AS_JSON
def preview_mailing(slug: str, mailing: str, as_json: bool) -> None:
    """Count whom a mailing would reach if it went on now; nothing is sent."""
    with opened() as runtime, runtime.reading() as tx:
        event = events.get(tx, slug)
        ahead = steering.preview(tx, steering.get_named(tx, event.id, mailing), runtime.now())
    shown = describe_preview(ahead)
    if as_json:
        print_json(shown)
        return
    counted = [f"{one.people + one.copies} {name}" for name, one in ahead.languages.items()]
    print_pairs(shown | {"languages": ", ".join(counted)}, event.timezone)


def describe_preview(ahead: Preview) -> dict[str, object]:
    """Return what a dry run found: mails to people, and copies to assistants."""
    return {
        "template": ahead.template,
        "state": ahead.state,
        "due_at": ahead.due_at,
        "expires_at": ahead.expires_at,
        "people": ahead.people,
        "copies": ahead.copies,
        "languages": {language: one._asdict() for language, one in ahead.languages.items()},
        "suppressed": ahead.suppressed,
        "already": ahead.already,
        "missed": ahead.missed,
        "unwanted": ahead.unwanted,
    }


@mailings.command("pause")
@click.argument("slug")
@MAILING
def pause_mailing(slug: str, mailing: str) -> None:
    """Let a mailing wait, at any moment, until it is resumed."""

    def pause(tx: Transaction, found: Mailing, now: datetime) -> str:
        return "paused" if steering.pause(tx, found, now) else "was paused already"

    steer(slug, mailing, pause)


@mailings.command("resume")
@click.argument("slug")
@MAILING
def resume_mailing(slug: str, mailing: str) -> None:
    """Let a paused mailing go on where it was."""

    def resume(tx: Transaction, found: Mailing, now: datetime) -> str:
        return "goes on" if steering.resume(tx, found, now) else "was not paused"

    steer(slug, mailing, resume)


@mailings.command("cancel")
@click.argument("slug")
@MAILING
def cancel_mailing(slug: str, mailing: str) -> None:
    """Give a mailing up for good, at any moment; whoever has it keeps it."""

    def cancel(tx: Transaction, found: Mailing, now: datetime) -> str:
        return f"cancelled, {count_mails(steering.cancel(tx, found))} given up"

    steer(slug, mailing, cancel)


def steer(slug: str, name: str, do: Deed) -> None:
    """Do something with a mailing, say so, and have the workers look."""
    with opened() as runtime:
        now = runtime.now()
        with runtime.transaction() as tx:
            mailing = steering.get_named(tx, events.get(tx, slug).id, name)
            said = do(tx, mailing, now)
        wake(runtime)
    click.echo(f"{slug}: {mailing.template}: {said}")


def wake(runtime: Runtime) -> None:
    """Hint that mails of any lane may be due."""
    for lane in Lane:
        runtime.wake(lane)


@mailings.command("send-again")
@click.argument("slug")
@MAILING
@click.option("--uncertain", is_flag=True, help="Also where nobody can tell whether it left.")
@YES
def send_again(slug: str, mailing: str, uncertain: bool, yes: bool) -> None:
    """Send a mailing again to those who did not get it, at their present addresses."""

    def do(tx: Transaction, found: Mailing, now: datetime) -> str:
        again = steering.count_again(tx, found, now)
        sent = steering.send_again(tx, found, now, with_uncertain=uncertain)
        said = f"{count_mails(sent)} sent again"
        return ", ".join([said, *describe_left_out(again, uncertain=uncertain)])

    if not yes:
        ask_before_sending(slug, mailing, uncertain=uncertain)
    steer(slug, mailing, do)


def ask_before_sending(slug: str, name: str, *, uncertain: bool) -> None:
    """Say how many mails would be sent again, and ask if there are any."""
    with opened() as runtime, runtime.reading() as tx:
        mailing = steering.get_named(tx, events.get(tx, slug).id, name)
        again = steering.count_again(tx, mailing, runtime.now())
    if again.missed or (uncertain and again.uncertain):
        sent = count_mails(again.missed + (again.uncertain if uncertain else 0))
        said = f"{sent} would be sent again"
        asked = ", ".join([said, *describe_left_out(again, uncertain=uncertain)])
        click.confirm(f"{slug}: {mailing.template}: {asked}. Go on?", abort=True, err=True)


def describe_left_out(again: Again, *, uncertain: bool) -> list[str]:
    """Say how many mails are not sent again and why, and how many may arrive twice."""
    said = []
    if again.uncertain:
        said.append(f"{'of them ' if uncertain else 'not '}{again.uncertain} that may have left")
    if again.suppressed:
        said.append(f"not {again.suppressed} to addresses that are not written to")
    if again.unwanted:
        said.append(f"not {again.unwanted} to people who have asked for none")
    return said


def count_mails(number: int) -> str:
    """Say a number of mails."""
    return "1 mail" if number == 1 else f"{number} mails"


@mailings.command("test")
@click.argument("slug")
@click.argument(
    "template",
    type=click.Choice([one.value for one in MailName if one is not MailName.MESSAGE]),
)
@click.argument("address")
@click.option(
    "--language",
    type=click.Choice([one.value for one in Language]),
    default=Language.FRENCH.value,
    show_default=True,
)
def send_test(slug: str, template: str, address: str, language: str) -> None:
    """Send a mail of an event to an address of one's own, about an invented person."""
    email = typed.check_email(address)
    with opened() as runtime:
        now = runtime.now()
        with runtime.transaction() as tx:
            event = events.get(tx, slug)
            mailings_.test_to(tx, event, MailName(template), email, Language(language), now=now)
        runtime.wake(Lane.PROMPT)
    click.echo(f"{slug}: {template}: a test leaves for {email}")
