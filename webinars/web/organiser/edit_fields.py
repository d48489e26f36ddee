"""Fields of the pages on which an event is written: numbers, several of a list, zones."""

import zoneinfo
from collections.abc import Callable, Iterable
from typing import Any

from wtforms import SelectMultipleField
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput

from webinars import phrasing
from webinars.eventfiles.shape import MOST_PEOPLE
from webinars.web import fields
from webinars.web.fields import Described, Form, Words
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _

FIRST_ZONES = ("Europe/Paris", "Africa/Casablanca")
NEAR = (
    "Africa/",
    "Europe/",
    "Indian/",
    "America/Martinique",
    "America/Guadeloupe",
    "America/Cayenne",
)


def list_zones() -> list[tuple[str, str]]:
    """List the zones in which an event may be held, by city; the usual ones first."""
    near = [one for one in zoneinfo.available_timezones() if one.startswith(NEAR)]
    named = [(one, phrasing.city(one, get_language())) for one in near if one not in FIRST_ZONES]
    first = [(one, phrasing.city(one, get_language())) for one in FIRST_ZONES]
    return [*first, *sorted(named, key=lambda one: one[1]), ("UTC", "UTC")]


class IsNumber:
    """The field must be a whole number, not too large."""

    def __call__(self, form: Form, field: fields.Text) -> None:
        """Refuse what is none; an empty field is not its business."""
        typed = (field.data or "").replace("\u202f", "").replace(" ", "")
        if typed and not (typed.isascii() and typed.isdigit() and int(typed) <= MOST_PEOPLE):
            raise StopValidation(_("Écrivez un nombre entier, par exemple 120."))
        field.data = typed


class Number(fields.Text):
    """A whole number."""

    direction = "ltr"

    def __init__(self, label: object = None, validators: Any = (), **options: Any) -> None:
        options["render_kw"] = {"inputmode": "numeric", "autocomplete": "off"}
        super().__init__(label, [*validators, IsNumber()], **options)


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
