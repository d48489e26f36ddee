"""The parts of an event that are edited in forms, each saved by itself.

A part knows its form, what it holds before anything is typed, and what was typed as an event file
would say it: the rules are those of event files.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wtforms import Field

from webinars import loading, phrasing
from webinars.eventfiles.shape import LIST_LIMIT, TITLE_LIMIT
from webinars.models import Event, EventKind, InstitutionRole, Mode, OrganizationKind
from webinars.typed import LINE_LIMIT, NAME_LIMIT, TEXT_LIMIT, URL_LIMIT
from webinars.web import fields
from webinars.web.fields import ADDRESS, Form, Limit, Required
from webinars.web.filters import label
from webinars.web.languages import N_, get_language
from webinars.web.languages import gettext as _
from webinars.web.organiser.edit_fields import FIRST_ZONES, Many, Number, list_zones
from webinars.web.organiser.moments import Clock, Day, Moment, write_time

BLANK_ROWS = 2
"""So many empty lines follow a list, for what is added."""
ROW_KEY = re.compile(r"(\w+)\[(\d+)\](?:\.(\w+))?")
Said = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A field of each line of a list."""

    name: str
    make: Callable[[], Field]


class EditForm(Form):
    """A part of an event."""

    lists: ClassVar[Mapping[str, tuple[Column, ...]]] = {}
    """The lists in the form, by name: the first column is what a line cannot do without."""

    @classmethod
    def extend(cls, event: Event) -> dict[str, Field]:
        """Return the fields whose words depend on the event."""
        return {}

    @classmethod
    def fill(cls, event: Event) -> Said:
        """Return what the form holds of an event before anything is typed."""
        raise NotImplementedError

    def read(self, event: Event) -> Said:
        """Return what was typed, by top-level key of an event file."""
        raise NotImplementedError

    def find_field(self, key: str) -> str:
        """Return the field that a part of an event file is typed in; empty: there is none."""
        row = ROW_KEY.match(key)
        if row and row[1] in self.lists:
            kept = list(self._list_rows(row[1]))
            number = kept[int(row[2]) - 1] if int(row[2]) <= len(kept) else 0
            name = f"{row[1]}_{number}_{row[3] or self.lists[row[1]][0].name}"
            return name if name in self else ""
        steps = key.split(".")
        names = ("_".join(steps[start:]) for start in range(len(steps)))
        return next((name for name in names if name in self), "")

    def read_list(self, name: str) -> list[Said]:
        """Return the lines of a list in the order that was asked for, without empty ones."""
        return [
            {
                one.name: self[f"{name}_{number}_{one.name}"].data
                for one in self.lists[name]
                if self[f"{name}_{number}_{one.name}"].data
            }
            for number in self._list_rows(name)
        ]

    def list_lines(self, name: str) -> list[tuple[Field, Field, list[Field]]]:
        """Return each line of a list as its fields: rank, removal, and the columns."""
        return [
            (
                self[f"{name}_{number}_rank"],
                self[f"{name}_{number}_remove"],
                [self[f"{name}_{number}_{one.name}"] for one in self.lists[name]],
            )
            for number in self._list_numbers(name)
        ]

    def _list_numbers(self, name: str) -> Iterator[int]:
        number = 0
        while f"{name}_{number}_rank" in self:
            yield number
            number += 1

    def _list_rows(self, name: str) -> list[int]:
        kept = [
            number
            for number in self._list_numbers(name)
            if not self[f"{name}_{number}_remove"].data
            and any(self[f"{name}_{number}_{one.name}"].data for one in self.lists[name])
        ]
        return sorted(kept, key=lambda number: (_rank(self[f"{name}_{number}_rank"].data), number))


def _rank(text: str | None) -> float:
    try:
        return float((text or "").replace(",", "."))
    except ValueError:
        return LIST_LIMIT


def make_form(
    form_class: type[EditForm], event: Event, counts: Mapping[str, int]
) -> type[EditForm]:
    """Return the form of a part of an event, with so many lines in each of its lists."""
    own = form_class.extend(event)
    for name, columns in form_class.lists.items():
        for number in range(min(counts.get(name, 0), LIST_LIMIT)):
            own |= {f"{name}_{number}_{one.name}": one.make() for one in columns}
            own[f"{name}_{number}_rank"] = fields.Text(
                N_("Rang"), [Limit(6)], render_kw={"inputmode": "numeric", "dir": "ltr"}
            )
            own[f"{name}_{number}_remove"] = fields.Tick(N_("Retirer"))
    return type(form_class.__name__, (form_class,), own) if own else form_class


def fill_list(name: str, columns: tuple[Column, ...], rows: list[Said]) -> Said:
    """Return what the lines of a list hold."""
    filled: Said = {}
    for number, row in enumerate(rows):
        filled |= {f"{name}_{number}_{one.name}": row.get(one.name) or "" for one in columns}
        filled[f"{name}_{number}_rank"] = str(number + 1)
    return filled


def filled_only(said: Said) -> Said:
    """Return what was said, without what says nothing."""
    return {key: value for key, value in said.items() if value not in (None, "", [], {})}


def _content(event: Event) -> Mapping[str, Any]:
    return loading.to_content(event)


def write_words(said: Mapping[str, Any] | None, name: str) -> Said:
    """Return what the fields of a text hold, one for each language."""
    return {f"{name}_{language}": (said or {}).get(language) or "" for language in LANGUAGES}


def read_words(form: Form, name: str) -> Said | None:
    """Return a text as an event file says it; `None`: there is none."""
    return filled_only({one: form[f"{name}_{one}"].data for one in LANGUAGES}) or None


LANGUAGES = ("fr", "ar", "en")
TITLES = (N_("Titre"), N_("Titre en arabe"), N_("Titre en anglais"))


class TextsForm(EditForm):
    """What an event is called, and what it is about."""

    kind = fields.Choice(
        N_("Type"),
        [Required()],
        words=lambda: [(o.value, label(o)) for o in EventKind],
        is_preset=True,
    )
    title_fr = fields.Text(N_("Titre"), [Required(), Limit(TITLE_LIMIT)])
    summary_fr = fields.LongText(N_("Présentation"), [Limit(TEXT_LIMIT)], render_kw={"rows": 8})
    title_ar = fields.Text(N_("Titre en arabe"), [Limit(TITLE_LIMIT)], render_kw={"lang": "ar"})
    summary_ar = fields.LongText(
        N_("Présentation en arabe"), [Limit(TEXT_LIMIT)], render_kw={"lang": "ar"}
    )
    title_en = fields.Text(N_("Titre en anglais"), [Limit(TITLE_LIMIT)], render_kw={"lang": "en"})
    summary_en = fields.LongText(
        N_("Présentation en anglais"), [Limit(TEXT_LIMIT)], render_kw={"lang": "en"}
    )

    @classmethod
    def fill(cls, event: Event) -> Said:
        said = _content(event)
        words = write_words(said["title"], "title") | write_words(said["summary"], "summary")
        return {"kind": said["kind"]} | words

    def read(self, event: Event) -> Said:
        return {
            "kind": self.kind.data,
            "title": read_words(self, "title"),
            "summary": read_words(self, "summary"),
        }


class DatesForm(EditForm):
    """When and where a draft is held; once people know of it, that is a change."""

    starts_on = Day(N_("Premier jour"), [Required()])
    starts_time = Clock(N_("Heure de début"))
    ends_on = Day(N_("Dernier jour"), [Required()])
    ends_time = Clock(N_("Heure de fin"))
    timezone = fields.Choice(N_("Fuseau horaire"), [Required()], words=list_zones, is_preset=True)
    mode = fields.Choice(
        N_("Comment"),
        [Required()],
        words=lambda: [(o.value, label(o)) for o in Mode],
        is_preset=True,
    )
    venue_name = fields.Text(N_("Lieu"), [Limit(LINE_LIMIT)])
    venue_city = fields.Text(N_("Ville"), [Limit(LINE_LIMIT)])
    venue_country = fields.Country(N_("Pays"))

    @classmethod
    def fill(cls, event: Event) -> Said:
        said = _content(event)
        venue = said["venue"] or {}
        return {
            "starts_on": event.starts_on.isoformat(),
            "starts_time": write_time(event.starts_time),
            "ends_on": event.ends_on.isoformat(),
            "ends_time": write_time(event.ends_time),
            "timezone": event.timezone,
            "mode": said["mode"],
            **{f"venue_{key}": venue.get(key) or "" for key in ("name", "city", "country")},
        }

    def read(self, event: Event) -> Said:
        return read_dates(self)

    def find_field(self, key: str) -> str:
        return DATE_FIELDS.get(key) or super().find_field(key)


DATE_FIELDS = {"starts": "starts_time", "ends": "ends_time", "venue": "venue_name"}


def read_dates(form: Any) -> Said:
    """Return when and where an event is held, as an event file says it."""
    zone = form.timezone.data
    venue = {key: form[f"venue_{key}"].data for key in ("name", "city", "country")}
    venue["name"] = venue["name"] or venue["city"]
    return {
        "starts": write_moment(form.starts_on, form.starts_time),
        "ends": write_moment(form.ends_on, form.ends_time),
        "timezone": zone,
        "mode": form.mode.data,
        "venue": filled_only(venue) if venue["name"] else None,
    }


def write_moment(day: Day, at: Clock) -> str:
    """Return a day and its hour as an event file writes them; a day alone where there is none."""
    hour = at.read()
    return f"{day.data}T{hour:%H:%M}" if hour else str(day.data)


class WindowForm(EditForm):
    """Who may register, from when, and until when."""

    opens = Moment(N_("Ouverture des inscriptions"))
    closes = Moment(N_("Clôture des inscriptions"))
    changes_close = Moment(N_("Fin des changements par les personnes elles-mêmes"))
    capacity = Number(N_("Nombre de places"))
    approval = fields.Tick(N_("Chaque inscription attend une décision"))
    priority_countries = Many(
        N_("Pays prioritaires"), words=lambda: phrasing.countries(get_language())[:2]
    )
    priority_kinds = Many(
        N_("Structures prioritaires"),
        words=lambda: [(one.value, label(one)) for one in OrganizationKind],
    )
    priority_until = Moment(N_("Priorité jusqu’au"))
    display_timezones = Many(N_("Heures affichées"), words=lambda: [])

    @classmethod
    def extend(cls, event: Event) -> dict[str, Field]:
        known = dict.fromkeys((*event.display_timezones, event.timezone, *FIRST_ZONES))
        zones = [(one, phrasing.city(one, get_language())) for one in known]
        return {"display_timezones": Many(N_("Heures affichées"), words=lambda: zones)}

    @classmethod
    def fill(cls, event: Event) -> Said:
        said = _content(event)
        window: Said = said["registration"]
        first = window.get("priority") or {}
        return {
            **{key: window.get(key) or "" for key in ("opens", "closes", "changes_close")},
            "capacity": str(said["capacity"] or ""),
            "approval": bool(window.get("approval")),
            "priority_countries": list(first.get("countries") or ()),
            "priority_kinds": list(first.get("kinds") or ()),
            "priority_until": first.get("until") or "",
            "display_timezones": list(said["display_timezones"]),
        }

    def read(self, event: Event) -> Said:
        # Countries that the form does not show, because a file named them, stay.
        known = dict(phrasing.countries(get_language())[:2])
        had = event.priority.countries if event.priority else ()
        more = [code for code in had if code not in known]
        first = filled_only(
            {
                "countries": [*self.priority_countries.data, *more],
                "kinds": self.priority_kinds.data,
                "until": _moment(self.priority_until),
            }
        )
        window = {key: _moment(self[key]) for key in ("opens", "closes", "changes_close")}
        return {
            "registration": filled_only(window | {"priority": first})
            | {"approval": self.approval.data},
            "capacity": int(self.capacity.data) if self.capacity.data else None,
            "display_timezones": self.display_timezones.data or [event.timezone],
        }


def _moment(field: Moment) -> str | None:
    at = field.read()
    return f"{at:%Y-%m-%dT%H:%M}" if at else None


INSTITUTION = (
    Column("acronym", lambda: fields.Text(N_("Sigle"), [Limit(NAME_LIMIT)])),
    Column("name", lambda: fields.Text(N_("Nom complet"), [Limit(LINE_LIMIT)])),
    Column("country", lambda: fields.Country(N_("Pays"))),
    Column(
        "role",
        lambda: fields.Choice(
            N_("Rôle"),
            words=lambda: [
                (InstitutionRole.PILOT.value, _("pilote")),
                (InstitutionRole.PARTNER.value, _("partenaire")),
            ],
            is_preset=True,
            default=InstitutionRole.PARTNER.value,
        ),
    ),
)


class InstitutionsForm(EditForm):
    """Who organises, in which order."""

    lists: ClassVar = {"institutions": INSTITUTION}

    @classmethod
    def fill(cls, event: Event) -> Said:
        return fill_list("institutions", INSTITUTION, list(_content(event)["institutions"] or ()))

    def read(self, event: Event) -> Said:
        rows = self.read_list("institutions")
        named = {one.get("acronym") for one in rows}
        notice = dict(_content(event)["notice"] or {})
        # Who leaves no longer answers for the data either; who pilots does.
        kept = [one for one in notice.get("controllers", ()) if one in named]
        pilots = [one["acronym"] for one in rows if one.get("role") == InstitutionRole.PILOT]
        return {"institutions": rows, "notice": notice | {"controllers": kept or pilots}}

    def _list_rows(self, name: str) -> list[int]:
        numbers = super()._list_rows(name)
        cells = ("acronym", "name", "country")  # the role is preset: it alone says nothing
        return [n for n in numbers if any(self[f"{name}_{n}_{one}"].data for one in cells)]


CONTACT = (
    Column("name", lambda: fields.Text(N_("Nom"), [Limit(NAME_LIMIT)])),
    Column("institution", lambda: fields.Text(N_("Sigle de l’institution"), [Limit(NAME_LIMIT)])),
    Column("email", lambda: fields.Email(N_("Adresse électronique"), [ADDRESS])),
    Column("phone", lambda: fields.Text(N_("Téléphone"), [Limit(60)], render_kw={"dir": "ltr"})),
)
SIGNATORY = (
    Column("name", lambda: fields.Text(N_("Nom"), [Limit(NAME_LIMIT)])),
    Column("title", lambda: fields.Text(N_("Titre ou fonction"), [Limit(LINE_LIMIT)])),
    Column("institution", lambda: fields.Text(N_("Institution"), [Limit(LINE_LIMIT)])),
)


class PeopleForm(EditForm):
    """Whom people may ask, and who signs the invitation."""

    lists: ClassVar = {"contacts": CONTACT, "signatories": SIGNATORY}

    @classmethod
    def fill(cls, event: Event) -> Said:
        said = _content(event)
        return {
            key: value
            for name, columns in cls.lists.items()
            for key, value in fill_list(name, columns, list(said[name] or ())).items()
        }

    def read(self, event: Event) -> Said:
        return {name: self.read_list(name) for name in self.lists}


class NoticeForm(EditForm):
    """What the information notice says."""

    controllers = Many(N_("Responsables du traitement"), words=lambda: [])
    purposes_fr = fields.LongText(N_("À quoi servent les données"), [Limit(TEXT_LIMIT)])
    purposes_ar = fields.LongText(N_("La même chose en arabe"), [Limit(TEXT_LIMIT)])
    purposes_en = fields.LongText(N_("La même chose en anglais"), [Limit(TEXT_LIMIT)])
    retention_months = Number(N_("Conservation, en mois après l’événement"), [Required()])
    rights_contact = fields.Text(N_("Adresse pour exercer ses droits"), [Limit(LINE_LIMIT)])
    cndp_number = fields.Text(N_("Numéro de déclaration à la CNDP"), [Limit(NAME_LIMIT)])

    @classmethod
    def extend(cls, event: Event) -> dict[str, Field]:
        known = dict.fromkeys(one.institution.acronym for one in event.institutions)
        words = [(one, one) for one in known]
        return {"controllers": Many(N_("Responsables du traitement"), words=lambda: words)}

    @classmethod
    def fill(cls, event: Event) -> Said:
        said: Said = dict(_content(event)["notice"] or {})
        return {
            "controllers": list(said.get("controllers") or ()),
            **write_words(said.get("purposes"), "purposes"),
            "retention_months": str(said.get("retention_months") or 12),
            "rights_contact": said.get("rights_contact") or "",
            "cndp_number": said.get("cndp_number") or "",
        }

    def read(self, event: Event) -> Said:
        said = {
            "controllers": self.controllers.data,
            "purposes": read_words(self, "purposes"),
            "retention_months": int(self.retention_months.data),
            "rights_contact": self.rights_contact.data,
            "cndp_number": self.cndp_number.data,
        }
        return {"notice": filled_only(said)}


class ConnectionForm(EditForm):
    """Where people meet online, and when they are let in."""

    url = fields.Text(
        N_("Adresse de la salle"), [Limit(URL_LIMIT)], render_kw={"dir": "ltr", "inputmode": "url"}
    )
    dial_in = fields.Text(N_("Accès par téléphone"), [Limit(LINE_LIMIT)])
    opens_before = Number(N_("Ouverture, en minutes avant le début"), [Required()])
    closes_after = Number(N_("Fermeture, en minutes après la fin"), [Required()])

    @classmethod
    def fill(cls, event: Event) -> Said:
        return {
            "url": event.room_url or "",
            "dial_in": event.dial_in or "",
            "opens_before": str(event.gate_opens_minutes),
            "closes_after": str(event.gate_closes_minutes),
        }

    def read(self, event: Event) -> Said:
        said: Said = {"url": self.url.data, "dial_in": self.dial_in.data}
        minutes = {one: int(self[one].data) for one in ("opens_before", "closes_after")}
        return {"connection": filled_only(said) | minutes}
