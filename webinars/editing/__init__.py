"""Events that are written and edited in forms: made from little, changed part by part.

What a form says is checked as an event file would be, by the same rules. What people who are
registered have to be told of goes through `webinars.changes` alone and is refused here.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from webinars import changes, eventfiles, events, loading, participants, waiting, zones
from webinars.changes import Order
from webinars.database import Transaction
from webinars.editing.kinds import DEFAULTS, Defaults, complete, find_zone, list_shown_zones
from webinars.editing.readiness import Item, Lack, list_lacks
from webinars.errors import ChangedElsewhere, EventCancelled, FileRefused, WouldMailPeople
from webinars.eventfiles import EventFile, moments
from webinars.models import Event, EventStatus

__all__ = [
    "DEFAULTS",
    "Defaults",
    "Item",
    "Lack",
    "close",
    "complete",
    "create",
    "find_zone",
    "list_lacks",
    "list_shown_zones",
    "reopen",
    "save",
    "set_status",
    "withdraw",
]

TOLD = frozenset({"starts", "ends", "timezone", "mode", "venue"})
"""Keys of which everyone who is registered is told: see `webinars.changes`."""
UNSEEN = frozenset({"connection"})
"""Keys of which nothing is shown to people: the history says nothing of them."""


def create(tx: Transaction, said: Mapping[str, Any], *, now: datetime) -> Event:
    """Make a draft of what a form says, by key of an event file; its mailings are planned.

    :raises FileRefused: something of it cannot be; every mistake is named.
    :raises SlugTaken: an event has that address.
    """
    file = eventfiles.check_content({**said, "status": EventStatus.DRAFT.value})
    return loading.create(tx, file, now=now)


def save(tx: Transaction, event: Event, said: Mapping[str, Any], order: Order) -> tuple[str, ...]:
    """Change what a form says of an event, by key of an event file, and return what differed.

    Who waits is given the places that a larger capacity adds.

    :raises FileRefused: something of it cannot be; every mistake is named.
    :raises WouldMailPeople: it is something that people are told of by a change.
    :raises ChangedElsewhere: somebody has changed the event since it was read, this very moment.
    """
    read = event.edition
    if events.hold(tx, event) != read:
        raise ChangedElsewhere(sorted(said))
    present = loading.to_content(event)
    file = _check(present, said)
    fresh = eventfiles.content(file)
    keys = tuple(key for key in said if fresh[key] != present[key])
    told = TOLD.intersection(keys)
    if told and event.status is not EventStatus.DRAFT:
        raise WouldMailPeople(sorted(told), 0)
    if keys:
        _write(tx, event, file, keys, order)
    return keys


def _check(present: Mapping[str, Any], said: Mapping[str, Any]) -> EventFile:
    """Check an event as a form changes it; what was wrong in it before is not the form's fault."""
    try:
        return eventfiles.check_content({**present, **said})
    except FileRefused as error:
        known = _list_problems(present)
        fresh = [one for one in error.problems if (one.key, one.code) not in known]
        if fresh:
            raise FileRefused(fresh) from error
        return eventfiles.from_content({**present, **said})


def _list_problems(present: Mapping[str, Any]) -> set[tuple[str, str]]:
    try:
        eventfiles.check_content(present)
    except FileRefused as error:
        return {(one.key, one.code) for one in error.problems}
    return set()


def _write(
    tx: Transaction, event: Event, file: EventFile, keys: Collection[str], order: Order
) -> None:
    def write(held: Event) -> None:
        loading.rewrite(tx, held, file, list(keys), now=order.now)

    if UNSEEN.issuperset(keys):
        write(event)
    else:
        changes.edit(tx, event, write, order)
    if "capacity" in keys or "registration" in keys:
        waiting.promote(tx, event, now=order.now)


def set_status(tx: Transaction, event: Event, status: EventStatus, order: Order) -> None:
    """Publish an event, announce it, or take it back into a draft; nobody is mailed.

    :raises EventCancelled: it was cancelled or postponed.
    """
    if event.cancelled_at is not None or event.postponed_at is not None:
        raise EventCancelled
    save(tx, event, {"status": status.value}, order)


def withdraw(tx: Transaction, event: Event, order: Order) -> None:
    """Take an event back into a draft, which nobody sees, while nobody has registered.

    :raises EventCancelled: it was cancelled or postponed.
    :raises WouldMailPeople: somebody has registered, and would not know what became of it.
    """
    registered = sum(participants.count_by_status(tx, [event.id])[event.id].values())
    if registered:
        raise WouldMailPeople(["status"], registered)
    set_status(tx, event, EventStatus.DRAFT, order)


def close(tx: Transaction, event: Event, order: Order) -> None:
    """Close the registrations of an event now.

    :raises FileRefused: they have not opened.
    """
    local = zones.to_local(order.now, event.timezone).replace(tzinfo=None, second=0, microsecond=0)
    _set_closing(tx, event, local, order)


def reopen(tx: Transaction, event: Event, closes: datetime | None, order: Order) -> None:
    """Let people register again until a local hour; `None`: until the event starts.

    :raises FileRefused: that is after its end, or no hour of that day.
    """
    _set_closing(tx, event, closes, order)


def _set_closing(tx: Transaction, event: Event, closes: datetime | None, order: Order) -> None:
    said: Any = dict(loading.to_content(event)["registration"])  # type: ignore[call-overload]
    said["closes"] = moments.write(closes) if closes else None
    save(
        tx,
        event,
        {"registration": {key: one for key, one in said.items() if one is not None}},
        order,
    )
