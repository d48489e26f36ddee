"""The participants of events, looked at: by link, by number, listed, searched and counted.

Nothing is changed here; the commands are in `webinars.registrations`.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import JSON, ColumnElement, and_, func, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import joinedload, undefer
from sqlalchemy.orm.attributes import set_committed_value

from webinars import choices, events
from webinars.database import Transaction
from webinars.errors import NotFound
from webinars.links import Links, Scope, read_public_id
from webinars.matching import HAS_OPEN_REQUEST, IS_UNANSWERED, Filter, match
from webinars.models import (
    AnswerFile,
    Event,
    Registration,
    RegistrationAlias,
    RegistrationStatus,
    SessionChoice,
)

__all__ = [
    "HAS_OPEN_REQUEST",
    "IS_UNANSWERED",
    "Filter",
    "Pending",
    "Stand",
    "count",
    "count_by_status",
    "count_pending",
    "find_by_public_id",
    "find_by_token",
    "find_passed_on",
    "find_represented",
    "find_substitute",
    "get",
    "get_by_token",
    "get_for_gate",
    "list_countries",
    "list_rows",
    "list_sources",
    "list_stands",
    "match",
]


@dataclass(frozen=True)
class Stand:
    """Who comes in a person's place, and in whose place she comes."""

    substitute: Registration | None = None
    represented: Registration | None = None


@dataclass(frozen=True)
class Pending:
    """How many have still to say that they maintain, and how many wait for an organiser."""

    to_reconfirm: int
    requests: int


def get(tx: Transaction, registration_id: int) -> Registration:
    """Return a registration with its event and the sessions it chose.

    :raises NotFound: there is none, or its personal data have been erased.
    """
    found = _find(tx, Registration.id == registration_id)
    if found is None:
        raise NotFound("registration", str(registration_id))
    return found


def find_by_public_id(tx: Transaction, public_id: str) -> Registration | None:
    """Find the registration that a calendar entry names, with its event."""
    found = _find(tx, Registration.public_id == public_id)
    if found is None:
        alias = _find_alias(tx, public_id)
        found = _find(tx, Registration.id == alias.registration_id) if alias else None
    return found


def find_by_token(
    tx: Transaction, links: Links, token: str, scopes: Collection[Scope]
) -> tuple[Registration, Scope] | None:
    """Find the registration that a link stands for, with its event, and what the link is for."""
    public_id = read_public_id(token)
    if public_id is None:
        return None
    found = find_by_public_id(tx, public_id)
    if found is None:
        return None
    generation = found.link_generation
    if found.public_id != public_id:  # merged into this one
        alias = _find_alias(tx, public_id)
        generation = alias.link_generation if alias else generation
    for scope in scopes:
        if links.is_valid(token, scope, public_id, generation):
            return found, scope
    return None


def get_by_token(
    tx: Transaction, links: Links, token: str, scopes: Collection[Scope]
) -> tuple[Registration, Scope]:
    """Return the registration that a link stands for, with its event, and what the link is for.

    :raises NotFound: the link is none of ours, is for something else, or is worthless by now.
    """
    found = find_by_token(tx, links, token, scopes)
    if found is None:
        raise NotFound("registration")
    return found


def get_for_gate(tx: Transaction, links: Links, token: str) -> Registration:
    """Return the registration whose connection link this is, with its event.

    :raises NotFound: the link is none of ours, is for something else, or is worthless by now.
    """
    return get_by_token(tx, links, token, {Scope.GATE})[0]


def find_of_contact(tx: Transaction, event_id: int, contact_id: int) -> Registration | None:
    """Find the registration of a contact for an event."""
    return _find(tx, and_(Registration.event_id == event_id, Registration.contact_id == contact_id))


def find_passed_on(
    tx: Transaction, links: Links, token: str, scopes: Collection[Scope]
) -> Registration | None:
    """Find the registration whose link this was until a substitute took its place.

    Nothing may be shown but that: a dead link proves nothing any more.
    """
    public_id = read_public_id(token)
    found = None if public_id is None else _find(tx, Registration.public_id == public_id)
    if found is None or public_id is None or found.link_generation == 0:
        return None
    if found.status is not RegistrationStatus.CANCELLED or find_substitute(tx, found) is None:
        return None
    last = found.link_generation - 1
    was_good = any(links.is_valid(token, scope, public_id, last) for scope in scopes)
    return found if was_good else None


def find_substitute(tx: Transaction, registration: Registration) -> Registration | None:
    """Find the registration of who comes in a person's place."""
    return tx.scalar(
        select(Registration)
        .where(Registration.represents_id == registration.id, Registration.erased_at.is_(None))
        .order_by(Registration.id.desc())
        .limit(1)
    )


def find_represented(tx: Transaction, registration: Registration) -> Registration | None:
    """Find the registration in whose place a person comes."""
    if registration.represents_id is None:
        return None
    return tx.scalar(
        select(Registration).where(
            Registration.id == registration.represents_id, Registration.erased_at.is_(None)
        )
    )


def list_stands(tx: Transaction, registrations: Collection[Registration]) -> dict[int, Stand]:
    """Return by id who of these is represented, or represents someone."""
    ids = {one.id for one in registrations}
    represented = {one.represents_id for one in registrations if one.represents_id is not None}
    found = tx.scalars(
        select(Registration)
        .where(
            or_(Registration.represents_id.in_(ids), Registration.id.in_(represented)),
            Registration.erased_at.is_(None),
        )
        .order_by(Registration.id)
    ).all()
    by_id = {one.id: one for one in found}
    substitutes = {one.represents_id: one for one in found if one.represents_id in ids}
    stands = {
        one.id: Stand(substitutes.get(one.id), by_id.get(one.represents_id or 0))
        for one in registrations
    }
    return {number: stand for number, stand in stands.items() if stand != Stand()}


def list_rows(
    tx: Transaction,
    event_id: int,
    wanted: Filter | None = None,
    *,
    limit: int | None = None,
    offset: int = 0,
) -> list[Registration]:
    """List the participants of an event by name, with the sessions they chose."""
    rows = (
        select(Registration)
        .where(match(event_id, wanted))
        .order_by(Registration.name_key, Registration.id)
        .limit(limit)
        .offset(offset)
        .options(choices.LOADED)
    )
    return list(tx.scalars(rows))


def count(tx: Transaction, event_id: int, wanted: Filter | None = None) -> int:
    """Count the participants that `list_rows` would list without a limit."""
    rows = select(func.count()).select_from(Registration).where(match(event_id, wanted))
    return tx.scalar(rows) or 0


def count_pending(tx: Transaction, event_id: int) -> Pending:
    """Count what people and organisers of an event owe each other."""
    return Pending(
        to_reconfirm=count(tx, event_id, Filter(to_reconfirm=True)),
        requests=count(tx, event_id, Filter(has_request=True)),
    )


def has_answered(tx: Transaction, event_id: int, key: str) -> bool:
    """Tell whether anyone has answered a question of the event's own."""
    answers = type_coerce(Registration.answers, JSON().with_variant(JSONB(), "postgresql"))
    said = select(Registration.id).where(
        Registration.event_id == event_id, func.coalesce(answers[key].as_string(), "") != ""
    )
    return tx.scalar(said.limit(1)) is not None


def find_file(tx: Transaction, registration: Registration, key: str) -> AnswerFile | None:
    """Find the file that a person sent last as the answer to a question."""
    sent = select(AnswerFile).where(
        AnswerFile.registration_id == registration.id, AnswerFile.key == key
    )
    last = sent.order_by(AnswerFile.id.desc()).limit(1)
    return tx.scalar(last.options(undefer(AnswerFile.content)))


def list_sources(tx: Transaction, event_id: int) -> list[str]:
    """List who entered the registrations of an event: `form`, acronyms, `import`."""
    rows = select(Registration.source).where(match(event_id)).distinct()
    return sorted(tx.scalars(rows))


def list_countries(tx: Transaction, event_id: int, wanted: Filter | None = None) -> list[str]:
    """List the countries, by ISO code, that those in the list come from."""
    return list(tx.scalars(select(Registration.country).where(match(event_id, wanted)).distinct()))


def count_by_status(
    tx: Transaction, event_ids: Collection[int]
) -> dict[int, Counter[RegistrationStatus]]:
    """Count the registrations of each of the events by status; the erased ones still count."""
    counted: dict[int, Counter[RegistrationStatus]] = {one: Counter() for one in event_ids}
    rows = tx.execute(
        select(Registration.event_id, Registration.status, func.count())
        .where(Registration.event_id.in_(event_ids))
        .group_by(Registration.event_id, Registration.status)
    )
    for event_id, status, number in rows:
        counted[event_id][status] = number
    return counted


def _find_alias(tx: Transaction, public_id: str) -> RegistrationAlias | None:
    return tx.scalar(select(RegistrationAlias).where(RegistrationAlias.public_id == public_id))


def _find(tx: Transaction, condition: ColumnElement[bool]) -> Registration | None:
    """Find a registration with the sessions it chose, in one question, and with its event."""
    found = tx.execute(
        select(Registration, Event.edition)
        .join(Event, Event.id == Registration.event_id)
        .where(condition, Registration.erased_at.is_(None))
        .options(joinedload(Registration.choices).joinedload(SessionChoice.session))
    ).unique()
    for registration, edition in found:
        event = events.take(tx, registration.event_id, edition)
        set_committed_value(registration, "event", event)
        return registration
    return None
