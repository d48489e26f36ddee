"""One delivery with everything that it says something about, and the invented case of a test."""

from dataclasses import dataclass
from datetime import datetime

from webinars import phrasing, programme
from webinars.links import Links
from webinars.mail import compose
from webinars.models import (
    AttendanceMode,
    Civility,
    Delivery,
    Event,
    Language,
    MailName,
    Mode,
    OrganizationKind,
    Registration,
    RegistrationStatus,
    Role,
    Session,
)
from webinars.programme import Day

TEST_INTENT = "test:"
"""How the intent of a delivery begins that an organiser sent to herself."""
SAMPLE_PUBLIC_ID = "0" * 16
"""Of the invented person: others are drawn at random, so that no registration has it."""


@dataclass(frozen=True)
class Case:
    """One delivery, loaded with its event and its registration."""

    delivery: Delivery
    event: Event
    registration: Registration
    """The invented person's, where the delivery goes to an organiser."""
    chosen: tuple[Session, ...]
    full: tuple[Session, ...]
    """Chosen too, but full by the time the place came."""
    link_due_at: datetime | None
    """When the connection link is first sent; `None`: it is not, so the confirmation has it."""
    links: Links
    sender: str
    """`Name <address>`."""

    @property
    def language(self) -> Language:
        """Return the language that the letter is written in."""
        is_french = self.delivery.template in compose.FRENCH_ONLY
        return Language.FRENCH if is_french else self.delivery.language

    @property
    def codes(self) -> frozenset[str]:
        """Return the codes of the sessions that count as chosen."""
        return frozenset(session.code for session in self.chosen)

    @property
    def days(self) -> list[Day]:
        """List the days that the person attends."""
        return programme.days_attended(self.event, self.codes)

    @property
    def is_test(self) -> bool:
        """Tell whether an organiser sent it to herself."""
        return self.delivery.intent.startswith(TEST_INTENT)

    @property
    def is_online(self) -> bool:
        """Tell whether the person follows the event from afar."""
        return self.registration.attendance_mode is AttendanceMode.ONLINE

    @property
    def gate_url(self) -> str:
        """Return the person's connection link."""
        person = self.registration
        return self.links.gate_url(person.public_id, person.link_generation)

    @property
    def page_url(self) -> str:
        """Return the reader's own page of the registration: an assistant has one of her own."""
        person = self.registration
        make = self.links.assistant_url if self.delivery.is_copy else self.links.page_url
        return make(person.public_id, person.link_generation)

    @property
    def event_url(self) -> str:
        """Return the address of the event's page."""
        return self.links.event_url(self.event.slug)

    def get_day(self) -> Day:
        """Return the day that the delivery is about: its own, or the first that is attended.

        A test of a further day shows the second.
        """
        days = self.days
        if self.delivery.day is None:
            is_further = self.delivery.template is MailName.CALENDAR_DAY and len(days) > 1
            return days[1] if is_further else days[0]
        every_day = [*days, *programme.days(self.event)]
        return next((day for day in every_day if day.date == self.delivery.day), days[0])

    def instant(self, at: datetime | None) -> str:
        """Say an instant in every zone of the event; nothing where there is none."""
        if at is None:
            return ""
        zones = self.event.display_timezones or (self.event.timezone,)
        return phrasing.instant(at, zones, self.language)


def invent_case(
    delivery: Delivery, event: Event, link_due_at: datetime | None, *, links: Links, sender: str
) -> Case:
    """Invent whom a test is about, who chose the first session of each slot."""
    return Case(
        delivery=delivery,
        event=event,
        registration=_invent_person(delivery, event),
        chosen=tuple(slot.sessions[0] for slot in programme.slots(event)),
        full=(),
        link_due_at=link_due_at,
        links=links,
        sender=sender,
    )


def _invent_person(delivery: Delivery, event: Event) -> Registration:
    """Invent a person: nobody is registered by it, and the links lead nowhere."""
    is_cancelled = delivery.template is MailName.REGISTRATION_CANCELLED
    in_person = delivery.template is MailName.PRACTICAL_INFORMATION or event.mode is Mode.ONSITE
    return Registration(
        public_id=SAMPLE_PUBLIC_ID,
        reference="TEST-0000",
        status=RegistrationStatus.CANCELLED if is_cancelled else RegistrationStatus.CONFIRMED,
        registered_at=delivery.created_at,
        confirmed_at=delivery.created_at,
        source="form",
        civility=Civility.MADAME,
        first_name=f"{compose.TEST_MARK} Camille",
        last_name="Exemple",
        email=delivery.email,
        role=Role.ELECTED,
        organization="Commune d’Exemple",
        organization_kind=OrganizationKind.COMMUNE,
        country="FR",
        attendance_mode=AttendanceMode.ONSITE if in_person else AttendanceMode.ONLINE,
        has_priority=False,
        link_generation=0,
        calendar_generation=0,
    )
