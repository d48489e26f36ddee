"""What a person corrects of a registration: the answers, the sessions, the address, a lost link."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from webinars import answers, choices, contacts, deliveries, events, places, telling, waiting
from webinars.answers import Answers
from webinars.database import Transaction
from webinars.errors import AddressTaken, ChangesClosed, RegistrationCancelled
from webinars.models import Event, MailName, Registration, RegistrationStatus


def change(
    tx: Transaction,
    registration: Registration,
    said: Answers,
    *,
    now: datetime,
    by_organiser: bool = False,
) -> None:
    """Change what a person said and the sessions she chose; the address is corrected elsewhere.

    Other sessions, or another way of following the event, mean a new calendar entry by mail. For an
    organiser the deadline for changes does not count.

    :raises UnknownSession: a chosen session is not to be chosen at this event.
    :raises SessionsClash: two chosen sessions exclude each other.
    :raises SessionFull: a newly chosen session has no place left.
    :raises AddressTaken: that name and address already stand for another registration.
    :raises RegistrationCancelled: the registration was given up or declined.
    :raises ChangesClosed: the deadline for changes has passed.
    :raises EventCancelled: the event was cancelled.
    :raises EventEnded: the event is over.
    """
    event = registration.event
    sessions = choices.pick(event, said.sessions)
    waiting.lock(tx, registration)
    _require_live(registration, now)
    if not by_organiser:
        require_changes_open(event, now)
    held = {choice.session_id for choice in choices.refresh(tx, registration) if not choice.is_full}
    if registration.status is RegistrationStatus.CONFIRMED:
        choices.require_free(tx, [session for session in sessions if session.id not in held])
    _point_at_contact(
        tx,
        registration,
        last_name=said.last_name,
        first_name=said.first_name,
        email=registration.email,
        now=now,
    )
    mode = registration.attendance_mode
    answers.write(registration, event, said)
    choices.replace(tx, registration, sessions)
    if held != {session.id for session in sessions} or mode is not registration.attendance_mode:
        _tell_changed(tx, registration, now, by_form=not by_organiser)
    if registration.status is RegistrationStatus.WAITING:  # perhaps with priority from now on
        waiting.promote(tx, event, now=now)


def require_changes_open(event: Event, now: datetime) -> None:
    """Make sure that people may still change their answers and sessions by themselves.

    :raises ChangesClosed: the deadline for changes has passed.
    """
    if event.changes_close_at is not None and now >= event.changes_close_at:
        raise ChangesClosed(event.changes_close_at)


def correct_address(
    tx: Transaction, registration: Registration, email: str, *, now: datetime
) -> None:
    """Correct a person's address: everything goes there from now on, and all former links die.

    :raises AddressTaken: that name and address already stand for another registration.
    :raises RegistrationCancelled: the registration was given up or declined.
    :raises EventCancelled: the event was cancelled.
    :raises EventEnded: the event is over.
    """
    waiting.lock_row(tx, registration)
    _require_live(registration, now)
    is_same = contacts.address_key(email) == registration.email_key
    if not is_same:
        _point_at_contact(
            tx,
            registration,
            last_name=registration.last_name,
            first_name=registration.first_name,
            email=email,
            now=now,
        )
    registration.email = email.strip()
    registration.email_key = contacts.address_key(email)
    tx.flush()
    if not is_same:
        _start_links_anew(tx, registration, now)


def send_link_again(tx: Transaction, event: Event, email: str, *, now: datetime) -> None:
    """Send everyone who is registered with this address her own link; say nothing about whom."""
    registered = (
        select(Registration)
        .where(
            Registration.event_id == event.id,
            Registration.email_key == contacts.address_key(email),
            Registration.status.in_(places.LIVE),
        )
        .order_by(Registration.id)
        .options(choices.LOADED)
    )
    for registration in tx.scalars(registered):
        telling.tell(tx, event, registration, MailName.OWN_LINK, now=now, by_form=True)


def _require_live(registration: Registration, now: datetime) -> None:
    events.require_coming(registration.event, now)
    if registration.status not in places.LIVE:
        raise RegistrationCancelled


def _point_at_contact(
    tx: Transaction,
    registration: Registration,
    *,
    last_name: str,
    first_name: str,
    email: str,
    now: datetime,
) -> None:
    """Make a registration that of the person with this name and address."""
    contact, _ = contacts.find_or_add(
        tx,
        last_name=last_name,
        first_name=first_name,
        email=email,
        language=registration.language,
        now=now,
    )
    former = registration.contact_id
    if former is None or former == contact.id:
        return
    try:
        with tx.begin_nested():
            registration.contact_id = contact.id
    except IntegrityError:
        raise AddressTaken from None
    contacts.remove_unused(tx, {former})


def _start_links_anew(tx: Transaction, registration: Registration, now: datetime) -> None:
    """Make every link given out so far worthless, and send new ones."""
    registration.link_generation += 1
    registration.calendar_sequence += 1
    tx.flush()
    deliveries.cancel_for(tx, registration.id)
    mail = waiting.MAIL_OF_STATUS[registration.status]
    telling.tell(tx, registration.event, registration, mail, now=now, by_form=True)


def _tell_changed(
    tx: Transaction, registration: Registration, now: datetime, *, by_form: bool
) -> None:
    """Send what the calendar is to say from now on."""
    registration.calendar_sequence += 1
    tx.flush()
    if registration.status is RegistrationStatus.CONFIRMED:
        mail = MailName.CONFIRMATION
        telling.tell(tx, registration.event, registration, mail, now=now, by_form=by_form)
