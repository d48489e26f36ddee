"""Letters of one variant, written once with holes and filled in for each person.

The words go the ordinary road through templates and calendar, with a mark in place of everything
that is personal; `patterns` finds the marks again. What is filled in is the same to the last octet
as what is written for one person alone.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from markupsafe import escape

from webinars.calendar import files
from webinars.letters import calendars, patterns, wording
from webinars.letters.calendars import Lines
from webinars.letters.cases import HOLES, SHOWN, Case, Person, Site, Variant
from webinars.letters.patterns import Pattern, Sheet, Words
from webinars.mail import compose
from webinars.mail.compose import Body, CalendarPart, Letter, Texts
from webinars.models import CalendarMethod, Event

KEPT = 512
"""How many variants are kept at hand, some tens of kilobytes each; those used last."""

_GATE = Person._fields.index("gate_url")
_EMAIL = Person._fields.index("attendee_email")
_REGISTERED = Person._fields.index("registered_at")
_WRITTEN = Person._fields.index("written_at")
_BARE_GATE = len(Person._fields)
"""The gate once more, where a calendar file escapes nothing."""

_STAMPS = {"CREATED": _REGISTERED, "DTSTAMP": _WRITTEN, "LAST-MODIFIED": _WRITTEN}
"""The properties of a calendar file that are instants of the person's own."""


def write(case: Case) -> Letter:
    """Write one letter by itself: what `fill` says quicker when there are many alike."""
    texts = write_texts(case)
    return _address(
        case,
        subject=texts.subject,
        reply_to=_find_reply_to(case),
        text=compose.encode(texts.text),
        html=compose.encode(texts.html),
        calendar_part=calendars.make(case),
    )


def fill(case: Case) -> Letter:
    """Write one letter by filling in what all letters of its variant have in common."""
    return _get(case.event, case.variant, case.site).fill(case)


class Skeleton(NamedTuple):
    """A letter without its person."""

    subject: Pattern
    reply_to: str | None
    text: Words
    html: Words
    sheet: Sheet | None
    method: CalendarMethod

    def fill(self, case: Case) -> Letter:
        """Return the letter of a person."""
        shown: Any = case.person[:SHOWN]
        part = None
        if self.sheet is not None:
            content = self.sheet.fill(_list_calendar_values(case.person))
            part = calendars.make_part(content, self.method)
        return _address(
            case,
            subject=self._fill_subject(shown),
            reply_to=self.reply_to,
            text=self.text.fill(shown),
            html=self.html.fill([escape(value) for value in shown]),
            calendar_part=part,
        )

    def _fill_subject(self, shown: Any) -> str:
        """Fill in a subject; only an organiser's own has holes."""
        subject = self.subject.fill(shown)
        return " ".join(subject.split()) if self.subject.holes else subject


@lru_cache(maxsize=KEPT)
def _get(event: Event, variant: Variant, site: Site) -> Skeleton:
    case = Case(event, variant, _make_nobody(event, variant), site)
    texts = write_texts(case)
    written = calendars.write(case)
    return Skeleton(
        subject=patterns.find_holes(texts.subject),
        reply_to=_find_reply_to(case),
        text=patterns.make_words(texts.text),
        html=patterns.make_words(texts.html),
        sheet=None if written is None else _make_sheet(written),
        method=CalendarMethod.PUBLISH if written is None else written.method,
    )


def _make_nobody(event: Event, variant: Variant) -> Person:
    """Make the person who is nothing but holes."""
    marks: Any = (
        "" if number in variant.blanks else patterns.mark(number) for number in range(HOLES)
    )
    rest: Any = (event.created_at, event.created_at, "", "")
    return Person(*marks, *rest)


def write_texts(case: Case) -> Texts:
    """Write the words of one letter by itself."""
    variant = case.variant
    context = wording.WRITERS[variant.template](case)
    return compose.write(
        context,
        variant.language,
        is_test=variant.is_test,
        keeps_subject=variant.message is not None,
    )


def _make_sheet(written: Lines) -> Sheet:
    return patterns.make_sheet([_find_holes(line) for line in written.lines])


def _find_holes(line: str) -> Pattern:
    """Find the holes in a line of a calendar file; no value can begin a line of its own."""
    name = line.partition(":")[0]
    if name in _STAMPS:
        return Pattern((f"{name}:", ""), ((1, _STAMPS[name]),))
    pattern = patterns.find_holes(line)
    if name != "URL":
        return pattern
    return pattern._replace(holes=tuple((place, _BARE_GATE) for place, _ in pattern.holes))


def _list_calendar_values(person: Person) -> list[Any]:
    """List what stands in the holes of a calendar file, by number, as it is escaped there."""
    values: list[Any] = [*person, person.gate_url]
    values[_GATE] = files.escape(person.gate_url)
    values[_EMAIL] = files.clean_address(person.attendee_email)
    values[_REGISTERED] = files.say_instant(person.registered_at)
    values[_WRITTEN] = files.say_instant(person.written_at)
    return values


def _address(
    case: Case,
    *,
    subject: str,
    reply_to: str | None,
    text: Body,
    html: Body,
    calendar_part: CalendarPart | None,
) -> Letter:
    person = case.person
    return Letter(
        language=case.variant.language,
        sender=case.site.sender,
        reply_to=reply_to,
        subject=subject,
        recipient=person.recipient,
        message_id=person.message_id,
        date=person.written_at,
        text=text,
        html=html,
        calendar=calendar_part,
        unsubscribe_url=person.unsubscribe_url or None,
    )


def _find_reply_to(case: Case) -> str | None:
    """Find who answers: the contact of the institution that registered the person, or the first."""
    reachable = [one for one in case.event.contacts if compose.is_address(one.email)]
    own = [one for one in reachable if one.institution == case.variant.source]
    return next((one.email for one in [*own, *reachable]), None)
