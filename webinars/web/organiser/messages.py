"""Messages of an event: what went and what will go, and the texts that organisers write."""

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import mailings, messages, steering
from webinars.database import Transaction
from webinars.errors import MessageEdited, NotFound, WebinarsError
from webinars.mailings import MailingRow
from webinars.messages import Content
from webinars.models import Event, MailingState, Translated
from webinars.rights import Act
from webinars.steering.schedule import Usual
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.languages import gettext as _
from webinars.web.organiser import message_form, parts
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import add_details, get_organiser, get_own_event
from webinars.web.organiser.message_form import MessageForm
from webinars.web.organiser.rules import say_rule

blueprint = Blueprint("messages", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.SEE_MAILINGS,
    "progress": Act.SEE_MAILINGS,
    "form": Act.WRITE_MAILINGS,
    "create": Act.WRITE_MAILINGS,
    "show": Act.SEE_MAILINGS,
    "edit": Act.WRITE_MAILINGS,
    "copy": Act.WRITE_MAILINGS,
    "remove": Act.WRITE_MAILINGS,
}

ALL = "/events/<slug:slug>/messages"
ONE = f"{ALL}/<int(max=2147483647):message_id>"
NOT_BEGUN = (MailingState.PLANNED, MailingState.HELD, MailingState.PAUSED)


@dataclass(frozen=True)
class Timeline:
    """What went and what will go."""

    rows: list[MailingRow]
    expected: dict[int, int]
    """Of those that have not begun: how many people each would reach now, by number."""

    @property
    def is_moving(self) -> bool:
        """Tell whether something is leaving at present."""
        return any(row.state is MailingState.SENDING for row in self.rows)


@blueprint.get(ALL)
def listing(slug: str) -> str:
    """Show what went and what will go, when, to how many; and what is still being written."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        timeline = _look(tx, event)
        drafts = messages.list_drafts(tx, event.id)
        usual = steering.list_usual(event)
    return render_template(
        "organiser/messages/listing.html",
        event=event,
        timeline=timeline,
        drafts=drafts,
        usual=[(one, _say_usual(one)) for one in usual],
    )


@blueprint.get(f"{ALL}/progress")
def progress(slug: str) -> Response:
    """Show how far what is leaving has come, for the page that shows it already."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        timeline = _look(tx, event)
    return parts.render("organiser/messages/progress.html", event=event, timeline=timeline)


@blueprint.get(f"{ALL}/new")
def form(slug: str) -> str:
    """Offer an empty message, to the audience that the address says."""
    said = {key: value for key, value in request.args.items() if value}
    words = message_form.write_words(said) if said else "status=confirmed"
    content = Content(Translated(""), Translated(""), message_form.read_words(words))
    return _show_form(slug, MessageForm(formdata=None, data=message_form.fill(content)))


@blueprint.post(f"{ALL}/new")
def create(slug: str) -> Response | tuple[str, int]:
    """Keep what was written; nothing leaves."""
    runtime = get_runtime()
    now, typed = runtime.now(), _read_form(slug)
    if not typed.validate():
        return _show_form(slug, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        author = get_organiser().email
        message = messages.create(tx, event, typed.read(), author=author, now=now)
        add_details(message=str(message.id))
        message_id = message.id
    flash(_("Le message est enregistré ; rien n’est parti."))
    return _go_on(slug, message_id)


@blueprint.get(ONE)
def show(slug: str, message_id: int) -> str:
    """Show a message to be written on, or as it left."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        message = messages.get(tx, event.id, message_id)
        data = message_form.fill(messages.read(message))
    return _show_form(slug, MessageForm(formdata=None, data=data), message_id=message_id)


@blueprint.post(ONE)
def edit(slug: str, message_id: int) -> Response | tuple[str, int]:
    """Keep what was changed, unless someone else has saved it or it has begun to leave."""
    runtime = get_runtime()
    now, typed = runtime.now(), _read_form(slug)
    version = request.form.get("version", 0, type=int)
    if not typed.validate():
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _show_form(slug, typed, message_id=message_id, version=version), status
    try:
        with runtime.transaction() as tx:
            event = get_own_event(tx, slug)
            message, author = messages.get(tx, event.id, message_id), get_organiser().email
            messages.edit(tx, message, typed.read(), version=version, author=author, now=now)
    except NotFound:
        raise
    except WebinarsError as error:
        return _show_form(slug, typed, message_id=message_id, error=error), explain(error).status
    flash(_("Le message est enregistré ; rien n’est parti."))
    return _go_on(slug, message_id)


@blueprint.post(f"{ONE}/copy")
def copy(slug: str, message_id: int) -> Response:
    """Begin a new message with the text of another."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        message = messages.get(tx, event.id, message_id)
        copied = messages.copy(tx, message, author=get_organiser().email, now=now).id
    flash(_("Une copie du message est prête à être modifiée."))
    return redirect(url_for("organiser.messages.show", slug=slug, message_id=copied), 303)


@blueprint.post(f"{ONE}/remove")
def remove(slug: str, message_id: int) -> Response:
    """Forget a message that was never scheduled."""
    with get_runtime().transaction() as tx:
        event = get_own_event(tx, slug)
        messages.remove(tx, messages.get(tx, event.id, message_id))
    flash(_("Le message est supprimé."))
    return redirect(url_for("organiser.messages.listing", slug=slug), 303)


def _look(tx: Transaction, event: Event) -> Timeline:
    rows = mailings.list_rows(tx, event.id, get_runtime().now())
    ahead = [row.id for row in rows if row.due_at and row.state in NOT_BEGUN and not row.total]
    return Timeline(rows, steering.count_expected(tx, event.id, ahead))


def _say_usual(one: Usual) -> str:
    return _("ne part pas") if one.rule is None else say_rule(one.rule)


def _go_on(slug: str, message_id: int) -> Response:
    return redirect(
        url_for("organiser.message_reviews.preview", slug=slug, message_id=message_id), 303
    )


def _read_form(slug: str) -> MessageForm:
    typed = MessageForm()
    with get_runtime().reading() as tx:
        typed.offer(message_form.list_audiences(tx, get_own_event(tx, slug)))
    return typed


def _show_form(
    slug: str,
    typed: MessageForm,
    *,
    message_id: int | None = None,
    version: int | None = None,
    error: WebinarsError | None = None,
) -> str:
    """Show a message with what is wrong; where someone else has saved it, hers beside it."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        typed.offer(message_form.list_audiences(tx, event))
        message = None if message_id is None else messages.get(tx, event.id, message_id)
        mailing = None if message is None else messages.find_mailing(tx, message)
        is_fixed = mailing is not None and messages.has_begun(tx, mailing)
    return render_template(
        "organiser/messages/form.html",
        event=event,
        form=typed,
        message=message,
        mailing=mailing,
        is_fixed=is_fixed,
        # Saved once more after both were seen, what is in the fields counts.
        version=version if version is not None else message.version if message else 0,
        theirs=message if isinstance(error, MessageEdited) else None,
        refusal=None if error is None else explain(error).sentence,
        placeholders=message_form.list_placeholders(),
        advised=message_form.ADVISED,
    )
