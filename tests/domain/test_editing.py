"""What does not go together in a programme, which side has validated it, what an event lacks."""

from datetime import date, time

import pytest

from tests.domain.pure import draw_event, draw_session
from tests.factories import NOW, make_event, make_institution, make_registration, make_session
from webinars import editing, events, validations
from webinars.changes import Order, cancel_session
from webinars.editing import ClashKind, list_clashes
from webinars.errors import (
    AlreadyValidated,
    NothingToValidate,
    SessionsChosen,
    WouldMailPeople,
    WouldVoidValidations,
)
from webinars.models import EventStatus, ProgrammeStatus, SessionChoice, Side, Speaker

DAY = "2020-11-03"
ORDER = Order("nadia@example.org", NOW)


def find(*sessions):
    """Return the kinds of what clashes at an event of 3 November 2020, 10:00 to 12:30."""
    made = []
    for place, (starts, ends, more) in enumerate(sessions):
        values = {"day": DAY, "speakers": (), "position": place} | more
        made.append(draw_session(f"s{place}", starts=starts, ends=ends, **values))
    event = draw_event(f"{DAY}T10:00", f"{DAY}T12:30")
    return [one.kind for one in list_clashes(event, made)]


WHOLE = ("10:00", "12:30", {})
MORNING = [("10:00", "11:00", {}), ("11:00", "12:30", {})]
LOUIS = {"speakers": (Speaker("Louis Petit"),)}
LOUIS_AGAIN = {"speakers": (Speaker("LOUIS  petit"),)}


@pytest.mark.parametrize(
    ("sessions", "kinds"),
    [
        ([WHOLE], []),
        (MORNING, []),
        ([("09:00", "12:30", {})], [ClashKind.OUTSIDE]),
        ([("10:00", "13:00", {})], [ClashKind.OUTSIDE]),
        ([("10:00", "12:30", {"day": "2020-11-04"})], [ClashKind.OUTSIDE]),
        ([("10:00", "11:30", {}), ("11:00", "12:30", {})], [ClashKind.OVERLAP]),
        ([("10:00", "12:30", {"slot": "a"}), ("10:00", "12:30", {"slot": "a"})], []),
        ([("10:00", "12:30", {"slot": "a"}), ("10:00", "12:30", {"slot": "b"})],
         [ClashKind.OVERLAP]),
        ([("10:00", "12:30", {"slot": "a", "room": "Atlas"}),
          ("10:00", "12:30", {"slot": "a", "room": "ATLAS"})], [ClashKind.ROOM]),
        ([("10:00", "11:00", {"room": "Atlas"}), ("11:00", "12:30", {"room": "Atlas"})], []),
        ([("10:00", "12:30", {"slot": "a"} | LOUIS),
          ("10:00", "12:30", {"slot": "a"} | LOUIS_AGAIN)], [ClashKind.SPEAKER]),
        ([("10:00", "11:00", LOUIS), ("11:00", "12:30", LOUIS)], []),
        ([("10:00", "11:00", {}), ("11:15", "12:30", {})], [ClashKind.GAP]),
        ([("10:30", "12:30", {})], [ClashKind.STARTS_LATE]),
        ([("10:00", "12:00", {})], [ClashKind.ENDS_EARLY]),
        ([("10:00", None, {})], [ClashKind.NO_HOURS]),
        ([("11:00", "10:30", {})], [ClashKind.REVERSED]),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_found(sessions, kinds):
    assert find(*sessions) == kinds


def test_a_gap_says_how_long_it_is_and_when():
    made = [
        draw_session("a", day=DAY, starts="10:00", ends="11:00", speakers=()),
        draw_session("b", day=DAY, starts="11:20", ends="12:30", speakers=()),
    ]
    (gap,) = list_clashes(draw_event(f"{DAY}T10:00", f"{DAY}T12:30"), made)
    assert (gap.minutes, gap.day, gap.codes) == (20, date(2020, 11, 3), ("a", "b"))


@pytest.fixture
def drafted(any_database):
    """Make a draft of both sides with two sessions; return the database."""
    with any_database.transaction() as tx:
        french = make_institution(tx, "DAECT")
        moroccan = make_institution(tx, "DGCT", country="MA")
        event = make_event(
            tx,
            institutions=[french, moroccan],
            status=EventStatus.DRAFT,
            programme_status=ProgrammeStatus.DRAFT,
        )
        make_session(tx, event, "a", starts=time(10), ends=time(11))
        make_session(tx, event, "b", starts=time(11), ends=time(12, 30), position=1)
    return any_database


def get(tx):
    return events.get(tx, "webinaire-covid-19")


def validate(tx, event, side):
    editing.validate(tx, event, side, institution="X", order=ORDER)


@pytest.mark.parametrize(
    ("sides", "status", "missing"),
    [
        ([], ProgrammeStatus.DRAFT, [Side.FRENCH, Side.MOROCCAN]),
        ([Side.FRENCH], ProgrammeStatus.VALIDATED_FR, [Side.MOROCCAN]),
        ([Side.MOROCCAN], ProgrammeStatus.VALIDATED_MA, [Side.FRENCH]),
        ([Side.FRENCH, Side.MOROCCAN], ProgrammeStatus.FINAL, []),
        ([Side.MOROCCAN, Side.FRENCH], ProgrammeStatus.FINAL, []),
    ],
)
def test_a_programme_is_final_once_both_sides_have_validated_it(drafted, sides, status, missing):
    with drafted.transaction() as tx:
        for side in sides:
            validate(tx, get(tx), side)
    with drafted.reading() as tx:
        event = get(tx)
        assert event.programme_status is status
        assert validations.list_missing(event) == missing
        assert [one.side for one in event.validations] == sides
        assert all((one.author, one.at) == (ORDER.author, NOW) for one in event.validations)


def test_a_side_validates_once_and_only_what_is_there(drafted):
    with drafted.transaction() as tx:
        validate(tx, get(tx), Side.FRENCH)
        with pytest.raises(AlreadyValidated):
            validate(tx, get(tx), Side.FRENCH)
        for code in ("a", "b"):
            editing.take_out_session(tx, get(tx), code, ORDER, may_void=True)
        with pytest.raises(NothingToValidate):
            validate(tx, get(tx), Side.FRENCH)


def change_title(tx, event, **more):
    said = editing.list_sessions(event)[0] | {"title": {"fr": "Autre"}}
    editing.put_session(tx, event, said, ORDER, **more)


def move_down(tx, event, **more):
    editing.move_session(tx, event, "a", 1, ORDER, **more)


def take_out(tx, event, **more):
    editing.take_out_session(tx, event, "a", ORDER, **more)


@pytest.mark.parametrize("deed", [change_title, move_down, take_out])
def test_any_change_of_the_programme_asks_before_it_undoes_validations(drafted, deed):
    with drafted.transaction() as tx:
        validate(tx, get(tx), Side.FRENCH)
        validate(tx, get(tx), Side.MOROCCAN)
    with drafted.transaction() as tx:
        with pytest.raises(WouldVoidValidations):
            deed(tx, get(tx))
        deed(tx, get(tx), may_void=True)
    with drafted.reading() as tx:
        assert get(tx).programme_status is ProgrammeStatus.DRAFT
        assert get(tx).validations == ()


def test_a_session_that_is_cancelled_by_a_change_undoes_validations(drafted):
    with drafted.transaction() as tx:
        validate(tx, get(tx), Side.FRENCH)
        cancel_session(tx, get(tx), "a", ORDER)
        assert get(tx).validations == ()


def test_the_other_parts_of_an_event_leave_its_validations_alone(drafted):
    with drafted.transaction() as tx:
        validate(tx, get(tx), Side.FRENCH)
        editing.save(tx, get(tx), {"title": {"fr": "Un autre titre"}}, ORDER)
        assert get(tx).programme_status is ProgrammeStatus.VALIDATED_FR


def test_when_a_session_of_a_published_event_is_held_is_no_mere_edit(drafted):
    with drafted.transaction() as tx:
        get(tx).status = EventStatus.PUBLISHED
        said = editing.list_sessions(get(tx))[0]
        with pytest.raises(WouldMailPeople):
            editing.put_session(tx, get(tx), said | {"room": "Atlas"}, ORDER)
        with pytest.raises(WouldMailPeople):
            editing.take_out_session(tx, get(tx), "a", ORDER)
        speakers = [{"name": "Louis Petit", "role": "moderator"}]
        editing.put_session(tx, get(tx), said | {"speakers": speakers}, ORDER)
        assert get(tx).sessions[0].speakers[0].name == "Louis Petit"


def test_a_session_that_someone_has_chosen_is_not_taken_out(drafted):
    with drafted.transaction() as tx:
        registration = make_registration(tx, get(tx))
        tx.add(SessionChoice(registration_id=registration.id, session_id=get(tx).sessions[0].id))
        tx.flush()
        with pytest.raises(SessionsChosen):
            editing.take_out_session(tx, get(tx), "a", ORDER)


def test_two_sessions_of_one_title_have_two_codes(drafted):
    with drafted.reading() as tx:
        event = get(tx)
        assert editing.name_session(event, "A") == "a-2"
        assert editing.name_session(event, "ورشة") == "seance"
