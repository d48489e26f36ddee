"""What is measured, as Prometheus reads it, and who may read it."""

from datetime import timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from sqlalchemy import text

from tests.domain.sending import add, get
from tests.factories import NOW, make_event
from tests.web.conftest import Browser, make_settings
from webinars import pacing
from webinars.models import (
    DeliveryState,
    Failure,
    Lane,
    Mailing,
    MailingState,
    MailName,
    Suppression,
    SuppressionReason,
    Wait,
)
from webinars.runtime import open_runtime
from webinars.web import create_app

HOUR = timedelta(hours=1)
TOKEN = "a token that only Prometheus knows, = and all"
RELAYS = "smtp://user:hunter2@one.example.org:25?rate=600 smtp://two.example.org:25"


@pytest.fixture
def served(sqlite_url, tmp_path, clock):
    """Start services with other settings, each with a browser before it."""
    opened = []

    def serve(**others):
        opened.append(open_runtime(make_settings(sqlite_url, tmp_path, **others), clock))
        return opened[-1], Browser(create_app(opened[-1]))

    yield serve
    for runtime in opened:
        runtime.close()


def read(page, reader=read_text):
    """Return every number by the name of its family and the values of its labels."""
    assert page.status == 200, page.text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in reader(page.text)
        for sample in family.samples
    }


def fill(runtime):
    """Make a little of everything that is measured."""
    with runtime.transaction() as tx:
        event = make_event(tx)
        for name in ("waits", "sends", "fails", "taken", "twice"):
            add(tx, event, name, now=NOW - HOUR, lane=Lane.BULK)
        get(tx, "waits").waits_for = Wait.RELAY
        row = get(tx, "sends")
        row.state, row.lease_until = DeliveryState.SENDING, NOW
        row = get(tx, "fails")
        row.state, row.failure = DeliveryState.FAILED, Failure.POLICY
        get(tx, "taken").state = DeliveryState.ACCEPTED
        row = get(tx, "twice")
        row.state, row.maybe_twice = DeliveryState.UNCERTAIN, True
        tx.add(
            Mailing(
                event_id=event.id,
                template=MailName.REMINDER,
                rule="day-1 10:00",
                due_at=NOW - HOUR,
                expires_at=event.starts_at,
                state=MailingState.PLANNED,
            )
        )
        tx.add(
            Suppression(
                email_key="a@example.org",
                scope="all",
                reason=SuppressionReason.ADDRESS,
                created_at=NOW,
            )
        )
        pacing.trip(tx, "smtp://one.example.org:25", "421 no", now=NOW)
        pacing.slow_down(tx, "small.example.org", {}, now=NOW)


def test_everything_is_measured(served):
    runtime, pages = served(mail_url=RELAYS, mail_domain_rates="gmail.com=300")
    fill(runtime)

    said = read(pages.get("/metrics"))

    assert said["webinars_oldest_waiting_seconds", "bulk", "relay"] == 3600
    assert said["webinars_oldest_waiting_seconds", "prompt", "worker"] == 0
    assert said["webinars_deliveries_waiting", "bulk", "relay"] == 1
    assert said["webinars_deliveries", "bulk", "pending"] == 1
    assert said["webinars_deliveries", "bulk", "sending"] == 1
    assert said["webinars_deliveries", "bulk", "failed"] == 1
    assert said["webinars_deliveries", "bulk", "uncertain"] == 1
    assert said["webinars_deliveries", "prompt", "failed"] == 0
    assert said["webinars_deliveries_taken",] == 1
    assert said["webinars_deliveries_refused", "policy"] == 1
    assert said["webinars_deliveries_maybe_twice", "bulk"] == 1
    assert said["webinars_leases_expired", "bulk"] == 1
    assert said["webinars_mailings", "planned"] == 1
    assert said["webinars_mailings_too_late",] == 0
    assert said["webinars_timer_late_seconds",] == 3600
    assert said["webinars_relay_resting", "smtp://one.example.org:25"] == 1
    assert said["webinars_relay_resting", "smtp://two.example.org:25"] == 0
    assert said["webinars_relay_failures", "smtp://one.example.org:25"] == 1
    assert said["webinars_rate_per_minute", "relay:smtp://one.example.org:25"] == 600
    assert said["webinars_rate_per_minute", "domain:gmail.com"] == 300
    assert said["webinars_domains_slowed",] == 1
    assert said["webinars_suppressions", "address"] == 1
    assert said["webinars_letters_different",] == 0


def test_no_label_holds_a_person_an_event_a_password_or_a_domain_that_was_not_named(served):
    runtime, pages = served(mail_url=RELAYS)
    fill(runtime)

    said = pages.get("/metrics").text

    assert not [one for one in ("@", "hunter2", "webinaire-covid", "small") if one in said]


def test_the_series_are_the_same_whether_there_is_anything_to_measure_or_not(served):
    runtime, pages = served(mail_url=RELAYS)
    before = read(pages.get("/metrics"))
    fill(runtime)

    assert read(pages.get("/metrics")).keys() == before.keys()
    counted = {key[0]: number for key, number in before.items() if number}
    counted.pop("webinars_letters_compared", None)  # by this process, whatever it did before
    assert counted == {"webinars_rate_per_minute": 600}  # what the settings allow


def test_open_metrics_are_spoken_with_who_asks_for_them(served):
    runtime, pages = served()
    fill(runtime)

    page = pages.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert page.headers["Content-Type"].startswith("application/openmetrics-text")
    assert read(page, read_openmetrics)["webinars_deliveries_taken",] == 1


@pytest.mark.parametrize(
    "request_",
    [
        {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=127.0.0.1"}},
        {"headers": {"Host": "intrus.example.org"}},
        {"headers": {"Authorization": "Bearer "}},
    ],
    ids=["another machine", "x-forwarded-for", "forwarded", "a name of elsewhere", "no token"],
)
def test_without_a_token_only_this_machine_may_read(served, request_):
    _, pages = served(base_url="https://webinaires.example.org")

    seen = pages.get("/metrics", **request_).status

    assert seen == (200 if "Authorization" in request_.get("headers", {}) else 404)
    assert pages.get("/metrics").status == 200


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer é", 401),
        ("", 401),
    ],
)
def test_with_a_token_whoever_shows_it_may_read_from_anywhere(served, shown, status):
    _, pages = served(metrics_token=TOKEN)
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}

    page = pages.get("/metrics", headers={"Authorization": shown}, **elsewhere)

    assert page.status == status
    assert (page.headers.get("WWW-Authenticate") == "Bearer") is (status == 401)


def test_with_a_token_this_machine_needs_it_too(served):
    _, pages = served(metrics_token=TOKEN)

    assert pages.get("/metrics").status == 401


def test_nothing_is_kept_and_no_cookie_is_given(served):
    page = served()[1].get("/metrics")

    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers


def test_a_database_that_is_away_is_said_in_a_line(served):
    runtime, pages = served()
    with runtime.transaction() as tx:
        tx.execute(text("ALTER TABLE deliveries RENAME TO away"))

    page = pages.get("/metrics")

    assert (page.status, page.text) == (503, "the database does not answer\n")
