"""Scenario 8 from the side of those who are asked: moved twice, one mail, one click, one deadline.

Pages, worker and timer are the real ones.
"""

from datetime import datetime, timedelta

import pytest

from tests.factories import NOW, make_event
from tests.roads.test_substitute import find_path, read, serve
from tests.web.conftest import Browser
from tests.web.public.people import JEAN, SAMIRA, list_registrations, register
from webinars import changes, events, mailings
from webinars.changes import Dates, Order, Reconfirm
from webinars.models import ReconfirmRule, RegistrationStatus
from webinars.web import create_app

SLUG = "webinaire-covid-19"
ZOE = JEAN | {"last_name": "Delmas", "first_name": "Zoé", "email": "zoe@example.org"}
WAS = "mardi 3 novembre 2020 de 10h00 à 12h30 (heure de Paris et de Rabat)"
BETWEEN = "mardi 10 novembre 2020 de 10h00 à 12h30 (heure de Paris et de Rabat)"
IS = "mardi 8 décembre 2020 de 10h00 à 12h30 (heure de Paris et de Rabat)"
BY = datetime(2020, 11, 20, 18, 0)  # noqa: DTZ001
"""Local: 17:00 in UTC."""


@pytest.fixture
def pages(any_runtime):
    """Return a browser on the service."""
    return Browser(create_app(any_runtime))


def move(runtime, day, by, now, tells_at):
    """Move the webinar to a day, and ask everyone whether they maintain."""
    hours = datetime(2020, *day, 10, 0), datetime(2020, *day, 12, 30)  # noqa: DTZ001
    with runtime.transaction() as tx:
        changes.move(
            tx,
            events.get(tx, SLUG),
            Dates(*hours),
            Order(author="nadia@example.org", now=now, tells_at=tells_at),
            reconfirm=Reconfirm(by=by, rule=ReconfirmRule.RELEASE),
        )


def test_people_are_asked_once_shown_what_they_knew_and_the_silent_make_room(
    pages, any_runtime, mailbox, clock
):
    with any_runtime.transaction() as tx:
        made = make_event(tx, SLUG, capacity=2, timezone="Europe/Paris")
        mailings.plan(tx, events.get(tx, made.slug), now=NOW)
    for person in (SAMIRA, JEAN, ZOE):
        register(pages, SLUG, person)
    serve(any_runtime)
    mailbox.messages.clear()
    quiet = NOW + timedelta(minutes=10)
    move(any_runtime, (11, 10), BY - timedelta(days=15), NOW + timedelta(minutes=1), quiet)
    move(any_runtime, (12, 8), BY, NOW + timedelta(minutes=5), quiet + timedelta(minutes=5))
    clock.now = quiet + timedelta(minutes=6)
    serve(any_runtime)

    [mail] = read(mailbox, SAMIRA["email"]).values()
    own = find_path(mail, "r")
    assert f"{own}/reconfirm" in mail.get_body(("plain",)).get_content()
    page = pages.get(f"{own}/reconfirm")
    assert WAS in page.words and IS in page.words and BETWEEN not in page.words
    assert "avant le vendredi 20 novembre 2020 à 18h00" in page.words
    assert pages.follow(pages.submit(page, answer="keep")).status == 200
    [waiting] = read(mailbox, ZOE["email"]).values()
    pages.submit(pages.get(f"{find_path(waiting, 'r')}/reconfirm"), answer="keep")

    clock.now = datetime.fromisoformat("2020-11-20T17:00:30+00:00")
    serve(any_runtime)
    states = {one.first_name: one.status for one in list_registrations(any_runtime)}
    assert states == {
        "Samira": RegistrationStatus.CONFIRMED,
        "Jean": RegistrationStatus.CANCELLED,
        "Zoé": RegistrationStatus.CONFIRMED,
    }
    [told] = [one for name, one in read(mailbox, JEAN["email"]).items() if "cancelled" in name]
    late = find_path(told, "r")
    assert pages.get(f"{late}/reconfirm").location == late
    refused = pages.post(f"{late}/reconfirm", {"answer": "keep"})
    assert refused.status == 409
    assert "Cette inscription a été annulée." in refused.words
