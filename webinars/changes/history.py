"""What became of an event: every change with its author, every mail with its reason.

And whom mail did not reach, to be called instead.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased

from webinars import deliveries
from webinars.database import Transaction
from webinars.models import (
    Change,
    ChangeKind,
    Delivery,
    DeliveryState,
    Language,
    Mailing,
    MailName,
    ReconfirmRule,
    Registration,
    RegistrationStatus,
    Shown,
)
from webinars.suppressions import UNSUBSCRIBABLE

OVERDUE = timedelta(minutes=15)
"""A mail that has waited for so long has not reached anyone yet."""


class Why(StrEnum):
    """Why a mail was written."""

    CHANGE = "change"
    """The event was changed."""
    MAILING = "mailing"
    """It was due, for everyone at one time."""
    REGISTRATION = "registration"
    """Something happened to the registration: the person, an organiser, or a place that came
    free."""
    FORM = "form"
    """The person's own form, or page, caused it."""
    ALARM = "alarm"
    """Organisers had to know."""
    TEST = "test"
    """An organiser sent it to herself."""


class ChangeRow(NamedTuple):
    """A change as the history shows it."""

    id: int
    made_at: datetime
    revision: int
    kind: ChangeKind
    author: str
    reason: str | None
    before: Shown
    """What was shown until then."""
    after: Shown | None
    """What was shown from then on; `None`: what is shown now."""
    tells_at: datetime | None
    reconfirm_by_at: datetime | None
    reconfirm_rule: ReconfirmRule | None
    settled_at: datetime | None
    mails: dict[MailName, dict[DeliveryState, int]]
    """How many told of it, by mail and by what became of them; what a later change took over is
    `cancelled`."""

    @property
    def total(self) -> int:
        """Return how many mails told of it, without those that were given up."""
        states = (one for counts in self.mails.values() for one in counts.items())
        return sum(number for state, number in states if state not in deliveries.GIVEN_UP)


class MailRow(NamedTuple):
    """A mail as the history shows it: to whom, why, and what became of it."""

    id: int
    created_at: datetime
    due_at: datetime
    template: MailName
    why: Why
    revision: int | None
    """Of the change that it tells of."""
    rule: str | None
    """When its mailing is due, as the event file says it."""
    reference: str
    email: str
    is_copy: bool
    state: DeliveryState
    accepted_at: datetime | None
    reply: str | None


class UnreachedRow(NamedTuple):
    """Someone whom the mail that matters most now did not reach."""

    registration_id: int
    reference: str
    last_name: str
    first_name: str
    phone: str
    email: str
    organization: str
    country: str
    language: Language
    status: RegistrationStatus
    template: MailName
    state: DeliveryState
    reply: str | None
    assistant_email: str
    assistant_reached: bool
    """Whether her assistant was sent a copy that a relay took."""


def list_changes(tx: Transaction, event_id: int) -> list[ChangeRow]:
    """List the changes of an event, latest first."""
    changes = tx.scalars(
        select(Change).where(Change.event_id == event_id).order_by(Change.revision)
    ).all()
    counts = _count_mails(tx, [change.id for change in changes])
    following = [change.before for change in changes[1:]] + [None]
    rows = [
        _make_row(change, after, counts[change.id])
        for change, after in zip(changes, following, strict=bool(changes))
    ]
    return rows[::-1]


def _count_mails(
    tx: Transaction, change_ids: Iterable[int]
) -> defaultdict[int, dict[MailName, dict[DeliveryState, int]]]:
    rows = tx.execute(
        select(Delivery.change_id, Delivery.template, Delivery.state, func.count())
        .where(Delivery.change_id.in_(list(change_ids)))
        .group_by(Delivery.change_id, Delivery.template, Delivery.state)
    )
    counted: defaultdict[int, dict[MailName, dict[DeliveryState, int]]] = defaultdict(dict)
    for change_id, template, state, number in rows:
        counted[change_id or 0].setdefault(template, Counter())[state] = number
    return counted


def _make_row(
    change: Change, after: Shown | None, mails: dict[MailName, dict[DeliveryState, int]]
) -> ChangeRow:
    return ChangeRow(
        id=change.id,
        made_at=change.made_at,
        revision=change.revision,
        kind=change.kind,
        author=change.author,
        reason=change.reason,
        before=change.before,
        after=after,
        tells_at=change.tells_at,
        reconfirm_by_at=change.reconfirm_by_at,
        reconfirm_rule=change.reconfirm_rule,
        settled_at=change.settled_at,
        mails=mails,
    )


_WHY = case(
    (Delivery.intent.startswith("test:"), literal(Why.TEST.value)),
    (Delivery.change_id.is_not(None), literal(Why.CHANGE.value)),
    (Delivery.registration_id.is_(None), literal(Why.ALARM.value)),
    (Delivery.intent.startswith("mailing:"), literal(Why.MAILING.value)),
    (Delivery.by_form, literal(Why.FORM.value)),
    else_=literal(Why.REGISTRATION.value),
)


def list_mails(
    tx: Transaction,
    event_id: int,
    *,
    registration_id: int | None = None,
    change_id: int | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[MailRow]:
    """List the mails of an event with their reasons, latest first.

    :param registration_id: only those about one registration; `None`: all.
    :param change_id: only those that tell of one change; `None`: all.
    :param limit: how many at most, after the first `offset`; `None`: all.
    """
    wanted = {Delivery.registration_id: registration_id, Delivery.change_id: change_id}
    rows = tx.execute(
        select(
            Delivery.id,
            Delivery.created_at,
            Delivery.due_at,
            Delivery.template,
            _WHY,
            Change.revision,
            Mailing.rule,
            func.coalesce(Registration.reference, ""),
            Delivery.email,
            Delivery.is_copy,
            Delivery.state,
            Delivery.accepted_at,
            Delivery.reply,
        )
        .outerjoin(Change, Change.id == Delivery.change_id)
        .outerjoin(Mailing, Mailing.id == Delivery.mailing_id)
        .outerjoin(Registration, Registration.id == Delivery.registration_id)
        .where(Delivery.event_id == event_id)
        .where(*(column == value for column, value in wanted.items() if value is not None))
        .order_by(Delivery.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [MailRow._make(row)._replace(why=Why(row[4])) for row in rows]


def list_unreached(tx: Transaction, event_id: int, *, now: datetime) -> list[UnreachedRow]:
    """List by name whom the last mail that matters did not reach, with telephone numbers.

    Reminders and thanks do not matter. What has waited for a quarter of an hour counts too.
    """
    last = (
        select(func.max(Delivery.id).label("id"))
        .where(
            Delivery.event_id == event_id,
            Delivery.is_copy.is_(False),
            Delivery.template.not_in([*UNSUBSCRIBABLE, MailName.CALENDAR_DAY]),
            Delivery.state != DeliveryState.CANCELLED,
            or_(Delivery.template != MailName.REGISTRATION_CANCELLED, Delivery.ordinal.is_(None)),
        )
        .group_by(Delivery.registration_id)
        .subquery()
    )
    is_overdue = and_(Delivery.state.in_(deliveries.OPEN), Delivery.due_at <= now - OVERDUE)
    copy = aliased(Delivery)
    has_copy = (
        select(copy.id)
        .where(
            copy.registration_id == Delivery.registration_id,
            copy.template == Delivery.template,
            copy.is_copy,
            copy.state.in_(deliveries.TAKEN),
            copy.id > Delivery.id,
        )
        .exists()
    )
    rows = tx.execute(
        select(
            Registration.id,
            Registration.reference,
            Registration.last_name,
            Registration.first_name,
            Registration.phone,
            Registration.email,
            Registration.organization,
            Registration.country,
            Registration.language,
            Registration.status,
            Delivery.template,
            Delivery.state,
            Delivery.reply,
            Registration.assistant_email,
            has_copy,
        )
        .join(Registration, Registration.id == Delivery.registration_id)
        .join(last, last.c.id == Delivery.id)
        .where(
            Registration.erased_at.is_(None),
            or_(Delivery.state.in_(deliveries.MISSED), is_overdue),
        )
        .order_by(Registration.name_key, Registration.id)
    )
    return [UnreachedRow._make(row) for row in rows]
