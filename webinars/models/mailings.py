"""Tables of what is written to people: mailings, and deliveries, whose rows are the queue."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webinars.database import Base, UtcDateTime, choice
from webinars.models.enums import (
    DeliveryState,
    Failure,
    Lane,
    Language,
    MailingState,
    MailName,
    SuppressionReason,
    Wait,
)
from webinars.models.events import Event
from webinars.models.messages import Message
from webinars.models.registrations import Registration

IS_UNTAKEN = "state NOT IN ('pending', 'sending', 'accepted', 'delivered')"
"""Of a delivery that is over and was taken by no relay, or came back."""


class Mailing(Base):
    """One text, to one audience of one event, at one due time.

    `confirmation` and `waiting-list` are mailings too: due at once, for each person by herself.
    """

    __tablename__ = "mailings"
    __table_args__ = (
        Index("ix_mailings_state_due", "state", "due_at"),
        # Of an event's rules each is there once; so is the mailing of a message.
        Index(
            "uq_mailings_rule",
            "event_id",
            "template",
            "rule",
            unique=True,
            sqlite_where=text("message_id IS NULL"),
            postgresql_where=text("message_id IS NULL"),
        ),
        UniqueConstraint("message_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    template: Mapped[MailName] = mapped_column(choice(MailName))
    rule: Mapped[str]
    """When it is due, as the event file says it: `day 08:00`, `end+1h`; `at once`."""
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """`None`: at once, whenever a person comes to it."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """From then on it is no longer sent."""
    state: Mapped[MailingState] = mapped_column(choice(MailingState))
    reason: Mapped[str | None]
    """Why it is held, paused or cancelled: a word such as `room-missing`."""
    cursor: Mapped[int] = mapped_column(default=0)
    """The last registration that its audience was expanded to."""
    event_revision: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    """The text that an organiser wrote; `None`: the service's own."""

    event: Mapped[Event] = relationship(lazy="raise")
    # Read when it is asked for, unlike all others: few mailings have one, and the rows of mailings
    # are locked in many places, where nothing can be read along with them.
    message: Mapped[Message | None] = relationship(lazy="select")


class Delivery(Base):
    """One mail to one person. The row is the queue; brokers only carry hints that it is there."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_waiting",
            "lane",
            "not_before",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_deliveries_leased",
            "lease_until",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index("ix_deliveries_mailing_state", "mailing_id", "state"),
        Index("ix_deliveries_event", "event_id", "id"),
        Index(
            "ix_deliveries_by_form",
            "email_key",
            "due_at",
            sqlite_where=text("by_form"),
            postgresql_where=text("by_form"),
        ),
        # Small, for nearly all are taken once: so that the others are counted at once.
        Index(
            "ix_deliveries_untaken",
            "lane",
            "state",
            "failure",
            sqlite_where=text(IS_UNTAKEN),
            postgresql_where=text(IS_UNTAKEN),
        ),
        Index(
            "ix_deliveries_maybe_twice",
            "lane",
            sqlite_where=text("maybe_twice"),
            postgresql_where=text("maybe_twice"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    intent: Mapped[str] = mapped_column(unique=True)
    """What it is for, once: `confirmation:r81:g0`. Whatever runs twice adds no second row."""
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id"))
    """`None`: to an organiser about her own account."""
    mailing_id: Mapped[int | None] = mapped_column(ForeignKey("mailings.id", ondelete="SET NULL"))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id"), index=True)
    """`None`: to an organiser, or to who is only invited."""
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitations.id"), index=True)
    """The invitation that it carries, or reminds of."""
    template: Mapped[MailName] = mapped_column(choice(MailName))
    is_copy: Mapped[bool] = mapped_column(default=False)
    """Whether it goes to the assistant, headed as a copy."""
    by_form: Mapped[bool] = mapped_column(default=False)
    """Whether a stranger's form caused it: those are limited for each address."""
    ordinal: Mapped[int | None]
    """Which day of the event, from 1, its calendar entry is for; `None`: it is about none."""
    email: Mapped[str]
    email_key: Mapped[str]
    language: Mapped[Language] = mapped_column(choice(Language))
    lane: Mapped[Lane] = mapped_column(choice(Lane))
    calendar_sequence: Mapped[int] = mapped_column(default=0)
    """Of the calendar entry, as it was when the row was written."""
    change_id: Mapped[int | None] = mapped_column(ForeignKey("changes.id"), index=True)
    """The change that it tells of."""
    since_revision: Mapped[int | None]
    """The revision that the person knew: what it says is new since then."""

    state: Mapped[DeliveryState] = mapped_column(choice(DeliveryState))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Also the message's date, so that a resend is the same message."""
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    """The next attempt: `due_at`, or later after a refusal or for the sake of the limit."""
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_epoch: Mapped[int] = mapped_column(default=0)
    """Raised by every claim: a worker that lost its lease cannot record over its successor."""
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reply: Mapped[str | None]
    """The relay's last word, or why it was not sent."""
    relay: Mapped[str | None]
    """The relay that took it, or refused it last."""
    failure: Mapped[Failure | None] = mapped_column(choice(Failure))
    """What the last refusal or bounce was about."""
    waits_for: Mapped[Wait | None] = mapped_column(choice(Wait))
    """Why it waits although it is due; `None`: nothing but a worker."""
    losses: Mapped[int] = mapped_column(default=0)
    """How many workers died with it in hand: one that kills its worker is not tried for ever."""
    maybe_twice: Mapped[bool] = mapped_column(default=False)
    """Whether a worker died between sending and the relay's answer, so that it was sent again."""

    registration: Mapped[Registration | None] = relationship(lazy="raise")
    mailing: Mapped[Mailing | None] = relationship(lazy="raise")
    event: Mapped[Event | None] = relationship(lazy="raise")


class Frozen(Base):
    """The bytes of a message of which nobody can tell whether it left: it is sent again as it was.

    Kept only for as long as that may still happen: as many rows as connections were open.
    """

    __tablename__ = "frozen"

    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True
    )
    content: Mapped[bytes]


class RelayBreaker(Base):
    """A relay that took nothing from anyone: nobody asks it again before it is time.

    A relay without a row has never failed.
    """

    __tablename__ = "relay_breakers"

    relay: Mapped[str] = mapped_column(primary_key=True)
    """Its name: scheme, host and port, never a password."""
    failures: Mapped[int]
    """In a row, since it last took a message."""
    open_until: Mapped[datetime] = mapped_column(UtcDateTime)
    """Until then nothing is tried; from then on one connection after another may."""
    said: Mapped[str]
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Rate(Base):
    """How much may be sent to one relay or to one recipient domain: a bucket of tokens.

    Shared by every worker on every machine: one atomic statement takes from it.
    """

    __tablename__ = "rates"

    key: Mapped[str] = mapped_column(primary_key=True)
    """`relay:…` or `domain:…`."""
    per_minute: Mapped[float]
    tokens: Mapped[float]
    refilled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    slowed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was last told that it was too fast; `None`: it is only what the settings say."""


class Suppression(Base):
    """An address that is not written to, and why."""

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("email_key", "scope", "reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email_key: Mapped[str]
    scope: Mapped[str]
    """`all`, or `event:17`: the mails of one event."""
    reason: Mapped[SuppressionReason] = mapped_column(choice(SuppressionReason))
    reply: Mapped[str | None]
    """What the other side said."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Of what was learnt: the last report; of what was asked: the first time."""
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """`None`: until the person says otherwise."""


class Bounce(Base):
    """A report that a mail did not arrive, or was not wanted; the same report twice is one row."""

    __tablename__ = "bounces"
    __table_args__ = (Index("ix_bounces_email_reported", "email_key", "reported_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    """Of what was reported on which delivery: whatever is read twice adds no second row."""
    delivery_id: Mapped[int | None] = mapped_column(
        ForeignKey("deliveries.id", ondelete="SET NULL"), index=True
    )
    email_key: Mapped[str]
    failure: Mapped[Failure] = mapped_column(choice(Failure))
    is_final: Mapped[bool]
    """Whether the other side has given up; false: a delay, or a full mailbox."""
    said: Mapped[str]
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Upkeep(Base):
    """When a nightly task was last done, so that two timers do it once."""

    __tablename__ = "upkeep"

    name: Mapped[str] = mapped_column(primary_key=True)
    done_on: Mapped[date]
