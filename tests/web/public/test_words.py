"""The words of the pages: set as French sets them, and left out of no page's language."""

import re

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from config import TEMPLATES
from tests.factories import make_event, make_registration
from tests.web.conftest import CATALOGUES, own_path

PLAIN_SPACE = re.compile("[^ ] [:;?!»]|« ")


def read_catalogue(language):
    """Return the words of a language by their French."""
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return [message for message in read_po(file, locale=language) if message.id]


def extract_words(path):
    """Return the words that a template or a module hands over to be translated."""
    method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
    keywords = {"_": None, "N_": None, "ngettext": (1, 2)}
    options = {"trimmed": "false"} if path.suffix == ".html" else {}
    with path.open("rb") as file:
        for _line, said, _comments, _context in extract(method, file, keywords, options=options):
            yield from [said] if isinstance(said, str) else said


def list_sources():
    """List the templates and modules of the public road."""
    pages, web = TEMPLATES / "pages", CATALOGUES.parent / "web"
    templates = [*pages.glob("*.html"), *(pages / "public").rglob("*.html")]
    return [*templates, *web.glob("*.py"), *(web / "public").glob("*.py")]


@pytest.mark.parametrize("source", list_sources(), ids=lambda path: path.name)
def test_french_signs_are_set_off_by_a_space_that_does_not_break(source):
    assert [said for said in extract_words(source) if PLAIN_SPACE.search(said)] == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "بقي مقعد واحد."),
        (2, "بقي مقعدان."),
        (3, "بقيت 3 مقاعد."),
        (11, "بقي 11 مقعدا."),
        (99, "بقي 99 مقعدا."),
        (100, "بقي 100 مقعد."),
    ],
)
def test_places_are_counted_as_arabic_counts(pages, runtime, number, said):
    with runtime.transaction() as tx:
        make_registration(tx, make_event(tx, capacity=number + 1))

    assert said in pages.get("/events/webinaire-covid-19?lang=ar").words


@pytest.mark.parametrize("language", ["ar", "en"])
def test_no_french_is_left_on_the_public_road(pages, runtime, language):
    with runtime.transaction() as tx:
        event = make_event(tx, capacity=1)
        registration = make_registration(tx, event)
    french = {
        message.id.replace("\u00a0", " ")
        for message in read_catalogue(language)
        if isinstance(message.id, str) and len(message.id) > 12 and message.id != message.string
    }
    own = own_path(runtime, registration)
    paths = ["/", *(f"/events/{event.slug}{one}" for one in ("", "/register", "/link"))]

    for path in (*paths, own, f"{own}/change", f"{own}/cancel", f"{own}/erase", "/nulle-part"):
        words = pages.get(f"{path}?lang={language}").words
        assert [one for one in french if one in words] == []
