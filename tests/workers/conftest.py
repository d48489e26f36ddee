"""Workers on a real database, with a clock that is set and a mailbox that is a list."""

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from config import Settings
from tests.factories import NOW
from webinars.mail.messages import RelayDown
from webinars.mail.replies import Fate, Result
from webinars.runtime import open_runtime

TAKEN = Result(Fate.ACCEPTED, "250 taken")
SECRET = "a secret of the tests, long enough to sign with"


@dataclass
class StandingClock:
    """A clock that shows what it was set to."""

    now: datetime = NOW

    def __call__(self):
        return self.now


@dataclass
class Mailbox:
    """A transport that keeps what it is given.

    `obey` may say what comes of a recipient's message, or wait, or raise that the relay is down.
    """

    taken: list[str] = field(default_factory=list)
    messages: dict[str, bytes] = field(default_factory=dict)
    obey: object = None
    relays: tuple[str, ...] = ("list",)
    rates: dict[str, int] = field(default_factory=dict)
    down: dict[str, str] = field(default_factory=dict)
    """By relay, what one that takes nothing says."""
    saw: object = None
    """Called with each message, taken or not."""
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def send(self, relay, messages, watcher):
        if relay in self.down:
            next(iter(messages))
            raise RelayDown(self.down[relay])
        for message in messages:
            if self.saw is not None:
                self.saw(message.content)
            result = (self.obey and self.obey(message.recipient)) or TAKEN
            watcher.before_body(message)
            watcher.after_dot(message)
            if result.fate is Fate.ACCEPTED:
                with self._guard:
                    self.taken.append(message.recipient)
                    self.messages[message.name] = message.content
            watcher.settle(message, result)

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
