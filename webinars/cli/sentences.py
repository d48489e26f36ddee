"""What a refusal says on a terminal: from an error to one line, or to one for each problem."""

import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

from webinars import errors
from webinars.eventfiles import explain as explain_problem
from webinars.eventfiles.reasons import REASONS
from webinars.imports import Fault
from webinars.mail.intake import SourceAway
from webinars.mail.messages import NotAccepted
from webinars.models import Language

Sentence = Callable[[Any], str]

TABLE: dict[type[errors.WebinarsError], Sentence] = {
    errors.NotFound: lambda e: f"There is no {e.what} {e.name!r}." if e.name else f"No {e.what}.",
    errors.StaleZoneData: lambda e: (
        f"The zone data (tzdata {e.version}) do not know Morocco's change of 20 September 2026:"
        " every hour in Rabat would be wrong. Install tzdata 2026.3 or newer."
    ),
    errors.UnknownTimeZone: lambda e: f"There is no time zone {e.name!r}.",
    errors.SchemaOutdated: lambda e: (
        "The database is not up to date. Run `webinars db upgrade` first."
    ),
    errors.SettingRefused: str,
    errors.FileRefused: lambda e: "\n".join(_say_problem(problem) for problem in e.problems),
    errors.ValueRefused: lambda e: f"The value {_say(e.reason, e.values)}.",
    errors.SessionsChosen: lambda e: (
        "People who are registered chose sessions that the file leaves out:"
        f" {', '.join(e.codes)}. Nothing was changed."
    ),
    errors.WouldMailPeople: lambda e: (
        f"{e.people} people are registered and would have to be told of a change of"
        f" {', '.join(e.keys)}. Nothing was changed."
    ),
    errors.ChangedElsewhere: lambda e: (
        f"Changed elsewhere since the file was last loaded: {', '.join(e.keys)}."
        " Nothing was changed; --yes takes the file's."
    ),
    errors.AddressInUse: lambda e: (
        f"Nothing can be served at {e.host}:{e.port}: something else listens there, or it may not"
        " be used. Choose another --port."
    ),
    errors.ClocksDiffer: lambda e: (
        f"the clocks of this machine and of the database differ by"
        f" {abs(e.by).total_seconds():.0f} seconds"
    ),
    errors.NothingChanged: lambda e: "That would change nothing.",
    errors.DatesReversed: lambda e: (
        f"Session {e.code!r} would end before it starts."
        if e.code
        else "The event would end before it starts."
    ),
    errors.DatePast: lambda e: "The event would lie in the past.",
    errors.SessionsOutside: lambda e: (
        f"Sessions would lie outside the event: {', '.join(e.codes)}."
    ),
    errors.NoSuchHour: lambda e: (
        f"{e.local:%Y-%m-%d %H:%M} does not exist in {e.zone}: the clocks are put forward then."
    ),
    errors.DeadlineUnfit: lambda e: (
        "People must be able to answer after they are asked and before the event starts."
    ),
    errors.SessionCancelled: lambda e: f"Session {e.code!r} was cancelled already.",
    errors.UnknownSession: lambda e: f"There is no session {e.code!r}.",
    errors.RemindedLately: lambda e: (
        f"They were asked again less than a day ago; not before {e.until:%Y-%m-%d %H:%M} UTC."
    ),
    errors.NobodyOnPaper: lambda e: "Nobody would stand on that paper.",
    errors.PressBusy: lambda e: "Other papers are being set. Try again in a moment.",
    errors.PaperFailed: lambda e: f"The paper cannot be set: {e.said}.",
    errors.UnknownColumns: lambda e: (
        f"The list has no column {', '.join(e.unknown)}; it has {', '.join(e.known)}."
    ),
    errors.NothingToReopen: lambda e: "The event was neither cancelled nor postponed.",
    errors.RoomMissing: lambda e: "The room's address is missing.",
    errors.SlugTaken: lambda e: "Another event has that slug already.",
    errors.EventCancelled: lambda e: "The event has been cancelled or postponed.",
    errors.EventEnded: lambda e: "The event is over.",
    errors.MailingDone: lambda e: "The mailing is done: nothing of it is still to come.",
    errors.MailingCancelled: lambda e: (
        f"The mailing has been cancelled{f' ({e.reason})' if e.reason else ''}."
    ),
    errors.MailingTooLate: lambda e: (
        f"Its time is over since {e.expired_at:%Y-%m-%d %H:%M} (UTC): it is not sent any more."
    ),
    errors.MessageStarted: lambda e: "The message has begun to leave: its text is fixed.",
    errors.MailingAmbiguous: lambda e: (
        f"Several mailings are called {e.template!r}: give a number,"
        f" {' or '.join(map(str, e.ids))}."
    ),
    errors.Forbidden: lambda e: "An organiser of another country cannot validate for that side.",
    errors.LastOwner: lambda e: (
        "Nobody would be left who decides on roles. Make someone else owner first."
    ),
    errors.NotTakingPart: lambda e: "The organiser's institution does not take part in that event.",
    errors.NotSentAgain: lambda e: (
        f"That mail is {e.state}: only what did not arrive is sent again."
    ),
    errors.AddressSuppressed: lambda e: (
        f"The address is not written to ({e.reason}): see `webinars suppressions list`."
    ),
    SourceAway: lambda e: f"The mailbox of reports cannot be read, {e.reason}.",
    errors.OrganiserKnown: lambda e: "That address is an organiser's already.",
    errors.WeakPassword: lambda e: f"The password needs at least {e.minimum} characters.",
    errors.InstitutionAmbiguous: lambda e: (
        f"Several countries have an institution {e.acronym}: write"
        f" {' or '.join(f'{e.acronym}:{country}' for country in e.countries)}."
    ),
}
"""Refusals of what a command does; those of pages alone are in `webinars.web.errors`."""


FAULTS: Mapping[str, str] = {
    "required": "must be filled in",
    "tick": "must be 1 where the box is ticked, 0 or nothing where it is not",
    "country-named": "must be an ISO 3166-1 code of two letters: {code}",
    "spreadsheet-error": "holds a spreadsheet's error, {text}",
    "more-cells": "has more cells than the header: one that holds the delimiter needs quotes",
    "open-quote": 'a quotation mark (") is not closed as it should be',
    "several-lines": 'it goes on to line {last}: was a quotation mark (") left open?',
    "session-full": "{code} has no place left",
    "session-unknown": "{code} is no session that can be chosen",
    "sessions-clash": "two of the sessions are held at the same time, in {slot}",
}
"""What can be wrong in an imported line, beside what can be wrong in an event file."""


OUTAGES = (DatabaseError, InterfaceError, OperationalError)
"""What a driver says of the database as a whole; its other errors are mistakes of ours."""


def explain(error: errors.WebinarsError) -> str:
    """Return what to print for a refusal."""
    if isinstance(error, NotAccepted):
        return error.reply
    sentence = TABLE.get(type(error))
    return sentence(error) if sentence else f"Refused: {type(error).__name__}."


def explain_line(number: int, faults: Iterable[Fault]) -> str:
    """Return what is wrong with a line of a list, on one line."""
    said = (
        ": ".join(part for part in (fault.field, _say(fault.reason, dict(fault.values))) if part)
        for fault in faults
    )
    return f"line {number}: {'; '.join(said)}"


def explain_fault(error: Exception) -> str:
    """Return what to print when something that is no refusal went wrong."""
    if type(error) in OUTAGES:
        return f"The database is out of reach: {say_cause(error)}"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else say_cause(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    return f"Something went wrong that should not: {type(error).__name__} ({place})."


def say_cause(error: Exception) -> str:
    """Return what an error says of itself, on one line."""
    if isinstance(error, errors.WebinarsError):
        return explain(error).split("\n")[0]
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return str(cause).strip().split("\n")[0] or type(cause).__name__


def _say(reason: str, values: Mapping[str, object]) -> str:
    known = FAULTS.get(reason) or REASONS.get(reason, (reason,))[0]
    return known.format_map(values)


def _say_problem(problem: errors.Problem) -> str:
    place = f"{problem.file}:{problem.line}" if problem.line else problem.file
    said = (place, problem.key, explain_problem(problem, Language.ENGLISH))
    return ": ".join(part for part in said if part)
