"""A real service in a process of its own, a room of another origin, and Debian's Chromium."""

import http.server
import os
import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 740}
PASSWORD = "une phrase de passe assez longue"
ORGANISER = "organisatrice@example.org"
EVENT_FILE = """
slug: {slug}
kind: webinar
title: {{fr: "Coopération décentralisée : échanges d'expériences", ar: "التعاون اللامركزي"}}
timezone: {zone}
display_timezones: [Europe/Paris, Africa/Casablanca]
starts: {starts:%Y-%m-%dT%H:%M}
ends: {ends:%Y-%m-%dT%H:%M}
mode: online
status: published
institutions:
  - {{name: "Cités Unies France", acronym: CUF, country: FR, role: pilot}}
contacts:
  - {{name: "Nadia Lefort", institution: CUF, email: "contact@example.org"}}
notice:
  controllers: [CUF]
  purposes: {{fr: "Organiser le webinaire"}}
  rights_contact: "dpo@example.org"
connection: {{provider: url, url: "{room}", dial_in: "+33 1 70 00 00 00, code 123"}}
"""


@dataclass
class Service:
    """A running service and how to command it."""

    url: str
    folder: Path
    environment: dict[str, str]

    def run(self, *words, **options):
        """Run a command of the service beside it; a failure is an error."""
        return subprocess.run(
            [command(), *words],
            env=self.environment,
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
            **options,
        ).stdout


def command() -> str:
    """Return the path of the `webinars` command beside this interpreter."""
    return str(Path(sys.executable).with_name("webinars"))


def find_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def room():
    """Serve a page of another origin: where the gate leads to."""

    class Room(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = b"<!doctype html><title>Salle</title><h1>Bienvenue dans la salle</h1>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Room)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/salle"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def service(tmp_path_factory, room):
    """Run `webinars serve` on its defaults, with an event in three days and one in ten minutes."""
    folder = tmp_path_factory.mktemp("service")
    port = find_port()
    running = Service(f"http://127.0.0.1:{port}", folder, make_environment(folder, port))
    running.run("db", "upgrade")
    running.run("organisers", "add", ORGANISER, input=PASSWORD + "\n")
    for slug, ahead in (("plus-tard", timedelta(days=3)), ("tout-de-suite", timedelta(minutes=10))):
        path = folder / f"{slug}.yaml"
        path.write_text(write_event(slug, ahead, room), encoding="utf-8")
        running.run("events", "load", str(path), "--yes")
    with open(folder / "serve.log", "w") as log:
        process = subprocess.Popen(
            [command(), "serve", "--port", str(port)],
            env=running.environment,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(running.url, process)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=20)


def make_environment(folder, port):
    """Return an environment in which nothing but the service's own defaults holds."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEBINARS_")}
    return kept | {"WEBINARS_BASE_URL": f"http://127.0.0.1:{port}"}


def write_event(slug, ahead, room):
    """Return an event file that starts so far ahead, well within a local day of its zone."""
    start = datetime.now(UTC) + ahead  # noqa: TID251 - the service reads the real clock
    zones = ("Europe/Paris", "Asia/Tokyo", "America/Los_Angeles")
    zone = next(one for one in zones if 2 <= start.astimezone(ZoneInfo(one)).hour <= 20)
    local = start.astimezone(ZoneInfo(zone))
    return EVENT_FILE.format(
        slug=slug, zone=zone, starts=local, ends=local + timedelta(hours=2), room=room
    )


def wait_until_ready(url, process):
    """Wait until the service answers, at most 30 seconds."""
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the service stopped at its start")
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the service did not answer within 30 seconds")


@pytest.fixture(scope="session")
def chromium():
    """Start Debian's Chromium once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def phone(chromium):
    """Open a window of a phone's width without JavaScript, in French."""
    yield from open_window(chromium, java_script_enabled=False, locale="fr-FR", viewport=PHONE)


@pytest.fixture
def arabic_phone(chromium):
    """Open a window of a phone's width, in Arabic."""
    yield from open_window(chromium, locale="ar-MA", viewport=PHONE)


@pytest.fixture
def desk(chromium):
    """Open a window of a desk's width, in French."""
    yield from open_window(chromium, locale="fr-FR", viewport={"width": 1280, "height": 900})


def open_window(browser, **options):
    """Open a window, note what it complains of, and close it."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda line: note_complaint(page, line))
    page.on(
        "request",
        lambda request: page.complaints.append(request.url) if is_foreign(request) else None,
    )
    yield page
    context.close()


def note_complaint(page, line):
    """Keep what the browser complains of: a broken policy, an error. A form refused is neither."""
    if line.type == "error" and "status of 422" not in line.text:
        page.complaints.append(line.text)


def is_foreign(request) -> bool:
    """Tell whether a request leaves this machine."""
    return not re.match(r"(http://127\.0\.0\.1|data:|about:|blob:)", request.url)
