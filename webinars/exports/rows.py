"""The rows of an export: read in the database's own order, every value a text already.

Types are left aside on purpose: at a hundred thousand rows, turning each value into an object and
back into a text would cost more than all the rest. Dates and answers become texts in the database.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    String,
    case,
    collate,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB

from webinars import phrasing
from webinars.contacts import fold
from webinars.database import Transaction
from webinars.models import (
    AttendanceMode,
    Civility,
    Event,
    Language,
    OrganizationKind,
    Presence,
    QuestionKind,
    Registration,
    RegistrationStatus,
    Role,
    Session,
    SessionChoice,
)
from webinars.participants import (
    HAS_OPEN_REQUEST,
    IS_UNANSWERED,
    Filter,
    list_countries,
    match,
)
from webinars.zones import to_local

BATCH = 1000
"""How many rows are in memory at once."""

LABELS = {
    "reference": "Référence",
    "status": "Statut",
    "registered_at": "Inscription le",
    "civility": "Civilité",
    "last_name": "Nom",
    "first_name": "Prénom",
    "email": "Adresse électronique",
    "phone": "Téléphone",
    "role": "Qualité",
    "job_title": "Mandat ou fonction",
    "organization": "Structure",
    "organization_kind": "Type de structure",
    "country": "Pays",
    "on_behalf_of": "Pour le compte de",
    "language": "Langue",
    "attendance_mode": "Participation",
    "assistant_email": "Adresse de l’assistant(e)",
    "sessions": "Séances",
    "question": "Question aux intervenants",
    "share_with_participants": "Liste diffusée aux participants",
    "accept_invitations": "Autres invitations",
    "entered_at": "Connexion le",
    "presence": "Présence",
    "source": "Inscription par",
}
"""Every column by its key, in order, and what it is called for people."""
LATER_LABELS = {
    "represented_by": "Représenté(e) par",
    "represents": "Représente",
    "to_reconfirm": "À reconfirmer",
    "request": "Demande",
    "salutation": "Forme d’appel",
}
"""The columns after the event's own questions: programs know the others by their place too."""

INSTANTS = ("registered_at", "entered_at")
FLAGS = ("share_with_participants", "accept_invitations", "to_reconfirm")
NOTHINGS = ("entered_at", "presence", "represented_by", "represents")
"""What is nothing, and no empty text, where it has not happened."""

WORDS: Mapping[str, tuple[type[StrEnum], Callable[[Any, Language], str]]] = {
    "status": (RegistrationStatus, phrasing.status_label),
    "civility": (Civility, phrasing.civility_label),
    "role": (Role, phrasing.role_label),
    "organization_kind": (OrganizationKind, phrasing.organization_kind_label),
    "language": (Language, phrasing.language_label),
    "attendance_mode": (AttendanceMode, phrasing.attendance_mode_label),
    "presence": (Presence, phrasing.presence_label),
}
SOURCES = {"form": "Formulaire", "import": "Fichier importé", "organiser": "Organisation"}
"""How the sources that are no institution's acronym are called for people."""
YES_OR_NO = {"1": "Oui", "": "Non"}

_TABLE = Registration.__table__.c

Naming = Callable[[Any], ColumnElement[str]]
"""How another registration is named, from its columns."""


class _Words(dict[str, str]):
    """Words by value; a value that has none stands for itself."""

    def __missing__(self, value: str) -> str:
        return value


@dataclass(frozen=True)
class Table:
    """What an export says: a name for each column, and batches of rows of texts."""

    keys: tuple[str, ...]
    names: tuple[str, ...]
    batches: Iterator[Sequence[Sequence[str]]]


def read_for_programs(
    tx: Transaction, event: Event, wanted: Filter | None, columns: Sequence[str] = ()
) -> Table:
    """Read codes, and instants in UTC, by time of registration."""
    keys = choose_keys(event, columns)
    query = _query(tx, event, wanted, keys, _name_by_reference)
    query = query.order_by(_TABLE.registered_at, _TABLE.id)
    return Table(keys, keys, _read(tx, query))


def read_for_people(
    tx: Transaction, event: Event, wanted: Filter | None, columns: Sequence[str] = ()
) -> Table:
    """Read French words, and hours of the event's zone, as a French reader looks them up."""
    keys, names = choose_keys(event, columns), name_columns(event)
    countries = _list_countries(tx, event, wanted)
    query = _query(tx, event, wanted, keys, _name_by_name)
    query = query.order_by(*order_for_people(tx, countries), _TABLE.id)
    sayings = _sayings(event, keys, countries)
    batches = ([_say(row, sayings) for row in batch] for batch in _read(tx, query))
    return Table(keys, tuple(names[key] for key in keys), batches)


def list_keys(event: Event) -> tuple[str, ...]:
    """List the keys of the columns in order, the event's own questions nearly last."""
    return tuple(name_columns(event))


def choose_keys(event: Event, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that were chosen, in that order; all of them where none was.

    What the event has no column for, and what was chosen before, is overlooked.
    """
    known = list_keys(event)
    return tuple(dict.fromkeys(key for key in columns if key in known)) or known


def name_columns(event: Event) -> dict[str, str]:
    """Return what each column is called for people, in order, by its key."""
    own = {f"q_{question.key}": question.label.fr for question in event.questions}
    return {**LABELS, **own, **LATER_LABELS}


def _read(tx: Transaction, query: Select[*tuple[Any, ...]]) -> Iterator[Sequence[Sequence[str]]]:
    # With `yield_per` PostgreSQL keeps the rows on its side until they are asked for.
    found = tx.connection().execute(query, execution_options={"yield_per": BATCH})
    return iter(found.partitions())


def _query(
    tx: Transaction, event: Event, wanted: Filter | None, keys: Sequence[str], name: Naming
) -> Select[*tuple[Any, ...]]:
    represented_by, represents = _name_others(tx, event, name)
    said: dict[str, ColumnElement[str]] = {
        **{key: type_coerce(_TABLE.get(key), String) for key in LABELS if key in _TABLE},
        **{key: _or_nothing(_iso_utc(tx, _TABLE[key])) for key in INSTANTS},
        **{key: _flag(_TABLE[key].is_(True)) for key in FLAGS if key in _TABLE},
        "sessions": _or_nothing(_codes_chosen()) if event.sessions else literal(""),
        "presence": _or_nothing(type_coerce(_TABLE.presence, String)),
        **{f"q_{one.key}": _or_nothing(_answer(one.key)) for one in event.questions},
        "represented_by": represented_by,
        "represents": represents,
        "to_reconfirm": _flag(IS_UNANSWERED),
        "request": _open_request(),
        "salutation": type_coerce(_TABLE.salutation, String),
    }
    return select(*(said[key] for key in keys)).where(match(event.id, wanted))


def _name_others(
    tx: Transaction, event: Event, name: Naming
) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Return who comes in the person's place, and in whose place she comes."""
    any_at_all = select(_TABLE.id).where(
        _TABLE.event_id == event.id, _TABLE.represents_id.is_not(None)
    )
    if tx.scalar(any_at_all.limit(1)) is None:  # as at most events: nothing to look up row by row
        return literal(""), literal("")
    other = Registration.__table__.alias("other")

    def name_where(condition: ColumnElement[bool]) -> ColumnElement[str]:
        return _or_nothing(
            select(name(other.c))
            .where(condition, other.c.erased_at.is_(None))
            .order_by(other.c.id.desc())
            .limit(1)
            .correlate(Registration.__table__)
            .scalar_subquery()
        )

    represents, is_represented = (
        other.c.id == _TABLE.represents_id,
        other.c.represents_id == _TABLE.id,
    )
    return name_where(is_represented), name_where(represents)


def _name_by_reference(other: Any) -> ColumnElement[str]:
    reference: ColumnElement[str] = other.reference
    return reference


def _name_by_name(other: Any) -> ColumnElement[str]:
    name: ColumnElement[str] = func.trim(other.last_name + " " + other.first_name)
    return name


def _open_request() -> ColumnElement[str]:
    return case((HAS_OPEN_REQUEST, func.coalesce(_TABLE.request, "")), else_="")


def _flag(condition: ColumnElement[bool]) -> ColumnElement[str]:
    return case((condition, "1"), else_="")


def _or_nothing(column: ColumnElement[str]) -> ColumnElement[str]:
    return func.coalesce(column, "")


def _iso_utc(tx: Transaction, column: ColumnElement[datetime]) -> ColumnElement[str]:
    """Return an instant as a text in ISO 8601, to the second, in UTC."""
    if tx.get_bind().dialect.name == "sqlite":
        return func.strftime("%Y-%m-%dT%H:%M:%SZ", column, type_=String)
    in_utc = func.timezone("UTC", column)
    return func.to_char(in_utc, 'YYYY-MM-DD"T"HH24:MI:SS"Z"', type_=String)


def _codes_chosen() -> ColumnElement[str]:
    """Return the codes of the sessions that count for a registration, in programme order."""
    chosen = (
        select(Session.code)
        .join(SessionChoice, SessionChoice.session_id == Session.id)
        .where(SessionChoice.registration_id == _TABLE.id, SessionChoice.is_full.is_(False))
        .order_by(Session.position)
        .correlate(Registration.__table__)
        .subquery()
    )
    return select(func.aggregate_strings(chosen.c.code, ";")).scalar_subquery()


def _answer(key: str) -> ColumnElement[str]:
    answers = type_coerce(_TABLE.answers, JSON().with_variant(JSONB(), "postgresql"))
    answer: ColumnElement[str] = answers[key].as_string()
    return answer


def _list_countries(tx: Transaction, event: Event, wanted: Filter | None) -> dict[str, str]:
    """Return the names of the countries that occur, as French sorts them."""
    codes = list_countries(tx, event.id, wanted)
    names = {code: phrasing.country_name(code, Language.FRENCH) for code in codes}
    return dict(sorted(names.items(), key=lambda item: fold(item[1])))


def order_for_people(tx: Transaction, countries: Mapping[str, str]) -> list[ColumnElement[Any]]:
    """Return the order: by country, kind, organisation and name, as French sorts them.

    The keys are folded, so that É stands with E; what the server's own locale would make of them is
    kept out.
    """
    kinds = _words(OrganizationKind, phrasing.organization_kind_label)
    keys: list[ColumnElement[str]] = [_TABLE.organization_key, _TABLE.name_key]
    if tx.get_bind().dialect.name == "postgresql":
        keys = [collate(key, "C") for key in keys]
    return [
        _rank(_TABLE.country, list(countries)),
        _rank(type_coerce(_TABLE.organization_kind, String), sorted(kinds, key=_by_word(kinds))),
        *keys,
    ]


def _rank(column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[int]:
    ranks = {value: rank for rank, value in enumerate(values)}
    return case(ranks, value=column, else_=len(ranks)) if ranks else literal(0)


def _by_word(words: Mapping[str, str]) -> Callable[[str], str]:
    return lambda value: fold(words[value])


def _words(values: type[StrEnum], label: Callable[[Any, Language], str]) -> dict[str, str]:
    return {value.value: label(value, Language.FRENCH) for value in values}


def _sayings(
    event: Event, keys: Sequence[str], countries: Mapping[str, str]
) -> dict[int, Callable[[str], str]]:
    """Return what turns the value of a column into what people read, by the column's place."""
    tables: dict[str, Mapping[str, str]] = {
        **{key: _words(values, label) for key, (values, label) in WORDS.items()},
        **dict.fromkeys(FLAGS, YES_OR_NO),
        "country": countries,
        "source": SOURCES,
    }
    said: dict[str, Callable[[str], str]] = {
        key: _Words(words).__getitem__ for key, words in tables.items()
    }
    said |= dict.fromkeys(INSTANTS, lambda iso: _say_hour(iso, event.timezone))
    said |= {
        f"q_{question.key}": _Words(YES_OR_NO).__getitem__
        for question in event.questions
        if question.kind is QuestionKind.BOOLEAN
    }
    return {place: said[key] for place, key in enumerate(keys) if key in said}


def _say(row: Sequence[str], sayings: Mapping[int, Callable[[str], str]]) -> list[str]:
    said = list(row)
    for place, say in sayings.items():
        said[place] = say(said[place])
    return said


def _say_hour(iso: str, zone: str) -> str:
    return to_local(datetime.fromisoformat(iso), zone).strftime("%d/%m/%Y %H:%M") if iso else ""
