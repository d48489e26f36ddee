"""The door on the day: a list to tap, a code to scan, and someone who came without a registration.

A telephone first. Nothing but names and organisations is shown, and each tap may come twice.
"""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from webinars import arrivals, participants, registrations, rights
from webinars.answers import Answers
from webinars.errors import Forbidden, NotFound, WebinarsError
from webinars.models import Event, OrganizationKind, Presence, Registration, Role
from webinars.rights import Act
from webinars.typed import LINE_LIMIT, NAME_LIMIT, clean_line
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.fields import ADDRESS, Country, Email, Form, Limit, Required, Text
from webinars.web.filters import full_name, label
from webinars.web.languages import N_, get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser import parts
from webinars.web.organiser.acts import Door, Right
from webinars.web.organiser.additions import choose_source
from webinars.web.organiser.guard import (
    get_organiser,
    get_own_event,
    get_own_registration,
)

blueprint = Blueprint("arrivals", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.CHECK_IN,
    "note": Act.CHECK_IN,
    "scan": Act.CHECK_IN,
    "form": Act.CHECK_IN,
    "add": Act.CHECK_IN,
    "show_badge": Door.SIGNED_IN,
}

ALL = "/events/<slug:slug>/arrivals"
CAMERA = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"
"""Of this page alone: it reads badges where the browser can."""


class WalkInForm(Form):
    """What is asked of someone at the door, and no more."""

    last_name = Text(N_("Nom"), [Required(), Limit(NAME_LIMIT)])
    first_name = Text(N_("Prénom"), [Required(), Limit(NAME_LIMIT)])
    email = Email(N_("Adresse électronique"), [Required(), ADDRESS])
    organization = Text(N_("Structure"), [Required(), Limit(LINE_LIMIT)])
    organization_kind = fields.Choice(
        N_("Type de structure"),
        [Required()],
        words=lambda: [(one.value, label(one)) for one in OrganizationKind],
    )
    country = Country(N_("Pays"), [Required()])


@blueprint.get(ALL)
def listing(slug: str) -> Response:
    """Show who is expected and who is there, with a button for each."""
    search = clean_line(request.args.get("search", "")[:LINE_LIMIT])
    session = request.args.get("session", "")
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        door = arrivals.read(tx, event.id, search=search, session=session)
    shown = {
        "event": event,
        "door": door,
        "search": search,
        "session": session,
        "sessions": [(one.code, one.title.into(get_language())) for one in event.sessions],
    }
    if parts.is_wanted():
        return parts.render("organiser/arrivals/_door.html", **shown)
    response = make_response(render_template("organiser/arrivals/listing.html", **shown))
    response.headers["Permissions-Policy"] = CAMERA
    return response


@blueprint.post(f"{ALL}/<int(max=2147483647):registration_id>")
def note(slug: str, registration_id: int) -> AnyResponse:
    """Note that someone has arrived, or take it back."""
    is_there = request.form.get("there") == "yes"
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.transaction() as tx:
            registration = get_own_registration(tx, slug, registration_id)
            arrivals.note(tx, registration, is_there=is_there, now=now)
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error)
        said, status = refusal.sentence, refusal.status
    else:
        said, status = _say(registration, is_there=is_there), int(HTTPStatus.NO_CONTENT)
    if parts.is_wanted():  # it asks for the list next
        return Response(status=status)
    flash(said)
    return _go_back(slug, {name: request.form.get(name, "") for name in ("search", "session")})


@blueprint.post(f"{ALL}/scan")
def scan(slug: str) -> AnyResponse:
    """Note the arrival of whoever's badge was scanned, or whose reference was typed."""
    runtime = get_runtime()
    now = runtime.now()
    found = ""
    try:
        with runtime.transaction() as tx:
            event = get_own_event(tx, slug)
            code = request.form.get("code", "")[:LINE_LIMIT]
            registration = arrivals.get_by_code(tx, runtime.links, event.id, code)
            arrivals.note(tx, registration, is_there=True, now=now)
            found = registration.reference
    except NotFound:
        flash(_("Ce code n’est celui de personne ici."))
    except WebinarsError as error:
        flash(explain(error).sentence)
    else:
        flash(_say(registration, is_there=True))
    return _go_back(slug, {"search": found})


@blueprint.get("/arrivals/<token>")
def show_badge(token: str) -> str:
    """Show the person whose badge a telephone's own camera has read, with one button."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        registration = arrivals.find_by_badge(tx, runtime.links, token)
        if registration is None:
            raise NotFound("registration")
        event = registration.event
        if not rights.may(get_organiser(), Act.SEE_EVENT, event=event):
            raise NotFound("registration")
        if not rights.may(get_organiser(), Act.CHECK_IN, event=event):
            raise Forbidden
    return render_template(
        "organiser/arrivals/show_badge.html",
        event=event,
        one=registration,
        is_there=registration.presence is Presence.PRESENT,
    )


@blueprint.get(f"{ALL}/add")
def form(slug: str) -> str:
    """Ask the minimum of someone who came without a registration."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    return _show_form(event, WalkInForm(formdata=None))


@blueprint.post(f"{ALL}/add")
def add(slug: str) -> AnyResponse | tuple[str, int]:
    """Register someone who came without a registration, and note the arrival; nobody is mailed."""
    runtime = get_runtime()
    typed = WalkInForm()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
    if not typed.validate():
        return _show_form(event, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        registration = _register(slug, typed, runtime.now())
    except WebinarsError as error:
        refusal = explain(error, event)
        at_field = typed.refuse(refusal.field, refusal.sentence)
        return _show_form(event, typed, None if at_field else refusal), refusal.status
    flash(_say(registration, is_there=registration.presence is Presence.PRESENT))
    return _go_back(slug, {})


def _register(slug: str, typed: WalkInForm, now: datetime) -> Registration:
    said = Answers(
        last_name=typed.last_name.data,
        first_name=typed.first_name.data,
        email=typed.email.data,
        role=Role.OTHER,
        job_title="",
        organization=typed.organization.data,
        organization_kind=OrganizationKind(typed.organization_kind.data),
        country=typed.country.data,
    )
    with get_runtime().transaction() as tx:
        event = get_own_event(tx, slug)
        registered = registrations.register(
            tx,
            event,
            said,
            source=choose_source(event),
            now=now,
            by_organiser=True,
            mail=False,
        )
        registration = participants.get(tx, registered.registration.id)
        arrivals.note(tx, registration, is_there=True, now=now)
    return registration


def _say(registration: Registration, *, is_there: bool) -> str:
    if is_there:
        return _("%(name)s : arrivée notée.", name=full_name(registration))
    return _("%(name)s : arrivée retirée.", name=full_name(registration))


def _go_back(slug: str, said: dict[str, str]) -> AnyResponse:
    words = {name: value[:LINE_LIMIT] for name, value in said.items() if value}
    home = url_for("organiser.arrivals.listing", slug=slug)
    return redirect(f"{home}?{urlencode(words)}" if words else home, 303)


def _show_form(event: Event, typed: WalkInForm, refusal: Refusal | None = None) -> str:
    return render_template(
        "organiser/arrivals/form.html",
        event=event,
        form=typed,
        refusal=refusal.sentence if refusal else None,
    )
