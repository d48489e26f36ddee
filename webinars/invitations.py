"""Invitations: whom institutions ask to an event, what she answers, and who is asked once more.

A person is asked once, whoever has her in their lists: an institution that asks her too is noted
beside the one that was first. Who wants no invitations gets none from any of them. The mails
themselves are deliveries like all others.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    delete,
    distinct,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy import cast as cast_
from sqlalchemy.dialects import postgresql, sqlite

from webinars import cards, contacts, deliveries, links, places, suppressions
from webinars.cards import CardFilter
from webinars.database import Base, Transaction
from webinars.errors import InvitationLate, InvitedLately, NotFound
from webinars.links import Links, Scope
from webinars.models import (
    ABOUT_INVITATIONS,
    Contact,
    ContactCard,
    Delivery,
    DeliveryState,
    Event,
    Invitation,
    InvitationBacker,
    InvitationState,
    Lane,
    MailName,
    Registration,
)

REMINDED_EVERY = timedelta(days=3)
"""How long after the invitation, and after a reminder, a person is asked once more at the soonest.
"""

BLANK = (
    "last_name",
    "first_name",
    "email",
    "name_key",
    "organization",
    "salutation",
    "decline_reason",
)
"""What an erased invitation says no more."""


@dataclass(frozen=True)
class Outlook:
    """Who would be asked, of those whom an institution chose, and why others would not."""

    chosen: int
    invited: int
    """Asked already, by this institution or by another."""
    by_others: int
    """Of those: by another institution."""
    registered: int
    unwanted: int
    """Who wants no invitations, or whose address is not written to."""
    to_send: int


def count(
    tx: Transaction, event: Event, institution_id: int, wanted: CardFilter, *, now: datetime
) -> Outlook:
    """Count who would be asked to an event, of the contacts that an institution chose."""
    is_invited, is_registered = _is_invited(event), _is_registered(event)
    is_unwanted = suppressions.stops_invitations(Contact.email_key, event.id, now)
    by_others = exists().where(*_same(event), Invitation.institution_id != institution_id)
    rows = (
        select(
            func.count(distinct(Contact.id)),
            _count(is_invited),
            _count(by_others),
            _count(and_(~is_invited, is_registered)),
            _count(and_(~is_invited, ~is_registered, is_unwanted)),
            _count(and_(~is_invited, ~is_registered, ~is_unwanted)),
        )
        .select_from(ContactCard)
        .join(Contact, Contact.id == ContactCard.contact_id)
        .where(_choose(event, institution_id, wanted))
    )
    return Outlook(*tx.execute(rows).one())


def invite(
    tx: Transaction,
    event: Event,
    institution_id: int,
    wanted: CardFilter,
    *,
    author: str,
    now: datetime,
    due_at: datetime | None = None,
) -> int:
    """Ask those whom an institution chose to an event, and tell how many are asked.

    Who was asked already, is registered, or wants no invitations is left out. Asked again it adds
    nobody twice.

    :param due_at: when the mails leave; `None`: now.
    :raises InvitationLate: registrations will be closed by then.
    """
    leaves_at = due_at or now
    if leaves_at >= event.closes_at or event.cancelled_at is not None:
        raise InvitationLate
    deliveries.hold_event(tx, event.id)
    _note_backers(tx, event, institution_id, wanted, now)
    added = _add(tx, event, institution_id, wanted, author=author, now=now, due_at=leaves_at)
    _touch(tx, event, now)
    _write(tx, event, MailName.INVITATION, Invitation.id.in_(added), now=now, due_at=leaves_at)
    return len(added)


def remind(
    tx: Transaction,
    event: Event,
    *,
    now: datetime,
    institution_id: int | None = None,
) -> int:
    """Ask once more those whom an invitation reached and who have not answered; tell how many.

    :param institution_id: only those whom this institution asked; `None`: all.
    :raises InvitedLately: everybody was asked less than three days ago.
    :raises InvitationLate: registrations are closed.
    """
    if now >= event.closes_at or event.cancelled_at is not None:
        raise InvitationLate
    deliveries.hold_event(tx, event.id)
    silent = _list_silent(event, institution_id)
    last_asked = func.coalesce(Invitation.reminded_at, Invitation.invited_at)
    due = (*silent, last_asked <= now - REMINDED_EVERY)
    ids = list(tx.scalars(select(Invitation.id).where(*due)))
    if not ids:
        latest = tx.scalar(select(func.min(last_asked)).where(*silent))
        if latest is not None:
            raise InvitedLately(latest + REMINDED_EVERY)
        return 0
    for start in range(0, len(ids), 5_000):
        some = Invitation.id.in_(ids[start : start + 5_000])
        changed = update(Invitation).where(some)
        tx.execute(changed.values(reminders=Invitation.reminders + 1, reminded_at=now))
        _write(tx, event, MailName.INVITATION_REMINDER, some, now=now, due_at=now)
    return len(ids)


def accept(
    tx: Transaction, invitation: Invitation, registration: Registration, *, now: datetime
) -> None:
    """Note that a person has accepted: she is registered."""
    invitation.state, invitation.answered_at = InvitationState.ACCEPTED, now
    invitation.registration_id, invitation.decline_reason = registration.id, ""
    _give_up_mails(tx, Invitation.id == invitation.id)


def decline(tx: Transaction, invitation: Invitation, reason: str, *, now: datetime) -> None:
    """Note that a person declines, and why if she says so; she may change her mind."""
    invitation.state, invitation.answered_at = InvitationState.DECLINED, now
    invitation.decline_reason = reason
    _give_up_mails(tx, Invitation.id == invitation.id)


def set_trust(tx: Transaction, event_id: int, *, trusts: bool) -> None:
    """Say whether who was invited to an event is accepted without a decision on each."""
    tx.execute(update(Event).where(Event.id == event_id).values(trusts_invited=trusts))


def erase(tx: Transaction, invitation: Invitation, *, now: datetime) -> None:
    """Erase at her request all that institutions know of a person as a contact.

    Registrations have a page of their own, where they are erased. She is not invited any more,
    which is remembered under a seal.
    """
    contact_id, email_key = invitation.contact_id, invitation.email_key
    suppressions.stop_invitations(tx, email_key, now=now)
    theirs = Invitation.id == invitation.id
    if contact_id is not None:
        theirs = Invitation.contact_id == contact_id
        tx.execute(delete(ContactCard).where(ContactCard.contact_id == contact_id))
    _blank(tx, theirs)
    if contact_id is not None:
        contacts.remove_unused(tx, {contact_id})
    suppressions.forget(tx, {email_key})


def purge(tx: Transaction) -> int:
    """Remove the invitations to events whose retention has ended, and tell how many."""
    theirs = Invitation.event_id.in_(select(Event.id).where(Event.purged_at.is_not(None)))
    contact_ids = {one for one in tx.scalars(select(Invitation.contact_id).where(theirs)) if one}
    _blank(tx, theirs)
    sent = Delivery.invitation_id.in_(select(Invitation.id).where(theirs))
    tx.execute(update(Delivery).where(sent).values(invitation_id=None))
    removed = tx.execute(delete(Invitation).where(theirs).returning(Invitation.id)).all()
    contacts.remove_unused(tx, contact_ids)
    return len(removed)


def find_by_token(tx: Transaction, site: Links, token: str, scope: Scope) -> Invitation | None:
    """Find the invitation that a link stands for."""
    public_id = links.read_public_id(token)
    if public_id is None:
        return None
    found = tx.scalar(
        select(Invitation).where(
            Invitation.public_id == public_id, Invitation.contact_id.is_not(None)
        )
    )
    if found is None or not site.is_valid(token, scope, public_id, found.link_generation):
        return None
    return found


def get_by_token(tx: Transaction, site: Links, token: str, scope: Scope) -> Invitation:
    """Return the invitation that a link stands for.

    :raises NotFound: the link is none of ours, is for something else, or is worthless by now.
    """
    found = find_by_token(tx, site, token, scope)
    if found is None:
        raise NotFound("invitation")
    return found


def _choose(event: Event, institution_id: int, wanted: CardFilter) -> ColumnElement[bool]:
    return cards.match(cards.is_seen_at(event, institution_id), wanted)


def _same(event: Event) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which an invitation is the contact's of a row."""
    return (
        Invitation.event_id == event.id,
        Invitation.email_key == Contact.email_key,
        Invitation.name_key == Contact.name_key,
    )


def _is_invited(event: Event) -> ColumnElement[bool]:
    return exists().where(*_same(event))


def _is_registered(event: Event) -> ColumnElement[bool]:
    return exists().where(
        Registration.event_id == event.id,
        Registration.contact_id == Contact.id,
        Registration.status.in_(places.LIVE),
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(distinct(case((condition, Contact.id))))


def _note_backers(
    tx: Transaction, event: Event, institution_id: int, wanted: CardFilter, now: datetime
) -> None:
    """Note that an institution asks those too whom another one has asked already."""
    asked = (
        select(Invitation.id, literal(institution_id), literal(now, Invitation.invited_at.type))
        .join(Contact, and_(*_same(event)))
        .join(ContactCard, ContactCard.contact_id == Contact.id)
        .where(_choose(event, institution_id, wanted), Invitation.institution_id != institution_id)
        .distinct()
    )
    names = ["invitation_id", "institution_id", "backed_at"]
    noted = _insert_into(tx, InvitationBacker).from_select(names, asked)
    tx.execute(noted.on_conflict_do_nothing())


def _add(
    tx: Transaction,
    event: Event,
    institution_id: int,
    wanted: CardFilter,
    *,
    author: str,
    now: datetime,
    due_at: datetime,
) -> list[int]:
    """Add the invitations, and return their ids: own contacts first, then those shared."""
    is_unwanted = suppressions.stops_invitations(Contact.email_key, event.id, now)
    is_new = and_(~_is_invited(event), ~_is_registered(event), ~is_unwanted)
    rows = (
        select(ContactCard, Contact)
        .join(Contact, Contact.id == ContactCard.contact_id)
        .where(_choose(event, institution_id, wanted), is_new)
        .order_by(ContactCard.institution_id != institution_id, ContactCard.id)
    )
    asked = {
        contact.id: {
            "event_id": event.id,
            "contact_id": contact.id,
            "card_id": card.id,
            "institution_id": card.institution_id,
            "public_id": links.draw_public_id(),
            "link_generation": 0,
            "state": InvitationState.OPEN,
            "civility": card.civility,
            "last_name": contact.last_name,
            "first_name": contact.first_name,
            "email": contact.email,
            "email_key": contact.email_key,
            "name_key": contact.name_key,
            "organization": card.organization,
            "salutation": card.salutation,
            "language": card.language,
            "invited_at": due_at,
            "invited_by": author,
            "reminders": 0,
            "decline_reason": "",
        }
        for card, contact in reversed(tx.execute(rows).all())
    }
    if not asked:
        return []
    new = _insert_into(tx, Invitation).on_conflict_do_nothing().returning(Invitation.id)
    return list(tx.scalars(new, list(reversed(asked.values()))))


def _touch(tx: Transaction, event: Event, now: datetime) -> None:
    """Note that there was something between institutions and those who are asked."""
    asked = select(Invitation.card_id).where(Invitation.event_id == event.id)
    tx.execute(update(ContactCard).where(ContactCard.id.in_(asked)).values(touched_at=now))


def _write(
    tx: Transaction,
    event: Event,
    template: MailName,
    of_whom: ColumnElement[bool],
    *,
    now: datetime,
    due_at: datetime,
) -> None:
    """Add the mails, each once: of the invitation, or of the reminder of that number."""
    number = cast_(Invitation.id, String)
    intent = literal(f"{template}:i") + number
    if template is MailName.INVITATION_REMINDER:
        intent = intent + ":" + cast_(Invitation.reminders, String)
    columns: dict[str, Any] = {
        "intent": intent,
        "event_id": literal(event.id),
        "invitation_id": Invitation.id,
        "template": literal(template, Delivery.template.type),
        "is_copy": literal(False),
        "by_form": literal(False),
        "email": Invitation.email,
        "email_key": Invitation.email_key,
        "language": Invitation.language,
        "lane": literal(Lane.BULK, Delivery.lane.type),
        "calendar_sequence": literal(0),
        "state": literal(DeliveryState.PENDING, Delivery.state.type),
        "created_at": literal(now, Delivery.created_at.type),
        "due_at": literal(due_at, Delivery.due_at.type),
        "not_before": literal(due_at, Delivery.not_before.type),
        "expires_at": literal(event.closes_at, Delivery.due_at.type),
        "attempts": literal(0),
        "lease_epoch": literal(0),
        "losses": literal(0),
        "maybe_twice": literal(False),
    }
    rows = select(*columns.values()).where(Invitation.event_id == event.id, of_whom)
    tx.execute(
        deliveries.insert_into(tx)
        .from_select(list(columns), rows)
        .on_conflict_do_nothing(index_elements=["intent"])
    )


def _list_silent(event: Event, institution_id: int | None) -> list[ColumnElement[bool]]:
    """Return the conditions under which an invitation arrived and was not answered."""
    arrived = exists().where(
        Delivery.invitation_id == Invitation.id,
        Delivery.template == MailName.INVITATION,
        Delivery.state.in_({DeliveryState.ACCEPTED, DeliveryState.DELIVERED}),
    )
    registered = exists().where(
        Registration.event_id == Invitation.event_id,
        Registration.contact_id == Invitation.contact_id,
        Registration.status.in_(places.LIVE),
    )
    conditions = [
        Invitation.event_id == event.id,
        Invitation.state == InvitationState.OPEN,
        Invitation.contact_id.is_not(None),
        arrived,
        ~registered,
    ]
    if institution_id is not None:
        conditions.append(Invitation.institution_id == institution_id)
    return conditions


def _give_up_mails(tx: Transaction, of_whom: ColumnElement[bool]) -> None:
    theirs = Delivery.invitation_id.in_(select(Invitation.id).where(of_whom))
    waiting = update(Delivery).where(theirs, Delivery.state == DeliveryState.PENDING)
    given_up = deliveries.give_up_as(DeliveryState.CANCELLED)
    tx.execute(
        waiting.values(state=given_up, reply="answered", waits_for=None).execution_options(
            synchronize_session=False
        )
    )


def _blank(tx: Transaction, theirs: ColumnElement[bool]) -> None:
    """Remove what invitations say of people, and where their mails went."""
    _give_up_mails(tx, theirs)
    sent = Delivery.invitation_id.in_(select(Invitation.id).where(theirs))
    quiet = {"synchronize_session": False}
    tx.execute(
        update(Delivery)
        .where(sent, Delivery.template.in_(ABOUT_INVITATIONS))
        .values(email="", email_key="", reply=None)
        .execution_options(**quiet)
    )
    blank = dict.fromkeys(
        (
            "last_name",
            "first_name",
            "email",
            "name_key",
            "organization",
            "salutation",
            "decline_reason",
        ),
        "",
    )
    erased = literal("erased:") + cast_(Invitation.id, String)
    tx.execute(
        update(Invitation)
        .where(theirs)
        .values(
            **blank,
            email_key=erased,
            contact_id=None,
            card_id=None,
            link_generation=Invitation.link_generation + 1,
        )
        .execution_options(**quiet)
    )


def _insert_into(tx: Transaction, table: type[Base]) -> Any:
    insert = postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table)
