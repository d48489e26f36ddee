"""Which right each page asks for: every noun says so for its views, beside them, in `ACTS`.

A view that has none does not start: nothing is open because somebody forgot to close it.
"""

from enum import Enum
from types import ModuleType

from flask import Blueprint, Flask

from webinars.rights import Act


class Door(Enum):
    """Who is let in where no right is asked for."""

    OPEN = "open"
    """Anyone: it is how one signs in."""
    SIGNED_IN = "signed in"
    """Whoever has signed in: it is about herself, or shows each what she may see."""


Right = Act | Door
PREFIX = "organiser"
PERSONAL = frozenset(
    {Act.SEE_PEOPLE, Act.EDIT_PEOPLE, Act.CHECK_IN, Act.SEE_MAILINGS, Act.SEE_CONTACTS}
)
"""Rights whose pages show people by name: who looked at one is written down."""

_ENTRIES: dict[str, Right] = {}


def collect(noun: ModuleType) -> None:
    """Take over what a noun says of its views."""
    blueprint: Blueprint = noun.blueprint
    entries: dict[str, Right] = noun.ACTS
    _ENTRIES.update({f"{PREFIX}.{blueprint.name}.{view}": act for view, act in entries.items()})


def require_complete(app: Flask) -> None:
    """Refuse to start where a page of the organisers asks for no right, or a right has no page."""
    views = {name for name in app.view_functions if name.startswith(f"{PREFIX}.")}
    if views != _ENTRIES.keys():
        raise LookupError(f"pages without a right, or rights without: {views ^ _ENTRIES.keys()}")


def get_entry(endpoint: str) -> Right:
    """Return what a page asks for."""
    return _ENTRIES[endpoint]
