"""Saved audiences: a filter of an event's registrations under a name.

One audience serves the list, mailings, exports and figures alike. Nothing is kept of who was in it:
that is asked each time. Whom a mailing that is due goes to is `webinars.audiences`.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from webinars import filtering
from webinars.contacts import fold
from webinars.database import Transaction
from webinars.errors import AudienceKnown, NotFound
from webinars.models import Audience
from webinars.participants import Filter


def save(
    tx: Transaction, event_id: int, name: str, wanted: Filter, *, author: str, now: datetime
) -> Audience:
    """Give a filter of an event's registrations a name.

    :raises AudienceKnown: one of this event has that name.
    """
    audience = Audience(
        event_id=event_id,
        words=filtering.write_filter(wanted),
        created_at=now,
        created_by=author,
    )
    _name(tx, audience, name)
    return audience


def rename(tx: Transaction, audience: Audience, name: str) -> None:
    """Give an audience another name.

    :raises AudienceKnown: another one of this event has that name.
    """
    _name(tx, audience, name)


def remove(tx: Transaction, audience: Audience) -> None:
    """Forget an audience; the registrations in it stay as they are."""
    tx.delete(audience)
    tx.flush()


def get(tx: Transaction, event_id: int, audience_id: int) -> Audience:
    """Return an audience of an event.

    :raises NotFound: this event has none of that number.
    """
    found = find(tx, event_id, audience_id)
    if found is None:
        raise NotFound("audience", str(audience_id))
    return found


def find(tx: Transaction, event_id: int, audience_id: int) -> Audience | None:
    """Find an audience of an event by its number."""
    return tx.scalar(
        select(Audience).where(Audience.id == audience_id, Audience.event_id == event_id)
    )


def list_all(tx: Transaction, event_id: int) -> list[Audience]:
    """List the audiences of an event by name."""
    rows = select(Audience).where(Audience.event_id == event_id)
    return list(tx.scalars(rows.order_by(Audience.name_key)))


def read(audience: Audience) -> Filter:
    """Return the filter that an audience stands for: for any list, mailing, export or figure."""
    return filtering.read_filter(audience.words)


def choose(tx: Transaction, event_id: int, said: Mapping[str, str]) -> Filter:
    """Return the filter that an address says: an audience's (`audience=17`), or its own words.

    :raises NotFound: this event has no audience of that number.
    """
    number = said.get("audience", "")
    if not number:
        return filtering.read_filter(said)
    is_number = number.isascii() and number.isdecimal() and len(number) < 10
    return read(get(tx, event_id, int(number) if is_number else 0))


def _name(tx: Transaction, audience: Audience, name: str) -> None:
    try:
        with tx.begin_nested():
            audience.name, audience.name_key = name, fold(name)
            tx.add(audience)
            tx.flush()
    except IntegrityError as error:
        raise AudienceKnown(name) from error
