"""Pages, worker and timer as processes of their own, on PostgreSQL, Redis and a real SMTP server.

The worker is killed at a named point and the broker is emptied. Every mail arrives, and one arrives
twice only where its delivery says that it may have.
"""

import contextlib
import email
import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from datetime import timedelta
from email.policy import default

import html5lib
import httpx
import pytest
import redis
from aiosmtpd.controller import Controller

from tests.browser.conftest import Service, command, find_port, wait_until_ready, write_event
from tests.conftest import REDIS_URL

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

SLUG = "route-entiere"
PEOPLE = 12
DEADLINE_SECONDS = 60


class Relay:
    """A relay that takes everything and remembers what it took."""

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 2.0.0 taken"

    def count_by_message_id(self):
        """Return how often each message was taken."""
        return Counter(message["Message-ID"] for message in self.messages)


@pytest.fixture
def relay():
    """Run an SMTP server on loopback."""
    handler = Relay()
    controller = Controller(handler, hostname="127.0.0.1", port=find_port())
    controller.start()
    handler.url = f"smtp://127.0.0.1:{controller.port}"
    yield handler
    controller.stop()


@pytest.fixture
def redis_url():
    """Return the address of a Redis database that nobody uses, and empty it in the end."""
    for number in range(15, 0, -1):
        url = re.sub(r"(/\d+)?$", f"/{number}", REDIS_URL, count=1)
        with redis.Redis.from_url(url) as client:
            if client.dbsize() == 0:
                yield url
                client.flushdb()
                return
    pytest.fail("no empty Redis database to test on")


@pytest.fixture
def service(tmp_path, postgres_url, redis_url, relay):
    """Prepare a service in parts, with an event that starts in ten minutes."""
    port = find_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEBINARS_")}
    environment = kept | {
        "WEBINARS_DATABASE_URL": postgres_url,
        "WEBINARS_BROKER_URL": redis_url,
        "WEBINARS_MAIL_URL": relay.url,
        "WEBINARS_BASE_URL": f"http://127.0.0.1:{port}",
        "WEBINARS_DATA_DIR": str(tmp_path / "data"),
    }
    prepared = Service(f"http://127.0.0.1:{port}", tmp_path, environment)
    prepared.run("db", "upgrade")
    path = tmp_path / "event.yaml"
    path.write_text(
        write_event(SLUG, timedelta(minutes=10), "https://salle.example.org/x"), encoding="utf-8"
    )
    prepared.run("events", "load", str(path), "--yes")
    return prepared


@contextlib.contextmanager
def part(service, *words, **environment):
    """Run a part of the service until the block ends."""
    with open(service.folder / f"{words[0]}.log", "a") as log:
        process = subprocess.Popen(
            [command(), *words],
            env=service.environment | environment,
            cwd=service.folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        with contextlib.suppress(ProcessLookupError):
            process.wait(timeout=30)
            os.killpg(process.pid, signal.SIGKILL)


def register(service, number):
    """Register a person through the real form."""
    with httpx.Client(base_url=service.url) as client:
        page = client.get(f"/events/{SLUG}/register").text
        hidden = read_hidden(page)
        answer = client.post(
            f"/events/{SLUG}/register",
            data=hidden
            | {
                "last_name": f"Alaoui {number}",
                "first_name": "Karim",
                "email": f"karim{number}@example.org",
                "role": "elected",
                "job_title": "Conseiller communal",
                "organization": "Commune de Figuig",
                "organization_kind": "commune",
                "country": "MA",
            },
        )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def read_hidden(page):
    """Return the hidden fields of a page's forms."""
    inputs = html5lib.parse(page, namespaceHTMLElements=False).iter("input")
    return {one.get("name"): one.get("value", "") for one in inputs if one.get("type") == "hidden"}


def list_deliveries(service):
    """Return the event's deliveries as the command line shows them."""
    return json.loads(service.run("deliveries", "list", SLUG, "--json"))


def wait_until(condition):
    """Wait until something holds, at most a minute."""
    ends = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.2)
    return False


@pytest.mark.parametrize("point", ["after-claim", "before-dot", "after-dot", "after-reply"])
def test_every_mail_arrives_though_the_worker_is_killed_and_the_broker_emptied(
    service, relay, redis_url, point
):
    with part(service, "serve", "--port", service.url.rsplit(":", 1)[1]) as pages:
        wait_until_ready(service.url, pages)
        with part(service, "worker", WEBINARS_FAULT=f"{point}:3") as doomed:
            for number in range(PEOPLE):
                register(service, number)
            assert wait_until(lambda: doomed.poll() is not None), "the fault was not reached"
        with redis.Redis.from_url(redis_url) as client:
            client.flushdb()
        with part(service, "timer"), part(service, "timer"), part(service, "worker"):
            assert wait_until(lambda: len(relay.count_by_message_id()) == PEOPLE)
            assert wait_until(
                lambda: {row["state"] for row in list_deliveries(service)} == {"accepted"}
            ), list_deliveries(service)

    rows = list_deliveries(service)
    taken = relay.count_by_message_id()
    twice = sum(count - 1 for count in taken.values())
    assert len(taken) == len(rows) == PEOPLE
    assert {message["To"].addresses[0].addr_spec for message in relay.messages} == {
        f"karim{number}@example.org" for number in range(PEOPLE)
    }
    # The kill takes the whole process: another thread's mail that was under way may come twice.
    assert twice <= sum(row["maybe_twice"] for row in rows)


def test_a_confirmation_leaves_within_two_seconds(service, relay):
    with (
        part(service, "serve", "--port", service.url.rsplit(":", 1)[1]) as pages,
        part(service, "worker"),
        part(service, "timer"),
    ):
        wait_until_ready(service.url, pages)
        register(service, 0)
        assert wait_until(lambda: len(relay.messages) == 1)
        register(service, 1)
        started = time.monotonic()
        assert wait_until(lambda: len(relay.messages) == 2)
        took = time.monotonic() - started

    assert took < 2
