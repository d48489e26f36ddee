"""Two registrations of one person: when they are proposed, and what becomes of them as one."""

import pytest
from sqlalchemy import select

from tests.domain import sending
from tests.factories import NOW, make_event, make_registration, make_session
from webinars import merging, notes, participants, tags
from webinars.errors import NotFound
from webinars.links import Links, Scope
from webinars.models import (
    Delivery,
    Presence,
    Registration,
    RegistrationStatus,
    SessionChoice,
)

LINKS = Links(b"s" * 32, "https://webinaires.example.org")
SAMIRA = {
    "last_name": "Bennani",
    "first_name": "Samira",
    "email": "samira@example.org",
    "organization": "Région Fès-Meknès",
    "phone": "+212 5 37 00 00 00",
}


@pytest.fixture
def event(tx):
    made = make_event(tx, capacity=10)
    tx.refresh(made, ["sessions", "questions", "institutions"])
    return made


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        ({"email": "s.bennani@example.org", "organization": "Conseil de Fès Mèknès"}, True),
        ({"email": "x@example.org", "last_name": "SAMIRA", "first_name": "Bennani"}, True),
        ({"email": "x@example.org", "organization": "Ville de Bordeaux"}, False),
        ({"email": "x@example.org", "last_name": "Autre", "first_name": "Nom",
          "phone": "05.37.00.00.00"}, True),
        ({"email": "x@example.org", "last_name": "Autre", "first_name": "Nom",
          "phone": "00212537000000"}, True),
        ({"last_name": "Benani"}, True),
        ({"last_name": "Bennani", "first_name": "Driss", "phone": ""}, True),
        ({"last_name": "Martin", "first_name": "Zoé", "phone": ""}, False),
        ({"email": "x@example.org", "last_name": "Martin", "first_name": "Zoé", "phone": ""},
         False),
    ],
)  # fmt: skip
def test_who_may_be_the_same_person_is_proposed_and_others_are_not(tx, event, other, alike):
    one = make_registration(tx, event, **SAMIRA)
    said = {"phone": "", **SAMIRA} | ({"phone": ""} | other)
    second = make_registration(tx, event, **said)
    assert merging.is_alike(one, second) is alike
    assert merging.is_alike(second, one) is alike


def test_proposals_are_of_the_same_event_and_never_erased(tx, event):
    one = make_registration(tx, event, **SAMIRA)
    near = make_registration(tx, event, **SAMIRA | {"last_name": "Benani"})
    gone = make_registration(tx, event, **SAMIRA | {"last_name": "Bennanni"})
    gone.erased_at = NOW
    make_registration(tx, make_event(tx, "assises"), **SAMIRA | {"last_name": "Benany"})
    tx.flush()
    assert [other.id for other in merging.list_alike(tx, one)] == [near.id]
    said = {"last_name": "Autre", "email": "y@example.org", "phone": "(05) 37-00.00 00"}
    called = make_registration(tx, event, **SAMIRA | said)
    assert [other.id for other in merging.list_alike(tx, one)] == [near.id, called.id]


def test_two_become_one_with_what_was_chosen_of_each(tx, event):
    session = make_session(tx, event, "atelier-1")
    kept = make_registration(tx, event, **SAMIRA, source="DGCT", status="waiting")
    other = make_registration(
        tx, event, **SAMIRA | {"last_name": "Benani", "organization": "Fès-Meknès"},
        source="form", presence=Presence.PRESENT, registered_at=NOW.replace(hour=7),
    )  # fmt: skip
    tx.add(SessionChoice(registration_id=other.id, session_id=session.id))
    tx.flush()
    tags.add(tx, event, "VIP", [kept.id, other.id])
    tags.add(tx, event, "Orateur", [other.id])
    notes.add(tx, other, "A écrit deux fois", author="x", now=NOW)
    sending.add(tx, event, registration_id=other.id)
    token = LINKS.make_token(Scope.PAGE, other.public_id, other.link_generation)
    other_id, public_id = other.id, other.public_id

    kept = participants.get(tx, kept.id)
    merging.merge(tx, kept, other_id, from_other=["organization"], now=NOW)

    tx.expire_all()
    one = participants.get(tx, kept.id)
    assert tx.get(Registration, other_id) is None
    assert (one.last_name, one.organization, one.source) == ("Bennani", "Fès-Meknès", "DGCT; form")
    assert (one.status, one.presence) == (RegistrationStatus.CONFIRMED, Presence.PRESENT)
    assert one.registered_at == NOW.replace(hour=7)
    assert tags.list_of(tx, one.id) == ["Orateur", "VIP"]
    assert [note.text for note in notes.list_of(tx, one.id)] == ["A écrit deux fois"]
    assert [choice.session_id for choice in one.choices] == [session.id]
    mails = tx.scalars(select(Delivery)).all()
    assert [(mail.registration_id, mail.state.value) for mail in mails] == [(one.id, "cancelled")]
    found, scope = participants.get_by_token(tx, LINKS, token, {Scope.PAGE})
    assert (found.id, scope) == (one.id, Scope.PAGE)
    assert participants.find_by_public_id(tx, public_id).id == one.id
    stale = LINKS.make_token(Scope.PAGE, public_id, 1)
    assert participants.find_by_token(tx, LINKS, stale, {Scope.PAGE}) is None


def test_the_place_of_a_double_goes_to_the_first_in_line(tx):
    event = make_event(tx, capacity=2)
    tx.refresh(event, ["sessions", "questions", "institutions"])
    kept = make_registration(tx, event, **SAMIRA)
    double = make_registration(tx, event, **SAMIRA | {"last_name": "Benani"})
    first = make_registration(tx, event, email="c@example.org", status="waiting")
    merging.merge(tx, participants.get(tx, kept.id), double.id, from_other=[], now=NOW)
    tx.expire_all()
    assert participants.get(tx, first.id).status is RegistrationStatus.CONFIRMED


def test_the_other_s_name_and_address_bring_the_other_s_contact(tx, event):
    kept = make_registration(tx, event, **SAMIRA)
    other = make_registration(
        tx, event, **SAMIRA | {"last_name": "Benani", "email": "b@example.org"}
    )
    contact = other.contact_id
    one = participants.get(tx, kept.id)
    merging.merge(tx, one, other.id, from_other=["name", "email"], now=NOW)
    assert (one.contact_id, one.last_name, one.email) == (contact, "Benani", "b@example.org")


@pytest.mark.parametrize("what", ["itself", "another event's", "nobody"])
def test_only_two_of_one_event_are_merged(tx, event, what):
    kept = make_registration(tx, event, **SAMIRA)
    stranger = make_registration(tx, make_event(tx, "assises"), email="x@example.org")
    numbers = {"itself": kept.id, "another event's": stranger.id, "nobody": 999_999}
    with pytest.raises(NotFound):
        merging.merge(tx, participants.get(tx, kept.id), numbers[what], from_other=[], now=NOW)


def test_what_a_person_registered_for_besides_is_listed(tx, event):
    one = make_registration(tx, event, **SAMIRA)
    other_event = make_event(tx, "assises")
    second = make_registration(tx, other_event, **SAMIRA | {"email": "z@example.org"})
    second.contact_id = one.contact_id
    tx.flush()
    assert [found.event.slug for found in merging.list_elsewhere(tx, one)] == ["assises"]
