"""Deliveries: one mail to one person. The row is the queue.

Here rows are added, given up and looked at. Who sends them, and what came of it, is
`webinars.claims`; who is told what, and when, is `webinars.mailings`.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from webinars import contacts
from webinars.database import Transaction, is_among, lock_name
from webinars.models import (
    Delivery,
    DeliveryState,
    Event,
    Failure,
    Lane,
    Language,
    Mailing,
    MailingState,
    MailName,
    Registration,
    Wait,
)

FORM_LIMIT = 5
"""How many mails an hour one address may receive that strangers' forms caused."""
FORM_WINDOW = timedelta(minutes=61)
"""An hour, and a minute for a mail that leaves a little after it was due."""

EXPIRED_AT_ONCE = 2_000
"""How many mails are given up as too late in one transaction."""

GIVEN_UP = (DeliveryState.CANCELLED, DeliveryState.EXPIRED, DeliveryState.SUPPRESSED)
"""States of what was never sent and never will be."""
OPEN = (DeliveryState.PENDING, DeliveryState.SENDING)
TAKEN = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED)
MISSED = (
    DeliveryState.BOUNCED,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
    DeliveryState.EXPIRED,
    DeliveryState.SUPPRESSED,
)
"""States of what is over and not known to have arrived; what was given up is none of these."""
MAILING_CANCELLED = "mailing-cancelled"
"""The reply of what was given up with its mailing."""
TOO_LATE = "too-late"
"""The reply of what was not sent in time."""


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
    id: int
    last_name: str
    first_name: str
    registration_id: int | None
    mailing_id: int | None
    mailing_state: MailingState | None
    failure: Failure | None
    waits_for: Wait | None
    """Why it waits although it was due; `None`: nothing but a worker, or its time."""
    not_before: datetime
    """The next attempt."""


ROW_COLUMNS = (
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
    Delivery.id,
    func.coalesce(Registration.last_name, ""),
    func.coalesce(Registration.first_name, ""),
    Delivery.registration_id,
    Delivery.mailing_id,
    Mailing.state,
    Delivery.failure,
    Delivery.waits_for,
    Delivery.not_before,
)


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
    ordinal: int | None = None,
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


def list_rows(
    tx: Transaction,
    event_id: int,
    state: DeliveryState | None = None,
    *,
    registration_id: int | None = None,
    mailing_id: int | None = None,
    template: MailName | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[DeliveryRow]:
    """List the deliveries of an event, or of one of its registrations, oldest first.

    :param state: only those in it; `None`: all.
    :param mailing_id: only those of one mailing; `None`: all, also what belongs to none.
    :param template: only these mails; `None`: all.
    :param limit: how many at most, after the first `offset`; `None`: all.
    """
    wanted = {
        Delivery.state: state,
        Delivery.registration_id: registration_id,
        Delivery.mailing_id: mailing_id,
        Delivery.template: template,
    }
    query = (
        _select_rows(Delivery.event_id == event_id)
        .where(*(column == value for column, value in wanted.items() if value is not None))
        .order_by(Delivery.id)
        .limit(limit)
        .offset(offset)
    )
    return [DeliveryRow._make(row) for row in tx.execute(query)]


def _select_rows(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(*ROW_COLUMNS)
        .select_from(Delivery)
        .outerjoin(Registration, Registration.id == Delivery.registration_id)
        .outerjoin(Mailing, Mailing.id == Delivery.mailing_id)
        .where(*conditions)
    )


def counts(
    tx: Transaction,
    event_id: int,
    *,
    mailing_id: int | None = None,
    template: MailName | None = None,
) -> dict[DeliveryState, int]:
    """Count the deliveries of an event by state; a state that none is in is left out.

    :param mailing_id: only those of one mailing; `None`: all.
    :param template: only these mails; `None`: all.
    """
    wanted = {Delivery.mailing_id: mailing_id, Delivery.template: template}
    rows = tx.execute(
        select(Delivery.state, func.count())
        .where(Delivery.event_id == event_id)
        .where(*(column == value for column, value in wanted.items() if value is not None))
        .group_by(Delivery.state)
    )
    return dict(rows.all())


def count_by_mailing(
    tx: Transaction, mailing_ids: Sequence[int]
) -> dict[int, Counter[DeliveryState]]:
    """Count the deliveries of each of the mailings by state, without those given up.

    What was sent again counts in place of what it replaces.
    """
    counted: dict[int, Counter[DeliveryState]] = {one: Counter() for one in mailing_ids}
    query = select(Delivery.mailing_id, Delivery.state, func.count()).group_by(
        Delivery.mailing_id, Delivery.state
    )
    # Apart, so that the many which were not missed are counted in the index alone.
    for conditions in (
        [Delivery.state.in_([*OPEN, *TAKEN])],
        [Delivery.state.in_(MISSED), is_last()],
    ):
        found = query.where(Delivery.mailing_id.in_(mailing_ids), *conditions)
        for mailing_id, state, number in tx.execute(found):
            counted[mailing_id or 0][state] += number
    return counted


def count_waits(
    tx: Transaction, mailing_ids: Sequence[int], now: datetime
) -> dict[int, Counter[str]]:
    """Count what waits in each of the mailings by what it waits for.

    That is a `Wait`, or its `time`, or a `worker`; or it is `sending`.
    """
    counted: dict[int, Counter[str]] = {one: Counter() for one in mailing_ids}
    rows = tx.execute(
        select(
            Delivery.mailing_id,
            Delivery.state,
            Delivery.waits_for,
            (Delivery.not_before <= now).label("has_come"),
            func.count(),
        )
        .where(Delivery.mailing_id.in_(mailing_ids), Delivery.state.in_(OPEN))
        .group_by(Delivery.mailing_id, Delivery.state, Delivery.waits_for, "has_come")
    )
    for mailing_id, state, waits_for, has_come, number in rows:
        wait = waits_for or ("worker" if has_come else "time")
        waits = state if state is DeliveryState.SENDING else wait
        counted[mailing_id or 0][str(waits)] += number
    return counted


def find_wait(row: DeliveryRow, now: datetime) -> str | None:
    """Find what a delivery waits for: for its mailing that is `paused`, or as `count_waits` says.

    `None`: it does not wait.
    """
    if row.state is not DeliveryState.PENDING:
        return None
    if row.mailing_state is MailingState.PAUSED:
        return "paused"
    return row.waits_for or ("worker" if row.not_before <= now else "time")


def list_missed(
    tx: Transaction, mailing_id: int, *, limit: int | None = None, offset: int = 0
) -> list[DeliveryRow]:
    """List who did not get a mailing, by name: what was tried and did not arrive, or was given up
    with the mailing.

    :param limit: how many at most, after the first `offset`; `None`: all.
    """
    query = (
        _select_rows(_is_missed(mailing_id))
        .order_by(Registration.name_key, Delivery.id)
        .limit(limit)
        .offset(offset)
    )
    return [DeliveryRow._make(row) for row in tx.execute(query)]


def count_missed(tx: Transaction, mailing_id: int) -> int:
    """Count those that `list_missed` would list without a limit."""
    query = select(func.count()).select_from(Delivery).where(_is_missed(mailing_id))
    return tx.scalar(query) or 0


def _is_missed(mailing_id: int) -> ColumnElement[bool]:
    went_with_mailing = and_(
        Delivery.state == DeliveryState.CANCELLED, Delivery.reply == MAILING_CANCELLED
    )
    return and_(
        Delivery.mailing_id == mailing_id,
        or_(Delivery.state.in_(MISSED), went_with_mailing),
        is_last(),
    )


def is_last() -> ColumnElement[bool]:
    """Return the condition under which nothing later of the same mailing went to the same person.

    What was sent again, or told anew, counts in place of what it replaces.
    """
    later = aliased(Delivery)
    return ~exists().where(
        later.registration_id == Delivery.registration_id,
        later.mailing_id == Delivery.mailing_id,
        later.is_copy == Delivery.is_copy,
        later.id > Delivery.id,
    )
