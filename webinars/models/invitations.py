"""The table of invitations: that a contact was asked to an event, and what she answered."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webinars.database import Base, UtcDateTime, choice
from webinars.models.contacts import ContactCard
from webinars.models.enums import Civility, Language
from webinars.models.events import Event
from webinars.models.people import Institution


class InvitationState(StrEnum):
    """Where an invitation stands."""

    OPEN = "open"
    """Not answered yet."""
    ACCEPTED = "accepted"
    """The person has registered."""
    DECLINED = "declined"


class Invitation(Base):
    """That a contact is asked to an event: one for a person, whoever has her in their lists.

    What the mail says of the person is kept as it was when she was asked.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        UniqueConstraint("event_id", "email_key", "name_key"),
        Index("ix_invitations_event_state", "event_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    """`None` once erased."""
    card_id: Mapped[int | None] = mapped_column(
        ForeignKey("contact_cards.id", ondelete="SET NULL"), index=True
    )
    """What the form is filled in from."""
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), index=True)
    """Whose contact she is, and who asked her first."""
    registration_id: Mapped[int | None] = mapped_column(
        ForeignKey("registrations.id", ondelete="SET NULL"), index=True
    )
    """How she accepted."""
    public_id: Mapped[str] = mapped_column(unique=True)
    """16 hexadecimal digits, drawn at random: what its token names it by."""
    link_generation: Mapped[int] = mapped_column(default=0)
    """Raised to make every link given out so far worthless."""
    state: Mapped[InvitationState] = mapped_column(choice(InvitationState))
    civility: Mapped[Civility] = mapped_column(choice(Civility))
    last_name: Mapped[str]
    first_name: Mapped[str]
    email: Mapped[str]
    email_key: Mapped[str]
    name_key: Mapped[str]
    organization: Mapped[str]
    salutation: Mapped[str]
    """Her own form of address; empty: that of her civility."""
    language: Mapped[Language] = mapped_column(choice(Language))
    invited_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When it leaves, or left."""
    invited_by: Mapped[str]
    """The organiser's address."""
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminders: Mapped[int] = mapped_column(default=0)
    decline_reason: Mapped[str] = mapped_column(default="")

    event: Mapped[Event] = relationship(lazy="raise")
    institution: Mapped[Institution] = relationship(lazy="raise")
    card: Mapped[ContactCard | None] = relationship(lazy="raise")
    backers: Mapped[list["InvitationBacker"]] = relationship(
        lazy="raise", cascade="all, delete-orphan"
    )


class InvitationBacker(Base):
    """An institution that asked a person too: she had an invitation already, and got no second."""

    __tablename__ = "invitation_backers"
    __table_args__ = (UniqueConstraint("invitation_id", "institution_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), index=True)
    backed_at: Mapped[datetime] = mapped_column(UtcDateTime)
