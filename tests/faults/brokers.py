"""The brokers of a service that is to be hurt: each can lose all that it holds, or its life."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from pika.exceptions import ChannelClosed

from tests.benchmarks.servers import find_port
from tests.conftest import REDIS_URL, connect_to_rabbitmq, holding_queues
from webinars.broker import QUEUES

START_SECONDS = 20.0


class InProcess:
    """The memory of one process: it is killed with it."""

    url = "memory://"
    is_apart = False

    def forget(self) -> None:
        """Lose nothing: there is nothing outside."""


class Redis:
    """A server of its own, which is killed; or a database of the common one, which is emptied."""

    is_apart = True

    def __init__(self, folder: Path) -> None:
        self._program = shutil.which("redis-server")
        self._folder = folder
        self._port = find_port()
        self._process: subprocess.Popen | None = None
        if self._program:
            self.url = f"redis://127.0.0.1:{self._port}/0"
            self._start()
        else:
            self.url = _find_empty()

    def forget(self) -> None:
        """Lose every hint; where the server is its own, by its death."""
        if self._process is not None:
            self._kill()
            self._start()
        else:
            with redis.Redis.from_url(self.url) as client:
                client.flushdb()

    def close(self) -> None:
        """End it, or leave the database as it was."""
        if self._process is not None:
            self._kill()
        else:
            self.forget()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", ""],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
                return
            except redis.RedisError:
                time.sleep(0.02)
        raise RuntimeError("redis-server did not start")

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()


class RabbitMQ:
    """Queues of its own on the common server: what stands in them is thrown away."""

    is_apart = True

    def __init__(self, url: str) -> None:
        self.url = url
        self._prefix = url.partition("prefix=")[2]

    def forget(self) -> None:
        """Lose every hint that no worker has fetched yet."""
        with connect_to_rabbitmq() as connection:
            for queue in QUEUES:
                with suppress(ChannelClosed):  # nobody has declared it yet
                    connection.channel().queue_purge(f"{self._prefix}{queue}")


@contextmanager
def find(kind: str, folder: Path) -> Iterator[InProcess | Redis | RabbitMQ]:
    """Yield a broker: `memory`, `redis` or `rabbitmq`."""
    if kind == "memory":
        yield InProcess()
    elif kind == "rabbitmq":
        with holding_queues() as url:
            yield RabbitMQ(url)
    else:
        server = Redis(folder)
        try:
            yield server
        finally:
            server.close()


def _find_empty() -> str:
    base = REDIS_URL.rsplit("/", 1)[0]
    for number in range(15, 0, -1):
        with redis.Redis.from_url(f"{base}/{number}") as client:
            if not client.dbsize():
                return f"{base}/{number}"
    raise RuntimeError("Redis has no empty database to test with")
