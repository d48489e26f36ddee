"""The form that asks when a mailing leaves: at once, at a date and hour, or at an hour that follows
the event."""

from typing import Any

from wtforms.validators import StopValidation

from webinars import phrasing, timeline
from webinars.errors import ValueRefused
from webinars.eventfiles import moments
from webinars.eventfiles.moments import Anchor
from webinars.models import Event
from webinars.web import fields
from webinars.web.fields import Form, Required
from webinars.web.languages import N_, get_language, ngettext
from webinars.web.languages import gettext as _
from webinars.web.organiser.moments import Moment, Time, write_moment, write_time
from webinars.web.organiser.words import Options

OFF = "off"
FARTHEST = 30
"""So many days before and after the event can be chosen from a list."""
EDGES = (
    *("start-2h", "start-1h", "start-30m", "start-15m", "start"),
    *("end", "end+30m", "end+1h", "end+2h", "end+1d", "end+7d"),
)


def fill(rule: str | None) -> dict[str, str]:
    """Return what the fields hold for a rule; `None`: it is switched off."""
    usual = {"shift": "-1", "at": "10:00", "edge": "start-1h"}
    if rule is None:
        return usual | {"when": OFF}
    if rule == timeline.NOW:
        return usual | {"when": timeline.NOW}
    try:
        read = moments.parse_rule(rule)
    except ValueRefused:
        return usual
    if read.moment is not None:
        return usual | {"when": Anchor.MOMENT.value, "moment": write_moment(read.moment)}
    if read.at is not None:
        shift = f"{read.shift.days:+d}" if read.shift else ""
        return usual | {"when": Anchor.DAY.value, "shift": shift, "at": write_time(read.at)}
    return usual | {"when": "edge", "edge": rule}


def list_days() -> Options:
    """Return the days before and after the event that can be chosen."""
    return [(f"{one:+d}" if one else "", say_day(one)) for one in range(-FARTHEST, FARTHEST + 1)]


def say_day(shift: int) -> str:
    """Return which day is so many days after the event begins."""
    words = {-1: _("la veille"), 0: _("le jour même"), 1: _("le lendemain")}
    if shift in words:
        return words[shift]
    if shift < 0:
        return ngettext("%(num)d jour avant", "%(num)d jours avant", -shift)
    return ngettext("%(num)d jour après", "%(num)d jours après", shift)


def list_edges() -> Options:
    """Return the moments around the event that can be chosen."""
    return [(one, say_rule(one)) for one in EDGES]


def say_rule(rule: str) -> str:
    """Return a rule in words."""
    if rule == timeline.NOW:
        return _("maintenant")
    read = moments.parse_rule(rule)
    if read.moment is not None:
        return _("à date fixe")
    if read.at is not None:
        return _("%(day)s à %(hour)s", day=say_day(read.shift.days), hour=f"{read.at:%Hh%M}")
    if not read.shift:
        return _("au début") if read.anchor is Anchor.START else _("à la fin")
    return _say_shift(int(read.shift.total_seconds() // 60), read.anchor)


def zone_words(event: Event) -> str:
    """Name the hour that an event's hours are written in."""
    return phrasing.local_time([event.timezone], get_language())


def _say_shift(minutes: int, anchor: Anchor) -> str:
    number = abs(minutes)
    if number % 1440 == 0:
        said = ngettext("%(num)d jour", "%(num)d jours", number // 1440)
    elif number % 60 == 0:
        said = ngettext("%(num)d heure", "%(num)d heures", number // 60)
    else:
        said = ngettext("%(num)d minute", "%(num)d minutes", number)
    sentences = {
        (Anchor.START, True): _("%(time)s avant le début", time=said),
        (Anchor.START, False): _("%(time)s après le début", time=said),
        (Anchor.END, True): _("%(time)s avant la fin", time=said),
        (Anchor.END, False): _("%(time)s après la fin", time=said),
    }
    return sentences[anchor, minutes < 0]


class RuleForm(Form):
    """When a mailing leaves."""

    when = fields.Radios(
        N_("Quand"),
        [Required()],
        words=lambda: [
            (timeline.NOW, _("Maintenant")),
            (Anchor.MOMENT.value, _("À une date et une heure")),
            (Anchor.DAY.value, _("Un certain nombre de jours avant ou après, à une heure")),
            ("edge", _("Juste avant le début ou après la fin")),
        ],
    )
    moment = Moment(N_("Date et heure"))
    shift = fields.Choice(N_("Jour"), words=list_days, is_preset=True)
    at = Time(N_("Heure"))
    edge = fields.Choice(N_("Moment"), words=list_edges, is_preset=True)

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        for field in (self.moment, self.at):
            field.flags.preset = True  # not optional: asked for where it is what counts

    def validate_moment(self, field: Moment) -> None:
        """Ask for the date where it is what counts."""
        self._require(field, Anchor.MOMENT)

    def validate_at(self, field: Time) -> None:
        """Ask for the hour where it is what counts."""
        self._require(field, Anchor.DAY)

    def _require(self, field: fields.Text, when: Anchor) -> None:
        if self.when.data == when and not field.data:
            raise StopValidation(_("Ce champ est obligatoire."))

    def read(self) -> str:
        """Return the rule, as an event file writes it."""
        match self.when.data:
            case Anchor.MOMENT:
                return str(moments.Rule(Anchor.MOMENT, moment=self.moment.read()))
            case Anchor.DAY:
                return f"day{self.shift.data} {write_time(self.at.read())}"
            case "edge":
                return str(self.edge.data)
        return str(self.when.data)


class UsualForm(RuleForm):
    """When one of the event's own mailings leaves, or that it does not."""

    when = fields.Radios(
        N_("Quand"),
        [Required()],
        words=lambda: [
            (Anchor.DAY.value, _("Un certain nombre de jours avant ou après, à une heure")),
            ("edge", _("Juste avant le début ou après la fin")),
            (Anchor.MOMENT.value, _("À une date et une heure")),
            (OFF, _("Jamais : ce message ne part pas")),
        ],
    )
