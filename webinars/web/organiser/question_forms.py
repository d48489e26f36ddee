"""The form of a question of an event's own."""

import re
from typing import Any, ClassVar, cast

from wtforms import Field

from webinars import questions
from webinars.editing import list_questions
from webinars.eventfiles.shape import TITLE_LIMIT
from webinars.models import Event, Question, QuestionKind
from webinars.typed import TEXT_LIMIT
from webinars.web import fields
from webinars.web.fields import Limit, Many, Required
from webinars.web.filters import plain
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser.edit_forms import (
    LANGUAGES,
    EditForm,
    Said,
    filled_only,
    read_words,
    write_words,
)

QUESTION_KEY = re.compile(r"questions(?:\[\d+\])?\.?(.*)")
IS = " = "
"""What parts question and answer in the value of a condition's box."""


def say_kind(kind: QuestionKind) -> str:
    """Return what a kind of question is called."""
    words = {
        QuestionKind.TEXT: _("Texte court"),
        QuestionKind.LONG_TEXT: _("Texte long"),
        QuestionKind.CHOICE: _("Un choix"),
        QuestionKind.CHOICES: _("Plusieurs choix"),
        QuestionKind.BOOLEAN: _("Oui ou non"),
        QuestionKind.NUMBER: _("Nombre"),
        QuestionKind.DATE: _("Date"),
        QuestionKind.FILE: _("Fichier"),
    }
    return words[kind]


class QuestionForm(EditForm):
    """A question of an event's own."""

    key: ClassVar[str] = ""
    """Of the question; empty: a new one."""
    part: ClassVar[Any] = None
    """The form of that question before the event adds to it."""

    label_fr = fields.Text(N_("Question"), [Required(), Limit(TITLE_LIMIT)])
    label_ar = fields.Text(N_("Question en arabe"), [Limit(TITLE_LIMIT)], render_kw={"lang": "ar"})
    label_en = fields.Text(
        N_("Question en anglais"), [Limit(TITLE_LIMIT)], render_kw={"lang": "en"}
    )
    kind = fields.Choice(
        N_("Type de réponse"),
        [Required()],
        words=lambda: [(one.value, say_kind(one)) for one in QuestionKind],
        is_preset=True,
    )
    required = fields.Tick(N_("Réponse obligatoire"))
    options_fr = fields.LongText(N_("Choix, un par ligne"), [Limit(TEXT_LIMIT)])
    options_ar = fields.LongText(
        N_("Choix en arabe, dans le même ordre"), [Limit(TEXT_LIMIT)], render_kw={"lang": "ar"}
    )
    options_en = fields.LongText(
        N_("Choix en anglais, dans le même ordre"), [Limit(TEXT_LIMIT)], render_kw={"lang": "en"}
    )

    @classmethod
    def extend(cls, event: Event) -> dict[str, Field]:
        words = list(_list_conditions(event, cls.key))
        return {"conditions": Many(N_("Posée seulement si"), words=lambda: words)}

    @classmethod
    def fill(cls, event: Event) -> Said:
        found = [one for one in list_questions(event) if one["key"] == cls.key]
        if not found:
            return {"kind": QuestionKind.TEXT.value}
        said = found[0]
        condition = said.get("depends_on") or {}
        options = said.get("options") or ()
        return {
            **write_words(said["label"], "label"),
            "kind": said["kind"],
            "required": bool(said.get("required")),
            **{
                f"options_{language}": "\n".join(
                    one.get(language) or "" for one in options
                ).rstrip()
                for language in LANGUAGES
            },
            "conditions": [f"{condition['key']}{IS}{one}" for one in condition.get("values", ())],
        }

    def read(self, event: Event) -> Said:
        """Return the question as an event file says it."""
        said = {
            "key": self.key,
            "kind": self.kind.data,
            "label": read_words(self, "label"),
            "required": self.required.data,
            "options": self._read_options(),
            "depends_on": self._read_condition(),
        }
        return filled_only(said) | {"required": bool(self.required.data)}

    def _read_options(self) -> list[Said]:
        if self.kind.data not in questions.WITH_OPTIONS:
            return []
        lines = {one: (self[f"options_{one}"].data or "").split("\n") for one in LANGUAGES}
        return [
            filled_only(
                {one: lines[one][place].strip() for one in LANGUAGES if place < len(lines[one])}
            )
            for place, line in enumerate(lines["fr"])
            if line.strip()
        ]

    def _read_condition(self) -> Said | None:
        chosen = [one.split(IS, 1) for one in self["conditions"].data or ()]
        if not chosen:
            return None
        key = chosen[0][0]
        return {"key": key, "values": [answer for other, answer in chosen if other == key]}

    def find_field(self, key: str) -> str:
        match = QUESTION_KEY.fullmatch(key)
        inner = match[1] if match else key
        if inner.startswith("options") or not inner:
            return "options_fr"
        if inner.startswith("depends_on"):
            return "conditions"
        return super().find_field(inner)


def _list_conditions(event: Event, key: str) -> list[tuple[str, str]]:
    """List the answers on which a question may depend: those to questions before it."""
    words: list[tuple[str, str]] = []
    for one in questions.list_asked(event):
        if one.key == key:
            break
        if one.kind in questions.CLOSED:
            answers = _list_answers(one)
            label = plain(one.label)
            words += [(f"{one.key}{IS}{answer}", f"{label} {said}") for answer, said in answers]
    return words


def _list_answers(question: Question) -> list[tuple[str, str]]:
    if question.kind is QuestionKind.BOOLEAN:
        return [("1", _("→ oui"))]
    return [(one.fr, f"→ {plain(one)}") for one in question.options]


def make_class(key: str) -> type[QuestionForm]:
    """Return the form of the question of that key; empty: of a new one."""
    made: Any = type("QuestionForm", (QuestionForm,), {"key": key})
    made.part = made
    return cast(type[QuestionForm], made)
