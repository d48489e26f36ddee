"""Being told to stop by a signal, from a handler that interrupts whoever waits for it."""

import math
import queue
import signal
import time
from contextlib import suppress

SLICE_SECONDS = 1
"""A signal between the last look and the wait interrupts neither: who waits looks again so soon."""


class Stop:
    """Whether this process is asked to end; a signal handler may set it at any instant.

    A `threading.Event` may not be set there: the handler runs in the thread that it interrupts, and
    where that one holds the event's lock, on its way into `wait` or out of it, both wait for ever.
    The queue below is one that may be interrupted by itself (Python's `queue.SimpleQueue`).
    """

    def __init__(self) -> None:
        self._is_set = False
        self._told: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        """Ask everyone who waits, and who will, to end."""
        self._is_set = True
        self._told.put(None)

    def is_set(self) -> bool:
        """Tell whether the end was asked for."""
        return self._is_set

    def wait(self, timeout: float = math.inf) -> bool:
        """Wait until the end is asked for, or so many seconds, and tell whether it was."""
        ends = time.monotonic() + timeout
        while not self._is_set and (left := ends - time.monotonic()) > 0:
            with suppress(queue.Empty):
                self._told.get(timeout=min(left, SLICE_SECONDS))
                self._told.put(None)  # for whoever else waits
        return self._is_set


def listen_for_stop() -> Stop:
    """Return what is set once this process is asked to end."""
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
