"""What mails about a change of an event, or about who takes part in it, may say."""

from dataclasses import dataclass

from webinars.mail.contexts.facts import (
    About,
    DayLine,
    LinkContext,
    PersonalContext,
    PlaceFacts,
    ProgrammeFacts,
    ReconfirmFacts,
    SessionLine,
)
from webinars.models import MailName, RegistrationStatus


@dataclass(frozen=True, kw_only=True)
class ChangeContext(LinkContext):
    """What a mail about a change may say: everything that is new for this person."""

    about: About
    status: RegistrationStatus
    reasons: tuple[str, ...]
    """The organisers' words, line by line."""
    place: PlaceFacts
    programme: ProgrammeFacts
    reconfirm: ReconfirmFacts
    has_calendar: bool
    """Whether an entry comes with it."""


@dataclass(frozen=True, kw_only=True)
class EventMoved(ChangeContext):
    """Other dates or hours; or dates again, after a postponement or a cancellation."""

    mail = MailName.EVENT_MOVED

    was: str
    """The dates and hours that the person knew; empty where they are the same."""
    local_time: str
    """Of the event's own zone, like `heure de Rabat`."""
    own_days: tuple[DayLine, ...]
    """The person's own days, where they are others than the event's."""
    own_days_same: bool
    """Whether nothing of them is new."""
    chosen: tuple[SessionLine, ...]
    """The sessions that she chose, but for those that changed by themselves."""


@dataclass(frozen=True, kw_only=True)
class EventChanged(ChangeContext):
    """Another venue, another way of taking part, other sessions, other rooms."""

    mail = MailName.EVENT_CHANGED


@dataclass(frozen=True, kw_only=True)
class EventPostponed(PersonalContext):
    """It does not take place then, and nobody knows yet when it will."""

    mail = MailName.EVENT_POSTPONED

    was: str
    status: RegistrationStatus
    reasons: tuple[str, ...]
    has_calendar: bool


@dataclass(frozen=True, kw_only=True)
class EventCancelled(PersonalContext):
    """It does not take place."""

    mail = MailName.EVENT_CANCELLED

    was: str
    reasons: tuple[str, ...]
    has_calendar: bool


@dataclass(frozen=True, kw_only=True)
class Represented(PersonalContext):
    """Someone else takes part in the person's place."""

    mail = MailName.REPRESENTED

    has_calendar: bool


@dataclass(frozen=True, kw_only=True)
class ReconfirmReminder(PersonalContext):
    """She was asked whether she maintains, and has not said."""

    mail = MailName.RECONFIRM_REMINDER

    reconfirm: ReconfirmFacts


@dataclass(frozen=True, kw_only=True)
class CalendarDeclined(PersonalContext):
    """Her calendar declined the invitation: does she give up her place?"""

    mail = MailName.CALENDAR_DECLINED

    day: str
    """Of several days, the one that was declined; empty: there is only one."""
