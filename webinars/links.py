"""Personal links: tokens that are an authority by themselves, and the addresses they stand in.

A token is the registration's random public id (64 bits) and a MAC of 128 bits over what the link is
for, the id and the generation. Nothing personal is in it, none is stored, the same link can be
written again in each mail, and raising the generation makes all earlier ones worthless.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

MAC_BYTES = 16
ID_BYTES = 8
MARK_BYTES = 8
REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no look-alikes, for the telephone


class Scope(StrEnum):
    """What a link is for."""

    PAGE = "page"
    ASSISTANT = "assistant"
    GATE = "gate"
    UNSUBSCRIBE = "unsubscribe"
    INVITATION = "invitation"
    NO_INVITATIONS = "no-invitations"
    ACCOUNT = "account"
    """What a mail lets an organiser do with her own account; the id says what."""
    BADGE = "badge"
    """Names a person at the door to an organiser who has signed in; to anyone else it is worth
    nothing."""


@dataclass(frozen=True)
class Links:
    """Make and check the links of registrations, signed with the service's secret."""

    secret: bytes
    base_url: str

    @property
    def host(self) -> str:
        """The host of the pages' address, as a Message-ID or a calendar's UID may bear it."""
        host = urlsplit(self.base_url).hostname or ""
        return host if re.fullmatch(r"[a-z0-9.-]+", host) else "localhost"

    def make_token(self, scope: Scope, public_id: str, generation: int) -> str:
        """Return the token of a registration for one use: 32 letters, digits, `-` and `_`."""
        raw = bytes.fromhex(public_id) + self._mac(scope, public_id, generation)
        return base64.urlsafe_b64encode(raw).decode()

    def is_valid(self, token: str, scope: Scope, public_id: str, generation: int) -> bool:
        """Tell whether a token gives that authority now; takes the same time either way."""
        expected = self.make_token(scope, public_id, generation)
        return hmac.compare_digest(clean_token(token).encode(), expected.encode())

    def page_url(self, public_id: str, generation: int) -> str:
        """Return the address of a registration's own page."""
        return f"{self.base_url}/r/{self.make_token(Scope.PAGE, public_id, generation)}"

    def assistant_url(self, public_id: str, generation: int) -> str:
        """Return the address of a registration's own page for the assistant."""
        return f"{self.base_url}/r/{self.make_token(Scope.ASSISTANT, public_id, generation)}"

    def feed_url(self, token: str) -> str:
        """Return where a calendar subscribes to the programme, with the token of an own page."""
        return f"{self.base_url}/r/{clean_token(token)}/feed.ics"

    def gate_url(self, public_id: str, generation: int) -> str:
        """Return the address of a registration's connection link."""
        return f"{self.base_url}/j/{self.make_token(Scope.GATE, public_id, generation)}"

    def unsubscribe_url(self, public_id: str, generation: int) -> str:
        """Return the address under which a person says that she wants no such mail any more."""
        return f"{self.base_url}/u/{self.make_token(Scope.UNSUBSCRIBE, public_id, generation)}"

    def invitation_url(self, public_id: str, generation: int) -> str:
        """Return the address under which a person answers an invitation."""
        return f"{self.base_url}/i/{self.make_token(Scope.INVITATION, public_id, generation)}"

    def no_invitations_url(self, public_id: str, generation: int) -> str:
        """Return the address under which a person says that she wants no more invitations."""
        return f"{self.base_url}/u/{self.make_token(Scope.NO_INVITATIONS, public_id, generation)}"

    def badge_url(self, public_id: str, generation: int) -> str:
        """Return what the code on a badge holds: where an organiser notes who has arrived."""
        token = self.make_token(Scope.BADGE, public_id, generation)
        return f"{self.base_url}/organiser/arrivals/{token}"

    def account_url(self, public_id: str) -> str:
        """Return the address under which an organiser does what a mail is for."""
        return f"{self.base_url}/organiser/links/{self.make_token(Scope.ACCOUNT, public_id, 0)}"

    def event_url(self, slug: str) -> str:
        """Return the address of an event's page."""
        return f"{self.base_url}/events/{slug}"

    def make_mark(self, delivery_id: int) -> str:
        """Return what a mail bears so that a report about it is recognised: `81.0f…`, 64 bits.

        It stands in the Message-ID, in the boundaries and in the return path.
        """
        mac = hmac.digest(self.secret, f"message:{delivery_id}".encode(), hashlib.sha256)
        return f"{delivery_id}.{mac[:MARK_BYTES].hex()}"

    def read_mark(self, mark: str) -> int | None:
        """Return the delivery that a mark names; `None`: it is none of ours."""
        delivery_id = mark.partition(".")[0]
        if not (delivery_id.isascii() and delivery_id.isdigit()) or len(delivery_id) > 18:
            return None
        is_ours = hmac.compare_digest(mark.encode(), self.make_mark(int(delivery_id)).encode())
        return int(delivery_id) if is_ours else None

    def _mac(self, scope: Scope, public_id: str, generation: int) -> bytes:
        said = f"{scope}:{public_id}:{generation}".encode()
        return hmac.digest(self.secret, said, hashlib.sha256)[:MAC_BYTES]


def read_public_id(token: str) -> str | None:
    """Return the public id that a token names, or `None` when it is no token at all.

    Mail programs leave a dot, a bracket or a per cent code behind an address: those are overlooked.
    Nothing is proved by this; `Links.is_valid` does that.
    """
    try:
        raw = base64.b64decode(clean_token(token).encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return raw[:ID_BYTES].hex() if len(raw) == ID_BYTES + MAC_BYTES else None


def clean_token(token: str) -> str:
    """Return a token without what mail programs leave behind an address."""
    return token.split("%")[0].rstrip(".,;:>)]}\"' ")


def draw_public_id() -> str:
    """Return a fresh public id: 64 random bits in hexadecimal."""
    return secrets.token_hex(ID_BYTES)


def draw_reference() -> str:
    """Return a fresh reference that can be read out on the phone, like `K7QM-3XPA`."""
    drawn = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"
