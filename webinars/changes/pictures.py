"""What people were shown of an event, kept as a value, and made an event of again to be compared.

Pure.
"""

from datetime import date, datetime, time, timedelta

from webinars import programme, zones
from webinars.eventfiles.moments import day_of, hour_of, join
from webinars.models import Event, Session, SessionKind, Shown, ShownSession


def take_picture(event: Event) -> Shown:
    """Return what people are shown of an event now, and may plan by."""
    to_choose = programme.list_codes_to_choose(event)
    return Shown(
        title=event.title,
        timezone=event.timezone,
        starts=join(event.starts_on, event.starts_time),
        ends=join(event.ends_on, event.ends_time),
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        mode=event.mode,
        venue=event.venue,
        sessions=tuple(_take_session(one, one.code in to_choose) for one in event.sessions),
        is_postponed=event.postponed_at is not None,
        is_cancelled=event.cancelled_at is not None,
    )


def _take_session(session: Session, is_chosen: bool) -> ShownSession:
    return ShownSession(
        code=session.code,
        title=session.title,
        day=session.day,
        half_day=session.half_day,
        starts=_join(session.day, session.starts_time),
        ends=_join(session.day, session.ends_time),
        slot=session.slot,
        room=session.room,
        is_cancelled=session.cancelled_at is not None,
        is_chosen=is_chosen,
    )


def _join(day: date, at: time | None) -> datetime | None:
    return None if at is None else datetime.combine(day, at)


def restore(shown: Shown) -> Event:
    """Make an event again of what was shown: its dates, its programme and where it takes place.

    Only to be compared or shown, never to be kept.
    """
    # Zone data may have changed since: what was shown then are the instants of then.
    drift = shown.starts_at - _find_instant(shown.starts, shown.timezone)
    return Event(
        title=shown.title,
        timezone=shown.timezone,
        starts_on=day_of(shown.starts),
        starts_time=hour_of(shown.starts),
        ends_on=day_of(shown.ends),
        ends_time=hour_of(shown.ends),
        starts_at=shown.starts_at,
        ends_at=shown.ends_at,
        mode=shown.mode,
        venue=shown.venue,
        postponed_at=shown.starts_at if shown.is_postponed else None,
        cancelled_at=shown.starts_at if shown.is_cancelled else None,
        sessions=[
            _restore_session(one, position, shown, drift)
            for position, one in enumerate(shown.sessions)
        ],
    )


def _find_instant(moment: datetime | date, zone: str) -> datetime:
    if isinstance(moment, datetime):
        return zones.to_instant(moment, zone)
    return zones.start_of(moment, zone)


def _restore_session(one: ShownSession, position: int, shown: Shown, drift: timedelta) -> Session:
    return Session(
        code=one.code,
        kind=SessionKind.OTHER,
        title=one.title,
        slot=one.slot,
        day=one.day,
        half_day=one.half_day,
        starts_time=one.starts.time() if one.starts else None,
        ends_time=one.ends.time() if one.ends else None,
        starts_at=one.starts and _find_instant(one.starts, shown.timezone) + drift,
        ends_at=one.ends and _find_instant(one.ends, shown.timezone) + drift,
        room=one.room,
        speakers=(),
        # What is chosen by itself is so because it has one; how large it was, nobody was shown.
        capacity=1 if one.is_chosen else None,
        position=position,
        cancelled_at=shown.starts_at if one.is_cancelled else None,
    )
