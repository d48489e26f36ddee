"""One's own events, listed with their numbers; each with its mailings, its room and its tests."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import (
    attendance,
    changes,
    deliveries,
    events,
    mailings,
    organisers,
    participants,
    phrasing,
)
from webinars.attendance import Came
from webinars.changes import Coming, Question
from webinars.database import Transaction
from webinars.errors import ValueRefused
from webinars.mailings import MailingRow
from webinars.models import (
    ABOUT_ACCOUNTS,
    TO_ORGANISERS,
    DeliveryState,
    Event,
    EventState,
    Lane,
    Language,
    MailName,
    RegistrationStatus,
    Session,
)
from webinars.rights import Act
from webinars.typed import LINE_LIMIT, URL_LIMIT
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Form, Limit, Required
from webinars.web.filters import label
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser import change_kinds
from webinars.web.organiser.acts import Door, Right
from webinars.web.organiser.change_kinds import Kind
from webinars.web.organiser.guard import get_organiser, get_own_event

blueprint = Blueprint("events", __name__)

ACTS: dict[str, Right] = {
    "listing": Door.SIGNED_IN,
    "show": Act.SEE_EVENT,
    "set_room": Act.EDIT_EVENT,
    "send_test": Act.WRITE_MAILINGS,
}

USUAL_TEST = {"template": MailName.CONFIRMATION.value, "language": Language.FRENCH.value}
IN_ORDER = (
    RegistrationStatus.CONFIRMED,
    RegistrationStatus.WAITING,
    RegistrationStatus.PENDING,
    RegistrationStatus.DECLINED,
    RegistrationStatus.CANCELLED,
)


@dataclass(frozen=True)
class Numbers:
    """An event with where it stands and how many take part."""

    event: Event
    state: EventState
    by_status: Counter[RegistrationStatus]
    came: Came

    def list_counts(self) -> list[tuple[RegistrationStatus, int]]:
        """List the statuses with their numbers; one that nobody is in only where it may matter."""
        shown = {RegistrationStatus.CONFIRMED}
        if self.event.capacity is not None:
            shown.add(RegistrationStatus.WAITING)
        if self.event.approval:
            shown.add(RegistrationStatus.PENDING)
        counted = [(status, self.by_status[status]) for status in IN_ORDER]
        return [(status, number) for status, number in counted if number or status in shown]


class RoomForm(Form):
    """Where people meet online."""

    room_url = fields.Text(
        N_("Adresse de la salle"), [Limit(URL_LIMIT)], render_kw={"dir": "ltr", "inputmode": "url"}
    )
    dial_in = fields.Text(N_("Accès par téléphone"), [Limit(LINE_LIMIT)])


NOT_TRIED_HERE = TO_ORGANISERS | ABOUT_ACCOUNTS | {MailName.MESSAGE}
"""What is no mail to a person, or has no text before an organiser writes it."""
TO_PEOPLE = [one for one in MailName if one not in NOT_TRIED_HERE]


class TestForm(Form):
    """Which mail an organiser wants to see in the own mailbox."""

    template = fields.Choice(
        N_("Message"),
        [Required()],
        words=lambda: [(one.value, label(one)) for one in TO_PEOPLE],
        is_preset=True,
    )
    language = fields.Choice(
        N_("Langue du message"),
        [Required()],
        words=lambda: [(one.value, phrasing.language_label(one, one)) for one in Language],
        is_preset=True,
    )


@blueprint.get("/")
def listing() -> str:
    """List the organiser's events with their numbers: those to come first."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        own = organisers.list_events_for(tx, get_organiser(), now=now)
        numbers = _count(tx, own, now)
    return render_template(
        "organiser/events/listing.html",
        coming=[one for one in numbers if one.event.ends_at > now],
        past=[one for one in numbers if one.event.ends_at <= now],
    )


@blueprint.get("/events/<slug:slug>/")
def show(slug: str) -> str:
    """Show an event: its numbers, its mailings, its room, and what can be tried out."""
    return _show(slug)


@blueprint.post("/events/<slug:slug>/room")
def set_room(slug: str) -> Response | tuple[str, int]:
    """Set the room that the gate leads to; nobody is mailed."""
    runtime = get_runtime()
    form = RoomForm()
    if not form.validate():
        return _show(slug, room=form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            event = get_own_event(tx, slug)
            events.connect(tx, event, form.room_url.data, dial_in=form.dial_in.data)
    except ValueRefused as error:
        form.refuse("room_url", explain(error).sentence)
        return _show(slug, room=form), HTTPStatus.UNPROCESSABLE_ENTITY
    runtime.wake(Lane.BULK)
    flash(_("La salle est enregistrée. Personne n’a été prévenu : les liens y conduisent déjà."))
    return redirect(url_for("organiser.events.show", slug=slug), 303)


@blueprint.post("/events/<slug:slug>/test")
def send_test(slug: str) -> Response | tuple[str, int]:
    """Send one of the event's mails to the organiser who asks for it."""
    runtime = get_runtime()
    now = runtime.now()
    form = TestForm()
    if not form.validate():
        return _show(slug, test=form), HTTPStatus.UNPROCESSABLE_ENTITY
    email = get_organiser().email
    template, language = MailName(form.template.data), Language(form.language.data)
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        mailings.test_to(tx, event, template, email, language, now=now)
    runtime.wake(Lane.PROMPT)
    flash(_("Un essai part à %(email)s : %(mail)s.", email=email, mail=label(template)))
    return redirect(url_for("organiser.events.show", slug=slug), 303)


@dataclass(frozen=True)
class Page:
    """What an event's page shows."""

    numbers: Numbers
    mailings: list[MailingRow]
    deliveries: dict[DeliveryState, int]
    coming: list[Coming]
    """Changes whose mails are still to leave."""
    possible: list[Kind]
    """What can be done to the event by now."""
    questions: list[Question]
    """What people were asked and have not all answered."""
    movable: list[Session]
    """Sessions that can still be changed."""


def _show(slug: str, *, room: RoomForm | None = None, test: TestForm | None = None) -> str:
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        page = Page(
            numbers=_count(tx, [event], now)[0],
            mailings=mailings.list_rows(tx, event.id, now),
            deliveries=deliveries.counts(tx, event.id),
            coming=changes.list_coming(tx, event.id, now),
            possible=change_kinds.list_possible(event, now),
            questions=changes.list_questions(tx, event.id),
            movable=change_kinds.list_movable(event, now),
        )
    return render_template(
        "organiser/events/show.html",
        event=event,
        page=page,
        public_url=runtime.links.event_url(slug),
        room=room or RoomForm(formdata=None, obj=event),
        test=test or TestForm(formdata=None, data=USUAL_TEST),
    )


def _count(tx: Transaction, own: list[Event], now: datetime) -> list[Numbers]:
    ids = [event.id for event in own]
    by_status = participants.count_by_status(tx, ids)
    came = attendance.count_by_event(tx, ids)
    return [
        Numbers(event, events.state(event, now), by_status[event.id], came[event.id])
        for event in own
    ]
