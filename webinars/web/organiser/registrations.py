"""The registrations of an event: looked for, looked at, decided on, marked, cancelled."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import (
    attendance,
    choices,
    deliveries,
    events,
    merging,
    notes,
    participants,
    reconfirmations,
    registrations,
    requests,
    rights,
    tags,
    telling,
)
from webinars.database import Transaction
from webinars.errors import NotFound, WebinarsError
from webinars.models import Event, Lane, MailName, Presence, Registration
from webinars.participants import Stand
from webinars.rights import Act
from webinars.typed import TEXT_LIMIT, clean_text
from webinars.waiting import waiting_rank
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.filters import full_name, label
from webinars.web.languages import gettext as _
from webinars.web.organiser import columns, lists, parts
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import (
    get_organiser,
    get_own_event,
    get_own_registration,
    is_own_page,
)
from webinars.web.organiser.reasons import list_waits
from webinars.web.organiser.salutations import find_usual
from webinars.web.organiser.words import list_presences

blueprint = Blueprint("registrations", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.SEE_PEOPLE,
    "choose_columns": Act.SEE_PEOPLE,
    "show": Act.SEE_PEOPLE,
    "cancel": Act.EDIT_PEOPLE,
    "confirm": Act.EDIT_PEOPLE,
    "decline": Act.EDIT_PEOPLE,
    "mark": Act.CHECK_IN,
    "reconfirm": Act.EDIT_PEOPLE,
    "settle": Act.EDIT_PEOPLE,
    "send_link": Act.EDIT_PEOPLE,
}

Deed = Callable[[Transaction, Registration, datetime], str]
"""What is done with a registration; it returns the sentence that says so."""
ONE = "/events/<slug:slug>/registrations/<int(max=2147483647):registration_id>"


@blueprint.get("/events/<slug:slug>/registrations")
def listing(slug: str) -> str | Response:
    """List the registrations of an event, limited and sorted as the address says."""
    shown = lists.read(slug)
    if parts.is_wanted():
        return parts.render("organiser/registrations/_list.html", **shown)
    filters = lists.render_filters(shown)
    return render_template("organiser/registrations/listing.html", **shown, filters=filters)


@blueprint.post("/events/<slug:slug>/registrations/columns")
def choose_columns(slug: str) -> Response:
    """Remember in this browser which columns the list shows, and how many rows."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    back = request.form.get("back", "")
    own_list = url_for("organiser.registrations.listing", slug=slug)
    response = redirect(back if is_own_page(back) else own_list, 303)
    keys, size = request.form.getlist("column"), request.form.get("size", "")
    columns.keep_layout(response, event, keys, size)
    return response


@blueprint.get(ONE)
def show(slug: str, registration_id: int) -> str:
    """Show a registration: where it stands, what was said, what was sent."""
    return _show(slug, registration_id)


@blueprint.post(f"{ONE}/cancel")
def cancel(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Cancel a registration, and tell the person."""

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        registrations.cancel(tx, registration, now=now)
        return _("L’inscription de %(name)s est annulée.", name=full_name(registration))

    return _do(slug, registration_id, do)


@blueprint.post(f"{ONE}/confirm")
def confirm(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Accept someone who waits for a decision."""

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        registrations.confirm(tx, registration, now=now)
        return _("%(name)s : %(status)s.", **_name_and_status(registration))

    return _do(slug, registration_id, do)


@blueprint.post(f"{ONE}/decline")
def decline(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Decline someone who waits for a decision, with the reason that the person is told."""
    reason = clean_text(request.form.get("reason", "")[:TEXT_LIMIT])

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        registrations.decline(tx, registration, reason, now=now)
        return _("%(name)s : %(status)s.", **_name_and_status(registration))

    return _do(slug, registration_id, do)


@blueprint.post(f"{ONE}/presence")
def mark(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Note that someone was present, absent or excused, or take the note back."""
    said = request.form.get("presence", "")
    presence = Presence(said) if said in set(Presence) else None

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        attendance.record(tx, registration, presence, now=now)
        if presence is None:
            return _("%(name)s : mention retirée.", name=full_name(registration))
        return _("%(name)s : %(presence)s.", name=full_name(registration), presence=label(presence))

    return _do(slug, registration_id, do)


@blueprint.post(f"{ONE}/reconfirm")
def reconfirm(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Note that someone maintains her registration, as she said on the telephone."""

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        reconfirmations.note_kept(tx, registration, now=now)
        return _("%(name)s : inscription maintenue.", name=full_name(registration))

    return _do(slug, registration_id, do)


@blueprint.post(f"{ONE}/request")
def settle(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Note that a request has been seen to."""

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        requests.settle(tx, registration)
        return _("%(name)s : demande traitée.", name=full_name(registration))

    return _do(slug, registration_id, do)


@blueprint.post(f"{ONE}/link")
def send_link(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Send someone the own link again."""

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        telling.tell(tx, registration.event, registration, MailName.OWN_LINK, now=now)
        return _("Le lien part à nouveau à %(email)s.", email=registration.email)

    return _do(slug, registration_id, do)


def _do(slug: str, registration_id: int, do: Deed) -> Response | tuple[str, int]:
    """Do something with a registration, and go back to where it was asked for."""
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.transaction() as tx:
            said = do(tx, get_own_registration(tx, slug, registration_id), now)
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error)
        return _show(slug, registration_id, refusal), refusal.status
    runtime.wake(Lane.PROMPT)
    flash(said)
    back = request.form.get("back", "")
    own_page = url_for("organiser.registrations.show", slug=slug, registration_id=registration_id)
    return redirect(back if is_own_page(back) else own_page, 303)


def _name_and_status(registration: Registration) -> dict[str, str]:
    return {"name": full_name(registration), "status": label(registration.status)}


def _show(slug: str, registration_id: int, refusal: Refusal | None = None) -> str:
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        registration = get_own_registration(tx, slug, registration_id)
        sent = deliveries.list_rows(tx, registration.event_id, registration_id=registration.id)
        rank = waiting_rank(tx, registration)
        asked = reconfirmations.find(tx, registration)
        stands = participants.list_stands(tx, [registration])
        labels = {
            "tags": tags.list_of(tx, registration.id),
            "known_tags": tags.list_of_event(tx, registration.event_id),
            "notes": notes.list_of(tx, registration.id),
            "alike": merging.list_alike(tx, registration),
            "elsewhere": _list_elsewhere(tx, registration),
        }
    return render_template(
        "organiser/registrations/show.html",
        usual_salutation=find_usual(registration),
        event=registration.event,
        registration=registration,
        chosen=_list_chosen(registration.event, registration),
        sent=sent,
        waits=list_waits(sent, now),
        rank=rank,
        asked=asked,
        stand=stands.get(registration.id, Stand()),
        presences=list_presences(),
        refusal=refusal.sentence if refusal else None,
        **labels,
    )


def _list_elsewhere(tx: Transaction, registration: Registration) -> list[Registration]:
    """List the person's registrations for other events, as far as the organiser may see them."""
    return [
        one
        for one in merging.list_elsewhere(tx, registration)
        if rights.may(get_organiser(), Act.SEE_PEOPLE, event=events.get_by_id(tx, one.event_id))
    ]


def _list_chosen(event: Event, registration: Registration) -> list[object]:
    codes = choices.list_codes(registration)
    return [session for session in event.sessions if session.code in codes]
