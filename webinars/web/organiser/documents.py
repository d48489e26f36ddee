"""The documents of an event: sent, replaced by a new version, renamed, ordered, removed."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webinars import eventfiles, uploads
from webinars.changes import Order
from webinars.database import Transaction
from webinars.editing import documents
from webinars.editing.documents import Upload
from webinars.errors import DocumentRefused, FileRefused, NotFound, WebinarsError
from webinars.eventfiles import ATTACHMENT_LIMIT
from webinars.models import Document, Event, FormerDocument
from webinars.rights import Act
from webinars.typed import LINE_LIMIT, NAME_LIMIT
from webinars.uploads import SIGNATURES
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Form, Limit, Required
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.edits import put_problems
from webinars.web.organiser.eventfiles import File
from webinars.web.organiser.guard import get_organiser, get_own_event

blueprint = Blueprint("documents", __name__)

ACTS: dict[str, Right] = {
    "show": Act.SEE_EVENT,
    "download": Act.SEE_EVENT,
    "download_former": Act.SEE_EVENT,
    "add": Act.EDIT_EVENT,
    "form": Act.EDIT_EVENT,
    "replace": Act.EDIT_EVENT,
    "rename": Act.EDIT_EVENT,
    "move": Act.EDIT_EVENT,
    "remove": Act.EDIT_EVENT,
}

Answer = Response | tuple[str, int]
HOME = "/events/<slug:slug>/documents"
ONE = f"{HOME}/<int(max=2147483647):document_id>"
TAKEN = ",".join(f".{ending}" for ending in SIGNATURES)


class UploadForm(Form):
    """A new document."""

    title = fields.Text(N_("Titre"), [Required(), Limit(LINE_LIMIT)])
    file = File(N_("Fichier"), [Required()], render_kw={"accept": TAKEN})
    version = fields.Text(N_("Version"), [Limit(NAME_LIMIT)])

    def find_field(self, key: str) -> str:
        """Return the field that a part of an event file is typed in; empty: there is none."""
        return "title" if key.endswith("title") else ""


class VersionForm(Form):
    """A new version of a document."""

    file = File(N_("Nouveau fichier"), [Required()], render_kw={"accept": TAKEN})
    version = fields.Text(N_("Version"), [Limit(NAME_LIMIT)])


class TitleForm(Form):
    """Another title of a document."""

    title = fields.Text(N_("Titre"), [Required(), Limit(LINE_LIMIT)])


@blueprint.url_value_preprocessor
def allow_documents(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let an organiser send a document; the proof of a form is looked for in the whole of it."""
    if request.method == "POST" and current_user.is_authenticated:
        request.max_content_length = ATTACHMENT_LIMIT + 64 * 1024


@blueprint.teardown_request
def close_documents(_error: BaseException | None) -> None:
    """Let go of the file that was sent, which lies on the disk when it is large."""
    request.close()


@blueprint.get(HOME)
def show(slug: str) -> str:
    """Show the documents with all their versions, and ask for a new one."""
    return _show(slug)


@blueprint.post(HOME)
def add(slug: str) -> Answer:
    """Add a document."""
    form = UploadForm()
    if not form.validate():
        return _show(slug, form), HTTPStatus.UNPROCESSABLE_ENTITY

    def do(tx: Transaction, event: Event, order: Order, upload: Upload) -> None:
        title, version = form.title.data, form.version.data
        documents.add_document(tx, event, title, version, upload, order)

    return _send(slug, form, do, lambda refusal: _show(slug, form, refusal))


@blueprint.get(ONE)
def form(slug: str, document_id: int) -> str:
    """Ask for a new version of a document, or another title."""
    return _show_one(slug, document_id)


@blueprint.post(f"{ONE}/version")
def replace(slug: str, document_id: int) -> Answer:
    """Let a new version take the place of a document."""
    form = VersionForm()
    if not form.validate():
        return _show_one(slug, document_id, form), HTTPStatus.UNPROCESSABLE_ENTITY

    def do(tx: Transaction, event: Event, order: Order, upload: Upload) -> None:
        version = form.version.data
        documents.replace_document(tx, event, document_id, version, upload, order)

    return _send(
        slug, form, do, lambda refusal: _show_one(slug, document_id, form, refusal=refusal)
    )


@blueprint.post(f"{ONE}/title")
def rename(slug: str, document_id: int) -> Answer:
    """Give a document another title."""
    form = TitleForm()
    if not form.validate():
        return _show_one(slug, document_id, naming=form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        return _do(
            slug,
            lambda tx, event, order: documents.rename_document(
                tx, event, document_id, form.title.data, order
            ),
        )
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error)
        form.refuse("title", refusal.sentence)
        return _show_one(slug, document_id, naming=form), refusal.status


@blueprint.post(f"{ONE}/move")
def move(slug: str, document_id: int) -> Answer:
    """Show a document earlier or later."""
    by = -1 if request.form.get("by") == "-1" else 1
    return _do(
        slug, lambda tx, event, order: documents.move_document(tx, event, document_id, by, order)
    )


@blueprint.post(f"{ONE}/remove")
def remove(slug: str, document_id: int) -> Answer:
    """Offer a document no more."""
    return _do(
        slug, lambda tx, event, order: documents.remove_document(tx, event, document_id, order)
    )


@blueprint.get(f"{ONE}/file")
def download(slug: str, document_id: int) -> Response:
    """Hand over a document as it is now, of a draft too."""
    with get_runtime().reading() as tx:
        found = documents.get_document(get_own_event(tx, slug), document_id)
    return _hand_over(found)


@blueprint.get(f"{HOME}/former/<int(max=2147483647):former_id>")
def download_former(slug: str, former_id: int) -> Response:
    """Hand over an older version of a document."""
    with get_runtime().reading() as tx:
        former = {one.id: one for one in documents.list_former(tx, get_own_event(tx, slug))}
    if former_id not in former:
        raise NotFound("document", str(former_id))
    return _hand_over(former[former_id])


def _hand_over(found: Document | FormerDocument) -> Response:
    path = get_runtime().settings.documents_dir / found.sha256
    if not path.is_file():
        raise NotFound("document")
    return send_file(path.resolve(), as_attachment=True, download_name=found.file, max_age=0)


def _send(
    slug: str,
    form: Any,
    deed: Callable[[Transaction, Event, Order, Upload], None],
    show: Callable[[str | None], str],
) -> Answer:
    """Store a file that was sent, and name it in the event."""
    try:
        upload = _store(form)
        return _do(slug, lambda tx, event, order: deed(tx, event, order, upload))
    except DocumentRefused as error:
        form.refuse("file", explain(error).sentence)
        return show(None), HTTPStatus.UNPROCESSABLE_ENTITY
    except FileRefused as error:
        return show(put_problems(form, error)), HTTPStatus.UNPROCESSABLE_ENTITY


def _store(form: Any) -> Upload:
    sent = form.file.data
    data = sent.stream.read(ATTACHMENT_LIMIT + 1)
    if len(data) > ATTACHMENT_LIMIT:
        raise DocumentRefused("size")
    name = uploads.check_file(sent.filename or "", data)
    digest = eventfiles.store(data, get_runtime().settings.documents_dir)
    return Upload(name, digest, len(data))


def _do(slug: str, deed: Callable[[Transaction, Event, Order], None]) -> Answer:
    runtime = get_runtime()
    order = Order(get_organiser().email, runtime.now())
    with runtime.transaction() as tx:
        deed(tx, get_own_event(tx, slug), order)
    flash(_("C’est enregistré."))
    return redirect(url_for("organiser.documents.show", slug=slug), 303)


def _show(slug: str, form: UploadForm | None = None, refusal: str | None = None) -> str:
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        former = documents.list_former(tx, event)
    return render_template(
        "organiser/documents/show.html",
        event=event,
        former=former,
        form=form or UploadForm(formdata=None),
        refusal=refusal,
        taken=", ".join(SIGNATURES),
        limit=ATTACHMENT_LIMIT // 1024**2,
    )


def _show_one(
    slug: str,
    document_id: int,
    form: VersionForm | None = None,
    *,
    naming: TitleForm | None = None,
    refusal: str | None = None,
) -> str:
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    document = documents.get_document(event, document_id)
    return render_template(
        "organiser/documents/form.html",
        event=event,
        document=document,
        form=form or VersionForm(formdata=None, data={"version": documents.next_version(document)}),
        naming=naming or TitleForm(formdata=None, obj=document),
        refusal=refusal,
    )
