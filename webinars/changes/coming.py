"""What waits of a change until its quiet time is over: looked at, sent at once, or taken back.

Whoever is not told of a change keeps knowing what she knew: the next change tells her all of it.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from webinars import deliveries, events
from webinars.database import Transaction
from webinars.errors import NotFound
from webinars.models import (
    Change,
    ChangeKind,
    Delivery,
    DeliveryState,
    Event,
    MailName,
    Registration,
)
from webinars.telling import STATUS_MAILS

WITHDRAWN = "withdrawn"
"""The reply of what an organiser took back before it left."""


class Coming(NamedTuple):
    """A change of which mails are still to leave."""

    change_id: int
    kind: ChangeKind
    author: str
    tells_at: datetime
    people: int
    """How many are told, their assistants apart."""


def list_coming(tx: Transaction, event_id: int, now: datetime) -> list[Coming]:
    """List the changes of an event whose quiet time is not over, soonest first."""
    people = func.count(func.distinct(Delivery.registration_id))
    rows = tx.execute(
        select(Change.id, Change.kind, Change.author, Change.tells_at, people)
        .join(Delivery, _waits_of(Change.id))
        .where(Change.event_id == event_id, Change.tells_at > now)
        .group_by(Change.id)
        .order_by(Change.tells_at, Change.id)
    )
    return [Coming._make(row) for row in rows]


def send_now(tx: Transaction, event: Event, change_id: int, *, now: datetime) -> int:
    """Let the mails of a change leave at once, and tell how many they are.

    :raises NotFound: the event has no such change.
    """
    change = _hold(tx, event, change_id)
    if change.tells_at is not None:
        change.tells_at = min(change.tells_at, now)
    sent = tx.execute(
        update(Delivery)
        .where(_waits_of(change_id), Delivery.not_before > now)
        .values(due_at=now, not_before=now)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(sent.all())


def withdraw(tx: Transaction, event: Event, change_id: int, *, now: datetime) -> int:
    """Take back the mails of a change that have not left, and tell how many people are not told.

    The change itself stays. Whoever was to be asked whether she maintains is not asked.

    :raises NotFound: the event has no such change, or its quiet time is over.
    """
    change = _hold(tx, event, change_id)
    if change.tells_at is None or change.tells_at <= now:
        raise NotFound("change", str(change_id))
    taken_back = tx.execute(
        update(Delivery)
        .where(_waits_of(change_id))
        .values(
            state=deliveries.give_up_as(DeliveryState.CANCELLED), reply=WITHDRAWN, waits_for=None
        )
        .returning(Delivery.registration_id)
        .execution_options(synchronize_session=False)
    )
    people = set(taken_back.scalars())
    tx.execute(
        update(Registration)
        .where(Registration.event_id == event.id, Registration.reconfirm_change_id == change_id)
        .values(reconfirm_change_id=None),
        execution_options={"synchronize_session": False},
    )
    return len(people)


def find_last(tx: Transaction, event_id: int) -> Change | None:
    """Find the latest change of an event; `None`: it was never changed."""
    latest = select(Change).where(Change.event_id == event_id).order_by(Change.revision.desc())
    return tx.scalar(latest.limit(1))


def find_mail(
    tx: Transaction, change_id: int, registration_id: int, template: MailName
) -> int | None:
    """Find the mail, by id, that tells a person of a change; `None`: there is none."""
    mail = select(Delivery.id).where(
        Delivery.change_id == change_id,
        Delivery.registration_id == registration_id,
        Delivery.template == template,
        Delivery.is_copy.is_(False),
    )
    return tx.scalar(mail.order_by(Delivery.id).limit(1))


def _hold(tx: Transaction, event: Event, change_id: int) -> Change:
    events.lock(tx, event.id)
    change = tx.get(Change, change_id, populate_existing=True)
    if change is None or change.event_id != event.id:
        raise NotFound("change", str(change_id))
    return change


def _waits_of(change_id: object) -> ColumnElement[bool]:
    return and_(Delivery.change_id == change_id, Delivery.state == DeliveryState.PENDING)


def list_untold(tx: Transaction, event_id: int) -> dict[int, int]:
    """List who was not told of a change that was taken back, with the revision that she knows."""
    taken_back = select(Delivery.id).where(
        Delivery.event_id == event_id, Delivery.reply == WITHDRAWN
    )
    if tx.scalar(taken_back.limit(1)) is None:
        return {}
    rows = tx.execute(
        select(Delivery.registration_id, Delivery.since_revision, Delivery.state, Delivery.reply)
        .where(
            Delivery.event_id == event_id,
            Delivery.registration_id.in_(
                select(Delivery.registration_id).where(Delivery.id.in_(taken_back))
            ),
            Delivery.is_copy.is_(False),
            or_(Delivery.since_revision.is_not(None), Delivery.template.in_(STATUS_MAILS)),
        )
        .order_by(Delivery.id)
    )
    untold: dict[int, int] = {}
    for registration_id, since, state, reply in rows:
        assert registration_id is not None  # as was asked
        if state in deliveries.GIVEN_UP and reply == WITHDRAWN and since is not None:
            untold.setdefault(registration_id, since)
        elif state not in deliveries.GIVEN_UP:
            untold.pop(registration_id, None)
    return untold
