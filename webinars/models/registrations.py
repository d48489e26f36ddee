"""Tables of who takes part: registrations, the sessions they chose, and the log of exports."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webinars.database import Base, Record, UtcDateTime, choice
from webinars.models.enums import (
    AttendanceMode,
    CalendarReply,
    Civility,
    Language,
    OrganizationKind,
    Presence,
    RegistrationStatus,
    Role,
)
from webinars.models.events import Event, Session


class Registration(Base):
    """A contact's place at an event, with what the person said then.

    Names, titles and organisations change: the answers are kept here as they were given, and
    never updated from the contact.
    """

    __tablename__ = "registrations"
    __table_args__ = (
        UniqueConstraint("event_id", "contact_id"),
        Index("ix_registrations_event_status", "event_id", "status", "id"),
        Index("ix_registrations_event_email", "event_id", "email_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    """`None` once erased or purged."""
    public_id: Mapped[str] = mapped_column(unique=True)
    """16 hexadecimal digits, drawn at random: what tokens and calendar entries name it by."""
    reference: Mapped[str] = mapped_column(unique=True)
    """What a person reads out on the phone, like `K7QM-3XPA`."""
    status: Mapped[RegistrationStatus] = mapped_column(choice(RegistrationStatus))
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decline_reason: Mapped[str | None]
    has_priority: Mapped[bool] = mapped_column(default=False)
    """Whether the person belongs to the event's priority audience."""
    is_late: Mapped[bool] = mapped_column(default=False)
    """Whether an organiser added the person after registrations had closed."""
    source: Mapped[str]
    """Who entered it: `form`, an institution's acronym, `import`."""
    form_identity: Mapped[str | None]
    """Of the form it came by: sent again for the same person it is the same registration."""

    civility: Mapped[Civility] = mapped_column(choice(Civility))
    last_name: Mapped[str]
    first_name: Mapped[str]
    name_key: Mapped[str]
    """Folded for searching and sorting: see `contacts.name_key`."""
    email: Mapped[str]
    email_key: Mapped[str]
    phone: Mapped[str]
    role: Mapped[Role] = mapped_column(choice(Role))
    job_title: Mapped[str]
    organization: Mapped[str]
    organization_key: Mapped[str]
    """Folded for searching and sorting."""
    organization_kind: Mapped[OrganizationKind] = mapped_column(choice(OrganizationKind))
    country: Mapped[str]
    """ISO 3166-1 alpha-2."""
    on_behalf_of: Mapped[str]
    language: Mapped[Language] = mapped_column(choice(Language))
    attendance_mode: Mapped[AttendanceMode] = mapped_column(choice(AttendanceMode))
    """The event's own mode, unless the event is hybrid and the person chose."""
    assistant_email: Mapped[str]
    question: Mapped[str]
    """For the speakers."""
    share_with_participants: Mapped[bool]
    accept_invitations: Mapped[bool]
    answers: Mapped[dict[str, str]] = mapped_column(Record(dict[str, str]))
    """To the event's own questions, by key; a ticked box is `1`, an unticked one is absent."""

    link_generation: Mapped[int] = mapped_column(default=0)
    """Raised to make every link given out so far worthless."""
    calendar_generation: Mapped[int] = mapped_column(default=0)
    """Raised when a cancelled registration is taken up again: a new calendar entry."""
    calendar_sequence: Mapped[int] = mapped_column(default=0)
    """Raised by every change of what the calendar entry says (RFC 5546, 2.1.4)."""
    entered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the person first entered through the gate."""
    presence: Mapped[Presence | None] = mapped_column(choice(Presence))
    presence_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When an organiser noted it."""
    represents_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id"), index=True)
    """The registration in whose place this one came: its person named a substitute."""
    reconfirm_change_id: Mapped[int | None] = mapped_column(ForeignKey("changes.id"), index=True)
    """The change that asks the person whether she maintains; `None`: nothing to answer."""
    reconfirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the person last said that she maintains."""
    request: Mapped[str | None]
    """What the person asked an organiser to change once she could not do so herself."""
    requested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    calendar_reply: Mapped[CalendarReply | None] = mapped_column(choice(CalendarReply))
    calendar_replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When personal data were removed; the row stays for the counts."""

    event: Mapped[Event] = relationship(lazy="raise")
    choices: Mapped[list["SessionChoice"]] = relationship(
        back_populates="registration", lazy="raise", cascade="all, delete-orphan"
    )


class SessionChoice(Base):
    """A session that a registration chose."""

    __tablename__ = "session_choices"

    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True, index=True)
    is_full: Mapped[bool] = mapped_column(default=False)
    """Whether the session had filled up by the time the place came: the choice does not count."""

    registration: Mapped[Registration] = relationship(back_populates="choices", lazy="raise")
    session: Mapped[Session] = relationship(lazy="raise")


class ExportRecord(Base):
    """That someone took a list out of the service."""

    __tablename__ = "export_records"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    author: Mapped[str]
    """The organiser's address, or `command line`."""
    format: Mapped[str]
    filter: Mapped[str]
    """What the list was limited to, as in the page's address; empty: everyone."""
    columns: Mapped[str] = mapped_column(default="")
    """The keys of those chosen, with commas between; empty: all of them."""
    rows: Mapped[int]
    exported_at: Mapped[datetime] = mapped_column(UtcDateTime)
