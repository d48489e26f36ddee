"""Papers in the browser: chosen on one page, limited like the list, recorded like every export."""

import io

import docx
import pypdf
import pytest
from sqlalchemy import select

from tests.factories import make_session
from tests.web.conftest import Browser
from tests.web.organiser.conftest import EMAIL, FOREIGN, SLUG, add_people, sign_in
from webinars import audits, events, exports, papers, participants, typesetting
from webinars.models import (
    AuditKind,
    Grant,
    OrganiserRole,
    Paper,
    Presence,
    RegistrationStatus,
)
from webinars.papers import jobs
from workers import papers as printing
from workers.stopping import Stop

PAGE = f"/organiser/events/{SLUG}/papers"


def list_records(runtime):
    with runtime.reading() as tx:
        return exports.list_records(tx, events.get(tx, SLUG).id)


def take(desk, page, action):
    """Send a form that a file answers."""
    form = page.find_form(action)
    return desk.client.post(form.action, data=form.fields)


def read_text(answer):
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    pages = pypdf.PdfReader(io.BytesIO(answer.data)).pages
    return "\n".join(page.extract_text() for page in pages)


def test_the_page_is_reached_from_the_exports_by_who_may_export(desk, runtime):
    exports = f"/organiser/events/{SLUG}/exports"
    assert exports in desk.get(f"/organiser/events/{SLUG}/").find_links()
    assert PAGE in desk.get(exports).find_links()
    with runtime.transaction() as tx:
        (grant,) = tx.scalars(select(Grant))
        grant.role = OrganiserRole.READER
    assert exports not in desk.get(f"/organiser/events/{SLUG}/").find_links()
    assert desk.get(PAGE).status == 403


NOT_HERE = {Paper.SHAREABLE, Paper.PROGRAMME}
"""Nobody has agreed to be named, and there is no session."""


@pytest.mark.parametrize(
    "paper", [one for one in Paper if one not in NOT_HERE and one not in papers.TO_EDIT]
)
def test_each_paper_is_made_and_recorded(desk, runtime, world, paper):
    with runtime.transaction() as tx:
        participants.get(tx, world.samira).presence = Presence.PRESENT

    answer = take(desk, desk.get(PAGE), f"/{paper}")

    assert ("BENNANI" in read_text(answer)) == (paper is not Paper.STATISTICS)
    assert answer.headers["Content-Disposition"].startswith(
        f'attachment; filename="2020-11-03_{SLUG}_'
    )
    (record,) = list_records(runtime)
    assert (record.author, record.format, record.rows) == (EMAIL, paper.value, 1)
    with runtime.reading() as tx:
        (written,) = audits.list_records(tx, kind=AuditKind.EXPORTED, limit=5)
    assert (written.deed, written.details["rows"]) == ("papers.make", "1")


@pytest.mark.parametrize("paper", sorted(papers.TO_EDIT))
def test_a_document_to_edit_is_a_docx_and_recorded(desk, runtime, paper):
    answer = take(desk, desk.get(PAGE), f"/{paper}")
    assert answer.content_type == papers.DOCX
    assert answer.headers["Content-Disposition"].endswith('.docx"')
    document = docx.Document(io.BytesIO(answer.data))
    assert document.paragraphs[0].style.name == "Title"
    assert [one.format for one in list_records(runtime)] == [paper.value]


def test_the_whole_programme_is_offered_where_there_is_one(desk, runtime):
    assert "Le programme entier" not in desk.get(PAGE).words
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        make_session(tx, event, title="Ouverture")
        events.touch(event)
    assert "Ouverture" in read_text(take(desk, desk.get(PAGE), "/papers/programme"))


def test_a_paper_is_limited_and_worded_as_the_page_says(desk, runtime):
    add_people(runtime, 2, status=RegistrationStatus.WAITING)
    page = desk.get(f"{PAGE}?status=waiting&paper_language=en")
    assert "2 inscriptions dans la liste" in page.words

    text = read_text(take(desk, page, "/participants"))

    assert "List of participants" in text
    assert "PERSONNE 001" in text
    assert "BENNANI" not in text
    (record,) = list_records(runtime)
    assert record.filter == "status=waiting"


def test_a_paper_with_nobody_on_it_says_so_and_is_not_recorded(desk, runtime):
    answer = desk.submit(desk.get(PAGE), action="/certificates")
    assert answer.status == 409
    assert "Personne ne figurerait sur ce document." in answer.words
    assert list_records(runtime) == []


def test_a_paper_that_there_is_not_is_not_found(desk):
    page = desk.get(PAGE)
    fields = page.find_form("/badges").fields
    assert desk.post(f"{PAGE}/passeports", fields).status == 404


def test_one_persons_papers_are_on_her_page(desk, runtime, world):
    own = f"/organiser/events/{SLUG}/registrations/{world.samira}"
    add_people(runtime, 2)
    page = desk.get(own)
    assert "Attestation de présence (PDF)" not in page.words
    assert "PERSONNE" not in read_text(take(desk, page, "/badges"))
    with runtime.transaction() as tx:
        participants.get(tx, world.samira).presence = Presence.PRESENT
    certified = read_text(take(desk, desk.get(own), "/certificates"))
    assert "Madame Samira BENNANI" in certified
    assert [one.rows for one in list_records(runtime)] == [1, 1]


def test_a_registration_of_others_is_on_no_paper_of_ones_own_event(desk, world):
    fields = desk.get(PAGE).find_form("/badges").fields
    answer = desk.post(f"{PAGE}/badges", {**fields, "registration_id": world.stranger})
    assert answer.status == 409
    foreign = f"/organiser/events/{FOREIGN}/papers/badges"
    assert desk.post(foreign, fields).status == 404


def test_a_paper_that_would_wait_for_its_turn_is_made_in_the_background(desk, runtime, monkeypatch):
    monkeypatch.setattr(typesetting, "PATIENCE_SECONDS", 0.01)
    for _turn in range(typesetting.AT_A_TIME):
        typesetting.TURNS.acquire()
    try:
        answer = desk.submit(desk.get(PAGE), action="/badges")
    finally:
        typesetting.TURNS.release(typesetting.AT_A_TIME)
    assert "Étape 1 sur 3" in desk.follow(answer).words
    assert [one.rows for one in list_records(runtime)] == [1]


@pytest.fixture
def ordered(desk, runtime):
    """Order badges of more people than are made at once, and return the page that follows."""
    add_people(runtime, jobs.LARGE)
    return desk.follow(desk.submit(desk.get(PAGE), action="/badges"))


def test_a_large_paper_is_made_in_the_background_and_taken_away_from_its_page(
    desk, runtime, ordered
):
    assert "101 personnes" in ordered.words
    assert "Étape 1 sur 3" in ordered.words
    assert ordered.find_all("meta", http_equiv="refresh") or "http-equiv" in ordered.text
    (record,) = list_records(runtime)
    assert (record.format, record.rows) == ("badges", 101)
    part = desk.client.get(ordered.path, headers={"X-Part": "live"}).get_data(as_text=True)
    assert part.strip().startswith('<div role="status" data-live=')
    assert "<html" not in part

    printing.print_all(runtime, Stop())

    page = desk.get(ordered.path)
    assert "Le document est prêt." in page.words
    assert "data-live" not in page.text
    assert "refresh" not in page.text
    assert "PERSONNE 099" in read_text(take(desk, page, "/file"))
    assert "prêt" in desk.get(PAGE).words
    with runtime.reading() as tx:
        deeds = [one.deed for one in audits.list_records(tx, kind=AuditKind.EXPORTED, limit=5)]
    assert deeds == ["papers.take", "papers.make"]


def test_a_paper_that_is_not_ready_or_has_gone_is_not_there(desk, runtime, clock, ordered):
    token = ordered.find_form("sign-out").fields["csrf_token"]
    assert desk.post(f"{ordered.path}/file", {"csrf_token": token}).status == 404
    printing.print_all(runtime, Stop())
    clock.now += jobs.KEPT
    printing.forget_old(runtime)
    sign_in(desk)
    assert desk.get(ordered.path).status == 404


def test_nobody_else_takes_a_paper_away_nor_who_may_not_export_any_more(
    app, desk, runtime, service, ordered
):
    printing.print_all(runtime, Stop())
    page = desk.get(ordered.path)
    other = Browser(app)
    sign_in(other, service)
    assert other.get(ordered.path).status == 404
    with runtime.transaction() as tx:
        (grant,) = tx.scalars(select(Grant))
        grant.role = OrganiserRole.READER
    assert desk.get(ordered.path).status == 403
    assert take(desk, page, "/file").status_code == 403
