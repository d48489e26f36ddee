"""Signing in and out: the password, then a code of the telephone where one is asked for."""

import logging
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import organisers, second_factors
from webinars.errors import CodeRefused, SignInRefused, SignInThrottled
from webinars.models import Organiser, SignInMethod
from webinars.typed import EMAIL_LIMIT
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Email, Form, Limit, Password, Required, Text
from webinars.web.languages import N_, ngettext
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard
from webinars.web.organiser.acts import Door, Right

logger = logging.getLogger(__name__)

blueprint = Blueprint("sign_in", __name__)

ACTS: dict[str, Right] = {
    "form": Door.OPEN,
    "enter": Door.OPEN,
    "code_form": Door.OPEN,
    "give_code": Door.OPEN,
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


class CodeForm(Form):
    """A code of the telephone, or one on paper."""

    code = Text(
        N_("Code"),
        [Required(), Limit(40)],
        autocomplete="one-time-code",
        render_kw={"dir": "ltr", "inputmode": "text"},
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
        return let_in(outcome, SignInMethod.PASSWORD, now)
    logger.info("sign-in refused: reason=%s", type(outcome).__name__)
    if isinstance(outcome, SignInThrottled):
        wait = say_wait(int((outcome.until - now).total_seconds()) + 1)
        return _show(filled_in, wait), HTTPStatus.TOO_MANY_REQUESTS
    return _show_refused(filled_in, outcome), HTTPStatus.UNPROCESSABLE_ENTITY


def let_in(organiser: Organiser, method: SignInMethod, now: datetime) -> Response:
    """Sign an organiser in, or ask for the code first where she has a second factor."""
    if organiser.totp_secret is not None:
        guard.await_code(organiser, method, now)
        wanted = request.args.get("next") or None
        return redirect(url_for("organiser.sign_in.code_form", next=wanted), 303)
    guard.begin(organiser, method, now)
    logger.info("organiser signed in: organiser=%s method=%s", organiser.id, method)
    return redirect(_read_next(), 303)


@blueprint.get("/sign-in/code")
def code_form() -> Response | str:
    """Ask for the code of the telephone."""
    if guard.find_awaiting(get_runtime().now()) is None:
        return _start_again()
    return _show_code(CodeForm())


@blueprint.post("/sign-in/code")
def give_code() -> Response | tuple[str, int]:
    """Let in who has the code too."""
    runtime = get_runtime()
    now = runtime.now()
    awaiting = guard.find_awaiting(now)
    if awaiting is None:
        return _start_again()
    filled_in = CodeForm()
    if not filled_in.validate():
        return _show_code(filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    with runtime.transaction() as tx:
        outcome = second_factors.check(
            tx, awaiting.organiser_id, filled_in.code.data, seals=runtime.seals, now=now
        )
        organiser = organisers.get(tx, awaiting.organiser_id)
    if isinstance(outcome, SignInMethod):
        return _let_in_with_code(organiser, awaiting, outcome, now)
    logger.info("code refused: reason=%s", type(outcome).__name__)
    return refuse_code(filled_in, outcome, now)


def _let_in_with_code(
    organiser: Organiser, awaiting: guard.Awaiting, outcome: SignInMethod, now: datetime
) -> Response:
    is_closed = organiser.disabled_at is not None
    if is_closed or organiser.sign_in_generation != awaiting.generation:
        return _start_again()
    is_link = awaiting.method == SignInMethod.LINK
    method = SignInMethod.LINK if is_link else outcome
    guard.begin(organiser, method, now)
    logger.info("organiser signed in: organiser=%s method=%s", organiser.id, method)
    return redirect(_read_next(), 303)


def refuse_code(
    filled_in: CodeForm, outcome: CodeRefused | SignInThrottled, now: datetime
) -> tuple[str, int]:
    """Say at the field why a code was not taken."""
    if isinstance(outcome, SignInThrottled):
        wait = say_wait(int((outcome.until - now).total_seconds()) + 1)
        return _show_code(filled_in, wait), HTTPStatus.TOO_MANY_REQUESTS
    filled_in.refuse("code", explain(outcome).sentence)
    return _show_code(filled_in), HTTPStatus.UNPROCESSABLE_ENTITY


def _start_again() -> Response:
    flash(_("Recommencez : votre mot de passe a été saisi il y a trop longtemps."))
    return redirect(url_for("organiser.sign_in.form", next=request.args.get("next") or None), 303)


def _show_code(filled_in: CodeForm, refusal: str | None = None) -> str:
    return render_template(
        "organiser/sign_in/code_form.html",
        form=filled_in,
        refusal=refusal,
        wanted=request.args.get("next"),
    )


@blueprint.post("/sign-out")
def leave() -> Response:
    """Sign the organiser out."""
    guard.end(get_runtime().now())
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


def say_wait(seconds: int) -> str:
    """Say how long nothing is tried any more."""
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
