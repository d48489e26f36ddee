"""What makes large papers: an actor that hints wake, one paper after another."""

import logging
import threading

import dramatiq

from webinars import broker as brokers
from webinars import events, papers
from webinars.errors import PaperFailed, PressBusy, WebinarsError
from webinars.papers import jobs
from webinars.papers.jobs import Claim
from webinars.runtime import Runtime
from workers import faults
from workers.stopping import Stop

logger = logging.getLogger(__name__)


def bind(runtime: Runtime, stop: Stop, spare: threading.Semaphore) -> None:
    """Let the runtime's broker know the actor: see `workers.mail.bind`."""

    @dramatiq.actor(broker=runtime.broker, actor_name=brokers.PRINT, queue_name=brokers.PAPERS)
    def print_papers() -> None:
        """Make the papers that were ordered."""
        if spare.acquire(blocking=False):
            try:
                print_all(runtime, stop)
            except Exception:  # the rows know what is to be done; the next hint tries again
                logger.exception("printing failed")
            finally:
                spare.release()


def print_all(runtime: Runtime, stop: Stop) -> None:
    """Make one paper after another until none waits."""
    while not stop.is_set():
        with runtime.transaction() as tx:
            claimed = jobs.claim(tx, now=runtime.now())
        if claimed is None:
            return
        faults.reach("before-print")
        _print(runtime, claimed)


def _print(runtime: Runtime, claimed: Claim) -> None:
    now = runtime.now()
    try:
        with runtime.reading() as tx:
            event = events.get_by_id(tx, claimed.event_id)
            manuscript = papers.write(tx, event, claimed.order, links=runtime.links, now=now)
        made = papers.print_paper(manuscript, now=now)
    except PressBusy:
        return  # its lease ends, and it is anyone's again
    except WebinarsError as error:
        said = error.said if isinstance(error, PaperFailed) else type(error).__name__
        logger.error("paper not made: job=%s said=%s", claimed.job_id, said)
        with runtime.transaction() as tx:
            jobs.fail(tx, claimed, now=runtime.now())
        return
    faults.reach("after-print")
    with runtime.transaction() as tx:
        is_kept = jobs.finish(tx, claimed, made, now=runtime.now())
    logger.info("paper made: job=%s rows=%s kept=%s", claimed.job_id, manuscript.people, is_kept)


def forget_old(runtime: Runtime) -> None:
    """Remove the papers whose day is over."""
    with runtime.transaction() as tx:
        removed = jobs.forget_old(tx, now=runtime.now())
    if removed:
        logger.info("papers removed: jobs=%s", removed)
