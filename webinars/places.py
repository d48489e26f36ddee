"""Who gets a place: the rules alone, without counting and without writing anything.

The numbers come from `webinars.registrations`, which counts rows while it holds the event's lock.
"""

from dataclasses import dataclass
from datetime import datetime

from webinars.models import Event, OrganizationKind, Priority, RegistrationStatus

LIVE = frozenset(
    {RegistrationStatus.PENDING, RegistrationStatus.CONFIRMED, RegistrationStatus.WAITING}
)
"""Registrations that have a place, or may still get one."""


@dataclass(frozen=True)
class Count:
    """What was counted of an event while nobody else could register for it."""

    confirmed: int = 0
    ahead: int = 0
    """How many of the waiting go before the person and may be taken now."""


def decide(
    event: Event, count: Count, *, has_priority: bool, is_approved: bool, now: datetime
) -> RegistrationStatus:
    """Decide whether a person gets a place, waits for one, or waits for an organiser's decision."""
    if event.approval and not is_approved:
        return RegistrationStatus.PENDING
    if event.capacity is None:
        return RegistrationStatus.CONFIRMED
    if not may_be_taken(event, has_priority=has_priority, now=now):
        return RegistrationStatus.WAITING
    # A free place is for those who have been waiting for it.
    if count.confirmed + count.ahead < event.capacity:
        return RegistrationStatus.CONFIRMED
    return RegistrationStatus.WAITING


def belongs(priority: Priority | None, *, country: str, kind: OrganizationKind) -> bool:
    """Tell whether a person is of the priority audience: all its conditions hold together."""
    if priority is None:
        return False
    is_country = not priority.countries or country in priority.countries
    is_kind = not priority.kinds or kind in priority.kinds
    return is_country and is_kind


def is_reserved(event: Event, now: datetime) -> bool:
    """Tell whether places are still kept for the priority audience."""
    if event.capacity is None or event.priority is None or event.priority_until_at is None:
        return False
    return now < event.priority_until_at


def may_be_taken(event: Event, *, has_priority: bool, now: datetime) -> bool:
    """Tell whether a person could be given a place now, if one were free."""
    return has_priority or not is_reserved(event, now)


def must_be_released(event: Event, now: datetime) -> bool:
    """Tell whether the time of the priority is over and the waiting have not been taken yet."""
    return (
        event.priority is not None and not event.priority_released and not is_reserved(event, now)
    )


def count_free(event: Event, confirmed: int) -> int | None:
    """Return how many places are left; `None`: as many as are wanted."""
    return None if event.capacity is None else max(0, event.capacity - confirmed)


def is_full(capacity: int | None, taken: int) -> bool:
    """Tell whether a session has no place left."""
    return capacity is not None and taken >= capacity
