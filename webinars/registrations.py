"""Registrations and what happens to them: registered, confirmed, declined, cancelled, erased.

Who gets a place is decided by the rules of `webinars.places`; here it is counted, under the event's
lock where a number matters, and written together with the mail that says so. Locks are taken in one
order everywhere: the event, then its registrations, then contacts.

What a person corrects is in `webinars.corrections`, the line of those who wait in
`webinars.waiting`, and what is only looked at in `webinars.participants`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import set_committed_value

from webinars import (
    answers,
    choices,
    contacts,
    deliveries,
    events,
    links,
    places,
    retention,
    telling,
    waiting,
)
from webinars.answers import Answers
from webinars.database import Transaction
from webinars.errors import (
    EventCancelled,
    EventEnded,
    NotPending,
)
from webinars.models import (
    Contact,
    Event,
    Lane,
    MailName,
    Presence,
    Registration,
    RegistrationStatus,
    Session,
)

FORGOTTEN = (
    "cancelled_at",
    "decline_reason",
    "presence",
    "presence_at",
    "represents_id",
    "reconfirm_change_id",
    "reconfirmed_at",
    "request",
    "requested_at",
    "calendar_reply",
    "calendar_replied_at",
)
"""What a registration that is taken up again says no more."""
IMPORT = "import"
"""The source of a registration that came with a file. Loaded again, it brings nobody back."""


class Outcome(StrEnum):
    """What came of registering."""

    CREATED = "created"
    SAME_FORM = "same_form"
    """The same form for the same person again: a double click, a page sent anew."""
    KNOWN = "known"
    """Another form for someone already registered: nothing of the registration may be shown."""


@dataclass(frozen=True)
class Registered:
    """A registration, and what came of registering."""

    registration: Registration
    outcome: Outcome


@dataclass(frozen=True)
class Entry:
    """A form that came in, and how."""

    said: Answers
    source: str
    form_identity: str | None
    by_organiser: bool
    is_approved: bool
    """Whether nobody has to decide on it."""
    mail: bool
    now: datetime


def register(
    tx: Transaction,
    event: Event,
    said: Answers,
    *,
    source: str,
    now: datetime,
    form_identity: str | None = None,
    by_organiser: bool = False,
    is_approved: bool = False,
    mail: bool = True,
) -> Registered:
    """Register a person for an event: once, however often and however fast it is asked for.

    Someone who is registered already is sent her own link by mail and changes nothing; someone who
    cancelled gets a new place on the same row, with new links. For an organiser closing times do
    not count, and no approval is needed; capacity does count.

    :param is_approved: whether no approval is needed either: of who was invited, perhaps.

    :raises UnknownSession: a chosen session is not to be chosen at this event.
    :raises SessionsClash: two chosen sessions exclude each other.
    :raises SessionFull: a chosen session has no place left.
    :raises RegistrationsNotOpen: registrations open later.
    :raises RegistrationsClosed: the closing instant has passed.
    :raises EventCancelled: the event was cancelled or postponed.
    :raises EventEnded: the event is over.
    """
    sessions = choices.pick(event, said.sessions)
    if waiting.is_counted(event, sessions):
        events.lock(tx, event.id)
    else:
        deliveries.hold_event(tx, event.id)
    is_approved = is_approved or by_organiser
    entry = Entry(said, source, form_identity, by_organiser, is_approved, mail, now)
    known = find_known(tx, event, said)
    if known is not None and _is_same_form(known, entry):
        return Registered(known, Outcome.SAME_FORM)
    _require_open(event, entry)
    if known is not None and not _may_come_back(known, entry):
        return _answer_known(tx, event, known, entry)
    registration = _take_up(tx, event, sessions, known, entry)
    if registration is None:
        return _answer_known(tx, event, get_known(tx, event, said), entry)
    return Registered(registration, Outcome.CREATED)


def confirm(tx: Transaction, registration: Registration, *, now: datetime) -> None:
    """Accept someone whom an organiser had to decide on: a place, or the waiting list when full.

    :raises NotPending: there is nothing to decide.
    """
    event = registration.event
    waiting.lock(tx, registration)
    if registration.status is not RegistrationStatus.PENDING:
        raise NotPending
    status = waiting.decide(
        tx, event, has_priority=registration.has_priority, is_approved=True, now=now
    )
    if status is RegistrationStatus.CONFIRMED:
        waiting.give_place(tx, event, registration, now=now)
        return
    registration.status = status
    tx.flush()
    telling.tell(tx, event, registration, waiting.MAIL_OF_STATUS[status], now=now)


def decline(
    tx: Transaction, registration: Registration, reason: str = "", *, now: datetime
) -> None:
    """Decline someone whom an organiser had to decide on, and tell the person why.

    :raises NotPending: there is nothing to decide.
    """
    waiting.lock_row(tx, registration)
    if registration.status is not RegistrationStatus.PENDING:
        raise NotPending
    registration.status = RegistrationStatus.DECLINED
    registration.decline_reason = reason or None
    tx.flush()
    mail = MailName.REGISTRATION_DECLINED
    telling.tell(tx, registration.event, registration, mail, now=now)


def cancel(
    tx: Transaction, registration: Registration, *, now: datetime, by_form: bool = False
) -> None:
    """Give up a place: it goes to the first in line at once. A second time changes nothing.

    :param by_form: whether the own page asks for it, which anyone has who filled in the form.
    :raises EventEnded: the event is over.
    """
    event = registration.event
    waiting.lock(tx, registration)
    if registration.status not in places.LIVE:
        return
    if now >= event.ends_at and event.postponed_at is None:
        raise EventEnded
    had_place = registration.status is RegistrationStatus.CONFIRMED
    registration.status = RegistrationStatus.CANCELLED
    registration.cancelled_at = now
    registration.calendar_sequence += 1
    tx.flush()
    deliveries.cancel_for(tx, registration.id)
    if had_place and event.capacity is not None:
        waiting.promote(tx, event, now=now)
    # Last: what a form caused locks addresses, and these come after every row.
    mail = MailName.REGISTRATION_CANCELLED
    telling.tell(tx, event, registration, mail, now=now, by_form=by_form)


def erase(tx: Transaction, registration: Registration, *, now: datetime) -> None:
    """Remove a person's data at once, and give the place on unless the person has come.

    Nothing is mailed, for there is no address any more. The row stays for the counts.
    """
    event = registration.event
    waiting.lock(tx, registration)
    had_place = registration.status is RegistrationStatus.CONFIRMED
    gives_up = registration.status in places.LIVE and not _has_come(registration, now)
    if gives_up:
        registration.status = RegistrationStatus.CANCELLED
        registration.cancelled_at = now
        tx.flush()
    retention.anonymise(tx, Registration.id == registration.id, now=now)
    if gives_up and had_place and event.capacity is not None:
        waiting.promote(tx, event, now=now)


def find_known(tx: Transaction, event: Event, said: Answers) -> Registration | None:
    """Find the registration of that address and name, as it is now, and lock it."""
    known = (
        select(Registration)
        .join(Contact, Contact.id == Registration.contact_id)
        .where(
            Registration.event_id == event.id,
            Contact.email_key == contacts.address_key(said.email),
            Contact.name_key == contacts.name_key(said.last_name, said.first_name),
        )
        .with_for_update(of=Registration, key_share=True)
        .options(choices.LOADED)
        .execution_options(populate_existing=True)
    )
    found = tx.scalar(known)
    if found is not None:
        set_committed_value(found, "event", event)
    return found


def get_known(tx: Transaction, event: Event, said: Answers) -> Registration:
    found = find_known(tx, event, said)
    if found is None:
        raise RuntimeError("a registration was refused as a second one, and there is no first")
    return found


def _is_same_form(known: Registration, entry: Entry) -> bool:
    if entry.form_identity is None or known.status is RegistrationStatus.CANCELLED:
        return False
    return known.form_identity == entry.form_identity


def _require_open(event: Event, entry: Entry) -> None:
    if not entry.by_organiser:
        events.require_open(event, entry.now)
    elif event.cancelled_at is not None:
        raise EventCancelled


def _may_come_back(known: Registration, entry: Entry) -> bool:
    """Tell whether a registration that was given up may be taken up anew.

    Whoever was declined comes back by an organiser's hand only, and no file brings anyone back.
    """
    if entry.source == IMPORT or known.status in places.LIVE:
        return False
    return entry.by_organiser or known.status is RegistrationStatus.CANCELLED


def _answer_known(tx: Transaction, event: Event, known: Registration, entry: Entry) -> Registered:
    if _is_same_form(known, entry):
        return Registered(known, Outcome.SAME_FORM)
    if entry.mail and not entry.by_organiser:
        _remind(tx, event, known, now=entry.now)
    return Registered(known, Outcome.KNOWN)


def _remind(tx: Transaction, event: Event, registration: Registration, *, now: datetime) -> None:
    telling.tell(tx, event, registration, MailName.OWN_LINK, now=now, by_form=True)


def _take_up(
    tx: Transaction,
    event: Event,
    sessions: list[Session],
    former: Registration | None,
    entry: Entry,
) -> Registration | None:
    """Write a new registration, or a former one anew, and the mail that says where she stands.

    `None` when the same person was added at the same instant.
    """
    status = _decide(tx, event, sessions, entry)
    registration = former or make(event)
    fill(registration, event, status, entry)
    if former is not None:
        renew(tx, former, now=entry.now)
        choices.replace(tx, former, sessions)
    elif insert(tx, registration, entry):
        choices.add(tx, registration, sessions)
    else:
        return None
    if entry.mail:
        mail = waiting.MAIL_OF_STATUS[status]
        by_form = not entry.by_organiser
        lane = Lane.BULK if entry.source == IMPORT else Lane.PROMPT
        telling.tell(tx, event, registration, mail, now=entry.now, by_form=by_form, lane=lane)
    return registration


def _decide(
    tx: Transaction, event: Event, sessions: list[Session], entry: Entry
) -> RegistrationStatus:
    status = waiting.decide(
        tx,
        event,
        has_priority=answers.has_priority(event, entry.said),
        is_approved=entry.is_approved,
        now=entry.now,
    )
    if status is RegistrationStatus.CONFIRMED:
        choices.require_free(tx, sessions)
    return status


def make(event: Event) -> Registration:
    """Return the row of a new registration, which says nothing yet."""
    return Registration(
        event=event,
        public_id=links.draw_public_id(),
        reference=links.draw_reference(),
        link_generation=0,
        calendar_generation=0,
        calendar_sequence=0,
    )


def fill(
    registration: Registration, event: Event, status: RegistrationStatus, entry: Entry
) -> None:
    """Write into a registration what came in, and where it stands."""
    answers.write(registration, event, entry.said)
    registration.email = entry.said.email.strip()
    registration.email_key = contacts.address_key(entry.said.email)
    registration.status = status
    registration.registered_at = entry.now
    registration.confirmed_at = entry.now if status is RegistrationStatus.CONFIRMED else None
    registration.is_late = entry.by_organiser and entry.now >= event.closes_at
    registration.source = entry.source
    registration.form_identity = entry.form_identity


def renew(tx: Transaction, registration: Registration, *, now: datetime) -> None:
    """Make a registration that was given up a new one on the same row: nothing old leads to it.

    Who represented the person represents her no more.
    """
    telling.finish_withdrawal(tx, registration, now=now)
    registration.link_generation += 1
    registration.calendar_generation += 1
    for name in FORGOTTEN:
        setattr(registration, name, None)
    tx.execute(
        update(Registration)
        .where(Registration.represents_id == registration.id)
        .values(represents_id=None)
    )


def insert(tx: Transaction, registration: Registration, entry: Entry) -> bool:
    """Add a registration, unless the same person was added at the same instant."""
    contact, is_new = contacts.find_or_add(
        tx,
        last_name=entry.said.last_name,
        first_name=entry.said.first_name,
        email=entry.said.email,
        language=entry.said.language,
        now=entry.now,
    )
    registration.contact_id = contact.id
    if is_new:  # whom nobody else can know yet
        tx.add(registration)
        tx.flush()
        return True
    try:
        with tx.begin_nested():
            tx.add(registration)
    except IntegrityError:
        return False
    return True


def _has_come(registration: Registration, now: datetime) -> bool:
    is_over = now >= registration.event.ends_at
    was_seen = registration.presence is Presence.PRESENT
    return is_over or was_seen or registration.entered_at is not None
