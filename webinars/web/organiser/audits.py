"""Who saw, exported and changed what: for an event, and for an institution."""

from typing import NamedTuple

from flask import Blueprint, render_template, request

from webinars import audits
from webinars.database import Transaction
from webinars.models import AuditKind, Event
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.organiser import deeds, guard
from webinars.web.organiser.acts import Right

blueprint = Blueprint("audits", __name__)

ACTS: dict[str, Right] = {
    "of_event": Act.SEE_AUDIT,
    "of_institution": Act.MANAGE_INSTITUTION,
}

PER_PAGE = 50


class Part(NamedTuple):
    """A page of the list."""

    number: int
    of: int
    lines: list[deeds.Line]
    authors: list[str]


@blueprint.get("/events/<slug:slug>/audit")
def of_event(slug: str) -> str:
    """List who did what at an event, the last first."""
    with get_runtime().reading() as tx:
        event = guard.get_own_event(tx, slug)
        part = _read(tx, event, event_id=event.id)
    return render_template("organiser/audits/of_event.html", event=event, **_describe(part))


@blueprint.get("/institutions/<int(max=2147483647):institution_id>/audit")
def of_institution(institution_id: int) -> str:
    """List who did what in an institution, the last first."""
    with get_runtime().reading() as tx:
        institution = guard.get_own_institution(tx, institution_id)
        part = _read(tx, None, institution_id=institution.id)
    return render_template(
        "organiser/audits/of_institution.html", institution=institution, **_describe(part)
    )


def _read(
    tx: Transaction,
    event: Event | None,
    *,
    event_id: int | None = None,
    institution_id: int | None = None,
) -> Part:
    kind, author = _read_filter()
    found = audits.count(
        tx, event_id=event_id, institution_id=institution_id, kind=kind, author=author
    )
    count = max(1, -(-found // PER_PAGE))
    number = min(max(1, request.args.get("page", 1, type=int)), count)
    records = audits.list_records(
        tx,
        event_id=event_id,
        institution_id=institution_id,
        kind=kind,
        author=author,
        limit=PER_PAGE,
        offset=(number - 1) * PER_PAGE,
    )
    authors = audits.list_authors(tx, event_id=event_id, institution_id=institution_id)
    return Part(number, count, deeds.describe(tx, records, event), authors)


def _read_filter() -> tuple[AuditKind | None, str]:
    kind = request.args.get("kind", "")
    return (AuditKind(kind) if kind in set(AuditKind) else None), request.args.get("author", "")


def _describe(part: Part) -> dict[str, object]:
    kind, author = _read_filter()
    said = {"kind": kind.value if kind else None, "author": author or None}
    return {
        "part": part,
        "kinds": list(AuditKind),
        "kind": kind,
        "author": author,
        "said": {name: value for name, value in said.items() if value},
    }
