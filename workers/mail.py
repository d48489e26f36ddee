"""The actor that sends mail: one, for every lane."""

import logging
import threading

import dramatiq

from webinars import broker as brokers
from webinars.models import Lane
from webinars.runtime import Runtime
from workers.drain import drain
from workers.stopping import Stop

logger = logging.getLogger(__name__)


def bind(runtime: Runtime, stop: Stop, spare: threading.Semaphore) -> None:
    """Let the runtime's broker know the actor.

    :param spare: as many threads as may be busy with anything but prompt mail. A hint that finds
        none free is dropped: those that are busy go on until nothing is due.
    """

    @dramatiq.actor(broker=runtime.broker, actor_name=brokers.DELIVER, queue_name=Lane.PROMPT)
    def deliver(lane: str) -> None:
        """Send everything that is due in a lane."""
        if lane == Lane.PROMPT:
            deliver_lane(runtime, Lane.PROMPT, stop)
        elif spare.acquire(blocking=False):
            try:
                deliver_lane(runtime, Lane(lane), stop)
            finally:
                spare.release()


def deliver_lane(runtime: Runtime, lane: Lane, stop: Stop) -> None:
    """Send everything that is due in a lane; what goes wrong is logged, and found by the timer."""
    try:
        drain(runtime, lane, stop)
    except Exception:  # the rows and the journal know where to go on
        logger.exception("drain failed: lane=%s", lane)
