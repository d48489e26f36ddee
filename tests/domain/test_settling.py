"""What becomes of those who were asked whether they maintain and have not said; and the history."""

import threading
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.domain.moving import add_person, deliver, later, list_waiting, look, order, prepare
from tests.domain.sending import list_all
from tests.factories import NOW
from webinars import changes, events, participants, registrations
from webinars.changes import Reconfirm, Why
from webinars.database import Database
from webinars.models import (
    Change,
    ChangeKind,
    DeliveryState,
    MailName,
    ReconfirmRule,
    Registration,
    RegistrationStatus,
)

CONFIRMED, CANCELLED = RegistrationStatus.CONFIRMED, RegistrationStatus.CANCELLED
BY = datetime(2020, 11, 20, 18, 0)  # noqa: DTZ001
DEADLINE = NOW.replace(month=11, day=20, hour=17, minute=0)


def ask(tx, rule, people=2, **columns):
    """Move an event and ask everyone whether they maintain; the first one does."""
    event, persons = prepare(tx, people, **columns)
    changes.move(tx, event, later(35), order(), reconfirm=Reconfirm(BY, rule))
    deliver(tx)
    look(tx, persons[0]).reconfirm_change_id = None
    tx.flush()
    return event, persons


def settle(database, now):
    """Do what the timer does."""
    with database.reading() as tx:
        due = changes.list_due(tx, now=now)
    for change_id in due:
        more = True
        while more:
            with database.transaction() as tx:
                more = changes.settle(tx, change_id, now=now)
    return len(due)


class TestSettling:
    @pytest.mark.parametrize(
        ("rule", "status"), [(ReconfirmRule.KEEP, CONFIRMED), (ReconfirmRule.RELEASE, CANCELLED)]
    )
    def test_the_rule_is_applied_once_to_who_has_not_answered(self, any_database, rule, status):
        with any_database.transaction() as tx:
            _, persons = ask(tx, rule)

        assert settle(any_database, DEADLINE - timedelta(seconds=1)) == 0
        assert settle(any_database, DEADLINE) == 1
        assert settle(any_database, DEADLINE) == 0
        with any_database.reading() as tx:
            assert [look(tx, one).status for one in persons] == [CONFIRMED, status]
            assert tx.scalars(select(Change.settled_at)).one() == DEADLINE

    def test_a_place_that_is_given_up_goes_to_the_first_in_line(self, any_database):
        with any_database.transaction() as tx:
            event, persons = ask(tx, ReconfirmRule.RELEASE, capacity=2)
            waiting = add_person(tx, event, 9, status=RegistrationStatus.WAITING, confirmed_at=None)
        settle(any_database, DEADLINE)

        with any_database.reading() as tx:
            assert look(tx, waiting).status is CONFIRMED
            assert list_waiting(tx, waiting) == [(MailName.CONFIRMATION, 1)]
            assert list_waiting(tx, persons[1]) == [(MailName.REGISTRATION_CANCELLED, None)]

    def test_nobody_loses_her_place_at_what_was_cancelled_meanwhile(self, database):
        with database.transaction() as tx:
            event, persons = ask(tx, ReconfirmRule.RELEASE)
            changes.cancel(tx, event, order(5))
        settle(database, DEADLINE)

        with database.reading() as tx:
            assert look(tx, persons[1]).status is CONFIRMED

    def test_who_has_not_answered_is_listed(self, database):
        with database.transaction() as tx:
            event, persons = ask(tx, ReconfirmRule.KEEP)

            assert [one.id for one in changes.list_unanswered(tx, event.id)] == [persons[1].id]
            rows = tx.scalars(select(Registration.id).where(participants.IS_UNANSWERED))
            assert rows.all() == [persons[1].id]


class TestHistory:
    def test_every_change_is_shown_with_its_author_and_every_mail_with_its_reason(self, database):
        with database.transaction() as tx:
            event, _ = ask(tx, ReconfirmRule.KEEP, 1)
            changes.cancel(tx, event, order(5, author="karim@example.org", reason="Grève"))
            cancelled, moved = changes.list_changes(tx, event.id)

            assert (cancelled.kind, cancelled.author) == (ChangeKind.CANCELLED, "karim@example.org")
            assert (moved.kind, moved.reconfirm_by_at) == (ChangeKind.MOVED, DEADLINE)
            assert moved.after == cancelled.before
            assert moved.mails == {MailName.EVENT_MOVED: {DeliveryState.ACCEPTED: 1}}
            mails = [
                (one.template, one.why, one.revision) for one in changes.list_mails(tx, event.id)
            ]
            assert mails == [
                (MailName.EVENT_CANCELLED, Why.CHANGE, 2),
                (MailName.EVENT_MOVED, Why.CHANGE, 1),
                (MailName.CONFIRMATION, Why.REGISTRATION, None),
            ]
            of_change = changes.list_mails(tx, event.id, change_id=moved.id)
            assert [one.template for one in of_change] == [MailName.EVENT_MOVED]

    @pytest.mark.parametrize(
        ("state", "minutes", "is_listed"),
        [
            ("accepted", 0, False),
            ("bounced", 0, True),
            ("failed", 0, True),
            ("suppressed", 0, True),
            ("uncertain", 0, True),
            ("pending", 1, False),
            ("pending", 15, True),
        ],
    )
    def test_whom_mail_did_not_reach_is_listed(self, database, state, minutes, is_listed):
        with database.transaction() as tx:
            event, _ = prepare(tx)
            changes.cancel(tx, event, order())
            for mail in list_all(tx, MailName.EVENT_CANCELLED):
                mail.state = DeliveryState(state)
            tx.flush()
            now = order(minutes).now

            found = changes.list_unreached(tx, event.id, now=now)
            assert [one.email for one in found] == ["p0@example.org"] * is_listed

    def test_an_assistant_who_was_reached_is_named_beside(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx, 0)
            add_person(tx, event, assistant_email="cabinet@example.org")
            changes.cancel(tx, event, order())
            own, copy = list_all(tx, MailName.EVENT_CANCELLED)
            own.state, copy.state = DeliveryState.BOUNCED, DeliveryState.ACCEPTED
            tx.flush()
            [row] = changes.list_unreached(tx, event.id, now=order().now)

            assert (row.assistant_email, row.assistant_reached) == ("cabinet@example.org", True)


@pytest.mark.postgres
def test_who_gives_up_a_place_and_who_moves_the_event_wait_for_each_other(postgres_url):
    database = Database(postgres_url)
    with database.transaction() as tx:
        event, persons = prepare(tx, 3)
    holds = threading.Event()
    faults = []

    def give_up():
        try:
            with database.transaction() as tx:
                person = participants.get(tx, persons[0].id)
                registrations.cancel(tx, person, now=order().now)
                holds.set()
                time.sleep(0.3)
        except Exception as error:
            faults.append(error)

    someone = threading.Thread(target=give_up)
    someone.start()
    holds.wait(10)
    with database.transaction() as tx:
        outlook = changes.move(tx, events.get(tx, event.slug), later(7), order(1))
    someone.join(10)
    database.dispose()

    assert faults == []
    assert outlook.told == 2
