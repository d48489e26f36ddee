"""Draining a lane: claim a few deliveries, write and send them, record what came of it, again.

A drain holds no transaction while it sends. What it knows and the database does not yet know is in
its journal. Between two messages it looks whether it was told to stop, and whether its lease still
holds.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from webinars import claims, letters
from webinars.database import Transaction
from webinars.mail.compose import Letter, compose
from webinars.mail.journal import Journal, Mark
from webinars.mail.transports import Deferred, Refused, RelayDown, Unanswered
from webinars.models import Delivery, Lane
from webinars.outcomes import Claim, Outcome, Verdict
from webinars.runtime import Runtime
from workers import faults
from workers.stopping import Stop

logger = logging.getLogger(__name__)

BATCH = {Lane.PROMPT: 10, Lane.BULK: 50}
"""How many a drain claims at once. All of them may have been sent when it is never heard of again,
so they are not many more than it sends in a moment."""
HEARTBEAT_SECONDS = claims.LEASE.total_seconds() / 4
REASON_LENGTH = 200

MARKS = {
    Verdict.ACCEPTED: Mark.ACCEPTED,
    Verdict.DEFERRED: Mark.DEFERRED,
    Verdict.REFUSED: Mark.REFUSED,
}
"""The marks of what the relay has answered."""


def drain(runtime: Runtime, lane: Lane, stop: Stop) -> int:
    """Send everything that is due in a lane, and tell how many mails were tried."""
    with runtime.reading() as tx:
        if not claims.has_due(tx, lane, now=runtime.now()):
            return 0
    with Journal(runtime.settings.journal_dir) as journal:
        return Drain(runtime, lane, stop, journal).run()


@dataclass(frozen=True)
class Message:
    """A letter as it is sent."""

    recipient: str
    content: bytes
    name: str
    """The same one whenever it is sent again."""


@dataclass(frozen=True)
class Unwritten:
    """Why there is no message."""

    reason: str


class Drain:
    """One drain of one lane."""

    def __init__(self, runtime: Runtime, lane: Lane, stop: Stop, journal: Journal) -> None:
        self.runtime = runtime
        self.lane = lane
        self.stop = stop
        self.journal = journal
        self.leased_until = runtime.now()
        self.relay_is_down: str | None = None
        """What the relay said when it took nothing."""

    def run(self) -> int:
        """Go on until nothing is due, the relay takes nothing, or it is told to stop."""
        tried = 0
        with self._heartbeat():
            while not self.stop.is_set() and self.relay_is_down is None:
                batch = self._claim()
                if not batch:
                    break
                self._record(self._deliver(batch))
                tried += len(batch)
        return tried

    def _claim(self) -> list[Claim]:
        now = self.runtime.now()
        with self.runtime.transaction() as tx:
            owner, limit = self.journal.owner, BATCH[self.lane]
            batch = claims.claim(tx, self.lane, owner=owner, now=now, limit=limit)
        self.leased_until = now + claims.LEASE
        for _ in batch:
            faults.reach("after-claim")
        return batch

    def _deliver(self, batch: Sequence[Claim]) -> list[Outcome]:
        """Send a batch; what the lease was lost of has no outcome, for others may have it."""
        with self.runtime.reading() as tx:
            dropped = claims.check(tx, batch, owner=self.journal.owner, now=self.runtime.now())
            kept = [claim for claim in batch if claim.delivery_id not in dropped]
            written = _write(tx, self.runtime, [claim.delivery_id for claim in kept])
        outcomes = list(dropped.values())
        for claim in kept:
            if self.runtime.now() >= self.leased_until:
                logger.warning("lease lost: lane=%s delivery=%s", self.lane, claim.delivery_id)
                break
            outcomes.append(self._try(claim, written[claim.delivery_id]))
        return outcomes

    def _try(self, claim: Claim, letter: Letter | Unwritten) -> Outcome:
        if self.stop.is_set():
            return Outcome(claim, Verdict.GIVEN_BACK)
        if self.relay_is_down is not None:
            return Outcome(claim, Verdict.RELAY_DOWN, self.relay_is_down)
        message = _compose(claim, letter)
        if isinstance(message, Unwritten):
            logger.error("letter not written: delivery=%s", claim.delivery_id)
            return Outcome(claim, Verdict.UNWRITTEN, message.reason)
        outcome = self._send(claim, message)
        if outcome.verdict in MARKS:
            self._mark(claim, MARKS[outcome.verdict], outcome.reply or "")
        faults.reach("after-reply")
        logger.info(
            "delivery %s: delivery=%s mailing=%s attempt=%s",
            outcome.verdict,
            claim.delivery_id,
            claim.mailing_id,
            claim.attempts,
        )
        return outcome

    def _send(self, claim: Claim, message: Message) -> Outcome:
        watcher = Watcher(self.journal, claim)
        try:
            reply = self.runtime.transport.send(
                message.recipient, message.content, message.name, watcher
            )
        except RelayDown as error:
            logger.warning("relay takes nothing: %s", error.reply)
            self.relay_is_down = error.reply
            return Outcome(claim, Verdict.RELAY_DOWN, error.reply)
        except Deferred as error:
            return Outcome(claim, Verdict.DEFERRED, error.reply)
        except Refused as error:
            return Outcome(claim, Verdict.REFUSED, error.reply)
        except Unanswered as error:
            return Outcome(claim, Verdict.UNANSWERED, error.reply)
        return Outcome(claim, Verdict.ACCEPTED, reply)

    def _mark(self, claim: Claim, mark: Mark, reply: str) -> None:
        self.journal.mark(mark, claim.delivery_id, claim.epoch, reply)

    def _record(self, outcomes: Sequence[Outcome]) -> None:
        for _ in outcomes:
            faults.reach("before-record")
        with self.runtime.transaction() as tx:
            claims.record(tx, outcomes, now=self.runtime.now())
        self.journal.clear()

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


@dataclass(frozen=True)
class Watcher:
    """Notes in the journal when a message passes the point of no return."""

    journal: Journal
    claim: Claim

    def before_dot(self) -> None:
        """Note that everything but the final dot is with the relay."""
        self.journal.mark(Mark.WRITTEN, self.claim.delivery_id, self.claim.epoch)
        faults.reach("before-dot")

    def after_dot(self) -> None:
        """Note that the final dot was handed over."""
        self.journal.mark(Mark.SENT, self.claim.delivery_id, self.claim.epoch)
        faults.reach("after-dot")


def _write(
    tx: Transaction, runtime: Runtime, delivery_ids: Sequence[int]
) -> dict[int, Letter | Unwritten]:
    """Write the letters together; when one of them cannot be, each alone."""
    query = select(Delivery).where(Delivery.id.in_(delivery_ids)).order_by(Delivery.id)
    deliveries = tx.scalars(query).all()
    links, sender = runtime.links, runtime.settings.mail_from
    try:
        together = letters.write_many(tx, deliveries, links=links, sender=sender)
    except SQLAlchemyError:
        raise
    except Exception:  # whatever is wrong with one letter, the others go on
        return {one.id: _write_alone(tx, runtime, one) for one in deliveries}
    return {one.id: letter for one, letter in zip(deliveries, together, strict=True)}


def _write_alone(tx: Transaction, runtime: Runtime, delivery: Delivery) -> Letter | Unwritten:
    try:
        return letters.write(tx, delivery, links=runtime.links, sender=runtime.settings.mail_from)
    except SQLAlchemyError:
        raise
    except Exception as error:  # recorded with the delivery, for organisers to see
        return Unwritten(_say(error))


def _compose(claim: Claim, letter: Letter | Unwritten) -> Message | Unwritten:
    if isinstance(letter, Unwritten):
        return letter
    name = f"{letter.date:%Y%m%dT%H%M%S}-{claim.delivery_id:08d}-{claim.template}"
    try:
        return Message(letter.recipient, compose(letter), name)
    except Exception as error:  # recorded with the delivery, for organisers to see
        return Unwritten(_say(error))


def _say(error: Exception) -> str:
    return f"letter not written: {type(error).__name__}: {error}"[:REASON_LENGTH]
