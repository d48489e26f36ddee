"""Asking the organisers for a change, once a person can make none by herself any more."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, url_for

from webinars import requests
from webinars.errors import NotFound, WebinarsError
from webinars.models import Lane
from webinars.typed import TEXT_LIMIT
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.fields import Form, Limit, Required
from webinars.web.languages import N_
from webinars.web.public.standing import Answer, Own, ask, get, read

blueprint = Blueprint("requests", __name__)


class RequestForm(Form):
    """What a person would like to have changed."""

    request = fields.LongText(N_("Ce que vous souhaitez changer"), [Required(), Limit(TEXT_LIMIT)])


@blueprint.get("/r/<token>/request")
def form(token: str) -> Answer:
    """Ask what is to be changed: what the person asked before is there to be changed too."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = read(tx, token, runtime.now())
    if own.is_changeable and not own.must_ask:
        return redirect(url_for("public.own.change_form", token=token), 303)
    return ask(own, token, _show(own, token, _make_form(own)))


@blueprint.post("/r/<token>/request")
def send(token: str) -> Answer:
    """Hand a request to the organisers."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        own = read(tx, token, now)
    typed = _make_form(own)
    if not typed.validate():
        return _show(own, token, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            registration, _scope = get(tx, token)
            requests.ask(tx, registration, typed.request.data, now=now)
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error, own.registration.event)
        return _show(own, token, typed, refusal), refusal.status
    runtime.wake(Lane.PROMPT)
    return redirect(url_for("public.own.show", token=token, done="requested"), 303)


def _make_form(own: Own) -> RequestForm:
    is_open = own.registration.requested_at is not None
    said = {"request": own.registration.request} if is_open else {}
    return RequestForm(data=said, meta={"csrf": False})


def _show(own: Own, token: str, form: RequestForm, refusal: Refusal | None = None) -> str:
    return render_template(
        "public/requests/form.html",
        own=own,
        token=token,
        form=form,
        refusal=refusal.sentence if refusal else None,
    )
