"""One's own events: their numbers, their mailings, the room, a test mail; and no one else's."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.factories import NOW
from tests.web.organiser.conftest import EMAIL, FOREIGN, SLUG, add_people, sign_in
from tests.web.organiser.test_sign_in import VALUES, list_routes
from webinars import attendance, events, participants
from webinars.models import (
    ABOUT_ACCOUNTS,
    TO_ORGANISERS,
    Delivery,
    MailName,
    Mode,
    Presence,
    RegistrationStatus,
)

PAGE = f"/organiser/events/{SLUG}/"


def test_the_list_shows_the_own_events_with_state_hours_and_numbers(desk, runtime, world):
    add_people(runtime, 2, status=RegistrationStatus.WAITING)
    with runtime.transaction() as tx:
        attendance.record(tx, participants.get(tx, world.samira), Presence.PRESENT, now=NOW)

    page = desk.get("/organiser/")

    assert "Inscriptions ouvertes" in page.words
    assert "10h00 à 12h30 (heure de Paris et de Rabat)" in page.words
    assert "Confirmées 1" in page.words
    assert "En liste d’attente 2" in page.words
    assert "Présences sur place 1" in page.words
    assert "Mémorandum" not in page.words


def test_whoever_runs_the_service_sees_every_event(pages, service):
    sign_in(pages, service)
    links = pages.get("/organiser/").find_links()
    assert {PAGE, f"/organiser/events/{FOREIGN}/"} <= set(links)


def test_events_that_are_over_are_listed_apart(desk, clock):
    clock.now = datetime(2020, 11, 3, 11, 29, tzinfo=UTC)
    sign_in(desk)
    assert "Passés" not in desk.get("/organiser/").words
    clock.now = datetime(2020, 11, 3, 11, 30, tzinfo=UTC)
    page = desk.get("/organiser/")
    assert "Aucun événement à venir. Passés" in page.words
    assert "Terminé" in page.words


def test_an_event_shows_its_mailings_with_state_and_hours_in_both_cities(desk):
    page = desk.get(PAGE)
    rows = [" ".join(" ".join(row.itertext()).split()) for row in page.find_all("tr")[1:]]
    assert rows[0].startswith("Confirmation Aussitôt, pour chaque personne Prévu 0 0 0 0")
    link = next(row for row in rows if row.startswith("Lien de connexion"))
    assert "mardi 3 novembre 2020 à 08h00 (heure de Paris et de Rabat)" in link


def test_every_address_about_an_event_of_others_answers_that_there_is_none(
    desk, app, world, runtime
):
    app.config["WTF_CSRF_ENABLED"] = False
    adapter = app.url_map.bind("localhost")
    tried = 0
    for endpoint, method, path in list_routes(app):
        rule = next(one for one in app.url_map.iter_rules() if one.endpoint == endpoint)
        if "slug" not in rule.arguments:
            continue
        others = VALUES | {"slug": FOREIGN, "registration_id": world.stranger}
        foreign = adapter.build(endpoint, {name: others.get(name, 1) for name in rule.arguments})
        assert foreign != path
        assert desk.client.open(foreign, method=method, data={"format": "csv"}).status_code == 404
        tried += 1
    assert tried >= 15


def test_a_registration_is_not_found_under_an_event_it_does_not_belong_to(desk, world):
    assert desk.get(f"{PAGE}registrations/{world.stranger}").status == 404
    page = desk.get(f"{PAGE}registrations/{world.samira}")
    proof = page.find_form("sign-out").fields["csrf_token"]
    answer = desk.post(f"{PAGE}registrations/{world.stranger}/cancel", {"csrf_token": proof})
    assert answer.status == 404


def test_an_event_that_does_not_exist_is_not_found(desk):
    assert desk.get("/organiser/events/rien/").status == 404
    assert desk.get(f"{PAGE}registrations/999999").status == 404
    assert desk.get(f"{PAGE}registrations/99999999999999999999").status == 404


def test_the_room_is_set_and_nobody_is_mailed(desk, runtime):
    answer = desk.submit(
        desk.get(PAGE),
        action="room",
        room_url="https://salle.example.org/nouvelle",
        dial_in="+33 1 70 00 00 00, code 123",
    )

    assert (answer.status, answer.location) == (303, PAGE)
    page = desk.follow(answer)
    assert "La salle est enregistrée" in page.find_all("p", role="status")[0].text
    assert page.find_field("room_url").get("value") == "https://salle.example.org/nouvelle"
    with runtime.reading() as tx:
        event = events.get(tx, SLUG)
        assert event.room_url == "https://salle.example.org/nouvelle"
        assert event.dial_in == "+33 1 70 00 00 00, code 123"
        assert tx.scalars(select(Delivery)).all() == []
    assert not desk.get(PAGE).find_all("p", role="status")


@pytest.mark.parametrize("url", ["salle.example.org", "javascript:alert(1)", "ftp://a.example.org"])
def test_a_room_that_is_no_address_is_refused_at_its_field_with_what_was_typed(desk, runtime, url):
    page = desk.submit(desk.get(PAGE), action="room", room_url=url, dial_in="123")
    assert page.status == 422
    assert "https://" in page.find_error("room_url")
    assert page.find_field("room_url").get("value") == url
    assert page.find_field("dial_in").get("value") == "123"
    with runtime.reading() as tx:
        assert events.get(tx, SLUG).room_url == "https://salle.example.org/abc"


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_any_mail_of_the_event_is_sent_to_oneself_as_a_test(desk, runtime, language):
    page = desk.get(PAGE)
    offered = [one.get("value") for one in page.find_field("template").iter("option")]
    assert set(offered) == set(MailName) - TO_ORGANISERS - ABOUT_ACCOUNTS - {MailName.MESSAGE}
    for template in offered:
        page = desk.get(PAGE)
        answer = desk.submit(page, action="test", template=template, language=language)
        assert answer.status == 303
    assert EMAIL in desk.get(PAGE).words
    with runtime.reading() as tx:
        sent = tx.scalars(select(Delivery)).all()
    assert {(one.email, one.language, one.registration_id) for one in sent} == {
        (EMAIL, language, None)
    }
    assert sorted(one.template for one in sent) == sorted(offered)


def test_a_test_of_something_else_is_refused(desk, runtime):
    page = desk.submit(desk.get(PAGE), action="test", template="room-missing", language="fr")
    assert page.status == 422
    assert page.find_error("template") == "Choisissez dans la liste."
    with runtime.reading() as tx:
        assert tx.scalars(select(Delivery)).all() == []


def test_an_event_shows_what_came_of_its_mails(desk, runtime):
    desk.submit(desk.get(PAGE), action="test", template="confirmation", language="fr")

    page = desk.get(f"{PAGE}deliveries")

    assert "Tous (1)" in page.words
    assert EMAIL in page.words and "organisation" in page.words
    assert desk.get(f"{PAGE}deliveries?state=failed").words.count(EMAIL) == 0
    assert EMAIL in desk.get(f"{PAGE}deliveries?state=pending").words
    assert EMAIL in desk.get(f"{PAGE}deliveries?state=nonsense&page=-3").words


def test_an_event_on_site_has_no_room_online_to_set(desk, runtime):
    assert "Salle en ligne" in desk.get(PAGE).words
    with runtime.transaction() as tx:
        events.get(tx, SLUG).mode = Mode.ONSITE

    assert "Salle en ligne" not in desk.get(PAGE).words
