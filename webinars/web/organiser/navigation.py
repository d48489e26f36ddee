"""The pages about an event as its tabs: in groups, and of each group what one may see.

A page that is here is offered to whoever has the right that it asks for (`acts`).
"""

from typing import NamedTuple

from flask import url_for

from webinars import rights
from webinars.models import Event
from webinars.rights import Act
from webinars.web.languages import N_
from webinars.web.organiser import acts
from webinars.web.organiser.guard import get_organiser


class Page(NamedTuple):
    """A page by its view, like `exports.listing`, and what its link says."""

    view: str
    name: str


class Group(NamedTuple):
    """Pages that belong together; the first that one may see stands for them."""

    name: str
    pages: tuple[Page, ...]


GROUPS = (
    Group(
        N_("Aperçu"),
        (
            Page("events.show", N_("Aperçu")),
            Page("history.show", N_("Chronologie")),
        ),
    ),
    Group(
        N_("Préparer"),
        (
            Page("publications.show", N_("Publication")),
            Page("programmes.show", N_("Programme")),
            Page("questions.show", N_("Questions")),
            Page("documents.show", N_("Documents")),
        ),
    ),
    Group(
        N_("Inscriptions"),
        (
            Page("registrations.listing", N_("Liste")),
            Page("invitations.listing", N_("Invitations")),
            Page("arrivals.listing", N_("Arrivées")),
            Page("figures.show", N_("Chiffres")),
        ),
    ),
    Group(
        N_("Messages"),
        (
            Page("messages.listing", N_("Messages")),
            Page("deliveries.listing", N_("Envois")),
        ),
    ),
    Group(
        N_("Exports"),
        (
            Page("exports.listing", N_("Listes")),
            Page("papers.listing", N_("À imprimer")),
        ),
    ),
    Group(
        N_("Équipe"),
        (
            Page("roles.show", N_("Rôles")),
            Page("audits.of_event", N_("Journal")),
        ),
    ),
)


class Tab(NamedTuple):
    """A link of the tabs."""

    name: str
    url: str
    is_current: bool


class Tabs(NamedTuple):
    """The groups, and the pages of the current one where there are several."""

    groups: list[Tab]
    pages: list[Tab]


def list_tabs(event: Event, current: str) -> Tabs:
    """List the tabs of an event's pages.

    :param current: the view of the page that is shown; empty: it is under none.
    """
    groups, pages = [], []
    for group in GROUPS:
        seen = [
            Tab(str(page.name), _find_url(page.view, event), page.view == current)
            for page in group.pages
            if _may_see(page.view, event)
        ]
        is_current = any(one.is_current for one in seen)
        if seen:
            groups.append(Tab(str(group.name), seen[0].url, is_current))
        if is_current and len(seen) > 1:
            pages = seen
    return Tabs(groups, pages)


def _may_see(view: str, event: Event) -> bool:
    right = acts.get_entry(f"{acts.PREFIX}.{view}")
    return not isinstance(right, Act) or rights.may(get_organiser(), right, event=event)


def _find_url(view: str, event: Event) -> str:
    return url_for(f"{acts.PREFIX}.{view}", slug=event.slug)
