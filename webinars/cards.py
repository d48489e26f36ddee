"""What institutions know of their contacts: looked for, written, shared, given up.

A card belongs to one institution. The contact itself (`webinars.contacts`) is a person, whom
several institutions may have cards of and who may be registered; it is never shown by itself.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import joinedload

from webinars import contacts, organizations
from webinars.database import Transaction
from webinars.errors import ContactKnown, NotFound
from webinars.models import (
    Civility,
    Contact,
    ContactCard,
    Event,
    EventInstitution,
    Institution,
    Invitation,
    Language,
    LegalBasis,
    OrganizationKind,
    Registration,
    Role,
)

UNUSED_KEPT = timedelta(days=3 * 365)
"""How long a card is kept after there was last something between institution and person."""


@dataclass(frozen=True)
class Person:
    """What an institution knows of someone."""

    last_name: str
    first_name: str
    email: str
    civility: Civility = Civility.NONE
    language: Language = Language.FRENCH
    role: Role | None = None
    job_title: str = ""
    organization: str = ""
    organization_kind: OrganizationKind | None = None
    country: str = ""
    phone: str = ""
    salutation: str = ""


@dataclass(frozen=True)
class Origin:
    """Where an institution has someone from, and why it may write to her."""

    source: str
    legal_basis: LegalBasis
    is_shared: bool = False


@dataclass(frozen=True)
class CardFilter:
    """What a list of contacts is limited to; what is left out limits nothing."""

    search: str = ""
    """Words of a name, an organisation, a function or an address, without regard to accents.

    An organisation is found by every name that the directory has of it.
    """
    kind: OrganizationKind | None = None
    role: Role | None = None
    country: str = ""
    source: str = ""
    is_shared: bool | None = None


def add(
    tx: Transaction, institution_id: int, person: Person, origin: Origin, *, now: datetime
) -> ContactCard:
    """Add someone to an institution's contacts.

    :raises ContactKnown: the institution has that address and name already.
    """
    contact, _is_new = contacts.find_or_add(
        tx,
        last_name=person.last_name,
        first_name=person.first_name,
        email=person.email,
        language=person.language,
        now=now,
    )
    _require_unknown(tx, institution_id, contact.id)
    card = ContactCard(
        institution_id=institution_id,
        contact_id=contact.id,
        created_at=now,
        **make_columns(person, origin, now=now),
    )
    tx.add(card)
    tx.flush()
    return card


def change(
    tx: Transaction, card: ContactCard, person: Person, origin: Origin, *, now: datetime
) -> None:
    """Write anew what an institution knows of someone; other institutions' cards stay as they are.

    :raises ContactKnown: the institution has a card of that address and name already.
    """
    former_id = card.contact_id
    contact, _is_new = contacts.find_or_add(
        tx,
        last_name=person.last_name,
        first_name=person.first_name,
        email=person.email,
        language=person.language,
        now=now,
    )
    if contact.id != former_id:
        _require_unknown(tx, card.institution_id, contact.id)
    card.contact_id = contact.id
    for name, value in make_columns(person, origin, now=now).items():
        setattr(card, name, value)
    tx.flush()
    if contact.id != former_id:
        contacts.remove_unused(tx, {former_id})


def complete(card: ContactCard, person: Person, *, now: datetime) -> bool:
    """Take over what a card lacks, and tell whether it lacked anything; nothing is replaced."""
    lacking = {
        name: getattr(person, name)
        for name in (
            "role",
            "job_title",
            "organization",
            "organization_kind",
            "country",
            "phone",
            "salutation",
        )
        if not getattr(card, name) and getattr(person, name)
    }
    if card.civility is Civility.NONE and person.civility is not Civility.NONE:
        lacking["civility"] = person.civility
    for name, value in lacking.items():
        setattr(card, name, value)
    if lacking:
        card.organization_key = contacts.fold(card.organization)
        card.search_key = make_search_key(
            card.name_key, card.organization, card.job_title, card.contact.email
        )
        card.updated_at = card.touched_at = now
    return bool(lacking)


def set_shared(tx: Transaction, card: ContactCard, *, is_shared: bool, now: datetime) -> None:
    """Let the other institutions of an event see someone there, or no longer."""
    card.is_shared, card.updated_at = is_shared, now
    tx.flush()


def remove(tx: Transaction, cards: Collection[ContactCard]) -> None:
    """Give up what an institution knows of people; what they did themselves stays."""
    contact_ids = {card.contact_id for card in cards}
    tx.execute(delete(ContactCard).where(ContactCard.id.in_([card.id for card in cards])))
    contacts.remove_unused(tx, contact_ids)


def get(tx: Transaction, institution_id: int, card_id: int) -> ContactCard:
    """Return a card of an institution, with its contact.

    :raises NotFound: the institution has none of that number.
    """
    found = tx.scalar(
        select(ContactCard)
        .where(ContactCard.id == card_id, ContactCard.institution_id == institution_id)
        .options(joinedload(ContactCard.contact))
    )
    if found is None:
        raise NotFound("contact", str(card_id))
    return found


def list_rows(
    tx: Transaction, institution_id: int, wanted: CardFilter, *, limit: int, offset: int = 0
) -> list[ContactCard]:
    """List the contacts of an institution by name."""
    rows = (
        select(ContactCard)
        .where(match(ContactCard.institution_id == institution_id, wanted))
        .order_by(ContactCard.name_key, ContactCard.id)
        .options(joinedload(ContactCard.contact))
    )
    return list(tx.scalars(rows.limit(limit).offset(offset)))


def list_seen_at(
    tx: Transaction, event: Event, institution_id: int, wanted: CardFilter, *, limit: int
) -> list[ContactCard]:
    """List the contacts that an institution may ask to an event, by name."""
    rows = (
        select(ContactCard)
        .where(match(is_seen_at(event, institution_id), wanted))
        .order_by(ContactCard.name_key, ContactCard.id)
        .options(joinedload(ContactCard.contact))
    )
    return list(tx.scalars(rows.limit(limit)))


def count(tx: Transaction, institution_id: int, wanted: CardFilter | None = None) -> int:
    """Count the contacts that `list_rows` would list without a limit."""
    of_institution = ContactCard.institution_id == institution_id
    rows = select(func.count()).select_from(ContactCard)
    return tx.scalar(rows.where(match(of_institution, wanted or CardFilter()))) or 0


def count_by_institution(tx: Transaction) -> list[tuple[Institution, int]]:
    """List every institution by acronym, with how many contacts it has."""
    rows = (
        select(Institution, func.count(ContactCard.id))
        .outerjoin(ContactCard, ContactCard.institution_id == Institution.id)
        .group_by(Institution.id)
        .order_by(Institution.acronym, Institution.country)
    )
    return [(institution, number) for institution, number in tx.execute(rows)]


def list_sources(tx: Transaction, institution_id: int) -> list[str]:
    """List where an institution has its contacts from."""
    rows = select(ContactCard.source).where(ContactCard.institution_id == institution_id)
    return sorted(tx.scalars(rows.distinct()))


def list_countries(tx: Transaction, institution_id: int) -> list[str]:
    """List the countries of an institution's contacts, by ISO code."""
    rows = select(ContactCard.country).where(ContactCard.institution_id == institution_id)
    return sorted(one for one in tx.scalars(rows.distinct()) if one)


def match(of_whom: ColumnElement[bool], wanted: CardFilter) -> ColumnElement[bool]:
    """Return the condition under which a card is in a list.

    :param of_whom: whose cards: of an institution, or those that it sees at an event.
    """
    columns: dict[Any, object] = {
        ContactCard.organization_kind: wanted.kind,
        ContactCard.role: wanted.role,
        ContactCard.country: wanted.country,
        ContactCard.source: wanted.source,
    }
    conditions = [of_whom, *(column == value for column, value in columns.items() if value)]
    if wanted.is_shared is not None:
        conditions.append(ContactCard.is_shared == wanted.is_shared)
    words = contacts.fold_for_search(wanted.search)
    if words:
        says = and_(*(ContactCard.search_key.contains(one, autoescape=True) for one in words))
        means = organizations.means_same(ContactCard.organization_key, wanted.search, of_whom)
        conditions.append(or_(says, means))
    return and_(*conditions)


def is_seen_at(event: Event, institution_id: int) -> ColumnElement[bool]:
    """Return the condition under which an institution sees a card at an event.

    Its own it sees, and what the event's other institutions share.
    """
    partners = [one.institution_id for one in event.institutions]
    is_shared_there = and_(ContactCard.is_shared, ContactCard.institution_id.in_(partners))
    return or_(ContactCard.institution_id == institution_id, is_shared_there)


def list_known(invitation: Invitation, card: ContactCard | None) -> dict[str, str]:
    """Return what the registration form of who is invited is filled in with, by field."""
    known: dict[str, Any] = {
        name: getattr(invitation, name)
        for name in ("civility", "last_name", "first_name", "email", "organization", "language")
    }
    if card is not None:
        names = ("phone", "role", "job_title", "organization_kind", "country")
        known |= {name: getattr(card, name) for name in names}
    return {name: str(value) for name, value in known.items() if value}


def list_history(tx: Transaction, contact_id: int) -> list[Registration]:
    """List the registrations of a contact, the latest event first, each with its event.

    Which of them may be shown is for whoever shows them: events have their institutions.
    """
    rows = (
        select(Registration)
        .join(Event, Event.id == Registration.event_id)
        .where(Registration.contact_id == contact_id, Registration.erased_at.is_(None))
        .options(
            joinedload(Registration.event)
            .selectinload(Event.institutions)
            .joinedload(EventInstitution.institution)
        )
        .order_by(Event.starts_at.desc(), Registration.id)
    )
    return list(tx.scalars(rows))


def forget_unused(tx: Transaction, *, now: datetime, limit: int = 5_000) -> int:
    """Give up contacts with whom there was nothing for three years, and tell how many."""
    old = tx.scalars(
        select(ContactCard).where(ContactCard.touched_at <= now - UNUSED_KEPT).limit(limit)
    ).all()
    if old:
        remove(tx, old)
    return len(old)


def make_columns(person: Person, origin: Origin, *, now: datetime) -> dict[str, Any]:
    """Return what a card says, by column."""
    name_key = contacts.name_key(person.last_name, person.first_name)
    return {
        "source": origin.source,
        "legal_basis": origin.legal_basis,
        "is_shared": origin.is_shared,
        "civility": person.civility,
        "language": person.language,
        "role": person.role,
        "job_title": person.job_title,
        "organization": person.organization,
        "organization_key": contacts.fold(person.organization),
        "organization_kind": person.organization_kind,
        "country": person.country,
        "phone": person.phone,
        "salutation": person.salutation,
        "name_key": name_key,
        "search_key": make_search_key(
            name_key, person.organization, person.job_title, person.email
        ),
        "updated_at": now,
        "touched_at": now,
    }


def make_search_key(name_key: str, organization: str, job_title: str, email: str) -> str:
    """Return what is searched of a card: every word folded, hyphens and apostrophes apart."""
    return " ".join(contacts.fold_for_search(f"{name_key} {organization} {job_title}")) + (
        f" {contacts.address_key(email)}"
    )


def find_like(
    tx: Transaction, institution_id: int, person: Person
) -> tuple[ContactCard | None, ContactCard | None, ContactCard | None]:
    """Find an institution's contacts who may be this person.

    The same address and name; the same address; the same name at the same organisation.
    """
    name_key = contacts.name_key(person.last_name, person.first_name)
    email_key = contacts.address_key(person.email)
    of_address = _list_by_address(tx, institution_id, [email_key])
    same = next((one for one in of_address if one.name_key == name_key), None)
    address = next(iter(of_address), None)
    name = None
    if person.organization:
        name = tx.scalar(
            select(ContactCard)
            .where(
                ContactCard.institution_id == institution_id,
                ContactCard.name_key == name_key,
                ContactCard.organization_key == contacts.fold(person.organization),
            )
            .options(joinedload(ContactCard.contact))
            .limit(1)
        )
    return same, address, name


def _list_by_address(
    tx: Transaction, institution_id: int, email_keys: Sequence[str]
) -> list[ContactCard]:
    from_address = ContactCard.contact.has(Contact.email_key.in_(email_keys))
    rows = select(ContactCard).where(ContactCard.institution_id == institution_id, from_address)
    return list(tx.scalars(rows.options(joinedload(ContactCard.contact)).order_by(ContactCard.id)))


def _require_unknown(tx: Transaction, institution_id: int, contact_id: int) -> None:
    known = select(ContactCard.id).where(
        ContactCard.institution_id == institution_id, ContactCard.contact_id == contact_id
    )
    if tx.scalar(known) is not None:
        raise ContactKnown
