"""A service whose clock is set by the test, and whose mailbox is a list."""

from dataclasses import replace

import pytest

from tests.workers.conftest import Mailbox, StandingClock, make_settings
from webinars.runtime import open_runtime


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def runtime(sqlite_url, tmp_path, clock, mailbox):
    """Open a runtime on SQLite."""
    opened = replace(open_runtime(make_settings(sqlite_url, tmp_path), clock), transport=mailbox)
    yield opened
    opened.close()


@pytest.fixture
def any_runtime(any_database_url, tmp_path, clock, mailbox):
    """Open a runtime on each engine in turn."""
    settings = make_settings(any_database_url, tmp_path)
    opened = replace(open_runtime(settings, clock), transport=mailbox)
    yield opened
    opened.close()
