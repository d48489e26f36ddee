"""An event as people were shown it at an earlier revision: what a change is compared with.

Pure. It is put together from the snapshot of a change, as an event that no transaction knows, so
that programme, phrases and calendar say of it what they said then.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time

from webinars import zones
from webinars.models import Event, Session, SessionKind, Shown


@dataclass(frozen=True)
class Former:
    """What an event was at a revision; two of the same event and revision are the same."""

    event_id: int
    revision: int
    event: Event = field(compare=False, repr=False)
    """As it was then; what nobody needs in order to compare is as it is now."""
    reasons: tuple[tuple[int, str], ...] = field(compare=False, repr=False, default=())
    """Why it was changed since then, each with the revision that this made."""

    def list_reasons(self, told: int | None) -> tuple[str, ...]:
        """List why it was changed up to a revision, each reason once; `None`: up to now."""
        reasons = (reason for made, reason in self.reasons if told is None or made <= told)
        return tuple(dict.fromkeys(reasons))


def rebuild(event: Event, shown: Shown, revision: int) -> Event:
    """Put an event together again as it was shown at a revision."""
    starts_on, starts_time = _part(shown.starts)
    ends_on, ends_time = _part(shown.ends)
    former = Event(
        id=event.id,
        slug=event.slug,
        kind=event.kind,
        title=shown.title,
        status=event.status,
        mode=shown.mode,
        venue=shown.venue,
        timezone=shown.timezone,
        display_timezones=event.display_timezones,
        starts_on=starts_on,
        starts_time=starts_time,
        ends_on=ends_on,
        ends_time=ends_time,
        starts_at=shown.starts_at,
        ends_at=shown.ends_at,
        gate_opens_minutes=event.gate_opens_minutes,
        gate_closes_minutes=event.gate_closes_minutes,
        postponed_at=event.created_at if shown.is_postponed else None,
        cancelled_at=event.created_at if shown.is_cancelled else None,
        revision=revision,
        created_at=event.created_at,
    )
    former.sessions = list(_rebuild_sessions(event, shown))
    return former


def _rebuild_sessions(event: Event, shown: Shown) -> Iterable[Session]:
    now = {session.code: session for session in event.sessions}
    for position, one in enumerate(shown.sessions):
        same = now.get(one.code)
        yield Session(
            code=one.code,
            kind=SessionKind.OTHER if same is None else same.kind,
            title=one.title,
            slot=one.slot,
            day=one.day,
            half_day=one.half_day,
            starts_time=one.starts and one.starts.time(),
            ends_time=one.ends and one.ends.time(),
            starts_at=one.starts and zones.to_instant(one.starts, shown.timezone),
            ends_at=one.ends and zones.to_instant(one.ends, shown.timezone),
            room=one.room,
            # Nobody was shown it, but it decides whether one had to choose the session.
            capacity=None if same is None else same.capacity,
            position=position,
            cancelled_at=event.created_at if one.is_cancelled else None,
        )


def _part(moment: datetime | date) -> tuple[date, time | None]:
    if isinstance(moment, datetime):
        return moment.date(), moment.time()
    return moment, None
