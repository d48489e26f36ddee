"""What can be done to an event, or to one of its sessions: its words, its form, and the deed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from webinars import changes, events, programme
from webinars.changes import Dates, Order, Outlook
from webinars.database import Transaction
from webinars.errors import (
    DatePast,
    DatesReversed,
    DeadlineUnfit,
    NoSuchHour,
    NotFound,
    NothingChanged,
    SessionsOutside,
    UnknownTimeZone,
    WebinarsError,
)
from webinars.eventfiles.moments import join
from webinars.models import Event, Mode, Session
from webinars.web.languages import N_
from webinars.web.organiser.change_forms import (
    MoveForm,
    PlaceForm,
    ReasonForm,
    SessionForm,
    make_move_form,
)

Deed = Callable[[Transaction, Event, Any, Order, str], Outlook]
"""What is done with what a form says; the last is the code of a session."""


@dataclass(frozen=True)
class Kind:
    """One thing that can be done."""

    name: str
    """As the page's address says it."""
    title: Any
    hint: Any
    """What comes of it, in a sentence before the form."""
    do: Deed
    make_form: Callable[[Event], type[ReasonForm]]
    is_possible: Callable[[Event, datetime], bool]
    is_of_session: bool = False
    is_grave: bool = False
    """Whether it cannot simply be done the other way round."""


def find(name: str, code: str) -> Kind:
    """Return the kind of that name, of an event or of one of its sessions.

    :raises NotFound: there is none.
    """
    for kind in KINDS:
        if (kind.name, kind.is_of_session) == (name, bool(code)):
            return kind
    raise NotFound("change", name)


def find_session(event: Event, code: str) -> Session | None:
    """Return the session of that code; `None` where none is meant.

    :raises NotFound: there is none of that code.
    """
    if not code:
        return None
    for session in event.sessions:
        if session.code == code:
            return session
    raise NotFound("session", code)


def list_possible(event: Event, now: datetime) -> list[Kind]:
    """List what can be done to an event by now."""
    return [one for one in KINDS if not one.is_of_session and one.is_possible(event, now)]


def list_movable(event: Event, now: datetime) -> list[Session]:
    """List the sessions that can still be changed, in the order of the programme."""
    if not _is_coming(event, now):
        return []
    return [one for one in event.sessions if programme.is_held(one)]


def find_field(form: ReasonForm, error: WebinarsError) -> str:
    """Return the field that a refusal is about; empty: the form as a whole."""
    match error:
        case DatesReversed():
            return _find_line(form, error.code, 2) or _choose(form, "ends_on", "ends_time")
        case DatePast():
            return "starts_on"
        case SessionsOutside():
            return _find_line(form, error.codes[0], 0) or _choose(form, "day", "ends_on")
        case NoSuchHour():
            return _find_hour(form, error.local)
        case DeadlineUnfit():
            return "answer_by"
        case UnknownTimeZone():
            return "timezone"
    return ""


def _choose(form: ReasonForm, *names: str) -> str:
    return next((name for name in names if name in form), "")


def _find_line(form: ReasonForm, code: str, number: int) -> str:
    if not code or not isinstance(form, MoveForm):
        return ""
    return next((one.names[number] for one in form.lines if one.session.code == code), "")


def _find_hour(form: ReasonForm, local: datetime) -> str:
    """Find the field that holds an hour which does not exist on its day."""
    pairs = [("starts_on", "starts_time"), ("ends_on", "ends_time")]
    pairs += [("day", "starts_time"), ("day", "ends_time")]
    lines = form.lines if isinstance(form, MoveForm) else ()
    pairs += [pair for one in lines for pair in ((one.day, one.starts), (one.day, one.ends))]
    said = f"{local:%Y-%m-%d}", f"{local:%H:%M}"
    for day, at in pairs:
        if day in form and at in form and (form[day].data, form[at].data[:5]) == said:
            return at
    moments = ("answer_by", "opens", "closes", "changes_close")
    whole = "T".join(said)
    return next((one for one in moments if one in form and form[one].data[:16] == whole), "")


def _move(tx: Transaction, event: Event, form: MoveForm, order: Order, _code: str) -> Outlook:
    return changes.move(tx, event, form.read_dates(), order, reconfirm=form.read_reconfirm())


def _reopen(tx: Transaction, event: Event, form: MoveForm, order: Order, _code: str) -> Outlook:
    to: Dates | None = form.read_dates()
    as_planned = Dates(
        join(event.starts_on, event.starts_time),
        join(event.ends_on, event.ends_time),
        event.timezone,
    )
    if to == as_planned:
        to = None
    return changes.reopen(tx, event, order, to=to, reconfirm=form.read_reconfirm())


def _place(tx: Transaction, event: Event, form: PlaceForm, order: Order, _code: str) -> Outlook:
    mode = Mode(form.mode.data)
    return changes.place(tx, event, order, venue=form.read_venue(), mode=mode)


def _change_session(
    tx: Transaction, event: Event, form: SessionForm, order: Order, code: str
) -> Outlook:
    return changes.change_sessions(tx, event, {code: form.read_sitting()}, order)


def _cancel_session(
    tx: Transaction, event: Event, _form: ReasonForm, order: Order, code: str
) -> Outlook:
    return changes.cancel_session(tx, event, code, order)


def _postpone(tx: Transaction, event: Event, _form: ReasonForm, order: Order, _: str) -> Outlook:
    return changes.postpone(tx, event, order)


def _cancel(tx: Transaction, event: Event, _form: ReasonForm, order: Order, _: str) -> Outlook:
    return changes.cancel(tx, event, order)


def _rezone(tx: Transaction, event: Event, _form: ReasonForm, order: Order, _: str) -> Outlook:
    outlook = changes.rezone(tx, event, order)
    if outlook is None:
        raise NothingChanged
    return outlook


def _is_coming(event: Event, now: datetime) -> bool:
    """Tell whether an event is still to take place; one without a date is."""
    return event.cancelled_at is None and (event.postponed_at is not None or event.ends_at > now)


def _is_dated(event: Event, now: datetime) -> bool:
    return event.postponed_at is None and _is_coming(event, now)


def _has_drifted(event: Event, now: datetime) -> bool:
    return _is_coming(event, now) and events.has_drifted(event)


def _is_off(event: Event, _now: datetime) -> bool:
    return event.cancelled_at is not None or event.postponed_at is not None


def _just_words(_event: Event) -> type[ReasonForm]:
    return ReasonForm


def _just_place(_event: Event) -> type[ReasonForm]:
    return PlaceForm


def _just_session(_event: Event) -> type[ReasonForm]:
    return SessionForm


KINDS = (
    Kind(
        "rezone",
        N_("Tenir compte de l’heure légale"),
        N_(
            "Un pays a changé d’heure légale depuis que l’événement a été annoncé. L’heure reste la"
            " même dans la ville de l’événement, mais elle change ailleurs : les personnes que cela"
            " concerne reçoivent les heures exactes, et leur agenda suit."
        ),
        _rezone,
        _just_words,
        _has_drifted,
    ),
    Kind(
        "move",
        N_("Déplacer"),
        N_(
            "Les séances, la clôture et les envois prévus se décalent d’autant ; chaque personne"
            " garde sa place et reçoit l’ancienne et la nouvelle date."
        ),
        cast(Deed, _move),
        make_move_form,
        _is_coming,
    ),
    Kind(
        "place",
        N_("Changer le lieu ou le mode"),
        N_("Chaque personne que cela concerne reçoit le nouveau lieu."),
        cast(Deed, _place),
        _just_place,
        _is_coming,
    ),
    Kind(
        "postpone",
        N_("Reporter sans date"),
        N_(
            "Les inscriptions restent, le formulaire ferme, et tous les envois prévus attendent que"
            " vous donniez une nouvelle date."
        ),
        cast(Deed, _postpone),
        _just_words,
        _is_dated,
        is_grave=True,
    ),
    Kind(
        "cancel",
        N_("Annuler l’événement"),
        N_(
            "Chaque personne inscrite est prévenue, l’événement sort de son agenda, le formulaire"
            " ferme et plus rien de prévu ne part."
        ),
        cast(Deed, _cancel),
        _just_words,
        _is_coming,
        is_grave=True,
    ),
    Kind(
        "reopen",
        N_("Rouvrir l’événement"),
        N_(
            "L’événement a lieu après tout, aux dates ci-dessous : les inscriptions d’alors valent"
            " toujours, et chaque personne est prévenue."
        ),
        cast(Deed, _reopen),
        make_move_form,
        _is_off,
    ),
    Kind(
        "change",
        N_("Modifier une séance"),
        N_("Sont prévenues les personnes qui suivent cette séance."),
        cast(Deed, _change_session),
        _just_session,
        _is_coming,
        is_of_session=True,
    ),
    Kind(
        "cancel",
        N_("Annuler une séance"),
        N_("La séance reste au programme, barrée ; sont prévenues les personnes qui la suivent."),
        cast(Deed, _cancel_session),
        _just_words,
        _is_coming,
        is_of_session=True,
        is_grave=True,
    ),
)
"""In the order in which a page offers them."""
