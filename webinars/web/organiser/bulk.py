"""Acting on many registrations at once: chosen in the list, reviewed, done with its progress."""

import time
from collections import Counter
from http import HTTPStatus
from itertools import islice

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import bulk, events, listings
from webinars.database import Transaction
from webinars.errors import NothingToUndo
from webinars.filtering import describe_filter, read_filter, write_filter
from webinars.listings import Order
from webinars.models import BulkDeed, Event, Lane
from webinars.rights import Act
from webinars.tags import NAME_LIMIT, list_of_event
from webinars.typed import TEXT_LIMIT, clean_line, clean_text
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.languages import gettext as _
from webinars.web.languages import ngettext
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import add_details, get_organiser, get_own_event, is_own_page

blueprint = Blueprint("bulk", __name__)

ACTS: dict[str, Right] = {
    "review": Act.EDIT_PEOPLE,
    "begin": Act.EDIT_PEOPLE,
    "show": Act.EDIT_PEOPLE,
    "carry_on": Act.EDIT_PEOPLE,
    "undo": Act.EDIT_PEOPLE,
}

ALL = "/events/<slug:slug>/registrations/many"
ONE = f"{ALL}/<int(max=2147483647):act_id>"
SECONDS = 2.0
"""How long one request works before it shows how far it has come."""
NEEDS_TAG = frozenset({BulkDeed.TAG, BulkDeed.UNTAG})


@blueprint.post(ALL)
def review(slug: str) -> str | Response | tuple[str, int]:
    """Show what would come of an act on the registrations that were chosen."""
    return _review(slug)


@blueprint.post(f"{ALL}/begin")
def begin(slug: str) -> Response | str | tuple[str, int]:
    """Begin an act that was reviewed; who has come into the list since then is asked about anew."""
    runtime = get_runtime()
    now, deed, said = runtime.now(), _read_deed(), _read_said()
    if deed is None or (deed in NEEDS_TAG and not said):
        return _review(slug, _("Écrivez l’étiquette : un mot, au moins une lettre."))
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        ids = _list_chosen(tx, event)
    if str(len(ids)) != request.form.get("expected"):
        return _review(slug, _("La liste a changé entre-temps : vérifiez à nouveau."))
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        author = get_organiser().email
        act = bulk.begin(tx, event, deed, ids, said=said, author=author, now=now)
        listed = describe_filter(read_filter(request.form)) if "all" in request.form else ""
        add_details(deed=deed.value, rows=str(len(ids)), filter=listed)
    return _work(slug, act.id)


@blueprint.get(ONE)
def show(slug: str, act_id: int) -> str:
    """Show how far an act has come, what it did, and who was refused."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        act = bulk.get(tx, event.id, act_id)
        named = [one for ids in act.refused.values() for one in islice(ids, NAMED)]
        names = listings.name_all(tx, event.id, named)
    return render_template(
        "organiser/bulk/show.html",
        event=event,
        act=act,
        deed=say_deed(act.deed),
        reasons=[(say_reason(word), ids, ids[:NAMED]) for word, ids in act.refused.items()],
        names=names,
        done=act.total - len(act.waiting),
        may_undo=act.deed in bulk.UNDOABLE and act.changed and not act.undone_at,
    )


NAMED = 50
"""How many of those who were refused are named for each reason."""


@blueprint.post(f"{ONE}/continue")
def carry_on(slug: str, act_id: int) -> Response:
    """Go on with an act, for a short while."""
    return _work(slug, act_id)


@blueprint.post(f"{ONE}/undo")
def undo(slug: str, act_id: int) -> Response:
    """Make everything as it was before an act that mailed nobody."""
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.transaction() as tx:
            event = get_own_event(tx, slug)
            number = bulk.undo(tx, event, bulk.get(tx, event.id, act_id), now=now)
            add_details(rows=str(number))
    except NothingToUndo as error:
        flash(explain(error).sentence)
    else:
        flash(
            ngettext(
                "%(num)d inscription est comme avant.",
                "%(num)d inscriptions sont comme avant.",
                number,
            )
        )
    return redirect(url_for("organiser.bulk.show", slug=slug, act_id=act_id), 303)


def say_deed(deed: BulkDeed) -> str:
    """Return what is done, as a button says it."""
    words = {
        BulkDeed.CONFIRM: _("Confirmer"),
        BulkDeed.DECLINE: _("Décliner"),
        BulkDeed.WAIT: _("Mettre sur la liste d’attente"),
        BulkDeed.PLACE: _("Donner une place"),
        BulkDeed.CANCEL: _("Annuler l’inscription"),
        BulkDeed.TAG: _("Ajouter une étiquette"),
        BulkDeed.UNTAG: _("Retirer une étiquette"),
        BulkDeed.PRESENT: _("Noter la présence"),
    }
    return words[deed]


def say_reason(reason: str) -> str:
    """Return why a registration stays as it is."""
    words = {
        bulk.NOT_PENDING: _("il n’y a plus rien à décider"),
        bulk.NOT_WAITING: _("pas sur la liste d’attente"),
        bulk.NOT_LIVE: _("inscription annulée ou déclinée"),
        bulk.NO_LINE: _("l’événement n’a pas de capacité, donc pas de liste d’attente"),
        bulk.FULL: _("plus de place"),
        bulk.ENDED: _("l’événement est terminé"),
        bulk.SAME: _("c’était déjà le cas"),
    }
    return words.get(reason, _("l’inscription n’existe plus"))


def _work(slug: str, act_id: int) -> Response:
    """Treat one step after the other, each in a transaction of its own, for a short while."""
    runtime = get_runtime()
    now = runtime.now()
    until = time.monotonic() + SECONDS
    is_more = True
    while is_more and time.monotonic() < until:
        with runtime.transaction() as tx:
            event = events.get(tx, slug)  # it was written down once, when the act began
            is_more = bulk.carry_on(tx, event, bulk.get(tx, event.id, act_id), now=now)
        runtime.wake(Lane.PROMPT)
    return redirect(url_for("organiser.bulk.show", slug=slug, act_id=act_id), 303)


def _review(slug: str, refusal: str = "") -> str | Response | tuple[str, int]:
    deed, runtime = _read_deed(), get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        ids = _list_chosen(tx, event)
        if deed is None or not ids:
            flash(_("Choisissez des inscriptions, et ce qu’il faut en faire."))
            back = request.form.get("back", "")
            home = url_for("organiser.registrations.listing", slug=slug)
            return redirect(back if is_own_page(back) else home, 303)
        found = bulk.review(tx, event, deed, ids, now=runtime.now())
        known_tags = list_of_event(tx, event.id)
    page = render_template(
        "organiser/bulk/review.html",
        event=event,
        deed=deed,
        deed_words=say_deed(deed),
        found=found,
        reasons=[(say_reason(word), number) for word, number in found.refused.items()],
        ids=ids,
        said=write_filter(read_filter(request.form)) if "all" in request.form else None,
        needs_tag=deed in NEEDS_TAG,
        known_tags=known_tags,
        back=request.form.get("back", ""),
        refusal=refusal,
    )
    return (page, HTTPStatus.UNPROCESSABLE_ENTITY) if refusal else page


def _list_chosen(tx: Transaction, event: Event) -> list[int]:
    """List the registrations that were ticked, or all that the list shows, by number."""
    if "all" in request.form:
        return listings.list_ids(tx, event.id, read_filter(request.form), Order())
    said = ",".join(request.form.getlist("id")).split(",")
    numbers = [int(one) for one in said if one.isascii() and one.isdigit() and len(one) < 10]
    return list(Counter(numbers[: bulk.MOST]))


def _read_deed() -> BulkDeed | None:
    said = request.form.get("deed", "")
    return BulkDeed(said) if said in set(BulkDeed) else None


def _read_said() -> str:
    if _read_deed() in NEEDS_TAG:
        return clean_line(request.form.get("said", "")[:NAME_LIMIT])
    return clean_text(request.form.get("said", "")[:TEXT_LIMIT])
