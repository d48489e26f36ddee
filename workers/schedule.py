"""The only timer: every second it looks at what has become due, and finds what a hint forgot.

Each of its tasks can be done by two timers at once without harm, and one that fails does not keep
the others from being done.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from webinars import audiences, changes, claims, deliveries, events, list_reminders, waiting
from webinars import broker as brokers
from webinars.claims import LEASE
from webinars.imports import contacts as contact_imports
from webinars.mail import journal
from webinars.models import Lane
from webinars.papers import jobs
from webinars.runtime import Runtime
from workers import faults, imports, intake, papers, upkeep
from workers.stopping import Stop

logger = logging.getLogger(__name__)

TICK_SECONDS = 1
TICKS_A_MINUTE = 60
LONGEST_SILENCE = LEASE / 4
"""Between two answers of the database: in less, no lease that was just renewed expires."""
CHUNKS_A_TICK = 20
"""How many steps one mailing takes before the others have their turn."""


def run(runtime: Runtime, stop: Stop) -> None:
    """Look every second until told to stop, and once a minute at what takes longer."""
    attempt(look_at_zones, runtime)
    answers = Answers()
    with intake.reading_beside(runtime, stop):
        for turn in count():
            if stop.is_set():
                break
            if turn % TICKS_A_MINUTE == 0:
                attempt(expire, runtime)
                attempt(papers.forget_old, runtime)
                attempt(imports.remove_old, runtime)
            tick(runtime, answers)
            stop.wait(TICK_SECONDS)


def look_at_zones(runtime: Runtime) -> None:
    """Tell organisers of events whose instants are others by the zone data it was started with."""
    with runtime.transaction() as tx:
        added = changes.alert(tx, now=runtime.now())
    if added:
        logger.warning("zone data moved events: mails=%s", added)


class Answers:
    """Since when the database has answered a timer without a break.

    While it was away no worker could renew its lease, nor say what has left: only after answers for
    as long as a lease does an expired one prove anything.
    """

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._last: datetime | None = None

    def note(self, now: datetime) -> None:
        """Note an answer; what comes after a long silence is the first."""
        if not self._are_recent(now):
            self._since = now
        self._last = now

    def prove(self, now: datetime) -> bool:
        """Tell whether every worker that lives has had the time to say what became of its mails."""
        return self._are_recent(now) and self._since is not None and now - self._since >= LEASE

    def _are_recent(self, now: datetime) -> bool:
        return self._last is not None and timedelta() <= now - self._last <= LONGEST_SILENCE


def tick(runtime: Runtime, answers: Answers | None = None) -> None:
    """Look once at everything that time brings about.

    :param answers: Those of the database so far; `None`: nobody has kept count of them.
    """
    attempt(replay_journals, runtime)
    attempt(free_leases, runtime, answers or Answers())
    for task in TASKS:
        attempt(task, runtime)


def attempt(task: Callable[..., None], *given: object) -> None:
    """Do a task; what goes wrong is logged, and tried again by the next look."""
    try:
        task(*given)
    except Exception:  # the others are to be done all the same
        logger.exception("timer task failed: task=%s", task.__name__)


def replay_journals(runtime: Runtime) -> None:
    """Bring up to date what dead workers of this machine were sending."""
    for path in journal.list_paths(runtime.settings.journal_dir):
        try:
            _replay_journal(runtime, path)
        except Exception:  # one that cannot be read does not hold up the others
            logger.exception("journal not replayed: journal=%s", path.name)


def _replay_journal(runtime: Runtime, path: Path) -> None:
    with journal.take_remains(path) as remains:
        if remains is None:
            return
        with runtime.transaction() as tx:
            replayed = claims.replay(tx, remains, now=runtime.now())
        logger.warning("journal replayed: deliveries=%s", replayed)


def free_leases(runtime: Runtime, answers: Answers) -> None:
    """Take back what workers that are not heard of any more were sending.

    One of this machine may only have slept, or its clock was set: its journal says what has left.
    One of another machine may live: it is waited for until the answers of the database prove that
    it does not.
    """
    now = runtime.now()
    freed = 0
    with runtime.transaction() as tx:
        for owner in claims.hold_expired(tx, now=now):
            if remains := journal.peek(runtime.settings.journal_dir, owner):
                freed += claims.replay_expired(tx, remains, now=now)
        if answers.prove(now):
            freed += claims.free_expired_leases(tx, now=now)
    answers.note(now)
    if freed:
        logger.warning("leases expired: deliveries=%s", freed)


def expire(runtime: Runtime) -> None:
    """Give up what makes no sense any more, whatever has kept it waiting."""
    expired = 1
    while expired:
        with runtime.transaction() as tx:
            expired = deliveries.expire(tx, now=runtime.now())
        if expired:
            logger.warning("deliveries expired: deliveries=%s", expired)


def advance_mailings(runtime: Runtime) -> None:
    """Hold, start, fill or end the mailings whose time has come."""
    with runtime.reading() as tx:
        due = audiences.list_due(tx, now=runtime.now())
    for mailing_id in due:
        try:
            _advance(runtime, mailing_id)
        except Exception:  # one that cannot be sent does not hold up the others
            logger.exception("mailing failed: mailing=%s", mailing_id)


def _advance(runtime: Runtime, mailing_id: int) -> None:
    for _ in range(CHUNKS_A_TICK):
        with runtime.transaction() as tx:
            if not audiences.advance(tx, mailing_id, now=runtime.now()):
                return
            faults.reach("mid-expand")


def release_priorities(runtime: Runtime) -> None:
    """Take those who let a priority audience go first, where its time is over."""
    now = runtime.now()
    with runtime.reading() as tx:
        unreleased = waiting.list_unreleased(tx, now)
    for event_id in unreleased:
        with runtime.transaction() as tx:
            waiting.release_priority(tx, events.get_by_id(tx, event_id), now=now)


def settle_changes(runtime: Runtime) -> None:
    """Apply its rule to who has not answered a change in time."""
    now = runtime.now()
    with runtime.reading() as tx:
        due = changes.list_due(tx, now=now)
    for change_id in due:
        has_more = True
        while has_more:
            with runtime.transaction() as tx:
                has_more = changes.settle(tx, change_id, now=now)
        logger.info("change settled: change=%s", change_id)


def hint_due(runtime: Runtime) -> None:
    """Wake the lanes in which something is due."""
    now = runtime.now()
    with runtime.reading() as tx:
        due = [lane for lane in Lane if claims.has_due(tx, lane, now=now)]
    for lane in due:
        runtime.wake(lane)


def hint_upkeep(runtime: Runtime) -> None:
    """Wake whoever does the night's work, once it is night."""
    with runtime.reading() as tx:
        is_due = upkeep.is_due(tx, now=runtime.now())
    if is_due and not brokers.is_hinted(runtime.broker, brokers.UPKEEP):
        brokers.hint(runtime.broker, brokers.UPKEEP, brokers.PURGE)


def hint_papers(runtime: Runtime) -> None:
    """Wake who makes papers, where one was ordered and nobody is at it."""
    with runtime.reading() as tx:
        is_due = jobs.has_due(tx, now=runtime.now())
    if is_due:
        runtime.wake_press()


def hint_imports(runtime: Runtime) -> None:
    """Wake whoever goes on with lists of contacts, where one waits."""
    with runtime.reading() as tx:
        waits = contact_imports.list_working(tx)
    if waits:
        runtime.wake_imports()


def remind_lists(runtime: Runtime) -> None:
    """Tell organisers who asked for it that the list of their event is ready."""
    now = runtime.now()
    with runtime.reading() as tx:
        due = list_reminders.list_due(tx, now=now)
    for reminder_id in due:
        with runtime.transaction() as tx:
            list_reminders.remind(tx, reminder_id, now=now)


TASKS: tuple[Callable[[Runtime], None], ...] = (
    release_priorities,
    settle_changes,
    advance_mailings,
    remind_lists,
    hint_due,
    hint_papers,
    hint_upkeep,
    hint_imports,
)
"""In this order: what the first ones make due, the last ones hint at in the same second."""
