"""A registration's programme as an address to subscribe to, which a calendar asks again and again.

It is told apart from the calendar file of the own page: that one is opened once, under the UIDs of
the mails. The address is an authority like the page's, and looking changes nothing.
"""

from datetime import datetime

from flask import Blueprint, Response, request

from webinars import choices, events, participants
from webinars.calendar import feed
from webinars.models import Registration
from webinars.web import languages
from webinars.web.current import get_origin, get_runtime
from webinars.web.public.events import CALENDAR_TYPE
from webinars.web.public.standing import SCOPES

blueprint = Blueprint("feed", __name__)


@blueprint.get("/r/<token>/feed.ics")
def show(token: str) -> Response:
    """Show the sessions of a registration as they are now; unchanged, in no words at all."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        registration, _scope = participants.get_by_token(tx, runtime.links, token, SCOPES)
        chosen = choices.list_codes(registration)
        changed_at = events.find_changed_at(tx, registration.event)
    languages.prefer(registration.language)
    content = _write(registration, chosen, max(changed_at, registration.registered_at))
    response = Response(content)
    response.headers["Content-Type"] = CALENDAR_TYPE
    response.add_etag()
    # A calendar may keep it, but asks each time whether it is still true.
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def _write(registration: Registration, chosen: tuple[str, ...], changed_at: datetime) -> bytes:
    links, event = get_runtime().links, registration.event
    language = languages.get_language()
    entries = feed.write(
        event,
        registration,
        chosen,
        gate_url=links.gate_url(registration.public_id, registration.link_generation),
        event_url=links.event_url(event.slug),
        origin=get_origin(event),
        language=language,
        stamped_at=max(changed_at, registration.cancelled_at or changed_at),
    )
    return feed.build_feed(entries, event.title.into(language))
