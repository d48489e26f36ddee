"""Taking the list of participants away, and who did."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webinars import events, exports, list_reminders, phrasing, saved_audiences
from webinars.exports import Format, templates
from webinars.filtering import describe_filter, read_filter, write_filter
from webinars.models import Event
from webinars.participants import Filter
from webinars.rights import Act
from webinars.typed import NAME_LIMIT, clean_line
from webinars.web.current import get_runtime
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import add_details, get_organiser, get_own_event, write_down

logger = logging.getLogger(__name__)

blueprint = Blueprint("exports", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.EXPORT,
    "take": Act.EXPORT,
    "take_shareable": Act.EXPORT,
    "choose": Act.EXPORT,
    "remove": Act.EXPORT,
    "remind": Act.EXPORT,
    "remind_no_more": Act.EXPORT,
}
PAGE = "/events/<slug:slug>/exports"
LAST_PLACE = 10_000
WEEKDAYS = frozenset(str(one) for one in list_reminders.DAYS)


@dataclass(frozen=True)
class Taking:
    """What is taken away, and as what."""

    file_format: Format
    wanted: Filter
    columns: tuple[str, ...]
    name: str
    """As the file is called."""


@dataclass(frozen=True)
class Column:
    """A column that can be chosen, as the page offers it."""

    key: str
    name: str
    place: int
    """Counted from 1, in the order of the list."""
    is_chosen: bool


@blueprint.get(PAGE)
def listing(slug: str) -> str:
    """Offer the list in each format, and show who took it away before."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        wanted = saved_audiences.choose(tx, event.id, request.args)
        people = exports.count(tx, event.id, wanted)
        shareable = exports.count(tx, event.id, exports.limit_to_shareable(wanted))
        taken = exports.list_records(tx, event.id)
        kept = templates.list_all(tx, event.id)
        audiences = saved_audiences.list_all(tx, event.id)
        reminder = list_reminders.find(tx, event.id, get_organiser().id)
    columns = read_columns(request.args.get("columns", ""), event)
    return render_template(
        "organiser/exports/listing.html",
        event=event,
        people=people,
        shareable=shareable,
        taken=taken,
        kept=kept,
        audiences=audiences,
        reminder=reminder,
        weekdays=list(enumerate(phrasing.weekdays(get_language()))),
        hours=list_reminders.HOURS,
        said=write_filter(wanted),
        columns=columns,
        offered=offer_columns(event, columns),
        names=exports.name_columns(event),
    )


@blueprint.post(PAGE)
def take(slug: str) -> Response:
    """Record an export, and then send it piece by piece."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    columns = read_columns(request.form.get("columns", ""), event)
    return _send(event, Taking(read_format(), read_filter(request.form), columns, "inscrits"))


@blueprint.post(f"{PAGE}/shareable")
def take_shareable(slug: str) -> Response:
    """Send what participants may be given of those who agreed, and record it like any export."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
    wanted = exports.limit_to_shareable(read_filter(request.form))
    return _send(event, Taking(read_format(), wanted, exports.SHAREABLE, "liste-diffusable"))


@blueprint.post(f"{PAGE}/columns")
def choose(slug: str) -> AnyResponse:
    """Take over which columns are wanted and in which order, and keep that under a name."""
    runtime = get_runtime()
    name = clean_line(request.form.get("name", "")[:NAME_LIMIT])
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        columns = read_choice(event)
        add_details(columns=",".join(columns))
        if name:
            author = get_organiser().email
            templates.save(tx, event, name, columns, author=author, now=runtime.now())
    if name:
        flash(_("Modèle « %(name)s » enregistré.", name=name))
    said: dict[str, Any] = {**write_filter(read_filter(request.form)), "slug": slug}
    chosen = ",".join(columns) or None
    return redirect(url_for("organiser.exports.listing", columns=chosen, **said), 303)


@blueprint.post(f"{PAGE}/templates/<int(max=2147483647):template_id>/remove")
def remove(slug: str, template_id: int) -> AnyResponse:
    """Forget a choice of columns."""
    with get_runtime().transaction() as tx:
        event = get_own_event(tx, slug)
        templates.remove(tx, event.id, template_id)
    flash(_("Modèle retiré."))
    return redirect(url_for("organiser.exports.listing", slug=slug), 303)


@blueprint.post(f"{PAGE}/reminder")
def remind(slug: str) -> AnyResponse:
    """Let the organiser be told by mail, on certain days, that the list is ready."""
    runtime = get_runtime()
    said = request.form
    days = [int(one) for one in said.getlist("weekday") if one in WEEKDAYS]
    hour = said.get("hour", -1, type=int)
    if hour not in list_reminders.HOURS:
        abort(400)
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        reminder = list_reminders.save(tx, event, get_organiser(), days, hour, now=runtime.now())
    if reminder is None:
        flash(_("Aucun rappel : choisissez au moins un jour avant le début de l’événement."))
    else:
        flash(_("Rappel enregistré."))
    return redirect(url_for("organiser.exports.listing", slug=slug), 303)


@blueprint.post(f"{PAGE}/reminder/end")
def remind_no_more(slug: str) -> AnyResponse:
    """End the reminders of the organiser, at one click."""
    with get_runtime().transaction() as tx:
        event = get_own_event(tx, slug)
        list_reminders.remove(tx, event.id, get_organiser().id)
    flash(_("Vous ne recevrez plus ce rappel."))
    return redirect(url_for("organiser.exports.listing", slug=slug), 303)


def read_columns(said: str, event: Event) -> tuple[str, ...]:
    """Return the columns that an address or a form names; none: all of them."""
    chosen = exports.choose_keys(event, said.split(","))
    return () if chosen == exports.list_keys(event) else chosen


def read_choice(event: Event) -> tuple[str, ...]:
    """Return the columns that are ticked, by the places given to them; none: all of them."""
    known = exports.list_keys(event)
    ticked = [key for key in known if key in request.form.getlist("column")]
    places = {key: request.form.get(f"place_{key}", LAST_PLACE, type=int) for key in ticked}
    in_order = sorted(ticked, key=lambda key: places[key])
    return read_columns(",".join(in_order), event)


def offer_columns(event: Event, chosen: tuple[str, ...]) -> list[Column]:
    """List the columns to choose from: those chosen first, in their order."""
    names = exports.name_columns(event)
    keys = dict.fromkeys([*chosen, *names])
    return [
        Column(key, names[key], place, not chosen or key in chosen)
        for place, key in enumerate(keys, 1)
    ]


def read_format() -> Format:
    """Return the format that the form asks for; one that there is not is no form of ours."""
    said = request.form.get("format", "")
    if said not in set(Format):
        abort(400)
    return Format(said)


def _send(event: Event, taking: Taking) -> Response:
    now = get_runtime().now()
    pieces = _stream(event.id, taking, now)
    next(pieces)  # recorded by now: what goes wrong so far is a page, not half a file
    name = exports.name_file(event, taking.file_format, now=now, what=taking.name)
    return Response(
        pieces,
        content_type=exports.MEDIA_TYPES[taking.file_format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _stream(event_id: int, taking: Taking, now: datetime) -> Iterator[bytes]:
    """Record an export and yield nothing, then yield the list as it was when it was recorded."""
    runtime = get_runtime()
    author = get_organiser().email
    file_format, wanted, columns = taking.file_format, taking.wanted, taking.columns
    with runtime.reading() as tx:
        event = events.get_by_id(tx, event_id)
        people = exports.count(tx, event_id, wanted)
        filter_text = describe_filter(wanted)
        with runtime.transaction() as writing:
            write_down(writing, event_id=event_id)
            add_details(
                format=file_format,
                filter=filter_text,
                columns=",".join(columns),
                rows=str(people),
            )
            exports.record(writing, event, author, file_format, filter_text, people, now, columns)
        logger.info("list exported: event=%s format=%s rows=%s", event_id, file_format, people)
        yield b""
        yield from exports.write(tx, event, file_format, wanted, columns=columns, now=now)
