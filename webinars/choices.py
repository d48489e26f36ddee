"""The sessions that a registration chose, and the places left in them.

A choice is kept while someone waits. If its session has filled up by the time the place comes, it
stays as a mark that it does not count.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import set_committed_value

from webinars import places, programme
from webinars.database import Transaction
from webinars.errors import SessionFull
from webinars.models import Event, Registration, RegistrationStatus, Session, SessionChoice

LOADED = selectinload(Registration.choices).joinedload(SessionChoice.session)
"""For a query of registrations, so that they come with the sessions they chose."""


def pick(event: Event, codes: Collection[str]) -> list[Session]:
    """Return the sessions that stand under these codes, in the order of the programme.

    :raises UnknownSession: one of them is not to be chosen at this event.
    :raises SessionsClash: two of them exclude each other.
    """
    programme.check_choice(event, codes)
    return [session for session in event.sessions if session.code in codes]


def list_codes(registration: Registration) -> tuple[str, ...]:
    """Return the codes of the sessions in which a registration has, or would have, a place."""
    held = [choice.session for choice in registration.choices if not choice.is_full]
    return tuple(one.code for one in sorted(held, key=lambda session: session.position))


def replace(tx: Transaction, registration: Registration, sessions: Sequence[Session]) -> None:
    """Make these the sessions that a registration chose, instead of those before."""
    tx.execute(delete(SessionChoice).where(SessionChoice.registration_id == registration.id))
    add(tx, registration, sessions)


def add(tx: Transaction, registration: Registration, sessions: Sequence[Session]) -> None:
    """Keep the sessions that a new registration chose."""
    chosen = [
        SessionChoice(registration_id=registration.id, session=session, is_full=False)
        for session in sessions
    ]
    tx.add_all(chosen)
    tx.flush()
    set_committed_value(registration, "choices", chosen)


def refresh(tx: Transaction, registration: Registration) -> list[SessionChoice]:
    """Return the sessions that a registration chose, as they are by now."""
    rows = (
        select(SessionChoice)
        .where(SessionChoice.registration_id == registration.id)
        .options(selectinload(SessionChoice.session))
        .execution_options(populate_existing=True)
    )
    chosen = list(tx.scalars(rows))
    set_committed_value(registration, "choices", chosen)
    return chosen


def require_free(tx: Transaction, sessions: Collection[Session]) -> None:
    """Make sure that each of the sessions has a place left; under the event's lock.

    :raises SessionFull: one has none.
    """
    full = list_full(tx, sessions)
    if full:
        raise SessionFull(full[0].code)


def list_full(tx: Transaction, sessions: Collection[Session]) -> list[Session]:
    """List those of the sessions that have no place left."""
    limited = [session for session in sessions if session.capacity is not None]
    taken = count_taken(tx, limited)
    return [one for one in limited if places.is_full(one.capacity, taken[one.id])]


def count_left(tx: Transaction, event: Event) -> dict[str, int]:
    """Count the places left in each session that has a capacity, by the session's code."""
    capacities = {one: one.capacity for one in event.sessions if one.capacity is not None}
    taken = count_taken(tx, capacities)
    return {one.code: max(0, most - taken[one.id]) for one, most in capacities.items()}


def count_taken(tx: Transaction, sessions: Collection[Session]) -> dict[int, int]:
    """Count how many have a place in each of the sessions, by the session's id."""
    counted = dict.fromkeys((session.id for session in sessions), 0)
    if not counted:
        return counted
    rows = tx.execute(
        select(SessionChoice.session_id, func.count())
        .join(Registration, Registration.id == SessionChoice.registration_id)
        .where(
            SessionChoice.session_id.in_(counted),
            SessionChoice.is_full.is_(False),
            Registration.status == RegistrationStatus.CONFIRMED,
        )
        .group_by(SessionChoice.session_id)
    )
    counted.update((session_id, number) for session_id, number in rows)
    return counted
