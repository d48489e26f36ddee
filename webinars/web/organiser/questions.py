"""The questions of an event's own, as organisers write them, with the form as people see it."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import editing, eventfiles, participants, questions
from webinars.changes import Order
from webinars.database import Transaction
from webinars.errors import FileRefused, NotFound, WebinarsError
from webinars.models import Event, Language
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard, meetings, question_forms
from webinars.web.organiser.acts import Right
from webinars.web.organiser.edits import put_problems
from webinars.web.organiser.guard import get_organiser, get_own_event
from webinars.web.organiser.question_forms import QuestionForm
from webinars.web.registration_form import make_form

blueprint = Blueprint("questions", __name__)

ACTS: dict[str, Right] = {
    "show": Act.SEE_EVENT,
    "form": Act.EDIT_EVENT,
    "save": Act.EDIT_EVENT,
    "move": Act.EDIT_EVENT,
    "take_out": Act.EDIT_EVENT,
}

Answer = Response | tuple[str, int]
HOME = "/events/<slug:slug>/questions"
NEW = f"{HOME}/new"
ONE = f"{HOME}/keys/<key>"


@blueprint.get(HOME)
def show(slug: str) -> str:
    """Show the questions in order, and the form as people see it."""
    return _show(slug)


@blueprint.get(NEW)
@blueprint.get(ONE)
def form(slug: str, key: str = "") -> str:
    """Ask for a question: a new one, or one that is edited."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    part = _find_part(event, key)
    return _show_form(event, meetings.make(part, event, bound=False))


@blueprint.post(NEW)
@blueprint.post(ONE)
def save(slug: str, key: str = "") -> Answer:
    """Save a question."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
    part = _find_part(event, key)
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
        at_field = filled_in.refuse(refusal.field, refusal.sentence)
        return _show_form(event, filled_in, None if at_field else refusal.sentence), refusal.status
    flash(_("C’est enregistré."))
    return redirect(url_for("organiser.questions.show", slug=slug), 303)


@blueprint.post(f"{ONE}/move")
def move(slug: str, key: str) -> Answer:
    """Ask a question earlier or later."""
    by = -1 if request.form.get("by") == "-1" else 1
    return _do(slug, lambda tx, event, order: editing.move_question(tx, event, key, by, order), "")


@blueprint.post(f"{ONE}/take-out")
def take_out(slug: str, key: str) -> Answer:
    """Ask a question no more; what people answered stays in exports."""
    done = _("La question n’est plus posée. Les réponses déjà données restent dans les exports.")
    return _do(
        slug, lambda tx, event, order: editing.take_out_question(tx, event, key, order), done
    )


def _do(slug: str, deed: Callable[[Transaction, Event, Order], None], done: str) -> Answer:
    runtime = get_runtime()
    order = Order(get_organiser().email, runtime.now())
    try:
        with runtime.transaction() as tx:
            deed(tx, get_own_event(tx, slug), order)
    except FileRefused as error:
        said = [eventfiles.explain(one, Language.FRENCH) for one in error.problems]
        return _show(slug, " ; ".join(said)), HTTPStatus.CONFLICT
    if done:
        flash(done)
    return redirect(url_for("organiser.questions.show", slug=slug), 303)


def _save(tx: Transaction, slug: str, filled_in: QuestionForm, now: datetime) -> None:
    event = get_own_event(tx, slug)
    meetings.require_fresh(tx, event, type(filled_in).part)
    said = filled_in.read(event)
    said["key"] = filled_in.key or editing.name_question(event, filled_in.label_fr.data)
    editing.put_question(tx, event, said, Order(get_organiser().email, now))
    guard.add_details(question=said["key"])


def _find_part(event: Event, key: str) -> type[QuestionForm]:
    if key and key not in {one.key for one in questions.list_asked(event)}:
        raise NotFound("question", key)
    return question_forms.make_class(key)


def _show_meeting(slug: str, part: type[QuestionForm], typed: Any) -> Answer:
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
    where = {"slug": event.slug} | ({"key": filled_in.key} if filled_in.key else {})
    with get_runtime().reading() as tx:
        is_answered = bool(filled_in.key) and participants.has_answered(tx, event.id, filled_in.key)
    return render_template(
        "organiser/questions/form.html",
        event=event,
        form=filled_in,
        here=url_for("organiser.questions.save", **where),
        base=meetings.write_base(type(filled_in).part, event),
        is_answered=is_answered,
        refusal=refusal,
        meeting=meeting,
    )


def _show(slug: str, refusal: str | None = None) -> str:
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    labels = {one.key: one.label for one in event.questions}
    return render_template(
        "organiser/questions/show.html",
        event=event,
        asked=[
            (one, question_forms.say_kind(one.kind), labels.get(one.condition.key))
            if one.condition
            else (one, question_forms.say_kind(one.kind), None)
            for one in questions.list_asked(event)
        ],
        former=[one for one in event.questions if not one.is_asked],
        form=make_form(event, {}, has_csrf=False),
        refusal=refusal,
    )
