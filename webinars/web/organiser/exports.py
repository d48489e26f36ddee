"""Taking the list of participants away, and who did."""

import logging
from collections.abc import Iterator
from datetime import datetime

from flask import Blueprint, Response, abort, render_template, request

from webinars import events, exports, saved_audiences
from webinars.exports import Format
from webinars.filtering import describe_filter, read_filter, write_filter
from webinars.participants import Filter
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import get_organiser, get_own_event

logger = logging.getLogger(__name__)

blueprint = Blueprint("exports", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.EXPORT,
    "take": Act.EXPORT,
}


@blueprint.get("/events/<slug:slug>/exports")
def listing(slug: str) -> str:
    """Offer the list in each format, and show who took it away before."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        wanted = saved_audiences.choose(tx, event.id, request.args)
        people = exports.count(tx, event.id, wanted)
        taken = exports.list_records(tx, event.id)
    return render_template(
        "organiser/exports/listing.html",
        event=event,
        people=people,
        taken=taken,
        said=write_filter(wanted),
        formats=list(Format),
    )


@blueprint.post("/events/<slug:slug>/exports")
def take(slug: str) -> Response:
    """Record an export, and then send it piece by piece."""
    runtime = get_runtime()
    now = runtime.now()
    said = request.form.get("format", "")
    if said not in set(Format):
        abort(400)
    file_format, wanted = Format(said), read_filter(request.form)
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
    pieces = _stream(event.id, file_format, wanted, now)
    next(pieces)  # recorded by now: what goes wrong so far is a page, not half a file
    name = exports.name_file(event, file_format, now=now)
    return Response(
        pieces,
        content_type=exports.MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _stream(event_id: int, file_format: Format, wanted: Filter, now: datetime) -> Iterator[bytes]:
    """Record an export and yield nothing, then yield the list as it was when it was recorded."""
    runtime = get_runtime()
    author = get_organiser().email
    with runtime.reading() as tx:
        event = events.get_by_id(tx, event_id)
        people = exports.count(tx, event_id, wanted)
        with runtime.transaction() as writing:
            filter_text = describe_filter(wanted)
            exports.record(writing, event, author, file_format, filter_text, people, now)
        logger.info("list exported: event=%s format=%s rows=%s", event_id, file_format, people)
        yield b""
        yield from exports.write(tx, event, file_format, wanted, now=now)
