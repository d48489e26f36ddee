"""The table of messages: texts that organisers write to the people of an event."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webinars.database import Base, Record, UtcDateTime
from webinars.models.values import Translated


class Message(Base):
    """A text of an organiser's own, and whom it is for; when it leaves is its mailing.

    It may be changed until its mailing starts, and never from then on.
    """

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), index=True)
    subject: Mapped[Translated] = mapped_column(Record(Translated))
    body: Mapped[Translated] = mapped_column(Record(Translated))
    """As `webinars.prose` reads it."""
    audience: Mapped[dict[str, str]] = mapped_column(Record(dict[str, str]))
    """Whom it is for, in the words of a list's filter: see `webinars.filtering`."""
    is_formal: Mapped[bool] = mapped_column(default=True)
    """Whether it opens with the form of address, and closes with it."""
    with_calendar: Mapped[bool] = mapped_column(default=False)
    """Whether the calendar entry goes with it, to who has a place."""
    with_copies: Mapped[bool] = mapped_column(default=False)
    """Whether assistants receive it too."""
    version: Mapped[int] = mapped_column(default=0)
    """Raised by every edit: whoever saves over another one's sees the difference first."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_by: Mapped[str]
    """The organiser's address, or `command line`."""
