"""The empty form is written once, and is each visitor's own for all that."""

import pytest

from tests.factories import make_event, make_institution, make_session
from tests.web.conftest import Browser
from tests.web.public.people import JEAN, SAMIRA, list_registrations
from webinars import events

SLUG = "webinaire-covid-19"
FORM = f"/events/{SLUG}/register"
DRAWN = ("csrf_token", "form_identity")


@pytest.fixture
def event(runtime):
    """Return an event that is open, with one session of two places."""
    with runtime.transaction() as tx:
        event = make_event(tx, institutions=[make_institution(tx)])
        make_session(tx, event, "atelier", capacity=2)
        return event


def take_out_drawn(page):
    """Return a page without its draws, and these."""
    drawn = [page.find_field(name).get("value") for name in DRAWN]
    text = page.text
    for one in drawn:
        text = text.replace(one, "")
    return text, drawn


@pytest.mark.usefixtures("event")
def test_two_visitors_get_the_same_form_with_draws_of_their_own(app):
    pages = [Browser(app).get(FORM) for _ in range(3)]

    texts, drawn = zip(*map(take_out_drawn, pages), strict=True)
    assert len(set(texts)) == 1
    assert len({one for draws in drawn for one in draws}) == 6
    assert "\0" not in pages[2].text


@pytest.mark.usefixtures("event")
def test_a_form_that_was_kept_registers_each_visitor(app, runtime):
    for person in (SAMIRA, JEAN):
        visitor = Browser(app)
        assert visitor.submit(visitor.get(FORM), person).status == 303

    assert len({one.form_identity for one in list_registrations(runtime)}) == 2


@pytest.mark.usefixtures("event")
def test_the_form_of_one_visitor_is_not_taken_from_another(app, runtime):
    mine, another = Browser(app), Browser(app)
    another.get(FORM)

    assert another.submit(mine.get(FORM), SAMIRA).status != 303
    assert list_registrations(runtime) == []


def test_a_changed_event_has_another_form(app, runtime, event):
    Browser(app).get(FORM)
    with runtime.transaction() as tx:
        events.get(tx, SLUG).approval = True
        events.get(tx, SLUG).closes_at = event.created_at

    assert "clos" in Browser(app).get(FORM).words


@pytest.mark.usefixtures("event")
def test_the_places_left_are_those_of_now(app):
    visitor = Browser(app)
    assert "2 places" in visitor.get(FORM).words
    visitor.submit(visitor.get(FORM), SAMIRA, sessions="atelier")

    assert "1 place" in visitor.get(FORM).words


@pytest.mark.usefixtures("event")
def test_each_language_has_a_form_of_its_own(app):
    visitor = Browser(app)
    visitor.get(FORM)

    assert visitor.get(f"{FORM}?lang=ar").tree.get("lang") == "ar"
    assert visitor.get(FORM).tree.get("lang") == "ar"
    assert Browser(app).get(FORM).tree.get("lang") == "fr"
