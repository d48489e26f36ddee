"""Signing in and out."""

import logging
from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import organisers
from webinars.errors import SignInRefused, SignInThrottled
from webinars.models import Organiser
from webinars.typed import EMAIL_LIMIT
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Email, Form, Limit, Password, Required
from webinars.web.languages import N_, ngettext
from webinars.web.organiser import guard
from webinars.web.organiser.acts import Door, Right

logger = logging.getLogger(__name__)

blueprint = Blueprint("sign_in", __name__)

ACTS: dict[str, Right] = {
    "form": Door.OPEN,
    "enter": Door.OPEN,
    "leave": Door.SIGNED_IN,
}

LONGEST_PASSWORD = 1000


class SignInForm(Form):
    """Who wants to sign in."""

    email = Email(
        N_("Adresse électronique"), [Required(), Limit(EMAIL_LIMIT)], autocomplete="username"
    )
    password = Password(
        N_("Mot de passe"),
        [Required(), Limit(LONGEST_PASSWORD)],
        render_kw={"autocomplete": "current-password"},
    )


@blueprint.get("/sign-in")
def form() -> str:
    """Ask who it is."""
    return _show(SignInForm())


@blueprint.post("/sign-in")
def enter() -> Response | tuple[str, int]:
    """Sign an organiser in, or say why not."""
    runtime = get_runtime()
    now = runtime.now()
    filled_in = SignInForm()
    if not filled_in.validate():
        return _show(filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    with runtime.reading() as tx:
        attempt = organisers.begin_sign_in(tx, filled_in.email.data)
    verdict = attempt.verify(filled_in.password.data)
    with runtime.transaction() as tx:
        outcome = organisers.sign_in(tx, verdict, now=now)
    if isinstance(outcome, Organiser):
        guard.begin(outcome, now)
        logger.info("organiser signed in: organiser=%s", outcome.id)
        return redirect(_read_next(), 303)
    logger.info("sign-in refused: reason=%s", type(outcome).__name__)
    if isinstance(outcome, SignInThrottled):
        seconds = int((outcome.until - now).total_seconds()) + 1
        return _show(filled_in, _say_wait(seconds)), HTTPStatus.TOO_MANY_REQUESTS
    return _show_refused(filled_in, outcome), HTTPStatus.UNPROCESSABLE_ENTITY


@blueprint.post("/sign-out")
def leave() -> Response:
    """Sign the organiser out."""
    guard.end()
    return redirect(url_for("organiser.sign_in.form"), 303)


def _read_next() -> str:
    """Return the page that was asked for first, as long as it is one of these."""
    wanted = request.args.get("next", "")
    home = url_for("organiser.events.listing")
    return wanted if guard.is_own_page(wanted) else home


def _show_refused(filled_in: SignInForm, refusal: SignInRefused) -> str:
    explained = explain(refusal)
    filled_in.refuse(explained.field, explained.sentence)
    return _show(filled_in)


def _say_wait(seconds: int) -> str:
    minutes = -(-seconds // 60)
    if seconds < 60:
        return ngettext(
            "Trop d’essais manqués pour cette adresse. Essayez à nouveau dans %(num)d seconde.",
            "Trop d’essais manqués pour cette adresse. Essayez à nouveau dans %(num)d secondes.",
            seconds,
        )
    return ngettext(
        "Trop d’essais manqués pour cette adresse. Essayez à nouveau dans %(num)d minute.",
        "Trop d’essais manqués pour cette adresse. Essayez à nouveau dans %(num)d minutes.",
        minutes,
    )


def _show(filled_in: SignInForm, refusal: str | None = None) -> str:
    return render_template(
        "organiser/sign_in/form.html",
        form=filled_in,
        refusal=refusal,
        wanted=request.args.get("next"),
    )
