"""The facts that contexts of mails are put together from, and what those have in common."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from webinars.models import ContactPoint, Language, MailName


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
class MailContext:
    """What any mail may say."""

    mail: ClassVar[MailName]


@dataclass(frozen=True, kw_only=True)
class EventContext(MailContext):
    """What a mail may say when it goes to nobody in particular."""

    event: EventFacts


@dataclass(frozen=True, kw_only=True)
class PersonalContext(EventContext):
    """What a mail about someone's registration may say."""

    person: PersonFacts


@dataclass(frozen=True, kw_only=True)
class LinkContext(PersonalContext):
    """What a mail that also speaks of the way in may say."""

    link: LinkFacts
