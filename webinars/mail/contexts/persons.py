"""What mails about someone's registration may say, as long as nothing about the event changes."""

from dataclasses import dataclass

from webinars.mail.contexts.facts import LinkContext, PersonalContext, SessionLine, SignatoryLine
from webinars.models import MailName, ProgrammeStatus


@dataclass(frozen=True, kw_only=True)
class Confirmation(LinkContext):
    """The place is kept: what was registered, and when or where the link is."""

    mail = MailName.CONFIRMATION

    is_update: bool
    """Whether an earlier confirmation of this registration said something else."""
    has_calendar: bool
    """Whether an entry comes with it: not while the event has no date."""
    chosen: tuple[SessionLine, ...]
    full: tuple[SessionLine, ...]
    """Chosen, but full by the time the place came."""
    venue: str
    """Empty for who follows online."""
    programme_status: ProgrammeStatus
    signatories: tuple[SignatoryLine, ...]


@dataclass(frozen=True, kw_only=True)
class CalendarDay(PersonalContext):
    """The calendar entry of a further day."""

    mail = MailName.CALENDAR_DAY

    is_update: bool
    """Whether it replaces one that was sent before."""
    day: str
    sessions: tuple[SessionLine, ...]
    venue: str


@dataclass(frozen=True, kw_only=True)
class WaitingList(PersonalContext):
    """No place yet; the page shows the rank, which a mail would freeze."""

    mail = MailName.WAITING_LIST

    priority_first: bool
    """Whether the event has a priority audience at all."""
    has_priority: bool
    """Whether the person belongs to it."""
    priority_until: str
    """Until when places are kept for the priority audience; empty: there is none, or no longer."""


@dataclass(frozen=True, kw_only=True)
class RegistrationReceived(PersonalContext):
    """An organiser will decide."""

    mail = MailName.REGISTRATION_RECEIVED


@dataclass(frozen=True, kw_only=True)
class RegistrationDeclined(PersonalContext):
    """An organiser decided against it."""

    mail = MailName.REGISTRATION_DECLINED

    reason: tuple[str, ...]
    """The organiser's words, line by line."""


@dataclass(frozen=True, kw_only=True)
class RegistrationCancelled(PersonalContext):
    """The place was given up; a calendar entry that was sent goes with it."""

    mail = MailName.REGISTRATION_CANCELLED

    day: str
    """Of several days, the further one that it takes out of the calendar; empty: the first."""
    was_confirmed: bool
    is_of_change: bool
    """Whether the event was changed, and nobody gave anything up."""
    is_off: bool
    """Whether it is the event itself that does not take place then."""


@dataclass(frozen=True, kw_only=True)
class OwnLink(PersonalContext):
    """The way back to the registration's own page, for who asked."""

    mail = MailName.OWN_LINK

    status: str
    """Where the registration stands, in words."""


@dataclass(frozen=True, kw_only=True)
class Reminder(LinkContext):
    """The day before, to who follows online."""

    mail = MailName.REMINDER


@dataclass(frozen=True, kw_only=True)
class PracticalInformation(PersonalContext):
    """The day before, to who comes in person."""

    mail = MailName.PRACTICAL_INFORMATION

    venue: str
    chosen: tuple[SessionLine, ...]
    programme_status: ProgrammeStatus


@dataclass(frozen=True, kw_only=True)
class ConnectionLink(LinkContext):
    """The personal link, on the day."""

    mail = MailName.CONNECTION_LINK


@dataclass(frozen=True, kw_only=True)
class Thanks(PersonalContext):
    """Afterwards, to who came."""

    mail = MailName.THANKS
