"""What is kept so that the database alone does not give it away: sealed, or as a keyed digest.

Each use has a key of its own, derived from the service's secret. With another secret nothing of it
can be read any more: second factors have to be set up anew then.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass(frozen=True)
class Seals:
    """Seal and digest with keys that are derived from the service's secret."""

    secret: bytes

    def seal(self, use: str, value: str) -> str:
        """Return a value as only this service reads it."""
        return self._open_box(use).encrypt(value.encode()).decode("ascii")

    def unseal(self, use: str, sealed: str) -> str | None:
        """Return what was sealed; `None`: it was sealed by another secret, or is spoilt."""
        try:
            return self._open_box(use).decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def digest(self, use: str, value: str) -> str:
        """Return what tells whether a value is the same, and nothing else about it."""
        return hmac.digest(self._derive(use), value.encode(), hashlib.sha256).hex()

    def _open_box(self, use: str) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._derive(use)))

    def _derive(self, use: str) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=use.encode()).derive(self.secret)
