"""When a message leaves: scheduled, taken back, and the hours of the event's own mailings.

What is here is done before anything leaves; how what leaves is stopped lies beside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from webinars import events, mailings, messages, timeline, zones
from webinars.database import Transaction
from webinars.errors import DatePast, EventCancelled, MessageStarted, NoSuchHour
from webinars.eventfiles import moments
from webinars.models import Event, Mailing, MailingState, MailName, Message
from webinars.timeline import Rule


def schedule(
    tx: Transaction, message: Message, rule: str, *, now: datetime, quiet: timedelta
) -> Mailing:
    """Have a message leave at an hour, or at another one than it was to.

    :param rule: `now`, a local date and hour of the event, or one that moves with the event.
    :param quiet: how long what leaves at once can still be taken back.
    :raises MessageStarted: it has begun to leave.
    :raises EventCancelled: the event is cancelled or postponed.
    :raises DatePast: that hour is over.
    :raises NoSuchHour: the clocks are put forward over it.
    :raises ValueRefused: that is no rule.
    """
    messages.require_unstarted(tx, message)
    event = tx.get_one(Event, message.event_id)
    if event.cancelled_at is not None or event.postponed_at is not None:
        raise EventCancelled
    due_at = find_due(event, rule, now=now, quiet=quiet)
    mailing = messages.find_mailing(tx, message)
    if mailing is None:
        mailing = Mailing(event_id=event.id, template=MailName.MESSAGE, message_id=message.id)
        tx.add(mailing)
    mailing.rule, mailing.due_at = rule, due_at
    mailing.expires_at = timeline.find_end(event, MailName.MESSAGE, due_at)
    mailing.state, mailing.reason, mailing.cursor = MailingState.PLANNED, None, 0
    mailing.event_revision = event.revision
    tx.flush()
    return mailing


def find_due(event: Event, rule: str, *, now: datetime, quiet: timedelta) -> datetime:
    """Return the instant that a rule of a message means.

    :raises DatePast: that hour is over.
    :raises NoSuchHour: the clocks are put forward over it.
    :raises ValueRefused: that is no rule.
    """
    if rule == timeline.NOW:
        return now + quiet
    due_at = timeline.find_due(event, rule)
    if due_at is None or due_at <= now:
        raise DatePast
    moment = moments.parse_rule(rule).moment
    if moment is not None and zones.to_local(due_at, event.timezone).replace(tzinfo=None) != moment:
        raise NoSuchHour(moment, event.timezone)
    return due_at


def withdraw(tx: Transaction, message: Message) -> None:
    """Take back a message that has not begun to leave: it is a draft again.

    :raises MessageStarted: it has begun to leave.
    """
    messages.require_unstarted(tx, message)
    mailing = messages.find_mailing(tx, message)
    if mailing is not None:
        tx.delete(mailing)
        tx.flush()


def imagine(message: Message, event: Event, *, now: datetime) -> Mailing:
    """Return the mailing of a message as if it were due now, to be counted: it is kept nowhere."""
    return Mailing(
        id=0,
        event_id=event.id,
        template=MailName.MESSAGE,
        rule=timeline.NOW,
        due_at=now + timedelta(seconds=1),  # whoever has registered by now is among them
        expires_at=max(event.ends_at, now) + timeline.THANKS_FOR,
        state=MailingState.PLANNED,
        cursor=0,
        message=message,
        message_id=message.id,
    )


@dataclass(frozen=True)
class Usual:
    """A mailing that events have by themselves, and when it leaves at this one."""

    template: MailName
    rule: str | None
    """`None`: it is switched off."""


def list_usual(event: Event) -> list[Usual]:
    """List the mailings that an event has, or may have, of its own, one of each kind."""
    rules = {one.template: one.at for one in reversed(timeline.list_rules(event))}
    defaults = {one.template for one in timeline.list_default_rules(event)}
    return [
        Usual(template, rules.get(template))
        for template in timeline.SCHEDULED
        if template in rules or template in defaults
    ]


def set_rule(
    tx: Transaction, event: Event, template: MailName, rule: str | None, *, now: datetime
) -> None:
    """Have one of the event's own mailings leave at another hour, or not at all.

    What has left stays as it is. The hours that an event file names are set aside by it until one
    is loaded anew that names others.

    :param rule: `None`: not at all.
    :raises MessageStarted: it has begun to leave.
    :raises DatePast: that hour is over.
    :raises NoSuchHour: the clocks are put forward over it.
    :raises ValueRefused: that is no rule.
    """
    events.lock(tx, event.id)
    if rule is not None:
        find_due(event, rule, now=now, quiet=timedelta())
    if _has_begun(tx, event, template):
        raise MessageStarted
    kept = [one for one in timeline.list_rules(event) if one.template is not template]
    rules = [*kept, *([] if rule is None else [Rule(template, rule)])]
    event.loaded = {**(event.loaded or {}), timeline.AS_MOVED: [_say(one) for one in rules]}
    events.touch(event)
    mailings.plan(tx, event, now=now)


def _has_begun(tx: Transaction, event: Event, template: MailName) -> bool:
    found = tx.scalars(
        select(Mailing).where(Mailing.event_id == event.id, Mailing.template == template)
    )
    return any(messages.has_begun(tx, one) for one in found)


def _say(rule: Rule) -> Mapping[str, str]:
    return {"template": rule.template.value, "at": rule.at}
