"""The command that serves the pages, and in one process the worker and the timer with them."""

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from wsgiref.types import WSGIApplication

import click
from gunicorn.app.base import BaseApplication

import config
import workers
from config import Settings
from webinars.cli import demo
from webinars.cli.edge import make_data_dir, open_checked
from webinars.cli.serverlogs import PagesServer, ThroughOurs
from webinars.cli.working import check_intake, is_embedded
from webinars.errors import AddressInUse, SettingRefused
from webinars.runtime import Runtime
from webinars.web import create_app
from workers.stopping import Stop

THREADS = 16
"""Of one process that serves pages."""
HAND_OVER_SECONDS = 0.0005
"""How soon a thread gives way to another that waits. Whoever changes something on SQLite keeps the
others from it, and comes back from each statement to a queue for the interpreter: with Python's own
5 ms a registration of ten statements would hold the lock fifty."""
ANY_ADDRESS = {"0.0.0.0", "::", ""}


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Of pages; more than one needs Redis or RabbitMQ, and PostgreSQL.",
)
@click.option("--with-examples", is_flag=True, help="Load the example events on the first run.")
def serve(host: str, port: int, processes: int, with_examples: bool) -> None:
    """Serve the pages; with the memory broker the worker and the timer too."""
    settings = read_settings(host, port)
    if is_embedded(settings) and processes > 1:
        raise SettingRefused(
            "WEBINARS_BROKER_URL",
            "is memory://, which means exactly one process",
            config.EXAMPLES["broker_url"],
        )
    if is_embedded(settings):
        check_intake(settings)
    with alone(settings) if is_embedded(settings) else nullcontext():
        if processes == 1:
            serve_in_threads(settings, host, port, with_examples=with_examples)
        else:
            runtime = open_checked(settings)
            greet(runtime, with_examples=with_examples)
            runtime.close()
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            Processes(settings, address, processes).run()


def read_settings(host: str, port: int) -> Settings:
    """Read the settings; the address served is the base of every link unless another is set."""
    settings = config.read()
    if "base_url" in settings.model_fields_set:
        return settings
    shown = "127.0.0.1" if host in ANY_ADDRESS else f"[{host}]" if ":" in host else host
    return config.read(base_url=f"http://{shown}:{port}")


def greet(runtime: Runtime, *, with_examples: bool) -> None:
    """Say where the pages are; on the first run make the examples and who organises them."""
    password = demo.start(runtime) if with_examples else None
    base = runtime.settings.base_url
    signs_in = f" {demo.ORGANISER}{f' {password}' if password else ''}" if with_examples else ""
    click.echo(f"Pages: {base}/")
    click.echo(f"Organisers: {base}/organiser/{signs_in}")
    if runtime.settings.outbox_dir is not None:
        click.echo(f"Outbox: {base}/outbox")


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Let no second process serve with the memory broker on the same data.

    :raises SettingRefused: one does already.
    """
    make_data_dir(settings)
    with open(settings.data_dir / "serve.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingRefused(
                "WEBINARS_DATA_DIR", "another process serves from it already", "/var/lib/other"
            ) from None
        yield


def serve_in_threads(settings: Settings, host: str, port: int, *, with_examples: bool) -> None:
    """Serve from this process until it is told to stop; told so early, it stops once it has begun.

    :raises AddressInUse: something else listens there.
    """
    with stopping_on_signals() as stop:
        runtime = open_checked(settings)
        sys.setswitchinterval(HAND_OVER_SECONDS)
        server = listen(create_app(runtime), host, port)
        greet(runtime, with_examples=with_examples)
        background = workers.start(runtime) if is_embedded(settings) else None
        threading.Thread(target=_stop_when_told, args=(stop, server), daemon=True).start()
        try:
            server.serve()
        finally:
            stop.set()
            if background is not None:
                background.stop()
            runtime.close()


def listen(app: WSGIApplication, host: str, port: int) -> PagesServer:
    """Return a server that has taken its place at a port.

    :raises AddressInUse: something else listens there.
    """
    server = PagesServer((host, port), app, numthreads=THREADS, request_queue_size=128)
    try:
        server.prepare()
    except OSError as error:
        raise AddressInUse(host, port) from error
    return server


def _stop_when_told(stop: Stop, server: PagesServer) -> None:
    stop.wait()
    server.stop()


@contextmanager
def stopping_on_signals() -> Iterator[Stop]:
    """Hand out an event that SIGTERM and SIGINT set."""
    stop = Stop()

    def tell(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    former = {number: signal.signal(number, tell) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class Processes(BaseApplication):  # type: ignore[misc]
    """Several processes that serve pages, each with a runtime of its own."""

    def __init__(self, settings: Settings, address: str, processes: int) -> None:
        self.settings = settings
        self.options = {
            "bind": address,
            "workers": processes,
            "worker_class": "gthread",
            "threads": 4,  # more only wait for each other: see `make bench ONLY=servers`
            "timeout": 60,
            "keepalive": 5,
            "logger_class": ThroughOurs,
            # It would lie in a home folder, which a service has none of, one for all that run.
            "control_socket_disable": True,
            # On a small disk or a slow one, a heartbeat in a file would stall the processes.
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand over how to serve."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Make the application, in the process that will serve it."""
        return create_app(open_checked(self.settings))
