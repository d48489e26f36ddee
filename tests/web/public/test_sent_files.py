"""Files that people send as answers: taken, kept with the registration, erased with it."""

import io

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.factories import NOW, make_event, make_institution
from tests.web.conftest import own_path
from tests.web.public.people import SAMIRA, list_registrations
from webinars import participants, registrations
from webinars.models import AnswerFile, Question, QuestionKind, Translated
from webinars.web.question_fields import SENT_LIMIT

FORM = "/events/webinaire-covid-19/register"
PDF = b"%PDF-1.7 lettre"


@pytest.fixture
def event(runtime):
    """Make an event that asks for a letter."""
    with runtime.transaction() as tx:
        made = make_event(tx, institutions=[make_institution(tx)])
        tx.add(
            Question(
                event_id=made.id,
                key="lettre",
                kind=QuestionKind.FILE,
                label=Translated("Lettre"),
                required=True,
                position=0,
            )
        )
    return made


def send(pages, content=PDF, name="lettre.pdf", path=FORM, action="register"):
    """Fill in the form and send it with a file."""
    page = pages.get(path)
    form = page.find_form(action)
    said = {key: one[0] for key, one in form.fill_in(SAMIRA if path == FORM else {}).items() if one}
    if content is not None:
        said["q_lettre"] = FileStorage(io.BytesIO(content), name)
    boundary, body = encode_multipart(said)
    return pages.post(path, body, content_type=f"multipart/form-data; boundary={boundary}")


def count_files(runtime):
    with runtime.reading() as tx:
        return tx.scalar(select(func.count()).select_from(AnswerFile))


def test_a_file_is_kept_under_its_name_and_with_its_bytes(pages, event, runtime):
    page = pages.get(FORM)
    assert 'enctype="multipart/form-data"' in page.text
    assert send(pages).status == 303
    (registration,) = list_registrations(runtime)
    assert registration.answers == {"lettre": "lettre.pdf"}
    with runtime.reading() as tx:
        assert participants.find_file(tx, registration, "lettre").content == PDF


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("page.html", b"<html>", "type de fichier"),
        ("faux.pdf", b"<html>", "ne va pas avec son nom"),
        ("vide.pdf", b"", "vide"),
        ("gros.pdf", b"%PDF-" + b"x" * SENT_LIMIT, "trop volumineux"),
        (None, None, "obligatoire"),
    ],
)
def test_what_cannot_be_taken_is_refused_at_its_field(
    pages, event, runtime, name, content, sentence
):
    page = send(pages, content, name)
    assert page.status == 422
    assert sentence in page.find_error("q_lettre")
    assert page.find_field("last_name").get("value") == "Bennani"
    assert count_files(runtime) == 0


def test_a_change_keeps_the_file_unless_another_is_sent(pages, event, runtime):
    send(pages)
    (registration,) = list_registrations(runtime)
    path = f"{own_path(runtime, registration)}/change"
    assert "Déjà envoyé : lettre.pdf" in pages.get(path).words
    assert send(pages, None, path=path, action="change").status == 303
    with runtime.reading() as tx:
        assert participants.find_file(tx, registration, "lettre").content == PDF
    assert send(pages, b"%PDF-2", "autre.pdf", path, "change").status == 303
    (registration,) = list_registrations(runtime)
    assert registration.answers == {"lettre": "autre.pdf"}
    with runtime.reading() as tx:
        assert participants.find_file(tx, registration, "lettre").content == b"%PDF-2"


def test_a_file_is_erased_with_what_else_is_known_of_the_person(pages, event, runtime):
    send(pages)
    with runtime.transaction() as tx:
        registration = participants.get(tx, list_registrations(runtime)[0].id)
        registrations.erase(tx, registration, now=NOW)
    assert count_files(runtime) == 0
