"""The empty registration form, written once for each edition of an event.

In one language it is the same for everyone, but for two draws: the proof that a form is ours, and
what tells it from any other. Writing some twenty fields is the dearest thing that a visitor asks
for; filling in two draws costs next to nothing.
"""

from collections.abc import Mapping

from flask import current_app, render_template, request
from flask_wtf.csrf import generate_csrf

from webinars.models import Event
from webinars.web.languages import get_language
from webinars.web.public.events import Call
from webinars.web.registration_form import draw_identity, make_form

PROOF, IDENTITY = "\0proof\0", "\0identity\0"
"""Where the draws stand in a form that is kept; no page holds such letters."""
MOST_KEPT = 100

EXTENSION = "webinars-blank-forms"


def show(event: Event, call: Call, left: Mapping[str, int]) -> str:
    """Show the empty form of an event, with draws of its own."""
    kept: dict[tuple[object, ...], str] = current_app.extensions.setdefault(EXTENSION, {})
    key = (event.id, event.edition, get_language(), call, *left.items())
    page = None if request.args else kept.get(key)  # what was asked for stands in the page's links
    if page is None:
        page = _write(event, call, left)
        if not request.args:
            _keep(kept, key, page)
    return page.replace(PROOF, generate_csrf()).replace(IDENTITY, draw_identity())


def _write(event: Event, call: Call, left: Mapping[str, int]) -> str:
    blank = make_form(event, left)
    page = render_template(
        "public/registrations/form.html", event=event, call=call, form=blank, refusal=None
    )
    proof, identity = blank.csrf_token.current_token, blank.form_identity.data
    return page.replace(proof, PROOF).replace(identity, IDENTITY)


def _keep(kept: dict[tuple[object, ...], str], key: tuple[object, ...], page: str) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[key] = page
