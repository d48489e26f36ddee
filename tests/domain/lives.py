"""The lives of deliveries, as a machine that Hypothesis tells stories with.

Two workers claim, send, sleep and die; a timer takes back, fills and gives up; organisers pause,
cancel and move; people register, cancel and want no more mails. What may come of each step, and
what must always hold, is `tests.domain.watched`.

A story is one transaction, undone in the end: the next one finds the database empty.
"""

import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import repeat

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.domain.test_mailings import DUE, look, prepare
from tests.domain.watched import (
    BOUNCED,
    CANCELLED,
    DELIVERED,
    EXPIRED,
    FAILED,
    OVER,
    PENDING,
    SENDING,
    SUPPRESSED,
    UNCERTAIN,
    UNSENT,
    May,
    Watched,
)
from tests.factories import NOW, make_registration
from webinars import (
    bounces,
    changes,
    claims,
    deliveries,
    events,
    participants,
    registrations,
    steering,
    suppressions,
    telling,
)
from webinars.changes import Dates, Order
from webinars.claims import LEASE
from webinars.errors import (
    DatePast,
    EventCancelled,
    EventEnded,
    MailingCancelled,
    MailingDone,
    MailingTooLate,
    NothingToReopen,
)
from webinars.mail.journal import Entry, Mark, Remains
from webinars.mail.reports import Finding, Report, Told
from webinars.models import Failure, Lane, MailingState, MailName, Presence
from webinars.outcomes import LOSSES_BEFORE_ALONE, Claim, Outcome, Verdict

REFUSALS = (EventCancelled, MailingDone, MailingCancelled, MailingTooLate)
BATCH = 3
"""How many a worker claims at once."""
MOST_LOOKS = 100
"""So often the timer may look until everything is over."""

MARKS = {
    Verdict.ACCEPTED: (Mark.ACCEPTED, "250 taken"),
    Verdict.DEFERRED: (Mark.DEFERRED, "451 4.3.0 later"),
    Verdict.REFUSED: (Mark.REFUSED, "554 5.6.0 no"),
    Verdict.UNANSWERED: (Mark.SENT, ""),
    Verdict.RELAY_DOWN: (Mark.WRITTEN, ""),
}
"""What the journal says of an answer."""


@dataclass
class Worker:
    """What a worker knows: the rows it believes to hold, and what its journal says."""

    owner: str
    left: list[Claim] = field(default_factory=list)
    in_hand: Claim | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    """Not written down yet."""
    entries: dict[int, Entry] = field(default_factory=dict)
    leased_until: datetime = NOW

    @property
    def is_busy(self):
        return bool(self.left or self.in_hand or self.outcomes)

    def note(self, claim, mark, reply=""):
        self.entries[claim.delivery_id] = Entry(*claim[:2], mark, reply, b"the message")


WORKERS = st.sampled_from([0, 1])
WORDS = st.lists(st.sampled_from([Verdict.ACCEPTED, *MARKS]), max_size=4)
MAILS = st.sampled_from([MailName.REMINDER, MailName.CONNECTION_LINK, MailName.CONFIRMATION])
PEOPLE = st.integers(0, 5)
HAPPENINGS = {
    "wait": (
        8,
        st.sampled_from([0, 20, 60, 130, 130, 130, 400]),
        st.sampled_from(["nobody", "timer", "both"]),
    ),
    "wait_long": (1, st.sampled_from([1, 2, 24])),
    "flush": (3, WORKERS),
    "renew": (2, WORKERS),
    "die": (
        2,
        WORKERS,
        st.sampled_from([Mark.BEGUN, Mark.WRITTEN, Mark.SENT]),
        st.sampled_from(["whole", "whole", "torn", "gone"]),
    ),
    "pause": (3, MAILS),
    "resume": (3, MAILS),
    "cancel": (1, MAILS),
    "again": (1, MAILS),
    "change": (3, st.sampled_from(["move", "postpone", "cancel", "reopen", "reopen"])),
    "register": (1,),
    "give_up_place": (1, PEOPLE),
    "unsubscribe": (1, PEOPLE, st.booleans()),
    "resubscribe": (1, PEOPLE, st.booleans()),
    "report": (1, st.integers(0, 20), st.sampled_from([Told.FAILED, Told.DELIVERED])),
}
"""What may happen: how often, and with what."""
STORY = st.sampled_from(
    [name for name, (times, *_) in HAPPENINGS.items() for _ in range(times)]
).flatmap(lambda name: st.tuples(st.just(name), *HAPPENINGS[name][1:]))


def find_next_day(event):
    starts = datetime.combine(event.starts_on, event.starts_time) + timedelta(days=1)
    ends = datetime.combine(event.ends_on, event.ends_time) + timedelta(days=1)
    return Dates(starts, ends)


class Undone(Exception):
    """Raised to have everything undone."""


class Lives(Watched, RuleBasedStateMachine):
    """One webinar whose link and reminder are due, and a few people."""

    def __init__(self, database):
        super().__init__()
        self.database = database

    @initialize()
    def begin(self):
        self.outer = self.database.transaction()
        self.tx = self.outer.__enter__()
        self.event = prepare(self.tx)
        self.begin_watching()
        self.owners = 0
        self.crew = [self.hire(), self.hire()]
        self.dead = []
        """The journals of dead workers that nobody has read yet."""
        self.people = []
        self.now = NOW
        for _ in range(4):
            self.register()
        self.now = DUE
        self.tick()

    def teardown(self):
        if not hasattr(self, "outer"):
            return
        try:
            if sys.exc_info()[0] is None:  # the story went well so far
                self.drain()
        finally:
            self.outer.__exit__(Undone, Undone(), None)

    @invariant()
    def always(self):
        self.holds()

    @rule(number=WORKERS, words=WORDS, then=STORY)
    def live(self, number, words, then):
        """Let a worker work, and then something happen.

        One rule for all, since Hypothesis tells half of its stories without any one rule.
        """
        self.work(self.crew[number], words)
        name, *arguments = then
        getattr(self, name)(*arguments)
        if name in {"wait_long", "again", "cancel", "report"}:
            self.look()
            self.count()

    def hire(self):
        self.owners += 1
        return Worker(f"worker {self.owners}")

    def work(self, worker, words):
        """Let a worker go on until there is nothing to do, or no more words.

        :param words: what the relay says, should it be asked.
        """
        for word in words:
            self.step(worker, word)
            if not worker.is_busy:
                return

    def step(self, worker, word):
        """Send one, hear of it, or record all and claim again."""
        if worker.in_hand is not None:
            self.hear(worker, word)
        elif worker.left and self.now < worker.leased_until:
            self.send(worker)
        else:
            self.turn(worker)

    def send(self, worker):
        dropped = claims.check(self.tx, worker.left, owner=worker.owner, now=self.now)
        worker.outcomes += dropped.values()
        worker.left = [one for one in worker.left if one.delivery_id not in dropped]
        if worker.left:
            worker.in_hand = worker.left.pop(0)
            self.require_sense(worker, worker.in_hand)
            self.require_alone(worker, worker.in_hand)
            worker.note(worker.in_hand, Mark.SENT)
            self.left[worker.in_hand.delivery_id] += 1

    def require_alone(self, worker, claim):
        """Make sure that no one else believes to hold what begins to leave."""
        for other in self.crew:
            if other is not worker and self.now < other.leased_until:
                assert claim.delivery_id not in {one.delivery_id for one in other.left}

    def hear(self, worker, word):
        one, worker.in_hand = worker.in_hand, None
        if word not in {Verdict.ACCEPTED, Verdict.UNANSWERED}:
            self.left[one.delivery_id] -= 1  # it has not left after all
        worker.note(one, *MARKS[word])
        content = b"the message" if word is Verdict.UNANSWERED else None
        worker.outcomes.append(Outcome(one, word, MARKS[word][1] or None, content=content))

    def turn(self, worker):
        worker.outcomes += [Outcome(one, Verdict.GIVEN_BACK) for one in worker.left]
        worker.left.clear()
        self.record(worker)
        for lane in Lane:
            worker.left += self.claim(worker, lane)
        self.look()
        worker.entries.clear()
        worker.leased_until = self.now + LEASE

    def flush(self, number):
        """Record what a worker knows in the middle of a batch, however late."""
        self.record(self.crew[number])

    def renew(self, number):
        """Let a worker's heart beat, perhaps after a long sleep."""
        worker, until = self.crew[number], self.now + LEASE
        for row in self.rows.values():
            if row.lease_owner == worker.owner and row.lease_until > self.now:
                self.may[row.id] = May({SENDING}, worker.owner, until)
        if claims.renew(self.tx, worker.owner, now=self.now):
            worker.leased_until = until

    def record(self, worker):
        if not worker.outcomes:
            return
        claims.record(self.tx, worker.outcomes, now=self.now)
        for outcome in worker.outcomes:
            self.expect(outcome.claim.delivery_id, outcome.claim.epoch, outcome.verdict)
        worker.outcomes.clear()
        self.look()

    def claim(self, worker, lane):
        due = self.list_due(lane)
        assert claims.has_due(self.tx, lane, now=self.now) == bool(due)
        if not due or worker.left:
            return []
        taken = claims.claim(self.tx, lane, owner=worker.owner, now=self.now, limit=BATCH)
        healthy = [one.id for one in due if one.losses < LOSSES_BEFORE_ALONE]
        expected = healthy[:BATCH] or [one.id for one in due[:1]]
        assert sorted(one.delivery_id for one in taken) == sorted(expected)
        for one in taken:
            self.may[one.delivery_id] = May({SENDING}, worker.owner, self.now + LEASE, 1)
            assert one.epoch == self.rows[one.delivery_id].lease_epoch + 1
        return taken

    def die(self, number, mark, journal):
        """Kill a worker; a power cut may have torn its journal, and a lost machine takes it away.

        :param mark: how far the message in hand has come.
        """
        worker, self.crew[number] = self.crew[number], self.hire()
        if worker.in_hand is not None:
            self.left[worker.in_hand.delivery_id] -= mark is not Mark.SENT
            worker.note(worker.in_hand, mark)
        if journal != "gone":
            entries = worker.entries if journal == "whole" else {}
            self.dead.append(Remains(worker.owner, journal == "whole", entries))

    def wait(self, seconds, who):
        """Let time pass, and a timer look then, or nobody; or also the timers of the dead."""
        self.now += timedelta(seconds=seconds)
        if who != "nobody":
            self.tick()
        if who == "both":
            self.replay()

    def wait_long(self, hours):
        self.wait(hours * 3600, "timer")

    def replay(self):
        """Bring up to date what the dead left, late where their leases have run out."""
        self.look()
        for remains in self.dead:
            self.expect_replay(remains, lambda row: True)
            claims.replay(self.tx, remains, now=self.now)
            self.look()
        self.dead.clear()

    def tick(self):
        """Look as the timer does; the first worker is of its machine, the other one elsewhere."""
        here = self.crew[0]
        if here.owner in claims.hold_expired(self.tx, now=self.now):
            remains = Remains(here.owner, True, dict(here.entries))
            self.expect_replay(remains, lambda row: row.lease_until <= self.now)
            claims.replay_expired(self.tx, remains, now=self.now)
            self.look()
        for row in self.rows.values():
            if row.state is SENDING and row.lease_until <= self.now:
                self.may[row.id] = May({PENDING, UNCERTAIN})
        claims.free_expired_leases(self.tx, now=self.now)
        self.look()
        self.may_add = True
        look(self.tx, self.now)
        self.follow_paused()
        self.look()
        self.expect_given_up(EXPIRED, lambda row: row.expires_at <= self.now)
        deliveries.expire(self.tx, now=self.now)

    def get_mailing(self, template):
        rows = steering.list_all(self.tx, self.event.id)
        return next(one for one in rows if one.template is template)

    def pause(self, name):
        with suppress(*REFUSALS):
            mailing = self.get_mailing(name)
            steering.pause(self.tx, mailing, self.now)
            self.paused.add(mailing.id)

    def resume(self, name):
        with suppress(*REFUSALS):
            mailing = self.get_mailing(name)
            steering.resume(self.tx, mailing, self.now)
            self.paused.discard(mailing.id)

    def again(self, name):
        self.may_add = True
        with suppress(*REFUSALS):
            mailing = self.get_mailing(name)
            steering.send_again(self.tx, mailing, self.now, with_uncertain=True)

    def cancel(self, name):
        with suppress(*REFUSALS):
            mailing = self.get_mailing(name)
            steering.cancel(self.tx, mailing)
            self.expect_given_up(CANCELLED, lambda row: row.mailing_id == mailing.id)
            self.paused.discard(mailing.id)
            self.cancelled.add(mailing.id)

    def change(self, what):
        """Move the event by a day, postpone it, cancel it, or let it take place after all."""
        order = Order("nadia@example.org", self.now)
        self.may_add = True
        try:
            with self.tx.begin_nested():
                arguments = [find_next_day(self.event)] if what == "move" else []
                getattr(changes, what)(self.tx, self.event, *arguments, order)
        except (EventCancelled, EventEnded, NothingToReopen, DatePast):
            self.event = events.get(self.tx, self.event.slug)
            return
        self.expect_superseded()
        self.follow_paused()

    def register(self):
        number = len(self.people)
        is_off = self.event.cancelled_at or self.event.postponed_at
        if number > 6 or is_off or self.now >= self.event.ends_at:
            return
        registration = make_registration(
            self.tx,
            self.event,
            last_name=f"Personne {number}",
            email=f"p{number}@example.org",
            confirmed_at=self.now,
            presence=Presence.PRESENT,
        )
        self.people.append(registration)
        self.may_add = True
        telling.tell(self.tx, self.event, registration, MailName.CONFIRMATION, now=self.now)

    def unsubscribe(self, number, everywhere):
        key, event_id = self.find_person(number).email_key, None if everywhere else self.event.id
        suppressions.unsubscribe(self.tx, key, event_id, now=self.now)
        self.unwanted.add((key, event_id))
        mails = suppressions.UNSUBSCRIBABLE
        self.expect_given_up(SUPPRESSED, lambda row: row.email_key == key and row.template in mails)

    def resubscribe(self, number, everywhere):
        key, event_id = self.find_person(number).email_key, None if everywhere else self.event.id
        suppressions.resubscribe(self.tx, key, event_id, now=self.now)
        self.unwanted.discard((key, event_id))

    def give_up_place(self, number):
        person = self.find_person(number)
        self.may_add = True
        with suppress(EventEnded):
            found = participants.get(self.tx, person.id)
            registrations.cancel(self.tx, found, now=self.now)
            if person.id not in self.gone:
                self.expect_given_up(CANCELLED, lambda row: row.registration_id == person.id)
            self.gone.add(person.id)

    def find_person(self, number):
        return self.people[number % len(self.people)]

    def report(self, number, told):
        """Let another machine report of a mail that has left, whatever its worker knows."""
        left = [self.rows[one] for one, times in sorted(self.left.items()) if times]
        if not left:
            return
        row = left[number % len(left)]
        becomes = BOUNCED if told is Told.FAILED else DELIVERED
        knows_better = {FAILED, BOUNCED} if told is Told.FAILED else {FAILED, DELIVERED, BOUNCED}
        finding = Finding(told, Failure.OTHER if told is Told.FAILED else None, "said")
        bounces.record(self.tx, Report(row.id, finding), now=self.now)
        if row.state not in knows_better | UNSENT:
            self.may[row.id] = May({becomes})
            self.accepted.add(row.id)

    def drain(self):
        """Resume everything and let time pass: in the end nothing waits, and nobody was missed."""
        for mailing in steering.list_all(self.tx, self.event.id):
            if mailing.id in self.paused:
                self.resume(mailing.template)
        for _ in range(MOST_LOOKS):
            self.tick()
            self.look()
            for worker in self.crew:
                self.work(worker, repeat(Verdict.ACCEPTED))
            self.holds()
            moments = self.list_next_moments()
            if not moments:
                break
            self.now = min(moments)
        self.require_everything_over()
        self.require_nobody_missed()
        self.count()

    def list_next_moments(self):
        """List when there will be something to do."""
        rows = [row for row in self.rows.values() if row.state in deliveries.OPEN]
        moments = [row.lease_until or row.not_before for row in rows]
        for mailing in steering.list_all(self.tx, self.event.id):
            if mailing.state is MailingState.SENDING:
                is_over = mailing.id not in {row.mailing_id for row in rows}
                moments += [self.now + timedelta(seconds=1)] if is_over else []
            elif mailing.state not in OVER:
                moments += [one for one in (mailing.due_at, mailing.expires_at) if one]
        return [one for one in moments if one > self.now]
