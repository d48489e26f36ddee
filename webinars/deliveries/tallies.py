"""How many deliveries of each mailing there are: by what became of them, and what they wait for."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from webinars.database import Transaction
from webinars.deliveries.rows import Only, beside_index, is_last, is_marked, is_missed
from webinars.deliveries.states import OPEN, TAKEN
from webinars.models import Delivery, DeliveryState, Wait


class Tally(NamedTuple):
    """How many deliveries of one mailing there are."""

    states: Counter[DeliveryState]
    """Without those given up or unwanted; what was sent again counts in place of what it replaces.
    """
    waits: Counter[str]
    """By what they wait for: a `Wait`, their `time`, or a `worker`; or they are `sending`."""
    marks: dict[Only, int]
    next_attempt_at: datetime | None
    """When the first that a relay asked for later is tried again; `None`: there is none, or it is
    due."""


def tally(tx: Transaction, mailing_ids: Sequence[int], now: datetime) -> dict[int, Tally]:
    """Count the deliveries of each of the mailings."""
    states = _count_states(tx, mailing_ids)
    waits = _count_waits(tx, mailing_ids, now)
    marks = {only: _count_marked(tx, mailing_ids, only) for only in Only}
    next_attempts = _find_next_attempts(tx, mailing_ids, now)
    return {
        one: Tally(
            states[one],
            waits[one],
            {only: marks[only][one] for only in Only},
            next_attempts.get(one),
        )
        for one in mailing_ids
    }


def _count_states(tx: Transaction, mailing_ids: Sequence[int]) -> dict[int, Counter[DeliveryState]]:
    counted: dict[int, Counter[DeliveryState]] = {one: Counter() for one in mailing_ids}
    query = select(Delivery.mailing_id, Delivery.state, func.count()).group_by(
        Delivery.mailing_id, Delivery.state
    )
    # Apart, so that the many which were not missed are counted in the index alone.
    for conditions in (
        [Delivery.state.in_([*OPEN, *TAKEN])],
        [is_missed(), is_last()],
    ):
        found = query.where(Delivery.mailing_id.in_(mailing_ids), *conditions)
        for mailing_id, state, number in tx.execute(found):
            counted[mailing_id or 0][state] += number
    return counted


def _count_marked(tx: Transaction, mailing_ids: Sequence[int], only: Only) -> Counter[int]:
    rows = tx.execute(
        select(Delivery.mailing_id, func.count())
        .where(is_marked(only), beside_index(Delivery.mailing_id).in_(mailing_ids))
        .group_by(Delivery.mailing_id)
    )
    return Counter({mailing_id or 0: number for mailing_id, number in rows})


def _count_waits(
    tx: Transaction, mailing_ids: Sequence[int], now: datetime
) -> dict[int, Counter[str]]:
    counted: dict[int, Counter[str]] = {one: Counter() for one in mailing_ids}
    rows = tx.execute(
        select(
            Delivery.mailing_id,
            Delivery.state,
            Delivery.waits_for,
            (Delivery.not_before <= now).label("has_come"),
            func.count(),
        )
        .where(Delivery.mailing_id.in_(mailing_ids), Delivery.state.in_(OPEN))
        .group_by(Delivery.mailing_id, Delivery.state, Delivery.waits_for, "has_come")
    )
    for mailing_id, state, waits_for, has_come, number in rows:
        wait = waits_for or ("worker" if has_come else "time")
        waits = state if state is DeliveryState.SENDING else wait
        counted[mailing_id or 0][str(waits)] += number
    return counted


def _find_next_attempts(
    tx: Transaction, mailing_ids: Sequence[int], now: datetime
) -> dict[int, datetime]:
    rows = tx.execute(
        select(Delivery.mailing_id, func.min(Delivery.not_before))
        .where(
            Delivery.mailing_id.in_(mailing_ids),
            Delivery.state == DeliveryState.PENDING,
            Delivery.waits_for == Wait.DEFERRED,
            Delivery.not_before > now,
        )
        .group_by(Delivery.mailing_id)
    )
    return {mailing_id or 0: at for mailing_id, at in rows}
