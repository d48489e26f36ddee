"""Papers to print: chosen on one page, recorded like every export, and made at once.

Large ones are made in the background, and so is one that would have to wait for its turn; a page
says how far it has come, and whoever ordered it takes it away there.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webinars import exports, papers, saved_audiences
from webinars.database import Transaction
from webinars.errors import NobodyOnPaper, NotFound, PaperFailed, PressBusy, WebinarsError
from webinars.filtering import describe_filter, read_filter, write_filter
from webinars.models import Event, JobState, Language, Mode, Paper, PaperJob, PaperOrder, SheetFor
from webinars.papers import jobs
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.organiser import parts
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import add_details, get_organiser, get_own_event

logger = logging.getLogger(__name__)

blueprint = Blueprint("papers", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.EXPORT,
    "make": Act.EXPORT,
    "follow": Act.EXPORT,
    "take": Act.EXPORT,
}
PAGE = "/events/<slug:slug>/papers"
JOB = f"{PAGE}/jobs/<int(max=2147483647):job_id>"


@blueprint.get(PAGE)
def listing(slug: str) -> str:
    """Offer every paper, of everyone or of those in the address, in a language."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        return _show(tx, event, request.args)


@blueprint.post(f"{PAGE}/<paper>")
def make(slug: str, paper: str) -> AnyResponse | tuple[str, int]:
    """Record a paper and make it: at once, or in the background where it is large."""
    runtime = get_runtime()
    order = read_order(paper)
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        people = papers.count(tx, event, order)
        try:
            made = None if is_large(order, people) else _print(tx, event, order)
        except (NobodyOnPaper, PaperFailed) as error:
            return _refuse(tx, event, error)
    job_id = record(slug, order, people, in_background=made is None)
    if made is None:
        runtime.wake_press()
        return redirect(url_for("organiser.papers.follow", slug=slug, job_id=job_id), 303)
    return _send(event, order, made)


@blueprint.get(JOB)
def follow(slug: str, job_id: int) -> str | Response:
    """Show how far a paper has come; a script of ours asks for that part alone."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        job = jobs.get_own(tx, event.id, get_organiser().id, job_id)
    said = {
        "event": event,
        "job": job,
        "name": _name(job),
        "is_over": job.state in {JobState.DONE, JobState.FAILED},
    }
    if parts.is_wanted():
        return parts.render("organiser/papers/_progress.html", **said)
    return render_template("organiser/papers/follow.html", **said)


@blueprint.post(f"{JOB}/file")
def take(slug: str, job_id: int) -> Response:
    """Send a paper that is done to the one who ordered it."""
    with get_runtime().transaction() as tx:
        event = get_own_event(tx, slug)
        job = jobs.get_own(tx, event.id, get_organiser().id, job_id)
        add_details(format=job.order.paper, rows=str(job.people))
        return _send(event, job.order, jobs.get_content(tx, job))


def is_large(order: PaperOrder, people: int) -> bool:
    """Tell whether a paper is made in the background."""
    return people > jobs.LARGE and order.paper is not Paper.STATISTICS


def _print(tx: Transaction, event: Event, order: PaperOrder) -> bytes | None:
    """Return a paper; `None`: it would have to wait for too long for its turn."""
    runtime = get_runtime()
    now = runtime.now()
    manuscript = papers.write(tx, event, order, links=runtime.links, now=now)
    try:
        return papers.print_paper(manuscript, now=now)
    except PressBusy:
        return None


def _send(event: Event, order: PaperOrder, made: bytes) -> Response:
    name = papers.name_file(event, order.paper, now=get_runtime().now())
    return Response(
        made,
        content_type=papers.get_media_type(order.paper),
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
    return Language(_choose(said, "paper_language", list(Language)))


def record(slug: str, order: PaperOrder, people: int, *, in_background: bool) -> int | None:
    """Write down who has a paper made, of whom, and how many; order it where that is said."""
    runtime = get_runtime()
    now, author = runtime.now(), get_organiser()
    filter_text = describe_filter(read_filter(order.words))
    job = None
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        add_details(format=order.paper, filter=filter_text, rows=str(people))
        exports.record(tx, event, author.email, order.paper, filter_text, people, now)
        if in_background:
            job = jobs.order(tx, event, author, order, people=people, now=now)
    logger.info("paper made: event=%s paper=%s rows=%s", event.id, order.paper, people)
    return job.id if job else None


def _choose(said: Any, name: str, values: list[Any]) -> Any:
    return said[name] if said.get(name) in values else values[0]


def _refuse(tx: Transaction, event: Event, error: WebinarsError) -> tuple[str, int]:
    if isinstance(error, PaperFailed):
        logger.error("paper not made: event=%s said=%s", event.id, error.said)
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
        ordered=[(one, _name(one)) for one in jobs.list_own(tx, event.id, get_organiser().id)],
        people=count(Paper.PARTICIPANTS),
        expected=count(Paper.BADGES),
        came=count(Paper.CERTIFICATES),
        shareable=count(Paper.SHAREABLE),
        is_online=event.mode is Mode.ONLINE,
        refusal=refusal,
    )


def _name(job: PaperJob) -> str:
    return papers.name_paper(job.order.paper, Language.FRENCH)
