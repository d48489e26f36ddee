"""Events as they are kept: finding one, where it stands at an instant, its room.

How an event file becomes an event is `webinars.loading`; who gets a place is
`webinars.registrations`.
"""

from datetime import date, datetime, time

from sqlalchemy import exists, func, inspect, select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from webinars import typed, zones
from webinars.database import Reading, Transaction
from webinars.errors import (
    EventCancelled,
    EventEnded,
    NotFound,
    RegistrationsClosed,
    RegistrationsNotOpen,
)
from webinars.eventfiles import moments
from webinars.models import (
    Change,
    Event,
    EventInstitution,
    EventState,
    EventStatus,
    FormerDates,
)

COLUMNS = [column.key for column in inspect(Event).column_attrs]


def require_open(event: Event, now: datetime) -> None:
    """Make sure that people may register for the event now.

    :raises NotFound: it is a draft.
    :raises EventCancelled: it was cancelled or postponed.
    :raises EventEnded: it is over.
    :raises RegistrationsNotOpen: it is only announced, or opens later.
    :raises RegistrationsClosed: the closing instant has come.
    """
    if event.status is EventStatus.DRAFT:
        raise NotFound("event", event.slug)
    if event.cancelled_at or event.postponed_at:
        raise EventCancelled
    if now >= event.ends_at:
        raise EventEnded
    if event.status is EventStatus.ANNOUNCED:
        raise RegistrationsNotOpen(None)
    if event.opens_at and now < event.opens_at:
        raise RegistrationsNotOpen(event.opens_at)
    if now >= event.closes_at:
        raise RegistrationsClosed(event.closes_at)


def require_coming(event: Event, now: datetime) -> None:
    """Make sure that the event is still to come, or on; also one that is postponed is.

    :raises EventCancelled: it was cancelled.
    :raises EventEnded: it is over.
    """
    if event.cancelled_at is not None:
        raise EventCancelled
    if now >= event.ends_at and event.postponed_at is None:
        raise EventEnded


def state(event: Event, now: datetime) -> EventState:
    """Return where the event stands at an instant.

    Published but not open yet is `announced`: it is listed, and nobody can register.
    """
    if event.status is EventStatus.DRAFT:
        return EventState.DRAFT
    if event.cancelled_at:
        return EventState.CANCELLED
    if event.postponed_at:
        return EventState.POSTPONED
    if now >= event.ends_at:
        return EventState.ENDED
    if now >= event.starts_at:
        return EventState.RUNNING
    if event.status is EventStatus.ANNOUNCED or (event.opens_at and now < event.opens_at):
        return EventState.ANNOUNCED
    return EventState.CLOSED if now >= event.closes_at else EventState.OPEN


def derive_instants(event: Event) -> None:
    """Work out every instant of the event and its sessions from local times and zone.

    An hour that is not known yet counts as the whole local day.
    """
    zone = event.timezone
    event.starts_at = _instant(event.starts_on, event.starts_time, zone) or zones.start_of(
        event.starts_on, zone
    )
    event.ends_at = _instant(event.ends_on, event.ends_time, zone) or zones.end_of(
        event.ends_on, zone
    )
    event.opens_at = event.opens_local and zones.to_instant(event.opens_local, zone)
    event.closes_at = (
        zones.to_instant(event.closes_local, zone) if event.closes_local else event.starts_at
    )
    event.changes_close_at = event.changes_close_local and zones.to_instant(
        event.changes_close_local, zone
    )
    event.priority_until_at = _priority_end(event)
    for session in event.sessions:
        session.starts_at = _instant(session.day, session.starts_time, zone)
        session.ends_at = _instant(session.day, session.ends_time, zone)
    event.zone_data = zones.version()


def has_drifted(event: Event) -> bool:
    """Tell whether today's zone data give an event other instants than those that people know."""
    zone = event.timezone
    starts_at = _instant(event.starts_on, event.starts_time, zone)
    ends_at = _instant(event.ends_on, event.ends_time, zone)
    found: list[tuple[datetime | None, datetime | None]] = [
        (event.starts_at, starts_at or zones.start_of(event.starts_on, zone)),
        (event.ends_at, ends_at or zones.end_of(event.ends_on, zone)),
    ]
    for one in event.sessions:
        found.append((one.starts_at, _instant(one.day, one.starts_time, zone)))
        found.append((one.ends_at, _instant(one.day, one.ends_time, zone)))
    return any(known != now for known, now in found)


def remember_dates(event: Event, starts: datetime | date, ends: datetime | date) -> None:
    """Keep the dates that people were shown before an event moves to others, each once."""
    if event.status is EventStatus.DRAFT:
        return
    shown = FormerDates(
        moments.join(event.starts_on, event.starts_time),
        moments.join(event.ends_on, event.ends_time),
    )
    kept = [one for one in (*event.former_dates, shown) if one != FormerDates(starts, ends)]
    event.former_dates = tuple(dict.fromkeys(kept))


def _instant(day: date, at: time | None, zone: str) -> datetime | None:
    return None if at is None else zones.to_instant(datetime.combine(day, at), zone)


def _priority_end(event: Event) -> datetime | None:
    if event.priority is None:
        return None
    until = event.priority.until
    return zones.to_instant(until, event.timezone) if until else event.closes_at


def connect(tx: Transaction, event: Event, url: str, *, dial_in: str | None = None) -> None:
    """Set or change the room; nobody is mailed, and every link given out leads there.

    A link that was held for want of a room leaves at the timer's next look. An empty address takes
    the room away.

    :param dial_in: How to take part by telephone; `None` leaves it as it is, empty takes it away.
    :raises ValueRefused: the room is no `http://` or `https://` address.
    """
    address = typed.check_url(url) if url.strip() else None
    said = None if dial_in is None else typed.clean_line(dial_in)
    lock(tx, event.id)
    event.room_url = address
    if said is not None:
        event.dial_in = said or None


def get(tx: Transaction, slug: str) -> Event:
    """Return the event of that slug with everything that belongs to it.

    :raises NotFound: there is none.
    """
    event = find(tx, slug)
    if event is None:
        raise NotFound("event", slug)
    return event


def find(tx: Transaction, slug: str) -> Event | None:
    """Return the event of that slug with everything that belongs to it, or `None`.

    Read once for each of its editions: what has not changed since is copied from the shelf.
    """
    found = tx.execute(select(Event.id, Event.edition).where(Event.slug == slug)).first()
    return take(tx, *found) if found else None


def get_by_id(tx: Transaction, event_id: int) -> Event:
    """Return an event with everything that belongs to it.

    :raises NotFound: there is none.
    """
    edition = tx.scalar(select(Event.edition).where(Event.id == event_id))
    if edition is None:
        raise NotFound("event", str(event_id))
    return take(tx, event_id, edition)


def take(tx: Transaction, event_id: int, edition: int) -> Event:
    """Return an event whose edition was just read, with everything that belongs to it."""
    kept = tx.shelf.get(event_id)
    if kept is None or kept.edition != edition or _is_here(tx, event_id):
        kept = _read(tx, event_id)
    return kept if kept in tx else tx.merge(kept, load=False)


def touch(event: Event) -> None:
    """Note that something which belongs to the event was changed."""
    event.edition = Event.edition + 1


def _is_here(tx: Transaction, event_id: int) -> bool:
    """Tell whether the transaction has an event of its own already, perhaps a changed one."""
    return tx.identity_map.get(tx.identity_key(Event, event_id)) is not None


def _read(tx: Transaction, event_id: int) -> Event:
    """Read an event, and keep it at hand if nothing but what was committed can be in it."""
    was_here = _is_here(tx, event_id)
    query = select(Event).where(Event.id == event_id).options(*_fully_loaded())
    event = tx.scalars(query).one()
    if isinstance(tx, Reading) and not was_here:
        for one in (event, *(part.institution for part in event.institutions)):
            tx.expunge(one)
        tx.shelf[event_id] = event
    return event


def _fully_loaded() -> list[ORMOption]:
    return [
        selectinload(Event.institutions).joinedload(EventInstitution.institution),
        selectinload(Event.sessions),
        selectinload(Event.questions),
        selectinload(Event.documents),
    ]


def list_coming(tx: Transaction, now: datetime) -> list[Event]:
    """Return the announced and published events that are not over, soonest first."""
    query = (
        select(Event)
        .where(Event.status != EventStatus.DRAFT, Event.ends_at > now)
        .order_by(Event.starts_at, Event.id)
        .options(_with_institutions())
    )
    return list(tx.scalars(query))


def list_all(tx: Transaction, *, institution_id: int | None = None) -> list[Event]:
    """Return all events, drafts too, latest first; those of one institution where it is given."""
    query = select(Event).order_by(Event.starts_at.desc(), Event.id).options(_with_institutions())
    if institution_id is not None:
        takes_part = exists().where(
            EventInstitution.event_id == Event.id,
            EventInstitution.institution_id == institution_id,
        )
        query = query.where(takes_part)
    return list(tx.scalars(query))


def _with_institutions() -> ORMOption:
    return selectinload(Event.institutions).joinedload(EventInstitution.institution)


def find_changed_at(tx: Transaction, event: Event) -> datetime:
    """Find when what people see of an event last changed."""
    last = select(func.max(Change.made_at)).where(Change.event_id == event.id)
    return tx.scalar(last) or event.created_at


def hold(tx: Transaction, event: Event) -> int:
    """Let nobody else touch an event until the transaction ends, and return its edition."""
    tx.refresh(event, ["edition"], with_for_update=True)
    return event.edition


def lock(tx: Transaction, event_id: int) -> Event:
    """Let nobody else count or change the event until the transaction ends, and read it anew.

    What was loaded with it stays loaded. Rows that refer to the event may still be inserted by
    others (FOR NO KEY UPDATE).

    :raises NotFound: there is none.
    """
    event = tx.get(Event, event_id)
    if event is None:
        raise NotFound("event", str(event_id))
    tx.flush()  # a refresh would throw away what was changed here and not written yet
    tx.refresh(event, COLUMNS, with_for_update={"key_share": True})
    return event
