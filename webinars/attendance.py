"""Who came: entering through the gate, and being seen on site.

Looking at the gate is not attendance, and leaves no trace.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from webinars import choices, connections, places, telling
from webinars.connections import GateState
from webinars.database import Transaction
from webinars.errors import GateClosed, RegistrationCancelled, RoomMissing
from webinars.models import MailName, Presence, Registration, RegistrationStatus


@dataclass(frozen=True)
class Came:
    """How many of an event came."""

    entered: int = 0
    present: int = 0


def enter(tx: Transaction, registration: Registration, *, now: datetime) -> str:
    """Let a person in, and return the room's address; the first time is what is kept.

    :raises GateClosed: the gate does not let in now.
    :raises RoomMissing: it would, but the room is not known yet.
    """
    event = registration.event
    gate = connections.gate(event, registration, choices.list_codes(registration), now)
    if gate.state is GateState.ROOM_MISSING:
        raise RoomMissing
    if gate.state is not GateState.OPEN or event.room_url is None:
        raise GateClosed(gate.state)
    if registration.entered_at is None:
        tx.execute(
            update(Registration)
            .where(Registration.id == registration.id, Registration.entered_at.is_(None))
            .values(entered_at=now)
        )
    return event.room_url


def record(
    tx: Transaction, registration: Registration, presence: Presence | None, *, now: datetime
) -> None:
    """Note that a person was present, absent or excused; `None` takes the note back.

    Whoever is noted once the thanks have left is thanked too.

    :raises RegistrationCancelled: the registration was given up or declined.
    """
    if registration.status not in places.LIVE:
        raise RegistrationCancelled
    registration.presence = presence
    registration.presence_at = now if presence else None
    tx.flush()
    if presence is Presence.PRESENT and registration.status is RegistrationStatus.CONFIRMED:
        telling.tell(tx, registration.event, registration, MailName.THANKS, now=now)


def count_by_event(tx: Transaction, event_ids: Collection[int]) -> dict[int, Came]:
    """Count who entered and who was present at each of the events."""
    rows = tx.execute(
        select(
            Registration.event_id,
            func.count(Registration.entered_at),
            func.count(Registration.id).filter(Registration.presence == Presence.PRESENT),
        )
        .where(Registration.event_id.in_(event_ids))
        .group_by(Registration.event_id)
    )
    counted = {event_id: Came(entered, present) for event_id, entered, present in rows}
    return {event_id: counted.get(event_id, Came()) for event_id in event_ids}
