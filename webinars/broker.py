"""The dramatiq broker from the settings, one a process.

Messages are hints that there is work in a lane. They carry no time, are never retried and may be
lost or doubled without harm: the rows are the queue. So nobody ever waits for a broker of another
process: a thread of its own carries the hints there, and whoever listens while it is away tries
again in silence.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import dramatiq
import redis
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import BrokerError
from pika.exceptions import AMQPChannelError, AMQPError  # type: ignore[import-untyped]
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

Hint = dramatiq.Message[Any]

UPKEEP = "upkeep"
PAPERS = "papers"
QUEUES = ("prompt", "bulk", UPKEEP, PAPERS)
DELIVER = "deliver"
PURGE = "purge"
PRINT = "print"
BRING_IN = "bring-in"

FAULTS = (BrokerError, redis.RedisError, AMQPError, OSError)
"""What a broker that is away may raise: a hint that fails is only a hint."""

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 5.0
HEARTBEAT_SECONDS = 20
"""So soon a connection to a RabbitMQ that does not answer any more is given up."""
IDLE_SECONDS = 10
"""How long a connection that carries no hints is kept: RabbitMQ would close it after a while."""
FAREWELL_SECONDS = 2
"""How long an end waits for the last hints to be carried."""


class Messenger:
    """Carries hints to a broker from a thread of its own, so that nobody who hints waits for it."""

    def __init__(self, carry: Callable[[Hint], None], rest: Callable[[], None]) -> None:
        self._carry = carry
        self._rest = rest
        self._box: queue.SimpleQueue[Hint | None] = queue.SimpleQueue()
        self._waiting: set[str] = set()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def post(self, message: Hint) -> None:
        """Have a hint carried; one for each queue says it all."""
        with self._guard:
            if self._is_closed or message.queue_name in self._waiting:
                return
            self._waiting.add(message.queue_name)
            self._box.put(message)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="messenger", daemon=True)
                self._thread.start()

    def has(self, queue_name: str) -> bool:
        """Tell whether a hint for a queue has not been carried yet."""
        return queue_name in self._waiting

    def close(self) -> bool:
        """Carry the last hints, and tell whether that was done in time."""
        with self._guard:
            self._is_closed = True
            self._box.put(None)
        if self._thread is None:
            return True
        self._thread.join(FAREWELL_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (message := self._take()) is not None:
            # Not later: what is committed from now on is to be hinted at anew.
            self._waiting.discard(message.queue_name)
            try:
                self._carry(message)
            except Exception:  # a hint is only a hint, and there are others to carry
                logger.exception("hint lost: actor=%s", message.actor_name)
        self._rest()

    def _take(self) -> Hint | None:
        try:
            return self._box.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            self._rest()
            return self._box.get()


class Distant(dramatiq.Broker):
    """A broker of another process: it may be away, and nobody waits for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.messenger = Messenger(self._carry, self.rest)
        self._is_away = False

    def count_waiting(self, queue_name: str) -> int:
        """Count the hints that no worker has taken yet."""
        raise NotImplementedError

    def ask(self) -> str:
        """Try whether the broker answers, and return what it is."""
        raise NotImplementedError

    def rest(self) -> None:
        """Let go of this thread's connection."""

    def name(self, queue_name: str) -> str:
        """Return what a queue is called there."""
        return queue_name

    def enqueue(self, message: Hint, *, delay: int | None = None) -> Hint:
        """Have a hint carried there."""
        self.messenger.post(message.copy(queue_name=self.name(message.queue_name)))
        return message

    def _carry(self, message: Hint) -> None:
        try:
            self._carry_once(message)
        except FAULTS:  # it may only be an old connection that has ended meanwhile
            self.rest()
            try:
                self._carry_once(message)
            except FAULTS as error:
                self.rest()
                self.note_fault(error)

    def _carry_once(self, message: Hint) -> None:
        if not self.count_waiting(message.queue_name):
            super().enqueue(message)
        self.note_answer()

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30000) -> Consumer:
        """Listen to a queue; while the broker is away nothing is heard."""
        try:
            return Listener(super().consume(queue_name, prefetch, timeout), self)
        except FAULTS as error:
            self.note_fault(error)
            return Silence()
        finally:
            self.rest()

    def get_declared_delay_queues(self) -> set[str]:
        """Return none: time is never in the broker, so that nobody listens for it."""
        return set()

    def note_fault(self, error: BaseException) -> None:
        """Say once that the broker is away."""
        if not self._is_away:
            self._is_away = True
            cause = type(find_cause(error)).__name__
            logger.warning("broker is away, mail leaves without hints: error=%s", cause)

    def note_answer(self) -> None:
        """Say once that the broker is there again."""
        if self._is_away:
            self._is_away = False
            logger.warning("broker is there again")

    def close(self) -> None:
        """Carry the last hints, and close every connection."""
        if self.messenger.close():
            super().close()


class Listener(Consumer):
    """Listens to a queue until the broker goes away; dramatiq then asks for another one.

    An acknowledgement that gets lost doubles a hint, which does no harm: no thread waits for one.
    """

    def __init__(self, consumer: Consumer, broker: Distant) -> None:
        self._consumer = consumer
        self._broker = broker

    def __next__(self) -> MessageProxy | None:
        try:
            message = next(self._consumer)
        except FAULTS as error:
            self._broker.note_fault(error)
            raise StopIteration from None
        self._broker.note_answer()
        return message

    def ack(self, message: MessageProxy) -> None:
        """Say that a hint was followed."""
        with suppress(*FAULTS):
            self._consumer.ack(message)

    def nack(self, message: MessageProxy) -> None:
        """Say that a hint could not be followed."""
        with suppress(*FAULTS):
            self._consumer.nack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give hints back that nobody has followed."""
        with suppress(*FAULTS):
            self._consumer.requeue(messages)

    def close(self) -> None:
        """Stop listening."""
        with suppress(*FAULTS):
            self._consumer.close()
        connection = getattr(self._consumer, "connection", None)
        if connection is not None and connection.is_open:  # where only its channel had ended
            with suppress(*FAULTS):
                connection.close()


class Silence(Consumer):
    """Hears nothing: the broker is away, and dramatiq asks for another one in a moment."""

    def __next__(self) -> MessageProxy | None:
        raise StopIteration

    def ack(self, message: MessageProxy) -> None:
        """Do nothing: nobody is there to be told."""

    nack = ack

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Do nothing: whatever was on its way is hinted at again."""


class DistantRedis(Distant, RedisBroker):
    """Redis."""

    def __init__(self, url: str) -> None:
        # Fail at once when Redis is away: the next hint tries again.
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        super().__init__(client=client, middleware=[])

    def count_waiting(self, queue_name: str) -> int:
        """Count the hints that no worker has taken yet."""
        return int(self.client.llen(f"{self.namespace}:{queue_name}"))

    def ask(self) -> str:
        """Try whether Redis answers."""
        self.client.ping()
        return "redis"

    def close(self) -> None:
        """Carry the last hints, and close every connection."""
        super().close()
        self.client.close()


class DistantRabbit(Distant, RabbitmqBroker):
    """RabbitMQ; what it has confirmed, it keeps.

    `?prefix=…` in its address goes before the name of each queue, where several services share a
    virtual host.
    """

    def __init__(self, url: str) -> None:
        address, _, query = url.partition("?")
        self.prefix = dict(parse_qsl(query)).get("prefix", "")
        super().__init__(url=address, confirm_delivery=True, middleware=[])
        parameters: Any = self.parameters
        parameters.connection_attempts = 1
        parameters.socket_timeout = CONNECT_SECONDS
        parameters.stack_timeout = ANSWER_SECONDS
        parameters.blocked_connection_timeout = ANSWER_SECONDS
        parameters.heartbeat = HEARTBEAT_SECONDS

    def name(self, queue_name: str) -> str:
        """Return what a queue is called there: after the prefix."""
        return self.prefix + queue_name.removeprefix(self.prefix)

    def declare_queue(self, queue_name: str, *, ensure: bool = False) -> None:
        """Have a queue that is called so, after the prefix."""
        super().declare_queue(self.name(queue_name), ensure=ensure)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30000) -> Consumer:
        """Listen to a queue, which may have been lost with its server meanwhile."""
        self.queues_pending.add(queue_name)
        return super().consume(queue_name, prefetch, timeout)

    def count_waiting(self, queue_name: str) -> int:
        """Count the hints that no worker has taken yet."""
        self.declare_queue(queue_name, ensure=True)
        try:
            return int(self.channel.queue_declare(queue_name, passive=True).method.message_count)
        except AMQPChannelError:  # it is not there any more
            self.queues_pending.add(queue_name)
            self.rest()
            return 0

    def ask(self) -> str:
        """Try whether RabbitMQ answers."""
        try:
            self.connection.process_data_events(0)
        finally:
            self.rest()
        return "rabbitmq"

    def rest(self) -> None:
        """Let go of this thread's connection: the server would close it, unattended."""
        del self.connection


def open_broker(url: str) -> dramatiq.Broker:
    """Return a new broker for a `memory://`, `redis://…` or `amqp://…` address, and make it
    dramatiq's own.

    Without dramatiq's middleware: no retries, for rows have their own; no time limit, for it could
    strike between the relay's answer and the commit.
    """
    broker: dramatiq.Broker
    match urlsplit(url).scheme:
        case "memory":
            broker = StubBroker(middleware=[])
        case "amqp" | "amqps":
            broker = DistantRabbit(url)
        case _:
            broker = DistantRedis(url)
    for name in QUEUES:
        broker.declare_queue(name)
    dramatiq.set_broker(broker)
    return broker


def hint(broker: dramatiq.Broker, queue_name: str, actor: str, *args: str | int) -> None:
    """Say that there is work for an actor, without waiting for the broker to hear it."""
    message: Hint = dramatiq.Message(
        queue_name=queue_name, actor_name=actor, args=args, kwargs={}, options={}
    )
    try:
        broker.enqueue(message)
    except FAULTS as error:
        logger.warning("hint lost: actor=%s error=%s", actor, type(error).__name__)


def is_hinted(broker: dramatiq.Broker, queue_name: str) -> bool:
    """Tell whether a hint waits here that nobody has taken yet: another would say no more."""
    if isinstance(broker, Distant):
        return broker.messenger.has(broker.name(queue_name))
    return not broker.queues[queue_name].empty()


def check(broker: dramatiq.Broker) -> str:
    """Try whether the broker answers, and return what it is.

    :raises Exception: it does not.
    """
    if not isinstance(broker, Distant):
        return "in this process"
    try:
        return broker.ask()
    except FAULTS as error:
        raise find_cause(error) from None


def find_cause(error: BaseException) -> BaseException:
    """Return the innermost of errors that hold each other: it says what is the matter."""
    held = [getattr(error, "message", None), getattr(error, "exception", None), *error.args]
    inner = next((one for one in held if isinstance(one, BaseException)), None)
    return error if inner is None else find_cause(inner)
