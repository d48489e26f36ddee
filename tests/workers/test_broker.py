"""Hints, on the brokers of other processes: they are there, go away, fall silent and come back."""

import threading
import time
from urllib.parse import urlsplit

import dramatiq
import dramatiq.worker
import pytest
import redis
from dramatiq.errors import ConnectionClosed
from pika.exceptions import AMQPConnectionError

from tests.conftest import connect_to_rabbitmq, holding_queues
from tests.line import Line
from webinars import broker as brokers
from webinars.broker import Messenger, find_cause

PATIENCE_SECONDS = 20
AT_ONCE_SECONDS = 0.5
LANE = "prompt"
PORTS = {"redis": 6379, "amqp": 5672}


@pytest.fixture(autouse=True)
def _patience_of_the_library(monkeypatch):
    """Have dramatiq ask for another listener at once: it waits for three seconds otherwise."""
    monkeypatch.setattr(dramatiq.worker, "CONSUMER_RESTART_DELAY_SECS", 0.1)


@pytest.fixture(
    params=[
        pytest.param("redis_url", marks=pytest.mark.redis),
        pytest.param("amqp_url", marks=pytest.mark.rabbitmq),
    ],
    ids=["redis", "rabbitmq"],
)
def direct_url(request):
    """Return the address of a broker, of each kind in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def another_amqp_url():
    """Return the address of another service in the same virtual host."""
    with holding_queues() as address:
        yield address


@pytest.fixture
def line(direct_url):
    """Lay a line to the broker."""
    parts = urlsplit(direct_url)
    laid = Line(parts.hostname, parts.port or PORTS[parts.scheme])
    yield laid
    laid.close()


@pytest.fixture
def url(direct_url, line):
    """Return the broker's address by way of the line."""
    parts = urlsplit(direct_url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}127.0.0.1:{line.port}").geturl()


@pytest.fixture
def opened():
    """Return a function that opens brokers, and close them in the end."""
    brokers_open = []

    def open_one(address):
        brokers_open.append(brokers.open_broker(address))
        return brokers_open[-1]

    yield open_one
    for one in brokers_open:
        one.close()


@pytest.fixture
def listen(opened):
    """Return a function that has a worker listen, and returns what it hears."""
    workers = []

    def begin(address):
        broker = opened(address)
        heard = []

        @dramatiq.actor(broker=broker, actor_name=brokers.DELIVER, queue_name=LANE)
        def deliver(lane):
            heard.append(lane)

        workers.append(dramatiq.Worker(broker, worker_threads=2, worker_timeout=50))
        workers[-1].start()
        return heard

    yield begin
    for worker in workers:
        worker.stop()


def wait_until(condition):
    """Wait until something holds."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.01)
    return False


def hint(broker, lane=LANE):
    brokers.hint(broker, lane, brokers.DELIVER, lane)


def is_carried(broker, lane=LANE):
    """Wait until a hint is on its way, and tell how many lie there."""
    assert wait_until(lambda: not brokers.is_hinted(broker, lane))
    assert wait_until(lambda: broker.count_waiting(broker.name(lane)))
    return broker.count_waiting(broker.name(lane))


def measure(action):
    """Return how many seconds something takes."""
    started = time.monotonic()
    action()
    return time.monotonic() - started


def test_a_hint_is_heard_by_a_worker_elsewhere(url, opened, listen):
    heard = listen(url)
    hint(opened(url))
    assert wait_until(lambda: heard == [LANE])


def test_many_hints_are_one_as_long_as_nobody_has_taken_it(url, opened, listen):
    broker = opened(url)
    for _ in range(20):
        hint(broker)
    assert is_carried(broker) == 1
    for _ in range(20):
        hint(broker)
        hint(broker, "bulk")
    is_carried(broker, "bulk")
    broker.rest()

    heard = listen(url)

    assert wait_until(lambda: sorted(heard) == ["bulk", LANE])


def test_nobody_who_hints_waits_for_a_broker_that_is_away(url, opened, line, caplog):
    broker = opened(url)
    line.cut()
    for _ in range(3):
        assert measure(lambda: hint(broker)) < AT_ONCE_SECONDS
        assert wait_until(lambda: not brokers.is_hinted(broker, LANE))
    assert wait_until(lambda: "broker is away" in caplog.text)
    assert caplog.text.count("broker is away") == 1
    assert "hint lost" not in caplog.text


def test_nobody_who_hints_waits_for_a_broker_that_has_fallen_silent(url, opened, line):
    broker = opened(url)
    hint(broker)
    is_carried(broker)
    broker.rest()
    line.fall_silent()
    for _ in range(3):
        assert measure(lambda: hint(broker)) < AT_ONCE_SECONDS
    assert measure(broker.close) < brokers.FAREWELL_SECONDS + AT_ONCE_SECONDS
    line.speak_again()


def test_an_end_carries_the_last_hint(url, opened):
    broker = opened(url)
    hint(broker)
    broker.close()
    hint(broker)

    assert is_carried(opened(url)) == 1


def test_a_connection_that_has_ended_meanwhile_is_replaced_in_silence(
    url, opened, line, listen, direct_url, caplog
):
    heard = listen(direct_url)
    broker = opened(url)
    hint(broker)
    assert wait_until(lambda: len(heard) == 1)
    line.cut()
    line.mend()

    hint(broker)

    assert wait_until(lambda: len(heard) == 2)
    assert "broker" not in caplog.text


def test_a_worker_starts_without_a_broker_and_finds_it_once_it_is_there(
    url, opened, line, listen, direct_url, caplog
):
    line.cut()
    heard = listen(url)
    assert wait_until(lambda: "broker is away" in caplog.text)
    time.sleep(0.5)
    assert [record.levelname for record in caplog.records].count("CRITICAL") == 0
    line.mend()
    hint(opened(direct_url))

    assert wait_until(lambda: heard == [LANE])
    assert caplog.text.count("broker is away") == 1


def test_a_worker_hears_hints_again_when_the_broker_is_back(
    url, opened, line, listen, direct_url, caplog
):
    heard = listen(url)
    hint(opened(direct_url))
    assert wait_until(lambda: len(heard) == 1)
    line.cut()
    assert wait_until(lambda: "broker is away" in caplog.text)
    time.sleep(0.3)
    line.mend()

    hint(opened(direct_url))

    assert wait_until(lambda: len(heard) >= 2)
    assert "CRITICAL" not in caplog.text and "ERROR webinars" not in caplog.text


def test_a_worker_whose_broker_goes_away_in_the_middle_of_a_hint_can_be_stopped(
    url, opened, line, direct_url
):
    broker = opened(url)
    is_at_it, may_go_on = threading.Event(), threading.Event()

    @dramatiq.actor(broker=broker, actor_name=brokers.DELIVER, queue_name=LANE)
    def deliver(lane):
        is_at_it.set()
        may_go_on.wait(PATIENCE_SECONDS)

    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=50)
    worker.start()
    hint(opened(direct_url))
    assert is_at_it.wait(PATIENCE_SECONDS)
    line.cut()
    may_go_on.set()

    assert measure(worker.stop) < 4  # it would go on trying to acknowledge, five seconds each


def test_a_broker_that_was_emptied_takes_hints_as_before(url, opened, listen, direct_url):
    broker = opened(url)
    heard = listen(url)
    hint(broker)
    assert wait_until(lambda: len(heard) == 1)
    empty(direct_url, broker)

    hint(broker)
    if not wait_a_little_for(lambda: len(heard) == 2):
        hint(broker)  # the timer's, a second later

    assert wait_until(lambda: len(heard) == 2)


def wait_a_little_for(condition):
    ends = time.monotonic() + 1
    while time.monotonic() < ends and not condition():
        time.sleep(0.01)
    return condition()


def empty(direct_url, broker):
    """Remove everything of a service from its broker."""
    if direct_url.startswith("redis"):
        with redis.Redis.from_url(direct_url) as client:
            client.flushdb()
        return
    with connect_to_rabbitmq() as connection:
        channel = connection.channel()
        for lane in brokers.QUEUES:
            channel.queue_delete(broker.name(lane))


def test_a_broker_is_asked_whether_it_is_there(url, opened, line):
    broker = opened(url)
    assert brokers.check(broker) in {"redis", "rabbitmq"}
    line.cut()
    with pytest.raises(Exception, match="refused"):
        brokers.check(broker)


@pytest.mark.rabbitmq
def test_a_wrong_password_is_told_as_such(amqp_url, opened):
    with pytest.raises(Exception, match="ACCESS_REFUSED"):
        brokers.check(opened(amqp_url.replace("guest:guest", "guest:wrong")))


@pytest.mark.rabbitmq
def test_services_that_share_a_virtual_host_do_not_hear_each_other(
    amqp_url, another_amqp_url, opened, listen
):
    heard = listen(amqp_url)
    other = listen(another_amqp_url)
    hint(opened(amqp_url))
    assert wait_until(lambda: heard == [LANE])
    assert other == []


def test_the_memory_broker_is_always_there(opened):
    broker = opened("memory://")
    assert brokers.check(broker) == "in this process"
    assert not brokers.is_hinted(broker, LANE)
    hint(broker)
    assert brokers.is_hinted(broker, LANE)


def test_a_messenger_goes_on_after_a_hint_that_it_could_not_carry(caplog):
    carried = []

    def carry(message):
        if message.queue_name == "bulk":
            raise ZeroDivisionError
        carried.append(message.queue_name)

    messenger = Messenger(carry, lambda: None)
    for lane in ("bulk", LANE):
        messenger.post(
            dramatiq.Message(
                queue_name=lane, actor_name=brokers.DELIVER, args=(), kwargs={}, options={}
            )
        )

    assert messenger.close()
    assert carried == [LANE]
    assert "hint lost: actor=deliver" in caplog.text


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError("away"), "away"),
        (AMQPConnectionError(), ""),
        (ConnectionClosed(AMQPConnectionError(OSError("away"))), "away"),
        (redis.ConnectionError("away"), "away"),
    ],
)
def test_the_innermost_error_says_what_is_the_matter(error, cause):
    assert str(find_cause(error)) == cause
