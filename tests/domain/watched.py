"""A model beside the rows of deliveries: what may become of each, and what must always hold.

Whoever does something says first, or right after, what it may make of which rows (`may`); the next
look makes sure that they are so, and that every other row is as it was, to the letter. What truly
left, what was accepted and what was asked is remembered here, whatever the rows say.
"""

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from webinars import audiences, deliveries, mailings, outcomes, steering, suppressions
from webinars.mail.journal import Mark
from webinars.models import (
    Delivery,
    DeliveryState,
    Failure,
    Lane,
    Mailing,
    MailingState,
    MailName,
    Registration,
    RegistrationStatus,
    SuppressionReason,
)
from webinars.outcomes import Verdict

PENDING, SENDING, ACCEPTED, DELIVERED, BOUNCED = list(DeliveryState)[:5]
FAILED, UNCERTAIN, EXPIRED, SUPPRESSED, CANCELLED = list(DeliveryState)[5:]
PAUSED, DONE = MailingState.PAUSED, MailingState.DONE
TAKEN = {ACCEPTED, DELIVERED, BOUNCED}
OVER = {DONE, MailingState.CANCELLED}
UNWANTED = SuppressionReason.UNSUBSCRIBED
UNSENT = {EXPIRED, SUPPRESSED, CANCELLED}

BECOMES = {
    Verdict.REFUSED: {FAILED},
    Verdict.DEFERRED: {PENDING, EXPIRED, FAILED, UNCERTAIN},
    Verdict.UNANSWERED: {PENDING, UNCERTAIN},
    Verdict.RELAY_DOWN: {PENDING},
    Verdict.GIVEN_BACK: {PENDING},
    Verdict.POINTLESS: {CANCELLED, UNCERTAIN, PENDING},
    Verdict.TOO_LATE: {EXPIRED, UNCERTAIN},
    Verdict.SUPPRESSED: {SUPPRESSED, UNCERTAIN},
    Verdict.UNTOUCHED: {PENDING},
    Verdict.BEGUN: {PENDING, FAILED, UNCERTAIN},
    Verdict.UNFINISHED: {PENDING, UNCERTAIN},
    Verdict.UNHEARD: {PENDING, UNCERTAIN},
}
"""What a row may become that the claim still holds; an acceptance holds whoever has it."""
MEANS = {
    Mark.BEGUN: Verdict.BEGUN,
    Mark.WRITTEN: Verdict.UNFINISHED,
    Mark.SENT: Verdict.UNHEARD,
    Mark.ACCEPTED: Verdict.ACCEPTED,
    Mark.DEFERRED: Verdict.DEFERRED,
    Mark.REFUSED: Verdict.REFUSED,
}
"""What a dead worker's last mark comes to."""


class Row(NamedTuple):
    """A delivery as it stands."""

    id: int
    intent: str
    mailing_id: int | None
    registration_id: int
    template: MailName
    lane: Lane
    email_key: str
    state: DeliveryState
    not_before: datetime
    expires_at: datetime
    attempts: int
    lease_owner: str | None
    lease_until: datetime | None
    lease_epoch: int
    accepted_at: datetime | None
    reply: str | None
    failure: Failure | None
    waits_for: str | None
    losses: int
    maybe_twice: bool


_COLUMNS = Delivery.__table__.c
ROWS = select(*(_COLUMNS[name] for name in Row._fields)).order_by(_COLUMNS.id)
STATES = select(Mailing.id, Mailing.state, Mailing.due_at)


class May(NamedTuple):
    """What a step may make of a row."""

    states: set[DeliveryState]
    owner: str | None = None
    until: datetime | None = None
    claims: int = 0


class Watched:
    """The deliveries of one event, watched: `tx`, `event` and `now` are of whoever inherits."""

    def begin_watching(self):
        self.rows = {}
        self.may = {}
        self.may_add = False
        self.left = Counter()
        """How often each has truly left, as far as anyone could know."""
        self.accepted = set()
        self.paused, self.cancelled = set(), set()
        """Mailings."""
        self.gone, self.unwanted = set(), set()
        """Who cancelled; which addresses want no mails that they can do without, where."""

    def look(self):
        """Read the rows anew: what was named is as it may be by now, and all else as it was."""
        before, self.rows = self.rows, self.read()
        assert before.keys() <= self.rows.keys()
        for row in self.rows.values():
            if row.id not in before:
                assert self.may_add
                assert (row.state, row.lease_epoch, row.maybe_twice) == (PENDING, 0, False)
            elif row.id not in self.may:
                assert row == before[row.id]
            else:
                states, owner, until, claimed = self.may[row.id]
                assert row.state in states
                assert (row.lease_owner, row.lease_until) == (owner, until)
                assert row.lease_epoch == before[row.id].lease_epoch + claimed
        self.may.clear()
        self.may_add = False

    def read(self):
        self.tx.flush()
        return {row[0]: Row._make(row) for row in self.tx.execute(ROWS)}

    def expect(self, delivery_id, epoch, verdict):
        """Foresee what comes of a claim: nothing where it is stale, but for an acceptance."""
        row = self.rows[delivery_id]
        if verdict is Verdict.ACCEPTED:
            self.accepted.add(delivery_id)
            self.may[delivery_id] = May({row.state} & {DELIVERED, BOUNCED} or {ACCEPTED})
        elif (row.state, row.lease_epoch) == (SENDING, epoch):
            self.may[delivery_id] = May(BECOMES[verdict])

    def expect_replay(self, remains, is_meant):
        """Foresee what comes of a journal: to what its worker holds, and to what was accepted."""
        for row in self.rows.values():
            entry = remains.entries.get(row.id)
            if row.lease_owner == remains.owner and is_meant(row):
                untold = Verdict.UNTOUCHED if remains.is_whole else Verdict.UNFINISHED
                is_told = entry is not None and entry.epoch == row.lease_epoch
                self.expect(row.id, row.lease_epoch, MEANS[entry.mark] if is_told else untold)
            elif entry is not None and entry.mark is Mark.ACCEPTED:
                self.expect(row.id, entry.epoch, Verdict.ACCEPTED)

    def expect_given_up(self, state, is_meant):
        """Foresee that what waits is given up; nobody can tell of what may have left."""
        for row in self.rows.values():
            if row.state is PENDING and is_meant(row):
                self.may[row.id] = May({UNCERTAIN if row.maybe_twice else state})

    def expect_superseded(self):
        """Foresee that of what waits some may say by now what is true, and some is given up.

        What was not taken may make way for its like.
        """
        for row in self.rows.values():
            if row.state is PENDING:
                self.may[row.id] = May({PENDING, UNCERTAIN if row.maybe_twice else CANCELLED})
            elif row.state in {*UNSENT, *deliveries.MISSED}:
                self.may[row.id] = May({row.state})

    def follow_paused(self):
        """Forget of paused mailings those that were ended by something else."""
        states = {one: state for one, state, _ in self.tx.execute(STATES)}
        self.paused = {one for one in self.paused if states[one] is PAUSED}

    def list_due(self, lane):
        """List what a claim has to take from, in this order."""
        due = [
            row
            for row in self.rows.values()
            if (row.state, row.lane) == (PENDING, lane)
            and row.not_before <= self.now
            and row.mailing_id not in self.paused
        ]
        return sorted(due, key=lambda row: (row.not_before, row.id))

    def require_sense(self, worker, claim):
        """Make sure that what begins to leave is the worker's, and that nothing speaks against."""
        row = self.rows[claim.delivery_id]
        assert (row.state, row.lease_owner, row.lease_epoch) == (SENDING, worker.owner, claim.epoch)
        assert row.lease_until > self.now
        assert row.expires_at > self.now
        assert row.mailing_id not in self.paused | self.cancelled
        if row.registration_id in self.gone:
            assert row.template is MailName.REGISTRATION_CANCELLED
        assert self.event.cancelled_at is None or row.template in outcomes.DESPITE_CANCELLATION
        assert self.event.postponed_at is None or row.template not in outcomes.UNTIL_POSTPONED
        if row.template in suppressions.UNSUBSCRIBABLE:
            assert row.email_key not in {key for key, _ in self.unwanted}

    def holds(self):
        """Make sure of what is true at any time."""
        self.look()
        for row in self.rows.values():
            assert (row.state is SENDING) == (row.lease_owner is not None)
            assert row.id not in self.accepted or row.state in TAKEN
            if self.left[row.id]:
                assert row.state not in UNSENT
                assert row.state is not PENDING or row.maybe_twice
            assert self.left[row.id] < 2 or row.maybe_twice
        mailings_now = self.tx.execute(STATES).all()
        assert {one for one, state, _ in mailings_now if state is PAUSED} == self.paused
        done = {one for one, state, due_at in mailings_now if state is DONE and due_at}
        opened = {row.mailing_id for row in self.rows.values() if row.state in deliveries.OPEN}
        assert not done & opened

    def count(self):
        """Look at the organisers' page: its numbers are those of the rows."""
        last = {(row.mailing_id, row.registration_id): row.id for row in self.rows.values()}
        counted = Counter()
        for row in self.rows.values():
            is_last = last[row.mailing_id, row.registration_id] == row.id
            if row.state in deliveries.TAKEN:
                counted[row.mailing_id, "accepted"] += 1
            elif row.state in deliveries.OPEN:
                counted[row.mailing_id, "waiting"] += 1
            elif is_last and row.reply == UNWANTED and row.state is SUPPRESSED:
                counted[row.mailing_id, "unwanted"] += 1
            elif is_last and row.state in deliveries.MISSED:
                counted[row.mailing_id, "failed"] += 1
        for one in mailings.list_rows(self.tx, self.event.id, self.now):
            said = {"accepted": one.accepted, "waiting": one.waiting, "failed": one.failed}
            assert one.total == sum(said.values())
            said["unwanted"] = one.unwanted
            assert said == {what: counted[one.id, what] for what in said}

    def require_everything_over(self):
        """Make sure that nothing waits any more, nor is planned."""
        assert not [row for row in self.rows.values() if row.state in deliveries.OPEN]
        assert not [one for one, state, _ in self.tx.execute(STATES) if state not in OVER]

    def require_nobody_missed(self):
        """Make sure that whoever belongs to the audience of a mailing that is done has a mail."""
        last = {(row.mailing_id, row.registration_id): row for row in self.rows.values()}
        confirmed = select(Registration.id, Registration.confirmed_at).where(
            Registration.status == RegistrationStatus.CONFIRMED
        )
        people = self.tx.execute(confirmed).all()
        for mailing in steering.list_all(self.tx, self.event.id):
            if mailing.state is DONE and mailing.due_at is not None:
                for one in [one for one, confirmed_at in people if confirmed_at < mailing.due_at]:
                    row = last[mailing.id, one]
                    intent = audiences.make_intent(mailing.id, mailing.due_at, one)
                    assert row.intent.startswith(intent)
                    assert row.state is not CANCELLED
