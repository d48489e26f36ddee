"""The registration form, and what answers it: the own page, or only that a mail has left.

Whoever is registered already, and whoever asks for a lost link, sees the same page: it never says
who is registered.
"""

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import choices, corrections, registrations
from webinars.database import Transaction
from webinars.errors import WebinarsError
from webinars.links import Scope
from webinars.models import Event, Lane, Registration
from webinars.registrations import Outcome, Registered
from webinars.web import question_fields
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.fields import ADDRESS, Email, Form, Required
from webinars.web.languages import N_
from webinars.web.public import blank
from webinars.web.public.events import Call, find_call, get_shown
from webinars.web.registration_form import RegistrationForm, identify, make_form, read_answers

blueprint = Blueprint("registrations", __name__)
question_fields.allow_files(blueprint)

SOURCE = "form"
Answer = tuple[str, int] | Response


class LinkForm(Form):
    """What is asked of someone who lost a link."""

    email = Email(N_("Adresse électronique"), [Required(), ADDRESS], autocomplete="email")


@blueprint.get("/events/<slug:slug>/register")
def form(slug: str) -> Answer:
    """Show the form of an event, or why it is not open."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        event = get_shown(tx, slug)
        call = find_call(tx, event, now)
        left = choices.count_left(tx, event)
    if call.refusal:
        return _show(event, call, None, explain(call.refusal, event)), HTTPStatus.OK
    return blank.show(event, call, left), HTTPStatus.OK


@blueprint.post("/events/<slug:slug>/register")
def submit(slug: str) -> Answer:
    """Register the person of a form."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        event = get_shown(tx, slug)
        call = find_call(tx, event, now)
        left = choices.count_left(tx, event)
    filled_in = make_form(event, left)
    if not filled_in.validate():
        return _show_invalid(event, call, filled_in)
    try:
        with runtime.transaction() as tx:
            registered = _register(tx, event, filled_in, now)
    except WebinarsError as error:
        return _show_refused(slug, filled_in, explain(error, event), now)
    runtime.wake(Lane.PROMPT)
    if registered.outcome is Outcome.KNOWN:
        return redirect(url_for("public.registrations.mail_sent", slug=slug), 303)
    return redirect(own_page(registered.registration), 303)


@blueprint.get("/events/<slug:slug>/mail-sent")
def mail_sent(slug: str) -> str:
    """Say that a mail has left, to whom it may concern."""
    with get_runtime().reading() as tx:
        event = get_shown(tx, slug)
    return render_template("public/registrations/mail_sent.html", event=event)


@blueprint.get("/events/<slug:slug>/link")
def link(slug: str) -> Answer:
    """Ask for the address to which a lost link is to be sent again."""
    with get_runtime().reading() as tx:
        event = get_shown(tx, slug)
    return _show_link(event, LinkForm()), HTTPStatus.OK


@blueprint.post("/events/<slug:slug>/link")
def send_link(slug: str) -> Answer:
    """Send the own link again to whoever is registered with an address; say nothing about it."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        event = get_shown(tx, slug)
    filled_in = LinkForm()
    if not filled_in.validate():
        return _show_link(event, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    with runtime.transaction() as tx:
        corrections.send_link_again(tx, get_shown(tx, slug), filled_in.email.data, now=now)
    runtime.wake(Lane.PROMPT)
    return redirect(url_for("public.registrations.mail_sent", slug=slug), 303)


def own_page(
    registration: Registration, scope: Scope = Scope.PAGE, *, done: str | None = None
) -> str:
    """Return the address of a registration's own page; `done` is what it says was just done."""
    links = get_runtime().links
    token = links.make_token(scope, registration.public_id, registration.link_generation)
    return url_for("public.own.show", token=token, done=done)


def _register(
    tx: Transaction, event: Event, filled_in: RegistrationForm, now: datetime
) -> Registered:
    """Register within a change that is kept short: the event comes along as it was just read.

    What is counted is read anew under the event's lock, by the rule itself.
    """
    return registrations.register(
        tx,
        tx.merge(event, load=False),
        read_answers(filled_in),
        source=SOURCE,
        now=now,
        form_identity=identify(filled_in),
    )


def _show_invalid(event: Event, call: Call, filled_in: RegistrationForm) -> Answer:
    """Show what is wrong with a form; where nobody can register any more, that alone."""
    if call.refusal is None:
        return _show(event, call, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    refusal = explain(call.refusal, event)
    return _show(event, call, filled_in, refusal), refusal.status


def _show_refused(
    slug: str, filled_in: RegistrationForm, refusal: Refusal, now: datetime
) -> Answer:
    """Show a form that a rule refused, with the places that are left by now."""
    with get_runtime().reading() as tx:
        event = get_shown(tx, slug)
        call = find_call(tx, event, now)
        filled_in.sessions.left = choices.count_left(tx, event)
    at_field = filled_in.refuse(refusal.field, refusal.sentence)
    return _show(event, call, filled_in, None if at_field else refusal), refusal.status


def _show(
    event: Event, call: Call, filled_in: RegistrationForm | None, refusal: Refusal | None = None
) -> str:
    """Show a form as it was filled in, with what is wrong; no form: why there is none."""
    return render_template(
        "public/registrations/form.html",
        event=event,
        call=call,
        form=filled_in,
        refusal=refusal.sentence if refusal else None,
    )


def _show_link(event: Event, filled_in: LinkForm) -> str:
    return render_template("public/registrations/link.html", event=event, form=filled_in)
