"""Figures of an event: how many, when, from where, and who came; as plots and as tables.

Whoever sees numbers without names is told no number that would name someone, and may not limit
them: two lists that differ by one person would tell about her.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from flask import Blueprint, render_template, request
from markupsafe import Markup

from webinars import events, organisers, rights, saved_audiences, tallies
from webinars.database import Transaction
from webinars.filtering import write_filter
from webinars.models import Event, OrganizationKind, Role
from webinars.papers.figures import hide_few
from webinars.participants import Filter
from webinars.rights import Act
from webinars.tallies import Came, Tallies
from webinars.web import plots
from webinars.web.current import get_runtime
from webinars.web.filters import country, label
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import get_organiser, get_own_event
from webinars.web.organiser.words import grouped
from webinars.web.plots import Bar, Line

blueprint = Blueprint("figures", __name__)

ACTS: dict[str, Right] = {"show": Act.SEE_FIGURES}


class Section(NamedTuple):
    """A plot, and the same as a table."""

    id: str
    title: str
    plot: Markup
    heads: list[str]
    rows: list[tuple[str, ...]]


@blueprint.get("/events/<slug:slug>/figures")
def show(slug: str) -> str:
    """Show the figures of an event, beside those of a former edition if one is chosen."""
    now = get_runtime().now()
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        sees_people = rights.may(get_organiser(), Act.SEE_PEOPLE, event=event)
        wanted = saved_audiences.choose(tx, event.id, request.args) if sees_people else Filter()
        counted = tallies.read(tx, event, wanted)
        others = [
            one
            for one in organisers.list_events_for(tx, get_organiser(), now=now)
            if one.id != event.id and rights.may(get_organiser(), Act.SEE_FIGURES, event=one)
        ]
        former = _find_former(tx, others)
        days = tallies.read_days(tx, former) if former else {}
        audiences = saved_audiences.list_all(tx, event.id) if sees_people else []
    course = _draw_course(event, counted, former, days, has_table=sees_people)
    return render_template(
        "organiser/figures/show.html",
        event=event,
        total=_write([counted.total], may_tell=sees_people)[0],
        course=course,
        sections=_list_sections(counted, may_tell=sees_people),
        others=others,
        former=former,
        audiences=audiences,
        said=write_filter(wanted),
        hides_few=not sees_people,
    )


def _find_former(tx: Transaction, others: list[Event]) -> Event | None:
    chosen = request.args.get("compare", "")
    return events.find(tx, chosen) if chosen in {one.slug for one in others} else None


def _draw_course(
    event: Event,
    counted: Tallies,
    former: Event | None,
    days: Mapping[date, int],
    *,
    has_table: bool,
) -> Section:
    own = tallies.sum_up(counted.by_day, event.starts_on)
    lines = [Line(_("Cet événement"), own)] if own else []
    if former and days:
        before = tallies.sum_up(days, former.starts_on)
        lines.append(Line(former.title.into(get_language())[:40], before))
    total = own[-1][1] if own else 0
    title = _("Inscriptions au fil des jours")
    plot = plots.draw_lines(
        "course",
        title,
        _("%(count)s inscriptions en tout, comptées par jour avant l’événement.", count=total),
        lines,
        day_words=_("J − "),
        limit=event.capacity,
        limit_words=_("Capacité : %(capacity)s", capacity=event.capacity or ""),
    )
    rows: list[tuple[str, ...]] = [
        (day.strftime("%d/%m/%Y"), grouped(number), grouped(sum_))
        for (day, number), (_day, sum_) in zip(counted.by_day.items(), own, strict=True)
    ]
    heads = [_("Jour"), _("Inscriptions du jour"), _("En tout")]
    return Section("course", title, plot, heads, rows if has_table else [])


def _list_sections(counted: Tallies, *, may_tell: bool) -> list[Section]:
    kinds = {one.value: label(one) for one in OrganizationKind}
    roles = {one.value: label(one) for one in Role}
    countries = {code: country(code) for code in counted.by_country}
    sections = [
        _make("countries", _("Par pays"), counted.by_country, countries, may_tell=may_tell),
        _make("kinds", _("Par type de structure"), counted.by_kind, kinds, may_tell=may_tell),
        _make("roles", _("Par qualité"), counted.by_role, roles, may_tell=may_tell),
    ]
    if may_tell:
        names = {name: name for name in counted.by_organisation}
        title = _("Structures les plus nombreuses")
        named = _make("organisations", title, counted.by_organisation, names, may_tell=True)
        sections.append(named)
    return [one for one in sections if one.rows]


def _make(
    id: str, title: str, counted: Mapping[str, Came], names: Mapping[str, str], *, may_tell: bool
) -> Section:
    written = _write(list(counted.values()), may_tell=may_tell)
    bars = [
        Bar(names[value], int(cells[0]) if cells[0].isdigit() else None, cells[0])
        for value, cells in zip(counted, written, strict=True)
    ]
    said = ", ".join(f"{bar.name} {bar.words}" for bar in bars[:5])
    heads = [title, _("Inscrits"), _("Confirmés"), _("Connectés"), _("Présents")]
    rows = [(names[value], *cells) for value, cells in zip(counted, written, strict=True)]
    return Section(id, title, plots.draw_bars(id, title, said, bars), heads, rows)


def _write(rows: list[Came], *, may_tell: bool) -> list[tuple[str, ...]]:
    """Write numbers, without those that would name someone where names may not be seen."""
    if may_tell:
        return [tuple(str(number) for number in came) for came in rows]
    columns = [hide_few([came[place] for came in rows]) for place in range(4)]
    return list(zip(*columns, strict=True))
