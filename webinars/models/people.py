"""Tables of institutions, the organisers who sign in for them, and the contacts they write to."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webinars.database import Base, UtcDateTime, choice
from webinars.models.enums import Language


class Institution(Base):
    """An organiser or partner of events. One acronym may stand on both shores."""

    __tablename__ = "institutions"
    __table_args__ = (UniqueConstraint("acronym", "country"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    acronym: Mapped[str]
    name: Mapped[str]
    """Its name today; an event keeps the one it had then."""
    country: Mapped[str]
    """ISO 3166-1 alpha-2."""


class Organiser(Base):
    """A person who signs in to run events for an institution."""

    __tablename__ = "organisers"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    """Argon2id, as argon2-cffi writes it."""
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"))
    """`None`: runs the service and sees every event."""
    sign_in_generation: Mapped[int] = mapped_column(default=0)
    """Raised by a change of password, which ends every sign-in."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    institution: Mapped[Institution | None] = relationship(lazy="raise")


class SignInThrottle(Base):
    """Failed sign-ins of one address, known or not, so that guessing slows down alike."""

    __tablename__ = "sign_in_throttles"

    email_key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_failed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Contact(Base):
    """A person: address and folded name together, for one mailbox may stand for several people."""

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("email_key", "name_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str]
    """The address in lower case: see `contacts.address_key`."""
    name_key: Mapped[str]
    """Last and first name without case, accents and doubled spaces: see `contacts.name_key`."""
    last_name: Mapped[str]
    first_name: Mapped[str]
    language: Mapped[Language] = mapped_column(choice(Language))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
