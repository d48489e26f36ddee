"""Claims on deliveries: who sends what at the moment, and what came of it.

A worker claims rows for a while (a lease); each claim raises the row's epoch, so that a worker that
was away too long cannot record over its successor. Only one word always counts, whoever brings it:
that the relay has accepted the mail. What follows from an attempt is `webinars.outcomes`; rows are
added and given up in `webinars.deliveries`; what came of claims is written down in
`webinars.claims.recording`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from webinars import messages, suppressions
from webinars.claims.recording import list_frozen, record, thaw
from webinars.database import Transaction, is_among
from webinars.mail.journal import Mark, Remains
from webinars.models import (
    Delivery,
    DeliveryState,
    Event,
    EventStatus,
    Lane,
    Mailing,
    MailingState,
    MailName,
    Registration,
    RegistrationStatus,
    Suppression,
)
from webinars.outcomes import (
    CHANGE_MAILS,
    LOSSES_AT_MOST,
    LOSSES_BEFORE_ALONE,
    OF_THE_LIVE,
    POISON,
    STATUSES,
    Claim,
    Facts,
    Outcome,
    Verdict,
    find_obstacle,
)

__all__ = [
    "CLAIM_COLUMNS",
    "LEASE",
    "check",
    "claim",
    "free_expired_leases",
    "has_due",
    "hold_expired",
    "list_frozen",
    "record",
    "renew",
    "replay",
    "replay_expired",
    "thaw",
]

OUTSIDE = "outside-audience"
"""Why a message is not sent to who no longer belongs to those it is for."""
LEASE = timedelta(minutes=2)
"""How long a claim holds; whoever is still at it renews it."""

CLAIM_COLUMNS = (
    Delivery.id,
    Delivery.lease_epoch,
    Delivery.attempts,
    Delivery.template,
    Delivery.mailing_id,
    Delivery.due_at,
    Delivery.expires_at,
    Delivery.maybe_twice,
    Delivery.losses,
    Delivery.email_key,
)


def claim(tx: Transaction, lane: Lane, *, owner: str, now: datetime, limit: int) -> list[Claim]:
    """Take the deliveries of a lane that have been due for longest; nobody else has them then.

    What several workers died with comes last, and each by itself.
    """
    if not has_due(tx, lane, now=now):
        return []
    is_due = _is_due(lane, now)
    taken = _take(tx, [*is_due, Delivery.losses < LOSSES_BEFORE_ALONE], limit, owner, now)
    return taken or _take(tx, is_due, 1, owner, now)


def _take(
    tx: Transaction, conditions: list[ColumnElement[bool]], limit: int, owner: str, now: datetime
) -> list[Claim]:
    due = (
        select(Delivery.id)
        .where(*conditions)
        .order_by(Delivery.not_before, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    # Not in one statement: PostgreSQL would read the whole table for it.
    ids = tx.scalars(due).all()
    if not ids:
        return []
    taken = (
        update(Delivery)
        .where(is_among(tx, Delivery.id, ids))
        .values(
            state=DeliveryState.SENDING,
            lease_owner=owner,
            lease_until=now + LEASE,
            lease_epoch=Delivery.lease_epoch + 1,
            attempts=Delivery.attempts + 1,
            waits_for=None,
        )
        .returning(*CLAIM_COLUMNS)
        .execution_options(synchronize_session=False)
    )
    return sorted(
        map(Claim._make, tx.execute(taken)), key=lambda one: (one.due_at, one.delivery_id)
    )


def has_due(tx: Transaction, lane: Lane, *, now: datetime) -> bool:
    """Tell whether anything is due in a lane."""
    first = tx.execute(
        select(Mailing.state)
        .select_from(Delivery)
        .outerjoin(Mailing, Mailing.id == Delivery.mailing_id)
        .where(*_has_come(lane, now))
        .order_by(Delivery.not_before, Delivery.id)
        .limit(1)
    ).first()
    if first is None or first.state is not MailingState.PAUSED:
        return first is not None
    return _has_due_behind(tx, lane, now)


def _has_due_behind(tx: Transaction, lane: Lane, now: datetime) -> bool:
    """Look behind a paused mailing, of which thousands may stand in front: mailing by mailing."""
    # Not by the index of what waits: the paused ones come first there.
    beside_index = literal_column("deliveries.lane || ''", Delivery.lane.type)
    is_of_lane = beside_index == literal(lane, beside_index.type)
    has_come = [_IS_PENDING, is_of_lane, Delivery.not_before <= now]
    loose = select(Delivery.id).where(Delivery.mailing_id.is_(None), *has_come).limit(1)
    of_mailing = select(Delivery.id).where(Delivery.mailing_id == Mailing.id, *has_come).limit(1)
    other = (
        select(Mailing.id)
        .where(Mailing.state != MailingState.PAUSED, of_mailing.scalar_subquery().is_not(None))
        .limit(1)
    )
    return tx.scalar(loose) is not None or tx.scalar(other) is not None


def _is_due(lane: Lane, now: datetime) -> list[ColumnElement[bool]]:
    paused = select(Mailing.id).where(Mailing.state == MailingState.PAUSED)
    is_free = or_(Delivery.mailing_id.is_(None), Delivery.mailing_id.not_in(paused))
    return [*_has_come(lane, now), is_free]


def _has_come(lane: Lane, now: datetime) -> list[ColumnElement[bool]]:
    return [_IS_PENDING, Delivery.lane == lane, Delivery.not_before <= now]


def renew(tx: Transaction, owner: str, *, now: datetime) -> bool:
    """Hold on to what a worker has claimed; false when there is nothing to hold on to any more."""
    renewed = (
        update(Delivery)
        .where(
            Delivery.lease_owner == owner,
            Delivery.state == DeliveryState.SENDING,
            Delivery.lease_until > now,
        )
        .values(lease_until=now + LEASE)
        .returning(Delivery.id)
    )
    return tx.execute(renewed).first() is not None


def check(
    tx: Transaction, claims: Sequence[Claim], *, owner: str, now: datetime
) -> dict[int, Outcome]:
    """Look once more, just before sending: return by delivery what is not to be sent after all.

    Also what the worker does not hold any more: someone knows by now what became of it.
    """
    held = {(row.id, row.lease_epoch) for row in tx.execute(_HELD, {"of_owner": owner})}
    lost = [one for one in claims if (one.delivery_id, one.epoch) not in held]
    dropped = _find_dropped(tx, claims, owner, now)
    return dropped | {one.delivery_id: Outcome(one, Verdict.GIVEN_BACK) for one in lost}


def _find_dropped(
    tx: Transaction, claims: Sequence[Claim], owner: str, now: datetime
) -> dict[int, Outcome]:
    by_id = {one.delivery_id: one for one in claims}
    rows = tx.execute(_QUESTIONABLE, {"of_owner": owner, "at": now})
    found = {row[0]: row[1:] for row in rows if row[0] in by_id}
    blocks = suppressions.list_blocks(tx, {by_id[one].email_key for one in found}, now=now)
    dropped = {}
    for delivery_id, (event_id, is_own, *facts) in found.items():
        one = by_id[delivery_id]
        blocked_by = suppressions.find_block(
            blocks[one.email_key], one.template, event_id, by_form=is_own
        )
        obstacle = find_obstacle(Facts._make([*facts, blocked_by]), now)
        if obstacle:
            dropped[delivery_id] = Outcome(one, obstacle.verdict, obstacle.reason)
    return dropped | _find_outside(tx, [one for one in claims if one.delivery_id not in dropped])


def _find_outside(tx: Transaction, claims: Sequence[Claim]) -> dict[int, Outcome]:
    """Find what organisers wrote to people who have left the audience of it meanwhile."""
    written = {one.delivery_id: one for one in claims if one.template is MailName.MESSAGE}
    if not written:
        return {}
    outside = messages.list_outside(tx, sorted(written))
    return {one: Outcome(written[one], Verdict.POINTLESS, OUTSIDE) for one in outside}


_IS_PENDING: ColumnElement[bool] = literal_column("deliveries.state = 'pending'")
_IS_LEASED: ColumnElement[bool] = literal_column("deliveries.state = 'sending'")
"""As the indexes say it, so that they are used."""
_OF_THE_CONFIRMED = [
    *(one for one, status in STATUSES.items() if status is RegistrationStatus.CONFIRMED),
    *OF_THE_LIVE,
]
_AT = bindparam("at", type_=Delivery.expires_at.type)
_later = aliased(Delivery)
_IS_SUPERSEDED = or_(
    and_(
        Delivery.template.in_(CHANGE_MAILS),
        exists().where(
            _later.registration_id == Delivery.registration_id,
            _later.is_copy == Delivery.is_copy,
            _later.template.in_(CHANGE_MAILS),
            _later.state != DeliveryState.CANCELLED,
            _later.change_id > Delivery.change_id,
        ),
    ),
    and_(
        Delivery.template == MailName.RECONFIRM_REMINDER,
        func.coalesce(Registration.reconfirm_change_id, 0) != Delivery.change_id,
    ),
)
"""A mail about a change that was in a worker's hand when the next change came, and has not left; a
reminder to who has answered since."""
_IS_PLAIN = and_(
    or_(Delivery.expires_at.is_(None), Delivery.expires_at > _AT),
    or_(Mailing.id.is_(None), Mailing.state.not_in([MailingState.PAUSED, MailingState.CANCELLED])),
    Event.status != EventStatus.DRAFT,
    Event.cancelled_at.is_(None),
    Event.postponed_at.is_(None),
    ~_IS_SUPERSEDED,
    Registration.status == RegistrationStatus.CONFIRMED,
    Registration.erased_at.is_(None),
    Delivery.template.in_(_OF_THE_CONFIRMED),
    ~select(Suppression.id).where(Suppression.email_key == Delivery.email_key).exists(),
)
"""There is no question about most mails; the few others are looked at one by one."""
_IS_OF_OWNER = and_(_IS_LEASED, Delivery.lease_owner == bindparam("of_owner"))
_HELD = select(Delivery.id, Delivery.lease_epoch).where(_IS_OF_OWNER)
_QUESTIONABLE = (
    select(
        Delivery.id,
        Delivery.event_id,
        # What someone asked for a moment ago, or what concerns an organiser's own work.
        or_(Delivery.by_form, Delivery.registration_id.is_(None)),
        Delivery.template,
        Delivery.ordinal,
        Delivery.registration_id,
        Registration.status,
        Registration.erased_at,
        Delivery.expires_at,
        Event.status,
        Event.cancelled_at,
        Event.postponed_at,
        Event.room_url,
        Mailing.state,
        _IS_SUPERSEDED,
    )
    .outerjoin(Event, Event.id == Delivery.event_id)
    .outerjoin(Registration, Registration.id == Delivery.registration_id)
    .outerjoin(Mailing, Mailing.id == Delivery.mailing_id)
    .where(_IS_OF_OWNER)
    .where(or_(Registration.id.is_(None), not_(_IS_PLAIN)))
)


def free_expired_leases(tx: Transaction, *, now: datetime) -> int:
    """Take back the mails of workers not heard of for too long, and tell how many they are.

    Such a worker may have sent them: only its own journal could tell.
    """
    is_poison = Delivery.losses + 1 >= LOSSES_AT_MOST
    freed = (
        update(Delivery)
        .where(Delivery.state == DeliveryState.SENDING, Delivery.lease_until <= now)
        .values(
            state=case(
                (is_poison, literal(DeliveryState.UNCERTAIN, Delivery.state.type)),
                else_=literal(DeliveryState.PENDING, Delivery.state.type),
            ),
            reply=case((is_poison, POISON), else_=Delivery.reply),
            losses=Delivery.losses + 1,
            not_before=now,
            maybe_twice=True,
            lease_owner=None,
            lease_until=None,
        )
        .returning(Delivery.id)
    )
    return len(tx.execute(freed).all())


def hold_expired(tx: Transaction, *, now: datetime) -> list[str]:
    """Hold the mails of workers not heard of for too long, and list those workers."""
    held = select(Delivery.lease_owner).where(_is_expired(now)).with_for_update()
    return sorted({owner for owner in tx.scalars(held) if owner})


def _is_expired(now: datetime) -> ColumnElement[bool]:
    return and_(_IS_LEASED, Delivery.lease_until <= now)


def replay_expired(tx: Transaction, remains: Remains, *, now: datetime) -> int:
    """Bring up to date what a worker held for too long that may only have slept, and tell how many
    mails that were; what it has claimed since stays its own."""
    return _replay(tx, remains, _is_expired(now), now)


def replay(tx: Transaction, remains: Remains, *, now: datetime) -> int:
    """Bring up to date what a dead worker had claimed, and tell how many mails that were.

    What its journal says was accepted counts even where someone else has the row by now.
    """
    return _replay(tx, remains, _IS_LEASED, now)


def _replay(tx: Transaction, remains: Remains, which: ColumnElement[bool], now: datetime) -> int:
    held = _list_claims(tx, and_(Delivery.lease_owner == remains.owner, which))
    outcomes = [_read_outcome(one, remains) for one in held]
    outcomes += _list_accepted(tx, remains, {one.delivery_id for one in held})
    record(tx, outcomes, now=now)
    return len(outcomes)


def _list_claims(tx: Transaction, condition: ColumnElement[bool]) -> list[Claim]:
    rows = tx.execute(select(*CLAIM_COLUMNS).where(condition).with_for_update())
    return [Claim._make(row) for row in rows]


def _list_accepted(tx: Transaction, remains: Remains, held: set[int]) -> list[Outcome]:
    """List what a dead worker saw accepted of what it does not hold any more."""
    entries = {
        entry.delivery_id: entry
        for entry in remains.entries.values()
        if entry.mark is Mark.ACCEPTED and entry.delivery_id not in held
    }
    return [
        Outcome(one._replace(epoch=entry.epoch), Verdict.ACCEPTED, entry.reply)
        for one in _list_claims(tx, Delivery.id.in_(entries))
        if (entry := entries[one.delivery_id])
    ]


_VERDICTS = {
    Mark.BEGUN: Verdict.BEGUN,
    Mark.WRITTEN: Verdict.UNFINISHED,
    Mark.SENT: Verdict.UNHEARD,
    Mark.ACCEPTED: Verdict.ACCEPTED,
    Mark.DEFERRED: Verdict.DEFERRED,
    Mark.REFUSED: Verdict.REFUSED,
}


def _read_outcome(claim: Claim, remains: Remains) -> Outcome:
    entry = remains.entries.get(claim.delivery_id)
    if entry is not None and entry.epoch == claim.epoch:
        return Outcome(
            claim,
            _VERDICTS[entry.mark],
            entry.reply or None,
            failure=entry.failure,
            content=entry.content,
        )
    # A journal that a power cut may have shortened cannot say that nothing was sent.
    return Outcome(claim, Verdict.UNTOUCHED if remains.is_whole else Verdict.UNFINISHED)
