"""A registration's own page: where it stands, and everything the person can do about it.

The token is the authority: no cookie and no other proof. Looking changes nothing; what changes
something is sent by a button.
"""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import calendar, choices, corrections, programme, registrations
from webinars.database import Transaction
from webinars.errors import Forbidden, WebinarsError
from webinars.links import Scope
from webinars.models import Lane
from webinars.web import languages, question_fields
from webinars.web.current import get_origin, get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.fields import ADDRESS, Email, Form, Required
from webinars.web.languages import N_
from webinars.web.public.events import answer_calendar
from webinars.web.public.registrations import own_page
from webinars.web.public.standing import Answer, Own, ask, get, read
from webinars.web.registration_form import RegistrationForm, make_form, read_answers

blueprint = Blueprint("own", __name__)
question_fields.allow_files(blueprint)

DONE = frozenset(
    {"changed", "corrected", "cancelled", "kept", "represented", "joined", "requested"}
)


class AddressForm(Form):
    """What is asked of someone whose address is wrong."""

    email = Email(N_("Nouvelle adresse électronique"), [Required(), ADDRESS], autocomplete="email")


@blueprint.get("/r/<token>")
def show(token: str) -> str:
    """Show a registration to the person it belongs to."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        own = read(tx, token, now)
    done = request.args.get("done")
    return render_template(
        "public/own/show.html",
        own=own,
        token=token,
        done=done if done in DONE else None,
        outline=programme.outline(own.registration.event, own.chosen),
        feed_url=runtime.links.feed_url(token),
    )


@blueprint.get("/r/<token>/calendar.ics")
def calendar_file(token: str) -> Response:
    """Offer the days of a registration for the person's calendar, under the UIDs of the mails."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        own = read(tx, token, now)
    registration = own.registration
    links = runtime.links
    entries = calendar.registration_entries(
        registration.event,
        registration,
        own.chosen,
        gate_url=links.gate_url(registration.public_id, registration.link_generation),
        event_url=links.event_url(registration.event.slug),
        origin=get_origin(registration.event),
        language=languages.get_language(),
        stamped_at=now,
        sequence=registration.calendar_sequence,
    )
    return answer_calendar([entry for _day, entry in entries], registration.event.slug)


@blueprint.get("/r/<token>/change")
def change_form(token: str) -> Answer:
    """Show what the person said, to be changed."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = read(tx, token, runtime.now())
        form = _make_form(tx, own)
    if own.is_changeable and own.must_ask:
        return redirect(url_for("public.requests.form", token=token), 303)
    return ask(own, token, _show_change(own, token, form))


@blueprint.post("/r/<token>/change")
def change(token: str) -> Answer:
    """Change what the person said, and the sessions she chose."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        own = read(tx, token, now)
        form = _make_form(tx, own)
    if not form.validate():
        return _show_change(own, token, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            registration, _scope = get(tx, token)
            corrections.change(tx, registration, read_answers(form), now=now)
    except WebinarsError as error:
        return _show_change_refused(token, form, explain(error, own.registration.event))
    runtime.wake(Lane.PROMPT)
    return redirect(url_for("public.own.show", token=token, done="changed"), 303)


@blueprint.get("/r/<token>/address")
def address_form(token: str) -> Answer:
    """Ask for the right address."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = read(tx, token, runtime.now())
    return ask(own, token, _show_address(own, token, AddressForm(meta={"csrf": False})))


@blueprint.post("/r/<token>/address")
def correct_address(token: str) -> Answer:
    """Correct the address; from now on only the new links are good."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        own = read(tx, token, now)
    form = AddressForm(meta={"csrf": False})
    if not form.validate():
        return _show_address(own, token, form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            registration, scope = get(tx, token)
            corrections.correct_address(tx, registration, form.email.data, now=now)
    except WebinarsError as error:
        refusal = explain(error, own.registration.event)
        return _show_address(own, token, form, refusal), refusal.status
    runtime.wake(Lane.PROMPT)
    return redirect(own_page(registration, scope, done="corrected"), 303)


@blueprint.get("/r/<token>/cancel")
def cancel_form(token: str) -> Answer:
    """Ask whether the person really gives up her place."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = read(tx, token, runtime.now())
    return ask(own, token, render_template("public/own/cancel.html", own=own, token=token))


@blueprint.post("/r/<token>/cancel")
def cancel(token: str) -> Answer:
    """Give up a place; a second time changes nothing."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.transaction() as tx:
        registration, _scope = get(tx, token)
        registrations.cancel(tx, registration, now=now, by_form=True)
    runtime.wake(Lane.PROMPT)
    return redirect(url_for("public.own.show", token=token, done="cancelled"), 303)


@blueprint.get("/r/<token>/erase")
def erase_form(token: str) -> str:
    """Ask whether the person really wants her data erased; it is for her alone to say.

    :raises Forbidden: the link is an assistant's.
    """
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = read(tx, token, runtime.now())
    _require_person(own.scope)
    return render_template("public/own/erase.html", own=own, token=token)


@blueprint.post("/r/<token>/erase")
def erase(token: str) -> Answer:
    """Erase a person's data at once.

    :raises Forbidden: the link is an assistant's.
    """
    runtime = get_runtime()
    now = runtime.now()
    with runtime.transaction() as tx:
        registration, scope = get(tx, token)
        _require_person(scope)
        registrations.erase(tx, registration, now=now)
    runtime.wake(Lane.PROMPT)
    return redirect(url_for("public.own.erased", lang=languages.get_language().value), 303)


@blueprint.get("/erased")
def erased() -> str:
    """Say that the data are gone."""
    return render_template("public/own/erased.html")


def _require_person(scope: Scope) -> None:
    if scope is not Scope.PAGE:
        raise Forbidden


def _make_form(tx: Transaction, own: Own) -> RegistrationForm:
    event = own.registration.event
    form = make_form(
        event,
        choices.count_left(tx, event),
        registration=own.registration,
        held=own.chosen,
        has_csrf=False,
    )
    form.email.data = own.registration.email  # corrected on a page of its own
    return form


def _show_change(
    own: Own, token: str, form: RegistrationForm, refusal: Refusal | None = None
) -> str:
    return render_template(
        "public/own/change.html",
        own=own,
        token=token,
        form=form,
        refusal=refusal.sentence if refusal else None,
    )


def _show_change_refused(token: str, form: RegistrationForm, refusal: Refusal) -> Answer:
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = read(tx, token, runtime.now())
        form.sessions.left = choices.count_left(tx, own.registration.event)
    at_field = form.refuse(refusal.field, refusal.sentence)
    return _show_change(own, token, form, None if at_field else refusal), refusal.status


def _show_address(own: Own, token: str, form: AddressForm, refusal: Refusal | None = None) -> str:
    return render_template(
        "public/own/address.html",
        own=own,
        token=token,
        form=form,
        refusal=refusal.sentence if refusal else None,
    )
