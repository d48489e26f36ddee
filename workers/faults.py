"""Where a developer can have a worker killed, to see that nothing is lost.

`WEBINARS_FAULT=after-dot:3` kills the process, as `kill -9` would, the third time that a message
comes to that point. Nothing else reads the variable, and without it nothing happens. The points, in
the order in which a message comes to them:

    after-claim    rows are claimed, nothing of them is sent
    before-compose its letter is about to be written
    before-body    the relay expects the message, the journal holds it
    after-dot      the final dot was handed over, the reply has not come
    after-reply    the reply has come and is in the journal
    before-record  a batch is sent, and the rows do not say so yet
    after-record   the rows say so, and the journal still does
    mid-expand     a part of an audience has become deliveries, not committed yet
    before-print   a large paper is claimed, and not made yet
    after-print    it is made, and the row does not say so yet
"""

import os
import signal
from itertools import count

POINTS = (
    "after-claim",
    "before-compose",
    "before-body",
    "after-dot",
    "after-reply",
    "before-record",
    "after-record",
)
"""Those that every message comes to."""

_point, _, _nth = os.environ.get("WEBINARS_FAULT", "").partition(":")
_times = count(1)


def reach(point: str) -> None:
    """Die here, if this is where a developer wants it."""
    if point == _point and next(_times) == int(_nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
