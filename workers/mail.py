"""What sends mail: an actor that hints wake, and a look every few seconds in case none comes."""

import logging

import dramatiq

from webinars import broker as brokers
from webinars.models import Lane
from webinars.runtime import Runtime
from workers.crew import Crew
from workers.drain import drain
from workers.stopping import Stop

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5


def bind(runtime: Runtime, stop: Stop, crew: Crew) -> None:
    """Let the runtime's broker know the actor.

    :param crew: who sends anything but prompt mail.
    """

    @dramatiq.actor(broker=runtime.broker, actor_name=brokers.DELIVER, queue_name=Lane.PROMPT)
    def deliver(lane: str) -> None:
        """Send everything that is due in a lane."""
        deliver_lane(runtime, Lane(lane), stop, crew)


def look(runtime: Runtime, lane: Lane, stop: Stop, crew: Crew) -> None:
    """Send what is due every few seconds until told to stop: mail leaves without a broker too."""
    while not stop.wait(LOOK_SECONDS):
        deliver_lane(runtime, lane, stop, crew)


def deliver_lane(runtime: Runtime, lane: Lane, stop: Stop, crew: Crew) -> None:
    """Send everything that is due in a lane; what goes wrong is logged, and found again.

    :param crew: who sends anything but prompt mail. Where nobody else is of use, those who are at
        it go on until nothing is due.
    """
    if lane is not Lane.PROMPT and not crew.join():
        return
    try:
        drain(runtime, lane, stop)
    except Exception:  # the rows and the journal know where to go on
        logger.exception("drain failed: lane=%s", lane)
    finally:
        if lane is not Lane.PROMPT:
            crew.leave()
