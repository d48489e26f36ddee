"""What a list of participants is limited to, as one condition for every query of it.

The list, its exports, mailings and figures are limited by the same words.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import JSON, ColumnElement, and_, exists, func, not_, or_, select, type_coerce

from webinars import contacts, organizations, places, zones
from webinars.models import (
    AttendanceMode,
    Delivery,
    DeliveryState,
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

DAYS_ZONE = "Europe/Paris"
"""Whose days a list is limited by: it may be of several events, and these of several zones."""
UNTICKED = "0"
"""The answer to a question of yes or no where the box was not ticked: none is kept."""
NOT_REACHED = frozenset({DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.SUPPRESSED})


@dataclass(frozen=True)
class Filter:
    """What a list of participants is limited to; what is left out limits nothing."""

    search: str = ""
    """Words of a name, an organisation, an address or a reference, without regard to accents."""
    status: RegistrationStatus | None = None
    presence: Presence | None = None
    has_entered: bool | None = None
    kind: OrganizationKind | None = None
    country: str = ""
    session: str = ""
    """A session's code."""
    source: str = ""
    attendance_mode: AttendanceMode | None = None
    to_reconfirm: bool | None = None
    """Whether a person still has to say that she maintains."""
    has_request: bool | None = None
    """Whether a person waits for an organiser to see to her request."""
    role: Role | None = None
    organization: str = ""
    """Words of any name of the organisation, without regard to accents."""
    language: Language | None = None
    tag: str = ""
    """A tag's name, without regard to accents and case."""
    has_priority: bool | None = None
    is_unreached: bool | None = None
    """Whether a mail to the person's present address was refused, came back or was withheld."""
    has_question: bool | None = None
    """Whether the person asks the speakers something."""
    has_chosen: bool | None = None
    """Whether a person has a place in any session that one chooses."""
    shares: bool | None = None
    """Whether a person agreed that other participants are given her name."""
    since: date | None = None
    """The first day of registering, in Paris."""
    until: date | None = None
    """The last day of registering, in Paris."""
    answers: tuple[tuple[str, str], ...] = ()
    """To the event's own questions: key and value; `0`: the box is not ticked."""
    excluded: frozenset[str] = frozenset()
    """The names of those of the fields above that say who is *not* in the list."""


IS_UNANSWERED: ColumnElement[bool] = and_(
    Registration.reconfirm_change_id.is_not(None), Registration.status.in_(places.LIVE)
)
"""Of who was asked whether she maintains after a change, and has not said."""
HAS_OPEN_REQUEST: ColumnElement[bool] = and_(
    Registration.requested_at.is_not(None), Registration.status.in_(places.LIVE)
)
"""Of who waits for an organiser to see to her request."""


def match(event_id: int, wanted: Filter | None = None) -> ColumnElement[bool]:
    """Return the condition under which a registration is in the list, for any query of it.

    Whoever had personal data erased is in no list.
    """
    at_event = Registration.event_id == event_id
    conditions = [at_event, Registration.erased_at.is_(None)]
    wanted = wanted or Filter()
    for name, condition in _list_conditions(wanted, at_event):
        is_excluded = name in wanted.excluded
        conditions.append(not_(func.coalesce(condition, False)) if is_excluded else condition)
    return and_(*conditions)


def _list_conditions(
    wanted: Filter, at_event: ColumnElement[bool]
) -> Iterator[tuple[str, ColumnElement[bool]]]:
    yield from _list_equal(wanted)
    yield from _list_true_or_false(wanted)
    words = contacts.fold_for_search(wanted.search)
    if words:
        yield "search", and_(*(_says(Registration.search_key, word) for word in words))
    words = contacts.fold_for_search(wanted.organization)
    if words:
        says = and_(*(_says(Registration.organization_key, one) for one in words))
        given, text = Registration.organization_key, wanted.organization
        yield "organization", or_(says, organizations.means_same(given, text, at_event))
    if wanted.session:
        yield "session", _chose(wanted.session)
    if wanted.tag:
        yield "tag", _bears(wanted.tag)
    if wanted.since:
        yield "since", Registration.registered_at >= zones.start_of(wanted.since, DAYS_ZONE)
    if wanted.until:
        yield "until", Registration.registered_at < zones.end_of(wanted.until, DAYS_ZONE)
    for key, value in wanted.answers:
        yield "answers", _answered(key) == value


def _list_equal(wanted: Filter) -> Iterator[tuple[str, ColumnElement[bool]]]:
    columns: dict[str, Any] = {
        "status": Registration.status,
        "presence": Registration.presence,
        "kind": Registration.organization_kind,
        "country": Registration.country,
        "source": Registration.source,
        "attendance_mode": Registration.attendance_mode,
        "role": Registration.role,
        "language": Registration.language,
    }
    for name, column in columns.items():
        value = getattr(wanted, name)
        if value:
            yield name, column == value


def _list_true_or_false(wanted: Filter) -> Iterator[tuple[str, ColumnElement[bool]]]:
    for name, fact in FACTS.items():
        value = getattr(wanted, name)
        if value is not None:
            yield name, fact() if value else not_(fact())


def _has_chosen() -> ColumnElement[bool]:
    return Registration.choices.any(SessionChoice.is_full.is_(False))


def _says(texts: Any, word: str) -> ColumnElement[bool]:
    said: ColumnElement[bool] = texts.contains(word, autoescape=True)
    return said


def _chose(code: str) -> ColumnElement[bool]:
    return Registration.choices.any(
        and_(SessionChoice.is_full.is_(False), SessionChoice.session.has(Session.code == code))
    )


def _bears(tag: str) -> ColumnElement[bool]:
    bearing = (
        select(RegistrationTag.registration_id)
        .join(Tag, Tag.id == RegistrationTag.tag_id)
        .where(Tag.name_key == contacts.fold(tag))
    )
    return Registration.id.in_(bearing)


def _is_unreached() -> ColumnElement[bool]:
    return exists().where(
        Delivery.registration_id == Registration.id,
        Delivery.email_key == Registration.email_key,
        Delivery.state.in_(NOT_REACHED),
    )


def _answered(key: str) -> ColumnElement[str]:
    answers = type_coerce(Registration.answers, JSON)
    return func.coalesce(answers[key].as_string(), UNTICKED)


FACTS: dict[str, Callable[[], ColumnElement[bool]]] = {
    "has_entered": lambda: Registration.entered_at.is_not(None),
    "to_reconfirm": lambda: IS_UNANSWERED,
    "has_request": lambda: HAS_OPEN_REQUEST,
    "has_priority": lambda: Registration.has_priority.is_(True),
    "is_unreached": _is_unreached,
    "has_question": lambda: Registration.question != "",
    "has_chosen": _has_chosen,
    "shares": lambda: Registration.share_with_participants.is_(True),
}
"""What is so of a registration or is not; put into words only where a list is limited by it."""
