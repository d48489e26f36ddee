"""The table of what was done to an event after people could see it, by whom, and who is told."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webinars.database import Base, Record, UtcDateTime, choice
from webinars.models.enums import ChangeKind, ReconfirmRule
from webinars.models.events import Event
from webinars.models.values import Shown


class Change(Base):
    """One revision of an event. Whoever was told of it has a delivery that names it."""

    __tablename__ = "changes"
    __table_args__ = (
        UniqueConstraint("event_id", "revision"),
        Index("ix_changes_reconfirm", "reconfirm_by_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    revision: Mapped[int]
    """Of the event, once it was changed."""
    kind: Mapped[ChangeKind] = mapped_column(choice(ChangeKind))
    author: Mapped[str]
    """The organiser's address, `command line`, `zone data`."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str | None]
    """What people are told of why; written by an organiser."""
    before: Mapped[Shown] = mapped_column(Record(Shown))
    """What was shown until then; what was shown afterwards is the next one's, or the event."""
    tells_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the mails leave: until then another change makes one mail of the two. `None`: nobody is
    told."""
    reconfirm_by_local: Mapped[datetime | None]
    reconfirm_by_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Derived; by when people are to say whether they maintain. `None`: they are not asked, or
    without a deadline."""
    reconfirm_rule: Mapped[ReconfirmRule | None] = mapped_column(choice(ReconfirmRule))
    """What becomes of who has not answered by then; `None`: nobody is asked."""
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the rule was applied to those who had not answered."""

    event: Mapped[Event] = relationship(lazy="raise")
