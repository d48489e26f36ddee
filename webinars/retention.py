"""Personal data leave in time: erased on request, purged when an event's retention ends.

The rows stay, so that the counts do: how many, of which country, kind and role, and who came. What
machines reported about an address goes with it; what its owner asked is kept under a seal.
"""

import calendar
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, delete, select, union, update

from webinars import cards, contacts, links, suppressions, zones
from webinars.database import Transaction
from webinars.models import (
    AnswerFile,
    Audience,
    Bounce,
    Delivery,
    DeliveryState,
    Event,
    ExportRecord,
    Frozen,
    Note,
    Registration,
    RegistrationAlias,
    RegistrationTag,
    SuppressionReason,
)

BLANK: dict[str, object] = {
    "contact_id": None,
    "decline_reason": None,
    "form_identity": None,
    "last_name": "",
    "first_name": "",
    "name_key": "",
    "email": "",
    "email_key": "",
    "phone": "",
    "job_title": "",
    "organization": "",
    "organization_key": "",
    "on_behalf_of": "",
    "assistant_email": "",
    "salutation": "",
    "question": "",
    "request": None,
    "requested_at": None,
    "answers": {},
}
"""What an erased registration says of the person."""
BATCH = 1_000


@dataclass(frozen=True)
class Purged:
    """How much a purge made anonymous."""

    events: int = 0
    registrations: int = 0


def purge(tx: Transaction, *, now: datetime) -> Purged:
    """Make the registrations anonymous of every event whose retention has ended; once each.

    What is known of addresses and has ended goes too, and contacts of long ago.
    """
    suppressions.forget_old(tx, now=now)
    cards.forget_unused(tx, now=now)
    due = [event for event in _list_unpurged(tx, now) if ends_at(event) <= now]
    purged = sum(_purge(tx, event, now) for event in due)
    return Purged(len(due), purged)


def ends_at(event: Event) -> datetime:
    """Return the instant at which an event's retention ends: months after its end, local time."""
    end = zones.to_local(event.ends_at, event.timezone).replace(tzinfo=None)
    months = end.year * 12 + end.month - 1 + event.notice.retention_months
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return zones.to_instant(
        end.replace(year=year, month=month + 1, day=min(end.day, last)), event.timezone
    )


def anonymise(
    tx: Transaction, condition: ColumnElement[bool], *, now: datetime, batch: int = BATCH
) -> int:
    """Remove the personal data of the registrations that meet a condition, and tell how many.

    Their links die, their mail is not sent any more, and what was sent loses its address.
    """
    rows = tx.execute(
        select(Registration.id, Registration.contact_id).where(
            condition, Registration.erased_at.is_(None)
        )
    ).all()
    for start in range(0, len(rows), batch):
        some = rows[start : start + batch]
        ids = [row.id for row in some]
        addresses = _list_addresses(tx, ids)
        _anonymise(tx, ids, now)
        contacts.remove_unused(tx, {row.contact_id for row in some if row.contact_id})
        suppressions.forget(tx, addresses)
    return len(rows)


def _list_unpurged(tx: Transaction, now: datetime) -> list[Event]:
    over = select(Event).where(Event.purged_at.is_(None), Event.ends_at <= now)
    return list(tx.scalars(over.order_by(Event.id)))


def _purge(tx: Transaction, event: Event, now: datetime) -> int:
    suppressions.forget_event(tx, event.id)
    purged = anonymise(tx, Registration.event_id == event.id, now=now)
    # A list may have been limited to a name, and an audience may be one.
    tx.execute(update(ExportRecord).where(ExportRecord.event_id == event.id).values(filter=""))
    tx.execute(delete(Audience).where(Audience.event_id == event.id))
    event.purged_at = now
    tx.flush()
    return purged


def _list_addresses(tx: Transaction, ids: list[int]) -> set[str]:
    """List the addresses of registrations, and of all who had mail because of them."""
    own = select(Registration.email_key).where(Registration.id.in_(ids))
    written_to = select(Delivery.email_key).where(Delivery.registration_id.in_(ids))
    return set(tx.scalars(union(own, written_to)))


def _anonymise(tx: Transaction, ids: list[int], now: datetime) -> None:
    theirs = Delivery.registration_id.in_(ids)
    waiting = Delivery.state.in_({DeliveryState.PENDING, DeliveryState.SENDING})
    tx.execute(update(Delivery).where(and_(theirs, waiting)).values(state=DeliveryState.CANCELLED))
    for of_mail in (Bounce, Frozen):
        sent = of_mail.delivery_id.in_(select(Delivery.id).where(theirs))
        tx.execute(delete(of_mail).where(sent))
    # Why an address was not written to is one of four words, and counts for as long as the row.
    reply = case((Delivery.reply.in_(list(SuppressionReason)), Delivery.reply))
    tx.execute(update(Delivery).where(theirs).values(email="", email_key="", reply=reply))
    for noted in (Note, RegistrationTag, RegistrationAlias):
        tx.execute(delete(noted).where(noted.registration_id.in_(ids)))
    tx.execute(delete(AnswerFile).where(AnswerFile.registration_id.in_(ids)))
    tx.execute(
        update(Registration)
        .where(Registration.id.in_(ids))
        .values(**BLANK, link_generation=Registration.link_generation + 1, erased_at=now)
    )
    # What was written or read out to the person no longer leads to the row.
    tx.execute(
        update(Registration),
        [
            {"id": one, "public_id": links.draw_public_id(), "reference": links.draw_reference()}
            for one in ids
        ],
    )
