"""Two people who edit the same part: the second sees both versions and loses nothing of hers.

A form carries the edition it was made from, and a digest of each field. Where the event has another
edition by now, the fields are compared: only what somebody else has changed of this very part
matters.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import request
from werkzeug.datastructures import MultiDict

from webinars import audits, events
from webinars.database import Transaction
from webinars.models import AuditKind, Event
from webinars.web.languages import gettext as _
from webinars.web.organiser.edit_forms import BLANK_ROWS, EditForm, make_form

Part = type[EditForm]

KEEP = "theirs_"
"""What the field begins with that takes what somebody else wrote."""


class Clash(NamedTuple):
    """A field that somebody else has changed since the form was opened."""

    name: str
    label: str
    theirs: str
    mine: str
    is_ours: bool
    """Whether both have changed it; otherwise theirs is taken over."""


@dataclass(frozen=True)
class Meeting:
    """That two people edit the same part."""

    author: str
    clashes: list[Clash]


class Edited(Exception):
    """Raised to undo a change of a part that somebody else has edited meanwhile."""


def make(part: Part, event: Event, *, bound: bool) -> EditForm:
    """Return the form of a part: as it stands, or with what was sent and what is taken over."""
    filled, form_class = part.fill(event), _make_class(part, event)
    if not bound:
        return form_class(formdata=None, data=filled)
    return form_class(formdata=_take_over(part, event, request.form), data=filled)


def _make_class(part: Part, event: Event) -> Part:
    filled = part.fill(event)
    return make_form(part, event, {name: _count_rows(name, filled) for name in part.lists})


def _read_base() -> dict[str, str]:
    try:
        base = json.loads(request.form.get("base") or "{}")
    except ValueError:
        return {}
    return base if isinstance(base, dict) else {}


def _count_rows(name: str, filled: dict[str, Any]) -> int:
    """Count the lines of a list that the page needs: those there are, those sent, some more."""
    sent = {*filled, *request.form}
    used = [key for key in sent if key.startswith(f"{name}_") and key.endswith("_rank")]
    numbers = [int(part) for key in used if (part := key.split("_")[1]).isdigit()]
    is_sent = request.method == "POST"
    return max(numbers, default=-1) + 1 + (0 if is_sent else BLANK_ROWS)


def _take_over(part: Part, event: Event, sent: Any) -> Any:
    """Return what was sent, with the event's own words where these were to be taken."""
    taken = [key.removeprefix(KEEP) for key in sent if key.startswith(KEEP)]
    filled, merged = part.fill(event), MultiDict(sent)
    for name in taken:
        if sent.get(f"{KEEP}{name}") == "1" and name in filled:
            _put(merged, name, filled[name])
    return merged


def _put(merged: Any, name: str, value: object) -> None:
    values = value if isinstance(value, list) else [value]
    said = ["1" if one is True else one for one in values if one not in (False, None)]
    merged.setlist(name, said)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]


def _list_changed(part: Part, event: Event) -> list[str]:
    """List the fields that say something else by now than when the form was opened."""
    base = _read_base()
    filled = part.fill(event)
    return [name for name in {*filled, *base} if base.get(name) != _digest(filled.get(name, ""))]


def meet(tx: Transaction, event: Event, part: Part, typed: EditForm) -> tuple[EditForm, Meeting]:
    """Return the form with what both wrote, and what somebody else has changed meanwhile."""
    last = audits.list_records(tx, event_id=event.id, kind=AuditKind.CHANGED, limit=1)
    filled, base = part.fill(event), _read_base()
    clashes, merged = [], MultiDict(request.form)
    for name in _list_changed(part, event):
        if name not in typed or name not in filled:
            continue
        mine, theirs = typed[name].data, filled[name]
        is_ours = base.get(name) != _digest(mine) and mine != theirs
        if not is_ours:
            _put(merged, name, theirs)
        label = str(typed[name].label.text)
        clashes.append(Clash(name, label, _say(theirs), _say(mine), is_ours))
    again = _make_class(part, event)(formdata=merged, data=filled)
    return again, Meeting(last[0].author if last else "", clashes)


def write_base(part: Part, event: Event) -> str:
    """Return the digests of the fields as an event has them, for the form to carry."""
    return json.dumps({name: _digest(value) for name, value in part.fill(event).items()})


def require_fresh(tx: Transaction, event: Event, part: Part) -> None:
    """Hold an event for a change of one of its parts.

    :raises Edited: somebody else has changed that part since the form was opened.
    """
    read = event.edition
    held = events.hold(tx, event)
    is_old = str(held) != request.form.get("edition")
    if held != read or (is_old and _list_changed(part, event)):
        raise Edited


def _say(value: object) -> str:
    if isinstance(value, bool):
        return _("oui") if value else _("non")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "–")
