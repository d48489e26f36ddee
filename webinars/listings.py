"""The list of an event's registrations as organisers work on it: quick at twenty thousand.

Only the columns that a list shows are read, in as few questions as it takes. Nothing is changed.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, case, func, literal, or_, select, type_coerce

from webinars import phrasing
from webinars.contacts import fold
from webinars.database import Transaction, is_among
from webinars.matching import HAS_OPEN_REQUEST, IS_UNANSWERED, Filter, match
from webinars.models import (
    AttendanceMode,
    Language,
    OrganizationKind,
    Presence,
    Registration,
    RegistrationStatus,
    RegistrationTag,
    Role,
    Session,
    SessionChoice,
    Tag,
)

FEW = 1_000
"""How many numbers are handed from one question to the next."""
KEPT_FOR = timedelta(seconds=60)
"""How long the criteria that a list offers are known, unless someone has come or gone."""


class Sort(StrEnum):
    """What a list can be sorted by; people of the same stand by name."""

    NAME = "name"
    ORGANIZATION = "organization"
    STATUS = "status"
    COMING = "coming"
    ROLE = "role"
    KIND = "kind"
    COUNTRY = "country"
    EMAIL = "email"
    LANGUAGE = "language"
    MODE = "mode"
    SOURCE = "source"
    REGISTERED = "registered"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Order:
    """How a list is sorted."""

    by: Sort = Sort.NAME
    is_descending: bool = False


COLUMN_OF = {
    Sort.ORGANIZATION: "organization_key",
    Sort.KIND: "organization_kind",
    Sort.EMAIL: "email_key",
    Sort.MODE: "attendance_mode",
    Sort.REGISTERED: "registered_at",
}
"""Where it is not called like what it sorts by."""


class Listed(NamedTuple):
    """A registration as a list shows it."""

    id: int
    reference: str
    last_name: str
    first_name: str
    status: RegistrationStatus
    organization: str
    job_title: str
    country: str
    is_late: bool
    presence: Presence | None
    entered_at: datetime | None
    reconfirm_change_id: int | None
    requested_at: datetime | None
    represents_id: int | None
    role: Role
    organization_kind: OrganizationKind
    email: str
    phone: str
    language: Language
    attendance_mode: AttendanceMode
    source: str
    registered_at: datetime
    has_priority: bool
    question: str
    on_behalf_of: str
    answers: dict[str, str]


LISTED = select(*(getattr(Registration, name) for name in Listed._fields))


class Other(NamedTuple):
    """Somebody else's registration, as a list names it."""

    id: int
    last_name: str
    first_name: str


@dataclass(frozen=True)
class Pair:
    """Who comes in a person's place, and in whose place she comes."""

    substitute: Other | None = None
    represented: Other | None = None


@dataclass(frozen=True)
class Counts:
    """How many are in an event's list by status, and how many something is to be done about."""

    by_status: Counter[RegistrationStatus] = field(default_factory=Counter)
    to_reconfirm: int = 0
    requests: int = 0

    @property
    def total(self) -> int:
        """How many are in the list."""
        return sum(self.by_status.values())


@dataclass(frozen=True)
class Facets:
    """What there is to limit an event's list by, and when that was looked up."""

    counts: Counts
    looked_up_at: datetime
    sources: tuple[str, ...]
    countries: tuple[str, ...]
    has_pairs: bool
    """Whether anyone comes in another's place."""


def count_all(tx: Transaction, event_id: int) -> Counts:
    """Count an event's list by status, and what people and organisers owe each other."""
    listed = match(event_id)
    status = type_coerce(Registration.status, String)
    by_status = select(status, func.count()).where(listed).group_by(Registration.status)
    owed = [
        select(literal(name), func.count()).where(listed, condition)
        for name, condition in (("reconfirm", IS_UNANSWERED), ("request", HAS_OPEN_REQUEST))
    ]
    rows = tx.execute(by_status.union_all(*owed)).all()
    counted: dict[str, int] = {row[0]: row[1] for row in rows}
    requests, to_reconfirm = counted.pop("request"), counted.pop("reconfirm")
    by_status_found = Counter({RegistrationStatus(name): n for name, n in counted.items()})
    return Counts(by_status_found, to_reconfirm, requests)


def count(tx: Transaction, event_id: int, wanted: Filter, counts: Counts) -> int:
    """Count who is in a list; where the counts by status tell it, nothing is asked."""
    if wanted == Filter():
        return counts.total
    if wanted == Filter(status=wanted.status) and wanted.status:
        return counts.by_status[wanted.status]
    return tx.scalar(select(func.count()).where(match(event_id, wanted))) or 0


def find_few(tx: Transaction, event_id: int, wanted: Filter) -> list[int] | None:
    """Find the numbers of those who say the words that are looked for, if they are not many.

    Then these need not be looked for twice: to count them, and to list them. `None`: there are
    many, or no words.
    """
    if not wanted.search:
        return None
    found = select(Registration.id).where(match(event_id, wanted)).limit(FEW + 1)
    ids = tx.scalars(found).all()
    return list(ids) if len(ids) <= FEW else None


def find_facets(tx: Transaction, event_id: int, counts: Counts, *, now: datetime) -> Facets:
    """Return what there is to limit a list by.

    It is looked up when someone has come or gone, and else once a minute.
    """
    known: dict[int, Facets] = tx.info["facets"]
    found = known.get(event_id)
    if found is None or found.counts != counts or now - found.looked_up_at >= KEPT_FOR:
        found = known[event_id] = _look_up_facets(tx, event_id, counts, now)
    return found


def list_rows(
    tx: Transaction,
    event_id: int,
    wanted: Filter,
    order: Order,
    *,
    limit: int,
    offset: int = 0,
    countries: Sequence[str] = (),
    few: Sequence[int] | None = None,
) -> list[Listed]:
    """List registrations in an order.

    :param countries: those of the event by code, which sorting by country needs.
    :param few: what `find_few` found.
    """
    keys = _list_keys(order, countries)
    # First the numbers alone, which the indexes know, then the rows of those that are shown.
    found = select(Registration.id).where(match(event_id, wanted))
    if few is not None:
        found = select(Registration.id).where(is_among(tx, Registration.id, few))
    elif wanted.search:
        # All that say the words, from the index that holds these; only then what sorts them.
        saying = found.cte("saying").prefix_with("MATERIALIZED")
        found = select(Registration.id).where(Registration.id.in_(select(saying.c.id)))
    shown = found.order_by(*keys).limit(limit).offset(offset)
    rows = LISTED.where(Registration.id.in_(shown)).order_by(*keys)
    return [Listed(*row) for row in tx.execute(rows)]


def list_ids(tx: Transaction, event_id: int, wanted: Filter, order: Order) -> list[int]:
    """List the numbers of all registrations in a list, in an order."""
    found = select(Registration.id).where(match(event_id, wanted))
    return list(tx.scalars(found.order_by(*_list_keys(order, ()))))


def list_pairs(tx: Transaction, rows: Collection[Listed]) -> dict[int, Pair]:
    """Return by id who of these is represented, or represents someone."""
    ids = {one.id for one in rows}
    represented = {one.represents_id for one in rows if one.represents_id is not None}
    found = tx.execute(
        select(
            Registration.represents_id,
            Registration.id,
            Registration.last_name,
            Registration.first_name,
        )
        .where(
            or_(Registration.represents_id.in_(ids), Registration.id.in_(represented)),
            Registration.erased_at.is_(None),
        )
        .order_by(Registration.id)
    ).all()
    others = {one.id: Other(one.id, one.last_name, one.first_name) for one in found}
    substitutes = {one.represents_id: others[one.id] for one in found}
    pairs = {
        one.id: Pair(substitutes.get(one.id), others.get(one.represents_id or 0)) for one in rows
    }
    return {number: pair for number, pair in pairs.items() if pair != Pair()}


def list_tags(tx: Transaction, ids: Collection[int]) -> dict[int, list[str]]:
    """List by number which tags registrations bear."""
    rows = tx.execute(
        select(RegistrationTag.registration_id, Tag.name)
        .join(Tag, Tag.id == RegistrationTag.tag_id)
        .where(RegistrationTag.registration_id.in_(ids))
        .order_by(Tag.name_key)
    )
    borne: dict[int, list[str]] = {}
    for registration_id, name in rows:
        borne.setdefault(registration_id, []).append(name)
    return borne


def name_all(tx: Transaction, event_id: int, ids: Collection[int]) -> dict[int, Other]:
    """Return the names of registrations of an event by number."""
    rows = tx.execute(
        select(Registration.id, Registration.last_name, Registration.first_name).where(
            match(event_id), Registration.id.in_(ids)
        )
    )
    return {row.id: Other(*row) for row in rows}


def list_sessions(tx: Transaction, ids: Collection[int]) -> dict[int, list[str]]:
    """List by number the codes of the sessions that registrations have a place in."""
    rows = tx.execute(
        select(SessionChoice.registration_id, Session.code)
        .join(Session, Session.id == SessionChoice.session_id)
        .where(SessionChoice.registration_id.in_(ids), SessionChoice.is_full.is_(False))
        .order_by(Session.position, Session.id)
    )
    chosen: dict[int, list[str]] = {}
    for registration_id, code in rows:
        chosen.setdefault(registration_id, []).append(code)
    return chosen


def _look_up_facets(tx: Transaction, event_id: int, counts: Counts, now: datetime) -> Facets:
    listed = match(event_id)
    rows = tx.execute(
        select(Registration.source, Registration.country).where(listed).distinct()
    ).all()
    countries = {one.country for one in rows}
    pair = select(Registration.id).where(listed, Registration.represents_id.is_not(None))
    return Facets(
        counts=counts,
        looked_up_at=now,
        sources=tuple(sorted({one.source for one in rows})),
        countries=tuple(
            sorted(countries, key=lambda one: fold(phrasing.country_name(one, Language.FRENCH)))
        ),
        has_pairs=tx.scalar(pair.limit(1)) is not None,
    )


def _list_keys(order: Order, countries: Sequence[str]) -> list[ColumnElement[Any]]:
    """Return what sorts a list: names and organisations as French sorts them, words by words."""
    by_name: list[Any] = [Registration.name_key, Registration.id]
    sorted_by = [*_list_first_keys(order.by, countries), *by_name]
    return [key.desc() for key in sorted_by] if order.is_descending else sorted_by


def _list_first_keys(by: Sort, countries: Sequence[str]) -> list[Any]:
    """Return what sorts a list before the name does; only what is asked for is put into words."""
    column: Any = getattr(Registration, COLUMN_OF.get(by, by.value), None)
    match by:
        case Sort.NAME:
            return []
        case Sort.STATUS:
            return [_rank(column, RegistrationStatus, phrasing.status_label)]
        case Sort.COMING:
            presence = _rank(Registration.presence, Presence, phrasing.presence_label)
            return [presence, Registration.entered_at.is_(None)]
        case Sort.ROLE:
            return [_rank(column, Role, phrasing.role_label)]
        case Sort.KIND:
            return [_rank(column, OrganizationKind, phrasing.organization_kind_label)]
        case Sort.COUNTRY:
            return [_place(column, countries)]
    return [column]


def _rank(column: Any, values: type[StrEnum], label: Any) -> ColumnElement[Any]:
    words = {one.value: fold(label(one, Language.FRENCH)) for one in values}
    return _place(type_coerce(column, String), sorted(words, key=lambda one: words[one]))


def _place(column: Any, values: Sequence[str]) -> ColumnElement[Any]:
    places = {value: place for place, value in enumerate(values)}
    return case(places, value=column, else_=len(places)) if places else column
