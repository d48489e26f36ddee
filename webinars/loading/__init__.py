"""From event files to events: created, or changed where the file says something new.

What was last loaded is remembered with the event. A reload changes only the keys that differ from
that; one that was also changed elsewhere meanwhile is a conflict, and one that people who are
registered would have to be told of is refused, unless whoever calls tells them: `changes.load`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import ValidationError
from sqlalchemy import delete, func, select

from webinars import eventfiles, events, mailings, places, programme, timeline
from webinars.database import Transaction, lock_name
from webinars.errors import (
    ChangedElsewhere,
    SessionsChosen,
    SlugTaken,
    ValueRefused,
    WouldMailPeople,
)
from webinars.eventfiles import KEYS, EventFile, content
from webinars.loading.reading import to_file
from webinars.loading.writing import make_event, write
from webinars.models import Event, EventStatus, Registration, Session, SessionChoice

__all__ = [
    "Loaded",
    "create",
    "duplicate",
    "find_changes",
    "load",
    "rewrite",
    "to_content",
    "to_file",
]

NAME = "loading"
"""What is held while a file is loaded: one at a time."""
DATES = ("starts", "ends")
TOLD = ("starts", "ends", "timezone", "mode", "venue")
"""Keys of which everyone who is registered would have to be told."""


@dataclass(frozen=True)
class Loaded:
    """An event, and what a file changed in it."""

    event: Event
    is_new: bool
    changed: tuple[str, ...] = ()
    """The top-level keys that were changed; none when the file says nothing new."""


def load(
    tx: Transaction,
    file: EventFile,
    *,
    now: datetime,
    take_file: bool = False,
    may_tell: bool = False,
) -> Loaded:
    """Create the event that a file describes, or change what it says anew; then plan its mailings.

    The same file loaded twice changes nothing. Two things are the caller's: to store the bytes of
    the documents before, by `eventfiles.store_attachments`, and to give the places that a larger
    capacity adds to those who wait, by `waiting.promote`.

    :param take_file: Whether the file wins over what was changed elsewhere meanwhile.
    :param may_tell: Whether whoever calls tells people of the change: see `changes.load`.
    :raises ChangedElsewhere: a key was changed elsewhere too, and differently.
    :raises WouldMailPeople: people are registered who would have to be told.
    :raises SessionsChosen: a session that people chose is no longer in the file.
    """
    # One at a time: what two files would both add (an institution, a slug) is added once.
    lock_name(tx, NAME)
    event = events.find(tx, file.slug)
    if event is None:
        event = make_event(file, now)
        _write_keys(tx, event, file, KEYS, now)
        return Loaded(event, is_new=True, changed=KEYS)
    events.lock(tx, event.id)
    keys = find_changes(event, file, take_file=take_file)
    if not may_tell:
        _require_nobody_to_tell(tx, event, file, keys)
    if "programme" in keys:
        _drop_choices(tx, event, file)
    if keys or _forget_move(event.loaded) != content(file):
        _write_keys(tx, event, file, keys, now)
    return Loaded(event, is_new=False, changed=tuple(keys))


def find_changes(event: Event, file: EventFile, *, take_file: bool = False) -> list[str]:
    """Return the keys that a file would change in an event.

    :raises ChangedElsewhere: one of them was changed elsewhere too, and differently.
    """
    said, present, loaded = content(file), to_content(event), event.loaded or {}
    wanted = [key for key in KEYS if said[key] != loaded.get(key) and said[key] != present[key]]
    elsewhere = [key for key in wanted if present[key] != loaded.get(key)]
    if elsewhere and not take_file:
        raise ChangedElsewhere(elsewhere)
    return wanted


def to_content(event: Event) -> dict[str, object]:
    """Return what the event's file would say now by top-level key, as JSON."""
    return content(to_file(event))


def duplicate(
    tx: Transaction, event: Event, *, slug: str, starts_on: date, now: datetime
) -> Loaded:
    """Make a draft like an event on other days: every date moved alike, no room, nobody in it.

    :raises ValueRefused: the slug is not lower-case letters, digits and hyphens.
    :raises SlugTaken: another event has that slug.
    :raises FileRefused: an hour does not exist on the day it is moved to.
    """
    lock_name(tx, NAME)
    if events.find(tx, slug) is not None:
        raise SlugTaken
    moved = content(eventfiles.shift(to_file(event), starts_on))
    changes = {"slug": slug, "status": EventStatus.DRAFT, "connection": None}
    try:
        file = eventfiles.from_content(moved | changes)
    except ValidationError as error:  # everything but the slug was an event's already
        raise ValueRefused("slug") from error
    return load(tx, file, now=now)


def create(tx: Transaction, file: EventFile, *, now: datetime) -> Event:
    """Create the event that a file describes, and no other than a new one.

    :raises SlugTaken: an event has that slug.
    """
    lock_name(tx, NAME)
    if events.find(tx, file.slug) is not None:
        raise SlugTaken
    return load(tx, file, now=now).event


def rewrite(
    tx: Transaction, event: Event, file: EventFile, keys: Sequence[str], *, now: datetime
) -> None:
    """Write some keys of an event anew, other than by its file: what was loaded is still known.

    A file that says something else of these keys later is told that they were changed elsewhere.

    :raises SessionsChosen: a session that people chose is left out.
    """
    if "programme" in keys:
        _drop_choices(tx, event, file)
    for key in keys:
        write(tx, event, file, key)
    events.derive_instants(event)
    events.touch(event)
    tx.flush()
    mailings.plan(tx, event, now=now)


def _write_keys(
    tx: Transaction, event: Event, file: EventFile, keys: Sequence[str], now: datetime
) -> None:
    if event.id is not None and set(keys) & set(DATES):
        events.remember_dates(event, file.starts, file.ends)
    for key in keys:
        write(tx, event, file, key)
    if event.id is not None:
        events.touch(event)
    moved = (event.loaded or {}).get(timeline.AS_MOVED)
    event.loaded = content(file)
    if moved is not None and "mailings" not in keys:
        event.loaded = event.loaded | {timeline.AS_MOVED: moved}
    events.derive_instants(event)
    tx.add(event)
    tx.flush()
    mailings.plan(tx, event, now=now)


def _forget_move(loaded: dict[str, object] | None) -> dict[str, object]:
    """Return what was loaded, without what a move made of it."""
    return {key: said for key, said in (loaded or {}).items() if key != timeline.AS_MOVED}


def _require_nobody_to_tell(
    tx: Transaction, event: Event, file: EventFile, keys: Collection[str]
) -> None:
    """Refuse to move what people have in their calendars already."""
    told = [key for key in TOLD if key in keys]
    if "programme" in keys and _moves_sessions(event, file):
        told.append("programme")
    if not told:
        return
    # Held so that whoever is just registering is waited for: it would be with the old dates.
    tx.execute(select(Event.id).where(Event.id == event.id).with_for_update())
    if people := _count_live(tx, event.id):
        raise WouldMailPeople(told, people)


def _moves_sessions(event: Event, file: EventFile) -> bool:
    """Tell whether a session that stays would be at another time."""
    before = {one.code: one for one in to_file(event).programme.sessions}
    return any(
        (one.get_day(), one.half_day, one.starts, one.ends)
        != (known.get_day(), known.half_day, known.starts, known.ends)
        for one in file.programme.sessions
        if (known := before.get(one.code))
    )


def _count_live(tx: Transaction, event_id: int) -> int:
    live = select(func.count()).where(
        Registration.event_id == event_id, Registration.status.in_(places.LIVE)
    )
    return tx.scalar(live) or 0


def _drop_choices(tx: Transaction, event: Event, file: EventFile) -> None:
    """Let go of the sessions that a file leaves out, unless someone with a place chose one."""
    kept = {one.code for one in file.programme.sessions}
    dropped = [one for one in event.sessions if one.code not in kept]
    gone = [one.id for one in dropped]
    tx.execute(select(Session.id).where(Session.id.in_(gone)).with_for_update())
    chosen = tx.scalars(
        select(Session.code)
        .join(SessionChoice, SessionChoice.session_id == Session.id)
        .join(Registration)
        # Whoever chose one that was cancelled has been told.
        .where(
            Session.id.in_(one.id for one in dropped if programme.is_held(one)),
            Registration.status.in_(places.LIVE),
        )
        .distinct()
    )
    if codes := sorted(chosen):
        raise SessionsChosen(codes)
    tx.execute(delete(SessionChoice).where(SessionChoice.session_id.in_(gone)))
