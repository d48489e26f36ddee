"""Three mornings and an evening that organisers know, with two workers and two timers.

Scenarios 4, 5 and 14 of what the users of this field expect: the link of the morning, once each;
the link without a room; and the cancellation at the last minute.
"""

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from icalendar import Calendar
from sqlalchemy import select

from tests.domain.sending import list_all
from tests.factories import NOW, make_event, make_registration
from tests.workers.conftest import make_settings
from webinars import changes, connections, events, mailings, participants, telling
from webinars.changes import Order
from webinars.connections import GateState
from webinars.errors import EventCancelled
from webinars.mail.replies import Fate, Result
from webinars.models import (
    AttendanceMode,
    ContactPoint,
    DeliveryState,
    Event,
    EventState,
    Failure,
    Lane,
    Language,
    Mailing,
    MailingState,
    MailName,
    Mode,
    Registration,
    RegistrationStatus,
)
from webinars.runtime import open_runtime
from webinars.timeline import Rule
from workers import schedule
from workers.drain import drain
from workers.stopping import Stop

RUNNING = Stop()
ROUNDS = 3
MINUTE = timedelta(minutes=1)
EIGHT = datetime(2020, 11, 3, 7, 0, tzinfo=UTC)
"""Eight in the morning in Paris, two hours before the webinar."""
LINK = [Rule(MailName.CONNECTION_LINK, "day 08:00")]
GATE = re.compile(r"https://\S+/j/\S+")


class Killed(BaseException):
    """Raised where a worker is killed: nobody catches it, and its journal stays behind."""


@pytest.fixture
def pair(any_database_url, tmp_path, clock, mailbox):
    """Open two runtimes on one database and one machine: each is a worker and a timer."""
    settings = make_settings(any_database_url, tmp_path)
    opened = [replace(open_runtime(settings, clock), transport=mailbox) for _ in range(2)]
    yield opened
    for runtime in opened:
        runtime.close()


def serve(pair):
    """Let two workers and two timers do what is to be done at this moment, all at once."""
    threads = [
        threading.Thread(target=work, args=(runtime, keeps_time))
        for runtime in pair
        for keeps_time in (True, False)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work(pair[0], keeps_time=True)  # what the last of them has made due
    work(pair[1], keeps_time=False)
    work(pair[0], keeps_time=True)


def work(runtime, keeps_time):
    """Be a timer, or a worker, for a few rounds."""
    for _ in range(ROUNDS):
        if keeps_time:
            schedule.attempt(schedule.expire, runtime)
            schedule.tick(runtime)
        else:
            for lane in Lane:
                drain(runtime, lane, RUNNING)


def prepare(runtime, **columns):
    """Make the webinar of 3 November 2020 and its link; three are confirmed, two are not."""
    with runtime.transaction() as tx:
        event = make_event(tx, **columns)
        mailings.plan(tx, events.get(tx, event.slug), now=NOW, rules=LINK)
        for status in ("confirmed", "confirmed", "confirmed", "cancelled", "waiting"):
            number = tx.query(Registration).count()
            make_registration(
                tx,
                event,
                last_name=f"{number}",
                email=f"{status}{number}@example.org",
                status=RegistrationStatus(status),
            )


def find_mailing(runtime):
    with runtime.reading() as tx:
        return tx.scalars(select(Mailing).where(Mailing.template == MailName.CONNECTION_LINK)).one()


def read(mailbox, template):
    """Return the mails of a template by the address that each went to."""
    mails = [
        message_from_bytes(content, policy=default)
        for name, content in mailbox.messages.items()
        if name.endswith(template)
    ]
    return {str(mail["To"]): mail for mail in mails}


def find_gate(mail):
    """Return the connection link of a mail."""
    return GATE.search(mail.get_body(("plain",)).get_content())[0]


def confirm_somebody(runtime, clock, name):
    """Confirm somebody now, as a form does."""
    with runtime.transaction() as tx:
        event = events.get(tx, tx.scalars(select(Event.slug)).one())
        columns = {"registered_at": clock.now, "confirmed_at": clock.now}
        one = make_registration(tx, event, last_name=name, email=f"{name}@example.org", **columns)
        telling.tell(tx, event, one, MailName.CONFIRMATION, now=clock.now)


def test_the_link_of_the_morning_goes_once_to_each(pair, mailbox, clock):
    prepare(pair[0])
    clock.now = EIGHT
    schedule.tick(pair[0])

    def die_after_one(recipient):
        if mailbox.taken:
            raise Killed

    mailbox.obey = die_after_one
    with pytest.raises(Killed):
        drain(pair[0], Lane.BULK, RUNNING)
    assert len(mailbox.taken) == 1
    mailbox.obey = None
    serve(pair)

    links = read(mailbox, MailName.CONNECTION_LINK)
    assert sorted(mailbox.taken) == sorted(links) == [f"confirmed{n}@example.org" for n in range(3)]
    assert len({find_gate(mail) for mail in links.values()}) == 3
    assert find_mailing(pair[0]).state is MailingState.DONE

    clock.now = EIGHT + 30 * MINUTE
    confirm_somebody(pair[0], clock, "bordeaux")
    clock.now += timedelta(seconds=1)
    serve(pair)
    [late] = read(mailbox, MailName.CONFIRMATION).values()
    assert find_gate(late) not in {find_gate(mail) for mail in links.values()}
    assert mailbox.taken.count("bordeaux@example.org") == 1

    clock.now = datetime(2020, 11, 3, 11, 31, tzinfo=UTC)
    confirm_somebody(pair[0], clock, "trop-tard")
    serve(pair)
    assert len(mailbox.taken) == 4


def test_the_link_without_a_room_waits_for_it_and_those_who_can_enter_it_are_told(
    pair, mailbox, clock
):
    names = ("nadia", "karim", "ines", "driss")
    contacts = tuple(ContactPoint(name, "DAECT", f"{name}@example.org") for name in names)
    prepare(pair[0], room_url=None, contacts=contacts)
    told = sorted(f"{name}@example.org" for name in names)

    clock.now = EIGHT - 14 * 60 * MINUTE
    serve(pair)
    assert sorted(mailbox.taken) == told
    clock.now = EIGHT
    serve(pair)

    assert sorted(mailbox.taken) == sorted(told * 2)
    mailing = find_mailing(pair[0])
    assert (mailing.state, mailing.reason) == (MailingState.HELD, "room-missing")

    clock.now = EIGHT + 20 * MINUTE
    connect(pair[0], "https://salle.example.org/une")
    serve(pair)
    links = read(mailbox, MailName.CONNECTION_LINK)
    assert sorted(links) == [f"confirmed{number}@example.org" for number in range(3)]

    connect(pair[0], "https://salle.example.org/autre")
    clock.now = EIGHT + 110 * MINUTE
    serve(pair)
    assert len(mailbox.taken) == len(told) * 2 + 3
    assert {enter(pair[0], find_gate(mail), clock) for mail in links.values()} == {GateState.OPEN}


def connect(runtime, url):
    """Enter a room, as an organiser does."""
    with runtime.transaction() as tx:
        events.connect(tx, events.get(tx, tx.scalars(select(Event.slug)).one()), url)


def enter(runtime, link, clock):
    """Return what the gate answers to who comes by a link."""
    with runtime.reading() as tx:
        person = participants.get_for_gate(tx, runtime.links, link.rpartition("/")[2])
        return connections.gate(person.event, person, (), clock.now).state


EVENING = datetime(2022, 6, 19, 19, 0, tzinfo=UTC)
"""Nine in the evening in Paris, the day before."""
PEOPLE = {
    "anne": (Language.FRENCH, "cabinet@example.org"),
    "khadija": (Language.ARABIC, ""),
    "peter": (Language.ENGLISH, ""),
    "omar": (Language.ARABIC, "secretariat@example.org"),
}
GONE = "peter@example.org"
REFUSED = Result(Fate.REFUSED, "550 5.1.1 no such user", Failure.ADDRESS)


def prepare_visit(runtime):
    """Make the day of 20 June 2022 in Paris, to which delegates from Rabat are expected."""
    starts, ends = datetime(2022, 6, 20, 9, 0), datetime(2022, 6, 20, 18, 0)  # noqa: DTZ001
    now = EVENING - timedelta(days=30)
    with runtime.transaction() as tx:
        event = make_event(tx, "visite", starts=starts, ends=ends, mode=Mode.ONSITE, room_url=None)
        event = events.get(tx, event.slug)
        mailings.plan(tx, event, now=now)
        for number, (name, (language, assistant)) in enumerate(PEOPLE.items()):
            one = make_registration(
                tx,
                event,
                last_name=name,
                email=f"{name}@example.org",
                language=language,
                assistant_email=assistant,
                attendance_mode=AttendanceMode.ONSITE,
                phone=f"+212 5 37 00 00 0{number}",
                registered_at=now,
                confirmed_at=now,
            )
            telling.tell(tx, event, one, MailName.CONFIRMATION, now=now)


def cancel_event(runtime, now):
    """Cancel the event, as an organiser does."""
    with runtime.transaction() as tx:
        changes.cancel(tx, events.get(tx, "visite"), Order("nadia@example.org", now))


def read_calendar(mail):
    """Return what the calendar entry of a mail asks for, its UID and its SEQUENCE."""
    [part] = [one for one in mail.walk() if one.get_content_type() == "text/calendar"][:1]
    calendar = Calendar.from_ical(part.get_content())
    [entry] = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), str(entry["UID"]), int(entry["SEQUENCE"])


def test_an_event_cancelled_the_evening_before_is_told_to_everyone_at_once(pair, mailbox, clock):
    guard = threading.Lock()

    def take_a_second(recipient):
        with guard:
            clock.now += timedelta(seconds=1)
        return REFUSED if recipient == GONE and clock.now > EVENING else None

    prepare_visit(pair[0])
    clock.now = EVENING - timedelta(days=30)
    mailbox.obey = take_a_second
    serve(pair)
    confirmed = read(mailbox, MailName.CONFIRMATION)
    everyone = {f"{name}@example.org" for name in PEOPLE} | {
        "cabinet@example.org",
        "secretariat@example.org",
    }
    assert set(confirmed) == everyone
    clock.now = EVENING
    schedule.tick(pair[0])  # the practical information of that morning is about to leave

    cancel_event(pair[0], EVENING)
    serve(pair)

    cancelled = read(mailbox, MailName.EVENT_CANCELLED)
    assert set(cancelled) == everyone - {GONE}
    assert clock.now - EVENING < 5 * MINUTE
    for name, (language, _) in PEOPLE.items():
        if f"{name}@example.org" == GONE:
            continue
        mail = cancelled[f"{name}@example.org"]
        assert mail["Content-Language"] == language
        asked, uid, sequence = read_calendar(mail)
        before, same_uid, first = read_calendar(confirmed[f"{name}@example.org"])
        assert (before, asked, uid) == ("REQUEST", "CANCEL", same_uid)
        assert sequence > first

    with pair[0].reading() as tx:
        check_that_all_is_over(tx)
    clock.now = EVENING + timedelta(days=2)
    serve(pair)
    assert len(mailbox.messages) == len(everyone) * 2 - 1


def check_that_all_is_over(tx):
    """Nothing waits, nothing else has left, and who was not reached can be called."""
    event = events.get(tx, "visite")
    assert events.state(event, EVENING) is EventState.CANCELLED
    with pytest.raises(EventCancelled):
        events.require_open(event, EVENING)

    told = {MailName.CONFIRMATION, MailName.EVENT_CANCELLED}
    others = [row for row in list_all(tx) if row.template not in told]
    assert {row.state for row in others} == {DeliveryState.CANCELLED}
    states = {row.state for row in list_all(tx, MailName.EVENT_CANCELLED)}
    assert states == {DeliveryState.ACCEPTED, DeliveryState.FAILED}

    unreached = changes.list_unreached(tx, event.id, now=EVENING)
    assert [(row.email, row.phone) for row in unreached] == [(GONE, "+212 5 37 00 00 02")]
