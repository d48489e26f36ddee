"""Once more to those who did not get a mail: a new delivery in place of what did not arrive.

The former one stays as it ended; the later one counts in its place.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import not_, or_, select

from webinars import contacts, deliveries, events, outcomes, suppressions
from webinars.database import Transaction
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
    Language,
    Mailing,
    MailingState,
    MailName,
    Registration,
)
from webinars.steering.people import DELIVERED_TO, HAS_ASSISTANT, audience, of_occasion
from webinars.steering.states import hold, put, require_time

BATCH = 1_000
"""How many addresses are looked up, and rows written, with one statement."""
AGAIN = ":again:"


class Again(NamedTuple):
    """How many mails of a mailing would be sent again."""

    missed: int
    uncertain: int
    """Of which nobody can tell whether they left: only where that is asked for."""
    suppressed: int
    """Not sent again, because their address is not written to."""


class _Missed(NamedTuple):
    """A mail that did not arrive, and where another one goes."""

    id: int
    intent: str
    state: DeliveryState
    template: MailName
    registration_id: int
    is_copy: bool
    day: date | None
    email: str
    language: Language
    calendar_sequence: int

    @property
    def email_key(self) -> str:
        """Return the address as it is compared."""
        return contacts.address_key(self.email)


def count_again(tx: Transaction, mailing: Mailing, now: datetime) -> Again:
    """Count what `send_again` would send: to no one once the mailing is cancelled or over."""
    if mailing.state is MailingState.CANCELLED or mailing.expires_at <= now:
        return Again(0, 0, 0)
    missed = _list_missed(tx, mailing)
    free = _take_out_blocked(tx, mailing, missed, now)
    uncertain = sum(one.state is DeliveryState.UNCERTAIN for one in free)
    return Again(len(free) - uncertain, uncertain, len(missed) - len(free))


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
    missed = _take_out_blocked(tx, mailing, _list_missed(tx, mailing), now)
    wanted = [one for one in missed if with_uncertain or one.state is not DeliveryState.UNCERTAIN]
    for begin in range(0, len(wanted), BATCH):
        rows = [_write_again(one, mailing, now) for one in wanted[begin : begin + BATCH]]
        tx.execute(
            deliveries.insert_into(tx).on_conflict_do_nothing(index_elements=["intent"]), rows
        )
    if wanted:
        _start_again(tx, mailing)
    return len(wanted)


def _require_sendable(event: Event, mailing: Mailing, now: datetime) -> None:
    require_time(mailing, now)
    if mailing.state is MailingState.CANCELLED:
        raise MailingCancelled(mailing.reason)
    if event.cancelled_at is not None:
        raise EventCancelled


def _start_again(tx: Transaction, mailing: Mailing) -> None:
    """Take a mailing up that was done, until each of its mails is over once more."""
    if mailing.state is MailingState.DONE:
        put(tx, mailing, MailingState.SENDING)


def _list_missed(tx: Transaction, mailing: Mailing) -> list[_Missed]:
    """List the mails of a mailing that did not arrive, of those who are still of its audience."""
    columns = (
        Delivery.id,
        Delivery.intent,
        Delivery.state,
        Delivery.template,
        Registration.id,
        Delivery.is_copy,
        Delivery.day,
        DELIVERED_TO,
        Registration.language,
        Registration.calendar_sequence,
    )
    query = (
        select(*columns)
        .join(Registration, Registration.id == Delivery.registration_id)
        .where(
            *of_occasion(mailing),
            Delivery.state.in_(deliveries.MISSED),
            deliveries.is_last(),
            or_(not_(Delivery.is_copy), HAS_ASSISTANT),
            *audience(mailing),
        )
        .order_by(Delivery.id)
    )
    return [_Missed._make(row) for row in tx.execute(query)]


def _take_out_blocked(
    tx: Transaction, mailing: Mailing, missed: Sequence[_Missed], now: datetime
) -> list[_Missed]:
    free: list[_Missed] = []
    for begin in range(0, len(missed), BATCH):
        part = missed[begin : begin + BATCH]
        blocks = suppressions.list_blocks(tx, {one.email_key for one in part}, now=now)
        free += [
            one
            for one in part
            if not suppressions.find_block(
                blocks[one.email_key], one.template, mailing.event_id, by_form=False
            )
        ]
    return free


def _write_again(one: _Missed, mailing: Mailing, now: datetime) -> dict[str, object]:
    return {
        "intent": make_again_intent(one.intent),
        "event_id": mailing.event_id,
        "mailing_id": mailing.id,
        "registration_id": one.registration_id,
        "template": one.template,
        "is_copy": one.is_copy,
        "by_form": False,
        "day": one.day,
        "email": one.email,
        "email_key": one.email_key,
        "language": one.language,
        "lane": Lane.BULK,
        "calendar_sequence": one.calendar_sequence,
        "state": DeliveryState.PENDING,
        "created_at": now,
        "due_at": now,
        "not_before": now,
        "expires_at": mailing.expires_at,
    }


def make_again_intent(intent: str) -> str:
    """Return what a mail is for that is sent in place of another: the same, once more."""
    first, _, times = intent.partition(AGAIN)
    return f"{first}{AGAIN}{int(times or 0) + 1}"


def send_one_again(tx: Transaction, delivery: Delivery, now: datetime) -> bool:
    """Send one mail again that did not arrive; false: that has been done already.

    To the person's present address.

    :raises NotSentAgain: it has left, is on its way or was given up.
    :raises MailingTooLate: it makes no sense any more.
    :raises MailingCancelled: its mailing was cancelled.
    :raises EventCancelled: the event does not take place.
    :raises AddressSuppressed: the address is not written to.
    :raises NotFound: the person had her data erased, or the assistant's address is gone.
    """
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
        intent=make_again_intent(delivery.intent),
        event_id=delivery.event_id,
        mailing_id=delivery.mailing_id,
        registration_id=delivery.registration_id,
        template=delivery.template,
        email=email,
        language=registration.language if registration else delivery.language,
        is_copy=delivery.is_copy,
        day=delivery.day,
        expires_at=mailing.expires_at if mailing else delivery.expires_at,
        calendar_sequence=registration.calendar_sequence if registration else 0,
        now=now,
    )
    if mailing is not None:
        _start_again(tx, mailing)
    return is_new


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
