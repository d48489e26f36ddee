"""Documents with versions: what is sent, what the public sees, what organisers keep."""

import io

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.web.organiser.conftest import FOREIGN, SLUG
from tests.web.organiser.test_edits import read
from webinars.eventfiles import ATTACHMENT_LIMIT

HOME = f"/organiser/events/{SLUG}/documents"
PDF = b"%PDF-1.7 un"


def send(desk, path, data, content=PDF, name="pre-programme.pdf"):
    """Send a form with a file, as a browser does."""
    page = desk.get(HOME)
    proof = page.find_all("input", name="csrf_token")[0].get("value")
    said = data | {"csrf_token": proof, "file": FileStorage(io.BytesIO(content), name)}
    boundary, body = encode_multipart(said)
    return desk.post(path, body, content_type=f"multipart/form-data; boundary={boundary}")


def add(desk, title="Pré-programme", content=PDF, name="pre-programme.pdf", version=""):
    return send(desk, HOME, {"title": title, "version": version}, content, name)


def press(desk, path, **more):
    proof = desk.get(HOME).find_all("input", name="csrf_token")[0].get("value")
    return desk.post(f"{HOME}/{path}", {"csrf_token": proof} | more)


def find_public(desk):
    return [one for one in desk.get(f"/events/{SLUG}").find_links() if "/documents/" in one]


def test_a_document_is_offered_to_all_as_a_file_to_keep(desk, runtime):
    assert add(desk).location == HOME
    (document,) = read(runtime).documents
    assert (document.title, document.version, document.bytes) == ("Pré-programme", "1", len(PDF))
    (link,) = find_public(desk)
    answer = desk.client.get(link, buffered=True)
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_new_version_takes_the_place_of_the_former_which_organisers_keep(desk, runtime):
    add(desk)
    (document,) = read(runtime).documents
    link = find_public(desk)

    send(desk, f"{HOME}/{document.id}/version", {"version": ""}, b"%PDF-1.7 deux", "def.pdf")

    (fresh,) = read(runtime).documents
    assert (fresh.id, fresh.version, fresh.file) == (document.id, "2", "def.pdf")
    assert find_public(desk) == link
    assert desk.client.get(link[0], buffered=True).data == b"%PDF-1.7 deux"
    page = desk.get(HOME)
    assert "Versions précédentes" in page.words
    (old,) = [one for one in page.find_links() if "/former/" in one]
    assert desk.client.get(old, buffered=True).data == PDF
    number = old.rsplit("/", 1)[1]
    assert desk.get(f"/organiser/events/{FOREIGN}/documents/former/{number}").status == 404


def test_a_document_is_renamed_and_keeps_its_address_and_versions(desk, runtime):
    add(desk)
    add(desk, "Plan d’accès", b"\x89PNG\r\n...", "plan.png")
    first, second = read(runtime).documents
    send(desk, f"{HOME}/{first.id}/version", {"version": "définitive"}, b"%PDF-2", "b.pdf")
    assert press(desk, f"{first.id}/title", title="Programme").status == 303
    assert read(runtime).documents[0].id == first.id
    assert "Versions précédentes" in desk.get(HOME).words
    taken = press(desk, f"{second.id}/title", title="Programme")
    assert taken.status == 422 and "porte déjà ce titre" in taken.find_error("title")


def test_documents_are_put_in_order_and_removed(desk, runtime):
    for title in ("Un", "Deux"):
        add(desk, title)
    first, second = read(runtime).documents
    press(desk, f"{second.id}/move", by="-1")
    assert [one.title for one in read(runtime).documents] == ["Deux", "Un"]
    press(desk, f"{first.id}/remove")
    assert [one.title for one in read(runtime).documents] == ["Deux"]
    assert press(desk, f"{first.id}/remove").status == 404


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("page.html", b"<script>alert(1)</script>", "type de fichier"),
        ("image.svg", b"<svg/>", "type de fichier"),
        ("programme", PDF, "type de fichier"),
        ("vide.pdf", b"", "vide"),
        ("faux.pdf", b"<html>", "ne va pas avec son nom"),
        ("faux.docx", PDF, "ne va pas avec son nom"),
        ("binaire.txt", b"a\0b", "ne va pas avec son nom"),
        ("gros.pdf", b"%PDF-" + b"x" * ATTACHMENT_LIMIT, "trop volumineux"),
    ],
)
def test_what_is_no_document_is_refused_and_the_title_is_kept(
    desk, runtime, name, content, sentence
):
    page = add(desk, content=content, name=name)
    assert page.status == 422
    assert sentence in page.find_error("file")
    assert page.find_field("title").get("value") == "Pré-programme"
    assert read(runtime).documents == []


def test_two_documents_have_two_titles(desk):
    add(desk)
    page = add(desk)
    assert page.status == 422 and "deux fois" in page.find_error("title")


def test_a_path_in_a_name_is_left_out(desk, runtime):
    add(desk, name="../../etc/plan.pdf")
    assert read(runtime).documents[0].file == "plan.pdf"
