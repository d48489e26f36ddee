"""Asking contacts to an event: whom, what the mail says, when it leaves, and what they answered."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from webinars import cards, followups, invitations, mailings, rights, zones
from webinars.cards import CardFilter
from webinars.database import Transaction
from webinars.errors import Forbidden, NotFound, WebinarsError
from webinars.followups import Fate
from webinars.letters.invitations import preview
from webinars.models import ABOUT_INVITATIONS, Event, Institution, Lane, Language, MailName
from webinars.rights import Act
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.languages import gettext as _
from webinars.web.languages import ngettext
from webinars.web.organiser.acts import Right
from webinars.web.organiser.contacts import list_offered, read_filter, write_filter
from webinars.web.organiser.filtering import PAGE_SIZE, choose_part
from webinars.web.organiser.guard import add_details, get_organiser, get_own_event

blueprint = Blueprint("invitations", __name__)

ACTS: dict[str, Right] = {
    "listing": Act.INVITE,
    "form": Act.INVITE,
    "send": Act.INVITE,
    "show_mail": Act.INVITE,
    "test": Act.INVITE,
    "remind": Act.INVITE,
    "trust": Act.EDIT_EVENT,
}

ALL = "/events/<slug:slug>/invitations"
SHOWN = 10
"""How many of those chosen are shown by name before they are asked."""

Answer = Response | tuple[str, int]


@blueprint.get(ALL)
def listing(slug: str) -> str:
    """Show what became of the invitations: numbers of all, names of one's own and shared ones."""
    return _show_listing(slug)


@blueprint.get(f"{ALL}/new")
def form(slug: str) -> str:
    """Choose whom to ask, and show how many that are."""
    return _show_form(slug)


@blueprint.post(f"{ALL}/send")
def send(slug: str) -> Answer:
    """Ask those who were chosen: now, or at a local date and hour of the event."""
    runtime = get_runtime()
    now = runtime.now()
    try:
        with runtime.transaction() as tx:
            event = get_own_event(tx, slug)
            institution = _choose_institution(tx, event)
            asked = invitations.invite(
                tx,
                event,
                institution.id,
                _read_wanted(institution, request.form),
                author=get_organiser().email,
                now=now,
                due_at=_read_instant(event),
            )
            add_details(invited=str(asked), institution=institution.acronym)
    except (NotFound, Forbidden):
        raise
    except (WebinarsError, ValueError) as error:
        refusal = _explain(error)
        return _show_form(slug, refusal), refusal.status
    runtime.wake(Lane.BULK)
    flash(ngettext("%(num)d invitation part.", "%(num)d invitations partent.", asked))
    return redirect(url_for("organiser.invitations.listing", slug=slug), 303)


@blueprint.get(f"{ALL}/mail")
def show_mail(slug: str) -> str:
    """Show what the mail says, in each language."""
    runtime = get_runtime()
    said, template = request.args.get("language", ""), request.args.get("mail", "")
    language = Language(said) if said in set(Language) else Language.FRENCH
    mail = MailName(template) if template in ABOUT_INVITATIONS else MailName.INVITATION
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        institution = _choose_institution(tx, event)
    names = {one.institution_id: one.name for one in event.institutions}
    inviter = names.get(institution.id, institution.name)
    return render_template(
        "organiser/invitations/mail.html",
        event=event,
        institution=institution,
        texts=preview(event, mail, language, inviter=inviter, links=runtime.links),
        chosen=language,
        mail=mail,
        languages=list(Language),
        mails=[MailName.INVITATION, MailName.INVITATION_REMINDER],
    )


@blueprint.post(f"{ALL}/test")
def test(slug: str) -> Response:
    """Send the mail to the organiser herself."""
    runtime = get_runtime()
    said, template = request.form.get("language", ""), request.form.get("mail", "")
    language = Language(said) if said in set(Language) else Language.FRENCH
    mail = MailName(template) if template in ABOUT_INVITATIONS else MailName.INVITATION
    email = get_organiser().email
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        mailings.test_to(tx, event, mail, email, language, now=runtime.now())
    runtime.wake(Lane.PROMPT)
    flash(_("Un essai part à %(email)s.", email=email))
    here = url_for("organiser.invitations.show_mail", slug=slug, language=language, mail=mail)
    return redirect(here, 303)


@blueprint.post(f"{ALL}/remind")
def remind(slug: str) -> Answer:
    """Ask once more those who have not answered: of the own institution, or of all."""
    runtime = get_runtime()
    try:
        with runtime.transaction() as tx:
            event = get_own_event(tx, slug)
            of_whom = _find_scope(event)
            asked = invitations.remind(tx, event, now=runtime.now(), institution_id=of_whom)
            add_details(reminded=str(asked))
    except WebinarsError as error:
        if isinstance(error, NotFound | Forbidden):
            raise
        with runtime.reading() as tx:
            refusal = explain(error, get_own_event(tx, slug))
        return _show_listing(slug, refusal), refusal.status
    runtime.wake(Lane.BULK)
    flash(ngettext("%(num)d rappel part.", "%(num)d rappels partent.", asked))
    return redirect(url_for("organiser.invitations.listing", slug=slug), 303)


@blueprint.post(f"{ALL}/trust")
def trust(slug: str) -> Response:
    """Say whether who was invited is accepted without a decision on each."""
    with get_runtime().transaction() as tx:
        event = get_own_event(tx, slug)
        invitations.set_trust(tx, event.id, trusts=request.form.get("trust") == "yes")
    flash(_("Enregistré."))
    return redirect(url_for("organiser.invitations.listing", slug=slug), 303)


def _choose_institution(tx: Transaction, event: Event) -> Institution:
    """Return the institution whose contacts are asked: one's own; whoever runs the service chooses.

    :raises NotFound: the event has no institution.
    """
    organiser = get_organiser()
    number = organiser.institution_id
    if number is None:
        known = [one.institution_id for one in event.institutions]
        said = request.values.get("institution", type=int)
        number = said if said in known else next(iter(known), None)
    institution = None if number is None else tx.get(Institution, number)
    if institution is None:
        raise NotFound("institution")
    return institution


def _read_wanted(institution: Institution, said: "MultiDict[str, str]") -> CardFilter:
    """Return whom an organiser chose; who has a role at the event alone sees what is shared there.

    The contacts of an institution are for those who hold a role in it.
    """
    wanted = read_filter(said)
    if rights.may(get_organiser(), Act.SEE_CONTACTS, institution=institution):
        return wanted
    return replace(wanted, is_shared=True)


def _find_scope(event: Event) -> int | None:
    """Return the institution whose contacts an organiser follows; `None`: everybody's."""
    organiser = get_organiser()
    return None if organiser.runs_service else organiser.institution_id or 0


def _read_instant(event: Event) -> datetime | None:
    """Return when the mails are to leave; `None`: now.

    :raises ValueError: no date, or no hour.
    """
    if request.form.get("when") != "later":
        return None
    day, hour = request.form.get("day", ""), request.form.get("hour", "")
    local = datetime.fromisoformat(f"{day}T{hour}")
    return zones.to_instant(local.replace(tzinfo=None), event.timezone)


def _explain(error: Exception) -> Refusal:
    if isinstance(error, WebinarsError):
        return explain(error)
    sentence = _("Écrivez la date et l’heure de l’envoi.")
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, sentence)


def _show_form(slug: str, refusal: Refusal | None = None) -> str:
    said = request.form if request.method == "POST" else request.args
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        institution = _choose_institution(tx, event)
        wanted = _read_wanted(institution, said)
        outlook = invitations.count(tx, event, institution.id, wanted, now=runtime.now())
        people = cards.list_seen_at(tx, event, institution.id, wanted, limit=SHOWN)
        sees_own = wanted.is_shared is not True
        offered = list_offered(tx, institution.id if sees_own else 0)
    return render_template(
        "organiser/invitations/form.html",
        event=event,
        institution=institution,
        institutions=_list_institutions(event),
        wanted=wanted,
        said=write_filter(wanted),
        typed=_read_typed(said),
        outlook=outlook,
        people=people,
        offered=offered,
        refusal=refusal.sentence if refusal else None,
    )


def _read_typed(said: Mapping[str, str]) -> dict[str, str]:
    return {name: said.get(name, "")[:20] for name in ("when", "day", "hour")}


def _list_institutions(event: Event) -> list[Institution]:
    """Return the institutions that whoever runs the service chooses from."""
    if get_organiser().institution_id is not None:
        return []
    return [one.institution for one in event.institutions]


def _show_listing(slug: str, refusal: Refusal | None = None) -> str:
    word = request.args.get("fate", "")
    fate = Fate(word) if word in set(Fate) else None
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        scope = _find_scope(event)
        counts = followups.count(tx, event.id)
        part = choose_part(request.args, followups.count_rows(tx, event, scope, fate))
        rows = followups.list_rows(tx, event, scope, fate, limit=PAGE_SIZE, offset=part.offset)
    return render_template(
        "organiser/invitations/listing.html",
        event=event,
        counts=counts,
        rows=rows,
        part=part,
        fate=fate,
        fates=list(Fate),
        refusal=refusal.sentence if refusal else None,
    )
