"""The rule book: who gets a place, as truth tables."""

from datetime import UTC, datetime, timedelta

import pytest

from webinars import places
from webinars.models import Event, OrganizationKind, Priority, RegistrationStatus
from webinars.places import Count

RELEASE = datetime(2020, 5, 18, 10, tzinfo=UTC)
"""18 May 2020, 12:00 in Paris."""
BEFORE = RELEASE - timedelta(microseconds=1)
COLLECTIVITES = Priority(
    countries=("FR",),
    kinds=(
        OrganizationKind.COMMUNE,
        OrganizationKind.EPCI,
        OrganizationKind.DEPARTEMENT,
        OrganizationKind.REGION,
    ),
)

UNLIMITED = Event(capacity=None, approval=False)
THREE = Event(capacity=3, approval=False)
NONE_AT_ALL = Event(capacity=0, approval=False)
BY_DECISION = Event(capacity=None, approval=True)
THREE_BY_DECISION = Event(capacity=3, approval=True)
THREE_WITH_PRIORITY = Event(
    capacity=3, approval=False, priority=COLLECTIVITES, priority_until_at=RELEASE
)
PRIORITY_BY_DECISION = Event(
    capacity=3, approval=True, priority=COLLECTIVITES, priority_until_at=RELEASE
)

EMPTY = Count()
ONE_LEFT = Count(confirmed=2)
FULL = Count(confirmed=3)
OVERFULL = Count(confirmed=4)
ONE_LEFT_ONE_AHEAD = Count(confirmed=2, ahead=1)
TWO_LEFT_ONE_AHEAD = Count(confirmed=1, ahead=1)

IS_OF_PRIORITY = True
IS_NOT = False
UNDECIDED = False
APPROVED = True

CONFIRMED = RegistrationStatus.CONFIRMED
WAITING = RegistrationStatus.WAITING
PENDING = RegistrationStatus.PENDING


@pytest.mark.parametrize(
    ("event", "count", "has_priority", "is_approved", "now", "expected"),
    [
        (UNLIMITED, EMPTY, IS_NOT, UNDECIDED, RELEASE, CONFIRMED),
        (THREE, EMPTY, IS_NOT, UNDECIDED, RELEASE, CONFIRMED),
        (THREE, ONE_LEFT, IS_NOT, UNDECIDED, RELEASE, CONFIRMED),
        (THREE, FULL, IS_NOT, UNDECIDED, RELEASE, WAITING),
        # An organiser lowered the capacity: nobody loses a place, and nobody gets one.
        (THREE, OVERFULL, IS_NOT, UNDECIDED, RELEASE, WAITING),
        (NONE_AT_ALL, EMPTY, IS_NOT, UNDECIDED, RELEASE, WAITING),
        # A place that is free belongs to those who have waited for it.
        (THREE, ONE_LEFT_ONE_AHEAD, IS_NOT, UNDECIDED, RELEASE, WAITING),
        (THREE, TWO_LEFT_ONE_AHEAD, IS_NOT, UNDECIDED, RELEASE, CONFIRMED),
        # An organiser decides first; a place is counted when she has.
        (BY_DECISION, EMPTY, IS_NOT, UNDECIDED, RELEASE, PENDING),
        (THREE_BY_DECISION, FULL, IS_NOT, UNDECIDED, RELEASE, PENDING),
        (THREE_BY_DECISION, ONE_LEFT, IS_NOT, APPROVED, RELEASE, CONFIRMED),
        (THREE_BY_DECISION, FULL, IS_NOT, APPROVED, RELEASE, WAITING),
        # Until the release all others wait, even while places are free.
        (THREE_WITH_PRIORITY, EMPTY, IS_OF_PRIORITY, UNDECIDED, BEFORE, CONFIRMED),
        (THREE_WITH_PRIORITY, FULL, IS_OF_PRIORITY, UNDECIDED, BEFORE, WAITING),
        (THREE_WITH_PRIORITY, EMPTY, IS_NOT, UNDECIDED, BEFORE, WAITING),
        (THREE_WITH_PRIORITY, EMPTY, IS_NOT, UNDECIDED, RELEASE, CONFIRMED),
        (THREE_WITH_PRIORITY, ONE_LEFT_ONE_AHEAD, IS_NOT, UNDECIDED, RELEASE, WAITING),
        (PRIORITY_BY_DECISION, EMPTY, IS_OF_PRIORITY, UNDECIDED, BEFORE, PENDING),
        (PRIORITY_BY_DECISION, EMPTY, IS_OF_PRIORITY, APPROVED, BEFORE, CONFIRMED),
        (PRIORITY_BY_DECISION, EMPTY, IS_NOT, APPROVED, BEFORE, WAITING),
    ],
)
def test_who_gets_a_place(event, count, has_priority, is_approved, now, expected):
    decided = places.decide(
        event, count, has_priority=has_priority, is_approved=is_approved, now=now
    )
    assert decided is expected


@pytest.mark.parametrize(
    ("priority", "country", "kind", "expected"),
    [
        (None, "FR", OrganizationKind.COMMUNE, False),
        (COLLECTIVITES, "FR", OrganizationKind.COMMUNE, True),
        (COLLECTIVITES, "MA", OrganizationKind.COMMUNE, False),
        (COLLECTIVITES, "FR", OrganizationKind.ASSOCIATION, False),
        (COLLECTIVITES, "MA", OrganizationKind.ASSOCIATION, False),
        (Priority(countries=("FR", "MA")), "MA", OrganizationKind.PRESS, True),
        (Priority(countries=("FR", "MA")), "TN", OrganizationKind.COMMUNE, False),
        (Priority(kinds=(OrganizationKind.REGION,)), "TN", OrganizationKind.REGION, True),
        (Priority(), "TN", OrganizationKind.PRESS, True),
    ],
)
def test_the_priority_audience_meets_all_conditions_together(priority, country, kind, expected):
    assert places.belongs(priority, country=country, kind=kind) is expected


@pytest.mark.parametrize(
    ("event", "now", "is_reserved", "must_be_released"),
    [
        (THREE, BEFORE, False, False),
        (THREE_WITH_PRIORITY, BEFORE, True, False),
        (THREE_WITH_PRIORITY, RELEASE, False, True),
        (
            Event(capacity=None, priority=COLLECTIVITES, priority_until_at=RELEASE),
            BEFORE,
            False,
            True,
        ),
        (
            Event(
                capacity=3,
                priority=COLLECTIVITES,
                priority_until_at=RELEASE,
                priority_released=True,
            ),
            RELEASE,
            False,
            False,
        ),
    ],
)
def test_places_are_kept_until_the_release_and_released_once(
    event, now, is_reserved, must_be_released
):
    assert places.is_reserved(event, now) is is_reserved
    assert places.must_be_released(event, now) is must_be_released


@pytest.mark.parametrize(
    ("event", "confirmed", "free"),
    [(UNLIMITED, 7, None), (THREE, 1, 2), (THREE, 3, 0), (THREE, 4, 0)],
)
def test_places_left(event, confirmed, free):
    assert places.count_free(event, confirmed) == free


@pytest.mark.parametrize(
    ("capacity", "taken", "expected"),
    [(None, 9_999, False), (1, 0, False), (1, 1, True), (1, 2, True), (0, 0, True)],
)
def test_a_session_is_full_when_its_capacity_is_taken(capacity, taken, expected):
    assert places.is_full(capacity, taken) is expected
