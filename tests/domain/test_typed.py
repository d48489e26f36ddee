"""What people type is cleaned and checked by one set of rules, wherever they type it."""

import pytest

from webinars import typed
from webinars.errors import ValueRefused


def refuse(check, *arguments):
    """Return the word for why something was refused."""
    with pytest.raises(ValueRefused) as caught:
        check(*arguments)
    return caught.value.reason


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  Aït   Melloul ", "Aït Melloul"),
        ("Be\u0301nédicte", "Bénédicte"),
        ("un\r\ndeux\ttrois", "un deux trois"),
        ("nul\x00 et \x07cloche", "nul et cloche"),
        ("\u202eennaieza\u202c \u2066x\u2069", "ennaieza x"),
        ("fatima\u200b\ufeff", "fatima"),
        ("الدار البيضاء", "الدار البيضاء"),
        ("نه\u200cفصل", "نه\u200cفصل"),
        ("\ud800x", "x"),
    ],
)
def test_a_line_is_cleaned_of_what_is_no_writing(text, cleaned):
    assert typed.clean_line(text) == cleaned


def test_a_text_keeps_its_lines():
    assert typed.clean_text("un \r\n\r\n  deux\rtrois\n") == "un\n\n  deux\ntrois"


def test_a_text_may_be_as_long_as_its_limit_and_no_longer():
    assert len(typed.clean_line("é" * 120, typed.NAME_LIMIT)) == 120
    assert refuse(typed.clean_line, "é" * 121, typed.NAME_LIMIT) == "too-long"
    assert refuse(typed.clean_text, "x" * 5001) == "too-long"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Samira@Example.ORG ", "Samira@example.org"),
        ("prenom.nom+cabinet@sous.domaine.example.org", None),
        ("o'brien@example.org", None),
        ("contact@exämple.org", "contact@xn--exmple-cua.org"),
    ],
)
def test_an_address_is_taken_by_its_form(text, address):
    assert typed.check_email(text) == (address or text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "samira",
        "samira@",
        "@example.org",
        "a@b",
        "a b@example.org",
        "a@example.org, b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "Samira <a@example.org>",
        "a@localhost",
        f"{'x' * 65}@example.org",
    ],
)
def test_what_is_no_address_is_refused(text):
    assert refuse(typed.check_email, text) == "email"


@pytest.mark.parametrize(
    ("text", "country", "kept"),
    [
        ("+212 5 37 00 00 00", "MA", "+212 5 37 00 00 00"),
        ("0199001234", "FR", "0199001234"),
        ("01.99.00.12.34", "FR", "01.99.00.12.34"),
        ("+33 (0)1 99 00 12 34", "MA", "+33 (0)1 99 00 12 34"),
        ("00212537000000", "FR", "00212537000000"),
        ("05 37 00 00 00", "MA", "05 37 00 00 00"),
        ("01 99 00 12 34 poste 12", "FR", "01 99 00 12 34 poste 12"),
        ("٠٥٣٧٠٠٠٠٠٠", "MA", "0537000000"),
        ("+44 20 7946 0000", "GB", "+44 20 7946 0000"),
        ("0199001234", "SN", "0199001234"),
        ("", "FR", ""),
        ("  ", "FR", ""),
    ],
)
def test_a_telephone_number_is_kept_as_it_was_typed(text, country, kept):
    assert typed.check_phone(text, country) == kept


@pytest.mark.parametrize("text", ["12", "appelez-moi", "=1+1", "+999 12", "1" * 40])
def test_what_nobody_could_dial_is_refused(text):
    assert refuse(typed.check_phone, text, "FR") == "phone"


@pytest.mark.parametrize(
    "url", ["https://salle.example.org/x?y=1#z", "http://127.0.0.1:8000", " https://a.example "]
)
def test_a_web_address_is_taken(url):
    assert typed.check_url(url) == url.strip()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "ftp://a.example",
        "https://",
        "https://a b",
        "https://[::1",
        "//a",
    ],
)
def test_what_is_no_web_address_is_refused(url):
    assert refuse(typed.check_url, url) == "url"
