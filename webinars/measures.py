"""What is measured: how much waits, for how long and for what; what became of what was sent.

For whoever watches over the service: `/metrics` and `webinars doctor`. Counted from the rows at the
moment of asking, with queries that stay short however many mails there have ever been; nothing here
says who is written to. What the organisers of one event see is `webinars.steering`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)

from webinars import audiences, pacing
from webinars.database import Transaction
from webinars.models import (
    Delivery,
    DeliveryState,
    Event,
    EventStatus,
    Failure,
    Lane,
    Mailing,
    MailingState,
    Suppression,
    SuppressionReason,
    Wait,
)
from webinars.pacing import RateRow, RelayRow

PAUSED = "paused"
TIME = "time"
WORKER = "worker"
WAITS = (*(wait.value for wait in Wait), PAUSED, TIME, WORKER)
"""What a mail may wait for: a `Wait`, its mailing that is paused, its time, or but a worker."""

# As the indexes say it, so that they are used.
_IS_PENDING: ColumnElement[bool] = literal_column("deliveries.state = 'pending'")
_IS_SENDING: ColumnElement[bool] = literal_column("deliveries.state = 'sending'")
_IS_UNTAKEN: ColumnElement[bool] = literal_column(
    "deliveries.state NOT IN ('pending', 'sending', 'accepted', 'delivered')"
)
_MAYBE_TWICE: ColumnElement[bool] = literal_column("deliveries.maybe_twice")


class Waiting(NamedTuple):
    """The mails of a lane that wait for the same thing."""

    lane: Lane
    waits_for: str
    """One of `WAITS`."""
    number: int
    due_at: datetime
    """Since when the oldest has been due."""
    not_before: datetime
    """Since when one of them could have been taken by a worker."""


class Sending(NamedTuple):
    """The mails of a lane that workers have in hand."""

    lane: Lane
    number: int
    given_up: int
    """Those whose worker has not been heard of for too long."""


class Untaken(NamedTuple):
    """The mails of a lane that are over and were taken by no relay, or came back."""

    lane: Lane
    state: DeliveryState
    failure: Failure | None
    number: int


@dataclass(frozen=True)
class Measures:
    """Everything that is measured, at one moment."""

    at: datetime
    total: int
    """Mails that there have ever been."""
    waiting: Sequence[Waiting]
    sending: Sequence[Sending]
    untaken: Sequence[Untaken]
    maybe_twice: Mapping[Lane, int]
    mailings: Mapping[MailingState, int]
    too_late: int
    """Mailings whose time was over before they had begun."""
    timer_late: timedelta
    relays: Sequence[RelayRow]
    rates: Sequence[RateRow]
    suppressions: Mapping[SuppressionReason, int]

    @property
    def taken(self) -> int:
        """Return how many mails a relay has taken: nearly all, so that the others are counted."""
        waiting = sum(one.number for one in self.waiting)
        sending = sum(one.number for one in self.sending)
        return self.total - waiting - sending - sum(one.number for one in self.untaken)


def measure(
    tx: Transaction, relays: Sequence[str], limits: Mapping[str, float], *, now: datetime
) -> Measures:
    """Measure everything.

    :param relays: the names of the relays in use.
    :param limits: how many mails a minute the settings allow, by `relay:…` or `domain:…`.
    """
    return Measures(
        at=now,
        total=count_all(tx),
        waiting=list_waiting(tx, now=now),
        sending=list_sending(tx, now=now),
        untaken=list_untaken(tx),
        maybe_twice=count_maybe_twice(tx),
        mailings=count_mailings(tx),
        too_late=count_too_late(tx),
        timer_late=find_lateness(tx, now=now),
        relays=pacing.list_relays(tx, relays, now=now),
        rates=pacing.list_rates(tx, limits, now=now),
        suppressions=count_suppressions(tx, now=now),
    )


def list_waiting(tx: Transaction, *, now: datetime) -> list[Waiting]:
    """List how many mails wait in each lane for the same thing, and since when."""
    paused = select(Mailing.id).where(Mailing.state == MailingState.PAUSED)
    waits_for = case(
        (Delivery.mailing_id.in_(paused), PAUSED),
        (Delivery.waits_for.is_not(None), type_coerce(Delivery.waits_for, String)),
        (Delivery.not_before > now, TIME),
        else_=WORKER,
    )
    oldest = (func.min(Delivery.due_at), func.min(Delivery.not_before))
    rows = tx.execute(
        select(Delivery.lane, waits_for.label("reason"), func.count(), *oldest)
        .where(_IS_PENDING)
        .group_by(Delivery.lane, "reason")
    )
    return [Waiting(lane, reason, *counted) for lane, reason, *counted in rows]


def list_sending(tx: Transaction, *, now: datetime) -> list[Sending]:
    """List how many mails of each lane workers have in hand."""
    given_up = func.count().filter(Delivery.lease_until <= now)
    rows = tx.execute(
        select(Delivery.lane, func.count(), given_up).where(_IS_SENDING).group_by(Delivery.lane)
    )
    return [Sending._make(row) for row in rows]


def list_untaken(tx: Transaction) -> list[Untaken]:
    """List how many mails are over and were taken by no relay, or came back, and why."""
    kind = (Delivery.lane, Delivery.state, Delivery.failure)
    rows = tx.execute(select(*kind, func.count()).where(_IS_UNTAKEN).group_by(*kind))
    return [Untaken._make(row) for row in rows]


def count_maybe_twice(tx: Transaction) -> dict[Lane, int]:
    """Count the mails that may have left twice; a lane that has none is left out."""
    rows = tx.execute(
        select(Delivery.lane, func.count()).where(_MAYBE_TWICE).group_by(Delivery.lane)
    )
    return dict(rows.all())


def count_all(tx: Transaction) -> int:
    """Count the mails that there have ever been."""
    return tx.scalar(select(func.count()).select_from(Delivery)) or 0


def count_mailings(tx: Transaction) -> dict[MailingState, int]:
    """Count the mailings of all events by state; a state that none is in is left out."""
    rows = tx.execute(select(Mailing.state, func.count()).group_by(Mailing.state))
    return dict(rows.all())


def count_too_late(tx: Transaction) -> int:
    """Count the mailings whose time was over before they had begun."""
    is_too_late = (Mailing.state == MailingState.CANCELLED, Mailing.reason == audiences.TOO_LATE)
    return tx.scalar(select(func.count(Mailing.id)).where(*is_too_late)) or 0


def find_lateness(tx: Transaction, *, now: datetime) -> timedelta:
    """Find for how long the timer has left undone what it does each second; zero: nothing."""
    begin = and_(
        Mailing.state == MailingState.PLANNED,
        Mailing.due_at <= now,
        Mailing.expires_at > now,
        Event.status == EventStatus.PUBLISHED,
        Event.postponed_at.is_(None),
    )
    end = and_(Mailing.state.in_(audiences.WAITING), Mailing.expires_at <= now)
    should_be = case((Mailing.expires_at <= now, Mailing.expires_at), else_=Mailing.due_at)
    mailing = tx.scalar(select(func.min(should_be)).join(Event).where(or_(begin, end)))
    lease = tx.scalar(
        select(func.min(Delivery.lease_until)).where(_IS_SENDING, Delivery.lease_until <= now)
    )
    undone = [at for at in (mailing, lease) if at is not None]
    return now - min(undone) if undone else timedelta()


def count_suppressions(tx: Transaction, *, now: datetime) -> dict[SuppressionReason, int]:
    """Count the addresses that are not written to at present, by why."""
    holds = or_(Suppression.expires_at.is_(None), Suppression.expires_at > now)
    rows = tx.execute(
        select(Suppression.reason, func.count()).where(holds).group_by(Suppression.reason)
    )
    return dict(rows.all())
