import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.domain.sending import add, get, list_all
from tests.factories import NOW, make_event, make_registration
from webinars import claims
from webinars.mail import journal
from webinars.mail.transports import Deferred, FileTransport, Refused, RelayDown, Unanswered
from webinars.models import DeliveryState, Lane, MailName
from workers import schedule
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


def raise_for(recipient, error):
    def obey(given):
        if given == recipient:
            raise error

    return obey


@pytest.mark.parametrize(
    ("error", "state", "maybe_twice", "wait"),
    [
        (Refused("550 unknown"), DeliveryState.FAILED, False, timedelta()),
        (Deferred("451 later"), DeliveryState.PENDING, False, timedelta(minutes=5)),
        (Unanswered("silence"), DeliveryState.PENDING, True, timedelta(minutes=5)),
    ],
)
def test_one_mail_that_is_not_taken_does_not_keep_the_others(
    runtime, mailbox, error, state, maybe_twice, wait
):
    add_mails(runtime, "a", "b", "c")
    mailbox.obey = raise_for("b@example.org", error)

    drain(runtime, Lane.PROMPT, RUNNING)

    assert mailbox.taken == ["a@example.org", "c@example.org"]
    row = look_at(runtime, "b")
    assert (row.state, row.maybe_twice, row.reply) == (state, maybe_twice, error.reply)
    assert row.not_before >= NOW + wait


def test_a_relay_that_takes_nothing_costs_no_attempt(any_runtime, mailbox, clock):
    add_mails(any_runtime, "a", "b", "c")
    mailbox.obey = raise_for("b@example.org", RelayDown("connection refused"))

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


def test_what_was_given_up_after_it_was_claimed_is_not_sent(any_runtime, mailbox):
    registration = add_mails(any_runtime, "a", template=MailName.CONFIRMATION)
    with any_runtime.transaction() as tx:
        tx.merge(registration).status = "cancelled"

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
    mailbox.obey = raise_for("b@example.org", Refused("550 b@example.org unknown"))

    drain(runtime, Lane.PROMPT, RUNNING)

    assert "delivery accepted: delivery=1" in caplog.text
    assert "@" not in caplog.text
    assert "Bennani" not in caplog.text
