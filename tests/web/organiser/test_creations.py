"""A new event from little, in the browser."""

from datetime import date, time

import pytest

from tests.web.conftest import Browser
from tests.web.organiser.conftest import FOREIGN, PASSWORD, SLUG, sign_in
from webinars import events, mailings, organisers
from webinars.models import EventStatus, InstitutionRole, Mode

NEW = "/organiser/events/new"
COVID = {
    "title": "« Face à la crise du COVID 19, l’adaptation de la coopération décentralisée »",
    "slug": "",
    "kind": "webinar",
    "starts_on": "2021-05-19",
    "starts_time": "15h00",
    "ends_on": "",
    "ends_time": "17.30",
    "timezone": "Europe/Paris",
    "mode": "online",
}


def make(desk, **typed):
    return desk.submit(desk.get(NEW), COVID | typed, action="/new")


def read(runtime, slug):
    with runtime.reading() as tx:
        return events.get(tx, slug)


def test_a_title_and_a_day_make_a_draft_whose_pilot_is_ones_own_institution(desk, runtime):
    answer = make(desk)
    slug = "face-a-la-crise-du-covid-19-ladaptation-de-la-cooperation-decentralisee"
    assert (answer.status, answer.location) == (303, f"/organiser/events/{slug}/publication")
    event = read(runtime, slug)
    assert event.status is EventStatus.DRAFT
    assert (event.starts_on, event.starts_time) == (date(2021, 5, 19), time(15))
    assert (event.ends_on, event.ends_time) == (date(2021, 5, 19), time(17, 30))
    assert event.display_timezones == ("Europe/Paris", "Africa/Casablanca")
    (pilot,) = event.institutions
    assert (pilot.institution.acronym, pilot.role) == ("DAECT", InstitutionRole.PILOT)
    assert event.notice.controllers == ("DAECT",)
    with runtime.reading() as tx:
        assert mailings.list_rows(tx, event.id, runtime.now())
    assert "mercredi 19 mai 2021 de 15h00 à 17h30 (heure de Paris)" in desk.follow(answer).words
    assert desk.get(f"/events/{slug}").status == 404


@pytest.mark.parametrize("typed", ["15h00", "15:00", "15.00", "15 h", "15H00", "15:00:00"])
def test_an_hour_is_taken_in_any_way_in_which_people_write_it(desk, runtime, typed):
    assert make(desk, slug="a", starts_time=typed).status == 303
    assert read(runtime, "a").starts_time == time(15)


@pytest.mark.parametrize("typed", ["25h00", "15h75", "quinze heures", "15", "1500"])
def test_what_is_no_hour_is_refused_at_its_field(desk, typed):
    page = make(desk, starts_time=typed)
    assert page.status == 422
    assert "Écrivez une heure" in page.find_error("starts_time")
    assert page.find_field("starts_time").get("value") == typed


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"starts_on": "2027-03-28", "starts_time": "2h30"}, "starts_time", "n’existe pas"),
        ({"ends_time": "14h00"}, "ends_time", "après le début"),
        ({"ends_on": "2021-05-18"}, "ends_time", "après le début"),
        ({"starts_on": "2021-02-30"}, "starts_on", "Écrivez une date"),
        ({"title": "x" * 501}, "title", "c’est trop long"),
        ({"title": ""}, "title", "obligatoire"),
        ({"title": "« — »"}, "slug", "obligatoire"),
        ({"slug": "Avec Espaces"}, "slug", "traits d’union"),
        ({"capacity": "beaucoup"}, "capacity", "nombre entier"),
        ({"room_url": "salle"}, "room_url", "http"),
        ({"title": "Webinaire du lundi 19 mai 2021"}, "title", "ce jour est un mercredi"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_typed_is_lost(
    desk, typed, field, sentence
):
    page = make(desk, **typed)
    assert page.status == 422
    assert sentence in page.find_error(field)
    for name, value in (COVID | typed).items():
        if name in {"starts_on", "starts_time", "ends_time", "capacity", "room_url"} and value:
            assert page.find_field(name).get("value") == value, name


def test_a_slug_that_is_taken_is_refused_at_its_field_whoevers_event_it_is(desk):
    for slug in (SLUG, FOREIGN):
        page = make(desk, slug=slug)
        assert page.status == 409
        assert "porte déjà cette adresse" in page.find_error("slug")


def test_markup_in_a_title_is_text(desk, runtime):
    answer = make(desk, slug="b", title="<b>Gras</b> & <script>alert(1)</script>")
    page = desk.follow(answer)
    assert "<b>Gras</b> & <script>alert(1)</script>" in page.words
    assert read(runtime, "b").title.fr.startswith("<b>")


def test_what_a_word_processor_leaves_behind_is_taken_out(desk, runtime):
    make(desk, slug="c", title="\ufeffUn\u00a0titre\u200b \u202ecollé\u00ad\r\n")
    assert read(runtime, "c").title.fr == "Un titre collé"


@pytest.mark.parametrize("kind", ["assises", "ceremony", "meeting", "webinar"])
def test_each_kind_begins_with_its_own_ways(desk, kind):
    page = desk.get(f"{NEW}?kind={kind}")
    assert page.find_form("/new").fields["kind"] == [kind]


def test_a_ceremony_is_on_site_closes_before_and_waits_for_decisions(desk, runtime):
    make(desk, slug="d", kind="ceremony", mode="onsite", venue_city="Rabat", venue_country="MA")
    event = read(runtime, "d")
    assert event.approval and event.mode is Mode.ONSITE
    assert event.closes_local.date() == date(2021, 5, 17)
    assert event.venue.name == "Rabat"


def test_what_is_being_typed_is_said_back_with_the_hours_of_each_city(desk):
    query = "title=Été%20à%20Fès&starts_on=2021-05-19&starts_time=15h&ends_time=17h30"
    said = desk.get(f"{NEW}/check?{query}&timezone=Europe/Paris").response.get_json()
    assert said["slug"] == "ete-a-fes"
    assert "mercredi 19 mai 2021" in said["when"] and "heure de Rabat" in said["when"]
    assert desk.get(f"{NEW}/check?starts_on=non").response.get_json()["when"] == ""


def test_who_may_not_create_events_is_not_offered_it(app, world, runtime):
    with runtime.transaction() as tx:
        reader = organisers.add(
            tx, "lecture@example.org", PASSWORD, institution="DAECT", now=runtime.now()
        )
        reader.grants[0].role = "reader"
    browser = Browser(app)
    sign_in(browser, "lecture@example.org")
    assert browser.get(NEW).status == 403
    assert NEW not in browser.get("/organiser/").find_links()
