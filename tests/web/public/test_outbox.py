"""The mailbox on disk: everything of a message is shown, and to nobody but this machine."""

from email.message import EmailMessage

import pytest

from tests.web.conftest import Browser, make_settings
from webinars.runtime import open_runtime
from webinars.web import create_app

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:r0011-d1-g0@example.org
SEQUENCE:2
DTSTART:20200519T130000Z
DTEND:20200519T153000Z
SUMMARY:Coopération\\, échanges
LOCATION:https://webinaires.example.org/j/jeton
DESCRIPTION:Programme :\\nPoint de situation\\; une
  suite pliée
STATUS:CONFIRMED
ORGANIZER;CN="Webinaires":mailto:webinaires@example.org
ATTENDEE;CN="Samira BENNANI";RSVP=FALSE:mailto:samira@example.org
BEGIN:VALARM
DESCRIPTION:Rappel
TRIGGER:-PT15M
END:VALARM
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


@pytest.fixture
def message(runtime):
    """Write a message with every kind of part to the outbox."""
    message = EmailMessage()
    message["From"] = "Webinaires <webinaires@example.org>"
    message["To"] = "samira@example.org"
    message["Subject"] = "19 mai – Votre inscription à « Coopération »"
    message["Date"] = "Tue, 12 May 2020 09:00:00 +0000"
    message.set_content("Bonjour,\nhttps://webinaires.example.org/r/jeton")
    html = "<html><head><title>x</title></head><body><script>alert(1)</script><b>Bonjour</b></body>"
    message.add_alternative(html, subtype="html")
    message.add_alternative(CALENDAR, subtype="calendar", params={"method": "REQUEST"})
    message.add_attachment(
        CALENDAR.encode(), maintype="text", subtype="calendar", filename="../invitation é.ics"
    )
    folder = runtime.settings.outbox_dir
    folder.mkdir(parents=True)
    (folder / "confirmation-r1.eml").write_bytes(message.as_bytes())
    return message


def test_the_list_shows_subjects_and_addresses(pages, message):
    page = pages.get("/outbox")

    assert "19 mai – Votre inscription" in page.words
    assert "samira@example.org" in page.words
    assert "/outbox/confirmation-r1" in page.find_links()


def test_an_outbox_without_a_folder_is_empty(pages):
    assert "Aucun message" in pages.get("/outbox").words


def test_a_message_is_shown_with_all_its_parts(pages, message):
    page = pages.get("/outbox/confirmation-r1")

    assert "https://webinaires.example.org/r/jeton" in page.find_links()
    assert "mardi 19 mai 2020 de 15h00 à 17h30 (heure de Paris) / de 13h00" in page.words
    assert "Coopération, échanges" in page.words
    assert "Point de situation; une suite pliée" in page.words
    assert "Samira BENNANI <samira@example.org>" in page.words
    assert "REQUEST CONFIRMED 2" in page.words
    assert "r0011-d1-g0@example.org" in page.words
    assert "oui" in page.words
    assert "BEGIN:VCALENDAR" in page.words or "text/calendar" in page.words


def test_the_html_part_is_shown_in_a_frame_that_runs_no_script(pages, message):
    page = pages.get("/outbox/confirmation-r1")
    [frame] = page.find_all("iframe")

    part = pages.get(frame.get("src"))

    assert "allow-scripts" not in frame.get("sandbox")
    assert "allow-same-origin" not in frame.get("sandbox")
    policy = part.headers["Content-Security-Policy"]
    assert "sandbox" in policy and "allow-scripts" not in policy
    assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]


def test_attachments_and_source_are_handed_over_as_they_are(pages, message):
    page = pages.get("/outbox/confirmation-r1")
    [link] = [one for one in page.find_links() if "/parts/" in one]

    part = pages.get(link)
    source = pages.get("/outbox/confirmation-r1/source")

    assert part.response.data == CALENDAR.encode()
    assert part.headers["Content-Disposition"].startswith("attachment")
    assert "/" not in part.headers["Content-Disposition"]
    assert source.headers["Content-Type"].startswith("text/plain")
    assert source.response.data == message.as_bytes()


@pytest.mark.parametrize(
    "name", ["inconnu", "..%2F..%2Fetc%2Fpasswd", "%00", ".cache", "x" * 300, "é"]
)
def test_nothing_but_messages_is_found(pages, message, name):
    for tail in ("", "/html", "/source", "/parts/1"):
        assert pages.get(f"/outbox/{name}{tail}").status == 404
    assert pages.get("/outbox/confirmation-r1/parts/0").status == 404
    assert pages.get("/outbox/confirmation-r1/parts/99999999999").status == 404


@pytest.mark.parametrize(
    "request_",
    [
        {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=127.0.0.1"}},
        {"headers": {"X-Real-IP": "127.0.0.1"}},
        {"headers": {"Host": "intrus.example.org"}},
    ],
    ids=["another machine", "x-forwarded-for", "forwarded", "x-real-ip", "a name of elsewhere"],
)
def test_nobody_else_finds_an_outbox(pages, message, request_):
    for path in ("/outbox", "/outbox/confirmation-r1", "/outbox/confirmation-r1/source"):
        assert pages.get(path, **request_).status == 404


@pytest.mark.parametrize(
    "others",
    [
        {"mail_url": "smtp://127.0.0.1:2525"},
        {"base_url": "https://webinaires.example.org"},
    ],
    ids=["mail that really leaves", "a public address"],
)
def test_a_real_service_has_no_outbox(sqlite_url, tmp_path, others):
    runtime = open_runtime(make_settings(sqlite_url, tmp_path, **others))

    assert Browser(create_app(runtime)).get("/outbox").status == 404
    runtime.close()
