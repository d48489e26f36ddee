"""Tables of who takes part: registrations, the sessions they chose, what organisers noted of them.

The log of exports is here too.
"""

from datetime import datetime

from sqlalchemy import Computed, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

from webinars.database import Base, Record, UtcDateTime, choice
from webinars.models.enums import (
    AttendanceMode,
    BulkDeed,
    CalendarReply,
    Civility,
    Language,
    OrganizationKind,
    Presence,
    RegistrationStatus,
    Role,
)
from webinars.models.events import Event, Session

KEY = String().with_variant(String(collation="C"), "postgresql")
"""A folded text: compared byte by byte, on every server alike, so that an index can sort by it."""
SEARCHED = (
    "substr(name_key || ' ' || organization_key || ' ' || email_key || ' '"
    " || lower(replace(reference, '-', '')), 1, 600)"
)
IS_LISTED = "erased_at IS NULL"
IS_PENDING = "requested_at IS NOT NULL OR reconfirm_change_id IS NOT NULL"


def _list_index(name: str, *columns: str, condition: str = IS_LISTED) -> Index:
    """Return an index of an event's list: of those that are in it, and no others."""
    return Index(
        f"ix_registrations_{name}",
        "event_id",
        *columns,
        sqlite_where=text(condition),
        postgresql_where=text(condition),
    )


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
        # For the organisers' list: by name, by organisation, searched, counted.
        _list_index("listed_name", "name_key", "id"),
        _list_index("listed_organization", "organization_key", "name_key", "id"),
        _list_index("listed_search", "id", "search_key"),
        _list_index("listed_status", "status"),
        _list_index("listed_pending", "id", condition=IS_PENDING),
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
    salutation: Mapped[str] = mapped_column(default="")
    """The person's own form of address, like `Madame le Maire`; empty: as `addressing` has it."""
    last_name: Mapped[str]
    first_name: Mapped[str]
    name_key: Mapped[str] = mapped_column(KEY)
    """Folded for searching and sorting: see `contacts.name_key`."""
    email: Mapped[str]
    email_key: Mapped[str]
    phone: Mapped[str]
    role: Mapped[Role] = mapped_column(choice(Role))
    job_title: Mapped[str]
    organization: Mapped[str]
    organization_key: Mapped[str] = mapped_column(KEY)
    """Folded for searching and sorting."""
    search_key: Mapped[str | None] = mapped_column(
        Computed(SEARCHED, persisted=True), deferred=True
    )
    """All that a search looks through; the database keeps it by itself."""
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
    files: WriteOnlyMapped["AnswerFile"] = relationship(passive_deletes=True)
    """Only ever added to: the answer to a question that takes a file is the name of the last."""

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


class RegistrationAlias(Base):
    """That a registration was merged into another: what led to it leads there from then on."""

    __tablename__ = "registration_aliases"

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), index=True
    )
    """The one that was kept."""
    public_id: Mapped[str] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(unique=True)
    link_generation: Mapped[int]
    merged_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Tag(Base):
    """A word of the organisers' own for some of an event's registrations."""

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("event_id", "name_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    name: Mapped[str]
    name_key: Mapped[str]
    """Folded: \"À rappeler\" and \"a rappeler\" are one tag."""


class RegistrationTag(Base):
    """That a registration bears a tag."""

    __tablename__ = "registration_tags"

    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(
        ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Note(Base):
    """What an organiser noted about a registration, for the other organisers.

    It is about the person: it goes when her data do, and is part of what she may ask to see.
    """

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), index=True
    )
    author: Mapped[str]
    """The organiser's address."""
    text: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BulkAct(Base):
    """What an organiser does to many registrations at once, and how far it has come."""

    __tablename__ = "bulk_acts"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), index=True)
    author: Mapped[str]
    """The organiser's address."""
    deed: Mapped[BulkDeed] = mapped_column(choice(BulkDeed))
    said: Mapped[str]
    """The tag, or the reason that people are told."""
    total: Mapped[int]
    waiting: Mapped[list[int]] = mapped_column(Record(list[int]))
    """The registrations whose turn is still to come, by number."""
    changed: Mapped[list[int]] = mapped_column(Record(list[int]))
    """Those that it changed: whom undoing concerns."""
    refused: Mapped[dict[str, list[int]]] = mapped_column(Record(dict[str, list[int]]))
    """Those that stayed as they were, by the reason."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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


class AnswerFile(Base):
    """A file that a person sent as an answer; gone with the registration's other data.

    Its bytes are in the table and not in the data folder: so they are erased with the row, in the
    same transaction, and no backup of a folder keeps what a person had erased.
    """

    __tablename__ = "answer_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), index=True
    )
    key: Mapped[str]
    """Of the question; the last one sent counts."""
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
