"""After whatever happens to an event, each person's calendar is the programme that she should see.

Hypothesis draws what organisers and people do, and when mails leave in between; the calendars are
those of clients that choke on what clients choke on.
"""

import itertools
import random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.itip.world import CHOICES, MARRAKECH, PEOPLE, SESSIONS, World
from webinars.models import Mode

NUMBERS = itertools.count()
PERSON = st.sampled_from(PEOPLE)
QUIET = st.sampled_from([0, 0, 10, 120])
CODE = st.sampled_from(sorted(SESSIONS))
OF_PEOPLE = st.one_of(
    st.tuples(st.just("register"), PERSON, st.sampled_from(CHOICES)),
    st.tuples(st.just("choose"), PERSON, st.sampled_from(CHOICES)),
    st.tuples(st.just("correct_address"), PERSON),
    st.tuples(st.just("give_up"), PERSON),
    st.tuples(st.just("substitute"), PERSON),
)
OF_ORGANISERS = st.one_of(
    st.tuples(st.just("move"), st.sampled_from([-1, 0, 1, 30]), st.sampled_from([-1, 0, 2]), QUIET),
    st.tuples(
        st.just("place"),
        st.sampled_from([None, MARRAKECH]),
        st.sampled_from([Mode.ONLINE, Mode.ONSITE, Mode.HYBRID]),
        QUIET,
    ),
    st.tuples(
        st.just("change_session"),
        CODE,
        st.sampled_from([None, "Salle Atlas"]),
        st.sampled_from([0, 15]),
        QUIET,
    ),
    st.tuples(st.just("cancel_session"), CODE, QUIET),
    st.tuples(st.just("cancel"), QUIET),
    st.tuples(st.just("postpone"), QUIET),
    st.tuples(st.just("reopen"), st.sampled_from([None, 2]), QUIET),
)
DEEDS = st.lists(
    st.tuples(st.one_of(OF_PEOPLE, OF_ORGANISERS, OF_ORGANISERS), st.booleans()), max_size=8
)
"""What is done, and whether the mails leave before the next."""
FIRST = [("register", person, chosen) for person, chosen in zip(PEOPLE, CHOICES, strict=False)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("worlds")


def live(folder, template, deeds, capacity=None, is_told=True):
    """Let things happen, and return the world once all mails have left."""
    world = World(folder / str(next(NUMBERS)), template, capacity=capacity)
    for deed in FIRST:
        world.do(*deed)
    for deed, works in [(("nothing",), is_told), *deeds]:
        world.do(*deed)
        if works:
            world.work()
    world.finish()
    return world


def check(world, calendars):
    expected, seen = world.expect(), world.see(calendars)
    assert {address: seen.get(address, {}) for address in expected} == expected


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@example([(("postpone", 0), True), (("correct_address", "zoe"), True)], None, True, 1)
@example([(("postpone", 10), True), (("move", 1, 0, 0), True)], None, True, 2)
@example([(("postpone", 0), True), (("move", 1, 0, 0), True), (("cancel", 0), True)], None, True, 3)
@example([(("cancel", 0), True), (("reopen", 2, 0), True)], 2, True, 4)
@example([(("postpone", 10), False), (("reopen", None, 0), False)], None, False, 5)
@example([(("cancel", 0), False), (("reopen", None, 0), False)], None, False, 6)
@example([(("cancel_session", f"atelier-{one}", 0), False) for one in "dcb"], None, True, 7)
@example([(("substitute", "zoe"), True), (("move", 1, 0, 10), False)], 2, True, 8)
@example([(("cancel", 10), True), (("reopen", None, 10), False)], None, False, 9)
@example([(("give_up", "zoe"), False), (("register", "zoe", ()), False)], None, True, 10)
@example([(("substitute", "zoe"), False), (("register", "zoe", ()), False)], 2, True, 11)
@example(
    [
        (("cancel", 0), True),
        (("reopen", 2, 10), False),
        (("choose", "samira", ("atelier-d",)), True),
        (("cancel", 10), True),
    ],
    None,
    True,
    12,
)
@given(DEEDS, st.sampled_from([None, 2]), st.booleans(), st.integers(0, 2**16))
def test_each_calendar_is_the_programme_its_owner_should_see(
    sqlite_template, folder, deeds, capacity, is_told, seed
):
    world = live(folder, sqlite_template, deeds, capacity, is_told)
    try:
        check(world, world.deliver())

        # The same, though mails overtake each other and come twice.
        shuffled = world.post.sent * 2
        random.Random(seed).shuffle(shuffled)
        check(world, world.deliver(shuffled))
    finally:
        world.close()
