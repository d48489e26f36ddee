import os
import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text

from tests.domain.sending import add, get, list_all
from tests.factories import NOW, make_event, make_registration
from tests.workers.test_drain import rename_table
from webinars import broker as brokers
from webinars import events, mailings
from webinars.claims import LEASE
from webinars.models import (
    DeliveryState,
    Event,
    Lane,
    Mailing,
    MailingState,
    MailName,
    Priority,
    RegistrationStatus,
    Upkeep,
)
from workers import schedule, upkeep
from workers.drain import drain
from workers.schedule import Answers
from workers.stopping import Stop

DUE = datetime(2020, 11, 3, 7, 0, tzinfo=UTC)
RUNNING = Stop()


def prepare(runtime, **columns):
    """Make the webinar of 3 November 2020 with its mailings and one confirmed person."""
    with runtime.transaction() as tx:
        event = make_event(tx, **columns)
        event = events.get(tx, event.slug)
        mailings.plan(tx, event, now=NOW)
        make_registration(tx, event)
    return event


def test_the_timer_sends_the_morning_link_by_itself_and_ends_its_mailing(
    any_runtime, mailbox, clock
):
    event = prepare(any_runtime)
    schedule.tick(any_runtime)
    assert not brokers.is_hinted(any_runtime.broker, Lane.BULK)

    clock.now = DUE
    schedule.tick(any_runtime)
    assert brokers.is_hinted(any_runtime.broker, Lane.BULK)
    drain(any_runtime, Lane.BULK, RUNNING)
    schedule.tick(any_runtime)

    assert sorted(mailbox.taken) == ["samira@example.org"] * 2
    with any_runtime.reading() as tx:
        rows = {row.template: row for row in mailings.list_rows(tx, event.id, DUE)}
    for template in (MailName.REMINDER, MailName.CONNECTION_LINK):
        row = rows[template]
        assert (row.state, row.total, row.accepted) == (MailingState.DONE, 1, 1)


def test_two_timers_and_two_workers_send_the_link_once(any_runtime, mailbox, clock):
    prepare(any_runtime)
    clock.now = DUE

    def be_both():
        for _ in range(3):
            schedule.tick(any_runtime)
            drain(any_runtime, Lane.BULK, RUNNING)

    threads = [threading.Thread(target=be_both) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with any_runtime.reading() as tx:
        assert len(list_all(tx, MailName.CONNECTION_LINK)) == 1
    assert len(mailbox.taken) == 2  # the reminder of a timer that was away, and the link


def test_a_hint_is_given_once_as_long_as_nobody_takes_it(runtime):
    with runtime.transaction() as tx:
        add(tx, make_event(tx), "a")

    for _ in range(3):
        schedule.tick(runtime)

    assert runtime.broker.queues[Lane.PROMPT].qsize() == 1
    assert not brokers.is_hinted(runtime.broker, Lane.BULK)


def test_what_is_due_later_is_hinted_at_later(runtime, clock):
    with runtime.transaction() as tx:
        add(tx, make_event(tx), "a", due_at=NOW + timedelta(minutes=1))
    schedule.tick(runtime)
    assert not brokers.is_hinted(runtime.broker, Lane.PROMPT)

    clock.now = NOW + timedelta(minutes=1)
    schedule.tick(runtime)

    assert brokers.is_hinted(runtime.broker, Lane.PROMPT)


def leave_elsewhere(runtime, lease_until):
    """Let a worker of another machine hold a mail."""
    with runtime.transaction() as tx:
        add(tx, make_event(tx), "a")
        row = get(tx, "a")
        row.state, row.lease_owner = DeliveryState.SENDING, "elsewhere"
        row.lease_until, row.lease_epoch = lease_until, 1


def tick_until(runtime, clock, answers, until):
    """Let the timer look several times a minute, as long as the database is there."""
    while clock.now < until:
        clock.now += timedelta(seconds=20)
        schedule.tick(runtime, answers)


def test_what_a_worker_never_heard_of_again_had_is_taken_back(any_runtime, clock):
    leave_elsewhere(any_runtime, NOW + LEASE)
    answers = Answers()
    schedule.tick(any_runtime, answers)

    tick_until(any_runtime, clock, answers, NOW + LEASE - timedelta(seconds=20))
    with any_runtime.reading() as tx:
        assert get(tx, "a").state is DeliveryState.SENDING
    tick_until(any_runtime, clock, answers, NOW + LEASE)

    with any_runtime.reading() as tx:
        assert (get(tx, "a").state, get(tx, "a").maybe_twice) == (DeliveryState.PENDING, True)
    assert brokers.is_hinted(any_runtime.broker, Lane.PROMPT)


def test_while_the_database_was_away_no_lease_that_expired_proves_that_a_worker_is_dead(
    any_runtime, clock
):
    leave_elsewhere(any_runtime, NOW + LEASE)
    answers = Answers()
    tick_until(any_runtime, clock, answers, NOW + LEASE / 2)
    rename_table(any_runtime, "deliveries", "away")
    tick_until(any_runtime, clock, answers, NOW + LEASE)
    rename_table(any_runtime, "away", "deliveries")
    back_at = clock.now

    tick_until(any_runtime, clock, answers, back_at + LEASE)
    with any_runtime.reading() as tx:
        assert get(tx, "a").state is DeliveryState.SENDING
    tick_until(any_runtime, clock, answers, back_at + LEASE + timedelta(seconds=20))

    with any_runtime.reading() as tx:
        assert get(tx, "a").state is DeliveryState.PENDING


def test_a_priority_that_is_over_lets_the_waiting_in(any_runtime, clock):
    until = NOW + timedelta(hours=1)
    prepare(
        any_runtime,
        capacity=2,
        priority=Priority(countries=("FR",)),
        priority_until_at=until,
    )
    with any_runtime.transaction() as tx:
        event = tx.scalars(select(Event)).one()
        waiting = make_registration(
            tx,
            event,
            last_name="b",
            email="b@example.org",
            status=RegistrationStatus.WAITING,
            confirmed_at=None,
        )
    schedule.tick(any_runtime)
    with any_runtime.reading() as tx:
        assert list_all(tx) == []

    clock.now = until
    schedule.tick(any_runtime)

    with any_runtime.reading() as tx:
        [told] = list_all(tx)
        assert (told.template, told.registration_id) == (MailName.CONFIRMATION, waiting.id)


def test_a_task_that_fails_does_not_keep_the_others_from_being_done(runtime, caplog):
    with runtime.transaction() as tx:
        add(tx, make_event(tx), "a")
        tx.execute(text("ALTER TABLE mailings RENAME COLUMN reason TO away"))

    schedule.tick(runtime)

    assert "timer task failed: task=advance_mailings" in caplog.text
    assert brokers.is_hinted(runtime.broker, Lane.PROMPT)


def test_a_mailing_that_fails_does_not_hold_up_the_others(runtime, clock, caplog):
    prepare(runtime)
    with runtime.transaction() as tx:
        bad = make_event(tx, "ailleurs", timezone="Europe/Paris")
        tx.add(
            Mailing(
                event_id=bad.id,
                template=MailName.REMINDER,
                rule="day 08:00",
                due_at=DUE - timedelta(days=2),
                expires_at=bad.ends_at,
                state=MailingState.PLANNED,
            )
        )
        tx.flush()
        tx.execute(
            text("UPDATE events SET contacts = :broken WHERE id = :id"),
            {"broken": '"no list"', "id": bad.id},
        )
    clock.now = DUE

    schedule.tick(runtime)

    assert "mailing failed: mailing=" in caplog.text
    with runtime.reading() as tx:
        assert len(list_all(tx, MailName.CONNECTION_LINK)) == 1


def test_the_timer_stops_when_it_is_told_to(runtime):
    stop = Stop()
    timer = threading.Thread(target=schedule.run, args=(runtime, stop))
    timer.start()

    stop.set()
    timer.join(5)

    assert not timer.is_alive()


def test_the_nights_work_is_hinted_at_until_it_is_done(runtime, clock):
    clock.now = datetime(2020, 11, 3, 0, 59, tzinfo=UTC)
    schedule.tick(runtime)
    assert brokers.is_hinted(runtime.broker, brokers.UPKEEP) is False

    clock.now = datetime(2020, 11, 3, 1, 0, tzinfo=UTC)
    schedule.tick(runtime)
    assert brokers.is_hinted(runtime.broker, brokers.UPKEEP)

    runtime.broker.flush(brokers.UPKEEP)
    assert upkeep.purge_tonight(runtime) is not None
    schedule.tick(runtime)
    assert not brokers.is_hinted(runtime.broker, brokers.UPKEEP)

    clock.now = datetime(2020, 11, 4, 1, 0, tzinfo=UTC)
    schedule.tick(runtime)
    assert brokers.is_hinted(runtime.broker, brokers.UPKEEP)


def test_the_nights_work_is_done_once_whoever_does_it(any_runtime, clock):
    event = prepare(any_runtime)
    clock.now = event.ends_at + timedelta(days=366)
    done = []

    threads = [
        threading.Thread(target=lambda: done.append(upkeep.purge_tonight(any_runtime)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [one.registrations for one in done if one is not None] == [1]
    with any_runtime.reading() as tx:
        assert tx.scalar(select(Upkeep.done_on)) == clock.now.date()


def test_old_files_of_the_mailbox_on_disk_are_removed(runtime):
    folder = runtime.settings.outbox_dir
    folder.mkdir(parents=True)
    old, new = NOW - timedelta(days=31), NOW - timedelta(days=29)
    for name, at in (("old.eml", old), (".old.tmp", old), ("new.eml", new), ("old.txt", old)):
        (folder / name).touch()
        os.utime(folder / name, (at.timestamp(), at.timestamp()))

    purged = upkeep.purge(runtime)

    assert purged.files == 2
    assert sorted(path.name for path in folder.iterdir()) == ["new.eml", "old.txt"]
    assert str(purged).endswith("2 old files of the outbox removed")
