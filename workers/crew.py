"""How many threads of a process send bulk mail at the same time."""

import threading
import time

SATURATED = 0.6
"""The share of one core from which on another thread would only take turns with the others."""
SAMPLE_SECONDS = 0.2


class Crew:
    """The threads of this process that send bulk mail: more than one only while they mostly wait.

    A relay that takes its time is sent to over several connections. One that answers at once keeps
    the interpreter busy with one thread, and several would be slower than that one.
    """

    def __init__(self, spare: threading.Semaphore) -> None:
        self._spare = spare
        self._guard = threading.Lock()
        self._senders = 0
        self._is_saturated = False
        self._seen_at, self._used = time.perf_counter(), time.process_time()

    def join(self) -> bool:
        """Begin to send, if there is a thread to spare and it would be of use."""
        with self._guard:
            self._look()
            if self._senders and self._is_saturated:
                return False
            if not self._spare.acquire(blocking=False):
                return False
            self._senders += 1
            return True

    def leave(self) -> None:
        """End to send."""
        with self._guard:
            self._senders -= 1
        self._spare.release()

    def _look(self) -> None:
        """Find how busy the process was since the last look."""
        now, used = time.perf_counter(), time.process_time()
        elapsed = now - self._seen_at
        if elapsed >= SAMPLE_SECONDS:
            self._is_saturated = used - self._used > SATURATED * elapsed
            self._seen_at, self._used = now, used
