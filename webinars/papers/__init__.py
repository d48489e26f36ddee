"""Papers to print: sign-in sheets, badges, lists, certificates, programmes, statistics.

An order says which paper, in which language, of whom. `write` makes of it what its template says,
reading the database; `webinars.typesetting` makes the PDF of that, which takes no database.
"""

from dataclasses import asdict
from datetime import datetime

from webinars.database import Transaction
from webinars.errors import NobodyOnPaper
from webinars.links import Links
from webinars.models import Event, Paper, PaperOrder, Registration
from webinars.papers import badges, drafts, figures, lists, persons, sheets
from webinars.papers.heads import make_head, name_paper
from webinars.papers.people import choose_filter, count_people, list_people, name_represented
from webinars.papers.values import Content, Head, Minutes, RoundTable
from webinars.typesetting import set_paper
from webinars.zones import to_local

__all__ = [
    "NAMES",
    "Manuscript",
    "choose_filter",
    "count",
    "get_media_type",
    "list_people",
    "name_file",
    "name_paper",
    "print_paper",
    "write",
]

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TO_EDIT = frozenset({Paper.ROUND_TABLE_DRAFT, Paper.MINUTES})
"""Documents that are finished in a word processor."""

TEMPLATES = {
    Paper.SIGN_IN: "sign-in",
    Paper.BADGES: "badges",
    Paper.PARTICIPANTS: "people",
    Paper.DELEGATIONS: "people",
    Paper.SHAREABLE: "people",
    Paper.ROUND_TABLE: "round-table",
    Paper.PROGRAMMES: "programmes",
    Paper.PROGRAMME: "programmes",
    Paper.CERTIFICATES: "certificates",
    Paper.STATISTICS: "statistics",
}

NAMES = {
    Paper.SIGN_IN: "emargement",
    Paper.BADGES: "badges",
    Paper.PARTICIPANTS: "participants",
    Paper.DELEGATIONS: "delegations",
    Paper.SHAREABLE: "liste-diffusable",
    Paper.ROUND_TABLE: "tour-de-table",
    Paper.ROUND_TABLE_DRAFT: "tour-de-table",
    Paper.MINUTES: "releve-de-decisions",
    Paper.PROGRAMMES: "programmes",
    Paper.PROGRAMME: "programme",
    Paper.CERTIFICATES: "attestations",
    Paper.STATISTICS: "statistiques",
}
"""What the files are called: without accents, for every mail program takes those."""


class Manuscript:
    """What a paper says, ready to be set."""

    def __init__(self, paper: Paper, content: Content, people: int) -> None:
        self.paper = paper
        self.content = content
        self.people = people
        """How many are on it, or are counted in it."""


def write(
    tx: Transaction, event: Event, order: PaperOrder, *, links: Links, now: datetime
) -> Manuscript:
    """Write what a paper says.

    The event is loaded with its sessions, questions and institutions.

    :raises NobodyOnPaper: nobody would stand on it, and it is of no use empty.
    """
    head = make_head(event, order.paper, order.language, now)
    if order.paper is Paper.STATISTICS:
        content = figures.make_statistics(tx, event, order, head)
        return Manuscript(order.paper, content, figures.count_meant(tx, event, order))
    if order.paper is Paper.PROGRAMME:
        return Manuscript(order.paper, persons.make_programme(event, order, head), 0)
    people = list_people(tx, event, order)
    if not people and order.paper is not Paper.SIGN_IN:
        raise NobodyOnPaper
    return Manuscript(order.paper, _write(tx, event, order, head, people, links), len(people))


def count(tx: Transaction, event: Event, order: PaperOrder) -> int:
    """Count the people on a paper, or in it."""
    if order.paper is Paper.STATISTICS:
        return figures.count_meant(tx, event, order)
    if order.paper is Paper.PROGRAMME:
        return 0
    return count_people(tx, event, order)


def print_paper(manuscript: Manuscript, *, now: datetime) -> bytes:
    """Return a paper as a PDF, or as a document to be edited.

    :raises PressBusy: others are being set.
    :raises PaperFailed: it cannot be set.
    """
    content = manuscript.content
    if isinstance(content, Minutes):
        return drafts.write_minutes(content, now=now)
    if manuscript.paper in TO_EDIT and isinstance(content, RoundTable):
        return drafts.write_round_table(content, now=now)
    return set_paper(TEMPLATES[manuscript.paper], asdict(content), now=now)


def name_file(event: Event, paper: Paper, *, now: datetime) -> str:
    """Return the name of a paper's file: the event's date and slug, and when it was made there."""
    made = to_local(now, event.timezone).strftime("%Y-%m-%dT%H%M")
    extension = "docx" if paper in TO_EDIT else "pdf"
    return f"{event.starts_on}_{event.slug}_{NAMES[paper]}_{made}.{extension}"


def get_media_type(paper: Paper) -> str:
    """Return the media type of a paper's file."""
    return DOCX if paper in TO_EDIT else PDF


def _write(
    tx: Transaction,
    event: Event,
    order: PaperOrder,
    head: Head,
    people: list[Registration],
    links: Links,
) -> Content:
    match order.paper:
        case Paper.SIGN_IN:
            return sheets.make_sign_in(event, order, head, people)
        case Paper.BADGES:
            represented = name_represented(tx, people)
            return badges.make_badges(order, head, people, represented, links)
        case Paper.CERTIFICATES:
            return persons.make_certificates(event, order, head, people)
        case Paper.PROGRAMMES:
            return persons.make_programmes(event, order, head, people)
        case Paper.MINUTES:
            return drafts.make_minutes(event, order, head, people)
        case Paper.ROUND_TABLE | Paper.ROUND_TABLE_DRAFT:
            questions = [(one.key, one.label.into(order.language)) for one in event.questions]
            return lists.make_round_table(order, head, people, questions)
        case _:
            return lists.make_list(order, head, people)
