"""The forms in which an organiser says what changes: one for each kind of change.

Days and hours are local to the event. What is left empty moves with the event, or stays as it is.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from wtforms.validators import StopValidation

from webinars import phrasing, zones
from webinars.changes import Dates, Reconfirm, Sitting
from webinars.models import Event, HalfDay, Mode, ReconfirmRule, Session, Venue
from webinars.typed import LINE_LIMIT, TEXT_LIMIT
from webinars.web import fields
from webinars.web.fields import Form, Limit, Required
from webinars.web.filters import label
from webinars.web.languages import N_, get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser.moments import Day, Moment, Time, write_time

NOBODY = "no"
"""Said where people are not asked whether they maintain."""
OFTEN = ("Europe/Paris", "Africa/Casablanca")
"""Zones that can be chosen whatever the event."""


def _list_rules() -> list[tuple[str, str]]:
    return [
        (NOBODY, _("Ne rien demander : chaque personne garde sa place")),
        (ReconfirmRule.KEEP, _("Demander ; sans réponse, la place est gardée")),
        (
            ReconfirmRule.RELEASE,
            _("Demander ; sans réponse à la date limite, la place est rendue"),
        ),
    ]


class NeedsDeadline:
    """A place can be given up without an answer only where there is a time to answer."""

    def __call__(self, form: Form, field: Moment) -> None:
        """Refuse an empty field where the rule needs it."""
        if form["ask"].data == ReconfirmRule.RELEASE and not field.data:
            raise StopValidation(_("Pour rendre les places, il faut une date limite."))


class ReasonForm(Form):
    """Why something changes, in the words that people read."""

    reason = fields.LongText(N_("Pourquoi"), [Limit(TEXT_LIMIT)], render_kw={"rows": 3})

    @classmethod
    def prefill(cls, event: Event, session: Session | None) -> dict[str, Any]:
        """Return what the form says before anything is typed."""
        return {}


class MoveForm(ReasonForm):
    """Where an event is moved to, and whether people are asked if they maintain."""

    starts_on = Day(N_("Premier jour"), [Required()])
    starts_time = Time(N_("Heure de début"))
    ends_on = Day(N_("Dernier jour"), [Required()])
    ends_time = Time(N_("Heure de fin"))
    timezone = fields.Choice(N_("Fuseau horaire"), [Required()], words=lambda: [], is_preset=True)
    ask = fields.Radios(
        N_("Les personnes inscrites"), [Required()], words=_list_rules, default=NOBODY
    )
    answer_by = Moment(N_("Réponse attendue avant le"), [NeedsDeadline()])
    opens = Moment(N_("Ouverture des inscriptions"))
    closes = Moment(N_("Clôture des inscriptions"))
    changes_close = Moment(N_("Fin des changements par les personnes elles-mêmes"))

    lines: tuple["Line", ...] = ()
    """The sessions, each with its three fields."""

    @classmethod
    def prefill(cls, event: Event, session: Session | None) -> dict[str, Any]:
        """Return the dates that an event has."""
        return {
            "starts_on": event.starts_on.isoformat(),
            "starts_time": write_time(event.starts_time),
            "ends_on": event.ends_on.isoformat(),
            "ends_time": write_time(event.ends_time),
            "timezone": event.timezone,
        }

    def read_dates(self) -> Dates:
        """Return where the event is moved to."""
        return Dates(
            starts=_join(self.starts_on, self.starts_time),
            ends=_join(self.ends_on, self.ends_time),
            timezone=self.timezone.data,
            opens=self.opens.read(),
            closes=self.closes.read(),
            changes_close=self.changes_close.read(),
            sessions=dict(self._read_sessions()),
        )

    def _read_sessions(self) -> Iterator[tuple[str, Sitting]]:
        for line in self.lines:
            day = self[line.day].read()
            if day is not None:
                starts, ends = self[line.starts].read(), self[line.ends].read()
                yield line.session.code, _sit(line.session, day, starts, ends)

    def read_reconfirm(self) -> Reconfirm | None:
        """Return whether people are asked if they maintain; `None`: they are not."""
        if self.ask.data in {NOBODY, None}:
            return None
        return Reconfirm(self.answer_by.read(), ReconfirmRule(self.ask.data))

    def has_lines_typed(self) -> bool:
        """Tell whether something is said, or wrong, of a session apart."""
        own = [self[name] for line in self.lines for name in line.names]
        return any(field.data or field.errors for field in own)


class Line:
    """A session in the form of a move, with the names of its fields."""

    def __init__(self, number: int, session: Session) -> None:
        self.session = session
        self.day, self.starts, self.ends = self.names = (
            f"day_{number}",
            f"starts_{number}",
            f"ends_{number}",
        )


class NeedsDay:
    """The hours of a session need its day."""

    def __init__(self, *others: str) -> None:
        self.others = others

    def __call__(self, form: Form, field: Day) -> None:
        """Refuse hours without a day."""
        if not field.data and any(form[name].data for name in self.others):
            raise StopValidation(_("Indiquez aussi le jour."))


def make_move_form(event: Event) -> type[MoveForm]:
    """Return the form of a move, with the sessions and the zones of an event."""
    held = [one for one in event.sessions if one.cancelled_at is None]
    lines = tuple(Line(number, session) for number, session in enumerate(held))
    own: dict[str, Any] = {"lines": lines}
    for line in lines:
        own[line.day] = Day(N_("Jour"), [NeedsDay(line.starts, line.ends)])
        own[line.starts] = Time(N_("Début"))
        own[line.ends] = Time(N_("Fin"))
    own["timezone"] = fields.Choice(
        N_("Fuseau horaire"), [Required()], words=lambda: _list_zones(event), is_preset=True
    )
    return type("MoveForm", (MoveForm,), own)


def _list_zones(event: Event) -> list[tuple[str, str]]:
    known = dict.fromkeys((event.timezone, *event.display_timezones, *OFTEN))
    return [(name, phrasing.city(name, get_language())) for name in known if zones.get_zone(name)]


def _join(day: Day, at: Time) -> datetime | date:
    on, hour = day.read(), at.read()
    assert on is not None  # it is required
    return on if hour is None else datetime.combine(on, hour)


def _sit(session: Session, day: date, starts: Any, ends: Any) -> Sitting:
    """Return when a session is held on another day: at its own hours where no others are given."""
    if starts is None and ends is None:
        starts, ends = session.starts_time, session.ends_time
    half_day = session.half_day if starts is None else None
    return Sitting(day, starts, ends, half_day, session.room)


class PlaceForm(ReasonForm):
    """Where and how an event is held."""

    mode = fields.Choice(
        N_("Comment"),
        [Required()],
        words=lambda: [(one.value, label(one)) for one in Mode],
        is_preset=True,
    )
    venue_name = fields.Text(N_("Lieu"), [Limit(LINE_LIMIT)])
    venue_city = fields.Text(N_("Ville"), [Limit(LINE_LIMIT)])
    venue_country = fields.Country(N_("Pays"))

    @classmethod
    def prefill(cls, event: Event, session: Session | None) -> dict[str, Any]:
        """Return where an event is held by now."""
        venue = event.venue or Venue("")
        return {
            "mode": event.mode.value,
            "venue_name": venue.name,
            "venue_city": venue.city,
            "venue_country": venue.country,
        }

    def read_venue(self) -> Venue | None:
        """Return where people go; `None`: nowhere."""
        name = self.venue_name.data or self.venue_city.data
        if not name:
            return None
        city = self.venue_city.data if self.venue_name.data else ""
        return Venue(name, city, self.venue_country.data or "")


class SessionForm(ReasonForm):
    """When and where a session is held."""

    day = Day(N_("Jour"), [Required()])
    starts_time = Time(N_("Heure de début"))
    ends_time = Time(N_("Heure de fin"))
    half_day = fields.Choice(
        N_("Moment de la journée"), words=lambda: [(one.value, label(one)) for one in HalfDay]
    )
    room = fields.Text(N_("Salle"), [Limit(LINE_LIMIT)])

    @classmethod
    def prefill(cls, event: Event, session: Session | None) -> dict[str, Any]:
        """Return when and where a session is held by now."""
        assert session is not None
        return {
            "day": session.day.isoformat(),
            "starts_time": write_time(session.starts_time),
            "ends_time": write_time(session.ends_time),
            "half_day": session.half_day.value if session.half_day else "",
            "room": session.room or "",
        }

    def read_sitting(self) -> Sitting:
        """Return when and where the session is to be held."""
        day = self.day.read()
        assert day is not None  # it is required
        return Sitting(
            day=day,
            starts=self.starts_time.read(),
            ends=self.ends_time.read(),
            half_day=HalfDay(self.half_day.data) if self.half_day.data else None,
            room=self.room.data or None,
        )
