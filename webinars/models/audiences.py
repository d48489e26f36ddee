"""The table of audiences: lists of participants that organisers gave a name."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webinars.database import Base, Record, UtcDateTime


class Audience(Base):
    """A filter of an event's registrations under a name; who is in it is asked each time."""

    __tablename__ = "audiences"
    __table_args__ = (UniqueConstraint("event_id", "name_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    name: Mapped[str]
    name_key: Mapped[str]
    """Folded: two names that read alike are one."""
    words: Mapped[dict[str, str]] = mapped_column(Record(dict[str, str]))
    """The filter, as the address of the list says it: see `webinars.filtering`."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str]
    """The organiser's address."""
