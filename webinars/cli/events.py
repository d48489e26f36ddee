"""Commands about events: load them from files, look at them, set their room."""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click

from webinars import changes, eventfiles, loading, participants, phrasing, waiting
from webinars import events as events_
from webinars.changes import COMMAND_LINE, Order, Outlook
from webinars.cli.edge import AS_JSON, YES, opened, print_json, print_table, say_instant
from webinars.cli.outlooks import ask, say
from webinars.cli.registrations import writing_to
from webinars.cli.sentences import explain
from webinars.database import Transaction
from webinars.errors import FileRefused, WebinarsError
from webinars.eventfiles import EventFile
from webinars.loading import Loaded
from webinars.models import Event, Lane, Language
from webinars.runtime import Runtime

INSTANTS = ("starts_at", "ends_at", "opens_at", "closes_at")


@click.group()
def events() -> None:
    """What people register for."""


@events.command("load")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--starts-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Move every date so that the event starts on that day.",
)
@YES
def load_events(files: tuple[Path, ...], starts_on: datetime | None, yes: bool) -> None:
    """Create or update events from event files.

    It asks before it writes to people, and refuses what was changed elsewhere since the file was
    last loaded; with --yes it does not ask, and the file wins.
    """
    read = read_files(files, starts_on.date() if starts_on else None)
    is_refused = False
    with opened() as runtime:
        for file in read:
            try:
                click.echo(describe(load_one(runtime, file, yes=yes)))
            except WebinarsError as error:
                click.echo(f"{file.name}: {file.slug}: {explain(error)}", err=True)
                is_refused = True
    if is_refused:
        sys.exit(1)


def read_files(paths: Sequence[Path], starts_on: date | None) -> list[EventFile]:
    """Read event files, moved to a day if one is given.

    :raises FileRefused: something is wrong in one of them; what is wrong in all is named.
    """
    files, problems = [], []
    for path in paths:
        try:
            file = eventfiles.read(path)
            files.append(eventfiles.shift(file, starts_on) if starts_on else file)
        except FileRefused as error:
            problems += error.problems
    if problems:
        raise FileRefused(problems)
    return files


def load_one(runtime: Runtime, file: EventFile, *, yes: bool, may_tell: bool = True) -> Loaded:
    """Load one event file; ask first when people would be written to.

    :param may_tell: Whether people are told of what changes for them; otherwise that is refused.
    """
    eventfiles.store_attachments(file, runtime.settings.documents_dir)
    now = runtime.now()
    if not yes:
        ask_before_mailing(runtime, file, now)
    with runtime.transaction() as tx:
        loaded, outlook, promoted = apply(tx, file, now=now, take_file=yes, may_tell=may_tell)
    if promoted or outlook:
        for lane in Lane:
            runtime.wake(lane)
    return loaded


def ask_before_mailing(runtime: Runtime, file: EventFile, now: datetime) -> None:
    """Try it, undo it, and ask if someone would have been written to."""
    with runtime.rehearsal() as tx:
        _, outlook, promoted = apply(tx, file, now=now, take_file=False)
    said = say(file.slug, outlook) if outlook and outlook.told else []
    if promoted:
        said.append(f"{file.slug}: {promoted} people get a place and are told.")
    if said:
        ask(said)


def apply(
    tx: Transaction, file: EventFile, *, now: datetime, take_file: bool, may_tell: bool = True
) -> tuple[Loaded, Outlook | None, int]:
    """Load a file as one change, and give the places that it adds to those who wait.

    Returns who is told of what, and how many get a place.
    """
    order = Order(COMMAND_LINE, now)
    loaded, outlook = changes.load(tx, file, order, take_file=take_file, may_tell=may_tell)
    return loaded, outlook, len(waiting.promote(tx, loaded.event, now=now))


def describe(loaded: Loaded) -> str:
    """Say what came of loading a file."""
    changed = f"changed {', '.join(loaded.changed)}" if loaded.changed else "unchanged"
    return f"{loaded.event.slug}: {'created' if loaded.is_new else changed}"


@events.command("list")
@AS_JSON
def list_events(as_json: bool) -> None:
    """List every event, latest first."""
    with opened() as runtime, runtime.reading() as tx:
        now, found = runtime.now(), events_.list_all(tx)
    if as_json:
        print_json([summarise(event, now) for event in found])
        return
    rows: list[tuple[object, ...]] = [
        (event.slug, events_.state(event, now), say_start(event), event.title.fr) for event in found
    ]
    print_table(rows, ("slug", "state", "starts", "title"), "UTC")


def summarise(event: Event, now: datetime) -> dict[str, object]:
    """Return what a list says of an event."""
    return {
        "slug": event.slug,
        "kind": event.kind,
        "title": event.title.fr,
        "timezone": event.timezone,
        "state": events_.state(event, now),
        **{name: getattr(event, name) for name in INSTANTS},
    }


def say_start(event: Event) -> str:
    """Say when an event starts: the day alone while the hour is not known."""
    if event.starts_time is None:
        return f"{event.starts_on}"
    return say_instant(event.starts_at, event.timezone)


@events.command("show")
@click.argument("slug")
@AS_JSON
def show_event(slug: str, as_json: bool) -> None:
    """Show an event: what its file would say now, its state, its instants, its registrations."""
    with opened() as runtime, runtime.reading() as tx:
        event = events_.get(tx, slug)
        said = loading.to_content(event)
        computed = summarise(event, runtime.now())
        counts = participants.count_by_status(tx, [event.id])[event.id]
    if as_json:
        print_json(computed | said | {"registrations": counts})
        return
    click.echo(f"{event.title.fr}\n{phrasing.when(event, Language.ENGLISH)}")
    shown = {name: computed[name] for name in ("state", *INSTANTS)} | {
        "room": event.room_url,
        "capacity": event.capacity,
        "registrations": ", ".join(f"{number} {status}" for status, number in counts.items()),
    }
    print_table(list(shown.items()), ("", ""), event.timezone)


@events.command("connect")
@click.argument("slug")
@click.option("--url", required=True, help="The room's address; people only ever see the gate.")
def connect_event(slug: str, url: str) -> None:
    """Set or change the room; nobody is mailed, but a link held for want of it leaves."""
    with opened() as runtime, runtime.transaction() as tx:
        events_.connect(tx, events_.get(tx, slug), url)
    click.echo(f"{slug}: room {'set' if url.strip() else 'taken away'}")


@events.command("archive")
@click.argument("slug")
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    required=True,
    help="The ZIP file to write; `-`: standard output.",
)
def archive_event(slug: str, output: str) -> None:
    """Write what is kept of an event: its file, documents, lists, mails, changes and papers."""
    from webinars import archives, exports  # long to read, and no other command needs them

    with opened() as runtime, writing_to(output) as file:
        now = runtime.now()
        with runtime.transaction() as tx:
            event = events_.get(tx, slug)
            number = exports.count(tx, event.id)
            author = exports.COMMAND_LINE
            exports.record(tx, event, author, archives.FORMAT, "", number, now)
        with runtime.reading() as tx:
            source = archives.Source(
                tx,
                events_.get(tx, slug),
                runtime.links,
                runtime.settings.mail_from,
                runtime.settings.documents_dir,
                now,
            )
            for piece in archives.write(source):
                file.write(piece)
