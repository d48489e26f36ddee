"""Addresses that are not written to, and why: what was learnt about them, and what people asked.

Two kinds of reason, and they differ in all else. What other machines reported about an address
(`LEARNT`) ends by itself, or when a mail that the person's own form caused has arrived since. What
a person said (`ASKED`) stops only the mails that nobody needs, and holds until she takes it back.

Who reads the reports is `webinars.bounces`; who asks before each mail is `webinars.claims`.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    cast,
    delete,
    distinct,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from webinars.database import Base, Transaction
from webinars.models import (
    ABOUT_INVITATIONS,
    Bounce,
    Contact,
    Delivery,
    DeliveryState,
    Event,
    Failure,
    MailName,
    Registration,
    Suppression,
    SuppressionReason,
)

UNSUBSCRIBABLE = frozenset(
    {
        MailName.REMINDER,
        MailName.PRACTICAL_INFORMATION,
        MailName.THANKS,
        MailName.MESSAGE,
        *ABOUT_INVITATIONS,
    }
)
"""Mails that a person may do without: she has her link, and is told of every change."""
EVERY_MAIL = frozenset(MailName)

ALL = "all"
"""The scope of what holds for every event."""
INVITATIONS = "invitations"
"""The scope of invitations alone, whichever institution sends them."""
_EVENT_SCOPE = "event:"

LEARNT = frozenset({SuppressionReason.ADDRESS, SuppressionReason.MAILBOX})
ASKED = frozenset({SuppressionReason.COMPLAINT, SuppressionReason.UNSUBSCRIBED})


class Rule(NamedTuple):
    """What follows from a kind of report about an address."""

    reason: SuppressionReason
    reports: int
    """From how many mails within `WINDOW` on that it was reported of."""
    lasts: timedelta | None
    """After the last report; `None`: until the person says otherwise."""
    only_final: bool
    """Whether the other side must have given up."""


RULES: dict[Failure, Rule] = {
    # A typing mistake, or a person who has left: the mailbox may exist in the next term of office.
    Failure.ADDRESS: Rule(SuppressionReason.ADDRESS, 1, timedelta(days=90), only_final=True),
    # Holidays fill a mailbox; whoever comes back empties it.
    Failure.MAILBOX: Rule(SuppressionReason.MAILBOX, 3, timedelta(days=14), only_final=False),
    # RFC 5965 reports what the reader pressed herself.
    Failure.COMPLAINT: Rule(SuppressionReason.COMPLAINT, 1, None, only_final=False),
}
"""By what was reported. Reputation, speed and contents are ours to mend, never the address's fault:
what is not here suppresses nothing."""
WINDOW = timedelta(days=30)
"""How far back reports count together."""
BOUNCES_KEPT = timedelta(days=90)
"""Longer than any rule looks back, and than any report is read a second time."""
SILENCE = timedelta(hours=1)
"""How long nothing may come back on a mail that was accepted, before it counts as arrived."""


class Reach(NamedTuple):
    """Which mails a reason stops."""

    mails: frozenset[MailName]
    spares_forms: bool
    """Whether what the person's own form has just caused goes all the same: she typed the address
    anew, and the mailbox may be there by now."""


REACH: dict[SuppressionReason, Reach] = {
    SuppressionReason.ADDRESS: Reach(EVERY_MAIL, spares_forms=True),
    SuppressionReason.MAILBOX: Reach(EVERY_MAIL, spares_forms=True),
    SuppressionReason.COMPLAINT: Reach(UNSUBSCRIBABLE, spares_forms=False),
    SuppressionReason.UNSUBSCRIBED: Reach(UNSUBSCRIBABLE, spares_forms=False),
}
"""By reason, the gravest first: that one is named when several apply."""


class Wish(StrEnum):
    """Which of the mails that she may do without a person wants."""

    EVERY = "every"
    OTHERS = "others"
    """Those of other events, not of this one."""
    NONE = "none"


class Block(NamedTuple):
    """That an address is not written to at present."""

    email_key: str
    scope: str
    """`all`, or `event:17`."""
    reason: SuppressionReason


class SuppressionRow(NamedTuple):
    """A suppression as organisers see it."""

    email_key: str
    scope: str
    """`all`, or the slug of the one event."""
    reason: SuppressionReason
    reply: str | None
    created_at: datetime
    """Of what was learnt: the last report."""
    expires_at: datetime | None
    """`None`: until the person says otherwise."""


def make_scope(event_id: int | None) -> str:
    """Return the scope of one event's mails; `None`: of every event's."""
    return ALL if event_id is None else f"{_EVENT_SCOPE}{event_id}"


def list_blocks(
    tx: Transaction, email_keys: Collection[str], *, now: datetime
) -> dict[str, list[Block]]:
    """List why each of the addresses is not written to at present; mostly there is no reason."""
    blocks: dict[str, list[Block]] = {key: [] for key in email_keys}
    rows = tx.execute(
        select(Suppression.email_key, Suppression.scope, Suppression.reason)
        .where(Suppression.email_key.in_(list(blocks)), _is_active(now))
        .order_by(Suppression.id)
    )
    for row in rows:
        blocks[row.email_key].append(Block._make(row))
    return blocks


def find_block(
    blocks: Sequence[Block], template: MailName, event_id: int | None, *, by_form: bool
) -> SuppressionReason | None:
    """Find why a mail of an event is not to be sent to the address of these blocks, if it is not.

    :param event_id: `None`: it is a mail about no event.
    :param by_form: whether the person's own form has just caused the mail.
    """
    scopes = {ALL, make_scope(event_id)}
    if template in ABOUT_INVITATIONS:
        scopes.add(INVITATIONS)
    reasons = {block.reason for block in blocks if block.scope in scopes}
    return next((one for one in REACH if one in reasons and _stops(one, template, by_form)), None)


def _stops(reason: SuppressionReason, template: MailName, by_form: bool) -> bool:
    reach = REACH[reason]
    return template in reach.mails and not (reach.spares_forms and by_form)


def learn(
    tx: Transaction,
    email_key: str,
    failure: Failure,
    reply: str,
    *,
    is_final: bool,
    now: datetime,
    delivery_id: int | None = None,
) -> None:
    """Learn from a refusal or a report whether an address is still to be written to.

    Learnt again, it holds for longer. A report is in `bounces` before it is learnt from.

    :param is_final: whether the other side has given up.
    :param delivery_id: the mail that the relay itself refused: its word counts as a report, and as
        one however often the mail is tried; `None`: the report is there already.
    """
    rule = RULES.get(failure)
    if rule is None or not email_key or (rule.only_final and not is_final):
        return
    if rule.reports > 1:
        if delivery_id is not None:
            _note_refusal(tx, delivery_id, email_key, failure, reply, is_final, now)
        if _count_reports(tx, email_key, failure, now - WINDOW) < rule.reports:
            return
    expires_at = now + rule.lasts if rule.lasts else None
    _suppress(tx, email_key, ALL, rule.reason, reply=reply, now=now, expires_at=expires_at)


def _note_refusal(
    tx: Transaction,
    delivery_id: int,
    email_key: str,
    failure: Failure,
    reply: str,
    is_final: bool,
    now: datetime,
) -> None:
    noted = _insert_into(tx, Bounce).values(
        digest=f"relay:{delivery_id}:{failure}",
        delivery_id=delivery_id,
        email_key=email_key,
        failure=failure,
        is_final=is_final,
        said=reply,
        reported_at=now,
    )
    tx.execute(noted.on_conflict_do_nothing(index_elements=["digest"]))


def _count_reports(tx: Transaction, email_key: str, failure: Failure, since: datetime) -> int:
    """Count the mails that were reported of: a delay and the end of it are about one mail."""
    mail = func.coalesce(Bounce.delivery_id, -Bounce.id)
    counted = select(func.count(distinct(mail))).where(
        Bounce.email_key == email_key, Bounce.failure == failure, Bounce.reported_at > since
    )
    return tx.scalar(counted) or 0


def unsubscribe(tx: Transaction, email_key: str, event_id: int | None, *, now: datetime) -> int:
    """Send a person no more mails that she can do without, and tell how many waiting ones stop.

    A second time changes nothing. What a worker is about to send is looked at once more by it.

    :param event_id: of one event; `None`: of every event, those to come as well.
    """
    reason = SuppressionReason.UNSUBSCRIBED
    _suppress(tx, email_key, make_scope(event_id), reason, reply=None, now=now, expires_at=None)
    theirs = (
        select(Registration.id)
        .join(Contact, Contact.id == Registration.contact_id)
        .where(Contact.email_key == email_key)
    )
    waiting = update(Delivery).where(
        Delivery.registration_id.in_(theirs),
        Delivery.email_key == email_key,
        Delivery.template.in_(UNSUBSCRIBABLE),
        Delivery.state == DeliveryState.PENDING,
    )
    if event_id is not None:
        waiting = waiting.where(Delivery.event_id == event_id)
    may_have_left = literal(DeliveryState.UNCERTAIN, Delivery.state.type)
    suppressed = literal(DeliveryState.SUPPRESSED, Delivery.state.type)
    given_up = waiting.values(
        state=case((Delivery.maybe_twice, may_have_left), else_=suppressed),
        reply=reason.value,
        waits_for=None,
    ).returning(Delivery.id)
    return len(tx.execute(given_up).all())


def stop_invitations(tx: Transaction, email_key: str, *, now: datetime) -> None:
    """Send a person no more invitations, from whichever institution."""
    reason = SuppressionReason.UNSUBSCRIBED
    _suppress(tx, email_key, INVITATIONS, reason, reply=None, now=now, expires_at=None)


def resume_invitations(tx: Transaction, email_key: str, *, now: datetime) -> None:
    """Send a person invitations again, after she had asked for none."""
    _end(tx, email_key, ASKED, now, Suppression.scope == INVITATIONS)


def stops_invitations(
    email_key: ColumnElement[str] | Any, event_id: int, now: datetime
) -> ColumnElement[bool]:
    """Return the condition under which the address of a row is sent no invitation to an event."""
    is_in_scope = Suppression.scope.in_((ALL, INVITATIONS, make_scope(event_id)))
    return exists().where(Suppression.email_key == email_key, is_in_scope, _is_active(now))


def resubscribe(tx: Transaction, email_key: str, event_id: int | None, *, now: datetime) -> None:
    """Send a person what she had said she wanted no more; what was stopped is not sent again.

    :param event_id: of one event; `None`: of all events, where she did not name one.
    """
    _end(tx, email_key, ASKED, now, Suppression.scope == make_scope(event_id))


def find_wish(blocks: Sequence[Block], event_id: int) -> Wish:
    """Find what a person asked about an event's mails, from what blocks her address."""
    scopes = {block.scope for block in blocks if block.reason in ASKED}
    if ALL in scopes:
        return Wish.NONE
    return Wish.OTHERS if make_scope(event_id) in scopes else Wish.EVERY


def record_wish(
    tx: Transaction, email_key: str, event_id: int, wish: Wish, *, now: datetime
) -> None:
    """Record what a person asks on the page of an event; asked again, it changes nothing.

    Wanting no mails of one event takes nothing back of wanting none at all.
    """
    match wish:
        case Wish.OTHERS:
            unsubscribe(tx, email_key, event_id, now=now)
        case Wish.NONE:
            unsubscribe(tx, email_key, None, now=now)
        case Wish.EVERY:
            resubscribe(tx, email_key, event_id, now=now)
            resubscribe(tx, email_key, None, now=now)


def lift(
    tx: Transaction, email_key: str, reasons: Collection[SuppressionReason], now: datetime
) -> int:
    """Write to an address again despite these reasons, and tell how many ended."""
    return _end(tx, email_key, reasons, now)


def list_rows(tx: Transaction, event_id: int | None, now: datetime) -> list[SuppressionRow]:
    """List the addresses that are not written to at present, and why, the latest first.

    What people asked before they had their data erased is not listed: nobody can tell any more who
    they were.

    :param event_id: only of the people of an event, and for its mails; `None`: all there are.
    """
    columns = {name: getattr(Suppression, name) for name in SuppressionRow._fields}
    columns["scope"] = func.coalesce(Event.slug, Suppression.scope)
    rows = (
        select(*columns.values())
        .outerjoin(Event, Suppression.scope == _EVENT_SCOPE + cast(Event.id, String))
        .where(_is_active(now), Suppression.email_key.not_like(f"{SEAL}%"))
        .order_by(Suppression.created_at.desc(), Suppression.id.desc())
    )
    if event_id is not None:
        rows = rows.where(
            _is_written_to(event_id), Suppression.scope.in_((ALL, make_scope(event_id)))
        )
    return [SuppressionRow._make(row) for row in tx.execute(rows)]


def _is_written_to(event_id: int) -> ColumnElement[bool]:
    """Return the condition under which an address is a person's, or an assistant's, of an event."""
    addresses = (Registration.email_key, func.lower(Registration.assistant_email))
    return or_(
        *(
            Suppression.email_key.in_(select(one).where(Registration.event_id == event_id))
            for one in addresses
        )
    )


def _is_active(now: datetime) -> ColumnElement[bool]:
    """Return the condition under which a suppression holds: not ended, and nothing arrived since.

    A relay accepts in its own name and may report minutes later: only silence after that tells.
    """
    arrived = exists().where(
        literal_column("deliveries.by_form"),  # as the index says it, so that it is used
        Delivery.email_key == Suppression.email_key,
        Delivery.state.in_({DeliveryState.ACCEPTED, DeliveryState.DELIVERED}),
        Delivery.accepted_at > Suppression.created_at,
        Delivery.accepted_at <= now - SILENCE,
    )
    return and_(
        or_(Suppression.expires_at.is_(None), Suppression.expires_at > now),
        or_(Suppression.reason.in_(ASKED), not_(arrived)),
    )


def _suppress(
    tx: Transaction,
    email_key: str,
    scope: str,
    reason: SuppressionReason,
    *,
    reply: str | None,
    now: datetime,
    expires_at: datetime | None,
) -> None:
    """Add a suppression, or prolong the one that is there."""
    said = {"reply": reply, "created_at": now, "expires_at": expires_at}
    added = _insert_into(tx, Suppression).values(
        email_key=email_key, scope=scope, reason=reason, **said
    )
    tx.execute(
        added.on_conflict_do_update(
            index_elements=["email_key", "scope", "reason"],
            set_=said,
            # What has no end stays as it was first said.
            where=Suppression.expires_at.is_not(None),
        )
    )


def _end(
    tx: Transaction,
    email_key: str,
    reasons: Collection[SuppressionReason],
    now: datetime,
    *conditions: ColumnElement[bool],
) -> int:
    """Let suppressions end now; the night removes them."""
    ended = (
        update(Suppression)
        .where(
            Suppression.email_key == email_key,
            Suppression.reason.in_(reasons),
            or_(Suppression.expires_at.is_(None), Suppression.expires_at > now),
            *conditions,
        )
        .values(expires_at=now)
        .returning(Suppression.id)
    )
    return len(tx.execute(ended).all())


SEAL = "sha256:"


def seal(email_key: str) -> str:
    """Return what is kept of an address whose owner had her data erased: enough to know it again.

    Nobody can read an address out of it.
    """
    return SEAL + hashlib.sha256(email_key.encode()).hexdigest()


def forget(tx: Transaction, email_keys: Collection[str]) -> None:
    """Forget the addresses that no contact has any more; only what their owners asked is kept.

    It is kept under a seal, for whoever comes back is not to be written to against her will.
    """
    used = set(tx.scalars(select(Contact.email_key).where(Contact.email_key.in_(email_keys))))
    gone = [key for key in email_keys if key and key not in used]
    tx.execute(delete(Bounce).where(Bounce.email_key.in_(gone)))
    theirs = Suppression.email_key.in_(gone)
    has_ended = Suppression.expires_at.is_not(None)
    tx.execute(delete(Suppression).where(theirs, or_(Suppression.reason.in_(LEARNT), has_ended)))
    for key in tx.scalars(select(Suppression.email_key).where(theirs).distinct()).all():
        _rename(tx, key, seal(key))


def recognise(tx: Transaction, email_key: str) -> None:
    """Know again what the owner of an address had asked before she had her data erased.

    Whenever a contact with an address is added.
    """
    _rename(tx, seal(email_key), email_key)


def _rename(tx: Transaction, former: str, email_key: str) -> None:
    moved = (
        delete(Suppression)
        .where(Suppression.email_key == former)
        .returning(Suppression.scope, Suppression.reason, Suppression.created_at)
    )
    for scope, reason, asked_at in tx.execute(moved).all():
        _suppress(tx, email_key, scope, reason, reply=None, now=asked_at, expires_at=None)


def forget_event(tx: Transaction, event_id: int) -> None:
    """Forget what was asked of the mails of an event of which none will be sent any more."""
    tx.execute(delete(Suppression).where(Suppression.scope == make_scope(event_id)))


def forget_old(tx: Transaction, *, now: datetime) -> None:
    """Forget what has ended, and the reports that no rule looks back to."""
    tx.execute(delete(Suppression).where(Suppression.expires_at <= now))
    tx.execute(delete(Bounce).where(Bounce.reported_at <= now - BOUNCES_KEPT))


def _insert_into(tx: Transaction, table: type[Base]) -> Any:
    insert = postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table)
