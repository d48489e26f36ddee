"""Messages of organisers: no text of theirs breaks a mail, and both roads write the same one."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mails import letters_to
from tests.mails.test_skeletons import NASTY, draft, make_row
from webinars.letters import skeletons
from webinars.mail import compose
from webinars.models import (
    AttendanceMode,
    Language,
    MailName,
    Message,
    RegistrationStatus,
    Translated,
)
from webinars.prose import Placeholder

NAMES = [f"{{{one}}}" for one in Placeholder]
SIGNS = ["**", "- ", "\n", "\n\n", " ", "{{", "}}", "{", "}", "https://www.example.org/x?a=1&b=2"]
written = st.lists(
    st.sampled_from([*NASTY, *NAMES, *SIGNS]) | st.text(max_size=20), max_size=20
).map("".join)


def make_message(subject, body, **flags):
    values = {"audience": {}, "is_formal": True, "with_calendar": False} | flags
    return Message(subject=Translated(subject), body=Translated(body), **values)


def compose_both(message, **row):
    """Compose a message on both roads, which are the same to the last octet, and read it."""
    one = draft(make_row(MailName.MESSAGE, **row), message=message)
    content = one.compose()
    assert content == compose.compose(skeletons.write(one.gather()))
    return content, letters_to.read(content)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(subject=written, body=written, name=st.sampled_from(NASTY), is_formal=st.booleans())
def test_no_text_breaks_the_mail_or_brings_anything_from_elsewhere(subject, body, name, is_formal):
    message = make_message(subject, body, is_formal=is_formal)
    content, mail = compose_both(message, first_name=name, organization=name)
    plain = compose_both(make_message("Objet", "Texte", is_formal=is_formal))[1]

    assert mail.keys() == plain.keys()
    assert letters_to.outline(mail) == letters_to.outline(plain)
    assert not any(part.defects for part in mail.walk())
    assert mail["To"] == plain["To"]
    assert max(len(line) for line in content.split(b"\r\n")) < 100
    markup = letters_to.get_part(mail, "text/html")
    assert not re.search(r"<(script|img|style|iframe|object|form|link|svg)\b", markup, re.I)
    assert not re.search(r"<[^>]*\bon\w+\s*=", markup)
    hrefs = re.findall(r'href="([^"]*)"', markup)
    assert all(re.match(r"(https?://|mailto:)", html.unescape(href)) for href in hrefs)


@pytest.mark.parametrize(
    ("status", "mode", "is_there"),
    [
        (RegistrationStatus.CONFIRMED, AttendanceMode.ONLINE, True),
        (RegistrationStatus.CONFIRMED, AttendanceMode.ONSITE, False),
        (RegistrationStatus.WAITING, AttendanceMode.ONLINE, False),
        (RegistrationStatus.CANCELLED, AttendanceMode.ONLINE, False),
    ],
)
def test_the_link_is_for_who_is_confirmed_and_follows_online(status, mode, is_there):
    _, mail = compose_both(
        make_message("Objet", "Ici : {lien}"), status=status, attendance_mode=mode
    )

    assert ("/j/" in letters_to.get_part(mail, "text/plain")) is is_there


def test_an_assistant_s_copy_leads_to_her_own_page_and_not_to_the_person_s():
    person = compose_both(make_message("Objet", "{page}"))[1]
    copy = compose_both(make_message("Objet", "{page}"), is_copy=True)[1]

    pages = [
        re.search(r"/r/\S+", letters_to.get_part(one, "text/plain"))[0] for one in (person, copy)
    ]
    assert pages[0] != pages[1]
    assert pages[0] not in letters_to.get_part(copy, "text/plain")


@pytest.mark.parametrize("language", Language)
def test_a_message_is_read_in_one_s_language_where_it_is_written_in_it(language):
    message = make_message("Objet", "Texte")
    message.subject = Translated("Objet", ar="موضوع")
    message.body = Translated("Texte", ar="نص")
    mail = compose_both(message, language=language)[1]

    expected = "موضوع" if language is Language.ARABIC else "Objet"
    assert mail["Subject"] == expected
    assert mail["Content-Language"] == ("ar" if language is Language.ARABIC else "fr")


def test_a_subject_of_an_organiser_s_own_is_kept_in_its_whole_length():
    mail = compose_both(make_message("Mot " * 30 + "{nom}", "Texte"), last_name="Bennani")[1]

    assert mail["Subject"] == "Mot " * 30 + "BENNANI"


def test_what_a_person_typed_makes_no_link_and_no_markup():
    mail = compose_both(
        make_message("{structure}", "Chez **{structure}**"),
        organization="https://mechant.example.org <b>x</b>",
    )[1]

    assert "https://mechant" not in letters_to.get_part(mail, "text/plain")
    assert "<b>x" not in letters_to.get_part(mail, "text/html")
    assert "https://mechant" not in mail["Subject"]
