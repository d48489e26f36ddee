"""The address to subscribe to: asked again and again, personal, and never behind."""

import pytest

from tests.factories import make_event, make_institution, make_registration, make_session
from tests.itip.store import Subscription
from tests.web.conftest import own_path
from tests.web.public.people import take_snapshot
from webinars.links import Scope
from webinars.models import Event, Language, Registration, RegistrationStatus


@pytest.fixture
def samira(runtime):
    """Return a registration for a webinar of two sessions."""
    with runtime.transaction() as tx:
        event = make_event(tx, institutions=[make_institution(tx)])
        make_session(tx, event, "ouverture", title="Ouverture")
        make_session(tx, event, "debat", title="Débat", position=1)
        return make_registration(tx, event)


@pytest.fixture
def subscription():
    return Subscription()


def feed_path(runtime, registration, scope=Scope.PAGE):
    return f"{own_path(runtime, registration, scope)}/feed.ics"


def fetch(pages, path, subscription, **headers):
    """Ask as a calendar does, and return the answer."""
    answer = pages.get(path, headers=headers)
    if answer.status == 200:
        subscription.fetch(answer.response.data)
    return answer


def test_a_calendar_that_subscribed_shows_the_sessions(pages, runtime, samira, subscription):
    for scope in (Scope.PAGE, Scope.ASSISTANT):
        answer = fetch(pages, feed_path(runtime, samira, scope), subscription)

        assert answer.headers["Content-Type"].startswith("text/calendar; charset=utf-8")
        assert [one.summary for one in subscription.shown] == ["Débat", "Ouverture"]
        assert "/r/" not in answer.text and "salle.example.org" not in answer.text


def test_who_asks_again_is_told_that_nothing_changed(pages, runtime, samira, clock, subscription):
    path = feed_path(runtime, samira)
    first = fetch(pages, path, subscription)
    clock.now = clock.now.replace(hour=23)

    again = fetch(pages, path, subscription, **{"If-None-Match": first.headers["ETag"]})

    assert again.status == 304 and not again.response.data
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert pages.head(path).status_code == 200


def test_a_change_is_there_at_once(pages, runtime, samira, subscription):
    path = feed_path(runtime, samira)
    first = fetch(pages, path, subscription)
    with runtime.transaction() as tx:
        event = tx.get(Event, samira.event_id)
        event.cancelled_at = event.created_at

    answer = fetch(pages, path, subscription, **{"If-None-Match": first.headers["ETag"]})

    assert answer.status == 200
    assert subscription.held and subscription.shown == []


def test_who_gave_up_her_place_sees_nothing_any_more(pages, runtime, samira, subscription):
    with runtime.transaction() as tx:
        registration = tx.get(Registration, samira.id)
        registration.status = RegistrationStatus.CANCELLED

    fetch(pages, feed_path(runtime, samira), subscription)

    assert subscription.held and subscription.shown == []


def test_asking_changes_nothing(pages, runtime, samira, subscription):
    before = take_snapshot(runtime)

    fetch(pages, feed_path(runtime, samira), subscription)

    assert take_snapshot(runtime) == before


def test_the_feed_speaks_the_language_of_the_registration(pages, runtime, samira, subscription):
    with runtime.transaction() as tx:
        tx.get(Registration, samira.id).language = Language.ENGLISH
    path = feed_path(runtime, samira)

    assert "Event page" in fetch(pages, path, subscription).text
    assert "Page de l’événement" in pages.get(f"{path}?lang=fr").text.replace("\r\n ", "")


@pytest.mark.parametrize("scope", [Scope.GATE, Scope.UNSUBSCRIBE])
def test_no_other_link_opens_the_feed(pages, runtime, samira, scope):
    assert pages.get(feed_path(runtime, samira, scope)).status == 404


def test_links_that_died_open_no_feed(pages, runtime, samira):
    path = feed_path(runtime, samira)
    with runtime.transaction() as tx:
        tx.get(Registration, samira.id).link_generation += 1

    assert pages.get(path).status == 404


def test_the_own_page_offers_it_and_says_that_it_is_personal(pages, runtime, samira):
    page = pages.get(own_path(runtime, samira))

    [link] = [one for one in page.find_links() if one.startswith("webcal:")]
    assert link.endswith(feed_path(runtime, samira))
    assert "elle est personnelle, ne la transmettez pas" in page.words
