"""Which columns the list of registrations shows, as each organiser chose in her browser.

The choice is kept in a cookie of its own, for a year: it says nothing about anyone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response

from webinars.filtering import ANSWER
from webinars.listings import Sort
from webinars.models import Event, Mode
from webinars.web.current import get_runtime
from webinars.web.languages import gettext as _
from webinars.web.organiser.filtering import PAGE_SIZE

COOKIE = "columns"
YEAR_SECONDS = 365 * 24 * 3600
USUAL = ("organization", "status", "tags", "coming")
SIZES = (25, PAGE_SIZE, 100, 200)
SORTED = {sort.value for sort in Sort}


@dataclass(frozen=True)
class Column:
    """A column that a list may have."""

    key: str
    """An own question's is `answer-` and its key."""
    title: str

    @property
    def sort(self) -> str | None:
        """What sorts the list by this column; `None`: nothing does."""
        return self.key if self.key in SORTED else None


@dataclass(frozen=True)
class Layout:
    """What an organiser chose to see of a list."""

    columns: Sequence[Column]
    size: int
    """How many rows a page has."""

    def has(self, key: str) -> bool:
        """Tell whether a column is shown."""
        return any(one.key == key for one in self.columns)


def list_columns(event: Event) -> list[Column]:
    """List the columns that the list of an event may have, beside the name."""
    titles = {
        "organization": _("Structure"),
        "status": _("Statut"),
        "tags": _("Étiquettes"),
        "coming": _("Venue"),
        "role": _("Qualité"),
        "kind": _("Type de structure"),
        "country": _("Pays"),
        "email": _("Adresse électronique"),
        "phone": _("Téléphone"),
        "language": _("Langue"),
        "registered": _("Inscription"),
        "source": _("Inscription par"),
        "behalf": _("Pour le compte de"),
        "question": _("Question aux intervenants"),
    }
    if event.sessions:
        titles["sessions"] = _("Séances")
    if event.mode is Mode.HYBRID:
        titles["mode"] = _("Participation")
    columns = [Column(key, title) for key, title in titles.items()]
    return columns + [Column(ANSWER + one.key, one.label.fr) for one in event.questions]


def read_layout(event: Event) -> Layout:
    """Return what this browser chose to see of a list, or what is usual."""
    said, _sep, size = request.cookies.get(COOKIE, "").partition("/")
    keys = said.split(".") if said else USUAL
    chosen = [one for one in list_columns(event) if one.key in keys]
    return Layout(chosen, int(size) if size in map(str, SIZES) else PAGE_SIZE)


def keep_layout(response: Response, event: Event, keys: Sequence[str], size: str) -> None:
    """Have this browser remember which columns are shown, and how many rows."""
    known = [one.key for one in list_columns(event) if one.key in keys]
    rows = size if size in map(str, SIZES) else str(PAGE_SIZE)
    response.set_cookie(
        COOKIE,
        f"{'.'.join(known) or '-'}/{rows}",
        max_age=YEAR_SECONDS,
        path="/organiser",
        httponly=True,
        samesite="Lax",
        secure=get_runtime().settings.base_url.startswith("https:"),
    )
