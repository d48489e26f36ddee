"""What a list of registrations is limited to, as a page's address says it, and which part is shown.

The same words limit the list and its export, and are what the log of exports keeps.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from webinars.models import AttendanceMode, OrganizationKind, Presence, RegistrationStatus
from webinars.participants import Filter
from webinars.typed import LINE_LIMIT, clean_line

PAGE_SIZE = 50

Value = TypeVar("Value", bound=StrEnum)
YES_OR_NO = {"yes": True, "no": False}


@dataclass(frozen=True)
class Part:
    """Which rows of a long list are shown, counted from 1."""

    number: int
    total: int

    @property
    def count(self) -> int:
        """How many pages there are: one at least."""
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def offset(self) -> int:
        """How many rows come before."""
        return (self.number - 1) * PAGE_SIZE

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return min(self.offset + PAGE_SIZE, self.total)


def read_filter(said: "MultiDict[str, str]") -> Filter:
    """Return the filter that an address or a form says; what is unknown limits nothing."""
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
    }
    return {name: str(value) for name, value in said.items() if value}


def describe_filter(wanted: Filter) -> str:
    """Return a filter as the log of exports keeps it; empty: everyone."""
    return urlencode(write_filter(wanted))


def choose_part(said: "MultiDict[str, str]", total: int) -> Part:
    """Return the page that is asked for, or the nearest that there is."""
    asked = said.get("page", 1, type=int)
    return Part(min(max(1, asked), Part(1, total).count), total)


def _read(values: type[Value], said: str | None) -> Value | None:
    return values(said) if said in set(values) else None
