"""A batch: what a worker has claimed at once, from its letters to what came of each.

It hands its messages to a transport one by one, just before each is needed, and is told by it how
far each has come. Everything that may not be forgotten goes into the journal first.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from webinars import claims, letters
from webinars.letters import AnyDraft, Unwritten
from webinars.mail.journal import Journal, Mark, Unkept
from webinars.mail.messages import Message
from webinars.mail.replies import Fate, Result
from webinars.models import Failure
from webinars.outcomes import Claim, Outcome, Verdict
from webinars.runtime import Runtime
from workers import faults

logger = logging.getLogger(__name__)

RECHECK_SECONDS = 0.2
"""How soon what was cancelled meanwhile is noticed; what is in a socket by then has left."""
FLUSH_SECONDS = 2
"""How long an outcome may stay in the journal alone."""
IN_A_ROW = 20
"""So many messages one after another that cannot be written, or that a relay refuses by its policy,
are no accident."""

VERDICTS = {
    Fate.ACCEPTED: Verdict.ACCEPTED,
    Fate.DEFERRED: Verdict.DEFERRED,
    Fate.REFUSED: Verdict.REFUSED,
    Fate.UNANSWERED: Verdict.UNANSWERED,
}
MARKS = {
    Fate.ACCEPTED: Mark.ACCEPTED,
    Fate.DEFERRED: Mark.DEFERRED,
    Fate.REFUSED: Mark.REFUSED,
}
"""The marks of what the relay has answered."""


class Batch:
    """What was claimed at once, and what came of it so far; a transport's watcher."""

    def __init__(
        self,
        runtime: Runtime,
        journal: Journal,
        claimed: Sequence[Claim],
        may_go_on: Callable[[], bool],
        flush: Callable[[Sequence[Outcome]], None],
    ) -> None:
        self.runtime = runtime
        self.journal = journal
        self.refused_in_a_row = 0
        """By the relay's policy, since it last took a message."""
        self.last_reply = ""
        self._unwritten_in_a_row = 0
        self._left = deque(claimed)
        self._in_hand: dict[int, Claim] = {}
        """Handed to the transport, which has not begun to send it."""
        self._away: dict[int, Claim] = {}
        """About to leave or gone, without an answer yet."""
        self._drafts: dict[int, AnyDraft | Unwritten] = {}
        self._frozen: dict[int, bytes] = {}
        self._outcomes: list[Outcome] = []
        self._relay = ""
        self._may_go_on = may_go_on
        self._flush = flush
        self._checked_at = self._flushed_at = time.monotonic()

    def load(self) -> None:
        """Read everything that the letters need, and drop what makes no sense any more."""
        runtime = self.runtime
        with runtime.reading() as tx:
            self._drop(claims.check(tx, self._left, owner=self.journal.owner, now=runtime.now()))
            ids = [claim.delivery_id for claim in self._left]
            self._drafts = letters.prepare(
                tx,
                ids,
                links=runtime.links,
                sender=runtime.settings.mail_from,
                reads_replies=bool(runtime.settings.intake_url),
            )
            self._frozen = claims.list_frozen(tx, self._left)

    def send(self, relay: str) -> None:
        """Send what is left through a relay.

        :raises RelayDown: it takes nothing from anyone; what it did not take is left.
        :raises Unkept: the journal takes no more; what has not begun to leave is left.
        """
        self._relay = relay
        self.refused_in_a_row = 0
        try:
            self.runtime.transport.send(relay, self._list_messages(), self)
        finally:
            self._left.extendleft(reversed(self._in_hand.values()))
            self._in_hand.clear()

    def end(self, *, relay_down: str | None = None) -> list[Outcome]:
        """Return what came of each message, but for what was recorded on the way.

        :param relay_down: what was said last, where no relay takes anything.
        """
        verdict = Verdict.GIVEN_BACK if relay_down is None else Verdict.RELAY_DOWN
        self._outcomes += [Outcome(claim, verdict, relay_down) for claim in self._left]
        self._left.clear()
        return self._outcomes

    def is_wanted(self, message: Message) -> bool:
        """Tell whether a message is still to leave, however long the relay has kept it waiting."""
        if not self._may_go_on():
            return False
        self._recheck()
        return message.key in self._in_hand

    def before_body(self, message: Message) -> None:
        """Note that a message is about to leave, and keep it."""
        self.journal.keep(message.key, self._in_hand[message.key].epoch, message.content)
        self._away[message.key] = self._in_hand.pop(message.key)
        faults.reach("before-body")

    def after_dot(self, message: Message) -> None:
        """Note that the final dot was handed over."""
        self._mark_left(Mark.SENT, self._away[message.key])
        faults.reach("after-dot")

    def settle(self, message: Message, result: Result) -> None:
        """Note what the relay has answered, or that it has not."""
        claim = self._away.pop(message.key, None) or self._in_hand.pop(message.key)
        if result.fate in MARKS:
            self._mark_left(MARKS[result.fate], claim, result.reply, result.failure)
        faults.reach("after-reply")
        is_unsure = result.fate is Fate.UNANSWERED
        self._outcomes.append(
            Outcome(
                claim,
                VERDICTS[result.fate],
                result.reply,
                failure=result.failure,
                relay=self._relay,
                content=message.content if is_unsure else None,
            )
        )
        self._count_refusal(result)
        # A line for each that has arrived would be most of the work of a large mailing.
        level = logging.DEBUG if result.fate is Fate.ACCEPTED else logging.INFO
        logger.log(
            level,
            "delivery %s: delivery=%s mailing=%s attempt=%s failure=%s",
            VERDICTS[result.fate],
            claim.delivery_id,
            claim.mailing_id,
            claim.attempts,
            result.failure,
        )
        if time.monotonic() - self._flushed_at > FLUSH_SECONDS:
            self._flush(self._outcomes)
            self._outcomes = []
            self._flushed_at = time.monotonic()

    def _count_refusal(self, result: Result) -> None:
        if result.fate is Fate.ACCEPTED:
            self.refused_in_a_row = 0
        elif result.fate is Fate.REFUSED and result.failure is Failure.POLICY:
            self.refused_in_a_row += 1
            self.last_reply = result.reply

    def _list_messages(self) -> Iterator[Message]:
        """Give out one message after another, each composed when it is asked for."""
        while self._left and not self._is_hopeless() and self._may_go_on():
            self._recheck()
            if not self._left:
                return
            claim = self._left[0]
            message = self._compose(claim)
            self._left.popleft()
            if message is not None:
                self._in_hand[claim.delivery_id] = claim
                yield message

    def _is_hopeless(self) -> bool:
        return max(self.refused_in_a_row, self._unwritten_in_a_row) >= IN_A_ROW

    def _recheck(self) -> None:
        """Look again, every now and then, at what has not begun to leave."""
        if time.monotonic() - self._checked_at <= RECHECK_SECONDS:
            return
        waiting = [*self._in_hand.values(), *self._left]
        with self.runtime.reading() as tx:
            self._drop(claims.check(tx, waiting, owner=self.journal.owner, now=self.runtime.now()))
        self._checked_at = time.monotonic()

    def _drop(self, dropped: Mapping[int, Outcome]) -> None:
        self._outcomes += dropped.values()
        self._left = deque(one for one in self._left if one.delivery_id not in dropped)
        for delivery_id in dropped:
            self._in_hand.pop(delivery_id, None)

    def _compose(self, claim: Claim) -> Message | None:
        """Return a message as it is sent; one that may have left already is the same again."""
        self._mark(Mark.BEGUN, claim)
        faults.reach("before-compose")
        delivery_id = claim.delivery_id
        draft = self._drafts[delivery_id]
        if isinstance(draft, Unwritten):
            self._note_unwritten(claim, draft.reason)
            return None
        try:
            content = self._frozen.get(delivery_id) or self.runtime.sign(draft.compose())
        except Exception as error:  # recorded with the delivery, for organisers to see
            self._note_unwritten(claim, Unwritten.because(error).reason)
            return None
        self._unwritten_in_a_row = 0
        return_path = self.runtime.find_return_path(delivery_id)
        return Message(delivery_id, draft.recipient, content, draft.name, return_path)

    def _note_unwritten(self, claim: Claim, reason: str) -> None:
        logger.error("letter not written: delivery=%s", claim.delivery_id)
        self._outcomes.append(Outcome(claim, Verdict.UNWRITTEN, reason))
        self._unwritten_in_a_row += 1

    def _mark_left(
        self, mark: Mark, claim: Claim, reply: str = "", failure: Failure | None = None
    ) -> None:
        """Mark what has left: that is known here, even where the journal takes no more."""
        try:
            self._mark(mark, claim, reply, failure)
        except Unkept as error:
            logger.error("mark not kept: delivery=%s errno=%s", claim.delivery_id, error.errno)

    def _mark(
        self, mark: Mark, claim: Claim, reply: str = "", failure: Failure | None = None
    ) -> None:
        self.journal.mark(mark, claim.delivery_id, claim.epoch, reply, failure)
