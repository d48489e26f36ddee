"""The mails of an event, one line each, with what came of them; one of them sent again."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from webinars import deliveries, phrasing, steering
from webinars.database import Transaction
from webinars.deliveries import DeliveryRow, Only
from webinars.models import ABOUT_ACCOUNTS, DeliveryState, Event, Lane, MailName
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.filters import label, zones
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.filtering import PAGE_SIZE, Part, choose_part
from webinars.web.organiser.guard import get_own_event, is_own_page
from webinars.web.organiser.reasons import list_waits, mailing_name
from webinars.web.organiser.words import Options

blueprint = Blueprint("deliveries", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.SEE_MAILINGS,
    "send_again": Act.WRITE_MAILINGS,
}


class Wanted(NamedTuple):
    """What a list of mails is limited to; what is left out limits nothing."""

    state: DeliveryState | None
    mailing_id: int | None
    template: MailName | None
    only: Only | None

    @property
    def mailing(self) -> str:
        """Return the mailing as a page's address says it: its number, or a template's name."""
        return str(self.mailing_id or self.template or "")

    def say(self, state: DeliveryState | None, only: Only | None = None) -> dict[str, str]:
        """Return what a page's address says for the same mailing, and a state or a mark."""
        said = {"state": str(state or ""), "mailing": self.mailing, "only": str(only or "")}
        return {name: value for name, value in said.items() if value}


class Listed(NamedTuple):
    """A part of the list, and what else there is of the same mailing."""

    total: int
    states: dict[DeliveryState, int]
    """Without what was not wanted."""
    marks: dict[Only, int]
    rows: Sequence[DeliveryRow]
    part: Part


@blueprint.get("/events/<slug:slug>/deliveries")
def listing(slug: str) -> str:
    """List the mails of an event, fifty a page, limited as the address says."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        offered = _list_offered(tx, event)
        wanted = _read(request.args, offered)
        listed = _look(tx, event, wanted)
    return render_template(
        "organiser/deliveries/listing.html",
        event=event,
        counted=[(one, number) for one in DeliveryState if (number := listed.states.get(one))],
        total=listed.total,
        marked=[(one, number) for one, number in listed.marks.items() if number],
        wanted=wanted,
        offered=offered,
        rows=listed.rows,
        waits=list_waits(listed.rows, now),
        part=listed.part,
    )


@blueprint.post("/events/<slug:slug>/deliveries/<int(max=2147483647):delivery_id>/send-again")
def send_again(slug: str, delivery_id: int) -> Response:
    """Send one mail again that did not arrive, to the person's present address."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        delivery = steering.get_delivery(tx, event.id, delivery_id)
        is_new = steering.send_one_again(tx, delivery, now)
    runtime.wake(Lane.PROMPT)
    flash(_("Le message part à nouveau.") if is_new else _("Ce message a déjà été renvoyé."))
    back = request.form.get("back", "")
    every = url_for("organiser.deliveries.listing", slug=slug)
    return redirect(back if is_own_page(back) else every, 303)


def _list_offered(tx: Transaction, event: Event) -> Options:
    """List the mailings of an event, with their hours, and the mails that belong to none."""
    mailings = steering.list_all(tx, event.id)
    language = get_language()
    named = [
        (
            str(one.id),
            phrasing.labelled(
                mailing_name(one),
                phrasing.instant(one.due_at, zones(event)[:1], language),
                language,
            )
            if one.due_at
            else mailing_name(one),
        )
        for one in mailings
    ]
    templates = ABOUT_ACCOUNTS | {one.template for one in mailings}
    return [*named, *((one.value, label(one)) for one in MailName if one not in templates)]


def _read(said: "MultiDict[str, str]", offered: Options) -> Wanted:
    """Return what an address asks for; what is unknown limits nothing."""
    state, mailing, only = (said.get(name, "") for name in ("state", "mailing", "only"))
    is_known = mailing in dict(offered)
    return Wanted(
        state=DeliveryState(state) if state in set(DeliveryState) else None,
        mailing_id=int(mailing) if is_known and mailing.isdecimal() else None,
        template=MailName(mailing) if mailing in set(MailName) else None,
        only=Only(only) if only in set(Only) else None,
    )


def _look(tx: Transaction, event: Event, wanted: Wanted) -> Listed:
    """Look for the rows of the page that is asked for, and count what else could be asked for."""

    def count(only: Only | None) -> dict[DeliveryState, int]:
        return deliveries.counts(
            tx, event.id, mailing_id=wanted.mailing_id, template=wanted.template, only=only
        )

    counted, marked = count(None), {one: count(one) for one in Only}
    # What was not wanted is no address that is set aside: it is listed by itself, and among all.
    unwanted = marked[Only.UNWANTED]
    states = {one: number - unwanted.get(one, 0) for one, number in counted.items()}
    of = marked[wanted.only] if wanted.only else states if wanted.state else counted
    part = choose_part(request.args, of.get(wanted.state, 0) if wanted.state else sum(of.values()))
    rows = deliveries.list_rows(
        tx,
        event.id,
        wanted.state,
        mailing_id=wanted.mailing_id,
        template=wanted.template,
        only=wanted.only,
        without=Only.UNWANTED if wanted.state and not wanted.only else None,
        limit=PAGE_SIZE,
        offset=part.offset,
    )
    marks = {one: sum(numbers.values()) for one, numbers in marked.items()}
    return Listed(sum(counted.values()), states, marks, rows, part)
