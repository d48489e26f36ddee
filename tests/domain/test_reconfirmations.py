"""Whether people maintain after a change: what is asked, who may still answer, and how often."""

from datetime import timedelta

import pytest

from tests.domain.changing import make_change, make_shown
from tests.factories import NOW, make_event, make_registration
from webinars import events, participants, reconfirmations
from webinars.errors import AnswerTooLate, EventCancelled, EventEnded, MovedAgain
from webinars.errors import RegistrationCancelled as Given
from webinars.models import Delivery, DeliveryState, Lane, Language, MailName, ReconfirmRule
from webinars.models import RegistrationStatus as Status

KEEP, RELEASE = ReconfirmRule.KEEP, ReconfirmRule.RELEASE
UNTIL = NOW + timedelta(days=3)
SECOND = timedelta(seconds=1)


def make_asked(tx, event, change, **columns):
    """Make a person who still has to answer."""
    made = make_registration(tx, event, reconfirm_change_id=change.id, **columns)
    return participants.get(tx, made.id)


@pytest.mark.parametrize(
    ("until", "rule", "now", "refusal"),
    [
        (None, KEEP, NOW, None),
        (UNTIL, KEEP, UNTIL - SECOND, None),
        (UNTIL, KEEP, UNTIL + SECOND, None),
        (UNTIL, RELEASE, UNTIL - SECOND, None),
        (UNTIL, RELEASE, UNTIL, AnswerTooLate),
        (None, RELEASE, UNTIL, None),
    ],
    ids=[
        "no deadline",
        "in time",
        "late, but she keeps her place",
        "in time, or it is released",
        "at the deadline it is released",
        "no deadline at all",
    ],
)
def test_an_answer_counts_until_the_place_is_given_away(tx, until, rule, now, refusal):
    event = events.get(tx, make_event(tx).slug)
    samira = make_asked(tx, event, make_change(tx, event, until=until, rule=rule))

    if refusal is not None:
        with pytest.raises(refusal):
            reconfirmations.keep(tx, samira, now=now)
        assert samira.reconfirm_change_id is not None
        return
    reconfirmations.keep(tx, samira, now=now)
    reconfirmations.keep(tx, samira, now=now + SECOND)
    assert samira.reconfirm_change_id is None
    assert samira.reconfirmed_at == now
    assert samira.status is Status.CONFIRMED


@pytest.mark.parametrize(
    ("columns", "event_columns", "refusal"),
    [
        ({"status": Status.CANCELLED}, {}, Given),
        ({"status": Status.DECLINED}, {}, Given),
        ({}, {"cancelled_at": NOW}, EventCancelled),
        ({"status": Status.WAITING}, {}, None),
        ({"status": Status.PENDING}, {}, None),
        ({}, {"postponed_at": NOW}, None),
    ],
    ids=["given up", "declined", "event cancelled", "waiting", "undecided", "postponed"],
)
def test_whoever_is_still_registered_can_maintain(tx, columns, event_columns, refusal):
    event = events.get(tx, make_event(tx, **event_columns).slug)
    samira = make_asked(tx, event, make_change(tx, event), **columns)

    if refusal is None:
        reconfirmations.keep(tx, samira, now=NOW)
        assert samira.reconfirm_change_id is None
    else:
        with pytest.raises(refusal):
            reconfirmations.keep(tx, samira, now=NOW)


def test_after_the_event_there_is_nothing_to_maintain(tx):
    event = events.get(tx, make_event(tx).slug)
    samira = make_asked(tx, event, make_change(tx, event))

    with pytest.raises(EventEnded):
        reconfirmations.keep(tx, samira, now=event.ends_at)


def test_dates_that_she_was_not_shown_are_not_maintained(tx):
    event = events.get(tx, make_event(tx).slug)
    shown = make_change(tx, event, revision=1)
    samira = make_asked(tx, event, make_change(tx, event, revision=2))

    with pytest.raises(MovedAgain):
        reconfirmations.keep(tx, samira, now=NOW, change_id=shown.id)
    reconfirmations.keep(tx, samira, now=NOW, change_id=samira.reconfirm_change_id)


def test_an_organiser_hears_the_answer_on_the_telephone_whatever_the_deadline(tx):
    event = events.get(tx, make_event(tx).slug)
    change = make_change(tx, event, until=UNTIL, rule=RELEASE)
    samira = make_asked(tx, event, change)

    reconfirmations.note_kept(tx, samira, now=UNTIL + SECOND)
    reconfirmations.note_kept(tx, samira, now=UNTIL + timedelta(hours=1))
    assert samira.reconfirmed_at == UNTIL + SECOND


def test_two_changes_in_one_mail_are_compared_with_what_she_knew(tx):
    event = events.get(tx, make_event(tx).slug)
    known = make_shown(event)
    make_change(tx, event, revision=1, before=known)
    between = make_shown(event, starts=known.starts + timedelta(days=1))
    second = make_change(tx, event, revision=2, before=between)
    samira = make_asked(tx, event, second)
    assert reconfirmations.find(tx, samira).before == between

    tx.add(
        Delivery(
            intent="event-moved:r1:v2",
            event_id=event.id,
            registration_id=samira.id,
            template=MailName.EVENT_MOVED,
            email=samira.email,
            email_key=samira.email_key,
            language=Language.FRENCH,
            lane=Lane.BULK,
            change_id=second.id,
            since_revision=0,
            state=DeliveryState.PENDING,
            created_at=NOW,
            due_at=NOW,
            not_before=NOW,
        )
    )
    tx.flush()
    assert reconfirmations.find(tx, samira).before == known


def test_who_gave_up_is_asked_nothing(tx):
    event = events.get(tx, make_event(tx).slug)
    change = make_change(tx, event)

    assert reconfirmations.find(tx, make_asked(tx, event, change, status=Status.CANCELLED)) is None


def test_who_still_has_her_place_once_the_rule_was_applied_may_maintain_it(tx):
    event = events.get(tx, make_event(tx).slug)
    change = make_change(tx, event, until=UNTIL, rule=RELEASE, settled_at=UNTIL)
    samira = make_asked(tx, event, change)

    reconfirmations.keep(tx, samira, now=UNTIL + SECOND)
    assert samira.reconfirm_change_id is None
