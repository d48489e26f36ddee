"""Answers from calendars: whose they are, whether anyone asked, and what follows.

What was said is noted on the registration; nothing else follows of it by itself. Who declined is
asked by mail whether she gives up her place, once for each day: a calendar declines for many
reasons. How an answer is read is `webinars.mail.calendar_replies`.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from webinars import choices, contacts, deliveries, participants, programme, waiting
from webinars.database import Transaction
from webinars.mail.calendar_replies import Answer
from webinars.models import (
    CalendarReply,
    Delivery,
    MailName,
    Registration,
    RegistrationStatus,
)
from webinars.programme import Day


class Noted(StrEnum):
    """What came of an answer."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    REPEATED = "repeated"
    """It was noted before, or something later was."""
    UNASKED = "unasked"
    """Nobody asked for it: of an invitation that is withdrawn or out of date, or of someone else.
    """


def record(tx: Transaction, answer: Answer, *, now: datetime) -> tuple[Noted, int | None]:
    """Note what someone answered in her calendar, and tell of which registration it was.

    The same answer twice is one, and one that was overtaken changes nothing.
    """
    registration = participants.find_by_public_id(tx, answer.public_id)
    if registration is None:
        return Noted.UNASKED, None
    waiting.lock_row(tx, registration)
    reply = _find_reply(tx, registration, answer)
    day = _find_day(registration, answer)
    if reply is None or day is None:
        return Noted.UNASKED, registration.id
    # An answer cannot come from the future: a wrong clock must not silence all that follow.
    answered_at = min(answer.answered_at or now, now)
    if not _is_news(registration, reply, answered_at):
        return Noted.REPEATED, registration.id
    registration.calendar_reply = reply
    registration.calendar_replied_at = answered_at
    tx.flush()
    if reply is CalendarReply.DECLINED:
        _ask_back(tx, registration, day, now)
    return Noted(reply.value), registration.id


def _find_reply(
    tx: Transaction, registration: Registration, answer: Answer
) -> CalendarReply | None:
    """Find what the person herself says; `None`: it is somebody else who answers.

    Who has her mail sent on answers from another address: then the mail that is answered must be
    one that she was sent.
    """
    own = [one for one in answer.said if _is_hers(registration, one.attendee)]
    if not own and _was_sent(tx, registration, answer.delivery_id):
        own = list(answer.said)
    replies = {one.reply for one in own}
    return replies.pop() if len(replies) == 1 else None


def _is_hers(registration: Registration, address: str) -> bool:
    return bool(address) and contacts.address_key(address) == registration.email_key


def _was_sent(tx: Transaction, registration: Registration, delivery_id: int | None) -> bool:
    if delivery_id is None:
        return False
    to_her = select(Delivery.id).where(
        Delivery.id == delivery_id,
        Delivery.registration_id == registration.id,
        Delivery.is_copy.is_(False),
    )
    return tx.scalar(to_her) is not None


def _find_day(registration: Registration, answer: Answer) -> Day | None:
    """Find the day that is answered; `None`: the person is not invited to it, or not in this way.

    Some calendars decline what is withdrawn: nobody asked for that.
    """
    event = registration.event
    if registration.status is not RegistrationStatus.CONFIRMED or event.cancelled_at is not None:
        return None
    if answer.generation != registration.calendar_generation:
        return None
    if answer.sequence is not None and answer.sequence < registration.calendar_sequence:
        return None
    days = programme.days_attended(event, choices.list_codes(registration))
    return next((day for day in days if day.ordinal == answer.ordinal), None)


def _is_news(registration: Registration, reply: CalendarReply, answered_at: datetime) -> bool:
    noted_at = registration.calendar_replied_at
    if noted_at is None or answered_at > noted_at:
        return True
    return answered_at == noted_at and reply is not registration.calendar_reply


def _ask_back(tx: Transaction, registration: Registration, day: Day, now: datetime) -> None:
    """Ask whether the place is given up: once for each day of each version of the invitation."""
    if day.ends_at <= now:
        return
    of = registration
    version = f"g{of.calendar_generation}s{of.calendar_sequence}"
    deliveries.hold_event(tx, of.event_id)
    deliveries.add(
        tx,
        intent=f"{MailName.CALENDAR_DECLINED}:r{of.id}:{version}:d{day.ordinal}",
        event_id=of.event_id,
        registration_id=of.id,
        template=MailName.CALENDAR_DECLINED,
        email=of.email,
        language=of.language,
        ordinal=day.ordinal,
        by_form=True,  # whoever saw the invitation may have caused it
        expires_at=day.ends_at,
        now=now,
    )
