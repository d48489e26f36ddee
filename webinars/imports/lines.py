"""A line of a table as what a person says in the registration form, by the form's own rules.

Pure. Everything that is wrong with a line is found at once.
"""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TypeVar

from webinars import phrasing, programme, questions, typed
from webinars.answers import Answers
from webinars.contacts import fold
from webinars.errors import SessionFull, SessionsClash, UnknownSession, ValueRefused
from webinars.eventfiles import moments
from webinars.models import (
    AttendanceMode,
    Civility,
    Event,
    Language,
    Mode,
    OrganizationKind,
    Question,
    QuestionKind,
    Role,
)

REQUIRED = (
    "last_name",
    "first_name",
    "email",
    "role",
    "job_title",
    "organization",
    "organization_kind",
    "country",
)
OPTIONAL = (
    "civility",
    "phone",
    "on_behalf_of",
    "language",
    "attendance_mode",
    "assistant_email",
    "sessions",
    "question",
    "share_with_participants",
    "accept_invitations",
    "salutation",
)
OWN_QUESTION = "q_"

TICKED = {"1", "true", "vrai", "yes", "oui", "x"}
NOT_TICKED = {"", "0", "false", "faux", "no", "non"}

BETWEEN_CODES = re.compile(r"[\s;,|]+")
IS_SPREADSHEET_ERROR = re.compile(r"#(?:N/?[AD]|[A-Z0/]+[!?])")
"""Such as `#REF!` or `#NOM?`: what a formula left behind that could not be worked out."""
NATIONAL_DIGITS = 9
"""Of a number in France or Morocco, without the 0 that it begins with."""
CALLING_CODES = {"FR": "33", "MA": "212"}

Word = TypeVar("Word", bound=StrEnum)
T = TypeVar("T")


@dataclass(frozen=True)
class Fault:
    """What is wrong in one field: a word such as `too-long`, and the values that go with it.

    Without a field it is the line as a whole.
    """

    field: str
    reason: str
    values: tuple[tuple[str, str], ...] = ()


def list_fields(event: Event) -> list[str]:
    """Return the names that a table's header may hold for an event."""
    own = [f"{OWN_QUESTION}{question.key}" for question in _list_written(event)]
    return [*REQUIRED, *OPTIONAL, *own]


def _list_written(event: Event) -> list[Question]:
    """List the questions that a table can answer: a file is sent by the person alone."""
    return [one for one in questions.list_asked(event) if one.kind is not QuestionKind.FILE]


def list_required(event: Event) -> list[str]:
    """Return the names that a table's header must hold for an event."""
    mode = ["attendance_mode"] if event.mode is Mode.HYBRID else []
    own = [
        f"{OWN_QUESTION}{one.key}"
        for one in _list_written(event)
        if one.required and one.condition is None
    ]
    return [*REQUIRED, *mode, *own]


def parse(row: Mapping[str, str], event: Event) -> Answers | list[Fault]:
    """Return what a line says, or everything that is wrong with it."""
    reader = Reader(row, list_required(event))
    country = reader.read("country", _find_country) or ""
    answers = Answers(
        civility=reader.word("civility", Civility, Civility.NONE),
        last_name=reader.line("last_name", typed.NAME_LIMIT),
        first_name=reader.line("first_name", typed.NAME_LIMIT),
        email=reader.email("email"),
        phone=reader.read("phone", lambda text: check_phone(text, country)) or "",
        role=reader.word("role", Role, Role.OTHER),
        job_title=reader.line("job_title"),
        organization=reader.line("organization"),
        organization_kind=reader.word(
            "organization_kind", OrganizationKind, OrganizationKind.OTHER
        ),
        country=country,
        on_behalf_of=reader.line("on_behalf_of"),
        language=reader.word("language", Language, Language.FRENCH),
        attendance_mode=_read_mode(reader, event),
        assistant_email=reader.email("assistant_email"),
        sessions=reader.read("sessions", lambda text: _check_codes(text, event)) or (),
        question=reader.read("question", typed.clean_text) or "",
        share_with_participants=reader.tick("share_with_participants"),
        accept_invitations=reader.tick("accept_invitations"),
        answers=_read_own(reader, event),
        salutation=reader.line("salutation") or None,
    )
    return reader.faults or answers


def explain_sessions(error: SessionFull | SessionsClash | UnknownSession) -> Fault:
    """Return what is wrong with the sessions that a line chose."""
    if isinstance(error, SessionFull):
        return Fault("sessions", "session-full", (("code", error.code),))
    if isinstance(error, UnknownSession):
        return Fault("sessions", "session-unknown", (("code", error.code),))
    return Fault("sessions", "sessions-clash", (("slot", error.slot),))


class Reader:
    """Reads the fields of one line and collects what is wrong."""

    def __init__(self, row: Mapping[str, str], required: list[str]) -> None:
        self.row = row
        self.faults = [Fault(name, "required") for name in required if not self.text(name)]

    def text(self, name: str) -> str:
        """Return a field as it stands in the table; nothing where there is no such column."""
        return typed.clean_text(self.row.get(name, ""), sys.maxsize)

    def read(self, name: str, check: Callable[[str], T]) -> T | None:
        """Return a field as a check makes of it; `None` where it is empty or wrong."""
        text = self.text(name)
        if not text:
            return None
        try:
            if IS_SPREADSHEET_ERROR.fullmatch(text):
                raise ValueRefused("spreadsheet-error", text=text)
            return check(text)
        except ValueRefused as error:
            values = tuple((key, str(value)) for key, value in error.values.items())
            self.faults.append(Fault(name, error.reason, values))
        except (SessionsClash, UnknownSession) as error:
            self.faults.append(explain_sessions(error))
        return None

    def line(self, name: str, limit: int = typed.LINE_LIMIT) -> str:
        """Return a field of one line."""
        return self.read(name, lambda text: typed.clean_line(text, limit)) or ""

    def email(self, name: str) -> str:
        """Return a field that is an address."""
        return self.read(name, typed.check_email) or ""

    def word(self, name: str, words: type[Word], default: Word) -> Word:
        """Return a field that is one of a list of words, in whatever case."""
        return self.read(name, lambda text: _find_word(text, words)) or default

    def tick(self, name: str) -> bool:
        """Return whether a box is ticked."""
        return bool(self.read(name, _find_tick))


def _find_word(text: str, words: type[Word]) -> Word:
    try:
        return words(text.lower().rstrip("."))  # "Mme", "M."
    except ValueError as error:
        raise ValueRefused("word", known=", ".join(words)) from error


def _find_tick(text: str) -> bool:
    if text.lower() not in TICKED | NOT_TICKED:
        raise ValueRefused("tick")
    return text.lower() in TICKED


def _find_country(text: str) -> str:
    code = text.upper()
    if code in dict(phrasing.countries(Language.FRENCH)):
        return code
    meant = list_country_names().get(fold(text))
    raise ValueRefused("country-named", code=meant) if meant else ValueRefused("country")


@cache
def list_country_names() -> dict[str, str]:
    """Return the codes of the countries by their names in every language, folded."""
    return {fold(name): code for one in Language for code, name in phrasing.countries(one)}


def check_phone(text: str, country: str) -> str:
    """Return a telephone number as a spreadsheet may have left it.

    :raises ValueRefused: no number could be that.
    """
    return typed.check_phone(_mend_phone(text, country), country)


def _mend_phone(text: str, country: str) -> str:
    """Give a number back the 0 or the + that a spreadsheet took from it, taking it for a sum."""
    if not re.fullmatch("[1-9][0-9]*", text):
        return text
    if country in CALLING_CODES and len(text) == NATIONAL_DIGITS:
        return f"0{text}"
    for code in CALLING_CODES.values():
        if text.startswith(code) and len(text) == len(code) + NATIONAL_DIGITS:
            return f"+{text}"
    return text


def _check_codes(text: str, event: Event) -> tuple[str, ...]:
    """Return the codes of sessions, `;` between them as in our own exports.

    :raises UnknownSession: one of them is not to be chosen at this event.
    :raises SessionsClash: two of them exclude each other.
    """
    codes = [code for code in BETWEEN_CODES.split(text.lower()) if code]
    programme.check_choice(event, codes)
    return tuple(dict.fromkeys(codes))


def _read_mode(reader: Reader, event: Event) -> AttendanceMode | None:
    """Return where the person follows the event from: said only where there is a choice."""
    if event.mode is not Mode.HYBRID:
        return None
    return reader.word("attendance_mode", AttendanceMode, AttendanceMode.ONLINE)


def _read_own(reader: Reader, event: Event) -> dict[str, str]:
    said = {one.key: _read_question(reader, one) for one in _list_written(event)}
    return {key: answer for key, answer in said.items() if answer}


def _read_question(reader: Reader, question: Question) -> str:
    name = f"{OWN_QUESTION}{question.key}"
    if question.kind is QuestionKind.BOOLEAN:
        is_ticked = reader.read(name, lambda text: _check_tick(text, question))
        return "1" if is_ticked else ""
    if question.kind is QuestionKind.CHOICE:
        return reader.read(name, lambda text: _find_option(text, question)) or ""
    if question.kind is QuestionKind.CHOICES:
        return reader.read(name, lambda text: _find_options(text, question)) or ""
    if question.kind is QuestionKind.NUMBER:
        return reader.read(name, typed.check_number) or ""
    if question.kind is QuestionKind.DATE:
        return reader.read(name, _find_day) or ""
    return reader.line(name, typed.TEXT_LIMIT)


def _check_tick(text: str, question: Question) -> bool:
    is_ticked = _find_tick(text)
    if question.required and question.condition is None and not is_ticked:
        raise ValueRefused("required")
    return is_ticked


def _find_options(text: str, question: Question) -> str:
    parts = [part.strip() for part in text.split(questions.BETWEEN)]
    found = (_find_option(part, question) for part in parts if part)
    return questions.BETWEEN.join(dict.fromkeys(found))


def _find_day(text: str) -> str:
    return moments.parse_day(text.strip()[:10]).isoformat()


def _find_option(text: str, question: Question) -> str:
    """Return the option that is meant, in whichever language, as it is stored: in French."""
    for option in question.options:
        if fold(text) in {fold(words) for words in (option.fr, option.ar, option.en) if words}:
            return option.fr
    raise ValueRefused("word", known=", ".join(option.fr for option in question.options))
