"""Tables of institutions, the organisers who sign in for them, and the contacts they write to."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webinars.database import Base, UtcDateTime, choice
from webinars.models.enums import Language
from webinars.models.roles import AccountPurpose, OrganiserRole, SignInMethod


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
    name: Mapped[str] = mapped_column(default="")
    """As colleagues write it; empty: the address stands for it."""
    password_hash: Mapped[str | None]
    """Argon2id, as argon2-cffi writes it; `None`: only links sent by mail let in."""
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"))
    runs_service: Mapped[bool] = mapped_column(default=False)
    """Whether every institution and every event is open to her."""
    totp_secret: Mapped[str | None]
    """Of the second factor, sealed with the service's key; `None`: there is none."""
    totp_step: Mapped[int] = mapped_column(default=0)
    """The last step of 30 s whose code let her in: none lets in twice (RFC 6238, 5.2)."""
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """From then on nothing lets her in; what she did stays under her name."""
    sign_in_generation: Mapped[int] = mapped_column(default=0)
    """Raised by a change of password, which ends every sign-in."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    institution: Mapped[Institution | None] = relationship(lazy="raise")
    grants: Mapped[list["Grant"]] = relationship(
        back_populates="organiser",
        lazy="raise",
        order_by="Grant.id",
        cascade="all, delete-orphan",
        foreign_keys="Grant.organiser_id",
    )


class Grant(Base):
    """A role that an organiser holds at one event, or at every event of her institution."""

    __tablename__ = "grants"
    __table_args__ = (
        UniqueConstraint("organiser_id", "event_id", "role"),
        Index(
            "uq_grants_everywhere",
            "organiser_id",
            "role",
            unique=True,
            sqlite_where=text("event_id IS NULL"),
            postgresql_where=text("event_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = mapped_column(
        ForeignKey("events.id", ondelete="CASCADE"), index=True
    )
    """`None`: wherever her institution takes part, and in the institution itself."""
    role: Mapped[OrganiserRole] = mapped_column(choice(OrganiserRole))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    granted_by: Mapped[str]
    """The address of who gave it, or `command line`."""

    organiser: Mapped[Organiser] = relationship(
        back_populates="grants", lazy="raise", foreign_keys=organiser_id
    )


class SignIn(Base):
    """One browser in which an organiser is signed in, or was."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    organiser_id: Mapped[int] = mapped_column(
        ForeignKey("organisers.id", ondelete="CASCADE"), index=True
    )
    key: Mapped[str] = mapped_column(unique=True)
    """32 hexadecimal digits, drawn at random: what the cookie names it by."""
    method: Mapped[SignInMethod] = mapped_column(choice(SignInMethod))
    device: Mapped[str]
    """What the browser said it was, in a few words; for its owner to recognise it by."""
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When a page was last asked for, to some minutes."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """`None`: it lasts until it has been idle or has lasted for too long."""


class AccountLink(Base):
    """A link in a mail that lets an organiser do one thing, once, for a while."""

    __tablename__ = "account_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    organiser_id: Mapped[int] = mapped_column(
        ForeignKey("organisers.id", ondelete="CASCADE"), index=True
    )
    public_id: Mapped[str] = mapped_column(unique=True)
    """16 hexadecimal digits, drawn at random: what its token names it by."""
    purpose: Mapped[AccountPurpose] = mapped_column(choice(AccountPurpose))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """A code on paper that replaces the telephone with the second factor, once."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    organiser_id: Mapped[int] = mapped_column(
        ForeignKey("organisers.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[str]
    """Of the code, keyed with the service's secret: it is readable nowhere."""
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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
