"""The parts of the service in processes of their own, to be killed by the tests."""

import importlib
import multiprocessing
import os
import signal
import sys
import threading
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import config
import workers
from webinars.clock import system_clock
from webinars.runtime import open_runtime
from workers import faults
from workers.stopping import listen_for_stop


class Part(StrEnum):
    """What a process does."""

    EVERYTHING = "everything"
    """Worker and timer, as they are beside the pages with the memory broker."""
    WORKER = "worker"
    TIMER = "timer"


def run(part: Part, environment: dict[str, str], log: Path, ahead) -> None:
    """Be a part of the service until told to stop.

    :param environment: the settings, and the fault.
    :param ahead: shared with the test: by how many seconds the clock is ahead of the real one.
    """
    for name in [name for name in os.environ if name.startswith("WEBINARS_")]:
        del os.environ[name]
    os.environ.update(environment)
    importlib.reload(faults)  # it was loaded, and read the variable, before this process began
    sys.stdout = sys.stderr = open(log, "a", buffering=1)
    config.set_up_logging()
    _end_with_the_test()

    def open_it():
        clock = lambda: system_clock() + timedelta(seconds=ahead.value)  # noqa: E731
        return open_runtime(config.read(), clock)

    _PARTS[part](open_it)


def _be_everything(open_it) -> None:
    stop = listen_for_stop()
    runtime = open_it()
    with workers.start(runtime):
        stop.wait()
    runtime.close()


def _be_timer(open_it) -> None:
    stop = listen_for_stop()
    runtime = open_it()
    workers.run_timer(runtime, stop)
    runtime.close()


_PARTS = {
    Part.EVERYTHING: _be_everything,
    Part.WORKER: workers.run_worker,
    Part.TIMER: _be_timer,
}


def _end_with_the_test() -> None:
    """Leave nothing behind when the test itself is killed."""
    test = multiprocessing.parent_process()

    def watch() -> None:
        test.join()
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
