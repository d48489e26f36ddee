"""Signing messages for the sender's domain: DKIM (RFC 6376; Ed25519 by RFC 8463).

Pure once the key is read. The same message gets the same signature, for its time is the message's
own date. Most installations leave this to their relay, which is faster.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from webinars.errors import SettingRefused

SIGNED = (
    b"From",
    b"To",
    b"Subject",
    b"Date",
    b"Message-ID",
    b"Reply-To",
    b"MIME-Version",
    b"Content-Type",
    b"List-Unsubscribe",
    b"List-Unsubscribe-Post",
)
"""The headers that are signed where a message has them; RFC 8058 asks for the last two."""
MINIMUM_RSA_BITS = 1024
"""A shorter key proves nothing (RFC 8301, 3.2)."""
LINE_LENGTH = 72

_FIELDS = re.compile(rb"\r\n(?![ \t])")
_BLANKS = re.compile(rb"[ \t]+")


@dataclass(frozen=True)
class Signer:
    """Signs messages with one key."""

    key: RSAPrivateKey | Ed25519PrivateKey
    selector: str
    domain: str

    def sign(self, message: bytes) -> bytes:
        """Return the message with its signature before it: the same one for the same message.

        :raises ValueError: it has no header of its date.
        """
        head, _, body = message.partition(b"\r\n\r\n")
        fields = dict(_split(field) for field in _FIELDS.split(head))
        names = [name for name in SIGNED if name.lower() in fields]
        draft = self._draft(fields, names, body)
        lines = [_relax(name, fields[name.lower()]) for name in names]
        # From is named once more than it is there, so that nobody can add another.
        said = b"\r\n".join([*lines, _relax(b"DKIM-Signature", draft)])
        return b"DKIM-Signature:%b%b\r\n%b" % (draft, _fold(self._seal(said)), message)

    def _draft(self, fields: dict[bytes, bytes], names: list[bytes], body: bytes) -> bytes:
        """Write the signature's own header up to where the signature itself comes."""
        if b"date" not in fields:
            raise ValueError("a message without a date")
        date = parsedate_to_datetime(fields[b"date"].decode("ascii").strip())
        algorithm = "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"
        digest = base64.b64encode(hashlib.sha256(_relax_body(body)).digest()).decode()
        signed = b":\r\n ".join(_in_lines([*names, SIGNED[0]])).decode()
        return (
            f" v=1; a={algorithm}; c=relaxed/relaxed;\r\n d={self.domain}; s={self.selector};"
            f" t={int(date.timestamp())};\r\n h={signed};\r\n bh={digest};\r\n b="
        ).encode("ascii")

    def _seal(self, said: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(said, PKCS1v15(), hashes.SHA256())
        return self.key.sign(hashlib.sha256(said).digest())


def open_signer(key_path: str, selector: str, sender: str) -> Signer | None:
    """Read the key that signs for the sender's domain; `None`: there is none, the relay signs.

    :raises SettingRefused: the key cannot be read or is of no use, or nothing says under which
        selector its public half stands in DNS.
    """
    if not key_path:
        return None
    if not selector:
        raise SettingRefused("WEBINARS_DKIM_SELECTOR", "is empty, and there is a key", "2026")
    domain = parseaddr(sender)[1].rpartition("@")[2].lower()
    return Signer(_read_key(Path(key_path)), selector, domain)


def _read_key(path: Path) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise _refuse(path, f"cannot be read: {error.strerror}") from error
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise _refuse(path, "holds no private key in PEM, or one with a password") from error
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise _refuse(path, "holds a key that is neither RSA nor Ed25519")
    if isinstance(key, RSAPrivateKey) and key.key_size < MINIMUM_RSA_BITS:
        raise _refuse(path, f"holds a key of fewer than {MINIMUM_RSA_BITS} bits")
    return key


def _refuse(path: Path, reason: str) -> SettingRefused:
    return SettingRefused("WEBINARS_DKIM_KEY", f"{path} {reason}", "/etc/webinars/dkim.pem")


def _split(field: bytes) -> tuple[bytes, bytes]:
    """Return a header's name in lower case, and its value as it stands."""
    name, _, value = field.partition(b":")
    return name.lower(), value


def _relax(name: bytes, value: bytes) -> bytes:
    """Return a header as it is signed (RFC 6376, 3.4.2), without the end of its line."""
    unfolded = value.replace(b"\r\n", b"")
    return b"%b:%b" % (name.lower(), _BLANKS.sub(b" ", unfolded).strip())


def _relax_body(body: bytes) -> bytes:
    """Return a body as it is signed (RFC 6376, 3.4.4)."""
    relaxed = body.replace(b"\t", b" ")
    while b"  " in relaxed:
        relaxed = relaxed.replace(b"  ", b" ")
    relaxed = relaxed.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return relaxed + b"\r\n" if relaxed else b""


def _in_lines(names: list[bytes]) -> list[bytes]:
    """Put the names of headers in lines of four."""
    return [b":".join(names[start : start + 4]) for start in range(0, len(names), 4)]


def _fold(signature: bytes) -> bytes:
    coded = base64.b64encode(signature)
    lines = [coded[start : start + LINE_LENGTH] for start in range(0, len(coded), LINE_LENGTH)]
    return b"\r\n ".join(lines)
