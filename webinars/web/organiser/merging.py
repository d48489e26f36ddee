"""Making two registrations of one person one: side by side, with a choice where they differ."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import merging, participants
from webinars.database import Transaction
from webinars.errors import NotFound
from webinars.models import Lane, Registration
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.filters import country, full_name, label
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import add_details, get_own_registration

blueprint = Blueprint("merging", __name__)

ACTS: dict[str, Right] = {"form": Act.EDIT_PEOPLE, "merge": Act.EDIT_PEOPLE}

NUMBER = "int(max=2147483647)"
ONE = f"/events/<slug:slug>/registrations/<{NUMBER}:registration_id>/merge/<{NUMBER}:other_id>"


@blueprint.get(ONE)
def form(slug: str, registration_id: int, other_id: int) -> str:
    """Show two registrations side by side, and ask what stays of each."""
    with get_runtime().reading() as tx:
        kept = get_own_registration(tx, slug, registration_id)
        other = _get_other(tx, kept, other_id)
        differences = merging.list_differences(kept, other)
    rows = [
        (name, say_name(name), say(name, kept), say(name, other))
        for name in merging.FIELDS
        if name in differences
    ]
    return render_template(
        "organiser/merging/form.html", event=kept.event, kept=kept, other=other, rows=rows
    )


@blueprint.post(ONE)
def merge(slug: str, registration_id: int, other_id: int) -> Response:
    """Make the two one, with what was chosen of each."""
    runtime = get_runtime()
    now = runtime.now()
    chosen = [name for name in merging.FIELDS if request.form.get(name) == "other"]
    with runtime.transaction() as tx:
        kept = get_own_registration(tx, slug, registration_id)
        merging.merge(tx, kept, other_id, from_other=chosen, now=now)
        add_details(of_the_other=" ".join(chosen))
    runtime.wake(Lane.PROMPT)
    flash(_("%(name)s : les deux inscriptions n’en font plus qu’une.", name=full_name(kept)))
    page = url_for("organiser.registrations.show", slug=slug, registration_id=registration_id)
    return redirect(page, 303)


def say_name(name: str) -> str:
    """Return what a choice is about."""
    words = {
        "name": _("Nom"),
        "email": _("Adresse électronique"),
        "salutation": _("Formule d’appel"),
        "phone": _("Téléphone"),
        "job_title": _("Mandat ou fonction"),
        "organization": _("Structure"),
        "on_behalf_of": _("Pour le compte de"),
        "language": _("Langue des messages"),
        "attendance_mode": _("Participation"),
        "assistant_email": _("Copie à l’assistant(e)"),
        "question": _("Question aux intervenants"),
        "consents": _("Liste remise aux participants"),
        "answers": _("Réponses"),
    }
    return words[name]


def say(name: str, one: Registration) -> str:
    """Return what a registration says there."""
    if name == "name":
        return full_name(one)
    if name == "job_title":
        return f"{one.job_title} ({label(one.role)})"
    if name == "organization":
        return f"{one.organization} ({label(one.organization_kind)}, {country(one.country)})"
    if name in {"language", "attendance_mode"}:
        return label(getattr(one, name))
    if name == "consents":
        return _("Oui") if one.share_with_participants else _("Non")
    if name == "answers":
        return ", ".join(str(answer) for answer in one.answers.values())
    return str(getattr(one, name))


def _get_other(tx: Transaction, kept: Registration, other_id: int) -> Registration:
    other = participants.get(tx, other_id)
    if other.event_id != kept.event_id or other.id == kept.id:
        raise NotFound("registration", str(other_id))
    return other
