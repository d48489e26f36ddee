"""Claims on deliveries: who sends what at the moment, and what came of it.

A worker claims rows for a while (a lease); each claim raises the row's epoch, so that a worker that
was away too long cannot record over its successor. Only one word always counts, whoever brings it:
that the relay has accepted the mail. What follows from an attempt is `webinars.outcomes`; rows are
added and given up in `webinars.deliveries`.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)

from webinars.database import Transaction
from webinars.mail.journal import Mark, Remains
from webinars.models import (
    Delivery,
    DeliveryState,
    Event,
    Lane,
    Mailing,
    MailingState,
    Registration,
)
from webinars.outcomes import Claim, Facts, Outcome, Verdict, find_obstacle, settle

LEASE = timedelta(minutes=2)
"""How long a claim holds; whoever is still at it renews it."""

CLAIM_COLUMNS = (
    Delivery.id,
    Delivery.lease_epoch,
    Delivery.attempts,
    Delivery.template,
    Delivery.mailing_id,
    Delivery.due_at,
    Delivery.expires_at,
    Delivery.maybe_twice,
)


def claim(tx: Transaction, lane: Lane, *, owner: str, now: datetime, limit: int) -> list[Claim]:
    """Take the deliveries of a lane that have been due for longest; nobody else has them then."""
    due = (
        select(Delivery.id)
        .where(*_is_due(lane, now))
        .order_by(Delivery.not_before, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = tx.scalars(due).all()
    if not ids:
        return []
    taken = (
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(
            state=DeliveryState.SENDING,
            lease_owner=owner,
            lease_until=now + LEASE,
            lease_epoch=Delivery.lease_epoch + 1,
            attempts=Delivery.attempts + 1,
        )
        .returning(*CLAIM_COLUMNS)
        .execution_options(synchronize_session=False)
    )
    claims = {row[0]: Claim._make(row) for row in tx.execute(taken)}
    return [claims[delivery_id] for delivery_id in ids]


def has_due(tx: Transaction, lane: Lane, *, now: datetime) -> bool:
    """Tell whether anything is due in a lane."""
    return tx.scalar(select(Delivery.id).where(*_is_due(lane, now)).limit(1)) is not None


def _is_due(lane: Lane, now: datetime) -> list[ColumnElement[bool]]:
    paused = select(Mailing.id).where(Mailing.state == MailingState.PAUSED)
    return [
        Delivery.state == DeliveryState.PENDING,
        Delivery.lane == lane,
        Delivery.not_before <= now,
        or_(Delivery.mailing_id.is_(None), Delivery.mailing_id.not_in(paused)),
    ]


def renew(tx: Transaction, owner: str, *, now: datetime) -> bool:
    """Hold on to what a worker has claimed; false when there is nothing to hold on to any more."""
    renewed = (
        update(Delivery)
        .where(
            Delivery.lease_owner == owner,
            Delivery.state == DeliveryState.SENDING,
            Delivery.lease_until > now,
        )
        .values(lease_until=now + LEASE)
        .returning(Delivery.id)
    )
    return tx.execute(renewed).first() is not None


def check(tx: Transaction, claims: Sequence[Claim], *, now: datetime) -> dict[int, Outcome]:
    """Look once more, just before sending: return by delivery what is not to be sent after all."""
    rows = tx.execute(
        select(
            Delivery.id,
            Delivery.template,
            Delivery.day,
            Delivery.registration_id,
            Registration.status,
            Registration.erased_at,
            Delivery.expires_at,
            Event.status,
            Event.cancelled_at,
            Event.room_url,
            Mailing.state,
        )
        .join(Event, Event.id == Delivery.event_id)
        .outerjoin(Registration, Registration.id == Delivery.registration_id)
        .outerjoin(Mailing, Mailing.id == Delivery.mailing_id)
        .where(Delivery.id.in_([one.delivery_id for one in claims]))
    )
    obstacles = {row[0]: find_obstacle(Facts._make(row[1:]), now) for row in rows}
    return {
        one.delivery_id: Outcome(one, obstacle.verdict, obstacle.reason)
        for one in claims
        if (obstacle := obstacles.get(one.delivery_id))
    }


def record(tx: Transaction, outcomes: Iterable[Outcome], *, now: datetime) -> None:
    """Write down what came of claims, where they still hold; an acceptance always counts."""
    accepted: list[dict[str, object]] = []
    others: list[dict[str, object]] = []
    for outcome in outcomes:
        is_accepted = outcome.verdict is Verdict.ACCEPTED
        (accepted if is_accepted else others).append(_bind(outcome, now))
    if accepted:
        tx.execute(_ACCEPT, accepted)
    if others:
        tx.execute(_SETTLE, others)


def _bind(outcome: Outcome, now: datetime) -> dict[str, object]:
    row: dict[str, object] = {
        "of_id": outcome.claim.delivery_id,
        "of_epoch": outcome.claim.epoch,
        "said": outcome.reply,
    }
    if outcome.verdict is Verdict.ACCEPTED:
        return row | {"at": now}
    change = settle(outcome, now=now, jitter=random.random())
    return row | {
        "to_state": change.state,
        "again_at": change.not_before,
        "to_attempts": change.attempts,
        "to_maybe_twice": change.maybe_twice,
    }


_TABLE = cast(Table, Delivery.__table__)
_ROW = _TABLE.c


def _is_one_of(*states: DeliveryState) -> ColumnElement[bool]:
    """Compare one by one: a list cannot be bound to a statement that runs for many rows."""
    return or_(*(_ROW.state == state for state in states))


_IS_FURTHER = _is_one_of(DeliveryState.DELIVERED, DeliveryState.BOUNCED)
_IS_ACCEPTED = or_(_ROW.state == DeliveryState.ACCEPTED, _IS_FURTHER)
_MAY_HAVE_LEFT = or_(_IS_ACCEPTED, _is_one_of(DeliveryState.SENDING, DeliveryState.UNCERTAIN))
_OF_EPOCH = bindparam("of_epoch", type_=Integer)
_SAID = bindparam("said", type_=String)

_ACCEPT = (
    update(_TABLE)
    .where(
        _ROW.id == bindparam("of_id", type_=Integer),
        # The same acceptance told twice changes nothing.
        or_(not_(_IS_ACCEPTED), _ROW.lease_epoch != _OF_EPOCH),
    )
    .values(
        state=case(
            (_IS_FURTHER, _ROW.state),
            else_=literal(DeliveryState.ACCEPTED, _ROW.state.type),
        ),
        accepted_at=func.coalesce(_ROW.accepted_at, bindparam("at", type_=_ROW.accepted_at.type)),
        # Once the address is erased, no word of the relay's may bring it back.
        reply=case((_ROW.email != "", _SAID)),
        # Someone else has it, or had it, under another claim: both may have sent it.
        maybe_twice=or_(_ROW.maybe_twice, and_(_ROW.lease_epoch != _OF_EPOCH, _MAY_HAVE_LEFT)),
        lease_owner=None,
        lease_until=None,
    )
)

_SETTLE = (
    update(_TABLE)
    .where(
        _ROW.id == bindparam("of_id", type_=Integer),
        _ROW.state == DeliveryState.SENDING,
        _ROW.lease_epoch == _OF_EPOCH,
    )
    .values(
        state=bindparam("to_state", type_=_ROW.state.type),
        not_before=bindparam("again_at", type_=_ROW.not_before.type),
        attempts=bindparam("to_attempts", type_=Integer),
        maybe_twice=bindparam("to_maybe_twice", type_=Boolean),
        reply=func.coalesce(_SAID, _ROW.reply),
        lease_owner=None,
        lease_until=None,
    )
)


def free_expired_leases(tx: Transaction, *, now: datetime) -> int:
    """Take back the mails of workers not heard of for too long, and tell how many they are.

    Such a worker may have sent them: only its own journal could tell.
    """
    freed = (
        update(Delivery)
        .where(Delivery.state == DeliveryState.SENDING, Delivery.lease_until <= now)
        .values(
            state=DeliveryState.PENDING,
            not_before=now,
            maybe_twice=True,
            lease_owner=None,
            lease_until=None,
        )
        .returning(Delivery.id)
    )
    return len(tx.execute(freed).all())


def replay(tx: Transaction, remains: Remains, *, now: datetime) -> int:
    """Bring up to date what a dead worker had claimed, and tell how many mails that were.

    What its journal says was accepted counts even where someone else has the row by now.
    """
    of_owner = and_(Delivery.lease_owner == remains.owner, Delivery.state == DeliveryState.SENDING)
    held = _list_claims(tx, of_owner)
    outcomes = [_read_outcome(one, remains) for one in held]
    outcomes += _list_accepted(tx, remains, {one.delivery_id for one in held})
    record(tx, outcomes, now=now)
    return len(outcomes)


def _list_claims(tx: Transaction, condition: ColumnElement[bool]) -> list[Claim]:
    rows = tx.execute(select(*CLAIM_COLUMNS).where(condition).with_for_update())
    return [Claim._make(row) for row in rows]


def _list_accepted(tx: Transaction, remains: Remains, held: set[int]) -> list[Outcome]:
    """List what a dead worker saw accepted of what it does not hold any more."""
    entries = {
        entry.delivery_id: entry
        for entry in remains.entries.values()
        if entry.mark is Mark.ACCEPTED and entry.delivery_id not in held
    }
    return [
        Outcome(one._replace(epoch=entry.epoch), Verdict.ACCEPTED, entry.reply)
        for one in _list_claims(tx, Delivery.id.in_(entries))
        if (entry := entries[one.delivery_id])
    ]


_VERDICTS = {
    Mark.WRITTEN: Verdict.UNFINISHED,
    Mark.SENT: Verdict.UNHEARD,
    Mark.ACCEPTED: Verdict.ACCEPTED,
    Mark.DEFERRED: Verdict.DEFERRED,
    Mark.REFUSED: Verdict.REFUSED,
}


def _read_outcome(claim: Claim, remains: Remains) -> Outcome:
    entry = remains.entries.get(claim.delivery_id)
    if entry is not None and entry.epoch == claim.epoch:
        return Outcome(claim, _VERDICTS[entry.mark], entry.reply or None)
    # A journal that a power cut may have shortened cannot say that nothing was sent.
    return Outcome(claim, Verdict.UNTOUCHED if remains.is_whole else Verdict.UNFINISHED)
