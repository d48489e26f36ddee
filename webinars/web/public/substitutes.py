"""Naming a substitute, from the own page: by the person, or by her assistant."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template

from webinars import phrasing, substitutes
from webinars.errors import NotFound, WebinarsError
from webinars.models import Civility, Lane, Language
from webinars.substitutes import Substitute
from webinars.typed import LINE_LIMIT, NAME_LIMIT, check_phone
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.fields import ADDRESS, Checked, Form, Limit, Required
from webinars.web.filters import label
from webinars.web.languages import N_
from webinars.web.public.registrations import own_page
from webinars.web.public.standing import Answer, Own, ask, get, read

blueprint = Blueprint("substitutes", __name__)


class SubstituteForm(Form):
    """What is asked about a substitute; everything else passes over from the person."""

    country: str = ""
    """Of the person: a telephone number without its code is of there."""

    civility = fields.Radios(
        N_("Civilité"), words=lambda: [(one.value, label(one)) for one in Civility]
    )
    last_name = fields.Text(N_("Nom"), [Required(), Limit(NAME_LIMIT)], autocomplete="off")
    first_name = fields.Text(N_("Prénom"), [Required(), Limit(NAME_LIMIT)], autocomplete="off")
    email = fields.Email(N_("Adresse électronique"), [Required(), ADDRESS], autocomplete="off")
    phone = fields.Phone(
        N_("Téléphone"),
        [Checked(lambda form, text: check_phone(text, form.country))],
        autocomplete="off",
    )
    job_title = fields.Text(
        N_("Mandat ou fonction"), [Required(), Limit(LINE_LIMIT)], autocomplete="off"
    )
    language = fields.Choice(
        N_("Langue des messages"),
        words=lambda: [(one.value, phrasing.language_label(one, one)) for one in Language],
        is_preset=True,
    )


@blueprint.get("/r/<token>/substitute")
def form(token: str) -> Answer:
    """Ask who comes in the person's place."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = read(tx, token, runtime.now())
    return ask(own, token, _show(own, token, _make_form(own)))


@blueprint.post("/r/<token>/substitute")
def name(token: str) -> Answer:
    """Let someone else come in the person's place: her links die, and both are told."""
    runtime = get_runtime()
    now = runtime.now()
    with runtime.reading() as tx:
        own = read(tx, token, now)
    typed = _make_form(own)
    if not typed.validate():
        return _show(own, token, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            registration, scope = get(tx, token)
            said = read_substitute(typed)
            named = substitutes.name(tx, registration, said, now=now, by_form=True)
    except NotFound:
        raise
    except WebinarsError as error:
        return _show_refused(own, token, typed, explain(error, own.registration.event))
    runtime.wake(Lane.PROMPT)
    done = "joined" if named.was_registered else "represented"
    return redirect(own_page(registration, scope, done=done), 303)


def read_substitute(form: SubstituteForm) -> Substitute:
    """Return what was said in a form that has been validated."""
    return Substitute(
        civility=Civility(form.civility.data or Civility.NONE),
        last_name=form.last_name.data,
        first_name=form.first_name.data,
        email=form.email.data,
        phone=form.phone.data,
        job_title=form.job_title.data,
        language=Language(form.language.data or Language.FRENCH),
    )


def _make_form(own: Own) -> SubstituteForm:
    preset = {"language": own.registration.language.value}
    made = SubstituteForm(data=preset, meta={"csrf": False})
    made.country = own.registration.country
    return made


def _show_refused(own: Own, token: str, form: SubstituteForm, refusal: Refusal) -> Answer:
    at_field = form.refuse(refusal.field, refusal.sentence)
    return _show(own, token, form, None if at_field else refusal), refusal.status


def _show(own: Own, token: str, form: SubstituteForm, refusal: Refusal | None = None) -> str:
    return render_template(
        "public/substitutes/form.html",
        own=own,
        token=token,
        form=form,
        refusal=refusal.sentence if refusal else None,
    )
