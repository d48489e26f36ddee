"""Signing in: who gets in, for how long, and that nobody else sees a page."""

from datetime import timedelta

import pytest

from tests.web.conftest import Browser
from tests.web.organiser.conftest import EMAIL, PASSWORD, SLUG, sign_in
from webinars import organisers

HOME = "/organiser/"


def test_an_organiser_signs_in_and_finds_the_own_events(pages, world):
    answer = sign_in(pages)

    assert (answer.status, answer.location) == (303, HOME)
    home = pages.follow(answer)
    assert home.heading == "Mes événements"
    assert f"/organiser/events/{SLUG}/" in home.find_links()


def test_a_wrong_password_is_refused_at_its_field_and_is_never_shown_again(pages, world):
    page = sign_in(pages, password="une autre phrase de passe")

    assert page.status == 422
    assert "ne vont pas ensemble" in page.find_error("password")
    assert page.find_field("email").get("value") == EMAIL
    assert "une autre phrase" not in page.text
    assert pages.get(HOME).status == 303


def test_an_unknown_address_is_told_the_same(pages, world):
    known = sign_in(pages, password="une autre phrase de passe")
    unknown = sign_in(pages, email="nobody@example.org")
    assert known.find_error("password") == unknown.find_error("password")


def test_the_fields_must_be_filled_in(pages, world):
    page = sign_in(pages, email="", password="")
    assert page.status == 422
    assert page.title.startswith("Erreur")
    assert page.find_error("email") and page.find_error("password")


def test_too_many_failures_are_told_to_wait_with_the_right_password_too(pages, world, clock):
    for _ in range(5):
        assert sign_in(pages, password="une autre phrase de passe").status == 422

    page = sign_in(pages)
    assert page.status == 429
    assert "dans 15 secondes" in page.words or "dans 16 secondes" in page.words

    clock.now += timedelta(seconds=16)
    assert sign_in(pages).status == 303


def test_a_sign_in_without_the_proof_of_a_form_is_refused(pages, world):
    page = pages.post("/organiser/sign-in", {"email": EMAIL, "password": PASSWORD})
    assert page.status == 400
    assert pages.get(HOME).status == 303


@pytest.mark.parametrize(
    ("later", "is_in"),
    [
        pytest.param([timedelta(minutes=119)], True, id="a long pause"),
        pytest.param([timedelta(hours=2)], False, id="two hours without a page"),
        pytest.param([timedelta(minutes=90)] * 7, True, id="busy all day"),
        pytest.param([timedelta(minutes=90)] * 8, False, id="twelve hours after it began"),
    ],
)
def test_a_sign_in_ends_by_itself(desk, clock, later, is_in):
    for pause in later:
        clock.now += pause
        status = desk.get(HOME).status
    assert status == (200 if is_in else 303)


def test_signing_out_ends_it(desk):
    answer = desk.submit(desk.get(HOME), action="sign-out")
    assert (answer.status, answer.location) == (303, "/organiser/sign-in")
    assert desk.get(HOME).status == 303


def test_a_new_password_ends_it_everywhere(desk, runtime):
    with runtime.transaction() as tx:
        organisers.set_password(tx, EMAIL, "une phrase toute neuve")
    assert desk.get(HOME).status == 303


def test_signing_in_starts_with_an_empty_cookie(pages, world):
    before = pages.get("/organiser/sign-in").find_field("csrf_token").get("value")
    sign_in(pages)
    with pages.client.session_transaction() as session:
        assert set(session) >= {"_user_id", "generation", "began_at", "seen_at"}
        assert before not in str(dict(session))
        assert "csrf_token" not in session


def test_the_page_that_was_asked_for_first_opens_after_the_sign_in(pages, world):
    wanted = f"/organiser/events/{SLUG}/registrations?status=waiting"
    sent_away = pages.get(wanted)
    assert sent_away.status == 303
    answer = sign_in(pages, path=sent_away.location)
    assert answer.location == wanted


@pytest.mark.parametrize(
    "target",
    [
        "https://mechant.example.org/organiser/",
        "//mechant.example.org/organiser/",
        "/\\mechant.example.org",
        "/organiser/\\mechant.example.org",
        "/organiser//mechant.example.org",
        "javascript:alert(1)",
        "/",
        "/events/webinaire-covid-19",
        "/organiser/\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_nobody_is_led_elsewhere_after_the_sign_in(pages, world, target):
    page = pages.get("/organiser/sign-in", query_string={"next": target})
    assert pages.submit(page, email=EMAIL, password=PASSWORD).location == HOME


PUBLIC = {
    "organiser.sign_in.form",
    "organiser.sign_in.enter",
    "organiser.sign_in.code_form",
    "organiser.sign_in.give_code",
    "organiser.account_links.form",
    "organiser.account_links.ask",
    "organiser.account_links.show",
    "organiser.account_links.use",
}


VALUES = {
    "slug": SLUG,
    "audience_id": 1,
    "card_id": 1,
    "import_id": 1,
    "institution_id": 1,
    "registration_id": 1,
    "mailing_id": 1,
    "delivery_id": 1,
    "change_id": 1,
    "name": "cancel",
    "code": "ouverture",
    "sign_in_id": 1,
    "organiser_id": 1,
}


def list_routes(app):
    """List every organisers' address with its methods, filled in for DAECT's event."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("organiser.") and rule.endpoint not in PUBLIC:
            path = adapter.build(
                rule.endpoint, {name: VALUES.get(name, 1) for name in rule.arguments}
            )
            for method in sorted(rule.methods & {"GET", "POST"}):
                yield rule.endpoint, method, path


def test_no_page_of_the_organisers_opens_without_a_sign_in(app, world):
    app.config["WTF_CSRF_ENABLED"] = False  # so that it is the guard that refuses
    stranger = Browser(app)
    routes = list(list_routes(app))
    assert len(routes) >= 20
    for endpoint, method, path in routes:
        answer = stranger.client.open(path, method=method)
        assert answer.status_code == 303, endpoint
        assert answer.headers["Location"].startswith("/organiser/sign-in"), endpoint


def test_every_change_of_the_organisers_needs_the_proof_of_a_form(desk, app, runtime):
    for endpoint, method, path in list_routes(app):
        if method == "POST":
            assert desk.post(path).status == 400, endpoint


def test_pages_of_the_organisers_are_kept_by_nobody(desk):
    page = desk.get(HOME)
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]


def test_they_are_in_french_whatever_the_browser_prefers(desk):
    page = desk.get(HOME, headers={"Accept-Language": "ar"})
    assert page.tree.get("lang") == "fr"
    assert page.heading == "Mes événements"


def test_an_organiser_who_was_removed_is_out(desk, runtime):
    with runtime.transaction() as tx:
        tx.delete(organisers.find(tx, EMAIL))
    assert desk.get(HOME).status == 303
