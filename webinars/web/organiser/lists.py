"""What the list of registrations shows: read in few questions, worded once for all rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask import current_app, render_template, request, url_for
from markupsafe import Markup

from webinars import listings, saved_audiences, tags
from webinars.database import Transaction
from webinars.filtering import write_filter
from webinars.listings import Counts, Facets, Listed, Order, Pair
from webinars.models import (
    AttendanceMode,
    BulkDeed,
    Event,
    Language,
    Mode,
    OrganizationKind,
    Presence,
    RegistrationStatus,
    Role,
)
from webinars.participants import Filter
from webinars.web.current import get_runtime
from webinars.web.filters import country, label
from webinars.web.languages import get_language
from webinars.web.organiser.bulk import say_deed
from webinars.web.organiser.columns import SIZES, Layout, list_columns, read_layout
from webinars.web.organiser.filtering import (
    Part,
    choose_part,
    read_order,
    write_order,
)
from webinars.web.organiser.guard import get_own_event
from webinars.web.organiser.words import list_choices, source_name

KEPT = "registrations.filters"
KEPT_AT_MOST = 500
STATUSES = tuple(RegistrationStatus)
LOOKS = {
    RegistrationStatus.CONFIRMED: "tag",
    RegistrationStatus.PENDING: "tag warn",
    RegistrationStatus.WAITING: "tag warn",
    RegistrationStatus.DECLINED: "tag wrong",
    RegistrationStatus.CANCELLED: "tag wrong",
}


@dataclass(frozen=True)
class Rows:
    """The rows of a page, and what belongs to some of them, by number."""

    rows: list[Listed]
    counts: Counts
    facets: Facets
    part: Part
    known_tags: list[str]
    pairs: dict[int, Pair]
    tags: dict[int, list[str]]
    sessions: dict[int, list[str]]


def read(slug: str) -> dict[str, Any]:
    """Read the list that the address asks for; return what its templates are handed."""
    order = read_order(request.args)
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        wanted = saved_audiences.choose(tx, event.id, request.args)
        audiences = saved_audiences.list_all(tx, event.id)
        layout = read_layout(event)
        found = _read_rows(tx, event, wanted, order, layout)
    said, sorted_as = write_filter(wanted), write_order(order)
    home = url_for("organiser.registrations.listing", slug=slug)
    return {
        "event": event,
        "found": found,
        "audiences": audiences,
        "wanted": wanted,
        "order": order,
        "layout": layout,
        "said": said,
        "sorted_as": sorted_as,
        "all_columns": list_columns(event),
        "sizes": SIZES,
        "words": _word_rows(found, event),
        "home": home,
        "statuses": STATUSES,
        "deeds": [(deed.value, say_deed(deed)) for deed in BulkDeed],
        "is_on_site": event.mode is not Mode.ONLINE,
    }


def _read_rows(tx: Transaction, event: Event, wanted: Filter, order: Order, layout: Layout) -> Rows:
    counts = listings.count_all(tx, event.id)
    facets = listings.find_facets(tx, event.id, counts, now=get_runtime().now())
    few = listings.find_few(tx, event.id, wanted)
    total = listings.count(tx, event.id, wanted, counts) if few is None else len(few)
    part = choose_part(request.args, total, layout.size)
    rows = listings.list_rows(
        tx,
        event.id,
        wanted,
        order,
        limit=part.size,
        offset=part.offset,
        countries=facets.countries,
        few=few,
    )
    ids = [one.id for one in rows]
    known_tags = tags.list_of_event(tx, event.id)
    return Rows(
        rows=rows,
        counts=counts,
        facets=facets,
        part=part,
        known_tags=known_tags,
        pairs=listings.list_pairs(tx, rows) if facets.has_pairs else {},
        tags=listings.list_tags(tx, ids) if known_tags and layout.has("tags") else {},
        sessions=listings.list_sessions(tx, ids) if layout.has("sessions") else {},
    )


def render_filters(shown: dict[str, Any]) -> Markup:
    """Return what the list can be limited by: the same for all who ask the same of it.

    It is some hundred choices, which do not change: each form is made once in a process.
    """
    event, found, language = shown["event"], shown["found"], get_language()
    offered = (found.facets.sources, found.facets.countries, tuple(found.known_tags))
    asked = (*shown["said"].items(), *shown["sorted_as"].items())
    key = (event.id, event.edition, language, offered, asked)
    kept: dict[object, Markup] = current_app.extensions.setdefault(KEPT, {})
    if key not in kept:
        if len(kept) >= KEPT_AT_MOST:
            kept.clear()
        choices = list_choices(event, *offered)
        made = render_template("organiser/registrations/_filters.html", **shown, offered=choices)
        kept[key] = Markup(made)
    return kept[key]


def _word_rows(found: Rows, event: Event) -> dict[str, Any]:
    """Return the words for whatever the rows may say, so that each is looked up once."""
    enums: tuple[type[StrEnum], ...] = (
        RegistrationStatus,
        Presence,
        Role,
        OrganizationKind,
        Language,
        AttendanceMode,
    )
    return {
        "of": {value: label(value) for values in enums for value in values},
        "look": LOOKS,
        "country": {code: country(code) for code in {one.country for one in found.rows}},
        "source": {one: source_name(one) for one in {row.source for row in found.rows}},
        "session": {one.code: one.title.into(get_language()) for one in event.sessions},
    }
