"""The second factor: a code of the telephone after the password (TOTP, RFC 6238), or one on paper.

A code lets in once, and so does each code on paper. What is kept is sealed, or a keyed digest.
"""

import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select, update

from webinars import organisers
from webinars.database import Transaction, lock_name
from webinars.errors import CodeRefused, SignInThrottled
from webinars.links import REFERENCE_ALPHABET
from webinars.models import Organiser, RecoveryCode, SignInMethod
from webinars.seals import Seals

ISSUER = "Webinaires"
STEP = 30
"""Seconds that a code is shown for."""
WINDOW = (0, -1, 1)
"""Steps at which a code is taken: telephones' clocks are a little wrong (RFC 6238, 5.2)."""
SECRET = "totp-secret"
RECOVERY = "recovery-code"
CODES = 10
CODE_LENGTH = 10


def draw_secret() -> str:
    """Return a fresh secret of 160 bits, as a telephone takes it by hand."""
    return pyotp.random_base32()


def make_address(secret: str, email: str) -> str:
    """Return what a telephone reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def find_step(secret: str, code: str, *, now: datetime, after: int) -> int | None:
    """Find the step whose code this is; `None`: it is none of this moment, or was used.

    :param after: the last step that let in: neither it nor an earlier one does again.
    """
    typed = "".join(code.split())
    present = int(now.timestamp()) // STEP
    totp = pyotp.TOTP(secret)
    for shift in WINDOW:
        step = present + shift
        is_same = hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode())
        if is_same and step > after:
            return step
    return None


def turn_on(
    tx: Transaction, organiser: Organiser, secret: str, code: str, *, seals: Seals, now: datetime
) -> list[str]:
    """Ask for a code from now on, and return the codes on paper that replace the telephone.

    :raises CodeRefused: the telephone does not have the secret yet, or its clock is wrong.
    """
    step = find_step(secret, code, now=now, after=0)
    if step is None:
        raise CodeRefused
    organiser.totp_secret = seals.seal(SECRET, secret)
    organiser.totp_step = step
    return renew_codes(tx, organiser, seals=seals)


def turn_off(tx: Transaction, organiser: Organiser) -> None:
    """Ask for the password alone from now on; the codes on paper are worthless."""
    organiser.totp_secret = None
    tx.execute(delete(RecoveryCode).where(RecoveryCode.organiser_id == organiser.id))
    tx.flush()


def renew_codes(tx: Transaction, organiser: Organiser, *, seals: Seals) -> list[str]:
    """Return fresh codes on paper, which nobody can read again; those of before are worthless."""
    tx.execute(delete(RecoveryCode).where(RecoveryCode.organiser_id == organiser.id))
    codes = [_draw_code() for _ in range(CODES)]
    tx.add_all(
        RecoveryCode(organiser_id=organiser.id, digest=_digest(seals, organiser.id, code))
        for code in codes
    )
    tx.flush()
    return codes


def count_codes(tx: Transaction, organiser_id: int) -> int:
    """Count the codes on paper that are left."""
    left = select(func.count()).select_from(RecoveryCode)
    left = left.where(RecoveryCode.organiser_id == organiser_id, RecoveryCode.used_at.is_(None))
    return tx.scalar(left) or 0


def check(
    tx: Transaction, organiser_id: int, code: str, *, seals: Seals, now: datetime
) -> SignInMethod | CodeRefused | SignInThrottled:
    """Take a code of the telephone or one on paper, and tell which it was, or why it is refused.

    A refusal is returned and not raised, since raising would undo the count of failures. They are
    counted apart from those of the password, which do not wipe them out.
    """
    organiser = organisers.get(tx, organiser_id)
    key = f"code {organiser.email_key}"
    lock_name(tx, f"sign-in:{key}")
    wait_until = organisers.find_block(tx, key, now=now)
    if wait_until is not None:
        return SignInThrottled(wait_until)
    tx.refresh(organiser, ["totp_secret", "totp_step"])
    method = _take(tx, organiser, code, seals, now)
    if method is None:
        organisers.record_failure(tx, key, now=now)
        return CodeRefused()
    organisers.forget_failures_of(tx, key)
    tx.flush()
    return method


def _take(
    tx: Transaction, organiser: Organiser, code: str, seals: Seals, now: datetime
) -> SignInMethod | None:
    secret = seals.unseal(SECRET, organiser.totp_secret) if organiser.totp_secret else None
    step = find_step(secret, code, now=now, after=organiser.totp_step) if secret else None
    if step is not None:
        organiser.totp_step = step
        return SignInMethod.TOTP
    used = (
        update(RecoveryCode)
        .where(
            RecoveryCode.organiser_id == organiser.id,
            RecoveryCode.digest == _digest(seals, organiser.id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return SignInMethod.RECOVERY if tx.execute(used).first() else None


def _draw_code() -> str:
    """Draw a code of some 49 bits, in two halves that are read out one after the other."""
    drawn = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(CODE_LENGTH))
    return f"{drawn[: CODE_LENGTH // 2]}-{drawn[CODE_LENGTH // 2 :]}"


def _digest(seals: Seals, organiser_id: int, code: str) -> str:
    bare = "".join(one for one in code.upper() if one.isalnum())
    return seals.digest(RECOVERY, f"{organiser_id}:{bare}")
