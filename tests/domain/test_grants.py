"""Roles given and taken away: to whom, where, and that somebody is always left who decides."""

import pytest

from tests.factories import NOW, make_event, make_institution
from webinars import grants, organisers, rights
from webinars.errors import Forbidden, LastOwner, NotFound, NotTakingPart, OwnRole
from webinars.models import COMMAND_LINE, OrganiserRole, Share
from webinars.rights import Act

OWNER, EDITOR = OrganiserRole.OWNER, OrganiserRole.EDITOR


def add(tx, name, institution, role=None):
    """Add an organiser who has chosen a password."""
    organiser = organisers.add_invited(tx, f"{name}@example.org", institution=institution, now=NOW)
    organiser.password_hash = "a hash"
    if role is not None:
        grants.give(tx, organiser, role, by=COMMAND_LINE, now=NOW)
    return organiser


def give(tx, organiser, role, event=None):
    grants.give(tx, organiser, role, by=COMMAND_LINE, now=NOW, event=event)


@pytest.fixture
def place(any_database):
    """Make two institutions of an event and an owner of each, in a transaction."""
    with any_database.transaction() as tx:
        daect, dgct = make_institution(tx, "DAECT"), make_institution(tx, "DGCT", country="MA")
        event = make_event(tx, institutions=[daect, dgct])
        yield tx, event, add(tx, "nadia", daect, OWNER), add(tx, "driss", dgct, OWNER)


def test_a_role_at_an_event_is_for_institutions_that_take_part(place):
    tx, event, nadia, _ = place
    stranger = add(tx, "paul", make_institution(tx, "CUF"))

    with pytest.raises(NotTakingPart):
        give(tx, stranger, EDITOR, event)
    with pytest.raises(Forbidden):
        give(tx, nadia, OrganiserRole.VALIDATOR_MA, event)
    give(tx, nadia, EDITOR, event)
    give(tx, nadia, EDITOR, event)  # once

    held = {one.organiser.email: one for one in grants.list_held(tx, event)}
    assert held["nadia@example.org"].here == [EDITOR]
    assert held["nadia@example.org"].everywhere == [OWNER]
    assert "paul@example.org" not in held


def test_the_last_owner_of_an_institution_stays(place):
    tx, _, nadia, _ = place
    leila = add(tx, "leila", nadia.institution)
    leila.password_hash = None
    give(tx, leila, OWNER)
    for lose in (
        lambda: grants.take(tx, nadia, OWNER),
        lambda: grants.disable(tx, nadia, by=None, now=NOW),
    ):
        # Who was invited and has not come yet can decide nothing.
        with pytest.raises(LastOwner), tx.begin_nested():
            lose()
        tx.refresh(nadia, ["grants", "disabled_at"])
    leila.password_hash = "a hash"

    assert grants.take(tx, nadia, OWNER)
    assert not grants.take(tx, nadia, OWNER)
    assert not rights.may(nadia, Act.MANAGE_INSTITUTION)


def test_somebody_always_decides_on_roles_at_an_event(place):
    tx, event, nadia, driss = place
    grants.set_share(tx, event, driss.institution_id, Share.LISTS, by=nadia)
    assert not rights.may(driss, Act.GIVE_ROLES, event=event)
    assert rights.may(driss, Act.EXPORT, event=event)

    with pytest.raises(OwnRole):
        grants.set_share(tx, event, nadia.institution_id, Share.LISTS, by=nadia)
    with pytest.raises(LastOwner), tx.begin_nested():
        grants.set_share(tx, event, nadia.institution_id, Share.FIGURES, by=driss)


def test_what_is_shared_raises_the_edition_of_the_event(place):
    tx, event, nadia, driss = place
    edition = event.edition
    grants.set_share(tx, event, driss.institution_id, Share.FIGURES, by=nadia)
    tx.refresh(event, ["edition"])
    assert event.edition == edition + 1
    with pytest.raises(NotFound):
        grants.set_share(tx, event, 10_000, Share.ALL, by=nadia)


def test_a_role_for_the_event_itself_is_not_limited_by_what_is_shared(place):
    tx, event, nadia, driss = place
    grants.set_share(tx, event, driss.institution_id, Share.FIGURES, by=nadia)
    give(tx, driss, OrganiserRole.REGISTRATIONS, event)

    assert rights.may(driss, Act.EDIT_PEOPLE, event=event)


def test_nobody_closes_the_own_account_and_a_closed_one_may_nothing(place):
    tx, event, nadia, _ = place
    other = add(tx, "leila", nadia.institution, EDITOR)
    with pytest.raises(OwnRole):
        grants.disable(tx, nadia, by=nadia, now=NOW)

    grants.disable(tx, other, by=nadia, now=NOW)
    assert not rights.may(other, Act.SEE_EVENT, event=event)
    assert other.sign_in_generation == 1
    grants.enable(tx, other)
    assert rights.may(other, Act.SEE_EVENT, event=event)
