"""What papers say, as their templates read it: texts only, in the order in which they stand."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Head:
    """What every paper says of itself and of its event."""

    title: str
    event: str
    when: str
    place: str
    provisional: str
    """That the programme has still to be validated; empty: it has been."""
    made: str
    page: str
    """With `%(number)s` and `%(count)s`, which only the page knows."""


@dataclass(frozen=True)
class Content:
    """What every template is given."""

    language: str
    head: Head


@dataclass(frozen=True)
class Sheet:
    """A sign-in sheet."""

    what: str
    when: str
    rows: tuple[tuple[str, ...], ...]
    count: str


@dataclass(frozen=True)
class SignIn(Content):
    columns: tuple[str, ...]
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True)
class Badge:
    """A badge; the code is a picture in SVG."""

    first: str
    last: str
    title: str
    organisation: str
    country: str
    category: str
    colour: str
    represents: str
    code: str


@dataclass(frozen=True)
class Badges(Content):
    per_page: int
    code_alt: str
    badges: tuple[Badge, ...]


@dataclass(frozen=True)
class Group:
    """People who stand together in a list; without a name where there is only one group."""

    name: str
    count: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class People(Content):
    count: str
    columns: tuple[str, ...]
    widths: tuple[float, ...]
    """Shares of the page's width."""
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Answer:
    """What an organisation's people answered to a question of the event."""

    question: str
    said: str


@dataclass(frozen=True)
class Organisation:
    """Who sits at the table for an organisation."""

    name: str
    what: str
    people: tuple[str, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class RoundTable(Content):
    count: str
    notes: str
    organisations: tuple[Organisation, ...]


@dataclass(frozen=True)
class Side:
    """The organisations of a country."""

    name: str
    organisations: tuple[Organisation, ...]


@dataclass(frozen=True)
class Questions:
    """What people of one kind of organisation asked the speakers."""

    name: str
    asked: tuple[str, ...]


@dataclass(frozen=True)
class Minutes(Content):
    """The draft of the record of decisions, with its own headings."""

    count: str
    chaired: str
    participants: str
    agenda: str
    decisions: str
    to_ask: str
    sides: tuple[Side, ...]
    days: tuple["OwnDay", ...]
    questions: tuple[Questions, ...]


@dataclass(frozen=True)
class Part:
    """A table of statistics."""

    name: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Statistics(Content):
    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    note: str


@dataclass(frozen=True)
class Signer:
    """Who signs a certificate."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Certified:
    """The sentence that says who took part."""

    says: str


@dataclass(frozen=True)
class Certificates(Content):
    institutions: tuple[str, ...]
    closing: str
    signatories: tuple[Signer, ...]
    people: tuple[Certified, ...]


@dataclass(frozen=True)
class Sitting:
    """A session of someone's own programme."""

    when: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class OwnDay:
    """A day of someone's own programme."""

    name: str
    sittings: tuple[Sitting, ...]


@dataclass(frozen=True)
class Own:
    """Someone's own programme."""

    name: str
    what: str
    days: tuple[OwnDay, ...]


@dataclass(frozen=True)
class Programmes(Content):
    people: tuple[Own, ...]
