"""The night's work: retention, and old files of the mailbox on disk."""

import contextlib
import logging
import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import dramatiq
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from webinars import accounts, audits, claims, invitations, organisers, retention, sign_ins
from webinars import broker as brokers
from webinars.database import Transaction
from webinars.models import Upkeep
from webinars.runtime import Runtime

logger = logging.getLogger(__name__)

NIGHT_HOUR_UTC = 1
"""From then on the night's work is done: two or three o'clock in Paris."""
OUTBOX_KEPT = timedelta(days=30)
NEVER = date.min


@dataclass(frozen=True)
class Purged:
    """What a purge has removed."""

    events: int
    registrations: int
    files: int

    def __str__(self) -> str:
        return (
            f"{self.registrations} registrations of {self.events} events made anonymous, "
            f"{self.files} old files of the outbox removed"
        )


def bind(runtime: Runtime, spare: threading.Semaphore) -> None:
    """Let the runtime's broker know the actor: see `workers.mail.bind`."""

    @dramatiq.actor(broker=runtime.broker, actor_name=brokers.PURGE, queue_name=brokers.UPKEEP)
    def keep_up() -> None:
        """Do the night's work, unless it has been done."""
        if spare.acquire(blocking=False):
            try:
                purge_tonight(runtime)
            except Exception:  # the next hint tries again
                logger.exception("purge failed")
            finally:
                spare.release()


def is_due(tx: Transaction, *, now: datetime) -> bool:
    """Tell whether the night's work is still to be done."""
    if now.hour < NIGHT_HOUR_UTC:
        return False
    done_on = tx.scalar(select(Upkeep.done_on).where(Upkeep.name == brokers.PURGE))
    return done_on is None or done_on < now.date()


def purge_tonight(runtime: Runtime) -> Purged | None:
    """Do the night's work once, whoever else does it at the same time; `None`: it was done."""
    now = runtime.now()
    with runtime.transaction() as tx:
        if not _take(tx, now):
            return None
        purged = _forget(tx, now)
    return _finish(runtime, purged, now)


def purge(runtime: Runtime) -> Purged:
    """Do the night's work now."""
    now = runtime.now()
    with runtime.transaction() as tx:
        purged = _forget(tx, now)
    return _finish(runtime, purged, now)


def _forget(tx: Transaction, now: datetime) -> retention.Purged:
    organisers.forget_failures(tx, now=now)
    accounts.forget_old(tx, now=now)
    sign_ins.forget_old(tx, now=now)
    audits.forget_old(tx, now=now)
    claims.thaw(tx)
    purged = retention.purge(tx, now=now)
    invitations.purge(tx)
    return purged


def _take(tx: Transaction, now: datetime) -> bool:
    """Claim tonight's work: it counts as done when the transaction ends well."""
    if tx.get(Upkeep, brokers.PURGE) is None:
        with contextlib.suppress(IntegrityError), tx.begin_nested():
            tx.add(Upkeep(name=brokers.PURGE, done_on=NEVER))
    taken = (
        update(Upkeep)
        .where(Upkeep.name == brokers.PURGE, Upkeep.done_on < now.date())
        .values(done_on=now.date())
        .returning(Upkeep.name)
    )
    return tx.execute(taken).first() is not None


def _finish(runtime: Runtime, purged: retention.Purged, now: datetime) -> Purged:
    files = _empty_outbox(runtime.settings.outbox_dir, now)
    logger.info(
        "purged: events=%s registrations=%s files=%s", purged.events, purged.registrations, files
    )
    return Purged(purged.events, purged.registrations, files)


def _empty_outbox(folder: Path | None, now: datetime) -> int:
    """Remove what has lain in the mailbox on disk for longer than a month."""
    if folder is None or not folder.is_dir():
        return 0
    oldest = (now - OUTBOX_KEPT).timestamp()
    old = [path for path in folder.glob("*.eml") if path.stat().st_mtime < oldest]
    old += [path for path in folder.glob(".*.tmp") if path.stat().st_mtime < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
