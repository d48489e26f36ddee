"""What came of claims, written down where they still hold; and messages kept to be sent again.

An acceptance always counts, whoever brings it. Everything else counts only under the epoch of the
claim that it came of.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    ColumnElement,
    Integer,
    String,
    Table,
    Update,
    and_,
    bindparam,
    case,
    column,
    delete,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from webinars import deliveries, suppressions
from webinars.database import Transaction
from webinars.models import Delivery, DeliveryState, Event, Frozen, Mailing, MailingState
from webinars.outcomes import Change, Claim, Outcome, Verdict, settle


def record(tx: Transaction, outcomes: Iterable[Outcome], *, now: datetime) -> None:
    """Write down what came of claims, where they still hold; an acceptance always counts."""
    accepted: list[Outcome] = []
    others: list[dict[str, object]] = []
    unsure: list[Outcome] = []
    blaming: list[Outcome] = []
    pointless: list[Outcome] = []
    for outcome in outcomes:
        if outcome.verdict is Verdict.ACCEPTED:
            accepted.append(outcome)
            continue
        change = settle(outcome, now=now, jitter=random.random())
        others.append(_bind(outcome) | _bind_change(change))
        if change.state is DeliveryState.PENDING and outcome.content is not None:
            unsure.append(outcome)
        if outcome.verdict is Verdict.POINTLESS:
            pointless.append(outcome)
        if outcome.failure is not None:
            blaming.append(outcome)
    if accepted:
        _accept(tx, accepted, now)
    if others:
        tx.execute(_SETTLE, others)
    if unsure:
        _freeze(tx, unsure)
    _take_up(tx, [one for one in pointless if one.reply in deliveries.OFF], now)
    for outcome in pointless:
        if outcome.reply == deliveries.SUPERSEDED:
            _hand_on(tx, outcome)
    for outcome in blaming:  # after the rows: whoever reads a report of failure locks in that order
        _blame(tx, outcome, now)


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


def _blame(tx: Transaction, outcome: Outcome, now: datetime) -> None:
    """Remember what a refusal says of the address."""
    assert outcome.failure is not None
    suppressions.learn(
        tx,
        outcome.claim.email_key,
        outcome.failure,
        outcome.reply or "",
        is_final=outcome.verdict is Verdict.REFUSED,
        now=now,
        delivery_id=outcome.claim.delivery_id,
    )


def _hand_on(tx: Transaction, outcome: Outcome) -> None:
    """Let the mail about a later change say all that is new: of this one nothing was told."""
    given_way = aliased(Delivery)
    later = (
        select(Delivery.id)
        .join(
            given_way,
            and_(
                given_way.registration_id == Delivery.registration_id,
                given_way.is_copy == Delivery.is_copy,
                given_way.since_revision < Delivery.since_revision,
                given_way.change_id < Delivery.change_id,
            ),
        )
        .where(given_way.id == outcome.claim.delivery_id)
    )
    since = select(given_way.since_revision).where(given_way.id == outcome.claim.delivery_id)
    tx.execute(
        update(Delivery)
        .where(Delivery.id.in_(later), Delivery.state.in_(deliveries.OPEN))
        .values(since_revision=since.scalar_subquery())
        .execution_options(synchronize_session=False)
    )


def _take_up(tx: Transaction, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Let wait after all what was dropped because its event was off, where it is on by now."""
    if outcomes:
        tx.execute(_TAKE_UP, [_bind(one) | {"again_at": now} for one in outcomes])


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


class _Told(NamedTuple):
    """What is told of accepted mails, a row each."""

    id: ColumnElement[int]
    epoch: ColumnElement[int]
    said: ColumnElement[str]
    through: ColumnElement[str]


def _make_acceptance(told: _Told) -> Update:
    """Return how mails become accepted, whoever has them by now."""
    is_told_anew = _ROW.lease_epoch != told.epoch
    return (
        update(_TABLE)
        # The same acceptance told twice changes nothing.
        .where(_ROW.id == told.id, or_(not_(_IS_ACCEPTED), is_told_anew))
        .values(
            state=case(
                (_IS_FURTHER, _ROW.state),
                else_=literal(DeliveryState.ACCEPTED, _ROW.state.type),
            ),
            accepted_at=func.coalesce(
                _ROW.accepted_at, bindparam("at", type_=_ROW.accepted_at.type)
            ),
            # Once the address is erased, no word of the relay's may bring it back.
            reply=case((_ROW.email != "", told.said)),
            relay=func.coalesce(told.through, _ROW.relay),
            failure=case((_IS_FURTHER, _ROW.failure)),
            waits_for=None,
            # Someone else has it, or had it, under another claim: both may have sent it.
            maybe_twice=or_(_ROW.maybe_twice, and_(is_told_anew, _MAY_HAVE_LEFT)),
            lease_owner=None,
            lease_until=None,
        )
    )


_ARRAYS = (
    func.unnest(
        bindparam("ids", type_=ARRAY(Integer)),
        bindparam("epochs", type_=ARRAY(Integer)),
        bindparam("replies", type_=ARRAY(String)),
        bindparam("relays", type_=ARRAY(String)),
    )
    .table_valued(
        column("id", Integer),
        column("epoch", Integer),
        column("said", String),
        column("through", String),
    )
    .render_derived("told")
)
_LINES = func.json_each(bindparam("lines", type_=JSON)).table_valued(column("value", String))
_LISTED = select(
    *(
        func.json_extract(_LINES.c.value, f"$[{place}]", type_=kind).label(name)
        for place, (name, kind) in enumerate(
            {"id": Integer, "epoch": Integer, "said": String, "through": String}.items()
        )
    )
).subquery("told")
_ACCEPT = {
    "postgresql": _make_acceptance(
        _Told(_ARRAYS.c.id, _ARRAYS.c.epoch, _ARRAYS.c.said, _ARRAYS.c.through)
    ),
    "sqlite": _make_acceptance(
        _Told(_LISTED.c.id, _LISTED.c.epoch, _LISTED.c.said, _LISTED.c.through)
    ),
}


def _accept(tx: Transaction, accepted: Sequence[Outcome], now: datetime) -> None:
    """Write down acceptances in one statement: one by one takes longer than to send the mails."""
    told = [(one.claim.delivery_id, one.claim.epoch, one.reply, one.relay) for one in accepted]
    name = tx.get_bind().dialect.name
    given: dict[str, object] = {"lines": told}
    if name == "postgresql":
        columns = zip(*told, strict=True)
        given = dict(zip(("ids", "epochs", "replies", "relays"), map(list, columns), strict=True))
    tx.execute(_ACCEPT[name], given | {"at": now})


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
_TAKE_UP = (
    update(_TABLE)
    .where(
        _ROW.id == bindparam("of_id", type_=Integer),
        _ROW.lease_epoch == _OF_EPOCH,
        _is_one_of(*deliveries.DROPPED),
        _ROW.reply == _SAID,
        exists().where(
            Event.id == _ROW.event_id, Event.cancelled_at.is_(None), Event.postponed_at.is_(None)
        ),
        ~exists().where(Mailing.id == _ROW.mailing_id, Mailing.state == MailingState.CANCELLED),
    )
    .values(
        state=DeliveryState.PENDING,
        not_before=bindparam("again_at", type_=_ROW.not_before.type),
        reply=None,
    )
)
