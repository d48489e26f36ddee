"""Several workers below one process that watches over them."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

import workers
from tests.workers.conftest import make_settings
from webinars.runtime import open_runtime

FORKING = multiprocessing.get_context("forkserver")
PATIENCE_SECONDS = 20


def watch_over(settings):
    workers.run_worker(lambda: open_runtime(settings), processes=2, threads=2)


def list_children(pid):
    try:
        return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    except FileNotFoundError:
        return set()


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition):
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def parent(sqlite_url, tmp_path):
    """Start a process that watches over two workers."""
    process = FORKING.Process(target=watch_over, args=(make_settings(sqlite_url, tmp_path),))
    process.start()
    assert wait_until(lambda: len(list_children(process.pid)) == 2)
    yield process
    process.kill()
    process.join()


def test_a_worker_that_dies_has_a_successor_and_all_end_with_the_one_that_watches(parent):
    first = list_children(parent.pid)
    os.kill(min(first), signal.SIGKILL)
    assert wait_until(lambda: len(list_children(parent.pid) - {min(first)}) == 2)
    last = list_children(parent.pid)

    parent.terminate()
    parent.join(PATIENCE_SECONDS)

    assert parent.exitcode == 0
    assert not any(is_alive(one) for one in last)


def test_workers_end_when_nobody_watches_over_them_any_more(parent):
    children = list_children(parent.pid)

    parent.kill()

    assert wait_until(lambda: not any(is_alive(one) for one in children))
