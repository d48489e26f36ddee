"""The contacts of an institution: looked for, written by hand, shared, given up."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from webinars import cards, phrasing, rights
from webinars.cards import CardFilter, Origin, Person
from webinars.database import Transaction
from webinars.errors import ContactKnown
from webinars.models import (
    Civility,
    ContactCard,
    Language,
    LegalBasis,
    OrganizationKind,
    Registration,
    Role,
)
from webinars.rights import Act
from webinars.typed import LINE_LIMIT, NAME_LIMIT, clean_line
from webinars.web import fields
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.fields import ADDRESS, PHONE, Form, Limit, Required
from webinars.web.filters import full_name
from webinars.web.languages import N_, get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser.acts import Door, Right
from webinars.web.organiser.contact_words import list_bases, list_words
from webinars.web.organiser.filtering import PAGE_SIZE, choose_part
from webinars.web.organiser.guard import get_organiser, get_own_institution
from webinars.web.organiser.words import Options

blueprint = Blueprint("contacts", __name__)

ACTS: dict[str, Right] = {
    "home": Door.SIGNED_IN,
    "listing": Act.SEE_CONTACTS,
    "show": Act.SEE_CONTACTS,
    "form": Act.EDIT_CONTACTS,
    "add": Act.EDIT_CONTACTS,
    "change_form": Act.EDIT_CONTACTS,
    "change": Act.EDIT_CONTACTS,
    "share": Act.EDIT_CONTACTS,
    "remove": Act.EDIT_CONTACTS,
}

ALL = "/institutions/<int(max=2147483647):institution_id>/contacts"
ONE = f"{ALL}/<int(max=2147483647):card_id>"
COPIED = (
    "civility",
    "language",
    "role",
    "job_title",
    "organization",
    "organization_kind",
    "country",
    "phone",
    "salutation",
    "source",
    "legal_basis",
    "is_shared",
)
"""Fields of the form that bear the name of the card's column."""
YES_OR_NO = {"yes": True, "no": False}

Answer = Response | tuple[str, int]


class ContactForm(Form):
    """What an institution knows of someone, and where it has her from."""

    civility = fields.Radios(N_("Civilité"), words=lambda: list_words(Civility))
    last_name = fields.Text(N_("Nom"), [Required(), Limit(NAME_LIMIT)], autocomplete="off")
    first_name = fields.Text(N_("Prénom"), [Limit(NAME_LIMIT)], autocomplete="off")
    email = fields.Email(N_("Adresse électronique"), [Required(), ADDRESS], autocomplete="off")
    phone = fields.Phone(N_("Téléphone"), [PHONE], autocomplete="off")
    language = fields.Choice(
        N_("Langue des messages"),
        words=lambda: [(one.value, phrasing.language_label(one, one)) for one in Language],
        is_preset=True,
    )
    salutation = fields.Text(N_("Formule d’appel"), [Limit(NAME_LIMIT)], autocomplete="off")
    role = fields.Choice(N_("Qualité"), words=lambda: list_words(Role))
    job_title = fields.Text(N_("Mandat ou fonction"), [Limit(LINE_LIMIT)], autocomplete="off")
    organization = fields.Text(N_("Nom de la structure"), [Limit(LINE_LIMIT)], autocomplete="off")
    organization_kind = fields.Choice(
        N_("Type de structure"), words=lambda: list_words(OrganizationKind)
    )
    country = fields.Country(N_("Pays"))
    source = fields.Text(
        N_("D’où viennent ces données"), [Required(), Limit(NAME_LIMIT)], autocomplete="off"
    )
    legal_basis = fields.Choice(N_("Base légale"), [Required()], words=list_bases)
    is_shared = fields.Tick(
        N_("Partager avec les autres institutions des événements que nous organisons ensemble")
    )


@blueprint.get("/contacts")
def home() -> Answer | str:
    """Lead to the contacts of the own institution; to all, whoever runs the service."""
    organiser = get_organiser()
    if organiser.institution_id is not None:
        own = url_for("organiser.contacts.listing", institution_id=organiser.institution_id)
        return redirect(own, 303)
    with get_runtime().reading() as tx:
        found = [
            (one, number)
            for one, number in cards.count_by_institution(tx)
            if rights.may(organiser, Act.SEE_CONTACTS, institution=one)
        ]
    return render_template("organiser/contacts/home.html", rows=found)


@blueprint.get(ALL)
def listing(institution_id: int) -> str:
    """List the contacts of an institution, fifty a page, limited as the address says."""
    wanted = read_filter(request.args)
    with get_runtime().reading() as tx:
        institution = get_own_institution(tx, institution_id)
        part = choose_part(request.args, cards.count(tx, institution_id, wanted))
        rows = cards.list_rows(tx, institution_id, wanted, limit=PAGE_SIZE, offset=part.offset)
        offered = list_offered(tx, institution_id)
    return render_template(
        "organiser/contacts/listing.html",
        institution=institution,
        rows=rows,
        part=part,
        wanted=wanted,
        said=write_filter(wanted),
        offered=offered,
    )


@blueprint.get(ONE)
def show(institution_id: int, card_id: int) -> str:
    """Show what an institution knows of someone, and where she took part as far as one may see."""
    with get_runtime().reading() as tx:
        institution = get_own_institution(tx, institution_id)
        card = cards.get(tx, institution_id, card_id)
        history = _list_history(tx, card)
    return render_template(
        "organiser/contacts/show.html", institution=institution, card=card, history=history
    )


@blueprint.get(f"{ALL}/add")
def form(institution_id: int) -> str:
    """Ask for someone who is to be added."""
    empty = ContactForm(formdata=None, language="fr", civility=Civility.NONE)
    return _show_form(institution_id, empty)


@blueprint.post(f"{ALL}/add")
def add(institution_id: int) -> Answer:
    """Add someone to an institution's contacts."""
    runtime = get_runtime()
    now, typed = runtime.now(), ContactForm()
    if not typed.validate():
        return _show_form(institution_id, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            get_own_institution(tx, institution_id)
            card = cards.add(tx, institution_id, _read_person(typed), _read_origin(typed), now=now)
    except ContactKnown as error:
        return _refuse(institution_id, typed, explain(error))
    flash(_("%(name)s est parmi vos contacts.", name=_name(typed)))
    return redirect(_own_page(institution_id, card.id), 303)


@blueprint.get(f"{ONE}/change")
def change_form(institution_id: int, card_id: int) -> str:
    """Show what an institution knows of someone, to be changed."""
    with get_runtime().reading() as tx:
        get_own_institution(tx, institution_id)
        card = cards.get(tx, institution_id, card_id)
    said = {name: getattr(card, name) for name in COPIED}
    said |= {name: getattr(card.contact, name) for name in ("last_name", "first_name", "email")}
    return _show_form(institution_id, ContactForm(formdata=None, data=said), card_id)


@blueprint.post(f"{ONE}/change")
def change(institution_id: int, card_id: int) -> Answer:
    """Write anew what an institution knows of someone."""
    runtime = get_runtime()
    now, typed = runtime.now(), ContactForm()
    if not typed.validate():
        return _show_form(institution_id, typed, card_id), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with runtime.transaction() as tx:
            get_own_institution(tx, institution_id)
            card = cards.get(tx, institution_id, card_id)
            cards.change(tx, card, _read_person(typed), _read_origin(typed), now=now)
    except ContactKnown as error:
        return _refuse(institution_id, typed, explain(error), card_id)
    flash(_("%(name)s : contact modifié.", name=_name(typed)))
    return redirect(_own_page(institution_id, card_id), 303)


@blueprint.post(f"{ONE}/share")
def share(institution_id: int, card_id: int) -> Response:
    """Share someone with the other institutions of common events, or no longer."""
    runtime = get_runtime()
    is_shared = request.form.get("shared") == "yes"
    with runtime.transaction() as tx:
        get_own_institution(tx, institution_id)
        card = cards.get(tx, institution_id, card_id)
        cards.set_shared(tx, card, is_shared=is_shared, now=runtime.now())
    flash(_("Contact partagé.") if is_shared else _("Contact gardé pour votre institution."))
    return redirect(_own_page(institution_id, card_id), 303)


@blueprint.post(f"{ONE}/remove")
def remove(institution_id: int, card_id: int) -> Response:
    """Give up what an institution knows of someone."""
    with get_runtime().transaction() as tx:
        get_own_institution(tx, institution_id)
        card = cards.get(tx, institution_id, card_id)
        name = full_name(card.contact)
        cards.remove(tx, [card])
    flash(_("%(name)s n’est plus parmi vos contacts.", name=name))
    return redirect(url_for("organiser.contacts.listing", institution_id=institution_id), 303)


def read_filter(said: "MultiDict[str, str]") -> CardFilter:
    """Return what a list of contacts is limited to; what is unknown limits nothing."""
    words = {name: clean_line(text[:LINE_LIMIT]) for name, text in said.items()}
    kind, role = words.get("kind", ""), words.get("role", "")
    return CardFilter(
        search=words.get("search", ""),
        kind=OrganizationKind(kind) if kind in set(OrganizationKind) else None,
        role=Role(role) if role in set(Role) else None,
        country=words.get("country", ""),
        source=words.get("source", ""),
        is_shared=YES_OR_NO.get(words.get("shared", "")),
    )


def write_filter(wanted: CardFilter) -> dict[str, str]:
    """Return what `read_filter` would read this filter from; nothing for what limits nothing."""
    said = {
        "search": wanted.search,
        "kind": wanted.kind or "",
        "role": wanted.role or "",
        "country": wanted.country,
        "source": wanted.source,
        "shared": {True: "yes", False: "no", None: ""}[wanted.is_shared],
    }
    return {name: str(value) for name, value in said.items() if value}


def list_offered(tx: Transaction, institution_id: int) -> Mapping[str, Options]:
    """Return what a list of contacts can be limited to, by criterion."""
    countries = [
        (code, phrasing.country_name(code, get_language()))
        for code in cards.list_countries(tx, institution_id)
    ]
    return {
        "kind": list_words(OrganizationKind),
        "role": list_words(Role),
        "country": sorted(countries, key=lambda one: one[1]),
        "source": [(one, one) for one in cards.list_sources(tx, institution_id)],
    }


def _list_history(tx: Transaction, card: ContactCard) -> list[Registration]:
    organiser = get_organiser()
    return [
        one
        for one in cards.list_history(tx, card.contact_id)
        if rights.may(organiser, Act.SEE_PEOPLE, event=one.event)
    ]


def _read_person(typed: ContactForm) -> Person:
    return Person(
        last_name=typed.last_name.data,
        first_name=typed.first_name.data,
        email=typed.email.data,
        civility=Civility(typed.civility.data or Civility.NONE),
        language=Language(typed.language.data or Language.FRENCH),
        role=Role(typed.role.data) if typed.role.data else None,
        job_title=typed.job_title.data,
        organization=typed.organization.data,
        organization_kind=(
            OrganizationKind(typed.organization_kind.data) if typed.organization_kind.data else None
        ),
        country=typed.country.data or "",
        phone=typed.phone.data,
        salutation=typed.salutation.data,
    )


def _read_origin(typed: ContactForm) -> Origin:
    basis = LegalBasis(typed.legal_basis.data)
    return Origin(typed.source.data, basis, is_shared=typed.is_shared.data)


def _name(typed: ContactForm) -> str:
    return phrasing.display_name(typed.first_name.data, typed.last_name.data)


def _own_page(institution_id: int, card_id: int) -> str:
    return url_for("organiser.contacts.show", institution_id=institution_id, card_id=card_id)


def _refuse(
    institution_id: int, typed: ContactForm, refusal: Refusal, card_id: int | None = None
) -> tuple[str, int]:
    typed.refuse(refusal.field, refusal.sentence)
    return _show_form(institution_id, typed, card_id), refusal.status


def _show_form(institution_id: int, typed: ContactForm, card_id: int | None = None) -> str:
    given: dict[str, Any] = {"form": typed, "card": None}
    with get_runtime().reading() as tx:
        given["institution"] = get_own_institution(tx, institution_id)
        if card_id is not None:
            given["card"] = cards.get(tx, institution_id, card_id)
    return render_template("organiser/contacts/form.html", **given)
