"""Being told to stop while waiting for it."""

import multiprocessing
import signal
import threading

from workers.stopping import Stop

SPAWNING = multiprocessing.get_context("spawn")
TIMES = 400


def wait_while_told():
    """Wait again and again, told to stop by a signal somewhere on the way into waiting."""
    stop = Stop()
    signal.signal(signal.SIGALRM, lambda *_: stop.set())
    for turn in range(TIMES):
        stop = Stop()
        signal.setitimer(signal.ITIMER_REAL, (1 + turn % 100) / 1_000_000)
        stop.wait()


def test_a_signal_may_come_at_any_instant_of_the_waiting():
    process = SPAWNING.Process(target=wait_while_told)
    process.start()
    process.join(60)
    ended = process.exitcode
    process.kill()

    assert ended == 0


def test_everyone_who_waits_is_told():
    stop = Stop()
    waiting = [threading.Thread(target=stop.wait) for _ in range(3)]
    for one in waiting:
        one.start()

    stop.set()
    for one in waiting:
        one.join(20)

    assert not any(one.is_alive() for one in waiting)
    assert stop.is_set() and stop.wait(0)


def test_who_waits_in_vain_is_told_so():
    assert not Stop().wait(0.001)
