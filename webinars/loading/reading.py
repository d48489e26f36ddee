"""An event as the file that would say the same: what a reload is compared with, and a copy made of.

Pure, on an event with everything that belongs to it loaded.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from webinars import eventfiles, questions, timeline
from webinars.eventfiles import EventFile, moments
from webinars.eventfiles.shape import GATE_CLOSES_MINUTES, GATE_OPENS_MINUTES
from webinars.models import Document, Event, EventInstitution, Question, Session, Translated


def to_file(event: Event) -> EventFile:
    """Return the event as an event file; a key that was never set is left out."""
    starts = moments.join(event.starts_on, event.starts_time)
    ends = moments.join(event.ends_on, event.ends_time)
    return eventfiles.from_content(
        {
            "slug": event.slug,
            "kind": event.kind,
            "title": _words(event.title),
            "summary": _words(event.summary),
            "timezone": event.timezone,
            "display_timezones": list(event.display_timezones),
            "starts": moments.write(starts),
            "ends": moments.write(ends),
            "mode": event.mode,
            "venue": _filled(asdict(event.venue)) if event.venue else None,
            "status": event.status,
            "capacity": event.capacity,
            "registration": _registration(event),
            "institutions": [_institution(one) for one in event.institutions],
            "contacts": [_filled(asdict(one)) for one in event.contacts],
            "signatories": [_filled(asdict(one)) for one in event.signatories],
            "notice": _notice(event),
            "programme": {
                "status": event.programme_status,
                "sessions": [_session(one) for one in event.sessions],
            },
            "documents": [_document(one) for one in event.documents],
            "connection": _connection(event),
            "mailings": timeline.find_named(event),
            "questions": [_question(one) for one in questions.list_asked(event)],
        }
    )


def _filled(said: dict[str, Any]) -> dict[str, Any]:
    """Return a group without what says nothing."""
    return {key: value for key, value in said.items() if value not in (None, "")}


def _words(words: Translated | None) -> dict[str, str] | None:
    return _filled(asdict(words)) if words else None


def _moment(moment: datetime | None) -> str | None:
    return moments.write(moment) if moment else None


def _registration(event: Event) -> dict[str, Any]:
    said: dict[str, Any] = {
        "opens": _moment(event.opens_local),
        "closes": _moment(event.closes_local),
        "changes_close": _moment(event.changes_close_local),
        "approval": event.approval,
    }
    if event.priority:
        priority = asdict(event.priority) | {"until": _moment(event.priority.until)}
        said["priority"] = _filled(priority)
    return _filled(said)


def _institution(one: EventInstitution) -> dict[str, Any]:
    return {
        "name": one.name,
        "acronym": one.institution.acronym,
        "country": one.institution.country,
        "role": one.role,
    }


def _notice(event: Event) -> dict[str, Any]:
    said = asdict(event.notice) | {"purposes": _words(event.notice.purposes)}
    return _filled(said)


def _session(one: Session) -> dict[str, Any]:
    said: dict[str, Any] = {
        "code": one.code,
        "kind": one.kind,
        "title": _words(one.title),
        "slot": one.slot,
        "description": _words(one.description),
        "speakers": [_filled(asdict(speaker)) for speaker in one.speakers or ()] or None,
        "room": one.room,
        "capacity": one.capacity,
    }
    if one.starts_time is None:
        said |= {"day": moments.write(one.day), "half_day": one.half_day}
    else:
        said["starts"] = moments.write(moments.join(one.day, one.starts_time))
        if one.ends_time is not None:
            said["ends"] = moments.write(moments.join(one.day, one.ends_time))
    return _filled(said)


def _document(one: Document) -> dict[str, Any]:
    return {
        "title": one.title,
        "file": one.file,
        "version": one.version,
        "sha256": one.sha256,
        "bytes": one.bytes,
    }


def _connection(event: Event) -> dict[str, Any] | None:
    said = {
        "url": event.room_url,
        "dial_in": event.dial_in,
        "opens_before": event.gate_opens_minutes,
        "closes_after": event.gate_closes_minutes,
    }
    usual = {"opens_before": GATE_OPENS_MINUTES, "closes_after": GATE_CLOSES_MINUTES}
    told = _filled({key: value for key, value in said.items() if value != usual.get(key)})
    return {"provider": event.room_provider, **told} if told else None


def _question(one: Question) -> dict[str, Any]:
    said: dict[str, Any] = {
        "key": one.key,
        "kind": one.kind,
        "label": _words(one.label),
        "required": one.required,
        "options": [_words(option) for option in one.options],
    }
    if one.condition:
        said["depends_on"] = asdict(one.condition)
    return said
