"""The connection link's gate: in which state it stands for one person at one instant.

Rules alone: looking at the gate changes nothing and is recorded nowhere. Entering is in
`webinars.attendance`. The room's address never comes from here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from webinars import programme
from webinars.models import Event, Registration, RegistrationStatus
from webinars.programme import Day


class GateState(StrEnum):
    """What the gate answers (JOIN-LINKS 2.3)."""

    UNKNOWN = "unknown"
    """The token stands for nobody: for pages, since a gate is always somebody's."""
    EARLY = "early"
    OPEN = "open"
    ROOM_MISSING = "room_missing"
    CANCELLED = "cancelled"
    REGISTRATION_CANCELLED = "registration_cancelled"
    """Given up, or declined by an organiser: the registration's status says which."""
    WAITING = "waiting"
    PENDING = "pending"
    MOVED = "moved"
    """Early too, and the event was announced for other dates before."""
    ENDED = "ended"


@dataclass(frozen=True)
class Gate:
    """The gate as one person finds it, and the day it is about."""

    state: GateState
    opens_at: datetime | None = None
    """`None` where nothing will open, or the new date is not known yet."""
    closes_at: datetime | None = None
    day: Day | None = None


WITHOUT_PLACE = {
    RegistrationStatus.CANCELLED: GateState.REGISTRATION_CANCELLED,
    RegistrationStatus.DECLINED: GateState.REGISTRATION_CANCELLED,
    RegistrationStatus.WAITING: GateState.WAITING,
    RegistrationStatus.PENDING: GateState.PENDING,
}


def gate(event: Event, registration: Registration, chosen: Collection[str], now: datetime) -> Gate:
    """Tell in which state the gate is for a person who chose these sessions."""
    if event.cancelled_at is not None:
        return Gate(GateState.CANCELLED)
    without_place = WITHOUT_PLACE.get(registration.status)
    if without_place is GateState.REGISTRATION_CANCELLED:
        return Gate(without_place)
    if event.postponed_at is not None:
        return Gate(GateState.MOVED)
    window = _find_window(list_windows(event, chosen), now)
    if window is None:
        return Gate(GateState.ENDED)
    state = without_place or _choose_state(event, window, now)
    return Gate(state, window.opens_at, window.closes_at, window.day)


@dataclass(frozen=True)
class Window:
    """From when until when the gate lets in for one day."""

    opens_at: datetime
    closes_at: datetime
    day: Day


def list_windows(event: Event, chosen: Collection[str]) -> list[Window]:
    """List when the gate lets in a person who chose these sessions, day by day."""
    days = programme.days_attended(event, chosen) or programme.days(event)
    return [_make_window(event, day) for day in days]


def _make_window(event: Event, day: Day) -> Window:
    if not day.hours_known:
        return Window(day.starts_at, day.ends_at, day)
    return Window(
        opens_at=day.starts_at - timedelta(minutes=event.gate_opens_minutes),
        closes_at=day.ends_at + timedelta(minutes=event.gate_closes_minutes),
        day=day,
    )


def _find_window(windows: list[Window], now: datetime) -> Window | None:
    """Find the window that is open, or the next one that will be."""
    return next((window for window in windows if now < window.closes_at), None)


def _choose_state(event: Event, window: Window, now: datetime) -> GateState:
    if now < window.opens_at:
        return GateState.MOVED if event.former_dates else GateState.EARLY
    return GateState.OPEN if event.room_url else GateState.ROOM_MISSING
