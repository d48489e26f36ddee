"""Bringing in a list of contacts: the file, its columns, whom one knows already, and the work."""

import csv
import io
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.file import FileField
from werkzeug.wrappers import Response

from webinars.cards import Origin
from webinars.database import Transaction
from webinars.errors import FileRefused, ImportNotReady, NotFound
from webinars.imports import SIZE_LIMIT, contacts, people, uploads
from webinars.models import (
    ContactImport,
    DuplicateRule,
    ImportedLine,
    ImportState,
    LegalBasis,
)
from webinars.rights import Act
from webinars.typed import NAME_LIMIT
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Described, Form, Limit, Required
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser import parts
from webinars.web.organiser.acts import Right
from webinars.web.organiser.contact_words import (
    fault_words,
    list_bases,
    list_rules,
    say_table_problem,
)
from webinars.web.organiser.contacts import ALL as CONTACTS
from webinars.web.organiser.filtering import PAGE_SIZE, choose_part
from webinars.web.organiser.guard import add_details, get_organiser, get_own_institution

blueprint = Blueprint("contact_imports", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.EDIT_CONTACTS,
    "upload": Act.EDIT_CONTACTS,
    "show": Act.EDIT_CONTACTS,
    "read_again": Act.EDIT_CONTACTS,
    "check": Act.EDIT_CONTACTS,
    "lines": Act.EDIT_CONTACTS,
    "decide": Act.EDIT_CONTACTS,
    "start": Act.EDIT_CONTACTS,
    "refused": Act.EDIT_CONTACTS,
    "undo": Act.EDIT_CONTACTS,
}

ALL = f"{CONTACTS}/imports"
ONE = f"{ALL}/<int(max=2147483647):import_id>"
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252",
    "cp1256": "Windows-1256",
    "mac_roman": "Mac Roman",
    "utf-16": "UTF-16",
    "iso8859_15": "ISO-8859-15",
}
PREVIEWED = 10
"""How many lines are shown as they will be understood."""
FORM_BYTES = 64 * 1024
"""What a form may have beside its file."""

Answer = Response | tuple[str, int]


class File(Described, FileField):  # type: ignore[misc]
    """A file to choose."""


class UploadForm(Form):
    """A list of contacts."""

    file = File(N_("Liste (CSV ou XLSX)"), [Required()], render_kw={"accept": ".csv,.txt,.xlsx"})


class OriginForm(Form):
    """Where the people of a list come from."""

    source = fields.Text(N_("D’où vient cette liste"), [Required(), Limit(NAME_LIMIT)])
    legal_basis = fields.Choice(N_("Base légale"), [Required()], words=list_bases)
    is_shared = fields.Tick(
        N_("Partager ces contacts avec les autres institutions de nos événements communs")
    )


@blueprint.url_value_preprocessor
def allow_file(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let an organiser send a list; the proof of a form is looked for in the whole of it."""
    if request.method == "POST" and current_user.is_authenticated:
        request.max_content_length = SIZE_LIMIT + FORM_BYTES


@blueprint.teardown_request
def close_file(_error: BaseException | None) -> None:
    """Let go of the file that was sent, which lies on the disk when it is large."""
    request.close()


@blueprint.get(ALL)
def listing(institution_id: int) -> str:
    """Ask for a list, and show those that were brought in before."""
    return _show_listing(institution_id, UploadForm(formdata=None))


@blueprint.post(ALL)
def upload(institution_id: int) -> Answer:
    """Read a list and keep it for a day."""
    runtime = get_runtime()
    now, typed = runtime.now(), UploadForm()
    if not typed.validate():
        return _show_listing(institution_id, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    sent = typed.file.data
    name = (sent.filename or "")[:NAME_LIMIT]
    try:
        data = sent.stream.read(SIZE_LIMIT + 1)
        stored = uploads.store(runtime.settings.uploads_dir, data, name=name)
    except FileRefused as error:
        typed.refuse("file", say_table_problem(error.problems[0]))
        return _show_listing(institution_id, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    with runtime.transaction() as tx:
        get_own_institution(tx, institution_id)
        author = get_organiser().email
        begun = contacts.begin(tx, institution_id, stored, file_name=name, author=author, now=now)
    return redirect(_page("show", begun), 303)


@blueprint.get(ONE)
def show(institution_id: int, import_id: int) -> Answer | str:
    """Show how far a list has come, and what is to be done next."""
    if parts.is_wanted():
        return _show_progress(institution_id, import_id)
    return _show(institution_id, import_id, OriginForm(formdata=None))


@blueprint.post(f"{ONE}/encoding")
def read_again(institution_id: int, import_id: int) -> Answer:
    """Read the file once more, in the encoding that an organiser says it has."""
    runtime = get_runtime()
    said = request.form.get("encoding", "")
    encoding = said if said in ENCODINGS else "utf-8"
    with runtime.reading() as tx:
        import_ = _get(tx, institution_id, import_id)
    try:
        stored = uploads.read_again(
            runtime.settings.uploads_dir,
            import_.file_token,
            name=import_.file_name,
            encoding=encoding,
        )
        with runtime.transaction() as tx:
            contacts.read_again(tx, _get(tx, institution_id, import_id), stored)
    except FileRefused as error:
        sentence = say_table_problem(error.problems[0])
        form = OriginForm(formdata=None)
        return _show(institution_id, import_id, form, sentence), HTTPStatus.UNPROCESSABLE_ENTITY
    return redirect(_page("show", import_), 303)


@blueprint.post(ONE)
def check(institution_id: int, import_id: int) -> Answer:
    """Name the columns, show the first lines so understood, or have the whole looked through."""
    runtime = get_runtime()
    typed = OriginForm()
    with runtime.reading() as tx:
        import_ = _get(tx, institution_id, import_id)
    mapping = _read_mapping(import_)
    if "preview" in request.form:
        return _show(institution_id, import_id, typed, mapping=mapping), HTTPStatus.OK
    refusal = _say_missing(mapping)
    if not typed.validate() or refusal:
        shown = _show(institution_id, import_id, typed, refusal, mapping)
        return shown, HTTPStatus.UNPROCESSABLE_ENTITY
    basis = LegalBasis(typed.legal_basis.data)
    origin = Origin(typed.source.data, basis, is_shared=typed.is_shared.data)
    with runtime.transaction() as tx:
        contacts.start_check(tx, _get(tx, institution_id, import_id), mapping, origin)
    runtime.wake_imports()
    return redirect(_page("show", import_), 303)


@blueprint.get(f"{ONE}/lines")
def lines(institution_id: int, import_id: int) -> str:
    """Show the lines that are like contacts there are, fifty a page, to decide on each."""
    return _show_lines(institution_id, import_id)


@blueprint.post(f"{ONE}/lines")
def decide(institution_id: int, import_id: int) -> Response:
    """Keep what was decided on the lines of a page, and go on to the next."""
    rules: dict[int, DuplicateRule | None] = {}
    for name, said in request.form.items():
        number = name.removeprefix("line-")
        if name != number and number.isascii() and number.isdecimal() and len(number) < 9:
            rules[int(number)] = DuplicateRule(said) if said in set(DuplicateRule) else None
    with get_runtime().transaction() as tx:
        import_ = _get(tx, institution_id, import_id)
        contacts.decide(tx, import_, rules)
    page = request.form.get("page", 1, type=int)
    flash(_("Décisions enregistrées."))
    return redirect(f"{_page('lines', import_)}?page={page}", 303)


@blueprint.post(f"{ONE}/start")
def start(institution_id: int, import_id: int) -> Answer:
    """Bring the list in."""
    runtime = get_runtime()
    said = request.form.get("on_likeness", "")
    rule = DuplicateRule(said) if said in set(DuplicateRule) else None
    try:
        with runtime.transaction() as tx:
            import_ = _get(tx, institution_id, import_id)
            contacts.start(tx, import_, rule)
            add_details(lines=str(import_.lines))
    except ImportNotReady:
        sentence = _("Dites d’abord ce qu’il faut faire des lignes qui ressemblent à un contact.")
        form = OriginForm(formdata=None)
        return _show(institution_id, import_id, form, sentence), HTTPStatus.CONFLICT
    runtime.wake_imports()
    return redirect(_page("show", import_), 303)


@blueprint.get(f"{ONE}/refused.csv")
def refused(institution_id: int, import_id: int) -> Response:
    """Offer the lines that are refused, as they were written, each with its reason."""
    with get_runtime().reading() as tx:
        import_ = _get(tx, institution_id, import_id)
        rows = contacts.list_lines(tx, import_, refused=True)
    found = contacts.read_lines(
        import_, get_runtime().settings.uploads_dir, {row.number for row in rows}
    )
    pieces = _write_refused(import_, rows, {number: one.cells for number, one in found.items()})
    return Response(
        pieces,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="lignes-refusees-{import_id}.csv"'},
    )


@blueprint.post(f"{ONE}/undo")
def undo(institution_id: int, import_id: int) -> Answer:
    """Take out again what the list has added."""
    runtime = get_runtime()
    try:
        with runtime.transaction() as tx:
            import_ = _get(tx, institution_id, import_id)
            contacts.undo(tx, import_)
    except ImportNotReady as error:
        refusal = explain(error)
        form = OriginForm(formdata=None)
        return _show(institution_id, import_id, form, refusal.sentence), refusal.status
    runtime.wake_imports()
    return redirect(_page("show", import_), 303)


def _get(tx: Transaction, institution_id: int, import_id: int) -> ContactImport:
    get_own_institution(tx, institution_id)
    return contacts.get(tx, institution_id, import_id)


def _page(view: str, import_: ContactImport) -> str:
    return url_for(
        f"organiser.contact_imports.{view}",
        institution_id=import_.institution_id,
        import_id=import_.id,
    )


def _read_mapping(import_: ContactImport) -> tuple[str, ...]:
    """Return the field of each column as the form says it; a field is one column's."""
    mapping: list[str] = []
    for number in range(len(import_.headers)):
        said = request.form.get(f"column-{number}", "")
        mapping.append(said if said in people.FIELDS and said not in mapping else "")
    return tuple(mapping)


def _say_missing(mapping: Sequence[str]) -> str | None:
    missing = contacts.list_missing(mapping)
    if not missing:
        return None
    if "email" in missing:
        return _("Dites quelle colonne contient l’adresse électronique.")
    return _("Dites quelle colonne contient le nom.")


def _write_refused(
    import_: ContactImport, rows: Sequence[ImportedLine], cells: dict[int, tuple[str, ...]]
) -> Iterator[str]:
    """Write a CSV that spreadsheets open, and that can be corrected and sent again."""
    yield "\ufeff"
    width = len(import_.headers)
    yield _write_row([*import_.headers, _("Ligne"), _("Raison du refus")])
    for row in rows:
        line = [*cells.get(row.number, ()), *[""] * width][:width]
        reasons = " ; ".join(fault_words(one) for one in row.faults)
        yield _write_row([*line, str(row.number), reasons])


def _write_row(cells: Sequence[str]) -> str:
    text = io.StringIO()
    # An apostrophe before what a spreadsheet would run: our own reading takes it away again.
    csv.writer(text, delimiter=";").writerow(
        [f"'{cell}" if cell[:1] in tuple("=+-@\t") else cell for cell in cells]
    )
    return text.getvalue()


def _show_listing(institution_id: int, typed: UploadForm) -> str:
    with get_runtime().reading() as tx:
        institution = get_own_institution(tx, institution_id)
        rows = contacts.list_imports(tx, institution_id)
    return render_template(
        "organiser/contact_imports/listing.html", institution=institution, form=typed, rows=rows
    )


def _show_progress(institution_id: int, import_id: int) -> Response:
    with get_runtime().reading() as tx:
        import_ = _get(tx, institution_id, import_id)
    return parts.render("organiser/contact_imports/_progress.html", import_=import_)


def _show(
    institution_id: int,
    import_id: int,
    typed: OriginForm,
    refusal: str | None = None,
    mapping: tuple[str, ...] | None = None,
) -> str:
    runtime = get_runtime()
    folder = runtime.settings.uploads_dir
    with runtime.reading() as tx:
        institution = get_own_institution(tx, institution_id)
        import_ = contacts.get(tx, institution_id, import_id)
        alike = contacts.count_lines(tx, import_)
        undecided = contacts.count_lines(tx, import_, undecided=True)
    shown = mapping or import_.mapping
    is_kept = uploads.is_kept(folder, import_.file_token)
    is_named = import_.state is ImportState.UPLOADED
    previewed = contacts.preview(import_, folder, shown, PREVIEWED) if is_named and is_kept else []
    return render_template(
        "organiser/contact_imports/show.html",
        institution=institution,
        import_=import_,
        form=typed,
        mapping=shown,
        previewed=previewed,
        fields=people.FIELDS,
        encodings=ENCODINGS,
        is_kept=is_kept,
        alike=alike,
        undecided=undecided,
        rules=list_rules(),
        refusal=refusal,
    )


def _show_lines(institution_id: int, import_id: int) -> str:
    runtime = get_runtime()
    with runtime.reading() as tx:
        institution = get_own_institution(tx, institution_id)
        import_ = contacts.get(tx, institution_id, import_id)
        part = choose_part(request.args, contacts.count_lines(tx, import_))
        rows = contacts.list_lines(tx, import_, limit=PAGE_SIZE, offset=part.offset)
        try:
            found = contacts.read_lines(
                import_, runtime.settings.uploads_dir, {row.number for row in rows}
            )
        except NotFound:
            found = {}
        said = {number: people.read_line(one, import_.mapping) for number, one in found.items()}
        known = contacts.list_known(tx, import_, said)
    return render_template(
        "organiser/contact_imports/lines.html",
        institution=institution,
        import_=import_,
        rows=rows,
        part=part,
        said=said,
        known=known,
        rules=list_rules(),
    )
