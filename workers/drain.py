"""Draining a lane: claim some deliveries, write and send them, record what came of it, again.

A drain holds no transaction while it sends. What it knows and the database does not yet know is in
its journal. What becomes of the messages of one claim is `workers.batch`.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from webinars import audiences, claims, pacing
from webinars.database import Transaction
from webinars.mail.journal import Journal, Unkept
from webinars.mail.messages import RelayDown
from webinars.mail.replies import hide_addresses
from webinars.models import Failure, Lane
from webinars.outcomes import Claim, Outcome, Verdict
from webinars.pacing import Grant
from webinars.runtime import Runtime
from workers import faults
from workers.batch import IN_A_ROW, Batch
from workers.stopping import Stop

logger = logging.getLogger(__name__)

BATCH = {Lane.PROMPT: 20, Lane.BULK: 200}
"""How many a drain claims at once: enough that what a claim costs is shared by many, and not so
many that others have nothing left to send."""
BATCHES_A_TURN = 5
"""So many are looked through in one transaction for something that there is a rate for: others want
to write too."""
SPREAD = timedelta(minutes=5)
"""Over so long at most, what has to wait for a rate comes back."""
HEARTBEAT_SECONDS = claims.LEASE.total_seconds() / 4


def drain(runtime: Runtime, lane: Lane, stop: Stop) -> int:
    """Send everything that is due in a lane, and tell how many mails were tried."""
    with runtime.reading() as tx:
        if not claims.has_due(tx, lane, now=runtime.now()):
            return 0
    with Journal(runtime.settings.journal_dir) as journal:
        return Drain(runtime, lane, stop, journal).run()


class Drain:
    """One drain of one lane."""

    def __init__(self, runtime: Runtime, lane: Lane, stop: Stop, journal: Journal) -> None:
        self.runtime = runtime
        self.lane = lane
        self.stop = stop
        self.journal = journal
        self.claimed_at = self.leased_until = runtime.now()
        self.may_claim = True
        """False: the journal takes no more."""
        self.is_looking = False
        """Whether there may be more that may leave, behind what has to wait."""
        self.waiting: Counter[str] = Counter()
        """How many have to wait for a rate, by its key: one comes back after another."""
        self.unwritten: Counter[int] = Counter()
        """By mailing, since a letter of it was last sent."""

    def run(self) -> int:
        """Go on until nothing is due, no relay takes anything, or it is told to stop."""
        tried = 0
        with self._heartbeat():
            claimed = self._turn([])
            while claimed or self.is_looking:
                tried += len(claimed)
                claimed = self._turn(self._deliver(claimed) if claimed else [])
        return tried

    def _turn(self, outcomes: Sequence[Outcome]) -> list[Claim]:
        """Record what came of a batch and claim the next."""
        now = self.runtime.now()
        self.is_looking = False
        with self.runtime.transaction() as tx:
            self._record(tx, outcomes, now)
            claimed = self._claim(tx, now) if self.may_claim and not self.stop.is_set() else []
        self.claimed_at, self.leased_until = now, now + claims.LEASE
        for _ in outcomes:
            faults.reach("after-record")
        self.journal.clear()
        self._pause_unwritten()
        for _ in claimed:
            faults.reach("after-claim")
        if len(claimed) == BATCH[self.lane]:
            self.runtime.wake(self.lane)  # there is more: whoever is free may help
        return claimed

    def _record(self, tx: Transaction, outcomes: Sequence[Outcome], now: datetime) -> None:
        for outcome in outcomes:
            faults.reach("before-record")
            self._count(outcome)
        claims.record(tx, outcomes, now=now)
        if outcomes:
            verdicts = Counter(outcome.verdict.value for outcome in outcomes)
            said = " ".join(f"{verdict}={number}" for verdict, number in sorted(verdicts.items()))
            logger.info("batch recorded: lane=%s %s", self.lane, said)
        for domain in {one.claim.domain for one in outcomes if one.failure is Failure.THROTTLED}:
            pacing.slow_down(tx, domain, self.runtime.limits, now=now)
        for relay in {one.relay for one in outcomes if one.verdict is Verdict.ACCEPTED} - {None}:
            if pacing.heal(tx, str(relay), tried_at=self.claimed_at, now=now):
                logger.warning("relay takes mail again: relay=%s", relay)

    def _count(self, outcome: Outcome) -> None:
        """Count what fails in a row."""
        mailing_id = outcome.claim.mailing_id
        if outcome.verdict is Verdict.UNWRITTEN and mailing_id is not None:
            self.unwritten[mailing_id] += 1
        elif outcome.verdict is Verdict.ACCEPTED and mailing_id is not None:
            del self.unwritten[mailing_id]

    def _claim(self, tx: Transaction, now: datetime) -> list[Claim]:
        """Claim what may leave now: as far as there is a rate for it, nothing while no relay may
        be tried."""
        relays = pacing.list_open(tx, self.runtime.transport.relays, now=now)
        owner, limit = self.journal.owner, BATCH[self.lane]
        for _ in range(BATCHES_A_TURN if relays else 0):
            claimed = claims.claim(tx, self.lane, owner=owner, now=now, limit=limit)
            taken, put_back = self._pace(tx, claimed, relays[0], now)
            claims.record(tx, put_back, now=now)
            # That one domain has to wait is no reason for the others to.
            if taken or not put_back:
                return taken
        self.is_looking = bool(relays)
        return []

    def _pace(
        self, tx: Transaction, claimed: Sequence[Claim], relay: str, now: datetime
    ) -> tuple[list[Claim], list[Outcome]]:
        """Part a batch into what there is a rate for, and what waits until there is."""
        taken, put_back = list(claimed), []
        keys: list[Callable[[Claim], str]] = [
            lambda one: f"domain:{one.domain}",
            lambda one: f"relay:{relay}",
        ]
        for name in keys:
            grants = pacing.grant(tx, Counter(map(name, taken)), self.runtime.limits, now=now)
            taken, waiting = self._part(taken, grants, name)
            put_back += waiting
        return taken, put_back

    def _part(
        self,
        claimed: Sequence[Claim],
        grants: Mapping[str, Grant],
        name: Callable[[Claim], str],
    ) -> tuple[list[Claim], list[Outcome]]:
        """Part what is within the grants from what is not; the latter comes back one by one."""
        taken: list[Claim] = []
        put_back: list[Outcome] = []
        asked: Counter[str] = Counter()
        for claim in claimed:
            key = name(claim)
            grant = grants.get(key)
            asked[key] += 1
            if grant is None or asked[key] <= grant.granted:
                taken.append(claim)
                continue
            # Those of the batches before have been told the first turns already.
            wait = (grant.every * self.waiting[key]) % SPREAD
            self.waiting[key] += 1
            put_back.append(Outcome(claim, Verdict.PACED, again_at=grant.again_at + wait))
        return taken, put_back

    def _deliver(self, claimed: Sequence[Claim]) -> list[Outcome]:
        """Send a batch; what the lease was lost of has no outcome, for others may have it."""
        batch = Batch(self.runtime, self.journal, claimed, self._may_go_on, self._flush)
        batch.load()
        with self.runtime.reading() as tx:
            relays = pacing.list_open(tx, self.runtime.transport.relays, now=self.runtime.now())
        said = "no relay may be tried at present"
        for relay in relays:
            if relay != relays[0] and f"relay:{relay}" in self.runtime.limits:
                return batch.end()  # the next claim takes from the rate of this one
            try:
                batch.send(relay)
            except Unkept as error:
                logger.error("journal takes no more: lane=%s errno=%s", self.lane, error.errno)
                self.may_claim = False
                return batch.end()
            except RelayDown as error:
                said = error.reply
            else:
                if batch.refused_in_a_row < IN_A_ROW:
                    return batch.end()
                said = f"refuses everything: {batch.last_reply}"
            said = hide_addresses(said)
            self._trip(relay, said)
        return batch.end(relay_down=said)

    def _trip(self, relay: str, said: str) -> None:
        logger.warning("relay takes nothing: relay=%s reply=%s", relay, said)
        with self.runtime.transaction() as tx:
            pacing.trip(tx, relay, said, now=self.runtime.now())

    def _flush(self, outcomes: Sequence[Outcome]) -> None:
        """Record what is known already, while a slow relay keeps the rest of a batch waiting."""
        with self.runtime.transaction() as tx:
            self._record(tx, outcomes, self.runtime.now())

    def _may_go_on(self) -> bool:
        if self.stop.is_set():
            return False
        if self.runtime.now() < self.leased_until:
            return True
        logger.warning("lease lost: lane=%s", self.lane)
        return False

    def _pause_unwritten(self) -> None:
        """Pause a mailing whose letters cannot be written: no one of its people is to blame."""
        for mailing_id in [one for one, times in self.unwritten.items() if times >= IN_A_ROW]:
            del self.unwritten[mailing_id]
            with self.runtime.transaction() as tx:
                audiences.pause(tx, mailing_id, "unwritten")
            logger.error("mailing paused, its letters cannot be written: mailing=%s", mailing_id)

    @contextmanager
    def _heartbeat(self) -> Iterator[None]:
        """Hold on to what is claimed, however long the relay takes for one message."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(is_over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _beat(self, is_over: threading.Event) -> None:
        while not is_over.wait(HEARTBEAT_SECONDS):
            now = self.runtime.now()
            try:
                with self.runtime.transaction() as tx:
                    if claims.renew(tx, self.journal.owner, now=now):
                        self.leased_until = now + claims.LEASE
            except SQLAlchemyError as error:
                logger.warning("lease not renewed: error=%s", type(error).__name__)
