"""The assises are moved, after a review; one maintains, one gives up; then all is called off."""

import csv
import io
import re
import time
from datetime import date, timedelta

import pytest

from tests.browser import pictures
from tests.browser.pictures import ORGANISER, PASSWORD
from tests.browser.test_road import assert_fits, submit

pytestmark = pytest.mark.browser

SLUG = "assises-marrakech"
EVENT = f"/organiser/events/{SLUG}"
PEOPLE = (
    ("Bennani", "Samira", "samira@example.org", "Région Fès-Meknès", "+212 5 37 00 00 01"),
    ("Évrard", "Hélène", "helene@example.org", "Ville de Bordeaux", "+33 5 00 00 00 02"),
)
COLUMNS = ("last_name", "first_name", "email", "organization", "phone")
OTHERS = {
    "civility": "mme",
    "role": "elected",
    "job_title": "Vice-présidente",
    "organization_kind": "region",
    "country": "MA",
}


@pytest.fixture(scope="module")
def assises(tmp_path_factory):
    """Serve the examples, with two people registered for the assises."""
    with pictures.serve(tmp_path_factory.mktemp("assises")) as running:
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow((*COLUMNS, *OTHERS))
        writer.writerows((*one, *OTHERS.values()) for one in PEOPLE)
        path = running.folder / "people.csv"
        path.write_text(table.getvalue(), encoding="utf-8")
        running.run("registrations", "import", SLUG, str(path))
        running.run("organisers", "add", ORGANISER, input=PASSWORD + "\n")
        wait_for_mails(running, "confirmation", 2)
        yield running


def wait_for_mails(service, template, number):
    """Wait until so many mails of a kind were written to the outbox."""
    for _ in range(120):
        listed = service.run("deliveries", "list", SLUG, "--json")
        if len(re.findall(rf'"mailing": "{template}",\s+"state": "accepted"', listed)) >= number:
            return
        time.sleep(0.25)
    raise AssertionError(listed)


def press(page, name):
    """Press the button of that name."""
    page.get_by_role("button", name=name, exact=True).click()


def later(text, days=70):
    """Return a day so many days later, as a field holds it."""
    return (date.fromisoformat(text) + timedelta(days=days)).isoformat()


def test_the_assises_are_moved_answered_for_and_called_off(desk, phone, assises):
    desk.goto(f"{assises.url}{EVENT}/")
    desk.fill("[name=email]", ORGANISER)
    desk.fill("[name=password]", PASSWORD)
    submit(desk)

    desk.get_by_role("link", name="Déplacer", exact=True).click()
    for name in ("starts_on", "ends_on"):
        desk.fill(f"[name={name}]", later(desk.input_value(f"[name={name}]")))
    desk.fill("[name=reason]", "La salle n’est plus disponible.")
    desk.check("[name=ask][value=keep]")
    submit(desk)
    assert "Rien n’est encore changé" in desk.content()
    assert "tel que le lirait Samira BENNANI" in desk.content()
    press(desk, "Revenir au formulaire")
    assert desk.input_value("[name=reason]") == "La salle n’est plus disponible."
    assert desk.is_checked("[name=ask][value=keep]")
    submit(desk)
    press(desk, "Envoyer dans 10 minutes")
    assert "Un message part" in desk.content()
    press(desk, "Envoyer tout de suite")
    wait_for_mails(assises, "event-moved", 2)

    links = [find_link(phone, assises, name) for name in ("Samira BENNANI", "Hélène ÉVRARD")]
    phone.goto(links[0])
    phone.get_by_role("button", name=re.compile("maintiens")).first.click()
    phone.goto(links[1])
    phone.get_by_role(
        "button", name=re.compile("annule|rends|renonce", re.IGNORECASE)
    ).first.click()

    desk.goto(f"{assises.url}{EVENT}/reconfirmations")
    assert "Tout le monde a répondu" in desk.content()
    desk.goto(f"{assises.url}{EVENT}/changes/cancel")
    desk.fill("[name=reason]", "Grève des transports.")
    submit(desk)
    assert "Samira BENNANI" in desk.content() and "Hélène ÉVRARD" not in desk.content()
    press(desk, "Envoyer maintenant")
    wait_for_mails(assises, "event-cancelled", 1)

    desk.goto(f"{assises.url}{EVENT}/unreached")
    assert "Personne" in desk.inner_text("main")
    desk.goto(f"{assises.url}{EVENT}/history")
    assert "La salle n’est plus disponible." in desk.content()
    assert "Grève des transports." in desk.content()
    assert_fits(desk)
    phone.goto(f"{assises.url}/events/{SLUG}")
    assert "Cet événement est annulé." in phone.inner_text("main")
    assert "Grève des transports." in phone.inner_text("main")
    assert desk.complaints == [] and phone.complaints == []


def find_link(page, service, name):
    """Return where the mail about the new date to that person leads for her answer."""
    said = read_mail_to(page, service, name)
    return re.search(r"http://127[^\s\"<]+/reconfirm", said)[0]


def read_mail_to(page, service, name):
    """Open each mail about the new date until it names that person, and return its text."""
    page.goto(f"{service.url}/outbox")
    paths = [
        one.get_attribute("href")
        for one in page.get_by_role("link", name=re.compile("Nouvelle date")).all()
    ]
    for path in paths:
        page.goto(f"{service.url}{path}")
        if name in page.content():
            return page.content()
    raise AssertionError(name)
