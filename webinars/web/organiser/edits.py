"""An event edited in place: part by part, with the public page beside it.

What is sent is compared with what the event says by now. Where somebody else has changed the same
part meanwhile, nothing is saved: both versions are shown, field by field, and either can be taken.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

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
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from webinars import audits, editing, eventfiles, events, programme
from webinars.changes import Order
from webinars.database import Transaction
from webinars.errors import FileRefused, WebinarsError
from webinars.models import AuditKind, Event, InstitutionRole, Lane, Language
from webinars.rights import Act
from webinars.web import headers
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard, sections
from webinars.web.organiser.acts import Right
from webinars.web.organiser.edit_forms import BLANK_ROWS, EditForm, make_form
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
KEEP = "theirs_"
"""What the field begins with that takes what somebody else wrote."""


class Clash(NamedTuple):
    """A field that somebody else has changed since the form was opened."""

    name: str
    label: str
    theirs: str
    mine: str
    is_ours: bool
    """Whether both have changed it; otherwise theirs is taken over."""


@dataclass(frozen=True)
class Meeting:
    """That two people edit the same part."""

    author: str
    clashes: list[Clash]


class _Edited(Exception):
    """Raised to undo a change of a part that somebody else has edited meanwhile."""


@blueprint.get("/events/<slug:slug>/edit/<name>")
def form(slug: str, name: str) -> str:
    """Show a part of an event to edit, and its public page beside it."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    section = sections.find(event, name)
    return _show(section, event, _make(section, event, bound=False))


@blueprint.post("/events/<slug:slug>/edit/<name>")
def save(slug: str, name: str) -> Answer:
    """Save a part of an event."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
    section = sections.find(event, name)
    filled_in = _make(section, event, bound=True)
    if not filled_in.validate():
        return _show(section, event, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            _save(tx, slug, section, filled_in, runtime.now())
    except _Edited:
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
    read = event.edition
    held = events.hold(tx, event)
    is_old = str(held) != request.form.get("edition")
    if held != read or (is_old and _list_changed(section, event)):
        raise _Edited
    order = Order(get_organiser().email, now)
    keys = editing.save(tx, event, filled_in.read(event), order)
    guard.add_details(section=section.name, keys=", ".join(keys))


def _make(section: Section, event: Event, *, bound: bool) -> EditForm:
    """Return the form of a part: as it stands, or with what was sent and what is taken over."""
    filled = section.form.fill(event)
    counts = {name: _count_rows(name, filled) for name in section.form.lists}
    form_class = make_form(section.form, event, counts)
    if not bound:
        return form_class(formdata=None, data=filled)
    return form_class(formdata=_take_over(section, event, request.form), data=filled)


def _count_rows(name: str, filled: dict[str, Any]) -> int:
    """Count the lines of a list that the page needs: those there are, those sent, some more."""
    sent = {*filled, *request.form}
    used = [key for key in sent if key.startswith(f"{name}_") and key.endswith("_rank")]
    numbers = [int(part) for key in used if (part := key.split("_")[1]).isdigit()]
    is_sent = request.method == "POST"
    return max(numbers, default=-1) + 1 + (0 if is_sent else BLANK_ROWS)


def _take_over(section: Section, event: Event, sent: Any) -> Any:
    """Return what was sent, with the event's own words where these were to be taken."""
    taken = [key.removeprefix(KEEP) for key in sent if key.startswith(KEEP)]
    filled, merged = section.form.fill(event), MultiDict(sent)
    for name in taken:
        if sent.get(f"{KEEP}{name}") == "1" and name in filled:
            _put(merged, name, filled[name])
    return merged


def _put(merged: Any, name: str, value: object) -> None:
    values = value if isinstance(value, list) else [value]
    said = ["1" if one is True else one for one in values if one not in (False, None)]
    merged.setlist(name, said)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]


def _list_changed(section: Section, event: Event) -> list[str]:
    """List the fields that say something else by now than when the form was opened."""
    try:
        base = json.loads(request.form.get("base") or "{}")
    except ValueError:
        base = {}
    filled = section.form.fill(event)
    return [name for name in {*filled, *base} if base.get(name) != _digest(filled.get(name, ""))]


def _show_meeting(slug: str, section: Section, typed: EditForm) -> Answer:
    """Show what somebody else has changed meanwhile beside what was typed; nothing is lost."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        last = audits.list_records(tx, event_id=event.id, kind=AuditKind.CHANGED, limit=1)
    filled, base = section.form.fill(event), json.loads(request.form.get("base") or "{}")
    clashes, merged = [], MultiDict(request.form)
    for name in _list_changed(section, event):
        if name not in typed or name not in filled:
            continue
        mine, theirs = typed[name].data, filled[name]
        is_ours = base.get(name) != _digest(mine) and mine != theirs
        if not is_ours:
            _put(merged, name, theirs)
        label = str(typed[name].label.text)
        clashes.append(Clash(name, label, _say(theirs), _say(mine), is_ours))
    counts = {name: _count_rows(name, filled) for name in section.form.lists}
    again = make_form(section.form, event, counts)(formdata=merged, data=filled)
    meeting = Meeting(last[0].author if last else "", clashes)
    return _show(section, event, again, meeting=meeting), HTTPStatus.CONFLICT


def _say(value: object) -> str:
    if isinstance(value, bool):
        return _("oui") if value else _("non")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "–")


def _refuse(section: Section, event: Event, filled_in: EditForm, error: FileRefused) -> Answer:
    return _show(section, event, filled_in, put_problems(filled_in, error)), 422


def put_problems(filled_in: Any, error: FileRefused) -> str | None:
    """Put each problem at its field, and return what belongs to none; `None`: nothing does."""
    others = []
    for problem in error.problems:
        said = eventfiles.explain(problem, Language.FRENCH)
        sentence = said[:1].upper() + said[1:] + "."
        if not filled_in.refuse(filled_in.find_field(problem.key), sentence):
            others.append(f"{problem.key} : {said}")
    return " ; ".join(others) or None


def _show(
    section: Section,
    event: Event,
    filled_in: EditForm,
    refusal: str | None = None,
    meeting: Meeting | None = None,
) -> str:
    headers.allow("frame-src", "'self'")
    filled = section.form.fill(event)
    return render_template(
        "organiser/edits/form.html",
        event=event,
        section=section,
        sections=sections.list_for(event),
        form=filled_in,
        base=json.dumps({name: _digest(value) for name, value in filled.items()}),
        refusal=refusal,
        meeting=meeting,
    )
