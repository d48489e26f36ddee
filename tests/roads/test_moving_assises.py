"""Scenario 8 of what the users of this field expect, with two workers and two timers.

The Assises of 3 and 4 May 2016 in Marrakech are moved to 8 and 9 December, while a mailing is being
sent: everyone is told once, keeps her place and the entry in her calendar, and is asked whether she
maintains; nothing leaves for the former date.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from icalendar import Calendar

from tests.domain.sending import list_all
from tests.factories import make_event, make_registration, make_session
from tests.roads import test_scenarios
from tests.roads.test_scenarios import Killed, read, serve
from webinars import changes, events, mailings, participants, telling
from webinars.changes import Dates, Order, Reconfirm
from webinars.models import (
    AttendanceMode,
    DeliveryState,
    EventKind,
    Lane,
    Language,
    MailName,
    Mode,
    Registration,
    Venue,
)
from workers import schedule
from workers.drain import drain
from workers.stopping import Stop

pair = test_scenarios.pair

SPRING = datetime(2016, 4, 1, 9, 0, tzinfo=UTC)
EVE = datetime(2016, 5, 2, 9, 0, tzinfo=UTC)
"""Ten in the morning in Morocco, when the practical information leaves."""
PEOPLE = 40
DECEMBER = Dates(datetime(2016, 12, 8, 9, 0), datetime(2016, 12, 9, 17, 0))  # noqa: DTZ001
DAY = re.compile(r"-d(\d)-g0@")


def prepare(runtime):
    """Register forty people for both days, and let them be told."""
    with runtime.transaction() as tx:
        event = make_event(
            tx,
            "assises-2016",
            title="Assises de la coopération décentralisée",
            kind=EventKind.ASSISES,
            timezone="Africa/Casablanca",
            display_timezones=("Africa/Casablanca", "Europe/Paris"),
            starts=datetime(2016, 5, 3, 9, 0),  # noqa: DTZ001
            ends=datetime(2016, 5, 4, 17, 0),  # noqa: DTZ001
            mode=Mode.ONSITE,
            venue=Venue("Palais des congrès", "Marrakech", "MA"),
        )
        for day in (date(2016, 5, 3), date(2016, 5, 4)):
            hours = {"starts": time(9), "ends": time(17)}
            make_session(tx, event, f"journee-{day.day}", day=day, position=day.day, **hours)
        tx.expire(event)
        event = events.get(tx, event.slug)
        mailings.plan(tx, event, now=SPRING)
        for number in range(PEOPLE):
            person = make_registration(
                tx,
                event,
                last_name=f"p{number:02}",
                email=f"p{number:02}@example.org",
                language=list(Language)[number % 3],
                attendance_mode=AttendanceMode.ONSITE,
                registered_at=SPRING,
                confirmed_at=SPRING,
            )
            telling.tell(tx, event, person, MailName.CONFIRMATION, now=SPRING)


def move(runtime, now):
    """Move the Assises, as an organiser does, and ask who maintains."""
    with runtime.transaction() as tx:
        event = events.get(tx, "assises-2016")
        order = Order("nadia@example.org", now, "À la demande des deux parties")
        return changes.move(tx, event, DECEMBER, order, reconfirm=Reconfirm())


def read_entries(mailbox):
    """Return the last entry that each person's calendar was sent, by address and day."""
    entries = {}
    for content in mailbox.messages.values():
        mail = message_from_bytes(content, policy=default)
        parts = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
        for part in parts[:1]:
            [entry] = Calendar.from_ical(part.get_content()).walk("VEVENT")
            uid, sequence = str(entry["UID"]), int(entry["SEQUENCE"])
            held = entries.setdefault((str(mail["To"]), DAY.search(uid)[1]), [])
            held.append((sequence, uid, entry["DTSTART"].dt))
    return {key: sorted(held) for key, held in entries.items()}


def test_assises_move_while_a_mailing_is_half_sent_and_everyone_is_told_once(pair, mailbox, clock):
    clock.now = SPRING
    prepare(pair[0])
    serve(pair)
    assert len(read(mailbox, MailName.CONFIRMATION)) == PEOPLE

    clock.now = EVE
    schedule.tick(pair[0])
    sent = []

    def die_after_seven(recipient):
        if len(sent) == 7:
            raise Killed
        sent.append(recipient)

    mailbox.obey = die_after_seven
    with pytest.raises(Killed):
        drain(pair[0], Lane.BULK, Stop())
    mailbox.obey = None
    outlook = move(pair[0], EVE)
    assert (outlook.told, outlook.asked, outlook.days) == (PEOPLE, PEOPLE, PEOPLE)
    clock.now = EVE + timedelta(seconds=1)
    serve(pair)

    moved = read(mailbox, MailName.EVENT_MOVED)
    assert len(moved) == PEOPLE
    words = moved["p00@example.org"].get_body(("plain",)).get_content()
    for said in (
        "8 décembre 2016",
        "3 mai 2016",
        "Rabat",
        "Paris",
        "À la demande des deux parties",
    ):
        assert said in words
    check_calendars(mailbox)
    check_event(pair[0])

    before = len(mailbox.messages)
    for now in (datetime(2016, 5, 3, 8, 0, tzinfo=UTC), datetime(2016, 5, 6, 8, 0, tzinfo=UTC)):
        clock.now = now
        serve(pair)
    assert len(mailbox.messages) == before
    clock.now = datetime(2016, 12, 7, 10, 0, tzinfo=UTC)
    serve(pair)
    assert len(mailbox.messages) == before + PEOPLE


def check_calendars(mailbox):
    """Each day of each person is the entry it was, once more, at its new hour."""
    entries = read_entries(mailbox)
    assert len(entries) == PEOPLE * 2
    for (_, day), ((first, uid, _), (second, same_uid, starts)) in entries.items():
        assert (first, second, same_uid) == (0, 1, uid)
        assert starts == datetime(2016, 12, 7 + int(day), 9, 0, tzinfo=UTC)


def check_event(runtime):
    """It shows the former dates, everyone keeps her place and is to answer, no mail is double."""
    with runtime.reading() as tx:
        event = events.get(tx, "assises-2016")
        assert (event.starts_on, event.ends_on) == (date(2016, 12, 8), date(2016, 12, 9))
        assert [one.starts.month for one in event.former_dates] == [5]
        assert tx.query(Registration).where(participants.IS_UNANSWERED).count() == PEOPLE
        told = [one for one in list_all(tx) if one.change_id is not None]
        assert {one.state for one in told} == {DeliveryState.ACCEPTED}
        assert not any(one.maybe_twice for one in told)
