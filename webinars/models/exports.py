"""Tables of what organisers take out of the service: choices of columns that they keep."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webinars.database import Base, Record, UtcDateTime


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
