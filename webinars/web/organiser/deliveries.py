"""The mails of an event, one line each, with what came of them."""

from flask import Blueprint, render_template, request

from webinars import deliveries
from webinars.models import DeliveryState
from webinars.web.current import get_runtime
from webinars.web.organiser.filtering import PAGE_SIZE, choose_part
from webinars.web.organiser.guard import get_own_event

blueprint = Blueprint("deliveries", __name__)


@blueprint.get("/events/<slug:slug>/deliveries")
def listing(slug: str) -> str:
    """List the mails of an event, fifty a page, of one state or of all."""
    said = request.args.get("state", "")
    state = DeliveryState(said) if said in set(DeliveryState) else None
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        counted = deliveries.counts(tx, event.id)
        total = sum(counted.values()) if state is None else counted.get(state, 0)
        part = choose_part(request.args, total)
        rows = deliveries.list_rows(tx, event.id, state, limit=PAGE_SIZE, offset=part.offset)
    return render_template(
        "organiser/deliveries/listing.html",
        event=event,
        counted=[(one, counted[one]) for one in DeliveryState if one in counted],
        state=state,
        rows=rows,
        part=part,
    )
