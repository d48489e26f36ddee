"""The archive of an event, taken away whole."""

import logging
from collections.abc import Iterator
from datetime import datetime

from flask import Blueprint, Response

from webinars import archives, events, exports
from webinars.archives import Source
from webinars.rights import Act
from webinars.runtime import Runtime
from webinars.web.current import get_runtime
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import add_details, get_organiser, get_own_event

logger = logging.getLogger(__name__)

blueprint = Blueprint("archives", __name__)

ACTS: dict[str, Right] = {"take": Act.EXPORT}


@blueprint.post("/events/<slug:slug>/archive")
def take(slug: str) -> Response:
    """Record that an archive is taken, and then send it piece by piece."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        people = exports.count(tx, event.id)
        add_details(format=archives.FORMAT, rows=str(people))
        author = get_organiser().email
        exports.record(tx, event, author, archives.FORMAT, "", people, now)
    logger.info("archive taken: event=%s rows=%s", event.id, people)
    name = archives.name_file(event, now=now)
    return Response(
        _stream(runtime, event.id, now),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _stream(runtime: Runtime, event_id: int, now: datetime) -> Iterator[bytes]:
    settings = runtime.settings
    with runtime.reading() as tx:
        event = events.get_by_id(tx, event_id)
        source = Source(tx, event, runtime.links, settings.mail_from, settings.documents_dir, now)
        yield from archives.write(source)
