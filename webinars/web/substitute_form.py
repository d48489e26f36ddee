"""The form about a substitute, for the person herself and for an organiser who was telephoned."""

from webinars import phrasing
from webinars.models import Civility, Language, Registration
from webinars.substitutes import Substitute
from webinars.typed import LINE_LIMIT, NAME_LIMIT, check_phone
from webinars.web import fields
from webinars.web.fields import ADDRESS, Checked, Form, Limit, Required
from webinars.web.filters import label
from webinars.web.languages import N_


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


def make_form(registration: Registration, *, has_csrf: bool = True) -> SubstituteForm:
    """Return the form for a registration, as it came in or empty."""
    preset = {"language": registration.language.value}
    form = SubstituteForm(data=preset, meta={} if has_csrf else {"csrf": False})
    form.country = registration.country
    return form


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
