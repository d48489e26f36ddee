"""What an event still lacks, and that it is shown: announced, published, closed, opened again."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import editing, events, participants
from webinars.changes import Order
from webinars.database import Transaction
from webinars.errors import FileRefused, WebinarsError
from webinars.models import Event, EventState, EventStatus, Lane
from webinars.rights import Act
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Form, Required
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard, sections
from webinars.web.organiser.acts import Right
from webinars.web.organiser.edits import put_problems
from webinars.web.organiser.guard import get_organiser, get_own_event
from webinars.web.organiser.moments import Moment

blueprint = Blueprint("publications", __name__)

ACTS: dict[str, Right] = {
    "show": Act.SEE_EVENT,
    "publish": Act.EDIT_EVENT,
    "close": Act.EDIT_EVENT,
    "reopen": Act.EDIT_EVENT,
}

Answer = Response | tuple[str, int]


class StatusForm(Form):
    """What people see of an event."""

    status = fields.Choice(
        N_("Ce que les gens voient"),
        [Required()],
        words=lambda: [(one.value, one.value) for one in EventStatus],
        is_preset=True,
    )


class ReopenForm(Form):
    """Until when people may register again."""

    closes = Moment(N_("Nouvelle clôture"))

    def find_field(self, key: str) -> str:
        """Return the field that a part of an event file is typed in; empty: there is none."""
        return "closes" if key == "registration.closes" else ""


@blueprint.get("/events/<slug:slug>/publication")
def show(slug: str) -> str:
    """Show what an event lacks, and what people see of it."""
    return _show(slug)


@blueprint.post("/events/<slug:slug>/publication")
def publish(slug: str) -> Answer:
    """Publish or announce an event, or take it back into a draft; nobody is mailed."""
    form = StatusForm()
    if not form.validate():
        return _show(slug), HTTPStatus.UNPROCESSABLE_ENTITY
    status = EventStatus(form.status.data)
    now = get_runtime().now()

    def do(tx: Transaction, event: Event, order: Order) -> None:
        guard.add_details(status=status.value)
        lacks = editing.list_lacks(event, now)
        if status is EventStatus.DRAFT:
            editing.withdraw(tx, event, order)
        elif event.status is not EventStatus.DRAFT or not any(one.is_blocking for one in lacks):
            editing.set_status(tx, event, status, order)
        else:
            raise _Lacking

    try:
        return _do(slug, do, _say_status(status))
    except _Lacking:
        refusal = _("Il manque encore ce qui est marqué d’abord dans la liste ci-dessous.")
        return _show(slug, refusal=refusal), HTTPStatus.CONFLICT


class _Lacking(Exception):
    """Raised to undo a publication of what is not ready."""


@blueprint.post("/events/<slug:slug>/registrations/close")
def close(slug: str) -> Answer:
    """Close the registrations now."""
    return _do(slug, editing.close, _("Les inscriptions sont closes."))


@blueprint.post("/events/<slug:slug>/registrations/reopen")
def reopen(slug: str) -> Answer:
    """Open the registrations again, until another hour."""
    form = ReopenForm()
    if not form.validate():
        return _show(slug, reopening=form), HTTPStatus.UNPROCESSABLE_ENTITY
    closes = form.closes.read()

    def do(tx: Transaction, event: Event, order: Order) -> None:
        editing.reopen(tx, event, closes, order)

    return _do(slug, do, _("Les inscriptions sont ouvertes à nouveau."), form)


def _do(
    slug: str,
    deed: Callable[[Transaction, Event, Order], None],
    done: str,
    form: ReopenForm | None = None,
) -> Answer:
    runtime = get_runtime()
    order = Order(get_organiser().email, runtime.now())
    try:
        with runtime.transaction() as tx:
            deed(tx, get_own_event(tx, slug), order)
    except FileRefused as error:
        refusal = put_problems(form or ReopenForm(), error)
        return _show(slug, reopening=form, refusal=refusal), HTTPStatus.UNPROCESSABLE_ENTITY
    except WebinarsError as error:
        refused = explain(error)
        return _show(slug, refusal=refused.sentence), refused.status
    runtime.wake(Lane.PROMPT)
    flash(done)
    return redirect(url_for("organiser.publications.show", slug=slug), 303)


def _say_status(status: EventStatus) -> str:
    words = {
        EventStatus.DRAFT: _("L’événement est de nouveau un brouillon."),
        EventStatus.ANNOUNCED: _("L’événement est annoncé."),
        EventStatus.PUBLISHED: _("L’événement est publié."),
    }
    return words[status]


def _show(slug: str, *, reopening: ReopenForm | None = None, refusal: str | None = None) -> str:
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        registered = sum(participants.count_by_status(tx, [event.id])[event.id].values())
    state = events.state(event, now)
    parts = sections.list_for(event)
    lacks = [
        (one, sections.say_lack(one.lack), sections.find_place(event, one.lack))
        for one in editing.list_lacks(event, now)
    ]
    return render_template(
        "organiser/publications/show.html",
        event=event,
        state=state,
        sections=parts,
        lacks=lacks,
        is_ready=not any(one.is_blocking for one, *_rest in lacks),
        is_open=state is EventState.OPEN,
        can_reopen=state is EventState.CLOSED,
        can_withdraw=not registered and event.status is not EventStatus.DRAFT,
        public_url=runtime.links.event_url(slug),
        reopening=reopening or ReopenForm(formdata=None),
        refusal=refusal,
    )
