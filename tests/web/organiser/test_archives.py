"""The archive of an event: everything in it, named with its digest, and loadable again."""

import hashlib
import io
import json
import re
import zipfile

import openpyxl
import pypdf
from sqlalchemy import select

from tests.factories import NOW, make_session
from tests.web.organiser.conftest import EMAIL, FOREIGN, SLUG, add_people
from webinars import archives, eventfiles, events, exports, loading, participants, telling
from webinars.models import Delivery, DeliveryState, Document, Grant, MailName, OrganiserRole

PAGE = f"/organiser/events/{SLUG}/exports"
CONTENT = b"Le programme, tel qu'il fut"


def fill(runtime, world):
    """Give the event a session, a document, and a mail that left."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    folder = runtime.settings.documents_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / digest).write_bytes(CONTENT)
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        make_session(tx, event, title="Ouverture : « l’eau »")
        for place, (title, sha256) in enumerate((("Pré-programme", digest), ("Perdu", "0" * 64))):
            tx.add(
                Document(
                    event_id=event.id,
                    title=title,
                    file=f"{title.lower()}.txt",
                    version="2",
                    sha256=sha256,
                    bytes=len(CONTENT),
                    position=place,
                )
            )
        events.touch(event)
        samira = participants.get(tx, world.samira)
        telling.tell(tx, event, samira, MailName.CONFIRMATION, now=NOW)
        tx.flush()
        (delivery,) = tx.scalars(select(Delivery))
        delivery.state, delivery.accepted_at = DeliveryState.ACCEPTED, NOW


def take(desk):
    """Take the archive away, and return the answer and the archive."""
    form = desk.get(PAGE).find_form("/archive")
    answer = desk.client.post(form.action, data=form.fields)
    return answer, zipfile.ZipFile(io.BytesIO(answer.data))


def test_the_archive_holds_everything_with_its_digest(desk, runtime, world):
    add_people(runtime, 3)
    fill(runtime, world)

    answer, archive = take(desk)

    assert answer.content_type == "application/zip"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="2020-11-03_{SLUG}_archive_2020-10-26T1000.zip"'
    )
    assert archive.testzip() is None
    assert archive.namelist() == [
        "LISEZ-MOI.txt",
        "evenement/evenement.yaml",
        "evenement/pré-programme.txt",
        "listes/inscrits.csv",
        "listes/inscrits.xlsx",
        "documents/emargement.pdf",
        "documents/delegations.pdf",
        "documents/programme.pdf",
        "documents/statistiques.pdf",
        "envois/envois.json",
        "envois/confirmation.fr.txt",
        "chronologie.json",
        "manifest.json",
    ]
    manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["event"], manifest["made_at"]) == (SLUG, "2020-10-26T09:00:00Z")
    assert manifest["software"].startswith("webinars ")
    listed = {one["file"]: (one["sha256"], one["bytes"]) for one in manifest["files"]}
    assert listed == {
        name: (hashlib.sha256(archive.read(name)).hexdigest(), len(archive.read(name)))
        for name in archive.namelist()
        if name != "manifest.json"
    }
    assert all(one["what"] for one in manifest["files"])


def test_what_is_in_the_archive_can_be_read(desk, runtime, world):
    add_people(runtime, 3)
    fill(runtime, world)
    _answer, archive = take(desk)
    assert archive.read("evenement/pré-programme.txt") == CONTENT
    assert archive.read("listes/inscrits.csv").count(b"\r\n") == 5
    sheet = openpyxl.load_workbook(io.BytesIO(archive.read("listes/inscrits.xlsx"))).worksheets[0]
    assert sheet.max_row == 5
    pdf = pypdf.PdfReader(io.BytesIO(archive.read("documents/programme.pdf")))
    assert "Ouverture" in pdf.pages[0].extract_text()
    (mails,) = json.loads(archive.read("envois/envois.json"))
    assert (mails["template"], mails["state"], mails["count"]) == ("confirmation", "accepted", 1)
    assert json.loads(archive.read("chronologie.json")) == []


def test_a_mail_in_the_archive_opens_nobodys_page(desk, runtime, world):
    fill(runtime, world)
    _answer, archive = take(desk)
    text = archive.read("envois/confirmation.fr.txt").decode()
    assert "Samira" in text
    assert "/r/…" in text
    assert not re.search(r"/[rju]/[A-Za-z0-9_-]", text)


def test_the_event_in_the_archive_can_be_loaded_again(desk, runtime, world):
    fill(runtime, world)
    _answer, archive = take(desk)
    file = eventfiles.parse(
        archive.read("evenement/evenement.yaml"),
        name="evenement.yaml",
        find_file=lambda name: CONTENT,
    )
    with runtime.reading() as tx:
        known = eventfiles.content(loading.to_file(events.get(tx, SLUG)))
    written = eventfiles.content(file)
    documents = [written.pop("documents"), known.pop("documents")]
    assert [[one["title"] for one in some] for some in documents] == [
        ["Pré-programme", "Perdu"]
    ] * 2
    assert {key: written[key] for key in known if known[key]} == {
        key: value for key, value in known.items() if value
    }


def test_an_archive_is_recorded_and_only_for_who_may_export(desk, runtime, world):
    take(desk)
    with runtime.reading() as tx:
        (record,) = exports.list_records(tx, events.get(tx, SLUG).id)
    assert (record.author, record.format, record.rows) == (EMAIL, archives.FORMAT, 1)
    fields = desk.get(PAGE).find_form("/archive").fields
    assert desk.post(f"/organiser/events/{FOREIGN}/archive", fields).status == 404
    with runtime.transaction() as tx:
        (grant,) = tx.scalars(select(Grant))
        grant.role = OrganiserRole.READER
    assert desk.post(f"/organiser/events/{SLUG}/archive", fields).status == 403
