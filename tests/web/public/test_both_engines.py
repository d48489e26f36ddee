"""The same pages on both engines: the road of a person, and text that one engine would choke on."""

import pytest

from tests.factories import NOW, make_event
from tests.web.conftest import Browser, StandingClock, make_settings
from tests.web.public.people import SAMIRA, list_mails, list_registrations, register
from webinars.models import RegistrationStatus
from webinars.runtime import open_runtime
from webinars.web import create_app


@pytest.fixture
def any_runtime(any_database_url, tmp_path):
    """Open the runtime of a service on each engine in turn."""
    opened = open_runtime(make_settings(any_database_url, tmp_path), StandingClock(NOW))
    yield opened
    opened.close()


@pytest.fixture
def any_pages(any_runtime):
    """Return a browser before a service with an event, on each engine in turn."""
    with any_runtime.transaction() as tx:
        make_event(tx, capacity=1)
    return Browser(create_app(any_runtime))


def test_a_person_registers_changes_and_gives_up(any_pages, any_runtime):
    own = any_pages.follow(register(any_pages))
    changed = any_pages.submit(any_pages.get(f"{own.path}/change"), job_title="Présidente")
    cancelled = any_pages.submit(any_pages.get(f"{own.path}/cancel"))

    assert changed.status == cancelled.status == 303
    [registration] = list_registrations(any_runtime)
    assert registration.job_title == "Présidente"
    assert registration.status is RegistrationStatus.CANCELLED
    assert [name for name, _email in list_mails(any_runtime)][-1] == "registration-cancelled"


def test_characters_that_no_database_keeps_are_no_fault(any_pages, any_runtime):
    hostile = {name: f"{value}\x00\ud7ff\u202e" for name, value in SAMIRA.items()}
    texts = {name: hostile[name] for name in ("last_name", "first_name", "organization")}

    assert register(any_pages, person=SAMIRA | texts).status == 303
    assert register(any_pages, person=hostile).status == 422
    for path in ("/r/%00", "/j/%00", "/events/%00", "/?lang=%00", "/outbox/%00"):
        assert any_pages.get(path).status in {200, 404}
    [registration] = list_registrations(any_runtime)
    assert registration.last_name.startswith("Bennani")
    assert not set("\x00\u202e") & set(registration.last_name)
