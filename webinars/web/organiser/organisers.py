"""Organisers: all of them for who runs the service, and an institution's for its owners."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from webinars import accounts, events, grants, organisers, rights
from webinars.database import Transaction
from webinars.errors import NotFound, OrganiserKnown, WebinarsError
from webinars.models import AccountPurpose, Event, Institution, Lane, Organiser, OrganiserRole
from webinars.rights import Act
from webinars.typed import EMAIL_LIMIT
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import explain
from webinars.web.fields import Form, Limit, Required
from webinars.web.filters import label, plain
from webinars.web.languages import N_
from webinars.web.languages import gettext as _
from webinars.web.organiser import guard
from webinars.web.organiser.acts import Right
from webinars.web.organiser.roles import find_taken, read_role

blueprint = Blueprint("organisers", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.RUN_SERVICE,
    "of_institution": Act.MANAGE_INSTITUTION,
    "invite": Act.MANAGE_INSTITUTION,
    "show": Act.MANAGE_INSTITUTION,
    "give": Act.MANAGE_INSTITUTION,
    "take": Act.MANAGE_INSTITUTION,
    "disable": Act.MANAGE_INSTITUTION,
    "enable": Act.MANAGE_INSTITUTION,
    "invite_again": Act.MANAGE_INSTITUTION,
}

ALL = "/institutions/<int(max=2147483647):institution_id>/organisers"
ONE = f"{ALL}/<int(max=2147483647):organiser_id>"
EVERYWHERE = "all"
Answer = Response | tuple[str, int]


class InviteForm(Form):
    """Who is invited, to do what, and where."""

    email = fields.Email(
        N_("Adresse électronique"), [Required(), fields.ADDRESS, Limit(EMAIL_LIMIT)]
    )
    role = fields.Choice(
        N_("Rôle"),
        [Required()],
        words=lambda: [(one.value, label(one)) for one in OrganiserRole],
    )
    where = fields.Choice(N_("Où"), [Required()], words=list, is_preset=True)

    def __init__(self, given: list[Event], **values: Any) -> None:
        super().__init__(**values)
        self.where.choices = lambda: [
            (EVERYWHERE, _("Toute l’institution et tous ses événements")),
            *((one.slug, plain(one.title)) for one in given),
        ]


@blueprint.get("/organisers")
def listing() -> str:
    """List the organisers of every institution, and those who run the service."""
    with get_runtime().reading() as tx:
        rows = organisers.list_all(tx)
        invitations = accounts.find_invitations(tx, [one.id for one in rows])
    return render_template("organiser/organisers/listing.html", rows=rows, invitations=invitations)


@blueprint.get(ALL)
def of_institution(institution_id: int) -> str:
    """List the organisers of an institution, with what each may do."""
    with get_runtime().reading() as tx:
        institution = guard.get_own_institution(tx, institution_id)
        given = _list_events(tx, institution)
    return _show_all(institution, InviteForm(given))


@blueprint.post(ALL)
def invite(institution_id: int) -> Answer:
    """Invite someone to organise for an institution."""
    runtime = get_runtime()
    with runtime.reading() as tx:
        institution = guard.get_own_institution(tx, institution_id)
        given = _list_events(tx, institution)
    filled_in = InviteForm(given)
    if not filled_in.validate():
        return _show_all(institution, filled_in), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            organiser = _invite(tx, guard.get_own_institution(tx, institution_id), filled_in)
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error)
        at_field = filled_in.refuse(refusal.field, refusal.sentence)
        refused = None if at_field else refusal.sentence
        return _show_all(institution, filled_in, refused), refusal.status
    runtime.wake(Lane.PROMPT)
    flash(_("%(name)s a maintenant ce rôle.", name=organiser.name or organiser.email))
    return redirect(
        url_for("organiser.organisers.of_institution", institution_id=institution_id), 303
    )


def _invite(tx: Transaction, institution: Institution, filled_in: InviteForm) -> Organiser:
    now = get_runtime().now()
    organiser = organisers.find(tx, filled_in.email.data)
    is_new = organiser is None
    if organiser is None:
        organiser = organisers.add_invited(
            tx, filled_in.email.data, institution=institution, now=now
        )
    if organiser.institution_id != institution.id:
        raise OrganiserKnown
    where = filled_in.where.data
    event = None if where == EVERYWHERE else events.get(tx, where)
    role = OrganiserRole(filled_in.role.data)
    by = guard.get_organiser().email
    grants.give(tx, organiser, role, by=by, now=now, event=event)
    if is_new:
        accounts.send_link(tx, organiser, AccountPurpose.INVITATION, now=now)
    guard.add_details(organiser_id=str(organiser.id), role=role.value)
    return organiser


@blueprint.get(ONE)
def show(institution_id: int, organiser_id: int) -> str:
    """Show an organiser: her roles, and what can be done about her account."""
    with get_runtime().reading() as tx:
        institution = guard.get_own_institution(tx, institution_id)
        organiser = _get(tx, institution_id, organiser_id)
        at_events = [
            (events.get_by_id(tx, one.event_id), one.role)
            for one in organiser.grants
            if one.event_id is not None
        ]
        taken = find_taken(tx)
        invitations = accounts.find_invitations(tx, [organiser.id])
    everywhere = [one.role for one in organiser.grants if one.event_id is None]
    return render_template(
        "organiser/organisers/show.html",
        institution=institution,
        organiser=organiser,
        everywhere=everywhere,
        missing=[
            one
            for one in OrganiserRole
            if one not in everywhere and rights.may_hold(organiser, one)
        ],
        at_events=at_events,
        invitations=invitations,
        taken=None if taken and taken[1] in everywhere else taken,
        is_self=organiser.id == guard.get_organiser().id,
    )


@blueprint.post(f"{ONE}/give")
def give(institution_id: int, organiser_id: int) -> Answer:
    """Give an organiser a role in all of an institution."""
    role, runtime = read_role(), get_runtime()
    with runtime.transaction() as tx:
        guard.get_own_institution(tx, institution_id)
        organiser = _get(tx, institution_id, organiser_id)
        grants.give(tx, organiser, role, by=guard.get_organiser().email, now=runtime.now())
        guard.add_details(role=role.value)
    return _go_back(institution_id, organiser_id)


@blueprint.post(f"{ONE}/take")
def take(institution_id: int, organiser_id: int) -> Answer:
    """Take a role in all of an institution away; the page offers to give it back."""
    role = read_role()
    with get_runtime().transaction() as tx:
        guard.get_own_institution(tx, institution_id)
        grants.take(tx, _get(tx, institution_id, organiser_id), role)
        guard.add_details(role=role.value)
    return _go_back(institution_id, organiser_id, taken=organiser_id, role=role.value)


@blueprint.post(f"{ONE}/disable")
def disable(institution_id: int, organiser_id: int) -> Answer:
    """Close an account: nothing lets in any more."""
    runtime = get_runtime()
    with runtime.transaction() as tx:
        guard.get_own_institution(tx, institution_id)
        organiser = _get(tx, institution_id, organiser_id)
        grants.disable(tx, organiser, by=guard.get_organiser(), now=runtime.now())
    flash(_("Le compte est fermé : ses connexions ont pris fin. Vous pouvez le rouvrir."))
    return _go_back(institution_id, organiser_id)


@blueprint.post(f"{ONE}/enable")
def enable(institution_id: int, organiser_id: int) -> Answer:
    """Open an account again."""
    with get_runtime().transaction() as tx:
        guard.get_own_institution(tx, institution_id)
        grants.enable(tx, _get(tx, institution_id, organiser_id))
    flash(_("Le compte est rouvert."))
    return _go_back(institution_id, organiser_id)


@blueprint.post(f"{ONE}/invite-again")
def invite_again(institution_id: int, organiser_id: int) -> Answer:
    """Send the invitation again to who has not chosen a password yet."""
    runtime = get_runtime()
    is_sent = False
    with runtime.transaction() as tx:
        guard.get_own_institution(tx, institution_id)
        organiser = _get(tx, institution_id, organiser_id)
        if organiser.password_hash is None and organiser.disabled_at is None:
            purpose = AccountPurpose.INVITATION
            is_sent = accounts.send_link(tx, organiser, purpose, now=runtime.now())
    runtime.wake(Lane.PROMPT)
    flash(
        _("L’invitation part à nouveau ; le lien précédent ne sert plus.")
        if is_sent
        else _(
            "Rien n’est parti : le compte est déjà ouvert, ou cinq liens sont partis en une heure."
        )
    )
    return _go_back(institution_id, organiser_id)


def _get(tx: Transaction, institution_id: int, organiser_id: int) -> Organiser:
    organiser = organisers.get(tx, organiser_id)
    if organiser.institution_id != institution_id:
        raise NotFound("organiser", str(organiser_id))
    return organiser


def _go_back(institution_id: int, organiser_id: int, **said: Any) -> Response:
    page = url_for(
        "organiser.organisers.show",
        institution_id=institution_id,
        organiser_id=organiser_id,
        **said,
    )
    return redirect(page, 303)


def _list_events(tx: Transaction, institution: Institution) -> list[Event]:
    """List the events of an institution at which the one who asks decides on roles."""
    found = events.list_all(tx, institution_id=institution.id)
    return [one for one in found if rights.may(guard.get_organiser(), Act.GIVE_ROLES, event=one)]


def _show_all(institution: Institution, form: InviteForm, refusal: str | None = None) -> str:
    with get_runtime().reading() as tx:
        rows = organisers.list_all(tx, institution.id)
        invitations = accounts.find_invitations(tx, [one.id for one in rows])
    return render_template(
        "organiser/organisers/of_institution.html",
        institution=institution,
        rows=rows,
        form=form,
        refusal=refusal,
        invitations=invitations,
    )
