"""What becomes of a delivery: whether it still makes sense, and what follows from an attempt.

Pure rules. How rows are claimed and outcomes are written down is `webinars.claims`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from webinars.models import (
    ABOUT_INVITATIONS,
    TO_ORGANISERS,
    DeliveryState,
    EventStatus,
    Failure,
    MailingState,
    MailName,
    RegistrationStatus,
    SuppressionReason,
    Wait,
)
from webinars.places import LIVE

PATIENCE = timedelta(hours=48)
"""How long after it was due a mail is tried again."""
FEWEST_TRIES = 6
"""However late it is first tried: after an outage of days too, a relay may ask for it later."""
FIRST_WAIT = timedelta(minutes=5)
"""What relays that greylist want at least."""
LONGEST_WAIT = timedelta(hours=2)
FIRST_WAIT_FOR_LINK = timedelta(seconds=20)
LONGEST_WAIT_FOR_LINK = timedelta(minutes=5)
WAIT_FOR_RELAY = timedelta(seconds=15)
LOSSES_BEFORE_ALONE = 3
"""A delivery that so many workers died with is claimed by itself, so that others do not suffer."""
LOSSES_AT_MOST = 5
POISON = "poison"
"""The reply of a delivery that was given up because each worker that had it died."""

COUNTED_AS_SENT = frozenset(
    {
        MailName.REMINDER,
        MailName.PRACTICAL_INFORMATION,
        MailName.THANKS,
        MailName.MESSAGE,
    }
)
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
    MailName.REPRESENTED: RegistrationStatus.CANCELLED,
}
"""The status that a mail tells a person she has; one that is not here goes whatever it is."""
CHANGE_MAILS = frozenset(
    {
        MailName.EVENT_MOVED,
        MailName.EVENT_CHANGED,
        MailName.EVENT_POSTPONED,
        MailName.EVENT_CANCELLED,
    }
)
"""Mails that tell of a change of the event."""
OF_THE_LIVE = CHANGE_MAILS | {MailName.CALENDAR_DECLINED, MailName.RECONFIRM_REMINDER}
"""Mails to whoever has a place, waits for one, or for an organiser's word."""
UNTIL_POSTPONED = frozenset(
    {
        MailName.REMINDER,
        MailName.PRACTICAL_INFORMATION,
        MailName.CONNECTION_LINK,
        MailName.THANKS,
        MailName.MESSAGE,
        MailName.CALENDAR_DAY,
    }
)
"""Mails that make no sense while nobody knows the new date."""
DESPITE_CANCELLATION = frozenset(
    {
        MailName.REGISTRATION_CANCELLED,
        MailName.OWN_LINK,
        MailName.EVENT_CANCELLED,
        MailName.REPRESENTED,
    }
)
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
    losses: int
    email_key: str

    @property
    def domain(self) -> str:
        """Return the domain that it goes to."""
        return self.email_key.rpartition("@")[2]


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
    PACED = "paced"
    """Its relay or its domain is sent no more at present."""
    GIVEN_BACK = "given-back"
    """The worker was told to stop, or the mailing to pause."""
    POINTLESS = "pointless"
    """It made no sense any more."""
    TOO_LATE = "too-late"
    SUPPRESSED = "suppressed"
    """Its address is not written to."""
    UNTOUCHED = "untouched"
    """The worker died before it came to it."""
    BEGUN = "begun"
    """The worker died while it composed the letter."""
    UNFINISHED = "unfinished"
    """The worker died before the final dot, or as it left."""
    UNHEARD = "unheard"
    """The worker died after the final dot, before it heard the reply."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a claim."""

    claim: Claim
    verdict: Verdict
    reply: str | None = None
    """The relay's, or the reason."""
    failure: Failure | None = None
    relay: str | None = None
    again_at: datetime | None = None
    """When there is a rate to spare again, for what was paced."""
    content: bytes | None = None
    """The message, where nobody can tell whether it left."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a delivery."""

    state: DeliveryState
    not_before: datetime
    attempts: int
    maybe_twice: bool
    waits_for: Wait | None = None
    losses: int = 0
    reply: str | None = None
    """In place of what the outcome says."""


ENDS = {
    Verdict.ACCEPTED: DeliveryState.ACCEPTED,
    Verdict.REFUSED: DeliveryState.FAILED,
    Verdict.UNWRITTEN: DeliveryState.FAILED,
    Verdict.POINTLESS: DeliveryState.CANCELLED,
    Verdict.TOO_LATE: DeliveryState.EXPIRED,
    Verdict.SUPPRESSED: DeliveryState.SUPPRESSED,
}
GIVEN_UP = frozenset({Verdict.POINTLESS, Verdict.TOO_LATE, Verdict.SUPPRESSED, Verdict.UNWRITTEN})
"""Nothing was sent this time, and nothing will be."""
DIED = frozenset({Verdict.BEGUN, Verdict.UNFINISHED, Verdict.UNHEARD})
"""The worker died with it in hand."""


def settle(outcome: Outcome, *, now: datetime, jitter: float) -> Change:
    """Decide what becomes of a delivery after an attempt.

    :param jitter: from 0 to 1, so that what was refused together does not come again together.
    """
    claim = outcome.claim
    if outcome.verdict in GIVEN_UP and claim.maybe_twice:
        return _end(claim, DeliveryState.UNCERTAIN, now)  # it may have left before
    if outcome.verdict in ENDS:
        return _end(claim, ENDS[outcome.verdict], now)
    if outcome.verdict in DIED:
        return _count_loss(outcome, now)
    again = now + find_wait(claim.template, claim.attempts, jitter)
    match outcome.verdict:
        case Verdict.DEFERRED:
            return _defer(claim, again, now)
        case Verdict.UNANSWERED:
            return _send_again_once(claim, again, now)
        case Verdict.RELAY_DOWN:
            return _put_back(claim, now + WAIT_FOR_RELAY * (1 + jitter), Wait.RELAY)
        case Verdict.PACED:
            return _put_back(claim, max(now, outcome.again_at or now), Wait.RATE)
    return _put_back(claim, now, None)


def _put_back(claim: Claim, again: datetime, waits_for: Wait | None) -> Change:
    """Let it wait as if it had not been claimed."""
    return Change(
        DeliveryState.PENDING,
        again,
        claim.attempts - 1,
        claim.maybe_twice,
        waits_for,
        claim.losses,
    )


def _count_loss(outcome: Outcome, now: datetime) -> Change:
    """Try again what a worker died with, but not for ever: it may be what it died of."""
    claim = outcome.claim
    losses = claim.losses + 1
    if outcome.verdict is Verdict.UNHEARD:
        change = _send_again_once(claim, now, now)
    else:
        may_have_left = claim.maybe_twice or outcome.verdict is Verdict.UNFINISHED
        change = Change(DeliveryState.PENDING, now, claim.attempts, may_have_left)
    if change.state is DeliveryState.PENDING and losses >= LOSSES_AT_MOST:
        # Whether it left is worth more to know than that it was given up.
        state = DeliveryState.UNCERTAIN if change.maybe_twice else DeliveryState.FAILED
        return replace(change, state=state, losses=losses, reply=POISON)
    return replace(change, losses=losses)


def find_wait(template: MailName, attempts: int, jitter: float) -> timedelta:
    """Return how long to wait before another attempt: longer each time, and never quite alike."""
    is_link = template is MailName.CONNECTION_LINK
    first = FIRST_WAIT_FOR_LINK if is_link else FIRST_WAIT
    longest = LONGEST_WAIT_FOR_LINK if is_link else LONGEST_WAIT
    doublings = min(max(attempts - 1, 0), 10)
    wait: timedelta = min(first * 2**doublings, longest)
    return wait * (1 + jitter / 2)


def _defer(claim: Claim, again: datetime, now: datetime) -> Change:
    # Of what may have left before, nobody can tell that it was missed.
    doubt = DeliveryState.UNCERTAIN if claim.maybe_twice else None
    if claim.expires_at is not None and again >= claim.expires_at:
        return _end(claim, doubt or DeliveryState.EXPIRED, now)
    was_patient = again > claim.due_at + PATIENCE and claim.attempts >= FEWEST_TRIES
    if claim.template is not MailName.CONNECTION_LINK and was_patient:
        return _end(claim, doubt or DeliveryState.FAILED, now)
    return Change(
        DeliveryState.PENDING,
        again,
        claim.attempts,
        claim.maybe_twice,
        Wait.DEFERRED,
        claim.losses,
    )


def _send_again_once(claim: Claim, again: datetime, now: datetime) -> Change:
    """Send again what nobody can tell has left, unless that is worse than missing it (RFC 1047)."""
    is_over = claim.expires_at is not None and again >= claim.expires_at
    if claim.template in COUNTED_AS_SENT or claim.maybe_twice or is_over:
        return _end(claim, DeliveryState.UNCERTAIN, now)
    waits_for = Wait.DEFERRED if again > now else None
    return Change(DeliveryState.PENDING, again, claim.attempts, True, waits_for, claim.losses)


def _end(claim: Claim, state: DeliveryState, now: datetime) -> Change:
    return Change(state, now, claim.attempts, claim.maybe_twice, losses=claim.losses)


class Facts(NamedTuple):
    """What decides whether a delivery makes sense now."""

    template: MailName
    ordinal: int | None
    registration_id: int | None
    status: RegistrationStatus | None
    erased_at: datetime | None
    expires_at: datetime | None
    event_status: EventStatus | None
    """`None`: it is about no event."""
    event_cancelled_at: datetime | None
    event_postponed_at: datetime | None
    room_url: str | None
    mailing_state: MailingState | None
    is_superseded: bool
    """Whether a later mail tells the person of a later change, or she has answered meanwhile."""
    suppression: SuppressionReason | None


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
    if reason:
        return Obstacle(Verdict.POINTLESS, reason)
    return Obstacle(Verdict.SUPPRESSED, facts.suppression) if facts.suppression else None


def _find_pointlessness(facts: Facts) -> str | None:
    if facts.mailing_state is MailingState.CANCELLED:
        return "mailing-cancelled"
    if facts.registration_id is None:
        return _find_pointless_alarm(facts)
    if facts.erased_at is not None:
        return "erased"
    if facts.event_status is EventStatus.DRAFT:
        return "event-draft"
    if facts.is_superseded:
        return "superseded"
    if facts.event_postponed_at is not None and facts.template in UNTIL_POSTPONED:
        return "event-postponed"
    if facts.event_cancelled_at is not None and facts.template not in DESPITE_CANCELLATION:
        return "event-cancelled"
    takes_out_a_day = (
        facts.template is MailName.REGISTRATION_CANCELLED and facts.ordinal is not None
    )
    if not takes_out_a_day and not _suits(facts.template, facts.status):
        return f"registration-{facts.status}"
    return None


def _suits(template: MailName, status: RegistrationStatus | None) -> bool:
    if template in OF_THE_LIVE:
        return status in LIVE
    return status is STATUSES.get(template, status)


def _find_pointless_alarm(facts: Facts) -> str | None:
    """An alarm must still be true; a test is sent whatever it is about."""
    if facts.template in ABOUT_INVITATIONS and facts.event_status is EventStatus.DRAFT:
        return "event-draft"
    if facts.template not in TO_ORGANISERS | ABOUT_INVITATIONS:
        return None
    if facts.event_cancelled_at is not None:
        return "event-cancelled"
    needs_date = {MailName.ROOM_MISSING} | ABOUT_INVITATIONS
    if facts.event_postponed_at is not None and facts.template in needs_date:
        return "event-postponed"
    is_over = facts.template is MailName.ROOM_MISSING and facts.room_url
    return "room-there" if is_over else None
