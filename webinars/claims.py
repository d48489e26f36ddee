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
    delete,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from webinars import deliveries, suppressions
from webinars.database import Transaction
from webinars.mail.journal import Mark, Remains
from webinars.models import (
    Delivery,
    DeliveryState,
    Event,
    Failure,
    Frozen,
    Lane,
    Mailing,
    MailingState,
    Registration,
)
from webinars.outcomes import (
    LOSSES_AT_MOST,
    LOSSES_BEFORE_ALONE,
    POISON,
    Change,
    Claim,
    Facts,
    Outcome,
    Verdict,
    find_obstacle,
    settle,
)

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
    Delivery.losses,
    Delivery.email_key,
)


def claim(tx: Transaction, lane: Lane, *, owner: str, now: datetime, limit: int) -> list[Claim]:
    """Take the deliveries of a lane that have been due for longest; nobody else has them then.

    What several workers died with comes last, and each by itself.
    """
    is_due = _is_due(lane, now)
    ids = _choose(tx, [*is_due, Delivery.losses < LOSSES_BEFORE_ALONE], limit)
    ids = ids or _choose(tx, is_due, 1)
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
            waits_for=None,
        )
        .returning(*CLAIM_COLUMNS)
        .execution_options(synchronize_session=False)
    )
    claims = {row[0]: Claim._make(row) for row in tx.execute(taken)}
    return [claims[delivery_id] for delivery_id in ids]


def _choose(tx: Transaction, conditions: list[ColumnElement[bool]], limit: int) -> Sequence[int]:
    query = (
        select(Delivery.id)
        .where(*conditions)
        .order_by(Delivery.not_before, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return tx.scalars(query).all()


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
            Delivery.event_id,
            Delivery.by_form,
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
    found = {row[0]: row[1:] for row in rows}
    blocks = suppressions.list_blocks(tx, {one.email_key for one in claims}, now=now)
    dropped = {}
    for one in claims:
        event_id, by_form, *facts = found[one.delivery_id]
        blocked_by = suppressions.find_block(
            blocks.get(one.email_key, ()), one.template, event_id, by_form=by_form
        )
        obstacle = find_obstacle(Facts._make([*facts, blocked_by]), now)
        if obstacle:
            dropped[one.delivery_id] = Outcome(one, obstacle.verdict, obstacle.reason)
    return dropped


def record(tx: Transaction, outcomes: Iterable[Outcome], *, now: datetime) -> None:
    """Write down what came of claims, where they still hold; an acceptance always counts."""
    accepted: list[dict[str, object]] = []
    others: list[dict[str, object]] = []
    unsure: list[Outcome] = []
    for outcome in outcomes:
        if outcome.verdict is Verdict.ACCEPTED:
            accepted.append(_bind(outcome) | {"at": now})
            continue
        change = settle(outcome, now=now, jitter=random.random())
        others.append(_bind(outcome) | _bind_change(change))
        if change.state is DeliveryState.PENDING and outcome.content is not None:
            unsure.append(outcome)
        if outcome.verdict is Verdict.REFUSED and outcome.failure is not None:
            _blame(tx, outcome, outcome.failure, now)
    if accepted:
        tx.execute(_ACCEPT, accepted)
    if others:
        tx.execute(_SETTLE, others)
    if unsure:
        _freeze(tx, unsure)


def _bind(outcome: Outcome) -> dict[str, object]:
    return {
        "of_id": outcome.claim.delivery_id,
        "of_epoch": outcome.claim.epoch,
        "said": outcome.reply,
        "through": outcome.relay,
        "about": outcome.failure,
    }


def _bind_change(change: Change) -> dict[str, object]:
    bound: dict[str, object] = {
        "to_state": change.state,
        "again_at": change.not_before,
        "to_attempts": change.attempts,
        "to_maybe_twice": change.maybe_twice,
        "to_waits_for": change.waits_for,
        "to_losses": change.losses,
    }
    return bound | ({"said": change.reply} if change.reply else {})


def _blame(tx: Transaction, outcome: Outcome, failure: Failure, now: datetime) -> None:
    """Remember what a refusal says of the address."""
    suppressions.learn(
        tx, outcome.claim.email_key, failure, outcome.reply or "", is_final=True, now=now
    )


def _freeze(tx: Transaction, outcomes: Sequence[Outcome]) -> None:
    """Keep the messages of which nobody can tell whether they left, to be sent again as they were.

    The first one counts: whoever sends it again sends the same.
    """
    insert = postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = [{"delivery_id": one.claim.delivery_id, "content": one.content} for one in outcomes]
    tx.execute(insert(Frozen).on_conflict_do_nothing(index_elements=["delivery_id"]), rows)


def list_frozen(tx: Transaction, claims: Sequence[Claim]) -> dict[int, bytes]:
    """List, by delivery, the messages that are sent again as they were."""
    doubtful = [one.delivery_id for one in claims if one.maybe_twice]
    if not doubtful:
        return {}
    rows = tx.execute(
        select(Frozen.delivery_id, Frozen.content).where(Frozen.delivery_id.in_(doubtful))
    )
    return {row.delivery_id: row.content for row in rows}


def thaw(tx: Transaction) -> int:
    """Forget the messages that will not be sent again, and tell how many they were."""
    still_open = select(Delivery.id).where(
        Delivery.id == Frozen.delivery_id, Delivery.state.in_(deliveries.OPEN)
    )
    gone = delete(Frozen).where(~still_open.exists()).returning(Frozen.delivery_id)
    return len(tx.execute(gone).all())


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
_THROUGH = bindparam("through", type_=String)

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
        relay=func.coalesce(_THROUGH, _ROW.relay),
        failure=case((_IS_FURTHER, _ROW.failure)),
        waits_for=None,
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
        waits_for=bindparam("to_waits_for", type_=_ROW.waits_for.type),
        losses=bindparam("to_losses", type_=Integer),
        reply=func.coalesce(_SAID, _ROW.reply),
        relay=func.coalesce(_THROUGH, _ROW.relay),
        failure=func.coalesce(bindparam("about", type_=_ROW.failure.type), _ROW.failure),
        lease_owner=None,
        lease_until=None,
    )
)


def free_expired_leases(tx: Transaction, *, now: datetime) -> int:
    """Take back the mails of workers not heard of for too long, and tell how many they are.

    Such a worker may have sent them: only its own journal could tell.
    """
    is_poison = Delivery.losses + 1 >= LOSSES_AT_MOST
    freed = (
        update(Delivery)
        .where(Delivery.state == DeliveryState.SENDING, Delivery.lease_until <= now)
        .values(
            state=case(
                (is_poison, literal(DeliveryState.UNCERTAIN, _ROW.state.type)),
                else_=literal(DeliveryState.PENDING, _ROW.state.type),
            ),
            reply=case((is_poison, POISON), else_=Delivery.reply),
            losses=Delivery.losses + 1,
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
    Mark.BEGUN: Verdict.BEGUN,
    Mark.WRITTEN: Verdict.UNFINISHED,
    Mark.SENT: Verdict.UNHEARD,
    Mark.ACCEPTED: Verdict.ACCEPTED,
    Mark.DEFERRED: Verdict.DEFERRED,
    Mark.REFUSED: Verdict.REFUSED,
}


def _read_outcome(claim: Claim, remains: Remains) -> Outcome:
    entry = remains.entries.get(claim.delivery_id)
    if entry is not None and entry.epoch == claim.epoch:
        return Outcome(claim, _VERDICTS[entry.mark], entry.reply or None, content=entry.content)
    # A journal that a power cut may have shortened cannot say that nothing was sent.
    return Outcome(claim, Verdict.UNTOUCHED if remains.is_whole else Verdict.UNFINISHED)
