"""The door: who is expected, who is there, and how one is found."""

import pytest

from tests.factories import NOW, make_event, make_registration
from webinars import arrivals, participants
from webinars.errors import NotFound, RegistrationCancelled
from webinars.links import Links, Scope
from webinars.models import Presence

LINKS = Links(b"s" * 32, "https://webinaires.example.org")


@pytest.fixture
def event(tx):
    made = make_event(tx)
    tx.refresh(made, ["sessions", "questions", "institutions"])
    return made


def test_who_is_expected_and_who_is_there_is_counted_and_names_lead_to_the_others_too(tx, event):
    make_registration(tx, event, presence=Presence.PRESENT)
    make_registration(tx, event, last_name="Évrard", email="b@example.org")
    make_registration(tx, event, last_name="Attend", email="c@example.org", status="waiting")
    door = arrivals.read(tx, event.id)
    assert (door.expected, door.there, door.found) == (2, 1, 2)
    assert [one.last_name for one in door.rows] == ["Bennani", "Évrard"]
    found = arrivals.read(tx, event.id, search="attend")
    assert [one.last_name for one in found.rows] == ["Attend"] and found.expected == 2


def test_what_the_door_is_shown_is_a_name_and_an_organisation(tx, event):
    assert set(arrivals.Arrival._fields) == {
        "id", "reference", "last_name", "first_name", "organization", "status", "presence",
    }  # fmt: skip


def test_a_second_tap_changes_nothing(tx, event):
    one = participants.get(tx, make_registration(tx, event).id)
    arrivals.note(tx, one, is_there=True, now=NOW)
    noted_at = one.presence_at
    arrivals.note(tx, one, is_there=True, now=NOW.replace(hour=11))
    assert (one.presence, one.presence_at) == (Presence.PRESENT, noted_at)
    arrivals.note(tx, one, is_there=False, now=NOW)
    arrivals.note(tx, one, is_there=False, now=NOW)
    assert one.presence is None


def test_whoever_gave_up_her_place_is_not_let_in_unseen(tx, event):
    one = participants.get(tx, make_registration(tx, event, status="cancelled").id)
    with pytest.raises(RegistrationCancelled):
        arrivals.note(tx, one, is_there=True, now=NOW)


def test_a_badge_and_a_reference_lead_to_the_person_and_other_codes_to_nobody(tx, event):
    one = make_registration(tx, event)
    one.reference = "K7QM-3XPA"
    tx.flush()
    badge = LINKS.badge_url(one.public_id, one.link_generation)
    page = LINKS.page_url(one.public_id, one.link_generation)
    for code in (badge, badge.rsplit("/", 1)[1], "K7QM-3XPA", " k7qm 3xpa", "K7QM3XPA"):
        assert arrivals.get_by_code(tx, LINKS, event.id, code).id == one.id
    others = (page, "", "K7QM", "%", LINKS.make_token(Scope.BADGE, one.public_id, 1))
    for code in others:
        with pytest.raises(NotFound):
            arrivals.get_by_code(tx, LINKS, event.id, code)
    other = make_event(tx, "assises")
    for code in (badge, "K7QM-3XPA"):
        with pytest.raises(NotFound):
            arrivals.get_by_code(tx, LINKS, other.id, code)
