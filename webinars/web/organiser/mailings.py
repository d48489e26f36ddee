"""A mailing of an event: where it stands, who did not get it and why, and what can be done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import deliveries, mailings, phrasing, steering
from webinars.database import Transaction
from webinars.deliveries import DeliveryRow, Only
from webinars.errors import NotFound, WebinarsError
from webinars.mailings import MailingRow
from webinars.models import DeliveryState, Event, Lane, Language, Mailing, MailingState
from webinars.rights import Act
from webinars.steering import Again
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.fields import Form, Required
from webinars.web.languages import N_, ngettext
from webinars.web.languages import gettext as _
from webinars.web.organiser import reasons
from webinars.web.organiser.acts import Right
from webinars.web.organiser.filtering import PAGE_SIZE, Part, choose_part
from webinars.web.organiser.guard import get_organiser, get_own_event
from webinars.web.organiser.message_form import name_audience
from webinars.web.organiser.reasons import audience_words, mailing_name

blueprint = Blueprint("mailings", __name__)

ACTS: dict[str, Right] = {
    "show": Act.SEE_MAILINGS,
    "preview": Act.SEE_MAILINGS,
    "pause": Act.WRITE_MAILINGS,
    "resume": Act.WRITE_MAILINGS,
    "cancel": Act.WRITE_MAILINGS,
    "send_again": Act.WRITE_MAILINGS,
    "send_test": Act.WRITE_MAILINGS,
}
reasons.set_up(blueprint)

Deed = Callable[[Transaction, Mailing, datetime], str]
"""What is done with a mailing; it returns the sentence that says so."""
ONE = "/events/<slug:slug>/mailings/<int(max=2147483647):mailing_id>"
LIVE = (MailingState.PLANNED, MailingState.HELD, MailingState.SENDING, MailingState.PAUSED)


class TestForm(Form):
    """In which language an organiser wants to see a mail."""

    language = fields.Choice(
        N_("Langue du message"),
        [Required()],
        words=lambda: [(one.value, phrasing.language_label(one, one)) for one in Language],
        is_preset=True,
    )


class Number(NamedTuple):
    """A number of a mailing, with its word."""

    word: str
    number: int
    url: str = ""
    """Where the people are listed that it counts, unless they are on the page."""


@dataclass(frozen=True)
class Page:
    """What a mailing's page shows."""

    row: MailingRow
    given_up: int
    """How many mails were given up, with it or for the sake of their registration."""
    missed: list[DeliveryRow]
    part: Part
    again: Again
    is_live: bool
    """Whether something of it is still to come."""
    is_over: bool
    """Whether its time is over."""
    audience: str
    """Whom it is for, in words."""


@blueprint.get(ONE)
def show(slug: str, mailing_id: int) -> str:
    """Show a mailing: where it stands, what waits and for what, and who did not get it."""
    return _show(slug, mailing_id)


@blueprint.get(f"{ONE}/preview")
def preview(slug: str, mailing_id: int) -> str:
    """Show whom a mailing would reach if it went on now; nothing is sent."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        mailing = steering.get(tx, event.id, mailing_id)
        ahead = steering.preview(tx, mailing, runtime.now())
        name, audience = mailing_name(mailing), _name_audience(tx, event, mailing)
    return render_template(
        "organiser/mailings/preview.html",
        event=event,
        mailing_id=mailing_id,
        ahead=ahead,
        name=name,
        audience=audience,
    )


@blueprint.post(f"{ONE}/pause")
def pause(slug: str, mailing_id: int) -> Response | tuple[str, int]:
    """Let a mailing wait until it is resumed."""

    def do(tx: Transaction, mailing: Mailing, now: datetime) -> str:
        steering.pause(tx, mailing, now)
        return _("L’envoi est en pause : rien n’en part avant la reprise.")

    return _do(slug, mailing_id, do)


@blueprint.post(f"{ONE}/resume")
def resume(slug: str, mailing_id: int) -> Response | tuple[str, int]:
    """Let a paused mailing go on."""

    def do(tx: Transaction, mailing: Mailing, now: datetime) -> str:
        steering.resume(tx, mailing, now)
        return _("L’envoi reprend.")

    return _do(slug, mailing_id, do)


@blueprint.post(f"{ONE}/cancel")
def cancel(slug: str, mailing_id: int) -> Response | tuple[str, int]:
    """Give a mailing up for good."""

    def do(tx: Transaction, mailing: Mailing, now: datetime) -> str:
        number = steering.cancel(tx, mailing)
        return (
            _("L’envoi est annulé.")
            + " "
            + ngettext(
                "%(num)d message qui attendait ne partira pas.",
                "%(num)d messages qui attendaient ne partiront pas.",
                number,
            )
        )

    return _do(slug, mailing_id, do)


@blueprint.post(f"{ONE}/send-again")
def send_again(slug: str, mailing_id: int) -> Response | tuple[str, int]:
    """Send a mailing again to those who did not get it."""
    with_uncertain = request.form.get("uncertain") == "1"

    def do(tx: Transaction, mailing: Mailing, now: datetime) -> str:
        number = steering.send_again(tx, mailing, now, with_uncertain=with_uncertain)
        return ngettext(
            "%(num)d message part à nouveau.", "%(num)d messages partent à nouveau.", number
        )

    return _do(slug, mailing_id, do)


@blueprint.post(f"{ONE}/test")
def send_test(slug: str, mailing_id: int) -> Response | tuple[str, int]:
    """Send a mailing's text to the organiser who asks for it."""
    form = TestForm()
    if not form.validate():
        return _show(slug, mailing_id, test=form), HTTPStatus.UNPROCESSABLE_ENTITY
    email, language = get_organiser().email, Language(form.language.data)

    def do(tx: Transaction, mailing: Mailing, now: datetime) -> str:
        event = get_own_event(tx, slug)
        message_id = mailing.message_id
        mailings.test_to(
            tx, event, mailing.template, email, language, now=now, message_id=message_id
        )
        return _("Un essai part à %(email)s : %(mail)s.", email=email, mail=mailing_name(mailing))

    return _do(slug, mailing_id, do)


def _do(slug: str, mailing_id: int, do: Deed) -> Response | tuple[str, int]:
    """Do something with a mailing, have the workers look, and go back to its page."""
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.transaction() as tx:
            event = get_own_event(tx, slug)
            said = do(tx, steering.get(tx, event.id, mailing_id), now)
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error)
        return _show(slug, mailing_id, refusal), refusal.status
    for lane in Lane:
        runtime.wake(lane)
    flash(said)
    return redirect(url_for("organiser.mailings.show", slug=slug, mailing_id=mailing_id), 303)


def _show(
    slug: str, mailing_id: int, refusal: Refusal | None = None, *, test: TestForm | None = None
) -> str:
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        page = _make_page(tx, event, steering.get(tx, event.id, mailing_id), runtime.now())
    return render_template(
        "organiser/mailings/show.html",
        event=event,
        page=page,
        numbers=_list_numbers(slug, page),
        refusal=refusal.sentence if refusal else None,
        test=test or TestForm(formdata=None, data={"language": Language.FRENCH.value}),
    )


def _make_page(tx: Transaction, event: Event, mailing: Mailing, now: datetime) -> Page:
    rows = mailings.list_rows(tx, event.id, now)
    counted = deliveries.counts(tx, event.id, mailing_id=mailing.id)
    part = choose_part(request.args, deliveries.count_missed(tx, mailing.id))
    return Page(
        row=next(row for row in rows if row.id == mailing.id),
        given_up=counted.get(DeliveryState.CANCELLED, 0),
        missed=deliveries.list_missed(tx, mailing.id, limit=PAGE_SIZE, offset=part.offset),
        part=part,
        again=steering.count_again(tx, mailing, now),
        is_live=mailing.state in LIVE,
        is_over=mailing.expires_at <= now,
        audience=_name_audience(tx, event, mailing),
    )


def _name_audience(tx: Transaction, event: Event, mailing: Mailing) -> str:
    if mailing.message is None:
        return audience_words(mailing.template)
    return name_audience(tx, event, mailing.message.audience)


def _list_numbers(slug: str, page: Page) -> list[Number]:
    """List the numbers of a mailing with their words; the rarer ones only where there are any."""
    row = page.row
    always = [
        Number(_("Messages"), row.total),
        Number(_("Acceptés"), row.accepted),
        Number(_("En attente"), row.waiting),
        Number(_("Non reçus"), row.failed),
    ]
    rare = [
        Number(_("dont incertains"), row.uncertain),
        Number(_("dont adresses écartées"), row.suppressed),
        Number(_("dont revenus en erreur"), row.bounced),
        _mark(slug, row, Only.MAYBE_TWICE, row.maybe_twice),
        _mark(slug, row, Only.UNWANTED, row.unwanted),
        Number(_("Abandonnés"), page.given_up),
    ]
    return [*always, *(one for one in rare if one.number)]


def _mark(slug: str, row: MailingRow, only: Only, number: int) -> Number:
    """Return a number that leads to the people it counts."""
    url = url_for("organiser.deliveries.listing", slug=slug, mailing=row.id, only=only.value)
    return Number(reasons.mark_words(only), number, url)
