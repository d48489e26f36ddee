"""Messages of organisers: to whom, once each, with one text, and what becomes of them."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.domain.sending import list_all
from tests.factories import NOW, make_event, make_registration, make_session
from webinars import audiences, claims, events, mailings, messages, steering
from webinars.errors import DatePast, EventCancelled, MessageEdited, MessageStarted, NoSuchHour
from webinars.messages import Content
from webinars.models import (
    DeliveryState,
    Lane,
    Language,
    MailingState,
    MailName,
    RegistrationStatus,
    SessionChoice,
    Translated,
)
from webinars.outcomes import Verdict
from webinars.prose import Placeholder

QUIET = timedelta(minutes=10)
DUE = NOW + QUIET
MESSAGE = MailName.MESSAGE
CONFIRMED = {"status": "confirmed"}
AUTHOR = "nadia@example.org"


def prepare(tx, **columns):
    """Make an event of which three are confirmed and one waits, registered an hour ago."""
    make_event(tx, **columns)
    event = events.get(tx, "webinaire-covid-19")
    mailings.plan(tx, event, now=NOW)
    for number in range(3):
        add(tx, event, number)
    add(tx, event, 3, status=RegistrationStatus.WAITING, confirmed_at=None)
    return event


def add(tx, event, number, **columns):
    values = {"registered_at": NOW - timedelta(hours=1)} | columns
    return make_registration(
        tx, event, last_name=f"N{number}", email=f"n{number}@example.org", **values
    )


def write(tx, event, audience=CONFIRMED, body="Bonjour {prenom}", **flags):
    content = Content(Translated("Objet"), Translated(body), audience, **flags)
    return messages.create(tx, event, content, author=AUTHOR, now=NOW)


def send(tx, mailing, now=DUE):
    """Do what the timer does about a mailing, until there is nothing more to do at once."""
    while audiences.advance(tx, mailing.id, now=now):
        pass
    return [one.email[:2] for one in list_all(tx, MESSAGE)]


def schedule(tx, message, rule="now"):
    return steering.schedule(tx, message, rule, now=NOW, quiet=QUIET)


@pytest.mark.parametrize(
    ("audience", "reached"),
    [
        (CONFIRMED, ["n0", "n1", "n2"]),
        ({"status": "waiting"}, ["n3"]),
        ({}, ["n0", "n1", "n2", "n3"]),
        ({"search": "N1"}, ["n1"]),
        ({"status": "waiting", "not-status": "yes"}, ["n0", "n1", "n2"]),
        ({"status": "cancelled"}, ["n4"]),
    ],
)
def test_a_message_reaches_its_audience_once_each(any_database, audience, reached):
    with any_database.transaction() as tx:
        event = prepare(tx)
        add(tx, event, 4, status=RegistrationStatus.CANCELLED)
        mailing = schedule(tx, write(tx, event, audience))

        assert send(tx, mailing, NOW) == []
        assert mailing.id in audiences.list_due(tx, now=DUE)
        assert send(tx, mailing) == reached
        assert send(tx, mailing) == reached
        assert {one.lane for one in list_all(tx, MESSAGE)} == {Lane.BULK}


def test_an_audience_may_be_who_chose_a_session(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        session = make_session(tx, event, "atelier-1")
        one = add(tx, event, 5)
        tx.add(SessionChoice(registration_id=one.id, session_id=session.id))
        tx.flush()

        assert send(tx, schedule(tx, write(tx, event, {"session": "atelier-1"}))) == ["n5"]


def test_an_audience_may_be_who_chose_nothing_or_answered_nothing(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        session = make_session(tx, event, "atelier-1")
        one = add(tx, event, 5, answers={"temoignage": "1", "repas": "Non"})
        tx.add(SessionChoice(registration_id=one.id, session_id=session.id))
        tx.flush()
        waits = {"status": "confirmed", "chosen": "no"}
        silent = {"status": "confirmed", "answer-repas": "0"}

        assert send(tx, schedule(tx, write(tx, event, waits))) == ["n0", "n1", "n2"]
        assert send(tx, schedule(tx, write(tx, event, silent)))[3:] == ["n0", "n1", "n2"]


def test_whoever_registers_when_it_is_due_does_not_get_what_is_past(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        mailing = schedule(tx, write(tx, event))
        add(tx, event, 5, registered_at=DUE)
        add(tx, event, 6, registered_at=DUE - timedelta(seconds=1))

        assert send(tx, mailing) == ["n0", "n1", "n2", "n6"]


def test_assistants_get_copies_where_that_is_wanted(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        add(tx, event, 5, assistant_email="cabinet@example.org")
        mailing = schedule(tx, write(tx, event, with_copies=True))
        send(tx, mailing)

        copies = [one.email for one in list_all(tx, MESSAGE) if one.is_copy]
        assert copies == ["cabinet@example.org"]


def test_who_leaves_the_audience_before_it_leaves_is_not_written_to(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        late = add(tx, event, 5, country="FR")
        mailing = schedule(tx, write(tx, event, {"status": "confirmed", "country": "FR"}))
        add(tx, event, 6, country="FR")
        send(tx, mailing)
        late.country = "MA"
        tx.flush()
        claimed = claims.claim(tx, Lane.BULK, owner="w", now=DUE, limit=10)
        dropped = claims.check(tx, claimed, owner="w", now=DUE)

        [outcome] = dropped.values()
        assert (outcome.verdict, outcome.reply) == (Verdict.POINTLESS, claims.OUTSIDE)
        assert outcome.claim.email_key == "n5@example.org"


def test_a_text_is_fixed_once_its_first_mail_is_written(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        message = write(tx, event)
        mailing = schedule(tx, message)
        content = messages.read(message)
        messages.edit(tx, message, content, version=0, author=AUTHOR, now=NOW)
        send(tx, mailing)

        with pytest.raises(MessageStarted):
            messages.edit(tx, message, content, version=1, author=AUTHOR, now=DUE)
        with pytest.raises(MessageStarted):
            steering.withdraw(tx, message)
        with pytest.raises(MessageStarted):
            schedule(tx, message, "day 08:00")


def test_it_stays_fixed_though_its_event_is_put_off_in_the_middle(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        message = write(tx, event)
        mailing = schedule(tx, message)
        send(tx, mailing)
        event.postponed_at = DUE
        mailings.stop(tx, event.id, MailingState.HELD, audiences.EVENT_POSTPONED)

        assert mailing.cursor == 0
        with pytest.raises(MessageStarted):
            messages.edit(tx, message, messages.read(message), version=0, author=AUTHOR, now=DUE)


def test_who_saves_over_another_version_is_told_whose_it_is(database):
    with database.transaction() as tx:
        event = prepare(tx)
        message = write(tx, event)
        content = messages.read(message)
        messages.edit(tx, message, content, version=0, author="driss@example.org", now=NOW)

        with pytest.raises(MessageEdited):
            messages.edit(tx, message, content, version=0, author=AUTHOR, now=NOW)
        assert message.edited_by == "driss@example.org"


@pytest.mark.parametrize(
    ("rule", "due"),
    [
        ("now", DUE),
        ("2020-11-02T18:00", datetime(2020, 11, 2, 17, 0, tzinfo=UTC)),
        ("day-1 18:00", datetime(2020, 11, 2, 17, 0, tzinfo=UTC)),
        ("start-15m", datetime(2020, 11, 3, 8, 45, tzinfo=UTC)),
        ("end+1h", datetime(2020, 11, 3, 12, 30, tzinfo=UTC)),
    ],
)
def test_a_message_is_due_at_once_at_an_hour_or_with_its_event(database, rule, due):
    with database.transaction() as tx:
        mailing = schedule(tx, write(tx, prepare(tx)), rule)

        assert mailing.due_at == due
        assert mailing.expires_at > due


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [
        ("2020-10-01T09:00", DatePast),
        ("day-30 09:00", DatePast),
        ("2021-03-28T02:30", NoSuchHour),
    ],
)
def test_an_hour_that_is_over_or_does_not_exist_is_refused(database, rule, refusal):
    with database.transaction() as tx:
        message = write(tx, prepare(tx))

        with pytest.raises(refusal):
            schedule(tx, message, rule)


@pytest.mark.parametrize("off", ["cancelled_at", "postponed_at"])
def test_nothing_is_scheduled_while_the_event_is_off(database, off):
    with database.transaction() as tx:
        event = prepare(tx)
        setattr(event, off, NOW)
        tx.flush()

        with pytest.raises(EventCancelled):
            schedule(tx, write(tx, event))


def move(tx, event, days):
    event.starts_on += timedelta(days=days)
    event.ends_on += timedelta(days=days)
    event.starts_at += timedelta(days=days)
    event.ends_at += timedelta(days=days)
    tx.flush()
    mailings.plan(tx, event, now=NOW)


def test_what_follows_the_event_moves_with_it_and_a_fixed_hour_does_not(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        follows = schedule(tx, write(tx, event), "day-1 18:00")
        fixed = schedule(tx, write(tx, event), "2020-11-02T18:00")
        before = follows.due_at
        move(tx, event, 7)

        assert follows.due_at == before + timedelta(days=7)
        assert fixed.due_at == before
        assert {one.state for one in (follows, fixed)} == {MailingState.PLANNED}


def test_what_has_left_does_not_leave_again_when_the_event_is_moved(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        mailing = schedule(tx, write(tx, event), "day-7 12:00")
        due = mailing.due_at
        send(tx, mailing, due)
        move(tx, event, 7)

        assert mailing.due_at == due
        assert send(tx, mailing, due + timedelta(days=7)) == ["n0", "n1", "n2"]


def test_a_message_stops_with_its_event_and_goes_on_with_it(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        mailing = schedule(tx, write(tx, event), "day-1 18:00")
        event.cancelled_at = NOW
        mailings.stop(tx, event.id, MailingState.CANCELLED, audiences.EVENT_CANCELLED)
        assert mailing.state is MailingState.CANCELLED
        event.cancelled_at = None
        mailings.plan(tx, event, now=NOW)

        assert (mailing.state, mailing.reason) == (MailingState.PLANNED, None)


def test_several_messages_may_be_due_by_the_same_rule(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        first, second = (schedule(tx, write(tx, event), "day-1 18:00") for _ in range(2))
        mailings.plan(tx, event, now=NOW)

        assert first.id != second.id
        assert {one.state for one in (first, second)} == {MailingState.PLANNED}


def test_what_is_taken_back_is_a_draft_again_and_can_be_forgotten(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        message = write(tx, event)
        schedule(tx, message)
        with pytest.raises(MessageStarted):
            messages.remove(tx, message)
        assert messages.list_drafts(tx, event.id) == []
        steering.withdraw(tx, message)

        assert messages.list_drafts(tx, event.id) == [message]
        messages.remove(tx, message)
        assert messages.list_drafts(tx, event.id) == []


def test_a_dry_run_counts_what_would_leave(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        add(tx, event, 5, language=Language.ARABIC, assistant_email="cabinet@example.org")
        message = write(tx, event, with_copies=True)
        ahead = steering.preview(tx, steering.imagine(message, event, now=NOW), NOW)

        assert (ahead.people, ahead.copies) == (4, 1)
        assert ahead.languages[Language.ARABIC].people == 1
        assert list_all(tx, MESSAGE) == []
        assert messages.find_mailing(tx, message) is None


def test_placeholders_that_would_be_empty_are_counted(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        add(tx, event, 5, job_title="", organization="")
        message = write(tx, event, {})
        used = [*Placeholder]

        assert messages.count_empty(tx, message, event, used) == {
            Placeholder.JOB_TITLE: 1,
            Placeholder.ORGANIZATION: 1,
            Placeholder.SESSIONS: 5,
            Placeholder.LINK: 1,
            Placeholder.VENUE: 5,
            Placeholder.DOCUMENTS: 5,
        }


def test_what_did_not_arrive_is_sent_again_with_the_same_text(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        mailing = schedule(tx, write(tx, event))
        send(tx, mailing)
        first, *others = list_all(tx, MESSAGE)
        first.state = DeliveryState.FAILED
        for one in others:
            one.state = DeliveryState.ACCEPTED
        tx.flush()

        assert steering.send_again(tx, mailing, DUE) == 1
        assert list_all(tx, MESSAGE)[-1].mailing_id == mailing.id
