import contextlib
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, OperationalError

from tests.domain.sending import add, get, list_all
from tests.factories import NOW, make_event, make_registration
from webinars import claims, pacing, suppressions
from webinars.mail import journal
from webinars.mail.messages import RelayDown
from webinars.mail.replies import Fate, Result
from webinars.mail.transports import FileTransport
from webinars.models import (
    DeliveryState,
    Event,
    Failure,
    Frozen,
    Lane,
    Mailing,
    MailingState,
    MailName,
    Rate,
    Registration,
    RegistrationStatus,
    RelayBreaker,
    SuppressionReason,
    Translated,
    Wait,
)
from workers import schedule
from workers.batch import IN_A_ROW
from workers.drain import BATCH, drain
from workers.stopping import Stop

RUNNING = Stop()
"""Nobody has told the drain to stop."""


def add_mails(runtime, *names, lane=Lane.PROMPT, template=MailName.OWN_LINK):
    with runtime.transaction() as tx:
        event = make_event(tx)
        registration = make_registration(tx, event)
        for name in names:
            add(
                tx,
                event,
                name,
                registration_id=registration.id,
                lane=lane,
                template=template,
                expires_at=event.ends_at,
            )
    return registration


def look_at(runtime, name):
    with runtime.reading() as tx:
        return get(tx, name)


def list_states(runtime):
    with runtime.reading() as tx:
        return [one.state for one in list_all(tx)]


def is_journal_empty(runtime):
    return journal.list_paths(runtime.settings.journal_dir) == []


def test_everything_due_in_a_lane_is_sent_and_nothing_else(any_runtime, mailbox):
    names = [f"n{number}" for number in range(BATCH[Lane.PROMPT] + 5)]
    add_mails(any_runtime, *names)

    assert drain(any_runtime, Lane.BULK, RUNNING) == 0
    assert drain(any_runtime, Lane.PROMPT, RUNNING) == len(names)
    assert drain(any_runtime, Lane.PROMPT, RUNNING) == 0

    assert mailbox.taken == [f"{name}@example.org" for name in names]
    assert set(list_states(any_runtime)) == {DeliveryState.ACCEPTED}
    row = look_at(any_runtime, "n0")
    assert (row.accepted_at, row.reply, row.attempts) == (NOW, "250 taken", 1)
    assert is_journal_empty(any_runtime)


def test_the_mailbox_on_disk_holds_each_mail_once_even_when_it_is_sent_again(runtime):
    transport = FileTransport(runtime.settings.outbox_dir)
    object.__setattr__(runtime, "transport", transport)
    add_mails(runtime, "a")
    drain(runtime, Lane.PROMPT, RUNNING)
    [first] = runtime.settings.outbox_dir.glob("*.eml")
    content = first.read_bytes()

    with runtime.transaction() as tx:
        get(tx, "a").state = DeliveryState.PENDING
    drain(runtime, Lane.PROMPT, RUNNING)

    assert [path.name for path in runtime.settings.outbox_dir.glob("*.eml")] == [first.name]
    assert first.read_bytes() == content
    assert first.name == "20201026T090000-00000001-own-link.eml"
    assert b"a@example.org" in content


def test_a_letter_that_cannot_be_written_fails_alone_with_the_reason(any_runtime, mailbox):
    add_mails(any_runtime, "a", "b", "c")
    with any_runtime.transaction() as tx:
        get(tx, "b").email = "no address"
        strange = make_event(tx, "ailleurs", room_url=None)
        add(tx, strange, "d", template=MailName.ROOM_MISSING)
        strange.display_timezones = ("Nowhere/AtAll",)

    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == ["a@example.org", "c@example.org"]
    assert look_at(any_runtime, "b").state is DeliveryState.FAILED
    assert look_at(any_runtime, "b").reply.startswith("letter not written: ValueError")
    assert look_at(any_runtime, "d").reply.startswith("letter not written: UnknownTimeZone")


def answer(recipient, result):
    """Let one recipient's message come to something else."""

    def obey(given):
        if given == recipient and isinstance(result, Exception):
            raise result
        return result if given == recipient else None

    return obey


@pytest.mark.parametrize(
    ("result", "state", "maybe_twice", "wait"),
    [
        (Result(Fate.REFUSED, "550 unknown"), DeliveryState.FAILED, False, timedelta()),
        (Result(Fate.DEFERRED, "451 later"), DeliveryState.PENDING, False, timedelta(minutes=5)),
        (Result(Fate.UNANSWERED, "silence"), DeliveryState.PENDING, True, timedelta(minutes=5)),
    ],
)
def test_one_mail_that_is_not_taken_does_not_keep_the_others(
    runtime, mailbox, result, state, maybe_twice, wait
):
    add_mails(runtime, "a", "b", "c")
    mailbox.obey = answer("b@example.org", result)

    drain(runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == ["a@example.org", "c@example.org"]
    row = look_at(runtime, "b")
    assert (row.state, row.maybe_twice, row.reply) == (state, maybe_twice, result.reply)
    assert row.not_before >= NOW + wait


def test_a_relay_that_takes_nothing_costs_no_attempt(any_runtime, mailbox, clock, caplog):
    caplog.set_level("INFO")
    add_mails(any_runtime, "a", "b", "c")
    mailbox.obey = answer("b@example.org", RelayDown("connection refused"))

    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == ["a@example.org"]
    for name in ("b", "c"):
        row = look_at(any_runtime, name)
        assert (row.state, row.attempts) == (DeliveryState.PENDING, 0)
        assert row.reply == "connection refused"
        assert NOW < row.not_before <= NOW + timedelta(seconds=30)

    mailbox.obey = None
    clock.now = NOW + timedelta(seconds=30)
    drain(any_runtime, Lane.PROMPT, RUNNING)
    assert sorted(mailbox.taken) == [f"{name}@example.org" for name in "abc"]
    assert caplog.text.count("relay takes nothing: relay=list") == 1
    assert caplog.text.count("relay takes mail again: relay=list") == 1


def test_the_log_says_what_a_refusal_was_about_and_not_whom_it_hit(runtime, mailbox, caplog):
    caplog.set_level("INFO")
    add_mails(runtime, "a")
    mailbox.obey = answer("a@example.org", Result(Fate.REFUSED, "550 no a", Failure.ADDRESS))

    drain(runtime, Lane.PROMPT, RUNNING)

    [line] = [one for one in caplog.messages if one.startswith("delivery refused: ")]
    assert line.endswith("failure=address")
    assert "a@example.org" not in caplog.text


def test_what_was_given_up_after_it_was_claimed_is_not_sent(any_runtime, mailbox):
    registration = add_mails(any_runtime, "a", template=MailName.CONFIRMATION)
    with any_runtime.transaction() as tx:
        tx.get(Registration, registration.id).status = "cancelled"

    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == []
    row = look_at(any_runtime, "a")
    assert (row.state, row.reply) == (DeliveryState.CANCELLED, "registration-cancelled")


def test_a_drain_told_to_stop_gives_back_what_it_has_not_sent(any_runtime, mailbox):
    add_mails(any_runtime, "a", "b", "c")
    stop = Stop()
    mailbox.obey = lambda recipient: stop.set()

    drain(any_runtime, Lane.PROMPT, stop)

    assert mailbox.taken == ["a@example.org"]
    with any_runtime.reading() as tx:
        rest = [(one.state, one.attempts, one.lease_owner) for one in list_all(tx)[1:]]
    assert rest == [(DeliveryState.PENDING, 0, None)] * 2
    assert is_journal_empty(any_runtime)


def test_a_drain_that_was_away_for_longer_than_its_lease_sends_nothing_more(
    any_runtime, mailbox, clock
):
    add_mails(any_runtime, "a", "b", "c")

    def sleep(recipient):
        if not mailbox.taken:
            clock.now = NOW + claims.LEASE
            with any_runtime.transaction() as tx:
                claims.free_expired_leases(tx, now=clock.now)
                claims.claim(tx, Lane.PROMPT, owner="successor", now=clock.now, limit=10)

    mailbox.obey = sleep
    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == ["a@example.org"]
    with any_runtime.reading() as tx:
        first, *others = list_all(tx)
    assert (first.state, first.maybe_twice) == (DeliveryState.ACCEPTED, True)
    assert {one.lease_owner for one in others} == {"successor"}


def test_a_drain_holds_on_to_its_lease_while_the_relay_takes_its_time(
    runtime, mailbox, clock, monkeypatch
):
    monkeypatch.setattr("workers.drain.HEARTBEAT_SECONDS", 0.01)
    add_mails(runtime, "a", "b")

    def be_slow(recipient):
        clock.now += claims.LEASE * 2 / 3
        wanted = clock.now + claims.LEASE
        ends = time.monotonic() + 5
        while look_at(runtime, "b").lease_until != wanted and time.monotonic() < ends:
            time.sleep(0.01)

    mailbox.obey = be_slow
    drain(runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == ["a@example.org", "b@example.org"]


def test_a_database_that_is_away_when_all_is_sent_costs_no_mail_and_no_double(runtime, mailbox):
    add_mails(runtime, "a", "b")
    mailbox.obey = lambda recipient: rename_table(runtime, "deliveries", "away")
    with pytest.raises(OperationalError):
        drain(runtime, Lane.PROMPT, RUNNING)
    rename_table(runtime, "away", "deliveries")
    mailbox.obey = None

    schedule.replay_journals(runtime)
    drain(runtime, Lane.PROMPT, RUNNING)

    assert sorted(mailbox.taken) == ["a@example.org", "b@example.org"]
    assert list_states(runtime) == [DeliveryState.ACCEPTED] * 2
    assert is_journal_empty(runtime)


def test_what_a_refusal_says_of_an_address_is_learnt_after_a_crash_too(any_runtime, mailbox, clock):
    add_mails(any_runtime, "a")

    def refuse(recipient):
        rename_table(any_runtime, "deliveries", "away")
        return Result(Fate.REFUSED, "550 5.1.1 no such user", Failure.ADDRESS)

    mailbox.obey = refuse
    with pytest.raises(DatabaseError):
        drain(any_runtime, Lane.PROMPT, RUNNING)
    rename_table(any_runtime, "away", "deliveries")
    schedule.replay_journals(any_runtime)

    row = look_at(any_runtime, "a")
    assert (row.state, row.failure) == (DeliveryState.FAILED, Failure.ADDRESS)
    assert row.reply == "550 5.1.1 no such user"
    with any_runtime.reading() as tx:
        [blocks] = suppressions.list_blocks(tx, ["a@example.org"], now=clock.now).values()
    assert [one.reason for one in blocks] == [SuppressionReason.ADDRESS]


def rename_table(runtime, former, name):
    with runtime.transaction() as tx:
        if tx.connection().dialect.has_table(tx.connection(), former):
            tx.execute(text(f"ALTER TABLE {former} RENAME TO {name}"))


def test_two_drains_at_once_send_each_mail_once(any_runtime, mailbox):
    names = [f"n{number}" for number in range(60)]
    add_mails(any_runtime, *names, lane=Lane.BULK)

    threads = [
        threading.Thread(target=drain, args=(any_runtime, Lane.BULK, RUNNING)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(mailbox.taken) == sorted(f"{name}@example.org" for name in names)
    with any_runtime.reading() as tx:
        assert not any(one.maybe_twice for one in list_all(tx))


def test_the_log_names_no_one(runtime, mailbox, caplog):
    caplog.set_level("DEBUG")
    add_mails(runtime, "a", "b")
    mailbox.obey = answer("b@example.org", Result(Fate.REFUSED, "550 b@example.org unknown"))

    drain(runtime, Lane.PROMPT, RUNNING)

    assert "delivery accepted: delivery=1" in caplog.text
    assert "@" not in caplog.text
    assert "Bennani" not in caplog.text


def test_another_relay_takes_what_the_first_one_does_not(any_runtime, mailbox):
    add_mails(any_runtime, "a", "b")
    mailbox.relays = ("first", "second")
    mailbox.down = {"first": "connection refused"}

    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == ["a@example.org", "b@example.org"]
    assert look_at(any_runtime, "a").relay == "second"
    with any_runtime.reading() as tx:
        assert pacing.list_open(tx, mailbox.relays, now=NOW) == ["second"]


def test_while_no_relay_may_be_tried_nothing_is_claimed(any_runtime, mailbox, clock):
    add_mails(any_runtime, "a")
    mailbox.down = {"list": "connection refused"}
    drain(any_runtime, Lane.PROMPT, RUNNING)
    clock.now += timedelta(seconds=1)
    with any_runtime.transaction() as tx:
        get(tx, "a").not_before = clock.now

    assert drain(any_runtime, Lane.PROMPT, RUNNING) == 0
    assert look_at(any_runtime, "a").lease_epoch == 1


def test_a_relay_that_has_taken_a_mail_is_trusted_again(any_runtime, mailbox, clock):
    add_mails(any_runtime, "a")
    mailbox.down = {"list": "connection refused"}
    drain(any_runtime, Lane.PROMPT, RUNNING)
    mailbox.down = {}
    clock.now += timedelta(minutes=5)

    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == ["a@example.org"]
    with any_runtime.reading() as tx:
        assert tx.get(RelayBreaker, "list") is None


def test_a_relay_that_refuses_everyone_is_left_in_peace(any_runtime, mailbox):
    names = [f"n{number}" for number in range(40)]
    add_mails(any_runtime, *names, lane=Lane.BULK)
    mailbox.obey = lambda recipient: Result(Fate.REFUSED, "554 5.7.1 listed", Failure.POLICY)

    drain(any_runtime, Lane.BULK, RUNNING)

    states = list_states(any_runtime)
    assert states.count(DeliveryState.FAILED) == IN_A_ROW
    assert states.count(DeliveryState.PENDING) == 20
    with any_runtime.reading() as tx:
        assert pacing.list_open(tx, mailbox.relays, now=NOW) == []
        assert suppressions.list_blocks(tx, ["n0@example.org"], now=NOW)["n0@example.org"] == []


def test_a_relay_that_refuses_one_now_and_then_goes_on(any_runtime, mailbox):
    names = [f"n{number}" for number in range(60)]
    add_mails(any_runtime, *names, lane=Lane.BULK)
    refused = Result(Fate.REFUSED, "550 5.7.1 not you", Failure.POLICY)
    mailbox.obey = lambda recipient: None if "1" in recipient else refused

    drain(any_runtime, Lane.BULK, RUNNING)

    assert DeliveryState.PENDING not in list_states(any_runtime)


def test_an_address_that_does_not_exist_is_not_written_to_again(any_runtime, mailbox):
    add_mails(any_runtime, "a")
    mailbox.obey = lambda recipient: Result(Fate.REFUSED, "550 5.1.1 unknown", Failure.ADDRESS)
    drain(any_runtime, Lane.PROMPT, RUNNING)
    mailbox.obey = None
    with any_runtime.transaction() as tx:
        first = get(tx, "a")
        assert first.failure is Failure.ADDRESS
        event = tx.get_one(Event, first.event_id)
        to_same = {"email": "a@example.org", "registration_id": first.registration_id}
        add(tx, event, "a again", **to_same)

    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == []
    again = look_at(any_runtime, "a again")
    assert (again.state, again.reply) == (DeliveryState.SUPPRESSED, "address")


def test_a_relay_is_sent_no_more_than_its_rate_and_the_rest_follows(any_runtime, mailbox, clock):
    names = [f"n{number}" for number in range(40)]
    add_mails(any_runtime, *names, lane=Lane.BULK)
    mailbox.rates = {"list": 60}
    sent_within = []
    for _ in range(90):
        drain(any_runtime, Lane.BULK, RUNNING)
        sent_within.append(len(mailbox.taken))
        clock.now += timedelta(seconds=1)

    assert sent_within[0] < 20
    assert look_at(any_runtime, "n39").attempts == 1
    assert sorted(mailbox.taken) == sorted(f"{name}@example.org" for name in names)
    most = max(b - a for a, b in zip(sent_within, sent_within[20:], strict=False))
    assert most <= 25


def test_a_domain_that_says_it_is_too_fast_gets_less_and_the_others_go_on(any_runtime, mailbox):
    with any_runtime.transaction() as tx:
        event = make_event(tx)
        for number in range(30):
            add(tx, event, f"s{number}", email=f"s{number}@slow.example.org", lane=Lane.BULK)
            add(tx, event, f"q{number}", email=f"q{number}@quick.example.org", lane=Lane.BULK)
    slow = Result(Fate.DEFERRED, "421 4.7.28 slow down", Failure.THROTTLED)
    mailbox.obey = lambda recipient: slow if "slow" in recipient else None

    drain(any_runtime, Lane.BULK, RUNNING)

    assert len(mailbox.taken) == 30
    assert not any("slow" in one for one in mailbox.taken)
    with any_runtime.reading() as tx:
        assert tx.get(Rate, "domain:slow.example.org") is not None
        assert tx.get(Rate, "domain:quick.example.org") is None
    assert look_at(any_runtime, "s0").waits_for is Wait.DEFERRED


def test_a_mailing_whose_letters_cannot_be_written_is_paused(any_runtime, mailbox):
    with any_runtime.transaction() as tx:
        event = make_event(tx)
        event.display_timezones = ("Nowhere/AtAll",)
        mailing = Mailing(
            event_id=event.id,
            template=MailName.THANKS,
            rule="end+1h",
            due_at=NOW,
            expires_at=event.ends_at + timedelta(days=7),
            state=MailingState.SENDING,
        )
        tx.add(mailing)
        tx.flush()
        mailing_id = mailing.id
        for number in range(IN_A_ROW + 10):
            person = make_registration(tx, event, email=f"n{number}@example.org")
            add(
                tx,
                event,
                f"n{number}",
                template=MailName.THANKS,
                mailing_id=mailing_id,
                registration_id=person.id,
                lane=Lane.BULK,
            )

    drain(any_runtime, Lane.BULK, RUNNING)

    states = list_states(any_runtime)
    assert states.count(DeliveryState.FAILED) == IN_A_ROW
    assert states.count(DeliveryState.PENDING) == 10
    with any_runtime.reading() as tx:
        paused = tx.get_one(Mailing, mailing_id)
        assert (paused.state, paused.reason) == (MailingState.PAUSED, "unwritten")


def test_what_may_have_left_is_sent_again_as_it_was_whatever_has_changed(
    any_runtime, mailbox, clock
):
    add_mails(any_runtime, "a")
    first = []

    def hear_nothing(recipient):
        return Result(Fate.UNANSWERED, "silence")

    mailbox.obey = hear_nothing
    mailbox.saw = first.append
    drain(any_runtime, Lane.PROMPT, RUNNING)
    with any_runtime.transaction() as tx:
        event = tx.get_one(Event, get(tx, "a").event_id)
        event.title = Translated("Un autre titre")
    mailbox.obey = mailbox.saw = None
    clock.now += timedelta(hours=1)

    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert list(mailbox.messages.values()) == first
    with any_runtime.transaction() as tx:
        assert claims.thaw(tx) == 1
        assert tx.get(Frozen, 1) is None


def test_what_is_cancelled_while_a_batch_is_sent_does_not_leave(any_runtime, mailbox, monkeypatch):
    monkeypatch.setattr("workers.batch.RECHECK_SECONDS", 0)
    registration = add_mails(any_runtime, "a", "b", "c", template=MailName.CONFIRMATION)

    def cancel(recipient):
        with any_runtime.transaction() as tx:
            tx.get_one(Registration, registration.id).status = RegistrationStatus.CANCELLED

    mailbox.obey = cancel
    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == ["a@example.org"]
    assert look_at(any_runtime, "b").reply == "registration-cancelled"


def test_what_a_slow_relay_has_taken_is_recorded_before_the_batch_is_over(
    any_runtime, mailbox, monkeypatch
):
    monkeypatch.setattr("workers.batch.FLUSH_SECONDS", 0)
    add_mails(any_runtime, "a", "b")
    seen = []
    mailbox.obey = lambda recipient: seen.append(look_at(any_runtime, "a").state)

    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert seen == [DeliveryState.SENDING, DeliveryState.ACCEPTED]
    assert list_states(any_runtime) == [DeliveryState.ACCEPTED] * 2


def test_what_its_worker_dies_of_again_and_again_is_given_up(any_runtime, mailbox, clock):
    add_mails(any_runtime, "fine", "poison")

    class Death(BaseException):
        pass

    def die(recipient):
        if recipient == "poison@example.org":
            raise Death

    mailbox.obey = die
    for _ in range(6):
        with contextlib.suppress(Death):
            drain(any_runtime, Lane.PROMPT, RUNNING)
        schedule.replay_journals(any_runtime)

    assert mailbox.taken == ["fine@example.org"]
    row = look_at(any_runtime, "poison")
    assert (row.state, row.reply, row.losses) == (DeliveryState.FAILED, "poison", 5)
