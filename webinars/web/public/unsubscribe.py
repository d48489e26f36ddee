"""What a person no longer wants by mail: looking changes nothing, ever; a button does (RFC 8058).

Mail programs send the one-click request by themselves, without a cookie and with no eye on the
answer. Mails are forwarded and links followed by scanners: so GET and HEAD read and nothing else,
and the page says neither who it is about nor where the mail goes in full.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import events, invitations, participants, suppressions
from webinars.database import Transaction
from webinars.errors import ValueRefused
from webinars.links import Scope
from webinars.models import Invitation, MailName, Registration
from webinars.suppressions import Wish
from webinars.web import languages
from webinars.web.current import get_runtime

blueprint = Blueprint("unsubscribe", __name__)

MASK = "•••"


@blueprint.get("/u/<token>")
def show(token: str) -> str:
    """Show what a person receives, what of it she can do without, and what she said."""
    with get_runtime().reading() as tx:
        invited = _find_invited(tx, token)
    if invited is not None:
        return _show_invited(token, invited, is_done="done" in request.args)
    return _show(token, is_done="done" in request.args)


@blueprint.post("/u/<token>")
def decide(token: str) -> str | Response:
    """Record what a person wants: by the page's button, or by that of a mail program.

    A mail program's request is about the event whose mail it stood in, and is answered at once:
    RFC 8058, 3.1, lets nothing redirect it. A body that says nothing says that too.
    """
    runtime = get_runtime()
    now = runtime.now()
    wanted = request.form.get("wanted")
    is_one_click = wanted is None or "List-Unsubscribe" in request.form
    with runtime.reading() as tx:
        invited = _find_invited(tx, token)
    if invited is not None:
        return _decide_invited(token, invited, wanted, is_one_click=is_one_click)
    wish = Wish.OTHERS if is_one_click else _read_wish(wanted)
    with runtime.transaction() as tx:
        person = _get(tx, token)
        suppressions.record_wish(tx, person.email_key, person.event_id, wish, now=now)
    if is_one_click:
        return _show(token, is_done=True)
    return redirect(url_for("public.unsubscribe.show", token=token, done=wish.value), 303)


def _decide_invited(
    token: str, invited: Invitation, wanted: str | None, *, is_one_click: bool
) -> str | Response:
    """Record whether a person wants invitations: of none of the institutions, or of all."""
    runtime = get_runtime()
    now = runtime.now()
    wish = Wish.NONE if is_one_click else _read_wish(wanted)
    with runtime.transaction() as tx:
        if wish is Wish.EVERY:
            suppressions.resume_invitations(tx, invited.email_key, now=now)
        else:
            suppressions.stop_invitations(tx, invited.email_key, now=now)
    if is_one_click:
        return _show_invited(token, invited, is_done=True)
    return redirect(url_for("public.unsubscribe.show", token=token, done=wish.value), 303)


def _find_invited(tx: Transaction, token: str) -> Invitation | None:
    """Find whose invitation a link stood in, and write the page in the person's language."""
    links = get_runtime().links
    invited = invitations.find_by_token(tx, links, token, Scope.NO_INVITATIONS)
    if invited is not None:
        languages.prefer(invited.language)
    return invited


def _show_invited(token: str, invited: Invitation, *, is_done: bool) -> str:
    runtime = get_runtime()
    with runtime.reading() as tx:
        blocks = suppressions.list_blocks(tx, [invited.email_key], now=runtime.now())
        event = events.get_by_id(tx, invited.event_id)
    stopped_by = suppressions.find_block(
        blocks[invited.email_key], MailName.INVITATION, invited.event_id, by_form=False
    )
    return render_template(
        "public/unsubscribe/invitations.html",
        event=event,
        address=_mask(invited.email),
        is_stopped=stopped_by in suppressions.ASKED,
        token=token,
        is_done=is_done,
    )


def _read_wish(wanted: str | None) -> Wish:
    try:
        return Wish(wanted or "")
    except ValueError:
        raise ValueRefused("unknown-wish") from None


def _get(tx: Transaction, token: str) -> Registration:
    """Return the registration of a link, and write the page in the person's language."""
    scopes = {Scope.UNSUBSCRIBE}
    registration, _scope = participants.get_by_token(tx, get_runtime().links, token, scopes)
    languages.prefer(registration.language)
    return registration


def _show(token: str, *, is_done: bool) -> str:
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        registration = _get(tx, token)
        blocks = suppressions.list_blocks(tx, [registration.email_key], now=now)
    return render_template(
        "public/unsubscribe/show.html",
        event=registration.event,
        address=_mask(registration.email),
        wish=suppressions.find_wish(blocks[registration.email_key], registration.event_id).value,
        token=token,
        is_done=is_done,
    )


def _mask(email: str) -> str:
    """Return an address that its owner knows again, and nobody else can write to."""
    local, _at, domain = email.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}{MASK}@{domain}"
