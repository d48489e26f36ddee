"""Reading what comes back, every minute, in a thread of its own: a mail server may keep it busy.

A message is fetched, written down, committed, and only then marked as seen: whatever is killed in
between, it is read again, and a report read twice is one. Several readers of one mailbox do no
harm. Letters of people are left unread.
"""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy.exc import InterfaceError, OperationalError

from webinars import bounces, calendar_replies
from webinars.calendar_replies import Noted
from webinars.mail import calendar_replies as replies
from webinars.mail.intake import Source, SourceAway, open_source
from webinars.mail.reports import Ignored, read
from webinars.models import Lane
from webinars.runtime import Runtime
from workers.stopping import Stop

logger = logging.getLogger(__name__)

EVERY_SECONDS = 60
ROUND = 200
"""How many messages are read before the mailbox is looked at anew."""
PATIENCE_SECONDS = 5
"""How long the end waits for a mail server that does not answer: nothing is lost by leaving."""
MOST_STUMBLES = 3
"""How often a mail server may fall silent over one message before that one is passed over."""
OUTAGES = (InterfaceError, OperationalError)
"""What says that the database is away, or was too busy: the message is not to blame."""

SKIPPED = "skipped"
"""Counts what could not be read, or not be written down."""

Counts = Counter[str]
"""How many messages said what: words of `Recorded`, `Noted` and `Ignored`, and `skipped`."""


class Taken(NamedTuple):
    """What a message was: a word of `Counts`, and what it is about."""

    said: str
    about: str = ""
    """`delivery=81`, `registration=17`; empty: nothing that is here."""

    def __str__(self) -> str:
        return f"{self.said}: {self.about.replace('=', ' ')}" if self.about else self.said


class Reader:
    """Who reads the mailbox of the settings; it remembers what it has left there."""

    def __init__(self, runtime: Runtime, stop: Stop | None = None) -> None:
        self.runtime = runtime
        self.stop = stop or Stop()
        self._known: set[str] = set()
        """What is unread there and was looked at: letters, and what could not be read."""
        self._stumbles: Counter[str] = Counter()

    def read_all(self) -> Counts:
        """Read what has come, and tell what it was.

        :raises SourceAway: the mailbox cannot be read.
        """
        counts: Counts = Counter()
        while (some := self.read_round()).total():
            counts += some
        return counts

    def read_round(self) -> Counts:
        """Read some of what has come, and tell what it was; nothing when that was all.

        :raises SourceAway: the mailbox cannot be read.
        """
        counts: Counts = Counter()
        with open_source(self.runtime.settings.intake_url) as source:
            unread = source.list_unread()
            self._known.intersection_update(unread)
            for key in [key for key in unread if key not in self._known][:ROUND]:
                if self.stop.is_set():
                    break
                counts[self._read_one(source, key)] += 1
                self._known.add(key)
        return counts

    def _read_one(self, source: Source, key: str) -> str:
        try:
            message = self._fetch(source, key)
            taken = Taken(SKIPPED) if message is None else take(self.runtime, message)
        except (SourceAway, *OUTAGES):
            raise
        except Exception as error:  # the others are to be read all the same
            logger.error("report skipped: message=%s error=%s", key, type(error).__name__)
            return SKIPPED
        if taken.about:
            logger.info("report recorded: %s said=%s", taken.about, taken.said)
        if taken.said not in {SKIPPED, Ignored.LETTER}:
            source.mark(key)
        return taken.said

    def _fetch(self, source: Source, key: str) -> bytes | None:
        try:
            message = source.fetch(key)
        except SourceAway:
            self._stumbles[key] += 1
            if self._stumbles[key] >= MOST_STUMBLES:
                self._known.add(key)
            raise
        if message is None:
            logger.warning("report not to be had: message=%s", key)
        return message


def take(runtime: Runtime, message: bytes) -> Taken:
    """Write down what a message reports or answers, and tell what it was."""
    report = read(message, runtime.links)
    if report is Ignored.CALENDAR:
        return _take_answer(runtime, message)
    if isinstance(report, Ignored):
        return Taken(report)
    with runtime.transaction() as tx:
        recorded = bounces.record(tx, report, now=runtime.now())
    return Taken(recorded, f"delivery={report.delivery_id}")


def _take_answer(runtime: Runtime, message: bytes) -> Taken:
    """Note what a calendar answers, where it is to an invitation of ours."""
    answer = replies.read(message, runtime.links)
    if answer is None:
        return Taken(Ignored.CALENDAR)
    with runtime.transaction() as tx:
        noted, registration_id = calendar_replies.record(tx, answer, now=runtime.now())
    if noted is Noted.DECLINED:
        runtime.wake(Lane.PROMPT)
    return Taken(noted, "" if registration_id is None else f"registration={registration_id}")


def read_intake(runtime: Runtime) -> Counts:
    """Read what has come to the mailbox of the settings.

    :raises SourceAway: the mailbox cannot be read.
    """
    return Reader(runtime).read_all()


@contextmanager
def reading_beside(runtime: Runtime, stop: Stop) -> Iterator[None]:
    """Read the mailbox of the settings, if they name one, for as long as the block lasts.

    :param stop: is set when the block ends.
    """
    if not runtime.settings.intake_url:
        yield
        return
    thread = threading.Thread(target=_watch, args=(runtime, stop), name="intake", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join(PATIENCE_SECONDS)


def _watch(runtime: Runtime, stop: Stop) -> None:
    reader = Reader(runtime, stop)
    while not stop.is_set():
        if not _attempt(reader):
            stop.wait(EVERY_SECONDS)


def _attempt(reader: Reader) -> bool:
    """Read a round, and tell whether there may be more; what goes wrong is one line in the log."""
    try:
        counts = reader.read_round()
    except SourceAway as error:
        logger.warning("intake away: %s", error.reason)
        return False
    except Exception as error:  # the next round tries again
        logger.error("intake failed: error=%s", type(error).__name__)
        return False
    if counts:
        logger.info("intake read: %s", say(counts))
    return counts.total() >= ROUND


def say(counts: Counts) -> str:
    """Return counts as one line of words and numbers."""
    return " ".join(f"{word}={number}" for word, number in sorted(counts.items())) or "nothing"
