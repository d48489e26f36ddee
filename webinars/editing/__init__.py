"""Events that are written and edited in forms: made from little, changed part by part.

What a form says is checked as an event file would be, by the same rules. What people who are
registered have to be told of goes through `webinars.changes` alone and is refused here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webinars import eventfiles, loading, participants, zones
from webinars.changes import Order
from webinars.database import Transaction
from webinars.editing.asking import (
    list_questions,
    move_question,
    name_question,
    put_question,
    take_out_question,
)
from webinars.editing.clashes import Clash, ClashKind, list_clashes
from webinars.editing.kinds import DEFAULTS, Defaults, complete, find_zone, list_shown_zones
from webinars.editing.programmes import (
    list_sessions,
    move_session,
    name_session,
    put_session,
    set_final,
    take_out_session,
    validate,
)
from webinars.editing.readiness import Item, Lack, list_lacks
from webinars.editing.saving import save
from webinars.errors import EventCancelled, WouldMailPeople
from webinars.eventfiles import moments
from webinars.models import Event, EventStatus

__all__ = [
    "DEFAULTS",
    "Clash",
    "ClashKind",
    "Defaults",
    "Item",
    "Lack",
    "close",
    "complete",
    "create",
    "find_zone",
    "list_clashes",
    "list_lacks",
    "list_questions",
    "list_sessions",
    "list_shown_zones",
    "move_question",
    "move_session",
    "name_question",
    "name_session",
    "put_question",
    "put_session",
    "reopen",
    "save",
    "set_final",
    "set_status",
    "take_out_question",
    "take_out_session",
    "validate",
    "withdraw",
]


def create(tx: Transaction, said: Mapping[str, Any], *, now: datetime) -> Event:
    """Make a draft of what a form says, by key of an event file; its mailings are planned.

    :raises FileRefused: something of it cannot be; every mistake is named.
    :raises SlugTaken: an event has that address.
    """
    file = eventfiles.check_content({**said, "status": EventStatus.DRAFT.value})
    return loading.create(tx, file, now=now)


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
