"""Saved audiences of an event: a filter of its registrations, under a name."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import participants, saved_audiences
from webinars.database import Transaction
from webinars.errors import AudienceKnown
from webinars.filtering import ANSWER, NOT, read_filter, write_filter
from webinars.models import Audience, Event
from webinars.rights import Act
from webinars.typed import NAME_LIMIT
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Form, Limit, Required, Text
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Right
from webinars.web.organiser.guard import add_details, get_organiser, get_own_event
from webinars.web.organiser.words import list_choices

blueprint = Blueprint("audiences", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.SEE_PEOPLE,
    "form": Act.EDIT_PEOPLE,
    "save": Act.EDIT_PEOPLE,
    "name_form": Act.EDIT_PEOPLE,
    "rename": Act.EDIT_PEOPLE,
    "remove": Act.EDIT_PEOPLE,
}

ALL = "/events/<slug:slug>/audiences"
ONE = f"{ALL}/<int(max=2147483647):audience_id>"

Criteria = list[tuple[str, str]]
"""What a list is limited to, as a page says it: the criterion, and its value."""


class NameForm(Form):
    """The name of an audience."""

    name = Text(N_("Nom de la sélection"), [Required(), Limit(NAME_LIMIT)])


@blueprint.get(ALL)
def listing(slug: str) -> str:
    """List the audiences of an event, with how many people are in each now."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        rows = [
            (
                one,
                participants.count(tx, event.id, saved_audiences.read(one)),
                describe(tx, event, one.words),
            )
            for one in saved_audiences.list_all(tx, event.id)
        ]
    return render_template("organiser/audiences/listing.html", event=event, rows=rows)


@blueprint.get(f"{ALL}/add")
def form(slug: str) -> str:
    """Ask how a selection is to be called."""
    return _show(slug, NameForm(formdata=None), said=request.args)


@blueprint.post(ALL)
def save(slug: str) -> Response | tuple[str, int]:
    """Save the selection under a name."""
    runtime = get_runtime()
    now, typed = runtime.now(), NameForm()
    if not typed.validate():
        return _show(slug, typed, said=request.args), HTTPStatus.UNPROCESSABLE_ENTITY
    wanted = read_filter(request.args)
    try:
        with runtime.transaction() as tx:
            event = get_own_event(tx, slug)
            author = get_organiser().email
            saved = saved_audiences.save(
                tx, event.id, typed.name.data, wanted, author=author, now=now
            )
            add_details(audience=saved.name)
    except AudienceKnown as error:
        return _refuse(slug, typed, error)
    flash(_("La sélection « %(name)s » est enregistrée.", name=saved.name))
    return redirect(url_for("organiser.registrations.listing", slug=slug, audience=saved.id), 303)


@blueprint.get(f"{ONE}/name")
def name_form(slug: str, audience_id: int) -> str:
    """Ask for another name of an audience."""
    with get_runtime().reading() as tx:
        audience = _get(tx, slug, audience_id)
    return _show(slug, NameForm(formdata=None, name=audience.name), audience=audience)


@blueprint.post(f"{ONE}/name")
def rename(slug: str, audience_id: int) -> Response | tuple[str, int]:
    """Give an audience another name."""
    runtime = get_runtime()
    typed = NameForm()
    with runtime.reading() as tx:
        audience = _get(tx, slug, audience_id)
    if not typed.validate():
        return _show(slug, typed, audience=audience), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            saved_audiences.rename(tx, _get(tx, slug, audience_id), typed.name.data)
            add_details(audience=typed.name.data)
    except AudienceKnown as error:
        return _refuse(slug, typed, error, audience)
    flash(_("La sélection s’appelle désormais « %(name)s ».", name=typed.name.data))
    return redirect(url_for("organiser.audiences.listing", slug=slug), 303)


@blueprint.post(f"{ONE}/remove")
def remove(slug: str, audience_id: int) -> Response:
    """Forget an audience."""
    with get_runtime().transaction() as tx:
        audience = _get(tx, slug, audience_id)
        add_details(audience=audience.name)
        saved_audiences.remove(tx, audience)
    flash(_("La sélection « %(name)s » est supprimée.", name=audience.name))
    return redirect(url_for("organiser.audiences.listing", slug=slug), 303)


def describe(tx: Transaction, event: Event, words: Mapping[str, str]) -> Criteria:
    """Return what a list is limited to, as a page says it."""
    offered = list_choices(
        event,
        sources=participants.list_sources(tx, event.id),
        countries=participants.list_countries(tx, event.id),
    )
    yes_or_no = [("yes", _("Oui")), ("no", _("Non"))]
    known = {
        "search": (_("Recherche"), []),
        "status": (_("Statut"), offered.statuses),
        "kind": (_("Type de structure"), offered.kinds),
        "country": (_("Pays"), offered.countries),
        "session": (_("Séance"), offered.sessions),
        "mode": (_("Participation"), offered.modes),
        "entered": (_("Connexion"), yes_or_no),
        "presence": (_("Présence"), offered.presences),
        "reconfirm": (_("À reconfirmer"), yes_or_no),
        "request": (_("Demande en attente"), yes_or_no),
        "source": (_("Inscription par"), offered.sources),
        "role": (_("Qualité"), offered.roles),
        "organization": (_("Structure"), []),
        "language": (_("Langue des messages"), offered.languages),
        "tag": (_("Étiquette"), []),
        "priority": (_("Public prioritaire"), yes_or_no),
        "unreached": (_("Message non reçu"), yes_or_no),
        "question": (_("Pose une question"), yes_or_no),
        "chosen": (_("Séance choisie"), yes_or_no),
        "since": (_("Inscription depuis le"), []),
        "until": (_("Inscription jusqu’au"), []),
    }
    known |= {ANSWER + key: (title, answers) for key, title, answers in offered.questions}
    return [
        (
            title,
            _say_value(
                dict(options).get(words[name], words[name]), is_excluded=NOT + name in words
            ),
        )
        for name in words
        if not name.startswith(NOT)
        for title, options in [known.get(name, (name, []))]
    ]


def _say_value(value: str, *, is_excluded: bool) -> str:
    return _("sauf %(value)s", value=value) if is_excluded else value


def _get(tx: Transaction, slug: str, audience_id: int) -> Audience:
    return saved_audiences.get(tx, get_own_event(tx, slug).id, audience_id)


def _refuse(
    slug: str, typed: NameForm, error: AudienceKnown, audience: Audience | None = None
) -> tuple[str, int]:
    refusal = explain(error)
    typed.refuse(refusal.field, refusal.sentence)
    return _show(slug, typed, audience=audience, said=request.args), refusal.status


def _show(
    slug: str,
    typed: NameForm,
    *,
    audience: Audience | None = None,
    said: Mapping[str, str] | None = None,
) -> str:
    """Ask for a name: of an audience there is, or of what the address says."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        words = audience.words if audience else write_filter(read_filter(said or {}))
        people = participants.count(tx, event.id, read_filter(words))
        criteria = describe(tx, event, words)
    return render_template(
        "organiser/audiences/form.html",
        event=event,
        form=typed,
        audience=audience,
        said=words,
        people=people,
        criteria=criteria,
    )
