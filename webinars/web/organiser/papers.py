"""Papers to print: chosen on one page, made at once, and recorded like every export."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, render_template, request

from webinars import exports, papers, saved_audiences
from webinars.database import Transaction
from webinars.errors import NobodyOnPaper, NotFound, PaperFailed, PressBusy
from webinars.filtering import describe_filter, read_filter, write_filter
from webinars.models import Event, Language, Mode, Paper, PaperOrder, SheetFor
from webinars.papers import Manuscript
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import add_details, get_organiser, get_own_event

logger = logging.getLogger(__name__)

blueprint = Blueprint("papers", __name__)

ACTS: dict[str, Right] = {"listing": Act.EXPORT, "make": Act.EXPORT}
PAGE = "/events/<slug:slug>/papers"
REFUSALS = (NobodyOnPaper, PressBusy, PaperFailed)


@blueprint.get(PAGE)
def listing(slug: str) -> str:
    """Offer every paper, of everyone or of those in the address, in a language."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        return _show(tx, event, request.args)


@blueprint.post(f"{PAGE}/<paper>")
def make(slug: str, paper: str) -> Response | tuple[str, int]:
    """Make a paper, record it, and send it."""
    runtime = get_runtime()
    now = runtime.now()
    order = read_order(paper)
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        try:
            manuscript = papers.write(tx, event, order, links=runtime.links, now=now)
            made = papers.print_paper(manuscript, now=now)
        except REFUSALS as error:
            return _refuse(tx, event, error)
    record(slug, order, manuscript)
    name = papers.name_file(event, order.paper, now=now)
    return Response(
        made,
        content_type=papers.MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def read_order(paper: str) -> PaperOrder:
    """Return the paper that the form asks for.

    :raises NotFound: there is no such paper.
    """
    if paper not in set(Paper):
        raise NotFound("paper", paper)
    said = request.form
    return PaperOrder(
        paper=Paper(paper),
        language=choose_language(said),
        words=write_filter(read_filter(said)),
        sheet_for=SheetFor(_choose(said, "sheet_for", list(SheetFor))),
        session=said.get("only_session", ""),
        blank_lines=said.get("blank_lines", PaperOrder.blank_lines, type=int),
        per_page=int(_choose(said, "per_page", ["4", "8"])),
        hides_few=said.get("all_numbers") != "1",
        registration_id=said.get("registration_id", type=int),
    )


def choose_language(said: Any) -> Language:
    """Return the language that a paper is wanted in; French where nothing is said."""
    return Language(_choose(said, "language", list(Language)))


def record(slug: str, order: PaperOrder, manuscript: Manuscript) -> None:
    """Write down who has made which paper, of whom, and how many are on it."""
    runtime = get_runtime()
    wanted = read_filter(order.words)
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        filter_text = describe_filter(wanted)
        add_details(format=order.paper, filter=filter_text, rows=str(manuscript.people))
        exports.record(
            tx,
            event,
            get_organiser().email,
            order.paper,
            filter_text,
            manuscript.people,
            runtime.now(),
        )
    logger.info("paper made: event=%s paper=%s rows=%s", event.id, order.paper, manuscript.people)


def _choose(said: Any, name: str, values: list[Any]) -> Any:
    return said[name] if said.get(name) in values else values[0]


def _refuse(tx: Transaction, event: Event, error: Exception) -> tuple[str, int]:
    if isinstance(error, PaperFailed):
        logger.error("paper not made: event=%s said=%s", event.id, error.said)
    assert isinstance(error, REFUSALS)
    refusal = explain(error, event)
    return _show(tx, event, request.form, refusal.sentence), HTTPStatus(refusal.status)


def _show(tx: Transaction, event: Event, said: Any, refusal: str | None = None) -> str:
    wanted = saved_audiences.choose(tx, event.id, said)
    language = choose_language(said)
    count: Callable[[Paper], int] = lambda paper: papers.count(  # noqa: E731
        tx, event, PaperOrder(paper, language, words=write_filter(wanted))
    )
    return render_template(
        "organiser/papers/listing.html",
        event=event,
        said=write_filter(wanted),
        paper_language=language,
        languages=list(Language),
        audiences=saved_audiences.list_all(tx, event.id),
        people=count(Paper.PARTICIPANTS),
        expected=count(Paper.BADGES),
        came=count(Paper.CERTIFICATES),
        shareable=count(Paper.SHAREABLE),
        is_online=event.mode is Mode.ONLINE,
        refusal=refusal,
    )
