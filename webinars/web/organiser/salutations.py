"""A person's own form of address, which letters use in place of the one of her office."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import addressing
from webinars.models import Registration
from webinars.rights import Act
from webinars.typed import NAME_LIMIT
from webinars.web.current import get_runtime
from webinars.web.fields import Form, Limit, Text
from webinars.web.filters import full_name
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import get_own_registration

blueprint = Blueprint("salutations", __name__)

ACTS: dict[str, Right] = {"form": Act.EDIT_PEOPLE, "put": Act.EDIT_PEOPLE}
ONE = "/events/<slug:slug>/registrations/<int(max=2147483647):registration_id>/salutation"


class SalutationForm(Form):
    """How letters address a person."""

    salutation = Text(N_("Formule d’appel"), [Limit(NAME_LIMIT)])


def find_usual(registration: Registration) -> str:
    """Return how letters address someone who has no form of address of her own."""
    one = registration
    return addressing.address(one.civility, one.role, one.job_title, "", one.language).salutation


@blueprint.get(ONE)
def form(slug: str, registration_id: int) -> str:
    """Ask how a person is to be addressed."""
    with get_runtime().reading() as tx:
        registration = get_own_registration(tx, slug, registration_id)
    return _show(SalutationForm(formdata=None, obj=registration), registration)


@blueprint.post(ONE)
def put(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Keep how a person is to be addressed; nobody is told."""
    typed = SalutationForm()
    if not typed.validate():
        with get_runtime().reading() as tx:
            registration = get_own_registration(tx, slug, registration_id)
        return _show(typed, registration), HTTPStatus.UNPROCESSABLE_ENTITY
    with get_runtime().transaction() as tx:
        registration = get_own_registration(tx, slug, registration_id)
        registration.salutation = (typed.salutation.data or "").rstrip(" ,،")
        said = registration.salutation or find_usual(registration)
        name = full_name(registration)
    flash(_("%(name)s : les messages diront « %(said)s ».", name=name, said=said))
    page = url_for("organiser.registrations.show", slug=slug, registration_id=registration_id)
    return redirect(page, 303)


def _show(typed: SalutationForm, registration: Registration) -> str:
    return render_template(
        "organiser/salutations/form.html",
        event=registration.event,
        registration=registration,
        form=typed,
        usual=find_usual(registration),
    )
