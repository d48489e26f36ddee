"""The programme of an event, session by session: added, edited, put in order, taken out.

When and where a session of a published event is held is something that people are told of: it is
changed by `webinars.changes`, and refused here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from webinars import changes, eventfiles, events, loading, programme, validations
from webinars.changes import Order
from webinars.database import Transaction
from webinars.editing.saving import save
from webinars.errors import UnknownSession, WouldMailPeople, WouldVoidValidations
from webinars.models import Event, EventStatus, ProgrammeStatus, Side

TOLD = ("day", "half_day", "starts", "ends", "room", "slot")
"""What people have noted of a session."""

Said = Mapping[str, Any]


def list_sessions(event: Event) -> list[dict[str, Any]]:
    """Return the sessions of an event as its file would say them, in the order that is shown."""
    said = _read(event)["sessions"]
    order = {one.code: place for place, one in enumerate(programme.list_in_order(event))}
    return sorted(said, key=lambda one: order[one["code"]])


def put_session(
    tx: Transaction, event: Event, said: Said, order: Order, *, may_void: bool = False
) -> None:
    """Add a session, or change the one of that code.

    :param may_void: Whether validations of the programme may be undone by it.
    :raises FileRefused: something of it cannot be; every mistake is named.
    :raises WouldMailPeople: people were told when and where it is held.
    :raises WouldVoidValidations: a side has validated the programme.
    """
    sessions = list_sessions(event)
    former = next((one for one in sessions if one["code"] == said["code"]), None)
    if former is None:
        sessions.append(dict(said))
    else:
        _require_untold(event, former, said)
        sessions = [dict(said) if one is former else one for one in sessions]
    _save(tx, event, sessions, order, may_void=may_void)


def _require_untold(event: Event, former: Said, said: Said) -> None:
    is_told = event.status is not EventStatus.DRAFT
    if is_told and any(former.get(key) != said.get(key) for key in TOLD):
        raise WouldMailPeople(["programme"], 0)


def take_out_session(
    tx: Transaction, event: Event, code: str, order: Order, *, may_void: bool = False
) -> None:
    """Take a session out of the programme of a draft.

    :raises UnknownSession: there is none of that code.
    :raises SessionsChosen: somebody has chosen it.
    :raises WouldMailPeople: the event is published: the session is cancelled instead.
    :raises WouldVoidValidations: a side has validated the programme.
    """
    sessions = list_sessions(event)
    kept = [one for one in sessions if one["code"] != code]
    if len(kept) == len(sessions):
        raise UnknownSession(code)
    if event.status is not EventStatus.DRAFT:
        raise WouldMailPeople(["programme"], 0)
    _save(tx, event, kept, order, may_void=may_void)


def move_session(
    tx: Transaction, event: Event, code: str, by: int, order: Order, *, may_void: bool = False
) -> None:
    """Show a session earlier (-1) or later (+1) among those of the same hours.

    :raises UnknownSession: there is none of that code.
    :raises WouldVoidValidations: a side has validated the programme.
    """
    sessions = list_sessions(event)
    places = [place for place, one in enumerate(sessions) if one["code"] == code]
    if not places:
        raise UnknownSession(code)
    target = places[0] + by
    if 0 <= target < len(sessions):
        sessions[places[0]], sessions[target] = sessions[target], sessions[places[0]]
        _save(tx, event, sessions, order, may_void=may_void)


def set_final(tx: Transaction, event: Event, status: ProgrammeStatus, order: Order) -> None:
    """Say whether a programme is final that only one side has to do with."""
    save(tx, event, {"programme": _read(event) | {"status": status.value}}, order)


def validate(tx: Transaction, event: Event, side: Side, *, institution: str, order: Order) -> None:
    """Validate the programme for a side; the history says so. Who may is decided elsewhere.

    :raises NothingToValidate: there is no programme.
    :raises AlreadyValidated: that side has.
    """

    def write(held: Event) -> None:
        validations.validate(
            held, side, author=order.author, institution=institution, now=order.now
        )
        events.touch(held)

    changes.edit(tx, event, write, order)


def name_session(event: Event, title: str) -> str:
    """Return a code for a new session of that title, which none of the event has."""
    taken = {one.code for one in event.sessions}
    code = eventfiles.propose_slug(title)[:40].strip("-") or "seance"
    number, found = 1, code
    while found in taken:
        number += 1
        found = f"{code}-{number}"
    return found


def _read(event: Event) -> dict[str, Any]:
    said: Any = loading.to_content(event)["programme"]
    return dict(said)


def _save(
    tx: Transaction,
    event: Event,
    sessions: Sequence[Said],
    order: Order,
    *,
    may_void: bool,
) -> None:
    is_changed = list(sessions) != _read(event)["sessions"]
    if is_changed and validations.would_void(event) and not may_void:
        raise WouldVoidValidations
    status = event.programme_status
    if validations.needs_both(event) and is_changed:
        status = ProgrammeStatus.DRAFT
    said = {"status": status.value, "sessions": list(sessions)}
    save(tx, event, {"programme": said}, order)
