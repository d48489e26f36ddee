"""The form in which an organiser writes a message: its texts, its audience, what goes with it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from webinars import phrasing, prose, saved_audiences
from webinars.database import Transaction
from webinars.filtering import ANSWER, read_filter, write_filter
from webinars.matching import UNTICKED
from webinars.messages import Content
from webinars.models import Event, Language, Translated
from webinars.prose import Fault, Mistake, Placeholder
from webinars.web import fields
from webinars.web.fields import Form, Limit, Required
from webinars.web.languages import N_, get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser.audiences import describe
from webinars.web.organiser.words import Options

SUBJECT_LIMIT = 200
BODY_LIMIT = 10_000
EVERYONE = "live"
"""What a field holds for the audience that is limited to nothing."""
ADVISED = 69
"""So many characters of a subject a telephone shows."""
TEXTS = {"fr": Language.FRENCH, "ar": Language.ARABIC, "en": Language.ENGLISH}


def _subject(label: str, *validators: Any, **attributes: str) -> fields.Text:
    return fields.Text(label, [*validators, Limit(SUBJECT_LIMIT)], render_kw=attributes)


def _body(label: str, *validators: Any, **attributes: str) -> fields.LongText:
    return fields.LongText(
        label, [*validators, Limit(BODY_LIMIT)], render_kw={"rows": 12} | attributes
    )


class MessageForm(Form):
    """What an organiser writes, and to whom."""

    audience = fields.Choice(N_("À qui"), [], words=lambda: [], is_preset=True)
    subject_fr = _subject(N_("Objet"), Required(), lang="fr")
    body_fr = _body(N_("Texte"), Required(), lang="fr")
    subject_ar = _subject(N_("Objet en arabe"), lang="ar", dir="rtl")
    body_ar = _body(N_("Texte en arabe"), lang="ar", dir="rtl")
    subject_en = _subject(N_("Objet en anglais"), lang="en", dir="ltr")
    body_en = _body(N_("Texte en anglais"), lang="en", dir="ltr")
    is_formal = fields.Tick(N_("Formule d’appel et formule de politesse"))
    with_calendar = fields.Tick(N_("Joindre l’entrée d’agenda"))
    with_copies = fields.Tick(N_("Copie aux assistantes et assistants"))

    def offer(self, options: Options) -> None:
        """Say which audiences can be chosen; what is chosen already stays among them."""
        chosen = tidy(self.audience.data or "")
        self.audience.data = chosen
        known = dict(options)
        extra = [] if chosen in known else [(chosen, _("La sélection de la liste"))]
        self.audience.choices = lambda: [*options, *extra]

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the texts too: what is to be filled in, and that nothing is half translated."""
        is_valid = super().validate(extra_validators)
        wrong = [self._check_texts(suffix) for suffix in TEXTS]
        return bool(is_valid) and not any(wrong)

    def _check_texts(self, suffix: str) -> bool:
        subject, body = self[f"subject_{suffix}"], self[f"body_{suffix}"]
        found = False
        for field, is_subject in ((subject, True), (body, False)):
            mistakes = prose.find_mistakes(field.data or "", is_subject=is_subject)
            if mistakes:
                field.errors = [*field.errors, say_mistakes(mistakes)]
                found = True
        if suffix != "fr" and bool(subject.data) is not bool(body.data):
            empty = body if subject.data else subject
            empty.errors = [*empty.errors, _("L’objet et le texte vont ensemble.")]
            found = True
        return found

    def read(self) -> Content:
        """Return what was written."""
        return Content(
            subject=self._read_text("subject"),
            body=self._read_text("body"),
            audience=read_words(self.audience.data or ""),
            is_formal=self.is_formal.data,
            with_calendar=self.with_calendar.data,
            with_copies=self.with_copies.data,
        )

    def _read_text(self, name: str) -> Translated:
        said = {suffix: prose.tidy(self[f"{name}_{suffix}"].data or "") for suffix in TEXTS}
        return Translated(said["fr"], said["ar"] or None, said["en"] or None)


def fill(content: Content) -> dict[str, Any]:
    """Return what the fields hold for a message."""
    texts = {
        f"{name}_{suffix}": getattr(text, suffix) or ""
        for name, text in (("subject", content.subject), ("body", content.body))
        for suffix in TEXTS
    }
    return texts | {
        "audience": write_words(content.audience),
        "is_formal": content.is_formal,
        "with_calendar": content.with_calendar,
        "with_copies": content.with_copies,
    }


def read_words(said: str) -> dict[str, str]:
    """Return the words of an audience, as they are kept; what is unknown is left out."""
    return write_filter(read_filter(dict(parse_qsl(said))))


def tidy(said: str) -> str:
    """Return the words of an audience in one order, so that the same ones look the same."""
    return write_words(read_words(said))


def write_words(words: Mapping[str, str]) -> str:
    """Return the words of an audience as a field holds them: never nothing."""
    return urlencode(sorted(words.items())) or EVERYONE


def list_audiences(tx: Transaction, event: Event) -> Options:
    """Return whom one may write to: the usual ones, each session's, and those that were saved."""
    is_hybrid = event.mode.value == "hybrid"
    usual: list[tuple[dict[str, str], str]] = [
        ({"status": "confirmed"}, _("Inscriptions confirmées")),
        *([({"status": "confirmed", "mode": "online"}, _("Confirmées, en ligne"))] * is_hybrid),
        *([({"status": "confirmed", "mode": "onsite"}, _("Confirmées, sur place"))] * is_hybrid),
        ({"status": "waiting"}, _("Liste d’attente")),
        ({"status": "pending"}, _("À décider")),
        ({}, _("Toutes les inscriptions en cours (confirmées, en attente, à décider)")),
        ({"reconfirm": "yes"}, _("N’ont pas dit si elles maintiennent")),
        ({"status": "confirmed", "entered": "yes"}, _("Entrées dans la salle en ligne")),
        ({"status": "confirmed", "entered": "no"}, _("Confirmées, jamais entrées en ligne")),
        ({"status": "confirmed", "presence": "present"}, _("Notées présentes")),
        ({"status": "confirmed", "presence": "absent"}, _("Notées absentes")),
        ({"status": "declined"}, _("Inscriptions déclinées")),
        ({"status": "cancelled"}, _("Inscriptions annulées")),
    ]
    sessions = [
        (
            {"status": "confirmed", "session": one.code},
            _("Séance : %(title)s", title=one.title.into(get_language())),
        )
        for one in event.sessions
    ]
    asked = [
        (
            {"status": "confirmed", f"{ANSWER}{one.key}": UNTICKED},
            _("Sans réponse à : %(question)s", question=one.label.into(get_language())),
        )
        for one in event.questions
    ]
    if any(one.slot for one in event.sessions):
        sessions.insert(0, ({"status": "confirmed", "chosen": "no"}, _("Sans séance choisie")))
    saved = [
        (dict(one.words), _("Sélection : %(name)s", name=one.name))
        for one in saved_audiences.list_all(tx, event.id)
    ]
    named = {write_words(words): name for words, name in [*usual, *sessions, *asked, *saved]}
    return list(named.items())


def name_audience(tx: Transaction, event: Event, words: Mapping[str, str]) -> str:
    """Return whom a message is for, in words."""
    named = dict(list_audiences(tx, event)).get(write_words(words))
    if named is not None:
        return named
    language = get_language()
    criteria = [
        phrasing.labelled(title, value, language) for title, value in describe(tx, event, words)
    ]
    return phrasing.COMMA[language].join(criteria)


def say_mistakes(mistakes: list[Mistake]) -> str:
    """Return what is wrong with the places to be filled in, and what may have been meant."""
    return " ".join(_say_mistake(one) for one in mistakes[:3])


def _say_mistake(one: Mistake) -> str:
    nearest = f"{{{one.nearest}}}" if one.nearest else ""
    match one.fault:
        case Fault.UNCLOSED:
            said = _("Une accolade « %(found)s » est seule.", found=one.found)
            said += " " + _("Pour écrire une accolade, doublez-la.")
        case Fault.NOT_IN_SUBJECT:
            return _("%(found)s ne se met pas dans un objet.", found=one.found)
        case Fault.NOT_ALONE:
            return _("%(found)s se met seul sur sa ligne.", found=one.found)
        case Fault.OTHER_SIGNS:
            said = _("%(found)s ne sera pas rempli.", found=one.found)
        case _:
            said = _("%(found)s n’existe pas.", found=one.found)
    return f"{said} {_('Vouliez-vous dire %(name)s ?', name=nearest)}" if nearest else said


def list_placeholders() -> list[tuple[Placeholder, str]]:
    """Return what can be filled in, with what it stands for."""
    return [
        (Placeholder.SALUTATION, _("la formule d’appel : Madame la Maire")),
        (Placeholder.TITLE, _("Mme ou M.")),
        (Placeholder.FIRST_NAME, _("le prénom")),
        (Placeholder.LAST_NAME, _("le nom")),
        (Placeholder.JOB_TITLE, _("le mandat ou la fonction")),
        (Placeholder.ORGANIZATION, _("la structure")),
        (Placeholder.REFERENCE, _("la référence de l’inscription")),
        (Placeholder.SESSIONS, _("les séances choisies")),
        (Placeholder.EVENT, _("le titre de l’événement")),
        (Placeholder.DATE, _("le jour ou les jours")),
        (Placeholder.HOURS, _("les heures, dans chaque ville")),
        (Placeholder.VENUE, _("le lieu")),
        (Placeholder.PAGE, _("la page personnelle de l’inscription")),
        (Placeholder.LINK, _("le lien de connexion : inscriptions confirmées, en ligne")),
        (Placeholder.DOCUMENTS, _("les documents de l’événement, seul sur sa ligne")),
    ]
