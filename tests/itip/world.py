"""An event whose organisers and people do what they like, and the mailboxes that hear of it.

Everything goes the real road: the domain's functions in transactions of their own, then the workers
until nothing is due, then whatever they sent. Refusals of the domain are answers like any other.
"""

import shutil
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from sqlalchemy import select

from tests.domain.registering import say
from tests.factories import NOW, make_event, make_institution, make_session
from tests.itip.store import Calendar
from tests.workers.conftest import Mailbox, StandingClock, make_settings
from webinars import (
    calendar,
    changes,
    choices,
    corrections,
    events,
    programme,
    registrations,
    substitutes,
)
from webinars.changes import Dates, Order, Sitting
from webinars.errors import WebinarsError
from webinars.models import (
    Delivery,
    DeliveryState,
    Lane,
    Registration,
    RegistrationStatus,
    Venue,
)
from webinars.runtime import open_runtime
from webinars.substitutes import Substitute
from workers.drain import drain
from workers.stopping import Stop

PEOPLE = ("samira", "jean", "zoe")
CHOICES = ((), ("atelier-a",), ("atelier-b", "atelier-c"), ("atelier-d",))
SESSIONS = {
    "ouverture": (0, time(9), time(10), None),
    "atelier-a": (0, time(10), time(12), "matin"),
    "atelier-b": (0, time(10), time(12, 30), "matin"),
    "atelier-c": (1, time(9), time(11), "lendemain"),
    "atelier-d": (1, time(9, 30), time(12), "lendemain"),
}
"""Which day, from when until when, in which slot. On the second day everything is to be chosen."""
STARTS, ENDS = datetime(2020, 11, 3, 9), datetime(2020, 11, 4, 12)  # noqa: DTZ001 - local
MARRAKECH = Venue("Palais des congrès", "Marrakech", "MA")
GIVEN_UP = {RegistrationStatus.CANCELLED, RegistrationStatus.DECLINED}


@dataclass
class Post(Mailbox):
    """A transport that keeps every message, in the order in which they left."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def send(self, relay, messages, watcher):
        super().send(relay, self._noting(messages), watcher)

    def _noting(self, messages):
        for message in messages:
            self.sent.append((message.recipient, message.content))
            yield message


class World:
    """The service, its event and its people, at an hour that moves on."""

    def __init__(self, folder, template, *, capacity=None):
        folder.mkdir()
        shutil.copy(template, folder / "webinars.db")
        self.clock = StandingClock(NOW)
        self.post = Post()
        settings = make_settings(f"sqlite:///{folder}/webinars.db", folder)
        opened = open_runtime(settings, self.clock)
        self.runtime = replace(opened, transport=self.post)
        self.names = {}
        """Of each person, the registration."""
        with self.runtime.transaction() as tx:
            event = make_event(
                tx,
                starts=STARTS,
                ends=ENDS,
                capacity=capacity,
                institutions=[make_institution(tx)],
            )
            for position, (code, (day, starts, ends, slot)) in enumerate(SESSIONS.items()):
                make_session(
                    tx,
                    event,
                    code,
                    day=STARTS.date() + timedelta(days=day),
                    starts=starts,
                    ends=ends,
                    slot=slot,
                    position=position,
                )
            self.slug = event.slug
        self.moves = 0
        self.addresses = 0

    def close(self):
        self.runtime.close()

    def do(self, name, *args):
        """Do something, and tell whether it was refused."""
        self.clock.now += timedelta(minutes=7)
        try:
            with self.runtime.transaction() as tx:
                getattr(self, f"_{name}")(tx, *args)
        except WebinarsError as error:
            return error
        return None

    def _nothing(self, tx):
        pass

    # What people do.

    def _register(self, tx, person, chosen):
        said = say(("Nom", person.title(), f"{person}@example.org"), sessions=chosen)
        event = events.get(tx, self.slug)
        done = registrations.register(tx, event, said, source="form", now=self.clock.now)
        self.names[person] = done.registration.id

    def _choose(self, tx, person, chosen):
        registration = self._get(tx, person)
        first, email = registration.first_name, registration.email
        said = say((registration.last_name, first, email), sessions=chosen)
        corrections.change(tx, registration, said, now=self.clock.now)

    def _correct_address(self, tx, person):
        self.addresses += 1
        email = f"{person}-{self.addresses}@example.org"
        corrections.correct_address(tx, self._get(tx, person), email, now=self.clock.now)

    def _give_up(self, tx, person):
        registrations.cancel(tx, self._get(tx, person), now=self.clock.now)

    def _substitute(self, tx, person):
        """Let somebody new come in her place; from then on it is she who is meant."""
        self.addresses += 1
        name = f"{person}-{self.addresses}"
        said = Substitute(
            last_name=name.title(), first_name="Remplaçante", email=f"{name}@example.org"
        )
        registration = self._get(tx, person)
        substitutes.name(tx, registration, said, now=self.clock.now)
        found = select(Registration.id).where(Registration.represents_id == registration.id)
        self.names[person] = tx.scalars(found).one()

    # What organisers do.

    def _move(self, tx, days, hours, minutes):
        event = events.get(tx, self.slug)
        changes.move(tx, event, self._shift(event, days, hours), self._order(minutes))

    def _place(self, tx, venue, mode, minutes):
        event = events.get(tx, self.slug)
        changes.place(tx, event, self._order(minutes), venue=venue, mode=mode)

    def _change_session(self, tx, code, room, later, minutes):
        event = events.get(tx, self.slug)
        session = next(one for one in event.sessions if one.code == code)
        was = Sitting.of(session)
        ends = datetime.combine(session.day, session.ends_time) - timedelta(minutes=later)
        sitting = replace(was, room=room, ends=ends.time())
        changes.change_sessions(tx, event, {code: sitting}, self._order(minutes))

    def _cancel_session(self, tx, code, minutes):
        changes.cancel_session(tx, events.get(tx, self.slug), code, self._order(minutes))

    def _cancel(self, tx, minutes):
        changes.cancel(tx, events.get(tx, self.slug), self._order(minutes))

    def _postpone(self, tx, minutes):
        changes.postpone(tx, events.get(tx, self.slug), self._order(minutes))

    def _reopen(self, tx, days, minutes):
        event = events.get(tx, self.slug)
        to = None if days is None else self._shift(event, days, 0)
        changes.reopen(tx, event, self._order(minutes), to=to)

    def _order(self, minutes):
        tells_at = self.clock.now + timedelta(minutes=minutes) if minutes else None
        return Order("nadia@example.org", self.clock.now, tells_at=tells_at)

    def _shift(self, event, days, hours):
        shift = timedelta(days=days, hours=hours)
        starts = datetime.combine(event.starts_on, event.starts_time) + shift
        return Dates(starts, datetime.combine(event.ends_on, event.ends_time) + shift)

    def _get(self, tx, person):
        if person not in self.names:
            raise WebinarsError
        found = tx.get(Registration, self.names[person], options=[choices.LOADED])
        found.event = events.get(tx, self.slug)
        return found

    # What follows.

    def work(self):
        """Let the workers send what is due."""
        for lane in Lane:
            drain(self.runtime, lane, Stop())

    def finish(self):
        """Let time pass until everything that waits has left."""
        for _ in range(40):
            self.clock.now += timedelta(minutes=30)
            self.work()
            if not self._has(DeliveryState.PENDING):
                assert not self._has(DeliveryState.FAILED), "a letter was not written"
                return
        raise AssertionError("something is never sent")

    def _has(self, state):
        with self.runtime.reading() as tx:
            return tx.scalar(select(Delivery.id).where(Delivery.state == state)) is not None

    def deliver(self, messages=None):
        """Let messages arrive, each in the calendar of its mailbox."""
        calendars = {}
        for recipient, content in self.post.sent if messages is None else messages:
            calendars.setdefault(recipient, Calendar(recipient)).receive(content)
        return calendars

    def expect(self):
        """Return what the calendar of each person should hold: her address, and entries by UID."""
        expected = {}
        with self.runtime.reading() as tx:
            event = events.get(tx, self.slug)
            for one in tx.scalars(select(Registration).options(choices.LOADED)):
                entries = expected.setdefault(one.email, {})
                entries |= self._expect_of(event, one)
        return expected

    def _expect_of(self, event, registration):
        is_on = event.cancelled_at is None and event.postponed_at is None
        if registration.status is not RegistrationStatus.CONFIRMED or not is_on:
            return {}
        host = self.runtime.links.host
        generation = registration.calendar_generation
        is_online = calendar.attends_online(event, registration.attendance_mode)
        return {
            calendar.make_uid(registration.public_id, day.ordinal, generation, host): (
                day.starts_at if day.hours_known else day.date,
                day.ends_at if day.hours_known else day.date + timedelta(days=1),
                is_online,
                frozenset(session.title.fr for session in day.sessions),
            )
            for day in programme.days_attended(event, choices.list_codes(registration))
        }

    def see(self, calendars):
        """Return what the calendars hold, as `expect` says it.

        A mailbox that somebody has left keeps what it had: nobody writes there any more.
        """
        titles = {f"Séance {code}" for code in SESSIONS}
        with self.runtime.reading() as tx:
            owners = tx.execute(select(Registration.public_id, Registration.email)).all()
        return {
            address: {
                uid: (
                    entry.starts,
                    entry.ends,
                    "/j/" in entry.location,
                    frozenset(title for title in titles if title in entry.description),
                )
                for uid, entry in one.held.items()
                if (uid[1:17], address) in owners
            }
            for address, one in calendars.items()
        }
