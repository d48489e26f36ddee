"""Who may do what at an event, and what each institution that takes part is shared."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webinars import accounts, grants, organisers, rights
from webinars.database import Transaction
from webinars.errors import NotFound, NotTakingPart, WebinarsError
from webinars.models import AccountPurpose, Event, Lane, Organiser, OrganiserRole, Share
from webinars.rights import Act
from webinars.typed import EMAIL_LIMIT
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Form, Limit, Required
from webinars.web.filters import label
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard
from webinars.web.organiser.acts import Right

blueprint = Blueprint("roles", __name__)

ACTS: dict[str, Right] = {
    "show": Act.GIVE_ROLES,
    "give": Act.GIVE_ROLES,
    "take": Act.GIVE_ROLES,
    "set_share": Act.GIVE_ROLES,
}

PAGE = "/events/<slug:slug>/roles"
Answer = Response | tuple[str, int]


class GiveForm(Form):
    """Whom a role is for, and which."""

    email = fields.Email(
        N_("Adresse électronique"), [Required(), fields.ADDRESS, Limit(EMAIL_LIMIT)]
    )
    role = fields.Choice(
        N_("Rôle"),
        [Required()],
        words=lambda: [(one.value, label(one)) for one in OrganiserRole],
    )
    institution = fields.Choice(N_("Institution"), [Required()], words=list, is_preset=True)

    def __init__(self, event: Event, **values: Any) -> None:
        super().__init__(**values)
        self.institution.choices = lambda: [
            (str(part.institution_id), part.name) for part in event.institutions
        ]


@blueprint.get(PAGE)
def show(slug: str) -> str:
    """Show who may do what at an event."""
    with get_runtime().reading() as tx:
        event = guard.get_own_event(tx, slug)
    own = guard.get_organiser().institution_id
    return _show(event, GiveForm(event, institution=str(own or "")))


@blueprint.post(PAGE)
def give(slug: str) -> Answer:
    """Give someone a role at an event; a new address is invited."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = guard.get_own_event(tx, slug)
    filled_in = GiveForm(event)
    if not filled_in.validate():
        return _show(event, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            organiser = _give(tx, guard.get_own_event(tx, slug), filled_in)
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error, event)
        at_field = filled_in.refuse(refusal.field, refusal.sentence)
        refused = None if at_field else refusal.sentence
        return _show(event, filled_in, refused), refusal.status
    runtime.wake(Lane.PROMPT)
    flash(_("%(name)s a maintenant ce rôle.", name=organiser.name or organiser.email))
    return redirect(url_for("organiser.roles.show", slug=slug), 303)


def _give(tx: Transaction, event: Event, filled_in: GiveForm) -> Organiser:
    now, by = get_runtime().now(), guard.get_organiser().email
    organiser = organisers.find(tx, filled_in.email.data)
    is_new = organiser is None
    if organiser is None:
        numbers = {part.institution_id: part.institution for part in event.institutions}
        institution = numbers[int(filled_in.institution.data)]
        organiser = organisers.add_invited(
            tx, filled_in.email.data, institution=institution, now=now
        )
    if organiser.disabled_at is not None:
        raise NotTakingPart
    role = OrganiserRole(filled_in.role.data)
    grants.give(tx, organiser, role, by=by, now=now, event=event)
    if is_new:
        accounts.send_link(tx, organiser, AccountPurpose.INVITATION, now=now)
    guard.add_details(organiser_id=str(organiser.id), role=role.value)
    return organiser


@blueprint.post(f"{PAGE}/take")
def take(slug: str) -> Answer:
    """Take a role at an event away; the page offers to give it back."""
    role, organiser_id = read_role(), read_number("organiser_id")
    with get_runtime().transaction() as tx:
        event = guard.get_own_event(tx, slug)
        organiser = organisers.get(tx, organiser_id)
        grants.take(tx, organiser, role, event=event)
        guard.add_details(organiser_id=str(organiser.id), role=role.value)
    page = url_for("organiser.roles.show", slug=slug, taken=organiser_id, role=role.value)
    return redirect(page, 303)


@blueprint.post(f"{PAGE}/share")
def set_share(slug: str) -> Answer:
    """Decide what an institution that takes part is shared."""
    said = request.form.get("share", "")
    if said not in set(Share):
        raise NotFound("share", said)
    institution_id = read_number("institution_id")
    with get_runtime().transaction() as tx:
        event = guard.get_own_event(tx, slug)
        me = organisers.get(tx, guard.get_organiser().id)
        grants.set_share(tx, event, institution_id, Share(said), by=me)
        guard.add_details(institution_id=str(institution_id), share=said)
    flash(_("Ce que cette institution voit est enregistré."))
    return redirect(url_for("organiser.roles.show", slug=slug, _anchor="shares"), 303)


def read_role() -> OrganiserRole:
    """Return the role that a button stands for.

    :raises NotFound: there is none of that name.
    """
    said = request.values.get("role", "")
    if said not in set(OrganiserRole):
        raise NotFound("role", said)
    return OrganiserRole(said)


def read_number(name: str) -> int:
    """Return the number that a button stands for.

    :raises NotFound: it is none.
    """
    number = request.values.get(name, -1, type=int)
    if not 0 <= number < 2**31:
        raise NotFound(name)
    return number


def find_taken(tx: Transaction) -> tuple[Organiser, OrganiserRole] | None:
    """Find what was just taken away, to be offered back; `None`: nothing."""
    if request.method != "GET" or "taken" not in request.args:
        return None
    organiser = organisers.find_by_id(tx, read_number("taken"))
    return None if organiser is None else (organiser, read_role())


def _show(event: Event, form: GiveForm, refusal: str | None = None) -> str:
    me = guard.get_organiser()
    with get_runtime().reading() as tx:
        event = guard.get_own_event(tx, event.slug)
        held = grants.list_held(tx, event)
        taken = find_taken(tx)
    is_held = taken and any(
        one.organiser.id == taken[0].id and taken[1] in one.here for one in held
    )
    return render_template(
        "organiser/roles/show.html",
        event=event,
        form=form,
        refusal=refusal,
        held=[one for one in held if one.has_any],
        others=[one for one in held if not one.has_any],
        shares=list(Share),
        roles=list(OrganiserRole),
        taken=None if is_held else taken,
        mine=None if me.runs_service else me.institution_id,
        limit=lambda one: rights.SHARES[one.share],
    )
