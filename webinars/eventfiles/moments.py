"""Days and hours as an event file writes them, and the rules for when a mailing is due.

Pure, and without any zone: everything here is local wall time.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from webinars.errors import ValueRefused

DAY = r"(?:19[7-9]\d|2[01]\d\d)-\d{2}-\d{2}"
CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d"
MOMENT = re.compile(rf"({DAY})[T ]({CLOCK})(?::00)?")
OFFSET = re.compile(rf"({DAY})[T ]({CLOCK})(?::\d\d)?\s*(?:Z|UTC|[+-]\d\d:?\d\d)")
RULE = re.compile(
    rf"(?P<anchor>day)(?P<days>[+-]\d{{1,3}})?\s+(?P<at>{CLOCK})"
    r"|(?P<edge>start|end)(?:(?P<sign>[+-])(?P<count>\d{1,5})(?P<unit>[mhd]))?"
)
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Anchor(StrEnum):
    """What the time of a mailing is counted from."""

    DAY = "day"
    START = "start"
    END = "end"
    MOMENT = "moment"


@dataclass(frozen=True)
class Rule:
    """When a mailing is due: `day-1 10:00`, `start-15m`, `end+1h`, or a local date and hour."""

    anchor: Anchor
    shift: timedelta = timedelta()
    """Whole days for `day`."""
    at: time | None = None
    """The local hour, for `day`."""
    moment: datetime | None = None
    """The local date and hour, where the rule is one."""

    def __str__(self) -> str:
        if self.moment is not None:
            return write(self.moment)
        if self.at is not None:
            days = f"{self.shift.days:+d}" if self.shift else ""
            return f"day{days} {self.at:%H:%M}"
        return f"{self.anchor}{_write_shift(self.shift)}"


def parse_rule(text: str) -> Rule:
    """Read when a mailing is due.

    :raises ValueRefused: it is none of the rules that INTERFACE knows.
    """
    text = " ".join(text.split())
    match = RULE.fullmatch(text)
    if match is None:
        if not MOMENT.fullmatch(text):
            raise ValueRefused("rule")
        return Rule(Anchor.MOMENT, moment=parse_hour(text))
    if match["anchor"]:
        shift = timedelta(days=int(match["days"] or 0))
        return Rule(Anchor.DAY, shift, at=time.fromisoformat(match["at"]))
    count = int(match["count"] or 0) * (-1 if match["sign"] == "-" else 1)
    return Rule(Anchor(match["edge"]), count * UNITS[match["unit"] or "m"])


def move_rule(rule: Rule, shift: timedelta) -> Rule:
    """Return a rule moved with its event: only a fixed date moves, the others follow by nature."""
    return rule if rule.moment is None else replace(rule, moment=rule.moment + shift)


def parse_day(text: str) -> date:
    """Read a day.

    :raises ValueRefused: it is not written like 2027-03-09, or there is no such day.
    """
    if not re.fullmatch(DAY, text):
        raise ValueRefused("date")
    return _read_day(text)


def parse_hour(text: str) -> datetime:
    """Read a local date and hour.

    :raises ValueRefused: it is not written like 2027-03-09T10:00, or there is no such day.
    """
    match = MOMENT.fullmatch(text)
    if match is None:
        raise ValueRefused("offset" if OFFSET.fullmatch(text) else "hour")
    return datetime.combine(_read_day(match[1]), time.fromisoformat(match[2]))


def parse_day_or_hour(text: str) -> datetime | date:
    """Read a local date and hour, or a date whose hour is not known yet.

    :raises ValueRefused: it is neither.
    """
    if re.fullmatch(DAY, text):
        return _read_day(text)
    try:
        return parse_hour(text)
    except ValueRefused as error:
        raise ValueRefused("date-or-hour" if error.reason == "hour" else error.reason) from error


def write(moment: datetime | date) -> str:
    """Return a day, or a day with its hour, as an event file writes it."""
    if isinstance(moment, datetime):
        return moment.isoformat(timespec="minutes")
    return moment.isoformat()


def day_of(moment: datetime | date) -> date:
    """Return the day of a date with or without its hour."""
    return moment.date() if isinstance(moment, datetime) else moment


def hour_of(moment: datetime | date) -> time | None:
    """Return the hour of a date, or `None` where it is not known."""
    return moment.time() if isinstance(moment, datetime) else None


def join(day: date, at: time | None) -> datetime | date:
    """Return a day with its hour, or the day alone where the hour is not known."""
    return day if at is None else datetime.combine(day, at)


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueRefused("no-such-day") from error


def _write_shift(shift: timedelta) -> str:
    if not shift:
        return ""
    sign = "-" if shift < timedelta() else "+"
    unit = next(name for name in "dhm" if not abs(shift) % UNITS[name])
    return f"{sign}{abs(shift) // UNITS[unit]}{unit}"
