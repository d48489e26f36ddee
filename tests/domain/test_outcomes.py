from datetime import UTC, datetime, timedelta

import pytest

from webinars import outcomes
from webinars.models import (
    ABOUT_ACCOUNTS,
    ABOUT_INVITATIONS,
    TO_ORGANISERS,
    DeliveryState,
    EventStatus,
    MailingState,
    MailName,
    RegistrationStatus,
    SuppressionReason,
    Wait,
)
from webinars.outcomes import Claim, Facts, Outcome, Verdict
from webinars.places import LIVE

NOW = datetime(2020, 11, 3, 7, 0, tzinfo=UTC)
ENDS = datetime(2020, 11, 3, 11, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

CONFIRMATION = MailName.CONFIRMATION
LINK = MailName.CONNECTION_LINK
REMINDER = MailName.REMINDER
DRAFT = EventStatus.DRAFT


def make_claim(template=CONFIRMATION, **values):
    defaults = {
        "delivery_id": 1,
        "epoch": 1,
        "attempts": 1,
        "template": template,
        "mailing_id": None,
        "due_at": NOW,
        "expires_at": None,
        "maybe_twice": False,
        "losses": 0,
        "email_key": "a@example.org",
    }
    return Claim(**defaults | values)


WAITS = {
    Verdict.DEFERRED: Wait.DEFERRED,
    Verdict.RELAY_DOWN: Wait.RELAY,
    Verdict.PACED: Wait.RATE,
    Verdict.UNANSWERED: Wait.DEFERRED,
}
"""What a mail waits for that is not simply due again."""


@pytest.mark.parametrize(
    ("verdict", "claim", "state", "wait", "attempts", "maybe_twice"),
    [
        (Verdict.ACCEPTED, make_claim(), "accepted", 0, 1, False),
        (Verdict.REFUSED, make_claim(), "failed", 0, 1, False),
        (Verdict.UNWRITTEN, make_claim(), "failed", 0, 1, False),
        (Verdict.POINTLESS, make_claim(), "cancelled", 0, 1, False),
        (Verdict.TOO_LATE, make_claim(), "expired", 0, 1, False),
        (Verdict.TOO_LATE, make_claim(maybe_twice=True), "uncertain", 0, 1, True),
        (Verdict.POINTLESS, make_claim(maybe_twice=True), "uncertain", 0, 1, True),
        (Verdict.UNWRITTEN, make_claim(maybe_twice=True), "uncertain", 0, 1, True),
        (Verdict.DEFERRED, make_claim(), "pending", 300, 1, False),
        (Verdict.UNANSWERED, make_claim(), "pending", 300, 1, True),
        (Verdict.UNANSWERED, make_claim(LINK), "pending", 20, 1, True),
        (Verdict.UNANSWERED, make_claim(REMINDER), "uncertain", 0, 1, False),
        (Verdict.UNANSWERED, make_claim(MailName.THANKS), "uncertain", 0, 1, False),
        (Verdict.UNANSWERED, make_claim(maybe_twice=True), "uncertain", 0, 1, True),
        (Verdict.UNANSWERED, make_claim(expires_at=NOW + MINUTE), "uncertain", 0, 1, False),
        (Verdict.UNHEARD, make_claim(), "pending", 0, 1, True),
        (Verdict.UNHEARD, make_claim(REMINDER), "uncertain", 0, 1, False),
        (Verdict.UNHEARD, make_claim(maybe_twice=True), "uncertain", 0, 1, True),
        (Verdict.UNFINISHED, make_claim(), "pending", 0, 1, True),
        (Verdict.UNFINISHED, make_claim(REMINDER), "pending", 0, 1, True),
        (Verdict.BEGUN, make_claim(), "pending", 0, 1, False),
        (Verdict.UNTOUCHED, make_claim(), "pending", 0, 0, False),
        (Verdict.SUPPRESSED, make_claim(), "suppressed", 0, 1, False),
        (Verdict.PACED, make_claim(), "pending", 60, 0, False),
        (Verdict.RELAY_DOWN, make_claim(), "pending", 15, 0, False),
        (Verdict.GIVEN_BACK, make_claim(), "pending", 0, 0, False),
        (Verdict.GIVEN_BACK, make_claim(maybe_twice=True), "pending", 0, 0, True),
    ],
)
def test_what_follows_from_an_attempt(verdict, claim, state, wait, attempts, maybe_twice):
    change = outcomes.settle(Outcome(claim, verdict, again_at=NOW + MINUTE), now=NOW, jitter=0)

    assert change.state is DeliveryState(state)
    assert change.not_before == NOW + timedelta(seconds=wait)
    assert (change.attempts, change.maybe_twice) == (attempts, maybe_twice)
    assert change.waits_for is (WAITS.get(verdict) if state == "pending" else None)
    assert change.losses == (1 if verdict in outcomes.DIED else 0)


@pytest.mark.parametrize(("maybe_twice", "state"), [(False, "expired"), (True, "uncertain")])
def test_of_what_may_have_left_nobody_says_that_it_was_too_late(maybe_twice, state):
    claim = make_claim(expires_at=NOW + MINUTE, maybe_twice=maybe_twice)
    change = outcomes.settle(Outcome(claim, Verdict.DEFERRED), now=NOW, jitter=0)

    assert change.state is DeliveryState(state)


@pytest.mark.parametrize(
    ("verdict", "claim", "state", "reply"),
    [
        (Verdict.BEGUN, make_claim(losses=3), "pending", None),
        (Verdict.BEGUN, make_claim(losses=4), "failed", "poison"),
        (Verdict.BEGUN, make_claim(losses=4, maybe_twice=True), "uncertain", "poison"),
        (Verdict.UNFINISHED, make_claim(losses=4), "uncertain", "poison"),
        (Verdict.UNHEARD, make_claim(losses=4), "uncertain", "poison"),
        (Verdict.UNTOUCHED, make_claim(losses=4), "pending", None),
        (Verdict.DEFERRED, make_claim(losses=4), "pending", None),
        (Verdict.GIVEN_BACK, make_claim(losses=4), "pending", None),
    ],
)
def test_what_every_worker_dies_of_is_given_up(verdict, claim, state, reply):
    change = outcomes.settle(Outcome(claim, verdict), now=NOW, jitter=0)

    assert (change.state, change.reply) == (state, reply)
    assert change.losses == claim.losses + (verdict in outcomes.DIED)


@pytest.mark.parametrize(
    ("claim", "state"),
    [
        pytest.param(make_claim(due_at=NOW - 47 * HOUR), "pending", id="within 48 hours"),
        pytest.param(
            make_claim(due_at=NOW - 48 * HOUR, attempts=6), "failed", id="48 hours after it was due"
        ),
        pytest.param(
            make_claim(due_at=NOW - 72 * HOUR, attempts=5), "pending", id="first tried after days"
        ),
        pytest.param(make_claim(expires_at=NOW + 6 * MINUTE), "pending", id="still in time"),
        pytest.param(make_claim(expires_at=NOW + 5 * MINUTE), "expired", id="too late next time"),
        pytest.param(
            make_claim(LINK, due_at=NOW - 72 * HOUR, expires_at=ENDS),
            "pending",
            id="a link, until the event ends",
        ),
        pytest.param(make_claim(LINK, expires_at=NOW + MINUTE / 4), "expired", id="a late link"),
    ],
)
def test_a_deferred_mail_is_tried_again_as_long_as_it_makes_sense(claim, state):
    change = outcomes.settle(Outcome(claim, Verdict.DEFERRED, "451 later"), now=NOW, jitter=0)

    assert change.state == state


@pytest.mark.parametrize(
    ("template", "attempts", "seconds"),
    [
        (CONFIRMATION, 1, 300),
        (CONFIRMATION, 2, 600),
        (CONFIRMATION, 5, 4800),
        (CONFIRMATION, 6, 7200),
        (CONFIRMATION, 400, 7200),
        (LINK, 1, 20),
        (LINK, 4, 160),
        (LINK, 5, 300),
        (LINK, 400, 300),
    ],
)
def test_waiting_doubles_up_to_a_limit(template, attempts, seconds):
    assert outcomes.find_wait(template, attempts, 0) == timedelta(seconds=seconds)
    assert outcomes.find_wait(template, attempts, 1) == timedelta(seconds=seconds * 1.5)


def make_facts(template=CONFIRMATION, **values):
    defaults = {
        "template": template,
        "ordinal": None,
        "registration_id": 1,
        "status": RegistrationStatus.CONFIRMED,
        "erased_at": None,
        "expires_at": ENDS,
        "event_status": EventStatus.PUBLISHED,
        "event_cancelled_at": None,
        "event_postponed_at": None,
        "room_url": None,
        "mailing_state": None,
        "is_superseded": False,
        "suppression": None,
    }
    return Facts(**defaults | values)


WAITING = RegistrationStatus.WAITING
CANCELLED = RegistrationStatus.CANCELLED
CANCELLATION = MailName.REGISTRATION_CANCELLED
OWN_LINK = MailName.OWN_LINK
ROOM_MISSING = MailName.ROOM_MISSING
TO_ORGANISER = {"registration_id": None, "status": None}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param(make_facts(), None, id="all is well"),
        pytest.param(make_facts(expires_at=None), None, id="never too late"),
        pytest.param(make_facts(expires_at=NOW), "too-late", id="too late"),
        pytest.param(make_facts(expires_at=NOW + MINUTE), None, id="just in time"),
        pytest.param(make_facts(status=CANCELLED), "registration-cancelled", id="given up"),
        pytest.param(make_facts(status=WAITING), "registration-waiting", id="back in the line"),
        pytest.param(
            make_facts(MailName.WAITING_LIST), "registration-confirmed", id="no longer waiting"
        ),
        pytest.param(make_facts(MailName.WAITING_LIST, status=WAITING), None, id="waiting"),
        pytest.param(make_facts(CANCELLATION, status=CANCELLED), None, id="cancellation"),
        pytest.param(make_facts(CANCELLATION), "registration-confirmed", id="back again"),
        pytest.param(make_facts(CANCELLATION, ordinal=2), None, id="a day taken out"),
        pytest.param(make_facts(OWN_LINK, status=WAITING), None, id="own link, whatever status"),
        pytest.param(make_facts(erased_at=NOW), "erased", id="erased"),
        pytest.param(make_facts(event_status=DRAFT), "event-draft", id="a draft again"),
        pytest.param(make_facts(event_status=EventStatus.ANNOUNCED), None, id="announced again"),
        pytest.param(make_facts(event_cancelled_at=NOW), "event-cancelled", id="event cancelled"),
        pytest.param(
            make_facts(CANCELLATION, status=CANCELLED, event_cancelled_at=NOW),
            None,
            id="cancellation of a cancelled event",
        ),
        pytest.param(
            make_facts(LINK, mailing_state=MailingState.CANCELLED),
            "mailing-cancelled",
            id="mailing cancelled",
        ),
        pytest.param(
            make_facts(LINK, event_postponed_at=NOW), "event-postponed", id="link without a date"
        ),
        pytest.param(
            make_facts(event_postponed_at=NOW), None, id="confirmation of what is postponed"
        ),
        pytest.param(
            make_facts(MailName.EVENT_POSTPONED, event_postponed_at=NOW), None, id="postponed"
        ),
        pytest.param(
            make_facts(MailName.EVENT_MOVED, is_superseded=True), "superseded", id="moved again"
        ),
        pytest.param(make_facts(ROOM_MISSING, **TO_ORGANISER), None, id="alarm"),
        pytest.param(
            make_facts(ROOM_MISSING, **TO_ORGANISER, event_postponed_at=NOW),
            "event-postponed",
            id="alarm without a date",
        ),
        pytest.param(
            make_facts(ROOM_MISSING, **TO_ORGANISER, room_url="https://salle.example.org"),
            "room-there",
            id="alarm that came to nothing",
        ),
        pytest.param(
            make_facts(LINK, **TO_ORGANISER, event_status=DRAFT), None, id="a test of a draft"
        ),
        pytest.param(
            make_facts(LINK, **TO_ORGANISER, event_cancelled_at=NOW),
            None,
            id="a test of a cancelled event",
        ),
    ],
)
def test_a_mail_is_not_sent_that_makes_no_sense_any_more(facts, reason):
    obstacle = outcomes.find_obstacle(facts, NOW)

    assert (obstacle and obstacle.reason) == reason
    if obstacle:
        assert obstacle.verdict is (Verdict.TOO_LATE if reason == "too-late" else Verdict.POINTLESS)


def test_a_paused_mailing_keeps_its_mails_for_later():
    obstacle = outcomes.find_obstacle(make_facts(LINK, mailing_state=MailingState.PAUSED), NOW)

    assert obstacle.verdict is Verdict.GIVEN_BACK


def test_an_address_that_is_not_written_to_gets_nothing():
    facts = make_facts(REMINDER, suppression=SuppressionReason.UNSUBSCRIBED)

    assert outcomes.find_obstacle(facts, NOW) == (Verdict.SUPPRESSED, "unsubscribed")


def test_every_mail_to_a_person_says_which_status_it_is_about_or_that_none_matters():
    # A message says to whom it goes by itself.
    whatever_it_is = {OWN_LINK, MailName.MESSAGE} | TO_ORGANISERS | ABOUT_ACCOUNTS
    whatever_it_is |= ABOUT_INVITATIONS

    assert set(outcomes.STATUSES) | outcomes.OF_THE_LIVE | whatever_it_is == set(MailName)
    assert not set(outcomes.STATUSES) & outcomes.OF_THE_LIVE


@pytest.mark.parametrize("template", sorted(outcomes.OF_THE_LIVE))
@pytest.mark.parametrize("status", RegistrationStatus)
def test_who_has_a_place_or_may_get_one_is_told_of_a_change(template, status):
    obstacle = outcomes.find_obstacle(make_facts(template, status=status), NOW)

    goes = status in LIVE
    assert (obstacle is None) is goes
    assert goes or obstacle.reason == f"registration-{status}"
