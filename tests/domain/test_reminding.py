"""Those who have not said whether they maintain, asked once more: once a day at most."""

from datetime import timedelta

import pytest

from tests.domain.moving import add_person, deliver, later, look, order, prepare
from tests.domain.sending import list_all
from webinars import changes, claims, reconfirmations
from webinars.changes import Reconfirm
from webinars.errors import EventCancelled, RemindedLately
from webinars.models import DeliveryState, Lane, MailName, ReconfirmRule

REMINDER = MailName.RECONFIRM_REMINDER
DAY = timedelta(days=1)
ASK = Reconfirm(by=later(20).starts, rule=ReconfirmRule.RELEASE)


def ask(tx, people=2, **values):
    """Move an event and ask who is registered whether they maintain."""
    event, persons = prepare(tx, people, **values)
    made = changes.move(tx, event, later(35), order(), reconfirm=ASK)
    deliver(tx)
    return event, persons, made


def test_who_has_not_answered_is_counted_by_question(any_database):
    with any_database.transaction() as tx:
        event, (first, _), made = ask(tx)
        reconfirmations.note_kept(tx, look(tx, first), now=order(5).now)

        (question,) = changes.list_questions(tx, event.id)

        assert (question.change_id, question.unanswered) == (made.change_id, 1)
        assert question.rule is ReconfirmRule.RELEASE


def test_only_who_has_not_answered_is_asked_once_more_and_so_is_her_assistant(any_database):
    with any_database.transaction() as tx:
        event, (first, second), made = ask(tx)
        add_person(tx, event, 7)
        reconfirmations.note_kept(tx, look(tx, first), now=order(5).now)
        look(tx, second).assistant_email = "cabinet@example.org"
        tx.flush()

        assert changes.remind(tx, event, now=order(60).now) == 1

        sent = list_all(tx, REMINDER)
        assert [(one.email, one.is_copy) for one in sent] == [
            ("p1@example.org", False),
            ("cabinet@example.org", True),
        ]
        assert {one.change_id for one in sent} == {made.change_id}


def test_nobody_is_reminded_twice_within_a_day(any_database):
    now = order(60).now
    with any_database.transaction() as tx:
        event, _, _made = ask(tx)
        changes.remind(tx, event, now=now)
        with pytest.raises(RemindedLately):
            changes.remind(tx, event, now=now + DAY - timedelta(seconds=1))
        assert changes.remind(tx, event, now=now + DAY) == 2


def test_nobody_is_reminded_who_could_only_answer_too_late(any_database):
    with any_database.transaction() as tx:
        event, _, _made = ask(tx)
        assert changes.remind(tx, event, now=order().now + 30 * DAY) == 0
        changes.cancel(tx, event, order(60))
        with pytest.raises(EventCancelled):
            changes.remind(tx, event, now=order(120).now)


def test_who_answers_while_her_reminder_is_on_its_way_is_not_sent_it(any_database):
    now = order(60).now
    with any_database.transaction() as tx:
        event, (first, _), _made = ask(tx)
        changes.remind(tx, event, now=now)
        held = claims.claim(tx, Lane.BULK, owner="w", now=now, limit=10)
        assert claims.check(tx, held, owner="w", now=now) == {}

        reconfirmations.note_kept(tx, look(tx, first), now=now)

        dropped = claims.check(tx, held, owner="w", now=now)
        assert [one.reply for one in dropped.values()] == ["superseded"]


def test_a_reminder_does_not_change_what_a_person_is_known_to_know(any_database):
    with any_database.transaction() as tx:
        event, _, _made = ask(tx, 1)
        changes.remind(tx, event, now=order(60).now)

        changes.move(tx, event, later(0), order(90))

        told = [one for one in list_all(tx) if one.state is DeliveryState.PENDING]
        assert MailName.EVENT_MOVED in {one.template for one in told}
