"""Mails to organisers about their own accounts, and the links in them.

A link does one thing, once, for a while: it invites, lets in, or lets choose a new password.
Whoever asks for one is answered alike whether or not the address is known. No token is stored: it
is made of the link's number and the service's secret.
"""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select, update

from webinars import deliveries, links, organisers
from webinars.database import Transaction, lock_name
from webinars.errors import LinkOver, NotFound
from webinars.links import Links, Scope
from webinars.models import (
    AccountChange,
    AccountLink,
    AccountPurpose,
    Delivery,
    DeliveryState,
    Language,
    MailName,
    Organiser,
)

LASTS = {
    AccountPurpose.INVITATION: timedelta(days=7),
    AccountPurpose.SIGN_IN: timedelta(minutes=15),
    AccountPurpose.PASSWORD: timedelta(hours=1),
}
MAILS = {
    AccountPurpose.INVITATION: MailName.ORGANISER_INVITATION,
    AccountPurpose.SIGN_IN: MailName.SIGN_IN_LINK,
    AccountPurpose.PASSWORD: MailName.NEW_PASSWORD_LINK,
}
LINKS_AN_HOUR = 5
"""How many mails with a link one organiser is sent in an hour, whoever asks for them."""
HOUR = timedelta(hours=1)
KEPT = timedelta(days=365)

_CHANGED = re.compile(r"sign-in-changed:o([0-9]+):([a-z-]+):[0-9.]+")
_LINK = re.compile(r"account-link:([0-9a-f]+)")


class Told(NamedTuple):
    """What a mail about an account was written for, as its intent says."""

    link_public_id: str | None
    organiser_id: int | None
    change: AccountChange | None


def read_intent(intent: str) -> Told:
    """Return what a mail about an account was written for."""
    if found := _LINK.fullmatch(intent):
        return Told(found[1], None, None)
    if found := _CHANGED.fullmatch(intent):
        return Told(None, int(found[1]), AccountChange(found[2]))
    return Told(None, None, None)


def ask(tx: Transaction, email: str, purpose: AccountPurpose, *, now: datetime) -> bool:
    """Send a link to whoever has this address, and tell whether a mail leaves.

    Whoever asks is told nothing of that. Who was invited and has not chosen a password yet gets the
    invitation again, whatever she asks for.
    """
    organiser = organisers.find(tx, email)
    if organiser is None or organiser.disabled_at is not None:
        return False
    wanted = purpose if organiser.password_hash else AccountPurpose.INVITATION
    return send_link(tx, organiser, wanted, now=now)


def send_link(
    tx: Transaction, organiser: Organiser, purpose: AccountPurpose, *, now: datetime
) -> bool:
    """Send an organiser a link; false: she has been sent as many as an hour may bring.

    A new invitation replaces the one before, and so does a new link to choose a password.
    """
    lock_name(tx, f"links of organiser {organiser.id}")
    if _count_links(tx, organiser.id, now) >= LINKS_AN_HOUR:
        return False
    if purpose is not AccountPurpose.SIGN_IN:
        _void(tx, organiser.id, purpose, now)
    link = AccountLink(
        organiser_id=organiser.id,
        public_id=links.draw_public_id(),
        purpose=purpose,
        created_at=now,
        expires_at=now + LASTS[purpose],
    )
    tx.add(link)
    tx.flush()
    return deliveries.add(
        tx,
        intent=f"account-link:{link.public_id}",
        event_id=None,
        template=MAILS[purpose],
        email=organiser.email,
        language=Language.FRENCH,
        expires_at=link.expires_at,
        now=now,
    )


def find_link(tx: Transaction, token: str, *, site: Links, now: datetime) -> AccountLink:
    """Find what a link in a mail is for.

    :raises NotFound: it is none of ours.
    :raises LinkOver: it was used, is too old, or its account is closed.
    """
    public_id = links.read_public_id(token)
    link = tx.scalar(select(AccountLink).where(AccountLink.public_id == public_id))
    if link is None or not site.is_valid(token, Scope.ACCOUNT, link.public_id, 0):
        raise NotFound("link")
    organiser = organisers.get(tx, link.organiser_id)
    if link.used_at is not None or link.expires_at <= now or organiser.disabled_at is not None:
        raise LinkOver
    return link


def use(tx: Transaction, link: AccountLink, *, now: datetime) -> Organiser:
    """Use a link, once, and return whose it is; others for the same purpose are worth nothing now.

    :raises LinkOver: somebody else used it a moment ago.
    """
    used = (
        update(AccountLink)
        .where(AccountLink.id == link.id, AccountLink.used_at.is_(None))
        .values(used_at=now)
        .returning(AccountLink.id)
    )
    if tx.execute(used).first() is None:
        raise LinkOver
    _void(tx, link.organiser_id, link.purpose, now)
    return organisers.get(tx, link.organiser_id)


def tell_changed(
    tx: Transaction, organiser: Organiser, change: AccountChange, *, now: datetime
) -> None:
    """Tell an organiser by mail that the way she signs in has changed, in case it was not she."""
    deliveries.add(
        tx,
        intent=f"sign-in-changed:o{organiser.id}:{change}:{now.timestamp()}",
        event_id=None,
        template=MailName.SIGN_IN_CHANGED,
        email=organiser.email,
        language=Language.FRENCH,
        now=now,
    )


def find_invitations(tx: Transaction, organiser_ids: list[int]) -> dict[int, DeliveryState]:
    """Find by organiser what became of the last invitation by mail."""
    intent = "account-link:" + AccountLink.public_id
    rows = tx.execute(
        select(AccountLink.organiser_id, Delivery.state)
        .join(Delivery, Delivery.intent == intent)
        .where(
            AccountLink.organiser_id.in_(organiser_ids),
            AccountLink.purpose == AccountPurpose.INVITATION,
        )
        .order_by(AccountLink.id)
    )
    return {row[0]: row[1] for row in rows}


def forget_old(tx: Transaction, *, now: datetime) -> None:
    """Forget links and mails about accounts of more than a year ago, as is done every night."""
    deliveries.forget_about_accounts(tx, before=now - KEPT)
    old = select(AccountLink).where(AccountLink.created_at <= now - KEPT)
    for link in tx.scalars(old):
        tx.delete(link)
    tx.flush()


def _count_links(tx: Transaction, organiser_id: int, now: datetime) -> int:
    lately = select(func.count()).select_from(AccountLink)
    lately = lately.where(
        AccountLink.organiser_id == organiser_id, AccountLink.created_at > now - HOUR
    )
    return tx.scalar(lately) or 0


def _void(tx: Transaction, organiser_id: int, purpose: AccountPurpose, now: datetime) -> None:
    tx.execute(
        update(AccountLink)
        .where(
            AccountLink.organiser_id == organiser_id,
            AccountLink.purpose == purpose,
            AccountLink.used_at.is_(None),
        )
        .values(used_at=now)
    )
