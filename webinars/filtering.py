"""What a list of participants is limited to, in words: those of a page's address.

The same words limit the list and its export, are what the log of exports keeps, and what a saved
audience is made of. Pure.
"""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from webinars.models import (
    AttendanceMode,
    Language,
    OrganizationKind,
    Presence,
    RegistrationStatus,
    Role,
)
from webinars.participants import Filter
from webinars.typed import LINE_LIMIT, clean_line

ANSWER = "answer-"
"""What the word for an event's own question begins with; its key follows."""
NOT = "not-"
"""What the word that turns a limit into its contrary begins with; the limit's word follows."""
ANSWERS_AT_MOST = 20
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

Value = TypeVar("Value", bound=StrEnum)
YES_OR_NO = {"yes": True, "no": False}
SAID = {True: "yes", False: "no", None: ""}

FIELDS = {
    "search": "search",
    "status": "status",
    "presence": "presence",
    "entered": "has_entered",
    "kind": "kind",
    "country": "country",
    "session": "session",
    "source": "source",
    "mode": "attendance_mode",
    "role": "role",
    "organization": "organization",
    "language": "language",
    "tag": "tag",
    "answers": "answers",
}
"""The words of limits that have a contrary, and the field of the filter that each stands for."""


def read_filter(said: Mapping[str, str]) -> Filter:
    """Return the filter that words say; what is unknown limits nothing."""
    words = {name: clean_line(text[:LINE_LIMIT]) for name, text in said.items()}
    return Filter(
        search=words.get("search", ""),
        status=_read(RegistrationStatus, words.get("status")),
        presence=_read(Presence, words.get("presence")),
        has_entered=YES_OR_NO.get(words.get("entered", "")),
        kind=_read(OrganizationKind, words.get("kind")),
        country=words.get("country", ""),
        session=words.get("session", ""),
        source=words.get("source", ""),
        attendance_mode=_read(AttendanceMode, words.get("mode")),
        to_reconfirm=YES_OR_NO.get(words.get("reconfirm", "")),
        has_request=YES_OR_NO.get(words.get("request", "")),
        role=_read(Role, words.get("role")),
        organization=words.get("organization", ""),
        language=_read(Language, words.get("language")),
        tag=words.get("tag", ""),
        has_priority=YES_OR_NO.get(words.get("priority", "")),
        is_unreached=YES_OR_NO.get(words.get("unreached", "")),
        has_question=YES_OR_NO.get(words.get("question", "")),
        has_chosen=YES_OR_NO.get(words.get("chosen", "")),
        since=_read_day(words.get("since", "")),
        until=_read_day(words.get("until", "")),
        shares=YES_OR_NO.get(words.get("shares", "")),
        answers=_read_answers(words),
        excluded=frozenset(FIELDS[word] for word in FIELDS if words.get(NOT + word) == "yes"),
    )


def write_filter(wanted: Filter) -> dict[str, str]:
    """Return what `read_filter` would read this filter from; nothing for what limits nothing."""
    said = {
        "search": wanted.search,
        "status": wanted.status or "",
        "presence": wanted.presence or "",
        "entered": SAID[wanted.has_entered],
        "kind": wanted.kind or "",
        "country": wanted.country,
        "session": wanted.session,
        "source": wanted.source,
        "mode": wanted.attendance_mode or "",
        "reconfirm": SAID[wanted.to_reconfirm],
        "request": SAID[wanted.has_request],
        "role": wanted.role or "",
        "organization": wanted.organization,
        "language": wanted.language or "",
        "tag": wanted.tag,
        "priority": SAID[wanted.has_priority],
        "unreached": SAID[wanted.is_unreached],
        "question": SAID[wanted.has_question],
        "chosen": SAID[wanted.has_chosen],
        "since": wanted.since.isoformat() if wanted.since else "",
        "until": wanted.until.isoformat() if wanted.until else "",
        **{ANSWER + key: value for key, value in wanted.answers},
        "shares": SAID[wanted.shares],
        **{NOT + word: "yes" for word, name in FIELDS.items() if name in wanted.excluded},
    }
    return {name: str(value) for name, value in said.items() if value}


def describe_filter(wanted: Filter) -> str:
    """Return a filter as the log of exports keeps it; empty: everyone."""
    return urlencode(write_filter(wanted))


def _read(values: type[Value], said: str | None) -> Value | None:
    return values(said) if said in set(values) else None


def _read_day(said: str) -> date | None:
    if not DAY.fullmatch(said):
        return None
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 2200 else None


def _read_answers(words: dict[str, str]) -> tuple[tuple[str, str], ...]:
    said = [
        (word.removeprefix(ANSWER), value)
        for word, value in sorted(words.items())
        if word.startswith(ANSWER) and value
    ]
    return tuple(said[:ANSWERS_AT_MOST])
