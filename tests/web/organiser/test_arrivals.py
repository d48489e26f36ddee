"""The door on the day, as the telephone of whoever stands there shows it."""

import pytest
from sqlalchemy import update

from tests.factories import NOW
from tests.web.conftest import Browser
from tests.web.organiser.conftest import FOREIGN, SLUG, add_people, sign_in
from tests.web.organiser.test_registrations import change, get, list_mails
from webinars import organisers, participants
from webinars.models import Grant, Presence

DOOR = f"/organiser/events/{SLUG}/arrivals"


def read_badge(runtime, registration_id):
    with runtime.reading() as tx:
        one = participants.get(tx, registration_id)
    url = runtime.links.badge_url(one.public_id, one.link_generation)
    return url.removeprefix(runtime.links.base_url)


def test_an_arrival_is_noted_with_one_tap_and_taken_back_with_another(desk, world, runtime):
    page = desk.get(DOOR)
    assert "0 arrivées sur 1" in page.words or "0 arrivée" in page.words
    page = desk.follow(desk.submit(page, action=f"arrivals/{world.samira}", there="yes"))
    assert "arrivée notée" in page.words and "1 arrivées sur 1" in page.words
    assert get(runtime, world.samira).presence is Presence.PRESENT
    desk.submit(page, action=f"arrivals/{world.samira}", there="no")
    assert get(runtime, world.samira).presence is None


def test_names_lead_to_people_and_the_list_says_how_many_more(desk, runtime):
    add_people(runtime, 60)
    page = desk.get(f"{DOOR}?search=personne+05")
    assert page.words.count("PERSONNE 05") == 20  # each with the name of its button
    assert "Et 21 autres" in desk.get(DOOR).words


def test_neither_address_nor_telephone_is_shown(desk, world, runtime):
    change(runtime, world.samira, phone="+212 5 37 00 00 00", job_title="Vice-présidente")
    for path in (DOOR, read_badge(runtime, world.samira)):
        page = desk.get(path)
        assert "Samira" in page.words
        assert "@" not in page.words and "+212" not in page.words


def test_a_badge_read_by_the_telephone_s_own_camera_shows_the_person(desk, world, runtime):
    page = desk.get(read_badge(runtime, world.samira))
    assert page.heading == "Samira BENNANI"
    desk.submit(page, action=f"arrivals/{world.samira}", there="yes")
    assert get(runtime, world.samira).presence is Presence.PRESENT


def test_a_badge_is_worth_nothing_to_who_has_not_signed_in_or_is_not_there_for_it(
    pages, desk, world, runtime
):
    answer = pages.get(read_badge(runtime, world.samira))
    assert answer.status == 303 and "sign-in" in answer.location
    assert desk.get(read_badge(runtime, world.stranger)).status == 404
    assert desk.get("/organiser/arrivals/nonsense").status == 404


def test_a_scanned_badge_is_an_arrival_and_a_stranger_s_is_not(desk, world, runtime):
    url = runtime.links.base_url + read_badge(runtime, world.samira)
    page = desk.follow(desk.submit(desk.get(DOOR), action="scan", code=url))
    assert "arrivée notée" in page.words
    page = desk.follow(desk.submit(page, action="scan", code="XXXX-XXXX"))
    assert "n’est celui de personne" in page.words
    stranger = runtime.links.base_url + read_badge(runtime, world.stranger)
    desk.submit(page, action="scan", code=stranger)
    assert get(runtime, world.stranger).presence is None


def test_a_script_is_answered_in_short_and_no_word_piles_up(desk, world, runtime):
    form = desk.get(DOOR).find_form(f"arrivals/{world.samira}")
    part = {"X-Part": "door"}
    for _ in range(2):
        answer = desk.post(form.action, form.fields | {"there": "yes"}, headers=part)
        assert answer.status == 204
    change(runtime, world.samira, status="cancelled", presence=None)
    assert desk.post(form.action, form.fields | {"there": "yes"}, headers=part).status == 409
    assert "arrivée notée" not in desk.get(DOOR).words
    assert "<html" not in desk.get(DOOR, headers=part).text


def test_someone_who_walks_in_is_registered_and_there_and_nobody_is_mailed(desk, runtime):
    page = desk.get(f"{DOOR}/add")
    person = {
        "last_name": "Aït Melloul",
        "first_name": "Fatima",
        "email": "fatima@example.org",
        "organization": "Commune de Tiznit",
        "organization_kind": "commune",
        "country": "MA",
    }
    assert desk.submit(page, action="add", last_name="x").status == 422
    answer = desk.follow(desk.submit(page, person, action="add"))
    assert "arrivée notée" in answer.words and "AÏT MELLOUL Fatima" in answer.words
    assert list_mails(runtime) == []


def test_the_camera_is_allowed_at_the_door_alone(desk):
    assert "camera=(self)" in desk.get(DOOR).headers["Permissions-Policy"]
    other = desk.get(f"/organiser/events/{SLUG}/registrations")
    assert "camera=()" in other.headers["Permissions-Policy"]


def test_whoever_is_only_at_the_door_sees_the_door_and_no_list(app, world, runtime):
    with runtime.transaction() as tx:
        made = organisers.add(
            tx, "porte@example.org", "une phrase de passe", institution="DAECT", now=NOW
        )
        tx.execute(update(Grant).where(Grant.organiser_id == made.id).values(role="check_in"))
    browser = Browser(app)
    sign_in(browser, "porte@example.org")
    page = browser.get(DOOR)
    assert page.status == 200 and not any("/registrations" in link for link in page.find_links())
    assert browser.get(f"/organiser/events/{SLUG}/registrations").status == 403
    assert browser.get(f"/organiser/events/{FOREIGN}/arrivals").status == 404


@pytest.mark.parametrize("query", ["search=%00", "session=nonsense", "search=" + "x" * 999])
def test_nonsense_gets_a_page(desk, query):
    assert desk.get(f"{DOOR}?{query}").status == 200
