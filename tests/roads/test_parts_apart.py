"""Pages, worker and timer as processes of their own, on PostgreSQL and with a real SMTP server.

The worker is killed at a named point; the broker, Redis or RabbitMQ, is emptied, doubles what it is
told, or is away. Every mail arrives, and one arrives twice only where its delivery says that it may
have.
"""

import contextlib
import email
import json
import os
import signal
import subprocess
import time
from collections import Counter
from datetime import timedelta
from email.policy import default
from urllib.parse import urlsplit

import dramatiq
import html5lib
import httpx
import pytest
import redis
from aiosmtpd.controller import Controller

from tests.browser.conftest import Service, command, find_port, wait_until_ready, write_event
from tests.conftest import connect_to_rabbitmq
from tests.line import Line
from webinars import broker as brokers
from webinars.models import Lane

pytestmark = pytest.mark.postgres

SLUG = "route-entiere"
PEOPLE = 12
DEADLINE_SECONDS = 120
DOUBLES = 20
PORTS = {"redis": 6379, "amqp": 5672}
REDIS = pytest.param("redis_url", marks=pytest.mark.redis, id="redis")
RABBITMQ = pytest.param("amqp_url", marks=pytest.mark.rabbitmq, id="rabbitmq")


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


class Broker:
    """A broker that can be emptied, doubles hints, and can be away."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.direct_url = url
        self.line = Line(parts.hostname, parts.port or PORTS[parts.scheme])
        user, at, _ = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=f"{user}{at}127.0.0.1:{self.line.port}").geturl()

    def empty(self):
        """Forget every hint."""
        if self.direct_url.startswith("redis"):
            with redis.Redis.from_url(self.direct_url) as client:
                client.flushdb()
            return
        prefix = self.direct_url.partition("?prefix=")[2]
        with connect_to_rabbitmq() as connection:
            for name in brokers.QUEUES:
                connection.channel().queue_delete(prefix + name)

    def double(self):
        """Hint at each lane again and again, without looking whether that is of any use."""
        broker = brokers.open_broker(self.direct_url)
        for lane in list(Lane) * DOUBLES:
            queue_name = broker.name(lane.value)
            options = {"args": (lane.value,), "kwargs": {}, "options": {}}
            message = dramatiq.Message(queue_name, brokers.DELIVER, **options)
            super(brokers.Distant, broker).enqueue(message)
        broker.rest()
        broker.close()


@pytest.fixture(params=[REDIS, RABBITMQ])
def broker(request):
    """Lay a line to a broker of each kind in turn."""
    laid = Broker(request.getfixturevalue(request.param))
    yield laid
    laid.line.close()


@pytest.fixture
def service(tmp_path, postgres_url, broker, relay):
    """Prepare a service in parts, with an event that starts in ten minutes."""
    port = find_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEBINARS_")}
    environment = kept | {
        "WEBINARS_DATABASE_URL": postgres_url,
        "WEBINARS_BROKER_URL": broker.url,
        "WEBINARS_MAIL_URL": relay.url,
        "WEBINARS_BASE_URL": f"http://127.0.0.1:{port}",
        "WEBINARS_DATA_DIR": str(tmp_path / "data"),
    }
    prepared = Service(f"http://127.0.0.1:{port}", tmp_path, environment)
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


def is_over(service):
    """Tell whether every delivery is accepted."""
    return {row["state"] for row in list_deliveries(service)} == {"accepted"}


@contextlib.contextmanager
def pages(service):
    """Serve pages until the block ends."""
    with part(service, "serve", "--port", service.url.rsplit(":", 1)[1]) as process:
        wait_until_ready(service.url, process)
        yield


@pytest.mark.parametrize(
    ("broker", "point"),
    [
        pytest.param("redis_url", "after-reply", marks=pytest.mark.redis, id="redis-after-reply"),
        pytest.param("amqp_url", "after-dot", marks=pytest.mark.rabbitmq, id="rabbitmq-after-dot"),
    ],
    indirect=["broker"],
)
def test_every_mail_arrives_though_the_worker_is_killed_and_the_broker_emptied(
    service, relay, broker, point
):
    with pages(service):
        with part(service, "worker", WEBINARS_FAULT=f"{point}:3") as doomed:
            for number in range(PEOPLE):
                register(service, number)
            assert wait_until(lambda: doomed.poll() is not None), "the fault was not reached"
        broker.empty()
        with part(service, "timer"), part(service, "timer"), part(service, "worker"):
            broker.double()
            assert wait_until(lambda: len(relay.count_by_message_id()) == PEOPLE)
            assert wait_until(lambda: is_over(service)), list_deliveries(service)

    rows = list_deliveries(service)
    taken = relay.count_by_message_id()
    twice = sum(count - 1 for count in taken.values())
    assert len(taken) == len(rows) == PEOPLE
    assert {message["To"].addresses[0].addr_spec for message in relay.messages} == {
        f"karim{number}@example.org" for number in range(PEOPLE)
    }
    # The kill takes the whole process: another thread's mail that was under way may come twice.
    assert twice <= sum(row["maybe_twice"] for row in rows)


def test_every_mail_leaves_though_the_broker_is_away(service, relay, broker):
    broker.line.cut()
    with pages(service), part(service, "worker"), part(service, "timer"):
        started = time.monotonic()
        register(service, 0)
        took = time.monotonic() - started
        assert wait_until(lambda: len(relay.messages) == 1)
        broker.line.mend()
        register(service, 1)
        assert wait_until(lambda: len(relay.messages) == 2)
        assert wait_until(lambda: is_over(service)), list_deliveries(service)

    assert took < 2, "a person waited for the broker"
    assert set(relay.count_by_message_id().values()) == {1}
    log = (service.folder / "worker.log").read_text()
    assert log.count("broker is away") == 1
    assert "CRITICAL" not in log


def test_a_confirmation_leaves_within_two_seconds(service, relay):
    with pages(service), part(service, "worker"), part(service, "timer"):
        register(service, 0)
        assert wait_until(lambda: len(relay.messages) == 1)
        register(service, 1)
        started = time.monotonic()
        assert wait_until(lambda: len(relay.messages) == 2)
        took = time.monotonic() - started

    assert took < 2
