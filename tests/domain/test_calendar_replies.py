"""What becomes of an answer from a calendar: noted, asked back, or ignored."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from tests.domain.registering import JEAN, list_mails, register
from tests.factories import NOW, make_event
from webinars import calendar_replies, corrections, events, participants, registrations
from webinars.calendar_replies import Noted
from webinars.mail.calendar_replies import Answer, Said
from webinars.models import (
    CalendarReply,
    Delivery,
    DeliveryState,
    MailName,
    RegistrationStatus,
)

ACCEPTED, TENTATIVE, DECLINED = CalendarReply
SAMIRA = "samira@example.org"
STRANGER = "mallory@example.org"
LATER = NOW + timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def samira(tx):
    """Return someone who is confirmed."""
    event = make_event(tx)
    return register(tx, events.get(tx, event.slug)).registration


def answer(registration, reply=DECLINED, *, attendee=SAMIRA, at=NOW + MINUTE, **other):
    values = {
        "public_id": registration.public_id,
        "ordinal": 1,
        "generation": registration.calendar_generation,
        "said": (Said(attendee, reply),),
        "sequence": registration.calendar_sequence,
        "answered_at": at,
        "delivery_id": None,
    } | other
    return Answer(**values)


def record(tx, registration, *args, now=LATER, **other):
    noted, registration_id = calendar_replies.record(
        tx, answer(registration, *args, **other), now=now
    )
    assert registration_id in {registration.id, None}
    return noted


def count_questions(tx):
    """Count the mails that ask whether a place is given up."""
    asked = select(func.count()).where(Delivery.template == MailName.CALENDAR_DECLINED)
    return tx.scalar(asked)


@pytest.mark.parametrize("reply", CalendarReply)
def test_an_answer_is_noted_and_nothing_follows_of_it_by_itself(tx, samira, reply):
    assert record(tx, samira, reply) == Noted(reply.value)

    found = participants.get(tx, samira.id)
    assert (found.calendar_reply, found.calendar_replied_at) == (reply, NOW + MINUTE)
    assert found.status is RegistrationStatus.CONFIRMED
    assert count_questions(tx) == (1 if reply is DECLINED else 0)


def test_who_declines_is_asked_once_whatever_she_answers_then(tx, samira):
    assert record(tx, samira, DECLINED) is Noted.DECLINED
    assert record(tx, samira, DECLINED) is Noted.REPEATED
    assert record(tx, samira, ACCEPTED, at=NOW + 2 * MINUTE) is Noted.ACCEPTED
    assert record(tx, samira, DECLINED, at=NOW + 3 * MINUTE) is Noted.DECLINED

    assert list_mails(tx, samira) == [MailName.CONFIRMATION, MailName.CALENDAR_DECLINED]
    assert samira.calendar_reply is DECLINED


def test_an_answer_that_was_overtaken_changes_nothing(tx, samira):
    record(tx, samira, ACCEPTED, at=NOW + 2 * MINUTE)

    assert record(tx, samira, DECLINED, at=NOW + MINUTE) is Noted.REPEATED
    assert samira.calendar_reply is ACCEPTED
    assert count_questions(tx) == 0


def test_a_clock_that_is_ahead_silences_nobody(tx, samira):
    record(tx, samira, ACCEPTED, at=NOW + timedelta(days=900), now=LATER)
    assert samira.calendar_replied_at == LATER

    assert record(tx, samira, DECLINED, at=LATER + MINUTE, now=LATER + MINUTE) is Noted.DECLINED


def test_without_an_hour_it_counts_as_said_now(tx, samira):
    assert record(tx, samira, TENTATIVE, at=None) is Noted.TENTATIVE
    assert samira.calendar_replied_at == LATER


def test_of_several_days_each_is_asked_about_once(tx):
    event = make_event(tx, starts=date(2020, 11, 3), ends=date(2020, 11, 4))
    registration = register(tx, events.get(tx, event.slug)).registration

    for minute, ordinal in enumerate([1, 2, 2], start=1):
        record(tx, registration, at=NOW + minute * MINUTE, ordinal=ordinal)

    days = select(Delivery.ordinal).where(Delivery.template == MailName.CALENDAR_DECLINED)
    assert sorted(tx.scalars(days)) == [1, 2]


def test_a_day_that_is_over_is_noted_and_not_asked_about(tx, samira):
    over = samira.event.ends_at

    assert record(tx, samira, at=over, now=over) is Noted.DECLINED
    assert count_questions(tx) == 0


class TestUnasked:
    def test_of_a_registration_that_is_not_there(self, tx, samira):
        assert record(tx, samira, public_id="f" * 16) is Noted.UNASKED

    def test_of_somebody_else(self, tx, samira):
        assert record(tx, samira, attendee=STRANGER) is Noted.UNASKED
        assert record(tx, samira, attendee="") is Noted.UNASKED
        assert samira.calendar_reply is None

    def test_of_an_invitation_that_was_withdrawn(self, tx, samira):
        registrations.cancel(tx, samira, now=NOW)

        assert record(tx, samira) is Noted.UNASKED
        assert count_questions(tx) == 0

    def test_of_an_earlier_life_of_the_registration(self, tx, samira):
        registrations.cancel(tx, samira, now=NOW)
        before = answer(samira)
        register(tx, samira.event, now=LATER)

        assert calendar_replies.record(tx, before, now=LATER)[0] is Noted.UNASKED

    def test_of_what_is_out_of_date(self, tx, samira):
        before = answer(samira)
        samira.calendar_sequence += 1
        tx.flush()

        assert calendar_replies.record(tx, before, now=LATER)[0] is Noted.UNASKED
        assert record(tx, samira, sequence=None) is Noted.DECLINED

    def test_of_a_day_that_the_person_does_not_attend(self, tx, samira):
        assert record(tx, samira, ordinal=2) is Noted.UNASKED

    def test_of_an_event_that_is_cancelled(self, tx, samira):
        samira.event.cancelled_at = NOW
        tx.flush()

        assert record(tx, samira) is Noted.UNASKED

    def test_of_who_says_two_things_at_once(self, tx, samira):
        both = (Said(SAMIRA, ACCEPTED), Said(SAMIRA, DECLINED))

        assert record(tx, samira, said=both) is Noted.UNASKED

    def test_of_an_address_that_was_corrected(self, tx, samira):
        corrections.correct_address(tx, samira, "samira@region.example.org", now=NOW)

        assert record(tx, samira, attendee=SAMIRA) is Noted.UNASKED


class TestFromAnotherAddress:
    def find_mail(self, tx, registration, **columns):
        found = tx.scalar(select(Delivery).where(Delivery.registration_id == registration.id))
        for name, value in columns.items():
            setattr(found, name, value)
        tx.flush()
        return found.id

    def test_the_mail_that_is_answered_proves_it(self, tx, samira):
        mail = self.find_mail(tx, samira)

        assert record(tx, samira, attendee=STRANGER, delivery_id=mail) is Noted.DECLINED

    def test_the_mail_of_somebody_else_or_an_assistant_proves_nothing(self, tx, samira):
        other = register(tx, samira.event, JEAN).registration
        of_another = self.find_mail(tx, other)
        copy = self.find_mail(tx, samira, is_copy=True)

        for mail in (of_another, copy, 10_000):
            assert record(tx, samira, attendee=STRANGER, delivery_id=mail) is Noted.UNASKED


def test_the_question_leaves_once_and_not_after_the_place_was_given_up(tx, samira):
    record(tx, samira)
    registrations.cancel(tx, samira, now=LATER)

    asked = select(Delivery.state).where(Delivery.template == MailName.CALENDAR_DECLINED)
    assert tx.scalars(asked).all() == [DeliveryState.CANCELLED]
