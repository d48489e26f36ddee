"""When an event's mailings are due and until when they make sense: rules, and what they come to.

Pure. A rule is what an event file says, in local time: `day 08:00`, `day-1 18:00`, `start-15m`,
`end+1h`, or a date and time; `webinars.eventfiles` reads them. Who receives a mailing is
`webinars.mailings`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from webinars import zones
from webinars.eventfiles import moments
from webinars.eventfiles.moments import Anchor
from webinars.models import Event, MailName, Mode

AT_ONCE = "at once"
NOW = "now"
"""The rule of a message that an organiser sends at once, after the quiet time."""
AS_MOVED = "mailings as moved"
"""Where an event keeps the dated mailings of its file once it was moved: beside what was loaded,
for the file still says what it said."""
STANDING = (MailName.CONFIRMATION, MailName.WAITING_LIST)
"""Sent to each person by herself, whenever she comes to it."""
SCHEDULED = (
    MailName.REMINDER,
    MailName.PRACTICAL_INFORMATION,
    MailName.CONNECTION_LINK,
    MailName.THANKS,
)
"""Sent to an audience at one time."""

EARLY_START = time(10)
"""An event that starts before this hour has its link sent the evening before."""
EVENING = time(18)
THANKS_FOR = timedelta(days=7)
"""How long thanks make sense, and a message that is due once the event has begun."""


@dataclass(frozen=True)
class Rule:
    """What an event file says of one mailing: its template, and when it is due."""

    template: MailName
    at: str


@dataclass(frozen=True)
class Plan:
    """What a rule comes to for one event."""

    rule: Rule
    due_at: datetime | None
    """`None`: at once."""
    expires_at: datetime
    """From then on it is no longer sent."""


def list_rules(event: Event) -> list[Rule]:
    """List the mailings that the event's file names, or the default ones where it names none."""
    named = find_named(event)
    if named is None:
        return list_default_rules(event)
    return [Rule(MailName(one["template"]), str(one["at"])) for one in named]


def find_named(event: Event) -> list[dict[str, str]] | None:
    """Return the mailings that the event's file names, as they are by now; `None`: it names
    none."""
    loaded = event.loaded or {}
    named = loaded.get(AS_MOVED, loaded.get("mailings"))
    return named if isinstance(named, list) else None


def list_default_rules(event: Event) -> list[Rule]:
    """List the mailings of an event whose file names none."""
    rules = [Rule(MailName.THANKS, "end+1h")]
    if event.mode is not Mode.ONLINE:
        rules.append(Rule(MailName.PRACTICAL_INFORMATION, "day-1 10:00"))
    if event.mode is not Mode.ONSITE:
        is_early = event.starts_time is not None and event.starts_time < EARLY_START
        at = "day-1 18:00" if is_early else "day 08:00"
        rules += [Rule(MailName.REMINDER, "day-1 10:00"), Rule(MailName.CONNECTION_LINK, at)]
    return rules


def plan(event: Event, rules: Sequence[Rule]) -> list[Plan]:
    """Work out when each mailing is due, the standing ones included."""
    standing = [Rule(template, AT_ONCE) for template in STANDING]
    return [_plan_one(event, rule) for rule in [*standing, *dict.fromkeys(rules)]]


def find_due(event: Event, at: str) -> datetime | None:
    """Return the instant that a rule means for an event; `None`: at once.

    `day` is the local day on which the event starts.

    :raises ValueRefused: the rule is none that an event file may hold.
    """
    if at == AT_ONCE:
        return None
    rule = moments.parse_rule(at)
    match rule.anchor:
        case Anchor.START:
            return event.starts_at + rule.shift
        case Anchor.END:
            return event.ends_at + rule.shift
    local = rule.moment or datetime.combine(event.starts_on + rule.shift, rule.at or time())
    return zones.to_instant(local, event.timezone)


def is_relative(at: str) -> bool:
    """Tell whether a rule follows its event: it moves when the event is moved."""
    return at not in {AT_ONCE, NOW} and moments.parse_rule(at).moment is None


def find_evening_before(due_at: datetime, timezone: str) -> datetime:
    """Return 18:00 of the local day before: when a missing room is first spoken of."""
    day = zones.to_local(due_at, timezone).date() - timedelta(days=1)
    return zones.to_instant(datetime.combine(day, EVENING), timezone)


def _plan_one(event: Event, rule: Rule) -> Plan:
    due_at = find_due(event, rule.at)
    return Plan(rule, due_at, find_end(event, rule.template, due_at))


def find_end(event: Event, template: MailName, due_at: datetime | None = None) -> datetime:
    """Return the instant from which a mail of an event makes no sense any more."""
    match template:
        case MailName.WAITING_LIST | MailName.REMINDER | MailName.PRACTICAL_INFORMATION:
            return event.starts_at
        case MailName.THANKS:
            return (due_at or event.ends_at) + THANKS_FOR
        case MailName.MESSAGE if due_at is not None and due_at >= event.starts_at:
            return due_at + THANKS_FOR
    return event.ends_at
