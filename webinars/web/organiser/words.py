"""What the organisers' templates say values with, and what their lists offer to choose from."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from flask import Blueprint

from webinars import phrasing
from webinars.models import (
    AttendanceMode,
    Event,
    OrganizationKind,
    Presence,
    Registration,
    RegistrationStatus,
)
from webinars.web.filters import label
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _

NARROW_SPACE = "\u202f"

Options = list[tuple[str, str]]


@dataclass(frozen=True)
class Choices:
    """What each criterion of a list of registrations can be."""

    statuses: Options
    kinds: Options
    modes: Options
    presences: Options
    countries: Options
    sessions: Options
    sources: Options


def set_up(blueprint: Blueprint) -> None:
    """Give the templates these filters."""
    for filter_ in (counted_name, grouped, last_word, listed_name, source_name):
        blueprint.add_app_template_filter(filter_)


def counted_name(status: RegistrationStatus) -> str:
    """Return what several registrations of a status are called."""
    names = {
        RegistrationStatus.CONFIRMED: _("Confirmées"),
        RegistrationStatus.WAITING: _("En liste d’attente"),
        RegistrationStatus.PENDING: _("À décider"),
        RegistrationStatus.DECLINED: _("Déclinées"),
        RegistrationStatus.CANCELLED: _("Annulées"),
    }
    return names[status]


def grouped(number: int) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}".replace(",", NARROW_SPACE)


def listed_name(registration: Registration) -> str:
    """Return a name as a list shows it, last name first."""
    return phrasing.sort_name(registration.last_name, registration.first_name)


def last_word(reply: str) -> str:
    """Return why a mail was not sent, in words; what a relay answered stays as it is."""
    reasons = {
        "too-late": _("trop tard pour être utile"),
        "superseded": _("remplacé par un message plus récent"),
        "mailing-cancelled": _("envoi annulé"),
        "erased": _("données effacées"),
        "event-draft": _("événement encore en brouillon"),
        "event-cancelled": _("événement annulé"),
        "event-postponed": _("événement reporté"),
        "room-there": _("la salle est là"),
        "registration-changed": _("inscription modifiée entre-temps"),
        "registration-pending": _("inscription à décider"),
        "registration-confirmed": _("inscription confirmée entre-temps"),
        "registration-waiting": _("inscription en liste d’attente"),
        "registration-declined": _("inscription déclinée"),
        "registration-cancelled": _("inscription annulée"),
    }
    return reasons.get(reply, reply)


def source_name(source: str) -> str:
    """Return who entered a registration, in words."""
    names = {
        "form": _("le formulaire"),
        "import": _("un fichier importé"),
        "organiser": _("l’organisation"),
    }
    return names.get(source, source)


def list_presences() -> Options:
    """Return what can be noted about a person's coming."""
    return _list_words(Presence)


def list_choices(event: Event, sources: Collection[str], countries: Collection[str]) -> Choices:
    """Return what a list of this event's registrations can be limited to."""
    names = [(code, phrasing.country_name(code, get_language())) for code in countries]
    return Choices(
        statuses=_list_words(RegistrationStatus),
        kinds=_list_words(OrganizationKind),
        modes=_list_words(AttendanceMode),
        presences=list_presences(),
        countries=sorted(names, key=lambda one: one[1]),
        sessions=[(one.code, one.title.into(get_language())) for one in event.sessions],
        sources=[(source, source_name(source)) for source in sources],
    )


def _list_words(values: type[StrEnum]) -> Options:
    return [(value.value, label(value)) for value in values]
