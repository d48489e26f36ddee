"""Who runs events: accounts, roles, passwords, signing in. What a role allows is `rights`.

Hashing a password is slow on purpose, and a change on SQLite keeps everyone else from writing. So
signing in has three steps, and the slow one is outside of any transaction:

    attempt = organisers.begin_sign_in(tx, email)                  # a reading
    verdict = attempt.verify(password)                             # slow, touches nothing
    outcome = organisers.sign_in(tx, verdict, now=now)             # a change: commits failures too

Failures are counted for an address whether or not an organiser has it, and the time taken says
nothing either. Nothing here knows cookies: that is `webinars.web.organiser`.
"""

import secrets
import threading
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import joinedload, selectinload

from webinars import rights
from webinars.database import Transaction, lock_name
from webinars.errors import (
    Forbidden,
    InstitutionAmbiguous,
    NotFound,
    OrganiserKnown,
    SignInRefused,
    SignInThrottled,
    WeakPassword,
)
from webinars.models import (
    COMMAND_LINE,
    Event,
    EventInstitution,
    Grant,
    Institution,
    Organiser,
    OrganiserRole,
    SignInThrottle,
)
from webinars.rights import Act

MINIMUM_PASSWORD_LENGTH = 12
FAILURES_BEFORE_WAITING = 5
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=15)
FAILURES_FORGOTTEN_AFTER = timedelta(days=1)

# Argon2id with the second choice of parameters of the OWASP password storage guide: 19 MiB for each
# attempt, so that a flood of them does not exhaust a small server. A hash made with others is made
# anew when its owner next signs in.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASHING = threading.BoundedSemaphore(4)


@dataclass(frozen=True)
class Verdict:
    """Whether a password belongs to an address, before it is known whether it may be tried."""

    email_key: str
    organiser_id: int | None
    password_hash: str
    """What the password was compared with: it may be another one by the time it counts."""
    matches: bool
    fresh_hash: str | None
    """The same password hashed with today's parameters, where those of its hash are others."""


@dataclass(frozen=True)
class Attempt:
    """An address that someone wants to sign in with."""

    email_key: str
    organiser_id: int | None
    password_hash: str

    def verify(self, password: str) -> Verdict:
        """Compare a password with the one kept; takes the same time for an unknown address."""
        matches = _verify(self.password_hash, password) and self.organiser_id is not None
        is_outdated = matches and _HASHER.check_needs_rehash(self.password_hash)
        return Verdict(
            email_key=self.email_key,
            organiser_id=self.organiser_id,
            password_hash=self.password_hash,
            matches=matches,
            fresh_hash=_hash(password) if is_outdated else None,
        )


def add(
    tx: Transaction, email: str, password: str, *, institution: str | None, now: datetime
) -> Organiser:
    """Add an organiser: the owner of an institution's events, or one who runs the service.

    `institution` is an acronym, `ACRONYM:CC` where two countries share it; `None` sees every event.

    :raises WeakPassword: it has fewer than twelve characters.
    :raises NotFound: no institution has that acronym.
    :raises InstitutionAmbiguous: several countries have one.
    :raises OrganiserKnown: the address is an organiser's already.
    """
    if find(tx, email) is not None:
        raise OrganiserKnown
    organiser = Organiser(
        email=email.strip(),
        email_key=_key(email),
        password_hash=_hash_new(password),
        institution=None if institution is None else get_institution(tx, institution),
        runs_service=institution is None,
        sign_in_generation=0,
        created_at=now,
        grants=[],
    )
    tx.add(organiser)
    if institution is not None:
        grant(organiser, OrganiserRole.OWNER, by=COMMAND_LINE, now=now)
    tx.flush()
    return organiser


def add_invited(
    tx: Transaction, email: str, *, institution: Institution, now: datetime
) -> Organiser:
    """Add an organiser who will choose a password herself, at the link that a mail brings her.

    :raises OrganiserKnown: the address is an organiser's already.
    """
    if find(tx, email) is not None:
        raise OrganiserKnown
    organiser = Organiser(
        email=email.strip(),
        email_key=_key(email),
        password_hash=None,
        institution=institution,
        created_at=now,
        grants=[],
    )
    tx.add(organiser)
    tx.flush()
    return organiser


def grant(
    organiser: Organiser,
    role: OrganiserRole,
    *,
    by: str,
    now: datetime,
    event: Event | None = None,
) -> None:
    """Give an organiser a role at an event, or at all of her institution; held already, it stays.

    The organiser has her grants and her institution loaded.

    :raises Forbidden: one side's organiser would validate for the other.
    """
    if not rights.may_hold(organiser, role):
        raise Forbidden
    event_id = None if event is None else event.id
    if any(one.role is role and one.event_id == event_id for one in organiser.grants):
        return
    organiser.grants.append(Grant(event_id=event_id, role=role, granted_at=now, granted_by=by))


def set_password(tx: Transaction, email: str, password: str) -> None:
    """Change an organiser's password, end every sign-in and forget the failed ones.

    :raises WeakPassword: it has fewer than twelve characters.
    :raises NotFound: no organiser has that address.
    """
    organiser = find(tx, email)
    if organiser is None:
        raise NotFound("organiser", email)
    replace_password(tx, organiser, _hash_new(password))


def hash_new(password: str) -> str:
    """Return what is kept of a new password: slow, and therefore done outside of any transaction.

    :raises WeakPassword: it has fewer than twelve characters.
    """
    return _hash_new(password)


def replace_password(tx: Transaction, organiser: Organiser, password_hash: str) -> None:
    """Give an organiser the password of that hash, end every sign-in, forget the failed ones."""
    organiser.password_hash = password_hash
    organiser.sign_in_generation += 1
    forget_failures_of(tx, organiser.email_key)
    tx.flush()


def begin_sign_in(tx: Transaction, email: str) -> Attempt:
    """Look up what a password is to be compared with; a reading is enough."""
    organiser = find(tx, email)
    if organiser is None:
        return Attempt(_key(email), None, _nobodys_hash())
    # Whoever has no password, or is let in no more, is refused as slowly as a stranger.
    is_known = organiser.password_hash is not None and organiser.disabled_at is None
    return Attempt(
        organiser.email_key,
        organiser.id if is_known else None,
        organiser.password_hash or _nobodys_hash(),
    )


def sign_in(
    tx: Transaction, verdict: Verdict, *, now: datetime
) -> Organiser | SignInRefused | SignInThrottled:
    """Let an organiser in, or answer why not.

    A refusal is returned and not raised, since raising would undo the count of failures. Attempts
    made at the same instant count one after the other: whoever comes while the address has to wait
    is told to wait, with the right password too, and adds nothing to the count.
    """
    lock_name(tx, f"sign-in:{verdict.email_key}")
    wait_until = find_block(tx, verdict.email_key, now=now)
    if wait_until is not None:
        return SignInThrottled(wait_until)
    organiser = get(tx, verdict.organiser_id) if verdict.organiser_id is not None else None
    # The password may have been changed since it was compared.
    is_current = organiser is not None and organiser.password_hash == verdict.password_hash
    if organiser is None or not is_current or not verdict.matches:
        record_failure(tx, verdict.email_key, now=now)
        return SignInRefused()
    if verdict.fresh_hash is not None:
        organiser.password_hash = verdict.fresh_hash
    forget_failures_of(tx, verdict.email_key)
    tx.flush()
    return organiser


def wait_after(failures: int) -> timedelta:
    """Return how long an address has to wait after so many failed sign-ins in a row.

    Nothing for the first four; then a quarter of a minute, doubled each time, up to a quarter of an
    hour.
    """
    if failures < FAILURES_BEFORE_WAITING:
        return timedelta()
    doublings = min(failures - FAILURES_BEFORE_WAITING, 16)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def forget_failures(tx: Transaction, *, now: datetime) -> None:
    """Forget failed sign-ins of more than a day ago, as is done every night."""
    tx.execute(
        delete(SignInThrottle).where(
            SignInThrottle.last_failed_at <= now - FAILURES_FORGOTTEN_AFTER
        )
    )


def find(tx: Transaction, email: str) -> Organiser | None:
    """Find the organiser with that address, in whatever case it is typed."""
    return tx.scalar(
        select(Organiser)
        .where(Organiser.email_key == _key(email))
        .options(joinedload(Organiser.institution), selectinload(Organiser.grants))
    )


def find_by_id(tx: Transaction, organiser_id: int) -> Organiser | None:
    """Find the organiser who signed in, with the institution."""
    return tx.scalar(
        select(Organiser)
        .where(Organiser.id == organiser_id)
        .options(joinedload(Organiser.institution), selectinload(Organiser.grants))
    )


def get(tx: Transaction, organiser_id: int) -> Organiser:
    """Return the organiser of that number, with the institution.

    :raises NotFound: there is none any more.
    """
    organiser = find_by_id(tx, organiser_id)
    if organiser is None:
        raise NotFound("organiser")
    return organiser


def list_all(tx: Transaction, institution_id: int | None = None) -> list[Organiser]:
    """List organisers by institution and name, with their roles.

    :param institution_id: `None`: of every institution, and those who run the service.
    """
    query = select(Organiser).options(
        joinedload(Organiser.institution), selectinload(Organiser.grants)
    )
    if institution_id is not None:
        query = query.where(Organiser.institution_id == institution_id)
    by_institution = query.outerjoin(Institution, Institution.id == Organiser.institution_id)
    ordered = by_institution.order_by(
        Institution.acronym, Institution.country, Organiser.name, Organiser.email_key
    )
    return list(tx.scalars(ordered))


def get_institution(tx: Transaction, acronym: str) -> Institution:
    """Return the institution of that acronym, or of `ACRONYM:CC` where two countries share one.

    :raises NotFound: there is none.
    :raises InstitutionAmbiguous: there are several, and the country was not said.
    """
    name, _, country = acronym.partition(":")
    query = select(Institution).where(Institution.acronym == name)
    if country:
        query = query.where(Institution.country == country.upper())
    found = tx.scalars(query.order_by(Institution.country)).all()
    if not found:
        raise NotFound("institution", acronym)
    if len(found) > 1:
        raise InstitutionAmbiguous(name, [one.country for one in found])
    return found[0]


def list_events_for(tx: Transaction, organiser: Organiser, *, now: datetime) -> list[Event]:
    """List the events that an organiser sees: those to come, soonest first, then those past.

    The organiser has her grants loaded.
    """
    query = select(Event).options(
        selectinload(Event.institutions).joinedload(EventInstitution.institution)
    )
    if not organiser.runs_service:
        own = Event.institutions.any(institution_id=organiser.institution_id)
        given = [one.event_id for one in organiser.grants if one.event_id is not None]
        query = query.where(or_(own, Event.id.in_(given)))
    ordered = tx.scalars(query.order_by(Event.starts_at, Event.id)).all()
    events = [one for one in ordered if rights.may(organiser, Act.SEE_EVENT, event=one)]
    coming = [event for event in events if event.ends_at > now]
    past = [event for event in events if event.ends_at <= now]
    return coming + past[::-1]


def find_block(tx: Transaction, key: str, *, now: datetime) -> datetime | None:
    """Find until when nothing is tried any more under a key: an address, or one's code."""
    throttle = tx.get(SignInThrottle, key)
    until = throttle.blocked_until if throttle else None
    return until if until is not None and now < until else None


def record_failure(tx: Transaction, email_key: str, *, now: datetime) -> None:
    """Count a failed attempt, and let the next one wait where there were several."""
    throttle = tx.get(SignInThrottle, email_key)
    if throttle is None:
        throttle = SignInThrottle(email_key=email_key, failures=0, last_failed_at=now)
        tx.add(throttle)
    elif throttle.last_failed_at <= now - FAILURES_FORGOTTEN_AFTER:
        throttle.failures = 0
    throttle.failures += 1
    throttle.last_failed_at = now
    wait = wait_after(throttle.failures)
    throttle.blocked_until = now + wait if wait else None
    tx.flush()


def forget_failures_of(tx: Transaction, email_key: str) -> None:
    """Forget the failed attempts of one key: the last one was right."""
    tx.execute(delete(SignInThrottle).where(SignInThrottle.email_key == email_key))


def _key(email: str) -> str:
    return email.strip().lower()


def _hash_new(password: str) -> str:
    if len(_normal(password)) < MINIMUM_PASSWORD_LENGTH:
        raise WeakPassword(MINIMUM_PASSWORD_LENGTH)
    return _hash(password)


def _hash(password: str) -> str:
    with _HASHING:
        return _HASHER.hash(_normal(password))


@cache
def _nobodys_hash() -> str:
    """Return what an unknown address is verified with, so that it takes as long as a known one."""
    return _hash(secrets.token_hex(16))


def _verify(password_hash: str, password: str) -> bool:
    with _HASHING:
        try:
            return _HASHER.verify(password_hash, _normal(password))
        except (VerificationError, InvalidHashError):
            return False


def _normal(password: str) -> str:
    """Return a password as every keyboard and system would send it: an é is one letter or two."""
    return unicodedata.normalize("NFKC", password)
