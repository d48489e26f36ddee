"""Badges: a name to be read from afar, a category as colour and word, a code for the door.

The code holds an address that says nothing of the person: only an organiser who has signed in is
told who it is. A substitute's badge names whom she represents.
"""

import io
from collections.abc import Mapping, Sequence

import segno

from webinars import phrasing
from webinars.links import Links
from webinars.models import PaperOrder, Registration, Role
from webinars.papers.people import clean
from webinars.papers.values import Badge, Badges, Head
from webinars.papers.words import Words

PER_PAGE = (4, 8)
MASK = 0
COLOURS = {
    # Dark enough for white letters on them (WCAG 2.2, 1.4.3).
    Role.ELECTED: "#1f4e79",
    Role.STAFF: "#2f6b3a",
    Role.STATE: "#7a1f2b",
    Role.ASSOCIATION: "#6a3d86",
    Role.COMPANY: "#8a4b08",
    Role.ACADEMIC: "#0f6466",
    Role.PRESS: "#3d3d3d",
    Role.OTHER: "#566270",
}


def make_badges(
    order: PaperOrder,
    head: Head,
    people: Sequence[Registration],
    represented: Mapping[int, str],
    links: Links,
) -> Badges:
    """Make the badges of people, so many a page."""
    _ = Words(order.language)
    badges = tuple(_make_badge(one, order, represented, links) for one in people)
    per_page = order.per_page if order.per_page in PER_PAGE else PER_PAGE[0]
    return Badges(order.language.value, head, per_page, _("Code à lire à l’accueil"), badges)


def _make_badge(
    person: Registration, order: PaperOrder, represented: Mapping[int, str], links: Links
) -> Badge:
    _ = Words(order.language)
    substituted = represented.get(person.represents_id or 0)
    return Badge(
        first=clean(person.first_name),
        last=clean(phrasing.display_name("", person.last_name)),
        title=clean(person.job_title),
        organisation=clean(person.organization),
        country=phrasing.country_name(person.country, order.language),
        category=phrasing.role_label(person.role, order.language),
        colour=COLOURS[person.role],
        represents=_("Représente %(name)s", name=substituted) if substituted else "",
        code=draw_code(links.badge_url(person.public_id, person.link_generation)),
    )


def draw_code(address: str) -> str:
    """Draw an address as a QR code that can be read from a worn badge, in SVG.

    Any of its eight masks can be read; to look for the prettiest would take four times as long.
    """
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False, mask=MASK).save(
        drawn, kind="svg", border=2, xmldecl=False
    )
    return drawn.getvalue().decode()
