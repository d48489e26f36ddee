"""What an event still lacks before people see it: what must be there, and what had better be.

Pure, on an event with everything that belongs to it loaded.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from webinars import questions
from webinars.editing.clashes import list_clashes
from webinars.models import (
    Event,
    InstitutionRole,
    Language,
    Mode,
    ProgrammeStatus,
    Translated,
)


class Lack(StrEnum):
    """Something that an event lacks."""

    PAST = "past"
    PILOT = "pilot"
    CONTACT = "contact"
    CONTROLLERS = "controllers"
    CLOSED = "closed"
    VENUE = "venue"
    RIGHTS_CONTACT = "rights-contact"
    PURPOSES = "purposes"
    HOURS = "hours"
    SUMMARY = "summary"
    TRANSLATION = "translation"
    ROOM = "room"
    CAPACITY = "capacity"
    PROGRAMME = "programme"
    CLASHES = "clashes"
    VALIDATION = "validation"
    QUESTIONS = "questions"


BLOCKING = frozenset({Lack.PAST, Lack.PILOT, Lack.CONTACT, Lack.CONTROLLERS})
"""Without these nobody knows who organises, whom to ask, or who answers for the data."""


class Item(NamedTuple):
    """A line of the check list."""

    lack: Lack
    is_blocking: bool


def list_lacks(event: Event, now: datetime) -> list[Item]:
    """List what an event lacks, what keeps it from being published first."""
    found = (*_list_about_people(event), *_list_about_dates(event, now), *_list_about_words(event))
    items = [Item(lack, lack in BLOCKING) for lack in dict.fromkeys(found)]
    return sorted(items, key=lambda one: not one.is_blocking)


def _list_about_people(event: Event) -> Iterator[Lack]:
    if not any(one.role is InstitutionRole.PILOT for one in event.institutions):
        yield Lack.PILOT
    if not any(one.email or one.phone for one in event.contacts):
        yield Lack.CONTACT
    if not event.notice.controllers:
        yield Lack.CONTROLLERS
    if not event.notice.rights_contact:
        yield Lack.RIGHTS_CONTACT
    if event.notice.purposes is None or not event.notice.purposes.ar:
        yield Lack.PURPOSES


def _list_about_dates(event: Event, now: datetime) -> Iterator[Lack]:
    if event.ends_at <= now:
        yield Lack.PAST
    elif event.closes_at <= now:
        yield Lack.CLOSED
    if event.starts_time is None:
        yield Lack.HOURS
    if event.mode is not Mode.ONLINE and event.venue is None:
        yield Lack.VENUE
    if event.mode is not Mode.ONSITE and not event.room_url:
        yield Lack.ROOM
    if event.mode is not Mode.ONLINE and event.capacity is None:
        yield Lack.CAPACITY


def _list_about_words(event: Event) -> Iterator[Lack]:
    if event.summary is None:
        yield Lack.SUMMARY
    if not _is_translated(event.title):
        yield Lack.TRANSLATION
    if not event.sessions:
        yield Lack.PROGRAMME
    if any(one.is_grave for one in list_clashes(event, event.sessions)):
        yield Lack.CLASHES
    if event.sessions and event.programme_status is not ProgrammeStatus.FINAL:
        yield Lack.VALIDATION
    asked = questions.list_asked(event)
    labels = [one.label for one in asked]
    options = [option for one in asked for option in one.options]
    if not all(_is_translated(one) for one in (*labels, *options)):
        yield Lack.QUESTIONS


def _is_translated(words: Translated) -> bool:
    return all(words.language_shown(one) is one for one in Language)
