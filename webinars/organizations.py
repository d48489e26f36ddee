"""Which texts mean the same body: names of organisations change, and are misspelt.

Registrations and contact cards keep the text that was given. The directory, which all institutions
share, says beside them what it means; nothing is rewritten.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from webinars import contacts
from webinars.database import Transaction
from webinars.errors import NotFound, OrganizationKnown, OrganizationNameMissing
from webinars.models import (
    ContactCard,
    Organization,
    OrganizationKind,
    OrganizationName,
    Registration,
)


@dataclass(frozen=True)
class Body:
    """What the directory says of an organisation."""

    name: str
    kind: OrganizationKind | None = None
    country: str = ""


class Spelling(NamedTuple):
    """A text as people gave it, and how many contacts and registrations bear it."""

    key: str
    country: str
    name: str
    """One of the ways in which it is written."""
    cards: int = 0
    registrations: int = 0

    @property
    def total(self) -> int:
        """How many bear it."""
        return self.cards + self.registrations


class Directory(NamedTuple):
    """Every text that means an organisation, to be asked many times."""

    names: Mapping[tuple[str, str], str]
    """By key and country: the name that the body bears now."""

    def name(self, text: str, country: str) -> str:
        """Return the name of the body that a text means; empty: the directory knows none."""
        key = make_key(text)
        return self.names.get((key, country)) or self.names.get((key, ""), "")


def make_key(text: str) -> str:
    """Return a name as it is compared here: folded; hyphens and apostrophes count as spaces."""
    return " ".join(contacts.fold_for_search(text))


def add(tx: Transaction, body: Body, *, now: datetime) -> Organization:
    """Add an organisation to the directory.

    :raises OrganizationNameMissing: no letter stands in its name.
    :raises OrganizationKnown: in that country, the text means an organisation already.
    """
    _require_free(tx, body.name, body.country)
    organization = Organization(
        name=body.name,
        name_key=make_key(body.name),
        kind=body.kind,
        country=body.country,
        created_at=now,
    )
    tx.add(organization)
    tx.flush()
    _add_name(tx, organization, body.name)
    return organization


def rename(tx: Transaction, organization: Organization, body: Body) -> None:
    """Write an organisation's name, kind and country anew; the former name still means it.

    :raises OrganizationNameMissing: no letter stands in its name.
    :raises OrganizationKnown: in that country, one of its names means another organisation.
    """
    key = make_key(body.name)
    names = _list_names(tx, organization)
    if body.country != organization.country:
        for one in names:
            _require_free(tx, one.name, body.country, but=organization)
            one.country = body.country
    organization.kind, organization.country = body.kind, body.country
    _require_free(tx, body.name, body.country, but=organization)
    organization.name, organization.name_key = body.name, key
    for one in names:
        if one.name_key == key:
            one.name = body.name
    if key not in {one.name_key for one in names}:
        _add_name(tx, organization, body.name)
    tx.flush()


def add_alias(
    tx: Transaction, organization: Organization, name: str, *, note: str = ""
) -> OrganizationName:
    """Say of a text that it means an organisation: a former name, an acronym, a misspelling.

    :raises OrganizationNameMissing: no letter stands in it.
    :raises OrganizationKnown: in that country, the text means an organisation already.
    """
    _require_free(tx, name, organization.country)
    return _add_name(tx, organization, name, note=note)


def remove_alias(tx: Transaction, organization: Organization, name_id: int) -> str:
    """Say no longer of a text that it means an organisation, and return it.

    :raises NotFound: it has no such alias; the name that it bears is none.
    """
    found = tx.get(OrganizationName, name_id)
    is_alias = found is not None and found.organization_id == organization.id
    if found is None or not is_alias or found.name_key == organization.name_key:
        raise NotFound("alias", str(name_id))
    tx.delete(found)
    tx.flush()
    tx.expire(organization, ["names"])
    return found.name


def merge(tx: Transaction, kept: Organization, lost: Organization) -> None:
    """Make one organisation of two: all that meant the other means the one that is kept.

    A text that means a third one in the country of the one kept is given up.
    """
    if kept.id == lost.id:
        raise NotFound("organization", str(lost.id))
    for one in _list_names(tx, lost):
        is_free = one.country == kept.country or _find_name(tx, one.name_key, kept.country) is None
        if is_free:
            one.organization_id, one.country = kept.id, kept.country
        else:
            tx.delete(one)
    tx.flush()
    tx.execute(delete(Organization).where(Organization.id == lost.id))
    tx.expire_all()


def get(tx: Transaction, organization_id: int) -> Organization:
    """Return an organisation with all its names.

    :raises NotFound: there is none of that number.
    """
    found = tx.scalar(
        select(Organization)
        .where(Organization.id == organization_id)
        .options(selectinload(Organization.names))
    )
    if found is None:
        raise NotFound("organization", str(organization_id))
    return found


def find(tx: Transaction, text: str, *, country: str = "") -> Organization | None:
    """Find the organisation that a text means, however it is spelt; `None`: none, or several.

    :param country: where it is known; empty: any.
    """
    means = OrganizationName.name_key == make_key(text)
    if country:
        means = and_(means, OrganizationName.country == country)
    ids = set(tx.scalars(select(OrganizationName.organization_id).where(means)))
    return get(tx, ids.pop()) if len(ids) == 1 else None


def find_named(tx: Transaction, text: str, country: str) -> Organization | None:
    """Find the organisation that a text means in the directory of exactly one country."""
    found = _find_name(tx, make_key(text), country)
    return get(tx, found.organization_id) if found else None


def list_keys(tx: Transaction, text: str) -> set[str]:
    """List the keys of all texts that mean the same body as a text, its own among them."""
    own = make_key(text)
    same = select(OrganizationName.organization_id).where(OrganizationName.name_key == own)
    keys = select(OrganizationName.name_key).where(OrganizationName.organization_id.in_(same))
    return {own, *tx.scalars(keys)}


def list_rows(
    tx: Transaction, search: str = "", *, limit: int, offset: int = 0
) -> list[Organization]:
    """List organisations by name, with all their names; those that have every word in one name."""
    rows = (
        select(Organization)
        .where(_is_found(search))
        .order_by(Organization.name_key, Organization.id)
        .options(selectinload(Organization.names))
    )
    return list(tx.scalars(rows.limit(limit).offset(offset)))


def count(tx: Transaction, search: str = "") -> int:
    """Count the organisations that `list_rows` would list without a limit."""
    return tx.scalar(select(func.count()).select_from(Organization).where(_is_found(search))) or 0


def read_directory(tx: Transaction) -> Directory:
    """Read the whole directory."""
    rows = tx.execute(
        select(OrganizationName.name_key, OrganizationName.country, Organization.name).join(
            Organization, Organization.id == OrganizationName.organization_id
        )
    )
    return Directory({(key, country): name for key, country, name in rows})


def means_same(column: Any, text: str, among: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition under which a stored key means a body that a text names, in part.

    :param column: a folded name, as registrations and cards keep it.
    :param among: which rows are asked about: each spelling among them is looked up once.
    """
    found = select(OrganizationName.organization_id).where(_has_words(text))
    keys = select(OrganizationName.name_key).where(OrganizationName.organization_id.in_(found))
    given = select(column.label("given")).where(among).distinct().subquery()
    meant = select(given.c.given).where(part_words(given.c.given).in_(keys))
    same: ColumnElement[bool] = column.in_(meant)
    return same


def part_words(column: Any) -> ColumnElement[str]:
    """Return a stored key as `make_key` would write it: hyphens and apostrophes are spaces."""
    parted = column
    for code in contacts.SEPARATORS:
        parted = func.replace(parted, chr(code), " ")
    for _times in range(3):  # up to eight spaces in a row become one
        parted = func.replace(parted, "  ", " ")
    return func.trim(parted)


def list_spellings(
    tx: Transaction, institution_id: int, event_ids: Collection[int]
) -> list[Spelling]:
    """List what an institution's contacts, and people at events, say that they come from.

    The most frequent first.
    """
    of_cards = ContactCard.institution_id == institution_id
    of_people = and_(Registration.event_id.in_(event_ids), Registration.erased_at.is_(None))
    found: dict[tuple[str, str], Spelling] = {}
    for key, country, name, number in _count_texts(tx, ContactCard, of_cards):
        one = found.setdefault((key, country), Spelling(key, country, name))
        found[key, country] = one._replace(cards=one.cards + number)
    for key, country, name, number in _count_texts(tx, Registration, of_people):
        one = found.setdefault((key, country), Spelling(key, country, name))
        found[key, country] = one._replace(registrations=one.registrations + number)
    return sorted(found.values(), key=lambda one: (-one.total, one.key, one.country))


def list_unknown(
    tx: Transaction, institution_id: int, event_ids: Collection[int]
) -> list[Spelling]:
    """List those of `list_spellings` that no name in the directory knows."""
    names = tx.execute(select(OrganizationName.name_key, OrganizationName.country))
    known = {(key, country) for key, country in names}
    anywhere = {key for key, _country in known}
    return [
        one
        for one in list_spellings(tx, institution_id, event_ids)
        if not _is_known(one, known, anywhere)
    ]


def count_given(
    tx: Transaction, organization: Organization, institution_id: int, event_ids: Collection[int]
) -> dict[str, Spelling]:
    """Count by key how often each text that means an organisation was given.

    :param organization: with its names.
    """
    keys = {one.name_key for one in organization.names}
    where = {"", organization.country} if organization.country else None
    given: dict[str, Spelling] = {}
    for one in list_spellings(tx, institution_id, event_ids):
        if one.key in keys and (where is None or one.country in where):
            so_far = given.get(one.key, Spelling(one.key, organization.country, one.name))
            given[one.key] = so_far._replace(
                cards=so_far.cards + one.cards,
                registrations=so_far.registrations + one.registrations,
            )
    return given


def _is_known(one: Spelling, known: set[tuple[str, str]], anywhere: set[str]) -> bool:
    if not one.country:
        return one.key in anywhere
    return (one.key, one.country) in known or (one.key, "") in known


def _count_texts(
    tx: Transaction, table: Any, meant: ColumnElement[bool]
) -> list[tuple[str, str, str, int]]:
    rows = tx.execute(
        select(table.country, func.min(table.organization), func.count())
        .where(meant, table.organization_key != "")
        .group_by(table.organization_key, table.country)
    )
    texts = [(make_key(name), country, name, number) for country, name, number in rows]
    return [one for one in texts if one[0]]


def _is_found(search: str) -> ColumnElement[bool]:
    if not contacts.fold_for_search(search):
        return Organization.id.is_not(None)
    found = select(OrganizationName.organization_id).where(_has_words(search))
    return Organization.id.in_(found)


def _has_words(text: str) -> ColumnElement[bool]:
    words = contacts.fold_for_search(text)
    says = [OrganizationName.name_key.contains(one, autoescape=True) for one in words]
    return and_(OrganizationName.name_key != "", *says)


def _list_names(tx: Transaction, organization: Organization) -> list[OrganizationName]:
    of_it = OrganizationName.organization_id == organization.id
    return list(tx.scalars(select(OrganizationName).where(of_it)))


def _find_name(tx: Transaction, key: str, country: str) -> OrganizationName | None:
    return tx.scalar(
        select(OrganizationName).where(
            OrganizationName.name_key == key, OrganizationName.country == country
        )
    )


def _require_free(
    tx: Transaction, name: str, country: str, *, but: Organization | None = None
) -> None:
    key = make_key(name)
    if not key:
        raise OrganizationNameMissing
    found = _find_name(tx, key, country)
    if found is not None and (but is None or found.organization_id != but.id):
        raise OrganizationKnown(get(tx, found.organization_id).name)


def _add_name(
    tx: Transaction, organization: Organization, name: str, *, note: str = ""
) -> OrganizationName:
    added = OrganizationName(
        organization_id=organization.id,
        name=name,
        name_key=make_key(name),
        country=organization.country,
        note=note,
    )
    try:
        with tx.begin_nested():
            tx.add(added)
    except IntegrityError as error:  # someone else said so at the same instant
        raise OrganizationKnown(name) from error
    tx.expire(organization, ["names"])
    return added
