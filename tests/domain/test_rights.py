"""Who may do what: every role against every act, and what an event's owners share."""

from types import SimpleNamespace

import pytest

from webinars import rights
from webinars.models import OrganiserRole, Share
from webinars.rights import Act

EVENT, OTHER_EVENT = 1, 2
HOME, ELSEWHERE = 10, 20

# A letter each: o owner, e editor, r registrations, c check-in, l reader, f and m validators.
LETTERS = dict(zip("oerclfm", OrganiserRole, strict=True))
AT_EVENT = {
    Act.SEE_EVENT: "oerclfm",
    Act.SEE_FIGURES: "oerl",
    Act.EDIT_EVENT: "oe",
    Act.CHANGE_EVENT: "oe",
    Act.SEE_PEOPLE: "oerl",
    Act.EDIT_PEOPLE: "oer",
    Act.CHECK_IN: "oerc",
    Act.EXPORT: "oer",
    Act.SEE_MAILINGS: "oerl",
    Act.WRITE_MAILINGS: "oe",
    Act.INVITE: "oe",
    Act.VALIDATE_FR: "f",
    Act.VALIDATE_MA: "m",
    Act.GIVE_ROLES: "o",
    Act.SEE_AUDIT: "o",
}
IN_INSTITUTION = {
    Act.CREATE_EVENT: "oe",
    Act.SEE_CONTACTS: "oerl",
    Act.EDIT_CONTACTS: "oer",
    Act.MANAGE_INSTITUTION: "o",
    Act.RUN_SERVICE: "",
}
SHARED = {
    Share.ALL: set(AT_EVENT),
    Share.LISTS: {
        Act.SEE_EVENT,
        Act.SEE_FIGURES,
        Act.SEE_PEOPLE,
        Act.SEE_MAILINGS,
        Act.EXPORT,
        Act.INVITE,
        Act.VALIDATE_FR,
        Act.VALIDATE_MA,
    },
    Share.FIGURES: {
        Act.SEE_EVENT,
        Act.SEE_FIGURES,
        Act.INVITE,
        Act.VALIDATE_FR,
        Act.VALIDATE_MA,
    },
}


def make_organiser(*grants, institution_id=HOME, runs_service=False, disabled_at=None):
    return SimpleNamespace(
        institution_id=institution_id,
        institution=None,
        runs_service=runs_service,
        disabled_at=disabled_at,
        grants=[SimpleNamespace(role=role, event_id=event_id) for role, event_id in grants],
    )


def make_event(share=Share.ALL, institution_id=HOME):
    part = SimpleNamespace(institution_id=institution_id, share=share)
    return SimpleNamespace(id=EVENT, institutions=[part])


def test_the_tables_name_every_act_and_every_role():
    assert AT_EVENT.keys() | IN_INSTITUTION.keys() == set(Act)
    assert set(LETTERS.values()) == set(OrganiserRole) == set(rights.ROLES)
    assert SHARED.keys() == set(Share)


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("act", AT_EVENT)
def test_a_role_at_an_event_allows_there_what_the_table_says_and_nothing_elsewhere(act, letter):
    holder = make_organiser((LETTERS[letter], EVENT))
    stranger = make_organiser((LETTERS[letter], OTHER_EVENT))

    assert rights.may(holder, act, event=make_event(institution_id=ELSEWHERE)) is (
        letter in AT_EVENT[act]
    )
    assert not rights.may(stranger, act, event=make_event(institution_id=ELSEWHERE))


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("share", Share)
@pytest.mark.parametrize("act", AT_EVENT)
def test_a_role_for_an_institution_allows_what_is_shared_with_it(act, share, letter):
    holder = make_organiser((LETTERS[letter], None))

    allowed = letter in AT_EVENT[act] and act in SHARED[share]
    assert rights.may(holder, act, event=make_event(share)) is allowed
    assert not rights.may(holder, act, event=make_event(share, institution_id=ELSEWHERE))


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("act", IN_INSTITUTION)
def test_in_an_institution_only_a_role_for_all_of_it_counts(act, letter):
    everywhere = make_organiser((LETTERS[letter], None))
    at_event = make_organiser((LETTERS[letter], EVENT))

    assert rights.may(everywhere, act) is (letter in IN_INSTITUTION[act])
    assert not rights.may(at_event, act)
    assert not rights.may(everywhere, act, institution=SimpleNamespace(id=ELSEWHERE))


@pytest.mark.parametrize("act", Act)
def test_who_runs_the_service_may_do_all_but_validate_for_a_side(act):
    organiser = make_organiser(institution_id=None, runs_service=True)

    assert rights.may(organiser, act, event=make_event(institution_id=ELSEWHERE)) is (
        act not in {Act.VALIDATE_FR, Act.VALIDATE_MA}
    )


@pytest.mark.parametrize("act", Act)
def test_who_is_let_in_no_more_may_do_nothing(act):
    organiser = make_organiser((OrganiserRole.OWNER, None), runs_service=True, disabled_at="now")

    assert not rights.may(organiser, act, event=make_event())


@pytest.mark.parametrize(
    ("role", "country", "may_hold"),
    [
        (OrganiserRole.VALIDATOR_FR, "FR", True),
        (OrganiserRole.VALIDATOR_FR, "MA", False),
        (OrganiserRole.VALIDATOR_MA, "MA", True),
        (OrganiserRole.VALIDATOR_MA, "FR", False),
        (OrganiserRole.VALIDATOR_MA, None, False),
        (OrganiserRole.OWNER, "GB", True),
    ],
)
def test_one_validates_for_the_own_side_alone(role, country, may_hold):
    organiser = make_organiser()
    if country:
        organiser.institution = SimpleNamespace(country=country)

    assert rights.may_hold(organiser, role) is may_hold
