"""What became of the invitations to an event: counted for each institution, and listed by name."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import joinedload

from webinars import places
from webinars.database import Transaction
from webinars.models import (
    ContactCard,
    Delivery,
    DeliveryState,
    Event,
    Institution,
    Invitation,
    InvitationState,
    MailName,
    Registration,
)

ON_ITS_WAY = frozenset({DeliveryState.PENDING, DeliveryState.SENDING})
REACHED = frozenset({DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.UNCERTAIN})


class Fate(StrEnum):
    """What became of an invitation."""

    PLANNED = "planned"
    """Its mail has not left yet."""
    WAITING = "waiting"
    """It arrived, and was not answered."""
    ACCEPTED = "accepted"
    DECLINED = "declined"
    MISSED = "missed"
    """It did not arrive."""


class Count(NamedTuple):
    """How many invitations an institution's contacts have, by what became of them."""

    institution: Institution
    by_fate: dict[Fate, int]

    @property
    def total(self) -> int:
        """Return how many there are."""
        return sum(self.by_fate.values())


@dataclass(frozen=True)
class Followed:
    """An invitation, with what became of it."""

    invitation: Invitation
    fate: Fate
    reply: str
    """Why it did not arrive."""
    registration_id: int | None


def count(tx: Transaction, event_id: int) -> list[Count]:
    """Count the invitations to an event by institution and by what became of them."""
    fate = _say_fate()
    rows = (
        select(Institution, fate, func.count())
        .select_from(Invitation)
        .join(Institution, Institution.id == Invitation.institution_id)
        .outerjoin(Delivery, _is_its_mail())
        .where(Invitation.event_id == event_id)
        .group_by(Institution.id, fate)
        .order_by(Institution.acronym)
    )
    found: dict[int, Count] = {}
    for institution, said, number in tx.execute(rows):
        one = found.setdefault(institution.id, Count(institution, {}))
        one.by_fate[Fate(said)] = number
    return list(found.values())


def list_rows(
    tx: Transaction,
    event: Event,
    institution_id: int | None,
    fate: Fate | None,
    *,
    limit: int,
    offset: int = 0,
) -> list[Followed]:
    """List the invitations to an event by name, as far as an institution may see who they are for.

    :param institution_id: `None`: whoever looks may see all.
    """
    said = _say_fate()
    rows = (
        select(Invitation, said, Delivery.reply, _find_registration())
        .outerjoin(Delivery, _is_its_mail())
        .where(*_limit(event, institution_id, fate))
        .order_by(Invitation.name_key, Invitation.id)
        .options(joinedload(Invitation.institution))
        .limit(limit)
        .offset(offset)
    )
    return [
        Followed(invitation, Fate(word), reply or "", registration_id)
        for invitation, word, reply, registration_id in tx.execute(rows)
    ]


def count_rows(tx: Transaction, event: Event, institution_id: int | None, fate: Fate | None) -> int:
    """Count what `list_rows` lists without a limit."""
    rows = select(func.count()).select_from(Invitation).outerjoin(Delivery, _is_its_mail())
    return tx.scalar(rows.where(*_limit(event, institution_id, fate))) or 0


def _limit(
    event: Event, institution_id: int | None, fate: Fate | None
) -> list[ColumnElement[bool]]:
    conditions = [Invitation.event_id == event.id, Invitation.contact_id.is_not(None)]
    if institution_id is not None:
        is_shared = exists().where(ContactCard.id == Invitation.card_id, ContactCard.is_shared)
        conditions.append(or_(Invitation.institution_id == institution_id, is_shared))
    if fate is not None:
        conditions.append(_say_fate() == fate.value)
    return conditions


def _is_its_mail() -> ColumnElement[bool]:
    return and_(Delivery.invitation_id == Invitation.id, Delivery.template == MailName.INVITATION)


def _find_registration() -> ColumnElement[int | None]:
    return (
        select(func.max(Registration.id))
        .where(
            Registration.event_id == Invitation.event_id,
            Registration.contact_id == Invitation.contact_id,
            Registration.status.in_(places.LIVE),
        )
        .scalar_subquery()
    )


def _say_fate() -> ColumnElement[str]:
    """Say what became of an invitation; who registered without its link has accepted too."""
    return case(
        (_find_registration().is_not(None), Fate.ACCEPTED.value),
        (Invitation.state == InvitationState.ACCEPTED, Fate.ACCEPTED.value),
        (Invitation.state == InvitationState.DECLINED, Fate.DECLINED.value),
        (Delivery.state.in_(ON_ITS_WAY), Fate.PLANNED.value),
        (Delivery.state.in_(REACHED), Fate.WAITING.value),
        else_=Fate.MISSED.value,
    )
