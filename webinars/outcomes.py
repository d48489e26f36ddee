"""What becomes of a delivery: whether it still makes sense, and what follows from an attempt.

Pure rules. How rows are claimed and outcomes are written down is `webinars.claims`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from webinars.models import (
    DeliveryState,
    EventStatus,
    MailingState,
    MailName,
    RegistrationStatus,
)

PATIENCE = timedelta(hours=48)
"""How long after it was due a mail is tried again."""
FIRST_WAIT = timedelta(minutes=5)
"""What relays that greylist want at least."""
LONGEST_WAIT = timedelta(hours=2)
FIRST_WAIT_FOR_LINK = timedelta(seconds=20)
LONGEST_WAIT_FOR_LINK = timedelta(minutes=5)
WAIT_FOR_RELAY = timedelta(seconds=15)

COUNTED_AS_SENT = frozenset({MailName.REMINDER, MailName.PRACTICAL_INFORMATION, MailName.THANKS})
"""Better missed than doubled: where nobody can tell whether one of these left."""

STATUSES: dict[MailName, RegistrationStatus] = {
    MailName.CONFIRMATION: RegistrationStatus.CONFIRMED,
    MailName.CALENDAR_DAY: RegistrationStatus.CONFIRMED,
    MailName.WAITING_LIST: RegistrationStatus.WAITING,
    MailName.REGISTRATION_RECEIVED: RegistrationStatus.PENDING,
    MailName.REGISTRATION_DECLINED: RegistrationStatus.DECLINED,
    MailName.REGISTRATION_CANCELLED: RegistrationStatus.CANCELLED,
    MailName.REMINDER: RegistrationStatus.CONFIRMED,
    MailName.PRACTICAL_INFORMATION: RegistrationStatus.CONFIRMED,
    MailName.CONNECTION_LINK: RegistrationStatus.CONFIRMED,
    MailName.THANKS: RegistrationStatus.CONFIRMED,
}
"""The status that a mail tells a person she has; one that is not here goes whatever it is."""
DESPITE_CANCELLATION = frozenset({MailName.REGISTRATION_CANCELLED, MailName.OWN_LINK})
"""Mails that make sense though the event does not take place."""


class Claim(NamedTuple):
    """A delivery that a worker has for a while, as it was claimed."""

    delivery_id: int
    epoch: int
    attempts: int
    """This one included."""
    template: MailName
    mailing_id: int | None
    due_at: datetime
    expires_at: datetime | None
    maybe_twice: bool


class Verdict(StrEnum):
    """What came of a claim."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    """The relay wants it later."""
    REFUSED = "refused"
    UNWRITTEN = "unwritten"
    """The letter could not be written."""
    UNANSWERED = "unanswered"
    """The final dot left, and no reply came."""
    RELAY_DOWN = "relay-down"
    """Nothing was sent, and the message is not to blame."""
    GIVEN_BACK = "given-back"
    """The worker was told to stop, or the mailing to pause."""
    POINTLESS = "pointless"
    """It made no sense any more."""
    TOO_LATE = "too-late"
    UNTOUCHED = "untouched"
    """The worker died before it came to it."""
    UNFINISHED = "unfinished"
    """The worker died before the final dot, or as it left."""
    UNHEARD = "unheard"
    """The worker died after the final dot, before it heard the reply."""


@dataclass(frozen=True)
class Outcome:
    """What came of a claim; the reply is the relay's, or the reason."""

    claim: Claim
    verdict: Verdict
    reply: str | None = None


@dataclass(frozen=True)
class Change:
    """What becomes of a delivery."""

    state: DeliveryState
    not_before: datetime
    attempts: int
    maybe_twice: bool


ENDS = {
    Verdict.ACCEPTED: DeliveryState.ACCEPTED,
    Verdict.REFUSED: DeliveryState.FAILED,
    Verdict.UNWRITTEN: DeliveryState.FAILED,
    Verdict.POINTLESS: DeliveryState.CANCELLED,
    Verdict.TOO_LATE: DeliveryState.EXPIRED,
}


def settle(outcome: Outcome, *, now: datetime, jitter: float) -> Change:
    """Decide what becomes of a delivery after an attempt.

    :param jitter: from 0 to 1, so that what was refused together does not come again together.
    """
    claim = outcome.claim
    if outcome.verdict in ENDS:
        return _end(claim, ENDS[outcome.verdict], now)
    again = now + find_wait(claim.template, claim.attempts, jitter)
    match outcome.verdict:
        case Verdict.DEFERRED:
            return _defer(claim, again, now)
        case Verdict.UNANSWERED:
            return _send_again_once(claim, again, now)
        case Verdict.UNHEARD:
            return _send_again_once(claim, now, now)
        case Verdict.UNFINISHED:
            return Change(DeliveryState.PENDING, now, claim.attempts, True)
        case Verdict.UNTOUCHED:
            # The attempt counts: what kills its worker is not to be tried for ever.
            return Change(DeliveryState.PENDING, now, claim.attempts, claim.maybe_twice)
        case Verdict.RELAY_DOWN:
            later = now + WAIT_FOR_RELAY * (1 + jitter)
            return Change(DeliveryState.PENDING, later, claim.attempts - 1, claim.maybe_twice)
    return Change(DeliveryState.PENDING, now, claim.attempts - 1, claim.maybe_twice)


def find_wait(template: MailName, attempts: int, jitter: float) -> timedelta:
    """Return how long to wait before another attempt: longer each time, and never quite alike."""
    is_link = template is MailName.CONNECTION_LINK
    first = FIRST_WAIT_FOR_LINK if is_link else FIRST_WAIT
    longest = LONGEST_WAIT_FOR_LINK if is_link else LONGEST_WAIT
    doublings = min(max(attempts - 1, 0), 10)
    wait: timedelta = min(first * 2**doublings, longest)
    return wait * (1 + jitter / 2)


def _defer(claim: Claim, again: datetime, now: datetime) -> Change:
    if claim.expires_at is not None and again >= claim.expires_at:
        return _end(claim, DeliveryState.EXPIRED, now)
    if claim.template is not MailName.CONNECTION_LINK and again > claim.due_at + PATIENCE:
        return _end(claim, DeliveryState.FAILED, now)
    return Change(DeliveryState.PENDING, again, claim.attempts, claim.maybe_twice)


def _send_again_once(claim: Claim, again: datetime, now: datetime) -> Change:
    """Send again what nobody can tell has left, unless that is worse than missing it (RFC 1047)."""
    is_over = claim.expires_at is not None and again >= claim.expires_at
    if claim.template in COUNTED_AS_SENT or claim.maybe_twice or is_over:
        return _end(claim, DeliveryState.UNCERTAIN, now)
    return Change(DeliveryState.PENDING, again, claim.attempts, True)


def _end(claim: Claim, state: DeliveryState, now: datetime) -> Change:
    return Change(state, now, claim.attempts, claim.maybe_twice)


class Facts(NamedTuple):
    """What decides whether a delivery makes sense now."""

    template: MailName
    day: date | None
    registration_id: int | None
    status: RegistrationStatus | None
    erased_at: datetime | None
    expires_at: datetime | None
    event_status: EventStatus
    event_cancelled_at: datetime | None
    room_url: str | None
    mailing_state: MailingState | None


class Obstacle(NamedTuple):
    """Why a delivery is not to be sent now."""

    verdict: Verdict
    reason: str | None


def find_obstacle(facts: Facts, now: datetime) -> Obstacle | None:
    """Find why a delivery is not to be sent now, if it is not."""
    if facts.expires_at is not None and facts.expires_at <= now:
        return Obstacle(Verdict.TOO_LATE, "too-late")
    if facts.mailing_state is MailingState.PAUSED:
        return Obstacle(Verdict.GIVEN_BACK, None)
    reason = _find_pointlessness(facts)
    return Obstacle(Verdict.POINTLESS, reason) if reason else None


def _find_pointlessness(facts: Facts) -> str | None:
    if facts.mailing_state is MailingState.CANCELLED:
        return "mailing-cancelled"
    if facts.registration_id is None:
        return _find_pointless_alarm(facts)
    if facts.erased_at is not None:
        return "erased"
    if facts.event_status is EventStatus.DRAFT:
        return "event-draft"
    if facts.event_cancelled_at is not None and facts.template not in DESPITE_CANCELLATION:
        return "event-cancelled"
    takes_out_a_day = facts.template is MailName.REGISTRATION_CANCELLED and facts.day is not None
    if not takes_out_a_day and facts.status is not STATUSES.get(facts.template, facts.status):
        return f"registration-{facts.status}"
    return None


def _find_pointless_alarm(facts: Facts) -> str | None:
    """An alarm must still be true; a test is sent whatever it is about."""
    if facts.template is not MailName.ROOM_MISSING:
        return None
    if facts.event_cancelled_at is not None:
        return "event-cancelled"
    return "room-there" if facts.room_url else None
