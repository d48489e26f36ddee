"""What mails to an organiser about her own account may say: they are about no event."""

from dataclasses import dataclass

from webinars.mail.contexts.facts import MailContext
from webinars.models import AccountChange, MailName


@dataclass(frozen=True, kw_only=True)
class AccountContext(MailContext):
    """What every mail about an account says of it."""

    name: str
    """The organiser's; empty until she has said it."""
    email: str
    service_url: str
    """Where one signs in."""


@dataclass(frozen=True, kw_only=True)
class AccountLinkContext(AccountContext):
    """What a mail with a link to an account may say."""

    link_url: str
    expires: str
    """Until when the link does anything, in words."""


@dataclass(frozen=True, kw_only=True)
class OrganiserInvitation(AccountLinkContext):
    """Someone is asked to organise: she chooses a password."""

    mail = MailName.ORGANISER_INVITATION

    institution: str
    """Empty for who runs the service."""
    inviter: str
    """Who invites; empty: who runs the service."""
    roles: tuple[str, ...]
    """What for, a line each: the role, and where."""


@dataclass(frozen=True, kw_only=True)
class SignInLink(AccountLinkContext):
    """The way in without a password, for who asked."""

    mail = MailName.SIGN_IN_LINK


@dataclass(frozen=True, kw_only=True)
class NewPasswordLink(AccountLinkContext):
    """The way to a new password, for who asked."""

    mail = MailName.NEW_PASSWORD_LINK


@dataclass(frozen=True, kw_only=True)
class ListReady(AccountContext):
    """The list of an event is ready behind the sign-in, for who asked to be told of it."""

    mail = MailName.LIST_READY

    event_title: str
    event_when: str
    added: int
    """How many have registered since the last time."""
    total: int
    list_url: str


@dataclass(frozen=True, kw_only=True)
class SignInChanged(AccountContext):
    """The way in is another: in case it was not the organiser herself."""

    mail = MailName.SIGN_IN_CHANGED

    what: AccountChange
    at: str
