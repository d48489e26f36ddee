"""Deliveries as lists show them: those of an event, and who did not get a mailing."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from webinars.database import Transaction
from webinars.deliveries.states import MAILING_CANCELLED, MISSED
from webinars.models import (
    Delivery,
    DeliveryState,
    Failure,
    Mailing,
    MailingState,
    MailName,
    Registration,
    Wait,
)
from webinars.models.mailings import IS_UNTAKEN
from webinars.suppressions import ASKED


class Only(StrEnum):
    """Mails that are looked for whatever their state."""

    MAYBE_TWICE = "maybe-twice"
    """Nobody could tell whether they had left, and they were sent again."""
    UNWANTED = "unwanted"
    """They were not sent, because the person had asked for none."""


def is_unwanted(of: type[Delivery] = Delivery) -> ColumnElement[bool]:
    """Return the condition for what was not sent because the person had asked for none."""
    return and_(of.state == DeliveryState.SUPPRESSED, func.coalesce(of.reply, "").in_(ASKED))


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

    @property
    def is_unwanted(self) -> bool:
        """Tell whether it was not sent because the person had asked for none."""
        return self.state is DeliveryState.SUPPRESSED and self.reply in ASKED


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


def list_rows(
    tx: Transaction,
    event_id: int,
    state: DeliveryState | None = None,
    *,
    registration_id: int | None = None,
    mailing_id: int | None = None,
    template: MailName | None = None,
    only: Only | None = None,
    without: Only | None = None,
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
        Delivery.event_id: event_id,
        Delivery.state: state,
        Delivery.registration_id: registration_id,
        Delivery.mailing_id: mailing_id,
        Delivery.template: template,
    }
    conditions = _limit_to(wanted, only)
    if without is not None:
        conditions.append(not_(is_marked(without)))
    query = _select_rows(*conditions).order_by(Delivery.id)
    return [DeliveryRow._make(row) for row in tx.execute(query.limit(limit).offset(offset))]


def _limit_to(
    wanted: Mapping[InstrumentedAttribute[Any], object], only: Only | None
) -> list[ColumnElement[bool]]:
    """Return the conditions for these values; what is `None` limits nothing."""
    given = {column: value for column, value in wanted.items() if value is not None}
    if only is None:
        return [column == value for column, value in given.items()]
    return [is_marked(only), *(beside_index(column) == value for column, value in given.items())]


def beside_index(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return a column so that no index of it is used: what is marked is found first, by its own."""
    return column + 0 if isinstance(column.type, Integer) else column.expression


def is_marked(only: Only) -> ColumnElement[bool]:
    """Return the condition for mails that are looked for whatever their state.

    They are few, and found in an index of their own, however many others there are.
    """
    marked = aliased(Delivery, name="marked")
    # As the indexes say it, so that they are used.
    conditions: list[ColumnElement[bool]] = [literal_column("marked.maybe_twice")]
    if only is Only.UNWANTED:
        conditions = [literal_column(f"marked.{IS_UNTAKEN}"), is_unwanted(marked), is_last(marked)]
    return Delivery.id.in_(select(marked.id).where(*conditions))


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
    only: Only | None = None,
) -> dict[DeliveryState, int]:
    """Count the deliveries of an event by state; a state that none is in is left out.

    :param mailing_id: only those of one mailing; `None`: all.
    :param template: only these mails; `None`: all.
    """
    wanted = {
        Delivery.event_id: event_id,
        Delivery.mailing_id: mailing_id,
        Delivery.template: template,
    }
    query = select(Delivery.state, func.count()).where(*_limit_to(wanted, only))
    return dict(tx.execute(query.group_by(Delivery.state)).all())


def find_wait(row: DeliveryRow, now: datetime) -> str | None:
    """Find what a delivery waits for: for its mailing that is `paused`, or as `Tally` says.

    `None`: it does not wait.
    """
    if row.state is not DeliveryState.PENDING:
        return None
    if row.mailing_state is MailingState.PAUSED:
        return "paused"
    return row.waits_for or ("worker" if row.not_before <= now else "time")


def find_next_attempt(row: DeliveryRow) -> datetime | None:
    """Find from when on a worker takes a delivery; `None`: nobody knows, or it does not wait."""
    if row.state is not DeliveryState.PENDING or row.mailing_state is MailingState.PAUSED:
        return None
    return row.not_before


def list_missed(
    tx: Transaction, mailing_id: int, *, limit: int | None = None, offset: int = 0
) -> list[DeliveryRow]:
    """List who did not get a mailing, by name: what was tried and did not arrive, or was given up
    with the mailing. Who had asked for none is not missed.

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
        or_(is_missed(), went_with_mailing),
        is_last(),
    )


def is_missed() -> ColumnElement[bool]:
    """Return the condition for what is over, not known to have arrived, and was not unwanted."""
    return and_(Delivery.state.in_(MISSED), not_(is_unwanted()))


def is_last(of: type[Delivery] = Delivery) -> ColumnElement[bool]:
    """Return the condition under which nothing later of the same mailing went to the same person.

    What was sent again, or told anew, counts in place of what it replaces.
    """
    later = aliased(Delivery)
    return ~exists().where(
        later.registration_id == of.registration_id,
        later.mailing_id == of.mailing_id,
        later.is_copy == of.is_copy,
        later.id > of.id,
    )
