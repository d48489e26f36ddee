"""Fields of forms: cleaned when they come in, described for those who listen to the page.

Each is WTForms' own with three things added: what was typed is cleaned, what is wrong is said in
the page's language, and `describe` ties hint and error to the field for a screen reader.
"""

import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NoReturn

from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from wtforms import (
    BooleanField,
    Field,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, EmailInput, TelInput, html_params

from webinars import phrasing, typed
from webinars.errors import ValueRefused
from webinars.web.errors import explain
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _

NO_LIMIT = sys.maxsize
"""What is too long is refused by `Limit`, which leaves what was typed in its field."""

Words = Callable[[], Iterable[tuple[str, str]]]
"""What can be chosen: value and label, in the language of the page."""


class Form(FlaskForm):  # type: ignore[misc]
    """A form whose errors can be listed on top of the page, each leading to its field."""

    def list_errors(self) -> list[tuple[Field, str]]:
        """Return each field that is wrong with what is wrong, in the order of the page."""
        shown = (field for field in self if field.name != "csrf_token")
        return [(field, str(field.errors[0])) for field in shown if field.errors]

    @property
    def is_lost(self) -> bool:
        """Tell whether the form came back without the proof that it is ours."""
        return "csrf_token" in self.errors

    def refuse(self, name: str, sentence: str) -> bool:
        """Put a refusal at the field of that name, and tell whether there is such a field."""
        if name not in self:
            return False
        self[name].errors = [*self[name].errors, sentence]
        return True


class Described:
    """What every field here has: the attributes that tie its hint and its error to it."""

    id: str
    errors: Any

    def describe(self, hint: object = None) -> dict[str, str]:
        """Return the ARIA attributes of the field as it stands."""
        parts = [f"{self.id}-hint"] if hint else []
        parts += [f"{self.id}-error"] if self.errors else []
        attributes = {"aria-describedby": " ".join(parts)} if parts else {}
        return attributes | ({"aria-invalid": "true"} if self.errors else {})

    @property
    def first_id(self) -> str:
        """Return the id that a line of the error summary leads to."""
        return self.id


class Required:
    """The field must be filled in; the browser is told so too."""

    field_flags = {"required": True}  # noqa: RUF012 - the name and the kind WTForms asks for

    def __call__(self, form: Form, field: Field) -> None:
        """Refuse a field that is empty or only spaces."""
        if not field.data or (isinstance(field.data, str) and not field.data.strip()):
            raise StopValidation(_("Ce champ est obligatoire."))


class Limit:
    """The field may not be longer than so many characters."""

    def __init__(self, characters: int) -> None:
        self.characters = characters

    def __call__(self, form: Form, field: Field) -> None:
        """Refuse a text that is too long, saying by how much."""
        length = len(field.data or "")
        if length > self.characters:
            _refuse(ValueRefused("too-long", limit=self.characters, length=length))


class Checked:
    """The field must pass a rule of `webinars.typed`, and becomes what the rule returns."""

    def __init__(self, rule: Callable[[Form, str], str]) -> None:
        self.rule = rule

    def __call__(self, form: Form, field: Field) -> None:
        """Refuse what the rule refuses; an empty field is not its business."""
        try:
            field.data = self.rule(form, field.data) if field.data else ""
        except ValueRefused as error:
            _refuse(error)


ADDRESS = Checked(lambda form, text: typed.check_email(text))
PHONE = Checked(lambda form, text: typed.check_phone(text, form["country"].data or ""))


def _refuse(error: ValueRefused) -> NoReturn:
    raise StopValidation(explain(error).sentence) from error


class Text(Described, StringField):  # type: ignore[misc]
    """A line of text."""

    direction = "auto"

    def __init__(
        self,
        label: object = None,
        validators: Iterable[Callable[[Any, Any], None]] = (),
        *,
        autocomplete: str = "",
        **options: Any,
    ) -> None:
        attributes = {"dir": self.direction} | _hint(autocomplete)
        options["render_kw"] = attributes | options.get("render_kw", {})
        super().__init__(label, list(validators), filters=[_clean_line], **options)


class LongText(Described, TextAreaField):  # type: ignore[misc]
    """A text of several lines."""

    def __init__(
        self,
        label: object = None,
        validators: Iterable[Callable[[Any, Any], None]] = (),
        **options: Any,
    ) -> None:
        options["render_kw"] = {"dir": "auto", "rows": 5} | options.get("render_kw", {})
        super().__init__(label, list(validators), filters=[_clean_text], **options)


class Email(Text):
    """An address: always written from left to right."""

    widget = EmailInput()
    direction = "ltr"


class Phone(Text):
    """A telephone number: always written from left to right."""

    widget = TelInput()
    direction = "ltr"


class Password(Described, PasswordField):  # type: ignore[misc]
    """A password: taken exactly as it was typed, and never shown again."""


class Tick(Described, BooleanField):  # type: ignore[misc]
    """A box to tick: `1` when it is ticked, and nothing else is."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[:1] == ["1"]

    def _value(self) -> str:
        return "1"


class Choice(Described, SelectField):  # type: ignore[misc]
    """A list to choose one from; it begins empty, unless it is preset to something."""

    def __init__(
        self,
        label: object = None,
        validators: Iterable[Callable[[Any, Any], None]] = (),
        *,
        words: Words,
        autocomplete: str = "",
        is_preset: bool = False,
        **options: Any,
    ) -> None:
        options["render_kw"] = _hint(autocomplete) | options.get("render_kw", {})
        empty = [] if is_preset else [("", "")]
        super().__init__(label, list(validators), choices=lambda: [*empty, *words()], **options)
        self.flags.preset = is_preset

    def list_rows(self) -> list[tuple[str, str]]:
        """Return what can be chosen: value and label."""
        return list(self.choices() if callable(self.choices) else self.choices)

    def widget(self, field: Field, **attributes: Any) -> Markup:
        """Write the list, with what is chosen marked."""
        shown = {"id": self.id, "name": self.name, "required": bool(self.flags.required)}
        options = self.write_options()
        if self.data:
            value = f'value="{escape(self.data)}"'
            options = options.replace(value, f"{value} selected", 1)
        return Markup(f"<select {html_params(**shown, **attributes)}>{options}</select>")

    def write_options(self) -> str:
        """Write the lines of the list."""
        return _write_options(tuple(self.list_rows()))

    def pre_validate(self, form: Form) -> None:
        """Refuse what is not on the list."""
        if self.data and self.data not in dict(self.list_rows()):
            raise StopValidation(_("Choisissez dans la liste."))


class Radios(Described, RadioField):  # type: ignore[misc]
    """A few buttons to choose one of."""

    def __init__(
        self,
        label: object = None,
        validators: Iterable[Callable[[Any, Any], None]] = (),
        *,
        words: Words,
        **options: Any,
    ) -> None:
        super().__init__(label, list(validators), choices=lambda: list(words()), **options)

    @property
    def first_id(self) -> str:
        """Return the id of the first button."""
        return f"{self.id}-0"

    def pre_validate(self, form: Form) -> None:
        """Refuse what is none of the buttons."""
        if self.data and self.data not in {value for value, *_rest in self.iter_choices()}:
            raise StopValidation(_("Choisissez une des réponses proposées."))


class Many(Described, SelectMultipleField):  # type: ignore[misc]
    """Boxes to tick, several of which may be."""

    option_widget = CheckboxInput()

    def __init__(
        self,
        label: object = None,
        validators: Iterable[Callable[[Any, Any], None]] = (),
        *,
        words: Words,
        **options: Any,
    ) -> None:
        super().__init__(label, list(validators), choices=lambda: list(words()), **options)

    def process_data(self, value: Any) -> None:
        self.data = list(value or ())

    @property
    def first_id(self) -> str:
        """Return the id of the first box; where there is none, of the page's main part."""
        return f"{self.id}-0" if self.has_boxes else "content"

    @property
    def has_boxes(self) -> bool:
        """Tell whether there is anything to tick."""
        return bool(list(self.iter_choices()))

    def pre_validate(self, form: Form) -> None:
        """Refuse what is none of the boxes."""
        known = {value for value, *_rest in self.iter_choices()}
        if not known.issuperset(self.data or ()):
            raise StopValidation(_("Choisissez dans la liste."))


class Country(Choice):
    """The country, as ISO 3166-1 alpha-2."""

    def __init__(
        self,
        label: object = None,
        validators: Iterable[Callable[[Any, Any], None]] = (),
        **options: Any,
    ) -> None:
        super().__init__(
            label,
            validators,
            words=lambda: phrasing.countries(get_language()),
            autocomplete="country",
            **options,
        )


def _hint(autocomplete: str) -> dict[str, str]:
    """Return what tells browsers what to fill in; `off` has them forget it on the way back too."""
    return {"autocomplete": autocomplete} if autocomplete else {}


def _clean_line(text: str | None) -> str:
    return typed.clean_line(text or "", NO_LIMIT)


def _clean_text(text: str | None) -> str:
    return typed.clean_text(text or "", NO_LIMIT)


@lru_cache(maxsize=128)
def _write_options(rows: tuple[tuple[str, str], ...]) -> str:
    """Write the lines of a list; there are 250 countries, which every form would write anew."""
    return "".join(
        f'<option value="{escape(value)}">{escape(label)}</option>' for value, label in rows
    )
