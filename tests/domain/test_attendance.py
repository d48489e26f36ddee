from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.domain.registering import JEAN, list_mails, register
from tests.factories import NOW, make_event, make_registration
from webinars import attendance, audiences, events, mailings, participants
from webinars.attendance import Came
from webinars.errors import GateClosed, RegistrationCancelled, RoomMissing
from webinars.models import MailName, Mode, Presence, Registration, RegistrationStatus

STARTS = datetime(2020, 11, 3, 9, 0, tzinfo=UTC)
ROOM = "https://salle.example.org/abc"


def make_one(tx, event=None, **columns):
    event = event or make_event(tx)
    return participants.get(tx, make_registration(tx, event, **columns).id)


def test_entering_answers_with_the_room_and_keeps_the_first_time(any_database):
    with any_database.transaction() as tx:
        registration_id = make_one(tx).id
    for minutes in (0, 20):
        with any_database.transaction() as tx:
            registration = participants.get(tx, registration_id)
            assert (
                attendance.enter(tx, registration, now=STARTS + timedelta(minutes=minutes)) == ROOM
            )
    with any_database.reading() as tx:
        assert tx.scalar(select(Registration.entered_at)) == STARTS


def test_a_changed_room_is_entered_without_a_new_link(tx):
    registration = make_one(tx)
    events.connect(tx, registration.event, "https://autre.example.org/x")
    assert attendance.enter(tx, registration, now=STARTS) == "https://autre.example.org/x"


@pytest.mark.parametrize(
    ("columns", "now", "state"),
    [
        ({}, STARTS - timedelta(minutes=16), "early"),
        ({}, STARTS + timedelta(days=1), "ended"),
        ({"status": RegistrationStatus.WAITING}, STARTS, "waiting"),
        ({"status": RegistrationStatus.CANCELLED}, STARTS, "registration_cancelled"),
    ],
)
def test_a_closed_gate_lets_nobody_in_and_records_nothing(tx, columns, now, state):
    registration = make_one(tx, **columns)
    with pytest.raises(GateClosed) as refusal:
        attendance.enter(tx, registration, now=now)
    assert refusal.value.state == state
    assert tx.scalar(select(Registration.entered_at)) is None


def test_without_a_room_nobody_has_entered(tx):
    registration = make_one(tx, make_event(tx, room_url=None))
    with pytest.raises(RoomMissing):
        attendance.enter(tx, registration, now=STARTS)
    assert tx.scalar(select(Registration.entered_at)) is None


def test_presence_is_noted_changed_and_taken_back(tx):
    registration = make_one(tx)
    attendance.record(tx, registration, Presence.PRESENT, now=STARTS)
    assert (registration.presence, registration.presence_at) == (Presence.PRESENT, STARTS)
    attendance.record(tx, registration, Presence.EXCUSED, now=STARTS)
    assert registration.presence is Presence.EXCUSED
    attendance.record(tx, registration, None, now=STARTS)
    assert (registration.presence, registration.presence_at) == (None, None)


def test_whoever_is_noted_after_the_thanks_have_left_is_thanked_too(tx):
    event = make_event(tx, mode=Mode.ONSITE)
    mailings.plan(tx, event, now=NOW)
    present, absent = (make_one(tx, event, email=f"{n}@example.org") for n in range(2))
    thanks_at = event.ends_at + timedelta(hours=1)
    for mailing_id in audiences.list_due(tx, now=thanks_at):
        while audiences.advance(tx, mailing_id, now=thanks_at):
            pass
    attendance.record(tx, present, Presence.PRESENT, now=thanks_at + timedelta(days=1))
    attendance.record(tx, present, Presence.PRESENT, now=thanks_at + timedelta(days=1))
    attendance.record(tx, absent, Presence.ABSENT, now=thanks_at + timedelta(days=1))
    assert MailName.THANKS not in list_mails(tx, absent)
    assert list_mails(tx, present).count(MailName.THANKS) == 1


def test_who_gave_up_the_place_is_not_present(tx):
    registration = make_one(tx, status=RegistrationStatus.CANCELLED)
    with pytest.raises(RegistrationCancelled):
        attendance.record(tx, registration, Presence.PRESENT, now=STARTS)


def test_a_walk_in_is_registered_and_present_in_one_go_even_when_it_is_full(tx):
    event = events.get(tx, make_event(tx, capacity=0).slug)
    walk_in = register(tx, event, JEAN, now=STARTS, source="CUF", by_organiser=True).registration
    attendance.record(tx, walk_in, Presence.PRESENT, now=STARTS)
    assert walk_in.is_late
    assert attendance.count_by_event(tx, [event.id]) == {event.id: Came(0, 1)}


def test_who_came_is_counted_for_many_events_at_once(tx):
    first, second, empty = (make_event(tx, slug) for slug in ("a", "b", "c"))
    make_registration(tx, first, entered_at=NOW, presence=Presence.PRESENT)
    make_registration(tx, first, email="b@example.org", presence=Presence.ABSENT)
    make_registration(tx, second, email="c@example.org", entered_at=NOW)
    assert attendance.count_by_event(tx, [first.id, second.id, empty.id]) == {
        first.id: Came(1, 1),
        second.id: Came(1, 0),
        empty.id: Came(0, 0),
    }
