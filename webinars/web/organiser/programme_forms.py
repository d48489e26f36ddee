"""The form of a session, and what does not go together in a programme, in words."""

import re
from datetime import date
from typing import Any, ClassVar, cast

from webinars import eventfiles, phrasing, programme
from webinars.editing import Clash, ClashKind, list_clashes, list_sessions
from webinars.eventfiles.shape import LIST_LIMIT, TITLE_LIMIT
from webinars.models import Event, EventStatus, HalfDay, Session, SessionKind, Speaker, SpeakerRole
from webinars.typed import LINE_LIMIT, NAME_LIMIT, TEXT_LIMIT
from webinars.web import fields
from webinars.web.fields import Limit, Required
from webinars.web.filters import label, plain
from webinars.web.languages import N_, get_language, ngettext
from webinars.web.languages import gettext as _
from webinars.web.organiser.edit_fields import Number
from webinars.web.organiser.edit_forms import (
    Column,
    EditForm,
    Said,
    fill_list,
    filled_only,
    read_words,
    write_words,
)
from webinars.web.organiser.moments import Clock, Day, read_day, read_time

SPEAKER = (
    Column("name", lambda: fields.Text(N_("Nom"), [Limit(NAME_LIMIT)])),
    Column("title", lambda: fields.Text(N_("Titre ou fonction"), [Limit(LINE_LIMIT)])),
    Column("organization", lambda: fields.Text(N_("Structure"), [Limit(LINE_LIMIT)])),
    Column(
        "role",
        lambda: fields.Choice(
            N_("Rôle"),
            words=lambda: [(one.value, label(one)) for one in SpeakerRole],
            is_preset=True,
            default=SpeakerRole.SPEAKER.value,
        ),
    ),
)
UNNAMED = "?"
"""The code of a session that is being typed and has none yet."""
SESSION_KEY = re.compile(r"programme\.sessions(?:\[(\d+)\])?\.?(.*)")
FIELDS = {"starts": "starts_time", "ends": "ends_time", "": "starts_time", "code": "title_fr"}


class SessionForm(EditForm):
    """A session of the programme."""

    code: ClassVar[str] = ""
    """Of the session; empty: a new one."""
    part: ClassVar[Any] = None
    """The form of that session before the lines of its lists are added."""
    lists: ClassVar = {"speakers": SPEAKER}

    title_fr = fields.Text(N_("Titre"), [Required(), Limit(TITLE_LIMIT)])
    title_ar = fields.Text(N_("Titre en arabe"), [Limit(TITLE_LIMIT)], render_kw={"lang": "ar"})
    title_en = fields.Text(N_("Titre en anglais"), [Limit(TITLE_LIMIT)], render_kw={"lang": "en"})
    kind = fields.Choice(
        N_("Type"),
        [Required()],
        words=lambda: [(one.value, label(one)) for one in SessionKind],
        is_preset=True,
    )
    day = Day(N_("Jour"), [Required()])
    starts_time = Clock(N_("Heure de début"))
    ends_time = Clock(N_("Heure de fin"))
    half_day = fields.Choice(
        N_("Moment de la journée"), words=lambda: [(one.value, label(one)) for one in HalfDay]
    )
    slot = fields.Text(N_("Créneau"), [Limit(80)])
    room = fields.Text(N_("Salle"), [Limit(LINE_LIMIT)])
    capacity = Number(N_("Nombre de places"))
    description_fr = fields.LongText(N_("Présentation"), [Limit(TEXT_LIMIT)])
    description_ar = fields.LongText(
        N_("Présentation en arabe"), [Limit(TEXT_LIMIT)], render_kw={"lang": "ar"}
    )
    description_en = fields.LongText(
        N_("Présentation en anglais"), [Limit(TEXT_LIMIT)], render_kw={"lang": "en"}
    )

    @classmethod
    def fill(cls, event: Event) -> Said:
        found = [one for one in list_sessions(event) if one["code"] == cls.code]
        if not found:
            return _begin(event)
        said = found[0]
        starts, ends = said.get("starts") or "", said.get("ends") or ""
        return {
            **write_words(said["title"], "title"),
            "kind": said["kind"],
            "day": (starts or said.get("day") or "")[:10],
            "starts_time": starts[11:],
            "ends_time": ends[11:],
            **{key: said.get(key) or "" for key in ("half_day", "slot", "room")},
            "capacity": str(said.get("capacity") or ""),
            **write_words(said.get("description"), "description"),
            **fill_list("speakers", SPEAKER, list(said.get("speakers") or ())),
        }

    def read(self, event: Event) -> Said:
        """Return the session as an event file says it; when and where as it was, once told."""
        said = filled_only(
            {
                "code": self.code,
                "kind": self.kind.data,
                "title": read_words(self, "title"),
                "description": read_words(self, "description"),
                "speakers": self.read_list("speakers"),
                "capacity": int(self.capacity.data) if self.capacity.data else None,
            }
        )
        former = next((one for one in list_sessions(event) if one["code"] == self.code), None)
        if former is not None and event.status is not EventStatus.DRAFT:
            keys = ("day", "half_day", "starts", "ends", "slot", "room")
            return said | {key: former[key] for key in keys if key in former}
        return said | self._read_when()

    def _read_when(self) -> Said:
        day, starts, ends = self.day.data, self.starts_time.read(), self.ends_time.read()
        said: Said = {
            "slot": eventfiles.propose_slug(self.slot.data or "") or None,
            "room": self.room.data,
        }
        if starts:
            said |= {"starts": f"{day}T{starts:%H:%M}"}
            said |= {"ends": f"{day}T{ends:%H:%M}"} if ends else {}
        else:
            said |= {"day": day, "half_day": self.half_day.data}
        return filled_only(said)

    def find_field(self, key: str) -> str:
        match = SESSION_KEY.fullmatch(key)
        if match is None:
            return super().find_field(key)
        inner = match[2]
        return FIELDS.get(inner) or super().find_field(inner)

    def _list_rows(self, name: str) -> list[int]:
        numbers = super()._list_rows(name)
        cells = ("name", "title", "organization")  # the role is preset: it alone says nothing
        return [n for n in numbers if any(self[f"{name}_{n}_{one}"].data for one in cells)]


def _begin(event: Event) -> Said:
    """Return what a new session begins with: it follows the one that ends last."""
    held = [one for one in programme.list_in_order(event) if one.cancelled_at is None]
    last = held[-1] if held else None
    day, at = (last.day, last.ends_time) if last else (event.starts_on, event.starts_time)
    return {
        "kind": (SessionKind.PLENARY if held else SessionKind.OPENING).value,
        "day": day.isoformat(),
        "starts_time": f"{at:%H:%M}" if at else "",
    }


def make_class(code: str) -> type[SessionForm]:
    """Return the form of the session of that code; empty: of a new one."""
    made: Any = type("SessionForm", (SessionForm,), {"code": code})
    made.part = made
    return cast(type[SessionForm], made)


def list_with(event: Event, code: str, said: Any) -> list[Session]:
    """List the sessions of an event with one of them as it is being typed."""
    typed = _read_typed(code or UNNAMED, said)
    others = [one for one in event.sessions if one.code != code]
    return [*others, typed] if typed else others


def _read_typed(code: str, said: Any) -> Session | None:
    day = _try(read_day, said.get("day"))
    if day is None:
        return None
    names = (said.get(f"speakers_{number}_name", "") for number in range(LIST_LIMIT))
    return Session(
        code=code,
        title=None,
        day=day,
        starts_time=_try(read_time, said.get("starts_time")),
        ends_time=_try(read_time, said.get("ends_time")),
        slot=eventfiles.propose_slug(said.get("slot", "")) or None,
        room=said.get("room", "").strip() or None,
        speakers=tuple(Speaker(name.strip()) for name in names if name.strip()),
    )


def _try(read: Any, text: str | None) -> Any:
    try:
        return read(text)
    except Exception:  # being typed: it is not there yet
        return None


def say_clashes(event: Event, sessions: list[Session] | None = None) -> list[tuple[Clash, str]]:
    """List what does not go together in a programme, with its words."""
    held = list(event.sessions) if sessions is None else sessions
    titles = {one.code: plain(one.title) for one in event.sessions}
    return [(one, _say(one, titles)) for one in list_clashes(event, held)]


def _say(clash: Clash, titles: dict[str, str]) -> str:
    names = [titles.get(code, _("cette séance")) for code in clash.codes]
    said = {"first": names[0], "second": names[-1], "what": clash.what}
    if clash.minutes:
        said["length"] = _say_length(clash.minutes)
        day = phrasing.date_in_words(clash.day, get_language()) if clash.day else ""
        said["day"] = day
    return str(_words(clash.kind)) % said


def _words(kind: ClashKind) -> str:
    words = {
        ClashKind.REVERSED: _("« %(first)s » finirait avant de commencer."),
        ClashKind.OUTSIDE: _("« %(first)s » est en dehors de l’événement."),
        ClashKind.OVERLAP: _(
            "« %(first)s » et « %(second)s » ont lieu en même temps sans être d’un même créneau."
        ),
        ClashKind.ROOM: _("%(what)s : « %(first)s » et « %(second)s » y sont en même temps."),
        ClashKind.SPEAKER: _(
            "%(what)s : attendu(e) à « %(first)s » et à « %(second)s » à la fois."
        ),
        ClashKind.SLOT_DAYS: _("« %(first)s » n’est pas le même jour que le créneau %(what)s."),
        ClashKind.GAP: _("%(day)s : %(length)s entre « %(first)s » et « %(second)s »."),
        ClashKind.STARTS_LATE: _("%(day)s : rien pendant %(length)s avant « %(first)s »."),
        ClashKind.ENDS_EARLY: _("%(day)s : rien pendant %(length)s après « %(first)s »."),
        ClashKind.NO_HOURS: _("« %(first)s » n’a pas encore toutes ses heures."),
    }
    return words[kind]


def _say_length(minutes: int) -> str:
    return ngettext("%(num)d minute", "%(num)d minutes", minutes)


def list_days(event: Event) -> list[tuple[date, list[list[Session]]]]:
    """List the days of a programme, each with its sessions in order; those of a slot together."""
    days: dict[date, list[list[Session]]] = {}
    for one in programme.list_in_order(event):
        groups = days.setdefault(one.day, [])
        if groups and one.slot and groups[-1][-1].slot == one.slot:
            groups[-1].append(one)
        else:
            groups.append([one])
    return list(days.items())


def list_slots(event: Event) -> list[str]:
    """List the slots of an event's programme."""
    return list(dict.fromkeys(one.slot for one in event.sessions if one.slot))
