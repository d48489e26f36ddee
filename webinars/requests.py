"""What people ask organisers to change once they cannot do so by themselves any more.

One request a registration: the latest, as the person wrote it. It is open until an organiser has
seen to it.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from webinars import audiences, deliveries, events, places, waiting
from webinars.database import Transaction
from webinars.errors import NothingToChange, RegistrationCancelled
from webinars.models import Delivery, Language, MailName, Registration

TOLD_AGAIN_AFTER = timedelta(hours=1)
"""Who asks several times within an hour causes one mail."""


def ask(tx: Transaction, registration: Registration, text: str, *, now: datetime) -> None:
    """Ask the organisers for a change, instead of what was asked before, and tell them by mail.

    :raises NothingToChange: the person can still change it by herself.
    :raises RegistrationCancelled: the registration was given up or declined.
    :raises EventCancelled: the event was cancelled.
    :raises EventEnded: the event is over.
    """
    event = registration.event
    waiting.lock_row(tx, registration)
    events.require_coming(event, now)
    if registration.status not in places.LIVE:
        raise RegistrationCancelled
    if event.changes_close_at is None or now < event.changes_close_at:
        raise NothingToChange
    registration.request = text
    registration.requested_at = now
    tx.flush()
    _tell_organisers(tx, registration, now)


def settle(tx: Transaction, registration: Registration) -> None:
    """Note that an organiser has seen to a request; its text stays for the person to see."""
    waiting.lock_row(tx, registration)
    registration.requested_at = None
    tx.flush()


def _tell_organisers(tx: Transaction, registration: Registration, now: datetime) -> None:
    event = registration.event
    deliveries.hold_event(tx, event.id)
    recently = select(Delivery.id).where(
        Delivery.registration_id == registration.id,
        Delivery.template == MailName.CHANGE_REQUESTED,
        Delivery.created_at > now - TOLD_AGAIN_AFTER,
    )
    if tx.scalar(recently.limit(1)) is not None:
        return
    for key, email in audiences.list_who_runs(tx, event).items():
        deliveries.add(
            tx,
            intent=f"{MailName.CHANGE_REQUESTED}:r{registration.id}:{now:%Y%m%dT%H%M%S}:{key}",
            event_id=event.id,
            registration_id=registration.id,
            template=MailName.CHANGE_REQUESTED,
            email=email,
            language=Language.FRENCH,
            expires_at=event.ends_at,
            now=now,
        )
