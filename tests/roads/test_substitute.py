"""Scenario 11 of what the users of this field expect: an assistant, and a substitute on the day.

The secretariat of the mayor of Marseille registers an adjoint with copies to itself; on the day it
names a substitute. Pages, worker and timer are the real ones.
"""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from urllib.parse import urlsplit

import pytest
from icalendar import Calendar

from tests.factories import NOW, make_event, make_institution
from tests.web.conftest import Browser
from tests.web.organiser.conftest import EMAIL, PASSWORD, sign_in
from tests.web.public.people import JEAN, register
from webinars import events, exports, mailings, organisers
from webinars.exports import Format
from webinars.models import Lane
from webinars.web import create_app
from workers import schedule
from workers.drain import drain
from workers.stopping import Stop

SLUG = "webinaire-covid-19"
ADJOINT = JEAN | {
    "last_name": "Évrard",
    "first_name": "Hélène",
    "civility": "mme",
    "email": "helene.evrard@example.org",
    "organization": "Ville de Marseille",
    "job_title": "Adjointe au maire",
}
SECRETARIAT = "secretariat@example.org"
SUBSTITUTE = {
    "civility": "m",
    "last_name": "Lefort",
    "first_name": "Yann",
    "email": "yann.lefort@example.org",
    "job_title": "Conseiller municipal",
}
ON_THE_DAY = datetime(2020, 11, 3, 7, 30, tzinfo=UTC)
"""Half past eight in Paris: the links of the morning have left."""
TEN_TO_TEN = datetime(2020, 11, 3, 8, 50, tzinfo=UTC)


@pytest.fixture
def pages(any_runtime):
    """Return a browser on the service."""
    return Browser(create_app(any_runtime))


@pytest.fixture(autouse=True)
def event(any_runtime):
    """Make the webinar of 3 November 2020, full with one person, and its organiser."""
    with any_runtime.transaction() as tx:
        daect = make_institution(tx)
        made = make_event(tx, SLUG, institutions=[daect], capacity=1)
        mailings.plan(tx, events.get(tx, made.slug), now=NOW)
        organisers.add(tx, EMAIL, PASSWORD, institution="DAECT", now=NOW)


def serve(runtime):
    """Let timer and worker do what is due, as often as it takes."""
    for _ in range(4):
        schedule.tick(runtime)
        for lane in Lane:
            drain(runtime, lane, Stop())


def read(mailbox, address):
    """Return the mails to an address by the name of their template, oldest first."""
    found = {}
    for name, content in sorted(mailbox.messages.items()):
        mail = message_from_bytes(content, policy=default)
        if str(mail["To"]) == address:
            found[re.sub(r"^\w+-\d+-|\.eml$", "", name)] = mail
    return found


def find_path(mail, kind):
    """Return the path of a mail's link of a kind: `r` or `j`."""
    text = mail.get_body(("plain",)).get_content()
    return urlsplit(re.search(rf"https://\S+/{kind}/[\w-]+", text)[0]).path


def read_calendar(mail):
    """Return the method and the entry of a mail's invitation."""
    [part] = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_payload(decode=True))
    return calendar["METHOD"], calendar.walk("VEVENT")[0]


def test_an_assistant_names_a_substitute_on_the_day(pages, any_runtime, mailbox, clock):
    register(pages, SLUG, ADJOINT, assistant_email=SECRETARIAT)
    serve(any_runtime)
    own = find_path(read(mailbox, ADJOINT["email"])["confirmation"], "r")
    copy = find_path(read(mailbox, SECRETARIAT)["confirmation"], "r")
    assert own != copy

    clock.now = ON_THE_DAY
    serve(any_runtime)
    first_gate = find_path(read(mailbox, ADJOINT["email"])["connection-link"], "j")
    _, invited = read_calendar(read(mailbox, ADJOINT["email"])["confirmation"])
    mailbox.messages.clear()
    mailbox.taken.clear()
    done = pages.submit(pages.get(f"{copy}/substitute"), SUBSTITUTE)
    assert done.status == 303
    clock.now += timedelta(minutes=1)
    serve(any_runtime)

    assert sorted(mailbox.taken) == sorted(
        [ADJOINT["email"], SUBSTITUTE["email"], SECRETARIAT, SECRETARIAT]
    )
    method, entry = read_calendar(read(mailbox, ADJOINT["email"])["represented"])
    assert (method, entry["UID"]) == ("CANCEL", invited["UID"])
    assert entry["SEQUENCE"] > invited["SEQUENCE"]
    [confirmation] = read(mailbox, SUBSTITUTE["email"]).values()
    method, entry = read_calendar(confirmation)
    assert method == "REQUEST" and entry["UID"] != invited["UID"]
    assert set(read(mailbox, SECRETARIAT)) == {"represented", "confirmation"}

    clock.now = TEN_TO_TEN
    serve(any_runtime)
    assert mailbox.taken.count(SUBSTITUTE["email"]) == 1
    assert pages.get(first_gate).heading == "Ce lien n’est plus valable"
    assert pages.post(first_gate).status == 409
    assert pages.post(find_path(confirmation, "j")).location == "https://salle.example.org/abc"


def test_the_list_says_who_comes_in_whose_place(pages, any_runtime, mailbox, clock):
    register(pages, SLUG, ADJOINT, assistant_email=SECRETARIAT)
    serve(any_runtime)
    own = find_path(read(mailbox, ADJOINT["email"])["confirmation"], "r")
    pages.submit(pages.get(f"{own}/substitute"), SUBSTITUTE)

    sign_in(pages)
    listed = pages.get(f"/organiser/events/{SLUG}/registrations").words
    assert "représenté(e) par Yann LEFORT" in listed
    assert "représente Hélène ÉVRARD" in listed
    with any_runtime.reading() as tx:
        event = events.get(tx, SLUG)
        written = b"".join(exports.write(tx, event, Format.EXCEL_CSV, now=NOW)).decode("utf-8-sig")
    rows = {row["Nom"]: row for row in csv.DictReader(io.StringIO(written), delimiter=";")}
    assert rows["Évrard"]["Représenté(e) par"] == "Lefort Yann"
    assert rows["Lefort"]["Représente"] == "Évrard Hélène"
    assert (rows["Évrard"]["Statut"], rows["Lefort"]["Statut"]) == ("Annulée", "Confirmée")
