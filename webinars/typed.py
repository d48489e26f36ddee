"""What people type: cleaned and checked by the same rules in a form, an import and an event file.

Pure. What is wrong is raised as a word; the sentence is for whoever shows it.
"""

import re
import unicodedata
from urllib.parse import urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from webinars.errors import ValueRefused

NAME_LIMIT = 120
LINE_LIMIT = 300
EMAIL_LIMIT = 254
URL_LIMIT = 2000
TEXT_LIMIT = 5000

BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows: names are shown beside others' words."""
INVISIBLE = frozenset("\u200b\u2028\u2029\ufeff\u00ad")
NO_TEXT = {"Cc", "Cs", "Cn"}
"""Categories of what is no part of any writing: controls, halves of characters, no characters."""
NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
PHONE_SHAPE = re.compile(r"\+?[\d\s().\-/]{4,40}")


def clean_line(text: str, limit: int = LINE_LIMIT) -> str:
    """Return a text on one line, without what is no part of any writing.

    :raises ValueRefused: it is longer than the limit.
    """
    return _limit(" ".join(_clean(text).split()), limit)


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return a text of several lines, without what is no part of any writing.

    :raises ValueRefused: it is longer than the limit.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return _limit("\n".join(_clean(line).rstrip() for line in lines).strip(), limit)


def check_email(text: str) -> str:
    """Return an address by its form alone; whether it exists is never asked.

    A domain in other letters is returned in the ASCII form that every mail relay takes.

    :raises ValueRefused: it is no address.
    """
    try:
        found = validate_email(
            clean_line(text, EMAIL_LIMIT),
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,  # relays refuse what is longer than RFC 5321 allows
        )
    except EmailNotValidError as error:
        raise ValueRefused("email") from error
    return found.ascii_email or found.normalized


def check_phone(text: str, country: str) -> str:
    """Return a telephone number as it was typed, once it can be one; nothing stays nothing.

    A number without `+` is read as one of the country, an ISO 3166-1 alpha-2 code. Its digits are
    not rewritten: who lives in one country often gives a number of the other.

    :raises ValueRefused: no number could be that.
    """
    typed = clean_line(unicodedata.normalize("NFKC", text), 60)
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in typed)
    number = re.split("[^\\W\\d_]", digits)[0].strip(" ,;:")  # what follows is "poste 12"
    if not digits:
        return ""
    if not PHONE_SHAPE.fullmatch(number) or not _could_be_dialled(number, country):
        raise ValueRefused("phone")
    return digits


def check_number(text: str) -> str:
    """Return a number with a point before its decimals, however they were written.

    :raises ValueRefused: it is none.
    """
    number = clean_line(text, 40).replace(" ", "").replace("\u202f", "").replace(",", ".")
    if not NUMBER.fullmatch(number):
        raise ValueRefused("number")
    return number


def check_url(text: str) -> str:
    """Return the address of a page or a room without surrounding spaces.

    :raises ValueRefused: it is no `http://` or `https://` address.
    """
    url = text.strip()
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises on a port that is no number
    except ValueError as error:
        raise ValueRefused("url") from error
    is_web = parts.scheme in {"http", "https"} and parts.hostname
    if not is_web or len(url) > URL_LIMIT or not url.isprintable() or " " in url:
        raise ValueRefused("url")
    return url


def _could_be_dialled(number: str, country: str) -> bool:
    international = re.sub(r"^00", "+", number)
    for region in (country, "FR", "MA"):
        try:
            if phonenumbers.is_possible_number(phonenumbers.parse(international, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _limit(text: str, limit: int) -> str:
    if len(text) > limit:
        raise ValueRefused("too-long", limit=limit, length=len(text))
    return text


class _Letters(dict[int, str | None]):
    """What becomes of each character, as `str.translate` asks: each is decided once."""

    def __missing__(self, code: int) -> str | None:
        letter = chr(code)
        if letter in BIDI_CONTROLS or letter in INVISIBLE:
            self[code] = None
        else:
            self[code] = " " if unicodedata.category(letter) in NO_TEXT else letter
        return self[code]


_LETTERS = _Letters()


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text.translate(_LETTERS))
