import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from tests.domain.sending import add, get
from tests.factories import NOW, make_event
from webinars import measures, pacing
from webinars.measures import PAUSED, TIME, WORKER, Sending, Untaken, Waiting
from webinars.models import (
    DeliveryState,
    EventStatus,
    Failure,
    Lane,
    Mailing,
    MailingState,
    MailName,
    Suppression,
    SuppressionReason,
    Wait,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
RELAY = "smtp://relay.example.org:25"
STATES = {
    "a": (DeliveryState.ACCEPTED, None),
    "b": (DeliveryState.ACCEPTED, None),
    "c": (DeliveryState.DELIVERED, None),
    "d": (DeliveryState.FAILED, Failure.ADDRESS),
    "e": (DeliveryState.UNCERTAIN, None),
    "f": (DeliveryState.EXPIRED, None),
}


@pytest.fixture
def webinar(tx):
    return make_event(tx)


def make_mailing(
    tx, webinar, state, *, due=NOW, reason=None, template=MailName.REMINDER, **columns
):
    values = {"due_at": due, "expires_at": webinar.starts_at, "rule": f"{due:%d %H:%M}"} | columns
    mailing = Mailing(event_id=webinar.id, template=template, state=state, reason=reason, **values)
    tx.add(mailing)
    tx.flush()
    return mailing


def change(tx, name, **columns):
    """Change a delivery as a worker would have."""
    row = get(tx, name)
    for column, value in columns.items():
        setattr(row, column, value)
    tx.flush()


def list_waiting(tx, now=NOW):
    return sorted(measures.list_waiting(tx, now=now))


def test_what_waits_is_told_apart_by_what_it_waits_for(tx, webinar):
    paused = make_mailing(tx, webinar, MailingState.PAUSED)
    for name, lane in (("a", Lane.BULK), ("b", Lane.BULK), ("c", Lane.PROMPT), ("d", Lane.PROMPT)):
        add(tx, webinar, name, lane=lane, now=NOW - HOUR)
    add(tx, webinar, "e", mailing_id=paused.id, lane=Lane.BULK)
    add(tx, webinar, "f", due_at=NOW + HOUR)
    change(tx, "b", due_at=NOW - 2 * HOUR, not_before=NOW - MINUTE)
    change(tx, "d", waits_for=Wait.RELAY, not_before=NOW + MINUTE)

    assert list_waiting(tx) == [
        Waiting(Lane.BULK, PAUSED, 1, NOW, NOW),
        Waiting(Lane.BULK, WORKER, 2, NOW - 2 * HOUR, NOW - HOUR),
        Waiting(Lane.PROMPT, Wait.RELAY, 1, NOW - HOUR, NOW + MINUTE),
        Waiting(Lane.PROMPT, TIME, 1, NOW + HOUR, NOW + HOUR),
        Waiting(Lane.PROMPT, WORKER, 1, NOW - HOUR, NOW - HOUR),
    ]


def test_what_workers_have_in_hand_is_told_from_what_they_were_never_heard_of_with(tx, webinar):
    for name, until in (("a", NOW + MINUTE), ("b", NOW), ("c", NOW - MINUTE)):
        add(tx, webinar, name)
        change(tx, name, state=DeliveryState.SENDING, lease_until=until)

    assert measures.list_sending(tx, now=NOW) == [Sending(Lane.PROMPT, 3, 2)]


def test_every_mail_is_counted_once(tx, webinar):
    for name, (state, failure) in STATES.items():
        add(tx, webinar, name)
        change(tx, name, state=state, failure=failure)
    add(tx, webinar, "g")
    change(tx, "e", maybe_twice=True)

    seen = measures.measure(tx, (RELAY,), {}, now=NOW)

    assert (seen.total, seen.taken) == (7, 3)
    assert sorted(seen.untaken) == [
        Untaken(Lane.PROMPT, DeliveryState.EXPIRED, None, 1),
        Untaken(Lane.PROMPT, DeliveryState.FAILED, Failure.ADDRESS, 1),
        Untaken(Lane.PROMPT, DeliveryState.UNCERTAIN, None, 1),
    ]
    assert seen.maybe_twice == {Lane.PROMPT: 1}


def test_without_a_mail_there_is_nothing_to_measure(tx):
    seen = measures.measure(tx, (RELAY,), {}, now=NOW)

    assert (seen.total, seen.taken, seen.timer_late) == (0, 0, timedelta())
    assert (seen.waiting, seen.sending, seen.untaken) == ([], [], [])
    assert [one.relay for one in seen.relays] == [RELAY]


def test_mailings_are_counted_by_state_and_those_that_came_too_late_apart(tx, webinar):
    make_mailing(tx, webinar, MailingState.DONE)
    make_mailing(tx, webinar, MailingState.CANCELLED, due=NOW - HOUR, reason="too-late")
    make_mailing(tx, webinar, MailingState.CANCELLED, due=NOW - 2 * HOUR, reason="event-cancelled")

    assert measures.count_mailings(tx) == {MailingState.DONE: 1, MailingState.CANCELLED: 2}
    assert measures.count_too_late(tx) == 1


@pytest.mark.parametrize(
    ("state", "due", "expires", "late"),
    [
        (MailingState.PLANNED, NOW - HOUR, NOW + HOUR, HOUR),
        (MailingState.PLANNED, NOW, NOW + HOUR, timedelta()),
        (MailingState.PLANNED, NOW + HOUR, NOW + 2 * HOUR, timedelta()),
        (MailingState.PLANNED, NOW - 2 * HOUR, NOW - HOUR, HOUR),
        (MailingState.HELD, NOW - HOUR, NOW + HOUR, timedelta()),
        (MailingState.HELD, NOW - 2 * HOUR, NOW - HOUR, HOUR),
        (MailingState.SENDING, NOW - HOUR, NOW + HOUR, timedelta()),
        (MailingState.PAUSED, NOW - HOUR, NOW + HOUR, timedelta()),
        (MailingState.CANCELLED, NOW - 2 * HOUR, NOW - HOUR, timedelta()),
    ],
)
def test_the_timer_is_late_with_what_should_have_begun_or_ended(
    tx, webinar, state, due, expires, late
):
    make_mailing(tx, webinar, state, due=due, expires_at=expires)

    assert measures.find_lateness(tx, now=NOW) == late


@pytest.mark.parametrize(
    "columns", [{"status": EventStatus.DRAFT}, {"postponed_at": NOW}], ids=["draft", "postponed"]
)
def test_nothing_has_to_begin_for_an_event_that_is_not_to_be(tx, webinar, columns):
    make_mailing(tx, webinar, MailingState.PLANNED, due=NOW - HOUR)
    for column, value in columns.items():
        setattr(webinar, column, value)
    tx.flush()

    assert measures.find_lateness(tx, now=NOW) == timedelta()


def test_the_timer_is_late_with_leases_that_ran_out(tx, webinar):
    add(tx, webinar, "a")
    change(tx, "a", state=DeliveryState.SENDING, lease_until=NOW - 3 * MINUTE)

    assert measures.find_lateness(tx, now=NOW) == 3 * MINUTE


def test_relays_rates_and_addresses_not_written_to_are_measured_too(tx, webinar):
    pacing.trip(tx, RELAY, "421 full", now=NOW)
    for key, until in (("a", None), ("b", NOW + HOUR), ("c", NOW)):
        tx.add(
            Suppression(
                email_key=f"{key}@example.org",
                scope="all",
                reason=SuppressionReason.MAILBOX,
                created_at=NOW,
                expires_at=until,
            )
        )
    tx.flush()

    seen = measures.measure(tx, (RELAY,), {f"relay:{RELAY}": 600.0}, now=NOW)

    assert [(one.relay, one.failures) for one in seen.relays] == [(RELAY, 1)]
    assert [(one.key, one.per_minute) for one in seen.rates] == [(f"relay:{RELAY}", 600)]
    assert seen.suppressions == {SuppressionReason.MAILBOX: 2}


@pytest.mark.parametrize(
    "measure",
    [
        measures.list_waiting,
        measures.list_sending,
        measures.find_lateness,
        lambda tx, now: measures.list_untaken(tx),
        lambda tx, now: measures.count_maybe_twice(tx),
    ],
    ids=["waiting", "sending", "late", "untaken", "maybe twice"],
)
def test_what_is_not_usual_is_found_by_an_index_however_many_there_have_been(database, measure):
    said = []

    def note(_connection, _cursor, statement, parameters, *_):
        said.append((statement, parameters))

    with database.reading() as tx:
        event.listen(database.engine, "before_cursor_execute", note)
        measure(tx, now=NOW)
        event.remove(database.engine, "before_cursor_execute", note)
        asked = [(f"EXPLAIN QUERY PLAN {one}", given) for one, given in said if "deliveries" in one]
        plans = [tx.connection().exec_driver_sql(*one).all() for one in asked]

    assert plans
    for plan in plans:
        [step] = [row.detail for row in plan if "deliveries" in row.detail]
        assert re.search("USING (COVERING )?INDEX ix_deliveries", step)
