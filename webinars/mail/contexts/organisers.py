"""What mails to those who run an event may say."""

from dataclasses import dataclass

from webinars.mail.contexts.facts import EventContext, PersonalContext
from webinars.models import MailName


@dataclass(frozen=True, kw_only=True)
class ChangeRequested(PersonalContext):
    """To the organisers: someone asks for what she could no longer change herself."""

    mail = MailName.CHANGE_REQUESTED


@dataclass(frozen=True, kw_only=True)
class ZoneChanged(EventContext):
    """To the organisers: a country changed its time, and with it the instants of the event."""

    mail = MailName.ZONE_CHANGED

    was: str
    """The hours in the other cities, as they were announced; empty: nothing else is shown."""
    local_time: str
    """Of the event's own zone, like `heure de Rabat`: its hours stay the same in it."""
    organiser_url: str


@dataclass(frozen=True, kw_only=True)
class RoomMissing(EventContext):
    """To the organisers: the link is due and nobody has entered the room."""

    mail = MailName.ROOM_MISSING

    slug: str
    link_due: str
    organiser_url: str
