"""Maintaining or giving up after a change: two buttons, old and new dates, honest deadlines."""

from datetime import datetime, timedelta

import pytest

from tests.domain.changing import make_change, make_shown
from tests.factories import NOW, make_event, make_registration
from tests.web.conftest import own_path
from tests.web.public.people import list_mails, list_registrations, take_snapshot
from webinars import events
from webinars.links import Scope
from webinars.models import ReconfirmRule, Registration, RegistrationStatus, Venue

UNTIL = NOW + timedelta(days=3)
"""Thursday 29 October, 10:00 in Paris and in Rabat."""
OLD = "jeudi 29 octobre 2020 de 10h00 à 12h30 (heure de Paris et de Rabat)"
NEW = "mardi 3 novembre 2020 de 10h00 à 12h30 (heure de Paris et de Rabat)"


@pytest.fixture
def event(runtime):
    """Return an event that was moved."""
    with runtime.transaction() as tx:
        return make_event(tx, capacity=1)


@pytest.fixture
def ask(runtime, event):
    """Return a function that asks Samira whether she maintains."""

    def make(**columns):
        with runtime.transaction() as tx:
            change = make_change(tx, events.get(tx, event.slug), **columns)
            return make_registration(tx, event, reconfirm_change_id=change.id)

    return make


def find_answers(page):
    """Return the values of the buttons that answer."""
    return [one.get("value") for one in page.find_all("button", name="answer")]


def test_the_page_shows_both_dates_the_deadline_and_two_buttons(pages, runtime, ask):
    samira = ask(until=UNTIL, rule=ReconfirmRule.RELEASE)
    page = pages.get(f"{own_path(runtime, samira)}/reconfirm")

    assert page.heading == "Maintenez-vous votre inscription ?"
    assert OLD in page.words and NEW in page.words
    assert page.words.index(OLD) < page.words.index(NEW)
    assert "avant le jeudi 29 octobre 2020 à 10h00 (heure de Paris et de Rabat)" in page.words
    assert "Sans réponse d’ici là, votre place sera donnée à une autre personne." in page.words
    assert find_answers(page) == ["keep", "cancel"]


def test_dates_are_said_in_every_city_of_the_event(pages, runtime, ask, event):
    with runtime.transaction() as tx:
        events.get(tx, event.slug).display_timezones = ("Europe/Paris", "Asia/Tokyo")
    page = pages.get(f"{own_path(runtime, ask(until=UNTIL))}/reconfirm")

    for hour in ("(heure de Paris)", "(heure de Tokyo)"):
        assert page.words.count(hour) == 3
    assert "vous gardez votre place" in page.words


def test_the_own_page_asks_first(pages, runtime, ask):
    path = own_path(runtime, ask(until=UNTIL))
    page = pages.get(path)

    assert OLD in page.words
    assert page.words.index("Maintenez-vous") < page.words.index("Inscription confirmée")
    done = pages.follow(pages.submit(page, action="/reconfirm", answer="keep"))
    assert "Merci : votre inscription est maintenue." in done.words
    assert "Maintenez-vous" not in done.words
    assert "Inscription maintenue le lundi 26 octobre 2020" in done.words


def test_maintaining_twice_is_fine(pages, runtime, ask):
    path = own_path(runtime, ask())
    form = pages.get(f"{path}/reconfirm")
    for _ in range(2):
        assert pages.submit(form, answer="keep").location == f"{path}?done=kept"

    [samira] = list_registrations(runtime)
    assert (samira.reconfirm_change_id, samira.reconfirmed_at) == (None, NOW)
    assert samira.status is RegistrationStatus.CONFIRMED
    assert pages.get(f"{path}/reconfirm").location == path


def test_giving_up_twice_is_fine_and_maintaining_afterwards_is_not(pages, runtime, ask, event):
    path = own_path(runtime, ask())
    with runtime.transaction() as tx:
        waiting = {"status": RegistrationStatus.WAITING, "confirmed_at": None}
        make_registration(tx, event, first_name="Jean", email="jean@example.org", **waiting)
    form = pages.get(f"{path}/reconfirm")
    for _ in range(2):
        assert pages.submit(form, answer="cancel").location == f"{path}?done=cancelled"

    assert list_mails(runtime) == [
        ("confirmation", "jean@example.org"),
        ("registration-cancelled", "samira@example.org"),
    ]
    refused = pages.submit(form, answer="keep")
    assert refused.status == 409
    assert "Cette inscription a été annulée." in refused.words


def test_after_the_deadline_of_a_place_that_is_kept_an_answer_still_counts(
    pages, runtime, clock, ask
):
    path = own_path(runtime, ask(until=UNTIL, rule=ReconfirmRule.KEEP))
    clock.now = UNTIL + timedelta(hours=1)
    page = pages.get(f"{path}/reconfirm")

    assert "Vous avez toujours votre place" in page.words
    assert pages.submit(page, answer="keep").status == 303
    assert list_registrations(runtime)[0].reconfirm_change_id is None


def test_after_the_deadline_of_a_place_that_is_released_the_page_says_so(
    pages, runtime, clock, ask
):
    path = own_path(runtime, ask(until=UNTIL, rule=ReconfirmRule.RELEASE))
    in_time = pages.get(f"{path}/reconfirm")
    clock.now = UNTIL
    page = pages.get(f"{path}/reconfirm")

    assert "Ce délai est passé" in page.words
    assert find_answers(page) == ["cancel"]
    refused = pages.submit(in_time, answer="keep")
    assert refused.status == 409
    assert "ce délai est passé" in refused.words
    assert list_registrations(runtime)[0].reconfirm_change_id is not None


def test_an_answer_to_dates_that_have_changed_since_is_not_taken(pages, runtime, ask, event):
    path = own_path(runtime, ask())
    form = pages.get(f"{path}/reconfirm")
    with runtime.transaction() as tx:
        again = make_change(tx, events.get(tx, event.slug), revision=2)
        tx.get(Registration, list_registrations(runtime)[0].id).reconfirm_change_id = again.id

    page = pages.submit(form, answer="keep")
    assert page.status == 409
    assert "a encore changé depuis" in page.words
    assert find_answers(page) == ["keep", "cancel"]
    assert list_registrations(runtime)[0].reconfirm_change_id is not None


@pytest.mark.parametrize("answer", ["", "yes", None])
def test_what_is_no_answer_changes_nothing(pages, runtime, ask, answer):
    path = own_path(runtime, ask())
    before = take_snapshot(runtime)

    page = pages.post(f"{path}/reconfirm", {"answer": answer} if answer is not None else {})
    assert page.status == 422
    assert take_snapshot(runtime) == before


def test_looking_answers_nothing(pages, runtime, ask):
    path = f"{own_path(runtime, ask())}/reconfirm"
    before = take_snapshot(runtime)

    for address in (path, f"{path}?answer=keep", f"{path}?answer=cancel"):
        assert pages.get(address).status == 200
        assert pages.head(address).status_code == 200
    assert take_snapshot(runtime) == before


def test_the_assistant_answers_for_the_person(pages, runtime, ask):
    path = own_path(runtime, ask(), Scope.ASSISTANT)

    assert pages.submit(pages.get(f"{path}/reconfirm"), answer="keep").status == 303
    assert list_registrations(runtime)[0].reconfirmed_at == NOW


def test_another_venue_is_shown_with_the_one_before(pages, runtime, ask, event):
    with runtime.transaction() as tx:
        here = events.get(tx, event.slug)
        here.venue = Venue("Palais des congrès", "Marrakech", "MA")
        same = make_shown(
            here,
            starts=datetime(2020, 11, 3, 10, 0),  # noqa: DTZ001
            ends=datetime(2020, 11, 3, 12, 30),  # noqa: DTZ001
            venue=Venue("Hôtel de ville", "Casablanca", "MA"),
        )
    page = pages.get(f"{own_path(runtime, ask(before=same))}/reconfirm")

    assert "Hôtel de ville, Casablanca" in page.words
    assert "Palais des congrès, Marrakech" in page.words
    assert OLD not in page.words and page.words.count(NEW) == 1


def test_who_has_nothing_to_answer_is_shown_the_own_page(pages, runtime, event):
    with runtime.transaction() as tx:
        path = own_path(runtime, make_registration(tx, event))

    assert pages.get(f"{path}/reconfirm").location == path
    assert pages.post(f"{path}/reconfirm", {"answer": "keep"}).status == 303
