"""What every change ends with: it is remembered, and everyone concerned is told."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select, update
from sqlalchemy.orm import aliased

from webinars import deliveries, events, phrasing, suppressions, timeline
from webinars.changes import dates, mails
from webinars.changes.effects import Comparison, Effect
from webinars.changes.mails import Sheaf
from webinars.changes.people import Crowd, Person, list_pictures
from webinars.changes.pictures import take_picture
from webinars.changes.values import Concerned, NotTold, Order, Outlook, Reconfirm, Told
from webinars.database import Transaction
from webinars.errors import DeadlineUnfit
from webinars.models import (
    Change,
    ChangeKind,
    Delivery,
    DeliveryState,
    Event,
    EventStatus,
    Mailing,
    MailingState,
    MailName,
    Shown,
    Suppression,
)
from webinars.telling import STATUS_MAILS
from webinars.timeline import SCHEDULED

ENDED = (ChangeKind.CANCELLED, ChangeKind.POSTPONED)
"""After these there is nothing to maintain."""


def conclude(
    tx: Transaction,
    event: Event,
    before: Shown,
    crowd: Crowd,
    kind: ChangeKind,
    order: Order,
    reconfirm: Reconfirm | None = None,
) -> Outlook:
    """Remember a change that was just made, and write the mails that tell people of it."""
    if event.status is EventStatus.DRAFT:
        events.touch(event)
        tx.flush()
        return _sum_up(kind, None, event, order, [(one, _DRAFT) for one in crowd.people])
    change = _remember(tx, event, before, kind, order, reconfirm)
    dropped = _drop_planned(tx, event, change)
    _follow_end(tx, event)
    comparison = Comparison(list_pictures(tx, event.id, crowd.list_known()), take_picture(event))
    sheaf = Sheaf(event, change, order.now, before.ends_at)
    done: list[tuple[Person, Effect]] = []
    for person in crowd.people:
        situation = crowd.situate(person)
        effect = _limit(comparison.find(situation), event, order.now)
        sheaf.add(person, situation, effect, crowd)
        done.append((person, effect))
    mails.write(tx, sheaf)
    asked = _ask(tx, event, change, done, crowd)
    silent = _list_silent(tx, event, done, order.now)
    dropped += len(sheaf.given_up)
    return _sum_up(kind, change, event, order, done, asked, silent, dropped)


_DRAFT = Effect(None, NotTold.DRAFT)


def _limit(effect: Effect, event: Event, now: datetime) -> Effect:
    """Tell nobody of what is over."""
    is_over = event.postponed_at is None and event.ends_at <= now
    return Effect(None, NotTold.OVER) if is_over else effect


def remember_edit(tx: Transaction, event: Event, before: Shown, order: Order) -> Outlook | None:
    """Remember an edit that nobody is told of; `None` where nobody could see the event."""
    if event.status is EventStatus.DRAFT:
        return None
    change = _remember(tx, event, before, ChangeKind.EDITED, order, None)
    change.tells_at = None
    tx.flush()
    return _sum_up(ChangeKind.EDITED, change, event, order, [])


def _remember(
    tx: Transaction,
    event: Event,
    before: Shown,
    kind: ChangeKind,
    order: Order,
    reconfirm: Reconfirm | None,
) -> Change:
    tells_at = order.tells_at or order.now
    by_at = None
    if reconfirm and reconfirm.by:
        by_at = dates.require_hour(reconfirm.by, event.timezone)
        if not tells_at < by_at <= event.starts_at:
            raise DeadlineUnfit
    event.revision += 1
    events.touch(event)
    change = Change(
        event_id=event.id,
        revision=event.revision,
        kind=kind,
        author=order.author,
        made_at=order.now,
        reason=order.reason or None,
        before=before,
        tells_at=tells_at,
        reconfirm_by_local=reconfirm.by if reconfirm else None,
        reconfirm_by_at=by_at,
        reconfirm_rule=reconfirm.rule if reconfirm else None,
    )
    tx.add(change)
    tx.flush()
    return change


def _drop_planned(tx: Transaction, event: Event, change: Change) -> int:
    """Give up what waits of mailings that stopped or are planned anew, and tell how many mails.

    Each is marked with the revision that it was given up for: should the event come back to the
    same date, the same mail is to be sent then. So is what a worker had in hand while the event
    was off, and dropped, and what was to be sent again.
    """
    is_not_started = select(Mailing.id).where(
        Mailing.event_id == event.id,
        Mailing.cursor == 0,
        Mailing.due_at.is_not(None),
        Mailing.state.not_in([MailingState.SENDING, MailingState.DONE]),
    )
    planned = (
        update(Delivery)
        .where(
            Delivery.event_id == event.id,
            Delivery.template.in_([*SCHEDULED, MailName.MESSAGE]),
            Delivery.mailing_id.in_(is_not_started),
        )
        .values(intent=Delivery.intent + literal(f":until{change.revision}"))
        .execution_options(synchronize_session=False)
    )
    is_dropped = [Delivery.state.in_(deliveries.DROPPED), Delivery.reply.in_(deliveries.OFF)]
    tx.execute(planned.where(or_(and_(*is_dropped), _is_tried_again())))
    given_up = planned.where(Delivery.state == DeliveryState.PENDING).values(
        state=deliveries.give_up_as(DeliveryState.CANCELLED),
        reply=deliveries.SUPERSEDED,
        waits_for=None,
    )
    return len(tx.execute(given_up.returning(Delivery.id)).all())


def _is_tried_again() -> ColumnElement[bool]:
    """Return the condition for what did not arrive, and waits to be sent again."""
    again = aliased(Delivery)
    waits = exists().where(
        again.registration_id == Delivery.registration_id,
        again.mailing_id == Delivery.mailing_id,
        again.is_copy == Delivery.is_copy,
        again.id > Delivery.id,
        again.state == DeliveryState.PENDING,
    )
    return and_(Delivery.state.in_(deliveries.MISSED), waits)


def _follow_end(tx: Transaction, event: Event) -> None:
    """Let what says where a person stands be sent for as long as it makes sense by now."""
    for template in (*STATUS_MAILS, MailName.CALENDAR_DAY):
        waiting = update(Delivery).where(
            Delivery.event_id == event.id,
            Delivery.state == DeliveryState.PENDING,
            Delivery.template == template,
        )
        tx.execute(
            waiting.values(expires_at=timeline.find_end(event, template)),
            execution_options={"synchronize_session": False},
        )


def _ask(
    tx: Transaction,
    event: Event,
    change: Change,
    done: Iterable[tuple[Person, Effect]],
    crowd: Crowd,
) -> set[int]:
    """Mark those who are asked whether they maintain; a later question takes an earlier one's
    place."""
    asked, freed = set(), set()
    for person, effect in done:
        if change.reconfirm_rule is not None and effect.template is MailName.EVENT_MOVED:
            asked.add(person.id)
        elif person.reconfirm_change_id is not None and _is_moot(change, effect):
            freed.add(person.id)
    mails.mark(tx, asked, reconfirm_change_id=change.id, reconfirmed_at=None)
    mails.mark(tx, freed, reconfirm_change_id=None)
    return asked


def _is_moot(change: Change, effect: Effect) -> bool:
    """Tell whether there is nothing to maintain any more."""
    return (
        change.kind in ENDED
        or effect.why_not is NotTold.UNDONE
        or (change.kind is ChangeKind.MOVED and effect.template is MailName.EVENT_MOVED)
    )


def _list_silent(
    tx: Transaction, event: Event, done: Iterable[tuple[Person, Effect]], now: datetime
) -> set[int]:
    """List whose address is not written to at present."""
    known = set(tx.scalars(select(Suppression.email_key).distinct()))
    told = {one.id: (one.email_key, effect.template) for one, effect in done if effect.template}
    suspects = {key for key, _ in told.values()} & known
    blocks = suppressions.list_blocks(tx, suspects, now=now) if suspects else {}
    return {
        registration_id
        for registration_id, (key, template) in told.items()
        if template
        and suppressions.find_block(blocks.get(key, ()), template, event.id, by_form=False)
    }


def _sum_up(
    kind: ChangeKind,
    change: Change | None,
    event: Event,
    order: Order,
    done: Iterable[tuple[Person, Effect]],
    asked: Iterable[int] = (),
    silent: Iterable[int] = (),
    dropped: int = 0,
) -> Outlook:
    asked, silent = set(asked), set(silent)
    people = [_describe(one, effect, asked, silent) for one, effect in done]
    told = Counter(one.template for one in people if one.template)
    copies = Counter(one.template for one in people if one.template and one.has_copy)
    why_not = Counter(one.why_not for one in people if one.why_not)
    return Outlook(
        kind=kind,
        change_id=change.id if change else None,
        revision=event.revision,
        tells_at=order.tells_at or order.now,
        mails={name: Told(told[name], copies[name]) for name in told},
        not_told=dict(why_not),
        days=sum(one.days for one in people),
        asked=len(asked),
        dropped=dropped,
        people=tuple(people),
    )


def _describe(person: Person, effect: Effect, asked: set[int], silent: set[int]) -> Concerned:
    is_silent = person.id in silent
    is_told = effect.template is not None and not is_silent
    return Concerned(
        registration_id=person.id,
        name=phrasing.display_name(person.first_name, person.last_name),
        email=person.email,
        language=person.language,
        template=effect.template if is_told else None,
        why_not=NotTold.SUPPRESSED if is_silent else effect.why_not,
        has_copy=is_told and mails.has_assistant(person),
        days=0 if is_silent else len(effect.further) + len(effect.gone),
        is_asked=person.id in asked,
    )
