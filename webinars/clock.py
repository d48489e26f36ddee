"""The only reading of the time.

Edges (a view, an actor, a command) read the clock once and pass `now` down; nothing else in the
project asks what time it is. Tests pass a function of their own.
"""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Anything that answers the present instant, aware and in UTC."""


def system_clock() -> datetime:
    """Return the present instant, aware and in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place
