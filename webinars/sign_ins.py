"""The browsers in which organisers are signed in: one row each, which its owner may end.

A sign-in ends by itself: when it has been idle or has lasted for too long, and with a new password.
"""

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import joinedload

from webinars.database import Transaction
from webinars.models import Organiser, SignIn, SignInMethod

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=2)
NOTED_EVERY = timedelta(minutes=5)
"""How exact the last page's hour is: not every page needs a change of the database."""
KEPT = timedelta(days=365)
"""As long as what the audit page tells of."""

_BROWSERS = (
    ("Edg(?:e|A|iOS)?/", "Edge"),
    ("OPR/|Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("Chromium/", "Chromium"),
    ("Chrome/|CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
"""Those that call themselves by several names first."""
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh|Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def name_device(user_agent: str) -> str:
    """Return what a browser says it is, in two words; empty: it does not say."""
    found = (
        next((name for pattern, name in table if re.search(pattern, user_agent)), "")
        for table in (_BROWSERS, _SYSTEMS)
    )
    return " · ".join(name for name in found if name)


def begin(
    tx: Transaction, organiser_id: int, method: SignInMethod, device: str, *, now: datetime
) -> SignIn:
    """Write down that an organiser has signed in."""
    begun = SignIn(
        organiser_id=organiser_id,
        key=secrets.token_hex(16),
        method=method,
        device=device,
        began_at=now,
        seen_at=now,
    )
    tx.add(begun)
    tx.flush()
    return begun


def find_live(tx: Transaction, key: str, *, now: datetime) -> tuple[SignIn, Organiser] | None:
    """Find the sign-in that a cookie names and whose it is, with her roles, unless it has ended."""
    query = (
        select(SignIn, Organiser)
        .join(Organiser, Organiser.id == SignIn.organiser_id)
        .where(SignIn.key == key, *_is_live(now))
        .options(joinedload(Organiser.institution), joinedload(Organiser.grants))
    )
    found = tx.execute(query).unique().first()
    return None if found is None else (found[0], found[1])


def note_seen(tx: Transaction, key: str, *, now: datetime) -> None:
    """Write down that a page was asked for."""
    tx.execute(
        update(SignIn).where(SignIn.key == key, SignIn.ended_at.is_(None)).values(seen_at=now)
    )


def list_live(tx: Transaction, organiser_id: int, *, now: datetime) -> list[SignIn]:
    """List where an organiser is signed in, the last page first."""
    live = select(SignIn).where(SignIn.organiser_id == organiser_id, *_is_live(now))
    return list(tx.scalars(live.order_by(SignIn.seen_at.desc(), SignIn.id.desc())))


def end(tx: Transaction, organiser_id: int, sign_in_id: int, *, now: datetime) -> bool:
    """End one of an organiser's own sign-ins; false: it has ended already, or is not hers."""
    return _end(tx, now, SignIn.organiser_id == organiser_id, SignIn.id == sign_in_id) > 0


def end_key(tx: Transaction, key: str, *, now: datetime) -> None:
    """End the sign-in that a cookie names."""
    _end(tx, now, SignIn.key == key)


def end_others(tx: Transaction, organiser_id: int, key: str, *, now: datetime) -> int:
    """End every other sign-in of an organiser, and tell how many those were."""
    return _end(tx, now, SignIn.organiser_id == organiser_id, SignIn.key != key, *_is_live(now))


def end_all(tx: Transaction, organiser: Organiser, *, now: datetime) -> None:
    """End every sign-in of an organiser."""
    organiser.sign_in_generation += 1
    _end(tx, now, SignIn.organiser_id == organiser.id)


def forget_old(tx: Transaction, *, now: datetime) -> None:
    """Forget sign-ins of more than a year ago, as is done every night."""
    tx.execute(delete(SignIn).where(SignIn.seen_at <= now - KEPT))


def _is_live(now: datetime) -> list[ColumnElement[bool]]:
    # The cookie counts the idle time to the minute; the row only to `NOTED_EVERY`.
    return [
        SignIn.ended_at.is_(None),
        SignIn.began_at > now - LONGEST,
        SignIn.seen_at > now - IDLE - NOTED_EVERY,
    ]


def _end(tx: Transaction, now: datetime, *which: ColumnElement[bool]) -> int:
    ended = update(SignIn).where(SignIn.ended_at.is_(None), *which).values(ended_at=now)
    return len(tx.execute(ended.returning(SignIn.id)).all())
