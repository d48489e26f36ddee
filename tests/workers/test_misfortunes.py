"""What must hold when the surroundings of a drain fail: the clock, the disk, a relay, a rate."""

from datetime import timedelta

import pytest

from tests.domain.sending import get, list_all
from tests.workers.test_drain import RUNNING, add_mails, is_journal_empty, list_states
from webinars import claims
from webinars.mail import journal
from webinars.models import DeliveryState, Lane
from workers import schedule
from workers.drain import drain

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
            schedule.free_leases(any_runtime)
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

        schedule.free_leases(any_runtime)

    with any_runtime.reading() as tx:
        assert get(tx, "a").state is DeliveryState.PENDING
        assert not get(tx, "a").maybe_twice
        assert get(tx, "b").lease_owner == kept.owner


def test_a_journal_that_cannot_be_read_does_not_hold_up_the_others(runtime, mailbox, caplog):
    add_mails(runtime, "a")
    folder = runtime.settings.journal_dir
    (folder / f"a{journal.SUFFIX}").mkdir(parents=True)
    with pytest.raises(ZeroDivisionError), journal.Journal(folder) as kept:
        with runtime.transaction() as tx:
            claims.claim(tx, Lane.PROMPT, owner=kept.owner, now=runtime.now(), limit=1)
        1 / 0

    schedule.replay_journals(runtime)

    assert list_states(runtime) == [DeliveryState.PENDING]
    assert f"journal not replayed: journal=a{journal.SUFFIX}" in caplog.text
