"""What becomes of each mail when nothing was sent for an hour, or for three days.

The timer and a worker look at what is due when they are back: each mail leaves, leaves with other
words, or is dropped where everyone can see it, by its own rule (docs/operators.md, "Missed time").
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select

from tests.domain.sending import list_all
from tests.factories import NOW, make_event, make_registration
from webinars import events, mailings, telling
from webinars.models import (
    AttendanceMode,
    DeliveryState,
    Event,
    Lane,
    Mailing,
    MailingState,
    MailName,
    Mode,
    Organiser,
    RegistrationStatus,
)
from workers import schedule
from workers.drain import drain
from workers.stopping import Stop

RUNNING = Stop()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

STARTS = datetime(2020, 11, 3, 9, 0, tzinfo=UTC)
"""Ten o'clock in Paris."""
ENDS = datetime(2020, 11, 3, 11, 30, tzinfo=UTC)
DUE = {
    MailName.REMINDER: STARTS - 24 * HOUR,
    MailName.PRACTICAL_INFORMATION: STARTS - 24 * HOUR,
    MailName.CONNECTION_LINK: STARTS - 2 * HOUR,
    MailName.THANKS: ENDS + HOUR,
}

ORGANISER = "org@example.org"
CLOSED = "s’ouvre 15 minutes avant le début"
OPEN = "est ouverte depuis le mardi 3 novembre 2020 à 09h45"
SENT = (MailingState.DONE, None)
DROPPED = (MailingState.CANCELLED, "too-late")


def prepare(runtime, *, template=MailName.REMINDER, number=1, **columns):
    """Make the webinar of 3 November 2020 with its mailings and people who entered it."""
    onsite = template is MailName.PRACTICAL_INFORMATION
    mode = AttendanceMode.ONSITE if onsite else AttendanceMode.ONLINE
    with runtime.transaction() as tx:
        event = make_event(tx, mode=Mode.ONSITE if onsite else Mode.ONLINE, **columns)
        mailings.plan(tx, events.get(tx, event.slug), now=NOW)
        for person in range(number):
            make_registration(
                tx,
                event,
                last_name=f"{person}",
                email=f"p{person}@example.org",
                attendance_mode=mode,
                entered_at=STARTS,
            )
    return event


def keep_time(runtime):
    """Be the timer for a minute."""
    schedule.attempt(schedule.expire, runtime)
    schedule.tick(runtime)


def serve(runtime):
    """Be the timer and a worker, until there is nothing to do at this moment."""
    keep_time(runtime)
    for lane in Lane:
        drain(runtime, lane, RUNNING)
    keep_time(runtime)


def look_at(runtime, template):
    """Return the mailing of a template, and its deliveries."""
    with runtime.reading() as tx:
        mailing = tx.scalars(select(Mailing).where(Mailing.template == template)).one()
        return mailing, list_all(tx, template)


def look_at_rows(runtime, template):
    """Return the deliveries of a template."""
    with runtime.reading() as tx:
        return list_all(tx, template)


def read(mailbox, template):
    """Return the text of the one mail of a template that has left."""
    [content] = [said for name, said in mailbox.messages.items() if name.endswith(template)]
    return message_from_bytes(content, policy=default).get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("template", "late", "becomes", "words"),
    [
        (MailName.REMINDER, HOUR, SENT, "rappeler la rencontre"),
        (MailName.REMINDER, 24 * HOUR - SECOND, SENT, "rappeler la rencontre"),
        (MailName.REMINDER, 24 * HOUR, DROPPED, None),
        (MailName.REMINDER, 3 * DAY, DROPPED, None),
        (MailName.PRACTICAL_INFORMATION, HOUR, SENT, "informations utiles à votre venue"),
        (MailName.PRACTICAL_INFORMATION, 24 * HOUR, DROPPED, None),
        (MailName.PRACTICAL_INFORMATION, 3 * DAY, DROPPED, None),
        (MailName.CONNECTION_LINK, HOUR, SENT, CLOSED),
        (MailName.CONNECTION_LINK, 1.75 * HOUR - SECOND, SENT, CLOSED),
        (MailName.CONNECTION_LINK, 1.75 * HOUR, SENT, OPEN),
        (MailName.CONNECTION_LINK, 3 * HOUR, SENT, OPEN),
        (MailName.CONNECTION_LINK, 4.5 * HOUR - SECOND, SENT, OPEN),
        (MailName.CONNECTION_LINK, 4.5 * HOUR, DROPPED, None),
        (MailName.CONNECTION_LINK, 3 * DAY, DROPPED, None),
        (MailName.THANKS, HOUR, SENT, "remercions vivement"),
        (MailName.THANKS, 3 * DAY, SENT, "remercions vivement"),
        (MailName.THANKS, 7 * DAY - SECOND, SENT, "remercions vivement"),
        (MailName.THANKS, 7 * DAY, DROPPED, None),
    ],
)
def test_a_mailing_that_came_due_while_nothing_ran(
    runtime, mailbox, clock, template, late, becomes, words
):
    prepare(runtime, template=template)
    clock.now = DUE[template] + late
    serve(runtime)
    serve(runtime)

    mailing, rows = look_at(runtime, template)
    assert (mailing.state, mailing.reason) == becomes
    assert [row.state for row in rows] == ([DeliveryState.ACCEPTED] if words else [])
    if words:
        assert words in read(mailbox, template)
    assert len(mailbox.taken) == len(mailbox.messages), "one of them has left twice"


MADE = STARTS - 25 * HOUR
"""When people do what causes a mail: the day before, and nothing is sent since."""

TOLD = {
    MailName.CONFIRMATION: RegistrationStatus.CONFIRMED,
    MailName.WAITING_LIST: RegistrationStatus.WAITING,
    MailName.REGISTRATION_RECEIVED: RegistrationStatus.PENDING,
    MailName.REGISTRATION_DECLINED: RegistrationStatus.DECLINED,
    MailName.REGISTRATION_CANCELLED: RegistrationStatus.CANCELLED,
    MailName.OWN_LINK: RegistrationStatus.CONFIRMED,
}
ACCEPTED, EXPIRED = DeliveryState.ACCEPTED, DeliveryState.EXPIRED
ALL = set(TOLD)


@pytest.mark.parametrize(
    ("back", "leave"),
    [
        pytest.param(MADE + HOUR, ALL, id="an hour later"),
        pytest.param(STARTS - SECOND, ALL, id="just before the start"),
        pytest.param(STARTS, ALL - {MailName.WAITING_LIST}, id="at the start"),
        pytest.param(ENDS - SECOND, ALL - {MailName.WAITING_LIST}, id="just before the end"),
        pytest.param(ENDS, {MailName.OWN_LINK}, id="at the end"),
        pytest.param(MADE + 3 * DAY, {MailName.OWN_LINK}, id="three days later"),
    ],
)
def test_mails_that_people_caused_while_nothing_was_sent(runtime, clock, back, leave):
    event = prepare(runtime, number=0)
    with runtime.transaction() as tx:
        for template, status in TOLD.items():
            is_confirmed = status is RegistrationStatus.CONFIRMED
            registration = make_registration(
                tx,
                event,
                last_name=template,
                email=f"{template}@example.org",
                status=status,
                confirmed_at=MADE if is_confirmed else None,
            )
            telling.tell(tx, event, registration, template, now=MADE)

    clock.now = back
    serve(runtime)

    with runtime.reading() as tx:
        rows = {row.template: row for row in list_all(tx) if row.template in TOLD}
    expected = {one: ACCEPTED if one in leave else EXPIRED for one in TOLD}
    assert {template: row.state for template, row in rows.items()} == expected
    assert {rows[one].reply for one in ALL - leave} <= {"too-late"}


def test_the_alarm_of_a_missing_room_leaves_late_but_not_when_the_event_is_over(
    runtime, mailbox, clock
):
    with runtime.transaction() as tx:
        organiser = {"email": ORGANISER, "email_key": ORGANISER, "password_hash": "x"}
        tx.add(Organiser(**organiser, runs_service=True, created_at=NOW))
    prepare(runtime, room_url=None)

    clock.now = DUE[MailName.CONNECTION_LINK] + HOUR
    serve(runtime)
    assert mailbox.taken.count(ORGANISER) == 1
    mailing, _ = look_at(runtime, MailName.CONNECTION_LINK)
    assert mailing.state is MailingState.HELD

    clock.now = ENDS + DAY
    serve(runtime)
    mailing, rows = look_at(runtime, MailName.CONNECTION_LINK)
    assert (mailing.state, mailing.reason, rows) == (*DROPPED, [])
    assert mailbox.taken.count(ORGANISER) == 1


@pytest.mark.parametrize(
    ("missing", "template", "late", "state"),
    [
        ("worker", MailName.REMINDER, HOUR, ACCEPTED),
        ("worker", MailName.REMINDER, 3 * DAY, EXPIRED),
        ("worker", MailName.CONNECTION_LINK, 3 * HOUR, ACCEPTED),
        ("worker", MailName.THANKS, 3 * DAY, ACCEPTED),
        ("relay", MailName.REMINDER, 3 * DAY, EXPIRED),
        ("relay", MailName.CONNECTION_LINK, HOUR, ACCEPTED),
        ("relay", MailName.CONNECTION_LINK, 3 * DAY, EXPIRED),
    ],
)
def test_a_mailing_that_had_begun_when_the_worker_or_the_relay_went_away(
    runtime, mailbox, clock, missing, template, late, state
):
    prepare(runtime, template=template)
    clock.now = DUE[template]
    if missing == "relay":
        mailbox.down = {"list": "421 no"}
        serve(runtime)
    schedule.tick(runtime)

    clock.now = DUE[template] + late
    keep_time(runtime)  # the timer alone says what is too late
    mailbox.down = {}
    [row] = look_at_rows(runtime, template)
    assert row.state is (EXPIRED if state is EXPIRED else DeliveryState.PENDING)
    serve(runtime)

    mailing, [row] = look_at(runtime, template)
    assert mailing.state is MailingState.DONE
    assert (row.state, row.maybe_twice) == (state, False)
    assert row.attempts == (1 if state is ACCEPTED else 0)
    assert len(mailbox.taken) == len(mailbox.messages), "one of them has left twice"


def test_what_was_cancelled_while_nothing_ran_is_not_sent(any_runtime, mailbox, clock):
    prepare(any_runtime, number=2)
    clock.now = DUE[MailName.REMINDER]
    schedule.tick(any_runtime)
    with any_runtime.transaction() as tx:
        event = tx.scalars(select(Event)).one()
        event.cancelled_at = clock.now

    clock.now = DUE[MailName.CONNECTION_LINK] + HOUR
    serve(any_runtime)

    assert mailbox.taken == []
    _, reminders = look_at(any_runtime, MailName.REMINDER)
    assert {(row.state, row.reply) for row in reminders} == {
        (DeliveryState.CANCELLED, "event-cancelled")
    }
    link, rows = look_at(any_runtime, MailName.CONNECTION_LINK)
    assert (link.state, link.reason, rows) == (MailingState.CANCELLED, "event-cancelled", [])


def jump(runtime, mailbox, clock, by, *, after):
    """Let the clock jump while a worker has handed over so many mails, and another one look."""
    seen = []

    def obey(recipient):
        seen.append(recipient)
        if len(seen) == after:
            clock.now += by
            serve(runtime)  # what the jump makes due, or free, is somebody else's at once

    mailbox.obey = obey


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_clock_that_jumps_while_mail_is_sent_loses_nothing_and_marks_what_it_doubles(
    any_runtime, mailbox, clock, by
):
    prepare(any_runtime, number=9)
    clock.now = DUE[MailName.REMINDER]
    schedule.tick(any_runtime)
    jump(any_runtime, mailbox, clock, by, after=4)

    drain(any_runtime, Lane.BULK, RUNNING)
    clock.now = DUE[MailName.REMINDER] + 2 * HOUR
    serve(any_runtime)

    counted = Counter(mailbox.taken)
    twice = {email for email, times in counted.items() if times > 1}
    rows = look_at_rows(any_runtime, MailName.REMINDER)
    assert set(counted) == {f"p{person}@example.org" for person in range(9)}
    assert len(twice) <= 1  # what was in the only connection
    assert twice <= {row.email for row in rows if row.maybe_twice}
    assert {row.state for row in rows} == {ACCEPTED}
