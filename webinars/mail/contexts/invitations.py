"""What mails to people who are asked to an event may say."""

from dataclasses import dataclass
from typing import ClassVar

from webinars.mail.contexts.facts import EventContext, SignatoryLine
from webinars.models import MailName


@dataclass(frozen=True)
class InvitedFacts:
    """Who is asked, and by whom."""

    salutation: str
    """Her own form of address, or that of her civility; without its comma."""
    inviter: str
    """The institution whose contact she is."""
    page_url: str
    """Her own page of the invitation: she accepts or declines there."""
    unsubscribe_url: str


@dataclass(frozen=True, kw_only=True)
class InvitationContext(EventContext):
    """What asks a person to an event."""

    person: InvitedFacts
    venue: str
    """Empty for an event that is online alone."""
    by: str
    """Until when one may register; empty where the event has not said so."""
    has_documents: bool
    signatories: tuple[SignatoryLine, ...]
    rights: str
    """Who answers for personal data; empty: the organisers."""


@dataclass(frozen=True, kw_only=True)
class Invitation(InvitationContext):
    """The invitation."""

    mail: ClassVar[MailName] = MailName.INVITATION


@dataclass(frozen=True, kw_only=True)
class InvitationReminder(InvitationContext):
    """The same once more, to who has not answered."""

    mail: ClassVar[MailName] = MailName.INVITATION_REMINDER
