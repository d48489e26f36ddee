"""A mailing held fast, and what must be true of it before it is steered."""

from datetime import datetime

from webinars import events
from webinars.database import Transaction
from webinars.errors import MailingCancelled, MailingDone, MailingTooLate
from webinars.models import Event, Mailing, MailingState


def hold(tx: Transaction, mailing: Mailing) -> Event:
    """Let nobody else change a mailing until the transaction ends, and read it anew."""
    event = events.lock(tx, mailing.event_id)
    tx.refresh(mailing, with_for_update={"key_share": True})
    return event


def require_live(mailing: Mailing) -> None:
    """Make sure that something of a mailing is still to come.

    :raises MailingDone: it is done.
    :raises MailingCancelled: it was cancelled.
    """
    if mailing.state is MailingState.DONE:
        raise MailingDone
    if mailing.state is MailingState.CANCELLED:
        raise MailingCancelled(mailing.reason)


def require_time(mailing: Mailing, now: datetime) -> None:
    """Make sure that the time of a mailing is not over.

    :raises MailingTooLate: it is.
    """
    if mailing.expires_at <= now:
        raise MailingTooLate(mailing.expires_at)


def put(tx: Transaction, mailing: Mailing, state: MailingState, reason: str | None = None) -> None:
    """Write down where a mailing stands by now, and why."""
    mailing.state, mailing.reason = state, reason
    tx.flush()
