"""Questions of one's own: written by organisers, answered by people, read in lists and exports."""

import pytest

from tests.factories import NOW, make_registration
from tests.web.conftest import Browser
from tests.web.organiser.conftest import PASSWORD, SLUG, sign_in
from tests.web.organiser.test_edits import read
from tests.web.public.people import SAMIRA
from webinars import events, organisers
from webinars.models import AnswerFile, QuestionKind, Registration

HOME = f"/organiser/events/{SLUG}/questions"
FORM = f"/events/{SLUG}/register"
PERSON = SAMIRA | {"email": "nouvelle@example.org", "last_name": "Nouvelle"}


def add(desk, label, kind="text", options="", **typed):
    page = desk.get(f"{HOME}/new")
    said = {"label_fr": label, "kind": kind, "options_fr": options} | typed
    return desk.submit(page, said, action="questions/new")


def answer(pages, **typed):
    return pages.submit(pages.get(FORM), PERSON | typed, action="register")


def find_answers(runtime):
    with runtime.reading() as tx:
        return tx.query(Registration).filter_by(email="nouvelle@example.org").one().answers


@pytest.fixture
def asking(desk):
    """Ask whether one sleeps there, and then which nights, when one arrives, how many come."""
    add(desk, "Hôtel", "boolean")
    add(
        desk,
        "Nuits",
        "choices",
        "Lundi\r\nMardi",
        options_ar="الاثنين\nالثلاثاء",
        required="1",
        conditions=["hotel = 1"],
    )
    add(desk, "Arrivée", "date", conditions=["nuits = Mardi"])
    add(desk, "Combien", "number")
    return desk


def test_questions_of_every_kind_are_asked_and_their_answers_kept(desk, pages, runtime):
    for kind in [one for one in QuestionKind if one is not QuestionKind.FILE]:
        options = "Eau\nCulture" if kind.value in {"choice", "choices"} else ""
        assert add(desk, f"Question {kind.value}", kind.value, options).status == 303
    said = {
        "q_question_text": "court",
        "q_question_long_text": "long\r\ntexte",
        "q_question_choice": "Eau",
        "q_question_choices": ["Eau", "Culture"],
        "q_question_boolean": "1",
        "q_question_number": "1 234,5",
        "q_question_date": "2021-02-03",
    }
    assert answer(pages, **said).status == 303
    assert find_answers(runtime) == {
        "question_text": "court",
        "question_long_text": "long\ntexte",
        "question_choice": "Eau",
        "question_choices": "Eau;Culture",
        "question_boolean": "1",
        "question_number": "1234.5",
        "question_date": "2021-02-03",
    }


@pytest.mark.parametrize(
    ("kind", "typed", "sentence"),
    [
        ("number", "beaucoup", "Écrivez un nombre"),
        ("number", "1e5", "Écrivez un nombre"),
        ("date", "3 février", "Écrivez une date"),
        ("date", "2021-02-30", "Écrivez une date"),
        ("text", "x" * 5001, "trop long"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_at_its_field(desk, pages, kind, typed, sentence):
    add(desk, "Question", kind)
    page = answer(pages, q_question=typed)
    assert page.status == 422
    assert sentence in page.find_error("q_question")
    assert page.find_field("q_question").get("value") == typed


def test_what_depends_on_an_answer_is_marked_so_that_style_alone_hides_it(asking, pages):
    page = pages.get(FORM)
    assert page.find_field("q_hotel").get("class") == "asks-1"
    boxes = page.find_all("input", name="q_nuits")
    assert [one.get("class") for one in boxes] == [None, "asks-2"]
    assert page.find_all("div", _class="asked asked-1") and not page.find_all("script")
    assert page.find_field("q_arrivee").get("required") is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({}, {}),
        ({"q_nuits": ["Lundi"], "q_arrivee": "2021-01-01"}, {}),
        ({"q_hotel": "1", "q_nuits": ["Lundi"], "q_arrivee": "2021-01-01"},
         {"hotel": "1", "nuits": "Lundi"}),
        ({"q_hotel": "1", "q_nuits": ["Lundi", "Mardi"], "q_arrivee": "2021-01-01"},
         {"hotel": "1", "nuits": "Lundi;Mardi", "arrivee": "2021-01-01"}),
    ],
)  # fmt: skip
def test_what_was_not_asked_is_neither_required_nor_kept(asking, pages, runtime, typed, kept):
    assert answer(pages, **typed).status == 303
    assert find_answers(runtime) == kept


def test_what_is_asked_is_required(asking, pages):
    page = answer(pages, q_hotel="1")
    assert page.status == 422
    assert "Ce champ est obligatoire." in page.words


def test_answers_are_shown_to_be_changed_as_they_were_given(asking, pages, runtime, desk):
    answer(pages, q_hotel="1", q_nuits=["Mardi"], q_combien="2,5")
    with runtime.reading() as tx:
        number = tx.query(Registration).filter_by(email="nouvelle@example.org").one().id
    page = desk.get(f"/organiser/events/{SLUG}/registrations/{number}/change")
    assert page.find_form("/change").fields["q_nuits"] == ["Mardi"]
    assert desk.submit(page, action="/change", q_nuits=["Lundi", "Mardi"]).status == 303
    shown = desk.get(f"/organiser/events/{SLUG}/registrations/{number}")
    assert "Lundi, Mardi" in shown.words and "2.5" in shown.words


def test_an_answered_question_keeps_its_kind_and_stays_in_exports_once_it_is_gone(desk, runtime):
    add(desk, "Avis")
    with runtime.transaction() as tx:
        make_registration(
            tx,
            events.get(tx, SLUG),
            last_name="Ancienne",
            email="ancienne@example.org",
            answers={"avis": "Très bien"},
        )
    page = desk.get(f"{HOME}/keys/avis")
    assert "Des personnes ont déjà répondu" in page.words
    refused = desk.submit(page, action="keys/avis", kind="date", label_fr="Votre avis ?")
    assert refused.status == 409
    assert "ont déjà répondu" in refused.find_error("kind")
    assert refused.find_field("label_fr").get("value") == "Votre avis ?"

    desk.submit(desk.get(HOME), action="avis/take-out")

    page = desk.get(HOME)
    assert "gardées dans les exports : Avis" in page.words
    assert "q_avis" not in desk.get(FORM).text
    desk.submit(desk.get(f"{HOME}/new"), {"label_fr": "Avis"}, action="questions/new")
    assert [one.key for one in read(runtime).questions if one.is_asked] == ["avis_2"]


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"label_fr": ""}, "label_fr", "obligatoire"),
        ({"label_fr": "x" * 501}, "label_fr", "trop long"),
        ({"kind": "choice"}, "options_fr", "au moins deux"),
        ({"kind": "choice", "options_fr": "Un"}, "options_fr", "au moins deux"),
        ({"kind": "choices", "options_fr": "a;b\nc"}, "options_fr", "ne contient pas"),
        ({"kind": "choice", "options_fr": "a\na"}, "options_fr", "deux fois"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(desk, runtime, typed, field, sentence):
    said = {"label_fr": "Question", "kind": "text"} | typed
    page = desk.submit(desk.get(f"{HOME}/new"), said, action="questions/new")
    assert page.status == 422
    assert sentence in page.find_error(field)
    assert read(runtime).questions == []


def test_questions_are_put_in_order_and_one_that_others_need_stays_before_them(
    asking, desk, runtime
):
    proof = desk.get(HOME).find_all("input", name="csrf_token")[0].get("value")
    sent = {"csrf_token": proof, "by": "-1"}
    assert desk.post(f"{HOME}/keys/combien/move", sent).status == 303
    keys = [one.key for one in read(runtime).questions]
    assert keys == ["hotel", "nuits", "combien", "arrivee"]
    refused = desk.post(f"{HOME}/keys/nuits/move", sent)
    assert refused.status == 409 and "qui la précède" in refused.words
    assert desk.post(f"{HOME}/keys/hotel/take-out", sent).status == 409


def test_two_who_edit_a_question_at_once_both_keep_their_words(app, desk, runtime):
    add(desk, "Avis")
    with runtime.transaction() as tx:
        organisers.add(tx, "amina@example.org", PASSWORD, institution="DAECT", now=NOW)
    colleague = Browser(app)
    sign_in(colleague, "amina@example.org")
    opened = desk.get(f"{HOME}/keys/avis")
    page = colleague.get(f"{HOME}/keys/avis")
    colleague.submit(page, action="keys/avis", label_fr="Chez Amina", label_en="At Amina’s")
    met = desk.submit(opened, action="keys/avis", label_fr="Chez Nadia")
    assert met.status == 409 and "Chez Amina" in met.words
    assert desk.submit(met, action="keys/avis").status == 303
    (question,) = read(runtime).questions
    assert (question.label.fr, question.label.en) == ("Chez Nadia", "At Amina’s")


def test_a_file_that_was_sent_is_handed_over_to_who_may_see_people_alone(desk, runtime):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        sent = make_registration(
            tx, event, last_name="Fichier", email="f@example.org", answers={"lettre": "l.pdf"}
        )
        tx.add(AnswerFile(registration_id=sent.id, key="lettre", name="l.pdf", content=b"%PDF-1"))
    add(desk, "Lettre", "file")
    own = f"/organiser/events/{SLUG}/registrations/{sent.id}"
    assert f"{own}/files/lettre" in desk.get(own).find_links()
    answer = desk.client.get(f"{own}/files/lettre", buffered=True)
    assert answer.data == b"%PDF-1"
    assert answer.headers["Content-Disposition"] == "attachment; filename=l.pdf"
    assert desk.get(f"{own}/files/autre").status == 404
