"""Who may do what: roles given and taken away, accounts closed, and what institutions share.

Somebody who decides on roles is always left: at an event, and in an institution. What a role allows
is `webinars.rights`.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload, selectinload

from webinars import events, organisers, rights, sign_ins
from webinars.database import Transaction, lock_name
from webinars.errors import LastOwner, NotFound, NotTakingPart, OwnRole
from webinars.models import (
    Event,
    Grant,
    Organiser,
    OrganiserRole,
    Share,
)
from webinars.rights import Act


class Held(NamedTuple):
    """An organiser with the roles that she holds at an event."""

    organiser: Organiser
    here: list[OrganiserRole]
    """Given for the event itself."""
    everywhere: list[OrganiserRole]
    """Held in her institution, and limited at the event by what it is shared."""
    share: Share | None
    """`None`: her institution does not take part."""

    @property
    def has_any(self) -> bool:
        """Tell whether she holds any role at the event."""
        return bool(self.here) or (self.share is not None and bool(self.everywhere))


def list_held(tx: Transaction, event: Event) -> list[Held]:
    """List the organisers of an event's institutions, and who else holds a role there.

    The event has its institutions loaded. Whoever runs the service may do everything, and is not
    listed; nor is an account that is closed.
    """
    shares = {part.institution_id: part.share for part in event.institutions}
    query = (
        select(Organiser)
        .where(
            or_(
                Organiser.institution_id.in_(shares),
                Organiser.grants.any(Grant.event_id == event.id),
            ),
            Organiser.runs_service.is_(False),
            Organiser.disabled_at.is_(None),
        )
        .options(joinedload(Organiser.institution), selectinload(Organiser.grants))
        .order_by(Organiser.institution_id, Organiser.name, Organiser.email_key)
    )
    return [_hold(one, event, shares) for one in tx.scalars(query)]


def _hold(organiser: Organiser, event: Event, shares: dict[int, Share]) -> Held:
    return Held(
        organiser,
        [one.role for one in organiser.grants if one.event_id == event.id],
        [one.role for one in organiser.grants if one.event_id is None],
        shares.get(organiser.institution_id or 0),
    )


def give(
    tx: Transaction,
    organiser: Organiser,
    role: OrganiserRole,
    *,
    by: str,
    now: datetime,
    event: Event | None = None,
) -> None:
    """Give an organiser a role at an event, or in all of her institution.

    :raises Forbidden: one side's organiser would validate for the other.
    :raises NotTakingPart: her institution does not take part in the event.
    """
    if event is not None and organiser.institution_id not in {
        part.institution_id for part in event.institutions
    }:
        raise NotTakingPart
    organisers.grant(organiser, role, by=by, now=now, event=event)
    tx.flush()


def take(
    tx: Transaction, organiser: Organiser, role: OrganiserRole, *, event: Event | None = None
) -> bool:
    """Take a role away from an organiser; false: she does not hold it any more.

    :raises LastOwner: nobody would be left who decides on roles.
    """
    _hold_others_off(tx, organiser, event)
    event_id = None if event is None else event.id
    held = [one for one in organiser.grants if one.role is role and one.event_id == event_id]
    for one in held:
        organiser.grants.remove(one)
    tx.flush()
    if held and role is OrganiserRole.OWNER:
        _require_owner(tx, organiser, event)
    return bool(held)


def disable(tx: Transaction, organiser: Organiser, *, by: Organiser | None, now: datetime) -> None:
    """Close an account: nothing lets in any more. What was done stays under its name.

    :param by: who does it; `None`: the command line.
    :raises OwnRole: it is one's own.
    :raises LastOwner: nobody would be left who decides on roles.
    """
    if by is not None and by.id == organiser.id:
        raise OwnRole
    _hold_others_off(tx, organiser, None)
    organiser.disabled_at = now
    sign_ins.end_all(tx, organiser, now=now)
    tx.flush()
    owned = {one.event_id for one in organiser.grants if one.role is OrganiserRole.OWNER}
    for event_id in sorted(owned, key=lambda one: one or 0):
        event = None if event_id is None else events.get_by_id(tx, event_id)
        _require_owner(tx, organiser, event)


def enable(tx: Transaction, organiser: Organiser) -> None:
    """Open an account again that was closed."""
    organiser.disabled_at = None
    tx.flush()


def set_share(
    tx: Transaction, event: Event, institution_id: int, share: Share, *, by: Organiser
) -> None:
    """Decide what an institution that takes part in an event is shared there at most.

    :raises NotFound: it does not take part.
    :raises OwnRole: it is one's own institution.
    :raises LastOwner: nobody would be left who decides on roles.
    """
    if by.institution_id == institution_id and not by.runs_service:
        raise OwnRole
    part = next((one for one in event.institutions if one.institution_id == institution_id), None)
    if part is None:
        raise NotFound("institution", str(institution_id))
    had_owner = _has_owner(tx, event)
    part.share = share
    events.touch(event)
    tx.flush()
    if had_owner and not _has_owner(tx, event):
        raise LastOwner


def _hold_others_off(tx: Transaction, organiser: Organiser, event: Event | None) -> None:
    """Let no two owners take the role away from each other at the same instant."""
    lock_name(tx, f"roles of {organiser.institution_id}")
    if event is not None:
        lock_name(tx, f"roles at {event.id}")


def _require_owner(tx: Transaction, organiser: Organiser, event: Event | None) -> None:
    if event is not None:
        if not _has_owner(tx, event):
            raise LastOwner
        return
    others = select(Organiser.id).where(
        Organiser.institution_id == organiser.institution_id,
        Organiser.disabled_at.is_(None),
        Organiser.password_hash.is_not(None),
        Organiser.grants.any(
            (Grant.event_id.is_(None)) & (Grant.role == OrganiserRole.OWNER),
        ),
    )
    if organiser.institution_id is not None and tx.scalar(others.limit(1)) is None:
        raise LastOwner


def _has_owner(tx: Transaction, event: Event) -> bool:
    """Tell whether somebody who can sign in decides on roles at the event."""
    return any(
        one.organiser.password_hash is not None
        and rights.may(one.organiser, Act.GIVE_ROLES, event=event)
        for one in list_held(tx, event)
    )
