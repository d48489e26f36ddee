"""Events that come from an event file, or from another event."""

from datetime import date
from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.file import FileField, MultipleFileField
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response
from wtforms.validators import StopValidation

from webinars import changes, eventfiles, events, loading, rights, waiting
from webinars.changes import Order
from webinars.database import Transaction
from webinars.errors import (
    ChangedElsewhere,
    Forbidden,
    Problem,
    SessionsChosen,
    SlugTaken,
    WebinarsError,
    WouldMailPeople,
)
from webinars.eventfiles import EventFile
from webinars.eventfiles.shape import SLUG, SLUG_LIMIT
from webinars.loading import Loaded
from webinars.models import Event, Lane, Language
from webinars.rights import Act
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.fields import Described, Form, Required
from webinars.web.languages import N_, ngettext
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import get_organiser, get_own_event

blueprint = Blueprint("eventfiles", __name__)

ACTS: dict[str, Right] = {
    "form": Act.CREATE_EVENT,
    "load": Act.CREATE_EVENT,
    "duplicate_form": Act.EDIT_EVENT,
    "duplicate": Act.EDIT_EVENT,
}

MAX_UPLOAD_BYTES = 64 * 1024 * 1024
"""An event file with its documents."""

Answer = Response | tuple[str, int]


class File(Described, FileField):  # type: ignore[misc]
    """A file to choose."""


class Files(Described, MultipleFileField):  # type: ignore[misc]
    """Several files to choose."""


class IsDay:
    """The field must be a day, as a browser's calendar writes it."""

    def __call__(self, form: Form, field: fields.Text) -> None:
        """Refuse what is no day."""
        try:
            date.fromisoformat(field.data)
        except ValueError as error:
            raise StopValidation(_("Écrivez une date, par exemple 2027-03-09.")) from error


class IsSlug:
    """The field must be what an event's address can end with."""

    def __call__(self, form: Form, field: fields.Text) -> None:
        """Refuse what is no slug."""
        if len(field.data) > SLUG_LIMIT or not SLUG.fullmatch(field.data):
            raise StopValidation(
                _("Des minuscules sans accent, des chiffres et des traits d’union : exemple-2027.")
            )


class FileForm(Form):
    """An event file, with the documents it names."""

    file = File(N_("Fichier d’événement"), [Required()], render_kw={"accept": ".yaml,.yml"})
    documents = Files(N_("Documents que le fichier nomme"))
    take_file = fields.Tick(N_("Le fichier l’emporte sur ce qui a été changé ailleurs"))


class DuplicateForm(Form):
    """Under which address and on which day an event is held again."""

    slug = fields.Text(
        N_("Adresse courte"),
        [Required(), IsSlug()],
        render_kw={"dir": "ltr", "spellcheck": "false"},
    )
    starts_on = fields.Text(N_("Premier jour"), [Required(), IsDay()], render_kw={"type": "date"})


@blueprint.url_value_preprocessor
def allow_documents(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let an organiser send documents; the proof of a form is looked for in the whole of it."""
    if request.method == "POST" and current_user.is_authenticated:
        request.max_content_length = MAX_UPLOAD_BYTES


@blueprint.teardown_request
def close_documents(_error: BaseException | None) -> None:
    """Let go of the files that were sent, which lie on the disk when they are large."""
    request.close()


@blueprint.get("/events/load")
def form() -> str:
    """Ask for an event file."""
    return _show(FileForm())


@blueprint.post("/events/load")
def load() -> Answer:
    """Create or change an event as its file says."""
    runtime = get_runtime()
    now = runtime.now()
    filled_in = FileForm()
    if not filled_in.validate():
        return _show(filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        file = _read(filled_in)
        eventfiles.store_attachments(file, runtime.settings.documents_dir)
        with runtime.transaction() as tx:
            loaded = _load(tx, file, take_file=filled_in.take_file.data)
            promoted = len(waiting.promote(tx, loaded.event, now=now))
    except WebinarsError as error:
        return _show_refused(filled_in, error)
    runtime.wake(Lane.PROMPT)
    flash(_say(loaded, promoted))
    return redirect(url_for("organiser.events.show", slug=file.slug), 303)


@blueprint.get("/events/<slug:slug>/duplicate")
def duplicate_form(slug: str) -> str:
    """Ask for the new event's address and day."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    return _show_duplicate(event, DuplicateForm(data={"slug": event.slug}))


@blueprint.post("/events/<slug:slug>/duplicate")
def duplicate(slug: str) -> Answer:
    """Make a draft like an event, on other days."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
    filled_in = DuplicateForm()
    if not filled_in.validate():
        return _show_duplicate(event, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            _duplicate(tx, slug, filled_in)
    except WebinarsError as error:
        return _show_duplicate_refused(event, filled_in, error)
    flash(_("Le nouvel événement est un brouillon : personne d’autre ne le voit encore."))
    return redirect(url_for("organiser.events.show", slug=filled_in.slug.data), 303)


def _read(filled_in: FileForm) -> EventFile:
    """Read the event file, and the documents that were sent along by their names."""
    sent: dict[str, FileStorage] = {
        one.filename: one for one in filled_in.documents.data or [] if one.filename
    }

    def find_file(path: str) -> bytes | None:
        found = sent.get(path) or sent.get(path.rsplit("/", 1)[-1])
        return found.stream.read(eventfiles.ATTACHMENT_LIMIT + 1) if found else None

    chosen = filled_in.file.data
    data = chosen.stream.read(eventfiles.SIZE_LIMIT + 1)
    return eventfiles.parse(data, name=chosen.filename, find_file=find_file)


def _load(tx: Transaction, file: EventFile, *, take_file: bool) -> Loaded:
    """Load a file for the organiser, whose event it must be before and after.

    :raises SlugTaken: it is the address of an event that others run.
    :raises Forbidden: the file does not name the organiser's institution.
    """
    organiser = get_organiser()
    former = events.find(tx, file.slug)
    if former is not None and not rights.may(organiser, Act.EDIT_EVENT, event=former):
        raise SlugTaken
    order = Order(organiser.email, get_runtime().now())
    loaded, _outlook = changes.load(tx, file, order, take_file=take_file, may_tell=False)
    if not rights.may(organiser, Act.EDIT_EVENT, event=loaded.event):
        raise Forbidden
    guard.write_down(tx, event_id=loaded.event.id)
    return loaded


def _duplicate(tx: Transaction, slug: str, filled_in: DuplicateForm) -> None:
    loading.duplicate(
        tx,
        get_own_event(tx, slug),
        slug=filled_in.slug.data,
        starts_on=date.fromisoformat(filled_in.starts_on.data),
        now=get_runtime().now(),
    )


def _say(loaded: Loaded, promoted: int) -> str:
    if loaded.is_new:
        return _("L’événement est créé.")
    if not loaded.changed:
        return _("Le fichier ne dit rien de nouveau : rien n’a été changé.")
    said = _("Modifié : %(keys)s.", keys=", ".join(loaded.changed))
    if not promoted:
        return said
    more = ngettext(
        "%(num)d personne qui attendait a reçu une place.",
        "%(num)d personnes qui attendaient ont reçu une place.",
        promoted,
    )
    return f"{said} {more}"


def _show_refused(filled_in: FileForm, error: WebinarsError) -> tuple[str, int]:
    """Show why a file was refused: every mistake with its line, or the one rule it breaks."""
    problems: list[Problem] = getattr(error, "problems", [])
    refusal = explain(error)
    sentence = None if problems else _say_refusal(error, refusal)
    return _show(filled_in, sentence, problems), refusal.status


def _say_refusal(error: WebinarsError, refusal: Refusal) -> str:
    match error:
        case Forbidden():
            return _("Le fichier ne nomme pas votre institution parmi celles de l’événement.")
        case SlugTaken():
            return _("Un autre événement porte déjà cette adresse courte.")
        case SessionsChosen():
            return _(
                "Le fichier ne contient plus des séances que des personnes inscrites ont choisies :"
                " %(codes)s. Rien n’a été changé.",
                codes=", ".join(error.codes),
            )
        case WouldMailPeople():
            return ngettext(
                "%(num)d personne est inscrite et devrait être prévenue de ce changement :"
                " %(keys)s. Rien n’a été changé.",
                "%(num)d personnes sont inscrites et devraient être prévenues de ce changement :"
                " %(keys)s. Rien n’a été changé.",
                error.people,
                keys=", ".join(error.keys),
            )
        case ChangedElsewhere():
            return _(
                "Modifié ailleurs depuis le dernier chargement : %(keys)s. Rien n’a été changé."
                " Pour que le fichier l’emporte, cochez la case et envoyez-le à nouveau.",
                keys=", ".join(error.keys),
            )
    return refusal.sentence


def _show(
    filled_in: FileForm, refusal: str | None = None, problems: list[Problem] | None = None
) -> str:
    said = [(one, eventfiles.explain(one, Language.FRENCH)) for one in problems or []]
    return render_template(
        "organiser/eventfiles/form.html", form=filled_in, refusal=refusal, problems=said
    )


def _show_duplicate_refused(
    event: Event, filled_in: DuplicateForm, error: WebinarsError
) -> tuple[str, int]:
    refusal = explain(error)
    at_field = filled_in.refuse(refusal.field, refusal.sentence)
    return _show_duplicate(event, filled_in, None if at_field else refusal), refusal.status


def _show_duplicate(event: Event, filled_in: DuplicateForm, refusal: Refusal | None = None) -> str:
    return render_template(
        "organiser/eventfiles/duplicate_form.html",
        event=event,
        form=filled_in,
        refusal=refusal.sentence if refusal else None,
    )
