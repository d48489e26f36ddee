"""Once more to those who did not get a mail: a new delivery in place of what did not arrive.

The former one stays as it ended; the later one counts in its place.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import String, cast, func, not_, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from webinars import contacts, deliveries, events, outcomes, suppressions
from webinars.database import Transaction, as_column
from webinars.errors import (
    AddressSuppressed,
    EventCancelled,
    MailingCancelled,
    MailingTooLate,
    NotFound,
    NotSentAgain,
)
from webinars.models import (
    Delivery,
    DeliveryState,
    Event,
    Lane,
    Mailing,
    MailingState,
    Registration,
    SuppressionReason,
)
from webinars.steering.people import (
    DELIVERED_TO,
    HAS_ASSISTANT,
    Asked,
    audience,
    find_reasons,
    of_occasion,
)
from webinars.steering.states import hold, put, require_time
from webinars.suppressions import ASKED

BATCH = 1_000
"""How many rows are written with one statement."""
AGAIN = ":again:"


class Again(NamedTuple):
    """How many mails of a mailing would be sent again."""

    missed: int
    uncertain: int
    """Of which nobody can tell whether they left: only where that is asked for."""
    blocked: Mapping[int, SuppressionReason] = MappingProxyType({})
    """Which mails, by number, are not sent again, and why their address is not written to."""

    @property
    def unwanted(self) -> int:
        """Return how many are not sent again because the person has asked for none since."""
        return sum(reason in ASKED for reason in self.blocked.values())

    @property
    def suppressed(self) -> int:
        """Return how many are not sent again because of what is known of the address."""
        return len(self.blocked) - self.unwanted


class _Missed(NamedTuple):
    """A mail that did not arrive, and where another one would go."""

    id: int
    is_uncertain: bool
    email_key: str


def count_again(tx: Transaction, mailing: Mailing, now: datetime) -> Again:
    """Count what `send_again` would send: to no one once the mailing is cancelled or over."""
    if mailing.state is MailingState.CANCELLED or mailing.expires_at <= now:
        return Again(0, 0)
    missed = _list_missed(tx, mailing)
    reasons = _find_reasons(tx, mailing, missed, now)
    blocked = {
        one.id: reason for one, reason in zip(missed, reasons, strict=True) if reason is not None
    }
    uncertain = sum(one.is_uncertain for one in missed if one.id not in blocked)
    return Again(len(missed) - len(blocked) - uncertain, uncertain, blocked)


def send_again(
    tx: Transaction, mailing: Mailing, now: datetime, *, with_uncertain: bool = False
) -> int:
    """Send a mailing again to those who did not get it, and tell how many mails that are.

    To each person's present address, and to no address that is not written to. Whoever is no longer
    of the audience is left out; a second time finds nobody.

    :param with_uncertain: also to those of whom nobody can tell: some then get it twice.
    :raises MailingTooLate: its time is over.
    :raises MailingCancelled: it was cancelled.
    :raises EventCancelled: the event does not take place.
    """
    event = hold(tx, mailing)
    _require_sendable(event, mailing, now)
    missed = _list_missed(tx, mailing)
    reasons = _find_reasons(tx, mailing, missed, now)
    wanted = [
        one.id
        for one, reason in zip(missed, reasons, strict=True)
        if reason is None and (with_uncertain or not one.is_uncertain)
    ]
    for begin in range(0, len(wanted), BATCH):
        _insert_again(tx, mailing, wanted[begin : begin + BATCH], now)
    if wanted:
        _start_again(tx, mailing)
    return len(wanted)


def _require_sendable(event: Event, mailing: Mailing, now: datetime) -> None:
    require_time(mailing, now)
    if mailing.state is MailingState.CANCELLED:
        raise MailingCancelled(mailing.reason)
    is_put_off = event.postponed_at is not None and mailing.template in outcomes.UNTIL_POSTPONED
    if event.cancelled_at is not None or is_put_off:
        raise EventCancelled


def _start_again(tx: Transaction, mailing: Mailing) -> None:
    """Take a mailing up that was done, until each of its mails is over once more."""
    if mailing.state is MailingState.DONE:
        put(tx, mailing, MailingState.SENDING)


def _list_missed(tx: Transaction, mailing: Mailing) -> list[_Missed]:
    """List the mails of a mailing that did not arrive, of those who are still of its audience.

    What the person had asked not to be sent is not missed, even if she takes it back.
    """
    query = (
        select(Delivery.id, Delivery.state, DELIVERED_TO)
        .join(Registration, Registration.id == Delivery.registration_id)
        .where(
            *of_occasion(mailing),
            deliveries.is_missed(),
            deliveries.is_last(),
            or_(not_(Delivery.is_copy), HAS_ASSISTANT),
            *audience(mailing),
        )
        .order_by(Delivery.id)
    )
    return [
        _Missed(delivery_id, state is DeliveryState.UNCERTAIN, contacts.address_key(email))
        for delivery_id, state, email in tx.execute(query)
    ]


def _find_reasons(
    tx: Transaction, mailing: Mailing, missed: Sequence[_Missed], now: datetime
) -> list[SuppressionReason | None]:
    """Find, for each in turn, why it is not sent again, if it is not."""
    return find_reasons(tx, mailing, [Asked(one.email_key) for one in missed], now)


def _insert_again(tx: Transaction, mailing: Mailing, ids: Sequence[int], now: datetime) -> None:
    """Write one more mail in place of each of these, as the database is to make them."""
    columns: dict[InstrumentedAttribute[Any], object] = {
        Delivery.intent: Delivery.intent + AGAIN + cast(Delivery.id, String),
        Delivery.event_id: Delivery.event_id,
        Delivery.mailing_id: Delivery.mailing_id,
        Delivery.registration_id: Delivery.registration_id,
        Delivery.template: Delivery.template,
        Delivery.is_copy: Delivery.is_copy,
        Delivery.by_form: False,
        Delivery.ordinal: Delivery.ordinal,
        Delivery.email: DELIVERED_TO,
        Delivery.email_key: func.lower(DELIVERED_TO),
        Delivery.language: Registration.language,
        Delivery.lane: Lane.BULK,
        Delivery.calendar_sequence: Registration.calendar_sequence,
        Delivery.state: DeliveryState.PENDING,
        Delivery.created_at: now,
        Delivery.due_at: now,
        Delivery.not_before: now,
        Delivery.expires_at: mailing.expires_at,
        Delivery.attempts: 0,
        Delivery.lease_epoch: 0,
        Delivery.losses: 0,
        Delivery.maybe_twice: False,
    }
    rows = (
        select(*(as_column(column, value) for column, value in columns.items()))
        .select_from(Delivery)
        .join(Registration, Registration.id == Delivery.registration_id)
        .where(Delivery.id.in_(ids))
        .order_by(Delivery.id)
    )
    statement = deliveries.insert_into(tx).from_select([one.key for one in columns], rows)
    tx.execute(statement.on_conflict_do_nothing(index_elements=["intent"]))


def make_again_intent(delivery: Delivery) -> str:
    """Return what a mail is for that is sent in place of another: the same, once more."""
    return f"{delivery.intent}{AGAIN}{delivery.id}"


def send_one_again(tx: Transaction, delivery: Delivery, now: datetime) -> bool:
    """Send one mail again that did not arrive; false: that has been done already.

    To the person's present address.

    :raises NotSentAgain: it has left, is on its way or was given up.
    :raises MailingTooLate: it makes no sense any more.
    :raises MailingCancelled: its mailing was cancelled.
    :raises EventCancelled: the event does not take place.
    :raises AddressSuppressed: the address is not written to.
    :raises NotFound: the person had her data erased, the assistant's address is gone, or it is
        about no event: a link to an account is asked for anew.
    """
    if delivery.event_id is None:
        raise NotFound("event")
    event = events.lock(tx, delivery.event_id)
    mailing = _find_mailing(tx, delivery)
    tx.refresh(delivery)
    if delivery.state not in deliveries.MISSED:
        raise NotSentAgain(delivery.state)
    _require_point(event, mailing, delivery, now)
    registration = _find_registration(tx, delivery)
    email = _find_address(registration, delivery)
    _require_unblocked(tx, delivery, email, now)
    if not _is_last(tx, delivery):
        return False
    is_new = deliveries.add(
        tx,
        intent=make_again_intent(delivery),
        event_id=delivery.event_id,
        mailing_id=delivery.mailing_id,
        registration_id=delivery.registration_id,
        template=delivery.template,
        email=email,
        language=registration.language if registration else delivery.language,
        is_copy=delivery.is_copy,
        ordinal=delivery.ordinal,
        expires_at=mailing.expires_at if mailing else delivery.expires_at,
        calendar_sequence=registration.calendar_sequence if registration else 0,
        now=now,
    )
    if delivery.change_id is not None:
        _name_change(tx, delivery)
    if mailing is not None:
        _start_again(tx, mailing)
    return is_new


def _name_change(tx: Transaction, delivery: Delivery) -> None:
    """Let the mail in place of another tell of the same change, since the same revision."""
    again = update(Delivery).where(Delivery.intent == make_again_intent(delivery))
    tx.execute(again.values(change_id=delivery.change_id, since_revision=delivery.since_revision))


def _find_mailing(tx: Transaction, delivery: Delivery) -> Mailing | None:
    if delivery.mailing_id is None:
        return None
    return tx.get(
        Mailing, delivery.mailing_id, with_for_update={"key_share": True}, populate_existing=True
    )


def _require_point(
    event: Event, mailing: Mailing | None, delivery: Delivery, now: datetime
) -> None:
    if mailing is not None:
        _require_sendable(event, mailing, now)
        return
    if delivery.expires_at is not None and delivery.expires_at <= now:
        raise MailingTooLate(delivery.expires_at)
    if event.cancelled_at is not None and delivery.template not in outcomes.DESPITE_CANCELLATION:
        raise EventCancelled


def _find_registration(tx: Transaction, delivery: Delivery) -> Registration | None:
    """Find whom a mail went to; `None`: an organiser."""
    if delivery.registration_id is None:
        return None
    registration = tx.get_one(Registration, delivery.registration_id, populate_existing=True)
    if registration.erased_at is not None:
        raise NotFound("registration", str(registration.id))
    return registration


def _find_address(registration: Registration | None, delivery: Delivery) -> str:
    """Return where a mail goes by now."""
    if registration is None:
        return delivery.email
    if not delivery.is_copy:
        return registration.email.strip()
    if contacts.address_key(registration.assistant_email) in {"", registration.email_key}:
        raise NotFound("address")
    return registration.assistant_email.strip()


def _require_unblocked(tx: Transaction, delivery: Delivery, email: str, now: datetime) -> None:
    key = contacts.address_key(email)
    blocks = suppressions.list_blocks(tx, [key], now=now)
    reason = suppressions.find_block(
        blocks[key], delivery.template, delivery.event_id, by_form=False
    )
    if reason is not None:
        raise AddressSuppressed(reason)


def _is_last(tx: Transaction, delivery: Delivery) -> bool:
    last = select(Delivery.id).where(Delivery.id == delivery.id, deliveries.is_last())
    return tx.scalar(last) is not None
