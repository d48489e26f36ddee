"""The gate, as a truth table: the webinar of 3 November 2020, 10:00 to 12:30 in Paris."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.factories import make_event, make_registration, make_session
from webinars import connections
from webinars.connections import GateState
from webinars.models import FormerDates, RegistrationStatus

STARTS = datetime(2020, 11, 3, 9, 0, tzinfo=UTC)
ENDS = datetime(2020, 11, 3, 11, 30, tzinfo=UTC)
OPENS = STARTS - timedelta(minutes=15)
CLOSES = ENDS + timedelta(minutes=30)
INSTANT = timedelta(microseconds=1)
CANCELLED_EVENT = {"cancelled_at": STARTS - timedelta(days=1)}
POSTPONED_EVENT = {"postponed_at": STARTS - timedelta(days=1)}
WITHOUT_ROOM = {"room_url": None}
EMPTY_ROOM = {"room_url": ""}
MOVED_BEFORE = {"former_dates": (FormerDates(date(2020, 9, 3), date(2020, 9, 3)),)}

CONFIRMED = RegistrationStatus.CONFIRMED
WAITING = RegistrationStatus.WAITING
PENDING = RegistrationStatus.PENDING
DECLINED = RegistrationStatus.DECLINED
CANCELLED = RegistrationStatus.CANCELLED


@pytest.mark.parametrize(
    ("event", "status", "now", "expected"),
    [
        ({}, CONFIRMED, OPENS - timedelta(days=7), GateState.EARLY),
        ({}, CONFIRMED, OPENS - INSTANT, GateState.EARLY),
        ({}, CONFIRMED, OPENS, GateState.OPEN),
        ({}, CONFIRMED, ENDS, GateState.OPEN),
        ({}, CONFIRMED, CLOSES - INSTANT, GateState.OPEN),
        ({}, CONFIRMED, CLOSES, GateState.ENDED),
        ({"gate_opens_minutes": 60}, CONFIRMED, STARTS - timedelta(hours=1), GateState.OPEN),
        ({"gate_closes_minutes": 0}, CONFIRMED, ENDS, GateState.ENDED),
        (WITHOUT_ROOM, CONFIRMED, OPENS - INSTANT, GateState.EARLY),
        (WITHOUT_ROOM, CONFIRMED, OPENS, GateState.ROOM_MISSING),
        (EMPTY_ROOM, CONFIRMED, OPENS, GateState.ROOM_MISSING),
        (WITHOUT_ROOM, CONFIRMED, CLOSES, GateState.ENDED),
        (MOVED_BEFORE, CONFIRMED, OPENS - INSTANT, GateState.MOVED),
        (MOVED_BEFORE, CONFIRMED, OPENS, GateState.OPEN),
        (MOVED_BEFORE, CONFIRMED, CLOSES, GateState.ENDED),
        (POSTPONED_EVENT, CONFIRMED, OPENS, GateState.MOVED),
        (CANCELLED_EVENT, CONFIRMED, OPENS, GateState.CANCELLED),
        (CANCELLED_EVENT, CANCELLED, CLOSES, GateState.CANCELLED),
        ({}, CANCELLED, OPENS, GateState.REGISTRATION_CANCELLED),
        ({}, CANCELLED, CLOSES, GateState.REGISTRATION_CANCELLED),
        ({}, DECLINED, OPENS, GateState.REGISTRATION_CANCELLED),
        ({}, WAITING, OPENS - INSTANT, GateState.WAITING),
        ({}, WAITING, OPENS, GateState.WAITING),
        ({}, WAITING, CLOSES, GateState.ENDED),
        ({}, PENDING, OPENS, GateState.PENDING),
    ],
)
def test_the_state_of_the_gate(tx, event, status, now, expected):
    made = make_event(tx, **event)
    registration = make_registration(tx, made, status=status)
    tx.refresh(made, ["sessions"])
    assert connections.gate(made, registration, (), now).state is expected


def test_an_early_gate_says_when_it_opens_and_closes(tx):
    event = make_event(tx)
    registration = make_registration(tx, event)
    tx.refresh(event, ["sessions"])
    gate = connections.gate(event, registration, (), STARTS - timedelta(days=1))
    assert (gate.opens_at, gate.closes_at) == (OPENS, CLOSES)
    assert gate.day.date == date(2020, 11, 3)


def make_assises(tx):
    """Make two days in Marrakech, with a workshop to choose on the second day."""
    event = make_event(
        tx,
        "assises",
        timezone="Africa/Casablanca",
        starts=datetime(2016, 12, 8, 9, 0),  # noqa: DTZ001
        ends=datetime(2016, 12, 9, 17, 0),  # noqa: DTZ001
    )
    first, second = date(2016, 12, 8), date(2016, 12, 9)
    make_session(tx, event, "pleniere", day=first, starts=time(9), ends=time(12, 30))
    make_session(tx, event, "atelier-3", day=second, slot="m", starts=time(9), ends=time(12))
    make_session(tx, event, "atelier-4", day=second, slot="m", starts=time(9), ends=time(17))
    tx.refresh(event, ["sessions"])
    return event


@pytest.mark.parametrize(
    ("now", "chosen", "expected", "day"),
    [
        (datetime(2016, 12, 8, 8, 44, tzinfo=UTC), ("atelier-3",), GateState.EARLY, 8),
        (datetime(2016, 12, 8, 8, 45, tzinfo=UTC), ("atelier-3",), GateState.OPEN, 8),
        (datetime(2016, 12, 8, 12, 59, tzinfo=UTC), ("atelier-3",), GateState.OPEN, 8),
        (datetime(2016, 12, 8, 13, 0, tzinfo=UTC), ("atelier-3",), GateState.EARLY, 9),
        (datetime(2016, 12, 9, 8, 45, tzinfo=UTC), ("atelier-3",), GateState.OPEN, 9),
        (datetime(2016, 12, 9, 12, 30, tzinfo=UTC), ("atelier-3",), GateState.ENDED, None),
        (datetime(2016, 12, 9, 12, 30, tzinfo=UTC), ("atelier-4",), GateState.OPEN, 9),
        (datetime(2016, 12, 8, 13, 0, tzinfo=UTC), (), GateState.ENDED, None),
    ],
)
def test_between_two_days_the_gate_says_when_it_opens_again(tx, now, chosen, expected, day):
    event = make_assises(tx)
    gate = connections.gate(event, make_registration(tx, event), chosen, now)
    assert (gate.state, gate.day and gate.day.date.day) == (expected, day)


def test_without_hours_the_gate_is_open_all_day(tx):
    event = make_event(tx, starts=date(2016, 5, 3), ends=date(2016, 5, 4))
    tx.refresh(event, ["sessions"])
    windows = connections.list_windows(event, ())
    assert [(one.opens_at, one.closes_at) for one in windows] == [
        (datetime(2016, 5, 2, 22, tzinfo=UTC), datetime(2016, 5, 3, 22, tzinfo=UTC)),
        (datetime(2016, 5, 3, 22, tzinfo=UTC), datetime(2016, 5, 4, 22, tzinfo=UTC)),
    ]
