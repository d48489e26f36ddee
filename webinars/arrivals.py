"""Arrivals on the day: who is expected, who is there, found by name, reference or badge.

Those at the door see names and organisations, and nothing else. Noting an arrival twice is noting
it once: a finger taps again where the network is slow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from webinars import attendance, contacts, participants
from webinars.database import Transaction
from webinars.errors import NotFound
from webinars.links import Links, Scope
from webinars.matching import Filter, match
from webinars.models import Presence, Registration, RegistrationStatus
from webinars.places import LIVE

SHOWN = 40
"""How many are shown at once: whoever is further down is found by typing."""


class Arrival(NamedTuple):
    """A person as the door knows her."""

    id: int
    reference: str
    last_name: str
    first_name: str
    organization: str
    status: RegistrationStatus
    presence: Presence | None

    @property
    def is_there(self) -> bool:
        """Whether she has been noted as present."""
        return self.presence is Presence.PRESENT


@dataclass(frozen=True)
class Door:
    """How it stands at the door."""

    expected: int
    there: int
    rows: Sequence[Arrival]
    found: int
    """How many are found, of whom the rows are the first."""


def read(tx: Transaction, event_id: int, *, search: str = "", session: str = "") -> Door:
    """Read who is expected and who is there; those with a place, or all who are searched for.

    :param session: a session's code: only those who chose it.
    """
    placed = Filter(status=RegistrationStatus.CONFIRMED, session=session)
    wanted = replace(placed, search=search, status=None) if search else placed
    count = select(func.count())
    there = replace(placed, presence=Presence.PRESENT)
    rows = (
        select(*(getattr(Registration, name) for name in Arrival._fields))
        .where(match(event_id, wanted))
        .order_by(Registration.name_key, Registration.id)
        .limit(SHOWN)
    )
    return Door(
        expected=tx.scalar(count.where(match(event_id, placed))) or 0,
        there=tx.scalar(count.where(match(event_id, there))) or 0,
        rows=[Arrival(*row) for row in tx.execute(rows)],
        found=tx.scalar(count.where(match(event_id, wanted))) or 0,
    )


def note(tx: Transaction, registration: Registration, *, is_there: bool, now: datetime) -> None:
    """Note that a person has arrived, or take it back; a second time changes nothing.

    :raises RegistrationCancelled: the registration was given up or declined.
    """
    if is_there and registration.presence is Presence.PRESENT and registration.status in LIVE:
        return
    if not is_there and registration.presence is None:
        return
    attendance.record(tx, registration, Presence.PRESENT if is_there else None, now=now)


def find_by_badge(tx: Transaction, links: Links, token: str) -> Registration | None:
    """Find the registration whose badge bears a code, with its event."""
    found = participants.find_by_token(tx, links, token, {Scope.BADGE})
    return found[0] if found else None


def get_by_code(tx: Transaction, links: Links, event_id: int, code: str) -> Registration:
    """Return the registration that a scanner or a hand has typed: a badge's code, or a reference.

    :raises NotFound: it is none of this event's.
    """
    code = code.strip()
    found = find_by_badge(tx, links, code.rsplit("/", 1)[-1])
    if found is None:
        reference = "".join(contacts.fold_for_search(code)).upper()
        written = f"{reference[:4]}-{reference[4:]}"
        number = tx.scalar(
            select(Registration.id).where(match(event_id), Registration.reference == written)
        )
        found = participants.get(tx, number) if number else None
    if found is None or found.event_id != event_id:
        raise NotFound("registration")
    return found
