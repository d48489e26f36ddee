"""Exports in the browser: streamed, limited like the list, and each one logged before it leaves."""

import csv
import io
import json

import pytest
from sqlalchemy import select

from tests.factories import NOW
from tests.web.conftest import Browser, make_settings
from tests.web.organiser.conftest import EMAIL, SLUG, add_people, fill, sign_in
from webinars import audits, events, exports, participants, saved_audiences
from webinars.models import AuditKind, Grant, OrganiserRole, RegistrationStatus
from webinars.participants import Filter
from webinars.runtime import open_runtime
from webinars.web import create_app

PAGE = f"/organiser/events/{SLUG}/exports"


def list_records(runtime):
    with runtime.reading() as tx:
        return exports.list_records(tx, events.get(tx, SLUG).id)


@pytest.mark.parametrize(
    ("file_format", "media_type", "extension"),
    [
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("excel-csv", "text/csv; charset=utf-8", "csv"),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
        ),
        ("json", "application/json", "json"),
    ],
)
def test_the_list_is_taken_away_in_each_format_under_a_telling_name(
    desk, file_format, media_type, extension
):
    fields = desk.get(PAGE).find_form("exports").fields
    answer = desk.client.post(PAGE, data={**fields, "format": file_format})
    assert answer.status_code == 200
    assert answer.is_streamed
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="2020-11-03_{SLUG}_inscrits_2020-10-26T1000.{extension}"'
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.data) > 300


def test_an_export_counts_in_the_log_with_who_what_when_and_how_many(desk, runtime):
    add_people(runtime, 3, status=RegistrationStatus.WAITING)
    limited = desk.get(f"{PAGE}?status=waiting&search=personne+00")
    assert "3 inscriptions dans la liste" in limited.words

    answer = desk.submit(limited, action="exports", format="csv")

    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert {row["status"] for row in rows} == {"waiting"}
    (taken,) = list_records(runtime)
    assert (taken.author, taken.format, taken.rows) == (EMAIL, "csv", len(rows))
    assert taken.filter == "search=personne+00&status=waiting"
    page = desk.get(PAGE)
    assert EMAIL in page.words
    assert "lundi 26 octobre 2020 à 10h00" in page.words
    assert "4 inscriptions dans la liste" in page.words


def test_looking_at_the_page_takes_nothing_away(desk, runtime):
    desk.get(PAGE)
    assert desk.get(f"{PAGE}?format=csv").headers["Content-Type"].startswith("text/html")
    assert list_records(runtime) == []


def test_an_unknown_format_is_refused_and_not_logged(desk, runtime):
    assert desk.submit(desk.get(PAGE), action="exports", format="pdf").status == 400
    assert list_records(runtime) == []


def test_an_export_that_breaks_off_is_in_the_log_all_the_same(desk, runtime):
    page = desk.get(PAGE)
    data = {**page.find_form("exports").fields, "format": "json"}
    answer = desk.client.post(PAGE, data=data, buffered=False)
    answer.close()
    assert len(list_records(runtime)) == 1


def test_json_is_one_document(desk, world):
    answer = desk.submit(desk.get(PAGE), action="exports", format="json")
    (row,) = json.loads(answer.text)
    assert row["email"] == "samira@example.org"


def test_columns_are_chosen_put_in_order_and_kept_under_a_name(desk, runtime):
    page = desk.get(f"{PAGE}?status=confirmed")
    answer = desk.submit(
        page,
        action="columns",
        column=["email", "last_name", "country"],
        place_last_name="1",
        place_country="2",
        place_email="3",
        name="Pour l’accueil",
    )
    chosen = desk.follow(answer)
    assert "Modèle « Pour l’accueil » enregistré." in chosen.words
    assert "Colonnes choisies : Nom, Pays, Adresse électronique." in chosen.words
    assert any("columns=last_name,country,email" in one for one in chosen.find_links())

    taken = desk.submit(chosen, action="exports", format="csv")

    assert taken.text.splitlines()[0] == "last_name,country,email"
    (record,) = list_records(runtime)
    assert (record.columns, record.filter) == ("last_name,country,email", "status=confirmed")
    assert "last_name country email" in desk.get(PAGE).words
    removed = desk.follow(desk.submit(desk.get(PAGE), action="remove"))
    assert "Modèle retiré." in removed.words
    assert "Pour l’accueil" not in removed.words


def test_a_saved_audience_is_exported_by_its_name(desk, runtime):
    add_people(runtime, 2, status=RegistrationStatus.WAITING)
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        wanted = Filter(status=RegistrationStatus.WAITING)
        kept = saved_audiences.save(tx, event.id, "En attente", wanted, author=EMAIL, now=NOW)
        number = kept.id
    page = desk.get(f"{PAGE}?audience={number}")
    assert "2 inscriptions dans la liste" in page.words
    assert "En attente" in page.words

    rows = desk.submit(page, action="exports", format="csv").text.splitlines()

    assert len(rows) == 3
    (record,) = list_records(runtime)
    assert record.filter == "status=waiting"


def test_every_column_chosen_in_its_own_order_is_the_whole_list(desk, runtime):
    answer = desk.submit(desk.get(PAGE), action="columns")
    assert answer.location == PAGE
    assert desk.submit(desk.get(PAGE), action="exports", format="csv").text.startswith("reference,")
    assert [one.columns for one in list_records(runtime)] == [""]


def test_the_shareable_list_holds_who_agreed_and_nothing_that_may_not_be_passed_on(
    desk, runtime, world
):
    with runtime.transaction() as tx:
        participants.get(tx, world.samira).share_with_participants = True
    add_people(runtime, 2)
    page = desk.get(PAGE)
    assert "1 personne y figure." in page.words

    answer = desk.submit(page, action="shareable", format="csv")

    assert answer.text.splitlines() == [
        "last_name,first_name,job_title,organization,country",
        "Bennani,Samira,Vice-présidente,Région Fès-Meknès,MA",
    ]
    (record,) = list_records(runtime)
    assert (record.filter, record.rows) == ("status=confirmed&shares=yes", 1)
    assert "liste-diffusable" in answer.headers["Content-Disposition"]


def test_an_export_is_on_the_audit_page_with_what_was_in_it(desk, runtime):
    desk.submit(desk.get(f"{PAGE}?country=MA&columns=last_name"), action="exports", format="csv")
    with runtime.reading() as tx:
        (record,) = audits.list_records(tx, kind=AuditKind.EXPORTED, limit=10)
    assert (record.author, record.deed) == (EMAIL, "exports.take")
    assert record.details == {
        "format": "csv",
        "filter": "country=MA",
        "columns": "last_name",
        "rows": "1",
    }


@pytest.mark.parametrize("role", [OrganiserRole.READER, OrganiserRole.CHECK_IN])
def test_who_may_not_export_is_told_so_and_takes_nothing(desk, runtime, role):
    page = desk.get(PAGE)
    with runtime.transaction() as tx:
        (grant,) = tx.scalars(select(Grant))
        grant.role = role
    assert desk.get(PAGE).status == 403
    for action in ("exports", "shareable", "columns"):
        answer = desk.submit(page, action=action)
        assert answer.status == 403
        assert "Vous n’avez pas ce droit" in answer.words
    assert list_records(runtime) == []


@pytest.mark.postgres
def test_on_postgresql_too_the_list_is_found_filtered_and_streamed(postgres_url, tmp_path, clock):
    runtime = open_runtime(make_settings(postgres_url, tmp_path), clock)
    try:
        fill(runtime)
        add_people(runtime, 60)
        browser = Browser(create_app(runtime))
        sign_in(browser)
        list_path = f"/organiser/events/{SLUG}/registrations"
        assert "60 inscriptions" in browser.get(f"{list_path}?search=person%00ne&page=2").words
        assert browser.get(f"/organiser/events/{SLUG}/deliveries").status == 200
        for file_format, delimiter in (("csv", ","), ("excel-csv", ";")):
            answer = browser.submit(browser.get(PAGE), action="exports", format=file_format)
            rows = list(csv.reader(io.StringIO(answer.text, newline=""), delimiter=delimiter))
            assert len(rows) == 62
        assert [one.rows for one in list_records(runtime)] == [61, 61]
    finally:
        runtime.close()


def test_a_reminder_is_asked_for_and_ended_at_one_click(desk, runtime):
    page = desk.get(PAGE)
    asked = desk.follow(desk.submit(page, action="/reminder", weekday=["1", "4"], hour="9"))
    assert "Rappel enregistré." in asked.words
    assert "Prochain rappel : mardi 27 octobre 2020 à 09h00 (heure de Paris)." in asked.words
    ended = desk.follow(desk.submit(asked, action="/end"))
    assert "Vous ne recevrez plus ce rappel." in ended.words
    assert "Prochain rappel" not in ended.words
    none = desk.follow(desk.submit(ended, action="/reminder"))
    assert "Aucun rappel" in none.words
    fields = ended.find_form("/reminder").fields
    assert desk.post(f"{PAGE}/reminder", {**fields, "hour": "3"}).status == 400
