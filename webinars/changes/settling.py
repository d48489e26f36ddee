"""Once people were asked whether they maintain: who has not said, and what becomes of them."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import joinedload

from webinars import choices, contacts, deliveries, events, registrations, waiting
from webinars.database import Transaction
from webinars.errors import RemindedLately
from webinars.models import (
    Change,
    Delivery,
    Event,
    Lane,
    MailName,
    ReconfirmRule,
    Registration,
)
from webinars.participants import IS_UNANSWERED

REMINDED_EVERY = timedelta(days=1)
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


class Question(NamedTuple):
    """A change by which people were asked whether they maintain, and some have not said."""

    change_id: int
    by_at: datetime | None
    """`None`: there is no deadline."""
    rule: ReconfirmRule
    settled_at: datetime | None
    """When the rule was applied."""
    unanswered: int


def list_questions(tx: Transaction, event_id: int) -> list[Question]:
    """List what people were asked by changes of an event and have not all answered, latest
    first."""
    rows = tx.execute(
        select(
            Change.id,
            Change.reconfirm_by_at,
            Change.reconfirm_rule,
            Change.settled_at,
            func.count(Registration.id),
        )
        .join(Registration, Registration.reconfirm_change_id == Change.id)
        .where(Change.event_id == event_id, Change.reconfirm_rule.is_not(None), IS_UNANSWERED)
        .group_by(Change.id)
        .order_by(Change.id.desc())
    )
    return [Question._make(row) for row in rows]


def remind(tx: Transaction, event: Event, *, now: datetime) -> int:
    """Ask once more those who have not answered, and tell how many they are.

    Whoever could only answer too late is not asked.

    :raises RemindedLately: they were asked again less than a day ago.
    :raises EventCancelled: the event does not take place.
    :raises EventEnded: the event is over.
    """
    events.lock(tx, event.id)
    events.require_coming(event, now)
    latest = find_reminded_at(tx, event.id)
    if latest is not None and now < latest + REMINDED_EVERY:
        raise RemindedLately(latest + REMINDED_EVERY)
    rows = tx.execute(
        select(Registration, Change.reconfirm_by_at)
        .join(Change, Change.id == Registration.reconfirm_change_id)
        .where(
            Registration.event_id == event.id,
            IS_UNANSWERED,
            or_(Change.tells_at.is_(None), Change.tells_at <= now),
            or_(Change.reconfirm_by_at.is_(None), Change.reconfirm_by_at > now),
        )
        .order_by(Registration.id)
    )
    asked = [(one, by_at or event.starts_at) for one, by_at in rows]
    for one, until in asked:
        _remind(tx, one, one.email, until, now=now)
        if contacts.address_key(one.assistant_email) not in {"", one.email_key}:
            _remind(tx, one, one.assistant_email, until, now=now, is_copy=True)
    _name_changes(tx, event.id)
    return len(asked)


def _name_changes(tx: Transaction, event_id: int) -> None:
    """Let each reminder name the change that asks."""
    asks = select(Registration.reconfirm_change_id).where(
        Registration.id == Delivery.registration_id
    )
    unnamed = update(Delivery).where(
        Delivery.event_id == event_id,
        Delivery.template == MailName.RECONFIRM_REMINDER,
        Delivery.change_id.is_(None),
    )
    tx.execute(
        unnamed.values(change_id=asks.scalar_subquery()),
        execution_options={"synchronize_session": False},
    )


def find_reminded_at(tx: Transaction, event_id: int) -> datetime | None:
    """Find when people were last asked once more; `None`: never."""
    reminders = select(func.max(Delivery.created_at)).where(
        Delivery.event_id == event_id, Delivery.template == MailName.RECONFIRM_REMINDER
    )
    return tx.scalar(reminders)


def _remind(
    tx: Transaction,
    one: Registration,
    email: str,
    until: datetime,
    *,
    now: datetime,
    is_copy: bool = False,
) -> None:
    suffix = ":copy" if is_copy else ""
    deliveries.add(
        tx,
        intent=f"remind:{one.reconfirm_change_id}:r{one.id}:{now:%Y%m%dT%H%M%S}{suffix}",
        event_id=one.event_id,
        registration_id=one.id,
        template=MailName.RECONFIRM_REMINDER,
        email=email,
        language=one.language,
        is_copy=is_copy,
        expires_at=until,
        lane=Lane.BULK,
        now=now,
    )


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
