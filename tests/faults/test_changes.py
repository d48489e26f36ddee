"""An event moved while everything is killed: no one is told two versions, and no one none.

Who moves it, what sends and what keeps time are processes of their own. `PEOPLE=10000 pytest` does
it with as many, at every point.
"""

import os
import signal
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import make_event, make_registration
from tests.faults.conftest import ALONE, REDIS
from tests.faults.service import PATIENCE_SECONDS
from tests.faults.sink import FORKING
from tests.faults.test_kills import kill_at
from webinars import changes, events, mailings, zones
from webinars.changes import Dates, Order, Reconfirm
from webinars.clock import system_clock
from webinars.database import Database
from webinars.models import Change, Delivery, DeliveryState, MailName
from workers import faults

PEOPLE = int(os.environ.get("PEOPLE", "450"))
MANY = 5_000
POINTS = faults.POINTS if PEOPLE >= MANY else ("after-claim", "after-dot", "after-reply")
"""Where what sends is killed; at every point there is where there are people enough."""
SLUG = "assises"


def find_dates(days):
    """Return the dates so many days ahead."""
    day = zones.to_local(system_clock() + timedelta(days=days), "Europe/Paris")
    starts = day.replace(tzinfo=None, hour=10, minute=0, second=0, microsecond=0)
    return Dates(starts, starts + timedelta(hours=2))


def prepare(service):
    """Register people for an event in a month."""
    dates = find_dates(30)
    with service.database.transaction() as tx:
        event = make_event(tx, SLUG, starts=dates.starts, ends=dates.ends)
        mailings.plan(tx, events.get(tx, SLUG), now=system_clock(), rules=[])
        for person in range(PEOPLE):
            make_registration(tx, event, last_name=f"{person}", email=f"p{person}@example.org")


def move(url, days, dies_before_commit):
    """Move the event, and die before or after that counts."""
    order = Order("nadia@example.org", system_clock())
    with Database(url).transaction() as tx:
        event = events.get(tx, SLUG)
        changes.move(tx, event, find_dates(days), order, reconfirm=Reconfirm())
        if dies_before_commit:
            os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def move_and_die(service, days, *, before_commit=False):
    """Let a process move the event that is killed as it does."""
    url = service.environment["WEBINARS_DATABASE_URL"]
    process = FORKING.Process(target=move, args=(url, days, before_commit))
    process.start()
    process.join(PATIENCE_SECONDS)
    assert process.exitcode == -signal.SIGKILL


def list_told(service):
    """List what each person was told, by the change that it was of, as the rows say."""
    told = defaultdict(list)
    with service.database.reading() as tx:
        rows = tx.execute(
            select(Delivery.email, Change.revision, Delivery.state)
            .join(Change, Change.id == Delivery.change_id)
            .where(Delivery.state != DeliveryState.CANCELLED)
            .order_by(Delivery.id)
        )
        for email, revision, state in rows:
            told[email].append((revision, state))
    return told


@pytest.mark.parametrize("service", [ALONE, REDIS], indirect=True)
def test_wherever_a_move_is_killed_no_one_is_told_two_versions_and_no_one_none(service):
    prepare(service)

    move_and_die(service, 60, before_commit=True)
    assert service.list_rows() == []
    move_and_die(service, 60)
    assert len(service.list_rows()) == PEOPLE
    for point in POINTS[:-1]:
        kill_at(service, point)
    move_and_die(service, 90, before_commit=True)
    move_and_die(service, 90)
    for point in POINTS if PEOPLE >= MANY else POINTS[-1:]:
        kill_at(service, point)
    service.run_until_over()

    summary = service.check()
    assert summary.faults == []
    told = list_told(service)
    assert len(told) == PEOPLE
    accepted, uncertain = DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN
    counted = Counter(tuple(said) for said in told.values())
    assert set(counted) <= {
        ((2, accepted),),
        ((1, accepted), (2, accepted)),
        ((1, uncertain), (2, accepted)),
    }
    assert counted[((2, accepted),)] > 0
    assert {row.template for row in service.list_rows()} == {MailName.EVENT_MOVED}
