"""Who was asked whether she maintains, and has not answered: to be called, or asked once more."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import changes, participants
from webinars.errors import NotFound, WebinarsError
from webinars.filtering import write_filter
from webinars.models import Lane
from webinars.participants import Filter
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.languages import ngettext
from webinars.web.organiser.acts import Right
from webinars.web.organiser.filtering import PAGE_SIZE, choose_part
from webinars.web.organiser.guard import get_own_event

blueprint = Blueprint("reconfirmations", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.SEE_PEOPLE,
    "remind": Act.WRITE_MAILINGS,
}

UNANSWERED = Filter(to_reconfirm=True)


@blueprint.get("/events/<slug:slug>/reconfirmations")
def listing(slug: str) -> str:
    """List who has not answered, fifty a page, with telephone numbers."""
    return _show(slug)


@blueprint.post("/events/<slug:slug>/reconfirmations/remind")
def remind(slug: str) -> Response | tuple[str, int]:
    """Ask once more, by mail, those who have not answered; at most once a day."""
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.transaction() as tx:
            number = changes.remind(tx, get_own_event(tx, slug), now=now)
    except NotFound:
        raise
    except WebinarsError as error:
        return _show(slug, error), explain(error).status
    runtime.wake(Lane.BULK)
    said = ngettext("%(num)d personne est relancée.", "%(num)d personnes sont relancées.", number)
    flash(said)
    return redirect(url_for("organiser.reconfirmations.listing", slug=slug), 303)


def _show(slug: str, error: WebinarsError | None = None) -> str:
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        part = choose_part(request.args, participants.count(tx, event.id, UNANSWERED))
        rows = participants.list_rows(tx, event.id, UNANSWERED, limit=PAGE_SIZE, offset=part.offset)
        questions = changes.list_questions(tx, event.id)
        reminded_at = changes.find_reminded_at(tx, event.id)
    return render_template(
        "organiser/reconfirmations/listing.html",
        event=event,
        rows=rows,
        part=part,
        questions=questions,
        may_remind=any(one.by_at is None or one.by_at > now for one in questions),
        reminded_at=reminded_at,
        said=write_filter(UNANSWERED),
        refusal=explain(error, event).sentence if error else None,
    )
