"""What each mail may say: one dataclass a mail, whose fields are all that its templates see.

Everything is already in words and in the reader's language: hours with their cities, names, links.
Templates choose words and order; they never work anything out.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from webinars.models import (
    ContactPoint,
    Language,
    MailName,
    ProgrammeStatus,
    RegistrationStatus,
)


class About(StrEnum):
    """What a change is about in the main, as a subject says it in two words."""

    DATES = "dates"
    """Other days."""
    HOURS = "hours"
    """The same days at other hours, or in another zone."""
    HOURS_KNOWN = "hours-known"
    """The hours of days that were announced without."""
    ZONE = "zone"
    """The same local hours, at other instants: a country changed its time."""
    NEW_DATES = "new-dates"
    """A date again, after it was postponed."""
    AGAIN = "again"
    """It takes place after all."""
    VENUE = "venue"
    MODE = "mode"
    """Another way of taking part."""
    SESSION_CANCELLED = "session-cancelled"
    ROOM = "room"
    PROGRAMME = "programme"
    SEVERAL = "several"
    NOTHING = "nothing"
    """Nothing that concerns this person."""


@dataclass(frozen=True)
class SessionLine:
    """A session as a mail names it: its title, its hours or half-day, its room where known."""

    title: str
    when: str
    room: str


@dataclass(frozen=True)
class SessionChange:
    """A session that is now at other hours or in another room."""

    title: str
    when: str
    when_was: str
    """Empty where that is the same."""
    room: str
    is_elsewhere: bool
    """Whether the room is another."""
    room_was: str
    """Empty where that is the same, or none was named."""


@dataclass(frozen=True)
class DayLine:
    """A day that the person attends."""

    when: str
    was: str
    """Empty where it is the same, or there was none."""


@dataclass(frozen=True)
class SignatoryLine:
    """Who signs: name, title, institution."""

    name: str
    title: str
    institution: str


@dataclass(frozen=True)
class EventFacts:
    """What every mail says of its event."""

    title: str
    title_language: Language
    """French where the title was not translated."""
    when: str
    """Dates and hours in every zone that the event is read in."""
    short_date: str
    """The day that the mail is about, as its subject begins with it."""
    url: str
    organisers: tuple[str, ...]
    contacts: tuple[ContactPoint, ...]


@dataclass(frozen=True)
class PersonFacts:
    """Whom a mail concerns, and why it was sent."""

    salutation: str
    """The form of address, without its comma: repeated alike in the closing."""
    name: str
    organization: str
    reference: str
    page_url: str
    """The reader's own page: the person's, or the assistant's in a copy."""
    cancel_url: str
    """Where the registration is given up, with a button."""
    reconfirm_url: str
    """Where one says whether the registration is maintained, with a button for each answer."""
    substitute: str
    """Who takes part in the person's place; empty: nobody does."""
    in_place_of: str
    """In whose place the person takes part; empty: in nobody's."""
    request: str
    """What the person asks an organiser to change; empty: nothing."""
    organiser_url: str
    """The page of the registration for organisers."""
    is_copy: bool
    """Whether the reader is the assistant."""
    rights_contact: str
    """Who answers for personal data; empty: the organisers."""
    unsubscribe_url: str
    """Where the person says that she wants no such mail; empty: nobody may do without this one."""


@dataclass(frozen=True)
class ReconfirmFacts:
    """What the person is asked: whether she maintains her registration after a change."""

    is_asked: bool
    by: str
    """By when; empty: there is no deadline."""
    releases: bool
    """Whether the place is given up without an answer."""


@dataclass(frozen=True)
class PlaceFacts:
    """Where and how the person takes part, and what of it is new."""

    venue: str
    """Empty for who follows online."""
    is_new_venue: bool
    venue_was: str
    """Empty where it is the same, or there was none."""
    mode: str
    mode_was: str
    """How the event was to take place; empty where that is the same."""


@dataclass(frozen=True)
class ProgrammeFacts:
    """What became of the sessions that the person attends, or attended until then."""

    cancelled: tuple[SessionLine, ...]
    """At the hours that they were announced for."""
    changed: tuple[SessionChange, ...]
    added: tuple[SessionLine, ...]


@dataclass(frozen=True)
class LinkFacts:
    """The way in: the link itself once it is due, else when it will come."""

    gate_url: str
    """Empty until the link is due, and for who comes in person."""
    due: str
    """When the link will be sent; empty once it is due, and for who comes in person."""
    opens: str
    """When it lets in on the next day that the person attends; empty where the hours are not known.
    """
    is_open: bool
    """Whether it let in already when the mail was caused."""
    opens_before: str
    """How long before the start that is, like `15 minutes`."""
    dial_in: str
    """How to listen by telephone; empty where one cannot, and wherever the link is not shown."""
    several_days: bool
    """Whether the person attends on several days."""


@dataclass(frozen=True, kw_only=True)
class EventContext:
    """What a mail may say when it goes to nobody in particular."""

    mail: ClassVar[MailName]

    event: EventFacts


@dataclass(frozen=True, kw_only=True)
class PersonalContext(EventContext):
    """What a mail about someone's registration may say."""

    person: PersonFacts


@dataclass(frozen=True, kw_only=True)
class LinkContext(PersonalContext):
    """What a mail that also speaks of the way in may say."""

    link: LinkFacts


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


@dataclass(frozen=True, kw_only=True)
class ChangeRequested(PersonalContext):
    """To the organisers: someone asks for what she could no longer change herself."""

    mail = MailName.CHANGE_REQUESTED


@dataclass(frozen=True, kw_only=True)
class ZoneChanged(EventContext):
    """To the organisers: a country changed its time, and with it the instants of the event."""

    mail = MailName.ZONE_CHANGED

    was: str
    """The hours in the other cities, as they were announced; empty: nothing else is shown."""
    local_time: str
    """Of the event's own zone, like `heure de Rabat`: its hours stay the same in it."""
    organiser_url: str


@dataclass(frozen=True, kw_only=True)
class RoomMissing(EventContext):
    """To the organisers: the link is due and nobody has entered the room."""

    mail = MailName.ROOM_MISSING

    slug: str
    link_due: str
    organiser_url: str


CONTEXTS: dict[MailName, type[EventContext]] = {
    context.mail: context
    for context in (
        Confirmation,
        CalendarDay,
        WaitingList,
        RegistrationReceived,
        RegistrationDeclined,
        RegistrationCancelled,
        OwnLink,
        Reminder,
        PracticalInformation,
        ConnectionLink,
        Thanks,
        RoomMissing,
        EventMoved,
        EventChanged,
        EventPostponed,
        EventCancelled,
        Represented,
        ReconfirmReminder,
        CalendarDeclined,
        ChangeRequested,
        ZoneChanged,
    )
}
"""The context of each mail."""
