"""The programme of an event: session by session, what clashes in it, and who has validated it."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import editing, events, rights, validations
from webinars.changes import Order
from webinars.database import Transaction
from webinars.errors import FileRefused, Forbidden, WebinarsError, WouldVoidValidations
from webinars.models import Event, EventStatus, Institution, ProgrammeStatus, Side
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.languages import gettext as _
from webinars.web.organiser import change_kinds, guard, meetings, programme_forms
from webinars.web.organiser.acts import Right
from webinars.web.organiser.edits import put_problems
from webinars.web.organiser.guard import get_organiser, get_own_event
from webinars.web.organiser.programme_forms import SessionForm

blueprint = Blueprint("programmes", __name__)

ACTS: dict[str, Right] = {
    "show": Act.SEE_EVENT,
    "form": Act.EDIT_EVENT,
    "save": Act.EDIT_EVENT,
    "check": Act.EDIT_EVENT,
    "move": Act.EDIT_EVENT,
    "take_out": Act.EDIT_EVENT,
    "set_status": Act.EDIT_EVENT,
    "validate_fr": Act.VALIDATE_FR,
    "validate_ma": Act.VALIDATE_MA,
}

Answer = Response | tuple[str, int]
HOME = "/events/<slug:slug>/programme"
SESSION = f"{HOME}/sessions/<code>"
NEW = f"{HOME}/new"


@blueprint.get(HOME)
def show(slug: str) -> str:
    """Show the programme as it stands, what clashes in it, and who has validated it."""
    return _show(slug)


@blueprint.get(NEW)
@blueprint.get(SESSION)
def form(slug: str, code: str = "") -> str:
    """Ask for a session: a new one, or one that is edited."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    part = _find_part(event, code)
    return _show_form(event, meetings.make(part, event, bound=False))


@blueprint.post(NEW)
@blueprint.post(SESSION)
def save(slug: str, code: str = "") -> Answer:
    """Save a session."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
    part = _find_part(event, code)
    filled_in: Any = meetings.make(part, event, bound=True)
    if not filled_in.validate():
        return _show_form(event, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            _save(tx, slug, filled_in, runtime.now())
    except meetings.Edited:
        return _show_meeting(slug, part, filled_in)
    except FileRefused as error:
        return _show_form(event, filled_in, put_problems(filled_in, error)), 422
    except WebinarsError as error:
        refusal = explain(error, event)
        return _show_form(event, filled_in, refusal.sentence), refusal.status
    flash(_("C’est enregistré."))
    return redirect(url_for("organiser.programmes.show", slug=slug), 303)


@blueprint.get(f"{NEW}/check")
@blueprint.get(f"{SESSION}/check")
def check(slug: str, code: str = "") -> Response:
    """Say what clashes with the session that is being typed."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    sessions = programme_forms.list_with(event, code, request.args)
    name = code or programme_forms.UNNAMED
    found = programme_forms.say_clashes(event, sessions)
    return jsonify(clashes=[words for one, words in found if name in one.codes])


@blueprint.post(f"{SESSION}/move")
def move(slug: str, code: str) -> Answer:
    """Show a session earlier or later."""
    by = -1 if request.form.get("by") == "-1" else 1

    def do(tx: Transaction, event: Event, order: Order) -> None:
        editing.move_session(tx, event, code, by, order, may_void=_may_void())

    return _do(slug, do, "")


@blueprint.post(f"{SESSION}/take-out")
def take_out(slug: str, code: str) -> Answer:
    """Take a session out of the programme of a draft."""

    def do(tx: Transaction, event: Event, order: Order) -> None:
        editing.take_out_session(tx, event, code, order, may_void=_may_void())

    return _do(slug, do, _("La séance est retirée du programme."))


@blueprint.post(f"{HOME}/status")
def set_status(slug: str) -> Answer:
    """Say whether the programme is final, where one side alone holds the event."""
    is_final = request.form.get("status") == ProgrammeStatus.FINAL
    status = ProgrammeStatus.FINAL if is_final else ProgrammeStatus.DRAFT

    def do(tx: Transaction, event: Event, order: Order) -> None:
        if validations.needs_both(event):
            raise Forbidden
        editing.set_final(tx, event, status, order)

    return _do(slug, do, _("C’est enregistré."))


@blueprint.post(f"{HOME}/validate/fr")
def validate_fr(slug: str) -> Answer:
    """Validate the programme for the French side."""
    return _validate(slug, Side.FRENCH)


@blueprint.post(f"{HOME}/validate/ma")
def validate_ma(slug: str) -> Answer:
    """Validate the programme for the Moroccan side."""
    return _validate(slug, Side.MOROCCAN)


def _validate(slug: str, side: Side) -> Answer:
    def do(tx: Transaction, event: Event, order: Order) -> None:
        organiser = get_organiser()
        own = tx.get(Institution, organiser.institution_id) if organiser.institution_id else None
        if own is None or own.country != validations.COUNTRIES[side]:
            raise Forbidden
        if str(events.hold(tx, event)) != request.form.get("edition"):
            raise meetings.Edited
        editing.validate(tx, event, side, institution=own.acronym, order=order)
        guard.add_details(side=side.value)

    try:
        return _do(slug, do, _("Le programme est validé pour votre côté."))
    except meetings.Edited:
        refusal = _("Le programme a changé pendant que vous le lisiez : relisez-le, puis validez.")
        return _show(slug, refusal), HTTPStatus.CONFLICT


def _may_void() -> bool:
    return request.form.get("void") == "1"


def _do(slug: str, deed: Callable[[Transaction, Event, Order], None], done: str) -> Answer:
    runtime = get_runtime()
    order = Order(get_organiser().email, runtime.now())
    try:
        with runtime.transaction() as tx:
            deed(tx, get_own_event(tx, slug), order)
    except WouldVoidValidations:
        return _show(slug, asked=dict(request.form), where=request.path), HTTPStatus.CONFLICT
    except (Forbidden, FileRefused):
        raise
    except WebinarsError as error:
        refusal = explain(error)
        return _show(slug, refusal.sentence), refusal.status
    if done:
        flash(done)
    return redirect(url_for("organiser.programmes.show", slug=slug), 303)


def _save(tx: Transaction, slug: str, filled_in: SessionForm, now: datetime) -> None:
    event = get_own_event(tx, slug)
    meetings.require_fresh(tx, event, type(filled_in).part)
    order = Order(get_organiser().email, now)
    said = filled_in.read(event)
    said["code"] = filled_in.code or editing.name_session(event, filled_in.title_fr.data)
    editing.put_session(tx, event, said, order, may_void=_may_void())
    guard.add_details(session=said["code"])


def _find_part(event: Event, code: str) -> type[SessionForm]:
    change_kinds.find_session(event, code)
    return programme_forms.make_class(code)


def _show_meeting(slug: str, part: type[SessionForm], typed: Any) -> Answer:
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        again, meeting = meetings.meet(tx, event, part, typed)
    return _show_form(event, again, meeting=meeting), HTTPStatus.CONFLICT


def _show_form(
    event: Event,
    filled_in: Any,
    refusal: str | None = None,
    meeting: meetings.Meeting | None = None,
) -> str:
    said = {field.name: field.data or "" for field in filled_in}
    typed = programme_forms.list_with(event, filled_in.code, said)
    name = filled_in.code or programme_forms.UNNAMED
    where = {"slug": event.slug} | ({"code": filled_in.code} if filled_in.code else {})
    found = programme_forms.say_clashes(event, typed)
    is_told = bool(filled_in.code) and event.status is not EventStatus.DRAFT
    return render_template(
        "organiser/programmes/form.html",
        event=event,
        form=filled_in,
        here=url_for("organiser.programmes.save", **where),
        asked=url_for("organiser.programmes.check", **where),
        base=meetings.write_base(type(filled_in).part, event),
        clashes=[words for one, words in found if name in one.codes],
        slots=programme_forms.list_slots(event),
        session=change_kinds.find_session(event, filled_in.code) if is_told else None,
        would_void=validations.would_void(event),
        refusal=refusal,
        meeting=meeting,
    )


def _show(
    slug: str,
    refusal: str | None = None,
    *,
    asked: dict[str, str] | None = None,
    where: str = "",
) -> str:
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    acts = {Side.FRENCH: Act.VALIDATE_FR, Side.MOROCCAN: Act.VALIDATE_MA}
    organiser = get_organiser()
    return render_template(
        "organiser/programmes/show.html",
        event=event,
        days=programme_forms.list_days(event),
        clashes=programme_forms.say_clashes(event),
        needs_both=validations.needs_both(event),
        done=validations.list_sides(event),
        missing=[
            (side, rights.may(organiser, acts[side], event=event))
            for side in validations.list_missing(event)
        ],
        refusal=refusal,
        asked=asked,
        where=where,
    )
