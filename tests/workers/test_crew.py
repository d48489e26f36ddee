"""How many threads of a process send bulk mail at the same time."""

import threading
import time

from workers import crew
from workers.crew import Crew


def spend(seconds):
    """Keep a core busy."""
    ends = time.process_time() + seconds
    while time.process_time() < ends:
        pass


def test_a_thread_helps_while_the_others_mostly_wait():
    some = Crew(threading.BoundedSemaphore(2))
    assert some.join()
    time.sleep(crew.SAMPLE_SECONDS)

    assert some.join()
    assert not some.join()  # no third one is to spare
    some.leave()
    assert some.join()


def test_nobody_helps_where_one_thread_keeps_the_process_busy(monkeypatch):
    monkeypatch.setattr(crew, "SATURATED", 0.01)  # on a machine where others take most of it
    some = Crew(threading.BoundedSemaphore(2))
    assert some.join()
    spend(crew.SAMPLE_SECONDS)

    assert not some.join()
    some.leave()
    assert some.join()  # the first one always may
