"""What each key of an event file changes in an event; the instants are derived afterwards.

Rows that are still meant are kept, and with them what refers to them: a session keeps its choices
when its title or its place in the programme changes.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from webinars import participants
from webinars.database import Transaction
from webinars.errors import QuestionAnswered
from webinars.eventfiles import EventFile, moments
from webinars.eventfiles.shape import GATE_CLOSES_MINUTES, GATE_OPENS_MINUTES
from webinars.eventfiles.shape import Institution as InstitutionShape
from webinars.eventfiles.shape import Session as SessionShape
from webinars.models import (
    Condition,
    ContactPoint,
    Document,
    Event,
    EventInstitution,
    FormerDocument,
    Institution,
    Notice,
    Priority,
    Question,
    Session,
    Signatory,
    Speaker,
    Venue,
)

Writer = Callable[[Transaction, Event, EventFile], None]


def make_event(file: EventFile, now: datetime) -> Event:
    """Return a new event to write a file into; what every event must have is in it already."""
    return Event(
        slug=file.slug,
        kind=file.kind,
        revision=0,
        former_dates=(),
        approval=False,
        validations=(),
        priority_released=False,
        created_at=now,
        sessions=[],
        institutions=[],
        questions=[],
        documents=[],
    )


def write(tx: Transaction, event: Event, file: EventFile, key: str) -> None:
    """Write what a file says under one top-level key, and nothing else."""
    if key in PLAIN:
        setattr(event, key, getattr(file, key))
    elif key in WRITERS:
        WRITERS[key](tx, event, file)


def _write_title(tx: Transaction, event: Event, file: EventFile) -> None:
    event.title = file.title.translated()


def _write_summary(tx: Transaction, event: Event, file: EventFile) -> None:
    event.summary = file.summary.translated() if file.summary else None


def _write_starts(tx: Transaction, event: Event, file: EventFile) -> None:
    event.starts_on = moments.day_of(file.starts)
    event.starts_time = moments.hour_of(file.starts)


def _write_ends(tx: Transaction, event: Event, file: EventFile) -> None:
    event.ends_on = moments.day_of(file.ends)
    event.ends_time = moments.hour_of(file.ends)


def _write_venue(tx: Transaction, event: Event, file: EventFile) -> None:
    said = file.venue
    event.venue = Venue(said.name, said.city, said.country or "") if said else None


def _write_registration(tx: Transaction, event: Event, file: EventFile) -> None:
    said = file.registration
    event.opens_local = said.opens
    event.closes_local = said.closes
    event.changes_close_local = said.changes_close
    event.approval = said.approval
    first = said.priority
    event.priority = Priority(first.countries, first.kinds, first.until) if first else None
    event.priority_released = False  # the timer takes the waiting once it is over


def _write_contacts(tx: Transaction, event: Event, file: EventFile) -> None:
    event.contacts = tuple(
        ContactPoint(one.name, one.institution, one.email or "", one.phone) for one in file.contacts
    )


def _write_signatories(tx: Transaction, event: Event, file: EventFile) -> None:
    event.signatories = tuple(
        Signatory(one.name, one.title, one.institution) for one in file.signatories
    )


def _write_notice(tx: Transaction, event: Event, file: EventFile) -> None:
    said = file.notice
    event.notice = Notice(
        controllers=said.controllers,
        purposes=said.purposes.translated() if said.purposes else None,
        retention_months=said.retention_months,
        rights_contact=said.rights_contact,
        cndp_number=said.cndp_number,
    )


def _write_connection(tx: Transaction, event: Event, file: EventFile) -> None:
    said = file.connection
    event.room_provider = said.provider if said else "url"
    event.room_url = said.url if said else None
    event.dial_in = said.dial_in if said else None
    opens, closes = (said.opens_before, said.closes_after) if said else (None, None)
    event.gate_opens_minutes = GATE_OPENS_MINUTES if opens is None else opens
    event.gate_closes_minutes = GATE_CLOSES_MINUTES if closes is None else closes


def _write_institutions(tx: Transaction, event: Event, file: EventFile) -> None:
    known = {one.institution_id: one for one in event.institutions}
    rows = []
    for position, said in enumerate(file.institutions):
        institution = _find_or_add_institution(tx, said)
        if _is_latest(tx, institution, event, file):
            institution.name = said.name
        row = known.get(institution.id) or EventInstitution(institution=institution)
        row.role, row.name, row.position = said.role, said.name, position
        rows.append(row)
    event.institutions = rows


def _find_or_add_institution(tx: Transaction, said: InstitutionShape) -> Institution:
    """Return the institution of that acronym in that country."""
    found = tx.scalar(
        select(Institution).where(
            Institution.acronym == said.acronym, Institution.country == said.country
        )
    )
    if found is None:
        found = Institution(acronym=said.acronym, country=said.country, name=said.name)
        tx.add(found)
        tx.flush()
    return found


def _is_latest(tx: Transaction, institution: Institution, event: Event, file: EventFile) -> bool:
    """Tell whether no later event says how the institution is called today."""
    later = (
        select(EventInstitution.id)
        .join(Event)
        .where(
            EventInstitution.institution_id == institution.id,
            Event.starts_on > moments.day_of(file.starts),
            Event.id != event.id,
        )
    )
    return tx.scalar(later.limit(1)) is None


def _write_programme(tx: Transaction, event: Event, file: EventFile) -> None:
    known = {one.code: one for one in event.sessions}
    event.programme_status = file.programme.status
    event.validations = ()  # they were for the programme as it was
    sessions = []
    for position, said in enumerate(file.programme.sessions):
        session = known.get(said.code) or Session(code=said.code)
        _write_session(session, said)
        session.position = position
        sessions.append(session)
    event.sessions = sessions


def _write_session(session: Session, said: SessionShape) -> None:
    day = said.get_day()
    assert day is not None  # a file without it is refused
    session.day = day
    session.kind = said.kind
    session.title = said.title.translated()
    session.slot = said.slot
    session.half_day = said.half_day
    session.starts_time = said.starts.time() if said.starts else None
    session.ends_time = said.ends.time() if said.ends else None
    session.room = said.room
    session.description = said.description.translated() if said.description else None
    session.speakers = tuple(
        Speaker(one.name, one.title, one.organization, one.role) for one in said.speakers or ()
    )
    session.capacity = said.capacity


def _write_documents(tx: Transaction, event: Event, file: EventFile) -> None:
    known = {one.title: one for one in event.documents}
    documents = []
    for position, said in enumerate(file.documents):
        document = known.get(said.title) or Document(title=said.title)
        if document.id is not None and document.sha256 != said.sha256:
            tx.add(_keep_former(document))
        document.file = said.file
        document.version = said.version
        document.sha256, document.bytes = said.sha256, said.bytes
        document.position = position
        documents.append(document)
    event.documents = documents


def _keep_former(document: Document) -> FormerDocument:
    """Return the version of a document that another takes the place of."""
    return FormerDocument(
        document_id=document.id,
        file=document.file,
        version=document.version,
        sha256=document.sha256,
        bytes=document.bytes,
    )


def _write_questions(tx: Transaction, event: Event, file: EventFile) -> None:
    """Write the questions; one that people have answered keeps its kind, and is never lost."""
    known = {one.key: one for one in event.questions}
    written: list[Question] = []
    for position, said in enumerate(file.questions):
        question = known.pop(said.key, None) or Question(key=said.key)
        if question.kind not in {None, said.kind} and _is_answered(tx, event, said.key):
            raise QuestionAnswered(said.key)
        question.kind = said.kind
        question.label = said.label.translated()
        question.required = said.required
        question.options = tuple(option.translated() for option in said.options)
        condition = said.depends_on
        question.condition = Condition(condition.key, condition.values) if condition else None
        question.position, question.is_asked = position, True
        written.append(question)
    event.questions = [*written, *_keep_answered(tx, event, list(known.values()), len(written))]


def _keep_answered(
    tx: Transaction, event: Event, left: list[Question], position: int
) -> list[Question]:
    """Keep what is asked no more but was answered, after the others."""
    kept = [one for one in left if _is_answered(tx, event, one.key)]
    for number, one in enumerate(kept):
        one.position, one.is_asked = position + number, False
    return kept


def _is_answered(tx: Transaction, event: Event, key: str) -> bool:
    if event.id is None:
        return False
    return participants.has_answered(tx, event.id, key)


PLAIN = ("kind", "timezone", "display_timezones", "mode", "status", "capacity")
"""Keys that are columns as they are. The slug never changes, and the mailings are planned from what
was loaded: neither is written."""

WRITERS: dict[str, Writer] = {
    "title": _write_title,
    "summary": _write_summary,
    "starts": _write_starts,
    "ends": _write_ends,
    "venue": _write_venue,
    "registration": _write_registration,
    "institutions": _write_institutions,
    "contacts": _write_contacts,
    "signatories": _write_signatories,
    "notice": _write_notice,
    "programme": _write_programme,
    "documents": _write_documents,
    "connection": _write_connection,
    "questions": _write_questions,
}
