"""Institutions, organisers, their roles, and the journal of what they did."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import NOW
from tests.web.conftest import Browser
from tests.web.organiser.conftest import EMAIL, FOREIGN, PASSWORD, SLUG, find_link, sign_in
from webinars import audits, events, grants, organisers
from webinars.models import (
    AccountPurpose,
    AuditKind,
    AuditRecord,
    Delivery,
    MailName,
    OrganiserRole,
    Share,
)
from webinars.web.organiser import acts, deeds
from webinars.web.organiser.acts import Door

ROLES = f"/organiser/events/{SLUG}/roles"
OWN = "/organiser/institutions/1/organisers"
LEILA = "leila@example.org"


@pytest.fixture
def leila(runtime, world):
    """Add a reader of DAECT, and return her number."""
    return add(runtime, LEILA, OrganiserRole.READER)


def add(runtime, email, role=None, institution="DAECT"):
    with runtime.transaction() as tx:
        organiser = organisers.add(tx, email, PASSWORD, institution=institution, now=NOW)
        organiser.grants.clear()
        tx.flush()
        if role is not None:
            grants.give(tx, organiser, role, by=EMAIL, now=NOW)
        return organiser.id


def list_mails(runtime):
    with runtime.reading() as tx:
        return [(one.template, one.email) for one in tx.scalars(select(Delivery))]


def get_roles(runtime, email):
    with runtime.reading() as tx:
        return {(one.role, one.event_id) for one in organisers.find(tx, email).grants}


def test_an_owner_invites_by_mail_and_who_comes_has_the_role(desk, app, runtime):
    page = desk.get(OWN)
    assert "/organiser/institutions/1/organisers" in desk.get("/organiser/").find_links()
    form = {"email": LEILA, "role": "reader", "where": SLUG}

    assert desk.submit(page, form, action="/organisers").status == 303

    assert list_mails(runtime) == [(MailName.ORGANISER_INVITATION, LEILA)]
    assert "invité(e)" in desk.get(OWN).words
    guest = Browser(app)
    welcome = guest.get(find_link(runtime, AccountPurpose.INVITATION))
    assert guest.submit(welcome, name="Leïla Amrani", password=PASSWORD).status == 303
    assert guest.get(f"/organiser/events/{SLUG}/registrations").status == 200
    assert guest.get(OWN).status == 403
    assert "Leïla Amrani" in desk.get(OWN).words


def test_an_address_of_another_institution_is_not_taken_over(desk, runtime):
    add(runtime, LEILA, institution="CUF")
    form = {"email": LEILA, "role": "owner", "where": "all"}
    page = desk.submit(desk.get(OWN), form, action="/organisers")
    assert page.status == 409
    assert "autre institution" in page.find_error("email")


def test_a_role_for_an_event_is_offered_only_where_one_decides_on_roles(desk, runtime):
    with runtime.transaction() as tx:
        event = events.get(tx, FOREIGN)
        nadia = organisers.find(tx, EMAIL)
        event.institutions[0].institution_id = nadia.institution_id
        event.institutions[0].share = Share.FIGURES
        events.touch(event)
    page = desk.get(OWN)
    offered = [one.get("value") for one in page.find_field("where").iter("option")]
    assert offered == ["all", SLUG]


def test_a_role_that_was_taken_away_is_given_back_with_a_button(desk, runtime, leila):
    page = desk.get(f"{OWN}/{leila}")
    gone = desk.follow(desk.submit(page, action="/take"))
    assert "n’a plus le rôle « Lecture »" in gone.words
    assert get_roles(runtime, LEILA) == set()

    forms = [one for one in gone.find_all("form") if one.get("action", "").endswith("/give")]
    assert len(forms) == 2  # to give back, and to give another
    token = gone.find_field("csrf_token").get("value")
    desk.post(f"{OWN}/{leila}/give", {"role": "reader", "csrf_token": token})
    assert get_roles(runtime, LEILA) == {(OrganiserRole.READER, None)}
    assert "n’a plus" not in desk.get(gone.path).words


def test_the_last_owner_cannot_be_taken_away(desk, runtime):
    page = desk.get(f"{OWN}/1")
    answer = desk.submit(page, action="/take")
    assert answer.status == 409
    assert "Plus personne ne pourrait décider" in answer.words
    assert (OrganiserRole.OWNER, None) in get_roles(runtime, EMAIL)


def test_a_closed_account_is_out_at_once_and_opened_again(desk, app, runtime, leila):
    reader = Browser(app)
    sign_in(reader, email=LEILA)
    assert desk.submit(desk.get(f"{OWN}/{leila}"), action="/disable").status == 303
    assert reader.get("/organiser/").status == 303
    assert sign_in(Browser(app), email=LEILA).status == 422
    desk.submit(desk.get(f"{OWN}/{leila}"), action="/enable")
    assert sign_in(Browser(app), email=LEILA).status == 303


def test_an_invitation_is_sent_again_and_replaces_the_first(desk, runtime):
    desk.submit(
        desk.get(OWN), {"email": LEILA, "role": "reader", "where": "all"}, action="/organisers"
    )
    first = find_link(runtime, AccountPurpose.INVITATION)
    with runtime.reading() as tx:
        number = organisers.find(tx, LEILA).id
    desk.submit(desk.get(f"{OWN}/{number}"), action="/invite-again")
    assert desk.get(first).heading == "Ce lien ne sert plus"
    assert desk.get(find_link(runtime, AccountPurpose.INVITATION)).status == 200


def test_an_organiser_of_another_institution_is_not_found_at_ones_own(desk, runtime):
    stranger = add(runtime, LEILA, OrganiserRole.READER, institution="CUF")
    assert desk.get(f"{OWN}/{stranger}").status == 404
    assert desk.get("/organiser/institutions/2/organisers").status == 403


def test_who_runs_the_service_adds_an_institution_and_its_first_owner(app, runtime, service):
    operator = Browser(app)
    sign_in(operator, email=service)
    page = operator.get("/organiser/institutions")
    form = {"name": "Région de l’Oriental", "acronym": "ORIENTAL", "country": "MA"}
    added = operator.follow(operator.submit(page, form, action="/institutions"))
    assert added.heading == "Région de l’Oriental"
    assert operator.submit(page, form, action="/institutions").find_error("acronym")

    invite = {"email": LEILA, "role": "owner", "where": "all"}
    assert operator.submit(added, invite, action="/organisers").status == 303
    edit = operator.get(added.path.replace("/organisers", "/edit"))
    named = operator.submit(edit, {"name": "Conseil régional"}, action="/edit")
    assert operator.follow(named).heading == "Conseil régional"
    assert LEILA in operator.get("/organiser/organisers").words


def test_the_roles_at_an_event_are_given_shown_and_taken(desk, runtime, leila):
    page = desk.get(ROLES)
    assert "Responsable" in page.words and LEILA in page.words
    form = {"email": LEILA, "role": "editor"}
    assert desk.submit(page, form, action="/roles").status == 303
    with runtime.reading() as tx:
        event_id = events.get(tx, SLUG).id
    assert (OrganiserRole.EDITOR, event_id) in get_roles(runtime, LEILA)

    page = desk.get(ROLES)
    gone = desk.follow(desk.submit(page, action="/take"))
    assert "n’a plus le rôle « Édition »" in gone.words
    assert get_roles(runtime, LEILA) == {(OrganiserRole.READER, None)}


def test_someone_new_is_invited_to_an_event(desk, runtime):
    form = {"email": LEILA, "role": "check_in", "institution": "1"}
    assert desk.submit(desk.get(ROLES), form, action="/roles").status == 303
    assert list_mails(runtime) == [(MailName.ORGANISER_INVITATION, LEILA)]
    assert "Accueil" in desk.get(ROLES).words


def test_nobody_of_an_institution_that_does_not_take_part_gets_a_role(desk, runtime):
    add(runtime, LEILA, institution="CUF")
    page = desk.submit(desk.get(ROLES), {"email": LEILA, "role": "editor"}, action="/roles")
    assert page.status == 409
    assert "ne participe pas" in page.find_error("email")


def test_a_role_that_was_taken_away_while_its_holder_typed_loses_nothing(desk, app, runtime, leila):
    with runtime.transaction() as tx:
        organiser = organisers.get(tx, leila)
        grants.give(tx, organiser, OrganiserRole.EDITOR, by=EMAIL, now=NOW)
    editor = Browser(app)
    sign_in(editor, email=LEILA)
    page = editor.get(f"/organiser/events/{SLUG}/")
    with runtime.transaction() as tx:
        grants.take(tx, organisers.get(tx, leila), OrganiserRole.EDITOR)

    room = "https://salle.example.org/abc"
    answer = editor.submit(page, {"room_url": room, "dial_in": ""}, action="/room")
    assert (answer.status, answer.heading) == (403, "Vous n’avez pas ce droit")
    assert room in answer.words and "Rien n’a été enregistré" in answer.words
    assert f"/organiser/events/{SLUG}/" in answer.find_links()
    assert "csrf" not in answer.words

    with runtime.transaction() as tx:
        grants.take(tx, organisers.get(tx, leila), OrganiserRole.READER)
    answer = editor.submit(page, {"room_url": room, "dial_in": ""}, action="/room")
    assert answer.status == 404
    assert "votre rôle a peut-être été retiré" in answer.words and room in answer.words


def test_the_journal_says_who_saw_exported_and_changed_what(desk, app, runtime, leila, clock):
    desk.get(f"/organiser/events/{SLUG}/registrations")
    desk.get(f"/organiser/events/{SLUG}/registrations")
    desk.submit(desk.get(ROLES), {"email": LEILA, "role": "editor"}, action="/roles")
    reader = Browser(app)
    sign_in(reader, email=LEILA)
    exports = reader.get(f"/organiser/events/{SLUG}/exports")
    token = exports.find_field("csrf_token").get("value")
    reader.post(f"/organiser/events/{SLUG}/exports", {"csrf_token": token, "format": "csv"})

    page = desk.get(f"/organiser/events/{SLUG}/audit")

    assert page.words.count("Consulté Liste des inscriptions") == 1
    assert f"Modifié Rôle donné {LEILA} · Édition" in page.words
    assert f"{LEILA} Exporté" in page.words
    only = desk.get(f"/organiser/events/{SLUG}/audit?kind=exported&author={EMAIL}")
    assert "Rien n’est noté" in only.words
    assert reader.get(f"/organiser/events/{SLUG}/audit").status == 403


def test_the_journal_of_an_institution_says_what_became_of_its_organisers(desk, runtime, leila):
    desk.submit(desk.get(f"{OWN}/{leila}"), action="/disable")
    words = desk.get("/organiser/institutions/1/audit").words
    assert f"{EMAIL} Modifié Compte fermé {LEILA}" in words


def test_a_long_journal_has_pages(desk, runtime):
    with runtime.transaction() as tx:
        nadia, event = organisers.find(tx, EMAIL), events.get(tx, SLUG)
        for number in range(60):
            at = NOW - timedelta(minutes=number)
            audits.record(tx, nadia, AuditKind.CHANGED, "edits.save", now=at, event_id=event.id)
    first = desk.get(f"/organiser/events/{SLUG}/audit?kind=changed")
    assert "Page 1 sur 2" in first.words
    following = next(one for one in first.find_links() if "page=2" in one)
    assert desk.get(following).words.count("Événement modifié") == 10


def test_what_was_done_more_than_a_year_ago_is_forgotten(runtime, world):
    with runtime.transaction() as tx:
        nadia = organisers.find(tx, EMAIL)
        for age in (364, 366):
            at = NOW - timedelta(days=age)
            audits.record(tx, nadia, AuditKind.CHANGED, "edits.save", now=at)
        audits.forget_old(tx, now=NOW)
        assert len(tx.scalars(select(AuditRecord)).all()) == 1


def test_every_page_that_is_written_down_has_words(app):
    wanted = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("organiser."):
            entry = acts.get_entry(rule.endpoint)
            is_change = "POST" in rule.methods and entry is not Door.OPEN
            if is_change or entry in acts.PERSONAL:
                wanted.add(rule.endpoint.removeprefix("organiser."))
    assert sorted(wanted - deeds.WORDS.keys()) == []
