"""What must hold when the surroundings of a drain fail: the clock, the disk, a relay, a rate."""

import contextlib
import errno
import os
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.domain.sending import get, list_all
from tests.factories import NOW
from tests.workers.relay import ScriptedRelay
from tests.workers.test_drain import RUNNING, add_mails, is_journal_empty, list_states
from webinars import claims
from webinars.mail import journal
from webinars.mail.journal import Journal
from webinars.mail.messages import RelayDown
from webinars.mail.relays import read_relays
from webinars.mail.replies import Fate, Result
from webinars.mail.transports import SmtpTransport
from webinars.models import (
    DeliveryState,
    Failure,
    Lane,
    MailName,
    Registration,
    RegistrationStatus,
    RelayBreaker,
    Wait,
)
from workers import schedule
from workers.batch import RECHECK_SECONDS
from workers.drain import Drain, drain
from workers.schedule import Answers

NAMES = [f"n{number}" for number in range(10)]


@pytest.mark.parametrize("after", [timedelta(), timedelta(seconds=1)])
def test_a_clock_that_jumps_beyond_every_lease_doubles_the_mail_in_hand_alone(
    any_runtime, mailbox, clock, after
):
    add_mails(any_runtime, *NAMES, lane=Lane.BULK)

    def jump(recipient):
        if recipient == "n7@example.org":
            mailbox.obey = None
            clock.now += claims.LEASE + after
            schedule.replay_journals(any_runtime)
            schedule.free_leases(any_runtime, Answers())
            drain(any_runtime, Lane.BULK, RUNNING)

    mailbox.obey = jump
    drain(any_runtime, Lane.BULK, RUNNING)

    twice = [one for one in set(mailbox.taken) if mailbox.taken.count(one) > 1]
    assert set(list_states(any_runtime)) == {DeliveryState.ACCEPTED}
    assert twice in ([], ["n7@example.org"])
    with any_runtime.reading() as tx:
        assert {one.email for one in list_all(tx) if one.maybe_twice} >= set(twice)
    assert is_journal_empty(any_runtime)


def test_what_a_worker_claims_anew_is_not_taken_from_it_with_what_it_held_for_too_long(
    any_runtime, clock
):
    add_mails(any_runtime, "a", "b")
    with journal.Journal(any_runtime.settings.journal_dir) as kept:
        with any_runtime.transaction() as tx:
            claims.claim(tx, Lane.PROMPT, owner=kept.owner, now=clock.now, limit=1)
        clock.now += claims.LEASE
        with any_runtime.transaction() as tx:
            claims.claim(tx, Lane.PROMPT, owner=kept.owner, now=clock.now, limit=1)

        schedule.free_leases(any_runtime, Answers())

    with any_runtime.reading() as tx:
        assert get(tx, "a").state is DeliveryState.PENDING
        assert not get(tx, "a").maybe_twice
        assert get(tx, "b").lease_owner == kept.owner


def test_a_journal_that_cannot_be_read_does_not_hold_up_the_others(runtime, mailbox, caplog):
    add_mails(runtime, "a")
    folder = runtime.settings.journal_dir
    (folder / f"a{journal.SUFFIX}").mkdir(parents=True)
    with pytest.raises(KeyError), journal.Journal(folder) as kept:
        with runtime.transaction() as tx:
            claims.claim(tx, Lane.PROMPT, owner=kept.owner, now=runtime.now(), limit=1)
        raise KeyError

    schedule.replay_journals(runtime)

    assert list_states(runtime) == [DeliveryState.PENDING]
    assert f"journal not replayed: journal=a{journal.SUFFIX}" in caplog.text


class FullJournal(Journal):
    """On a disk that takes no message any more, and no mark after the first few."""

    room = 3

    def _write(self, said):
        self.room -= not said.startswith(b"B")
        if self.room < 0 or len(said) > 500:
            raise journal.Unkept(errno.ENOSPC, "full")
        super()._write(said)


def test_a_full_disk_counts_against_no_mail(any_runtime, mailbox):
    add_mails(any_runtime, "a", "b")
    for _ in range(6):
        with FullJournal(any_runtime.settings.journal_dir) as kept:
            Drain(any_runtime, Lane.PROMPT, RUNNING, kept).run()

    assert mailbox.taken == []
    with any_runtime.reading() as tx:
        told = [(one.state, one.losses, one.attempts, one.maybe_twice) for one in list_all(tx)]
    assert told == [(DeliveryState.PENDING, 0, 0, False)] * 2


class ShortJournal(FullJournal):
    """On a disk that takes a message, and nothing after it."""

    def _write(self, said):
        self.room = 1 if said.startswith(b"I") else 0 if self.room == 1 else 9
        Journal._write(self, said) if self.room else self._fail()

    def _fail(self):
        raise journal.Unkept(errno.ENOSPC, "full")


def test_what_has_left_is_recorded_though_the_disk_is_full_by_then(any_runtime, mailbox):
    add_mails(any_runtime, "a")
    with ShortJournal(any_runtime.settings.journal_dir) as kept:
        Drain(any_runtime, Lane.PROMPT, RUNNING, kept).run()

    assert mailbox.taken == ["a@example.org"]
    assert list_states(any_runtime) == [DeliveryState.ACCEPTED]


class NewbornFails(Journal):
    """Whose very first line finds no room."""

    def _begin(self):
        raise journal.Unkept(errno.ENOSPC, "full")


def test_a_journal_that_cannot_begin_leaves_nothing_open_and_nothing_behind(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(journal.Unkept):
        NewbornFails(tmp_path)

    assert len(os.listdir("/proc/self/fd")) == before
    assert os.listdir(tmp_path) == []


def test_a_relay_that_goes_down_after_a_mail_is_left_in_peace_all_the_same(any_runtime, mailbox):
    add_mails(any_runtime, "a", "b")

    def obey(recipient):
        if recipient == "b@example.org":
            raise RelayDown("421 no more")

    mailbox.obey = obey
    drain(any_runtime, Lane.PROMPT, RUNNING)

    assert list_states(any_runtime) == [DeliveryState.ACCEPTED, DeliveryState.PENDING]
    with any_runtime.reading() as tx:
        assert tx.get(RelayBreaker, "list") is not None


def test_neither_log_nor_breaker_nor_another_mail_names_whom_a_relay_refused(
    runtime, mailbox, caplog
):
    add_mails(runtime, *(f"n{number}" for number in range(30)), lane=Lane.BULK)
    mailbox.obey = lambda recipient: Result(
        Fate.REFUSED, f"550 5.7.1 <{recipient}>: access denied", Failure.POLICY
    )
    drain(runtime, Lane.BULK, RUNNING)

    assert "@" not in caplog.text
    with runtime.reading() as tx:
        said = tx.scalars(select(RelayBreaker.said)).one()
        assert said == "refuses everything: 550 5.7.1 <…>: access denied"
        assert get(tx, "n29").reply == said


def test_a_relay_that_stands_in_for_another_is_sent_no_more_than_its_own_rate(any_runtime, mailbox):
    add_mails(any_runtime, *(f"n{number}" for number in range(30)), lane=Lane.BULK)
    mailbox.relays = ("first", "second")
    mailbox.rates = {"second": 60}
    mailbox.down = {"first": "connection refused"}

    drain(any_runtime, Lane.BULK, RUNNING)

    assert 0 < len(mailbox.taken) < 10


def test_what_waits_for_a_rate_comes_back_one_after_another_however_much_it_is(runtime, mailbox):
    add_mails(runtime, *(f"n{number}" for number in range(1300)), lane=Lane.BULK)
    mailbox.rates = {"list": 600}

    drain(runtime, Lane.BULK, RUNNING)

    with runtime.reading() as tx:
        back = Counter(
            (one.not_before - NOW) // timedelta(seconds=10)
            for one in list_all(tx)
            if one.waits_for is Wait.RATE
        )
    assert sum(back.values()) == 1300 - len(mailbox.taken)
    assert max(back.values()) <= 100


def test_what_is_cancelled_while_a_relay_keeps_it_waiting_does_not_leave(any_runtime):
    registration = add_mails(any_runtime, "a", "b", "c", template=MailName.CONFIRMATION)
    relay = ScriptedRelay("PIPELINING")
    transport = SmtpTransport(read_relays(relay.url), "webinaires@example.org")

    def cancel(session):
        with any_runtime.transaction() as tx:
            tx.get_one(Registration, registration.id).status = RegistrationStatus.CANCELLED
        session.wait(2 * RECHECK_SECONDS)
        return session.say("250 2.0.0 taken")

    relay.replies["dot"] = [cancel]
    with contextlib.closing(relay), contextlib.closing(transport):
        drain(replace(any_runtime, transport=transport), Lane.PROMPT, RUNNING)

    assert len(relay.messages) == 1  # although the second had been announced
    assert list_states(any_runtime) == [
        DeliveryState.ACCEPTED,
        DeliveryState.CANCELLED,
        DeliveryState.CANCELLED,
    ]
