"""The values that an event is made of besides its columns: frozen, kept as JSON."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from pydantic import BeforeValidator

from webinars.models.enums import HalfDay, Language, Mode, OrganizationKind, Side, SpeakerRole


@dataclass(frozen=True)
class Translated:
    """A text in French and perhaps in the other languages."""

    fr: str
    ar: str | None = None
    en: str | None = None

    def into(self, language: Language) -> str:
        """Return the text in that language, or in French when it was not translated."""
        return {Language.ARABIC: self.ar, Language.ENGLISH: self.en}.get(language) or self.fr

    def language_shown(self, language: Language) -> Language:
        """Return the language that `into` answers in, for the `lang` attribute of a page."""
        known = {Language.ARABIC: self.ar, Language.ENGLISH: self.en}
        return language if known.get(language) else Language.FRENCH


@dataclass(frozen=True)
class Venue:
    """Where people go; the country is an ISO 3166-1 alpha-2 code."""

    name: str
    city: str = ""
    country: str = ""


@dataclass(frozen=True)
class Priority:
    """Who goes first. All conditions hold together; an empty list is no condition."""

    countries: tuple[str, ...] = ()
    kinds: tuple[OrganizationKind, ...] = ()
    until: datetime | None = None
    """Local wall time in the event's zone; `None`: until registrations close."""


@dataclass(frozen=True)
class ContactPoint:
    """A person or an office that answers questions about the event."""

    name: str
    institution: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Signatory:
    """Who signs the invitation; titles are free text, for no rule derives them."""

    name: str
    title: str = ""
    institution: str = ""


@dataclass(frozen=True)
class Speaker:
    """Who speaks in a session, or leads it."""

    name: str
    title: str = ""
    organization: str = ""
    role: SpeakerRole = SpeakerRole.SPEAKER


@dataclass(frozen=True)
class Condition:
    """That a question is asked only of who gave one of these answers to another."""

    key: str
    values: tuple[str, ...] = ("1",)
    """As answers are kept: `1` for a box that is ticked, the French text of an option."""


@dataclass(frozen=True)
class Validation:
    """That a side has validated the programme: who did it, for which institution, and when."""

    side: Side
    author: str
    """The organiser's address."""
    institution: str
    """Its acronym then."""
    at: datetime


@dataclass(frozen=True)
class Notice:
    """What the information notice says (GDPR art. 13, Moroccan law 09-08)."""

    controllers: tuple[str, ...] = ()
    """Acronyms of institutions of the event."""
    purposes: Translated | None = None
    retention_months: int = 12
    rights_contact: str = ""
    cndp_number: str = ""


def _read_moment(value: object) -> object:
    """Tell a date from a date with an hour, be it midnight, as JSON has them."""
    if not isinstance(value, str):
        return value
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)


Moment = Annotated[datetime | date, BeforeValidator(_read_moment)]
"""A local date and hour; a date where no hour is known."""


@dataclass(frozen=True)
class FormerDates:
    """When the event was to take place before it moved."""

    starts: Moment
    ends: Moment


@dataclass(frozen=True)
class ShownSession:
    """A session as people were shown it; times are local to the event."""

    code: str
    title: Translated
    day: date
    half_day: HalfDay | None
    starts: datetime | None
    ends: datetime | None
    slot: str | None
    room: str | None
    is_cancelled: bool
    is_chosen: bool = False
    """Whether it is for those alone who choose it."""


@dataclass(frozen=True)
class Shown:
    """What people were shown of an event at one of its revisions, and may have planned by."""

    title: Translated
    timezone: str
    starts: Moment
    ends: Moment
    starts_at: datetime
    ends_at: datetime
    mode: Mode
    venue: Venue | None
    sessions: tuple[ShownSession, ...]
    is_postponed: bool
    is_cancelled: bool
