"""An event edited in place, by one person or by two at once, and published once it is ready."""

from datetime import UTC, datetime

import pytest

from tests.factories import NOW, make_registration
from tests.web.conftest import Browser
from tests.web.organiser.conftest import PASSWORD, SLUG, sign_in
from tests.web.organiser.test_creations import make
from webinars import events, organisers
from webinars.models import (
    Change,
    ChangeKind,
    Event,
    EventStatus,
    OrganizationKind,
    RegistrationStatus,
)

HOME = f"/organiser/events/{SLUG}"
PARTS = ("texts", "registration", "institutions", "people", "notice", "connection")


def read(runtime, slug=SLUG):
    with runtime.reading() as tx:
        return events.get(tx, slug)


def edit(browser, name, slug=SLUG, **typed):
    page = browser.get(f"/organiser/events/{slug}/edit/{name}")
    return browser.submit(page, typed, action=f"edit/{name}")


@pytest.fixture
def colleague(app, runtime, world):
    """Return a browser in which another organiser of DAECT has signed in."""
    with runtime.transaction() as tx:
        organisers.add(tx, "amina@example.org", PASSWORD, institution="DAECT", now=NOW)
    browser = Browser(app)
    sign_in(browser, "amina@example.org")
    return browser


def test_every_part_is_saved_by_itself_and_says_what_it_said_before(desk, runtime):
    for name in PARTS:
        before = read(runtime)
        answer = edit(desk, name)
        assert (answer.status, answer.location) == (303, f"{HOME}/edit/{name}")
        assert read(runtime).edition == before.edition, name
    with runtime.reading() as tx:
        assert tx.query(Change).count() == 0


def test_texts_of_a_published_event_change_and_its_history_says_who_did_it(desk, runtime):
    edit(desk, "texts", title_fr="Autre titre", title_ar="عنوان", summary_fr="Un.\r\n\r\nDeux.")
    event = read(runtime)
    assert (event.title.fr, event.title.ar) == ("Autre titre", "عنوان")
    assert event.summary.fr == "Un.\n\nDeux."
    with runtime.reading() as tx:
        (change,) = tx.query(Change)
    assert (change.kind, change.author) == (ChangeKind.EDITED, "nadia@example.org")
    assert "Autre titre" in desk.get(f"/events/{SLUG}").words


def test_a_deadline_a_capacity_and_who_goes_first_are_set_together(desk, runtime):
    edit(
        desk,
        "registration",
        closes="2020-11-02T18:00",
        capacity="3",
        approval="1",
        priority_countries=["FR"],
        priority_kinds=["commune", "region"],
        priority_until="2020-11-01T12:00",
    )
    event = read(runtime)
    assert event.closes_at == datetime(2020, 11, 2, 17, tzinfo=UTC)
    assert (event.capacity, event.approval) == (3, True)
    assert event.priority.countries == ("FR",)
    assert event.priority.kinds == (OrganizationKind.COMMUNE, OrganizationKind.REGION)


def test_a_larger_capacity_gives_its_places_to_those_who_wait(desk, runtime):
    edit(desk, "registration", capacity="1")
    with runtime.transaction() as tx:
        waiting = make_registration(
            tx,
            events.get(tx, SLUG),
            last_name="Attente",
            email="attente@example.org",
            status=RegistrationStatus.WAITING,
        )
    edit(desk, "registration", capacity="2")
    with runtime.reading() as tx:
        assert tx.get(type(waiting), waiting.id).status is RegistrationStatus.CONFIRMED


@pytest.mark.parametrize(
    ("name", "typed", "field", "sentence"),
    [
        ("registration", {"closes": "2020-12-01T10:00"}, "closes", "après la fin"),
        ("registration", {"closes": "2020-10-25T25:00"}, "closes", "date et une heure"),
        ("registration", {"opens": "2020-11-03T11:00"}, "opens", "avant la clôture"),
        ("registration", {"capacity": "-1"}, "capacity", "nombre entier"),
        ("registration", {"capacity": "0"}, "capacity", "au moins 1"),
        ("texts", {"title_fr": "y" * 501}, "title_fr", "trop long"),
        ("texts", {"summary_fr": "z" * 5001}, "summary_fr", "trop long"),
        ("connection", {"url": "javascript:alert(1)"}, "url", "http"),
        ("people", {"contacts_0_email": "non"}, "contacts_0_email", "adresse complète"),
        ("people", {"contacts_0_email": "a@example.org"}, "contacts_0_name", "obligatoire"),
        ("people", {"contacts_0_name": "A", "contacts_0_institution": "ABC"},
         "contacts_0_institution", "pas parmi"),
        ("institutions", {"institutions_1_acronym": "CUF"}, "institutions_1_name", "obligatoire"),
        ("notice", {"retention_months": "500"}, "retention_months", "au plus 120"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_its_field_and_nothing_typed_is_lost(
    desk, runtime, name, typed, field, sentence
):
    before = read(runtime)
    page = edit(desk, name, **typed)
    assert page.status == 422
    assert sentence in page.find_error(field)
    assert read(runtime).edition == before.edition
    for key, value in typed.items():
        kept = page.find_field(key)
        assert (kept.get("value") or "".join(kept.itertext()).strip()) == value


def test_a_priority_without_a_number_of_places_is_refused(desk):
    page = edit(desk, "registration", priority_countries=["FR"])
    assert page.status == 422 and "capacité" in page.words


def test_institutions_are_added_ordered_and_taken_out(desk, runtime):
    edit(
        desk,
        "institutions",
        institutions_1_acronym="DGCT",
        institutions_1_name="Direction générale des collectivités territoriales",
        institutions_1_country="MA",
        institutions_1_role="pilot",
        institutions_1_rank="0,5",
    )
    assert [one.institution.acronym for one in read(runtime).institutions] == ["DGCT", "DAECT"]
    edit(desk, "institutions", institutions_0_remove="1")
    assert [one.institution.acronym for one in read(runtime).institutions] == ["DAECT"]


def test_contacts_and_signatories_are_lists_of_their_own(desk, runtime):
    edit(
        desk,
        "people",
        contacts_0_name="Pauline",
        contacts_0_email="pauline@example.org",
        contacts_1_name="Accueil",
        contacts_1_phone="01 43 17 62 71",
        contacts_1_rank="0",
        signatories_0_name="La Déléguée",
        signatories_0_title="Ambassadeur, Déléguée",
    )
    event = read(runtime)
    assert [one.name for one in event.contacts] == ["Accueil", "Pauline"]
    assert event.signatories[0].title == "Ambassadeur, Déléguée"


def test_who_edits_second_sees_both_versions_and_loses_nothing(desk, colleague, runtime):
    opened = desk.get(f"{HOME}/edit/texts")
    edit(colleague, "texts", title_fr="Titre d’Amina", title_en="Amina’s title")

    met = desk.submit(
        opened, action="edit/texts", title_fr="Titre de Nadia", summary_fr="Résumé de Nadia"
    )

    assert met.status == 409
    assert "amina@example.org a modifié cette partie" in met.words
    assert "Titre d’Amina" in met.words and "Titre de Nadia" in met.words
    assert met.find_field("title_fr").get("value") == "Titre de Nadia"
    assert met.find_field("title_en").get("value") == "Amina’s title"
    assert "Résumé de Nadia" in met.text
    assert read(runtime).title.fr == "Titre d’Amina"

    fields = met.find_form("edit/texts").fields  # the box stands outside, and is of the form
    assert desk.post(met.path, fields | {"theirs_title_fr": ["1"]}).status == 303
    event = read(runtime)
    assert (event.title.fr, event.title.en) == ("Titre d’Amina", "Amina’s title")
    assert event.summary.fr == "Résumé de Nadia"


def test_who_edits_second_may_keep_her_own_version(desk, colleague, runtime):
    opened = desk.get(f"{HOME}/edit/texts")
    edit(colleague, "texts", title_fr="Titre d’Amina")
    met = desk.submit(opened, action="edit/texts", title_fr="Titre de Nadia")
    assert desk.submit(met, action="edit/texts").status == 303
    assert read(runtime).title.fr == "Titre de Nadia"


def test_two_who_edit_different_parts_do_not_meet(desk, colleague, runtime):
    opened = desk.get(f"{HOME}/edit/texts")
    edit(colleague, "registration", capacity="40")
    assert desk.submit(opened, action="edit/texts", title_fr="Titre de Nadia").status == 303
    event = read(runtime)
    assert (event.title.fr, event.capacity) == ("Titre de Nadia", 40)


def test_dates_of_a_draft_are_edited_here_and_of_a_published_event_by_a_change(desk, runtime):
    make(desk, slug="brouillon")
    answer = edit(desk, "dates", "brouillon", starts_time="14h", mode="onsite", venue_city="Fès")
    assert answer.status == 303
    event = read(runtime, "brouillon")
    assert (event.starts_time.hour, event.venue.name) == (14, "Fès")
    refused = edit(desk, "dates", "brouillon", starts_time="2h30", starts_on="2027-03-28")
    assert "n’existe pas" in refused.find_error("starts_time")
    assert desk.get(f"{HOME}/edit/dates").status == 404
    assert f"{HOME}/#change" in desk.get(f"{HOME}/edit/texts").find_links()


def test_the_public_page_of_a_draft_is_shown_beside_in_a_frame_of_our_own_alone(desk):
    make(desk, slug="brouillon")
    page = desk.get("/organiser/events/brouillon/edit/texts")
    (frame,) = page.find_all("iframe")
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    shown = desk.get(frame.get("src"))
    assert shown.heading.startswith("« Face à la crise")
    assert "frame-ancestors 'self'" in shown.headers["Content-Security-Policy"]
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_draft_is_published_once_the_check_list_lets_it(desk, runtime):
    make(desk, slug="brouillon", starts_on="2021-05-19")
    page = desk.get("/organiser/events/brouillon/publication")
    assert "Personne ne répond aux questions" in page.words
    assert "/organiser/events/brouillon/edit/people" in page.find_links()
    proof = page.find_all("input", name="csrf_token")[0].get("value")
    where = "/organiser/events/brouillon/publication"
    refused = desk.post(where, {"csrf_token": proof, "status": "published"})
    assert refused.status == 409 and "Il manque encore" in refused.words

    edit(desk, "people", "brouillon", contacts_0_name="A", contacts_0_email="a@example.org")
    answer = desk.post(where, {"csrf_token": proof, "status": "published"})

    assert "L’événement est publié." in desk.follow(answer).words
    assert read(runtime, "brouillon").status is EventStatus.PUBLISHED
    assert desk.get("/events/brouillon").status == 200
    assert desk.get("/events/brouillon/register").status == 200


def test_registrations_are_closed_now_and_opened_again(desk, runtime, clock):
    page = desk.get(f"{HOME}/publication")
    page = desk.follow(desk.submit(page, action="registrations/close"))
    assert read(runtime).closes_at == NOW
    assert "closes depuis" in desk.get(f"/events/{SLUG}").words
    wrong = desk.submit(page, action="registrations/reopen", closes="2020-11-04T10:00")
    assert wrong.status == 422 and "après la fin" in wrong.find_error("closes")
    assert desk.submit(page, action="registrations/reopen", closes="").status == 303
    assert read(runtime).closes_local is None


def test_an_event_that_someone_is_registered_for_does_not_become_a_draft_again(desk, runtime):
    page = desk.get(f"{HOME}/publication")
    assert "Reprendre en brouillon" not in page.words
    proof = page.find_all("input", name="csrf_token")[0].get("value")
    answer = desk.post(f"{HOME}/publication", {"csrf_token": proof, "status": "draft"})
    assert answer.status == 409
    assert read(runtime).status is EventStatus.PUBLISHED


def test_the_file_of_an_event_that_was_edited_on_the_pages_does_not_overwrite_it(desk, runtime):
    edit(desk, "texts", title_fr="Changé ici")
    with runtime.reading() as tx:
        event = tx.query(Event).filter_by(slug=SLUG).one()
        assert (event.loaded or {}).get("title") != {"fr": "Changé ici"}
