"""Take the pictures of the README from a service as `make run` starts it: `make pictures`.

The people on them are invented, the events are the examples.
"""

import csv
import io
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import (
    CHROMIUM_OPTIONS,
    Service,
    command,
    find_port,
    make_environment,
    wait_until_ready,
)
from tests.conftest import CHROMIUM

SLUG = "collectivites-face-a-la-covid-19"
PHONE = {"width": 390, "height": 780}
DESK = {"width": 1180, "height": 780}
ORGANISER = "chargee.de.mission@example.org"
PASSWORD = "une phrase de passe pour les images"
COLUMNS = ("civility", "last_name", "first_name", "email", "role", "job_title", "organization")
COLUMNS += ("organization_kind", "country")
PEOPLE = """
mme;Bennani;Samira;samira.bennani;elected;Vice-présidente;Région Fès-Meknès;region;MA
m;Aït Ouarab;Brahim;brahim.aitouarab;staff;Directeur;Région Souss-Massa;region;MA
mme;Évrard;Hélène;helene.evrard;elected;Adjointe au maire;Ville de Bordeaux;commune;FR
m;Dupont;Jean;jean.dupont;staff;Chargé de mission;Département de l’Hérault;departement;FR
mme;El Fassi;Nadia;nadia.elfassi;state;Cheffe de service;Préfecture de Salé;prefecture;MA
m;Lefort;Yann;yann.lefort;association;Délégué;Réseau des partenaires;association;FR
mme;Ouazzani;Leïla;leila.ouazzani;academic;Maîtresse de conférences;Université d’Oujda;university;MA
m;Zerhouni;Karim;karim.zerhouni;elected;Conseiller communal;Commune de Figuig;commune;MA
"""


@contextmanager
def serve(folder: Path, **settings: str):
    """Run the service with the examples until the block ends; settings as the environment has."""
    port = find_port()
    environment = make_environment(folder, port) | settings
    running = Service(f"http://127.0.0.1:{port}", folder, environment)
    running.run("db", "upgrade")
    words = [command(), "serve", "--with-examples", "--port", str(port)]
    with open(folder / "serve.log", "w") as log:
        process = subprocess.Popen(
            words, env=running.environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_until_ready(running.url, process)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=20)


def fill(service: Service) -> None:
    """Register the people, and someone who looks at them."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for line in PEOPLE.strip().split("\n"):
        cells = line.split(";")
        writer.writerow([*cells[:3], f"{cells[3]}@example.org", *cells[4:]])
    path = service.folder / "people.csv"
    path.write_text(table.getvalue(), encoding="utf-8")
    service.run("registrations", "import", SLUG, str(path))
    service.run("organisers", "add", ORGANISER, input=PASSWORD + "\n")


def take(browser, service: Service, target: Path) -> None:
    """Take every picture."""

    def open_window(size, language="fr-FR", **options):
        return browser.new_context(viewport=size, locale=language, **options).new_page()

    def shoot(page, name):
        page.screenshot(path=target / f"{name}.png")

    page = open_window(DESK)
    page.goto(f"{service.url}/events/{SLUG}")
    shoot(page, "event")

    page = open_window(PHONE, "ar-MA")
    page.goto(f"{service.url}/events/{SLUG}/register?lang=ar")
    shoot(page, "form-ar")

    page = open_window(PHONE)
    page.goto(f"{service.url}/events/{SLUG}/register")
    page.fill("[name=last_name]", "Bennani")
    page.fill("[name=email]", "samira.bennani.example.org")
    page.locator("main form [type=submit]").last.click()
    shoot(page, "form-errors")

    page = open_window(DESK)
    page.goto(f"{service.url}/organiser/")
    page.fill("[name=email]", ORGANISER)
    page.fill("[name=password]", PASSWORD)
    page.locator("main form [type=submit]").last.click()
    page.goto(f"{service.url}/organiser/events/{SLUG}/registrations")
    shoot(page, "registrations")

    # Wide enough for the public page beside the form.
    page.set_viewport_size({"width": 1440, "height": 960})
    page.goto(f"{service.url}/organiser/events/{SLUG}/edit/texts")
    page.frame_locator("iframe").locator("h1").wait_for()
    shoot(page, "prepare")


def main(target: Path) -> None:
    """Take the pictures into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as service:
        fill(service)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
            take(browser, service, target)
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
