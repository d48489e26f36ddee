"""What waits of a change until its quiet time is over: shown, sent at once, taken back."""

from datetime import timedelta

import pytest

from tests.domain.moving import QUIET, deliver, later, list_waiting, look, order, prepare
from tests.domain.sending import list_all
from webinars import changes, events
from webinars.changes import Reconfirm
from webinars.errors import NotFound
from webinars.models import DeliveryState, MailName, ReconfirmRule, Venue

MOVED, CHANGED = MailName.EVENT_MOVED, MailName.EVENT_CHANGED
AT = order().now


def wait(minutes=0):
    """Order a change so many minutes later whose mails wait for ten."""
    said = order(minutes)
    return order(minutes, tells_at=said.now + QUIET)


def test_what_waits_of_a_change_is_counted_until_its_quiet_time_is_over(any_database):
    with any_database.transaction() as tx:
        event, _ = prepare(tx, 3)
        made = changes.move(tx, event, later(35), wait())

        (coming,) = changes.list_coming(tx, event.id, AT)

        assert (coming.change_id, coming.people) == (made.change_id, 3)
        assert coming.tells_at == AT + QUIET
        assert changes.list_coming(tx, event.id, AT + QUIET) == []


def test_a_second_change_leaves_nothing_of_the_first_to_send(any_database):
    with any_database.transaction() as tx:
        event, _ = prepare(tx, 3)
        changes.move(tx, event, later(35), wait())
        second = changes.move(tx, event, later(36), wait(5))

        assert [one.change_id for one in changes.list_coming(tx, event.id, AT)] == [
            second.change_id
        ]


def test_mails_that_wait_can_leave_at_once(any_database):
    now = AT + timedelta(minutes=2)
    with any_database.transaction() as tx:
        event, _ = prepare(tx, 2)
        made = changes.move(tx, event, later(35), wait())

        assert changes.send_now(tx, event, made.change_id, now=now) == 2
        assert changes.send_now(tx, event, made.change_id, now=now) == 0

        assert {one.not_before for one in list_all(tx, MOVED)} == {now}
        assert changes.list_coming(tx, event.id, now) == []


def test_mails_that_wait_can_be_taken_back_and_nobody_is_asked_anything(any_database):
    with any_database.transaction() as tx:
        event, (person,) = prepare(tx, 1)
        ask = Reconfirm(rule=ReconfirmRule.RELEASE)
        made = changes.move(tx, event, later(35), wait(), reconfirm=ask)
        assert look(tx, person).reconfirm_change_id == made.change_id

        assert changes.withdraw(tx, event, made.change_id, now=AT) == 1

        assert list_waiting(tx) == []
        assert look(tx, person).reconfirm_change_id is None
        assert events.get(tx, event.slug).starts_on == later(35).starts.date()


def test_the_next_change_tells_what_was_taken_back_too(any_database):
    with any_database.transaction() as tx:
        event, (person,) = prepare(tx, 1)
        made = changes.move(tx, event, later(35), wait())
        changes.withdraw(tx, event, made.change_id, now=AT)

        changes.place(tx, event, order(30), venue=Venue("Palais des congrès"), mode=None)

        assert list_waiting(tx, person) == [(MOVED, 1)]
        assert [one.since_revision for one in list_all(tx, MOVED)] == [0, 0]


def test_what_was_taken_back_and_undone_is_told_to_nobody(any_database):
    with any_database.transaction() as tx:
        event, _ = prepare(tx, 1)
        made = changes.move(tx, event, later(35), wait())
        changes.withdraw(tx, event, made.change_id, now=AT)

        undone = changes.move(tx, event, later(0), order(30))

        assert list_waiting(tx) == []
        assert dict(undone.not_told) == {changes.NotTold.UNDONE: 1}


def test_who_was_told_after_something_was_taken_back_knows_it(any_database):
    with any_database.transaction() as tx:
        event, _ = prepare(tx, 1)
        made = changes.move(tx, event, later(35), wait())
        changes.withdraw(tx, event, made.change_id, now=AT)
        changes.move(tx, event, later(36), order(30))
        deliver(tx)

        changes.move(tx, event, later(0), order(60))

        assert [one.since_revision for one in list_all(tx, MOVED)] == [0, 0, 2]


def test_what_has_left_cannot_be_taken_back(any_database):
    with any_database.transaction() as tx:
        event, _ = prepare(tx, 1)
        made = changes.move(tx, event, later(35), wait())

        with pytest.raises(NotFound):
            changes.withdraw(tx, event, made.change_id, now=AT + QUIET)

        assert [one.state for one in list_all(tx, MOVED)] == [DeliveryState.PENDING]


def test_a_change_of_another_event_is_not_found(any_database):
    with any_database.transaction() as tx:
        event, _ = prepare(tx, 1)
        with pytest.raises(NotFound):
            changes.send_now(tx, event, 4711, now=AT)
