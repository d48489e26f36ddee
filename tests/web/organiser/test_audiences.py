"""Saved audiences: from the list of registrations, to the list and the exports."""

import pytest
from sqlalchemy import select

from tests.factories import NOW, make_registration
from tests.web.organiser.conftest import FOREIGN, SLUG
from webinars import events, saved_audiences
from webinars.models import Audience, AuditRecord, Share
from webinars.participants import Filter

LIST = f"/organiser/events/{SLUG}/registrations"
AUDIENCES = f"/organiser/events/{SLUG}/audiences"


def add_frenchman(runtime):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        make_registration(tx, event, last_name="Martin", email="martin@example.org", country="FR")


def save(runtime, name="Marocains", slug=SLUG, **criteria):
    with runtime.transaction() as tx:
        event = events.get(tx, slug)
        wanted = Filter(**(criteria or {"country": "MA"}))
        return saved_audiences.save(tx, event.id, name, wanted, author="", now=NOW).id


def test_a_limited_list_is_saved_and_opened_again_by_its_name(desk, runtime):
    add_frenchman(runtime)
    assert "Enregistrer cette sélection" not in desk.get(LIST).words
    limited = desk.get(f"{LIST}?country=MA")
    path = next(one for one in limited.find_links() if one.startswith(f"{AUDIENCES}/add"))

    asked = desk.get(path)
    assert "Pays Maroc" in asked.words and "Inscriptions 1" in asked.words
    saved = desk.submit(asked, name="Marocaines et Marocains", action="/audiences")
    shown = desk.follow(saved)

    assert "La sélection « Marocaines et Marocains » est enregistrée." in shown.words
    assert "1 inscription " in shown.words and "MARTIN" not in shown.words
    assert "Enregistrer cette sélection" not in shown.words
    assert [one.text for one in shown.find_all("bdi") if one.text == "Marocaines et Marocains"]
    export = next(one for one in shown.find_links() if "exports?" in one)
    assert export.endswith("country=MA")


def test_an_audience_opens_the_exports_too(desk, runtime):
    add_frenchman(runtime)
    number = save(runtime)

    assert (
        "1 inscription dans la liste."
        in desk.get(f"/organiser/events/{SLUG}/exports?audience={number}").words
    )


@pytest.mark.parametrize(("name", "status"), [("", 422), ("x" * 121, 422), ("MAROCAINS", 409)])
def test_a_name_that_cannot_be_is_refused_at_its_field_with_what_was_typed(
    desk, runtime, name, status
):
    save(runtime)
    page = desk.submit(desk.get(f"{AUDIENCES}/add?country=FR"), name=name, action="/audiences")

    assert page.status == status
    assert page.find_error("name")
    assert page.find_field("name").get("value") == name
    assert page.find_form("/audiences").action.endswith("?country=FR")


def test_audiences_are_listed_renamed_and_deleted(desk, runtime):
    number = save(runtime)
    save(runtime, "Recherche", search="Bennani")
    listed = desk.get(AUDIENCES)
    assert "Marocains Pays : Maroc 1" in listed.words
    assert "Recherche Recherche : Bennani 1" in listed.words

    form = desk.get(f"{AUDIENCES}/{number}/name")
    assert form.find_field("name").get("value") == "Marocains"
    renamed = desk.follow(desk.submit(form, name="Du Maroc", action="/name"))
    assert "La sélection s’appelle désormais « Du Maroc »." in renamed.words

    gone = desk.follow(desk.submit(renamed, action=f"{number}/remove"))
    assert "La sélection « Du Maroc » est supprimée." in gone.words
    with runtime.reading() as tx:
        assert list(tx.scalars(select(Audience.name))) == ["Recherche"]
        deeds = list(tx.scalars(select(AuditRecord.deed).order_by(AuditRecord.id)))
    assert "audiences.rename" in deeds and "audiences.remove" in deeds


def test_an_audience_of_another_event_is_not_found(desk, runtime):
    number = save(runtime, slug=FOREIGN)

    assert desk.get(f"{LIST}?audience={number}").status == 404
    assert desk.get(f"{AUDIENCES}/{number}/name").status == 404
    token = desk.get(f"{AUDIENCES}/add?country=MA").find_field("csrf_token").get("value")
    assert desk.post(f"{AUDIENCES}/{number}/remove", {"csrf_token": token}).status == 404
    with runtime.reading() as tx:
        assert tx.scalar(select(Audience.id)) == number


def test_who_only_reads_opens_audiences_and_changes_none(desk, runtime):
    number = save(runtime)
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        event.institutions[0].share = Share.LISTS

    listed = desk.get(AUDIENCES)
    assert "Marocains" in listed.words and "Renommer" not in listed.words
    assert desk.get(f"{LIST}?audience={number}").status == 200
    assert desk.get(f"{AUDIENCES}/{number}/name").status == 403
    assert desk.get(f"{AUDIENCES}/add?country=MA").status == 403
