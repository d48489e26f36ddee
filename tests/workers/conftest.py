"""Workers on a real database, with a clock that is set and a mailbox that is a list."""

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from config import Settings
from tests.factories import NOW
from webinars.runtime import open_runtime

SECRET = "a secret of the tests, long enough to sign with"


@dataclass
class StandingClock:
    """A clock that shows what it was set to."""

    now: datetime = NOW

    def __call__(self):
        return self.now


@dataclass
class Mailbox:
    """A transport that keeps what it is given; `obey` may raise, or wait, for a recipient."""

    taken: list[str] = field(default_factory=list)
    messages: dict[str, bytes] = field(default_factory=dict)
    obey: object = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def send(self, recipient, message, name, watcher=None):
        if watcher is not None:
            watcher.before_dot()
            watcher.after_dot()
        if self.obey is not None:
            self.obey(recipient)
        with self._guard:
            self.taken.append(recipient)
            self.messages[name] = message
        return "250 taken"

    def check(self):
        return "a list"

    def close(self):
        pass


def make_settings(url, folder):
    return Settings(
        database_url=url,
        mail_url=f"file:{folder}/outbox",
        data_dir=folder / "data",
        secret_key=SECRET,
        base_url="https://webinaires.example.org",
        mail_from="Webinaires <webinaires@example.org>",
    )


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
