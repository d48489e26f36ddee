"""Reminders to organisers that the list of their event is ready: never the list itself.

Each organiser asks for her own, on certain days at an hour of the event's zone, until it starts.
One slot is one mail: what is due is taken by moving it on, and the mail's intent names the slot.
The numbers that it says are frozen there, so that a resend says the same.
"""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, update

from webinars import deliveries, events, organisers, participants, rights
from webinars.database import Transaction
from webinars.models import (
    Event,
    Language,
    ListReminder,
    MailName,
    Organiser,
    Registration,
)
from webinars.rights import Act
from webinars.zones import to_instant, to_local

HOURS = range(6, 21)
"""Those of a working day, from which no clock is ever put forward or back."""
DAYS = range(7)
_INTENT = re.compile(r"list-ready:e(\d+):o(\d+):\d+:(\d+):(\d+)")


class Told(NamedTuple):
    """What a reminder says."""

    event_id: int
    organiser_id: int
    added: int
    """How many have registered since the last one."""
    total: int


def read_intent(intent: str) -> Told | None:
    """Return what a reminder says, as its intent has frozen it; `None`: it is none."""
    found = _INTENT.fullmatch(intent)
    return Told(*(int(number) for number in found.groups())) if found else None


def save(
    tx: Transaction,
    event: Event,
    organiser: Organiser,
    weekdays: Collection[int],
    hour: int,
    *,
    now: datetime,
) -> ListReminder | None:
    """Let an organiser be reminded on these days instead of those before.

    `None`: no such day is left before the event, and she is not reminded at all.

    :param weekdays: 0 is Monday.
    :param hour: local to the event, from 6 to 20.
    """
    days = tuple(sorted(set(weekdays) & set(DAYS)))
    next_at = find_next(event, days, hour, after=now)
    if next_at is None:
        remove(tx, event.id, organiser.id)
        return None
    found = find(tx, event.id, organiser.id)
    if found is None:
        found = ListReminder(event_id=event.id, organiser_id=organiser.id, since_at=now)
        tx.add(found)
    found.weekdays, found.hour, found.next_at = days, hour, next_at
    tx.flush()
    return found


def remove(tx: Transaction, event_id: int, organiser_id: int) -> None:
    """Remind an organiser no more; who is not reminded stays so."""
    theirs = (ListReminder.event_id == event_id, ListReminder.organiser_id == organiser_id)
    tx.execute(delete(ListReminder).where(*theirs))


def find(tx: Transaction, event_id: int, organiser_id: int) -> ListReminder | None:
    """Find when an organiser is reminded of an event's list."""
    return tx.scalar(
        select(ListReminder).where(
            ListReminder.event_id == event_id, ListReminder.organiser_id == organiser_id
        )
    )


def find_next(
    event: Event, weekdays: Collection[int], hour: int, *, after: datetime
) -> datetime | None:
    """Find the next slot; `None`: the event starts before."""
    today = to_local(after, event.timezone).replace(tzinfo=None)
    for passed in range(len(DAYS) + 1):
        local = (today + timedelta(days=passed)).replace(
            hour=hour, minute=0, second=0, microsecond=0
        )
        at = to_instant(local, event.timezone)
        if local.weekday() in weekdays and at > after:
            return at if at < event.starts_at else None
    return None


def list_due(tx: Transaction, *, now: datetime) -> list[int]:
    """List the reminders, by number, whose slot has come."""
    due = select(ListReminder.id).where(ListReminder.next_at <= now)
    return list(tx.scalars(due.order_by(ListReminder.id)))


def remind(tx: Transaction, reminder_id: int, *, now: datetime) -> bool:
    """Send the reminder of the slot that has come, and tell whether a mail leaves.

    After a standstill one mail makes up for all slots that were missed. Who may not export any
    more, or whose event has started or is off, is reminded no more.
    """
    found = tx.get(ListReminder, reminder_id)
    if found is None or found.next_at > now:
        return False
    event, organiser = events.get_by_id(tx, found.event_id), _find_reader(tx, found)
    next_at = find_next(event, found.weekdays, found.hour, after=now)
    is_over = event.starts_at <= now or event.cancelled_at is not None
    if organiser is None or is_over or not rights.may(organiser, Act.EXPORT, event=event):
        remove(tx, found.event_id, found.organiser_id)
        return False
    slot, since = found.next_at, found.since_at
    if not _move_on(tx, found, next_at, now):
        return False
    if next_at is None:
        remove(tx, event.id, organiser.id)
    numbers = f"{_count_added(tx, event, since, now)}:{participants.count(tx, event.id)}"
    return deliveries.add(
        tx,
        intent=f"list-ready:e{event.id}:o{organiser.id}:{int(slot.timestamp())}:{numbers}",
        event_id=None,
        template=MailName.LIST_READY,
        email=organiser.email,
        language=Language.FRENCH,
        expires_at=event.starts_at,
        now=now,
    )


def _find_reader(tx: Transaction, reminder: ListReminder) -> Organiser | None:
    return organisers.find_by_id(tx, reminder.organiser_id)


def _move_on(
    tx: Transaction, reminder: ListReminder, next_at: datetime | None, now: datetime
) -> bool:
    """Take a slot: only one timer finds it where it was."""
    taken = tx.execute(
        update(ListReminder)
        .where(ListReminder.id == reminder.id, ListReminder.next_at == reminder.next_at)
        .values(next_at=next_at or now + timedelta(days=7), since_at=now)
        .returning(ListReminder.id)
        .execution_options(synchronize_session=False)
    )
    return taken.first() is not None


def _count_added(tx: Transaction, event: Event, since: datetime, now: datetime) -> int:
    added = (
        participants.match(event.id),
        Registration.registered_at > since,
        Registration.registered_at <= now,
    )
    return tx.scalar(select(func.count()).select_from(Registration).where(*added)) or 0
