"""What organisers take out of the service: choices of columns that they keep, papers they order."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webinars.database import Base, Record, UtcDateTime, choice
from webinars.models.enums import Language


class Paper(StrEnum):
    """What can be printed of an event."""

    SIGN_IN = "sign-in"
    """A line to sign for each person expected."""
    BADGES = "badges"
    PARTICIPANTS = "participants"
    DELEGATIONS = "delegations"
    """The participants by country and organisation."""
    SHAREABLE = "shareable"
    """What participants may be given, of those who agreed."""
    ROUND_TABLE = "round-table"
    """Who sits at the table for which organisation, with room for notes."""
    ROUND_TABLE_DRAFT = "round-table-draft"
    """The same as a document to be edited."""
    MINUTES = "minutes"
    """The draft of the record of decisions, to be edited."""
    PROGRAMMES = "programmes"
    """Each person's own."""
    PROGRAMME = "programme"
    """The whole one, of nobody in particular."""
    CERTIFICATES = "certificates"
    """That someone took part."""
    STATISTICS = "statistics"


class SheetFor(StrEnum):
    """What each sign-in sheet is for."""

    HALF_DAY = "half-day"
    DAY = "day"
    SESSION = "session"


class JobState(StrEnum):
    """How far a paper that takes a while has come."""

    WAITING = "waiting"
    PRINTING = "printing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class PaperOrder:
    """A paper as it was asked for."""

    paper: Paper
    language: Language
    words: dict[str, str] = field(default_factory=dict)
    """What the people on it are limited to, as in a page's address."""
    sheet_for: SheetFor = SheetFor.HALF_DAY
    session: str = ""
    """A session's code: only its sheet; empty: all of them."""
    blank_lines: int = 10
    """For those who come without having registered."""
    per_page: int = 4
    """How many badges: 4 or 8."""
    hides_few: bool = True
    """Whether numbers below five are left out of statistics."""
    registration_id: int | None = None
    """The one person it is about; `None`: all who are meant."""


class ExportTemplate(Base):
    """A choice of columns, in order, that the organisers of an event keep under a name."""

    __tablename__ = "export_templates"
    __table_args__ = (UniqueConstraint("event_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    name: Mapped[str]
    columns: Mapped[tuple[str, ...]] = mapped_column(Record(tuple[str, ...]))
    """Their keys; one that the event no longer has is overlooked."""
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    saved_by: Mapped[str]
    """The organiser's address."""


class PaperJob(Base):
    """A large paper that was ordered. The row is the queue; brokers only carry hints."""

    __tablename__ = "paper_jobs"
    __table_args__ = (Index("ix_paper_jobs_state", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), index=True)
    organiser_id: Mapped[int] = mapped_column(
        ForeignKey("organisers.id", ondelete="CASCADE"), index=True
    )
    """Who ordered it, and alone may take it away."""
    order: Mapped[PaperOrder] = mapped_column(Record(PaperOrder))
    people: Mapped[int]
    """How many would stand on it when it was ordered."""
    state: Mapped[JobState] = mapped_column(choice(JobState))
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_epoch: Mapped[int] = mapped_column(default=0)
    """Raised by every claim: whoever lost the lease cannot record over the successor."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was done, or given up."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """From then on the row and the paper are removed."""


class ListReminder(Base):
    """That an organiser wants to be told on certain days that the list of an event is ready."""

    __tablename__ = "list_reminders"
    __table_args__ = (UniqueConstraint("event_id", "organiser_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    organiser_id: Mapped[int] = mapped_column(
        ForeignKey("organisers.id", ondelete="CASCADE"), index=True
    )
    weekdays: Mapped[tuple[int, ...]] = mapped_column(Record(tuple[int, ...]))
    """0: Monday."""
    hour: Mapped[int]
    """Local to the event."""
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    """Derived; when the next mail is due."""
    since_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """From when on registrations are new to her."""


class PaperFile(Base):
    """A paper that was printed, until it is removed."""

    __tablename__ = "paper_files"

    job_id: Mapped[int] = mapped_column(
        ForeignKey("paper_jobs.id", ondelete="CASCADE"), primary_key=True
    )
    content: Mapped[bytes]
