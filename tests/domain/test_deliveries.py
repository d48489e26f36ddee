import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy
from sqlalchemy import select

from tests.domain.sending import add, get, list_all
from tests.factories import NOW, make_event, make_registration
from webinars import deliveries
from webinars.models import DeliveryState, Event, MailName

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_one_intent_is_one_mail_whatever_runs_twice(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        assert add(tx, event) is True
        assert add(tx, event) is False

    with any_database.transaction() as tx:
        assert add(tx, tx.scalar(select(Event))) is False
        assert len(list_all(tx)) == 1


def test_a_mail_is_due_at_once_unless_said_otherwise(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        add(tx, event, "now")
        add(tx, event, "later", due_at=NOW + HOUR)

        assert get(tx, "now").not_before == NOW
        assert get(tx, "later").not_before == NOW + HOUR
        assert get(tx, "now").state is DeliveryState.PENDING


def send_by_form(tx, event, number, now=NOW, email="cabinet@example.org"):
    add(tx, event, f"{number}", email=email, by_form=True, now=now)
    return get(tx, f"{number}").not_before - NOW


def test_the_sixth_mail_of_an_hour_waits_for_the_first_to_be_an_hour_old(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        due = [send_by_form(tx, event, number, NOW + number * MINUTE) for number in range(7)]

    assert due[:5] == [number * MINUTE for number in range(5)]
    assert due[5:] == [61 * MINUTE, 62 * MINUTE]


@pytest.mark.parametrize("every_minutes", [0, 3, 13, 30])
def test_no_hour_holds_more_than_five_and_none_is_dropped(database, every_minutes):
    with database.transaction() as tx:
        event = make_event(tx)
        due = [
            send_by_form(tx, event, number, NOW + number * every_minutes * MINUTE)
            for number in range(40)
        ]

    assert due == sorted(due)
    for first, sixth in zip(due, due[5:], strict=False):
        assert sixth - first > HOUR


def test_letters_of_the_address_in_upper_case_are_the_same_address(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        for number in range(5):
            send_by_form(tx, event, number)

        assert send_by_form(tx, event, 5, email="Cabinet@Example.org") == 61 * MINUTE
        assert send_by_form(tx, event, 6, email="autre@example.org") == timedelta()


def test_what_was_given_up_leaves_its_room_to_others(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        registration = make_registration(tx, event)
        for number in range(5):
            add(
                tx,
                event,
                f"{number}",
                email="cabinet@example.org",
                by_form=True,
                registration_id=registration.id,
            )
        deliveries.cancel_for(tx, registration.id)

        assert send_by_form(tx, event, 5) == timedelta()


def test_what_organisers_cause_is_not_limited(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        for number in range(7):
            add(tx, event, f"{number}", email="cabinet@example.org")

        assert {one.not_before for one in list_all(tx)} == {NOW}


def test_many_forms_at_the_same_instant_share_the_hour(any_database):
    with any_database.transaction() as tx:
        event_id = make_event(tx).id

    def fill_in(number):
        with any_database.transaction() as tx:
            send_by_form(tx, tx.get(Event, event_id), number)

    threads = [threading.Thread(target=fill_in, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with any_database.reading() as tx:
        due = sorted(one.not_before - NOW for one in list_all(tx))
        waits = sorted(str(one.waits_for) for one in list_all(tx))
    assert due == [timedelta()] * 5 + [61 * MINUTE] * 5 + [122 * MINUTE] * 2
    assert waits == ["None"] * 5 + ["limit"] * 7


@contextmanager
def listening(tx):
    """Collect the statements that are executed meanwhile, with their parameters."""
    asked = []

    def listen(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    listens = (tx.connection(), "before_cursor_execute", listen)
    sqlalchemy.event.listen(*listens)
    yield asked
    sqlalchemy.event.remove(*listens)


def explain(tx, statement, parameters):
    """Return how SQLite would look for what a statement asks."""
    plan = tx.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return str(plan.all())


def test_the_limit_is_looked_up_in_an_index(database):
    with database.transaction() as tx:
        event = make_event(tx)
        with listening(tx) as asked:
            add(tx, event, by_form=True)

        [(statement, parameters)] = [one for one in asked if "due_at DESC" in one[0]]
        assert "ix_deliveries_by_form" in explain(tx, statement, parameters)


@pytest.mark.parametrize(
    ("only", "index"),
    [
        (deliveries.Only.MAYBE_TWICE, "ix_deliveries_maybe_twice"),
        (deliveries.Only.UNWANTED, "ix_deliveries_untaken"),
    ],
)
def test_what_is_rare_is_found_by_an_index_however_many_others_there_are(database, only, index):
    with database.transaction() as tx:
        event = make_event(tx)
        with listening(tx) as asked:
            deliveries.counts(tx, event.id, mailing_id=1, only=only)
            deliveries.list_rows(tx, event.id, only=only, limit=50)
            deliveries.tally(tx, [1, 2], NOW)

        plans = [explain(tx, *one) for one in asked if "AS marked" in one[0]]
        mine = [plan for plan in plans if index in plan]
        assert len(mine) == 3
        assert not any(
            "ix_deliveries_mailing" in one or "ix_deliveries_event" in one for one in mine
        )


def test_what_a_registration_has_not_been_sent_yet_can_be_given_up(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        registration = make_registration(tx, event)
        other = make_registration(tx, event, last_name="Alami", email="alami@example.org")
        for name, owner in (("mine", registration), ("sent", registration), ("hers", other)):
            add(tx, event, name, registration_id=owner.id)
        get(tx, "sent").state = DeliveryState.ACCEPTED
        tx.flush()

        assert deliveries.cancel_for(tx, registration.id) == 1
        assert (get(tx, "mine").state, get(tx, "mine").reply) == (
            DeliveryState.CANCELLED,
            "registration-changed",
        )
        assert get(tx, "sent").state is DeliveryState.ACCEPTED
        assert get(tx, "hers").state is DeliveryState.PENDING


def test_only_some_mails_can_be_given_up(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        registration = make_registration(tx, event)
        add(tx, event, "link", registration_id=registration.id)
        add(
            tx,
            event,
            "confirmation",
            template=MailName.CONFIRMATION,
            registration_id=registration.id,
        )

        deliveries.cancel_for(tx, registration.id, templates={MailName.CONFIRMATION})

        assert get(tx, "link").state is DeliveryState.PENDING
        assert get(tx, "confirmation").state is DeliveryState.CANCELLED


def test_lists_show_the_reference_and_the_last_word_of_the_relay(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        registration = make_registration(tx, event)
        add(tx, event, "a", registration_id=registration.id)
        add(tx, event, "b", template=MailName.ROOM_MISSING)
        one = get(tx, "a")
        one.state, one.accepted_at, one.attempts, one.reply = "accepted", NOW, 2, "250 ok"
        tx.flush()

        first, second = deliveries.list_rows(tx, event.id)
        assert first._asdict() == {
            "reference": registration.reference,
            "email": "a@example.org",
            "mailing": MailName.OWN_LINK,
            "state": DeliveryState.ACCEPTED,
            "due_at": NOW,
            "accepted_at": NOW,
            "attempts": 2,
            "reply": "250 ok",
            "maybe_twice": False,
            "is_copy": False,
            "id": one.id,
            "last_name": "Bennani",
            "first_name": "Samira",
            "registration_id": registration.id,
            "mailing_id": None,
            "mailing_state": None,
            "failure": None,
            "waits_for": None,
            "not_before": NOW,
        }
        assert second.reference == ""
        assert deliveries.list_rows(tx, event.id, DeliveryState.PENDING) == [second]
        assert deliveries.list_rows(tx, event.id, registration_id=registration.id) == [first]
        assert deliveries.list_rows(tx, event.id, limit=1, offset=1) == [second]
        assert deliveries.counts(tx, event.id) == {
            DeliveryState.ACCEPTED: 1,
            DeliveryState.PENDING: 1,
        }


def test_of_what_may_have_left_before_it_was_given_up_nobody_can_tell(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        registration = make_registration(tx, event)
        for name in ("sure", "unsure"):
            add(tx, event, name, registration_id=registration.id)
        get(tx, "unsure").maybe_twice = True
        tx.flush()

        assert deliveries.cancel_for(tx, registration.id) == 2

        assert get(tx, "sure").state is DeliveryState.CANCELLED
        assert get(tx, "unsure").state is DeliveryState.UNCERTAIN
