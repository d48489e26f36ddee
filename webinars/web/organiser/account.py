"""One's own account: name, password, and where one is signed in."""

import logging
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import accounts, organisers, second_factors, sign_ins
from webinars.errors import PasswordRefused, SignInThrottled, WeakPassword, WebinarsError
from webinars.models import AccountChange, Lane, Organiser
from webinars.organisers import MINIMUM_PASSWORD_LENGTH
from webinars.typed import NAME_LIMIT
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Form, Limit, Required
from webinars.web.languages import N_, ngettext
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard
from webinars.web.organiser.acts import Door, Right
from webinars.web.organiser.sign_in import LONGEST_PASSWORD, say_wait

logger = logging.getLogger(__name__)

blueprint = Blueprint("account", __name__)

ACTS: dict[str, Right] = {
    "show": Door.SIGNED_IN,
    "set_name": Door.SIGNED_IN,
    "set_password": Door.SIGNED_IN,
    "end_sign_in": Door.SIGNED_IN,
    "end_others": Door.SIGNED_IN,
}


class NameForm(Form):
    """What colleagues call one."""

    name = fields.Text(N_("Nom"), [Required(), Limit(NAME_LIMIT)], autocomplete="name")


class PasswordForm(Form):
    """A new password, and the present one to prove that it is one's own account."""

    present = fields.Password(
        N_("Mot de passe actuel"),
        [Required(), Limit(LONGEST_PASSWORD)],
        render_kw={"autocomplete": "current-password"},
    )
    password = fields.Password(
        N_("Nouveau mot de passe"),
        [Required(), Limit(LONGEST_PASSWORD)],
        render_kw={"autocomplete": "new-password", "minlength": MINIMUM_PASSWORD_LENGTH},
    )


@blueprint.get("/account")
def show() -> str:
    """Show one's own account."""
    return _show(NameForm(name=guard.get_organiser().name), PasswordForm())


@blueprint.post("/account/name")
def set_name() -> Response | tuple[str, int]:
    """Change one's own name."""
    filled_in = NameForm()
    if not filled_in.validate():
        return _show(filled_in, PasswordForm()), HTTPStatus.UNPROCESSABLE_ENTITY
    with get_runtime().transaction() as tx:
        organiser = guard.get_self(tx)
        organiser.name = filled_in.name.data
    flash(_("Votre nom est enregistré."))
    return redirect(url_for("organiser.account.show"), 303)


@blueprint.post("/account/password")
def set_password() -> Response | tuple[str, int]:
    """Change one's own password, and end every other sign-in."""
    filled_in = PasswordForm()
    if not filled_in.validate():
        return _refuse(filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        _change_password(filled_in)
    except SignInThrottled as error:
        seconds = int((error.until - get_runtime().now()).total_seconds()) + 1
        return _refuse(filled_in, say_wait(seconds)), HTTPStatus.TOO_MANY_REQUESTS
    except (PasswordRefused, WeakPassword) as error:
        refusal = explain(error)
        filled_in.refuse(refusal.field, refusal.sentence)
        return _refuse(filled_in), refusal.status
    flash(_("Votre mot de passe est changé, et vos autres connexions ont pris fin."))
    return redirect(url_for("organiser.account.show"), 303)


def _change_password(filled_in: PasswordForm) -> None:
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        attempt = organisers.begin_sign_in(tx, guard.get_organiser().email)
    verdict = attempt.verify(filled_in.present.data)  # slow: outside of any transaction
    password_hash = organisers.hash_new(filled_in.password.data)
    with runtime.transaction() as tx:
        outcome = organisers.sign_in(tx, verdict, now=now)
        if isinstance(outcome, Organiser):
            organiser = guard.get_self(tx)
            organisers.replace_password(tx, organiser, password_hash)
            sign_ins.end_others(tx, organiser.id, guard.get_key(), now=now)
            accounts.tell_changed(tx, organiser, AccountChange.PASSWORD, now=now)
    if isinstance(outcome, SignInThrottled):
        raise outcome
    if isinstance(outcome, WebinarsError):
        raise PasswordRefused
    guard.go_on(organiser)
    runtime.wake(Lane.PROMPT)
    logger.info("password changed: organiser=%s", organiser.id)


@blueprint.post("/account/sign-ins/<int(max=2147483647):sign_in_id>/end")
def end_sign_in(sign_in_id: int) -> Response:
    """End one of one's own sign-ins."""
    runtime = get_runtime()
    with runtime.transaction() as tx:
        ended = sign_ins.end(tx, guard.get_self(tx).id, sign_in_id, now=runtime.now())
    flash(_("Cette connexion a pris fin.") if ended else _("Cette connexion avait déjà pris fin."))
    return redirect(url_for("organiser.account.show", _anchor="sign-ins"), 303)


@blueprint.post("/account/sign-ins/end-others")
def end_others() -> Response:
    """End every other sign-in of one's own."""
    runtime = get_runtime()
    with runtime.transaction() as tx:
        number = sign_ins.end_others(tx, guard.get_self(tx).id, guard.get_key(), now=runtime.now())
    flash(
        ngettext(
            "%(num)d autre connexion a pris fin.", "%(num)d autres connexions ont pris fin.", number
        )
    )
    return redirect(url_for("organiser.account.show", _anchor="sign-ins"), 303)


def _refuse(filled_in: PasswordForm, refusal: str | None = None) -> str:
    return _show(NameForm(formdata=None, name=guard.get_organiser().name), filled_in, refusal)


def _show(name: NameForm, password: PasswordForm, refusal: str | None = None) -> str:
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        organiser = organisers.get(tx, guard.get_organiser().id)
        rows = sign_ins.list_live(tx, organiser.id, now=now)
        codes_left = second_factors.count_codes(tx, organiser.id)
    return render_template(
        "organiser/account/show.html",
        organiser=organiser,
        name=name,
        password=password,
        refusal=refusal,
        sign_ins=rows,
        key=guard.get_key(),
        codes_left=codes_left,
        minimum=MINIMUM_PASSWORD_LENGTH,
    )
