"""The questions of an event's own: added, edited, put in order, taken out.

What people have answered is never lost: a question of theirs keeps its kind, and one that is asked
no more stays in exports.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from webinars import eventfiles, loading
from webinars.changes import Order
from webinars.database import Transaction
from webinars.editing.saving import save
from webinars.errors import NotFound
from webinars.models import Event

Said = Mapping[str, Any]


def list_questions(event: Event) -> list[dict[str, Any]]:
    """Return the questions that are asked, as the event's file would say them."""
    said: Any = loading.to_content(event)["questions"]
    return list(said or ())


def put_question(tx: Transaction, event: Event, said: Said, order: Order) -> None:
    """Add a question, or change the one of that key.

    :raises FileRefused: something of it cannot be; every mistake is named.
    :raises QuestionAnswered: it would be of another kind than people have answered.
    """
    asked = list_questions(event)
    places = [place for place, one in enumerate(asked) if one["key"] == said["key"]]
    if places:
        asked[places[0]] = dict(said)
    else:
        asked.append(dict(said))
    _save(tx, event, asked, order)


def take_out_question(tx: Transaction, event: Event, key: str, order: Order) -> None:
    """Ask a question no more.

    :raises NotFound: there is none of that key.
    :raises FileRefused: another depends on it.
    """
    asked = list_questions(event)
    kept = [one for one in asked if one["key"] != key]
    if len(kept) == len(asked):
        raise NotFound("question", key)
    _save(tx, event, kept, order)


def move_question(tx: Transaction, event: Event, key: str, by: int, order: Order) -> None:
    """Ask a question earlier (-1) or later (+1).

    :raises NotFound: there is none of that key.
    :raises FileRefused: it would come before the one it depends on.
    """
    asked = list_questions(event)
    places = [place for place, one in enumerate(asked) if one["key"] == key]
    if not places:
        raise NotFound("question", key)
    target = places[0] + by
    if 0 <= target < len(asked):
        asked[places[0]], asked[target] = asked[target], asked[places[0]]
        _save(tx, event, asked, order)


def name_question(event: Event, label: str) -> str:
    """Return a key for a new question of that label, which none of the event has had."""
    taken = {one.key for one in event.questions}
    key = eventfiles.propose_slug(label).replace("-", "_")[:30].strip("_")
    if not key or not key[0].isalpha():
        key = f"question_{key}".rstrip("_")
    number, found = 1, key
    while found in taken:
        number += 1
        found = f"{key}_{number}"
    return found


def _save(tx: Transaction, event: Event, asked: Sequence[Said], order: Order) -> None:
    save(tx, event, {"questions": list(asked)}, order)
