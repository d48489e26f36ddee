"""What organisers see, export and change, as the audit page names it: words for each page.

A page whose words are missing here fails a test; shown before that is done, it is named by itself.
"""

from typing import NamedTuple

from flask import url_for

from webinars.database import Transaction
from webinars.models import AuditRecord, Event, Organiser, OrganiserRole, Registration, Share
from webinars.web.filters import label
from webinars.web.languages import N_
from webinars.web.languages import gettext as _

WORDS: dict[str, object] = {
    "account.end_others": N_("Ses autres connexions terminées"),
    "account.end_sign_in": N_("Une de ses connexions terminée"),
    "account.set_name": N_("Son propre nom changé"),
    "account.set_password": N_("Son propre mot de passe changé"),
    "additions.form": N_("Formulaire d’ajout d’une inscription"),
    "additions.submit": N_("Personne inscrite à la main"),
    "answers.download": N_("Fichier envoyé comme réponse"),
    "answers.form": N_("Réponses d’une personne"),
    "answers.submit": N_("Réponses d’une personne changées"),
    "archives.take": N_("Archive de l’événement prise"),
    "arrivals.add": N_("Personne inscrite à l’accueil"),
    "arrivals.form": N_("Formulaire d’inscription à l’accueil"),
    "arrivals.listing": N_("Liste des arrivées"),
    "arrivals.note": N_("Arrivée notée"),
    "arrivals.scan": N_("Arrivée notée par un badge"),
    "audiences.form": N_("Nom d’une audience à enregistrer"),
    "audiences.listing": N_("Audiences enregistrées"),
    "audiences.name_form": N_("Nom d’une audience"),
    "audiences.remove": N_("Audience oubliée"),
    "audiences.rename": N_("Audience renommée"),
    "audiences.save": N_("Audience enregistrée"),
    "audits.of_event": N_("Journal de l’événement"),
    "bulk.begin": N_("Action sur plusieurs inscriptions"),
    "bulk.carry_on": N_("Action sur plusieurs inscriptions poursuivie"),
    "bulk.review": N_("Action sur plusieurs inscriptions, à revoir"),
    "bulk.show": N_("Suite d’une action sur plusieurs inscriptions"),
    "bulk.undo": N_("Action sur plusieurs inscriptions défaite"),
    "changes.send_now": N_("Messages d’un changement envoyés tout de suite"),
    "changes.submit": N_("Événement changé"),
    "changes.withdraw": N_("Messages d’un changement retirés"),
    "command line": N_("Par une commande du serveur"),
    "contact_imports.check": N_("Liste de contacts examinée"),
    "contact_imports.decide": N_("Doublons d’une liste de contacts décidés"),
    "contact_imports.read_again": N_("Liste de contacts relue dans un autre encodage"),
    "contact_imports.start": N_("Liste de contacts importée"),
    "contact_imports.undo": N_("Import de contacts défait"),
    "contact_imports.upload": N_("Liste de contacts déposée"),
    "invitations.remind": N_("Rappel des invitations envoyé"),
    "invitations.send": N_("Contacts invités"),
    "invitations.test": N_("Invitation essayée"),
    "invitations.trust": N_("Accueil des personnes invitées réglé"),
    "contacts.add": N_("Contact ajouté"),
    "contacts.change": N_("Contact modifié"),
    "contacts.listing": N_("Liste des contacts"),
    "contacts.remove": N_("Contact retiré"),
    "contacts.share": N_("Partage d’un contact changé"),
    "contacts.show": N_("Un contact"),
    "corrections.form": N_("Adresse d’une personne, à corriger"),
    "corrections.submit": N_("Adresse d’une personne corrigée"),
    "creations.create": N_("Événement créé"),
    "deliveries.listing": N_("Liste des envois"),
    "deliveries.send_again": N_("Message renvoyé à une personne"),
    "documents.add": N_("Document ajouté"),
    "documents.move": N_("Document déplacé"),
    "documents.remove": N_("Document retiré"),
    "documents.rename": N_("Document renommé"),
    "documents.replace": N_("Document remplacé par une nouvelle version"),
    "edits.save": N_("Événement modifié"),
    "eventfiles.duplicate": N_("Événement dupliqué"),
    "eventfiles.load": N_("Événement chargé d’un fichier"),
    "events.send_test": N_("Essai envoyé à soi-même"),
    "events.set_room": N_("Salle en ligne changée"),
    "exports.choose": N_("Choix des colonnes d’un export"),
    "exports.remind": N_("Rappel d’export réglé"),
    "exports.remind_no_more": N_("Rappel d’export arrêté"),
    "exports.remove": N_("Choix de colonnes oublié"),
    "exports.take": N_("Liste des inscriptions exportée"),
    "exports.take_shareable": N_("Liste à diffuser exportée"),
    "history.mails": N_("Messages d’un changement"),
    "history.show": N_("Chronologie"),
    "history.unreached": N_("Personnes non jointes"),
    "institutions.add": N_("Institution ajoutée"),
    "institutions.edit": N_("Institution renommée"),
    "institutions.show": N_("Page de l’institution"),
    "labels.add_note": N_("Note ajoutée à une inscription"),
    "labels.add_tag": N_("Étiquette mise à une inscription"),
    "labels.remove_note": N_("Note retirée d’une inscription"),
    "labels.remove_tag": N_("Étiquette retirée d’une inscription"),
    "mailings.cancel": N_("Envoi annulé"),
    "mailings.pause": N_("Envoi mis en pause"),
    "mailings.preview": N_("Destinataires d’un envoi"),
    "mailings.resume": N_("Envoi repris"),
    "mailings.send_again": N_("Envoi refait à qui ne l’a pas reçu"),
    "mailings.send_test": N_("Essai d’un envoi à soi-même"),
    "mailings.show": N_("Un envoi"),
    "merging.form": N_("Deux inscriptions comparées"),
    "merging.merge": N_("Deux inscriptions réunies"),
    "message_reviews.letter": N_("Aperçu d’un message"),
    "message_reviews.people": N_("Destinataires d’un message"),
    "message_reviews.preview": N_("Message vu comme une personne le lira"),
    "message_reviews.schedule": N_("Message programmé"),
    "message_reviews.send_test": N_("Essai d’un message à soi-même"),
    "message_reviews.withdraw": N_("Message programmé retiré"),
    "messages.copy": N_("Message copié"),
    "messages.create": N_("Message écrit"),
    "messages.edit": N_("Message modifié"),
    "messages.listing": N_("Liste des messages"),
    "messages.progress": N_("Avancement d’un message"),
    "messages.remove": N_("Message oublié"),
    "messages.show": N_("Un message"),
    "organisers.disable": N_("Compte fermé"),
    "organisers.enable": N_("Compte rouvert"),
    "organisers.give": N_("Rôle donné"),
    "organisers.invite": N_("Organisateur invité"),
    "organisers.invite_again": N_("Invitation renvoyée"),
    "organisers.take": N_("Rôle retiré"),
    "organizations.add": N_("Structure ajoutée à l’annuaire"),
    "organizations.add_alias": N_("Autre nom d’une structure ajouté"),
    "organizations.change": N_("Structure renommée ou modifiée"),
    "organizations.listing": N_("Annuaire des structures"),
    "organizations.merge": N_("Deux structures réunies"),
    "organizations.remove_alias": N_("Autre nom d’une structure retiré"),
    "organizations.show": N_("Une structure de l’annuaire"),
    "organizations.take_list": N_("Annuaire de structures importé"),
    "organizations.unknown": N_("Noms de structures hors annuaire"),
    "papers.make": N_("Document établi"),
    "papers.take": N_("Document pris"),
    "programmes.move": N_("Séance déplacée dans le programme"),
    "programmes.save": N_("Séance enregistrée"),
    "programmes.set_status": N_("État du programme changé"),
    "programmes.take_out": N_("Séance retirée du programme"),
    "programmes.validate_fr": N_("Programme validé, côté français"),
    "programmes.validate_ma": N_("Programme validé, côté marocain"),
    "publications.close": N_("Inscriptions closes"),
    "publications.publish": N_("Publication changée"),
    "publications.reopen": N_("Inscriptions rouvertes"),
    "questions.move": N_("Question déplacée"),
    "questions.save": N_("Question enregistrée"),
    "questions.take_out": N_("Question retirée"),
    "reconfirmations.listing": N_("Personnes qui n’ont pas dit si elles maintiennent"),
    "reconfirmations.remind": N_("Relance envoyée"),
    "registrations.cancel": N_("Inscription annulée"),
    "registrations.choose_columns": N_("Colonnes de la liste choisies"),
    "registrations.confirm": N_("Inscription acceptée"),
    "registrations.decline": N_("Inscription refusée"),
    "registrations.export": N_("Liste des inscriptions exportée"),
    "registrations.listing": N_("Liste des inscriptions"),
    "registrations.mark": N_("Présence notée"),
    "registrations.reconfirm": N_("Maintien noté"),
    "registrations.send_link": N_("Lien personnel renvoyé"),
    "registrations.settle": N_("Demande traitée"),
    "registrations.show": N_("Une inscription"),
    "roles.give": N_("Rôle donné"),
    "roles.set_share": N_("Partage avec une institution changé"),
    "roles.take": N_("Rôle retiré"),
    "salutations.form": N_("Formule d’appel d’une personne"),
    "salutations.put": N_("Formule d’appel d’une personne changée"),
    "second_factors.begin": N_("Préparation du code du téléphone"),
    "second_factors.change": N_("Code du téléphone ou codes de secours changés"),
    "second_factors.confirm": N_("Code du téléphone demandé désormais"),
    "second_factors.noted": N_("Codes de secours notés"),
    "sign_in.leave": N_("Déconnexion"),
    "substitutes.form": N_("Remplacement d’une personne"),
    "substitutes.submit": N_("Remplaçant désigné"),
    "usual.put": N_("Envoi habituel réglé"),
}
"""By the page's name, which is what is written down."""


class Line(NamedTuple):
    """A record as the page shows it."""

    record: AuditRecord
    who: str
    what: str
    more: str
    """What is known besides: a role, a file's format."""
    url: str
    """Where what it was done to can be looked at; empty: nowhere."""


def describe(tx: Transaction, records: list[AuditRecord], event: Event | None) -> list[Line]:
    """Put records into words."""
    return [_describe(tx, one, event) for one in records]


def say_deed(deed: str) -> str:
    """Name what was done."""
    return str(WORDS.get(deed, deed))


def _describe(tx: Transaction, record: AuditRecord, event: Event | None) -> Line:
    author = tx.get(Organiser, record.organiser_id) if record.organiser_id else None
    who = (author.name or author.email) if author else record.author
    is_command = record.author == "command line"
    subject = _read_subject(record)
    more = [_say_registration(tx, subject), _say_person(tx, subject), *_say_details(record)]
    return Line(
        record,
        _("commande du serveur") if is_command else who,
        say_deed(record.deed),
        " · ".join(one for one in more if one),
        _find_url(subject, event),
    )


def _read_subject(record: AuditRecord) -> dict[str, str]:
    """Read what a deed was done to: the parts of the page's address, and what was added."""
    parts = (one.partition("=") for one in record.subject.split())
    return {name: value for name, _sign, value in parts} | record.details


def _say_registration(tx: Transaction, subject: dict[str, str]) -> str:
    number = subject.get("registration_id", "")
    registration = tx.get(Registration, int(number)) if number.isdigit() else None
    return registration.reference if registration else ""


def _say_person(tx: Transaction, subject: dict[str, str]) -> str:
    """Name the organiser whom a deed concerned: colleagues, never people who registered."""
    number = subject.get("organiser_id", "")
    organiser = tx.get(Organiser, int(number)) if number.isdigit() else None
    return (organiser.name or organiser.email) if organiser else ""


def _say_details(record: AuditRecord) -> list[str]:
    said = dict(record.details)
    words = []
    if said.get("role") in set(OrganiserRole):
        words.append(label(OrganiserRole(said.pop("role"))))
    if said.get("share") in set(Share):
        words.append(label(Share(said.pop("share"))))
    rest = {name: value for name, value in said.items() if not name.endswith("_id")}
    return [*words, *(value for value in rest.values() if value)]


def _find_url(subject: dict[str, str], event: Event | None) -> str:
    if event is None or not subject.get("registration_id", "").isdigit():
        return ""
    return url_for(
        "organiser.registrations.show",
        slug=event.slug,
        registration_id=int(subject["registration_id"]),
    )
