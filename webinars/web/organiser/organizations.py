"""The directory of organisations, which all institutions share: names, aliases, what is unknown."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.file import FileField
from werkzeug.wrappers import Response

from webinars import events, organizations, rights
from webinars.database import Transaction
from webinars.errors import FileRefused, OrganizationKnown, OrganizationNameMissing
from webinars.imports import SIZE_LIMIT
from webinars.imports import organizations as imports
from webinars.models import Organization, OrganizationKind
from webinars.organizations import Body
from webinars.rights import Act
from webinars.typed import LINE_LIMIT, NAME_LIMIT, clean_line
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Described, Form, Limit, Required
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.contact_words import list_words, say_table_problem
from webinars.web.organiser.filtering import PAGE_SIZE, choose_part
from webinars.web.organiser.guard import add_details, get_organiser, get_own_institution

blueprint = Blueprint("organizations", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.SEE_CONTACTS,
    "show": Act.SEE_CONTACTS,
    "unknown": Act.SEE_CONTACTS,
    "form": Act.EDIT_CONTACTS,
    "add": Act.EDIT_CONTACTS,
    "change_form": Act.EDIT_CONTACTS,
    "change": Act.EDIT_CONTACTS,
    "choose": Act.EDIT_CONTACTS,
    "add_alias": Act.EDIT_CONTACTS,
    "remove_alias": Act.EDIT_CONTACTS,
    "merge_form": Act.EDIT_CONTACTS,
    "merge": Act.EDIT_CONTACTS,
    "import_form": Act.EDIT_CONTACTS,
    "take_list": Act.EDIT_CONTACTS,
}

ALL = "/institutions/<int(max=2147483647):institution_id>/organizations"
ONE = f"{ALL}/<int(max=2147483647):organization_id>"
OFFERED = 20
"""Among how many organisations one chooses: a search makes them fewer."""
FORM_BYTES = 64 * 1024
"""What a form may have beside its file."""

Answer = Response | tuple[str, int]


class OrganizationForm(Form):
    """What the directory says of an organisation."""

    name = fields.Text(N_("Nom de la structure"), [Required(), Limit(LINE_LIMIT)])
    kind = fields.Choice(N_("Type de structure"), words=lambda: list_words(OrganizationKind))
    country = fields.Country(N_("Pays"))


class AliasForm(Form):
    """Another text that means an organisation."""

    name = fields.Text(N_("Autre nom ou graphie"), [Required(), Limit(LINE_LIMIT)])
    note = fields.Text(N_("Remarque"), [Limit(NAME_LIMIT)])


class File(Described, FileField):  # type: ignore[misc]
    """A file to choose."""


class ListForm(Form):
    """A directory to bring in."""

    file = File(N_("Liste (CSV ou XLSX)"), [Required()], render_kw={"accept": ".csv,.txt,.xlsx"})


@blueprint.url_value_preprocessor
def allow_file(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let an organiser send a list; the proof of a form is looked for in the whole of it."""
    if request.method == "POST" and current_user.is_authenticated:
        request.max_content_length = SIZE_LIMIT + FORM_BYTES


@blueprint.get(ALL)
def listing(institution_id: int) -> str:
    """List the directory, fifty a page, limited to what is looked for."""
    search = _read_search()
    with get_runtime().reading() as tx:
        institution = get_own_institution(tx, institution_id)
        part = choose_part(request.args, organizations.count(tx, search))
        rows = organizations.list_rows(tx, search, limit=PAGE_SIZE, offset=part.offset)
    return render_template(
        "organiser/organizations/listing.html",
        institution=institution,
        rows=rows,
        part=part,
        search=search,
    )


@blueprint.get(ONE)
def show(institution_id: int, organization_id: int) -> str:
    """Show an organisation with every text that means it, and how often each was given."""
    return _show(institution_id, organization_id, AliasForm(formdata=None))


@blueprint.get(f"{ALL}/unknown")
def unknown(institution_id: int) -> str:
    """List the texts that the directory does not know, the most frequent first."""
    with get_runtime().reading() as tx:
        institution = get_own_institution(tx, institution_id)
        found = organizations.list_unknown(tx, institution_id, _list_events(tx, institution_id))
    part = choose_part(request.args, len(found))
    return render_template(
        "organiser/organizations/unknown.html",
        institution=institution,
        rows=found[part.offset : part.offset + PAGE_SIZE],
        part=part,
    )


@blueprint.get(f"{ALL}/add")
def form(institution_id: int) -> str:
    """Ask for an organisation that is to be added."""
    said = {
        name: clean_line(request.args.get(name, "")[:LINE_LIMIT]) for name in ("name", "country")
    }
    return _show_form(institution_id, OrganizationForm(formdata=None, data=said))


@blueprint.post(f"{ALL}/add")
def add(institution_id: int) -> Answer:
    """Add an organisation to the directory."""
    runtime = get_runtime()
    now, typed = runtime.now(), OrganizationForm()
    if not typed.validate():
        return _show_form(institution_id, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            get_own_institution(tx, institution_id)
            added = organizations.add(tx, _read_body(typed), now=now)
            add_details(name=added.name)
    except (OrganizationKnown, OrganizationNameMissing) as error:
        status = _refuse(typed, error)
        return _show_form(institution_id, typed), status
    flash(_("« %(name)s » est dans l’annuaire.", name=added.name))
    return redirect(_page("show", institution_id, added.id), 303)


@blueprint.get(f"{ONE}/change")
def change_form(institution_id: int, organization_id: int) -> str:
    """Show what the directory says of an organisation, to be changed."""
    with get_runtime().reading() as tx:
        organization = organizations.get(tx, organization_id)
    return _show_form(
        institution_id, OrganizationForm(formdata=None, obj=organization), organization
    )


@blueprint.post(f"{ONE}/change")
def change(institution_id: int, organization_id: int) -> Answer:
    """Give an organisation another name, kind or country; the former name stays an alias."""
    runtime, typed = get_runtime(), OrganizationForm()
    with runtime.reading() as tx:
        shown = organizations.get(tx, organization_id)
    if not typed.validate():
        return _show_form(institution_id, typed, shown), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            get_own_institution(tx, institution_id)
            organization = organizations.get(tx, organization_id)
            organizations.rename(tx, organization, _read_body(typed))
            add_details(former=shown.name, name=organization.name)
    except (OrganizationKnown, OrganizationNameMissing) as error:
        status = _refuse(typed, error)
        return _show_form(institution_id, typed, shown), status
    flash(_("Structure modifiée."))
    return redirect(_page("show", institution_id, organization_id), 303)


@blueprint.get(f"{ALL}/choose")
def choose(institution_id: int) -> str:
    """Ask which organisation a text means."""
    name = clean_line(request.args.get("name", "")[:LINE_LIMIT])
    search = _read_search()
    with get_runtime().reading() as tx:
        institution = get_own_institution(tx, institution_id)
        rows = organizations.list_rows(tx, search, limit=OFFERED)
    return render_template(
        "organiser/organizations/choose.html",
        institution=institution,
        name=name,
        search=search,
        rows=rows,
    )


@blueprint.post(f"{ONE}/aliases")
def add_alias(institution_id: int, organization_id: int) -> Answer:
    """Say of a text that it means an organisation."""
    runtime, typed = get_runtime(), AliasForm()
    if not typed.validate():
        refused = _show(institution_id, organization_id, typed)
        return refused, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            get_own_institution(tx, institution_id)
            organization = organizations.get(tx, organization_id)
            organizations.add_alias(tx, organization, typed.name.data, note=typed.note.data)
            add_details(name=organization.name, alias=typed.name.data)
    except (OrganizationKnown, OrganizationNameMissing) as error:
        status = _refuse(typed, error)
        return _show(institution_id, organization_id, typed), status
    flash(
        _(
            "« %(alias)s » désigne désormais « %(name)s ».",
            alias=typed.name.data,
            name=organization.name,
        )
    )
    return redirect(_page("show", institution_id, organization_id), 303)


@blueprint.post(f"{ONE}/aliases/<int(max=2147483647):alias_id>/remove")
def remove_alias(institution_id: int, organization_id: int, alias_id: int) -> Response:
    """Say no longer of a text that it means an organisation."""
    with get_runtime().transaction() as tx:
        get_own_institution(tx, institution_id)
        organization = organizations.get(tx, organization_id)
        alias = organizations.remove_alias(tx, organization, alias_id)
        add_details(name=organization.name, alias=alias)
    flash(_("« %(alias)s » ne désigne plus cette structure.", alias=alias))
    return redirect(_page("show", institution_id, organization_id), 303)


@blueprint.get(f"{ONE}/merge")
def merge_form(institution_id: int, organization_id: int) -> str:
    """Ask for the organisation that is the same one, and show what would become of both."""
    search, other_id = _read_search(), request.args.get("other", type=int)
    with get_runtime().reading() as tx:
        institution = get_own_institution(tx, institution_id)
        organization = organizations.get(tx, organization_id)
        other = organizations.get(tx, other_id) if other_id else None
        rows = organizations.list_rows(tx, search, limit=OFFERED + 1)
    return render_template(
        "organiser/organizations/merge.html",
        institution=institution,
        organization=organization,
        other=other,
        search=search,
        rows=[one for one in rows if one.id != organization.id],
    )


@blueprint.post(f"{ONE}/merge")
def merge(institution_id: int, organization_id: int) -> Response:
    """Make one organisation of two."""
    with get_runtime().transaction() as tx:
        get_own_institution(tx, institution_id)
        kept = organizations.get(tx, organization_id)
        lost = organizations.get(tx, request.form.get("other", 0, type=int))
        add_details(name=kept.name, other=lost.name)
        organizations.merge(tx, kept, lost)
    flash(_("Les deux structures n’en font plus qu’une."))
    return redirect(_page("show", institution_id, organization_id), 303)


@blueprint.get(f"{ALL}/import")
def import_form(institution_id: int) -> str:
    """Ask for a list of organisations."""
    return _show_import(institution_id, ListForm(formdata=None))


@blueprint.post(f"{ALL}/import")
def take_list(institution_id: int) -> Answer | str:
    """Add the organisations of a list, and say which lines were refused."""
    runtime, typed = get_runtime(), ListForm()
    if not typed.validate():
        return _show_import(institution_id, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    sent = typed.file.data
    name, data = (sent.filename or "")[:NAME_LIMIT], sent.stream.read(SIZE_LIMIT + 1)
    try:
        with runtime.transaction() as tx:
            get_own_institution(tx, institution_id)
            outcome = imports.take(tx, data, name=name, now=runtime.now())
            add_details(added=str(outcome.added), aliases=str(outcome.aliases))
    except FileRefused as error:
        typed.refuse("file", say_table_problem(error.problems[0]))
        return _show_import(institution_id, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    return _show_import(institution_id, ListForm(formdata=None), outcome)


def say_refused(line: imports.Refused) -> str:
    """Return why a line of a directory was refused."""
    reasons = {
        "open-quote": _("un guillemet est ouvert et n’est jamais fermé"),
        "more-cells": _("plus de cellules que de colonnes"),
        "name": _("le nom manque"),
        "kind": _("« %(value)s » n’est pas un type de structure", value=line.value),
        "country": _("« %(value)s » n’est pas un pays connu", value=line.value),
        "too-long": _("« %(value)s… » est trop long", value=line.value),
        "known": _("un de ses noms désigne déjà « %(value)s »", value=line.value),
    }
    return reasons[line.reason]


def _list_events(tx: Transaction, institution_id: int) -> list[int]:
    """List the institution's events at which the organiser may see who is registered."""
    organiser = get_organiser()
    return [
        one.id
        for one in events.list_all(tx, institution_id=institution_id)
        if rights.may(organiser, Act.SEE_PEOPLE, event=one)
    ]


def _read_search() -> str:
    return clean_line(request.args.get("search", "")[:LINE_LIMIT])


def _read_body(typed: OrganizationForm) -> Body:
    kind = OrganizationKind(typed.kind.data) if typed.kind.data else None
    return Body(typed.name.data, kind, typed.country.data or "")


def _page(view: str, institution_id: int, organization_id: int) -> str:
    return url_for(
        f"organiser.organizations.{view}",
        institution_id=institution_id,
        organization_id=organization_id,
    )


def _refuse(typed: Form, error: OrganizationKnown | OrganizationNameMissing) -> int:
    refusal = explain(error)
    typed.refuse(refusal.field, refusal.sentence)
    return refusal.status


def _show_form(
    institution_id: int, typed: OrganizationForm, organization: Organization | None = None
) -> str:
    with get_runtime().reading() as tx:
        institution = get_own_institution(tx, institution_id)
    return render_template(
        "organiser/organizations/form.html",
        institution=institution,
        form=typed,
        organization=organization,
    )


def _show(institution_id: int, organization_id: int, typed: AliasForm) -> str:
    with get_runtime().reading() as tx:
        institution = get_own_institution(tx, institution_id)
        organization = organizations.get(tx, organization_id)
        given = organizations.count_given(
            tx, organization, institution_id, _list_events(tx, institution_id)
        )
    return render_template(
        "organiser/organizations/show.html",
        institution=institution,
        organization=organization,
        given=given,
        form=typed,
    )


def _show_import(
    institution_id: int, typed: ListForm, outcome: imports.Outcome | None = None
) -> str:
    with get_runtime().reading() as tx:
        institution = get_own_institution(tx, institution_id)
    return render_template(
        "organiser/organizations/import.html",
        institution=institution,
        form=typed,
        outcome=outcome,
        say_refused=say_refused,
    )
