"""An event changed by key of its file: checked as a whole, written, remembered."""

from collections.abc import Collection, Mapping
from typing import Any

from webinars import changes, eventfiles, events, loading, waiting
from webinars.changes import Order
from webinars.database import Transaction
from webinars.errors import ChangedElsewhere, FileRefused, WouldMailPeople
from webinars.eventfiles import EventFile
from webinars.models import Event, EventStatus

TOLD = frozenset({"starts", "ends", "timezone", "mode", "venue"})
"""Keys of which everyone who is registered is told: see `webinars.changes`."""
UNSEEN = frozenset({"connection"})
"""Keys of which nothing is shown to people: the history says nothing of them."""


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
