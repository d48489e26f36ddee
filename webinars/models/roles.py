"""The closed lists of words about those who organise: roles, sign-ins, what is written down."""

from enum import StrEnum

COMMAND_LINE = "command line"
"""The author of what was not done in the browser."""


class OrganiserRole(StrEnum):
    """What an organiser is there for, at one event or at all of an institution."""

    OWNER = "owner"
    EDITOR = "editor"
    REGISTRATIONS = "registrations"
    CHECK_IN = "check_in"
    READER = "reader"
    VALIDATOR_FR = "validator_fr"
    """Validates the programme for the French side."""
    VALIDATOR_MA = "validator_ma"
    """Validates the programme for the Moroccan side."""


class SignInMethod(StrEnum):
    """What let an organiser in."""

    PASSWORD = "password"
    TOTP = "totp"
    """The password and a code of the telephone."""
    RECOVERY = "recovery"
    """The password and a code on paper."""
    LINK = "link"
    """A link in a mail."""


class AccountPurpose(StrEnum):
    """What a link in a mail to an organiser is for."""

    INVITATION = "invitation"
    SIGN_IN = "sign_in"
    PASSWORD = "password"
    """To choose a new one."""


class AccountChange(StrEnum):
    """What has changed in how an organiser signs in."""

    PASSWORD = "password"
    FACTOR_ON = "factor-on"
    """From now on a code of the telephone is asked for too."""
    FACTOR_OFF = "factor-off"
    RECOVERY_CODES = "recovery-codes"
    """Other codes on paper."""


class AuditKind(StrEnum):
    """Whether something was only looked at."""

    SEEN = "seen"
    EXPORTED = "exported"
    CHANGED = "changed"


class Share(StrEnum):
    """What the owners of an event share with an institution that takes part in it."""

    ALL = "all"
    """Whatever the roles of its organisers allow."""
    LISTS = "lists"
    """The registrations, to be looked at and exported."""
    FIGURES = "figures"
    """Numbers without names."""
