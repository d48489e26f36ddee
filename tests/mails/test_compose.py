"""From a letter to bytes: the same ones every time, in a shape that every mail program takes."""

import re
from datetime import UTC, datetime

import icalendar
import pytest

from tests.mails import letters_to
from webinars.mail import compose
from webinars.mail.compose import CalendarPart, Letter
from webinars.mail.contexts import EventFacts, OwnLink, PersonFacts
from webinars.models import CalendarMethod, ContactPoint, Language
from webinars.typed import check_email

CALENDAR = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tests//EN\r\nMETHOD:REQUEST\r\n"
    b"BEGIN:VEVENT\r\nUID:1@example.org\r\nDTSTAMP:20200513T093000Z\r\n"
    b"DTSTART:20200519T130000Z\r\nSUMMARY:Essai\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
INVITATION = CalendarPart(CALENDAR, CalendarMethod.REQUEST, as_file=False)
FILE = CalendarPart(CALENDAR, CalendarMethod.PUBLISH, as_file=True)
LONG_TITLE = "Les collectivités territoriales face à la transition écologique et solidaire " * 3
RIGHT_TO_LEFT_OVERRIDE = "\u202e"
HOSTILE = {
    "markup": "<script>alert('ici')</script><img src=x>",
    "template": "{{ 7 * 7 }}{% raw %}",
    "header": "Nom\r\nBcc: autre@example.org\r\n\r\nCorps",
    "bare ends of line": "Nom\rBcc: un@example.org\nCc: deux@example.org",
    "separators": "Nom\u2028Bcc: un@example.org\u2029\x85Cc: deux@example.org",
    "controls": "Nom\0\x1b[2J\x08\x7f",
    "override": f"Nom {RIGHT_TO_LEFT_OVERRIDE}gro.elpmaxe\u2066",
    "surrogate": "Nom \udcff",
    "long": LONG_TITLE,
    "endless": "a" * 2_000,
    "Arabic": "بنّاني سميرة " * 30,
    "dots": ".\r\n.\r\n..",
    "from": "From Nom",
    "boundary": "--=_0123\r\n--",
}


@pytest.mark.parametrize("calendar", [None, INVITATION, FILE], ids=["none", "invitation", "file"])
def test_the_same_letter_gives_the_same_bytes(calendar):
    once, again = (compose.compose(make_letter(calendar=calendar)) for _ in range(2))

    assert once == again


def test_boundaries_tell_two_deliveries_apart():
    one = compose.compose(make_letter(message_id="<1.aa@example.org>"))
    other = compose.compose(make_letter(message_id="<2.bb@example.org>"))

    assert re.findall(rb'boundary="(.*)"', one) != re.findall(rb'boundary="(.*)"', other)


MESSAGE_IDS = {
    "a mark": ("<81.0f1e2d3c4b5a6978@webinaires.example.org>", "81.0f1e2d3c4b5a6978"),
    "the longest": (f"<{10**18}.{'0f' * 8}@example.org>", f"{10**18}.{'0f' * 8}"),
    "what no boundary may hold": ('<a"b\\c;d e@example.org>', "a-b-c-d-e"),
    "endless": (f"<{'9' * 90}@example.org>", "9" * 50),
}


@pytest.mark.parametrize(("message_id", "mark"), MESSAGE_IDS.values(), ids=MESSAGE_IDS)
def test_boundaries_bear_what_names_the_delivery(message_id, mark):
    raw = compose.compose(make_letter(message_id=message_id))

    [boundary] = re.findall(rb'boundary="(.*)"', raw)

    assert boundary.decode() == f"=_{mark}_alternative"
    assert len(boundary) <= 70
    assert re.fullmatch(rb"[0-9A-Za-z'()+_,./:=? -]*[0-9A-Za-z'()+_,./:=?-]", boundary)
    assert len(list(letters_to.read(raw).iter_parts())) == 2


def test_without_a_calendar_entry_text_and_html_are_alternatives():
    message = letters_to.read(compose.compose(make_letter()))

    assert letters_to.outline(message).split() == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_an_invitation_is_the_last_alternative_and_once_more_a_file():
    message = letters_to.read(compose.compose(make_letter(calendar=INVITATION)))

    assert letters_to.outline(message) == (
        "multipart/mixed\n"
        "  multipart/alternative\n"
        "    text/plain\n"
        "    text/html\n"
        "    text/calendar\n"
        "  application/ics (attachment)"
    )
    calendar = message.get_payload(0).get_payload(2)
    attachment = message.get_payload(1)
    assert dict(calendar["content-type"].params) == {
        "charset": "utf-8",
        "method": "REQUEST",
        "component": "VEVENT",
    }
    assert calendar["content-transfer-encoding"] == "base64"
    assert attachment.get_filename() == "invite.ics"
    assert calendar.get_payload(decode=True) == attachment.get_payload(decode=True) == CALENDAR
    assert icalendar.Calendar.from_ical(calendar.get_payload(decode=True))["METHOD"] == "REQUEST"


def test_a_copy_has_the_calendar_as_a_file_and_invites_nobody():
    message = letters_to.read(compose.compose(make_letter(calendar=FILE)))

    assert letters_to.method_of(message) is None
    assert message.get_payload(1).get_filename() == "calendar.ics"
    assert message.get_payload(1).get_content_disposition() == "attachment"


def test_headers_say_who_writes_and_that_a_machine_does():
    message = letters_to.read(compose.compose(make_letter()))

    assert dict(message.items()) == {
        "From": "Webinaires <webinaires@example.org>",
        "To": "samira@example.org",
        "Reply-To": "ines.carlier@example.org",
        "Subject": "19 mai 2020 – Votre page d’inscription – Rencontre",
        "Date": "Wed, 13 May 2020 09:30:00 +0000",
        "Message-ID": "<1.aa@example.org>",
        "Content-Language": "fr",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, NRN, AutoReply, RN",
        "MIME-Version": "1.0",
        "Content-Type": message["Content-Type"],
    }


def test_a_mail_that_one_may_do_without_is_stopped_with_one_click():
    url = "https://webinaires.example.org/u/" + "A" * 32
    raw = compose.compose(make_letter(unsubscribe_url=url))

    message = letters_to.read(raw)
    assert message["List-Unsubscribe"] == f"<{url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in raw


def test_no_header_holds_an_address_that_it_cannot():
    message = compose.compose(make_letter(unsubscribe_url="https://wébinaires.example.org/u/a"))

    assert b"List-Unsubscribe" not in message


def test_a_sender_with_accents_is_an_encoded_word():
    message = compose.compose(make_letter(sender="Délégation à l’action <a@example.org>"))

    assert letters_to.read(message)["From"] == "Délégation à l’action <a@example.org>"
    assert message.split(b"\r\n")[0].isascii()


@pytest.mark.parametrize("field", ["title", "name", "organization", "salutation", "contact"])
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("language", Language)
def test_nothing_that_is_typed_breaks_out_of_its_place(language, value, field):
    raw = compose.compose(make_letter(language=language, **{field: value}))
    message = letters_to.read(raw)

    assert_bytes_can_be_sent(raw)
    plain = letters_to.read(compose.compose(make_letter(language=language)))
    assert message.keys() == plain.keys()
    assert letters_to.outline(message) == letters_to.outline(plain)
    assert not any(part.defects for part in message.walk())
    assert len(message["Subject"]) < 70
    text = letters_to.get_part(message, "text/plain")
    html = letters_to.get_part(message, "text/html")
    assert not re.search(
        "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text + html
    )
    assert "<script" not in html
    assert "<img" not in html
    assert not re.search(r"(?m)^(Bcc|Cc):", text)


@pytest.mark.parametrize("language", Language)
def test_arabic_comes_through_whole(language):
    title = "التعاون اللامركزي في مواجهة الأزمة"
    message = letters_to.read(compose.compose(make_letter(language=language, title=title)))

    assert title in letters_to.get_part(message, "text/plain")
    assert title in letters_to.get_part(message, "text/html")
    assert title[:20] in message["Subject"]


def test_markup_is_told_as_it_was_typed():
    typed = "Dupont & <b>Fils</b>"
    message = letters_to.read(compose.compose(make_letter(organization=typed)))

    assert typed in letters_to.get_part(message, "text/plain")
    assert "Dupont &amp; &lt;b&gt;Fils&lt;/b&gt;" in letters_to.get_part(message, "text/html")


@pytest.mark.parametrize(
    "address",
    [
        "personne",
        "a@b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org, b@example.org",
        "a b@example.org",
        "<a@example.org>",
        "é@example.org",
    ],
)
@pytest.mark.parametrize("field", ["recipient", "reply_to"])
def test_an_address_that_no_header_can_hold_is_refused(field, address):
    with pytest.raises(ValueError, match="address"):
        compose.compose(make_letter(**{field: address}))


@pytest.mark.parametrize(
    "typed", ["o'brien+x@example.org", "a@exämple.org", "samira@بريد.example.org"]
)
def test_every_address_that_a_form_takes_can_be_written_to(typed):
    address = check_email(typed)

    message = letters_to.read(compose.compose(make_letter(recipient=address)))

    assert message["To"] == address


SUBJECTS = {
    "short": ("19 mai 2020 – Rappel – Titre", "19 mai 2020 – Rappel – Titre"),
    "exact": ("a" * 30 + " " + "b" * 38, "a" * 30 + " " + "b" * 38),
    "after a word": ("a" * 40 + " " + "b" * 40, "a" * 40 + "…"),
    "no dangling sign": ("a" * 40 + " – « " + "b" * 40, "a" * 40 + "…"),
    "endless word": ("19 mai – " + "b" * 90, "19 mai – " + "b" * 59 + "…"),
    "spaces": ("  a \n b  ", "a b"),
}


@pytest.mark.parametrize(("subject", "shown"), SUBJECTS.values(), ids=SUBJECTS)
def test_a_subject_is_cut_after_a_whole_word(subject, shown):
    assert compose.shorten(subject) == shown
    assert len(compose.shorten(subject)) < 70


def test_a_test_says_so_at_the_beginning_of_its_subject():
    message = letters_to.read(compose.compose(make_letter(is_test=True, title=LONG_TITLE)))

    assert message["Subject"].startswith("[TEST] 19 mai 2020 – ")
    assert len(message["Subject"]) < 70


def assert_bytes_can_be_sent(raw):
    """Make sure of what a relay asks for: CRLF alone, short lines, nothing but ASCII."""
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", raw)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 200


def make_letter(
    *,
    title="Rencontre",
    salutation="Madame",
    name="Mme Samira BENNANI",
    organization="Région Fès-Meknès",
    contact="Mme Inès Carlier",
    language=Language.FRENCH,
    is_test=False,
    **changes,
):
    """Make the letter of a mail that says the least."""
    context = OwnLink(
        event=EventFacts(
            title=title,
            title_language=Language.FRENCH,
            when="mardi 19 mai 2020",
            short_date="19 mai 2020",
            url="https://webinaires.example.org/events/rencontre",
            organisers=("DAECT",),
            contacts=(ContactPoint(contact, "DAECT", "ines.carlier@example.org"),),
        ),
        person=PersonFacts(
            salutation=salutation,
            name=name,
            organization=organization,
            reference="K7QM-3XPA",
            page_url="https://webinaires.example.org/r/abc",
            is_copy=False,
            rights_contact="",
            unsubscribe_url="",
            cancel_url="https://webinaires.example.org/r/abc/cancel",
            reconfirm_url="",
            substitute="",
            in_place_of="",
            request="",
            organiser_url="",
        ),
        status="Confirmée",
    )
    texts = compose.write(context, language, is_test=is_test)
    values = {
        "language": language,
        "subject": texts.subject,
        "text": compose.encode(texts.text),
        "html": compose.encode(texts.html),
        "sender": "Webinaires <webinaires@example.org>",
        "reply_to": "ines.carlier@example.org",
        "recipient": "samira@example.org",
        "message_id": "<1.aa@example.org>",
        "date": datetime(2020, 5, 13, 9, 30, tzinfo=UTC),
    } | changes
    return Letter(**values)
