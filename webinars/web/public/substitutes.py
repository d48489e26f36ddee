"""Naming a substitute, from the own page: by the person, or by her assistant."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template

from webinars import substitutes
from webinars.errors import NotFound, WebinarsError
from webinars.models import Lane
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.public.registrations import own_page
from webinars.web.public.standing import Answer, Own, ask, get, read
from webinars.web.substitute_form import SubstituteForm, make_form, read_substitute

blueprint = Blueprint("substitutes", __name__)


@blueprint.get("/r/<token>/substitute")
def form(token: str) -> Answer:
    """Ask who comes in the person's place."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = read(tx, token, runtime.now())
    return ask(own, token, _show(own, token, make_form(own.registration, has_csrf=False)))


@blueprint.post("/r/<token>/substitute")
def name(token: str) -> Answer:
    """Let someone else come in the person's place: her links die, and both are told."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        own = read(tx, token, now)
    typed = make_form(own.registration, has_csrf=False)
    if not typed.validate():
        return _show(own, token, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            registration, scope = get(tx, token)
            said = read_substitute(typed)
            named = substitutes.name(tx, registration, said, now=now, by_form=True)
    except NotFound:
        raise
    except WebinarsError as error:
        return _show_refused(own, token, typed, explain(error, own.registration.event))
    runtime.wake(Lane.PROMPT)
    done = "joined" if named.was_registered else "represented"
    return redirect(own_page(registration, scope, done=done), 303)


def _show_refused(own: Own, token: str, form: SubstituteForm, refusal: Refusal) -> Answer:
    at_field = form.refuse(refusal.field, refusal.sentence)
    return _show(own, token, form, None if at_field else refusal), refusal.status


def _show(own: Own, token: str, form: SubstituteForm, refusal: Refusal | None = None) -> str:
    return render_template(
        "public/substitutes/form.html",
        own=own,
        token=token,
        form=form,
        refusal=refusal.sentence if refusal else None,
    )
