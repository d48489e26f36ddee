"""Statistics: how many registered, were confirmed and came, by country, kind, role and sex.

Without names, and without numbers so small that they would name someone: where those are left out,
so is what would tell them by subtraction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, distinct, func, or_, select, type_coerce

from webinars import filtering, phrasing
from webinars.database import Transaction
from webinars.models import (
    Civility,
    Event,
    Language,
    OrganizationKind,
    PaperOrder,
    Presence,
    Registration,
    RegistrationStatus,
    Role,
)
from webinars.papers.values import Head, Part, Statistics
from webinars.papers.words import Words
from webinars.participants import match

FEW = 5
"""Numbers from one to below this are left out where that is wished."""
LEFT_OUT = "< 5"

CAME = or_(Registration.presence == Presence.PRESENT, Registration.entered_at.is_not(None))
IS_CONFIRMED = Registration.status == RegistrationStatus.CONFIRMED

Counts = tuple[int, int, int]
"""How many registered, were confirmed, and came."""


def make_statistics(tx: Transaction, event: Event, order: PaperOrder, head: Head) -> Statistics:
    """Count an event's registrations, as far as an order limits them."""
    _ = Words(order.language)
    language = order.language
    meant = match(event.id, filtering.read_filter(order.words))
    kinds = _name(OrganizationKind, phrasing.organization_kind_label, language)
    roles = _name(Role, phrasing.role_label, language)
    civilities = _name(Civility, phrasing.civility_label, language)
    countries = _count_by(tx, meant, Registration.country)
    names = {code: phrasing.country_name(code, language) for code in countries}
    parts = [
        (_("Ensemble"), _count_all(tx, meant, _)),
        (_("Par pays"), _say(countries, names)),
        (
            _("Par type de structure"),
            _say(_count_by(tx, meant, Registration.organization_kind), kinds),
        ),
        (_("Par qualité"), _say(_count_by(tx, meant, Registration.role), roles)),
        (_("Par civilité"), _say(_count_by(tx, meant, Registration.civility), civilities)),
    ]
    hidden = order.hides_few
    return Statistics(
        language=language.value,
        head=head,
        columns=("", _("Inscrits"), _("Confirmés"), _("Présents")),
        parts=tuple(
            Part(name, _hide(rows) if hidden and place else _write(rows))
            for place, (name, rows) in enumerate(parts)
        ),
        note=_("Les nombres de 1 à 4 ne sont pas donnés : ils désigneraient des personnes.")
        if hidden
        else "",
    )


def count_meant(tx: Transaction, event: Event, order: PaperOrder) -> int:
    """Count those who are counted in statistics."""
    meant = match(event.id, filtering.read_filter(order.words))
    return tx.scalar(select(func.count()).select_from(Registration).where(meant)) or 0


def hide_few(numbers: Sequence[int]) -> list[str]:
    """Write numbers that add up to a known sum, without those that would name someone.

    Where a single one is left out, the smallest of the others is too: the sum would tell it.
    """
    few = {place for place, number in enumerate(numbers) if 0 < number < FEW}
    others = [place for place, number in enumerate(numbers) if number and place not in few]
    if len(few) == 1 and others:
        few.add(min(others, key=lambda place: numbers[place]))
    return [
        ("–" if number >= FEW else LEFT_OUT) if place in few else str(number)
        for place, number in enumerate(numbers)
    ]


def _hide(rows: Sequence[tuple[str, Counts]]) -> tuple[tuple[str, ...], ...]:
    columns = [hide_few([counts[place] for _, counts in rows]) for place in range(3)]
    said = zip(*columns, strict=True)
    return tuple((name, *cells) for (name, _), cells in zip(rows, said, strict=True))


def _write(rows: Sequence[tuple[str, Counts]]) -> tuple[tuple[str, ...], ...]:
    return tuple((name, *(str(number) for number in counts)) for name, counts in rows)


def _count_all(tx: Transaction, meant: ColumnElement[bool], _: Words) -> list[tuple[str, Counts]]:
    """Count people, and the organisations that they come from."""
    people, organisations = (
        _one_row(tx, meant, lambda condition: func.count(case((condition, Registration.id)))),
        _one_row(tx, meant, _count_organisations),
    )
    return [(_("Personnes"), people), (_("Structures distinctes"), organisations)]


def _one_row(
    tx: Transaction,
    meant: ColumnElement[bool],
    count: Callable[[ColumnElement[bool]], ColumnElement[int]],
) -> Counts:
    everyone = Registration.id.is_not(None)
    row = tx.execute(
        select(count(everyone), count(IS_CONFIRMED), count(and_(IS_CONFIRMED, CAME))).where(meant)
    ).one()
    return (row[0], row[1], row[2])


def _count_organisations(condition: ColumnElement[bool]) -> ColumnElement[int]:
    key = Registration.country + " " + Registration.organization_key
    return func.count(distinct(case((condition, key))))


def _count_by(tx: Transaction, meant: ColumnElement[bool], column: Any) -> dict[str, Counts]:
    value = type_coerce(column, String)
    rows = tx.execute(
        select(
            value,
            func.count(),
            func.count(case((IS_CONFIRMED, 1))),
            func.count(case((and_(IS_CONFIRMED, CAME), 1))),
        )
        .where(meant)
        .group_by(value)
    )
    return {name: (registered, confirmed, came) for name, registered, confirmed, came in rows}


def _say(counted: Mapping[str, Counts], names: Mapping[str, str]) -> list[tuple[str, Counts]]:
    """Say what was counted in words, the most first."""
    in_order = sorted(counted.items(), key=lambda one: (-one[1][0], names[one[0]]))
    return [(names[value], counts) for value, counts in in_order]


def _name(
    values: Iterable[StrEnum], label: Callable[[Any, Language], str], language: Language
) -> dict[str, str]:
    return {value.value: label(value, language) for value in values}
