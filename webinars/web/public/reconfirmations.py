"""Whether a person maintains her registration after a change: asked with two buttons.

Looking never answers: mail scanners follow links.
"""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for

from webinars import reconfirmations, registrations
from webinars.errors import NotFound, WebinarsError
from webinars.models import Lane
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.languages import gettext as _
from webinars.web.public.standing import Answer, Own, get, read

blueprint = Blueprint("reconfirmations", __name__)

KEEP, CANCEL = "keep", "cancel"


@blueprint.get("/r/<token>/reconfirm")
def form(token: str) -> Answer:
    """Ask whether the person maintains; where there is nothing to answer, show how it stands."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = read(tx, token, runtime.now())
    if own.asked is None or not own.is_changeable:
        return redirect(url_for("public.own.show", token=token), 303)
    return _show(own, token), HTTPStatus.OK


@blueprint.post("/r/<token>/reconfirm")
def answer(token: str) -> Answer:
    """Maintain a registration, or give it up; pressed twice, it is the same."""
    said = request.form.get("answer", "")
    runtime = get_runtime()
    now = runtime.now()
    if said not in {KEEP, CANCEL}:
        return _show_refused(token, None)
    shown = request.form.get("change", type=int)
    try:
        with runtime.transaction() as tx:
            registration, _scope = get(tx, token)
            if said == KEEP:
                reconfirmations.keep(tx, registration, now=now, change_id=shown)
            else:
                registrations.cancel(tx, registration, now=now, by_form=True)
    except NotFound:
        raise
    except WebinarsError as error:
        return _show_refused(token, error)
    runtime.wake(Lane.PROMPT)
    done = "kept" if said == KEEP else "cancelled"
    return redirect(url_for("public.own.show", token=token, done=done), 303)


def _show_refused(token: str, error: WebinarsError | None) -> Answer:
    """Show why an answer does not count, as things stand now; `None`: it was none."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = read(tx, token, runtime.now())
    if error is None:
        sentence = _("Choisissez une des réponses proposées.")
        return _show(own, token, sentence), HTTPStatus.UNPROCESSABLE_ENTITY
    refusal = explain(error, own.registration.event)
    return _show(own, token, refusal.sentence), refusal.status


def _show(own: Own, token: str, refusal: str | None = None) -> str:
    return render_template(
        "public/reconfirmations/form.html", own=own, token=token, refusal=refusal
    )
