"""Deliveries: one mail to one person. The row is the queue.

Here rows are added, given up and looked at. Who sends them, and what came of it, is
`webinars.claims`; who is told what, and when, is `webinars.mailings`.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from webinars import contacts
from webinars.database import Transaction, lock_name
from webinars.models import Delivery, DeliveryState, Event, Lane, Language, MailName, Registration

FORM_LIMIT = 5
"""How many mails an hour one address may receive that strangers' forms caused."""
FORM_WINDOW = timedelta(minutes=61)
"""An hour, and a minute for a mail that leaves a little after it was due."""

GIVEN_UP = (DeliveryState.CANCELLED, DeliveryState.EXPIRED, DeliveryState.SUPPRESSED)
"""States of what was never sent and never will be."""
OPEN = (DeliveryState.PENDING, DeliveryState.SENDING)
TAKEN = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED)


class DeliveryRow(NamedTuple):
    """A delivery as lists show it."""

    reference: str
    """Of the registration; empty when it went to an organiser."""
    email: str
    mailing: MailName
    state: DeliveryState
    due_at: datetime
    accepted_at: datetime | None
    attempts: int
    reply: str | None
    """The relay's last word, or why it was not sent."""
    maybe_twice: bool
    is_copy: bool


def add(
    tx: Transaction,
    *,
    intent: str,
    event_id: int,
    template: MailName,
    email: str,
    language: Language,
    now: datetime,
    registration_id: int | None = None,
    mailing_id: int | None = None,
    is_copy: bool = False,
    by_form: bool = False,
    day: date | None = None,
    expires_at: datetime | None = None,
    lane: Lane = Lane.PROMPT,
    calendar_sequence: int = 0,
    due_at: datetime | None = None,
) -> bool:
    """Add a mail to be sent, and tell whether it is new: one intent is one mail, once.

    What a stranger's form caused waits when the address has had its share of the hour; for that the
    event is held first: see `hold_event`.

    :param due_at: `None`: at once.
    """
    email_key = contacts.address_key(email)
    due = due_at or now
    if by_form:
        hold_addresses(tx, [email])
        due = _find_slot(tx, email_key, due)
    statement = (
        insert_into(tx)
        .values(
            intent=intent,
            event_id=event_id,
            mailing_id=mailing_id,
            registration_id=registration_id,
            template=template,
            is_copy=is_copy,
            by_form=by_form,
            day=day,
            email=email.strip(),
            email_key=email_key,
            language=language,
            lane=lane,
            calendar_sequence=calendar_sequence,
            state=DeliveryState.PENDING,
            created_at=now,
            due_at=due,
            not_before=due,
            expires_at=expires_at,
        )
        .on_conflict_do_nothing(index_elements=["intent"])
        .returning(Delivery.id)
    )
    return tx.execute(statement).first() is not None


def insert_into(tx: Transaction) -> postgresql.Insert | sqlite.Insert:
    """Return an insert into the deliveries that can overlook what is there already."""
    insert = postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(Delivery)


def hold_event(tx: Transaction, event_id: int) -> None:
    """Keep an event's mailings from starting until the transaction ends.

    Before anything else is added or held: the event comes first, so that no two ever wait for each
    other. SQLite's write lock keeps everyone else out already.
    """
    if tx.get_bind().dialect.name == "postgresql":
        event = select(Event.id).where(Event.id == event_id)
        tx.execute(event.with_for_update(read=True, key_share=True))


def hold_addresses(tx: Transaction, emails: Collection[str]) -> None:
    """Let nobody else count what these addresses are sent, until the transaction ends."""
    for key in sorted({contacts.address_key(email) for email in emails}):
        lock_name(tx, f"mail to {key}")


def _find_slot(tx: Transaction, email_key: str, wanted: datetime) -> datetime:
    """Return the first instant from the wanted one on at which the address has room for a mail.

    With fewer than five near it, it may come at once. Otherwise it comes last, and late enough
    after the fifth last: so no window that it falls into holds more than five.
    """
    latest = tx.scalars(
        select(Delivery.due_at)
        .where(
            literal_column("by_form"),  # as the index says it, so that it is used
            Delivery.email_key == email_key,
            Delivery.due_at > wanted - FORM_WINDOW,
            Delivery.state.not_in(GIVEN_UP),
        )
        .order_by(Delivery.due_at.desc())
        .limit(FORM_LIMIT)
    ).all()
    if len(latest) < FORM_LIMIT:
        return wanted
    return max(wanted, latest[0], latest[-1] + FORM_WINDOW)


def cancel_for(
    tx: Transaction,
    registration_id: int,
    *,
    templates: Collection[MailName] | None = None,
    reason: str = "registration-changed",
) -> int:
    """Give up what a registration has not been sent yet, and tell how many mails that were.

    What a worker is sending at this moment is left alone.

    :param templates: only these mails; `None`: all.
    """
    waiting = update(Delivery).where(
        Delivery.registration_id == registration_id, Delivery.state == DeliveryState.PENDING
    )
    if templates is not None:
        waiting = waiting.where(Delivery.template.in_(templates))
    given_up = waiting.values(state=DeliveryState.CANCELLED, reply=reason).returning(Delivery.id)
    return len(tx.execute(given_up).all())


def list_rows(
    tx: Transaction,
    event_id: int,
    state: DeliveryState | None = None,
    *,
    registration_id: int | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[DeliveryRow]:
    """List the deliveries of an event, or of one of its registrations, oldest first.

    :param state: only those in it; `None`: all.
    :param limit: how many at most, after the first `offset`; `None`: all.
    """
    query = (
        select(
            func.coalesce(Registration.reference, ""),
            Delivery.email,
            Delivery.template,
            Delivery.state,
            Delivery.due_at,
            Delivery.accepted_at,
            Delivery.attempts,
            Delivery.reply,
            Delivery.maybe_twice,
            Delivery.is_copy,
        )
        .outerjoin(Registration, Registration.id == Delivery.registration_id)
        .where(Delivery.event_id == event_id)
        .order_by(Delivery.id)
        .limit(limit)
        .offset(offset)
    )
    if state is not None:
        query = query.where(Delivery.state == state)
    if registration_id is not None:
        query = query.where(Delivery.registration_id == registration_id)
    return [DeliveryRow._make(row) for row in tx.execute(query)]


def counts(tx: Transaction, event_id: int) -> dict[DeliveryState, int]:
    """Count the deliveries of an event by state; a state that none is in is left out."""
    rows = tx.execute(
        select(Delivery.state, func.count())
        .where(Delivery.event_id == event_id)
        .group_by(Delivery.state)
    )
    return dict(rows.all())
