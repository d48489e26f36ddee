"""What can be refused: one flat tree, a class for each refusal.

Errors carry values, never sentences: `webinars/web/errors.py` is the table from a class to its
status and its words, and `webinars/cli.py` has its own for a terminal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webinars.errors.people import (
    CodeRefused as CodeRefused,
)
from webinars.errors.people import (
    InstitutionKnown as InstitutionKnown,
)
from webinars.errors.people import (
    LastOwner as LastOwner,
)
from webinars.errors.people import (
    LinkOver as LinkOver,
)
from webinars.errors.people import (
    NotTakingPart as NotTakingPart,
)
from webinars.errors.people import (
    OrganiserKnown as OrganiserKnown,
)
from webinars.errors.people import (
    OwnRole as OwnRole,
)
from webinars.errors.people import (
    PasswordRefused as PasswordRefused,
)
from webinars.errors.people import (
    SignInRefused as SignInRefused,
)
from webinars.errors.people import (
    SignInThrottled as SignInThrottled,
)
from webinars.errors.people import (
    WeakPassword as WeakPassword,
)
from webinars.errors.root import WebinarsError as WebinarsError


class NotFound(WebinarsError):
    """Raised when nothing answers to that name, code or token."""

    def __init__(self, what: str, name: str = "") -> None:
        super().__init__(what, name)
        self.what = what
        self.name = name


class Forbidden(WebinarsError):
    """Raised when the organiser may not see or do that."""


class StaleZoneData(WebinarsError):
    """Raised when the zone data are older than Morocco's change of September 2026."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


class UnknownTimeZone(WebinarsError):
    """Raised when a time zone is not an IANA name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class SchemaOutdated(WebinarsError):
    """Raised when the database has not been brought up to date by `webinars db upgrade`."""


class RegistrationsNotOpen(WebinarsError):
    """Raised when the event is announced, or its registrations open later."""

    def __init__(self, opens_at: datetime | None) -> None:
        super().__init__(opens_at)
        self.opens_at = opens_at


class RegistrationsClosed(WebinarsError):
    """Raised when the closing instant has passed."""

    def __init__(self, closes_at: datetime) -> None:
        super().__init__(closes_at)
        self.closes_at = closes_at


class ChangesClosed(WebinarsError):
    """Raised when a person may no longer change answers or sessions without an organiser."""

    def __init__(self, closes_at: datetime) -> None:
        super().__init__(closes_at)
        self.closes_at = closes_at


class NothingToChange(WebinarsError):
    """Raised when an organiser is asked for what a person can still change by herself."""


class AnswerTooLate(WebinarsError):
    """Raised when a place was to be maintained by an instant that has passed."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class MovedAgain(WebinarsError):
    """Raised when a person maintains her place at dates that have changed since."""


class NamedHerself(WebinarsError):
    """Raised when a person names herself as her substitute."""


class AlreadyRepresents(WebinarsError):
    """Raised when a person is named as a substitute who represents someone else already."""


class SubstituteDeclined(WebinarsError):
    """Raised when organisers declined the person who is named as a substitute."""


class EventCancelled(WebinarsError):
    """Raised when the event has been cancelled or postponed."""


class EventEnded(WebinarsError):
    """Raised when the event is over."""


class SessionFull(WebinarsError):
    """Raised when a chosen session has no place left."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SessionsClash(WebinarsError):
    """Raised when two chosen sessions exclude each other."""

    def __init__(self, slot: str) -> None:
        super().__init__(slot)
        self.slot = slot


class UnknownSession(WebinarsError):
    """Raised when a chosen session is not one that can be chosen at this event."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotPending(WebinarsError):
    """Raised when a registration that nobody has to decide on is confirmed or declined."""


class RegistrationCancelled(WebinarsError):
    """Raised when a registration that was given up is asked for something."""


class AddressTaken(WebinarsError):
    """Raised when a corrected address and name already stand for another registration."""


class GateClosed(WebinarsError):
    """Raised when someone enters at a gate that does not let in now."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class RoomMissing(WebinarsError):
    """Raised when the room's address is not known yet."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file: where, and why, in words for the person who wrote it.

    `code` and `values` say the same to `eventfiles.explain`, which knows it in French too.
    """

    reason: str
    file: str = ""
    line: int | None = None
    key: str = ""
    code: str = ""
    values: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.reason) if part)


class FileRefused(WebinarsError):
    """Raised when a file cannot be taken as it is; nothing of it was."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


class WouldMailPeople(WebinarsError):
    """Raised when a change would have to be told to people who are already registered."""

    def __init__(self, keys: list[str], people: int) -> None:
        super().__init__(keys, people)
        self.keys = keys
        self.people = people


class ChangedElsewhere(WebinarsError):
    """Raised when a key of an event file was changed elsewhere since it was last loaded."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(keys)
        self.keys = keys


class SessionsChosen(WebinarsError):
    """Raised when an event file leaves out sessions that people who are registered chose."""

    def __init__(self, codes: list[str]) -> None:
        super().__init__(codes)
        self.codes = codes


class SlugTaken(WebinarsError):
    """Raised when another event already has that slug."""


class AudienceKnown(WebinarsError):
    """Raised when an audience of that event has that name already."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class ContactKnown(WebinarsError):
    """Raised when an institution has a contact of that address and name already."""


class OrganizationKnown(WebinarsError):
    """Raised when a text means an organisation of the directory already."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class OrganizationNameMissing(WebinarsError):
    """Raised when there is no letter in what is to name an organisation."""


class InvitedLately(WebinarsError):
    """Raised when all were invited or reminded a short while ago; they may be again at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class InvitationLate(WebinarsError):
    """Raised when people would be asked to an event that takes no registrations by then."""


class ImportNotReady(WebinarsError):
    """Raised when a list of contacts is asked for a step that is not its next."""


class InstitutionAmbiguous(WebinarsError):
    """Raised when institutions of several countries share an acronym: say `DGCL:MA`."""

    def __init__(self, acronym: str, countries: list[str]) -> None:
        super().__init__(acronym, countries)
        self.acronym = acronym
        self.countries = countries


class ValueRefused(WebinarsError):
    """Raised when what was typed cannot be taken; `reason` is a word such as `too-long`."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason, values)
        self.reason = reason
        self.values = values


class MailingDone(WebinarsError):
    """Raised when a mailing is done: nothing of it is still to come."""


class MailingCancelled(WebinarsError):
    """Raised when a mailing was given up; `reason` is a word such as `by-organiser`."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(reason)
        self.reason = reason


class MailingTooLate(WebinarsError):
    """Raised when the time of a mailing, or of a mail, is over."""

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(expired_at)
        self.expired_at = expired_at


class MessageStarted(WebinarsError):
    """Raised when a message was to be changed or taken back that has begun to leave."""


class MessageEdited(WebinarsError):
    """Raised when someone else has saved a message since it was opened."""


class MailingAmbiguous(WebinarsError):
    """Raised when several mailings of an event share a template: their numbers tell them apart."""

    def __init__(self, template: str, ids: tuple[int, ...]) -> None:
        super().__init__(template, ids)
        self.template = template
        self.ids = ids


class NotSentAgain(WebinarsError):
    """Raised when a mail has left, is on its way or was given up; `state` says which."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class AddressSuppressed(WebinarsError):
    """Raised when an address is not written to; `reason` is a word such as `unsubscribed`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AddressInUse(WebinarsError):
    """Raised when pages cannot be served because something else listens at that port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.host = host
        self.port = port


class NothingChanged(WebinarsError):
    """Raised when a change would leave everything as it is: the same dates, the same room."""


class DocumentRefused(WebinarsError):
    """Raised when a file that was sent cannot be taken; `reason` is a word such as `kind`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class QuestionAnswered(WebinarsError):
    """Raised when a question that people have answered would become one of another kind."""


class NothingToValidate(WebinarsError):
    """Raised when a side validates a programme that has no session."""


class AlreadyValidated(WebinarsError):
    """Raised when a side validates a programme that it has validated."""


class WouldVoidValidations(WebinarsError):
    """Raised when a change of the programme would undo what a side has validated."""


class DatesReversed(WebinarsError):
    """Raised when an event, or the session of that code, would end before it starts."""

    def __init__(self, code: str = "") -> None:
        super().__init__(code)
        self.code = code


class DatePast(WebinarsError):
    """Raised when an event is moved to a day that is over."""


class SessionsOutside(WebinarsError):
    """Raised when sessions would lie outside their event."""

    def __init__(self, codes: list[str]) -> None:
        super().__init__(codes)
        self.codes = codes


class NoSuchHour(WebinarsError):
    """Raised when a local hour does not exist on its day: the clocks are put forward then."""

    def __init__(self, local: datetime, zone: str) -> None:
        super().__init__(local, zone)
        self.local = local
        self.zone = zone


class DeadlineUnfit(WebinarsError):
    """Raised when people would have to answer before they are asked, or after the start."""


class SessionCancelled(WebinarsError):
    """Raised when a session that was cancelled is cancelled again."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RemindedLately(WebinarsError):
    """Raised when people were asked once more a short while ago; they may be again at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class NothingToReopen(WebinarsError):
    """Raised when an event is reopened that was neither cancelled nor postponed."""


class UnknownColumns(WebinarsError):
    """Raised when a list is asked for with columns that an event's list does not have."""

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(unknown, known)
        self.unknown = unknown
        self.known = known


class PressBusy(WebinarsError):
    """Raised when a paper would have to wait for too long: others are being set."""


class PaperFailed(WebinarsError):
    """Raised when a paper cannot be set; what was said of it is for the log."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class NobodyOnPaper(WebinarsError):
    """Raised when a paper is asked for that nobody would stand on."""


class TagMissing(WebinarsError):
    """Raised when a tag without a letter or a digit is to be given."""


class NothingToUndo(WebinarsError):
    """Raised when something is to be undone that mailed people, is not over, or was undone."""


class NoteMissing(WebinarsError):
    """Raised when a note without a word is to be kept."""


class ClocksDiffer(WebinarsError):
    """Raised when the clock of this machine is not the database server's; by how much."""

    def __init__(self, by: timedelta) -> None:
        super().__init__(by)
        self.by = by


class SettingRefused(WebinarsError):
    """Raised when a setting cannot be used; the sentence names it, the fault and an example."""

    def __init__(self, name: str, reason: str, example: str) -> None:
        super().__init__(name, reason, example)
        self.name = name
        self.reason = reason
        self.example = example

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}; for example {self.example}"
