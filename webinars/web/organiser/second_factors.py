"""Setting up the telephone as a second factor, turning it off, and the codes on paper.

What is being set up is kept in the signed cookie, sealed, until a code proves that the telephone
has it; so are fresh codes on paper, until they are said to be noted.
"""

import io
import json
import logging
from datetime import datetime, timedelta
from http import HTTPStatus

import segno
from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from webinars import accounts, second_factors
from webinars.database import Transaction
from webinars.errors import CodeRefused, NotFound, SignInThrottled
from webinars.models import AccountChange, Lane, Organiser, SignInMethod
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard
from webinars.web.organiser.acts import Door, Right
from webinars.web.organiser.sign_in import CodeForm, say_wait

logger = logging.getLogger(__name__)

blueprint = Blueprint("second_factors", __name__)

ACTS: dict[str, Right] = {
    "form": Door.SIGNED_IN,
    "begin": Door.SIGNED_IN,
    "picture": Door.SIGNED_IN,
    "confirm": Door.SIGNED_IN,
    "change": Door.SIGNED_IN,
    "codes": Door.SIGNED_IN,
    "noted": Door.SIGNED_IN,
}

KEPT = timedelta(minutes=30)
"""How long what is being set up, or to be noted, waits in the cookie."""
PENDING, FRESH = "pending-factor", "fresh-codes"


class ChangeForm(CodeForm):
    """What is to become of the second factor; a code proves that it is the owner who says so."""

    what = fields.Radios(
        N_("Que voulez-vous faire ?"),
        [fields.Required()],
        words=lambda: [
            ("codes", _("Établir de nouveaux codes de secours")),
            ("off", _("Ne plus demander de code à la connexion")),
        ],
    )


@blueprint.get("/account/second-factor")
def form() -> Response | str:
    """Show what the telephone is to read; where it is set up, what can be done with it."""
    if guard.get_organiser().totp_secret is not None:
        return _show_change(ChangeForm())
    secret = _find_kept(PENDING)
    if secret is None:
        return redirect(url_for("organiser.account.show", _anchor="second-factor"), 303)
    return _show(CodeForm(), secret)


@blueprint.post("/account/second-factor/begin")
def begin() -> Response:
    """Draw a secret for the telephone; it counts once a code has come back."""
    if guard.get_organiser().totp_secret is None:
        _keep(PENDING, second_factors.draw_secret())
    return redirect(url_for("organiser.second_factors.form"), 303)


@blueprint.get("/account/second-factor/picture.svg")
def picture() -> Response:
    """Draw what the telephone reads: dark on light, whatever the page is like.

    :raises NotFound: nothing is being set up.
    """
    secret = _find_kept(PENDING)
    if secret is None:
        raise NotFound("picture")
    drawn = io.BytesIO()
    address = second_factors.make_address(secret, guard.get_organiser().email)
    segno.make(address, error="m").save(drawn, kind="svg", scale=5, border=4, light="#fff")
    return FlaskResponse(drawn.getvalue(), mimetype="image/svg+xml")


@blueprint.post("/account/second-factor")
def confirm() -> Response | tuple[str, int]:
    """Ask for a code at each sign-in from now on."""
    secret = _find_kept(PENDING)
    if secret is None or guard.get_organiser().totp_secret is not None:
        return redirect(url_for("organiser.second_factors.form"), 303)
    filled_in = CodeForm()
    if not filled_in.validate():
        return _show(filled_in, secret), HTTPStatus.UNPROCESSABLE_ENTITY
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.transaction() as tx:
            organiser = guard.get_self(tx)
            codes = second_factors.turn_on(
                tx, organiser, secret, filled_in.code.data, seals=runtime.seals, now=now
            )
            accounts.tell_changed(tx, organiser, AccountChange.FACTOR_ON, now=now)
    except CodeRefused as error:
        filled_in.refuse("code", explain(error).sentence)
        return _show(filled_in, secret), HTTPStatus.UNPROCESSABLE_ENTITY
    session.pop(PENDING)
    return _hand_out(codes)


@blueprint.post("/account/second-factor/change")
def change() -> Response | tuple[str, int]:
    """Turn the second factor off, or make fresh codes on paper."""
    if guard.get_organiser().totp_secret is None:
        return redirect(url_for("organiser.account.show"), 303)
    filled_in = ChangeForm()
    if not filled_in.validate():
        return _show_change(filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    runtime = get_runtime()
    now = runtime.now()
    with runtime.transaction() as tx:
        outcome = second_factors.check(
            tx, guard.get_organiser().id, filled_in.code.data, seals=runtime.seals, now=now
        )
        codes = _change(tx, filled_in.what.data, now) if isinstance(outcome, SignInMethod) else []
    if isinstance(outcome, SignInThrottled):
        wait = say_wait(int((outcome.until - now).total_seconds()) + 1)
        return _show_change(filled_in, wait), HTTPStatus.TOO_MANY_REQUESTS
    if isinstance(outcome, CodeRefused):
        filled_in.refuse("code", explain(outcome).sentence)
        return _show_change(filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    if codes:
        return _hand_out(codes)
    runtime.wake(Lane.PROMPT)
    flash(_("Plus aucun code n’est demandé à la connexion."))
    return redirect(url_for("organiser.account.show", _anchor="second-factor"), 303)


def _change(tx: Transaction, what: str, now: datetime) -> list[str]:
    organiser: Organiser = guard.get_self(tx)
    if what == "off":
        second_factors.turn_off(tx, organiser)
        accounts.tell_changed(tx, organiser, AccountChange.FACTOR_OFF, now=now)
        return []
    codes = second_factors.renew_codes(tx, organiser, seals=get_runtime().seals)
    accounts.tell_changed(tx, organiser, AccountChange.RECOVERY_CODES, now=now)
    return codes


@blueprint.get("/account/recovery-codes")
def codes() -> Response | str:
    """Show fresh codes on paper, until they are noted."""
    fresh = _find_kept(FRESH)
    if fresh is None:
        return redirect(url_for("organiser.account.show", _anchor="second-factor"), 303)
    return render_template("organiser/second_factors/codes.html", codes=json.loads(fresh))


@blueprint.post("/account/recovery-codes/noted")
def noted() -> Response:
    """Show the codes never again."""
    session.pop(FRESH, None)
    return redirect(url_for("organiser.account.show", _anchor="second-factor"), 303)


def _hand_out(codes: list[str]) -> Response:
    get_runtime().wake(Lane.PROMPT)
    logger.info("second factor set up: organiser=%s", guard.get_organiser().id)
    _keep(FRESH, json.dumps(codes))
    return redirect(url_for("organiser.second_factors.codes"), 303)


def _keep(name: str, value: str) -> None:
    """Keep something in the cookie for a while, so that not even its owner's disk gives it away."""
    runtime = get_runtime()
    until = int((runtime.now() + KEPT).timestamp())
    session[name] = [until, runtime.seals.seal(name, value)]


def _find_kept(name: str) -> str | None:
    until, sealed = session.get(name, (0, ""))
    runtime = get_runtime()
    return runtime.seals.unseal(name, sealed) if runtime.now().timestamp() < until else None


def _show(filled_in: CodeForm, secret: str) -> str:
    groups = [secret[start : start + 4] for start in range(0, len(secret), 4)]
    return render_template(
        "organiser/second_factors/form.html", form=filled_in, secret=" ".join(groups)
    )


def _show_change(filled_in: ChangeForm, refusal: str | None = None) -> str:
    return render_template("organiser/second_factors/change.html", form=filled_in, refusal=refusal)
