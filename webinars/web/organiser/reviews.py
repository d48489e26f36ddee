"""What a change would come to, for an organiser to look at before anything leaves.

It is made by the very call that makes the change, in a rehearsal that is undone; what is kept of it
are plain values.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from webinars import changes, events, letters, steering, validations
from webinars.changes import Concerned, NotTold, Outlook
from webinars.database import Transaction
from webinars.letters import Unwritten
from webinars.models import Event, Language, MailingState, MailName
from webinars.runtime import Runtime
from webinars.web.filters import instant, label, zones
from webinars.web.languages import gettext as _
from webinars.web.organiser import differences
from webinars.web.organiser.differences import Difference, Sight

NAMED = 50
"""So many people are named at first."""

OWN_LINK = re.compile(r"(/[rju]/)[\w-]+")
"""A link that is a person's own: whoever has it acts for her."""

Do = Callable[[Transaction, Event], Outlook]


class Fate(StrEnum):
    """What becomes of a mailing that was planned."""

    STAYS = "stays"
    MOVES = "moves"
    DROPPED = "dropped"
    HELD = "held"
    RESUMED = "resumed"
    ADDED = "added"


class Planned(NamedTuple):
    """A mailing before and after a change."""

    template: MailName
    was: datetime | None
    will_be: datetime | None
    fate: Fate


class Reach(NamedTuple):
    """How many are told by one mail in one language."""

    template: MailName
    language: Language
    people: int
    copies: int


class Sample(NamedTuple):
    """A mail as the first person would read it."""

    template: MailName
    name: str
    subject: str
    text: str


@dataclass(frozen=True)
class Review:
    """What a change would come to."""

    edition: int
    """Of the event before it."""
    outlook: Outlook
    differences: list[Difference]
    mailings: list[Planned]
    samples: list[Sample]

    @property
    def reached(self) -> list[Reach]:
        """Return how many are told, by mail and language."""
        told = [one for one in self.outlook.people if one.template]
        people = Counter((one.template, one.language) for one in told)
        copies = Counter((one.template, one.language) for one in told if one.has_copy)
        return [
            Reach(template, language, people[template, language], copies[template, language])
            for template, language in people
            if template is not None
        ]

    @property
    def not_told(self) -> list[tuple[NotTold, int]]:
        """Return how many are not told, by reason."""
        return [(why, number) for why, number in self.outlook.not_told.items() if number]

    @property
    def first_people(self) -> Sequence[Concerned]:
        """Return those who are named at once: who is told comes first."""
        return self.all_people[:NAMED]

    @property
    def all_people(self) -> Sequence[Concerned]:
        """Return everyone, who is told first."""
        return sorted(self.outlook.people, key=lambda one: one.template is None)


def make(tx: Transaction, event: Event, do: Do, runtime: Runtime, now: datetime) -> Review:
    """Make a change in a rehearsal, and return what it comes to."""
    edition = events.hold(tx, event)
    seen, planned = _see(event, now), _list_planned(tx, event)
    outlook = do(tx, event)
    tx.flush()
    tx.refresh(event, events.COLUMNS)
    return Review(
        edition=edition,
        outlook=outlook,
        differences=differences.compare(seen, _see(event, now)),
        mailings=_follow(planned, _list_planned(tx, event)),
        samples=_list_samples(tx, outlook, runtime),
    )


def _see(event: Event, now: datetime) -> Sight:
    """See what people, and organisers, see of an event."""
    moments = {
        "opens_at": _("Ouverture des inscriptions"),
        "closes_at": _("Clôture des inscriptions"),
        "changes_close_at": _("Fin des changements par les personnes elles-mêmes"),
        "priority_until_at": _("Fin de la priorité"),
    }
    seen = {"state": (_("État"), label(events.state(event, now)))} | differences.see(event)
    sides = (label(side) for side in validations.list_sides(event))
    seen["validation"] = (_("Validation du programme"), ", ".join(sides))
    for name, word in moments.items():
        at = getattr(event, name)
        seen[name] = (word, instant(at, zones(event)) if at else "")
    return seen


class _Mailing(NamedTuple):
    template: MailName
    due_at: datetime | None
    state: MailingState


def _list_planned(tx: Transaction, event: Event) -> dict[int, _Mailing]:
    return {
        one.id: _Mailing(one.template, one.due_at, one.state)
        for one in steering.list_all(tx, event.id)
        if one.due_at is not None
    }


def _follow(before: dict[int, _Mailing], after: dict[int, _Mailing]) -> list[Planned]:
    """Return what becomes of each mailing; of what was over and stays so, nothing is said."""
    found = []
    for number, one in after.items():
        was = before.get(number)
        fate = _find_fate(was, one)
        if fate is not None:
            found.append(Planned(one.template, was.due_at if was else None, one.due_at, fate))
    return found


def _find_fate(was: _Mailing | None, one: _Mailing) -> Fate | None:
    over = {MailingState.CANCELLED, MailingState.DONE}
    if was is None:
        return Fate.ADDED
    if one.state in over:
        return None if was.state in over else Fate.DROPPED
    if was.state in over:
        return Fate.RESUMED
    if one.state is not was.state and MailingState.HELD in (one.state, was.state):
        return Fate.HELD if one.state is MailingState.HELD else Fate.RESUMED
    return Fate.STAYS if was.due_at == one.due_at else Fate.MOVES


def _list_samples(tx: Transaction, outlook: Outlook, runtime: Runtime) -> list[Sample]:
    """Write each mail once, for the first person who would get it."""
    if outlook.change_id is None:
        return []
    first: dict[MailName, Concerned] = {}
    for one in outlook.people:
        if one.template is not None:
            first.setdefault(one.template, one)
    samples = []
    for template, person in first.items():
        mail = changes.find_mail(tx, outlook.change_id, person.registration_id, template)
        if mail is not None:
            samples.append(_read(tx, mail, template, person.name, runtime))
    return samples


def _read(tx: Transaction, mail: int, template: MailName, name: str, runtime: Runtime) -> Sample:
    sender = runtime.settings.mail_from
    draft = letters.prepare(tx, [mail], links=runtime.links, sender=sender)[mail]
    if isinstance(draft, Unwritten):
        return Sample(template, name, _("Ce message ne peut pas être composé."), draft.reason)
    texts = draft.read()
    return Sample(template, name, texts.subject, OWN_LINK.sub(r"\1…", texts.text))
