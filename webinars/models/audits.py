"""The table of what organisers saw, exported and changed, for whoever answers for it."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webinars.database import Base, Record, UtcDateTime, choice
from webinars.models.roles import AuditKind


class AuditRecord(Base):
    """That someone saw, exported or changed something. Kept as long as the mail log."""

    __tablename__ = "audit_records"
    __table_args__ = (
        Index("ix_audit_records_event", "event_id", "id"),
        Index("ix_audit_records_institution", "institution_id", "id"),
        # Who looks at the same page all day long has seen it once.
        Index(
            "uq_audit_records_seen",
            "author",
            "deed",
            "event_key",
            "subject",
            "seen_on",
            unique=True,
            sqlite_where=text("seen_on IS NOT NULL"),
            postgresql_where=text("seen_on IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    kind: Mapped[AuditKind] = mapped_column(choice(AuditKind))
    author: Mapped[str]
    """The organiser's address, or `command line`."""
    organiser_id: Mapped[int | None] = mapped_column(
        ForeignKey("organisers.id", ondelete="SET NULL"), index=True
    )
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    event_key: Mapped[int] = mapped_column(default=0)
    """The event's number, 0 for none: in an index nothing equals `NULL`."""
    institution_id: Mapped[int | None] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE")
    )
    deed: Mapped[str]
    """The page's name: `registrations.decline`."""
    subject: Mapped[str] = mapped_column(default="")
    """What it was done to, by number: `registration_id=81`; never a name."""
    details: Mapped[dict[str, str]] = mapped_column(Record(dict[str, str]), default=dict)
    """What else there is to know: a filter, a role, a number of rows."""
    seen_on: Mapped[date | None]
    """The day (UTC) on which something was seen; `None`: it was exported or changed."""
