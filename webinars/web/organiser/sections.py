"""The parts of an event in the order in which they are edited, with their words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import url_for

from webinars.editing import Lack
from webinars.errors import NotFound
from webinars.models import Event, EventStatus, Mode
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser.edit_forms import (
    ConnectionForm,
    DatesForm,
    EditForm,
    InstitutionsForm,
    NoticeForm,
    PeopleForm,
    TextsForm,
    WindowForm,
)


@dataclass(frozen=True)
class Section:
    """A part of an event that is edited by itself."""

    name: str
    """As the page's address says it."""
    title: Any
    hint: Any
    form: type[EditForm]


SECTIONS = (
    Section("texts", N_("Textes"), N_("Le titre et la présentation."), TextsForm),
    Section(
        "dates",
        N_("Dates et lieu"),
        N_("Les heures se disent dans le fuseau choisi ; une heure inconnue reste vide."),
        DatesForm,
    ),
    Section(
        "registration",
        N_("Inscriptions"),
        N_("Les dates se disent dans le fuseau de l’événement ; sans clôture, c’est le début."),
        WindowForm,
    ),
    Section(
        "institutions",
        N_("Institutions"),
        N_("Dans l’ordre où elles sont citées ; les pilotes d’abord."),
        InstitutionsForm,
    ),
    Section(
        "people",
        N_("Contacts et signataires"),
        N_("Les contacts répondent aux questions ; les signataires invitent."),
        PeopleForm,
    ),
    Section(
        "notice",
        N_("Notice d’information"),
        N_("Ce que lit toute personne qui s’inscrit, avant d’envoyer ses données."),
        NoticeForm,
    ),
    Section(
        "connection",
        N_("Connexion"),
        N_("La salle n’est donnée qu’à l’entrée, par le lien personnel de chacun."),
        ConnectionForm,
    ),
)


def list_for(event: Event) -> list[Section]:
    """List the parts of an event that can be edited where nobody has to be told."""
    return list(_list_for(event))


def _list_for(event: Event) -> Iterator[Section]:
    for one in SECTIONS:
        if one.name == "dates" and event.status is not EventStatus.DRAFT:
            continue
        if one.name == "connection" and event.mode is Mode.ONSITE:
            continue
        yield one


def find(event: Event, name: str) -> Section:
    """Return the part of that name.

    :raises NotFound: there is none, or it is not edited here.
    """
    for one in _list_for(event):
        if one.name == name:
            return one
    raise NotFound("section", name)


SECTION_OF = {
    Lack.PAST: "dates",
    Lack.PILOT: "institutions",
    Lack.CONTACT: "people",
    Lack.CONTROLLERS: "notice",
    Lack.RIGHTS_CONTACT: "notice",
    Lack.PURPOSES: "notice",
    Lack.CLOSED: "registration",
    Lack.CAPACITY: "registration",
    Lack.HOURS: "dates",
    Lack.VENUE: "dates",
    Lack.ROOM: "connection",
    Lack.SUMMARY: "texts",
    Lack.TRANSLATION: "texts",
}
"""Where what an event lacks is written."""
IN_PROGRAMME = frozenset({Lack.PROGRAMME, Lack.CLASHES, Lack.VALIDATION})


def find_place(event: Event, lack: Lack) -> str:
    """Return the address at which an event is given what it lacks; empty: there is none here."""
    if lack in IN_PROGRAMME:
        return url_for("organiser.programmes.show", slug=event.slug)
    if lack is Lack.QUESTIONS:
        return url_for("organiser.questions.show", slug=event.slug)
    name = SECTION_OF.get(lack, "")
    if name not in {one.name for one in _list_for(event)}:
        return ""
    return url_for("organiser.edits.form", slug=event.slug, name=name)


def say_lack(lack: Lack) -> str:
    """Return what an event lacks, as the check list says it."""
    words = {
        Lack.PAST: _("L’événement est déjà passé."),
        Lack.PILOT: _("Aucune institution pilote n’est nommée."),
        Lack.CONTACT: _("Personne ne répond aux questions : il faut une adresse ou un numéro."),
        Lack.CONTROLLERS: _("La notice ne dit pas qui répond des données."),
        Lack.CLOSED: _("Les inscriptions sont déjà closes."),
        Lack.VENUE: _("Le lieu n’est pas indiqué."),
        Lack.RIGHTS_CONTACT: _("La notice ne dit pas où exercer ses droits."),
        Lack.PURPOSES: _("La notice n’existe pas en arabe."),
        Lack.HOURS: _("L’heure de début n’est pas connue."),
        Lack.SUMMARY: _("Il n’y a pas de présentation."),
        Lack.TRANSLATION: _("Le titre n’est pas traduit en arabe et en anglais."),
        Lack.ROOM: _("La salle en ligne manque : elle peut venir jusqu’au jour même."),
        Lack.CAPACITY: _("Le nombre de places n’est pas limité."),
        Lack.PROGRAMME: _("Il n’y a pas de programme."),
        Lack.CLASHES: _("Des séances du programme se contredisent."),
        Lack.VALIDATION: _("Le programme n’est pas encore validé des deux côtés."),
        Lack.QUESTIONS: _("Des questions ne sont pas traduites en arabe et en anglais."),
    }
    return words[lack]
