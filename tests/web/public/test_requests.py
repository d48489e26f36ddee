"""After the deadline for changes a form to the organisers takes the place of the own one."""

from datetime import datetime, timedelta

import pytest

from tests.factories import NOW, make_event, make_institution, make_registration
from tests.web.conftest import own_path
from tests.web.public.people import list_mails, list_registrations, take_snapshot
from webinars import organisers, participants, requests

CLOSES = datetime(2020, 10, 30, 12, 0)  # noqa: DTZ001
WISH = "Je souhaite l’atelier 4.\n\nMerci."


@pytest.fixture
def event(runtime):
    """Return an event whose changes close on Friday 30 October at noon, and its organiser."""
    with runtime.transaction() as tx:
        daect = make_institution(tx)
        organisers.add(tx, "nadia@example.org", "une phrase de passe", institution="DAECT", now=NOW)
        event = make_event(tx, institutions=[daect], changes_close_local=CLOSES)
        event.changes_close_at = NOW + timedelta(days=4, hours=2)
        return event


@pytest.fixture
def samira(runtime, event):
    """Return a confirmed registration."""
    with runtime.transaction() as tx:
        return make_registration(tx, event)


def test_until_the_deadline_the_own_page_says_until_when_and_there_is_nothing_to_ask(
    pages, runtime, samira
):
    path = own_path(runtime, samira)
    page = pages.get(path)

    assert "jusqu’au vendredi 30 octobre 2020 à 12h00" in page.words
    assert f"{path}/change" in page.find_links()
    assert pages.get(f"{path}/request").location == f"{path}/change"
    refused = pages.post(f"{path}/request", {"request": WISH})
    assert refused.status == 409
    assert "Vous pouvez encore faire ce changement vous-même." in refused.words


def test_after_the_deadline_a_request_goes_to_the_organisers_and_stays_on_the_page(
    pages, runtime, clock, samira, event
):
    path = own_path(runtime, samira)
    clock.now = event.changes_close_at
    page = pages.get(path)
    assert f"{path}/request" in page.find_links()
    assert f"{path}/change" not in page.find_links()
    assert pages.get(f"{path}/change").location == f"{path}/request"

    done = pages.follow(pages.submit(pages.get(f"{path}/request"), request=WISH))

    assert "Votre demande est transmise aux organisateurs." in done.words
    assert "Je souhaite l’atelier 4." in done.words
    assert list_mails(runtime) == [("change-requested", "nadia@example.org")]
    again = pages.get(f"{path}/request")
    assert again.find_form().fields["request"] == [WISH]


def test_a_form_that_was_open_at_the_deadline_keeps_what_was_typed_and_shows_the_way(
    pages, runtime, clock, samira, event
):
    path = own_path(runtime, samira)
    form = pages.get(f"{path}/change")
    clock.now = event.changes_close_at

    page = pages.submit(form, job_title="Présidente")

    assert page.status == 409
    assert "Depuis le vendredi 30 octobre 2020 à 12h00" in page.words
    assert page.find_field("job_title").get("value") == "Présidente"
    assert f"{path}/request" in page.find_links()


def test_an_empty_request_is_none(pages, runtime, clock, samira, event):
    clock.now = event.changes_close_at
    path = f"{own_path(runtime, samira)}/request"

    page = pages.submit(pages.get(path), request="  ")
    assert page.status == 422
    assert page.find_error("request") == "Ce champ est obligatoire."
    too_long = pages.submit(pages.get(path), request="x" * 5001)
    assert too_long.status == 422
    assert list_registrations(runtime)[0].request is None


def test_who_runs_the_event_has_seen_to_it_and_the_person_reads_so(
    pages, runtime, clock, samira, event
):
    clock.now = event.changes_close_at
    path = own_path(runtime, samira)
    pages.submit(pages.get(f"{path}/request"), request=WISH)
    with runtime.transaction() as tx:
        requests.settle(tx, participants.get(tx, samira.id))

    assert "Les organisateurs l’ont traitée." in pages.get(path).words
    assert pages.get(f"{path}/request").find_form().fields["request"] == [""]


def test_looking_asks_nothing(pages, runtime, clock, samira, event):
    clock.now = event.changes_close_at
    path = f"{own_path(runtime, samira)}/request"
    before = take_snapshot(runtime)

    assert pages.get(path).status == 200
    assert pages.head(path).status_code == 200
    assert take_snapshot(runtime) == before


def test_after_the_event_there_is_nothing_to_ask(pages, runtime, clock, samira, event):
    path = own_path(runtime, samira)
    clock.now = event.changes_close_at
    form = pages.get(f"{path}/request")
    clock.now = event.ends_at + timedelta(hours=1)

    assert pages.get(f"{path}/request").location == path
    assert pages.submit(form, request=WISH).status == 409
