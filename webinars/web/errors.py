"""The table: from each refusal to its status, the field it belongs to, and its words.

Errors carry values; the sentences are here, in the language of the page. The pages that show them
where no view does are `webinars.web.error_pages`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from webinars import errors, phrasing
from webinars.errors import WebinarsError
from webinars.models import Event, SuppressionReason
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _


@dataclass(frozen=True)
class Refusal:
    """A refusal as a page tells it."""

    status: int
    sentence: str
    field: str = ""
    """The form's field that it belongs to; empty: the form as a whole."""


Sentence = Callable[[Any, Event | None], str]
"""From an error, and the event it is about where the page knows it, to what is said."""


def explain(error: WebinarsError, event: Event | None = None) -> Refusal:
    """Return the status and the words of a refusal."""
    status, field, sentence = TABLE.get(type(error), UNFORESEEN)
    return Refusal(int(status), sentence(error, event), field)


def _not_open(error: errors.RegistrationsNotOpen, event: Event | None) -> str:
    if event is None or error.opens_at is None:
        return _("Les inscriptions ne sont pas encore ouvertes.")
    at = phrasing.instant(error.opens_at, event.display_timezones, get_language())
    return _("Les inscriptions ouvriront le %(at)s.", at=at)


def _closed(error: errors.RegistrationsClosed, event: Event | None) -> str:
    if event is None:
        return _("Les inscriptions sont closes.")
    at = phrasing.instant(error.closes_at, event.display_timezones, get_language())
    return _("Les inscriptions sont closes depuis le %(at)s.", at=at)


def _changes_closed(error: errors.ChangesClosed, event: Event | None) -> str:
    if event is None:
        return _("Les changements passent désormais par les organisateurs.")
    at = phrasing.instant(error.closes_at, event.display_timezones, get_language())
    return _("Depuis le %(at)s, les changements passent par les organisateurs.", at=at)


def _answer_too_late(error: errors.AnswerTooLate, event: Event | None) -> str:
    if event is None:
        return _("Le délai de réponse est passé.")
    at = phrasing.instant(error.until, event.display_timezones, get_language())
    return _("Une réponse était demandée avant le %(at)s : ce délai est passé.", at=at)


def _suppressed(error: errors.AddressSuppressed, event: Event | None) -> str:
    if error.reason == SuppressionReason.UNSUBSCRIBED:
        return _("La personne ne souhaite plus recevoir ces messages.")
    if error.reason == SuppressionReason.COMPLAINT:
        return _("La personne a signalé ces messages comme indésirables.")
    return _("Cette adresse est écartée : rien ne lui est envoyé. Corrigez-la d’abord.")


def _session_title(code: str, event: Event | None) -> str:
    titles = {one.code: one.title for one in event.sessions} if event else {}
    return titles[code].into(get_language()) if code in titles else code


def _value(error: errors.ValueRefused, event: Event | None) -> str:
    words = {
        "too-long": _("%(length)s caractères : c’est trop long, il en faut %(limit)s au plus."),
        "email": _("Écrivez une adresse complète, par exemple nom@example.org."),
        "phone": _("Écrivez un numéro de téléphone, par exemple +212 5 37 00 00 00."),
        "title-taken": _("Un autre document porte déjà ce titre."),
        "number": _("Écrivez un nombre, par exemple 12 ou 2,5."),
        "url": _("Écrivez une adresse complète, qui commence par https://."),
    }
    return words.get(error.reason, _("Cette valeur n’est pas acceptée.")) % error.values


def _say_document(error: errors.DocumentRefused, event: Event | None) -> str:
    words = {
        "kind": _("Ce type de fichier n’est pas accepté."),
        "empty": _("Ce fichier est vide."),
        "content": _("Le contenu de ce fichier ne va pas avec son nom."),
        "size": _("Ce fichier est trop volumineux."),
    }
    return words[error.reason]


def _say_reversed(error: errors.DatesReversed, event: Event | None) -> str:
    if error.code:
        title = _session_title(error.code, event)
        return _("La séance « %(title)s » finirait avant de commencer.", title=title)
    return _("L’événement finirait avant de commencer.")


def _say_no_hour(error: errors.NoSuchHour, event: Event | None) -> str:
    return _(
        "L’heure %(hour)s n’existe pas ce jour-là : les horloges avancent alors d’une heure.",
        hour=f"{error.local:%H:%M}",
    )


def _say_invited(error: errors.InvitedLately, event: Event | None) -> str:
    if event is None:
        return _("Chaque personne a été invitée ou rappelée il y a moins de trois jours.")
    at = phrasing.instant(error.until, event.display_timezones, get_language())
    return _(
        "Chaque personne a été invitée ou rappelée il y a moins de trois jours. Prochain rappel"
        " possible : %(at)s.",
        at=at,
    )


def _say_reminded(error: errors.RemindedLately, event: Event | None) -> str:
    if event is None:
        return _("Une relance est déjà partie il y a moins d’un jour.")
    at = phrasing.instant(error.until, event.display_timezones, get_language())
    return _("Une relance est déjà partie il y a moins d’un jour. La suivante : %(at)s.", at=at)


TABLE: dict[type[WebinarsError], tuple[int, str, Sentence]] = {
    errors.NotFound: (404, "", lambda e, event: _("Page introuvable")),
    errors.Forbidden: (403, "", lambda e, event: _("Vous n’avez pas le droit de faire cela.")),
    errors.NobodyOnPaper: (409, "", lambda e, event: _("Personne ne figurerait sur ce document.")),
    errors.PressBusy: (
        503,
        "",
        lambda e, event: _("D’autres documents sont en cours. Réessayez dans un instant."),
    ),
    errors.PaperFailed: (
        500,
        "",
        lambda e, event: _("Ce document n’a pas pu être fait. Le journal du service dit pourquoi."),
    ),
    errors.RegistrationsNotOpen: (409, "", _not_open),
    errors.RegistrationsClosed: (409, "", _closed),
    errors.ChangesClosed: (409, "", _changes_closed),
    errors.NothingToChange: (
        409,
        "",
        lambda e, event: _("Vous pouvez encore faire ce changement vous-même."),
    ),
    errors.AnswerTooLate: (409, "", _answer_too_late),
    errors.MovedAgain: (
        409,
        "",
        lambda e, event: _("L’événement a encore changé depuis. Vérifiez avant de répondre."),
    ),
    errors.NamedHerself: (
        409,
        "email",
        lambda e, event: _("C’est la personne inscrite elle-même. Indiquez quelqu’un d’autre."),
    ),
    errors.AlreadyRepresents: (
        409,
        "email",
        lambda e, event: _(
            "Cette personne vient déjà à la place de quelqu’un. Indiquez une autre personne, ou"
            " rendez la place."
        ),
    ),
    errors.SubstituteDeclined: (
        409,
        "email",
        lambda e, event: _(
            "Cette personne ne peut pas être désignée ici. Adressez-vous aux organisateurs."
        ),
    ),
    errors.EventCancelled: (409, "", lambda e, event: _("L’événement n’a pas lieu.")),
    errors.EventEnded: (409, "", lambda e, event: _("L’événement est terminé.")),
    errors.SessionFull: (
        409,
        "sessions",
        lambda e, event: _(
            "Il ne reste plus de place dans « %(title)s ». Choisissez une autre séance : vos autres"
            " réponses sont conservées.",
            title=_session_title(e.code, event),
        ),
    ),
    errors.SessionsClash: (
        422,
        "sessions",
        lambda e, event: _("Deux des séances choisies ont lieu en même temps. Gardez-en une."),
    ),
    errors.UnknownSession: (
        422,
        "sessions",
        lambda e, event: _("Une des séances choisies n’existe pas. Choisissez dans la liste."),
    ),
    errors.NotPending: (
        409,
        "",
        lambda e, event: _("Personne n’a à décider de cette inscription."),
    ),
    errors.RegistrationCancelled: (
        409,
        "",
        lambda e, event: _("Cette inscription a été annulée."),
    ),
    errors.AddressTaken: (
        409,
        "email",
        lambda e, event: _("Une autre inscription porte déjà ce nom et cette adresse."),
    ),
    errors.GateClosed: (
        409,
        "",
        lambda e, event: _("La salle n’est pas ouverte en ce moment."),
    ),
    errors.RoomMissing: (
        409,
        "",
        lambda e, event: _("La salle n’est pas encore connue. Essayez à nouveau dans un instant."),
    ),
    errors.MailingDone: (
        409,
        "",
        lambda e, event: _("Cet envoi est terminé : rien n’en reste à venir."),
    ),
    errors.MessageStarted: (
        409,
        "",
        lambda e, event: _("L’envoi a commencé : le texte et l’heure ne changent plus."),
    ),
    errors.MessageEdited: (
        409,
        "",
        lambda e, event: _(
            "Quelqu’un d’autre a enregistré ce message entre-temps. Rien n’est perdu."
        ),
    ),
    errors.MailingCancelled: (409, "", lambda e, event: _("Cet envoi est annulé.")),
    errors.MailingTooLate: (
        409,
        "",
        lambda e, event: _("C’est trop tard : ce message n’a plus de sens et ne part plus."),
    ),
    errors.NotSentAgain: (
        409,
        "",
        lambda e, event: _(
            "Ce message est parti, attend son tour ou a été abandonné : on ne renvoie que ce qui"
            " n’est pas arrivé."
        ),
    ),
    errors.AddressSuppressed: (409, "", _suppressed),
    errors.SlugTaken: (
        409,
        "slug",
        lambda e, event: _("Un autre événement porte déjà cette adresse."),
    ),
    errors.ContactKnown: (
        409,
        "email",
        lambda e, event: _("Vous avez déjà un contact de ce nom à cette adresse."),
    ),
    errors.OrganizationKnown: (
        409,
        "name",
        lambda e, event: _("L’annuaire connaît déjà ce nom : « %(name)s ».", name=e.name),
    ),
    errors.OrganizationNameMissing: (
        422,
        "name",
        lambda e, event: _("Écrivez un nom : au moins une lettre ou un chiffre."),
    ),
    errors.InvitedLately: (409, "", _say_invited),
    errors.InvitationLate: (
        409,
        "",
        lambda e, event: _("À ce moment-là, on ne peut plus s’inscrire."),
    ),
    errors.ImportNotReady: (
        409,
        "",
        lambda e, event: _("Cette liste n’en est pas là : rechargez la page."),
    ),
    errors.AudienceKnown: (
        409,
        "name",
        lambda e, event: _("Une sélection de cet événement porte déjà ce nom."),
    ),
    errors.SignInRefused: (
        422,
        "password",
        lambda e, event: _("L’adresse et le mot de passe ne vont pas ensemble."),
    ),
    errors.CodeRefused: (
        422,
        "code",
        lambda e, event: _("Ce code n’est pas le bon, ou il a déjà servi. Prenez le suivant."),
    ),
    errors.PasswordRefused: (
        422,
        "present",
        lambda e, event: _("Ce n’est pas votre mot de passe actuel."),
    ),
    errors.LinkOver: (
        409,
        "",
        lambda e, event: _("Ce lien a déjà servi, ou il est trop ancien. Demandez-en un autre."),
    ),
    errors.LastOwner: (
        409,
        "",
        lambda e, event: _(
            "Plus personne ne pourrait décider des rôles. Donnez d’abord le rôle de responsable à"
            " quelqu’un d’autre, qui a déjà choisi son mot de passe."
        ),
    ),
    errors.OwnRole: (
        409,
        "",
        lambda e, event: _("Vous ne pouvez pas vous retirer cela à vous-même."),
    ),
    errors.NotTakingPart: (
        409,
        "email",
        lambda e, event: _(
            "Cette personne a un compte dans une institution qui ne participe pas à l’événement."
        ),
    ),
    errors.OrganiserKnown: (
        409,
        "email",
        lambda e, event: _("Cette adresse a déjà un compte dans une autre institution."),
    ),
    errors.InstitutionKnown: (
        409,
        "acronym",
        lambda e, event: _("Une institution de ce pays porte déjà ce sigle."),
    ),
    errors.WeakPassword: (
        422,
        "password",
        lambda e, event: _("Il faut au moins %(count)s caractères.", count=e.minimum),
    ),
    errors.ChangedElsewhere: (
        409,
        "",
        lambda e, event: _(
            "Modifié ailleurs entre-temps : %(keys)s. Rien n’a été changé.",
            keys=", ".join(e.keys),
        ),
    ),
    errors.NothingChanged: (409, "", lambda e, event: _("Rien ne changerait.")),
    errors.DocumentRefused: (422, "file", _say_document),
    errors.QuestionAnswered: (
        409,
        "kind",
        lambda e, event: _("Des personnes ont déjà répondu à la question %(key)s.", key=e.args[0]),
    ),
    errors.NothingToValidate: (409, "", lambda e, event: _("Il n’y a pas de programme.")),
    errors.AlreadyValidated: (
        409,
        "",
        lambda e, event: _("Cette partie a déjà validé le programme."),
    ),
    errors.WouldVoidValidations: (
        409,
        "void",
        lambda e, event: _("Le programme est validé : confirmez que cette validation tombe."),
    ),
    errors.DatesReversed: (422, "", _say_reversed),
    errors.DatePast: (422, "", lambda e, event: _("La date est déjà passée.")),
    errors.SessionsOutside: (
        422,
        "",
        lambda e, event: _(
            "Des séances seraient hors de l’événement : %(titles)s.",
            titles=", ".join(_session_title(code, event) for code in e.codes),
        ),
    ),
    errors.NoSuchHour: (422, "", _say_no_hour),
    errors.DeadlineUnfit: (
        422,
        "",
        lambda e, event: _("La date limite de réponse doit précéder le début de l’événement."),
    ),
    errors.SessionCancelled: (
        409,
        "",
        lambda e, event: _("Cette séance est déjà annulée."),
    ),
    errors.RemindedLately: (409, "", _say_reminded),
    errors.NothingToReopen: (
        409,
        "",
        lambda e, event: _("L’événement n’est ni annulé ni reporté."),
    ),
    errors.TagMissing: (
        422,
        "tag",
        lambda e, event: _("Écrivez l’étiquette : un mot, au moins une lettre."),
    ),
    errors.NothingToUndo: (
        409,
        "",
        lambda e, event: _("Cela ne peut pas être défait, ou l’est déjà."),
    ),
    errors.NoteMissing: (422, "note", lambda e, event: _("La note est vide.")),
    errors.WouldMailPeople: (
        409,
        "",
        lambda e, event: _(
            "Ce changement (%(keys)s) devrait être annoncé aux personnes inscrites.",
            keys=", ".join(e.keys),
        ),
    ),
    errors.ValueRefused: (422, "", _value),
    errors.FileRefused: (
        422,
        "file",
        lambda e, event: " ; ".join(str(problem) for problem in e.problems),
    ),
}

UNFORESEEN: tuple[int, str, Sentence] = (409, "", lambda e, event: _("Ce n’est pas possible."))
