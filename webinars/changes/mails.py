"""The mails of a change, written down in the transaction that makes it.

What waits and is no longer true is given up; then each person concerned has one delivery, and one
more for each further day of her calendar that says something else. Few statements for any number
of people.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Select, String, case, cast, func, literal, select, update

from webinars import contacts, deliveries, timeline
from webinars.audiences import COPIED
from webinars.changes.effects import Effect, Situation
from webinars.changes.people import Crowd, Person, Waiting
from webinars.changes.values import NotTold
from webinars.database import Transaction, as_column, is_among
from webinars.models import (
    Change,
    Delivery,
    DeliveryState,
    Event,
    Lane,
    MailName,
    Registration,
)
from webinars.telling import STATUS_MAILS

AT_ONCE = 5_000
"""How many rows one statement names."""
POSTPONED_FOR = timedelta(days=7)
"""How long after its former end it still makes sense to say that an event was postponed."""


class Kind(NamedTuple):
    """Mails that differ by the person alone."""

    template: MailName
    suffix: str
    """What tells several mails to one person apart: `:copy`, `:d2`, `:x3`."""
    ordinal: int | None
    since_revision: int
    expires_at: datetime

    @property
    def is_copy(self) -> bool:
        """Tell whether they go to assistants."""
        return self.suffix == COPY


COPY = ":copy"


@dataclass
class Sheaf:
    """What is to be written down, gathered person by person."""

    event: Event
    change: Change
    now: datetime
    former_end: datetime
    """When the event was over, before the change."""
    written_to: defaultdict[Kind, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Registrations, by what is written to them."""
    given_up: list[int] = field(default_factory=list)
    """Deliveries."""
    put_off: list[int] = field(default_factory=list)
    """Deliveries that are not looked at before people are told."""
    followed: defaultdict[int | None, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Deliveries that will say what is true now, by the day whose entry they bring."""
    raised: list[int] = field(default_factory=list)
    """Registrations whose calendar entries say something else."""
    renewed: list[int] = field(default_factory=list)
    """Registrations whose calendar entries begin anew."""

    def add(self, person: Person, situation: Situation, effect: Effect, crowd: Crowd) -> None:
        """Add what is done for one person."""
        waiting = crowd.waiting.get(person.id, ())
        if effect.template is None and effect.touches_calendar:
            self._follow(waiting, effect.ordinal)
        elif effect.why_not is NotTold.UNREAD or effect.template is MailName.EVENT_CANCELLED:
            of_status = {one.id for one in waiting if one.template in STATUS_MAILS}
            self.given_up += [one.id for one in waiting if one.id not in of_status]
            if effect.template is not None:
                # No worker sends what confirms a place at what is cancelled: it is given up then.
                # But should the event be on again before anyone is told, it is true again.
                self.put_off += of_status
        elif effect.template is not None:
            self.given_up += [one.id for one in waiting]
        elif situation.is_superseded:
            self.given_up += [one.id for one in waiting if one.is_of_change]
        if effect.template is not None:
            self._tell(person, situation, effect)
        if effect.touches_calendar:
            self._correct(person, situation, effect)
            (self.renewed if effect.is_renewed else self.raised).append(person.id)

    def _follow(self, waiting: Sequence[Waiting], ordinal: int | None) -> None:
        """Let the mail that has not left say what is true now, and give up all others."""
        for one in waiting:
            if one.template in STATUS_MAILS:
                self.followed[ordinal].append(one.id)
            else:
                self.given_up.append(one.id)

    def _tell(self, person: Person, situation: Situation, effect: Effect) -> None:
        template = effect.template
        assert template is not None
        until = self._find_end(template)
        kind = Kind(template, "", effect.ordinal, situation.knows, until)
        self.written_to[kind].append(person.id)
        if template in COPIED and has_assistant(person):
            self.written_to[kind._replace(suffix=COPY)].append(person.id)

    def _correct(self, person: Person, situation: Situation, effect: Effect) -> None:
        """Bring the further days of a calendar up to date."""
        until = max(self.former_end, self._find_end(MailName.EVENT_MOVED))
        for template, letter, ordinals in (
            (MailName.CALENDAR_DAY, "d", effect.further),
            (MailName.REGISTRATION_CANCELLED, "x", effect.gone),
        ):
            for ordinal in ordinals:
                kind = Kind(template, f":{letter}{ordinal}", ordinal, situation.knows, until)
                self.written_to[kind].append(person.id)

    def _find_end(self, template: MailName) -> datetime:
        if self.event.postponed_at is not None:
            return max(self.former_end, self.now) + POSTPONED_FOR
        return max(timeline.find_end(self.event, template), self.former_end)


def has_assistant(person: Person) -> bool:
    """Tell whether a person's assistant is written to at another address."""
    key = contacts.address_key(person.assistant_email)
    return key not in {"", person.email_key}


def write(tx: Transaction, sheaf: Sheaf) -> None:
    """Write down everything that was gathered."""
    give_up(tx, sheaf.given_up)
    tells_at = literal(sheaf.change.tells_at or sheaf.now, Delivery.not_before.type)
    for some in _parts(sheaf.put_off):
        is_later = Delivery.not_before > tells_at
        _update(tx, some, not_before=case((is_later, Delivery.not_before), else_=tells_at))
    raised = Registration.calendar_sequence + 1
    renewed = Registration.calendar_generation + 1
    mark(tx, sheaf.raised, calendar_sequence=raised)
    mark(tx, sheaf.renewed, calendar_sequence=raised, calendar_generation=renewed)
    for ordinal, ids in sheaf.followed.items():
        for some in _parts(ids):
            sequence = Delivery.calendar_sequence + 1
            _update(tx, some, ordinal=ordinal, calendar_sequence=sequence)
    for kind, people in sheaf.written_to.items():
        for some in _parts(people):
            rows = _write_rows(sheaf, kind).where(is_among(tx, Registration.id, some))
            statement = deliveries.insert_into(tx)
            tx.execute(statement.from_select(rows.selected_columns.keys(), rows))


def _write_rows(sheaf: Sheaf, kind: Kind) -> Select[*tuple[Any, ...]]:
    """Return mails of a kind, one a registration, as the database is to make them."""
    change = sheaf.change
    address = Registration.assistant_email if kind.is_copy else Registration.email
    email = func.trim(address)
    begin = literal(f"change:{change.id}:r")
    columns = {
        Delivery.intent: begin + cast(Registration.id, String) + literal(kind.suffix),
        Delivery.event_id: Registration.event_id,
        Delivery.registration_id: Registration.id,
        Delivery.template: kind.template,
        Delivery.is_copy: kind.is_copy,
        Delivery.by_form: False,
        Delivery.ordinal: kind.ordinal,
        Delivery.email: email,
        Delivery.email_key: func.lower(email),
        Delivery.language: Registration.language,
        Delivery.lane: Lane.BULK,
        Delivery.calendar_sequence: Registration.calendar_sequence,
        Delivery.change_id: change.id,
        Delivery.since_revision: kind.since_revision,
        Delivery.state: DeliveryState.PENDING,
        Delivery.created_at: sheaf.now,
        Delivery.due_at: change.tells_at or sheaf.now,
        Delivery.not_before: change.tells_at or sheaf.now,
        Delivery.expires_at: kind.expires_at,
        Delivery.attempts: 0,
        Delivery.lease_epoch: 0,
        Delivery.losses: 0,
        Delivery.maybe_twice: False,
    }
    shown = [as_column(column, value) for column, value in columns.items()]
    return select(*shown).order_by(Registration.id)


def mark(tx: Transaction, registration_ids: Collection[int], **values: Any) -> None:
    """Write something down with each of these registrations."""
    for some in _parts(sorted(registration_ids)):
        statement = update(Registration).where(is_among(tx, Registration.id, some))
        tx.execute(statement.values(**values), execution_options={"synchronize_session": False})


def give_up(tx: Transaction, delivery_ids: Collection[int]) -> None:
    """Give up mails that say what is no longer true; of one that may have left, nobody can tell."""
    for some in _parts(delivery_ids):
        state = deliveries.give_up_as(DeliveryState.CANCELLED)
        _update(tx, some, state=state, reply=deliveries.SUPERSEDED, waits_for=None)


def _update(tx: Transaction, some: Sequence[int], **values: Any) -> None:
    statement = update(Delivery).where(
        is_among(tx, Delivery.id, some), Delivery.state == DeliveryState.PENDING
    )
    tx.execute(statement.values(**values), execution_options={"synchronize_session": False})


def _parts(found: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(found)
    while part := list(islice(rest, AT_ONCE)):
        yield part
