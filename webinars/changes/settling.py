"""Once people were asked whether they maintain: who has not said, and what becomes of them."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webinars import choices, events, registrations, waiting
from webinars.database import Transaction
from webinars.models import Change, Event, ReconfirmRule, Registration
from webinars.participants import IS_UNANSWERED

AT_ONCE = 100
"""How many places are released in one transaction."""


def list_unanswered(tx: Transaction, event_id: int) -> list[Registration]:
    """List by name those who were asked whether they maintain and have not said."""
    rows = (
        select(Registration)
        .where(Registration.event_id == event_id, IS_UNANSWERED)
        .order_by(Registration.name_key, Registration.id)
        .options(choices.LOADED)
    )
    return list(tx.scalars(rows))


def list_due(tx: Transaction, *, now: datetime) -> list[int]:
    """List the changes, by id, whose time to answer is over and whose rule was not applied yet."""
    return list(
        tx.scalars(
            select(Change.id)
            .where(Change.reconfirm_by_at <= now, Change.settled_at.is_(None))
            .order_by(Change.id)
        )
    )


def settle(tx: Transaction, change_id: int, *, now: datetime) -> bool:
    """Apply its rule to those who have not answered a change, and tell whether there are more.

    Those who keep their place keep the mark too, for an organiser to ask. A place that is given up
    goes to the first in line at once. Done twice, it is done once.
    """
    change = tx.get_one(Change, change_id)
    event = events.lock(tx, change.event_id)
    tx.refresh(change, with_for_update={"key_share": True})
    if change.settled_at is not None:
        return False
    is_on = event.cancelled_at is None and event.postponed_at is None and now < event.ends_at
    if change.reconfirm_rule is ReconfirmRule.RELEASE and is_on:
        silent = _list_silent(tx, change_id)
        for one in silent:
            waiting.lock(tx, one)
            if one.reconfirm_change_id == change_id:  # or she has answered at this very instant
                registrations.cancel(tx, one, now=now)
        if len(silent) == AT_ONCE:
            return True
    change.settled_at = now
    tx.flush()
    return False


def _list_silent(tx: Transaction, change_id: int) -> list[Registration]:
    rows = (
        select(Registration)
        .where(Registration.reconfirm_change_id == change_id, IS_UNANSWERED)
        .order_by(Registration.id)
        .limit(AT_ONCE)
        .options(joinedload(Registration.event).selectinload(Event.sessions), choices.LOADED)
    )
    return list(tx.scalars(rows))
