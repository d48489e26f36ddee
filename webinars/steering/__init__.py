"""Steering: what an organiser does with a mailing. Pause, resume, cancel, send again, look ahead.

Each is done under the event's lock and then the mailing's, in the order that all keep. Rows that
wait are given up here; what a worker has in hand it looks at once more before it sends
(`webinars.claims`), so that only what is in a socket at that instant still leaves.
"""

from datetime import datetime

from sqlalchemy import select, update

from webinars import deliveries
from webinars.audiences import EVENT_POSTPONED, ROOM_MISSING
from webinars.database import Transaction
from webinars.errors import MailingAmbiguous, NotFound, RoomMissing
from webinars.mailings import BY_ORGANISER
from webinars.models import Delivery, DeliveryState, Mailing, MailingState
from webinars.steering.again import Again, count_again, send_again, send_one_again
from webinars.steering.dryrun import Preview, Reach, count_expected, preview
from webinars.steering.schedule import imagine, list_usual, schedule, set_rule, withdraw
from webinars.steering.states import hold, put, require_live, require_time

__all__ = [
    "LARGEST_ID",
    "Again",
    "Preview",
    "Reach",
    "cancel",
    "count_again",
    "count_expected",
    "get",
    "get_delivery",
    "get_named",
    "imagine",
    "list_all",
    "list_usual",
    "pause",
    "preview",
    "resume",
    "schedule",
    "send_again",
    "send_one_again",
    "set_rule",
    "withdraw",
]

LARGEST_ID = 2**31 - 1
"""What the databases can look for."""


def pause(tx: Transaction, mailing: Mailing, now: datetime) -> bool:
    """Let a mailing wait until it is resumed, and tell whether it did not wait already.

    A standing one too: what people are to be told meanwhile waits with it.

    :raises MailingDone: it is done.
    :raises MailingCancelled: it was cancelled.
    :raises MailingTooLate: its time is over.
    """
    hold(tx, mailing)
    require_live(mailing)
    require_time(mailing, now)
    if mailing.state is MailingState.PAUSED:
        return False
    put(tx, mailing, MailingState.PAUSED, BY_ORGANISER)
    return True


def resume(tx: Transaction, mailing: Mailing, now: datetime) -> bool:
    """Let a paused mailing go on where it was, and tell whether it was paused at all.

    While its event is postponed it waits for the new date, and begins anew then.

    :raises MailingDone: it is done.
    :raises MailingCancelled: it was cancelled.
    :raises MailingTooLate: its time is over.
    :raises RoomMissing: it does not wait for this, but for the room.
    """
    event = hold(tx, mailing)
    require_live(mailing)
    if mailing.state is MailingState.PAUSED:
        require_time(mailing, now)
        if event.postponed_at is not None and mailing.due_at is not None:
            mailing.cursor = 0
            put(tx, mailing, MailingState.HELD, EVENT_POSTPONED)
        else:
            put(tx, mailing, MailingState.SENDING if mailing.cursor else MailingState.PLANNED)
        return True
    if mailing.reason == ROOM_MISSING and mailing.state is MailingState.HELD:
        raise RoomMissing
    return False


def cancel(tx: Transaction, mailing: Mailing) -> int:
    """Give a mailing up for good, and tell how many mails that were still to leave.

    Those of which nobody can tell whether they left are recorded as uncertain.

    :raises MailingDone: it is done.
    :raises MailingCancelled: it was cancelled before.
    """
    hold(tx, mailing)
    require_live(mailing)
    put(tx, mailing, MailingState.CANCELLED, BY_ORGANISER)
    waiting = (
        select(Delivery.id)
        .where(Delivery.mailing_id == mailing.id, Delivery.state == DeliveryState.PENDING)
        # Whoever holds one of them is claiming it, and looks at the mailing before it sends.
        .with_for_update(skip_locked=True)
    )
    stopped = (
        update(Delivery)
        .where(Delivery.id.in_(waiting), Delivery.state == DeliveryState.PENDING)
        .values(
            state=deliveries.give_up_as(DeliveryState.CANCELLED),
            reply=deliveries.MAILING_CANCELLED,
            waits_for=None,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(tx.execute(stopped).all())


def get(tx: Transaction, event_id: int, mailing_id: int) -> Mailing:
    """Return a mailing of an event.

    :raises NotFound: the event has none of that number.
    """
    mailing = tx.get(Mailing, mailing_id)
    if mailing is None or mailing.event_id != event_id:
        raise NotFound("mailing", str(mailing_id))
    return mailing


def get_named(tx: Transaction, event_id: int, name: str) -> Mailing:
    """Return the mailing of an event that a template's name means, or a number.

    :raises NotFound: there is none.
    :raises MailingAmbiguous: several share the template: only the number tells them apart.
    """
    if name.isdecimal() and int(name) <= LARGEST_ID:
        return get(tx, event_id, int(name))
    found = [one for one in list_all(tx, event_id) if one.template == name]
    if not found:
        raise NotFound("mailing", name)
    if len(found) > 1:
        raise MailingAmbiguous(name, tuple(one.id for one in found))
    return found[0]


def list_all(tx: Transaction, event_id: int) -> list[Mailing]:
    """List the mailings of an event, the standing ones first."""
    query = (
        select(Mailing)
        .where(Mailing.event_id == event_id)
        .order_by(Mailing.due_at.is_not(None), Mailing.due_at, Mailing.id)
    )
    return list(tx.scalars(query))


def get_delivery(tx: Transaction, event_id: int, delivery_id: int) -> Delivery:
    """Return a delivery of an event.

    :raises NotFound: the event has none of that number.
    """
    delivery = tx.get(Delivery, delivery_id)
    if delivery is None or delivery.event_id != event_id:
        raise NotFound("delivery", str(delivery_id))
    return delivery
