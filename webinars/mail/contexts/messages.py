"""What a message may say that an organiser wrote."""

from dataclasses import dataclass

from webinars.mail.contexts.facts import PersonalContext
from webinars.models import MailName


@dataclass(frozen=True)
class WrittenRun:
    """Words of one kind: plain, bold, or a link that shows its own address."""

    text: str
    is_bold: bool
    url: str
    """Empty: it is no link."""
    is_apart: bool
    """Whether it may be read in another direction than the text: a name."""
    is_code: bool
    """Whether it is read from left to right in Arabic too: a reference."""


@dataclass(frozen=True)
class WrittenBlock:
    """A paragraph with its lines, or a list with its items."""

    is_list: bool
    lines: tuple[tuple[WrittenRun, ...], ...]


@dataclass(frozen=True)
class MessageFacts:
    """What an organiser's text says to this reader."""

    subject: str
    blocks: tuple[WrittenBlock, ...]
    opening: str
    """The form of address; empty: the text opens by itself."""
    closing: str
    """The sentence that takes leave; empty: the text ends by itself."""


@dataclass(frozen=True, kw_only=True)
class Message(PersonalContext):
    """A text of the organisers' own."""

    mail = MailName.MESSAGE

    message: MessageFacts
