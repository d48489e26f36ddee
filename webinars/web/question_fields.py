"""The event's own questions in the registration form: their fields, and which of them count.

A question that depends on another's answer is hidden until it is asked, by style alone: each
condition has a number, borne by the answers that fulfil it (`asks-1`) and by what then appears
(`asked-1`). Whatever a browser shows, what was not asked is neither required nor kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, request
from flask_wtf.file import FileField
from markupsafe import escape
from werkzeug.datastructures import FileStorage
from wtforms import Field
from wtforms.validators import StopValidation

from webinars import questions, typed, uploads
from webinars.errors import DocumentRefused, ValueRefused
from webinars.eventfiles import moments
from webinars.models import Event, Question, QuestionKind
from webinars.typed import TEXT_LIMIT
from webinars.web import fields
from webinars.web.errors import explain
from webinars.web.fields import Checked, Described, Form, Limit, Many, Required
from webinars.web.filters import plain
from webinars.web.languages import gettext as _

PREFIX = "q_"
SENT_LIMIT = 4 * 1024 * 1024
"""Bytes of a file that a person sends."""
TAKEN = ",".join(f".{ending}" for ending in uploads.SIGNATURES)
MOST_HIDDEN = 12
"""So many conditions have a style of their own; what depends on others is always shown."""

Marks = Mapping[str, str]
"""By answer, the classes of what it brings to light."""


class RequiredIfAsked:
    """The field must be filled in by those who are asked."""

    field_flags = {"preset": True}  # noqa: RUF012 - no word that it may be left out

    def __init__(self, event: Event, key: str) -> None:
        self.event, self.key = event, key

    def __call__(self, form: Form, field: Field) -> None:
        """Refuse an empty field where the other answers ask for it."""
        if self.key in {one.key for one in questions.list_shown(self.event, read(form))}:
            Required()(form, field)


class IsDate:
    """The field must be a day; an empty one is not its business."""

    def __call__(self, form: Form, field: Field) -> None:
        """Refuse what is no day."""
        try:
            moments.parse_day(field.data) if field.data else None
        except ValueRefused as error:
            raise StopValidation(_("Écrivez une date, par exemple 2027-03-09.")) from error


class Sent(Described, FileField):  # type: ignore[misc]
    """A file to send; where one was sent before, it stays unless another takes its place."""

    data: Any
    content = b""

    def pre_validate(self, form: Form) -> None:
        """Refuse a file of no kind that is taken, or too large; keep what is in the others."""
        if not isinstance(self.data, FileStorage):
            return
        content = self.data.stream.read(SENT_LIMIT + 1)
        try:
            if len(content) > SENT_LIMIT:
                raise DocumentRefused("size")
            self.name_sent = uploads.check_file(self.data.filename or "", content)
        except DocumentRefused as error:
            raise StopValidation(explain(error).sentence) from error
        self.content, self.data = content, self.name_sent


class MarkedChoice(fields.Choice):
    """A list whose answers may bring questions to light."""

    marks: Marks = {}  # noqa: RUF012 - replaced for each field

    def write_options(self) -> str:
        """Write the lines of the list, those marked that bring something to light."""
        written = super().write_options()
        for answer, marks in self.marks.items():
            value = f'value="{escape(answer)}"'
            written = written.replace(f"{value}>", f'{value} class="{marks}">', 1)
        return written


class MarkedMany(Many):
    """Boxes that may bring questions to light."""

    marks: Marks = {}  # noqa: RUF012 - replaced for each field


def allow_files(blueprint: Blueprint) -> None:
    """Let people send files with the forms of a blueprint, and let go of them in the end."""

    def allow(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
        if request.mimetype == "multipart/form-data":
            request.max_content_length = 2 * SENT_LIMIT + 1024 * 1024

    def close(_error: BaseException | None) -> None:
        request.close()

    blueprint.url_value_preprocessor(allow)
    blueprint.teardown_request(close)


def make_fields(event: Event) -> dict[str, Field]:
    """Return a field for each question that is asked at an event."""
    asked = questions.list_asked(event)
    return {f"{PREFIX}{one.key}": _make_field(one, event, _mark(one, asked)) for one in asked}


def list_places(event: Event) -> dict[str, str]:
    """Return the class of each question that is not always shown, by the name of its field."""
    numbers = _number(questions.list_asked(event))
    return {f"{PREFIX}{key}": f"asked asked-{number}" for key, number in numbers.items()}


def read(form: Form) -> dict[str, str]:
    """Return what was said, as a registration keeps it."""
    said = {field.name: field.data for field in form if field.name.startswith(PREFIX)}
    return {name.removeprefix(PREFIX): _read(data) for name, data in said.items() if data}


def read_files(form: Form) -> dict[str, bytes]:
    """Return what was sent as answers, by the key of the question."""
    sent = (field for field in form if isinstance(field, Sent) and field.content)
    return {field.name.removeprefix(PREFIX): field.content for field in sent}


def fill(event: Event, answers: Mapping[str, str]) -> dict[str, Any]:
    """Return what the fields hold of the answers of a registration."""
    several = {one.key for one in event.questions if one.kind is QuestionKind.CHOICES}
    return {
        f"{PREFIX}{key}": questions.split(answer) if key in several else answer
        for key, answer in answers.items()
    }


def _read(data: object) -> str:
    if isinstance(data, FileStorage):  # refused, or not looked at yet
        return data.filename or ""
    if isinstance(data, list):
        return questions.BETWEEN.join(data)
    return "1" if data is True else str(data)


def _number(asked: Sequence[Question]) -> dict[str, int]:
    depending = [one.key for one in asked if one.condition is not None]
    return {key: number for number, key in enumerate(depending[:MOST_HIDDEN], 1)}


def _mark(question: Question, asked: Sequence[Question]) -> dict[str, str]:
    """Return which answers to a question bring which others to light."""
    numbers, marks = _number(asked), dict[str, str]()
    for one in asked:
        if one.condition is None or one.key not in numbers or one.condition.key != question.key:
            continue
        for answer in one.condition.values:
            marks[answer] = f"{marks.get(answer, '')} asks-{numbers[one.key]}".strip()
    return marks


def _make_field(question: Question, event: Event, marks: Marks) -> Field:
    text, checks = plain(question.label), _list_checks(question, event)
    options = [(one.fr, plain(one)) for one in question.options]
    match question.kind:
        case QuestionKind.BOOLEAN:
            style = {"class": marks["1"]} if marks else {}
            return fields.Tick(text, checks, render_kw=style)
        case QuestionKind.CHOICE:
            return _make_marked(MarkedChoice, marks)(text, checks, words=lambda: options)
        case QuestionKind.CHOICES:
            return _make_marked(MarkedMany, marks)(text, checks, words=lambda: options)
        case QuestionKind.LONG_TEXT:
            return fields.LongText(text, [*checks, Limit(TEXT_LIMIT)])
        case QuestionKind.NUMBER:
            number = Checked(lambda form, said: typed.check_number(said))
            attributes = {"inputmode": "decimal", "dir": "ltr"}
            return fields.Text(text, [*checks, number], render_kw=attributes)
        case QuestionKind.FILE:
            return Sent(text, checks, render_kw={"accept": TAKEN})
        case QuestionKind.DATE:
            return fields.Text(text, [*checks, IsDate()], render_kw={"type": "date"})
    return fields.Text(text, [*checks, Limit(TEXT_LIMIT)])


def _list_checks(question: Question, event: Event) -> list[Any]:
    if not question.required:
        return []
    if question.condition is None:
        return [Required()]
    return [RequiredIfAsked(event, question.key)]


def _make_marked(kind: type[Any], marks: Marks) -> type[Any]:
    return type(kind.__name__, (kind,), {"marks": marks})
