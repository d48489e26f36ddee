"""Whether people maintain their registration after the event was moved: asked, and answered.

The mark is on the registration and names the change that asks; the change says until when, and what
becomes of who has not answered. Applying that is `webinars.changes`.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from webinars import events, places, waiting
from webinars.database import Transaction
from webinars.errors import AnswerTooLate, MovedAgain, RegistrationCancelled
from webinars.models import Change, Delivery, ReconfirmRule, Registration, Shown


@dataclass(frozen=True)
class Asked:
    """What a person is asked: what changed since what she knew, until when, and what then."""

    change_id: int
    before: Shown
    """What she was last told."""
    until: datetime | None
    """`None`: without a deadline."""
    rule: ReconfirmRule


def find(tx: Transaction, registration: Registration) -> Asked | None:
    """Find what a person still has to answer; `None`: nothing."""
    if registration.reconfirm_change_id is None or registration.status not in places.LIVE:
        return None
    change = tx.get(Change, registration.reconfirm_change_id)
    if change is None:
        return None
    return Asked(
        change_id=change.id,
        before=_find_known(tx, registration, change),
        until=change.reconfirm_by_at,
        rule=_find_rule(change),
    )


def keep(
    tx: Transaction, registration: Registration, *, now: datetime, change_id: int | None = None
) -> None:
    """Note that a person maintains her place; a second time changes nothing.

    Who answers late is heard as long as she still has her place and the rule lets her keep it.

    :param change_id: the change that she was shown; `None`: it is not known.
    :raises MovedAgain: the event was changed again since.
    :raises AnswerTooLate: her place was to be given up at the deadline.
    :raises RegistrationCancelled: the registration was given up or declined.
    :raises EventCancelled: the event was cancelled.
    :raises EventEnded: the event is over.
    """
    waiting.lock_row(tx, registration)
    events.require_coming(registration.event, now)
    if registration.status not in places.LIVE:
        raise RegistrationCancelled
    asked = find(tx, registration)
    if asked is None:
        return
    if change_id is not None and change_id != asked.change_id:
        raise MovedAgain
    if asked.until is not None and now >= asked.until and asked.rule is ReconfirmRule.RELEASE:
        raise AnswerTooLate(asked.until)
    note_kept(tx, registration, now=now)


def note_kept(tx: Transaction, registration: Registration, *, now: datetime) -> None:
    """Note that a person maintains her place, as she said to an organiser: no deadline counts.

    A second time changes nothing.

    :raises RegistrationCancelled: the registration was given up or declined.
    """
    waiting.lock_row(tx, registration)
    if registration.status not in places.LIVE:
        raise RegistrationCancelled
    if registration.reconfirm_change_id is None:
        return
    registration.reconfirm_change_id = None
    registration.reconfirmed_at = now
    tx.flush()


def _find_rule(change: Change) -> ReconfirmRule:
    """Find what becomes of who says nothing: once the rule was applied, whoever is here stays."""
    if change.settled_at is not None or change.reconfirm_rule is None:
        return ReconfirmRule.KEEP
    return change.reconfirm_rule


def _find_known(tx: Transaction, registration: Registration, change: Change) -> Shown:
    """Find what was shown when the person was last told: several changes may be one mail."""
    since = tx.scalar(
        select(Delivery.since_revision)
        .where(
            Delivery.registration_id == registration.id,
            Delivery.change_id == change.id,
            Delivery.since_revision.is_not(None),
        )
        .order_by(Delivery.id)
        .limit(1)
    )
    if since is None or since >= change.revision:
        return change.before
    first = (
        select(Change)
        .where(Change.event_id == change.event_id, Change.revision > since)
        .order_by(Change.revision)
        .limit(1)
    )
    found = tx.scalar(first)
    return found.before if found is not None else change.before
