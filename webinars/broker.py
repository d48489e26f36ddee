"""The dramatiq broker from the settings, one a process.

Messages are hints that there is work in a lane. They carry no time, are never retried and may be
lost or doubled without harm: the rows are the queue.
"""

import logging
from urllib.parse import urlsplit

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import BrokerError
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

UPKEEP = "upkeep"
QUEUES = ("prompt", "bulk", UPKEEP)
DELIVER = "deliver"
PURGE = "purge"

HINT_FAULTS = (BrokerError, redis.RedisError, OSError)
"""What a broker that is away may raise: a hint that fails is only a hint."""


def open_broker(url: str) -> dramatiq.Broker:
    """Return a new broker for a `memory://` or `redis://…` address and make it dramatiq's own.

    Without dramatiq's middleware: no retries, for rows have their own; no time limit, for it could
    strike between the relay's answer and the commit.
    """
    broker: dramatiq.Broker
    if urlsplit(url).scheme == "memory":
        broker = StubBroker(middleware=[])
    else:
        broker = RedisBroker(client=_open_redis(url), middleware=[])  # type: ignore[no-untyped-call]
    for queue in QUEUES:
        broker.declare_queue(queue)
    dramatiq.set_broker(broker)
    return broker


def _open_redis(url: str) -> redis.Redis:
    # Fail at once when Redis is away: nobody who registers waits for a hint.
    return redis.Redis.from_url(
        url, socket_connect_timeout=1, socket_timeout=5, retry=Retry(NoBackoff(), 0)
    )


def hint(broker: dramatiq.Broker, queue: str, actor: str, *args: str | int) -> None:
    """Say that there is work for an actor; a broker that is away costs a line in the log."""
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=queue, actor_name=actor, args=args, kwargs={}, options={}
    )
    try:
        broker.enqueue(message)
    except HINT_FAULTS as error:
        logger.warning("hint lost: actor=%s error=%s", actor, type(error).__name__)


def is_hinted(broker: dramatiq.Broker, queue: str) -> bool:
    """Tell whether a hint waits there that no worker has taken yet: another would say no more."""
    if isinstance(broker, StubBroker):
        return not broker.queues[queue].empty()
    try:
        return bool(broker.client.llen(f"{broker.namespace}:{queue}"))  # type: ignore[attr-defined]
    except HINT_FAULTS:
        return False


def check(broker: dramatiq.Broker) -> str:
    """Try whether the broker answers, and return what it is.

    :raises redis.RedisError: it does not.
    """
    if isinstance(broker, RedisBroker):
        broker.client.ping()
        return "redis"
    return "in this process"
