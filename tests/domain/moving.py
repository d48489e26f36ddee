"""What the tests about changes share: events with people who were told, and changes of them."""

from datetime import datetime, timedelta

from sqlalchemy import update

from tests.domain.sending import list_all
from tests.factories import NOW, make_event, make_registration, make_session
from webinars import audiences, events, mailings, telling
from webinars.changes import Dates, Order
from webinars.models import (
    Delivery,
    DeliveryState,
    MailName,
    Registration,
    RegistrationStatus,
    SessionChoice,
    Suppression,
    SuppressionReason,
)

LATER = NOW + timedelta(hours=1)
QUIET = timedelta(minutes=10)


def order(minutes=0, **values):
    """Order a change so many minutes after the first."""
    now = LATER + timedelta(minutes=minutes)
    return Order(**{"author": "nadia@example.org", "now": now} | values)


def later(days, *, hours=0):
    """Return the dates so many days after those of the webinar."""
    shift = timedelta(days=days, hours=hours)
    starts, ends = datetime(2020, 11, 3, 10, 0), datetime(2020, 11, 3, 12, 30)  # noqa: DTZ001
    return Dates(starts + shift, ends + shift)


def prepare(tx, people=1, *, sessions=(), told=True, event=None, **columns):
    """Make a webinar with people who were confirmed by mail, and return it with them."""
    event = event or make_event(tx, **columns)
    for position, values in enumerate(sessions):
        make_session(tx, event, position=position, **values)
    tx.expire(event)
    event = events.get(tx, event.slug)
    mailings.plan(tx, event, now=NOW)
    persons = [add_person(tx, event, number, told=told) for number in range(people)]
    return event, persons


def add_person(tx, event, number=0, *, told=True, chose=(), **columns):
    """Register somebody, who has been told if so wished."""
    name = f"p{number}"
    columns = {"last_name": name, "email": f"{name}@example.org"} | columns
    person = make_registration(tx, event, **columns)
    for session in event.sessions:
        if session.code in chose:
            tx.add(SessionChoice(registration_id=person.id, session_id=session.id))
    tx.flush()
    if told:
        mail = {
            RegistrationStatus.CONFIRMED: MailName.CONFIRMATION,
            RegistrationStatus.WAITING: MailName.WAITING_LIST,
            RegistrationStatus.PENDING: MailName.REGISTRATION_RECEIVED,
        }[person.status]
        telling.tell(tx, event, person, mail, now=NOW)
        deliver(tx)
    return person


def deliver(tx, state=DeliveryState.ACCEPTED, *, only=None):
    """Let everything that waits leave."""
    waiting = update(Delivery).where(Delivery.state == DeliveryState.PENDING)
    if only is not None:
        waiting = waiting.where(Delivery.template == only)
    tx.execute(waiting.values(state=state))


def start_mailings(tx, now):
    """Let the timer look at the mailings."""
    for mailing_id in audiences.list_due(tx, now=now):
        while audiences.advance(tx, mailing_id, now=now):
            pass


def suppress(tx, email):
    """Let an address be written to no more."""
    reason = SuppressionReason.ADDRESS
    tx.add(Suppression(email_key=email, scope="all", reason=reason, created_at=NOW))
    tx.flush()


def list_waiting(tx, person=None, *, copies=False):
    """List what waits, by template and day."""
    return [
        (one.template, one.ordinal)
        for one in list_all(tx)
        if one.state is DeliveryState.PENDING
        and one.registration_id is not None
        and one.is_copy == copies
        and (person is None or one.registration_id == person.id)
    ]


def look(tx, person):
    """Return a registration as it is by now."""
    return tx.get(Registration, person.id, populate_existing=True)
