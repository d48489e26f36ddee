"""Where a relay is, how to speak to it, and how long to wait for it: what its address says."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

PORTS = {"smtp": 25, "smtps": 465}


class Encryption(StrEnum):
    """When a connection to the relay is encrypted."""

    WHEN_OFFERED = "when offered"
    REQUIRED = "required"
    FROM_THE_START = "from the start"


@dataclass(frozen=True)
class Relay:
    """Where a relay is, and how to speak to it."""

    name: str
    """Its address without anything secret."""
    host: str
    port: int
    user: str | None = None
    password: str = ""
    encryption: Encryption = Encryption.WHEN_OFFERED
    rate: int | None = None
    """How many messages a minute it is sent at most."""
    per_connection: int | None = None
    """How many messages it takes on one connection."""


@dataclass(frozen=True)
class Timeouts:
    """How many seconds a relay is waited for (RFC 5321, 4.5.3.2)."""

    connect: float = 30
    """For each step until it has let us in."""
    command: float = 300
    final_dot: float = 600
    """A shorter one makes doubles: a relay that scans the message has it, and answers late."""
    idle: float = 60
    """A connection that was not used for longer is not trusted: a firewall may have forgotten it,
    and the relay hung up."""
    leave: float = 5
    """For the answer to QUIT, on which nothing depends."""


def read_relays(mail_url: str) -> tuple[Relay, ...]:
    """Return the relays that addresses name, in order of preference.

    :param mail_url: `smtp://` or `smtps://` addresses with spaces between them.
    """
    relays: list[Relay] = []
    for address in mail_url.split():
        relays.append(_read(address, relays))
    return tuple(relays)


def _read(address: str, others: Sequence[Relay]) -> Relay:
    parts = urlsplit(address)
    options = parse_qs(parts.query)
    return Relay(
        name=_name(parts, {other.name for other in others}),
        host=parts.hostname or "127.0.0.1",
        port=_get_port(parts),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
        encryption=_choose_encryption(parts.scheme, options),
        rate=_find_number(options, "rate"),
        per_connection=_find_number(options, "per_connection"),
    )


def _name(parts: SplitResult, taken: set[str]) -> str:
    """Return a name of its own: two accounts at one relay differ in what is not told."""
    host = parts.hostname or "127.0.0.1"
    name = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{_get_port(parts)}"
    return name if name not in taken else f"{name}#{len(taken) + 1}"


def _get_port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _choose_encryption(scheme: str, options: dict[str, list[str]]) -> Encryption:
    if scheme == "smtps":
        return Encryption.FROM_THE_START
    if options.get("starttls") == ["require"]:
        return Encryption.REQUIRED
    return Encryption.WHEN_OFFERED


def _find_number(options: dict[str, list[str]], name: str) -> int | None:
    return int(options[name][-1]) if name in options else None
