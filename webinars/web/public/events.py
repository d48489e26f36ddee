"""Pages about events: those to come, and each by itself with its documents and calendar file."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import Blueprint, Response, render_template, send_file

from webinars import calendar, events, participants, places, programme, waiting
from webinars.database import Transaction
from webinars.errors import (
    EventCancelled,
    EventEnded,
    NotFound,
    RegistrationsClosed,
    RegistrationsNotOpen,
    WebinarsError,
)
from webinars.models import (
    CalendarMethod,
    Event,
    EventState,
    EventStatus,
    InstitutionRole,
    RegistrationStatus,
)
from webinars.web.current import get_origin, get_runtime
from webinars.web.languages import get_language

blueprint = Blueprint("events", __name__)

CALENDAR_TYPE = "text/calendar; charset=utf-8; method=PUBLISH"


class CallKind(StrEnum):
    """What an event's page calls the visitor to do."""

    REGISTER = "register"
    JOIN_WAITING_LIST = "join_waiting_list"
    WAIT = "wait"
    """Registrations open at a known instant."""
    WATCH = "watch"
    """Announced: nobody knows yet when registrations open."""
    CLOSED = "closed"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    ENDED = "ended"


@dataclass(frozen=True)
class Call:
    """What a visitor can do about an event now."""

    kind: CallKind
    refusal: WebinarsError | None = None
    """Why nobody can register now; `None` where the form is open."""
    places_left: int | None = None
    """`None` where places are not counted."""
    is_reserved: bool = False
    """Whether places are still kept for the priority audience."""


@dataclass(frozen=True)
class Listed:
    """An event in the list of those to come."""

    event: Event
    state: EventState
    is_full: bool


CONFIRMED = RegistrationStatus.CONFIRMED

CALL_OF_REFUSAL: dict[type[WebinarsError], CallKind] = {
    EventCancelled: CallKind.CANCELLED,
    EventEnded: CallKind.ENDED,
    RegistrationsClosed: CallKind.CLOSED,
    RegistrationsNotOpen: CallKind.WAIT,
}


@blueprint.get("/")
def coming() -> str:
    """Show the events to come."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        coming_events = events.list_coming(tx, now)
        counts = participants.count_by_status(tx, [event.id for event in coming_events])
    shown = [_list(event, counts[event.id][CONFIRMED], now) for event in coming_events]
    return render_template("public/events/coming.html", shown=shown)


@blueprint.get("/events/<slug:slug>")
def show(slug: str) -> str:
    """Show an event: what, when, where, by whom, and what can be done about it now."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        event = get_shown(tx, slug)
        call = find_call(tx, event, now)
    return render_template(
        "public/events/show.html",
        event=event,
        call=call,
        outline=programme.outline(event),
        pilots=[one for one in event.institutions if one.role is InstitutionRole.PILOT],
        partners=[one for one in event.institutions if one.role is InstitutionRole.PARTNER],
    )


@blueprint.get("/events/<slug:slug>/calendar.ics")
def calendar_file(slug: str) -> Response:
    """Offer an event for anyone's calendar."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_shown(tx, slug)
    entries = calendar.event_entries(
        event,
        event_url=runtime.links.event_url(slug),
        origin=get_origin(event),
        language=get_language(),
    )
    return answer_calendar([entry for _day, entry in entries], slug)


@blueprint.get("/events/<slug:slug>/documents/<int(max=2147483647):document_id>")
def document(slug: str, document_id: int) -> Response:
    """Hand over a document of an event."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        found = {one.id: one for one in get_shown(tx, slug).documents}.get(document_id)
    path = runtime.settings.documents_dir / found.sha256 if found else None
    if found is None or path is None or not path.is_file():
        raise NotFound("document")
    return send_file(
        path.resolve(),
        as_attachment=True,
        download_name=found.file,
        etag=found.sha256,
        max_age=0,  # a new version comes under the same address
    )


def get_shown(tx: Transaction, slug: str) -> Event:
    """Return an event that is shown to everyone.

    :raises NotFound: there is none, or it is a draft.
    """
    event = events.get(tx, slug)
    if event.status is EventStatus.DRAFT:
        raise NotFound("event", slug)
    return event


def find_call(tx: Transaction, event: Event, now: datetime) -> Call:
    """Find what a visitor can do about an event now."""
    try:
        events.require_open(event, now)
    except WebinarsError as refusal:
        return Call(_find_kind(event, refusal), refusal)
    if event.capacity is None:
        return Call(CallKind.REGISTER)
    left = max(0, event.capacity - waiting.count_confirmed(tx, event.id))
    kind = CallKind.REGISTER if left else CallKind.JOIN_WAITING_LIST
    return Call(kind, places_left=left, is_reserved=places.is_reserved(event, now))


def _list(event: Event, confirmed: int, now: datetime) -> Listed:
    state = events.state(event, now)
    is_full = state is EventState.OPEN and places.is_full(event.capacity, confirmed)
    return Listed(event, state, is_full)


def _find_kind(event: Event, refusal: WebinarsError) -> CallKind:
    if event.postponed_at and not event.cancelled_at:
        return CallKind.POSTPONED
    if isinstance(refusal, RegistrationsNotOpen) and refusal.opens_at is None:
        return CallKind.WATCH
    return CALL_OF_REFUSAL[type(refusal)]


def answer_calendar(entries: list[calendar.Entry], name: str) -> Response:
    """Return entries as a file that calendars open."""
    response = Response(calendar.build(entries, CalendarMethod.PUBLISH))
    response.headers["Content-Type"] = CALENDAR_TYPE
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response
