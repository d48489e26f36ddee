"""Who may do what: one function decides for every page, every deed and every export.

An organiser holds roles (`Grant`), each at one event or at all events of her institution. A role is
a set of acts. What a role for a whole institution gives at an event is limited to what the event's
owners share with that institution (`EventInstitution.share`); a role given for the event itself is
not. Nothing here touches the database: whoever asks has loaded the organiser with her grants, and
the event with its institutions.
"""

from collections.abc import Iterable
from enum import StrEnum

from webinars.models import Event, Institution, Organiser, OrganiserRole, Share


class Act(StrEnum):
    """Something that an organiser does, and that someone may have to forbid."""

    SEE_EVENT = "see-event"
    """Its overview: the texts, the programme, where it stands."""
    SEE_FIGURES = "see-figures"
    """How many, without names."""
    EDIT_EVENT = "edit-event"
    """Texts, programme, documents, questions; publish and close."""
    CHANGE_EVENT = "change-event"
    """What people are told of at once: dates, places, cancellation."""
    SEE_PEOPLE = "see-people"
    """The registrations, with names."""
    EDIT_PEOPLE = "edit-people"
    """Confirm, decline, add, correct, cancel, tag, merge."""
    CHECK_IN = "check-in"
    """Note who has arrived."""
    EXPORT = "export"
    """Take lists and papers out of the service."""
    SEE_MAILINGS = "see-mailings"
    """What has left, what will, and who did not get it."""
    WRITE_MAILINGS = "write-mailings"
    """Write, schedule, pause, send again."""
    INVITE = "invite"
    """Ask contacts to the event."""
    VALIDATE_FR = "validate-fr"
    VALIDATE_MA = "validate-ma"
    GIVE_ROLES = "give-roles"
    """Decide who may do what at the event, and what its institutions are shown."""
    SEE_AUDIT = "see-audit"

    CREATE_EVENT = "create-event"
    SEE_CONTACTS = "see-contacts"
    """Of the institution."""
    EDIT_CONTACTS = "edit-contacts"
    MANAGE_INSTITUTION = "manage-institution"
    """Its organisers, their roles, its audit page."""
    RUN_SERVICE = "run-service"
    """Institutions, organisers of all of them, event files."""


AT_EVENT = frozenset(list(Act)[: list(Act).index(Act.CREATE_EVENT)])
"""Acts that are decided for an event; the others are decided for an institution or the service."""
OF_INSTITUTION = frozenset({Act.SEE_CONTACTS, Act.EDIT_CONTACTS, Act.MANAGE_INSTITUTION})
VALIDATION = frozenset({Act.VALIDATE_FR, Act.VALIDATE_MA})

LOOKING = frozenset({Act.SEE_EVENT, Act.SEE_FIGURES, Act.SEE_PEOPLE, Act.SEE_MAILINGS})
RECEIVING = LOOKING | {Act.EDIT_PEOPLE, Act.CHECK_IN, Act.EXPORT}
EDITING = RECEIVING | {Act.EDIT_EVENT, Act.CHANGE_EVENT, Act.WRITE_MAILINGS, Act.INVITE}

ROLES: dict[OrganiserRole, frozenset[Act]] = {
    OrganiserRole.OWNER: AT_EVENT - VALIDATION,
    OrganiserRole.EDITOR: EDITING,
    OrganiserRole.REGISTRATIONS: RECEIVING,
    OrganiserRole.CHECK_IN: frozenset({Act.SEE_EVENT, Act.CHECK_IN}),
    OrganiserRole.READER: LOOKING,
    OrganiserRole.VALIDATOR_FR: frozenset({Act.SEE_EVENT, Act.VALIDATE_FR}),
    OrganiserRole.VALIDATOR_MA: frozenset({Act.SEE_EVENT, Act.VALIDATE_MA}),
}
"""What each role may do at an event."""

EVERYWHERE: dict[OrganiserRole, frozenset[Act]] = {
    OrganiserRole.OWNER: OF_INSTITUTION | {Act.CREATE_EVENT},
    OrganiserRole.EDITOR: frozenset({Act.CREATE_EVENT, Act.SEE_CONTACTS, Act.EDIT_CONTACTS}),
    OrganiserRole.REGISTRATIONS: frozenset({Act.SEE_CONTACTS, Act.EDIT_CONTACTS}),
    OrganiserRole.READER: frozenset({Act.SEE_CONTACTS}),
}
"""What a role that is held for a whole institution allows beside that, in the institution."""

SHARES: dict[Share, frozenset[Act]] = {
    Share.ALL: AT_EVENT,
    Share.LISTS: LOOKING | {Act.EXPORT, Act.INVITE} | VALIDATION,
    Share.FIGURES: frozenset({Act.SEE_EVENT, Act.SEE_FIGURES, Act.INVITE}) | VALIDATION,
}
"""What an institution that takes part in an event may do there at most."""

SIDES = {OrganiserRole.VALIDATOR_FR: "FR", OrganiserRole.VALIDATOR_MA: "MA"}
"""The country that an institution must be of whose organiser validates for that side."""


def may(
    organiser: Organiser,
    act: Act,
    *,
    event: Event | None = None,
    institution: Institution | None = None,
) -> bool:
    """Tell whether an organiser may do something: the one rule of permission.

    :param event: where the act is one at an event; loaded with its institutions.
    :param institution: where the act is one in an institution; `None`: in her own.
    """
    if organiser.disabled_at is not None:
        return False
    if act in AT_EVENT:
        return event is not None and act in list_acts(organiser, event)
    if organiser.runs_service:
        return True
    institution_id = organiser.institution_id if institution is None else institution.id
    if institution_id is None or institution_id != organiser.institution_id:
        return False
    return any(act in EVERYWHERE.get(role, ()) for role in _list_roles_everywhere(organiser))


def list_acts(organiser: Organiser, event: Event) -> frozenset[Act]:
    """List what an organiser may do at an event.

    Whoever runs the service may do everything but validate a programme: that is for the two sides.
    """
    if organiser.runs_service:
        return AT_EVENT - VALIDATION
    given = [ROLES[one.role] for one in organiser.grants if one.event_id == event.id]
    for part in event.institutions:
        if part.institution_id == organiser.institution_id:
            roles = _list_roles_everywhere(organiser)
            given.extend(ROLES[role] & SHARES[part.share] for role in roles)
    return frozenset().union(*given)


def may_hold(organiser: Organiser, role: OrganiserRole) -> bool:
    """Tell whether an organiser may be given a role: one validates for the own side alone.

    The organiser has her institution loaded.
    """
    side = SIDES.get(role)
    return side is None or (
        organiser.institution is not None and organiser.institution.country == side
    )


def _list_roles_everywhere(organiser: Organiser) -> Iterable[OrganiserRole]:
    return [one.role for one in organiser.grants if one.event_id is None]
