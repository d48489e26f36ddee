"""Naming a substitute from the own page: asked first, told honestly, and the first links dead."""

from datetime import timedelta

import pytest

from tests.factories import NOW, make_event, make_registration
from tests.web.conftest import gate_path, own_path
from tests.web.public.people import list_mails, list_registrations, take_snapshot
from webinars.links import Scope
from webinars.models import Civility, ContactPoint, Language, Registration, RegistrationStatus

JEAN = {
    "civility": "m",
    "last_name": "Dupont",
    "first_name": "Jean",
    "email": "jean@example.org",
    "phone": "0537000000",
    "job_title": "Directeur de cabinet",
    "language": "ar",
}


@pytest.fixture
def event(runtime):
    """Return an event of one day, online."""
    contact = ContactPoint("Claire Fontaine", "DAECT", "claire@example.org")
    with runtime.transaction() as tx:
        return make_event(tx, contacts=(contact,))


@pytest.fixture
def samira(runtime, event):
    """Return a confirmed registration that an assistant made."""
    with runtime.transaction() as tx:
        return make_registration(tx, event, assistant_email="cabinet@example.org")


def name(pages, runtime, registration, scope=Scope.PAGE, **said):
    """Fill in the form and send it."""
    form = pages.get(f"{own_path(runtime, registration, scope)}/substitute")
    return pages.submit(form, JEAN | said)


def find(runtime, first_name):
    return next(one for one in list_registrations(runtime) if one.first_name == first_name)


def test_the_own_page_leads_to_the_form_and_the_form_to_a_page_that_says_it_is_done(
    pages, runtime, samira
):
    path = own_path(runtime, samira)
    assert f"{path}/substitute" in pages.get(path).find_links()

    answer = name(pages, runtime, samira)
    page = pages.follow(answer)

    assert answer.location.split("?")[0] != path
    assert "C’est fait." in page.words
    assert "Représenté(e) par Jean DUPONT" in page.words
    jean = find(runtime, "Jean")
    assert (jean.civility, jean.language) == (Civility.MONSIEUR, Language.ARABIC)
    assert (jean.phone, jean.job_title) == ("0537000000", "Directeur de cabinet")
    own = pages.get(f"{own_path(runtime, jean)}?lang=fr")
    assert "Inscription confirmée" in own.words
    assert "À la place de Samira BENNANI" in own.words
    assert list_mails(runtime) == [
        ("represented", "samira@example.org"),
        ("represented", "cabinet@example.org"),
        ("confirmation", "jean@example.org"),
        ("confirmation", "cabinet@example.org"),
    ]


def test_the_assistant_names_a_substitute_and_lands_on_her_own_view(pages, runtime, samira):
    page = pages.follow(name(pages, runtime, samira, Scope.ASSISTANT))

    assert page.heading == "Inscription de Samira BENNANI"
    assert "Représenté(e) par Jean DUPONT" in page.words
    jean = find(runtime, "Jean")
    assert jean.assistant_email == "cabinet@example.org"
    assert pages.get(own_path(runtime, jean, Scope.ASSISTANT)).status == 200


def test_the_first_link_to_the_room_says_that_it_is_good_no_more_and_names_nobody(
    pages, runtime, clock, event, samira
):
    gate = gate_path(runtime, samira)
    name(pages, runtime, samira)
    clock.now = event.starts_at

    for page, status in ((pages.get(gate), 200), (pages.post(gate), 409)):
        assert page.status == status
        assert page.heading == "Ce lien n’est plus valable"
        assert "DUPONT" not in page.text and "BENNANI" not in page.text.upper()
        assert not page.find_all("button")
    jean = find(runtime, "Jean")
    entered = pages.post(gate_path(runtime, jean))
    assert entered.location == "https://salle.example.org/abc"
    assert find(runtime, "Samira").entered_at is None
    assert pages.get(own_path(runtime, samira)).status == 404


def test_a_link_that_died_for_another_reason_is_not_recognised(pages, runtime, event, samira):
    gate = gate_path(runtime, samira)
    with runtime.transaction() as tx:
        found = tx.get(Registration, samira.id)
        found.link_generation += 1
        found.status = RegistrationStatus.CANCELLED

    assert pages.get(gate).status == 404


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(pages, runtime, samira):
    page = name(pages, runtime, samira, last_name="", email="jean@", phone="appelez-moi")

    assert page.status == 422
    assert page.find_error("last_name") == "Ce champ est obligatoire."
    assert page.find_error("email") and page.find_error("phone")
    assert page.find_field("job_title").get("value") == "Directeur de cabinet"
    assert page.find_form().fields["civility"] == ["m"]
    assert page.find_form().fields["language"] == ["ar"]
    assert len(list_registrations(runtime)) == 1


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            {"last_name": "BENNANI", "first_name": "samira", "email": "samira@example.org"},
            "C’est la personne inscrite elle-même.",
        ),
        (
            {"last_name": "Delmas", "first_name": "Zoé", "email": "zoe@example.org"},
            "Cette personne ne peut pas être désignée ici.",
        ),
    ],
    ids=["herself", "declined"],
)
def test_who_cannot_be_named_is_refused_at_the_address(
    pages, runtime, event, samira, said, sentence
):
    with runtime.transaction() as tx:
        make_registration(
            tx,
            event,
            last_name="Delmas",
            first_name="Zoé",
            email="zoe@example.org",
            status=RegistrationStatus.DECLINED,
        )
    page = name(pages, runtime, samira, **said)

    assert page.status == 409
    assert page.find_error("email").startswith(sentence)
    assert page.find_field("last_name").get("value") == said["last_name"]
    assert find(runtime, "Samira").status is RegistrationStatus.CONFIRMED


def test_who_is_registered_already_keeps_hers_and_the_page_says_so(pages, runtime, event, samira):
    with runtime.transaction() as tx:
        make_registration(
            tx, event, last_name="Dupont", first_name="Jean", email="jean@example.org"
        )
    page = pages.follow(name(pages, runtime, samira))

    assert "Jean DUPONT avait déjà une inscription" in page.words
    assert len(list_registrations(runtime)) == 2


def test_pressing_twice_names_nobody_twice(pages, runtime, samira):
    form = pages.get(f"{own_path(runtime, samira)}/substitute")
    assert pages.submit(form, JEAN).status == 303

    assert pages.submit(form, JEAN).status == 404  # the link is dead by then
    assert len(list_registrations(runtime)) == 2


def test_looking_at_the_form_changes_nothing(pages, runtime, samira):
    before = take_snapshot(runtime)
    path = f"{own_path(runtime, samira)}/substitute"

    assert pages.get(path).status == 200
    assert pages.head(path).status_code == 200
    assert take_snapshot(runtime) == before


def test_on_the_day_it_can_still_be_done_and_after_the_end_no_more(
    pages, runtime, clock, event, samira
):
    path = own_path(runtime, samira)
    clock.now = event.ends_at - timedelta(minutes=1)
    form = pages.get(f"{path}/substitute")
    assert form.status == 200
    clock.now = event.ends_at

    page = pages.submit(form, JEAN)
    assert page.status == 409
    assert "terminé" in page.words
    clock.now = event.ends_at + timedelta(hours=1)
    assert pages.get(f"{path}/substitute").location == path


def test_a_substitute_who_gave_up_in_turn_is_told_honestly(pages, runtime, samira):
    page = pages.follow(name(pages, runtime, samira))
    own = page.path
    jean = find(runtime, "Jean")
    pages.post(f"{own_path(runtime, jean)}/cancel")

    assert "qui ne l’a plus" in pages.get(own).words


def test_the_assistant_may_do_everything_but_have_the_data_erased(pages, runtime, samira):
    path = own_path(runtime, samira, Scope.ASSISTANT)
    page = pages.get(path)

    assert f"{path}/substitute" in page.find_links()
    assert f"{path}/cancel" in page.find_links()
    assert f"{path}/erase" not in page.find_links()
    assert pages.get(f"{path}/erase").status == 403
    assert pages.post(f"{path}/erase").status == 403
    assert list_registrations(runtime)[0].erased_at is None


def test_someone_who_waits_passes_on_what_she_has(pages, runtime, event):
    with runtime.transaction() as tx:
        waiting = make_registration(
            tx, event, status=RegistrationStatus.WAITING, confirmed_at=None, registered_at=NOW
        )
    form = pages.get(f"{own_path(runtime, waiting)}/substitute")
    assert "prend la suite de l’inscription" in form.words
    pages.submit(form, JEAN)

    assert find(runtime, "Jean").status is RegistrationStatus.WAITING
