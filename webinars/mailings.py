"""Mailings: one text, to one audience of one event, at one due time.

Here they are planned and counted. When rules are due is `webinars.timeline`; how a mailing that is
due becomes deliveries is `webinars.audiences`; what one person is told with the change that causes
it is `webinars.telling`.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import selectinload

from webinars import deliveries, messages, timeline
from webinars.audiences import EVENT_CANCELLED, EVENT_POSTPONED, WAITING
from webinars.database import Transaction
from webinars.deliveries import Only, Tally
from webinars.models import (
    DeliveryState,
    Event,
    Language,
    Mailing,
    MailingState,
    MailName,
    Translated,
)
from webinars.timeline import Plan, Rule

RULE_GONE = "rule-gone"
BY_ORGANISER = "by-organiser"
"""The reason of what an organiser paused or cancelled."""
STARTED = (MailingState.SENDING, MailingState.PAUSED, MailingState.DONE)
OVER = (MailingState.DONE, MailingState.CANCELLED)


class MailingRow(NamedTuple):
    """A mailing as lists show it, counted from its deliveries.

    What was given up counts nowhere; what the person had asked not to be sent counts apart.
    """

    template: MailName
    due_at: datetime | None
    """`None`: at once."""
    state: MailingState
    reason: str | None
    total: int
    """Accepted, failed and waiting together."""
    accepted: int
    failed: int
    """All that are over and not known to have been taken by the relay."""
    waiting: int
    id: int
    rule: str
    """When it is due, as the event file says it: `day 08:00`; `at once`."""
    expires_at: datetime
    uncertain: int
    """Of those that failed: nobody can tell whether they left."""
    suppressed: int
    """Of those that failed: their address is not written to."""
    bounced: int
    """Of those that failed: taken by the relay, and returned."""
    maybe_twice: int
    """Whatever became of them, and of what was sent again in their place: they may have left twice,
    for nobody could tell whether they had left."""
    unwanted: int
    """Not sent, because the person had asked for none: apart from the total."""
    next_attempt_at: datetime | None
    """When the first that a relay asked for later is tried again; `None`: there is none, or it is
    due, or the mailing is stopped."""
    waits: dict[str, int]
    """What the waiting ones wait for: see `deliveries.Tally`; while a mailing is held,
    or `paused`, for that alone."""
    message_id: int | None = None
    subject: Translated | None = None
    """Of what an organiser wrote herself."""


def plan(
    tx: Transaction, event: Event, *, now: datetime, rules: Sequence[Rule] | None = None
) -> None:
    """Plan an event's mailings, or plan them anew: what is planned already moves or goes.

    What has started stays as it is, unless the event was moved and it lies ahead again.

    :param rules: `None`: those of the event's file, or the default ones.
    """
    tx.flush()
    known = {
        Rule(mailing.template, mailing.rule): mailing
        for mailing in tx.scalars(
            select(Mailing).where(Mailing.event_id == event.id, Mailing.message_id.is_(None))
        )
    }
    for one in timeline.plan(event, timeline.list_rules(event) if rules is None else rules):
        mailing = known.pop(one.rule, None)
        if mailing is not None:
            _move(mailing, one, event, now)
        elif not _has_left(tx, event, one, now):
            tx.add(_make(event, one))
    for mailing in known.values():
        if _lies_ahead(mailing, now):
            mailing.state, mailing.reason = MailingState.CANCELLED, RULE_GONE
    _move_messages(tx, event, now)
    tx.flush()


def _move_messages(tx: Transaction, event: Event, now: datetime) -> None:
    """Move what organisers wrote with its event, where it is due at an hour that follows it.

    What has begun to leave begins never anew: who has it has it.
    """
    written = select(Mailing).where(Mailing.event_id == event.id, Mailing.message_id.is_not(None))
    for mailing in tx.scalars(written):
        due_at = mailing.due_at
        if timeline.is_relative(mailing.rule) and not messages.has_begun(tx, mailing):
            due_at = timeline.find_due(event, mailing.rule)
        rule = Rule(MailName.MESSAGE, mailing.rule)
        expires_at = timeline.find_end(event, MailName.MESSAGE, due_at)
        _move(mailing, Plan(rule, due_at, expires_at), event, now)


def _make(event: Event, one: Plan) -> Mailing:
    return Mailing(
        event_id=event.id,
        template=one.rule.template,
        rule=one.rule.at,
        due_at=one.due_at,
        expires_at=one.expires_at,
        state=MailingState.PLANNED,
        event_revision=event.revision,
    )


def _move(mailing: Mailing, one: Plan, event: Event, now: datetime) -> None:
    """Move a planned mailing with its event; one that is over comes back if it lies ahead again,
    and one that has started begins anew.

    What stopped with its event goes on with it, late if need be. What an organiser cancelled stays
    so, and what she paused is still paused.
    """
    is_on_again = _is_on_again(mailing, event)
    has_moved = one.due_at is None or one.due_at != mailing.due_at or is_on_again
    until = one.expires_at if is_on_again else one.due_at or one.expires_at
    lies_ahead_again = has_moved and until > now
    if mailing.state is MailingState.PAUSED:
        if lies_ahead_again and one.due_at is not None:
            mailing.due_at, mailing.cursor = one.due_at, 0
    elif mailing.reason == RULE_GONE or (lies_ahead_again and _may_begin_anew(mailing, event)):
        mailing.state, mailing.reason, mailing.cursor = MailingState.PLANNED, None, 0
    if _lies_ahead(mailing, now):
        mailing.due_at = one.due_at
    mailing.expires_at = one.expires_at
    mailing.event_revision = event.revision


def _is_on_again(mailing: Mailing, event: Event) -> bool:
    """Tell whether a mailing waited or was given up because of what holds no longer."""
    stopped = {EVENT_CANCELLED: event.cancelled_at, EVENT_POSTPONED: event.postponed_at}
    return mailing.reason in stopped and stopped[mailing.reason] is None


def _may_begin_anew(mailing: Mailing, event: Event) -> bool:
    """Tell whether a mailing that lies ahead again is planned as if nothing had been."""
    if event.cancelled_at is not None or event.postponed_at is not None:
        return False
    if mailing.state in OVER:
        return mailing.reason != BY_ORGANISER
    return mailing.due_at is not None and mailing.state is not MailingState.PLANNED


def _lies_ahead(mailing: Mailing, now: datetime) -> bool:
    """Tell whether a mailing has not started yet, be it paused."""
    is_due = mailing.due_at is None or mailing.due_at <= now
    return mailing.state in WAITING or (mailing.state is MailingState.PAUSED and not is_due)


def _has_left(tx: Transaction, event: Event, one: Plan, now: datetime) -> bool:
    """Tell whether the same text has left already, so that a rule whose time is past adds none."""
    if one.due_at is None or one.due_at > now:
        return False
    same = select(Mailing.id).where(
        Mailing.event_id == event.id,
        Mailing.template == one.rule.template,
        Mailing.state.in_(STARTED),
    )
    return tx.scalar(same.limit(1)) is not None


def stop(tx: Transaction, event_id: int, state: MailingState, reason: str) -> None:
    """Stop everything that is due at a time and not over yet: held, or given up.

    What an organiser paused is given up too; while everything is only held it stays paused.
    """
    stoppable = [MailingState.PLANNED, MailingState.SENDING]
    if state is MailingState.CANCELLED:
        stoppable += [MailingState.HELD, MailingState.PAUSED]
    for mailing in tx.scalars(
        select(Mailing).where(
            Mailing.event_id == event_id,
            Mailing.due_at.is_not(None),
            or_(
                Mailing.state.in_(stoppable),
                and_(Mailing.state == MailingState.HELD, Mailing.reason != reason),
            ),
        )
    ):
        mailing.state, mailing.reason, mailing.cursor = state, reason, 0
    tx.flush()


def test_to(
    tx: Transaction,
    event: Event,
    template: MailName,
    email: str,
    language: Language,
    *,
    now: datetime,
    message_id: int | None = None,
) -> None:
    """Send any mail of an event to oneself, about an invented person; also of a draft.

    :param message_id: what an organiser wrote, where it is that.
    """
    about = f"e{event.id}" if message_id is None else f"m{message_id}"
    deliveries.add(
        tx,
        intent=f"test:{about}:{template}:{language}:{now.isoformat()}:{email}",
        event_id=event.id,
        template=template,
        email=email,
        language=language,
        now=now,
    )


def list_rows(tx: Transaction, event_id: int, now: datetime) -> list[MailingRow]:
    """List an event's mailings with their counts, the standing ones first.

    What was sent again counts in place of what it replaces.
    """
    query = (
        select(Mailing)
        .where(Mailing.event_id == event_id)
        .order_by(Mailing.due_at.is_not(None), Mailing.due_at, Mailing.id)
        .options(selectinload(Mailing.message))
    )
    mailings = tx.scalars(query).all()
    tallies = deliveries.tally(tx, [mailing.id for mailing in mailings], now)
    return [_make_row(mailing, tallies[mailing.id]) for mailing in mailings]


def _make_row(mailing: Mailing, tally: Tally) -> MailingRow:
    states, waits = tally.states, tally.waits
    accepted = sum(states[state] for state in deliveries.TAKEN)
    waiting = sum(states[state] for state in deliveries.OPEN)
    stopped = {MailingState.HELD: mailing.reason, MailingState.PAUSED: "paused"}.get(mailing.state)
    if stopped:
        sending = states[DeliveryState.SENDING]
        waits = Counter({stopped: waiting - sending, DeliveryState.SENDING.value: sending})
    return MailingRow(
        template=mailing.template,
        due_at=mailing.due_at,
        state=mailing.state,
        reason=mailing.reason,
        total=states.total(),
        accepted=accepted,
        failed=states.total() - accepted - waiting,
        waiting=waiting,
        id=mailing.id,
        rule=mailing.rule,
        expires_at=mailing.expires_at,
        uncertain=states[DeliveryState.UNCERTAIN],
        suppressed=states[DeliveryState.SUPPRESSED],
        bounced=states[DeliveryState.BOUNCED],
        maybe_twice=tally.marks[Only.MAYBE_TWICE],
        unwanted=tally.marks[Only.UNWANTED],
        next_attempt_at=None if stopped else tally.next_attempt_at,
        waits={what: number for what, number in waits.most_common() if number or what == stopped},
        message_id=mailing.message_id,
        subject=mailing.message.subject if mailing.message else None,
    )
