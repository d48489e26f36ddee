"""Plain functions that make what a test is about, with sensible defaults and nothing random.

Each takes `tx` first, flushes, and returns the object. The events are those of the seeds.
"""

from datetime import UTC, date, datetime, time

import pyotp

from webinars import links, zones
from webinars.contacts import fold
from webinars.models import (
    AttendanceMode,
    Civility,
    Contact,
    Event,
    EventInstitution,
    EventKind,
    EventStatus,
    Institution,
    InstitutionRole,
    Language,
    Mode,
    Notice,
    OrganizationKind,
    ProgrammeStatus,
    Question,
    QuestionKind,
    Registration,
    RegistrationStatus,
    Role,
    Session,
    SessionKind,
    Translated,
)

NOW = datetime(2020, 10, 26, 9, 0, tzinfo=UTC)
"""A Monday morning, eight days before the webinar of 3 November 2020."""


def make_institution(tx, acronym="DAECT", *, name=None, country="FR"):
    institution = Institution(
        acronym=acronym, name=name or f"Institution {acronym}", country=country
    )
    tx.add(institution)
    tx.flush()
    return institution


def make_event(
    tx,
    slug="webinaire-covid-19",
    *,
    title="Les collectivités territoriales marocaines et françaises face à la crise de la Covid 19",
    timezone="Europe/Paris",
    display_timezones=("Europe/Paris", "Africa/Casablanca"),
    starts=datetime(2020, 11, 3, 10, 0),  # noqa: DTZ001 - a local wall time
    ends=datetime(2020, 11, 3, 12, 30),  # noqa: DTZ001
    closes=None,
    opens=None,
    institutions=(),
    **columns,
):
    """Make an event; `starts` and `ends` are naive local times, or dates without hours."""
    has_hours = isinstance(starts, datetime)
    starts_at = (
        zones.to_instant(starts, timezone) if has_hours else zones.start_of(starts, timezone)
    )
    ends_at = zones.to_instant(ends, timezone) if has_hours else zones.end_of(ends, timezone)
    values = {
        "kind": EventKind.WEBINAR,
        "status": EventStatus.PUBLISHED,
        "mode": Mode.ONLINE,
        "notice": Notice(controllers=("DAECT",)),
        "contacts": (),
        "signatories": (),
        "programme_status": ProgrammeStatus.FINAL,
        "created_at": NOW,
        "room_url": "https://salle.example.org/abc",
    } | columns
    event = Event(
        slug=slug,
        title=Translated(fr=title),
        timezone=timezone,
        display_timezones=tuple(display_timezones),
        starts_on=starts.date() if has_hours else starts,
        starts_time=starts.time() if has_hours else None,
        ends_on=ends.date() if has_hours else ends,
        ends_time=ends.time() if has_hours else None,
        starts_at=starts_at,
        ends_at=ends_at,
        opens_local=opens,
        opens_at=zones.to_instant(opens, timezone) if opens else None,
        closes_local=closes,
        closes_at=zones.to_instant(closes, timezone) if closes else starts_at,
        zone_data=zones.version(),
        **values,
    )
    tx.add(event)
    for position, institution in enumerate(institutions):
        event.institutions.append(
            EventInstitution(
                institution=institution,
                role=InstitutionRole.PILOT,
                name=institution.name,
                position=position,
            )
        )
    tx.flush()
    return event


def make_session(
    tx,
    event,
    code="ouverture",
    *,
    day=None,
    starts: time | None = None,
    ends: time | None = None,
    title=None,
    **columns,
):
    day = day or event.starts_on
    values = {"kind": SessionKind.PLENARY, "position": 0} | columns
    session = Session(
        event_id=event.id,
        code=code,
        title=Translated(fr=title or f"Séance {code}"),
        day=day,
        starts_time=starts,
        ends_time=ends,
        starts_at=_instant(day, starts, event.timezone),
        ends_at=_instant(day, ends, event.timezone),
        **values,
    )
    tx.add(session)
    tx.flush()
    return session


def make_question(tx, event, key="temoignage", *, kind=QuestionKind.TEXT, label="Racontez"):
    """Make a question of an event's own."""
    question = Question(
        event_id=event.id, key=key, kind=kind, label=Translated(fr=label), position=0
    )
    tx.add(question)
    tx.flush()
    return question


def make_registration(
    tx, event, *, last_name="Bennani", first_name="Samira", email="samira@example.org", **columns
):
    """Make a confirmed registration with its contact, without any mail."""
    name_key = fold(f"{last_name} {first_name}")
    contact = Contact(
        email=email,
        email_key=email.lower(),
        name_key=name_key,
        last_name=last_name,
        first_name=first_name,
        language=Language.FRENCH,
        created_at=NOW,
    )
    organization = columns.pop("organization", "Région Fès-Meknès")
    values = {
        "status": RegistrationStatus.CONFIRMED,
        "registered_at": NOW,
        "confirmed_at": NOW,
        "source": "form",
        "civility": Civility.MADAME,
        "phone": "",
        "role": Role.ELECTED,
        "job_title": "Vice-présidente",
        "organization_kind": OrganizationKind.REGION,
        "country": "MA",
        "on_behalf_of": "",
        "language": Language.FRENCH,
        "attendance_mode": AttendanceMode.ONLINE,
        "assistant_email": "",
        "question": "",
        "share_with_participants": False,
        "accept_invitations": False,
        "answers": {},
    } | columns
    tx.add(contact)
    tx.flush()
    registration = Registration(
        event_id=event.id,
        contact_id=contact.id,
        public_id=links.draw_public_id(),
        reference=links.draw_reference(),
        last_name=last_name,
        first_name=first_name,
        name_key=name_key,
        email=email,
        email_key=email.lower(),
        organization=organization,
        organization_key=fold(organization),
        **values,
    )
    tx.add(registration)
    tx.flush()
    return registration


def _instant(day: date, at: time | None, timezone: str) -> datetime | None:
    return zones.to_instant(datetime.combine(day, at), timezone) if at else None


def show_code(secret, now):
    """Return the code that a telephone shows at an instant."""
    return pyotp.TOTP(secret).at(now)
