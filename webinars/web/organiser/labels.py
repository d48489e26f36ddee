"""Tags and notes of one registration: what organisers tell each other about it."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from webinars import notes, tags
from webinars.database import Transaction
from webinars.errors import NotFound, WebinarsError
from webinars.models import Registration
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.filters import full_name
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import add_details, get_organiser, get_own_registration

blueprint = Blueprint("labels", __name__)

ACTS: dict[str, Right] = {
    "add_tag": Act.EDIT_PEOPLE,
    "remove_tag": Act.EDIT_PEOPLE,
    "add_note": Act.EDIT_PEOPLE,
    "remove_note": Act.EDIT_PEOPLE,
}

ONE = "/events/<slug:slug>/registrations/<int(max=2147483647):registration_id>"
Deed = Callable[[Transaction, Registration, datetime], str]


@blueprint.post(f"{ONE}/tags")
def add_tag(slug: str, registration_id: int) -> Response:
    """Give a registration a tag, which comes into being with it."""
    name = request.form.get("tag", "")

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        tags.add(tx, registration.event, name, [registration.id])
        add_details(tag=name[: tags.NAME_LIMIT])
        return _("%(name)s : étiquette ajoutée.", name=full_name(registration))

    return _do(slug, registration_id, do)


@blueprint.post(f"{ONE}/tags/remove")
def remove_tag(slug: str, registration_id: int) -> Response:
    """Take a tag from a registration."""
    name = request.form.get("tag", "")

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        tags.remove(tx, registration.event, name, [registration.id])
        add_details(tag=name[: tags.NAME_LIMIT])
        return _("%(name)s : étiquette retirée.", name=full_name(registration))

    return _do(slug, registration_id, do)


@blueprint.post(f"{ONE}/notes")
def add_note(slug: str, registration_id: int) -> Response:
    """Note something about a registration, for the other organisers."""

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        author = get_organiser().email
        notes.add(tx, registration, request.form.get("note", ""), author=author, now=now)
        return _("La note est ajoutée.")

    return _do(slug, registration_id, do)


@blueprint.post(f"{ONE}/notes/<int(max=2147483647):note_id>/remove")
def remove_note(slug: str, registration_id: int, note_id: int) -> Response:
    """Remove a note about a registration."""

    def do(tx: Transaction, registration: Registration, now: datetime) -> str:
        notes.remove(tx, registration, note_id)
        return _("La note est retirée.")

    return _do(slug, registration_id, do)


def _do(slug: str, registration_id: int, do: Deed) -> Response:
    """Do something with a registration, and go back to its page with what came of it."""
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.transaction() as tx:
            said = do(tx, get_own_registration(tx, slug, registration_id), now)
    except NotFound:
        raise
    except WebinarsError as error:
        said = explain(error).sentence
    flash(said)
    page = url_for("organiser.registrations.show", slug=slug, registration_id=registration_id)
    return redirect(f"{page}#labels", 303)
