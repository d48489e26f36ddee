"""What people see of an event, in words, and what differs from one time to another."""

from collections.abc import Mapping
from typing import NamedTuple

from webinars import changes, phrasing
from webinars.models import Event, Session, Shown
from webinars.web.filters import label, place, plain, session_when, when
from webinars.web.languages import get_language
from webinars.web.languages import gettext as _

SESSION = "session "
"""How the key of a session begins."""
Sight = dict[str, tuple[str, str]]
"""What is seen: by key, its word and what it says."""


class Difference(NamedTuple):
    """Something that is seen, as it was and as it is, or would be."""

    word: str
    was: str
    will_be: str
    is_of_session: bool = False


def see(event: Event) -> Sight:
    """See what people see of an event: when, where, how, and its sessions."""
    seen = {
        "when": (_("Quand"), _("Date à fixer") if event.postponed_at else when(event)),
        "where": (_("Où"), place(event.venue) if event.venue else ""),
        "mode": (_("Comment"), label(event.mode)),
    }
    for session in event.sessions:
        seen[f"{SESSION}{session.code}"] = (plain(session.title), _say_session(session, event))
    return seen


def see_shown(shown: Shown, event: Event) -> Sight:
    """See what people saw of an event before, in the zones that it is shown in by now."""
    former = changes.restore(shown)
    former.display_timezones = event.display_timezones
    return see(former)


def compare(before: Mapping[str, tuple[str, str]], after: Sight) -> list[Difference]:
    """Return what differs, in the order of the page."""
    found = [
        Difference(word, before.get(key, ("", ""))[1], said, key.startswith(SESSION))
        for key, (word, said) in after.items()
        if before.get(key, ("", ""))[1] != said
    ]
    gone = [
        Difference(word, said, "", key.startswith(SESSION))
        for key, (word, said) in before.items()
        if key not in after
    ]
    return found + gone


def _say_session(session: Session, event: Event) -> str:
    if session.cancelled_at:
        return _("annulée")
    said = [session_when(session, event), session.room or ""]
    return phrasing.COMMA[get_language()].join(one for one in said if one)
