"""What the keys of an event file must agree on with each other.

Each check takes the file as far as it could be read: what is wrong by itself is left out of it, and
a key that must be there may be `None`, so that every other mistake is still found at once.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time

from webinars import zones
from webinars.eventfiles import moments
from webinars.eventfiles.moments import day_of, write
from webinars.eventfiles.shape import EventFile, Question, Session
from webinars.eventfiles.tree import Path, Tree
from webinars.models import QuestionKind

SESSIONS: Path = ("programme", "sessions")
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
)
WRITTEN_DATE = re.compile(
    rf"\b({'|'.join(WEEKDAYS)}) (\d{{1,2}})(?:er)? ({'|'.join(MONTHS)})(?: (\d{{4}}))?\b",
    re.IGNORECASE,
)


def check(file: EventFile, tree: Tree) -> None:
    """Note in the tree everything that does not agree."""
    check_event_dates(file, tree)
    check_registration(file, tree)
    check_sessions(file, tree)
    check_slots(file, tree)
    check_names(file, tree)
    check_questions(file, tree)
    check_twice(file, tree)
    check_hours(file, tree)
    check_weekdays(file, tree)


def check_event_dates(file: EventFile, tree: Tree) -> None:
    """An event ends after it starts; without hours it may end on the same day."""
    if file.starts and file.ends and not _is_before(file.starts, file.ends):
        tree.add("end-before-start", ("ends",), start=write(file.starts))


def check_registration(file: EventFile, tree: Tree) -> None:
    """Registrations open before they close, close before the end; priority needs a capacity."""
    said = file.registration
    starts, ends = file.starts, file.ends
    closes = said.closes or starts
    if said.changes_close and ends and said.changes_close > _end_of(ends):
        tree.add("after-end", ("registration", "changes_close"), end=write(ends))
    if said.closes and ends and said.closes > _end_of(ends):
        tree.add("after-end", ("registration", "closes"), end=write(ends))
    elif said.opens and closes and said.opens >= _end_of(closes):
        tree.add("opens-after-closes", ("registration", "opens"), closes=write(closes))
    if said.priority is None:
        return
    where = ("registration", "priority")
    if file.capacity is None and ("capacity",) not in tree.lines:
        tree.add("priority-capacity", where)
    if not said.priority.countries and not said.priority.kinds and tree.is_sound(where):
        tree.add("priority-empty", where)
    if said.priority.until and starts and said.priority.until > _end_of(starts):
        tree.add("after-start", (*where, "until"), start=write(starts))


def check_sessions(file: EventFile, tree: Tree) -> None:
    """A session has a day or hours, within those of the event."""
    has_dates = tree.is_sound(("starts",)) and tree.is_sound(("ends",))
    for place, session in tree.each(SESSIONS, file.programme.sessions):
        where: Path = (*SESSIONS, place)
        _check_session_hours(session, where, tree)
        if has_dates and _is_outside(session, file.starts, file.ends):
            key = "starts" if session.starts else "day"
            said = {"start": write(file.starts), "end": write(file.ends)}
            tree.add("session-outside", (*where, key), **said)


def _check_session_hours(session: Session, where: Path, tree: Tree) -> None:
    if bool(session.starts) == bool(session.day):
        tree.add("session-when", where)
    if session.day and not session.starts and session.ends:
        tree.add("session-when", (*where, "ends"))
    if session.starts and session.half_day:
        tree.add("session-both", (*where, "half_day"))
    if session.starts and session.ends:
        start = write(session.starts)
        if session.ends <= session.starts:
            tree.add("end-before-start", (*where, "ends"), start=start)
        elif session.ends.date() != session.starts.date():
            tree.add("session-other-day", (*where, "ends"), start=start)


def _is_outside(session: Session, starts: datetime | date, ends: datetime | date) -> bool:
    day = session.get_day()
    if day is None:
        return False
    if not day_of(starts) <= day <= day_of(ends):
        return True
    early = session.starts and isinstance(starts, datetime) and session.starts < starts
    last = session.ends or session.starts
    late = last and isinstance(ends, datetime) and last > ends
    return bool(early or late)


def check_slots(file: EventFile, tree: Tree) -> None:
    """Sessions that exclude each other are on one day."""
    days: dict[str, date] = {}
    for place, session in tree.each(SESSIONS, file.programme.sessions):
        day = session.get_day()
        if session.slot and day and days.setdefault(session.slot, day) != day:
            where = (*SESSIONS, place, "slot")
            tree.add("slot-days", where, slot=session.slot)


def check_names(file: EventFile, tree: Tree) -> None:
    """Contacts and controllers name institutions of the event."""
    known = [one.acronym for one in file.institutions]
    if not tree.is_sound(("institutions",)):
        return  # one of them could not be read: it may be the one that is meant
    named: list[tuple[Path, str]] = [
        (("contacts", place, "institution"), one.institution)
        for place, one in tree.each(("contacts",), file.contacts)
        if one.institution
    ]
    controllers = tree.each(("notice", "controllers"), file.notice.controllers)
    named += [(("notice", "controllers", place), name) for place, name in controllers]
    for where, name in named:
        if name not in known:
            tree.add("institution", where, name=name, known=", ".join(known) or "—")


def check_questions(file: EventFile, tree: Tree) -> None:
    """A choice has options, nothing else has, and what depends on an answer comes after it."""
    answers: dict[str, list[str]] = {}
    for place, question in tree.each(("questions",), file.questions):
        _check_condition(question, ("questions", place, "depends_on"), answers, tree)
        is_choice = question.kind in {QuestionKind.CHOICE, QuestionKind.CHOICES}
        if question.kind is QuestionKind.CHOICES:
            for number, option in enumerate(question.options):
                if ";" in option.fr:
                    tree.add("option-parts", ("questions", place, "options", number))
        if is_choice and len(question.options) < 2:
            tree.add("options-needed", ("questions", place))
        if question.options and not is_choice:
            tree.add("options-only-choice", ("questions", place, "options"))
        options = [option.fr for option in question.options]
        _check_each_once(tree, ("questions", place, "options"), "", options)
        if is_choice or question.kind is QuestionKind.BOOLEAN:
            answers[question.key] = options or ["1"]


def _check_condition(
    question: Question, where: Path, answers: dict[str, list[str]], tree: Tree
) -> None:
    condition = question.depends_on
    if condition is None:
        return
    known = answers.get(condition.key)
    if known is None:
        tree.add("condition-later", (*where, "key"), known=", ".join(answers) or "—")
    elif not set(condition.values) <= set(known):
        values = {"question": condition.key, "known": ", ".join(known)}
        tree.add("condition-values", (*where, "values"), **values)


def check_twice(file: EventFile, tree: Tree) -> None:
    """What names something names one thing only."""
    sessions = [one.code for one in file.programme.sessions]
    institutions = [f"{one.acronym}, {one.country}" for one in file.institutions]
    mailings = [f"{one.template}, {one.at}" for one in file.mailings or ()]
    _check_each_once(tree, SESSIONS, "code", sessions)
    _check_each_once(tree, ("institutions",), "acronym", institutions)
    _check_each_once(tree, ("documents",), "title", [one.title for one in file.documents])
    _check_each_once(tree, ("questions",), "key", [one.key for one in file.questions])
    _check_each_once(tree, ("mailings",), "template", mailings)
    _check_each_once(tree, ("display_timezones",), "", file.display_timezones)


def _check_each_once(tree: Tree, where: Path, key: str, names: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for place, name in tree.each(where, names):
        if name in first:
            at = (*where, place, key) if key else (*where, place)
            tree.add("twice", at, what=name, first=f"{where[-1]}[{first[name] + 1}]")
        first.setdefault(name, place)


def check_hours(file: EventFile, tree: Tree) -> None:
    """Every hour exists on its day: none lies where the clocks are put forward."""
    if not file.timezone:
        return
    for where, moment in _list_hours(file, tree):
        instant = zones.to_instant(moment, file.timezone)
        if zones.to_local(instant, file.timezone).replace(tzinfo=None) != moment:
            tree.add("no-such-hour", where, zone=file.timezone)


def _list_hours(file: EventFile, tree: Tree) -> Iterator[tuple[Path, datetime]]:
    said = file.registration
    found: list[tuple[Path, datetime | date | None]] = [
        (("starts",), file.starts),
        (("ends",), file.ends),
        (("registration", "opens"), said.opens),
        (("registration", "closes"), said.closes),
        (("registration", "changes_close"), said.changes_close),
    ]
    if said.priority:
        found.append((("registration", "priority", "until"), said.priority.until))
    for place, session in tree.each(SESSIONS, file.programme.sessions):
        where: Path = (*SESSIONS, place)
        found += [((*where, "starts"), session.starts), ((*where, "ends"), session.ends)]
    for place, mailing in tree.each(("mailings",), file.mailings or ()):
        found.append((("mailings", place, "at"), mailing.at.moment))
    return ((where, moment) for where, moment in found if isinstance(moment, datetime))


def check_weekdays(file: EventFile, tree: Tree) -> None:
    """A date written out in a French text bears the right day of the week."""
    for key, words in (("title", file.title), ("summary", file.summary)):
        for match in WRITTEN_DATE.finditer(words.fr if words else ""):
            day = _read_written(match, file.starts, file.ends)
            if day and WEEKDAYS[day.weekday()] != match[1].lower():
                tree.add("weekday", (key,), said=match[0], right=WEEKDAYS[day.weekday()])


def _read_written(match: re.Match[str], *known: datetime | date | None) -> date | None:
    """Return the day that is meant; without a year, one of the event's own, or `None`."""
    number, month = int(match[2]), MONTHS.index(match[3].lower()) + 1
    if match[4]:
        try:
            return date(int(match[4]), month, number)
        except ValueError:
            return None
    days = (day_of(moment) for moment in known if moment)
    return next((day for day in days if (day.day, day.month) == (number, month)), None)


def _is_before(starts: datetime | date, ends: datetime | date) -> bool:
    if isinstance(starts, datetime) and isinstance(ends, datetime):
        return starts < ends
    return day_of(starts) <= day_of(ends)


def _end_of(moment: datetime | date) -> datetime:
    """Return the last instant that is still no later than a day or an hour."""
    return datetime.combine(day_of(moment), moments.hour_of(moment) or time.max)
