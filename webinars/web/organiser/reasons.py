"""Why a mailing stands where it does, why a mail waits, and why someone did not get it: in words.

What a relay answered itself is shown beside these words, never in their place.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from flask import Blueprint

from webinars import deliveries
from webinars.deliveries import MAILING_CANCELLED, TOO_LATE, DeliveryRow, Only
from webinars.mail.replies import LOST_BEFORE, NO_REPLY
from webinars.mailings import MailingRow
from webinars.models import (
    DeliveryState,
    Failure,
    Mailing,
    MailingState,
    MailName,
    SuppressionReason,
    Wait,
)
from webinars.outcomes import POISON
from webinars.suppressions import ASKED
from webinars.web.filters import label
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser.words import last_word


class Waits(NamedTuple):
    """What a mail waits for, and until when."""

    what: str
    next_attempt_at: datetime | None
    """`None`: it has not been put off, or nobody knows."""


def list_waits(rows: Sequence[DeliveryRow], now: datetime) -> dict[int, Waits]:
    """List what those of some mails wait for that wait, by their numbers."""
    waits = {}
    for row in rows:
        if what := deliveries.find_wait(row, now):
            again = deliveries.find_next_attempt(row)
            is_put_off = again is not None and again > max(now, row.due_at)
            waits[row.id] = Waits(what, again if is_put_off else None)
    return waits


def set_up(blueprint: Blueprint) -> None:
    """Give the templates these filters."""
    for filter_ in (
        audience_words,
        block_words,
        mailing_name,
        mark_words,
        own_word,
        standing_reason,
        suppression_words,
        wait_words,
        why_missed,
    ):
        blueprint.add_app_template_filter(filter_)


def mailing_name(row: MailingRow | Mailing) -> str:
    """Return what a mailing is called: what an organiser wrote, by its subject."""
    if isinstance(row, Mailing):
        subject = row.message.subject if row.message else None
    else:
        subject = row.subject
    return label(row.template) if subject is None else subject.into(get_language())


def audience_words(template: MailName) -> str:
    """Return whom a mailing is for."""
    words = {
        MailName.CONFIRMATION: _("Chaque personne dont l’inscription est confirmée"),
        MailName.WAITING_LIST: _("Chaque personne placée sur la liste d’attente"),
        MailName.REMINDER: _("Les inscriptions confirmées, en ligne"),
        MailName.CONNECTION_LINK: _(
            "Les inscriptions confirmées, en ligne, avec copie aux assistant(e)s"
        ),
        MailName.PRACTICAL_INFORMATION: _("Les inscriptions confirmées, sur place"),
        MailName.THANKS: _("Les personnes entrées dans la salle ou notées présentes"),
    }
    return words.get(template, "")


def standing_reason(row: MailingRow) -> str:
    """Return why a mailing is held, paused or cancelled; nothing where there is no reason."""
    if row.reason == "by-organiser":
        is_paused = row.state is MailingState.PAUSED
        return _("Mis en pause par l’organisation") if is_paused else _("Annulé par l’organisation")
    words = {
        "room-missing": _("La salle manque encore"),
        "too-late": _("L’heure limite est passée"),
        "event-cancelled": _("L’événement est annulé"),
        "event-postponed": _("L’événement est reporté, sans date"),
        "rule-gone": _("Le fichier de l’événement ne le prévoit plus"),
        "unwritten": _("Trop de messages n’ont pas pu être composés"),
    }
    return words.get(row.reason or "", row.reason or "")


def mark_words(only: Only) -> str:
    """Return what mails are called that are looked for whatever their state."""
    words = {
        Only.MAYBE_TWICE: _("Peut-être deux fois"),
        Only.UNWANTED: _("Non souhaités"),
    }
    return words[only]


def wait_words(what: str) -> str:
    """Return what a mail waits for."""
    words = {
        "sending": _("en cours d’envoi"),
        "worker": _("dans la file d’envoi"),
        "time": _("son heure n’est pas venue"),
        "limit": _("cette adresse a eu sa part de messages pour cette heure"),
        "deferred": _("le serveur de messagerie demande d’attendre ou n’a pas répondu"),
        "rate": _("le débit est limité"),
        "relay": _("le serveur de messagerie ne répond pas"),
        "paused": _("l’envoi est en pause"),
        "room-missing": _("la salle manque encore"),
    }
    return words.get(what, what)


def why_missed(row: DeliveryRow) -> str:
    """Return why someone did not get a mail, or not yet, in a sentence; else nothing."""
    if row.reply == POISON:
        return _("Ce message a interrompu l’envoi plusieurs fois : il a été mis de côté.")
    if row.reply == MAILING_CANCELLED and row.state is not DeliveryState.UNCERTAIN:
        return _("Abandonné avec l’envoi.")
    if row.state is not DeliveryState.UNCERTAIN and (broken := _find_broken(row.reply or "")):
        return broken
    match row.state:
        case DeliveryState.SUPPRESSED:
            return suppression_words(row.reply)
        case DeliveryState.UNCERTAIN:
            return _("Peut-être parti : le serveur de messagerie n’a pas pu le dire.")
        case DeliveryState.EXPIRED:
            return _("Trop tard pour être utile.")
        case DeliveryState.FAILED if row.reply and row.reply.startswith("letter not written"):
            return _("Le message n’a pas pu être composé.")
        case DeliveryState.FAILED | DeliveryState.BOUNCED:
            return failure_words(row.failure)
    is_told = row.failure and not row.accepted_at and row.waits_for is not Wait.RELAY
    return failure_words(row.failure) if is_told else ""


def _find_broken(reply: str) -> str:
    """Find what is said where the relay said nothing, and the reply is a word of ours."""
    words = {
        NO_REPLY: _("Le serveur de messagerie n’a pas répondu à la fin du message."),
        LOST_BEFORE: _("La connexion au serveur de messagerie s’est interrompue."),
    }
    return next((said for begin, said in words.items() if reply.startswith(begin)), "")


def failure_words(failure: Failure | None) -> str:
    """Return what a refusal was about, in a sentence."""
    words = {
        Failure.ADDRESS: _("L’adresse n’existe pas."),
        Failure.MAILBOX: _("La boîte est pleine ou fermée pour l’instant."),
        Failure.CONTENT: _("Le serveur destinataire refuse un message de cette taille ou forme."),
        Failure.POLICY: _("Refusé par le serveur destinataire ; l’adresse n’est pas en cause."),
        Failure.THROTTLED: _("Le serveur destinataire reçoit trop de messages à la fois."),
        Failure.GREYLISTED: _("Le serveur destinataire demande d’essayer plus tard."),
        Failure.COMPLAINT: _("La personne a signalé le message comme indésirable."),
        Failure.OTHER: _("Refusé, sans raison connue."),
    }
    return words[failure] if failure else _("L’envoi a échoué.")


def suppression_words(reason: str | None) -> str:
    """Return why an address is not written to, in a sentence."""
    words = {
        SuppressionReason.ADDRESS: _("Adresse écartée : elle n’existe pas."),
        SuppressionReason.MAILBOX: _("Adresse écartée pour un temps : la boîte est pleine."),
        SuppressionReason.COMPLAINT: _("La personne a signalé ces messages comme indésirables."),
        SuppressionReason.UNSUBSCRIBED: _("La personne ne souhaite plus recevoir ces messages."),
    }
    known = reason if reason in set(SuppressionReason) else None
    return words[SuppressionReason(known)] if known else _("Adresse écartée.")


def block_words(reason: SuppressionReason) -> str:
    """Return why a mail is not sent again, in a sentence."""
    if reason in ASKED:
        return _("Pas de renvoi : la personne n’en veut plus.")
    return _("Pas de renvoi : l’adresse est écartée.")


def own_word(row: DeliveryRow) -> str:
    """Return what the other side said, where `why_missed` is not that already.

    Of a relay that takes nothing, what it waits for says enough.
    """
    if row.waits_for is Wait.RELAY:
        return ""
    ours = {MAILING_CANCELLED, POISON, TOO_LATE, *SuppressionReason}
    reply = row.reply or ""
    return "" if reply in ours or _find_broken(reply) else last_word(reply)
