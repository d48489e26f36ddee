"""What a report makes of a delivery: once, whoever reads it again, and nothing of the erased."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from tests.domain.sending import add, get
from tests.factories import NOW, make_event, make_registration
from webinars import bounces, retention, suppressions
from webinars.bounces import MOST_REPORTS, Recorded, find_cause, find_state
from webinars.mail.reports import Finding, Report, Told
from webinars.models import (
    Bounce,
    Delivery,
    DeliveryState,
    Failure,
    Registration,
    SuppressionReason,
)

SAMIRA = "samira@example.org"
HOUR = timedelta(hours=1)
UNKNOWN = Finding(Told.FAILED, Failure.ADDRESS, "550 5.1.1 no such user", SAMIRA)
FULL = Finding(Told.FAILED, Failure.MAILBOX, "552 5.2.2 full", SAMIRA)
LATE = Finding(Told.DELAYED, Failure.MAILBOX, "452 4.2.2 full for now", SAMIRA)
BLOCKED = Finding(Told.FAILED, Failure.POLICY, "554 5.7.1 blocked", SAMIRA)
ARRIVED = Finding(Told.DELIVERED, None, "", SAMIRA)
UNWANTED = Finding(Told.COMPLAINT, Failure.COMPLAINT, "complaint: abuse", SAMIRA)

(
    PENDING,
    SENDING,
    ACCEPTED,
    DELIVERED,
    BOUNCED,
    FAILED,
    UNCERTAIN,
    EXPIRED,
    SUPPRESSED,
    CANCELLED,
) = DeliveryState
STATES = {
    #           failed     delayed  delivered  complaint
    PENDING: (BOUNCED, None, DELIVERED, DELIVERED),
    SENDING: (BOUNCED, None, DELIVERED, DELIVERED),
    UNCERTAIN: (BOUNCED, None, DELIVERED, DELIVERED),
    ACCEPTED: (BOUNCED, None, DELIVERED, DELIVERED),
    DELIVERED: (BOUNCED, None, None, DELIVERED),
    BOUNCED: (None, None, None, None),
    FAILED: (None, None, None, None),
    EXPIRED: (None, None, None, None),
    SUPPRESSED: (None, None, None, None),
    CANCELLED: (None, None, None, None),
}
"""What a delivery's state becomes by each word of a report; `None`: it stays."""


def send(tx, name="samira", state=ACCEPTED, **values):
    """Add a delivery as it is when a report on it comes."""
    event = make_event(tx, slug=f"event-of-{name}")
    add(tx, event, name)
    accepted_at = NOW if state in {ACCEPTED, DELIVERED} else None
    tx.execute(
        update(Delivery)
        .where(Delivery.intent == f"test of {name}")
        .values(state=state, accepted_at=accepted_at, **values)
    )
    return get(tx, name).id


def report(tx, delivery_id, finding=UNKNOWN, now=NOW + HOUR):
    return bounces.record(tx, Report(delivery_id, finding), now=now)


def count(tx):
    return tx.scalar(select(func.count()).select_from(Bounce))


def list_reasons(tx, now=NOW + HOUR):
    return [block.reason for block in suppressions.list_blocks(tx, [SAMIRA], now=now)[SAMIRA]]


@pytest.mark.parametrize("state", STATES, ids=str)
def test_what_becomes_of_a_delivery_by_what_is_reported(state):
    assert tuple(find_state(state, told) for told in Told) == STATES[state]


def test_every_state_and_every_word_has_its_cell():
    assert set(STATES) == set(DeliveryState)
    assert list(Told) == [Told.FAILED, Told.DELAYED, Told.DELIVERED, Told.COMPLAINT]


@pytest.mark.parametrize(
    ("failure", "recipient", "cause"),
    [
        (Failure.ADDRESS, SAMIRA, Failure.ADDRESS),
        (Failure.ADDRESS, "", Failure.ADDRESS),
        (Failure.ADDRESS, "her-other-mailbox@example.org", Failure.MAILBOX),
        (Failure.POLICY, "her-other-mailbox@example.org", Failure.POLICY),
        (Failure.COMPLAINT, "redacted@example.org", Failure.COMPLAINT),
        (None, SAMIRA, Failure.OTHER),
    ],
)
def test_an_address_is_not_blamed_for_the_one_its_mails_are_sent_on_to(failure, recipient, cause):
    assert find_cause(Finding(Told.FAILED, failure, "550", recipient), SAMIRA) is cause


def test_a_final_failure_makes_a_mail_bounced_and_says_why(tx):
    delivery_id = send(tx)

    assert report(tx, delivery_id) is Recorded.FAILED

    delivery = get(tx, "samira")
    assert delivery.state is BOUNCED
    assert delivery.failure is Failure.ADDRESS
    assert delivery.reply == "550 5.1.1 no such user"
    assert delivery.accepted_at == NOW
    noted = tx.scalars(select(Bounce)).one()
    assert (noted.email_key, noted.failure, noted.is_final) == (SAMIRA, Failure.ADDRESS, True)
    assert noted.reported_at == NOW + HOUR
    assert list_reasons(tx) == [SuppressionReason.ADDRESS]


@pytest.mark.parametrize("finding", [UNKNOWN, FULL, LATE, BLOCKED, UNWANTED], ids=str)
def test_the_same_report_twice_is_one(tx, finding):
    delivery_id = send(tx)
    report(tx, delivery_id, finding)
    before = get(tx, "samira").state, get(tx, "samira").reply, list_reasons(tx)

    assert report(tx, delivery_id, finding, now=NOW + 2 * HOUR) is Recorded.REPEATED
    assert count(tx) == 1
    assert (get(tx, "samira").state, get(tx, "samira").reply, list_reasons(tx)) == before


def test_a_delay_leaves_its_words_and_the_state_as_it_is(tx):
    delivery_id = send(tx)

    assert report(tx, delivery_id, LATE) is Recorded.DELAYED

    delivery = get(tx, "samira")
    assert (delivery.state, delivery.reply) == (ACCEPTED, "452 4.2.2 full for now")
    assert delivery.failure is None
    assert tx.scalars(select(Bounce.is_final)).all() == [False]
    assert list_reasons(tx) == []


def test_a_delay_and_the_end_of_it_are_one_mail_that_did_not_arrive(tx):
    for name in ("first", "second"):
        delivery_id = send(tx, name, email_key=SAMIRA)
        report(tx, delivery_id, LATE)
        report(tx, delivery_id, FULL)
    assert list_reasons(tx) == []

    report(tx, send(tx, "third", email_key=SAMIRA), FULL)
    assert list_reasons(tx) == [SuppressionReason.MAILBOX]


def test_what_a_server_thinks_of_the_sender_is_not_held_against_the_address(tx):
    delivery_id = send(tx)
    report(tx, delivery_id, BLOCKED)

    assert get(tx, "samira").state is BOUNCED
    assert list_reasons(tx) == []


def test_a_dead_mailbox_behind_the_address_counts_only_by_its_number(tx):
    finding = UNKNOWN._replace(recipient="elsewhere@example.org")
    for number, name in enumerate(("first", "second", "third"), 1):
        report(tx, send(tx, name, email_key=SAMIRA), finding)
        assert bool(list_reasons(tx)) is (number == 3)

    assert get(tx, "first").failure is Failure.ADDRESS, "what was said is shown as it was said"


def test_who_calls_a_mail_unwanted_has_it_and_is_sent_no_more_of_the_kind(tx):
    delivery_id = send(tx)

    assert report(tx, delivery_id, UNWANTED) is Recorded.COMPLAINT

    delivery = get(tx, "samira")
    assert (delivery.state, delivery.failure) == (DELIVERED, Failure.COMPLAINT)
    assert list_reasons(tx) == [SuppressionReason.COMPLAINT]


def test_a_mail_that_is_said_to_have_arrived_has_arrived_and_nothing_is_noted(tx):
    delivery_id = send(tx)

    assert report(tx, delivery_id, ARRIVED) is Recorded.DELIVERED
    assert report(tx, delivery_id, ARRIVED) is Recorded.REPEATED
    assert get(tx, "samira").state is DELIVERED
    assert get(tx, "samira").accepted_at == NOW
    assert count(tx) == 0


def test_what_was_about_to_be_sent_again_is_not_once_the_first_is_known_to_have_left(tx):
    delivery_id = send(tx, state=SENDING, lease_owner="w", lease_until=NOW, lease_epoch=3)

    report(tx, delivery_id, ARRIVED)

    delivery = get(tx, "samira")
    assert (delivery.state, delivery.lease_owner, delivery.lease_until) == (DELIVERED, None, None)
    assert delivery.accepted_at == NOW + HOUR
    assert delivery.lease_epoch == 3


def test_a_mail_that_was_given_up_stays_so_and_the_address_is_learnt_of(tx):
    delivery_id = send(tx, state=CANCELLED, reply="event-cancelled")

    assert report(tx, delivery_id) is Recorded.FAILED
    assert (get(tx, "samira").state, get(tx, "samira").reply) == (CANCELLED, "event-cancelled")
    assert list_reasons(tx) == [SuppressionReason.ADDRESS]


def test_a_delivery_that_is_not_there_is_nothing_to_stumble_over(tx):
    assert report(tx, 4_000_000) is Recorded.UNKNOWN
    assert count(tx) == 0


def test_nobody_fills_the_table_with_reports_on_one_mail(tx):
    delivery_id = send(tx)
    recorded = [
        report(tx, delivery_id, UNKNOWN._replace(said=f"550 number {number}"))
        for number in range(MOST_REPORTS + 5)
    ]

    assert recorded == [Recorded.FAILED] * MOST_REPORTS + [Recorded.REPEATED] * 5
    assert count(tx) == MOST_REPORTS


@pytest.mark.parametrize("finding", [UNKNOWN, LATE, UNWANTED, ARRIVED], ids=str)
def test_nothing_personal_comes_back_to_who_was_erased(tx, finding):
    event = make_event(tx)
    registration = make_registration(tx, event, email=SAMIRA)
    add(tx, event, "samira", registration_id=registration.id)
    tx.execute(update(Delivery).values(state=ACCEPTED, accepted_at=NOW))
    retention.anonymise(tx, Registration.id == registration.id, now=NOW)

    report(tx, get(tx, "samira").id, finding)

    delivery = get(tx, "samira")
    assert (delivery.email, delivery.email_key, delivery.reply) == ("", "", None)
    kept = tx.execute(select(Bounce.email_key, Bounce.said)).all()
    assert kept in ([], [("", "")])
    assert list_reasons(tx) == []


def test_two_readers_of_one_report_at_once_write_it_down_once(any_database):
    with any_database.transaction() as tx:
        delivery_id = send(tx)
    recorded = []
    together = threading.Barrier(4)

    def read():
        together.wait()
        with any_database.transaction() as tx:
            recorded.append(report(tx, delivery_id))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()

    assert sorted(recorded) == [Recorded.FAILED] + [Recorded.REPEATED] * 3
    with any_database.reading() as tx:
        assert count(tx) == 1
