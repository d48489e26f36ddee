"""Exports in the browser: streamed, limited like the list, and each one logged before it leaves."""

import csv
import io
import json

import pytest

from tests.web.conftest import Browser, make_settings
from tests.web.organiser.conftest import EMAIL, SLUG, add_people, fill, sign_in
from webinars import events, exports
from webinars.models import RegistrationStatus
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
