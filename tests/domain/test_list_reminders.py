"""Reminders that a list is ready: on their days, once each, to who may take it, until the start."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.factories import NOW, make_event, make_institution, make_registration
from webinars import events, list_reminders, organisers
from webinars.models import Delivery, Grant, ListReminder, MailName, OrganiserRole

SLUG = "webinaire-covid-19"
TUESDAY = datetime(2020, 10, 27, 7, 0, tzinfo=UTC)
"""08:00 in Paris, the day after NOW."""


@pytest.fixture
def made(any_database):
    """Return a database with an event of Tuesday 3 November, and its organiser."""
    with any_database.transaction() as tx:
        event = make_event(tx, SLUG, institutions=[make_institution(tx)])
        make_registration(tx, event, registered_at=NOW - timedelta(days=1))
        organisers.add(tx, "nadia@example.org", "mot de passe", institution="DAECT", now=NOW)
    return any_database


def save(database, *weekdays, hour=8, now=NOW):
    """Ask to be reminded on these days, and return when that is next."""
    with database.transaction() as tx:
        organiser = organisers.find(tx, "nadia@example.org")
        found = list_reminders.save(tx, events.get(tx, SLUG), organiser, weekdays, hour, now=now)
        return found and found.next_at


def tick(database, now):
    """Do what the timer does, and return the intents of all reminders so far."""
    with database.transaction() as tx:
        for one in list_reminders.list_due(tx, now=now):
            list_reminders.remind(tx, one, now=now)
        rows = select(Delivery).where(Delivery.template == MailName.LIST_READY)
        return [one.intent.split(":", 4)[4] for one in tx.scalars(rows.order_by(Delivery.id))]


@pytest.mark.parametrize(
    ("weekdays", "hour", "next_at"),
    [
        ([1], 8, TUESDAY),
        ([0, 1], 11, NOW + timedelta(hours=1)),  # today at eleven, Paris: ten in UTC
        ([0], 9, datetime(2020, 11, 2, 8, 0, tzinfo=UTC)),  # nine has passed today
        ([1], 20, datetime(2020, 10, 27, 19, 0, tzinfo=UTC)),
        ([], 8, None),
        ([9], 8, None),
    ],
)
def test_the_next_reminder_is_at_the_hour_of_the_event(made, weekdays, hour, next_at):
    assert save(made, *weekdays, hour=hour) == next_at


def test_a_slot_is_one_mail_with_what_is_new_since_the_last(made):
    save(made, 1, 3)
    assert tick(made, TUESDAY - timedelta(seconds=1)) == []
    assert tick(made, TUESDAY) == ["0:1"]
    assert tick(made, TUESDAY + timedelta(seconds=1)) == ["0:1"]
    with made.transaction() as tx:
        event = events.get(tx, SLUG)
        make_registration(tx, event, email="b@example.org", registered_at=TUESDAY + timedelta(1))
    thursday = TUESDAY + timedelta(days=2)
    assert tick(made, thursday) == ["0:1", "1:2"]


def test_after_a_standstill_one_mail_makes_up_for_all(made):
    save(made, 0, 1, 2, 3, 4)
    late = TUESDAY + timedelta(days=3, hours=2)
    assert len(tick(made, late)) == 1
    with made.reading() as tx:
        assert tx.scalars(select(ListReminder)).one().next_at > late


def test_two_timers_send_one_mail(made):
    save(made, 1)
    with made.transaction() as tx:
        reminder = tx.scalars(select(ListReminder)).one()
        assert list_reminders.remind(tx, reminder.id, now=TUESDAY)
        assert not list_reminders.remind(tx, reminder.id, now=TUESDAY)


def test_reminders_end_with_the_start_and_with_the_right_to_export(made):
    assert save(made, 1, hour=10, now=TUESDAY + timedelta(hours=3)) is None  # it starts at ten
    assert save(made, 0, hour=9) is not None
    with made.transaction() as tx:
        tx.scalars(select(Grant)).one().role = OrganiserRole.READER
    assert tick(made, datetime(2020, 11, 2, 8, 0, tzinfo=UTC)) == []
    with made.reading() as tx:
        assert tx.scalars(select(ListReminder)).all() == []


def test_what_a_reminder_says_is_in_its_intent():
    told = list_reminders.read_intent("list-ready:e17:o3:1603782000:12:340")
    assert told == (17, 3, 12, 340)
    assert list_reminders.read_intent("account-link:0123") is None
