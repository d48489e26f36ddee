"""What holds on every page: language, headers, cookies, refusals, and what a supervisor asks."""

import pytest

from tests.factories import make_event, make_registration
from tests.web.conftest import Browser, gate_path, make_settings, own_path
from webinars import migrations
from webinars.runtime import open_runtime
from webinars.web import create_app


@pytest.fixture
def serve(sqlite_url, tmp_path):
    """Open a service with other settings."""
    opened = []

    def start(**settings):
        runtime = open_runtime(make_settings(sqlite_url, tmp_path, **settings))
        opened.append(runtime)
        return Browser(create_app(runtime))

    yield start
    for runtime in opened:
        runtime.close()


@pytest.mark.parametrize(
    ("path", "accepted", "language"),
    [
        ("/", None, "fr"),
        ("/", "ar-MA,ar;q=0.9,fr;q=0.8", "ar"),
        ("/", "en-GB,en;q=0.9", "en"),
        ("/", "de,nl;q=0.9", "fr"),
        ("/?lang=en", "ar", "en"),
        ("/?lang=de", "ar", "ar"),
        ("/?lang=%00", "en", "en"),
    ],
)
def test_the_language_is_asked_for_then_accepted_then_french(pages, path, accepted, language):
    headers = {"Accept-Language": accepted} if accepted else {}

    assert pages.get(path, headers=headers).tree.get("lang") == language


def test_a_language_that_was_asked_for_is_remembered(pages):
    answer = pages.get("/?lang=ar")

    assert "HttpOnly" in answer.headers["Set-Cookie"] and "Lax" in answer.headers["Set-Cookie"]
    page = pages.get("/")
    assert page.tree.get("lang") == "ar" and page.tree.get("dir") == "rtl"
    assert "Set-Cookie" not in page.headers


def test_every_page_leads_to_itself_in_the_other_languages(pages, runtime):
    with runtime.transaction() as tx:
        make_event(tx)

    links = pages.get("/events/webinaire-covid-19/register?lang=fr").find_links()

    for language in ("fr", "ar", "en"):
        assert f"/events/webinaire-covid-19/register?lang={language}" in links


@pytest.mark.parametrize(
    "query",
    [
        "_external=1&_scheme=javascript&_method=POST&_anchor=x",
        "endpoint=x&slug=autre&values=1&self=1",
        "lang=ar&lang=en&next=//ailleurs.example.org",
    ],
)
@pytest.mark.parametrize("path", ["/events/webinaire-covid-19", "/nowhere", "own"])
def test_nothing_in_the_query_leads_the_languages_elsewhere(pages, runtime, path, query):
    with runtime.transaction() as tx:
        registration = make_registration(tx, make_event(tx))
    path = own_path(runtime, registration) if path == "own" else path

    page = pages.get(f"{path}?{query}")

    assert page.status == (404 if path == "/nowhere" else 200)
    [arabic] = [one for one in page.find_all("a") if one.get("hreflang") == "ar"]
    stays = "?" if path == "/nowhere" else f"{path}?"
    assert arabic.get("href").startswith(f"{stays}lang=ar")


def test_a_page_names_the_languages_in_themselves(pages):
    words = pages.get("/?lang=en").words

    assert "Français" in words and "العربية" in words and "English" in words


def test_looking_at_an_event_sets_no_cookie_and_its_form_one_that_scripts_cannot_read(
    pages, runtime
):
    with runtime.transaction() as tx:
        make_event(tx)

    assert "Set-Cookie" not in pages.get("/events/webinaire-covid-19").headers
    cookie = pages.get("/events/webinaire-covid-19/register").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie


def test_behind_https_cookies_are_secure_and_the_browser_is_told_to_stay(serve):
    browser = serve(base_url="https://webinaires.example.org")

    answer = browser.get("/?lang=ar")

    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_the_policy_allows_own_styles_and_images_and_nothing_else(pages):
    answer = pages.get("/")

    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "Strict-Transport-Security" not in answer.headers
    assert "X-Robots-Tag" not in answer.headers


def test_errors_have_the_headers_too(pages):
    for answer in (pages.get("/nulle-part"), pages.post("/", {}), pages.get("/r/x")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_style_sheet_is_kept_for_a_year_under_an_address_that_changes_with_it(pages):
    [sheet] = pages.get("/").find_all("link", rel="stylesheet")

    answer = pages.get(sheet.get("href"))

    assert "v=" in sheet.get("href")
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


def test_the_host_that_a_request_names_is_believed_nowhere(pages, runtime):
    with runtime.transaction() as tx:
        event = make_event(tx)
        registration = make_registration(tx, event)
    elsewhere = {"Host": "intrus.example.org", "X-Forwarded-Host": "intrus.example.org"}

    for path in ("/", "/events/webinaire-covid-19", own_path(runtime, registration)):
        assert "intrus" not in pages.get(path, headers=elsewhere).text
    form = pages.get("/events/webinaire-covid-19/register", headers=elsewhere)
    assert "intrus" not in form.text


def test_pages_hang_under_the_path_of_the_base_address(serve, sqlite_url):
    browser = serve(base_url="https://example.org/webinaires")

    for asked in ("/", "/webinaires/"):
        page = browser.get(asked)
        assert page.status == 200
        assert "/webinaires/" in page.find_links()
    assert "Path=/webinaires" in browser.get("/?lang=ar").headers["Set-Cookie"]


def test_an_unknown_page_says_so_in_the_readers_language(pages):
    page = pages.get("/nulle-part?lang=en")

    assert page.status == 404
    assert page.tree.get("lang") == "en"
    assert page.heading == "Page not found"


def test_a_method_that_is_not_meant_is_refused_with_a_page(pages):
    page = pages.post("/")

    assert page.status == 405
    assert "Allow" in page.headers


def test_an_unforeseen_fault_shows_nothing_of_the_inside(app, runtime, caplog):
    @app.get("/faute")
    def fault():
        raise RuntimeError("mot de passe secret")

    answer = app.test_client().get("/faute")

    assert answer.status_code == 500
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert "Une erreur est survenue chez nous" in answer.text
    assert "request failed: endpoint=fault" in caplog.text


def test_a_database_that_is_away_asks_for_a_little_patience(app, runtime, tmp_path):
    runtime.database.dispose()
    (tmp_path / "webinars.db").unlink()
    (tmp_path / "webinars.db").mkdir()  # as good as gone: it cannot be opened

    answer = app.test_client().get("/")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert "Essayez à nouveau" in answer.text and "sqlite" not in answer.text


def test_no_token_is_in_the_log(pages, runtime, caplog):
    with runtime.transaction() as tx:
        registration = make_registration(tx, make_event(tx))
    caplog.set_level("DEBUG")

    for path in (own_path(runtime, registration), gate_path(runtime, registration)):
        pages.get(path)
        assert path.rsplit("/", 1)[-1] not in caplog.text


def test_a_supervisor_is_told_that_the_process_lives_and_can_work(pages):
    assert pages.get("/healthz").text == "ok\n"
    assert pages.get("/readyz").text == "ok\n"


def test_a_database_that_is_behind_makes_the_service_not_ready(pages, runtime):
    migrations.downgrade(runtime.database)

    answer = pages.get("/readyz")

    assert answer.status == 503
    assert "webinars db upgrade" in answer.text
    assert pages.get("/healthz").status == 200
