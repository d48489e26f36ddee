"""What changes of an event: said in a form, looked at before anything leaves, and then done.

Between the review and the deed nothing is kept but what the page itself holds. Whoever changes the
event meanwhile is noticed by its edition, and the review is shown anew.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import changes, events
from webinars.changes import Order, Outlook
from webinars.database import Transaction
from webinars.errors import (
    EventCancelled,
    NotFound,
    NothingChanged,
    NothingToReopen,
    SessionCancelled,
    WebinarsError,
)
from webinars.models import Event, Lane, Session
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.filters import instant, zones
from webinars.web.languages import gettext as _
from webinars.web.languages import ngettext
from webinars.web.organiser import change_kinds, reviews
from webinars.web.organiser.acts import Right
from webinars.web.organiser.change_forms import ReasonForm
from webinars.web.organiser.change_kinds import Kind
from webinars.web.organiser.guard import get_organiser, get_own_event
from webinars.web.organiser.reviews import Review

blueprint = Blueprint("changes", __name__)

ACTS: dict[str, Right] = {
    "form": Act.CHANGE_EVENT,
    "submit": Act.CHANGE_EVENT,
    "send_now": Act.CHANGE_EVENT,
    "withdraw": Act.CHANGE_EVENT,
}

Answer = Response | str | tuple[str, int]

OF_EVENT = "/events/<slug:slug>/changes/<name>"
OF_SESSION = "/events/<slug:slug>/sessions/<code>/<name>"
ONE = "/events/<slug:slug>/changes/<int(max=2147483647):change_id>"
DONE_BEFORE = (EventCancelled, NothingChanged, NothingToReopen, SessionCancelled)
"""What a second click on the same button is refused with."""


@dataclass(frozen=True)
class Subject:
    """What a page is about: a kind of change, of an event or of one of its sessions."""

    kind: Kind
    event: Event
    session: Session | None

    @property
    def code(self) -> str:
        """Return the code of the session; empty: it is about the event."""
        return self.session.code if self.session else ""

    def make_form(self) -> ReasonForm:
        """Return the form with what was sent, or with how things stand."""
        prefilled = self.kind.make_form(self.event).prefill(self.event, self.session)
        return self.kind.make_form(self.event)(data=prefilled)


@blueprint.get(OF_EVENT)
@blueprint.get(OF_SESSION)
def form(slug: str, name: str, code: str = "") -> str:
    """Ask what changes."""
    subject = _find(slug, name, code)
    return _show_form(subject, subject.make_form())


@blueprint.post(OF_EVENT)
@blueprint.post(OF_SESSION)
def submit(slug: str, name: str, code: str = "") -> Answer:
    """Show what a change would come to; on the way back from there, make it."""
    subject = _find(slug, name, code)
    filled_in = subject.make_form()
    step = request.form.get("step", "review")
    if step == "edit":
        return _show_form(subject, filled_in)
    if not filled_in.validate():
        return _show_form(subject, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        if step in {"now", "later"}:
            return _make(subject, filled_in, is_later=step == "later")
        return _show_review(subject, _rehearse(subject, filled_in), step)
    except WebinarsError as error:
        return _refuse(subject, filled_in, error)


@blueprint.post(f"{ONE}/send")
def send_now(slug: str, change_id: int) -> Response:
    """Let the mails of a change leave whose quiet time is not over."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.transaction() as tx:
        number = changes.send_now(tx, get_own_event(tx, slug), change_id, now=now)
    runtime.wake(Lane.BULK)
    flash(ngettext("%(num)d message part.", "%(num)d messages partent.", number))
    return redirect(url_for("organiser.events.show", slug=slug), 303)


@blueprint.post(f"{ONE}/withdraw")
def withdraw(slug: str, change_id: int) -> Response:
    """Take back the mails of a change before they leave; the change itself stays."""
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.transaction() as tx:
            number = changes.withdraw(tx, get_own_event(tx, slug), change_id, now=now)
        flash(_say_withdrawn(number))
    except NotFound:
        with runtime.reading() as tx:
            get_own_event(tx, slug)
        flash(_("C’est trop tard : les messages sont partis."))
    return redirect(url_for("organiser.events.show", slug=slug), 303)


def _say_withdrawn(number: int) -> str:
    return ngettext(
        "L’envoi est retiré : %(num)d personne n’est pas prévenue. L’événement reste changé ; le"
        " prochain changement le lui dira aussi.",
        "L’envoi est retiré : %(num)d personnes ne sont pas prévenues. L’événement reste changé ;"
        " le prochain changement le leur dira aussi.",
        number,
    )


def _find(slug: str, name: str, code: str) -> Subject:
    kind = change_kinds.find(name, code)
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    return Subject(kind, event, change_kinds.find_session(event, code))


def _order(form: ReasonForm, now: datetime, *, is_later: bool = False) -> Order:
    quiet = timedelta(minutes=get_runtime().settings.quiet_minutes)
    return Order(
        author=get_organiser().email,
        now=now,
        reason=form.reason.data,
        tells_at=now + quiet if is_later and quiet else None,
    )


def _rehearse(subject: Subject, form: ReasonForm) -> Review:
    runtime = get_runtime()
    order = _order(form, runtime.now())

    def do(tx: Transaction, event: Event) -> Outlook:
        return subject.kind.do(tx, event, form, order, subject.code)

    with runtime.rehearsal() as tx:
        return reviews.make(tx, get_own_event(tx, subject.event.slug), do, runtime, order.now)


class _Moved(Exception):
    """Raised to undo a change of an event that someone else has changed since the review."""


def _make(subject: Subject, form: ReasonForm, *, is_later: bool) -> Answer:
    """Make a change, unless the event is no longer what the review was about."""
    runtime = get_runtime()
    order = _order(form, runtime.now(), is_later=is_later)
    try:
        with runtime.transaction() as tx:
            event = get_own_event(tx, subject.event.slug)
            if str(events.hold(tx, event)) != request.form.get("edition"):
                raise _Moved
            outlook = subject.kind.do(tx, event, form, order, subject.code)
    except _Moved:
        return _show_anew(subject, form)
    runtime.wake(Lane.BULK)
    flash(_say_done(subject.event, outlook, order))
    return redirect(url_for("organiser.events.show", slug=subject.event.slug), 303)


def _show_anew(subject: Subject, form: ReasonForm) -> Answer:
    """Show what a change comes to by now; one that was made by a first click is not made again."""
    try:
        review = _rehearse(subject, form)
    except DONE_BEFORE:
        if not _was_made_by_oneself(subject.event.slug):
            raise
        flash(_("C’était déjà fait."))
        return redirect(url_for("organiser.events.show", slug=subject.event.slug), 303)
    return _show_review(subject, review, "anew"), HTTPStatus.CONFLICT


def _was_made_by_oneself(slug: str) -> bool:
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        last = changes.find_last(tx, event.id)
    return last is not None and last.author == get_organiser().email


def _say_done(event: Event, outlook: Outlook, order: Order) -> str:
    said = _("C’est enregistré.")
    if not outlook.total:
        return f"{said} {_('Personne n’a de message à recevoir.')}"
    if order.tells_at is None:
        more = ngettext("%(num)d message part.", "%(num)d messages partent.", outlook.total)
        return f"{said} {more}"
    more = ngettext(
        "%(num)d message partira %(at)s.",
        "%(num)d messages partiront %(at)s.",
        outlook.total,
        at=instant(order.tells_at, zones(event)),
    )
    return f"{said} {more}"


def _refuse(subject: Subject, form: ReasonForm, error: WebinarsError) -> Answer:
    """Show why a change is refused, at the field that it is about."""
    if isinstance(error, NotFound):
        raise error
    refusal = explain(error, subject.event)
    at_field = form.refuse(change_kinds.find_field(form, error), refusal.sentence)
    return _show_form(subject, form, None if at_field else refusal), refusal.status


def _show_form(subject: Subject, form: ReasonForm, refusal: Refusal | None = None) -> str:
    return render_template(
        "organiser/changes/form.html",
        event=subject.event,
        session=subject.session,
        kind=subject.kind,
        here=request.path,
        form=form,
        is_possible=subject.kind.is_possible(subject.event, get_runtime().now()),
        refusal=refusal.sentence if refusal else None,
    )


def _show_review(subject: Subject, review: Review, step: str) -> str:
    typed = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in {"csrf_token", "step", "edition"}
    ]
    return render_template(
        "organiser/changes/names.html" if step == "names" else "organiser/changes/review.html",
        event=subject.event,
        session=subject.session,
        kind=subject.kind,
        here=request.path,
        review=review,
        typed=typed,
        is_anew=step == "anew",
        quiet_minutes=get_runtime().settings.quiet_minutes,
    )
