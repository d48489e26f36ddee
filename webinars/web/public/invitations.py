"""An invitation's own page: what one is asked to, and the answer.

The token is the authority: no cookie and no other proof. Looking changes nothing; what changes
something is sent by a button. Who accepts fills in the same form as everyone, partly filled in.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import cards, choices, events, invitations, participants, registrations
from webinars.database import Transaction
from webinars.errors import NotFound, WebinarsError
from webinars.links import Scope
from webinars.models import (
    ContactCard,
    Event,
    Institution,
    Invitation,
    Lane,
    Registration,
)
from webinars.places import LIVE
from webinars.registrations import Outcome, Registered
from webinars.typed import TEXT_LIMIT, clean_text
from webinars.web import languages
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.public.events import Call, find_call
from webinars.web.public.registrations import own_page
from webinars.web.registration_form import RegistrationForm, identify, make_form, read_answers

blueprint = Blueprint("invitations", __name__)

REASON_LIMIT = 1_000
DONE = frozenset({"declined"})

Answer = tuple[str, int] | Response


@dataclass(frozen=True)
class Asked:
    """An invitation as its own pages show it."""

    invitation: Invitation
    event: Event
    institution: Institution
    inviter: str
    card: ContactCard | None
    registration: Registration | None
    """The person's place, where she has one."""
    call: Call
    """Whether one can register now."""


@blueprint.get("/i/<token>")
def show(token: str) -> str:
    """Show an invitation to the person it is for."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        asked = _read(tx, token, runtime.now())
    done = request.args.get("done")
    return render_template(
        "public/invitations/show.html",
        asked=asked,
        event=asked.event,
        token=token,
        done=done if done in DONE else None,
        refusal=explain(asked.call.refusal, asked.event).sentence if asked.call.refusal else None,
    )


@blueprint.get("/i/<token>/register")
def form(token: str) -> Answer:
    """Show the registration form, with what the institution knows filled in."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        asked = _read(tx, token, runtime.now())
        filled_in = _make_form(tx, asked)
    if asked.registration is not None or asked.call.refusal is not None:
        return redirect(url_for("public.invitations.show", token=token), 303)
    return _show_form(asked, token, filled_in), HTTPStatus.OK


@blueprint.post("/i/<token>/register")
def accept(token: str) -> Answer:
    """Register the person: she has accepted."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        asked = _read(tx, token, now)
        filled_in = _make_form(tx, asked)
    if not filled_in.validate():
        return _show_form(asked, token, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            registered = _register(tx, token, filled_in, now)
    except NotFound:
        raise
    except WebinarsError as error:
        return _show_refused(token, filled_in, explain(error, asked.event), now)
    runtime.wake(Lane.PROMPT)
    if registered.outcome is Outcome.KNOWN:
        return redirect(url_for("public.registrations.mail_sent", slug=asked.event.slug), 303)
    return redirect(own_page(registered.registration), 303)


@blueprint.post("/i/<token>/decline")
def decline(token: str) -> Response:
    """Note that the person will not come, and why if she says so."""
    runtime = get_runtime()
    reason = clean_text(request.form.get("reason", "")[:REASON_LIMIT], TEXT_LIMIT)
    with runtime.transaction() as tx:
        invitation = _get(tx, token)
        if _find_registration(tx, invitation) is None:
            invitations.decline(tx, invitation, reason, now=runtime.now())
    return redirect(url_for("public.invitations.show", token=token, done="declined"), 303)


@blueprint.get("/i/<token>/erase")
def erase_form(token: str) -> str:
    """Ask whether the person really wants what institutions know of her erased."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        asked = _read(tx, token, runtime.now())
    return render_template(
        "public/invitations/erase.html", asked=asked, event=asked.event, token=token
    )


@blueprint.post("/i/<token>/erase")
def erase(token: str) -> Response:
    """Erase what institutions know of the person, and invite her no more."""
    runtime = get_runtime()
    with runtime.transaction() as tx:
        invitations.erase(tx, _get(tx, token), now=runtime.now())
    return redirect(url_for("public.own.erased", lang=languages.get_language().value), 303)


def _get(tx: Transaction, token: str) -> Invitation:
    """Return the invitation of a link, and write the page in the person's language."""
    found = invitations.get_by_token(tx, get_runtime().links, token, Scope.INVITATION)
    languages.prefer(found.language)
    return found


def _read(tx: Transaction, token: str, now: datetime) -> Asked:
    invitation = _get(tx, token)
    event = events.get_by_id(tx, invitation.event_id)
    institution = tx.get_one(Institution, invitation.institution_id)
    names = {one.institution_id: one.name for one in event.institutions}
    card = None if invitation.card_id is None else tx.get(ContactCard, invitation.card_id)
    return Asked(
        invitation=invitation,
        event=event,
        institution=institution,
        inviter=names.get(institution.id, institution.name),
        card=card,
        registration=_find_registration(tx, invitation),
        call=find_call(tx, event, now),
    )


def _find_registration(tx: Transaction, invitation: Invitation) -> Registration | None:
    """Find the person's place, by this invitation or by the public form."""
    found = participants.find_of_contact(tx, invitation.event_id, invitation.contact_id or 0)
    return found if found is not None and found.status in LIVE else None


def _make_form(tx: Transaction, asked: Asked) -> RegistrationForm:
    left = choices.count_left(tx, asked.event)
    filled = cards.list_known(asked.invitation, asked.card)
    return make_form(asked.event, left, filled=filled, has_csrf=False)


def _register(
    tx: Transaction, token: str, filled_in: RegistrationForm, now: datetime
) -> Registered:
    invitation = _get(tx, token)
    event = events.get_by_id(tx, invitation.event_id)
    institution = tx.get_one(Institution, invitation.institution_id)
    registered = registrations.register(
        tx,
        event,
        read_answers(filled_in),
        source=institution.acronym,
        now=now,
        form_identity=identify(filled_in),
        is_approved=event.trusts_invited,
    )
    if registered.outcome is not Outcome.KNOWN:
        invitations.accept(tx, invitation, registered.registration, now=now)
    return registered


def _show_refused(
    token: str, filled_in: RegistrationForm, refusal: Refusal, now: datetime
) -> tuple[str, int]:
    with get_runtime().reading() as tx:
        asked = _read(tx, token, now)
        filled_in.sessions.left = choices.count_left(tx, asked.event)
    at_field = filled_in.refuse(refusal.field, refusal.sentence)
    return _show_form(asked, token, filled_in, None if at_field else refusal), refusal.status


def _show_form(
    asked: Asked, token: str, filled_in: RegistrationForm, refusal: Refusal | None = None
) -> str:
    return render_template(
        "public/invitations/form.html",
        asked=asked,
        event=asked.event,
        token=token,
        form=filled_in,
        refusal=refusal.sentence if refusal else None,
    )
