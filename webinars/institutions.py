"""The institutions that run events: added and named by who runs the service."""

from typing import NamedTuple

from sqlalchemy import func, select

from webinars.database import Transaction
from webinars.errors import InstitutionKnown, NotFound
from webinars.models import EventInstitution, Institution, Organiser


class InstitutionRow(NamedTuple):
    """An institution as the list shows it."""

    institution: Institution
    organisers: int
    events: int


def list_rows(tx: Transaction) -> list[InstitutionRow]:
    """List every institution with how many organisers and events it has, by acronym."""
    people = (
        select(func.count())
        .where(Organiser.institution_id == Institution.id, Organiser.disabled_at.is_(None))
        .scalar_subquery()
    )
    events = (
        select(func.count())
        .where(EventInstitution.institution_id == Institution.id)
        .scalar_subquery()
    )
    rows = tx.execute(
        select(Institution, people, events).order_by(Institution.acronym, Institution.country)
    )
    return [InstitutionRow(*row) for row in rows]


def get(tx: Transaction, institution_id: int) -> Institution:
    """Return the institution of that number.

    :raises NotFound: there is none.
    """
    institution = tx.get(Institution, institution_id)
    if institution is None:
        raise NotFound("institution", str(institution_id))
    return institution


def add(tx: Transaction, *, acronym: str, name: str, country: str) -> Institution:
    """Add an institution.

    :raises InstitutionKnown: one of that acronym and country is there already.
    """
    _require_free(tx, acronym, country, None)
    institution = Institution(acronym=acronym, name=name, country=country)
    tx.add(institution)
    tx.flush()
    return institution


def edit(
    tx: Transaction, institution: Institution, *, acronym: str, name: str, country: str
) -> None:
    """Name an institution anew; events keep the name that it had then.

    :raises InstitutionKnown: another one has that acronym and country.
    """
    _require_free(tx, acronym, country, institution.id)
    institution.acronym, institution.name, institution.country = acronym, name, country
    tx.flush()


def _require_free(tx: Transaction, acronym: str, country: str, own_id: int | None) -> None:
    taken = select(Institution.id).where(
        Institution.acronym == acronym, Institution.country == country
    )
    if tx.scalar(taken) not in {None, own_id}:
        raise InstitutionKnown
