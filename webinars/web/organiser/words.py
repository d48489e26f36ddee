"""What the organisers' templates say values with, and what their lists offer to choose from."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from flask import Blueprint

from webinars import phrasing
from webinars.changes import NotTold, Why
from webinars.models import (
    AttendanceMode,
    ChangeKind,
    Event,
    Language,
    OrganizationKind,
    Presence,
    QuestionKind,
    RegistrationStatus,
    Role,
)
from webinars.web.filters import Named, label
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser.reviews import Fate

NARROW_SPACE = "\u202f"

Options = list[tuple[str, str]]


@dataclass(frozen=True)
class Choices:
    """What each criterion of a list of registrations can be."""

    statuses: Options
    kinds: Options
    roles: Options
    languages: Options
    modes: Options
    presences: Options
    countries: Options
    sessions: Options
    sources: Options
    tags: Options
    questions: list[tuple[str, str, Options]]
    """Of the event's own that have an answer to choose: key, question, and what it can be."""


def set_up(blueprint: Blueprint) -> None:
    """Give the templates these filters."""
    for filter_ in (
        author_name,
        change_name,
        counted_name,
        fate_words,
        grouped,
        last_word,
        listed_name,
        source_name,
        why_not_told,
        why_sent,
    ):
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


def listed_name(person: Named) -> str:
    """Return a name as a list shows it, last name first."""
    return phrasing.sort_name(person.last_name, person.first_name)


def last_word(reply: str) -> str:
    """Return why a mail was not sent, in words; what a relay answered stays as it is."""
    reasons = {
        "too-late": _("trop tard pour être utile"),
        "superseded": _("remplacé par un message plus récent"),
        "withdrawn": _("envoi retiré par l’organisation"),
        "mailing-cancelled": _("envoi annulé"),
        "erased": _("données effacées"),
        "event-draft": _("événement encore en brouillon"),
        "event-cancelled": _("événement annulé"),
        "event-postponed": _("événement reporté"),
        "room-there": _("la salle est là"),
        "registration-changed": _("inscription modifiée entre-temps"),
        "outside-audience": _("la personne ne fait plus partie des destinataires"),
        "registration-pending": _("inscription à décider"),
        "registration-confirmed": _("inscription confirmée entre-temps"),
        "registration-waiting": _("inscription en liste d’attente"),
        "registration-declined": _("inscription déclinée"),
        "registration-cancelled": _("inscription annulée"),
    }
    return reasons.get(reply, reply)


def change_name(kind: ChangeKind) -> str:
    """Return what was done to an event."""
    names = {
        ChangeKind.EDITED: _("Textes modifiés"),
        ChangeKind.MOVED: _("Dates ou horaires"),
        ChangeKind.PLACED: _("Lieu ou mode"),
        ChangeKind.PROGRAMME: _("Programme"),
        ChangeKind.POSTPONED: _("Report sans date"),
        ChangeKind.CANCELLED: _("Annulation"),
        ChangeKind.REOPENED: _("Réouverture"),
        ChangeKind.REZONED: _("Heure légale modifiée"),
    }
    return names[kind]


def author_name(author: str) -> str:
    """Return who changed an event, in words; an address stays as it is."""
    names = {"command line": _("ligne de commande"), "zone data": _("données des fuseaux")}
    return names.get(author, author)


def why_not_told(reason: NotTold) -> str:
    """Return why people are not told of a change."""
    reasons = {
        NotTold.DRAFT: _("l’événement est un brouillon que personne ne voit"),
        NotTold.UNCONCERNED: _("rien ne change pour elles"),
        NotTold.UNREAD: _("leur confirmation n’est pas encore partie : elle dira ce qui est vrai"),
        NotTold.UNDONE: _("elles n’ont pas été prévenues du changement que celui-ci défait"),
        NotTold.SUPPRESSED: _("leur adresse est écartée : appelez-les"),
        NotTold.OVER: _("l’événement est terminé"),
    }
    return reasons[reason]


def why_sent(why: Why) -> str:
    """Return why a mail was written."""
    reasons = {
        Why.CHANGE: _("un changement de l’événement"),
        Why.MAILING: _("un envoi prévu"),
        Why.REGISTRATION: _("l’inscription a changé"),
        Why.FORM: _("le formulaire ou la page de la personne"),
        Why.ALARM: _("une alerte à l’organisation"),
        Why.TEST: _("un essai"),
    }
    return reasons[why]


def fate_words(fate: Fate) -> str:
    """Return what becomes of a mailing that was planned."""
    words = {
        Fate.STAYS: _("inchangé"),
        Fate.MOVES: _("déplacé"),
        Fate.DROPPED: _("abandonné"),
        Fate.HELD: _("en attente d’une date"),
        Fate.RESUMED: _("prévu à nouveau"),
        Fate.ADDED: _("ajouté"),
    }
    return words[fate]


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


def list_choices(
    event: Event,
    sources: Collection[str],
    countries: Collection[str],
    tags: Collection[str] = (),
) -> Choices:
    """Return what a list of this event's registrations can be limited to."""
    names = [(code, phrasing.country_name(code, get_language())) for code in countries]
    return Choices(
        statuses=_list_words(RegistrationStatus),
        kinds=_list_words(OrganizationKind),
        roles=_list_words(Role),
        languages=_list_words(Language),
        modes=_list_words(AttendanceMode),
        presences=list_presences(),
        countries=sorted(names, key=lambda one: one[1]),
        sessions=[(one.code, one.title.into(get_language())) for one in event.sessions],
        sources=[(source, source_name(source)) for source in sources],
        tags=[(name, name) for name in tags],
        questions=_list_questions(event),
    )


def _list_questions(event: Event) -> list[tuple[str, str, Options]]:
    language = get_language()
    answers: dict[str, Options] = {
        one.key: [(option.fr, option.into(language)) for option in one.options]
        for one in event.questions
        if one.kind is QuestionKind.CHOICE
    }
    answers |= {
        one.key: [("1", _("Oui")), ("0", _("Non"))]
        for one in event.questions
        if one.kind is QuestionKind.BOOLEAN
    }
    return [
        (one.key, one.label.into(language), answers[one.key])
        for one in event.questions
        if one.key in answers
    ]


def _list_words(values: type[StrEnum]) -> Options:
    return [(value.value, label(value)) for value in values]
