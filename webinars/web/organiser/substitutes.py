"""Naming a substitute for someone who telephoned: nobody leaves the waiting room for a form."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import substitutes
from webinars.errors import NotFound, WebinarsError
from webinars.models import Lane, Registration
from webinars.rights import Act
from webinars.substitutes import Named
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.filters import full_name
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.additions import choose_source
from webinars.web.organiser.guard import get_own_registration
from webinars.web.substitute_form import SubstituteForm, make_form, read_substitute

blueprint = Blueprint("substitutes", __name__)

ACTS: dict[str, Right] = {
    "form": Act.EDIT_PEOPLE,
    "submit": Act.EDIT_PEOPLE,
}

ONE = "/events/<slug:slug>/registrations/<int(max=2147483647):registration_id>/substitute"


@blueprint.get(ONE)
def form(slug: str, registration_id: int) -> str:
    """Ask who comes in a person's place."""
    with get_runtime().reading() as tx:
        registration = get_own_registration(tx, slug, registration_id)
    return _show(registration, make_form(registration))


@blueprint.post(ONE)
def submit(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Let someone else come in a person's place, and go to the substitute's registration."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        registration = get_own_registration(tx, slug, registration_id)
    typed = make_form(registration)
    if not typed.validate():
        return _show(registration, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            own = get_own_registration(tx, slug, registration_id)
            source = choose_source(own.event)
            named = substitutes.name(tx, own, read_substitute(typed), now=now, source=source)
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error, registration.event)
        at_field = typed.refuse(refusal.field, refusal.sentence)
        return _show(registration, typed, None if at_field else refusal), refusal.status
    runtime.wake(Lane.PROMPT)
    flash(_say(registration, named))
    substitute_id = named.registration.id
    page = url_for("organiser.registrations.show", slug=slug, registration_id=substitute_id)
    return redirect(page, 303)


def _say(registration: Registration, named: Named) -> str:
    return _(
        "%(name)s : représenté(e) par %(substitute)s.",
        name=full_name(registration),
        substitute=full_name(named.registration),
    )


def _show(registration: Registration, form: SubstituteForm, refusal: Refusal | None = None) -> str:
    return render_template(
        "organiser/substitutes/form.html",
        event=registration.event,
        registration=registration,
        form=form,
        refusal=refusal.sentence if refusal else None,
    )
