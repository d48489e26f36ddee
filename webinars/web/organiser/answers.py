"""A person's answers and sessions, changed by an organiser: what she asked for, or telephoned.

The deadline for changes does not count here; the places left in a session do.
"""

import io
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, send_file, url_for
from werkzeug.wrappers import Response

from webinars import choices, corrections, participants
from webinars.database import Transaction
from webinars.errors import NotFound, WebinarsError
from webinars.models import Lane, Registration
from webinars.rights import Act
from webinars.web import question_fields
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.filters import full_name
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.additions import speak_of_someone_else
from webinars.web.organiser.guard import get_own_registration
from webinars.web.registration_form import RegistrationForm, make_form, read_answers

blueprint = Blueprint("answers", __name__)
question_fields.allow_files(blueprint)

ACTS: dict[str, Right] = {
    "form": Act.EDIT_PEOPLE,
    "submit": Act.EDIT_PEOPLE,
    "download": Act.SEE_PEOPLE,
}

ONE = "/events/<slug:slug>/registrations/<int(max=2147483647):registration_id>/change"


@blueprint.get(ONE)
def form(slug: str, registration_id: int) -> str:
    """Show what a person said, to be changed."""
    with get_runtime().reading() as tx:
        registration = get_own_registration(tx, slug, registration_id)
        filled_in = _make_form(tx, registration)
    return _show(registration, filled_in)


@blueprint.post(ONE)
def submit(slug: str, registration_id: int) -> Response | tuple[str, int]:
    """Change a person's answers and sessions; she is told of what is new in her calendar."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        registration = get_own_registration(tx, slug, registration_id)
        filled_in = _make_form(tx, registration)
    if not filled_in.validate():
        return _show(registration, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            own = get_own_registration(tx, slug, registration_id)
            corrections.change(tx, own, read_answers(filled_in), now=now, by_organiser=True)
    except NotFound:
        raise
    except WebinarsError as error:
        return _show_refused(registration, filled_in, explain(error, registration.event))
    runtime.wake(Lane.PROMPT)
    flash(_("%(name)s : les réponses sont enregistrées.", name=full_name(own)))
    own_page = url_for("organiser.registrations.show", slug=slug, registration_id=registration_id)
    return redirect(own_page, 303)


@blueprint.get(f"{ONE.removesuffix('/change')}/files/<key>")
def download(slug: str, registration_id: int, key: str) -> Response:
    """Hand over the file that a person sent as an answer."""
    with get_runtime().reading() as tx:
        registration = get_own_registration(tx, slug, registration_id)
        sent = participants.find_file(tx, registration, key)
    if sent is None or registration.answers.get(key) != sent.name:
        raise NotFound("file", key)
    return send_file(
        io.BytesIO(sent.content), as_attachment=True, download_name=sent.name, max_age=0
    )


def _make_form(tx: Transaction, registration: Registration) -> RegistrationForm:
    event = registration.event
    filled_in = make_form(
        event,
        choices.count_left(tx, event),
        registration=registration,
        held=choices.list_codes(registration),
    )
    filled_in.email.data = registration.email  # corrected on a page of its own
    return speak_of_someone_else(filled_in)


def _show_refused(
    registration: Registration, filled_in: RegistrationForm, refusal: Refusal
) -> tuple[str, int]:
    with get_runtime().reading() as tx:
        filled_in.sessions.left = choices.count_left(tx, registration.event)
    at_field = filled_in.refuse(refusal.field, refusal.sentence)
    return _show(registration, filled_in, None if at_field else refusal), refusal.status


def _show(
    registration: Registration, filled_in: RegistrationForm, refusal: Refusal | None = None
) -> str:
    return render_template(
        "organiser/answers/form.html",
        event=registration.event,
        registration=registration,
        form=filled_in,
        refusal=refusal.sentence if refusal else None,
    )
