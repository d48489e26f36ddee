"""Events and sessions made without a database, for the modules that are pure."""

from datetime import UTC, date, datetime, time, timedelta

from webinars import zones
from webinars.models import (
    AttendanceMode,
    Event,
    EventKind,
    EventStatus,
    HalfDay,
    Mode,
    Registration,
    RegistrationStatus,
    Session,
    SessionKind,
    Translated,
)

PARIS = "Europe/Paris"
RABAT = "Africa/Casablanca"
ANNOUNCED = datetime(2020, 5, 12, 9, 0, tzinfo=UTC)


def draw_event(starts="2020-05-19T15:00", ends="2020-05-19T17:30", sessions=(), **columns):
    """Make an event; a date without a time where the hour is not known."""
    values = {
        "slug": "webinaire",
        "kind": EventKind.WEBINAR,
        "title": Translated("La coopération décentralisée face à la crise"),
        "mode": Mode.ONLINE,
        "status": EventStatus.PUBLISHED,
        "timezone": PARIS,
        "display_timezones": (PARIS, RABAT),
        "revision": 0,
        "created_at": ANNOUNCED,
    } | columns
    (starts_on, starts_time), (ends_on, ends_time) = read(starts), read(ends)
    zone = values["timezone"]
    event = Event(
        starts_on=starts_on,
        starts_time=starts_time,
        ends_on=ends_on,
        ends_time=ends_time,
        starts_at=zones.to_instant(datetime.combine(starts_on, starts_time or time()), zone),
        ends_at=zones.to_instant(datetime.combine(ends_on, ends_time), zone)
        if ends_time
        else zones.start_of(ends_on + timedelta(days=1), zone),
        **values,
    )
    for position, session in enumerate(sessions):
        session.position = position
        session.starts_at = _instant(session.day, session.starts_time, zone)
        session.ends_at = _instant(session.day, session.ends_time, zone)
    event.sessions = list(sessions)
    return event


def draw_session(code, day, starts=None, ends=None, **columns):
    """Make a session of a day like `2020-05-19`, with hours like `15:00` where they are known."""
    values = {
        "kind": SessionKind.WORKSHOP if code.startswith("atelier") else SessionKind.OTHER,
        "title": Translated(columns.pop("title", f"Séance {code}")),
    } | columns
    return Session(
        code=code,
        day=date.fromisoformat(day),
        starts_time=time.fromisoformat(starts) if starts else None,
        ends_time=time.fromisoformat(ends) if ends else None,
        **values,
    )


def draw_registration(**columns):
    """Make a confirmed registration."""
    values = {
        "public_id": "0123456789abcdef",
        "calendar_generation": 0,
        "registered_at": datetime(2020, 5, 13, 8, 30, tzinfo=UTC),
        "status": RegistrationStatus.CONFIRMED,
        "first_name": "Samira",
        "last_name": "Bennani",
        "email": "samira@example.org",
        "attendance_mode": AttendanceMode.ONLINE,
    } | columns
    return Registration(**values)


def draw_assises(**columns):
    """Make the assises of Marrakech as they were announced: half-days, and not one hour."""
    return draw_event(
        "2016-05-03",
        "2016-05-04",
        [
            draw_session("ouverture", "2016-05-03", half_day=HalfDay.MORNING),
            draw_session("pleniere", "2016-05-03", half_day=HalfDay.MORNING),
            draw_session(
                "atelier-1", "2016-05-03", half_day=HalfDay.AFTERNOON, slot="j1-apres-midi"
            ),
            draw_session(
                "atelier-2", "2016-05-03", half_day=HalfDay.AFTERNOON, slot="j1-apres-midi"
            ),
            draw_session("tables-rondes-1", "2016-05-03", half_day=HalfDay.AFTERNOON),
            draw_session("atelier-3", "2016-05-04", half_day=HalfDay.MORNING, slot="j2-matin"),
            draw_session("atelier-4", "2016-05-04", half_day=HalfDay.MORNING, slot="j2-matin"),
            draw_session("atelier-5", "2016-05-04", half_day=HalfDay.MORNING, slot="j2-matin"),
            draw_session("rencontres", "2016-05-04", half_day=HalfDay.AFTERNOON, capacity=80),
            draw_session("cloture", "2016-05-04", half_day=HalfDay.AFTERNOON),
        ],
        **{"timezone": RABAT, "display_timezones": (RABAT, PARIS), "mode": Mode.ONSITE} | columns,
    )


def read(moment):
    """Return the date and the hour of `2020-05-19T15:00`, or the date and nothing."""
    day, _, hour = moment.partition("T")
    return date.fromisoformat(day), time.fromisoformat(hour) if hour else None


def _instant(day, at, zone):
    return zones.to_instant(datetime.combine(day, at), zone) if at else None
