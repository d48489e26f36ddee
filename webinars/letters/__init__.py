"""What a delivery says: everything that its letter needs is loaded here and put into words.

Nothing is sent and nothing is decided: who is written to, and when, is `webinars.mailings`. What a
letter says depends on its row and on what the row points to, never on the present instant, so that
a resend is the same message. The room's address never comes into a letter.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from webinars.database import Transaction
from webinars.letters import calendars, wording
from webinars.letters.cases import Case, invent_case
from webinars.links import Links
from webinars.mail import compose
from webinars.mail.compose import Letter
from webinars.models import (
    Delivery,
    Event,
    EventInstitution,
    Mailing,
    MailingState,
    MailName,
    Registration,
    Session,
    SessionChoice,
)


def write(tx: Transaction, delivery: Delivery, *, links: Links, sender: str) -> Letter:
    """Write one letter: see `write_many`."""
    return write_many(tx, [delivery], links=links, sender=sender)[0]


def write_many(
    tx: Transaction, deliveries: Sequence[Delivery], *, links: Links, sender: str
) -> list[Letter]:
    """Write the letters of deliveries, in their order, with the same few queries for any number."""
    found = _load(tx, deliveries)
    return [_write(_gather(delivery, found, links, sender)) for delivery in deliveries]


def make_message_id(delivery_id: int, links: Links) -> str:
    """Return the Message-ID of a delivery: always the same one, and nothing personal in it."""
    return f"<{links.make_mark(delivery_id)}@{links.host}>"


@dataclass(frozen=True)
class _Found:
    """What was loaded for some deliveries, by id."""

    events: dict[int, Event]
    registrations: dict[int, Registration]
    links_due: dict[int, datetime]


def _load(tx: Transaction, deliveries: Sequence[Delivery]) -> _Found:
    event_ids = {delivery.event_id for delivery in deliveries}
    registration_ids = {delivery.registration_id for delivery in deliveries} - {None}
    events = tx.scalars(
        select(Event)
        .where(Event.id.in_(event_ids))
        .options(
            selectinload(Event.sessions),
            selectinload(Event.institutions).joinedload(EventInstitution.institution),
        )
    )
    registrations = tx.scalars(
        select(Registration)
        .where(Registration.id.in_(registration_ids))
        .options(selectinload(Registration.choices))
    )
    return _Found(
        events={event.id: event for event in events},
        registrations={registration.id: registration for registration in registrations},
        links_due=_find_links_due(tx, event_ids),
    )


def _find_links_due(tx: Transaction, event_ids: Collection[int]) -> dict[int, datetime]:
    """Find when the connection link of each event is first sent."""
    rows = tx.execute(
        select(Mailing.event_id, func.min(Mailing.due_at))
        .where(
            Mailing.event_id.in_(event_ids),
            Mailing.template == MailName.CONNECTION_LINK,
            Mailing.state != MailingState.CANCELLED,
            Mailing.due_at.is_not(None),
        )
        .group_by(Mailing.event_id)
    )
    return {event_id: due_at for event_id, due_at in rows if due_at is not None}


def _gather(delivery: Delivery, found: _Found, links: Links, sender: str) -> Case:
    event = found.events[delivery.event_id]
    link_due_at = found.links_due.get(event.id)
    if delivery.registration_id is None:
        return invent_case(delivery, event, link_due_at, links=links, sender=sender)
    registration = found.registrations[delivery.registration_id]
    return Case(
        delivery=delivery,
        event=event,
        registration=registration,
        chosen=_pick(event, [choice for choice in registration.choices if not choice.is_full]),
        full=_pick(event, [choice for choice in registration.choices if choice.is_full]),
        link_due_at=link_due_at,
        links=links,
        sender=sender,
    )


def _pick(event: Event, choices: Sequence[SessionChoice]) -> tuple[Session, ...]:
    chosen = {choice.session_id for choice in choices}
    return tuple(session for session in event.sessions if session.id in chosen)


def _write(case: Case) -> Letter:
    return Letter(
        context=wording.WRITERS[case.delivery.template](case),
        language=case.language,
        sender=case.sender,
        reply_to=_find_reply_to(case),
        recipient=case.delivery.email,
        message_id=make_message_id(case.delivery.id, case.links),
        date=case.delivery.created_at,
        calendar=calendars.make(case),
        is_test=case.is_test,
    )


def _find_reply_to(case: Case) -> str | None:
    """Find who answers: the contact of the institution that registered the person, or the first."""
    reachable = [one for one in case.event.contacts if compose.is_address(one.email)]
    own = [one for one in reachable if one.institution == case.registration.source]
    return next((one.email for one in [*own, *reachable]), None)
