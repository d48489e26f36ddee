"""How fast mail may leave: rates shared by every worker, and relays that are left in peace.

A rate is a bucket of tokens in a row of its own. It fills as time passes, a mail costs one, and no
sixty seconds ever see more than a minute's worth. Relays and domains have what the settings say;
a domain that says it is sent too much has half, and gets it back by steps. A relay that takes
nothing from anyone rests for a while. Nothing here waits: who gets no token is told when to ask
again. Whoever changes something holds one lock until the end of the transaction, so that nobody
spends what another has spent, and no two ever wait for each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import and_, delete, or_, select, update

from webinars.database import Transaction, lock_name
from webinars.models import Rate, RelayBreaker

MINUTE = timedelta(minutes=1)
BURST = timedelta(seconds=3)
"""What may leave at once after a quiet moment: so much time's worth, and never less than a mail."""
DEFAULT_PER_MINUTE = 600.0
"""What a domain is taken to have been sent before it first said that it was too much."""
SLOWEST_PER_MINUTE = 1.0
STEP = timedelta(minutes=5)
STEPS = 20
"""How often, and in how many steps at most, a domain gets back what was taken from it."""
CLOCKS_DIFFER_BY = timedelta(minutes=1)
"""Machines may, at most; what lies further ahead was written before a clock was set back."""
ROUNDING = 1e-6
"""What calculating with fractions may take from a token."""

FIRST_REST = timedelta(seconds=15)
LONGEST_REST = timedelta(minutes=5)

LOCK = "pacing"


class Grant(NamedTuple):
    """How many mails may leave at once, and when more may."""

    granted: int
    again_at: datetime
    """When the next token is there."""
    every: timedelta = timedelta()
    """How long each further one takes."""


class RateRow(NamedTuple):
    """A rate as lists show it."""

    key: str
    """`relay:…` or `domain:…`."""
    per_minute: float
    """At present."""
    tokens: float
    """How many mails may leave at once."""
    slowed_at: datetime | None
    """When it last said that it was too much; `None`: it is what the settings say."""


class RelayState(StrEnum):
    """Whether a relay is asked to take mail."""

    TAKES = "takes"
    RESTS = "rests"
    ON_TRIAL = "on-trial"
    """It has rested; whether it takes anything, the next mail will show."""


class RelayRow(NamedTuple):
    """A relay as lists show it."""

    relay: str
    state: RelayState
    failures: int
    """In a row, since it last took a mail."""
    open_until: datetime | None
    """Until then it rests."""
    failed_at: datetime | None
    said: str | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens, and how fast there are more."""

    per_minute: float
    tokens: float
    refilled_at: datetime

    @property
    def capacity(self) -> float:
        """How many tokens it holds."""
        return max(1.0, self.per_minute * (BURST / MINUTE))

    @property
    def per_second(self) -> float:
        """How many come in a second: a full bucket and a minute's filling are a minute's worth."""
        return (self.per_minute + 1 - self.capacity) / MINUTE.total_seconds()


def fill(bucket: Bucket, now: datetime) -> Bucket:
    """Add what the time that has passed is worth; a clock that was set back adds nothing."""
    elapsed = now - bucket.refilled_at
    if -CLOCKS_DIFFER_BY <= elapsed < timedelta():
        return replace(bucket, tokens=min(bucket.capacity, bucket.tokens))
    gained = max(0.0, elapsed.total_seconds() * bucket.per_second)
    tokens = min(bucket.capacity, bucket.tokens + gained)
    return Bucket(bucket.per_minute, tokens, now)


def take(bucket: Bucket, wanted: int, now: datetime) -> tuple[Bucket, Grant]:
    """Take as many tokens as are wanted and there; return what is left, and what was granted."""
    filled = fill(bucket, now)
    granted = min(wanted, int(filled.tokens + ROUNDING))
    left = replace(filled, tokens=max(0.0, filled.tokens - granted))
    every = timedelta(seconds=1 / left.per_second)
    missing = 1 - left.tokens
    again_at = now
    if missing > ROUNDING:
        again_at = left.refilled_at + missing * every + timedelta.resolution
    return left, Grant(granted, max(now, again_at), every)


def recover(slowed: float, elapsed: timedelta, ceiling: float) -> float:
    """Return what a domain is sent a minute, so long after it was slowed down."""
    steps = max(0, elapsed // STEP)
    return min(ceiling, slowed + steps * ceiling / STEPS)


def grant(
    tx: Transaction, wanted: Mapping[str, int], limits: Mapping[str, float], *, now: datetime
) -> dict[str, Grant]:
    """Take tokens for mails that are about to leave, by `relay:…` or `domain:…`.

    What has no limit at present is not in the answer.

    :param limits: how many a minute, as the settings say, by the same keys.
    """
    known = select(Rate.key).where(Rate.key.in_(wanted))
    limited = {key for key in wanted if key in limits} | set(tx.scalars(known))
    if not limited:
        return {}
    grants = {}
    for row in _hold(tx, limited, limits, now):
        per_minute = _find_rate(row, limits.get(row.key), now)
        if per_minute is None:
            tx.delete(row)
            continue
        bucket = Bucket(per_minute, row.tokens, row.refilled_at)
        left, grants[row.key] = take(bucket, wanted[row.key], now)
        row.tokens, row.refilled_at = left.tokens, left.refilled_at
        if per_minute == limits.get(row.key):
            row.per_minute, row.slowed_at = per_minute, None
    tx.flush()
    return grants


def give_back(tx: Transaction, unused: Mapping[str, int]) -> None:
    """Return tokens for mails that did not leave after all."""
    lock_name(tx, LOCK)
    for key, number in unused.items():
        tx.execute(update(Rate).where(Rate.key == key).values(tokens=Rate.tokens + number))


def slow_down(tx: Transaction, domain: str, limits: Mapping[str, float], *, now: datetime) -> None:
    """Halve what a domain is sent, which says that it is too much: at most once a minute.

    It gets it back by steps.
    """
    key = f"domain:{domain}"
    [row] = _hold(tx, {key}, limits, now)
    if row.slowed_at is not None and now - row.slowed_at < MINUTE:
        return
    before = _find_rate(row, limits.get(key), now) or DEFAULT_PER_MINUTE
    row.per_minute = max(SLOWEST_PER_MINUTE, before / 2)
    row.slowed_at = now
    row.tokens = 0.0
    row.refilled_at = now
    tx.flush()
    _forget(tx, limits, now)


def is_slowed(tx: Transaction) -> bool:
    """Tell whether any domain is sent less than the settings say."""
    return tx.scalar(select(Rate.key).where(Rate.slowed_at.is_not(None)).limit(1)) is not None


def list_rates(tx: Transaction, limits: Mapping[str, float], *, now: datetime) -> list[RateRow]:
    """List what limits there are at present, those of the settings and those of slowed domains."""
    rows = {row.key: row for row in tx.scalars(select(Rate))}
    listed = []
    for key in sorted(rows.keys() | limits.keys()):
        row = rows.get(key) or _make_row(key, limits[key], now)
        per_minute = _find_rate(row, limits.get(key), now)
        if per_minute is not None:
            tokens = fill(Bucket(per_minute, row.tokens, row.refilled_at), now).tokens
            is_slowed = per_minute < limits.get(key, DEFAULT_PER_MINUTE)
            listed.append(RateRow(key, per_minute, tokens, row.slowed_at if is_slowed else None))
    return listed


def _hold(
    tx: Transaction, keys: set[str], limits: Mapping[str, float], now: datetime
) -> Sequence[Rate]:
    """Return the buckets of these keys for nobody else to touch; a new one is full."""
    lock_name(tx, LOCK)
    query = select(Rate).where(Rate.key.in_(keys)).execution_options(populate_existing=True)
    rows = list(tx.scalars(query))
    for row in rows:
        if row.slowed_at is not None and row.slowed_at > now + CLOCKS_DIFFER_BY:
            row.slowed_at = now
    for key in keys - {row.key for row in rows}:
        row = _make_row(key, limits.get(key, DEFAULT_PER_MINUTE), now)
        tx.add(row)
        rows.append(row)
    return rows


def _make_row(key: str, per_minute: float, now: datetime) -> Rate:
    tokens = Bucket(per_minute, 0.0, now).capacity
    return Rate(key=key, per_minute=per_minute, tokens=tokens, refilled_at=now)


def _find_rate(row: Rate, limit: float | None, now: datetime) -> float | None:
    """Return what may leave a minute; `None`: as much as you like."""
    if row.slowed_at is None:
        return limit
    ceiling = DEFAULT_PER_MINUTE if limit is None else limit
    per_minute = recover(row.per_minute, now - row.slowed_at, ceiling)
    return limit if per_minute >= ceiling else per_minute


def _forget(tx: Transaction, limits: Mapping[str, float], now: datetime) -> None:
    """Forget the domains that have recovered since and are not written to any more."""
    recovered = Rate.slowed_at < now - STEP * STEPS
    tx.execute(delete(Rate).where(recovered, Rate.key.not_in(limits)))


def list_open(tx: Transaction, relays: Sequence[str], *, now: datetime) -> list[str]:
    """List the relays that may be tried now, in their order."""
    rows = list_relays(tx, relays, now=now)
    return [row.relay for row in rows if row.state is not RelayState.RESTS]


def list_relays(tx: Transaction, relays: Sequence[str], *, now: datetime) -> list[RelayRow]:
    """List these relays, and how each is."""
    query = select(RelayBreaker).where(RelayBreaker.relay.in_(relays))
    breakers = {one.relay: one for one in tx.scalars(query)}
    rows = []
    for relay in relays:
        if breaker := breakers.get(relay):
            state = RelayState.RESTS if _rests(breaker, now) else RelayState.ON_TRIAL
            told = (breaker.failures, breaker.open_until, breaker.failed_at, breaker.said)
            rows.append(RelayRow(relay, state, *told))
        else:
            rows.append(RelayRow(relay, RelayState.TAKES, 0, None, None, None))
    return rows


def trip(tx: Transaction, relay: str, said: str, *, now: datetime) -> None:
    """Let a relay rest that takes nothing: longer each time.

    What others saw fail meanwhile is the same failure.
    """
    lock_name(tx, LOCK)
    breaker = tx.get(RelayBreaker, relay, populate_existing=True)
    if breaker is not None and _rests(breaker, now):
        return
    if breaker is None:
        breaker = RelayBreaker(relay=relay, failures=0)
        tx.add(breaker)
    breaker.failures += 1
    breaker.open_until = now + find_rest(breaker.failures)
    breaker.said = said
    breaker.failed_at = now
    tx.flush()


def heal(tx: Transaction, relay: str, *, tried_at: datetime, now: datetime) -> bool:
    """Forget that a relay took nothing, now that it has taken something; false: it was well.

    :param tried_at: what has failed since then may have failed after that.
    """
    failed_before = or_(RelayBreaker.failed_at < tried_at, RelayBreaker.failed_at > now)
    is_healed = and_(RelayBreaker.relay == relay, failed_before)
    if tx.scalar(select(RelayBreaker.relay).where(is_healed)) is None:
        return False
    lock_name(tx, LOCK)
    tx.execute(delete(RelayBreaker).where(is_healed))
    return True


def find_rest(failures: int) -> timedelta:
    """Return how long a relay rests after so many failures in a row."""
    doublings = min(max(failures - 1, 0), 10)
    rest: timedelta = FIRST_REST * 2**doublings
    return min(rest, LONGEST_REST)


def _rests(breaker: RelayBreaker, now: datetime) -> bool:
    """Tell whether a relay rests; what would last too long comes from a clock that was wrong."""
    return timedelta() < breaker.open_until - now <= LONGEST_REST
