"""Large papers, ordered and made in the background: claimed by one worker, done once, kept a day.

The row is the queue. A worker that dies in the middle loses its lease, and the next one begins
anew; whoever comes too late with its paper records nothing. The paper itself lies in the database:
pages and workers may run on machines that share no folder.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select, update

from webinars.database import Transaction
from webinars.errors import NotFound
from webinars.models import Event, JobState, Organiser, PaperFile, PaperJob, PaperOrder

LARGE = 100
"""From more people than this a paper is made in the background."""
LEASE = timedelta(seconds=90)
"""Longer than any paper may take."""
ATTEMPTS = 3
"""A paper that kills its worker is not tried for ever."""
KEPT = timedelta(days=1)
MOST_AT_ONCE = 20
"""How many papers of one organiser are kept at one event; the oldest goes first."""


@dataclass(frozen=True)
class Claim:
    """A paper that this worker, and no other, is to make."""

    job_id: int
    epoch: int
    event_id: int
    order: PaperOrder


def order(
    tx: Transaction,
    event: Event,
    organiser: Organiser,
    wanted: PaperOrder,
    *,
    people: int,
    now: datetime,
) -> PaperJob:
    """Have a paper made in the background.

    :param people: how many stand on it.
    """
    job = PaperJob(
        event_id=event.id,
        organiser_id=organiser.id,
        order=wanted,
        people=people,
        state=JobState.WAITING,
        ordered_at=now,
        expires_at=now + KEPT,
    )
    tx.add(job)
    tx.flush()
    for old in list_own(tx, event.id, organiser.id)[MOST_AT_ONCE:]:
        tx.delete(old)
    tx.flush()
    return job


def get_own(tx: Transaction, event_id: int, organiser_id: int, job_id: int) -> PaperJob:
    """Return a paper that an organiser has ordered.

    :raises NotFound: she has ordered none of that number for the event, or it was removed.
    """
    found = tx.get(PaperJob, job_id)
    if found is None or (found.event_id, found.organiser_id) != (event_id, organiser_id):
        raise NotFound("paper", str(job_id))
    return found


def list_own(tx: Transaction, event_id: int, organiser_id: int) -> list[PaperJob]:
    """List the papers that an organiser has ordered for an event, the last first."""
    theirs = (PaperJob.event_id == event_id, PaperJob.organiser_id == organiser_id)
    return list(tx.scalars(select(PaperJob).where(*theirs).order_by(PaperJob.id.desc())))


def get_content(tx: Transaction, job: PaperJob) -> bytes:
    """Return a paper that is done.

    :raises NotFound: it is not.
    """
    found = tx.get(PaperFile, job.id)
    if found is None:
        raise NotFound("paper", str(job.id))
    return found.content


def has_due(tx: Transaction, *, now: datetime) -> bool:
    """Tell whether a paper waits for a worker."""
    return tx.scalar(select(PaperJob.id).where(_is_free(now)).limit(1)) is not None


def claim(tx: Transaction, *, now: datetime) -> Claim | None:
    """Take the next paper to make; `None`: there is none, or another worker was quicker."""
    found = tx.scalar(select(PaperJob).where(_is_free(now)).order_by(PaperJob.id).limit(1))
    if found is None:
        return None
    is_hopeless = found.attempts >= ATTEMPTS
    taken = tx.execute(
        update(PaperJob)
        .where(PaperJob.id == found.id, PaperJob.lease_epoch == found.lease_epoch, _is_free(now))
        .values(
            state=JobState.FAILED if is_hopeless else JobState.PRINTING,
            attempts=PaperJob.attempts + 1,
            lease_until=now + LEASE,
            lease_epoch=PaperJob.lease_epoch + 1,
            ended_at=now if is_hopeless else None,
        )
        .returning(PaperJob.lease_epoch)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None or is_hopeless:
        return None
    return Claim(found.id, taken[0], found.event_id, found.order)


def finish(tx: Transaction, claimed: Claim, content: bytes, *, now: datetime) -> bool:
    """Keep a paper that was made, and tell whether it was still this worker's to make."""
    if not _end(tx, claimed, JobState.DONE, now):
        return False
    tx.add(PaperFile(job_id=claimed.job_id, content=content))
    tx.flush()
    return True


def fail(tx: Transaction, claimed: Claim, *, now: datetime) -> bool:
    """Give up a paper that cannot be made."""
    return _end(tx, claimed, JobState.FAILED, now)


def forget_old(tx: Transaction, *, now: datetime) -> int:
    """Remove the papers whose day is over, and tell how many."""
    old = select(PaperJob.id).where(PaperJob.expires_at <= now)
    tx.execute(delete(PaperFile).where(PaperFile.job_id.in_(old)))
    gone = tx.execute(delete(PaperJob).where(PaperJob.expires_at <= now).returning(PaperJob.id))
    return len(gone.all())


def _end(tx: Transaction, claimed: Claim, state: JobState, now: datetime) -> bool:
    ended = tx.execute(
        update(PaperJob)
        .where(
            PaperJob.id == claimed.job_id,
            PaperJob.lease_epoch == claimed.epoch,
            PaperJob.state == JobState.PRINTING,
        )
        .values(state=state, ended_at=now, lease_until=None, expires_at=now + KEPT)
        .returning(PaperJob.id)
    )
    return ended.first() is not None


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Return the condition under which a paper is anyone's to make."""
    lost = and_(PaperJob.state == JobState.PRINTING, PaperJob.lease_until <= now)
    return or_(PaperJob.state == JobState.WAITING, lost)
