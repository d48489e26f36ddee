"""Pages as a browser gets them: every one that a test fetches passes the invariants.

`pages` fetches, reads the form out of the HTML, fills it in and sends it, as a person would.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import html5lib
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import FileSystemBytecodeCache

import webinars
from config import Settings
from tests.factories import NOW
from webinars.links import Scope
from webinars.runtime import open_runtime
from webinars.web import create_app

CATALOGUES = Path(webinars.__file__).parent / "translations"
SECRET = "a secret of the tests, long enough to sign with"
NAMED_BY_ITSELF = {"hidden", "submit", "button"}
TOKEN_PATHS = ("/r/", "/j/", "/u/", "/i/")


@pytest.fixture(scope="session", autouse=True)
def compiled_catalogues():
    """Compile the catalogues that are newer than what was compiled of them."""
    for source in CATALOGUES.glob("*/LC_MESSAGES/messages.po"):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            with source.open("rb") as po, target.open("wb") as mo:
                write_mo(mo, read_po(po))


@dataclass
class StandingClock:
    """A clock that shows what it was set to."""

    now: datetime = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """Return a clock that stands at NOW until a test sets it."""
    return StandingClock()


@pytest.fixture
def settings(sqlite_url, tmp_path):
    """Return the settings of a service on its defaults, in a folder of its own."""
    return make_settings(sqlite_url, tmp_path)


@pytest.fixture
def runtime(settings, clock):
    """Open the runtime of a service with a clock that stands still."""
    opened = open_runtime(settings, clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory):
    """Keep what templates were compiled to, so that each is compiled once a run."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(runtime, compiled_templates):
    """Return the application."""
    created = create_app(runtime)
    created.jinja_env.bytecode_cache = compiled_templates
    return created


@pytest.fixture
def pages(app):
    """Return a browser without JavaScript that checks every page it is shown."""
    return Browser(app)


def make_settings(database_url, folder, **others):
    """Return settings that the environment has no part in."""
    values = {
        "database_url": database_url,
        "broker_url": "memory://",
        "mail_url": f"file:{folder}/outbox",
        "base_url": "http://127.0.0.1:8000",
        "secret_key": SECRET,
        "data_dir": folder / "data",
        "trusted_proxies": 0,
    }
    return Settings(**(values | others))


def own_path(runtime, registration, scope=Scope.PAGE):
    """Return the path of a registration's own page."""
    token = runtime.links.make_token(scope, registration.public_id, registration.link_generation)
    return f"/r/{token}"


def gate_path(runtime, registration):
    """Return the path of a registration's gate."""
    generation = registration.link_generation
    return f"/j/{runtime.links.make_token(Scope.GATE, registration.public_id, generation)}"


class Browser:
    """Fetches pages, checks them, and sends their forms."""

    def __init__(self, app):
        self.client = app.test_client()

    def get(self, path, **options):
        """Fetch a page."""
        return self._check(path, self.client.get(path, buffered=True, **options))

    def head(self, path, **options):
        """Ask what a page would be."""
        return self.client.head(path, **options)

    def post(self, path, data=None, **options):
        """Send fields to a path, without any form."""
        return self._check(path, self.client.post(path, data=data or {}, **options))

    def submit(self, page, values=None, *, action=None, **named):
        """Fill in a form of a page and send it; a field that it lacks is a mistake of the test."""
        form = page.find_form(action)
        fields = form.fill_in((values or {}) | named)
        return self.post(form.action or page.path, fields)

    def follow(self, page):
        """Go where a page leads."""
        assert page.status in {302, 303}, page.status
        return self.get(page.location)

    def _check(self, path, response):
        page = Page(path, response)
        page.check()
        return page


@dataclass
class Form:
    """A form as its page has it."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def fill_in(self, values):
        """Return what a browser sends when these fields are filled in."""
        sent = dict(self.fields)
        for name, value in values.items():
            assert name in self.names, f"the form has no field {name}"
            sent[name] = value if isinstance(value, list) else [value]
        return {name: [one for one in said if one is not None] for name, said in sent.items()}


class Page:
    """An answer, read as HTML where it is a page."""

    def __init__(self, path, response):
        self.path = path
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.location = response.headers.get("Location")
        self.text = response.get_data(as_text=True)

    @cached_property
    def tree(self):
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        return parser.parse(self.text)

    @property
    def words(self):
        """The text of the page as it is read, spaces made plain."""
        body = self.tree.find("body")
        return " ".join(" ".join(body.itertext()).replace("\u00a0", " ").split())

    @property
    def title(self):
        return "".join(self.tree.find("head/title").itertext())

    @property
    def heading(self):
        return " ".join("".join(self.tree.find(".//h1").itertext()).split())

    def find_all(self, tag, **attributes):
        """Return the elements of that name and with these attributes."""
        return [
            element
            for element in self.tree.iter(tag)
            if all(element.get(name.strip("_")) == value for name, value in attributes.items())
        ]

    def find_field(self, name):
        """Return the first field of that name."""
        return next(one for one in iter_fields(self.tree) if one.get("name") == name)

    def find_links(self):
        """Return where the links of the page lead."""
        return [link.get("href") for link in self.find_all("a")]

    def find_error(self, name):
        """Return what the page says is wrong with a field, read as a screen reader would."""
        described = self.find_field(name).get("aria-describedby", "")
        ids = [one for one in described.split() if one.endswith("-error")]
        said = " ".join("".join(self.by_id(one).itertext()) for one in ids)
        return said.replace("\u00a0", " ")

    def by_id(self, wanted):
        """Return the element of that id."""
        return next(element for element in self.tree.iter() if element.get("id") == wanted)

    def find_form(self, action=None):
        """Return the form that leads to an action; without one, the only form of the page."""
        forms = [make_form(one) for one in self.find_all("form")]
        found = [
            one for one in forms if action is None or one.action.split("?")[0].endswith(action)
        ]
        assert len(found) == 1, [one.action for one in forms]
        return found[0]

    def check(self):
        """Check what holds for every answer, and for every page."""
        self._check_headers()
        is_html = self.headers.get("Content-Type", "").startswith("text/html")
        is_letter = self.path.endswith("/html")  # a mail of the outbox, shown as it was written
        is_letter |= "X-Part" in self.headers  # a part of a page, for a script of ours
        if is_html and self.text and self.status not in {301, 302, 303} and not is_letter:
            self._check_page()

    def _check_headers(self):
        assert self.status != 500, self.text[:300]
        policy = self.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe-inline'; script" not in policy
        # Only organisers' pages have scripts, and only the service's own.
        scripts = [one for one in policy.split("; ") if one.startswith("script-src")]
        allowed = ["script-src 'self'"] if self.path.startswith("/organiser") else []
        assert scripts in ([], allowed)
        assert self.headers["X-Content-Type-Options"] == "nosniff"
        if urlsplit(self.path).path.startswith(TOKEN_PATHS):
            assert "Set-Cookie" not in self.headers
            # A calendar that subscribed keeps what it shows, and asks each time.
            kept = "private, no-cache" if self._is_feed() else "no-store"
            assert self.headers["Cache-Control"] == kept
            assert self.headers["Referrer-Policy"] == "no-referrer"
            assert "noindex" in self.headers["X-Robots-Tag"]

    def _is_feed(self):
        return self.status != 404 and urlsplit(self.path).path.endswith("/feed.ics")

    def _check_page(self):
        root = self.tree
        assert root.get("lang") in {"fr", "ar", "en"}
        assert root.get("dir") == ("rtl" if root.get("lang") == "ar" else "ltr")
        assert len(self.find_all("h1")) == 1 and self.heading
        assert self.title.strip() and len(self.find_all("title")) == 1
        self._check_ids()
        self._check_fields()
        self._check_policy()

    def _check_ids(self):
        ids = [element.get("id") for element in self.tree.iter() if element.get("id")]
        assert len(ids) == len(set(ids)), sorted(one for one in ids if ids.count(one) > 1)
        for element in self.tree.iter():
            for name in ("for", "aria-labelledby", "aria-describedby"):
                missing = set((element.get(name) or "").split()) - set(ids)
                assert not missing, (element.tag, name, missing)
            target = element.get("href") or ""
            if target.startswith("#"):
                assert target[1:] in ids, target

    def _check_fields(self):
        labelled = {label.get("for") for label in self.find_all("label")}
        for one in iter_fields(self.tree):
            if one.get("type") in NAMED_BY_ITSELF:
                continue
            has_name = one.get("id") in labelled or one.get("aria-label")
            assert has_name or one.get("aria-labelledby"), one.attrib
            is_wrong = one.get("aria-invalid") == "true"
            assert not is_wrong or "-error" in one.get("aria-describedby", ""), one.attrib
        for button in self.find_all("button"):
            assert "".join(button.itertext()).strip()

    def _check_policy(self):
        """Nothing on the page needs what the policy forbids, or comes from elsewhere."""
        assert not self.find_all("style")
        for script in self.find_all("script"):  # files of our own, and only for organisers
            assert self.path.startswith("/organiser")
            assert script.get("src", "").startswith("/static/") and not script.text
        for element in self.tree.iter():
            inline = [name for name in element.attrib if name == "style" or name.startswith("on")]
            assert not inline, (element.tag, inline)
            assert not re.match("https?:|//", element.get("src") or "")
        for link in self.find_all("link"):
            assert link.get("href").startswith("/")


def iter_fields(tree):
    """Return every field of a tree."""
    return [one for tag in ("input", "select", "textarea") for one in tree.iter(tag)]


def make_form(element):
    """Read a form with what it would send as it stands."""
    form = Form(element.get("action") or "", (element.get("method") or "get").lower())
    for one in element.iter():
        name = one.get("name")
        if one.tag in {"input", "select", "textarea", "button"} and name:
            form.names.add(name)
            said = read_field(one)
            if said is not None and one.tag != "button":
                form.fields.setdefault(name, []).append(said)
    return form


def read_field(element):
    """Return what a field holds; `None` when a browser would not send it."""
    if element.tag == "textarea":
        return "".join(element.itertext()).removeprefix("\n")
    if element.tag == "select":
        options = list(element.iter("option"))
        chosen = [one for one in options if one.get("selected") is not None] or options[:1]
        return next((one.get("value") for one in chosen), None)
    if element.get("type") in {"checkbox", "radio"} and element.get("checked") is None:
        return None
    return element.get("value", "on" if element.get("type") in {"checkbox", "radio"} else "")
