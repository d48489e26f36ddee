"""Mails that nobody must have: looking changes nothing, a button or a mail program's POST does."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.domain.sending import add, get
from tests.factories import NOW, make_event, make_registration
from tests.web.conftest import Browser, gate_path, own_path
from tests.web.public.people import list_mails, take_snapshot
from webinars import corrections, participants, registrations, suppressions
from webinars.links import Scope
from webinars.models import (
    DeliveryState,
    Language,
    MailName,
    RegistrationStatus,
    Suppression,
)
from webinars.web import create_app

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
SAMIRA = "samira@example.org"
RECEIVES = "Vous recevez les rappels de cet événement"
STOPPED = "Vous ne recevez plus les rappels de cet événement"
STOPPED_ALL = "Vous ne recevez plus les rappels d’aucun événement"


def unsubscribe_path(runtime, registration, *, scope=Scope.UNSUBSCRIBE, generation=None):
    """Return the path under which a person says what she no longer wants."""
    number = registration.link_generation if generation is None else generation
    return f"/u/{runtime.links.make_token(scope, registration.public_id, number)}"


def list_asked(runtime):
    """List what was asked: address and scope, of what holds now."""
    with runtime.reading() as tx:
        rows = select(Suppression.email_key, Suppression.scope)
        asked = rows.where(Suppression.expires_at.is_(None)).order_by(Suppression.id)
        return [tuple(row) for row in tx.execute(asked)]


@pytest.fixture
def samira(runtime):
    """Register Samira for an event, with a reminder and a link that wait to be sent."""
    with runtime.transaction() as tx:
        event = make_event(tx)
        person = make_registration(tx, event)
        for template in (MailName.REMINDER, MailName.CONNECTION_LINK):
            add(tx, event, template, template=template, email=SAMIRA, registration_id=person.id)
    return person


@pytest.fixture
def link(runtime, samira):
    """Return the path that Samira's mails lead to."""
    return unsubscribe_path(runtime, samira)


def get_states(runtime):
    """Return what has become of the two mails."""
    with runtime.reading() as tx:
        found = [get(tx, one) for one in (MailName.REMINDER, MailName.CONNECTION_LINK)]
        return [(one.state, one.reply) for one in found]


WAITING = (DeliveryState.PENDING, None)
SUPPRESSED = (DeliveryState.SUPPRESSED, "unsubscribed")


def test_looking_says_how_it_stands_and_changes_nothing_however_often(pages, runtime, link):
    before = take_snapshot(runtime)

    for _ in range(3):
        page = pages.get(link)
        assert pages.head(link).status_code == 200
        assert pages.head(link).get_data() == b""

    assert take_snapshot(runtime) == before
    assert page.status == 200
    assert RECEIVES in page.words
    assert "votre lien de connexion" in page.words, "what comes in any case is said"
    assert "Les collectivités territoriales" in page.words


def test_the_page_names_nobody_and_gives_no_address_away(pages, link):
    page = pages.get(link)

    assert "s•••@example.org" in page.words
    for word in ("samira", "Samira", "Bennani", "BENNANI", "/r/", "/j/"):
        assert word not in page.text


@pytest.mark.parametrize("email", ["a@example.org", "ابو@example.org", '"a b"@example.org'])
def test_an_address_is_never_shown_in_full(pages, runtime, samira, link, email):
    with runtime.transaction() as tx:
        registration = participants.get(tx, samira.id)
        registration.email, registration.email_key = email, email.lower()

    page = pages.get(link)

    assert "•••@example.org" in page.words and email not in page.text


BODIES = {
    "form-encoded": {"data": ONE_CLICK, "content_type": "application/x-www-form-urlencoded"},
    "multipart": {"data": ONE_CLICK, "content_type": "multipart/form-data"},
    "empty": {"data": ""},
    "of a kind that nobody asked for": {"data": "{}", "content_type": "application/json"},
}


@pytest.mark.parametrize("body", BODIES)
def test_one_click_of_a_mail_program_stops_the_events_reminders_at_once(app, runtime, link, body):
    answer = app.test_client(use_cookies=False).post(link, **BODIES[body])

    assert answer.status_code == 200 and "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert list_asked(runtime) == [(SAMIRA, "event:1")]
    assert get_states(runtime) == [SUPPRESSED, WAITING]


def test_one_click_again_changes_nothing(pages, runtime, clock, link):
    pages.post(link, ONE_CLICK)
    before = take_snapshot(runtime)
    clock.now = NOW + timedelta(days=40)

    page = pages.post(link, ONE_CLICK)

    assert page.status == 200 and STOPPED in page.words
    assert take_snapshot(runtime) == before


def test_one_click_takes_nothing_back_of_a_wider_wish(pages, runtime, link):
    pages.submit(pages.get(link), wanted="none")

    assert STOPPED_ALL in pages.post(link, ONE_CLICK).words
    pages.submit(pages.get(link), wanted="every")
    assert list_asked(runtime) == []


WISHES = {
    "others": ("event:1", STOPPED, {"every", "none"}),
    "none": ("all", STOPPED_ALL, {"every"}),
}


@pytest.mark.parametrize("wish", WISHES)
def test_the_pages_buttons_do_what_they_say_and_lead_back(pages, runtime, link, wish):
    scope, said, offered = WISHES[wish]

    page = pages.submit(pages.get(link), wanted=wish)

    assert page.status == 303
    shown = pages.follow(page)
    assert said in shown.words and "C’est enregistré." in shown.words
    assert {one.get("value") for one in shown.find_all("button")} == offered
    assert list_asked(runtime) == [(SAMIRA, scope)]
    assert get_states(runtime) == [SUPPRESSED, WAITING]


@pytest.mark.parametrize("wish", WISHES)
def test_it_can_be_taken_back_and_what_was_stopped_stays_stopped(pages, runtime, link, wish):
    pages.submit(pages.get(link), wanted=wish)

    shown = pages.follow(pages.submit(pages.get(link), wanted="every"))

    assert RECEIVES in shown.words
    assert list_asked(runtime) == []
    assert get_states(runtime) == [SUPPRESSED, WAITING]


def test_nothing_is_mailed_because_of_it(pages, runtime, link):
    before = list_mails(runtime)
    for wish in ("others", "none", "every"):
        pages.post(link, {"wanted": wish})

    assert list_mails(runtime) == before


@pytest.mark.parametrize("wanted", ["", "all", "OTHERS", "none "])
def test_a_wish_that_the_page_does_not_offer_is_refused(pages, runtime, link, wanted):
    page = pages.post(link, {"wanted": wanted})

    assert page.status == 422
    assert list_asked(runtime) == []


def test_the_page_needs_neither_cookie_nor_proof(runtime, link):
    for _ in range(2):
        assert Browser(create_app(runtime)).post(link, {"wanted": "others"}).status == 303
    assert list_asked(runtime) == [(SAMIRA, "event:1")]


LANGUAGES = {
    "her own": (Language.ARABIC, "", "fr", "ar"),
    "another that she asks for": (Language.ARABIC, "?lang=en", "fr", "en"),
    "French as she registered": (Language.FRENCH, "", "ar", "fr"),
}


@pytest.mark.parametrize("case", LANGUAGES)
def test_the_page_is_in_the_persons_language_or_in_the_one_she_asks_for(
    pages, runtime, samira, link, case
):
    own, query, accepted, expected = LANGUAGES[case]
    with runtime.transaction() as tx:
        participants.get(tx, samira.id).language = own

    page = pages.get(link + query, headers={"Accept-Language": accepted})
    back = pages.follow(pages.submit(page, wanted="others"))

    assert page.tree.get("lang") == back.tree.get("lang") == expected


@pytest.mark.parametrize("status", RegistrationStatus)
def test_the_link_is_good_for_as_long_as_the_registration_is_there(
    pages, runtime, clock, samira, link, status
):
    clock.now = NOW + timedelta(days=100)
    with runtime.transaction() as tx:
        person = participants.get(tx, samira.id)
        person.status = status
        person.event.cancelled_at = NOW

    assert pages.post(link, ONE_CLICK).status == 200
    assert STOPPED in pages.get(link).words


def test_giving_up_the_place_leaves_the_link_alive(pages, runtime, samira, link):
    with runtime.transaction() as tx:
        registrations.cancel(tx, participants.get(tx, samira.id), now=NOW, by_form=True)

    assert pages.get(link).status == 200


@pytest.mark.parametrize("token", ["x", "A" * 32, "%00", "é"])
def test_an_unknown_link_says_what_can_be_done(pages, runtime, samira, token):
    for page in (pages.get(f"/u/{token}"), pages.post(f"/u/{token}", ONE_CLICK)):
        assert page.status == 404
        assert "Ce lien n’est pas reconnu" in page.heading
    assert list_asked(runtime) == []


@pytest.mark.parametrize("scope", [Scope.PAGE, Scope.ASSISTANT, Scope.GATE])
def test_a_link_is_good_for_one_thing_only(pages, runtime, samira, scope):
    assert pages.post(unsubscribe_path(runtime, samira, scope=scope), ONE_CLICK).status == 404

    token = unsubscribe_path(runtime, samira).removeprefix("/u/")
    assert pages.get(f"/r/{token}").status == pages.get(f"/j/{token}").status == 404
    assert pages.get(own_path(runtime, samira)).status == 200
    assert pages.get(gate_path(runtime, samira)).status == 200


def test_a_link_that_was_sent_to_a_wrong_address_is_worthless_once_it_is_corrected(
    pages, runtime, samira, link
):
    with runtime.transaction() as tx:
        person = participants.get(tx, samira.id)
        corrections.correct_address(tx, person, "s.bennani@example.org", now=NOW)

    assert pages.post(link, ONE_CLICK).status == 404
    assert list_asked(runtime) == []
    assert pages.post(unsubscribe_path(runtime, person), ONE_CLICK).status == 200
    assert list_asked(runtime) == [("s.bennani@example.org", "event:1")]


def test_an_erased_registration_has_no_link(pages, runtime, samira, link):
    pages.post(link, ONE_CLICK)
    with runtime.transaction() as tx:
        registrations.erase(tx, participants.get(tx, samira.id), now=NOW)

    assert pages.get(link).status == pages.post(link, ONE_CLICK).status == 404
    assert list_asked(runtime) == [(suppressions.seal(SAMIRA), "event:1")]
