"""Events whose instants are others since a country changed its time: found, and told of.

New zone data are news of a country, not yet a change of an event: its organisers hear of it, look
at what would be told to whom, and only then is it a change like any other (`deeds.rezone`).
"""

from datetime import datetime

from sqlalchemy import select

from webinars import audiences, deliveries, events, zones
from webinars.database import Transaction
from webinars.models import Event, EventStatus, Language, MailName


def list_drifted(tx: Transaction, *, now: datetime) -> list[Event]:
    """List the events to come whose instants today's zone data make others, soonest first."""
    coming = (
        select(Event.id)
        .where(
            Event.ends_at > now,
            Event.status != EventStatus.DRAFT,
            Event.cancelled_at.is_(None),
            Event.postponed_at.is_(None),
            Event.zone_data != zones.version(),
        )
        .order_by(Event.starts_at, Event.id)
    )
    found = [events.get_by_id(tx, event_id) for event_id in tx.scalars(coming).all()]
    return [event for event in found if events.has_drifted(event)]


def alert(tx: Transaction, *, now: datetime) -> int:
    """Tell who runs them of the events that have drifted, once for each version of the zone data.

    :return: how many mails are new.
    """
    return sum(_alert(tx, event, now) for event in list_drifted(tx, now=now))


def _alert(tx: Transaction, event: Event, now: datetime) -> int:
    deliveries.hold_event(tx, event.id)
    added = [
        deliveries.add(
            tx,
            intent=f"{MailName.ZONE_CHANGED}:e{event.id}:{zones.version()}:{key}",
            event_id=event.id,
            template=MailName.ZONE_CHANGED,
            email=email,
            language=Language.FRENCH,
            expires_at=event.ends_at,
            now=now,
        )
        for key, email in audiences.list_who_runs(tx, event).items()
    ]
    return added.count(True)
