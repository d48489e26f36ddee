"""Substitutes: who comes in a person's place, and what becomes of both registrations.

The substitute takes what the person had, under the event's lock: the place with its seats, the rank
on the waiting list, or the wait for an organiser's decision. So nobody is asked whether there is
room, whether registrations are open, or who goes first. What concerns the person alone does not
pass over: her own answers, her question, her choices about her data.

==================  ===========================================================================
the substitute is   then
==================  ===========================================================================
unknown             she is registered with what the person had
confirmed           she keeps her own place and seats; the person's goes to the first in line
waiting, undecided  she takes what the person had where it is more; else she keeps her own
cancelled           she is back, on the same row, with what the person had
declined            refused: an organiser said no
another's already   refused: she represents one person at an event
the person herself  refused
==================  ===========================================================================
"""

from dataclasses import dataclass
from datetime import datetime

from webinars import choices, contacts, deliveries, events, places, registrations, telling, waiting
from webinars.answers import Answers
from webinars.database import Transaction
from webinars.errors import (
    AlreadyRepresents,
    NamedHerself,
    RegistrationCancelled,
    SubstituteDeclined,
)
from webinars.models import (
    Civility,
    Event,
    Language,
    MailName,
    Registration,
    RegistrationStatus,
    Session,
)
from webinars.registrations import Entry

MOST_FIRST = (
    RegistrationStatus.CONFIRMED,
    RegistrationStatus.WAITING,
    RegistrationStatus.PENDING,
)
"""What a person can have at an event, the most first."""


@dataclass(frozen=True)
class Substitute:
    """What is asked about who comes in a person's place."""

    last_name: str
    first_name: str
    email: str
    civility: Civility = Civility.NONE
    phone: str = ""
    job_title: str = ""
    language: Language = Language.FRENCH


@dataclass(frozen=True)
class Named:
    """A substitute's registration, and whether she was registered before."""

    registration: Registration
    was_registered: bool


@dataclass(frozen=True)
class _Place:
    """What a person had, and passes on."""

    status: RegistrationStatus
    registered_at: datetime
    has_priority: bool
    seats: list[Session]

    @property
    def is_counted(self) -> bool:
        return self.status is RegistrationStatus.CONFIRMED


def name(
    tx: Transaction,
    registration: Registration,
    said: Substitute,
    *,
    now: datetime,
    source: str = "form",
    by_form: bool = False,
) -> Named:
    """Let someone else come in a person's place, until the end of the event.

    The person's registration is given up and all her links die; the substitute has links of her
    own. Both are told, and the assistant stays the same.

    :param by_form: whether the own page asks for it, which anyone has who filled in the form.
    :raises NamedHerself: it is the person herself.
    :raises AlreadyRepresents: the substitute comes in someone else's place already.
    :raises SubstituteDeclined: an organiser declined the substitute.
    :raises RegistrationCancelled: the registration was given up or declined.
    :raises EventCancelled: the event was cancelled.
    :raises EventEnded: the event is over.
    """
    event = registration.event
    # Always: two people who name each other would else wait for each other.
    events.lock(tx, event.id)
    waiting.lock_row(tx, registration)
    events.require_coming(event, now)
    if registration.status not in places.LIVE:
        raise RegistrationCancelled
    place = _see_place(tx, registration)
    entry = Entry(
        _say(registration, said, place),
        source=source,
        form_identity=None,
        by_organiser=False,
        is_approved=False,
        mail=True,
        now=now,
    )
    known = registrations.find_known(tx, event, entry.said)
    substitute = _add(tx, event, place, entry) if known is None else None
    if substitute is None:  # there is one, perhaps since this very instant
        known = known or registrations.get_known(tx, event, entry.said)
        _require_may_come(registration, known)
    before = known.status if known is not None else None
    _step_back(tx, registration, now)
    if known is not None:
        _join(tx, event, known, place, entry)
        substitute = known
    assert substitute is not None
    substitute.represents_id = registration.id
    tx.flush()
    if before is RegistrationStatus.CONFIRMED and place.is_counted and event.capacity is not None:
        waiting.promote(tx, event, now=now)
    _tell_both(tx, registration, substitute, before, now=now, by_form=by_form)
    return Named(substitute, was_registered=before in places.LIVE)


def _see_place(tx: Transaction, registration: Registration) -> _Place:
    chosen = choices.refresh(tx, registration)
    return _Place(
        status=registration.status,
        registered_at=registration.registered_at,
        has_priority=registration.has_priority,
        seats=sorted(
            (choice.session for choice in chosen if not choice.is_full),
            key=lambda session: session.position,
        ),
    )


def _say(registration: Registration, said: Substitute, place: _Place) -> Answers:
    """Return what a substitute would have said in the form."""
    return Answers(
        civility=said.civility,
        last_name=said.last_name,
        first_name=said.first_name,
        email=said.email,
        phone=said.phone,
        role=registration.role,
        job_title=said.job_title,
        organization=registration.organization,
        organization_kind=registration.organization_kind,
        country=registration.country,
        on_behalf_of=registration.on_behalf_of,
        language=said.language,
        attendance_mode=registration.attendance_mode,
        assistant_email=registration.assistant_email,
        sessions=tuple(session.code for session in place.seats),
    )


def _require_may_come(registration: Registration, known: Registration) -> None:
    if known.id == registration.id:
        raise NamedHerself
    if known.status is RegistrationStatus.DECLINED:
        raise SubstituteDeclined
    if known.status in places.LIVE and known.represents_id is not None:
        raise AlreadyRepresents


def _add(tx: Transaction, event: Event, place: _Place, entry: Entry) -> Registration | None:
    """Register a substitute with what the person had; `None`: she is registered since an instant.

    A full session is not asked for a seat: this one passes over.
    """
    substitute = registrations.make(event)
    _fill(substitute, event, place, entry)
    if not registrations.insert(tx, substitute, entry):
        return None
    choices.add(tx, substitute, place.seats)
    return substitute


def _fill(substitute: Registration, event: Event, place: _Place, entry: Entry) -> None:
    registrations.fill(substitute, event, place.status, entry)
    substitute.has_priority = place.has_priority
    if not place.is_counted:  # the rank passes over too
        substitute.registered_at = place.registered_at


def _step_back(tx: Transaction, registration: Registration, now: datetime) -> None:
    """Give up a registration to the substitute: nothing that was given out for it is good."""
    registration.status = RegistrationStatus.CANCELLED
    registration.cancelled_at = now
    registration.link_generation += 1
    registration.calendar_sequence += 1
    registration.reconfirm_change_id = None
    tx.flush()
    deliveries.cancel_for(tx, registration.id)


def _join(tx: Transaction, event: Event, known: Registration, place: _Place, entry: Entry) -> None:
    """Make someone who is, or was, registered the substitute; she keeps what is hers."""
    if known.status is RegistrationStatus.CANCELLED:
        registrations.renew(tx, known, now=entry.now)
        _fill(known, event, place, entry)
        choices.replace(tx, known, place.seats)
        return
    if MOST_FIRST.index(place.status) > MOST_FIRST.index(known.status):
        return
    if place.is_counted and known.status is not RegistrationStatus.CONFIRMED:
        known.confirmed_at = entry.now
        choices.replace(tx, known, place.seats)
    elif not place.is_counted:
        known.registered_at = min(known.registered_at, place.registered_at)
        known.has_priority = known.has_priority or place.has_priority
    known.status = place.status
    tx.flush()


def _tell_both(
    tx: Transaction,
    registration: Registration,
    substitute: Registration,
    before: RegistrationStatus | None,
    *,
    now: datetime,
    by_form: bool,
) -> None:
    """Tell the person that she is represented, and the substitute where she stands if that is new.

    Last: what a form caused locks addresses, and these come after every row, in one order.
    """
    event = registration.event
    if by_form:
        people = (registration, substitute)
        addresses = [address for one in people for address in (one.email, one.assistant_email)]
        deliveries.hold_addresses(tx, [one for one in addresses if contacts.address_key(one)])
    telling.tell(tx, event, registration, MailName.REPRESENTED, now=now, by_form=by_form)
    if substitute.status is not before:
        mail = waiting.MAIL_OF_STATUS[substitute.status]
        telling.tell(tx, event, substitute, mail, now=now, by_form=by_form)
