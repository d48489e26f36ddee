"""What leaves, by which way, and who watches.

A transport knows nothing of deliveries. What it does know is the one moment that matters: until the
final dot is handed to the kernel nothing was sent, and after it only the relay's reply can tell
(RFC 1047). So it tells its watcher when a message comes near that moment, when it has passed it,
and in the end what became of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from webinars.errors import WebinarsError
from webinars.mail.replies import Result


class NotAccepted(WebinarsError):
    """Raised when mail was not taken; `reply` is the relay's word, or what went wrong."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class RelayDown(NotAccepted):
    """Raised when the relay takes nothing from anyone now."""


@dataclass(frozen=True, slots=True)
class Message:
    """A mail as it leaves, and to whom."""

    key: int
    """The delivery's id."""
    recipient: str
    content: bytes
    """With any line ends; how it is written on the wire is the transport's affair."""
    name: str
    """The same one whenever it is sent again."""
    return_path: str | None = None
    """Where reports of failure go; `None`: to the sender."""


class Watcher(Protocol):
    """Who wants to know how far each message has come."""

    def is_wanted(self, message: Message) -> bool:
        """Tell whether it is still to leave: asked when its turn comes, and just before its body.

        Where it is not, it is the caller's again.
        """

    def before_body(self, message: Message) -> None:
        """Note that its content and its final dot are about to be handed to the kernel."""

    def after_dot(self, message: Message) -> None:
        """Note that the kernel has all of it, the final dot included."""

    def settle(self, message: Message, result: Result) -> None:
        """Note what became of it: once for each message."""


class Transport(Protocol):
    """A way for messages to leave; several threads may use one."""

    @property
    def relays(self) -> tuple[str, ...]:
        """The names of its relays, in order of preference; they hold no secret."""

    @property
    def rates(self) -> Mapping[str, int]:
        """How many messages a minute a relay is sent at most, for each that has such a limit."""

    def send(self, relay: str, messages: Iterable[Message], watcher: Watcher) -> None:
        """Send messages one after the other through a relay, and settle each.

        They are pulled when they are needed: at most two beyond the one whose body is being sent,
        so that one is announced behind it and one is ready when the relay has answered.

        :raises RelayDown: it takes nothing from anyone now. What was pulled, was not settled and
            had no `before_body` was not sent at all: it is the caller's again.
        """

    def check(self) -> str:
        """Try whether mail can leave, and return what each relay answers.

        :raises RelayDown: it cannot, by none of them.
        """

    def close(self) -> None:
        """Close what is open."""
