"""A person's address, corrected by an organiser: for those whom a mail did not reach."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import corrections
from webinars.errors import NotFound, WebinarsError
from webinars.models import Lane, Registration
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.fields import ADDRESS, Email, Form, Required
from webinars.web.filters import full_name
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import get_own_registration, is_own_page

blueprint = Blueprint("corrections", __name__)

ACTS: dict[str, Right] = {
    "form": Act.EDIT_PEOPLE,
    "submit": Act.EDIT_PEOPLE,
}

ONE = "/events/<slug:slug>/registrations/<int(max=2147483647):registration_id>/address"


class AddressForm(Form):
    """The address that is right."""

    email = Email(N_("Nouvelle adresse électronique"), [Required(), ADDRESS])


@blueprint.get(ONE)
def form(slug: str, registration_id: int) -> str:
    """Ask for the right address of a person."""
    return _show(slug, registration_id, AddressForm(formdata=None))


@blueprint.post(ONE)
def submit(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Correct a person's address: new links go there, and the former ones are worthless."""
    runtime = get_runtime()
    now = runtime.now()
    typed = AddressForm()
    if not typed.validate():
        return _show(slug, registration_id, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            registration = get_own_registration(tx, slug, registration_id)
            corrections.correct_address(tx, registration, typed.email.data, now=now)
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error)
        return _show(slug, registration_id, typed, refusal), refusal.status
    runtime.wake(Lane.PROMPT)
    flash(_say_corrected(registration))
    return redirect(_find_back(slug, registration_id), 303)


def _say_corrected(registration: Registration) -> str:
    return _(
        "%(name)s : l’adresse est corrigée, et de nouveaux liens partent à %(email)s.",
        name=full_name(registration),
        email=registration.email,
    )


def _find_back(slug: str, registration_id: int) -> str:
    """Return where the correction was asked for: the registration, or a mailing's page."""
    back = request.values.get("back", "")
    own_page = url_for("organiser.registrations.show", slug=slug, registration_id=registration_id)
    return back if is_own_page(back) else own_page


def _show(
    slug: str, registration_id: int, form: AddressForm, refusal: Refusal | None = None
) -> str:
    if refusal and form.refuse(refusal.field, refusal.sentence):
        refusal = None
    with get_runtime().reading() as tx:
        registration = get_own_registration(tx, slug, registration_id)
    return render_template(
        "organiser/corrections/form.html",
        event=registration.event,
        registration=registration,
        form=form,
        back=_find_back(slug, registration_id),
        refusal=refusal.sentence if refusal else None,
    )
