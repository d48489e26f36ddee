"""Events from a file or from another event, in the browser."""

import io

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.factories import make_registration
from tests.web.organiser.conftest import FOREIGN, sign_in
from webinars import events
from webinars.models import Event, EventStatus

LOAD = "/organiser/events/load"
FILE = """\
slug: {slug}
kind: webinar
title: {{fr: "{title}"}}
timezone: Europe/Paris
starts: 2027-03-09T10:00
ends: 2027-03-09T12:30
mode: online
status: published
capacity: {capacity}
institutions:
  - {{name: "Délégation", acronym: {acronym}, country: FR, role: pilot}}
contacts:
  - {{name: "Nadia Lefort", institution: {acronym}, email: "contact@example.org"}}
notice:
  controllers: [{acronym}]
  purposes: {{fr: "Organiser le webinaire"}}
  rights_contact: "dpo@example.org"
{more}
"""


def write(slug="exemple", *, title="Exemple", acronym="DAECT", capacity=30, more=""):
    return FILE.format(slug=slug, title=title, acronym=acronym, capacity=capacity, more=more)


def load(browser, text, *, documents=(), take_file=False, name="exemple.yaml"):
    """Send an event file as the page's form does."""
    proof = browser.get(LOAD).find_form("load").fields["csrf_token"][0]
    data = {
        "csrf_token": proof,
        "file": FileStorage(io.BytesIO(text.encode()), name),
        "documents": [FileStorage(io.BytesIO(content), title) for title, content in documents],
    }
    if take_file:
        data["take_file"] = "1"
    return send(browser, data)


def send(browser, data):
    """Send fields and files in one piece: the test client's own way leaves large ones open."""
    boundary, body = encode_multipart(data)
    return browser.post(LOAD, body, content_type=f"multipart/form-data; boundary={boundary}")


def count_events(runtime):
    with runtime.reading() as tx:
        return tx.scalar(select(func.count()).select_from(Event))


def test_a_file_creates_an_event_that_lies_at_once_among_the_own(desk):
    answer = load(desk, write())
    assert (answer.status, answer.location) == (303, "/organiser/events/exemple/")
    page = desk.follow(answer)
    assert page.heading == "Exemple"
    assert "L’événement est créé." in page.words


def test_a_file_loaded_again_changes_only_what_it_says_anew(desk, runtime):
    load(desk, write())
    assert "rien n’a été changé" in desk.follow(load(desk, write())).words
    page = desk.follow(load(desk, write(title="Un autre titre")))
    assert page.heading == "Un autre titre"
    assert "Modifié : title." in page.words


def test_a_document_is_sent_along_under_the_name_that_the_file_gives_it(desk, runtime, settings):
    named = 'documents:\n  - {title: "Pré-programme", file: papiers/pre.pdf, version: 1}'
    refused = load(desk, write(more=named))
    assert refused.status == 422
    assert "documents" in refused.words and "pre.pdf" in refused.words

    answer = load(desk, write(more=named), documents=[("pre.pdf", b"%PDF-1.7 " + b"x" * 2_000_000)])

    assert answer.status == 303
    with runtime.reading() as tx:
        (document,) = events.get(tx, "exemple").documents
    assert (settings.documents_dir / document.sha256).stat().st_size == document.bytes


def test_every_mistake_is_shown_with_its_line_and_nothing_is_loaded(desk, runtime):
    before = count_events(runtime)
    text = write().replace("kind: webinar", "kind: fete").replace("mode: online", "mod: online")
    page = load(desk, text)
    assert page.status == 422
    assert "erreurs dans le fichier" in page.words
    assert "Ligne 2 kind" in page.words
    assert "Ligne 7 mod" in page.words
    assert count_events(runtime) == before


def test_a_file_that_is_no_event_file_is_refused(desk, runtime):
    before = count_events(runtime)
    for text in ("", "\0\0", "- a\n- b", "slug: [", "%PDF-1.7"):
        assert load(desk, text).status == 422, text
    assert count_events(runtime) == before


def test_without_a_file_nothing_happens(desk):
    page = desk.submit(desk.get(LOAD), action="load")
    assert page.status == 422
    assert page.find_error("file") == "Ce champ est obligatoire."


def test_what_was_changed_on_the_pages_meanwhile_is_not_overwritten_unless_asked(desk, runtime):
    room = 'connection: {{provider: url, url: "https://salle.example.org/{}"}}'.format
    load(desk, write(more=room("un")))
    page = desk.get("/organiser/events/exemple/")
    desk.submit(page, action="room", room_url="https://salle.example.org/page")

    refused = load(desk, write(more=room("deux")))
    assert refused.status == 409
    assert "connection" in refused.words and "Rien n’a été changé" in refused.words

    assert load(desk, write(more=room("deux")), take_file=True).status == 303
    with runtime.reading() as tx:
        assert events.get(tx, "exemple").room_url == "https://salle.example.org/deux"


def test_a_move_that_people_would_have_to_be_told_of_is_refused(desk, runtime):
    load(desk, write())
    with runtime.transaction() as tx:
        make_registration(tx, events.get(tx, "exemple"), email="quelquun@example.org")
    moved = write().replace("T10:00", "T09:00")
    page = load(desk, moved)
    assert page.status == 409
    assert "starts" in page.words
    with runtime.reading() as tx:
        assert events.get(tx, "exemple").starts_time.hour == 10


@pytest.mark.parametrize(
    ("slug", "acronym", "status"),
    [
        pytest.param("exemple", "CUF", 403, id="a new event without the own institution"),
        pytest.param(FOREIGN, "DAECT", 409, id="an event of others"),
        pytest.param("le-notre", "CUF", 403, id="the own event, given away"),
    ],
)
def test_an_organiser_loads_only_events_of_the_own_institution(
    desk, runtime, slug, acronym, status
):
    load(desk, write("le-notre"))
    before = count_events(runtime)
    page = load(desk, write(slug, acronym=acronym, capacity=7), take_file=True)
    assert page.status == status
    assert count_events(runtime) == before
    with runtime.reading() as tx:
        event = events.find(tx, slug)
        assert event is None or event.capacity != 7


def test_whoever_runs_the_service_loads_any_event(pages, service):
    sign_in(pages, service)
    assert load(pages, write(acronym="CUF")).status == 303


def test_a_file_that_is_too_large_gets_a_page(desk):
    assert load(desk, "# " + "x" * 3_000_000).status in {413, 422}


def test_an_event_is_duplicated_as_a_draft_on_another_day(desk, runtime):
    load(desk, write())
    page = desk.get("/organiser/events/exemple/duplicate")
    answer = desk.submit(page, action="duplicate", slug="exemple-2", starts_on="2027-04-06")

    assert answer.location == "/organiser/events/exemple-2/"
    page = desk.follow(answer)
    assert "Brouillon" in page.words
    assert "mardi 6 avril 2027 de 10h00 à 12h30" in page.words.lower()
    with runtime.reading() as tx:
        event = events.get(tx, "exemple-2")
        assert event.status is EventStatus.DRAFT
        assert event.room_url is None
    assert desk.get("/events/exemple-2").status == 404


@pytest.mark.parametrize(
    ("slug", "starts_on", "status", "field"),
    [
        pytest.param("exemple", "2027-04-06", 409, "slug", id="the same address"),
        pytest.param(FOREIGN, "2027-04-06", 409, "slug", id="an address that others have"),
        pytest.param("Un Exemple", "2027-04-06", 422, "slug", id="no address"),
        pytest.param("", "2027-04-06", 422, "slug", id="nothing"),
        pytest.param("exemple-2", "6 avril", 422, "starts_on", id="no day"),
        pytest.param("exemple-2", "", 422, "starts_on", id="no day at all"),
    ],
)
def test_a_duplicate_is_refused_at_the_field(desk, runtime, slug, starts_on, status, field):
    load(desk, write())
    before = count_events(runtime)
    page = desk.get("/organiser/events/exemple/duplicate")
    answer = desk.submit(page, action="duplicate", slug=slug, starts_on=starts_on)
    assert answer.status == status
    assert answer.find_error(field)
    assert answer.find_field("slug").get("value") == slug
    assert count_events(runtime) == before


def test_nobody_who_is_not_signed_in_may_send_a_large_file(pages, world):
    answer = send(pages, {"file": FileStorage(io.BytesIO(b"x" * 2_000_000), "gros.yaml")})
    assert answer.status == 413
