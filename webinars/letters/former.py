"""An event as people were shown it at an earlier revision: what a change is compared with.

Pure. It is put together from the snapshot of a change, as an event that no transaction knows, so
that programme, phrases and calendar say of it what they said then.
"""

from dataclasses import dataclass, field

from webinars import programme
from webinars.changes import pictures
from webinars.models import Event, Shown


@dataclass(frozen=True)
class Former:
    """What an event was at a revision; two of the same event and revision are the same."""

    event_id: int
    revision: int
    event: Event = field(compare=False, repr=False)
    """As it was then; what nobody needs in order to compare is as it is now."""
    reasons: tuple[tuple[int, str], ...] = field(compare=False, repr=False, default=())
    """Why it was changed since then, each with the revision that this made."""

    def has_day(self, ordinal: int) -> bool:
        """Tell whether the event had a day of that number that anyone could attend."""
        codes = [session.code for session in self.event.sessions]
        return any(day.ordinal == ordinal for day in programme.days_attended(self.event, codes))

    def list_reasons(self, told: int | None) -> tuple[str, ...]:
        """List why it was changed up to a revision, each reason once; `None`: up to now."""
        reasons = (reason for made, reason in self.reasons if told is None or made <= told)
        return tuple(dict.fromkeys(reasons))


def rebuild(event: Event, shown: Shown, revision: int) -> Event:
    """Put an event together again as it was shown at a revision."""
    former = pictures.restore(shown)
    for name in AS_NOW:
        setattr(former, name, getattr(event, name))
    former.revision = revision
    return former


AS_NOW = (
    "id",
    "slug",
    "kind",
    "status",
    "display_timezones",
    "gate_opens_minutes",
    "gate_closes_minutes",
    "created_at",
)
"""What phrases and calendar entries ask for, and no picture shows."""
