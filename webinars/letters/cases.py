"""What a letter is about: an event, what decides the words, and the person whose letter it is.

The words of a letter depend on the event and on its `Variant` alone; a `Person` only stands in
their holes. Thousands of letters of one variant are therefore one text, filled in for each.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from webinars import connections, phrasing, programme
from webinars.connections import Window
from webinars.letters.former import Former
from webinars.links import Links
from webinars.messages import Written
from webinars.models import (
    AttendanceMode,
    Event,
    Language,
    MailName,
    ReconfirmRule,
    RegistrationStatus,
    Session,
)
from webinars.programme import Day
from webinars.suppressions import UNSUBSCRIBABLE

TAKE_OUT = frozenset(
    {
        MailName.REGISTRATION_CANCELLED,
        MailName.EVENT_POSTPONED,
        MailName.EVENT_CANCELLED,
        MailName.REPRESENTED,
    }
)
"""Mails about days that are no longer on: they bear the dates that people have in their calendars.
"""


class Site(NamedTuple):
    """What all letters of the service have in common."""

    links: Links
    host: str
    sender: str
    """`Name <address>`."""
    reads_replies: bool = False
    """Whether calendars may answer: someone reads what they send."""


class Reconfirm(NamedTuple):
    """The question whether a person maintains her registration."""

    by_at: datetime | None
    """`None`: there is no deadline."""
    rule: ReconfirmRule


class Variant(NamedTuple):
    """Everything that decides the words of a letter, besides what its event says."""

    edition: int
    """Of the event, so that one that was changed has other words."""
    template: MailName
    language: Language
    """That it is written in."""
    is_copy: bool
    is_test: bool
    """Whether an organiser sent it to herself."""
    status: RegistrationStatus
    attendance_mode: AttendanceMode
    source: str
    has_priority: bool
    chosen: tuple[str, ...]
    """Codes of sessions."""
    full: tuple[str, ...]
    """Chosen too, but full by the time the place came."""
    ordinal: int | None
    """Of the day that the delivery is about; `None`: the first."""
    link_due_at: datetime | None
    """When the connection link is first sent; `None`: it is not, so the confirmation has it."""
    link_is_due: bool
    window: int
    """Which of the person's days the gate opened next when the delivery was caused, from 0."""
    is_open: bool
    """Whether the gate let in at that instant."""
    is_reserved: bool
    """Whether places were still kept for the priority audience."""
    was_confirmed: bool
    is_update: bool
    """Whether an earlier confirmation said something else."""
    decline_reason: str
    calendar_sequence: int
    calendar_generation: int
    former: Former | None
    """The event as the person last knew it; `None`: it is about no change."""
    reasons: tuple[str, ...]
    """Why it was changed since then."""
    is_of_change: bool
    reconfirm: Reconfirm | None
    """`None`: she is asked nothing."""
    message: Written | None
    """What an organiser wrote, where it is that."""
    blanks: tuple[int, ...]
    """The holes of a person that nothing stands in."""

    @property
    def is_unsubscribable(self) -> bool:
        """Tell whether the reader may stop such mails; an assistant cannot for the person."""
        return self.template in UNSUBSCRIBABLE and not self.is_copy and not self.is_test


class Person(NamedTuple):
    """What stands in the holes of a letter: on one line each, without blanks around it."""

    salutation: str
    name: str
    organization: str
    reference: str
    page_url: str
    """The reader's own page of the registration: an assistant has one of her own."""
    gate_url: str
    """The person's connection link."""
    unsubscribe_url: str
    """Empty where nobody may do without the mail."""
    cancel_url: str
    reconfirm_url: str
    """Empty where nothing is asked."""
    substitute: str
    """Who takes part in the person's place."""
    in_place_of: str
    """In whose place the person takes part."""
    request: str
    organiser_url: str
    """The registration's page for organisers; empty to anyone else."""
    closing: str
    """The sentence that takes leave of her. This and what follows stand in messages alone."""
    courtesy_title: str
    """What stands before a name within a text, like `Mme`."""
    first_name: str
    last_name: str
    job_title: str

    public_id: str
    attendee_name: str
    """As the calendar entry has it."""
    attendee_email: str
    registered_at: datetime
    written_at: datetime
    """When the delivery was caused: the message's date."""

    recipient: str
    message_id: str


SHOWN = Person._fields.index("public_id")
"""How many fields stand in the texts."""
HOLES = Person._fields.index("registered_at")
"""How many fields are texts that stand somewhere in the words or the calendar entry."""


@dataclass(frozen=True, slots=True)
class Case:
    """One letter to be written."""

    event: Event
    variant: Variant
    person: Person
    site: Site

    @property
    def language(self) -> Language:
        """Return the language that the letter is written in."""
        return self.variant.language

    @property
    def codes(self) -> frozenset[str]:
        """Return the codes of the sessions that count as chosen."""
        return frozenset(self.variant.chosen)

    @property
    def chosen(self) -> tuple[Session, ...]:
        """Return the sessions that count as chosen."""
        return self._pick(self.variant.chosen)

    @property
    def full(self) -> tuple[Session, ...]:
        """Return the sessions that were chosen, but full by the time the place came."""
        return self._pick(self.variant.full)

    @property
    def known(self) -> Event:
        """Return the event as the person last knew it."""
        former = self.variant.former
        return self.event if former is None else former.event

    @property
    def dated(self) -> Event:
        """Return the event whose days the letter is about: now, or those that are taken out."""
        return self.known if self.variant.template in TAKE_OUT else self.event

    @property
    def days(self) -> list[Day]:
        """List the days that the person attends, or attended if the letter takes them out."""
        return programme.days_attended(self.dated, self.codes)

    @property
    def has_place(self) -> bool:
        """Tell whether the person has a place, and therefore an entry in her calendar."""
        return self.variant.status is RegistrationStatus.CONFIRMED

    @property
    def takes_out_entry(self) -> bool:
        """Tell whether the letter takes an entry out of the calendar of who was invited.

        An assistant was invited to nothing; who has come back since keeps what she has.
        """
        variant = self.variant
        if variant.is_copy:
            return False
        if variant.template is MailName.REGISTRATION_CANCELLED and variant.ordinal is not None:
            return True  # of who was invited to that day, whatever she has by now
        if not variant.was_confirmed:
            return False
        if variant.template in {MailName.EVENT_POSTPONED, MailName.EVENT_CANCELLED}:
            return self.has_place and self._has_day
        return variant.status is RegistrationStatus.CANCELLED or variant.ordinal is not None

    @property
    def brings_entry(self) -> bool:
        """Tell whether the mail of a change brings an entry up to date, or a file to an assistant.

        There is none while the event has no date.
        """
        return self.has_place and self.is_on and (self._has_day or self.variant.is_copy)

    @property
    def brings_written_entry(self) -> bool:
        """Tell whether an organiser's message brings the entry along, to who has a place."""
        written = self.variant.message
        return written is not None and written.with_calendar and self.has_place and self.is_on

    @property
    def is_on(self) -> bool:
        """Tell whether the event takes place, and when is known."""
        return self.event.postponed_at is None and self.event.cancelled_at is None

    @property
    def _has_day(self) -> bool:
        """Tell whether a day's entry is to come with the mail; a test shows one in any case."""
        return self.variant.ordinal is not None or self.variant.is_test

    @property
    def window(self) -> Window:
        """Return when the gate lets in next."""
        return connections.list_windows(self.event, self.codes)[self.variant.window]

    @property
    def is_online(self) -> bool:
        """Tell whether the person follows the event from afar."""
        return self.variant.attendance_mode is AttendanceMode.ONLINE

    @property
    def event_url(self) -> str:
        """Return the address of the event's page."""
        return self.site.links.event_url(self.event.slug)

    def get_day(self) -> Day:
        """Return the day that the delivery is about: its own, or the first that is attended.

        A test of a further day shows the second.
        """
        days, wanted = self.days, self.variant.ordinal
        if wanted is None:
            is_further = self.variant.template is MailName.CALENDAR_DAY and len(days) > 1
            return days[1] if is_further else days[0]
        every_day = [*days, *programme.days(self.dated)]
        found = (day for day in every_day if day.ordinal == wanted)
        return next(found, programme.make_whole_day(self.dated, wanted))

    def instant(self, at: datetime | None) -> str:
        """Say an instant in every zone of the event; nothing where there is none."""
        if at is None:
            return ""
        zones = self.event.display_timezones or (self.event.timezone,)
        return phrasing.instant(at, zones, self.language)

    def _pick(self, codes: tuple[str, ...]) -> tuple[Session, ...]:
        return tuple(session for session in self.event.sessions if session.code in codes)


def name_file(created_at: datetime, delivery_id: int, template: MailName) -> str:
    """Return the name of a letter's file: the same one whenever it is sent again."""
    return f"{created_at:%Y%m%dT%H%M%S}-{delivery_id:08d}-{template}"
