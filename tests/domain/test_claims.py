import threading
from datetime import timedelta

import pytest

from tests.domain.sending import add, get, list_all, make_remains
from tests.factories import NOW, make_event, make_registration
from webinars import claims, deliveries
from webinars.claims import LEASE
from webinars.mail.journal import Mark
from webinars.models import (
    DeliveryState,
    Lane,
    Language,
    Mailing,
    MailingState,
    MailName,
    RegistrationStatus,
)
from webinars.outcomes import Outcome, Verdict

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def claim(tx, *, owner="worker", now=NOW, lane=Lane.PROMPT, limit=100):
    return claims.claim(tx, lane, owner=owner, now=now, limit=limit)


def record(tx, *outcomes, now=NOW):
    claims.record(tx, [Outcome(*one) for one in outcomes], now=now)


def add_some(tx, *names, **values):
    event = make_event(tx)
    for name in names:
        add(tx, event, name, **values)
    return event


def test_a_claim_takes_what_has_been_due_for_longest(any_database):
    with any_database.transaction() as tx:
        event = add_some(tx, "second")
        add(tx, event, "first", due_at=NOW - MINUTE)
        add(tx, event, "later", due_at=NOW + MINUTE)
        add(tx, event, "bulk", lane=Lane.BULK)

        taken = claim(tx, limit=5)

        assert [one.delivery_id for one in taken] == [get(tx, "first").id, get(tx, "second").id]
        assert {(one.epoch, one.attempts) for one in taken} == {(1, 1)}
        row = get(tx, "first")
        assert (row.state, row.lease_owner) == (DeliveryState.SENDING, "worker")
        assert row.lease_until == NOW + LEASE
        assert claim(tx) == []
        assert claims.has_due(tx, Lane.BULK, now=NOW)
        assert not claims.has_due(tx, Lane.PROMPT, now=NOW)


def add_mailing(tx, event, state, rule="day 08:00"):
    mailing = Mailing(
        event_id=event.id,
        template=MailName.REMINDER,
        rule=rule,
        expires_at=event.ends_at,
        state=state,
    )
    tx.add(mailing)
    tx.flush()
    return mailing.id


@pytest.mark.parametrize(
    ("others", "is_due"),
    [
        ({}, False),
        ({"loose": {}}, True),
        ({"of-another": {"mailing_id": 2}}, True),
        ({"of-the-same": {"mailing_id": 1}}, False),
        ({"later": {"due_at": NOW + SECOND}, "of-another": {"due_at": NOW + SECOND}}, False),
        ({"elsewhere": {"lane": Lane.BULK, "mailing_id": 2}}, False),
    ],
    ids=["nothing", "loose", "of another", "of the same", "later", "elsewhere"],
)
def test_what_is_due_behind_a_paused_mailing_is_found_and_nothing_of_that_one(
    any_database, others, is_due
):
    with any_database.transaction() as tx:
        event = make_event(tx)
        states = {1: MailingState.PAUSED, 2: MailingState.SENDING}
        ids = {one: add_mailing(tx, event, state, f"{one}") for one, state in states.items()}
        add(tx, event, "paused", mailing_id=ids[1], due_at=NOW - MINUTE)
        for name, values in others.items():
            add(tx, event, name, **values | {"mailing_id": ids.get(values.get("mailing_id"))})

        assert claims.has_due(tx, Lane.PROMPT, now=NOW) is is_due
        taken = [one.delivery_id for one in claim(tx)]
        assert taken == ([get(tx, name).id for name in others] if is_due else [])


def test_many_workers_share_the_work_and_none_is_done_twice(any_database):
    with any_database.transaction() as tx:
        add_some(tx, *(f"{number}" for number in range(200)))
    taken = []

    def work(number):
        while True:
            with any_database.transaction() as tx:
                batch = claim(tx, owner=f"worker {number}", limit=7)
            if not batch:
                return
            taken.extend(one.delivery_id for one in batch)
            with any_database.transaction() as tx:
                record(tx, *((one, Verdict.ACCEPTED, "250") for one in batch))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == len(set(taken)) == 200
    with any_database.reading() as tx:
        assert {one.state for one in list_all(tx)} == {DeliveryState.ACCEPTED}


def test_outcomes_are_written_down_with_the_relays_word(any_database):
    with any_database.transaction() as tx:
        add_some(tx, "a", "b", "c", "d")
        a, b, c, d = claim(tx)

        record(
            tx,
            (a, Verdict.ACCEPTED, "250 taken"),
            (b, Verdict.REFUSED, "550 unknown"),
            (c, Verdict.DEFERRED, "451 later"),
            (d, Verdict.GIVEN_BACK),
            now=NOW + SECOND,
        )

        first = get(tx, "a")
        assert (first.state, first.accepted_at, first.reply) == (
            DeliveryState.ACCEPTED,
            NOW + SECOND,
            "250 taken",
        )
        assert (get(tx, "b").state, get(tx, "b").reply) == (DeliveryState.FAILED, "550 unknown")
        third = get(tx, "c")
        assert (third.state, third.attempts, third.reply) == (
            DeliveryState.PENDING,
            1,
            "451 later",
        )
        assert 5 * MINUTE <= third.not_before - NOW - SECOND <= 7.5 * MINUTE
        fourth = get(tx, "d")
        assert (fourth.state, fourth.attempts) == (DeliveryState.PENDING, 0)
        assert {one.lease_owner for one in list_all(tx)} == {None}


def test_a_worker_that_lost_its_lease_cannot_record_over_its_successor(any_database):
    with any_database.transaction() as tx:
        add_some(tx, "a")
        [stale] = claim(tx, owner="stalled")
        assert claims.free_expired_leases(tx, now=NOW + LEASE) == 1
        [fresh] = claim(tx, owner="successor", now=NOW + LEASE)

        record(tx, (stale, Verdict.REFUSED, "550 of the stalled"))

        row = get(tx, "a")
        assert (row.state, row.lease_owner) == (DeliveryState.SENDING, "successor")
        assert row.maybe_twice

        record(tx, (fresh, Verdict.DEFERRED, "451 later"))
        assert get(tx, "a").reply == "451 later"


def test_an_acceptance_counts_whoever_brings_it(any_database):
    with any_database.transaction() as tx:
        add_some(tx, "a", "b")
        stale, other = claim(tx, owner="stalled")
        claims.free_expired_leases(tx, now=NOW + LEASE)
        record(tx, (other, Verdict.ACCEPTED, "250 late word"))
        assert get(tx, "b").state is DeliveryState.ACCEPTED

        [fresh] = claim(tx, owner="successor", now=NOW + LEASE)
        record(tx, (stale, Verdict.ACCEPTED, "250 first"))
        record(tx, (fresh, Verdict.REFUSED, "550 no"))

        row = get(tx, "a")
        assert (row.state, row.reply) == (DeliveryState.ACCEPTED, "250 first")
        assert row.maybe_twice


def test_two_acceptances_under_two_claims_are_a_double_that_is_seen(database):
    with database.transaction() as tx:
        add_some(tx, "a")
        [stale] = claim(tx)
        get(tx, "a").state = DeliveryState.PENDING  # without a word about doubles
        tx.flush()
        [fresh] = claim(tx)
        record(tx, (fresh, Verdict.ACCEPTED, "250 second"))
        assert not get(tx, "a").maybe_twice

        record(tx, (stale, Verdict.ACCEPTED, "250 first"))

        assert get(tx, "a").maybe_twice


def test_no_word_of_the_relays_brings_an_erased_address_back(any_database):
    with any_database.transaction() as tx:
        add_some(tx, "a")
        [one] = claim(tx)
        row = get(tx, "a")
        row.state, row.email, row.email_key = DeliveryState.CANCELLED, "", ""
        tx.flush()

        record(tx, (one, Verdict.ACCEPTED, "250 <a@example.org> taken"))

        assert (get(tx, "a").state, get(tx, "a").reply) == (DeliveryState.ACCEPTED, None)


def test_a_lease_is_renewed_as_long_as_it_lasts(any_database):
    with any_database.transaction() as tx:
        add_some(tx, "a")
        claim(tx)

        assert claims.renew(tx, "worker", now=NOW + MINUTE)
        assert get(tx, "a").lease_until == NOW + MINUTE + LEASE
        assert not claims.renew(tx, "another", now=NOW + MINUTE)
        assert not claims.renew(tx, "worker", now=NOW + MINUTE + LEASE)
        assert claims.free_expired_leases(tx, now=NOW + LEASE) == 0


def test_a_last_look_finds_what_makes_no_sense_any_more(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        registration = make_registration(tx, event)
        of_hers = {"registration_id": registration.id, "template": MailName.CONFIRMATION}
        add(tx, event, "fine", **of_hers)
        add(tx, event, "late", expires_at=NOW, **of_hers)
        add(tx, event, "waiting", **of_hers | {"template": MailName.WAITING_LIST})
        batch = claim(tx)

        dropped = claims.check(tx, batch, owner="worker", now=NOW)

        assert {(one.verdict, one.reply) for one in dropped.values()} == {
            (Verdict.TOO_LATE, "too-late"),
            (Verdict.POINTLESS, "registration-confirmed"),
        }
        registration.status = RegistrationStatus.CANCELLED
        tx.flush()
        assert len(claims.check(tx, batch, owner="worker", now=NOW)) == 3
        claims.record(tx, claims.check(tx, batch, owner="worker", now=NOW).values(), now=NOW)
        assert {one.reply for one in list_all(tx)} == {
            "registration-cancelled",
            "too-late",
        }


def test_a_mail_about_no_event_is_claimed_looked_at_once_more_and_recorded(any_database):
    with any_database.transaction() as tx:
        for name, expires_at in (("fine", None), ("late", NOW)):
            deliveries.add(
                tx,
                intent=name,
                event_id=None,
                template=MailName.OWN_LINK,
                email="leila@example.org",
                language=Language.FRENCH,
                expires_at=expires_at,
                now=NOW,
            )
        batch = claim(tx)

        dropped = claims.check(tx, batch, owner="worker", now=NOW)
        assert [one.verdict for one in dropped.values()] == [Verdict.TOO_LATE]
        record(tx, (batch[0], Verdict.ACCEPTED, "250 ok"))

        assert {one.state for one in list_all(tx)} == {
            DeliveryState.ACCEPTED,
            DeliveryState.SENDING,
        }


def test_what_others_know_the_end_of_is_not_sent_again(any_database):
    with any_database.transaction() as tx:
        registration = make_registration(tx, event := make_event(tx))
        for name in ("accepted", "fine"):
            of_hers = {"registration_id": registration.id, "template": MailName.CONNECTION_LINK}
            add(tx, event, name, **of_hers)
        sent, _ = claim(tx, owner="stalled")
        claims.free_expired_leases(tx, now=NOW + LEASE)
        batch = claim(tx, owner="successor", now=NOW + LEASE)
        record(tx, (sent, Verdict.ACCEPTED, "250 late word"))

        dropped = claims.check(tx, batch, owner="successor", now=NOW + LEASE)

        assert list(dropped) == [sent.delivery_id]
        claims.record(tx, dropped.values(), now=NOW + LEASE)
        assert get(tx, "accepted").state is DeliveryState.ACCEPTED


@pytest.mark.parametrize(
    ("mark", "template", "is_whole", "state", "maybe_twice"),
    [
        (None, MailName.OWN_LINK, True, DeliveryState.PENDING, False),
        (None, MailName.OWN_LINK, False, DeliveryState.PENDING, True),
        (Mark.WRITTEN, MailName.OWN_LINK, True, DeliveryState.PENDING, True),
        (Mark.WRITTEN, MailName.REMINDER, True, DeliveryState.PENDING, True),
        (Mark.SENT, MailName.OWN_LINK, True, DeliveryState.PENDING, True),
        (Mark.SENT, MailName.CONNECTION_LINK, True, DeliveryState.PENDING, True),
        (Mark.SENT, MailName.REMINDER, True, DeliveryState.UNCERTAIN, False),
        (Mark.ACCEPTED, MailName.REMINDER, True, DeliveryState.ACCEPTED, False),
        (Mark.REFUSED, MailName.OWN_LINK, True, DeliveryState.FAILED, False),
        (Mark.DEFERRED, MailName.OWN_LINK, True, DeliveryState.PENDING, False),
    ],
)
def test_a_journal_brings_up_to_date_what_a_dead_worker_was_sending(
    database, mark, template, is_whole, state, maybe_twice
):
    with database.transaction() as tx:
        add_some(tx, "a", template=template)
        [one] = claim(tx, owner="dead")
        entries = [(one.delivery_id, one.epoch, mark, "said")] if mark else []

        claims.replay(tx, make_remains("dead", *entries, is_whole=is_whole), now=NOW)

        row = get(tx, "a")
        assert (row.state, row.maybe_twice) == (state, maybe_twice)
        assert row.lease_owner is None
        if mark is not Mark.DEFERRED:
            assert row.not_before == NOW


def test_a_journal_says_nothing_about_what_others_have_but_for_an_acceptance(database):
    with database.transaction() as tx:
        add_some(tx, "a", "b")
        a, b = claim(tx, owner="dead")
        claims.free_expired_leases(tx, now=NOW + LEASE)
        claim(tx, owner="successor", now=NOW + LEASE)
        marks = [(a.delivery_id, 1, Mark.ACCEPTED, "250"), (b.delivery_id, 1, Mark.REFUSED, "550")]

        claims.replay(tx, make_remains("dead", *marks), now=NOW + LEASE)

        assert get(tx, "a").state is DeliveryState.ACCEPTED
        assert get(tx, "b").lease_owner == "successor"


def test_a_mark_of_an_earlier_claim_says_nothing_about_this_one(database):
    with database.transaction() as tx:
        add_some(tx, "a")
        [one] = claim(tx)
        record(tx, (one, Verdict.GIVEN_BACK))
        [again] = claim(tx)

        remains = make_remains("worker", (again.delivery_id, 1, Mark.REFUSED, "550 before"))
        claims.replay(tx, remains, now=NOW)

        assert get(tx, "a").state is DeliveryState.PENDING
