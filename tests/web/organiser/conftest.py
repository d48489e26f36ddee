"""Organisers of two institutions, an event of each, and a browser in which one has signed in."""

import shutil
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from tests.factories import NOW, make_event, make_institution, make_registration, show_code
from tests.web.conftest import Browser
from webinars import events, mailings, organisers, second_factors
from webinars.database import Database
from webinars.models import AccountLink, RegistrationStatus

EMAIL = "nadia@example.org"
PASSWORD = "une phrase de passe"
SLUG = "webinaire-covid-19"
FOREIGN = "ceremonie-du-memorandum"


@dataclass
class World:
    """What the tests about organisers find in the database, by id."""

    samira: int
    stranger: int
    """Registered for the event of others."""


@pytest.fixture(scope="session")
def filled(sqlite_template, tmp_path_factory):
    """Fill a database once a run, to be copied: the file, and what is in it."""
    path = tmp_path_factory.mktemp("organiser") / "webinars.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    made = fill(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path, made


@pytest.fixture
def sqlite_url(filled, tmp_path):
    """Return the address of a database with DAECT's event and Samira, and CUF's with a stranger."""
    path = tmp_path / "webinars.db"
    shutil.copy(filled[0], path)
    return f"sqlite:///{path}"


@pytest.fixture
def world(filled):
    """Return what is in the database."""
    return filled[1]


def fill(database):
    """Make two institutions, an event of each, and DAECT's organiser."""
    with database.transaction() as tx:
        daect, cuf = make_institution(tx, "DAECT"), make_institution(tx, "CUF")
        own = make_event(tx, SLUG, institutions=[daect])
        foreign = make_event(tx, FOREIGN, title="Cérémonie du Mémorandum", institutions=[cuf])
        for event in (own, foreign):
            tx.refresh(event, ["sessions", "questions"])
            mailings.plan(tx, event, now=NOW)
        samira = make_registration(tx, own)
        stranger = make_registration(tx, foreign, last_name="Autre", email="autre@example.org")
        organisers.add(tx, EMAIL, PASSWORD, institution="DAECT", now=NOW)
        return World(samira.id, stranger.id)


@pytest.fixture
def desk(app, world):
    """Return a browser in which DAECT's organiser has signed in."""
    browser = Browser(app)
    sign_in(browser)
    return browser


@pytest.fixture
def service(runtime, world):
    """Add someone who runs the whole service, and return the address."""
    with runtime.transaction() as tx:
        return organisers.add(
            tx, "exploitation@example.org", PASSWORD, institution=None, now=NOW
        ).email


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""What the telephone of whoever has one was given."""


def add_second_factor(runtime, email=EMAIL, *, at=None):
    """Let an organiser be asked for a code, and return the codes on paper.

    The telephone shows `show_code(SECRET, now)`; that of `at` has been used.
    """
    at = at or runtime.now()
    with runtime.transaction() as tx:
        return second_factors.turn_on(
            tx,
            organisers.find(tx, email),
            SECRET,
            show_code(SECRET, at),
            seals=runtime.seals,
            now=at,
        )


def find_link(runtime, purpose):
    """Return the path of the last link to an account that a mail bears."""
    with runtime.reading() as tx:
        last = select(AccountLink).where(AccountLink.purpose == purpose)
        link = tx.scalars(last.order_by(AccountLink.id.desc())).first()
    return None if link is None else urlsplit(runtime.links.account_url(link.public_id)).path


def sign_in(browser, email=EMAIL, password=PASSWORD, path="/organiser/sign-in"):
    """Fill in the sign-in form and return what answers it."""
    return browser.submit(browser.get(path), email=email, password=password)


def add_people(runtime, count, *, slug=SLUG, status=RegistrationStatus.CONFIRMED):
    """Register so many people, numbered in their names."""
    with runtime.transaction() as tx:
        event = events.get(tx, slug)
        return [
            make_registration(
                tx,
                event,
                last_name=f"Personne {number:03}",
                email=f"p{number}@example.org",
                status=status,
            ).id
            for number in range(count)
        ]
