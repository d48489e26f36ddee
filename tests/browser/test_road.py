"""The whole road as people walk it: a phone for the official, a desk for the organiser."""

import csv
import io
import re

import pytest

from tests.browser.conftest import ORGANISER, PASSWORD

pytestmark = pytest.mark.browser

OFFICIAL = {
    "last_name": "Aït Melloul",
    "first_name": "Zineb",
    "job_title": "Vice-présidente",
    "organization": "Région Souss-Massa",
}


def fill_form(page, *, email, **overrides):
    """Fill in what is required, as a person would."""
    for name, value in (OFFICIAL | overrides).items():
        page.fill(f"[name={name}]", value)
    page.fill("[name=email]", email)
    choose(page, "role", "elected")
    choose(page, "organization_kind", "region")
    choose(page, "country", "MA")


def choose(page, name, value):
    """Choose a value, whether the form offers a list or buttons."""
    if page.locator(f"select[name={name}]").count():
        page.select_option(f"select[name={name}]", value)
    else:
        page.check(f"[name={name}][value={value}]")


def submit(page):
    """Send the form of the page's main part."""
    page.locator("main form [type=submit]").last.click()


def assert_fits(page):
    """The page is no wider than the window: nobody scrolls sideways on a phone."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def read_mail(page, service, subject_part):
    """Open the newest mail of the outbox whose subject holds that, and return its text."""
    page.goto(f"{service.url}/outbox")
    page.get_by_role("link", name=re.compile(subject_part)).first.click()
    return page.content()


def test_an_official_registers_on_a_phone_in_french_without_javascript(phone, service):
    phone.goto(f"{service.url}/")
    phone.goto(f"{service.url}/events/plus-tard")
    phone.locator("a[href$='/register']").first.click()
    fill_form(phone, email="zineb.example.org")
    submit(phone)

    assert phone.locator("[aria-invalid=true][name=email]").count() == 1
    assert phone.input_value("[name=last_name]") == "Aït Melloul"
    assert phone.input_value("[name=email]") == "zineb.example.org"

    phone.fill("[name=email]", "zineb@example.org")
    submit(phone)

    assert "/r/" in phone.url
    assert "Zineb" in phone.content()
    assert_fits_without_script(phone)
    assert phone.complaints == []


def assert_fits_without_script(page):
    """The same as `assert_fits` where the page may run no script: measured from outside."""
    box = page.locator("main").bounding_box()
    assert box["x"] + box["width"] <= page.viewport_size["width"] + 1


@pytest.mark.parametrize("slug", ["plus-tard", "tout-de-suite"])
def test_the_confirmation_is_in_the_outbox_within_two_seconds(desk, service, slug):
    email = f"{slug}@example.org"
    desk.goto(f"{service.url}/events/{slug}/register")
    fill_form(desk, email=email)
    submit(desk)
    desk.wait_for_timeout(2000)

    desk.goto(f"{service.url}/outbox")

    assert email in desk.content()


def test_the_gate_is_early_and_says_when_it_opens(phone, service):
    gate = find_gate(phone, service, "plus-tard", "tot@example.org")
    phone.goto(gate)

    assert phone.locator("form[action*='/j/'], form[method=post]").count() == 0
    assert "heure de" in phone.content()
    assert phone.complaints == []


def test_the_gate_opens_into_a_room_of_another_origin(desk, service, room):
    gate = find_gate(desk, service, "tout-de-suite", "entree@example.org")
    desk.goto(gate)
    desk.locator("main form [type=submit]").first.click()

    desk.wait_for_url(f"{room}**")
    assert "Bienvenue dans la salle" in desk.content()
    assert desk.complaints == []


def test_an_official_registers_and_enters_in_arabic(arabic_phone, service, room):
    page = arabic_phone
    page.goto(f"{service.url}/events/tout-de-suite?lang=ar")
    assert page.get_attribute("html", "dir") == "rtl"
    assert_fits(page)

    page.locator("a[href*='/register']").first.click()
    assert_fits(page)
    fill_form(page, email="pas-une-adresse", last_name="بنعلي", first_name="فاطمة")
    submit(page)
    assert page.locator("[aria-invalid=true][name=email]").count() == 1
    assert page.input_value("[name=last_name]") == "بنعلي"
    assert_fits(page)

    page.fill("[name=email]", "fatima@example.org")
    submit(page)
    assert "/r/" in page.url
    assert page.get_attribute("html", "dir") == "rtl"
    assert_fits(page)

    gate = page.locator("a[href*='/j/']").first.get_attribute("href")
    page.goto(gate if gate.startswith("http") else service.url + gate)
    assert page.get_attribute("html", "lang") == "ar"
    assert_fits(page)
    page.locator("main form [type=submit]").first.click()
    page.wait_for_url(f"{room}**")
    assert page.complaints == []


def test_the_organiser_signs_in_and_takes_the_list_out(desk, service):
    find_gate(desk, service, "tout-de-suite", "liste@example.org")
    desk.goto(f"{service.url}/organiser/")
    desk.fill("[name=email]", ORGANISER)
    desk.fill("[name=password]", PASSWORD)
    submit(desk)
    desk.locator("a[href*='tout-de-suite']").first.click()
    desk.locator("a[href*='export']").first.click()
    with desk.expect_download() as download:
        desk.locator("[value=csv], a[href*='format=csv']").first.click()

    text = download.value.path().read_text(encoding="utf-8")
    assert "liste@example.org" in {row["email"] for row in csv.DictReader(io.StringIO(text))}
    assert desk.complaints == []


def find_gate(page, service, slug, email):
    """Register someone of that address and return the gate's address from her page."""
    page.goto(f"{service.url}/events/{slug}/register")
    fill_form(page, email=email)
    submit(page)
    assert "/r/" in page.url
    link = page.locator("a[href*='/j/']").first.get_attribute("href")
    return link if link.startswith("http") else service.url + link
