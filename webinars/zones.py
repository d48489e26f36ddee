"""Time zones from the pinned `tzdata` package, never from the machine.

A local wall time and an IANA zone are the truth; the UTC instant is derived here and nowhere else.
Morocco left UTC+1 for good on 20 September 2026, which the zone data of many machines do not know:
they would show every Moroccan hour after that date wrong by one, silently. So the search path of
`zoneinfo` is emptied on import, and `check` refuses to start on data that are too old.
"""

import importlib.metadata
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webinars.errors import StaleZoneData, UnknownTimeZone

zoneinfo.reset_tzpath(to=())
ZoneInfo.clear_cache()


def get_zone(name: str) -> ZoneInfo:
    """Return the zone of that IANA name.

    :raises UnknownTimeZone: there is no such zone in the pinned data.
    """
    try:
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZone(name) from error


def to_instant(local: datetime, zone: str) -> datetime:
    """Return the UTC instant of a naive local wall time in a zone.

    A wall time that a spring change skips is read with the offset before the change, one that an
    autumn change repeats is its first occurrence (PEP 495, `fold=0`).
    """
    return local.replace(tzinfo=get_zone(zone), fold=0).astimezone(UTC)


def to_local(instant: datetime, zone: str) -> datetime:
    """Return the aware wall time of an instant in a zone."""
    return instant.astimezone(get_zone(zone))


def start_of(day: date, zone: str) -> datetime:
    """Return the instant at which a local day begins."""
    return to_instant(datetime.combine(day, time()), zone)


def end_of(day: date, zone: str) -> datetime:
    """Return the instant at which a local day is over."""
    return start_of(day + timedelta(days=1), zone)


def version() -> str:
    """Return the version of the pinned zone data, as its package states it."""
    return importlib.metadata.version("tzdata")


def check() -> None:
    """Make sure that the zone data know Morocco's change of 20 September 2026.

    :raises StaleZoneData: 1 December 2026, 08:00 UTC, is not 08:00 in Rabat.
    """
    probe = datetime(2026, 12, 1, 8, tzinfo=UTC)
    if to_local(probe, "Africa/Casablanca").hour != 8 or to_local(probe, "Europe/Paris").hour != 9:
        raise StaleZoneData(version())
