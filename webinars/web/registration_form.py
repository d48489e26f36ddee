"""The registration form, for the person herself and for an organiser who registers someone.

Its field names are those of the interface; what an event asks besides is added event by event.
"""

import hashlib
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wtforms import Field, StringField
from wtforms.validators import StopValidation

from webinars import contacts, phrasing, programme
from webinars.answers import Answers
from webinars.errors import SessionsClash, UnknownSession
from webinars.models import (
    AttendanceMode,
    Civility,
    Event,
    Language,
    Mode,
    OrganizationKind,
    Registration,
    Role,
    Session,
)
from webinars.programme import Slot
from webinars.typed import LINE_LIMIT, NAME_LIMIT, TEXT_LIMIT
from webinars.web import fields, question_fields
from webinars.web.errors import explain
from webinars.web.fields import ADDRESS, PHONE, Described, Form, Limit, Required
from webinars.web.filters import label
from webinars.web.languages import N_, get_language

IDENTITY = re.compile(r"[0-9a-f]{32}")

COPIED = (
    "last_name",
    "first_name",
    "email",
    "phone",
    "role",
    "job_title",
    "organization",
    "organization_kind",
    "country",
    "on_behalf_of",
    "language",
    "attendance_mode",
    "assistant_email",
    "question",
    "share_with_participants",
    "accept_invitations",
    "civility",
)
"""Fields of the form that bear the name of the registration's column."""


@dataclass(frozen=True)
class Option:
    """A session as it can be chosen; `left` is `None` where places are not counted."""

    session: Session
    is_chosen: bool
    left: int | None


@dataclass(frozen=True)
class SlotList:
    """The sessions of a slot as one list to choose from; the id is unique on the page."""

    id: str
    slot: Slot
    options: tuple[Option, ...]


class SessionsField(Described, Field):  # type: ignore[misc]
    """The chosen sessions: one list a slot, all of the same name."""

    event: Event
    left: Mapping[str, int]
    """Places left by the session's code, for those sessions that have a capacity."""
    held: Collection[str] = ()
    """Codes of the sessions in which the person has a place already."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = tuple(code for code in valuelist if code)

    def process_data(self, value: Collection[str] | None) -> None:
        self.data = tuple(value or ())

    @property
    def first_id(self) -> str:
        """Return the id of the first list; where there is none, of the page's main part."""
        return f"{self.id}-0" if programme.slots(self.event) else "content"

    def pre_validate(self, form: Form) -> None:
        """Refuse sessions that are none of the event's, or exclude each other."""
        try:
            programme.check_choice(self.event, self.data)
        except (UnknownSession, SessionsClash) as error:
            raise StopValidation(explain(error, self.event).sentence) from error

    def list_slots(self) -> list[SlotList]:
        """Return what is to be chosen, with the places that are left."""
        return [
            SlotList(f"{self.id}-{index}", slot, tuple(map(self._make_option, slot.sessions)))
            for index, slot in enumerate(programme.slots(self.event))
        ]

    def _make_option(self, session: Session) -> Option:
        left = None if session.code in self.held else self.left.get(session.code)
        return Option(session, is_chosen=session.code in self.data and left != 0, left=left)


def _words(values: type[StrEnum]) -> fields.Words:
    return lambda: [(value.value, label(value)) for value in values]


def _languages() -> list[tuple[str, str]]:
    return [(one.value, phrasing.language_label(one, one)) for one in Language]


class RegistrationForm(Form):
    """What is asked of everyone who registers."""

    form_identity = StringField()
    places: Mapping[str, str] = {}
    """The class of each own question that depends on another's answer, by the field's name."""

    civility = fields.Radios(N_("Civilité"), words=_words(Civility))
    last_name = fields.Text(N_("Nom"), [Required(), Limit(NAME_LIMIT)], autocomplete="family-name")
    first_name = fields.Text(
        N_("Prénom"), [Required(), Limit(NAME_LIMIT)], autocomplete="given-name"
    )
    email = fields.Email(N_("Adresse électronique"), [Required(), ADDRESS], autocomplete="email")
    phone = fields.Phone(N_("Téléphone"), [PHONE], autocomplete="tel")
    language = fields.Choice(N_("Langue des messages"), words=_languages, is_preset=True)

    role = fields.Choice(N_("Vous êtes"), [Required()], words=_words(Role))
    job_title = fields.Text(
        N_("Mandat ou fonction"),
        [Required(), Limit(LINE_LIMIT)],
        autocomplete="organization-title",
    )

    country = fields.Country(N_("Pays"), [Required()])
    organization_kind = fields.Choice(
        N_("Type de structure"), [Required()], words=_words(OrganizationKind)
    )
    organization = fields.Text(
        N_("Nom de la structure"), [Required(), Limit(LINE_LIMIT)], autocomplete="organization"
    )
    on_behalf_of = fields.Text(N_("Vous représentez également"), [Limit(LINE_LIMIT)])

    attendance_mode = fields.Radios(
        N_("Comment participerez-vous ?"), [Required()], words=_words(AttendanceMode)
    )
    sessions = SessionsField(N_("Séances au choix"))
    question = fields.LongText(N_("Votre question aux intervenants"), [Limit(TEXT_LIMIT)])

    # Or browsers put the person's own address there.
    assistant_email = fields.Email(
        N_("Adresse de la personne qui vous assiste"), [ADDRESS], autocomplete="off"
    )

    share_with_participants = fields.Tick(
        N_(
            "J’accepte de figurer, avec ma fonction, ma structure et mon pays, sur la liste remise"
            " aux participants."
        )
    )
    accept_invitations = fields.Tick(
        N_("J’accepte de recevoir les invitations à d’autres événements de ces organisateurs.")
    )

    @property
    def takes_files(self) -> bool:
        """Tell whether a file may be sent with the form."""
        return any(isinstance(field, question_fields.Sent) for field in self)

    def list_questions(self) -> list[Field]:
        """Return the fields of the event's own questions."""
        return [field for field in self if field.name.startswith(question_fields.PREFIX)]


def make_form(
    event: Event,
    left: Mapping[str, int],
    *,
    registration: Registration | None = None,
    held: Collection[str] = (),
    filled: Mapping[str, str] | None = None,
    has_csrf: bool = True,
) -> RegistrationForm:
    """Return the form of an event: empty, or with what a registration says.

    `filled` is what is filled in beforehand of an empty one, by field;
    `left` are the places left by session code, `held` the codes of those a registration has.
    """
    own = question_fields.make_fields(event)
    form_class = type("EventForm", (RegistrationForm,), own) if own else RegistrationForm
    data = _read(registration, held) if registration else _begin() | dict(filled or {})
    form: RegistrationForm = form_class(data=data, meta={} if has_csrf else {"csrf": False})
    form.places = question_fields.list_places(event)
    form.sessions.event, form.sessions.left, form.sessions.held = event, left, held
    if event.mode is not Mode.HYBRID:
        del form.attendance_mode
    return form


def read_answers(form: RegistrationForm) -> Answers:
    """Return what was said in a form that has been validated."""
    mode = form["attendance_mode"].data if "attendance_mode" in form else None
    return Answers(
        civility=Civility(form.civility.data or Civility.NONE),
        last_name=form.last_name.data,
        first_name=form.first_name.data,
        email=form.email.data,
        phone=form.phone.data,
        role=Role(form.role.data),
        job_title=form.job_title.data,
        organization=form.organization.data,
        organization_kind=OrganizationKind(form.organization_kind.data),
        country=form.country.data,
        on_behalf_of=form.on_behalf_of.data,
        language=Language(form.language.data or get_language()),
        attendance_mode=AttendanceMode(mode) if mode else None,
        assistant_email=form.assistant_email.data,
        sessions=form.sessions.data,
        question=form.question.data,
        share_with_participants=form.share_with_participants.data,
        accept_invitations=form.accept_invitations.data,
        answers=question_fields.read(form),
        files=question_fields.read_files(form),
    )


def draw_identity() -> str:
    """Return what tells a form from any other."""
    return secrets.token_hex(16)


def identify(form: RegistrationForm) -> str | None:
    """Return what makes the same form sent twice one registration.

    The person is part of it: whoever goes back and registers a colleague of the same mailbox with
    the form as the browser kept it means a second registration.
    """
    drawn = form.form_identity.data or ""
    if not IDENTITY.fullmatch(drawn):
        return None
    name = contacts.name_key(form.last_name.data, form.first_name.data)
    person = f"{drawn} {contacts.address_key(form.email.data)} {name}"
    return hashlib.sha256(person.encode()).hexdigest()[:32]


def _begin() -> dict[str, Any]:
    return {"form_identity": draw_identity(), "language": get_language().value}


def _read(registration: Registration, held: Collection[str]) -> dict[str, Any]:
    said = {name: getattr(registration, name) for name in COPIED}
    own = question_fields.fill(registration.event, registration.answers)
    return said | own | {"sessions": held}
