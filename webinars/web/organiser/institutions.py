"""Institutions: listed and named by who runs the service; each with its organisers."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import institutions
from webinars.errors import InstitutionKnown
from webinars.models import Institution
from webinars.rights import Act
from webinars.typed import LINE_LIMIT
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Form, Limit, Required
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard
from webinars.web.organiser.acts import Right

blueprint = Blueprint("institutions", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.RUN_SERVICE,
    "add": Act.RUN_SERVICE,
    "edit_form": Act.RUN_SERVICE,
    "edit": Act.RUN_SERVICE,
}

ONE = "/institutions/<int(max=2147483647):institution_id>/edit"
ACRONYM_LIMIT = 40


class InstitutionForm(Form):
    """What an institution is called, and where it is."""

    name = fields.Text(N_("Nom"), [Required(), Limit(LINE_LIMIT)])
    acronym = fields.Text(N_("Sigle"), [Required(), Limit(ACRONYM_LIMIT)])
    country = fields.Country(N_("Pays"), [Required()])


@blueprint.get("/institutions")
def listing() -> str:
    """List the institutions."""
    return _show_list(InstitutionForm())


@blueprint.post("/institutions")
def add() -> Response | tuple[str, int]:
    """Add an institution."""
    filled_in = InstitutionForm()
    if not filled_in.validate():
        return _show_list(filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with get_runtime().transaction() as tx:
            added = institutions.add(
                tx,
                acronym=filled_in.acronym.data,
                name=filled_in.name.data,
                country=filled_in.country.data,
            )
            guard.write_down(tx, institution_id=added.id)
    except InstitutionKnown as error:
        refusal = explain(error)
        filled_in.refuse(refusal.field, refusal.sentence)
        return _show_list(filled_in), refusal.status
    flash(_("L’institution est ajoutée. Invitez maintenant sa première personne responsable."))
    return redirect(url_for("organiser.organisers.of_institution", institution_id=added.id), 303)


@blueprint.get(ONE)
def edit_form(institution_id: int) -> str:
    """Ask what an institution is called from now on."""
    with get_runtime().reading() as tx:
        institution = guard.get_own_institution(tx, institution_id)
    return _show(institution, InstitutionForm(obj=institution))


@blueprint.post(ONE)
def edit(institution_id: int) -> Response | tuple[str, int]:
    """Name an institution anew; events keep the name that it had then."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        institution = guard.get_own_institution(tx, institution_id)
    filled_in = InstitutionForm()
    if not filled_in.validate():
        return _show(institution, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            institutions.edit(
                tx,
                guard.get_own_institution(tx, institution_id),
                acronym=filled_in.acronym.data,
                name=filled_in.name.data,
                country=filled_in.country.data,
            )
    except InstitutionKnown as error:
        refusal = explain(error)
        filled_in.refuse(refusal.field, refusal.sentence)
        return _show(institution, filled_in), refusal.status
    flash(_("L’institution est enregistrée."))
    page = url_for("organiser.organisers.of_institution", institution_id=institution_id)
    return redirect(page, 303)


def _show_list(form: InstitutionForm) -> str:
    with get_runtime().reading() as tx:
        rows = institutions.list_rows(tx)
    return render_template("organiser/institutions/listing.html", rows=rows, form=form)


def _show(institution: Institution, form: InstitutionForm) -> str:
    return render_template(
        "organiser/institutions/edit_form.html", institution=institution, form=form
    )
