"""What is counted of an event's registrations for the page of figures: in four questions.

Those are counted who have a place or may get one; who cancelled or was declined is not.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, and_, func, select, type_coerce

from webinars import organizations, zones
from webinars.database import Transaction
from webinars.matching import Filter, match
from webinars.models import Event, Presence, Registration, RegistrationStatus
from webinars.places import LIVE

ORGANISATIONS = 15
"""How many organisations are named: those with the most people."""


class Came(NamedTuple):
    """How many are registered, have a place, entered through the gate, and were present."""

    registered: int = 0
    confirmed: int = 0
    entered: int = 0
    present: int = 0

    def plus(self, other: "Came") -> "Came":
        """Return both together."""
        return Came(
            self.registered + other.registered,
            self.confirmed + other.confirmed,
            self.entered + other.entered,
            self.present + other.present,
        )


@dataclass(frozen=True)
class Tallies:
    """What was counted, by value."""

    total: Came
    by_country: Mapping[str, Came]
    by_kind: Mapping[str, Came]
    by_role: Mapping[str, Came]
    by_organisation: Mapping[str, Came]
    """The largest, by name."""
    by_day: Mapping[date, int]
    """How many registered on each day of the event's own zone, cancelled ones left out."""


def read(tx: Transaction, event: Event, wanted: Filter) -> Tallies:
    """Count an event's registrations, as far as a filter limits them."""
    meant = and_(match(event.id, wanted), Registration.status.in_(LIVE))
    groups = _count_groups(tx, meant)
    return Tallies(
        total=_sum(came for _, came in groups),
        by_country=_by(groups, 0),
        by_kind=_by(groups, 1),
        by_role=_by(groups, 2),
        by_organisation=_count_organisations(tx, meant),
        by_day=_count_days(tx, event, meant),
    )


def read_days(tx: Transaction, event: Event) -> Mapping[date, int]:
    """Count how many registered on each day for an event, to be compared with another."""
    meant = and_(match(event.id), Registration.status.in_(LIVE))
    return _count_days(tx, event, meant)


def sum_up(by_day: Mapping[date, int], until: date) -> list[tuple[int, int]]:
    """Return how many there were so many days before a day: from the first to the last known.

    A day is counted backwards, `(-30, 12)`: thirty days before there were twelve.
    """
    total, points = 0, []
    for day in sorted(by_day):
        total += by_day[day]
        points.append(((day - until).days, total))
    return points


Group = tuple[tuple[str, str, str], Came]


def _count_groups(tx: Transaction, meant: ColumnElement[bool]) -> list[Group]:
    keys: list[Any] = [
        Registration.country,
        type_coerce(Registration.organization_kind, String),
        type_coerce(Registration.role, String),
    ]
    rows = tx.execute(select(*keys, *_count_came()).where(meant).group_by(*keys))
    return [((row[0], row[1], row[2]), Came(*row[3:7])) for row in rows]


def _count_organisations(tx: Transaction, meant: ColumnElement[bool]) -> dict[str, Came]:
    """Count by organisation; what the directory knows, under the name that it bears now."""
    rows = tx.execute(
        select(Registration.country, func.min(Registration.organization), *_count_came())
        .where(meant)
        .group_by(Registration.organization_key, Registration.country)
        .order_by(Registration.organization_key, Registration.country)
    )
    directory = organizations.read_directory(tx)
    names: dict[str, str] = {}
    came: dict[str, Came] = {}
    for country, given, *numbers in rows:
        name = directory.name(given, country) or given
        key = organizations.make_key(name)
        names.setdefault(key, name)
        came[key] = came.get(key, Came()).plus(Came(*numbers[:4]))
    largest = sorted(came, key=lambda key: (-came[key].registered, key))[:ORGANISATIONS]
    return {names[key]: came[key] for key in largest}


def _count_came() -> list[ColumnElement[int]]:
    is_confirmed = Registration.status == RegistrationStatus.CONFIRMED
    return [
        func.count(),
        func.count().filter(is_confirmed),
        func.count(Registration.entered_at),
        func.count().filter(Registration.presence == Presence.PRESENT),
    ]


def _count_days(tx: Transaction, event: Event, meant: ColumnElement[bool]) -> dict[date, int]:
    """Count by the hour in UTC, which the database does, and bring hours into local days."""
    hour = _hour(tx, Registration.registered_at).label("hour")
    rows = tx.execute(select(hour, func.count()).where(meant).group_by(hour))
    days: Counter[date] = Counter()
    for said, number in rows:
        at = datetime.fromisoformat(f"{said}:00:00+00:00")
        days[zones.to_local(at, event.timezone).date()] += number
    return dict(sorted(days.items()))


def _hour(tx: Transaction, column: Any) -> ColumnElement[str]:
    if tx.get_bind().dialect.name == "sqlite":
        return func.strftime("%Y-%m-%dT%H", column, type_=String)
    return func.to_char(func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24', type_=String)


def _by(groups: list[Group], place: int) -> dict[str, Came]:
    counted: dict[str, Came] = {}
    for keys, came in groups:
        counted[keys[place]] = counted.get(keys[place], Came()).plus(came)
    return dict(sorted(counted.items(), key=lambda one: (-one[1].registered, one[0])))


def _sum(parts: Any) -> Came:
    total = Came()
    for came in parts:
        total = total.plus(came)
    return total
