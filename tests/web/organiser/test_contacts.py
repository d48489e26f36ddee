"""Contacts of an institution: its own organisers' alone, found, written, shared and given up."""

import pytest
from sqlalchemy import select

from tests.factories import NOW, make_institution
from tests.web.conftest import Browser
from tests.web.organiser.conftest import PASSWORD, SLUG, sign_in
from webinars import cards, events, organisers
from webinars.cards import Origin, Person
from webinars.models import (
    AuditRecord,
    ContactCard,
    Institution,
    LegalBasis,
    OrganiserRole,
)

SAMIRA = Person(
    "Bennani", "Samira", "samira@example.org", organization="Région Fès-Meknès", country="MA"
)
ORIGIN = Origin("annuaire 2026", LegalBasis.PUBLIC_TASK)


def find_institution(runtime, acronym="DAECT"):
    with runtime.reading() as tx:
        return tx.scalar(select(Institution.id).where(Institution.acronym == acronym))


def path(runtime, acronym="DAECT"):
    return f"/organiser/institutions/{find_institution(runtime, acronym)}/contacts"


def add(runtime, person=SAMIRA, acronym="DAECT", origin=ORIGIN):
    number = find_institution(runtime, acronym)
    with runtime.transaction() as tx:
        return cards.add(tx, number, person, origin, now=NOW).id


def test_the_navigation_leads_to_the_contacts_of_the_own_institution(desk, runtime):
    add(runtime)
    home = desk.get("/organiser/")
    assert "/organiser/contacts" in home.find_links()

    listed = desk.follow(desk.get("/organiser/contacts"))

    assert listed.heading == "Contacts de DAECT"
    assert "BENNANI Samira Région Fès-Meknès Maroc samira@example.org" in listed.words


@pytest.mark.parametrize(("search", "found"), [("Fès Mèknès", True), ("Oujda", False)])
def test_contacts_are_searched_without_regard_to_accents_and_hyphens(desk, runtime, search, found):
    add(runtime)
    page = desk.get(path(runtime), query_string={"search": search})

    assert ("BENNANI" in page.words) is found
    assert page.find_field("search").get("value") == search


def test_a_long_list_is_shown_fifty_a_page(desk, runtime):
    for number in range(53):
        add(runtime, Person(f"P{number:02}", "", f"p{number}@example.org"))

    page = desk.get(path(runtime))
    assert "53 contacts" in page.words and "Page 1 sur 2" in page.words
    assert "P52" in desk.get(f"{path(runtime)}?page=2").words


def test_someone_is_added_shown_changed_and_given_up(desk, runtime):
    form = desk.get(f"{path(runtime)}/add")
    refused = desk.submit(form, last_name="Évrard", email="helene", action="/add")
    assert refused.status == 422
    assert refused.find_error("email") and refused.find_error("source")
    added = desk.submit(
        refused,
        email="helene@example.org",
        first_name="Hélène",
        source="salon 2026",
        legal_basis="consent",
        salutation="Madame la Maire",
        action="/add",
    )
    shown = desk.follow(added)
    assert "Hélène ÉVRARD est parmi vos contacts." in shown.words
    assert "Madame la Maire" in shown.words and "Consentement de la personne" in shown.words

    change = desk.get(f"{added.location}/change")
    assert change.find_field("salutation").get("value") == "Madame la Maire"
    changed = desk.follow(desk.submit(change, organization="Ville de Bordeaux", action="/change"))
    assert "Ville de Bordeaux" in changed.words

    shared = desk.follow(desk.submit(changed, {"shared": "yes"}, action="/share"))
    assert "Contact partagé." in shared.words
    gone = desk.follow(desk.submit(shared, action="/remove"))
    assert "Hélène ÉVRARD n’est plus parmi vos contacts." in gone.words
    with runtime.reading() as tx:
        assert tx.scalar(select(ContactCard.id)) is None
        deeds = set(tx.scalars(select(AuditRecord.deed)))
    assert {"contacts.add", "contacts.change", "contacts.share", "contacts.remove"} <= deeds


def test_who_is_there_already_is_refused_at_the_address(desk, runtime):
    add(runtime)
    page = desk.submit(
        desk.get(f"{path(runtime)}/add"),
        last_name="BENNANI",
        first_name="samira",
        email="SAMIRA@example.org",
        source="x",
        legal_basis="consent",
        action="/add",
    )

    assert page.status == 409
    assert page.find_error("email") == "Vous avez déjà un contact de ce nom à cette adresse."


def test_a_contact_s_page_shows_her_registrations_at_events_that_one_sees(desk, runtime, world):
    number = add(runtime)  # the Samira who is registered for DAECT's event
    stranger = add(runtime, Person("Autre", "Samira", "autre@example.org"))

    assert "face à la crise" in desk.get(f"{path(runtime)}/{number}").words
    page = desk.get(f"{path(runtime)}/{stranger}")
    assert "Aucune inscription aux événements que vous voyez." in page.words


def test_each_institution_s_contacts_are_for_its_own_organisers(desk, runtime):
    foreign = add(runtime, acronym="CUF")
    mine = add(runtime)

    assert desk.get(path(runtime, "CUF")).status == 403
    assert desk.get(f"{path(runtime, 'CUF')}/{foreign}").status == 403
    assert desk.get(f"{path(runtime)}/{foreign}").status == 404
    assert desk.get(f"{path(runtime)}/{mine}").status == 200
    assert desk.get("/organiser/institutions/999999/contacts").status == 404


def test_who_only_reads_sees_contacts_and_changes_none(app, runtime, world):
    number = add(runtime)
    with runtime.transaction() as tx:
        reader = organisers.add(tx, "lecture@example.org", PASSWORD, institution="DAECT", now=NOW)
        reader.grants[0].role = OrganiserRole.READER
    browser = Browser(app)
    sign_in(browser, "lecture@example.org")

    page = browser.get(f"{path(runtime)}/{number}")
    assert page.status == 200 and "Modifier" not in page.words
    assert "Importer une liste" not in browser.get(path(runtime)).words
    assert browser.get(f"{path(runtime)}/add").status == 403
    assert browser.get(f"{path(runtime)}/imports").status == 403


def test_who_runs_the_service_chooses_an_institution(app, runtime, service):
    add(runtime)
    with runtime.transaction() as tx:
        make_institution(tx, "REMESS", country="MA")
    browser = Browser(app)
    sign_in(browser, service)

    page = browser.get("/organiser/contacts")
    assert "DAECT – Institution DAECT France, 1 contact" in page.words
    assert "REMESS" in page.words
    assert browser.get(path(runtime)).status == 200


def test_a_role_at_one_event_opens_no_contacts(app, runtime, world):
    with runtime.transaction() as tx:
        guest = organisers.add(tx, "porte@example.org", PASSWORD, institution="DAECT", now=NOW)
        guest.grants[0].event_id = events.get(tx, SLUG).id
    browser = Browser(app)
    sign_in(browser, "porte@example.org")

    assert browser.get(path(runtime)).status == 403
    assert "/organiser/contacts" not in browser.get("/organiser/").find_links()
