"""What forms about contacts offer to choose from, and the words for lists that were brought in."""

from collections.abc import Mapping
from enum import StrEnum

from flask import Blueprint

from webinars.errors import Problem
from webinars.models import DuplicateRule, ImportedLine, ImportState, LegalBasis, Likeness
from webinars.web.filters import label
from webinars.web.languages import gettext as _
from webinars.web.organiser.words import Options


def set_up(blueprint: Blueprint) -> None:
    """Give the templates these filters."""
    for filter_ in (
        basis_name,
        fate_name,
        fate_one,
        fault_words,
        field_name,
        import_state_name,
        likeness_name,
    ):
        blueprint.add_app_template_filter(filter_)


def list_words(values: type[StrEnum]) -> Options:
    """Return the values of a closed list with the words for them."""
    return [(value.value, label(value)) for value in values]


def list_bases() -> Options:
    """Return why an institution may write to a person."""
    return [(one.value, basis_name(one)) for one in LegalBasis]


def list_rules() -> Options:
    """Return what can become of a line that is like a contact there is."""
    names = {
        DuplicateRule.SKIP: _("Ignorer la ligne"),
        DuplicateRule.COMPLETE: _("Compléter le contact connu"),
        DuplicateRule.KEEP: _("Garder les deux"),
    }
    return [(one.value, names[one]) for one in DuplicateRule]


def basis_name(basis: LegalBasis) -> str:
    """Return why an institution may write to a person."""
    names = {
        LegalBasis.CONSENT: _("Consentement de la personne"),
        LegalBasis.PUBLIC_TASK: _("Mission d’intérêt public"),
        LegalBasis.LEGITIMATE_INTEREST: _("Intérêt légitime"),
    }
    return names[basis]


def import_state_name(state: ImportState) -> str:
    """Return how far a list has come."""
    names = {
        ImportState.UPLOADED: _("Colonnes à vérifier"),
        ImportState.CHECKING: _("Vérification en cours"),
        ImportState.CHECKED: _("Vérifiée, à importer"),
        ImportState.RUNNING: _("Import en cours"),
        ImportState.DONE: _("Importée"),
        ImportState.UNDOING: _("Annulation en cours"),
        ImportState.UNDONE: _("Import annulé"),
    }
    return names[state]


def likeness_name(row: ImportedLine) -> str:
    """Return how a line is like a contact there is, or like an earlier line."""
    known = {
        Likeness.SAME: _("déjà parmi vos contacts"),
        Likeness.ADDRESS: _("même adresse qu’un de vos contacts, autre nom"),
        Likeness.NAME: _("même nom et même structure qu’un de vos contacts, autre adresse"),
    }
    earlier = {
        Likeness.SAME: _("déjà à la ligne %(number)s", number=row.other_line),
        Likeness.ADDRESS: _("même adresse que la ligne %(number)s", number=row.other_line),
        Likeness.NAME: _(
            "même nom et même structure que la ligne %(number)s", number=row.other_line
        ),
    }
    words: Mapping[Likeness, str] = known if row.other_line is None else earlier
    return words[row.likeness or Likeness.SAME]


def field_name(field: str) -> str:
    """Return what a column of a list can be."""
    names = {
        "": _("Ne pas importer"),
        "last_name": _("Nom"),
        "first_name": _("Prénom"),
        "full_name": _("Nom et prénom ensemble"),
        "email": _("Adresse électronique"),
        "civility": _("Civilité"),
        "job_title": _("Mandat ou fonction"),
        "role": _("Qualité"),
        "organization": _("Nom de la structure"),
        "organization_kind": _("Type de structure"),
        "country": _("Pays"),
        "language": _("Langue des messages"),
        "phone": _("Téléphone"),
        "salutation": _("Formule d’appel"),
    }
    return names[field]


def fault_words(fault: tuple[str, str]) -> str:
    """Return what is wrong in a line: the field, and why."""
    field, reason = fault
    reasons = {
        "required": _("manque"),
        "email": _("n’est pas une adresse complète"),
        "phone": _("n’est pas un numéro de téléphone"),
        "country": _("n’est pas un pays connu"),
        "too-long": _("est trop long"),
        "spreadsheet-error": _("contient une erreur de tableur"),
        "open-quote": _("un guillemet est ouvert et n’est jamais fermé"),
        "more-cells": _("plus de cellules que de colonnes"),
    }
    said = reasons.get(reason, reason)
    return f"{field_name(field)}\u00a0: {said}" if field else said


def say_table_problem(problem: Problem) -> str:
    """Return why a file cannot be read as a list."""
    reasons = {
        "too-big": _("Le fichier est trop gros, ou le devient une fois ouvert."),
        "too-many": _("Le fichier a trop de lignes : partagez-le en plusieurs."),
        "too-wide": _("Le fichier a trop de colonnes."),
        "empty": _("Le fichier est vide."),
        "no-lines": _("Le fichier n’a que son en-tête."),
        "no-text": _("Ce n’est ni un CSV ni un classeur XLSX."),
        "no-workbook": _("Ce classeur ne peut pas être lu : enregistrez-le à nouveau en XLSX."),
        "old-excel": _(
            "C’est un ancien fichier Excel, ou il a un mot de passe : enregistrez-le en XLSX."
        ),
    }
    return reasons.get(problem.code, _("Ce fichier ne peut pas être lu."))


def fate_name(fate: str) -> str:
    """Return what became of invitations."""
    names = {
        "planned": _("À envoyer"),
        "waiting": _("Sans réponse"),
        "accepted": _("Acceptées"),
        "declined": _("Déclinées"),
        "missed": _("Non reçues"),
    }
    return names[fate]


def fate_one(fate: str) -> str:
    """Return what became of one invitation."""
    names = {
        "planned": _("à envoyer"),
        "waiting": _("sans réponse"),
        "accepted": _("acceptée"),
        "declined": _("déclinée"),
        "missed": _("non reçue"),
    }
    return names[fate]
