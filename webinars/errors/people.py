"""What can be refused to organisers about accounts, roles and institutions."""

from datetime import datetime

from webinars.errors.root import WebinarsError


class SignInRefused(WebinarsError):
    """Raised when address and password do not go together."""


class SignInThrottled(WebinarsError):
    """Raised when too many attempts failed; it may be tried again at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class CodeRefused(WebinarsError):
    """Raised when a code of the second factor is not the one of this moment, or was used."""


class LinkOver(WebinarsError):
    """Raised when a link to an account was used, is too old, or was replaced by a later one."""


class PasswordRefused(WebinarsError):
    """Raised when a new password is asked for with a present one that is not."""


class LastOwner(WebinarsError):
    """Raised when nobody would be left who decides on roles."""


class OwnRole(WebinarsError):
    """Raised when an organiser would take away what she herself may do."""


class NotTakingPart(WebinarsError):
    """Raised when a role at an event is for someone whose institution does not take part in it."""


class InstitutionKnown(WebinarsError):
    """Raised when an institution of that acronym and country is there already."""


class WeakPassword(WebinarsError):
    """Raised when a password is too short."""

    def __init__(self, minimum: int) -> None:
        super().__init__(minimum)
        self.minimum = minimum


class OrganiserKnown(WebinarsError):
    """Raised when an organiser with that address is there already."""
