"""A new event from little: one short page, a draft at once."""

import contextlib
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from webinars import editing, eventfiles, organisers, phrasing, rights, zones
from webinars.database import Transaction
from webinars.editing import DEFAULTS
from webinars.errors import FileRefused, SlugTaken
from webinars.eventfiles.shape import TITLE_LIMIT
from webinars.models import Event, EventKind, Institution, InstitutionRole, Mode
from webinars.rights import Act
from webinars.typed import LINE_LIMIT, URL_LIMIT
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Form, Limit, Required
from webinars.web.filters import label
from webinars.web.languages import N_, get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard
from webinars.web.organiser.acts import Right
from webinars.web.organiser.edit_fields import Many, Number, list_zones
from webinars.web.organiser.edit_forms import DATE_FIELDS, filled_only, read_dates
from webinars.web.organiser.edits import put_problems
from webinars.web.organiser.eventfiles import IsSlug
from webinars.web.organiser.guard import get_organiser
from webinars.web.organiser.moments import Clock, Day, read_day, read_time, write_time

blueprint = Blueprint("creations", __name__)

ACTS: dict[str, Right] = {
    "form": Act.CREATE_EVENT,
    "create": Act.CREATE_EVENT,
    "check": Act.CREATE_EVENT,
}

Answer = Response | tuple[str, int]


class IsSlugIfAny(IsSlug):
    """The field must be what an event's address can end with; empty is the title's."""

    def __call__(self, form: Form, field: fields.Text) -> None:
        """Refuse what is no slug."""
        if field.data:
            super().__call__(form, field)


class NewForm(Form):
    """What an event begins with."""

    title = fields.Text(N_("Titre"), [Required(), Limit(TITLE_LIMIT)])
    title_ar = fields.Text(N_("Titre en arabe"), [Limit(TITLE_LIMIT)], render_kw={"lang": "ar"})
    title_en = fields.Text(N_("Titre en anglais"), [Limit(TITLE_LIMIT)], render_kw={"lang": "en"})
    slug = fields.Text(
        N_("Adresse courte"), [IsSlugIfAny()], render_kw={"dir": "ltr", "spellcheck": "false"}
    )
    kind = fields.Choice(
        N_("Type"),
        [Required()],
        words=lambda: [(one.value, label(one)) for one in EventKind],
        is_preset=True,
    )
    starts_on = Day(N_("Premier jour"), [Required()])
    starts_time = Clock(N_("Heure de début"))
    ends_on = Day(N_("Dernier jour"))
    ends_time = Clock(N_("Heure de fin"))
    timezone = fields.Choice(N_("Fuseau horaire"), [Required()], words=list_zones, is_preset=True)
    mode = fields.Choice(
        N_("Comment"),
        [Required()],
        words=lambda: [(one.value, label(one)) for one in Mode],
        is_preset=True,
    )
    venue_name = fields.Text(N_("Lieu"), [Limit(LINE_LIMIT)])
    venue_city = fields.Text(N_("Ville"), [Limit(LINE_LIMIT)])
    venue_country = fields.Country(N_("Pays"))
    room_url = fields.Text(
        N_("Adresse de la salle"), [Limit(URL_LIMIT)], render_kw={"dir": "ltr", "inputmode": "url"}
    )
    capacity = Number(N_("Nombre de places"))
    pilot = fields.Choice(N_("Institution pilote"), [Required()], words=lambda: [])
    partners = Many(N_("Institutions partenaires"), words=lambda: [])

    def find_field(self, key: str) -> str:
        """Return the field that a part of an event file is typed in; empty: there is none."""
        known = DATE_FIELDS | {"title.fr": "title", "connection.url": "room_url"}
        name = known.get(key) or key.replace(".", "_")
        return name if name in self else ""


@blueprint.get("/events/new")
def form() -> str:
    """Ask what a new event is, with what its kind usually begins with."""
    asked = request.args.get("kind", "")
    kind = EventKind(asked) if asked in set(EventKind) else EventKind.WEBINAR
    defaults = DEFAULTS[kind]
    with get_runtime().reading() as tx:
        form_class = _make_form(tx)
        country = _find_country(tx)
    begun = {
        "kind": kind.value,
        "mode": defaults.mode.value,
        "starts_time": write_time(defaults.starts_time),
        "ends_time": write_time(defaults.ends_time),
        "timezone": editing.find_zone(country),
        "pilot": str(get_organiser().institution_id or ""),
    }
    return _show(form_class(formdata=None, data=begun))


@blueprint.post("/events/new")
def create() -> Answer:
    """Make a draft of what was typed."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        filled_in = _make_form(tx)()
    filled_in.slug.data = filled_in.slug.data or eventfiles.propose_slug(filled_in.title.data)
    filled_in.ends_on.data = filled_in.ends_on.data or filled_in.starts_on.data
    if not filled_in.validate() or not filled_in.slug.data:
        if not filled_in.slug.data:
            filled_in.refuse("slug", _("Ce champ est obligatoire."))
        return _show(filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            event = _create(tx, filled_in, runtime.now())
    except FileRefused as error:
        return _show(filled_in, put_problems(filled_in, error)), 422
    except SlugTaken as error:
        filled_in.refuse("slug", explain(error).sentence)
        return _show(filled_in), HTTPStatus.CONFLICT
    flash(_("L’événement est un brouillon : personne d’autre ne le voit encore."))
    return redirect(url_for("organiser.publications.show", slug=event.slug), 303)


@blueprint.get("/events/new/check")
def check() -> Response:
    """Say what is being typed as people will read it: the day, the hours of each city, the slug."""
    said = request.args
    return jsonify(
        when=say_when(said.get), slug=eventfiles.propose_slug(said.get("title", "")[:TITLE_LIMIT])
    )


def say_when(read: Any) -> str:
    """Return when an event would be held, as people read it; empty where that is not known yet."""
    with contextlib.suppress(Exception):
        return _say_when(read)
    return ""


def _say_when(read: Any) -> str:
    day, last = read_day(read("starts_on")), read_day(read("ends_on"))
    at, until = read_time(read("starts_time")), read_time(read("ends_time"))
    zone = read("timezone") or editing.find_zone("")
    if day is None:
        return ""
    if at is None:
        return phrasing.dates(day, last or day, get_language())
    starts_at = zones.to_instant(datetime.combine(day, at), zone)
    ends_at = zones.to_instant(datetime.combine(last or day, until), zone) if until else None
    shown = editing.list_shown_zones(zone)
    return phrasing.period(starts_at, ends_at, shown, get_language())


def _create(tx: Transaction, filled_in: NewForm, now: datetime) -> Event:
    said = _read(tx, filled_in)
    kind = EventKind(filled_in.kind.data)
    event = editing.create(tx, editing.complete(kind, said, today=now.date()), now=now)
    tx.refresh(event, ["institutions"])
    guard.write_down(tx, event_id=event.id)
    return event


def _read(tx: Transaction, filled_in: NewForm) -> dict[str, Any]:
    title = {"fr": filled_in.title.data, "ar": filled_in.title_ar.data}
    title["en"] = filled_in.title_en.data
    room = filled_in.room_url.data
    return read_dates(filled_in) | {
        "slug": filled_in.slug.data,
        "kind": filled_in.kind.data,
        "title": filled_only(title),
        "capacity": int(filled_in.capacity.data) if filled_in.capacity.data else None,
        "institutions": _list_institutions(tx, filled_in),
        "connection": {"url": room} if room else None,
    }


def _list_institutions(tx: Transaction, filled_in: NewForm) -> list[dict[str, Any]]:
    pilot = int(filled_in.pilot.data)
    chosen = [pilot, *(int(one) for one in filled_in.partners.data if int(one) != pilot)]
    known = {
        one.id: one for one in tx.scalars(select(Institution).where(Institution.id.in_(chosen)))
    }
    roles = {pilot: InstitutionRole.PILOT}
    return [
        {
            "name": known[one].name,
            "acronym": known[one].acronym,
            "country": known[one].country,
            "role": roles.get(one, InstitutionRole.PARTNER).value,
        }
        for one in chosen
    ]


def _make_form(tx: Transaction) -> type[NewForm]:
    """Return the form with the institutions that are known; one's own is the pilot."""
    known = list(tx.scalars(select(Institution).order_by(Institution.name, Institution.id)))
    words = [(str(one.id), f"{one.acronym} – {one.name}") for one in known]
    own = get_organiser().institution_id
    pilots = words if own is None else [one for one in words if one[0] == str(own)]
    others = [one for one in words if one[0] != str(own)]
    return type(
        "NewForm",
        (NewForm,),
        {
            "pilot": fields.Choice(
                N_("Institution pilote"),
                [Required()],
                words=lambda: pilots,
                is_preset=own is not None,
            ),
            "partners": Many(N_("Institutions partenaires"), words=lambda: others),
        },
    )


def _find_country(tx: Transaction) -> str:
    own = get_organiser().institution_id
    institution = tx.get(Institution, own) if own is not None else None
    return institution.country if institution else ""


def _show(filled_in: NewForm, refusal: str | None = None) -> str:
    runtime = get_runtime()
    with runtime.reading() as tx:
        own = organisers.list_events_for(tx, get_organiser(), now=runtime.now())
    organiser = get_organiser()
    former = [one for one in own if rights.may(organiser, Act.EDIT_EVENT, event=one)]
    return render_template(
        "organiser/creations/form.html",
        form=filled_in,
        refusal=refusal,
        kinds=list(EventKind),
        former=former,
        when=say_when(lambda name: filled_in[name].data),
    )
