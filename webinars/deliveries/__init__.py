"""Deliveries: one mail to one person. The row is the queue.

Here rows are added and given up; how they are listed and counted lies beside. Who sends them, and
what came of it, is `webinars.claims`; who is told what, and when, is `webinars.mailings`.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, literal, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from webinars import contacts
from webinars.database import Transaction, is_among, lock_name
from webinars.deliveries.rows import (
    DeliveryRow,
    Only,
    count_missed,
    counts,
    find_next_attempt,
    find_wait,
    is_last,
    is_missed,
    is_unwanted,
    list_missed,
    list_rows,
)
from webinars.deliveries.states import (
    DROPPED,
    GIVEN_UP,
    MAILING_CANCELLED,
    MISSED,
    OFF,
    OPEN,
    SUPERSEDED,
    TAKEN,
    TOO_LATE,
)
from webinars.deliveries.tallies import Tally, tally
from webinars.models import (
    Bounce,
    Delivery,
    DeliveryState,
    Event,
    Frozen,
    Lane,
    Language,
    MailName,
    Wait,
)

__all__ = [
    "DROPPED",
    "GIVEN_UP",
    "MAILING_CANCELLED",
    "MISSED",
    "OFF",
    "OPEN",
    "SUPERSEDED",
    "TAKEN",
    "TOO_LATE",
    "DeliveryRow",
    "Only",
    "Tally",
    "add",
    "cancel_for",
    "count_missed",
    "counts",
    "expire",
    "find_next_attempt",
    "find_wait",
    "forget_about_accounts",
    "give_up_as",
    "hold_addresses",
    "hold_event",
    "insert_into",
    "is_last",
    "is_missed",
    "is_unwanted",
    "list_missed",
    "list_rows",
    "tally",
]

FORM_LIMIT = 5
"""How many mails an hour one address may receive that strangers' forms caused."""
FORM_WINDOW = timedelta(minutes=61)
"""An hour, and a minute for a mail that leaves a little after it was due."""

EXPIRED_AT_ONCE = 2_000
"""How many mails are given up as too late in one transaction."""


def add(
    tx: Transaction,
    *,
    intent: str,
    event_id: int | None,
    template: MailName,
    email: str,
    language: Language,
    now: datetime,
    registration_id: int | None = None,
    mailing_id: int | None = None,
    is_copy: bool = False,
    by_form: bool = False,
    ordinal: int | None = None,
    expires_at: datetime | None = None,
    lane: Lane = Lane.PROMPT,
    calendar_sequence: int = 0,
    due_at: datetime | None = None,
) -> bool:
    """Add a mail to be sent, and tell whether it is new: one intent is one mail, once.

    What a stranger's form caused waits when the address has had its share of the hour; for that the
    event is held first: see `hold_event`.

    :param event_id: `None`: it is about no event, but to an organiser about her account.
    :param due_at: `None`: at once.
    """
    email_key = contacts.address_key(email)
    wanted = due = due_at or now
    if by_form:
        hold_addresses(tx, [email])
        due = _find_slot(tx, email_key, wanted)
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
            ordinal=ordinal,
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
            waits_for=Wait.LIMIT if due > wanted else None,
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
    given_up = waiting.values(
        state=give_up_as(DeliveryState.CANCELLED), reply=reason, waits_for=None
    ).returning(Delivery.id)
    return len(tx.execute(given_up).all())


def forget_about_accounts(tx: Transaction, *, before: datetime) -> None:
    """Forget the mails to organisers about their accounts that were written before an instant.

    Those about an event stay for as long as it does.
    """
    old = [Delivery.event_id.is_(None), Delivery.created_at <= before]
    for of_mail in (Bounce, Frozen):
        tx.execute(delete(of_mail).where(of_mail.delivery_id.in_(select(Delivery.id).where(*old))))
    tx.execute(delete(Delivery).where(*old))


def give_up_as(state: DeliveryState) -> ColumnElement[DeliveryState]:
    """Return the state of a mail that is given up: of one that may have left, nobody can tell."""
    return case(
        (Delivery.maybe_twice, literal(DeliveryState.UNCERTAIN, Delivery.state.type)),
        else_=literal(state, Delivery.state.type),
    )


def expire(tx: Transaction, *, now: datetime) -> int:
    """Give up what makes no sense any more, and tell how many mails that were.

    Not all at once where they are many. Whatever has kept them: a mailing that is paused, a relay
    or a worker that was away. Of one that a worker died with, nobody can tell whether it had left.
    """
    late = tx.scalars(
        select(Delivery.id)
        # As the index says it, so that it is used; what someone else holds is not waited for.
        .where(literal_column("deliveries.state = 'pending'"), Delivery.expires_at <= now)
        .limit(EXPIRED_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not late:
        return 0
    given_up = (
        update(Delivery)
        .where(is_among(tx, Delivery.id, late))
        .values(
            state=give_up_as(DeliveryState.EXPIRED),
            reply=TOO_LATE,
            waits_for=None,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(tx.execute(given_up).all())
