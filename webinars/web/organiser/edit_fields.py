"""Fields of the pages on which an event is written: numbers, several of a list, zones."""

import zoneinfo
from typing import Any

from wtforms.validators import StopValidation

from webinars import phrasing
from webinars.eventfiles.shape import MOST_PEOPLE
from webinars.web import fields
from webinars.web.fields import Form, Many
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _

__all__ = ["FIRST_ZONES", "IsNumber", "Many", "Number", "list_zones"]

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
