"""A registration's programme to subscribe to: an entry a session, which follows every change.

Pure. For those who would rather subscribe than be invited: nobody is an attendee, and no entry has
the name of one of the mails', so that who has both loses neither.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from webinars import calendar, models, phrasing, programme
from webinars.calendar import Entry, Origin
from webinars.calendar.files import build_feed
from webinars.models import Language, RegistrationStatus

__all__ = ["build_feed", "write"]

WITHOUT_END = timedelta(hours=1)
"""How long a session is shown of which nothing tells when it ends."""

OFF = frozenset({RegistrationStatus.CANCELLED, RegistrationStatus.DECLINED})


def write(
    event: models.Event,
    registration: models.Registration,
    chosen: Collection[str],
    *,
    gate_url: str,
    event_url: str,
    origin: Origin,
    language: Language,
    stamped_at: datetime,
) -> list[Entry]:
    """Write an entry for each session that a registration attends, and each day without any.

    Who has no place yet finds them tentative and without the gate. What is cancelled stays, as
    cancelled, for calendars to notice.

    :param stamped_at: when any of it last changed.
    """
    is_confirmed = registration.status is RegistrationStatus.CONFIRMED
    days = calendar.registration_entries(
        event,
        registration,
        [session.code for session in event.sessions],
        gate_url=gate_url if is_confirmed else "",
        event_url=event_url,
        origin=origin,
        language=language,
        stamped_at=stamped_at,
        sequence=_count_changes(event, registration),
    )
    entry_of = {day.date: _strip(entry, event, registration) for day, entry in days}
    name, host = registration.public_id, origin.host
    found = []
    for day in programme.days_attended(event, chosen):
        if not day.sessions and day.date in entry_of:
            uid = f"f{name}-d-{day.ordinal}@{host}"
            found.append(replace(entry_of[day.date], uid=uid))
    for session in _list_sessions(event, chosen):
        if session.day in entry_of:
            # Codes have no dot, and a UID no underscore.
            uid = f"f{name}-s-{session.code.replace('_', '.')}@{host}"
            entry = replace(entry_of[session.day], uid=uid)
            found.append(_write_session(entry, event, session, event_url, language))
    return found


def _count_changes(event: models.Event, registration: models.Registration) -> int:
    """Count what may have changed, so that a later version has a higher number."""
    return event.revision + registration.calendar_sequence + registration.calendar_generation


def _strip(entry: Entry, event: models.Event, registration: models.Registration) -> Entry:
    """Make of a day's entry one that invites nobody and rings no bell."""
    is_off = registration.status in OFF or event.postponed_at is not None
    return replace(
        entry,
        attendee_name=None,
        attendee_email=None,
        alarm=False,
        tentative=entry.tentative or registration.status is not RegistrationStatus.CONFIRMED,
        cancelled=entry.cancelled or is_off,
    )


def _list_sessions(event: models.Event, chosen: Collection[str]) -> Iterator[models.Session]:
    """List what is attended, and what would be if it were not cancelled."""
    attended = {session.code for session in programme.sessions_attended(event, chosen)}
    to_choose = programme.list_codes_to_choose(event)
    for session in event.sessions:
        is_off = session.cancelled_at is not None
        is_mine = session.code in chosen or session.code not in to_choose
        if session.code in attended or (is_off and is_mine):
            yield session


def _write_session(
    entry: Entry,
    event: models.Event,
    session: models.Session,
    event_url: str,
    language: Language,
) -> Entry:
    """Make of its day's entry that of a session: its own hours, its own room."""
    gate_url = entry.url if entry.url != event_url else ""
    place = [session.room or "", calendar.say_place(event, language)]
    starts_at, ends_at = _find_hours(event, session, entry)
    said = [_say_when(event, session, starts_at, ends_at, language)]
    return replace(
        entry,
        starts_at=starts_at or entry.starts_at,
        ends_at=ends_at or entry.ends_at,
        day=None if starts_at else session.day,
        tentative=entry.tentative or starts_at is None,
        summary=_summarise(session, language),
        description="\n\n".join([*said, *calendar.list_ways(event, gate_url, event_url, language)]),
        location=gate_url or ", ".join(filter(None, place)) or entry.location,
        cancelled=entry.cancelled or session.cancelled_at is not None,
    )


def _find_hours(
    event: models.Event, session: models.Session, entry: Entry
) -> tuple[datetime | None, datetime | None]:
    """Find when a session takes place; one without an end lasts until the next, or an hour."""
    starts_at = session.starts_at
    if starts_at is None or session.ends_at is not None:
        return starts_at, session.ends_at
    later = [one.starts_at for one in event.sessions if one.day == session.day and one.starts_at]
    if entry.day is None:
        later.append(entry.ends_at)
    return starts_at, min((at for at in later if at > starts_at), default=starts_at + WITHOUT_END)


def _summarise(session: models.Session, language: Language) -> str:
    title = session.title.into(language)
    if session.room:
        title = f"{title} ({session.room})"
    if session.starts_at is not None or session.half_day is None:
        return title
    return phrasing.labelled(phrasing.half_day_label(session.half_day, language), title, language)


def _say_when(
    event: models.Event,
    session: models.Session,
    starts_at: datetime | None,
    ends_at: datetime | None,
    language: Language,
) -> str:
    if starts_at is None:
        return phrasing.hours_to_come(session.day, session.day, language)
    zones = event.display_timezones or (event.timezone,)
    return phrasing.period(starts_at, ends_at, zones, language)
