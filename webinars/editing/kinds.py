"""What an event of a kind begins with, where nobody has said otherwise. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from webinars.eventfiles import moments
from webinars.models import EventKind, Mode

PARIS, RABAT = "Europe/Paris", "Africa/Casablanca"
ZONES = {"MA": RABAT}
"""The zone of an institution's country; elsewhere it is that of Paris."""


@dataclass(frozen=True)
class Defaults:
    """What a kind of event begins with."""

    mode: Mode
    starts_time: time
    ends_time: time
    days: int = 1
    closes_days_before: int | None = None
    """`None`: registrations close when the event starts."""
    closes_time: time = time(18)
    approval: bool = False


DEFAULTS: Mapping[EventKind, Defaults] = {
    EventKind.WEBINAR: Defaults(Mode.ONLINE, time(10), time(12)),
    EventKind.ASSISES: Defaults(Mode.HYBRID, time(9), time(17, 30), days=2, closes_days_before=7),
    EventKind.MEETING: Defaults(Mode.ONSITE, time(9, 30), time(12, 30), closes_days_before=1),
    EventKind.CEREMONY: Defaults(
        Mode.ONSITE, time(18), time(20), closes_days_before=2, approval=True
    ),
}
"""A webinar takes whoever comes in time; who cooks, prints badges or receives has to know before; a
ceremony is for those who are let in."""


def find_zone(country: str) -> str:
    """Return the zone that an institution of a country thinks in."""
    return ZONES.get(country, PARIS)


def list_shown_zones(zone: str) -> list[str]:
    """List the zones in which people read the hours of an event of a zone: its own first."""
    return list(dict.fromkeys((zone, PARIS, RABAT)))


def complete(kind: EventKind, said: Mapping[str, Any], *, today: date) -> dict[str, Any]:
    """Return what a form says of a new event, with what its kind adds.

    A closing date of the kind that is past already is left out: the start is one too.
    """
    defaults = DEFAULTS[kind]
    shown = list_shown_zones(said["timezone"])
    registration: dict[str, Any] = {"approval": defaults.approval}
    closes = _find_closing(defaults, str(said.get("starts") or ""))
    if closes is not None and closes.date() > today:
        registration["closes"] = moments.write(closes)
    return {"display_timezones": shown, "registration": registration, **said}


def _find_closing(defaults: Defaults, starts: str) -> datetime | None:
    if defaults.closes_days_before is None or not starts:
        return None
    try:
        day = date.fromisoformat(starts[:10])
    except ValueError:
        return None
    return datetime.combine(day - timedelta(days=defaults.closes_days_before), defaults.closes_time)
