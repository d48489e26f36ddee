"""What a person says in the registration form, and how a registration keeps it."""

from dataclasses import dataclass, field

from webinars import contacts, places, questions
from webinars.models import (
    AnswerFile,
    AttendanceMode,
    Civility,
    Event,
    Language,
    Mode,
    OrganizationKind,
    Registration,
    Role,
)


@dataclass(frozen=True)
class Answers:
    """What a person says in the registration form."""

    last_name: str
    first_name: str
    email: str
    role: Role
    job_title: str
    organization: str
    organization_kind: OrganizationKind
    country: str
    """ISO 3166-1 alpha-2."""
    civility: Civility = Civility.NONE
    phone: str = ""
    on_behalf_of: str = ""
    language: Language = Language.FRENCH
    attendance_mode: AttendanceMode | None = None
    """Only asked when the event is hybrid."""
    assistant_email: str = ""
    salutation: str | None = None
    """The form of address that an organiser chose; `None`: nobody says anything about it."""
    sessions: tuple[str, ...] = ()
    """Codes of the chosen sessions."""
    question: str = ""
    share_with_participants: bool = False
    accept_invitations: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    """To the event's own questions, by key; a ticked box is `1`, an unticked one is absent."""
    files: dict[str, bytes] = field(default_factory=dict)
    """What was sent as an answer, by key; the answer is the file's name."""


def write(registration: Registration, event: Event, said: Answers) -> None:
    """Keep in a registration what the person said, but for the address and the sessions."""
    registration.civility = said.civility
    registration.last_name = said.last_name
    registration.first_name = said.first_name
    registration.name_key = contacts.name_key(said.last_name, said.first_name)
    registration.phone = said.phone
    registration.role = said.role
    registration.job_title = said.job_title
    registration.organization = said.organization
    registration.organization_key = contacts.fold(said.organization)
    registration.organization_kind = said.organization_kind
    registration.country = said.country
    registration.on_behalf_of = said.on_behalf_of
    registration.language = said.language
    registration.attendance_mode = choose_mode(event, said)
    registration.assistant_email = said.assistant_email
    if said.salutation is not None:
        registration.salutation = said.salutation
    registration.question = said.question
    registration.share_with_participants = said.share_with_participants
    registration.accept_invitations = said.accept_invitations
    former = questions.keep_former(event, registration.answers or {})
    registration.answers = former | questions.keep_shown(event, said.answers)
    for key, content in said.files.items():
        if key in registration.answers:
            name = registration.answers[key]
            registration.files.add(AnswerFile(key=key, name=name, content=content))
    registration.has_priority = has_priority(event, said)


def has_priority(event: Event, said: Answers) -> bool:
    """Tell whether a person who says this belongs to the event's priority audience."""
    return places.belongs(event.priority, country=said.country, kind=said.organization_kind)


def choose_mode(event: Event, said: Answers) -> AttendanceMode:
    """Return where a person follows the event from: a choice only where there is one."""
    if event.mode is Mode.HYBRID:
        return said.attendance_mode or AttendanceMode.ONLINE
    return AttendanceMode(event.mode.value)
