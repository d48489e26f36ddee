"""An event edited in place: part by part, with the public page beside it.

What is sent is compared with what the event says by now. Where somebody else has changed the same
part meanwhile, nothing is saved: both versions are shown, field by field, and either can be taken.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from webinars import editing, eventfiles, programme
from webinars.changes import Order
from webinars.database import Transaction
from webinars.errors import FileRefused, WebinarsError
from webinars.models import Event, InstitutionRole, Lane, Language
from webinars.rights import Act
from webinars.web import headers
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard, meetings, sections
from webinars.web.organiser.acts import Right
from webinars.web.organiser.edit_forms import EditForm
from webinars.web.organiser.guard import get_organiser, get_own_event
from webinars.web.organiser.sections import Section
from webinars.web.public.events import Call, CallKind

blueprint = Blueprint("edits", __name__)

ACTS: dict[str, Right] = {
    "form": Act.EDIT_EVENT,
    "save": Act.EDIT_EVENT,
    "preview": Act.SEE_EVENT,
}

Answer = AnyResponse | tuple[str, int]


@blueprint.get("/events/<slug:slug>/edit/<name>")
def form(slug: str, name: str) -> str:
    """Show a part of an event to edit, and its public page beside it."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    section = sections.find(event, name)
    return _show(section, event, meetings.make(section.form, event, bound=False))


@blueprint.post("/events/<slug:slug>/edit/<name>")
def save(slug: str, name: str) -> Answer:
    """Save a part of an event."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
    section = sections.find(event, name)
    filled_in = meetings.make(section.form, event, bound=True)
    if not filled_in.validate():
        return _show(section, event, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            _save(tx, slug, section, filled_in, runtime.now())
    except meetings.Edited:
        return _show_meeting(slug, section, filled_in)
    except FileRefused as error:
        return _refuse(section, event, filled_in, error)
    except WebinarsError as error:
        return _show(section, event, filled_in, explain(error, event).sentence), 409
    runtime.wake(Lane.PROMPT)
    flash(_("C’est enregistré."))
    return redirect(url_for("organiser.edits.form", slug=slug, name=name), 303)


@blueprint.get("/events/<slug:slug>/preview")
def preview(slug: str) -> Response:
    """Show the public page of an event as it stands, a draft too, within the page that edits it."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    headers.allow("frame-ancestors", "'self'")
    shown = render_template(
        "public/events/show.html",
        event=event,
        call=Call(CallKind.WATCH),
        outline=programme.outline(event),
        pilots=[one for one in event.institutions if one.role is InstitutionRole.PILOT],
        partners=[one for one in event.institutions if one.role is InstitutionRole.PARTNER],
    )
    response = make_response(shown)
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _save(tx: Transaction, slug: str, section: Section, filled_in: EditForm, now: datetime) -> None:
    event = get_own_event(tx, slug)
    meetings.require_fresh(tx, event, section.form)
    order = Order(get_organiser().email, now)
    keys = editing.save(tx, event, filled_in.read(event), order)
    guard.add_details(section=section.name, keys=", ".join(keys))


def _show_meeting(slug: str, section: Section, typed: EditForm) -> Answer:
    """Show what somebody else has changed meanwhile beside what was typed; nothing is lost."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        again, meeting = meetings.meet(tx, event, section.form, typed)
    return _show(section, event, again, meeting=meeting), HTTPStatus.CONFLICT


def _refuse(section: Section, event: Event, filled_in: EditForm, error: FileRefused) -> Answer:
    return _show(section, event, filled_in, put_problems(filled_in, error)), 422


def put_problems(filled_in: Any, error: FileRefused) -> str | None:
    """Put each problem at its field, and return what belongs to none; `None`: nothing does."""
    others = []
    for problem in error.problems:
        said = eventfiles.explain(problem, Language.FRENCH)
        sentence = said[:1].upper() + said[1:] + "."
        if problem.code == "missing":
            sentence = _("Ce champ est obligatoire.")
        if not filled_in.refuse(filled_in.find_field(problem.key), sentence):
            others.append(f"{problem.key} : {said}")
    return " ; ".join(others) or None


def _show(
    section: Section,
    event: Event,
    filled_in: EditForm,
    refusal: str | None = None,
    meeting: meetings.Meeting | None = None,
) -> str:
    headers.allow("frame-src", "'self'")
    return render_template(
        "organiser/edits/form.html",
        event=event,
        section=section,
        sections=sections.list_for(event),
        form=filled_in,
        base=meetings.write_base(section.form, event),
        refusal=refusal,
        meeting=meeting,
    )
