"""Servers to choose from, each started on its own with the same application.

`python -m tests.benchmarks.servers gunicorn tests.benchmarks.bare:create_app 8001 2 4` serves with
two processes of four threads.
"""

import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import world
from tests.benchmarks.world import World

ROOT = Path(__file__).parents[2]
BACKLOG = 256
START_SECONDS = 20.0
STOP_SECONDS = 15.0


def find_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Server:
    """A server with its number of processes and of threads in each."""

    name: str
    processes: int
    threads: int

    @property
    def size(self) -> str:
        """Say how many processes and threads."""
        return f"{self.processes} × {self.threads}"


FOR_ONE = Server("cheroot", 1, 16)
FOR_MANY = Server("gunicorn", 2, 4)
"""What `webinars serve` serves with, in one process and in many."""


@contextmanager
def run(made: World, server: Server, app: str) -> Iterator[int]:
    """Serve an application until the block ends; yield its port."""
    port = find_port()
    words = [server.name, app, port, server.processes, server.threads]
    command = [sys.executable, "-m", "tests.benchmarks.servers", *map(str, words)]
    with _process(made, command) as process:
        _wait_until_it_answers(process, port, made)
        yield port


@contextmanager
def serve(made: World, processes: int) -> Iterator[int]:
    """Run `webinars serve` until the block ends; yield its port."""
    port = find_port()
    with _process(
        made, [world.WEBINARS, "serve", f"--port={port}", f"--processes={processes}"]
    ) as process:
        _wait_until_it_answers(process, port, made)
        yield port


@contextmanager
def part(made: World, *words: str) -> Iterator[None]:
    """Run the worker or the timer until the block ends."""
    with _process(made, [world.WEBINARS, *words]):
        yield


@contextmanager
def _process(made: World, command: Sequence[str]) -> Iterator[subprocess.Popen]:
    with made.log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **made.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_it_answers(process: subprocess.Popen, port: int, made: World) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"it did not start:\n{made.log.read_text(errors='replace')[-2000:]}")


def _serve_granian(app: str, port: int, processes: int, threads: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        backlog=BACKLOG,
        factory=True,
        log_access=False,
    ).serve()


def _serve_gunicorn(app: str, port: int, processes: int, threads: int) -> None:
    from gunicorn.app.wsgiapp import WSGIApplication

    kind = "sync" if threads == 1 else "gthread"
    sys.argv = ["gunicorn", f"--bind=127.0.0.1:{port}", f"--workers={processes}"]
    sys.argv += [f"--worker-class={kind}", f"--threads={threads}", f"--backlog={BACKLOG}"]
    sys.argv += ["--log-level=warning", f"{app}()"]
    WSGIApplication().run()


def _serve_waitress(app: str, port: int, processes: int, threads: int) -> None:
    import waitress

    waitress.serve(_make(app), host="127.0.0.1", port=port, threads=threads, backlog=BACKLOG)


def _serve_cheroot(app: str, port: int, processes: int, threads: int) -> None:
    from cheroot.wsgi import Server

    server = Server(("127.0.0.1", port), _make(app), numthreads=threads, request_queue_size=BACKLOG)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server.start()


def _make(app: str):
    module, _, factory = app.partition(":")
    return getattr(importlib.import_module(module), factory)()


SERVERS = {
    "granian": _serve_granian,
    "gunicorn": _serve_gunicorn,
    "waitress": _serve_waitress,
    "cheroot": _serve_cheroot,
}

if __name__ == "__main__":
    name, app, port, processes, threads = sys.argv[1:]
    SERVERS[name](app, int(port), int(processes), int(threads))
