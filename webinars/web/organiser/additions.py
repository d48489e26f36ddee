"""Registering someone by hand: who wrote to a contact, who telephoned, who stands at the door.

Closing times do not count here; the capacity does.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import attendance, choices, merging, registrations
from webinars.errors import WebinarsError
from webinars.models import Event, Lane, Presence, Registration
from webinars.registrations import Outcome, Registered
from webinars.rights import Act
from webinars.web import fields, question_fields
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.fields import Form, Required
from webinars.web.filters import full_name, label
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import get_organiser, get_own_event
from webinars.web.registration_form import RegistrationForm, identify, make_form, read_answers

blueprint = Blueprint("additions", __name__)
question_fields.allow_files(blueprint)

ACTS: dict[str, Right] = {
    "form": Act.EDIT_PEOPLE,
    "submit": Act.EDIT_PEOPLE,
}

ABOUT_SOMEONE_ELSE = {
    "role": N_("Qualité"),
    "on_behalf_of": N_("Représente également"),
    "attendance_mode": N_("Participation"),
    "question": N_("Question aux intervenants"),
    "assistant_email": N_("Adresse de l’assistant(e)"),
}
"""Fields of the public form that say \"you\", in other words."""

SERVICE = "organiser"
"""The source of a registration for an event that no institution is named for."""


class EntryForm(Form):
    """How a registration came in, beside what the person said."""

    source = fields.Choice(N_("Reçue par"), [Required()], words=list, is_preset=True)
    is_present = fields.Tick(N_("La personne est là : la marquer présente"))
    mail = fields.Tick(N_("Envoyer la confirmation par message"))
    is_other = fields.Tick(N_("C’est une autre personne : l’inscrire aussi"))


@blueprint.get("/events/<slug:slug>/registrations/add")
def form(slug: str) -> str:
    """Show the registration form to an organiser."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        left = choices.count_left(tx, event)
    return _show(event, _make_form(event, left), _make_entry(event))


@blueprint.post("/events/<slug:slug>/registrations/add")
def submit(slug: str) -> Response | tuple[str, int]:
    """Register someone by hand, and note at once that the person has come, if so."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        left = choices.count_left(tx, event)
    filled_in, entry = _make_form(event, left), _make_entry(event)
    if not (filled_in.validate() & entry.validate()):
        return _show(event, filled_in, entry), HTTPStatus.UNPROCESSABLE_ENTITY
    if not entry.is_other.data:
        with runtime.reading() as tx:
            alike = merging.list_alike_to(tx, event, read_answers(filled_in))
        if alike:
            return _show(event, filled_in, entry, alike=alike), HTTPStatus.CONFLICT
    try:
        registered = _register(slug, filled_in, entry)
    except WebinarsError as error:
        return _show_refused(event, filled_in, entry, explain(error, event))
    runtime.wake(Lane.PROMPT)
    flash(_say(registered))
    registration_id = registered.registration.id
    own_page = url_for("organiser.registrations.show", slug=slug, registration_id=registration_id)
    return redirect(own_page, 303)


def _register(slug: str, filled_in: RegistrationForm, entry: EntryForm) -> Registered:
    runtime = get_runtime()
    now = runtime.now()
    with runtime.transaction() as tx:
        registered = registrations.register(
            tx,
            get_own_event(tx, slug),
            read_answers(filled_in),
            source=entry.source.data,
            now=now,
            form_identity=identify(filled_in),
            by_organiser=True,
            mail=entry.mail.data,
        )
        if entry.is_present.data:
            attendance.record(tx, registered.registration, Presence.PRESENT, now=now)
    return registered


def _say(registered: Registered) -> str:
    registration = registered.registration
    said = {"name": full_name(registration), "status": label(registration.status)}
    if registered.outcome is Outcome.KNOWN:
        return _("%(name)s avait déjà une inscription : %(status)s. Rien n’a été changé.", **said)
    return _("%(name)s : inscription enregistrée, %(status)s.", **said)


def _make_form(event: Event, left: Mapping[str, int]) -> RegistrationForm:
    """Return the public form, speaking about someone else and filled in by no browser's memory."""
    return speak_of_someone_else(make_form(event, left))


def speak_of_someone_else(form: RegistrationForm) -> RegistrationForm:
    """Return a form that no longer says \"you\", and that no browser fills in by itself."""
    for field in form:
        if "autocomplete" in (field.render_kw or {}):
            field.render_kw = {**field.render_kw, "autocomplete": "off"}
        if field.name in ABOUT_SOMEONE_ELSE:
            field.label.text = str(ABOUT_SOMEONE_ELSE[field.name])
    return form


def choose_source(event: Event) -> str:
    """Return who enters what this organiser enters: the own institution, or the event's first."""
    sources = _list_sources(event)
    institution = get_organiser().institution
    return institution.acronym if institution and institution.acronym in sources else sources[0]


def _list_sources(event: Event) -> list[str]:
    return list(dict.fromkeys(one.institution.acronym for one in event.institutions)) or [SERVICE]


def _make_entry(event: Event) -> EntryForm:
    form = EntryForm(data={"source": choose_source(event), "mail": True})
    form.source.choices = [(one, one) for one in _list_sources(event)]
    return form


def _show_refused(
    event: Event, filled_in: RegistrationForm, entry: EntryForm, refusal: Refusal
) -> tuple[str, int]:
    with get_runtime().reading() as tx:
        filled_in.sessions.left = choices.count_left(tx, event)
    at_field = filled_in.refuse(refusal.field, refusal.sentence)
    return _show(event, filled_in, entry, None if at_field else refusal), refusal.status


def _show(
    event: Event,
    filled_in: RegistrationForm,
    entry: EntryForm,
    refusal: Refusal | None = None,
    *,
    alike: Sequence[Registration] = (),
) -> str:
    return render_template(
        "organiser/additions/form.html",
        event=event,
        form=filled_in,
        entry=entry,
        alike=alike,
        refusal=refusal.sentence if refusal else None,
    )
