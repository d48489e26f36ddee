"""Links in mails to organisers: asked for without saying who is known, and used with a button.

A GET shows what a link is for and does nothing: mail scanners follow links.
"""

import logging
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import accounts, organisers
from webinars.errors import LinkOver, WeakPassword
from webinars.models import (
    AccountChange,
    AccountLink,
    AccountPurpose,
    Lane,
    Organiser,
    SignInMethod,
)
from webinars.organisers import MINIMUM_PASSWORD_LENGTH
from webinars.typed import EMAIL_LIMIT, NAME_LIMIT
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Form, Limit, Required
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Door, Right
from webinars.web.organiser.sign_in import LONGEST_PASSWORD, let_in

logger = logging.getLogger(__name__)

blueprint = Blueprint("account_links", __name__)

ACTS: dict[str, Right] = {
    "form": Door.OPEN,
    "ask": Door.OPEN,
    "show": Door.OPEN,
    "use": Door.OPEN,
}

WANTED = {"link": AccountPurpose.SIGN_IN, "password": AccountPurpose.PASSWORD}
ASK = "/sign-in/<any(link, password):wanted>"
ONE = "/links/<token>"


class AskForm(Form):
    """Who wants a link."""

    email = fields.Email(
        N_("Adresse électronique"),
        [Required(), fields.ADDRESS, Limit(EMAIL_LIMIT)],
        autocomplete="username",
    )


class LinkForm(Form):
    """Nothing but the proof that somebody pressed the button."""


class PasswordForm(Form):
    """A new password, chosen at a link."""

    password = fields.Password(
        N_("Nouveau mot de passe"),
        [Required(), Limit(LONGEST_PASSWORD)],
        render_kw={"autocomplete": "new-password", "minlength": MINIMUM_PASSWORD_LENGTH},
    )


class WelcomeForm(PasswordForm):
    """What an invited organiser says of herself."""

    name = fields.Text(N_("Votre nom"), [Required(), Limit(NAME_LIMIT)], autocomplete="name")


FORMS = {
    AccountPurpose.SIGN_IN: LinkForm,
    AccountPurpose.PASSWORD: PasswordForm,
    AccountPurpose.INVITATION: WelcomeForm,
}


@blueprint.get(ASK)
def form(wanted: str) -> str:
    """Ask for the address that a link is to be sent to."""
    return _show_ask(AskForm(), wanted)


@blueprint.post(ASK)
def ask(wanted: str) -> Response | tuple[str, int]:
    """Send a link to whoever has the address, and say the same to everyone."""
    runtime = get_runtime()
    filled_in = AskForm()
    if not filled_in.validate():
        return _show_ask(filled_in, wanted), HTTPStatus.UNPROCESSABLE_ENTITY
    with runtime.transaction() as tx:
        accounts.ask(tx, filled_in.email.data, WANTED[wanted], now=runtime.now())
    runtime.wake(Lane.PROMPT)
    flash(
        _(
            "Si cette adresse a un compte, un message avec un lien vient de partir. Il arrive en"
            " quelques minutes ; regardez aussi dans les courriers indésirables."
        )
    )
    return redirect(url_for("organiser.sign_in.form"), 303)


@blueprint.get(ONE)
def show(token: str) -> str:
    """Show what a link is for, with the button that does it."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        try:
            link = accounts.find_link(tx, token, site=runtime.links, now=runtime.now())
        except LinkOver:
            return _show_over()
        organiser = organisers.get(tx, link.organiser_id)
    return _show(link, organiser, FORMS[link.purpose]())


@blueprint.post(ONE)
def use(token: str) -> Response | tuple[str, int]:
    """Do what a link is for, once."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        try:
            link = accounts.find_link(tx, token, site=runtime.links, now=runtime.now())
        except LinkOver:
            return _show_over(), HTTPStatus.CONFLICT
        organiser = organisers.get(tx, link.organiser_id)
    filled_in = FORMS[link.purpose]()
    if not filled_in.validate():
        return _show(link, organiser, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        return _use(link, filled_in)
    except LinkOver:
        return _show_over(), HTTPStatus.CONFLICT
    except WeakPassword as error:
        filled_in.refuse("password", explain(error).sentence)
        return _show(link, organiser, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY


def _use(link: AccountLink, filled_in: Form) -> Response:
    if isinstance(filled_in, PasswordForm):
        return _choose_password(link, filled_in)
    runtime = get_runtime()
    now = runtime.now()
    with runtime.transaction() as tx:
        organiser = accounts.use(tx, link, now=now)
    return let_in(organiser, SignInMethod.LINK, now)


def _choose_password(link: AccountLink, filled_in: PasswordForm) -> Response:
    runtime = get_runtime()
    now = runtime.now()
    password_hash = organisers.hash_new(filled_in.password.data)
    with runtime.transaction() as tx:
        organiser = accounts.use(tx, link, now=now)
        organisers.replace_password(tx, organiser, password_hash)
        if isinstance(filled_in, WelcomeForm):
            organiser.name = filled_in.name.data
        else:
            accounts.tell_changed(tx, organiser, AccountChange.PASSWORD, now=now)
    logger.info("password chosen: organiser=%s purpose=%s", organiser.id, link.purpose)
    if isinstance(filled_in, WelcomeForm):
        return let_in(organiser, SignInMethod.LINK, now)
    runtime.wake(Lane.PROMPT)
    flash(_("Votre mot de passe est changé. Connectez-vous avec le nouveau."))
    return redirect(url_for("organiser.sign_in.form"), 303)


def _show(link: AccountLink, organiser: Organiser, form: Form) -> str:
    return render_template(
        "organiser/account_links/show.html",
        purpose=link.purpose,
        organiser=organiser,
        form=form,
        minimum=MINIMUM_PASSWORD_LENGTH,
    )


def _show_over() -> str:
    return render_template("organiser/account_links/over.html")


def _show_ask(form: AskForm, wanted: str) -> str:
    return render_template("organiser/account_links/form.html", form=form, wanted=wanted)
