"""Acts on many registrations at once: reviewed first, done step by step, told one by one.

Each registration is treated by the very function that treats a single one, so that the same rules
hold and the same mails leave; the event is locked once for each step. What is refused stays as it
was and is told with its reason. Tags and presences can be undone; what was mailed cannot.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified, set_committed_value

from webinars import attendance, choices, events, places, registrations, tags, telling, waiting
from webinars.database import Transaction
from webinars.errors import (
    EventEnded,
    NotFound,
    NothingToUndo,
    NotPending,
    RegistrationCancelled,
    WebinarsError,
)
from webinars.models import (
    BulkAct,
    BulkDeed,
    Event,
    MailName,
    Presence,
    Registration,
    RegistrationStatus,
)
from webinars.places import LIVE

STEP = 100
"""How many are treated in one transaction: so long do others who register wait."""
MOST = 20_000
UNDOABLE = frozenset({BulkDeed.TAG, BulkDeed.UNTAG, BulkDeed.PRESENT})
WITH_MAIL = frozenset(
    {BulkDeed.CONFIRM, BulkDeed.DECLINE, BulkDeed.WAIT, BulkDeed.PLACE, BulkDeed.CANCEL}
)
NOT_PENDING, NOT_WAITING, NOT_LIVE = "not-pending", "not-waiting", "not-live"
NO_LINE, FULL, ENDED, GONE, SAME = "no-line", "full", "ended", "gone", "same"

FITTING: dict[BulkDeed, tuple[frozenset[RegistrationStatus], str]] = {
    BulkDeed.CONFIRM: (frozenset({RegistrationStatus.PENDING}), NOT_PENDING),
    BulkDeed.DECLINE: (frozenset({RegistrationStatus.PENDING}), NOT_PENDING),
    BulkDeed.WAIT: (
        frozenset({RegistrationStatus.PENDING, RegistrationStatus.CONFIRMED}),
        NOT_LIVE,
    ),
    BulkDeed.PLACE: (frozenset({RegistrationStatus.WAITING}), NOT_WAITING),
    BulkDeed.CANCEL: (LIVE, NOT_LIVE),
    BulkDeed.TAG: (frozenset(RegistrationStatus), GONE),
    BulkDeed.UNTAG: (frozenset(RegistrationStatus), GONE),
    BulkDeed.PRESENT: (LIVE, NOT_LIVE),
}
"""Of which status a registration must be for each deed, and why it is refused otherwise."""


@dataclass(frozen=True)
class Review:
    """What would come of an act, as things stand."""

    total: int
    changes: int
    to_waiting: int
    """How many of those would go onto the waiting list, for the event is full."""
    mails: int
    """How many mails would leave, copies to assistants left out."""
    refused: Counter[str]


def review(
    tx: Transaction, event: Event, deed: BulkDeed, ids: Collection[int], *, now: datetime
) -> Review:
    """Count what would come of an act on registrations of an event; nothing is changed."""
    by_status = _count_by_status(tx, event, ids)
    statuses, reason = FITTING[deed]
    fitting = sum(number for status, number in by_status.items() if status in statuses)
    refused = Counter({reason: len(ids) - fitting})
    to_waiting = 0
    free = places.count_free(event, waiting.count_confirmed(tx, event.id))
    if deed is BulkDeed.CONFIRM and free is not None:
        to_waiting = max(0, fitting - free)
    elif deed is BulkDeed.PLACE and free is not None and fitting > free:
        refused[FULL] += fitting - free
        fitting = free
    elif deed is BulkDeed.WAIT and event.capacity is None:
        refused[NO_LINE] += fitting
        fitting = 0
    elif deed is BulkDeed.CANCEL and _has_ended(event, now):
        refused[ENDED] += fitting
        fitting = 0
    mails = fitting if deed in WITH_MAIL else 0
    return Review(len(ids), fitting, to_waiting, mails, +refused)


def begin(
    tx: Transaction,
    event: Event,
    deed: BulkDeed,
    ids: Sequence[int],
    *,
    said: str = "",
    author: str,
    now: datetime,
) -> BulkAct:
    """Write down what is to be done to which registrations; `carry_on` does it.

    :param said: the tag, or the reason that people are told.
    :param author: the organiser's address.
    """
    act = BulkAct(
        event_id=event.id,
        author=author,
        deed=deed,
        said=said,
        total=len(ids),
        waiting=list(ids)[:MOST],
        changed=[],
        refused={},
        started_at=now,
    )
    tx.add(act)
    tx.flush()
    return act


def get(tx: Transaction, event_id: int, act_id: int) -> BulkAct:
    """Return an act on registrations of an event.

    :raises NotFound: there is none of that number.
    """
    act = tx.get(BulkAct, act_id)
    if act is None or act.event_id != event_id:
        raise NotFound("bulk act", str(act_id))
    return act


def carry_on(tx: Transaction, event: Event, act: BulkAct, *, now: datetime) -> bool:
    """Do an act to the next of its registrations, and tell whether any are left.

    Called twice at once, it treats nobody twice: the second waits, and goes on from there.
    """
    events.lock(tx, event.id)
    tx.refresh(act, with_for_update=True)
    size = len(act.waiting) if act.deed in {BulkDeed.TAG, BulkDeed.UNTAG} else STEP
    ids, act.waiting = act.waiting[:size], act.waiting[size:]
    if ids:
        _treat(tx, event, act, ids, now)
    if not act.waiting and act.ended_at is None:
        act.ended_at = now
    tx.flush()
    return bool(act.waiting)


def undo(tx: Transaction, event: Event, act: BulkAct, *, now: datetime) -> int:
    """Make tags or presences as they were before an act, and tell for how many.

    :raises NothingToUndo: it mailed people, was undone before, or is not over.
    """
    events.lock(tx, event.id)
    tx.refresh(act, with_for_update=True)
    if act.deed not in UNDOABLE or act.undone_at is not None or act.ended_at is None:
        raise NothingToUndo
    if act.deed is BulkDeed.TAG:
        undone = len(tags.remove(tx, event, act.said, act.changed))
    elif act.deed is BulkDeed.UNTAG:
        undone = len(tags.add(tx, event, act.said, _list_here(tx, event, act.changed)))
    else:
        undone = 0
        for registration in _load(tx, event, act.changed):
            if registration.presence is Presence.PRESENT and registration.status in LIVE:
                attendance.record(tx, registration, None, now=now)
                undone += 1
    act.undone_at = now
    tx.flush()
    return undone


def _treat(tx: Transaction, event: Event, act: BulkAct, ids: Sequence[int], now: datetime) -> None:
    here = _list_here(tx, event, ids)
    _refuse(act, GONE, [one for one in ids if one not in set(here)])
    if act.deed is BulkDeed.TAG:
        changed = tags.add(tx, event, act.said, here)
    elif act.deed is BulkDeed.UNTAG:
        changed = tags.remove(tx, event, act.said, here)
    else:
        changed = _treat_each(tx, event, act, here, now)
    if act.deed in {BulkDeed.TAG, BulkDeed.UNTAG}:
        _refuse(act, SAME, [one for one in here if one not in set(changed)])
    act.changed = act.changed + changed


def _treat_each(
    tx: Transaction, event: Event, act: BulkAct, ids: Sequence[int], now: datetime
) -> list[int]:
    changed = []
    for registration in _load(tx, event, ids):
        try:
            reason = DEEDS[act.deed](tx, event, registration, act.said, now)
        except WebinarsError as error:
            reason = REASONS.get(type(error), GONE)
        if reason:
            _refuse(act, reason, [registration.id])
        else:
            changed.append(registration.id)
    return changed


def _refuse(act: BulkAct, reason: str, ids: Sequence[int]) -> None:
    if ids:
        act.refused[reason] = [*act.refused.get(reason, []), *ids]
        flag_modified(act, "refused")


Deed = Callable[[Transaction, Event, Registration, str, datetime], str]
"""Does something to one registration; returns why it was not done, or nothing."""


def _confirm(tx: Transaction, event: Event, one: Registration, said: str, now: datetime) -> str:
    registrations.confirm(tx, one, now=now)
    return ""


def _decline(tx: Transaction, event: Event, one: Registration, said: str, now: datetime) -> str:
    registrations.decline(tx, one, said, now=now)
    return ""


def _cancel(tx: Transaction, event: Event, one: Registration, said: str, now: datetime) -> str:
    waiting.lock_row(tx, one)
    if one.status not in LIVE:
        return NOT_LIVE
    registrations.cancel(tx, one, now=now)
    return ""


def _wait(tx: Transaction, event: Event, one: Registration, said: str, now: datetime) -> str:
    """Put someone onto the waiting list; the place stays free until it is given on."""
    waiting.lock_row(tx, one)
    if one.status not in FITTING[BulkDeed.WAIT][0]:
        return NOT_LIVE
    if event.capacity is None:
        return NO_LINE
    one.status = RegistrationStatus.WAITING
    one.confirmed_at = None
    tx.flush()
    telling.tell(tx, event, one, MailName.WAITING_LIST, now=now)
    return ""


def _place(tx: Transaction, event: Event, one: Registration, said: str, now: datetime) -> str:
    waiting.lock_row(tx, one)
    if one.status is not RegistrationStatus.WAITING:
        return NOT_WAITING
    if places.count_free(event, waiting.count_confirmed(tx, event.id)) == 0:
        return FULL
    waiting.give_place(tx, event, one, now=now)
    return ""


def _mark(tx: Transaction, event: Event, one: Registration, said: str, now: datetime) -> str:
    if one.presence is Presence.PRESENT:
        return SAME
    attendance.record(tx, one, Presence.PRESENT, now=now)
    return ""


DEEDS: dict[BulkDeed, Deed] = {
    BulkDeed.CONFIRM: _confirm,
    BulkDeed.DECLINE: _decline,
    BulkDeed.WAIT: _wait,
    BulkDeed.PLACE: _place,
    BulkDeed.CANCEL: _cancel,
    BulkDeed.PRESENT: _mark,
}
REASONS: dict[type[WebinarsError], str] = {
    NotPending: NOT_PENDING,
    EventEnded: ENDED,
    RegistrationCancelled: NOT_LIVE,
}


def _load(tx: Transaction, event: Event, ids: Sequence[int]) -> list[Registration]:
    """Load registrations with their sessions: those who wait in the order of the line."""
    rows = (
        select(Registration)
        .where(Registration.id.in_(ids), Registration.event_id == event.id)
        .order_by(Registration.has_priority.desc(), Registration.registered_at, Registration.id)
        .options(choices.LOADED)
    )
    loaded = [one for one in tx.scalars(rows) if one.erased_at is None]
    for registration in loaded:
        set_committed_value(registration, "event", event)
    return loaded


def _list_here(tx: Transaction, event: Event, ids: Sequence[int]) -> list[int]:
    """List those of the numbers that stand for registrations of the event, in the same order."""
    found: set[int] = set()
    for start in range(0, len(ids), tags.BATCH):
        some = ids[start : start + tags.BATCH]
        found |= set(
            tx.scalars(
                select(Registration.id).where(
                    Registration.id.in_(some),
                    Registration.event_id == event.id,
                    Registration.erased_at.is_(None),
                )
            )
        )
    return [one for one in ids if one in found]


def _count_by_status(
    tx: Transaction, event: Event, ids: Collection[int]
) -> Counter[RegistrationStatus]:
    wanted = set(ids)
    rows = tx.execute(
        select(Registration.id, Registration.status).where(
            Registration.event_id == event.id, Registration.erased_at.is_(None)
        )
    )
    return Counter(status for number, status in rows if number in wanted)


def _has_ended(event: Event, now: datetime) -> bool:
    return now >= event.ends_at and event.postponed_at is None
