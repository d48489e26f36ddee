"""Commands that change an event people know of: moved, cancelled, postponed, reopened, cloned.

Each shows who will be told what, asks, then changes and mails at once.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import click

from webinars import changes, events, loading, zones
from webinars.changes import COMMAND_LINE, Dates, MailRow, Order, Outlook, Reconfirm
from webinars.cli import outlooks
from webinars.cli.edge import AS_JSON, YES, opened, print_json, print_table
from webinars.cli.events import describe
from webinars.cli.events import events as of_events
from webinars.cli.listings import pick, print_rows
from webinars.database import Transaction
from webinars.errors import NothingChanged, ValueRefused
from webinars.eventfiles import moments
from webinars.models import Event, Lane, Mode, ReconfirmRule, Shown, Venue

Deed = Callable[[Transaction, Event, datetime], Outlook]
"""What is done to an event; it returns who is told what."""

CHANGE_COLUMNS = (
    "revision",
    "made_at",
    "kind",
    "author",
    "reason",
    "tells_at",
    "reconfirm_by_at",
    "reconfirm_rule",
    "settled_at",
)
UNREACHED_COLUMNS = (
    "reference",
    "last_name",
    "first_name",
    "phone",
    "email",
    "organization",
    "country",
    "template",
    "state",
    "reply",
    "assistant_email",
    "assistant_reached",
)
UNREACHED_SHOWN = ("last_name", "first_name", "phone", "email", "template", "state", "reply")


class Moment(click.ParamType[datetime | date]):
    """A local date and hour, or a date whose hour is not known yet."""

    name = "DATE[THH:MM]"

    def convert(self, value: object, param: object, ctx: object) -> datetime | date:
        """Read it."""
        if isinstance(value, date):
            return value
        try:
            return moments.parse_day_or_hour(str(value))
        except ValueRefused:
            self.fail(f"{value!r} is not written like 2027-03-09T10:00 or 2027-03-09.")


REASON = click.option("--reason", default="", help="Why; people are told.")
NAMES = click.option("--names", is_flag=True, help="Name everyone, however many they are.")
RECONFIRM_BY = click.option(
    "--reconfirm-by",
    type=click.DateTime(["%Y-%m-%dT%H:%M"]),
    help="Until when people may say whether they maintain, in the event's zone.",
)
RECONFIRM_RULE = click.option(
    "--reconfirm-rule",
    type=click.Choice([one.value for one in ReconfirmRule]),
    default=ReconfirmRule.KEEP.value,
    show_default=True,
    help="What becomes of the place of who has not said by then.",
)
NO_RECONFIRM = click.option("--no-reconfirm", is_flag=True, help="Do not ask who maintains.")
STARTS = click.option("--starts", type=Moment(), help="The new start, in the event's zone.")
ENDS = click.option("--ends", type=Moment(), help="The new end; nothing: it lasts as long.")


def carry_out(slug: str, do: Deed, *, yes: bool, names: bool) -> None:
    """Show who would be told what, ask, then do it and let the mails leave at once."""
    with opened() as runtime:
        now = runtime.now()
        with runtime.rehearsal() as tx:
            outlook = do(tx, events.get(tx, slug), now)
        said = outlooks.say(slug, outlook, all_names=names)
        if yes:
            click.echo("\n".join(said))
        else:
            outlooks.ask(said)
        with runtime.transaction() as tx:
            outlook = do(tx, events.get(tx, slug), now)
        for lane in Lane:
            runtime.wake(lane)
    click.echo(f"{slug}: {outlook.kind}, {outlook.total} mails on their way")


def make_order(now: datetime, reason: str) -> Order:
    """Order a change from the command line, where there is no quiet time."""
    return Order(COMMAND_LINE, now, reason)


def make_reconfirm(by: datetime | None, rule: str, *, no_reconfirm: bool) -> Reconfirm | None:
    """Ask people whether they maintain, unless told not to."""
    if no_reconfirm and by is not None:
        raise click.UsageError("--no-reconfirm and --reconfirm-by exclude each other.")
    return None if no_reconfirm else Reconfirm(by, ReconfirmRule(rule))


def make_dates(
    event: Event,
    starts: datetime | date | None,
    ends: datetime | date | None,
    timezone: str | None,
) -> Dates | None:
    """Return where an event is moved to; what is left out stays, and it lasts as long as it did."""
    if starts is None and ends is None and timezone is None:
        return None
    was = moments.join(event.starts_on, event.starts_time)
    until = moments.join(event.ends_on, event.ends_time)
    begins = starts or was
    return Dates(begins, ends or _shift(until, was, begins), timezone)


def _shift(
    until: datetime | date, was: datetime | date, begins: datetime | date
) -> datetime | date:
    if isinstance(was, datetime) and isinstance(begins, datetime) and isinstance(until, datetime):
        return until + (begins - was)
    days: timedelta = moments.day_of(begins) - moments.day_of(was)
    return until + days


@click.command("reschedule")
@click.argument("slug")
@STARTS
@ENDS
@click.option("--timezone", help="Another zone, such as Africa/Casablanca.")
@click.option("--venue", help="Where it is held now.")
@click.option("--city", help="The city of the venue.")
@click.option("--mode", type=click.Choice([one.value for one in Mode]), help="How it is held now.")
@REASON
@RECONFIRM_BY
@RECONFIRM_RULE
@NO_RECONFIRM
@NAMES
@YES
def reschedule(
    slug: str,
    starts: datetime | date | None,
    ends: datetime | date | None,
    timezone: str | None,
    venue: str | None,
    city: str | None,
    mode: str | None,
    reason: str,
    reconfirm_by: datetime | None,
    reconfirm_rule: str,
    no_reconfirm: bool,
    names: bool,
    yes: bool,
) -> None:
    """Move an event: everything that has a date moves alike, and everyone concerned is told.

    With --venue or --mode it is held elsewhere or otherwise, with or without other dates.
    """
    reconfirm = make_reconfirm(reconfirm_by, reconfirm_rule, no_reconfirm=no_reconfirm)

    def do(tx: Transaction, event: Event, now: datetime) -> Outlook:
        order = make_order(now, reason)
        to = make_dates(event, starts, ends, timezone)
        moved = changes.move(tx, event, to, order, reconfirm=reconfirm) if to else None
        if venue is None and city is None and mode is None:
            if moved is None:
                raise click.UsageError("Give --starts and --ends, --timezone, --venue or --mode.")
            return moved
        place = make_venue(event, venue, city)
        placed = changes.place(tx, event, order, venue=place, mode=Mode(mode) if mode else None)
        return placed if moved is None else replace(placed, kind=moved.kind, asked=moved.asked)

    carry_out(slug, do, yes=yes, names=names)


def make_venue(event: Event, name: str | None, city: str | None) -> Venue | None:
    """Return where an event is held; an empty name is nowhere."""
    before = event.venue or Venue("")
    said = before.name if name is None else name.strip()
    return Venue(said, before.city if city is None else city, before.country) if said else None


@click.command("cancel")
@click.argument("slug")
@click.option("--session", "code", help="Cancel this session alone.")
@REASON
@NAMES
@YES
def cancel(slug: str, code: str | None, reason: str, names: bool, yes: bool) -> None:
    """Cancel an event, or one session: everyone concerned is told, and everything planned stops."""

    def do(tx: Transaction, event: Event, now: datetime) -> Outlook:
        order = make_order(now, reason)
        if code is None:
            return changes.cancel(tx, event, order)
        return changes.cancel_session(tx, event, code, order)

    carry_out(slug, do, yes=yes, names=names)


@click.command("postpone")
@click.argument("slug")
@REASON
@NAMES
@YES
def postpone(slug: str, reason: str, names: bool, yes: bool) -> None:
    """Postpone an event to a date that is not known yet; `reschedule` gives it one."""

    def do(tx: Transaction, event: Event, now: datetime) -> Outlook:
        return changes.postpone(tx, event, make_order(now, reason))

    carry_out(slug, do, yes=yes, names=names)


@click.command("reopen")
@click.argument("slug")
@STARTS
@ENDS
@REASON
@RECONFIRM_BY
@RECONFIRM_RULE
@NO_RECONFIRM
@NAMES
@YES
def reopen(
    slug: str,
    starts: datetime | date | None,
    ends: datetime | date | None,
    reason: str,
    reconfirm_by: datetime | None,
    reconfirm_rule: str,
    no_reconfirm: bool,
    names: bool,
    yes: bool,
) -> None:
    """Let an event take place after all that was cancelled or postponed, on its dates or others."""
    reconfirm = make_reconfirm(reconfirm_by, reconfirm_rule, no_reconfirm=no_reconfirm)

    def do(tx: Transaction, event: Event, now: datetime) -> Outlook:
        to = make_dates(event, starts, ends, None)
        return changes.reopen(tx, event, make_order(now, reason), to=to, reconfirm=reconfirm)

    carry_out(slug, do, yes=yes, names=names)


@click.command("rezone")
@REASON
@NAMES
@YES
def rezone(reason: str, names: bool, yes: bool) -> None:
    """Take up new zone data: events to come keep their local hours, and people are told.

    Shows for each event who would be told what, and asks.
    """
    with opened() as runtime, runtime.reading() as tx:
        slugs = [event.slug for event in changes.list_drifted(tx, now=runtime.now())]
    if not slugs:
        click.echo(f"No event to come has other instants by the zone data {zones.version()}.")

    def do(tx: Transaction, event: Event, now: datetime) -> Outlook:
        outlook = changes.rezone(tx, event, make_order(now, reason))
        if outlook is None:
            raise NothingChanged
        return outlook

    for slug in slugs:
        carry_out(slug, do, yes=yes, names=names)


@click.command("clone")
@click.argument("slug")
@click.argument("new_slug", metavar="NEW-SLUG")
@click.option(
    "--starts-on",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The first day of the new edition; every date moves alike.",
)
def clone(slug: str, new_slug: str, starts_on: datetime) -> None:
    """Make a draft like an event on other days, without its people and its room; nobody is told."""
    with opened() as runtime, runtime.transaction() as tx:
        event = events.get(tx, slug)
        loaded = loading.duplicate(
            tx, event, slug=new_slug, starts_on=starts_on.date(), now=runtime.now()
        )
    click.echo(describe(loaded))


@click.command("history")
@click.argument("slug")
@click.option("--mails", is_flag=True, help="List each mail with its reason too.")
@AS_JSON
def history(slug: str, mails: bool, as_json: bool) -> None:
    """Show every change of an event with its author, and every mail with its reason."""
    with opened() as runtime, runtime.reading() as tx:
        event = events.get(tx, slug)
        rows = changes.list_changes(tx, event.id)
        sent = changes.list_mails(tx, event.id) if mails or as_json else []
    if as_json:
        told = [
            pick(row, CHANGE_COLUMNS) | {"mails": row.mails, "before": say_dates(row.before)}
            for row in rows
        ]
        print_json({"changes": told, "mails": [one._asdict() for one in sent]})
        return
    table: list[tuple[object, ...]] = [
        (row.made_at, row.kind, row.author, row.reason, say_dates(row.before)["starts"], row.total)
        for row in rows
    ]
    headings = ("made_at", "kind", "author", "reason", "started before", "told")
    print_table(table, headings, event.timezone)
    if mails:
        print_rows(sent, MailRow._fields, event.timezone, as_json=False)


def say_dates(shown: Shown) -> dict[str, object]:
    """Return the dates that were shown, as an event file writes them."""
    return {
        "starts": moments.write(shown.starts),
        "ends": moments.write(shown.ends),
        "timezone": shown.timezone,
    }


@click.command("unreached")
@click.argument("slug")
@AS_JSON
def unreached(slug: str, as_json: bool) -> None:
    """List whom the last mail that matters did not reach, with telephone numbers."""
    with opened() as runtime, runtime.reading() as tx:
        event = events.get(tx, slug)
        rows = changes.list_unreached(tx, event.id, now=runtime.now())
    columns = UNREACHED_COLUMNS if as_json else UNREACHED_SHOWN
    print_rows(rows, columns, event.timezone, as_json=as_json)


for command in (reschedule, cancel, postpone, reopen, rezone, clone, history, unreached):
    of_events.add_command(command)
