"""Who is registered for an event, and what each of them knows of it by the mails there are.

Read with a few queries for any number of people, under the event's lock. What has not left yet is
held fast, so that no worker takes it meanwhile; what a worker has in hand counts as known.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Row, and_, literal_column, or_, select

from webinars import deliveries, places, telling
from webinars.changes.coming import list_untold
from webinars.changes.effects import Situation
from webinars.database import Transaction
from webinars.models import (
    AttendanceMode,
    Change,
    Delivery,
    DeliveryState,
    Event,
    Language,
    MailName,
    Registration,
    RegistrationStatus,
    Session,
    SessionChoice,
    Shown,
)
from webinars.outcomes import CHANGE_MAILS
from webinars.telling import STATUS_MAILS

CORRECTIONS = (MailName.CALENDAR_DAY, MailName.REGISTRATION_CANCELLED)
"""With the number of a day: what brings one day of a calendar up to date."""


class Person(NamedTuple):
    """A person registered, as she was before the change."""

    id: int
    status: RegistrationStatus
    last_name: str
    first_name: str
    email: str
    email_key: str
    assistant_email: str
    language: Language
    attendance_mode: AttendanceMode
    calendar_sequence: int
    reconfirm_change_id: int | None


class Waiting(NamedTuple):
    """A mail about the registration that has not left yet."""

    id: int
    registration_id: int
    template: MailName
    ordinal: int | None
    is_copy: bool
    change_id: int | None
    since_revision: int | None
    maybe_twice: bool

    @property
    def is_of_change(self) -> bool:
        """Tell whether it tells of an earlier change."""
        return self.change_id is not None


class Crowd(NamedTuple):
    """Everyone registered for an event, and what they know."""

    people: list[Person]
    codes: dict[int, frozenset[str]]
    waiting: dict[int, list[Waiting]]
    held: dict[int, frozenset[int]]
    revision: int
    """Of the event before the change."""
    untold: dict[int, int]
    """Who was not told of what an organiser took back, with the revision that she knows."""

    def situate(self, person: Person) -> Situation:
        """Return what decides how a person is told of the change."""
        waiting = self.waiting.get(person.id, ())
        # Of what may have left nobody can tell that it was not read.
        undone = [one for one in waiting if one.since_revision is not None and not one.maybe_twice]
        known = [one.since_revision for one in undone if one.since_revision is not None]
        known += [self.untold[person.id]] if person.id in self.untold else []
        return Situation(
            knows=min(known, default=self.revision),
            codes=self.codes.get(person.id, frozenset()),
            mode=person.attendance_mode,
            is_confirmed=person.status is RegistrationStatus.CONFIRMED,
            held=self.held.get(person.id, frozenset()),
            is_unread=any(one.template in STATUS_MAILS and not one.maybe_twice for one in waiting),
            is_superseded=bool(known),
        )

    def list_known(self) -> set[int]:
        """List the revisions that people know of."""
        since = (one.since_revision for some in self.waiting.values() for one in some)
        told = {one for one in since if one is not None}
        return {self.revision, *told, *self.untold.values()}


def gather(tx: Transaction, event: Event) -> Crowd:
    """Read everyone registered for an event, and what they know; under the event's lock."""
    waiting = _list_waiting(tx, event.id)  # first: what is held fast is not taken meanwhile
    return Crowd(
        people=_list_people(tx, event.id),
        codes=_list_codes(tx, event.id) if event.sessions else {},
        waiting=waiting,
        held=_list_held(tx, event.id),
        revision=event.revision,
        untold=list_untold(tx, event.id),
    )


def _list_people(tx: Transaction, event_id: int) -> list[Person]:
    columns = (getattr(Registration, name) for name in Person._fields)
    rows = tx.execute(
        select(*columns)
        .where(
            Registration.event_id == event_id,
            Registration.status.in_(places.LIVE),
            Registration.erased_at.is_(None),
        )
        .order_by(Registration.id)
    )
    return [Person._make(row) for row in rows]


def _list_codes(tx: Transaction, event_id: int) -> dict[int, frozenset[str]]:
    rows = tx.execute(
        select(SessionChoice.registration_id, Session.code)
        .join(Session, Session.id == SessionChoice.session_id)
        .where(Session.event_id == event_id, SessionChoice.is_full.is_(False))
    )
    return _share(rows.all())


def _share(pairs: Iterable[Row[int, str]]) -> dict[int, frozenset[str]]:
    """Collect what belongs to each person; what many have alike is kept once."""
    collected: defaultdict[int, list[str]] = defaultdict(list)
    for registration_id, value in pairs:
        collected[registration_id].append(value)
    alike: dict[frozenset[str], frozenset[str]] = {}
    sets = {one: frozenset(values) for one, values in collected.items()}
    return {one: alike.setdefault(values, values) for one, values in sets.items()}


def _list_waiting(tx: Transaction, event_id: int) -> dict[int, list[Waiting]]:
    columns = (getattr(Delivery, name) for name in Waiting._fields)
    is_correction = and_(Delivery.template.in_(CORRECTIONS), Delivery.ordinal.is_not(None))
    rows = tx.execute(
        select(*columns)
        .where(
            literal_column("deliveries.state = 'pending'"),
            Delivery.event_id == event_id,
            Delivery.registration_id.is_not(None),
            or_(Delivery.template.in_([*STATUS_MAILS, *CHANGE_MAILS]), is_correction),
        )
        .order_by(Delivery.id)
        .with_for_update()
    )
    found: defaultdict[int, list[Waiting]] = defaultdict(list)
    for row in rows:
        one = Waiting._make(row)
        found[one.registration_id].append(one)
    return found


def _list_held(tx: Transaction, event_id: int) -> dict[int, frozenset[int]]:
    """List the days, by number, that the calendar of each person holds by what has left so far."""
    rows = tx.execute(
        select(Delivery.registration_id, Delivery.template, Delivery.ordinal)
        .where(
            Delivery.event_id == event_id,
            Delivery.registration_id.is_not(None),
            Delivery.is_copy.is_(False),
            Delivery.template.in_(telling.CALENDAR_MAILS),
            Delivery.state.not_in([*deliveries.GIVEN_UP, DeliveryState.FAILED]),
            or_(Delivery.state != DeliveryState.PENDING, Delivery.maybe_twice),
        )
        .order_by(Delivery.id)
    )
    held: dict[int, frozenset[int]] = {}
    for registration_id, template, ordinal in rows:
        assert registration_id is not None  # as was asked
        before = held.get(registration_id, NOTHING)
        held[registration_id] = telling.follow(before, template, ordinal)
    return held


NOTHING: frozenset[int] = frozenset()


def list_pictures(tx: Transaction, event_id: int, revisions: Iterable[int]) -> dict[int, Shown]:
    """Return what people were shown at each of these revisions, as far as a later change tells."""
    changes = tx.execute(
        select(Change.revision, Change.before)
        .where(Change.event_id == event_id)
        .order_by(Change.revision)
    ).all()
    found = {}
    for known in revisions:
        later = (before for revision, before in changes if revision > known)
        if (shown := next(later, None)) is not None:
            found[known] = shown
    return found
