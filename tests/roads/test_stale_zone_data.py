"""Where the machine's own zone data are too old, pages and mails still say the true hours."""

import email
import importlib.resources
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from email.policy import default

import httpx
import pytest

from tests.browser.conftest import Service, command, find_port, wait_until_ready
from tests.browser.conftest import make_environment as make_plain_environment
from tests.roads.test_parts_apart import register

TRUE_HOURS = "de 09h00 à 11h30 (heure de Paris) / de 08h00 à 10h30 (heure de Rabat)"
EVENT = """
slug: route-entiere
kind: webinar
title: "Assises : séance d'ouverture"
timezone: Europe/Paris
display_timezones: [Europe/Paris, Africa/Casablanca]
starts: 2026-12-01T09:00
ends: 2026-12-01T11:30
mode: online
status: published
"""


@pytest.fixture
def stale_zone_data(tmp_path):
    """Lay out zone files in which Morocco is at UTC+1 for ever, as many machines still believe."""
    folder = tmp_path / "zoneinfo"
    true_files = importlib.resources.files("tzdata") / "zoneinfo"
    for name, content in (("Africa/Casablanca", "Africa/Lagos"), ("Europe/Paris", "Europe/Paris")):
        place = folder / name
        place.parent.mkdir(parents=True)
        shutil.copy(str(true_files / content), place)
    return folder


@pytest.fixture
def service(tmp_path, stale_zone_data):
    """Run the service on such a machine, with an event on a 1 December that lies ahead."""
    port = find_port()
    environment = make_plain_environment(tmp_path, port) | {"PYTHONTZPATH": str(stale_zone_data)}
    running = Service(f"http://127.0.0.1:{port}", tmp_path, environment)
    running.run("db", "upgrade")
    path = tmp_path / "event.yaml"
    path.write_text(EVENT, encoding="utf-8")
    running.run("events", "load", str(path), "--starts-on", find_first_of_december().isoformat())
    with open(tmp_path / "serve.log", "w") as log:
        process = subprocess.Popen(
            [command(), "serve", "--port", str(port)],
            env=environment,
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(running.url, process)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=20)


def find_first_of_december() -> date:
    """Return the next 1 December that is some weeks ahead."""
    today = datetime.now(UTC).date()  # noqa: TID251 - the service reads the real clock
    return date(today.year + (today.month > 9), 12, 1)


def test_the_machine_believes_the_wrong_hour(stale_zone_data):
    said = subprocess.run(
        [sys.executable, "-c", WHAT_THE_MACHINE_BELIEVES],
        env=os.environ | {"PYTHONTZPATH": str(stale_zone_data)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "9"


WHAT_THE_MACHINE_BELIEVES = """
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
print(datetime(2026, 12, 1, 8, tzinfo=UTC).astimezone(ZoneInfo("Africa/Casablanca")).hour)
"""


def test_page_mail_and_calendar_entry_say_the_true_hour(service):
    page = httpx.get(f"{service.url}/events/route-entiere").text
    register(service, 1)
    message = wait_for_mail(service)

    assert TRUE_HOURS in page
    assert TRUE_HOURS in " ".join(message.get_body(("plain",)).get_content().split())
    entry = next(one for one in message.walk() if one.get_content_type() == "text/calendar")
    assert "T080000Z" in entry.get_content()


def wait_for_mail(service):
    """Return the first mail of the mailbox on disk, waiting for it at most ten seconds."""
    for _ in range(100):
        for path in (service.folder / "var" / "outbox").glob("*.eml"):
            return email.message_from_bytes(path.read_bytes(), policy=default)
        time.sleep(0.1)
    raise AssertionError("no mail within ten seconds")
