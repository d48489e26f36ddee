"""What a change is ordered by, and what comes of it, as commands and pages show it."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import NamedTuple

from webinars.models import ChangeKind, HalfDay, Language, MailName, ReconfirmRule, Session


@dataclass(frozen=True)
class Order:
    """Who orders a change, and how people are told of it."""

    author: str
    """The organiser's address, `command line`, `zone data`."""
    now: datetime
    reason: str = ""
    """What people are told of why; empty: nothing."""
    tells_at: datetime | None = None
    """When the mails leave: until then another change makes one mail of the two. `None`: at
    once."""


@dataclass(frozen=True)
class Reconfirm:
    """That people are asked whether they maintain: by when, and what becomes of the silent."""

    by: datetime | None = None
    """Local to the event; `None`: without a deadline."""
    rule: ReconfirmRule = ReconfirmRule.KEEP


@dataclass(frozen=True)
class Sitting:
    """When and where a session is held, in local time."""

    day: date
    starts: time | None = None
    """`None` where the hour is not known."""
    ends: time | None = None
    half_day: HalfDay | None = None
    room: str | None = None

    @classmethod
    def of(cls, session: Session) -> "Sitting":
        """Return when and where a session is held now."""
        return cls(
            session.day, session.starts_time, session.ends_time, session.half_day, session.room
        )


@dataclass(frozen=True)
class Dates:
    """Where an event is moved to, in local time; what is not said here moves by the same
    difference."""

    starts: datetime | date
    """A date where the hour is not known yet."""
    ends: datetime | date
    timezone: str | None = None
    """`None`: as it is."""
    opens: datetime | None = None
    closes: datetime | None = None
    changes_close: datetime | None = None
    sessions: dict[str, Sitting] = field(default_factory=dict)
    """By code."""


class NotTold(StrEnum):
    """Why a person is not told of a change."""

    DRAFT = "draft"
    """Nobody can see the event."""
    UNCONCERNED = "unconcerned"
    """Nothing changes for her."""
    UNREAD = "unread"
    """Her confirmation has not left yet: it will say what is true now."""
    UNDONE = "undone"
    """She was not told of the change before either, and the two undo each other."""
    SUPPRESSED = "suppressed"
    """Her address is not written to."""
    OVER = "over"
    """The event is over."""


class Concerned(NamedTuple):
    """A person registered, and what a change does to her."""

    registration_id: int
    name: str
    email: str
    language: Language
    template: MailName | None
    """The mail that tells her; `None`: she is not told."""
    why_not: NotTold | None
    has_copy: bool
    """Whether her assistant is told too."""
    days: int
    """How many more mails correct the further days in her calendar."""
    is_asked: bool
    """Whether she is asked whether she maintains."""


class Told(NamedTuple):
    """How many are told by one mail."""

    people: int
    copies: int


@dataclass(frozen=True)
class Outlook:
    """Who gets what by a change, exactly."""

    kind: ChangeKind
    change_id: int | None
    """`None`: nothing to remember, for nobody could see the event."""
    revision: int
    tells_at: datetime
    mails: dict[MailName, Told]
    not_told: dict[NotTold, int]
    days: int
    """How many further mails correct one day each in calendars of several days."""
    asked: int
    """How many are asked whether they maintain."""
    dropped: int
    """How many mails that were waiting are given up, because they say what is no longer true."""
    people: tuple[Concerned, ...]

    @property
    def told(self) -> int:
        """Return how many people are told."""
        return sum(told.people for told in self.mails.values())

    @property
    def total(self) -> int:
        """Return how many mails leave, copies and further days included."""
        return self.days + sum(one.people + one.copies for one in self.mails.values())
