"""The gate of a personal connection link: looking changes nothing, ever; entering is a button.

Mail gateways follow links, run scripts and ask again: so GET and HEAD read and nothing else, and
the room's address exists only in the answer to the POST, made at that moment.
"""

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response

from webinars import attendance, choices, participants
from webinars.connections import gate
from webinars.database import Transaction
from webinars.errors import GateClosed, NotFound, RoomMissing
from webinars.links import Scope
from webinars.models import Registration
from webinars.web import headers, languages
from webinars.web.current import get_runtime

blueprint = Blueprint("gate", __name__)

Answer = tuple[str, int] | Response


@blueprint.get("/j/<token>")
def show(token: str) -> Answer:
    """Show the gate as it stands for the person."""
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.reading() as tx:
            registration = _get(tx, token)
    except NotFound:
        return _show_passed_on(token), HTTPStatus.OK
    return _show(registration, token, now), HTTPStatus.OK


@blueprint.post("/j/<token>")
def enter(token: str) -> Answer:
    """Let the person in: record it, and lead to the room."""
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.transaction() as tx:
            registration = _get(tx, token)
            room_url = attendance.enter(tx, registration, now=now)
    except NotFound:
        return _show_passed_on(token), HTTPStatus.CONFLICT
    except (GateClosed, RoomMissing):
        with runtime.reading() as tx:
            registration = _get(tx, token)
        return _show(registration, token, now), HTTPStatus.CONFLICT
    return redirect(room_url, 303)


def _get(tx: Transaction, token: str) -> Registration:
    registration = participants.get_for_gate(tx, get_runtime().links, token)
    languages.prefer(registration.language)
    return registration


def _show_passed_on(token: str) -> str:
    """Say of a link that is dead why that is, where a substitute took its place; name nobody.

    :raises NotFound: it is no such link.
    """
    runtime = get_runtime()
    with runtime.reading() as tx:
        registration = participants.find_passed_on(tx, runtime.links, token, {Scope.GATE})
    if registration is None:
        raise NotFound("registration")
    languages.prefer(registration.language)
    return render_template("public/gate/passed_on.html", event=registration.event)


def _show(registration: Registration, token: str, now: datetime) -> str:
    headers.allow("form-action", headers.ROOM_FORM_ACTION)
    found = gate(registration.event, registration, choices.list_codes(registration), now)
    return render_template(
        "public/gate/show.html",
        registration=registration,
        event=registration.event,
        gate=found,
        token=token,
    )
