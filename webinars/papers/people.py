"""Who stands on a paper, and how: names as lists write them, cleaned of what no paper can show."""

import re
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select

from webinars import choices, filtering, phrasing
from webinars.database import Transaction
from webinars.exports.rows import order_for_people
from webinars.models import (
    AttendanceMode,
    Event,
    Language,
    Mode,
    Paper,
    PaperOrder,
    Presence,
    Registration,
    RegistrationStatus,
    Role,
)
from webinars.participants import Filter, list_countries, match
from webinars.typed import clean_line

LONGEST = 10_000
LONG_WORD = re.compile(r"\S{24}(?=\S)")
BREAK_HERE = "\u200b"
"""Invisible; a line may end there."""

ON_SITE = frozenset({Paper.SIGN_IN, Paper.BADGES})
"""Papers of a hybrid event that concern those alone who come."""
BY_NAME = frozenset({Paper.SIGN_IN, Paper.BADGES, Paper.CERTIFICATES, Paper.PROGRAMMES})
"""Papers on which someone is looked for by name; the others go by country and organisation."""

FIRST_ROLES = (Role.ELECTED, Role.STATE, Role.STAFF)
"""Who stands first in a delegation: nobody is asked who leads it, so it is the elected."""


def choose_filter(order: PaperOrder) -> Filter:
    """Return whom a paper is limited to: the confirmed, unless another status is asked for."""
    words = order.words if "status" in order.words else order.words | CONFIRMED
    if order.paper is Paper.SHAREABLE:
        words = order.words | CONFIRMED | {"shares": "yes"}
    return filtering.read_filter(words)


CONFIRMED = {"status": RegistrationStatus.CONFIRMED.value}


def list_people(tx: Transaction, event: Event, order: PaperOrder) -> list[Registration]:
    """List the people on a paper in its order, with the sessions that they chose."""
    wanted = choose_filter(order)
    query = select(Registration).where(_are_meant(event, order)).options(choices.LOADED)
    if order.paper not in BY_NAME:
        names = name_countries(list_countries(tx, event.id, wanted), order.language)
        query = query.order_by(*order_for_people(tx, names))
    return list(tx.scalars(query.order_by(Registration.name_key, Registration.id)))


def count_people(tx: Transaction, event: Event, order: PaperOrder) -> int:
    """Count the people on a paper."""
    meant = select(func.count()).select_from(Registration).where(_are_meant(event, order))
    return tx.scalar(meant) or 0


def _are_meant(event: Event, order: PaperOrder) -> ColumnElement[bool]:
    """Return the condition under which someone stands on a paper."""
    conditions = [match(event.id, choose_filter(order))]
    if order.registration_id is not None:
        conditions.append(Registration.id == order.registration_id)
    if order.paper in ON_SITE and event.mode is Mode.HYBRID:
        conditions.append(Registration.attendance_mode == AttendanceMode.ONSITE)
    if order.paper is Paper.CERTIFICATES:
        came = Registration.presence == Presence.PRESENT
        conditions.append(or_(came, Registration.entered_at.is_not(None)))
    return and_(*conditions)


def name_countries(codes: Collection[str], language: Language) -> dict[str, str]:
    """Return the names of countries by their codes, as a list has them: by name."""
    names = {code: phrasing.country_name(code, language) for code in codes}
    return dict(sorted(names.items(), key=lambda item: item[1]))


def name_represented(tx: Transaction, people: Sequence[Registration]) -> dict[int, str]:
    """Return by its number the name of each person in whose place another one comes."""
    numbers = {one.represents_id for one in people if one.represents_id is not None}
    if not numbers:
        return {}
    rows = select(Registration).where(
        Registration.id.in_(numbers), Registration.erased_at.is_(None)
    )
    return {one.id: say_name(one) for one in tx.scalars(rows)}


def say_name(person: Registration) -> str:
    """Return a name as it stands in a text: Samira BENNANI."""
    return clean(phrasing.display_name(person.first_name, person.last_name))


def list_name(person: Registration) -> str:
    """Return a name as it stands in a list: BENNANI Samira."""
    return clean(phrasing.sort_name(person.last_name, person.first_name))


def rank_in_delegation(person: Registration) -> int:
    """Return where a person stands in her delegation: the elected first."""
    known = person.role in FIRST_ROLES
    return FIRST_ROLES.index(person.role) if known else len(FIRST_ROLES)


def clean(text: str) -> str:
    """Return a text on one line that turns nothing round, and whose lines can end somewhere."""
    return LONG_WORD.sub(lambda found: found[0] + BREAK_HERE, clean_line(text, LONGEST))


def aside(text: str, language: Language) -> str:
    """Return someone's own words for a sentence of ours: their direction stays their own."""
    return f"\u2068{text}\u2069" if language is Language.ARABIC and text else text


def clean_lines(text: str) -> str:
    """Return a text of several lines, each of them clean."""
    return "\n".join(clean(line) for line in text.splitlines())
