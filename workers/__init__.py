"""The background: actors that drain the lanes, and the timer that finds what a lost hint forgot.

`start` puts all of it beside the pages, in their process; `run_worker` and `run_timer` are the
parts apart. Told to stop, a worker finishes the message in hand and gives the others back.
"""

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.context import ForkProcess
from typing import Self

from dramatiq import Worker

from webinars.models import Lane
from webinars.runtime import Runtime
from workers import imports, mail, papers, schedule, upkeep
from workers.crew import Crew
from workers.stopping import Stop, listen_for_stop

logger = logging.getLogger(__name__)

THREADS = 4
FEWEST_THREADS = 2
"""One is kept for prompt mail: a confirmation never waits behind a bulk mailing."""
IDLE_MS = 200
"""How often an idle worker looks whether the broker has a hint."""
WATCH_SECONDS = 1
REPLAY_SECONDS = 5
"""How often a worker looks for the journals of this machine's dead: its timer may be elsewhere."""


class Background:
    """Worker threads of this process, and perhaps its timer, until they are told to stop."""

    def __init__(self, runtime: Runtime, *, threads: int = THREADS, timer: bool = False) -> None:
        self.stopping = Stop()
        threads = max(threads, FEWEST_THREADS)
        spare = threading.BoundedSemaphore(threads - 1)
        crew = Crew(spare)
        mail.bind(runtime, self.stopping, crew)
        upkeep.bind(runtime, spare)
        papers.bind(runtime, self.stopping, spare)
        imports.bind(runtime, spare)
        self._worker = Worker(runtime.broker, worker_threads=threads, worker_timeout=IDLE_MS)
        self._threads = [
            threading.Thread(target=mail.look, args=(runtime, lane, self.stopping, crew))
            for lane in Lane
        ]
        if timer:
            self._threads.append(
                threading.Thread(target=schedule.run, args=(runtime, self.stopping), name="timer")
            )
        self._worker.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is in hand, give the rest back, and end."""
        self.stopping.set()
        self._worker.stop()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(runtime: Runtime, *, threads: int = THREADS) -> Background:
    """Start worker and timer beside the pages, in this process."""
    return Background(runtime, threads=threads, timer=True)


def run_worker(
    open_it: Callable[[], Runtime], *, processes: int = 1, threads: int = THREADS
) -> None:
    """Send mail until told to stop; with several processes, watch over them.

    :param open_it: opens the runtime, in the process that will use it.
    """
    stop = listen_for_stop()
    if processes > 1:
        _watch_over(open_it, processes, threads, stop)
    else:
        _work(open_it, threads, stop)


def run_timer(runtime: Runtime, stop: Stop) -> None:
    """Be the timer until told to stop."""
    schedule.run(runtime, stop)


def purge(runtime: Runtime) -> upkeep.Purged:
    """Do the night's work now."""
    return upkeep.purge(runtime)


def _work(open_it: Callable[[], Runtime], threads: int, stop: Stop) -> None:
    """Be a worker until told to stop."""
    runtime = open_it()
    schedule.attempt(schedule.replay_journals, runtime)
    with Background(runtime, threads=threads):
        while not stop.wait(REPLAY_SECONDS):
            schedule.attempt(schedule.replay_journals, runtime)
    runtime.close()


def _watch_over(open_it: Callable[[], Runtime], processes: int, threads: int, stop: Stop) -> None:
    """Keep so many workers alive until told to stop, and wait for them to end."""
    workers: list[ForkProcess] = []
    while not stop.wait(WATCH_SECONDS if workers else 0):
        for dead in [one for one in workers if not one.is_alive()]:
            logger.warning("worker died: exit=%s", dead.exitcode)
            workers.remove(dead)
        while len(workers) < processes:
            workers.append(_fork(open_it, threads))
    for one in workers:
        one.terminate()
    for one in workers:
        while one.is_alive():  # when it was told, it may not have listened yet
            one.terminate()
            one.join(WATCH_SECONDS)


def _fork(open_it: Callable[[], Runtime], threads: int) -> ForkProcess:
    # This process has opened nothing yet, and has no other thread: there is nothing to share.
    process = multiprocessing.get_context("fork").Process(
        target=_work_below, args=(open_it, threads, os.getpid())
    )
    process.start()
    return process


def _work_below(open_it: Callable[[], Runtime], threads: int, parent: int) -> None:
    """Be one of several workers, as long as the process that watches over them lives."""
    stop = listen_for_stop()

    def watch() -> None:
        while os.getppid() == parent and not stop.wait(WATCH_SECONDS):
            pass
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
    _work(open_it, threads, stop)
