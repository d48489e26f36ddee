"""Lists of contacts brought in, in the background: see `webinars.imports.contacts`."""

import logging
import threading
import time

import dramatiq

from webinars import broker as brokers
from webinars.errors import NotFound
from webinars.imports import contacts, uploads
from webinars.imports.work import Work
from webinars.runtime import Runtime

logger = logging.getLogger(__name__)

SLICE_SECONDS = 60
"""How long one worker is at it before it looks for other work; the next hint goes on."""


def bind(runtime: Runtime, spare: threading.Semaphore) -> None:
    """Let the runtime's broker know the actor: see `workers.mail.bind`."""

    @dramatiq.actor(broker=runtime.broker, actor_name=brokers.BRING_IN, queue_name=brokers.UPKEEP)
    def bring_in() -> None:
        """Go on with the lists that wait."""
        if spare.acquire(blocking=False):
            try:
                go_on(runtime)
            except Exception:  # the next hint tries again
                logger.exception("import failed")
            finally:
                spare.release()


def go_on(runtime: Runtime) -> None:
    """Go on with the lists that wait, for a while."""
    until = time.monotonic() + SLICE_SECONDS
    with runtime.reading() as tx:
        waiting = contacts.list_working(tx)
    for import_id in waiting:
        _go_on(runtime, import_id, until)


def remove_old(runtime: Runtime) -> None:
    """Remove lists that were sent more than a day ago."""
    removed = uploads.remove_old(runtime.settings.uploads_dir, now=runtime.now())
    if removed:
        logger.info("uploads removed: files=%s", removed)


def _go_on(runtime: Runtime, import_id: int, until: float) -> None:
    try:
        with runtime.reading() as tx:
            work = Work(contacts.get_by_id(tx, import_id), runtime.settings.uploads_dir)
    except NotFound:
        # Another machine has the file, or a day has passed.
        logger.info("import waits for its file: import=%s", import_id)
        return
    has_more = True
    while has_more and time.monotonic() < until:
        with runtime.transaction() as tx:
            has_more = work.step(tx, now=runtime.now())
    if not has_more:
        logger.info("import went on: import=%s", import_id)
