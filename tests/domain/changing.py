"""What the tests about changes of an event share: a change as it is kept, and who is asked."""

from datetime import datetime

from tests.factories import NOW
from webinars import zones
from webinars.models import Change, ChangeKind, ReconfirmRule, Shown

BEFORE = (datetime(2020, 10, 29, 10, 0), datetime(2020, 10, 29, 12, 30))  # noqa: DTZ001


def make_shown(event, starts=BEFORE[0], ends=BEFORE[1], **others):
    """Return an event as it was shown before it was moved; the times are local."""
    values = {
        "title": event.title,
        "timezone": event.timezone,
        "starts": starts,
        "ends": ends,
        "starts_at": zones.to_instant(starts, event.timezone),
        "ends_at": zones.to_instant(ends, event.timezone),
        "mode": event.mode,
        "venue": event.venue,
        "sessions": (),
        "is_postponed": False,
        "is_cancelled": False,
    }
    return Shown(**(values | others))


def make_change(tx, event, *, revision=1, until=None, rule=ReconfirmRule.KEEP, **columns):
    """Make a move of an event that asks people whether they maintain; `until` is an instant."""
    local = until and zones.to_local(until, event.timezone).replace(tzinfo=None)
    values = {
        "kind": ChangeKind.MOVED,
        "author": "nadia@example.org",
        "made_at": NOW,
        "before": make_shown(event),
        "tells_at": NOW,
        "reconfirm_by_local": local,
        "reconfirm_by_at": until,
        "reconfirm_rule": rule,
    } | columns
    change = Change(event_id=event.id, revision=revision, **values)
    tx.add(change)
    event.revision = revision
    tx.flush()
    return change
