"""What a list of participants is limited to, in words: those of a page's address.

The same words limit the list and its export, are what the log of exports keeps, and what a saved
audience is made of. Pure.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from webinars.models import AttendanceMode, OrganizationKind, Presence, RegistrationStatus
from webinars.participants import Filter
from webinars.typed import LINE_LIMIT, clean_line

Value = TypeVar("Value", bound=StrEnum)
YES_OR_NO = {"yes": True, "no": False}


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
        shares=YES_OR_NO.get(words.get("shares", "")),
    )


def write_filter(wanted: Filter) -> dict[str, str]:
    """Return what `read_filter` would read this filter from; nothing for what limits nothing."""
    yes_or_no = {True: "yes", False: "no", None: ""}
    said = {
        "search": wanted.search,
        "status": wanted.status or "",
        "presence": wanted.presence or "",
        "entered": yes_or_no[wanted.has_entered],
        "kind": wanted.kind or "",
        "country": wanted.country,
        "session": wanted.session,
        "source": wanted.source,
        "mode": wanted.attendance_mode or "",
        "reconfirm": yes_or_no[wanted.to_reconfirm],
        "request": yes_or_no[wanted.has_request],
        "shares": yes_or_no[wanted.shares],
    }
    return {name: str(value) for name, value in said.items() if value}


def describe_filter(wanted: Filter) -> str:
    """Return a filter as the log of exports keeps it; empty: everyone."""
    return urlencode(write_filter(wanted))


def _read(values: type[Value], said: str | None) -> Value | None:
    return values(said) if said in set(values) else None
