"""What became of an event: its changes with their authors, its mails with their reasons.

And whom mail did not reach, to be called instead.
"""

from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from flask import Blueprint, render_template, request

from webinars import changes, contacts, deliveries, mailings
from webinars.changes import ChangeRow, UnreachedRow
from webinars.database import Transaction
from webinars.mailings import MailingRow
from webinars.models import Event
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.organiser import differences
from webinars.web.organiser.acts import Right
from webinars.web.organiser.differences import Difference
from webinars.web.organiser.filtering import PAGE_SIZE, choose_part
from webinars.web.organiser.guard import get_own_event

blueprint = Blueprint("history", __name__)

ACTS: dict[str, Right] = {
    "show": Act.SEE_MAILINGS,
    "mails": Act.SEE_MAILINGS,
    "unreached": Act.SEE_PEOPLE,
}


class Entry(NamedTuple):
    """Something that happened to an event: it was changed, or a mailing was due."""

    at: datetime
    change: ChangeRow | None
    differences: list[Difference]
    mailing: MailingRow | None


@blueprint.get("/events/<slug:slug>/history")
def show(slug: str) -> str:
    """Show every change of an event, and every mailing that was due, latest first."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        made = changes.list_changes(tx, event.id)
        rows = mailings.list_rows(tx, event.id, now)
    entries = [_tell(one, event) for one in made]
    entries += [
        Entry(one.due_at, None, [], one) for one in rows if one.due_at and one.due_at <= now
    ]
    return render_template(
        "organiser/history/show.html",
        event=event,
        entries=sorted(entries, key=lambda one: one.at, reverse=True),
        standing=[one for one in rows if one.due_at is None and one.total],
    )


@blueprint.get("/events/<slug:slug>/history/mails")
def mails(slug: str) -> str:
    """List the mails of an event, or of one change, with their reasons, latest first."""
    runtime = get_runtime()
    change_id = request.args.get("change", None, type=int)
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        total = _count(tx, event.id, change_id)
        part = choose_part(request.args, total)
        rows = changes.list_mails(
            tx, event.id, change_id=change_id, limit=PAGE_SIZE, offset=part.offset
        )
    return render_template(
        "organiser/history/mails.html", event=event, rows=rows, part=part, change_id=change_id
    )


@blueprint.get("/events/<slug:slug>/unreached")
def unreached(slug: str) -> str:
    """List by organisation whom mail did not reach, with telephone numbers, to be printed."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        rows = changes.list_unreached(tx, event.id, now=now)
    return render_template(
        "organiser/history/unreached.html", event=event, groups=_group(rows), rows=rows, now=now
    )


def _tell(change: ChangeRow, event: Event) -> Entry:
    before = differences.see_shown(change.before, event)
    after = differences.see_shown(change.after, event) if change.after else differences.see(event)
    return Entry(change.made_at, change, differences.compare(before, after), None)


def _count(tx: Transaction, event_id: int, change_id: int | None) -> int:
    if change_id is None:
        return sum(deliveries.counts(tx, event_id).values())
    made = (one for one in changes.list_changes(tx, event_id) if one.id == change_id)
    counted = (states.values() for one in made for states in one.mails.values())
    return sum(sum(numbers) for numbers in counted)


def _group(rows: list[UnreachedRow]) -> list[tuple[str, list[UnreachedRow]]]:
    """Return people by organisation: an organisation is the same however it was typed."""

    def key(row: UnreachedRow) -> str:
        return contacts.fold(row.organization)

    grouped = groupby(sorted(rows, key=key), key)
    lists = [list(group) for _, group in grouped]
    return [(group[0].organization, group) for group in lists]
