"""The mailings that an event has by itself: when each leaves, or that it does not."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import steering
from webinars.errors import NotFound, WebinarsError
from webinars.models import Event, Lane, MailName
from webinars.rights import Act
from webinars.steering.schedule import Usual
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.filters import label
from webinars.web.languages import gettext as _
from webinars.web.organiser import rules
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import add_details, get_own_event
from webinars.web.organiser.reasons import audience_words
from webinars.web.organiser.rules import OFF, UsualForm

blueprint = Blueprint("usual", __name__)
blueprint.add_app_template_filter(rules.zone_words)

ACTS: dict[str, Right] = {"form": Act.WRITE_MAILINGS, "put": Act.WRITE_MAILINGS}
ONE = "/events/<slug:slug>/messages/usual/<word>"


@blueprint.get(ONE)
def form(slug: str, word: str) -> str:
    """Ask when one of the event's own mailings is to leave."""
    with get_runtime().reading() as tx:
        usual = _find(get_own_event(tx, slug), word)
    return _show(slug, word, UsualForm(formdata=None, data=rules.fill(usual.rule)))


@blueprint.post(ONE)
def put(slug: str, word: str) -> Response | tuple[str, int]:
    """Have one of the event's own mailings leave at another hour, or not at all."""
    runtime = get_runtime()
    now, typed = runtime.now(), UsualForm()
    if not typed.validate():
        return _show(slug, word, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    rule = None if typed.when.data == OFF else typed.read()
    try:
        with runtime.transaction() as tx:
            event = get_own_event(tx, slug)
            template = _find(event, word).template
            steering.set_rule(tx, event, template, rule, now=now)
            add_details(mailing=template.value, rule=rule or OFF)
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error)
        return _show(slug, word, typed, refusal), refusal.status
    runtime.wake(Lane.BULK)
    flash(_("C’est enregistré : %(mail)s.", mail=label(template)))
    return redirect(url_for("organiser.messages.listing", slug=slug), 303)


def _find(event: Event, word: str) -> Usual:
    """Find a mailing of the event by its word.

    :raises NotFound: the event has none of that name.
    """
    found = next((one for one in steering.list_usual(event) if one.template == word), None)
    if found is None:
        raise NotFound("mailing", word)
    return found


def _show(slug: str, word: str, typed: UsualForm, refusal: Refusal | None = None) -> str:
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        usual = _find(event, word)
    return render_template(
        "organiser/usual/form.html",
        event=event,
        usual=usual,
        form=typed,
        audience=audience_words(MailName(usual.template)),
        refusal=refusal.sentence if refusal else None,
    )
