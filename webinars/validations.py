"""The two sides that validate a programme: who has, who is still to, and when it is void again.

Pure, on an event with its institutions loaded (DOMAIN.md, scenario 9). A programme that concerns
one side only needs no other: its organisers say by themselves whether it is final.
"""

from datetime import datetime

from webinars.errors import AlreadyValidated, NothingToValidate
from webinars.models import Event, ProgrammeStatus, Side, Validation

COUNTRIES = {Side.FRENCH: "FR", Side.MOROCCAN: "MA"}
STATUSES = {
    frozenset[Side](): ProgrammeStatus.DRAFT,
    frozenset({Side.FRENCH}): ProgrammeStatus.VALIDATED_FR,
    frozenset({Side.MOROCCAN}): ProgrammeStatus.VALIDATED_MA,
    frozenset(Side): ProgrammeStatus.FINAL,
}
"""From the sides that have validated to what the programme is."""


def needs_both(event: Event) -> bool:
    """Tell whether institutions of both sides hold an event, so that both validate."""
    countries = {one.institution.country for one in event.institutions}
    return countries.issuperset(COUNTRIES.values())


def list_sides(event: Event) -> list[Side]:
    """List the sides that have validated the programme, by whatever road."""
    return [side for side in Side if side in _SIDES_OF[event.programme_status]]


def list_missing(event: Event) -> list[Side]:
    """List the sides that are still to validate the programme."""
    return [side for side in Side if side not in _SIDES_OF[event.programme_status]]


_SIDES_OF = {status: sides for sides, status in STATUSES.items()}


def validate(event: Event, side: Side, *, author: str, institution: str, now: datetime) -> None:
    """Validate the programme for a side; with both it is final. Who may is decided elsewhere.

    :raises NothingToValidate: there is no programme.
    :raises AlreadyValidated: that side has.
    """
    if not event.sessions:
        raise NothingToValidate
    if side in list_sides(event):
        raise AlreadyValidated(side)
    event.validations = (*event.validations, Validation(side, author, institution, now))
    event.programme_status = STATUSES[frozenset({side, *list_sides(event)})]


def void(event: Event) -> None:
    """Let no validation hold any more, for the programme is another."""
    event.validations = ()
    if needs_both(event):
        event.programme_status = ProgrammeStatus.DRAFT


def would_void(event: Event) -> bool:
    """Tell whether a change of the programme undoes what a side has validated."""
    return needs_both(event) and bool(event.sessions) and bool(list_sides(event))
