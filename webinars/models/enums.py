"""The closed lists of words: states, kinds and roles, as INTERFACE states them."""

from enum import StrEnum


class Language(StrEnum):
    """A language that pages and mails are written in."""

    FRENCH = "fr"
    ARABIC = "ar"
    ENGLISH = "en"


class EventKind(StrEnum):
    WEBINAR = "webinar"
    ASSISES = "assises"
    MEETING = "meeting"
    CEREMONY = "ceremony"


class Mode(StrEnum):
    """How an event takes place."""

    ONLINE = "online"
    ONSITE = "onsite"
    HYBRID = "hybrid"


class EventStatus(StrEnum):
    """What the organisers decided to show."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    PUBLISHED = "published"


class EventState(StrEnum):
    """Where an event stands at an instant; computed, never stored."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    OPEN = "open"
    CLOSED = "closed"
    RUNNING = "running"
    ENDED = "ended"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


class InstitutionRole(StrEnum):
    PILOT = "pilot"
    PARTNER = "partner"


class ProgrammeStatus(StrEnum):
    """Which side has validated the programme."""

    DRAFT = "draft"
    VALIDATED_FR = "validated_fr"
    VALIDATED_MA = "validated_ma"
    FINAL = "final"


class SessionKind(StrEnum):
    OPENING = "opening"
    PLENARY = "plenary"
    WORKSHOP = "workshop"
    ROUND_TABLE = "round_table"
    MEETINGS = "meetings"
    SIGNING = "signing"
    QUESTIONS = "questions"
    CLOSING = "closing"
    OTHER = "other"


class SpeakerRole(StrEnum):
    """What a person does in a session before the others."""

    SPEAKER = "speaker"
    MODERATOR = "moderator"


class Side(StrEnum):
    """One of the two sides that validate a programme."""

    FRENCH = "fr"
    MOROCCAN = "ma"


class HalfDay(StrEnum):
    """A part of a day in a programme whose hours are not known."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class QuestionKind(StrEnum):
    """The kind of answer that an event's own question takes."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"
    CHOICES = "choices"
    """Several of them; the answer is their French texts, joined by `;`."""
    BOOLEAN = "boolean"
    NUMBER = "number"
    DATE = "date"
    FILE = "file"
    """The answer is the file's name; its bytes are an `AnswerFile`."""


class ChangeKind(StrEnum):
    """What was done to an event after people could see it."""

    EDITED = "edited"
    """Words, the order of the programme, a speaker: nobody has to be told."""
    MOVED = "moved"
    """Other dates or hours, another zone."""
    PLACED = "placed"
    """Another venue, or another way of taking part."""
    PROGRAMME = "programme"
    """Sessions at other hours or in other rooms, added, cancelled."""
    POSTPONED = "postponed"
    """To a date that is not known yet."""
    CANCELLED = "cancelled"
    REOPENED = "reopened"
    """On again after it was cancelled or postponed."""
    REZONED = "rezoned"
    """The same local hours at other instants: a country changed its time."""


class ReconfirmRule(StrEnum):
    """What becomes of who has not answered by the deadline whether she maintains."""

    KEEP = "keep"
    """The place, and the mark: an organiser asks."""
    RELEASE = "release"
    """The place is given up, and goes to the first in line."""


class CalendarReply(StrEnum):
    """What a person answered in her calendar (RFC 5545, 3.2.12)."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


class Civility(StrEnum):
    MADAME = "mme"
    MONSIEUR = "m"
    NONE = "none"


class Role(StrEnum):
    """In what capacity a person takes part."""

    ELECTED = "elected"
    STAFF = "staff"
    STATE = "state"
    ASSOCIATION = "association"
    COMPANY = "company"
    ACADEMIC = "academic"
    PRESS = "press"
    OTHER = "other"


class OrganizationKind(StrEnum):
    COMMUNE = "commune"
    EPCI = "epci"
    DEPARTEMENT = "departement"
    REGION = "region"
    PROVINCE = "province"
    PREFECTURE = "prefecture"
    STATE = "state"
    EMBASSY = "embassy"
    ASSOCIATION = "association"
    OPERATOR = "operator"
    UNIVERSITY = "university"
    PRESS = "press"
    OTHER = "other"


class AttendanceMode(StrEnum):
    """Where a person follows a hybrid event from."""

    ONLINE = "online"
    ONSITE = "onsite"


class RegistrationStatus(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    WAITING = "waiting"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class BulkDeed(StrEnum):
    """What an organiser does to many registrations at once."""

    CONFIRM = "confirm"
    DECLINE = "decline"
    WAIT = "wait"
    """Onto the waiting list."""
    PLACE = "place"
    """From the waiting list to a place."""
    CANCEL = "cancel"
    TAG = "tag"
    UNTAG = "untag"
    PRESENT = "present"


class Presence(StrEnum):
    """What was seen on site."""

    PRESENT = "present"
    ABSENT = "absent"
    EXCUSED = "excused"


class MailName(StrEnum):
    """A mail's name: the template's folder, the log word and the golden file."""

    CONFIRMATION = "confirmation"
    CALENDAR_DAY = "calendar-day"
    WAITING_LIST = "waiting-list"
    REGISTRATION_RECEIVED = "registration-received"
    REGISTRATION_DECLINED = "registration-declined"
    REGISTRATION_CANCELLED = "registration-cancelled"
    OWN_LINK = "own-link"
    REMINDER = "reminder"
    PRACTICAL_INFORMATION = "practical-information"
    CONNECTION_LINK = "connection-link"
    THANKS = "thanks"
    ROOM_MISSING = "room-missing"
    EVENT_MOVED = "event-moved"
    EVENT_CHANGED = "event-changed"
    EVENT_POSTPONED = "event-postponed"
    EVENT_CANCELLED = "event-cancelled"
    REPRESENTED = "represented"
    RECONFIRM_REMINDER = "reconfirm-reminder"
    CALENDAR_DECLINED = "calendar-declined"
    CHANGE_REQUESTED = "change-requested"
    ZONE_CHANGED = "zone-changed"
    ORGANISER_INVITATION = "organiser-invitation"
    SIGN_IN_LINK = "sign-in-link"
    NEW_PASSWORD_LINK = "new-password-link"
    SIGN_IN_CHANGED = "sign-in-changed"
    LIST_READY = "list-ready"
    MESSAGE = "message"
    """What an organiser wrote herself."""
    INVITATION = "invitation"
    INVITATION_REMINDER = "invitation-reminder"


TO_ORGANISERS = frozenset({MailName.ROOM_MISSING, MailName.CHANGE_REQUESTED, MailName.ZONE_CHANGED})
"""Mails to who runs the event, whose pages are in French."""

ABOUT_ACCOUNTS = frozenset(
    {
        MailName.ORGANISER_INVITATION,
        MailName.SIGN_IN_LINK,
        MailName.NEW_PASSWORD_LINK,
        MailName.SIGN_IN_CHANGED,
        MailName.LIST_READY,
    }
)
"""Mails to an organiser about her own account and what she asked for: they are no event's."""


ABOUT_INVITATIONS = frozenset({MailName.INVITATION, MailName.INVITATION_REMINDER})
"""Mails to who is asked to an event, and is not registered for it."""


class MailingState(StrEnum):
    PLANNED = "planned"
    HELD = "held"
    SENDING = "sending"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


class Wait(StrEnum):
    """Why a delivery that is due waits all the same."""

    LIMIT = "limit"
    """Its address has had its share of the mails that strangers' forms may cause in an hour."""
    DEFERRED = "deferred"
    """The relay asked for it later, or did not answer."""
    RATE = "rate"
    """So many are sent to its relay or its domain at a time."""
    RELAY = "relay"
    """No relay takes anything at present."""


class Failure(StrEnum):
    """What a refusal or a bounce was about: it decides whether the address is to blame."""

    ADDRESS = "address"
    """There is no such address or domain (5.1.x)."""
    MAILBOX = "mailbox"
    """The mailbox is full, closed for now or too small for the message (x.2.x)."""
    CONTENT = "content"
    """The message itself: too large, or of a form that is not taken (5.3.4, 5.6.x)."""
    POLICY = "policy"
    """Reputation, authentication or a local rule (5.7.x): never the address's fault."""
    THROTTLED = "throttled"
    """Too much, too fast (421, 4.7.x)."""
    GREYLISTED = "greylisted"
    """Come again in some minutes."""
    COMPLAINT = "complaint"
    """The reader called it unwanted (ARF, RFC 5965)."""
    OTHER = "other"


class SuppressionReason(StrEnum):
    """Why an address is not written to."""

    ADDRESS = "address"
    MAILBOX = "mailbox"
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"


class Lane(StrEnum):
    """Which queue a delivery waits in, so that a confirmation never waits behind a mailing."""

    PROMPT = "prompt"
    BULK = "bulk"


class CalendarMethod(StrEnum):
    """What a calendar entry asks the calendar to do (RFC 5546)."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
