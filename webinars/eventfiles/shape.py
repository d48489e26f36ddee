"""What an event file may say: its keys, and what each of them takes.

Each key is checked by itself here; what keys must agree on with each other is in `checks`. A value
of these types is also what `webinars.loading` writes into the database and reads back from it.
"""

import difflib
import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from webinars import phrasing, typed, zones
from webinars.errors import UnknownTimeZone, ValueRefused
from webinars.eventfiles import moments
from webinars.eventfiles.moments import Rule
from webinars.models import (
    EventKind,
    EventStatus,
    HalfDay,
    InstitutionRole,
    Language,
    MailName,
    Mode,
    OrganizationKind,
    ProgrammeStatus,
    QuestionKind,
    SessionKind,
    SpeakerRole,
    Translated,
)

TITLE_LIMIT = 500
SLUG_LIMIT = 80
LIST_LIMIT = 200
MOST_PEOPLE = 1_000_000
GATE_OPENS_MINUTES = 15
GATE_CLOSES_MINUTES = 30
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CODE = re.compile(r"[a-z0-9][a-z0-9_-]*")
QUESTION_KEY = re.compile(r"[a-z][a-z0-9_]*")
PLANNED_TEMPLATES = (
    MailName.REMINDER,
    MailName.PRACTICAL_INFORMATION,
    MailName.CONNECTION_LINK,
    MailName.THANKS,
)
"""The mails that have a due time; all others leave when something happens."""


def _read(function: Callable[[str], Any]) -> PlainValidator:
    """Return a validator that hands a text to a function; what it refuses is a custom error.

    A file holds texts only: what is a value already comes from the database, and was checked.
    """

    def validate(value: object) -> Any:
        if isinstance(value, bool | date | Rule):
            return value
        if not isinstance(value, str):
            raise PydanticCustomError("text-expected", "a text")
        try:
            return function(value)
        except ValueRefused as error:
            raise PydanticCustomError(error.reason, "refused", error.values) from error

    return PlainValidator(validate)


def _line(limit: int) -> PlainValidator:
    return _read(lambda text: typed.clean_line(text, limit))


def _matching(pattern: re.Pattern[str], code: str) -> PlainValidator:
    def check(text: str) -> str:
        if len(text) > SLUG_LIMIT or not pattern.fullmatch(text):
            raise ValueRefused(code, nearest=propose_slug(text) or "exemple-2027")
        return text

    return _read(check)


def propose_slug(text: str) -> str:
    """Return what an event of that title may be called in its address; empty: nothing of it can."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", letters.lower()).strip("-")[:SLUG_LIMIT].strip("-")


def _zone(text: str) -> str:
    try:
        zones.get_zone(text)
    except UnknownTimeZone as error:
        known = sorted(zoneinfo.available_timezones())
        close = difflib.get_close_matches(text, known, 1, 0.5) or ["Europe/Paris"]
        raise ValueRefused("zone", nearest=close[0]) from error
    return text


def _country(text: str) -> str:
    if text not in dict(phrasing.countries(Language.FRENCH)):
        raise ValueRefused("country")
    return text


def _bool(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueRefused("true-false")
    return text == "true"


def _phone(text: str) -> str:
    return typed.check_phone(text, "FR")


def _template(text: str) -> MailName:
    if text in PLANNED_TEMPLATES:
        return MailName(text)
    if text in list(MailName):
        raise ValueRefused("template-by-itself")
    raise ValueRefused("word", known=", ".join(PLANNED_TEMPLATES))


def _question_kind(text: str) -> QuestionKind:
    known = ", ".join(QuestionKind)
    if text not in list(QuestionKind):
        raise ValueRefused("word", known=known)
    return QuestionKind(text)


_WRITTEN = PlainSerializer(moments.write, when_used="json")

Line = Annotated[str, _line(typed.LINE_LIMIT)]
Name = Annotated[str, _line(typed.NAME_LIMIT)]
LongText = Annotated[str, _read(typed.clean_text)]
Slug = Annotated[str, _matching(SLUG, "slug")]
Code = Annotated[str, _matching(CODE, "code")]
QuestionKey = Annotated[str, _matching(QUESTION_KEY, "code")]
Zone = Annotated[str, _read(_zone)]
Country = Annotated[str, _read(_country)]
Email = Annotated[str, _read(typed.check_email)]
Phone = Annotated[str, _read(_phone)]
Url = Annotated[str, _read(typed.check_url)]
Flag = Annotated[bool, _read(_bool)]
Day = Annotated[date, _read(moments.parse_day), _WRITTEN]
Hour = Annotated[datetime, _read(moments.parse_hour), _WRITTEN]
DayOrHour = Annotated[datetime | date, _read(moments.parse_day_or_hour), _WRITTEN]
Due = Annotated[Rule, _read(moments.parse_rule), PlainSerializer(str)]
Count = Annotated[int, Field(ge=1, le=MOST_PEOPLE)]


class Shape(BaseModel):
    """A group of keys: no other keys, and nothing in it changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Shape):
    """A text in French and perhaps in the other languages; one string is French."""

    fr: Annotated[str, _line(TITLE_LIMIT)]
    ar: Annotated[str, _line(TITLE_LIMIT)] | None = None
    en: Annotated[str, _line(TITLE_LIMIT)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _take_string(cls, value: object) -> object:
        if isinstance(value, list):
            raise PydanticCustomError("text-expected", "a text")
        return {"fr": value} if isinstance(value, str) else value

    def translated(self) -> Translated:
        """Return the text as events keep it."""
        return Translated(self.fr, self.ar, self.en)


class Paragraphs(Words):
    """A longer text, which may have several lines."""

    fr: LongText
    ar: LongText | None = None
    en: LongText | None = None


class Venue(Shape):
    name: Line
    city: Line = ""
    country: Country | None = None


class Priority(Shape):
    countries: tuple[Country, ...] = ()
    kinds: tuple[OrganizationKind, ...] = ()
    until: Hour | None = None


class Registration(Shape):
    opens: Hour | None = None
    closes: Hour | None = None
    changes_close: Hour | None = None
    """From then on a person asks an organiser for other answers or sessions."""
    approval: Flag = False
    priority: Priority | None = None


class Institution(Shape):
    name: Line
    acronym: Name
    country: Country
    role: InstitutionRole = InstitutionRole.PARTNER


class Contact(Shape):
    name: Name
    institution: Name = ""
    email: Email | None = None
    phone: Phone = ""


class Signatory(Shape):
    name: Name
    title: Line = ""
    institution: Line = ""


class Notice(Shape):
    controllers: tuple[Name, ...] = ()
    purposes: Paragraphs | None = None
    retention_months: Annotated[int, Field(ge=1, le=120)] = 12
    rights_contact: Line = ""
    cndp_number: Name = ""


class Speaker(Shape):
    name: Name
    title: Line = ""
    organization: Line = ""
    role: SpeakerRole = SpeakerRole.SPEAKER


class Session(Shape):
    code: Code
    kind: SessionKind
    title: Words
    description: Paragraphs | None = None
    speakers: Annotated[tuple[Speaker, ...], Field(max_length=LIST_LIMIT)] | None = None
    """`None`, and not an empty list: what was loaded before there were any says the same."""
    slot: Code | None = None
    day: Day | None = None
    half_day: HalfDay | None = None
    starts: Hour | None = None
    ends: Hour | None = None
    room: Line | None = None
    capacity: Count | None = None

    def get_day(self) -> date | None:
        """Return the day of the session, however it was written."""
        return self.starts.date() if self.starts else self.day


class Programme(Shape):
    status: ProgrammeStatus = ProgrammeStatus.DRAFT
    sessions: Annotated[tuple[Session, ...], Field(max_length=LIST_LIMIT)] = ()


class Document(Shape):
    title: Line
    file: Line
    version: Name = "1"
    sha256: str = ""
    """Of the bytes; found out when the file is read, and no key of an event file."""
    bytes: int = 0


class Connection(Shape):
    provider: Annotated[str, Field(pattern="^url$")] = "url"
    url: Url | None = None
    dial_in: Line | None = None
    opens_before: Annotated[int, Field(ge=0, le=1440)] | None = None
    """Minutes before the start of a day from which the gate lets in."""
    closes_after: Annotated[int, Field(ge=0, le=1440)] | None = None
    """Minutes after the end of a day until which the gate still lets in."""


class PlannedMailing(Shape):
    template: Annotated[MailName, _read(_template), PlainSerializer(str)]
    at: Due


class Condition(Shape):
    """That a question is asked only of who gave one of these answers to another."""

    key: QuestionKey
    values: Annotated[tuple[Line, ...], Field(min_length=1, max_length=LIST_LIMIT)] = ("1",)


class Question(Shape):
    key: QuestionKey
    kind: Annotated[QuestionKind, _read(_question_kind), PlainSerializer(str)]
    label: Words
    required: Flag = False
    options: Annotated[tuple[Words, ...], Field(max_length=LIST_LIMIT)] = ()
    depends_on: Condition | None = None


class EventFile(Shape):
    """An event as a file says it: every key checked, what was left out filled in."""

    slug: Slug
    kind: EventKind
    title: Words
    summary: Paragraphs | None = None
    timezone: Zone
    display_timezones: Annotated[tuple[Zone, ...], Field(max_length=6)] = ()
    starts: DayOrHour
    ends: DayOrHour
    mode: Mode
    venue: Venue | None = None
    status: EventStatus = EventStatus.DRAFT
    capacity: Count | None = None
    registration: Registration = Registration()
    institutions: Annotated[tuple[Institution, ...], Field(max_length=LIST_LIMIT)] = ()
    contacts: Annotated[tuple[Contact, ...], Field(max_length=LIST_LIMIT)] = ()
    signatories: Annotated[tuple[Signatory, ...], Field(max_length=LIST_LIMIT)] = ()
    notice: Notice = Notice()
    programme: Programme = Programme(status=ProgrammeStatus.FINAL)
    """Without any programme there is nothing that is still to be validated."""
    documents: Annotated[tuple[Document, ...], Field(max_length=LIST_LIMIT)] = ()
    connection: Connection | None = None
    mailings: Annotated[tuple[PlannedMailing, ...], Field(max_length=LIST_LIMIT)] | None = None
    questions: Annotated[tuple[Question, ...], Field(max_length=LIST_LIMIT)] = ()

    _attachments: Mapping[str, bytes] = PrivateAttr(default_factory=dict)
    _name: str = PrivateAttr(default="")

    @property
    def attachments(self) -> Mapping[str, bytes]:
        """The bytes of the documents that came with the file, by digest."""
        return self._attachments

    @property
    def name(self) -> str:
        """The name that the file was read under."""
        return self._name

    def bearing(self, name: str, attachments: Mapping[str, bytes]) -> Self:
        """Return the same file with its name and the bytes of its documents."""
        same = self.model_copy()
        same._name, same._attachments = name, attachments
        return same


KEYS = tuple(EventFile.model_fields)
"""The keys of an event file, in the order in which it is written."""


def keys_at(path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that are known in a part of an event file."""
    shape: type[BaseModel] = EventFile
    for step in path:
        if isinstance(step, str):
            found = _find_shape(shape.model_fields[step].annotation)
            if found is None:
                return []
            shape = found
    hidden = {"sha256", "bytes"} if shape is Document else set()
    return [key for key in shape.model_fields if key not in hidden]


def _find_shape(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_find_shape(part) for part in getattr(annotation, "__args__", ()))
    return next((shape for shape in inner if shape), None)
