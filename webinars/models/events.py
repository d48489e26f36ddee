"""Tables of what people register for: events, their sessions, questions and documents.

Local wall times and an IANA zone are the truth; the columns that end in `_at` are derived from them
by `webinars.events` and are what queries compare.
"""

from datetime import date, datetime, time

from sqlalchemy import ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webinars.database import Base, Record, UtcDateTime, choice
from webinars.models.enums import (
    EventKind,
    EventStatus,
    HalfDay,
    InstitutionRole,
    Mode,
    ProgrammeStatus,
    QuestionKind,
    SessionKind,
)
from webinars.models.people import Institution
from webinars.models.roles import Share
from webinars.models.values import (
    Condition,
    ContactPoint,
    FormerDates,
    Notice,
    Priority,
    Signatory,
    Speaker,
    Translated,
    Validation,
    Venue,
)


class Event(Base):
    """What people register for: a webinar, assises, a meeting, a ceremony."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[EventKind] = mapped_column(choice(EventKind))
    title: Mapped[Translated] = mapped_column(Record(Translated))
    summary: Mapped[Translated | None] = mapped_column(Record(Translated))
    status: Mapped[EventStatus] = mapped_column(choice(EventStatus))
    mode: Mapped[Mode] = mapped_column(choice(Mode))
    venue: Mapped[Venue | None] = mapped_column(Record(Venue))

    timezone: Mapped[str]
    """IANA name of the zone that every local time of the event is written in."""
    display_timezones: Mapped[tuple[str, ...]] = mapped_column(Record(tuple[str, ...]))
    """IANA names of the zones that people read the hours in, in order."""
    starts_on: Mapped[date]
    starts_time: Mapped[time | None]
    """`None` where the hour is not known yet."""
    ends_on: Mapped[date]
    ends_time: Mapped[time | None]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Derived; the local midnight where the hour is not known."""
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    """Derived; the end of the local day where the hour is not known."""
    former_dates: Mapped[tuple[FormerDates, ...]] = mapped_column(
        Record(tuple[FormerDates, ...]), default=()
    )
    """What was announced before, oldest first."""
    zone_data: Mapped[str]
    """Version of the zone data that the instants were derived with."""

    capacity: Mapped[int | None]
    """How many may be confirmed; `None`: unlimited."""
    opens_local: Mapped[datetime | None]
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Derived; `None`: open as soon as it is published."""
    closes_local: Mapped[datetime | None]
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Derived; the first instant at which registrations are closed: the start, where not set."""
    approval: Mapped[bool] = mapped_column(default=False)
    """Whether an organiser decides on each registration."""
    trusts_invited: Mapped[bool] = mapped_column(default=False)
    """Whether who was invited is accepted without such a decision."""
    changes_close_local: Mapped[datetime | None]
    changes_close_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Derived; from then on a person asks an organiser; `None`: changes close with the event."""
    priority: Mapped[Priority | None] = mapped_column(Record(Priority))
    priority_until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Derived; from then on the waiting are taken too. `None`: no priority audience."""
    priority_released: Mapped[bool] = mapped_column(default=False)
    """Whether the waiting have been taken after the priority ended."""

    notice: Mapped[Notice] = mapped_column(Record(Notice))
    contacts: Mapped[tuple[ContactPoint, ...]] = mapped_column(Record(tuple[ContactPoint, ...]))
    signatories: Mapped[tuple[Signatory, ...]] = mapped_column(Record(tuple[Signatory, ...]))
    programme_status: Mapped[ProgrammeStatus] = mapped_column(choice(ProgrammeStatus))
    validations: Mapped[tuple[Validation, ...]] = mapped_column(
        Record(tuple[Validation, ...]), default=()
    )
    """Who has validated the programme as it is; any change of it empties them."""

    room_provider: Mapped[str] = mapped_column(default="url")
    room_url: Mapped[str | None]
    """The provider's address; only ever given out by the gate's 303."""
    dial_in: Mapped[str | None]
    gate_opens_minutes: Mapped[int] = mapped_column(default=15)
    """How long before the start of a day the gate lets in."""
    gate_closes_minutes: Mapped[int] = mapped_column(default=30)
    """How long after the end of a day the gate still lets in."""

    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_reason: Mapped[str | None]
    postponed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(default=0)
    """Raised by every change that people can see: see `Change`."""
    edition: Mapped[int] = mapped_column(default=0, onupdate=text("edition + 1"))
    """Raised by every change of this row, and of what belongs to it: see `events.find`."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    purged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When retention ended and its registrations were made anonymous."""
    loaded: Mapped[dict[str, object] | None] = mapped_column(Record(dict[str, object]))
    """The event file as it was last loaded, by top-level key: what a reload is compared with."""

    sessions: Mapped[list["Session"]] = relationship(
        back_populates="event",
        lazy="raise",
        order_by="Session.position",
        cascade="all, delete-orphan",
    )
    institutions: Mapped[list["EventInstitution"]] = relationship(
        back_populates="event",
        lazy="raise",
        order_by="EventInstitution.position",
        cascade="all, delete-orphan",
    )
    questions: Mapped[list["Question"]] = relationship(
        back_populates="event",
        lazy="raise",
        order_by="Question.position",
        cascade="all, delete-orphan",
    )
    documents: Mapped[list["Document"]] = relationship(
        back_populates="event",
        lazy="raise",
        order_by="Document.position",
        cascade="all, delete-orphan",
    )


class EventInstitution(Base):
    """An institution's part in an event, under the name it had then."""

    __tablename__ = "event_institutions"
    __table_args__ = (UniqueConstraint("event_id", "institution_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), index=True)
    role: Mapped[InstitutionRole] = mapped_column(choice(InstitutionRole))
    name: Mapped[str]
    position: Mapped[int]
    share: Mapped[Share] = mapped_column(choice(Share), default=Share.ALL)
    """What the event's owners let its organisers see and do."""

    event: Mapped[Event] = relationship(back_populates="institutions", lazy="raise")
    institution: Mapped[Institution] = relationship(lazy="raise")


class Session(Base):
    """One dated sitting inside an event: a plenary, a workshop, a round table."""

    __tablename__ = "sessions"
    __table_args__ = (UniqueConstraint("event_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    code: Mapped[str]
    kind: Mapped[SessionKind] = mapped_column(choice(SessionKind))
    title: Mapped[Translated] = mapped_column(Record(Translated))
    slot: Mapped[str | None]
    """Sessions of one slot exclude each other; `None`: it runs beside no other."""
    description: Mapped[Translated | None] = mapped_column(Record(Translated))
    speakers: Mapped[tuple[Speaker, ...]] = mapped_column(Record(tuple[Speaker, ...]), default=())
    day: Mapped[date]
    half_day: Mapped[HalfDay | None] = mapped_column(choice(HalfDay))
    starts_time: Mapped[time | None]
    ends_time: Mapped[time | None]
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Derived; `None` where the hour is not known."""
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    room: Mapped[str | None]
    capacity: Mapped[int | None]
    position: Mapped[int]
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """It stays in the programme, struck out; nobody attends it any more."""

    event: Mapped[Event] = relationship(back_populates="sessions", lazy="raise")


class Question(Base):
    """A question of the event's own in its registration form."""

    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("event_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    key: Mapped[str]
    kind: Mapped[QuestionKind] = mapped_column(choice(QuestionKind))
    label: Mapped[Translated] = mapped_column(Record(Translated))
    required: Mapped[bool] = mapped_column(default=False)
    options: Mapped[tuple[Translated, ...]] = mapped_column(
        Record(tuple[Translated, ...]), default=()
    )
    """For a choice; the French text is what is stored as the answer."""
    condition: Mapped[Condition | None] = mapped_column(Record(Condition))
    """`None`: everyone is asked."""
    is_asked: Mapped[bool] = mapped_column(default=True)
    """If not, what people answered stays in exports until it is purged."""
    position: Mapped[int]

    event: Mapped[Event] = relationship(back_populates="questions", lazy="raise")


class Document(Base):
    """A document of an event, with its version; the bytes lie in the data folder."""

    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("event_id", "title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    title: Mapped[str]
    file: Mapped[str]
    """The name it was loaded under, and is offered under."""
    version: Mapped[str]
    sha256: Mapped[str]
    """Digest of the bytes, and their name in the data folder."""
    bytes: Mapped[int]
    position: Mapped[int]

    event: Mapped[Event] = relationship(back_populates="documents", lazy="raise")


class FormerDocument(Base):
    """A version of a document that another has taken the place of; organisers keep it."""

    __tablename__ = "former_documents"

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), index=True
    )
    file: Mapped[str]
    version: Mapped[str]
    sha256: Mapped[str]
    bytes: Mapped[int]
