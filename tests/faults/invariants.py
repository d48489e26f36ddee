"""What must hold whatever was killed: one function, for short runs and for long ones.

Pure: it compares what the rows say with what the relay has written down.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from tests.faults.sink import LOST, TAKEN, Taken
from webinars.models import DeliveryState, MailName

IS_OVER = frozenset({DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN, DeliveryState.CANCELLED})
"""How a mail may end here: this relay refuses nobody, and nothing expires."""
SHOWN = 5
"""How many of a kind are named."""


class Row(NamedTuple):
    """A delivery as it ended."""

    id: int
    email: str
    template: MailName
    mailing_id: int | None
    state: DeliveryState
    maybe_twice: bool


class Found(NamedTuple):
    """What the relay has taken, and of which delivery it was."""

    delivery_id: int | None
    message: Taken


class Summary(NamedTuple):
    """A run in figures."""

    states: Counter
    messages: int
    twice: int
    """Deliveries that the relay has taken more than once."""
    marked: int
    """Deliveries whose row says that they may have been doubled, or may not have left."""
    drops: int
    connections: int
    """The most that were open at once."""
    bound: int
    """As many may be doubled."""
    faults: list[str]
    """What should not be; none, if all is well."""


def compare(
    rows: Sequence[Row], found: Sequence[Found], *, kills: int, besides: int = 0
) -> Summary:
    """Compare rows and relay.

    :param kills: how often something was killed that may have had a message in each connection.
    :param besides: as many more may have been doubled for other reasons.
    """
    kept = [one for one in found if one.message.fate != LOST]
    counts = Counter(one.delivery_id for one in kept)
    drops = sum(one.message.fate != TAKEN for one in found)
    connections = max((one.message.open_connections for one in found), default=0)
    twice = {delivery_id for delivery_id, count in counts.items() if count > 1}
    marked = {row.id for row in rows if row.maybe_twice or row.state is DeliveryState.UNCERTAIN}
    surplus = sum(count - 1 for count in counts.values())
    bound = connections * kills + drops + besides
    faults = [
        *_say("not over", {row.id for row in rows if row.state not in IS_OVER}),
        *_say("accepted, but never taken", _list_accepted(rows) - set(counts)),
        *_say("taken, but given up", _list_cancelled(rows) & set(counts)),
        *_say("doubled, and not marked", twice - marked),
        *_say("not byte by byte the same when sent again", _list_changed(found)),
        *_say("sent to someone else", _list_strayed(rows, found)),
    ]
    if surplus > bound:
        faults.append(f"doubled {surplus} times, where {bound} is the bound")
    return Summary(
        states=Counter(row.state.value for row in rows),
        messages=len(kept),
        twice=len(twice),
        marked=len(marked),
        drops=drops,
        connections=connections,
        bound=bound,
        faults=faults,
    )


def list_late(found: Sequence[Found], since: float) -> list[Found]:
    """List what a sender began with only after an instant, in seconds of the epoch."""
    return [one for one in found if one.message.begun_at > since]


def _list_accepted(rows: Sequence[Row]) -> set[int]:
    return {row.id for row in rows if row.state is DeliveryState.ACCEPTED}


def _list_cancelled(rows: Sequence[Row]) -> set[int]:
    return {row.id for row in rows if row.state is DeliveryState.CANCELLED}


def _list_changed(found: Sequence[Found]) -> set[int | None]:
    digests = defaultdict(set)
    for one in found:
        digests[one.delivery_id].add((one.message.digest, one.message.message_id))
    return {delivery_id for delivery_id, seen in digests.items() if len(seen) > 1}


def _list_strayed(rows: Sequence[Row], found: Sequence[Found]) -> set[int | None]:
    """List what no row stands for, or what went to another address than its row's."""
    emails = {row.id: row.email for row in rows}
    return {
        one.delivery_id for one in found if emails.get(one.delivery_id) != one.message.recipient
    }


def _say(what: str, which: Collection[int | None]) -> list[str]:
    if not which:
        return []
    named = ", ".join(str(one) for one in sorted(which, key=str)[:SHOWN])
    return [f"{what}: {len(which)} ({named}{', …' if len(which) > SHOWN else ''})"]
