"""Workers killed at every point and at any moment: nothing is lost, and doubles are marked.

The relay, the workers, the timer and the broker are processes of their own. What the rows say in
the end is compared with what the relay has written down: see `invariants`.
"""

import random
import signal
import time
from collections import Counter
from datetime import timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import select

from tests.domain.sending import add
from tests.factories import make_event, make_registration
from tests.faults.conftest import ALONE, POSTGRES_ALONE, RABBITMQ, REDIS, SQLITE_APART
from tests.faults.process import Part
from tests.faults.service import PATIENCE_SECONDS, let_go_on, stop_in_its_tracks, wait_until
from tests.faults.sink import Manner
from webinars import events, mailings, steering, zones
from webinars.clock import system_clock
from webinars.models import (
    DeliveryState,
    Lane,
    Mailing,
    MailName,
    RegistrationStatus,
)
from webinars.timeline import Rule
from workers import faults

MAILS = 60
NTH = 3
KILLS = 3
IN_TIMER = {"mid-expand"}
"""Points that only the process with the timer comes to."""

everywhere = pytest.mark.parametrize("service", [ALONE, REDIS, RABBITMQ], indirect=True)
on_both_engines = pytest.mark.parametrize("service", [ALONE, REDIS], indirect=True)


def add_mails(service, number=MAILS, *, template=MailName.CONFIRMATION, lane=Lane.PROMPT):
    """Add mails to people registered for an event of tomorrow."""
    now = system_clock()
    with service.database.transaction() as tx:
        event = make_event(tx, **_hours(now, timedelta(days=1)))
        mailings.plan(tx, events.get(tx, event.slug), now=now, rules=[])
        standing = dict(tx.execute(select(Mailing.template, Mailing.id)).all())
        for person in range(number):
            email = f"p{person}@example.org"
            registration = make_registration(tx, event, last_name=f"{person}", email=email)
            add(
                tx,
                event,
                f"p{person}",
                template=template,
                lane=lane,
                mailing_id=standing.get(template),
                registration_id=registration.id,
                expires_at=event.ends_at,
                now=now,
            )


def prepare_link(service, confirmed):
    """Make an event of this afternoon whose link is due, with some who are to get it."""
    now = system_clock()
    with service.database.transaction() as tx:
        event = make_event(tx, **_hours(now, timedelta(hours=3)))
        rules = [Rule(MailName.CONNECTION_LINK, "start-4h")]
        mailings.plan(tx, events.get(tx, event.slug), now=now, rules=rules)
        for person in range(confirmed):
            make_registration(
                tx,
                event,
                last_name=f"{person}",
                email=f"p{person}@example.org",
                confirmed_at=now - timedelta(days=1),
            )
        for status in ("waiting", "cancelled"):
            email = f"{status}@example.org"
            make_registration(
                tx, event, last_name=status, email=email, status=RegistrationStatus(status)
            )


def _hours(now, ahead):
    """Return when an event starts and ends that begins in a while, in local time."""
    starts = zones.to_local(now + ahead, "Europe/Paris").replace(tzinfo=None)
    starts = starts.replace(second=0, microsecond=0)
    return {"starts": starts, "ends": starts + timedelta(hours=2)}


def kill_at(service, point, nth=NTH):
    """Run a worker, or a timer, that dies at a point."""
    run = service.timer if point in IN_TIMER else service.worker
    with run(f"{point}:{nth}") as doomed:
        doomed.join(PATIENCE_SECONDS)
        assert doomed.exitcode == -signal.SIGKILL, f"{point} was not reached: {service.tell()}"
    service.kills += 1


def check(service):
    """Check what must hold whatever happened, and return the run in figures."""
    summary = service.check()
    assert summary.faults == []
    return summary


@everywhere
def test_wherever_a_worker_is_killed_nothing_is_lost_and_doubles_are_marked(service):
    add_mails(service, 6 * MAILS)  # enough that the last point is reached, however fast it sends

    for point in faults.POINTS:
        kill_at(service, point)
    service.run_until_over()

    summary = check(service)
    assert 1 <= summary.marked <= summary.bound


@on_both_engines
def test_wherever_an_audience_is_killed_on_its_way_to_the_rows_each_gets_one_link(service):
    prepare_link(service, confirmed=5)

    kill_at(service, "mid-expand", nth=1)
    with service.worker():
        assert wait_until(lambda: len(service.list_rows()) == 5), service.tell()
        assert service.wait_until_over(), service.tell()

    summary = check(service)
    assert summary.states == {DeliveryState.ACCEPTED: 5}
    assert summary.messages == 5
    assert summary.marked == 0


def test_a_reminder_that_may_have_left_is_not_sent_again(service):
    add_mails(service, template=MailName.REMINDER, lane=Lane.BULK)

    kill_at(service, "after-dot")
    service.run_until_over()

    summary = check(service)
    assert summary.states[DeliveryState.UNCERTAIN] >= 1
    assert summary.twice == 0


@everywhere
def test_workers_killed_at_any_moment_lose_nothing_though_the_relay_is_slow_and_hangs_up(service):
    chance = random.Random(2020)
    add_mails(service, 60, lane=Lane.BULK)
    service.sink.behave(Manner(window=2048, bytes_a_read=4096, pause_seconds=0.002, drop_rate=0.05))
    for _ in range(KILLS):
        before = service.sink.count()
        with service.worker() as doomed:
            assert wait_until(lambda before=before: service.sink.count() > before)
            time.sleep(chance.uniform(0, 0.2))
            service.kill(doomed)

    service.sink.behave(Manner())
    with service.worker():
        assert service.finish_late(), service.tell()

    check(service)


@pytest.mark.parametrize("service", [ALONE, SQLITE_APART, REDIS, POSTGRES_ALONE], indirect=True)
def test_the_morning_link_goes_once_to_each_though_a_worker_dies_and_two_follow(service):
    prepare_link(service, confirmed=3)

    kill_at(service, "after-reply", nth=1)
    with service.worker(), service.worker():
        assert wait_until(lambda: len(service.list_rows()) == 3)
        assert service.wait_until_over(), service.tell()

    summary = check(service)
    assert summary.messages == 3


@on_both_engines
def test_a_worker_told_to_stop_finishes_what_is_in_hand_and_gives_the_others_back(service):
    add_mails(service)
    service.sink.behave(Manner(dot_seconds=0.3))
    with service.worker() as process:
        assert wait_until(lambda: service.sink.count() >= 2)
        process.terminate()
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0

    sent = service.sink.count()
    assert 2 <= sent < MAILS
    assert Counter(row.state for row in service.list_rows()) == {
        DeliveryState.ACCEPTED: sent,
        DeliveryState.PENDING: MAILS - sent,
    }
    assert service.journals() == []

    service.sink.behave(Manner())
    service.run_until_over()
    summary = check(service)
    assert summary.messages == MAILS
    assert summary.marked == 0


@on_both_engines
def test_a_worker_that_stood_still_longer_than_its_lease_records_over_nobody(service):
    add_mails(service, lane=Lane.BULK)
    service.sink.behave(Manner(dot_seconds=0.3))
    with service.worker() as stalled:
        assert wait_until(lambda: service.sink.count() >= 2)
        stop_in_its_tracks(stalled)
        try:
            # It may have heard what it could not record, and has one message more in each hand.
            service.besides = service.sink.count()
            service.kills += 1
            service.pass_time(timedelta(minutes=5))
            service.sink.behave(Manner())
            with service.worker():
                assert wait_until(lambda: service.count_open() == 0), service.tell()
                before = service.list_rows()
        finally:
            let_go_on(stalled)
        # What it still has to say it has said once it has ended in good order.
        stalled.terminate()
        stalled.join(PATIENCE_SECONDS)

    summary = check(service)
    assert summary.states == {DeliveryState.ACCEPTED: MAILS}
    assert [row.state for row in service.list_rows()] == [row.state for row in before]


@pytest.mark.parametrize("service", [REDIS], indirect=True)
def test_a_database_that_hangs_up_on_everyone_costs_no_mail(service):
    add_mails(service, 60, lane=Lane.BULK)
    service.sink.behave(Manner(dot_seconds=0.02))
    with service.worker():
        for goal in (10, 20, 30):
            assert wait_until(lambda goal=goal: service.sink.count() >= goal), service.tell()
            service.hang_up_database()
        assert service.wait_until_over(), service.tell()

    check(service)


@pytest.mark.parametrize("service", [REDIS, RABBITMQ], indirect=True)
def test_a_broker_that_loses_or_doubles_everything_costs_no_mail_and_doubles_none(service):
    add_mails(service, 60, lane=Lane.BULK)
    service.sink.behave(Manner(dot_seconds=0.02))
    with service.worker():
        for goal in (10, 25, 40):
            assert wait_until(lambda goal=goal: service.sink.count() >= goal), service.tell()
            service.broker.forget()
            service.hint_often()
        assert service.wait_until_over(), service.tell()

    summary = check(service)
    assert summary.messages == 60
    assert summary.marked == 0


@on_both_engines
def test_two_timers_and_two_workers_do_everything_once(service):
    prepare_link(service, confirmed=20)
    part = Part.TIMER if service.broker.is_apart else Part.EVERYTHING

    with service.worker(), service.worker(), service.part(part):
        assert wait_until(lambda: len(service.list_rows()) == 20)
        assert service.wait_until_over(), service.tell()

    summary = check(service)
    assert summary.messages == 20
    assert summary.marked == 0


@on_both_engines
def test_nothing_leaves_after_its_mailing_was_cancelled_but_what_was_in_a_socket(service):
    prepare_link(service, confirmed=120)
    service.sink.behave(Manner(dot_seconds=0.05))
    with service.worker():
        assert wait_until(lambda: service.sink.count() >= 10), service.tell()
        cancelled_at = cancel_link(service)
        assert service.wait_until_over(), service.tell()

    summary = check(service)
    assert summary.states[DeliveryState.CANCELLED] > 0
    assert len(service.list_late(cancelled_at)) <= 2 * summary.connections


def cancel_link(service):
    """Cancel the mailing of the link, and return when that was certain."""
    with service.database.transaction() as tx:
        steering.cancel(
            tx,
            tx.scalars(select(Mailing).where(Mailing.template == MailName.CONNECTION_LINK)).one(),
        )
    return time.time()


def test_the_mailbox_on_disk_holds_each_mail_once_wherever_a_worker_is_killed(service):
    outbox = service.folder / "outbox"
    service.environment["WEBINARS_MAIL_URL"] = f"file:{outbox}"
    add_mails(service)

    for point in ("after-claim", "after-reply", "before-record"):
        kill_at(service, point)
    service.run_until_over()

    messages = [message_from_bytes(path.read_bytes()) for path in outbox.glob("*.eml")]
    assert len(messages) == len({message["To"] for message in messages}) == MAILS
