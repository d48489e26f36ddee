"""Days of an event as iCalendar: what a confirmation carries and what the pages offer as a file.

Pure. What a day's entry says is here, its hours in words too, with their cities; how entries become
a file is `files`.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr

from webinars import labels, models, phrasing, programme
from webinars.calendar.files import Entry, build
from webinars.models import (
    AttendanceMode,
    EventStatus,
    InstitutionRole,
    Language,
    Mode,
    RegistrationStatus,
)
from webinars.programme import Day

__all__ = [
    "Entry",
    "Holder",
    "Origin",
    "attends_online",
    "build",
    "event_entries",
    "list_ways",
    "make_event_uid",
    "make_origin",
    "make_uid",
    "personal_entries",
    "registration_entries",
    "say_place",
]


@dataclass(frozen=True)
class Origin:
    """What all entries of the service have in common."""

    host: str
    """Of the pages' address; it makes the UIDs the service's own."""
    organizer_name: str
    organizer_email: str
    """The sender of the mails: calendars compare the two."""


def make_origin(event: models.Event, *, host: str, sender: str) -> Origin:
    """Name the first pilot as the organiser, at the address that the mails come from."""
    name, address = parseaddr(sender)
    pilots = (one.name for one in event.institutions if one.role is InstitutionRole.PILOT)
    return Origin(host, next(pilots, name), address)


@dataclass(frozen=True)
class Holder:
    """Whose calendar an entry is for."""

    public_id: str
    generation: int
    name: str
    email: str
    registered_at: datetime
    gate_url: str
    """Empty for who comes in person."""
    is_cancelled: bool
    may_reply: bool = False
    """Whether her calendar is asked for an answer: only where someone reads it."""


def make_uid(public_id: str, ordinal: int, generation: int, host: str) -> str:
    """Name the entry of a registration for one day, whatever becomes of its date."""
    return _clean_uid(f"r{public_id}-d{ordinal}-g{generation}", host)


def make_event_uid(slug: str, ordinal: int, host: str) -> str:
    """Name the entry of one day of an event, for those who are not registered."""
    return _clean_uid(f"event-{slug}-d{ordinal}", host)


def event_entries(
    event: models.Event, *, event_url: str, origin: Origin, language: Language
) -> list[tuple[Day, Entry]]:
    """Write the days of an event as anyone may have them: no attendee and no personal link."""
    entries = []
    for day in programme.days(event):
        entry = _draft(event, day, event_url=event_url, origin=origin, language=language)
        is_provisional = event.status is EventStatus.ANNOUNCED
        entries.append((day, replace(entry, tentative=entry.tentative or is_provisional)))
    return entries


def registration_entries(
    event: models.Event,
    registration: models.Registration,
    chosen: Collection[str],
    *,
    gate_url: str,
    event_url: str,
    origin: Origin,
    language: Language,
    stamped_at: datetime,
    sequence: int,
) -> list[tuple[Day, Entry]]:
    """Write an entry for each day that a registration attends with these chosen sessions."""
    holder = Holder(
        public_id=registration.public_id,
        generation=registration.calendar_generation,
        name=phrasing.display_name(registration.first_name, registration.last_name),
        email=registration.email,
        registered_at=registration.registered_at,
        gate_url=gate_url if attends_online(event, registration.attendance_mode) else "",
        is_cancelled=registration.status is RegistrationStatus.CANCELLED,
    )
    return personal_entries(
        event,
        holder,
        programme.days_attended(event, chosen),
        event_url=event_url,
        origin=origin,
        language=language,
        stamped_at=stamped_at,
        sequence=sequence,
    )


def personal_entries(
    event: models.Event,
    holder: Holder,
    days: Sequence[Day],
    *,
    event_url: str,
    origin: Origin,
    language: Language,
    stamped_at: datetime,
    sequence: int,
) -> list[tuple[Day, Entry]]:
    """Write an entry for each of these days, as someone attends it.

    Who attends online finds the gate in it; never the room, and never the registration's own page:
    calendars are shared with a team.
    """
    entries = []
    for day in days:
        entry = _draft(
            event,
            day,
            event_url=event_url,
            origin=origin,
            language=language,
            gate_url=holder.gate_url,
        )
        personal = replace(
            entry,
            uid=make_uid(holder.public_id, day.ordinal, holder.generation, origin.host),
            sequence=sequence,
            stamped_at=stamped_at,
            created_at=holder.registered_at,
            attendee_name=holder.name,
            attendee_email=holder.email,
            alarm=day.hours_known,
            may_reply=holder.may_reply,
            cancelled=entry.cancelled or holder.is_cancelled,
        )
        entries.append((day, personal))
    return entries


def attends_online(event: models.Event, mode: AttendanceMode) -> bool:
    """Tell whether who takes part in this way goes through the gate."""
    if event.mode is Mode.HYBRID:
        return mode is AttendanceMode.ONLINE
    return event.mode is Mode.ONLINE


def _draft(
    event: models.Event,
    day: Day,
    *,
    event_url: str,
    origin: Origin,
    language: Language,
    gate_url: str = "",
) -> Entry:
    """Write what a day's entry says to anyone; with a gate, it is where one goes."""
    place = say_place(event, language)
    return Entry(
        uid=make_event_uid(event.slug, day.ordinal, origin.host),
        sequence=event.revision,
        stamped_at=event.created_at,
        created_at=event.created_at,
        starts_at=day.starts_at,
        ends_at=day.ends_at,
        day=None if day.hours_known else day.date,
        tentative=not day.hours_known,
        summary=_summarise(event, day, language),
        description=_describe(event, day, gate_url, event_url, language),
        location=gate_url or place or phrasing.mode_label(event.mode, language),
        url=gate_url or event_url,
        organizer_name=origin.organizer_name,
        organizer_email=origin.organizer_email,
        # The day of a postponed event is as dead as that of a cancelled one: it stands in no
        # calendar until there is another.
        cancelled=event.cancelled_at is not None or event.postponed_at is not None,
    )


def _summarise(event: models.Event, day: Day, language: Language) -> str:
    title = event.title.into(language)
    last = programme.days(event)[-1].ordinal
    return title if last == 1 else f"{title} ({day.ordinal}/{last})"


def say_place(event: models.Event, language: Language) -> str:
    """Say where one goes to an event; nothing where nobody goes anywhere."""
    if event.venue is None or event.mode is Mode.ONLINE:
        return ""
    return phrasing.place(event.venue, language)


def _describe(
    event: models.Event, day: Day, gate_url: str, event_url: str, language: Language
) -> str:
    paragraphs = [_say_when(event, day, language)]
    if day.sessions:
        title = phrasing.labelled(labels.PROGRAMME.into(language), "", language).rstrip()
        lines = (_describe_session(event, session, language) for session in day.sessions)
        paragraphs.append("\n".join([title, *lines]))
    return "\n\n".join([*paragraphs, *list_ways(event, gate_url, event_url, language)])


def list_ways(event: models.Event, gate_url: str, event_url: str, language: Language) -> list[str]:
    """Say where one goes, by the gate or on foot, and where the event's page is."""
    ways = [(labels.EVENT_PAGE, event_url)]
    place = say_place(event, language)
    if gate_url:
        ways.insert(0, (labels.TO_CONNECT, gate_url))
    elif place:
        ways.insert(0, (labels.VENUE, place))
    return [phrasing.labelled(label.into(language), way, language) for label, way in ways]


def _say_when(event: models.Event, day: Day, language: Language) -> str:
    if not day.hours_known:
        return phrasing.hours_to_come(day.date, day.date, language)
    zones = event.display_timezones or (event.timezone,)
    return phrasing.period(day.starts_at, day.ends_at, zones, language)


def _describe_session(event: models.Event, session: models.Session, language: Language) -> str:
    title = session.title.into(language)
    if session.room:
        title = f"{title} ({session.room})"
    if session.starts_at is not None:
        zones = event.display_timezones or (event.timezone,)
        said = phrasing.hours(session.starts_at, session.ends_at, zones, language)
    elif session.half_day is not None:
        said = phrasing.half_day_label(session.half_day, language)
    else:
        return f"– {title}"
    return f"– {phrasing.labelled(said, title, language)}"


def _clean_uid(name: str, host: str) -> str:
    return re.sub(r"[^A-Za-z0-9.@-]", "-", f"{name}@{host}")
