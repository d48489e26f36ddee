import threading
import time
from datetime import timedelta

import pytest

import workers
from tests.domain.sending import add, list_all
from tests.factories import NOW, make_event
from webinars import broker as brokers
from webinars.models import DeliveryState, Lane

PATIENCE_SECONDS = 10


def wait_until(condition):
    """Wait until something holds."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def start(runtime):
    """Start worker and timer in this process, and stop them in the end."""
    started = []

    def begin(**how):
        started.append(workers.start(runtime, **how))
        return started[0]

    yield begin
    for background in started:
        background.stop()


def add_mails(runtime, *names, lane=Lane.PROMPT, slug="webinaire", **values):
    with runtime.transaction() as tx:
        event = make_event(tx, slug)
        for name in names:
            add(tx, event, name, lane=lane, **values)


def test_a_mail_leaves_as_soon_as_it_is_hinted_at(runtime, mailbox, start):
    start()
    add_mails(runtime, "a")
    started = time.monotonic()

    runtime.wake(Lane.PROMPT)

    assert wait_until(lambda: mailbox.taken)
    assert time.monotonic() - started < 1


def test_a_mail_whose_hint_was_lost_leaves_within_two_seconds(runtime, mailbox, start):
    start()
    add_mails(runtime, "a")
    started = time.monotonic()

    assert wait_until(lambda: mailbox.taken)
    assert time.monotonic() - started < 2


def test_a_confirmation_never_waits_behind_a_bulk_mailing(runtime, mailbox, start):
    may_go_on = threading.Event()

    def hold_up(recipient):
        if recipient.startswith("bulk"):
            may_go_on.wait(PATIENCE_SECONDS)

    mailbox.obey = hold_up
    add_mails(runtime, *(f"bulk{number}" for number in range(300)), lane=Lane.BULK)
    start(threads=2)
    for _ in range(5):
        runtime.wake(Lane.BULK)
    time.sleep(0.2)
    add_mails(runtime, "prompt", slug="autre")
    started = time.monotonic()

    runtime.wake(Lane.PROMPT)

    assert wait_until(lambda: mailbox.taken)
    assert time.monotonic() - started < 1
    assert mailbox.taken == ["prompt@example.org"]
    may_go_on.set()


def test_hints_may_be_lost_and_repeated_without_harm(runtime, mailbox, start):
    add_mails(runtime, *(f"n{number}" for number in range(25)))
    for _ in range(50):
        runtime.wake(Lane.PROMPT)
    runtime.broker.flush(Lane.PROMPT)
    for _ in range(50):
        runtime.wake(Lane.PROMPT)
    start()

    assert wait_until(lambda: len(mailbox.taken) == 25)
    time.sleep(0.1)
    assert len(mailbox.taken) == len(set(mailbox.taken)) == 25


def test_stopping_finishes_the_mail_in_hand_and_gives_the_others_back(runtime, mailbox, start):
    is_sending = threading.Event()
    may_go_on = threading.Event()

    def hold_up(recipient):
        is_sending.set()
        may_go_on.wait(PATIENCE_SECONDS)

    mailbox.obey = hold_up
    add_mails(runtime, "a", "b", "c")
    background = start()
    assert is_sending.wait(PATIENCE_SECONDS)

    stopping = threading.Thread(target=background.stop)
    stopping.start()
    assert wait_until(background.stopping.is_set)
    may_go_on.set()
    stopping.join(PATIENCE_SECONDS)

    with runtime.reading() as tx:
        states = [one.state for one in list_all(tx)]
    assert states == [DeliveryState.ACCEPTED, DeliveryState.PENDING, DeliveryState.PENDING]


def test_a_drain_that_fails_leaves_the_worker_alive(runtime, mailbox, start, caplog):
    def fail_once(recipient):
        mailbox.obey = None
        raise ZeroDivisionError

    mailbox.obey = fail_once
    start()
    add_mails(runtime, "a")
    runtime.wake(Lane.PROMPT)

    assert wait_until(lambda: mailbox.taken == ["a@example.org"])
    assert "drain failed: lane=prompt" in caplog.text


def test_the_night_is_worked_through_without_anyone_asking(runtime, mailbox, start, clock, caplog):
    caplog.set_level("INFO")
    clock.now = (NOW + timedelta(days=1)).replace(hour=1)
    start()

    assert wait_until(lambda: "purged: events=0" in caplog.text)
    assert wait_until(lambda: not brokers.is_hinted(runtime.broker, brokers.UPKEEP))
