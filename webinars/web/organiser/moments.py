"""Fields for days and hours of an event, local to its zone, as browsers write them."""

import re
from datetime import date, datetime, time
from typing import Any

from wtforms.validators import StopValidation

from webinars.errors import ValueRefused
from webinars.eventfiles import moments
from webinars.web import fields
from webinars.web.fields import Form
from webinars.web.languages import gettext as _

CLOCK = re.compile(r"(\d{1,2})\s?[hH:.]\s?(\d{2})?(?::\d\d)?")
"""An hour as people write it: 15:00, 15h00, 15 h, 10.00."""


class IsDay:
    """The field must be a day, as a browser's calendar writes it."""

    def __call__(self, form: Form, field: fields.Text) -> None:
        """Refuse what is no day; an empty field is not its business."""
        try:
            read_day(field.data)
        except ValueRefused as error:
            raise StopValidation(_("Écrivez une date, par exemple 2027-03-09.")) from error


class IsTime:
    """The field must be an hour of the day."""

    def __call__(self, form: Form, field: fields.Text) -> None:
        """Refuse what is no hour; an empty field is not its business."""
        try:
            read_time(field.data)
        except ValueError as error:
            raise StopValidation(_("Écrivez une heure, par exemple 09:30.")) from error


class IsMoment:
    """The field must be a day with an hour."""

    def __call__(self, form: Form, field: fields.Text) -> None:
        """Refuse what is no day with an hour; an empty field is not its business."""
        try:
            read_moment(field.data)
        except ValueRefused as error:
            raise StopValidation(
                _("Écrivez une date et une heure, par exemple 2027-03-09T18:00.")
            ) from error


def read_day(text: str | None) -> date | None:
    """Return the day that a field holds; `None`: it is empty.

    :raises ValueRefused: it is no day.
    """
    return moments.parse_day(text) if text else None


def read_time(text: str | None) -> time | None:
    """Return the hour that a field holds; `None`: it is empty.

    :raises ValueError: it is no hour.
    """
    if not text:
        return None
    match = CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    return time(int(match[1]), int(match[2] or 0))


def read_moment(text: str | None) -> datetime | None:
    """Return the day and the hour that a field holds; `None`: it is empty.

    :raises ValueRefused: it is no day with an hour.
    """
    return moments.parse_hour(text) if text else None


def write_moment(local: datetime | None) -> str:
    """Return a day and an hour as a field holds them."""
    return f"{local:%Y-%m-%dT%H:%M}" if local else ""


def write_time(at: time | None) -> str:
    """Return an hour as a field holds it."""
    return f"{at:%H:%M}" if at else ""


class Day(fields.Text):
    """A day to choose in a calendar."""

    def __init__(self, label: object = None, validators: Any = (), **options: Any) -> None:
        options["render_kw"] = {"type": "date"} | options.get("render_kw", {})
        super().__init__(label, [*validators, IsDay()], **options)

    def read(self) -> date | None:
        """Return the day; `None`: there is none."""
        return read_day(self.data)


class Time(fields.Text):
    """An hour of the day."""

    def __init__(self, label: object = None, validators: Any = (), **options: Any) -> None:
        options["render_kw"] = {"type": "time"} | options.get("render_kw", {})
        super().__init__(label, [*validators, IsTime()], **options)

    def read(self) -> time | None:
        """Return the hour; `None`: there is none."""
        return read_time(self.data)


class Clock(Time):
    """An hour of the day that is typed, in any of the ways in which people write one."""

    def __init__(self, label: object = None, validators: Any = (), **options: Any) -> None:
        options["render_kw"] = {"type": "text", "dir": "ltr", "autocomplete": "off"}
        super().__init__(label, validators, **options)


class Moment(fields.Text):
    """A day with an hour."""

    def __init__(self, label: object = None, validators: Any = (), **options: Any) -> None:
        options["render_kw"] = {"type": "datetime-local"} | options.get("render_kw", {})
        super().__init__(label, [*validators, IsMoment()], **options)

    def read(self) -> datetime | None:
        """Return the day with its hour; `None`: there is none."""
        return read_moment(self.data)
