"""How many deliveries of each mailing there are: by what became of them, and what they wait for."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from webinars.database import Transaction
from webinars.deliveries.rows import Only, is_last, is_marked, is_missed
from webinars.deliveries.states import OPEN, TAKEN
from webinars.models import Delivery, DeliveryState


def count_by_mailing(
    tx: Transaction, mailing_ids: Sequence[int]
) -> dict[int, Counter[DeliveryState]]:
    """Count the deliveries of each of the mailings by state, without those given up or unwanted.

    What was sent again counts in place of what it replaces.
    """
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


def count_marked(tx: Transaction, mailing_ids: Sequence[int], only: Only) -> Counter[int]:
    """Count the mails of each of the mailings that are looked for whatever their state."""
    rows = tx.execute(
        select(Delivery.mailing_id, func.count())
        .where(Delivery.mailing_id.in_(mailing_ids), is_marked(only))
        .group_by(Delivery.mailing_id)
    )
    return Counter({mailing_id or 0: number for mailing_id, number in rows})


def count_waits(
    tx: Transaction, mailing_ids: Sequence[int], now: datetime
) -> dict[int, Counter[str]]:
    """Count what waits in each of the mailings by what it waits for.

    That is a `Wait`, or its `time`, or a `worker`; or it is `sending`.
    """
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
