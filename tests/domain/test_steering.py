from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.domain.sending import list_all
from tests.domain.test_mailings import (
    DUE,
    ENDS,
    LINK,
    MINUTE,
    REMINDER,
    get_mailing,
    look,
    prepare,
)
from tests.factories import NOW, make_event, make_registration
from webinars import (
    audiences,
    changes,
    claims,
    deliveries,
    mailings,
    participants,
    registrations,
    steering,
    suppressions,
    telling,
)
from webinars.changes import Order
from webinars.errors import (
    AddressSuppressed,
    EventCancelled,
    MailingAmbiguous,
    MailingCancelled,
    MailingDone,
    MailingTooLate,
    NotFound,
    NotSentAgain,
    RoomMissing,
)
from webinars.models import (
    Delivery,
    Failure,
    Lane,
    Language,
    Mailing,
    MailingState,
    MailName,
    RegistrationStatus,
    SuppressionReason,
    Wait,
)
from webinars.outcomes import Outcome, Verdict
from webinars.steering import Again, Reach

CONFIRMATION = MailName.CONFIRMATION
PLANNED, HELD, SENDING, PAUSED, DONE, CANCELLED = MailingState
LATER = DUE + timedelta(minutes=10)


def fill(tx, count=3, **columns):
    """Make the webinar with so many confirmed people, and let its link become due."""
    event = prepare(tx, **columns)
    people = [
        make_registration(tx, event, last_name=f"Personne {number}", email=f"p{number}@example.org")
        for number in range(count)
    ]
    mailing = get_mailing(tx, LINK)
    while audiences.advance(tx, mailing.id, now=DUE):
        pass
    return event, people


def end(tx, states, template=LINK, **columns):
    """Let the deliveries of a mail, in order, have ended in these states."""
    for one, state in zip(list_all(tx, template), states, strict=True):
        tx.execute(
            update(Delivery)
            .where(Delivery.id == one.id)
            .values(state=state, **columns)
            .execution_options(synchronize_session=False)
        )


def states_of(tx, template=LINK):
    return [one.state.value for one in list_all(tx, template)]


def get_row(tx, event, template=LINK, now=LATER):
    return next(one for one in mailings.list_rows(tx, event.id, now) if one.template is template)


def put(tx, template, state, reason=None):
    mailing = get_mailing(tx, template)
    mailing.state, mailing.reason = state, reason
    tx.flush()
    return mailing


@pytest.mark.parametrize(
    ("state", "paused", "resumed", "cancelled"),
    [
        (PLANNED, True, False, CANCELLED),
        (HELD, True, RoomMissing, CANCELLED),
        (SENDING, True, False, CANCELLED),
        (PAUSED, False, True, CANCELLED),
        (DONE, MailingDone, MailingDone, MailingDone),
        (CANCELLED, MailingCancelled, MailingCancelled, MailingCancelled),
    ],
)
def test_what_can_be_done_with_a_mailing_in_each_state(tx, state, paused, resumed, cancelled):
    prepare(tx)

    def attempt(do):
        mailing = put(tx, LINK, state, "room-missing" if state is HELD else None)
        try:
            return do(mailing)
        except (MailingDone, MailingCancelled, RoomMissing) as error:
            return type(error)

    def cancel(mailing):
        steering.cancel(tx, mailing)
        return mailing.state

    assert attempt(lambda mailing: steering.pause(tx, mailing, NOW)) == paused
    assert attempt(lambda mailing: steering.resume(tx, mailing, NOW)) == resumed
    assert attempt(cancel) == cancelled


def test_a_mailing_resumed_while_its_event_is_postponed_begins_anew_with_it(tx):
    event, _ = fill(tx)
    mailing = get_mailing(tx, LINK)
    steering.pause(tx, mailing, DUE)
    changes.postpone(tx, event, Order("nadia@example.org", DUE))
    with pytest.raises(EventCancelled):
        steering.send_again(tx, mailing, DUE)

    assert steering.resume(tx, mailing, DUE)
    assert (mailing.state, mailing.reason) == (HELD, "event-postponed")
    look(tx, LATER)
    assert mailing.state is HELD

    changes.reopen(tx, event, Order("nadia@example.org", LATER))
    look(tx, LATER)
    assert states_of(tx) == ["cancelled"] * 3 + ["pending"] * 3


def test_nothing_of_a_paused_mailing_leaves_and_all_of_it_once_it_is_resumed(tx):
    event, _ = fill(tx)
    mailing = get_mailing(tx, LINK)
    steering.pause(tx, mailing, DUE)
    assert (mailing.state, mailing.reason) == (PAUSED, "by-organiser")
    assert claims.claim(tx, Lane.BULK, owner="w", now=LATER, limit=10) == []
    assert get_row(tx, event).waits == {"paused": 3}

    steering.resume(tx, mailing, LATER)

    assert (mailing.state, mailing.reason) == (SENDING, None)
    assert len(claims.claim(tx, Lane.BULK, owner="w", now=LATER, limit=10)) == 3


def test_what_a_worker_has_in_hand_is_given_back_or_given_up(tx):
    fill(tx)
    mailing = get_mailing(tx, LINK)
    held = claims.claim(tx, Lane.BULK, owner="w", now=DUE, limit=2)

    steering.pause(tx, mailing, DUE)
    back = claims.check(tx, held, owner="w", now=DUE)
    assert {one.verdict for one in back.values()} == {Verdict.GIVEN_BACK}

    assert steering.cancel(tx, mailing) == 1
    dropped = claims.check(tx, held, owner="w", now=DUE)
    assert {(one.verdict, one.reply) for one in dropped.values()} == {
        (Verdict.POINTLESS, "mailing-cancelled")
    }
    claims.record(tx, dropped.values(), now=DUE)
    assert states_of(tx) == ["cancelled"] * 3


def test_a_mailing_paused_before_it_is_due_is_filled_when_it_is_resumed(tx):
    event = prepare(tx)
    mailing = get_mailing(tx, LINK)
    steering.pause(tx, mailing, NOW)
    make_registration(tx, event)
    look(tx, LATER)
    assert list_all(tx, LINK) == []

    steering.resume(tx, mailing, LATER)
    assert mailing.state is PLANNED
    look(tx, LATER)

    assert [one.email for one in list_all(tx, LINK)] == ["samira@example.org"]


def test_who_is_confirmed_while_a_mailing_is_paused_ahead_is_sent_nothing_early(tx):
    event = prepare(tx)
    steering.pause(tx, get_mailing(tx, REMINDER), NOW)
    registration = make_registration(tx, event)

    telling.tell(tx, event, registration, CONFIRMATION, now=NOW + MINUTE)

    assert list_all(tx, REMINDER) == []


def test_a_paused_mailing_moves_with_its_event_and_goes_with_its_rule(tx):
    event = prepare(tx)
    reminder, link = get_mailing(tx, REMINDER), get_mailing(tx, LINK)
    steering.pause(tx, reminder, NOW)
    steering.pause(tx, link, NOW)
    due_at = reminder.due_at
    event.starts_on += timedelta(days=1)
    event.starts_at += timedelta(days=1)
    event.ends_at += timedelta(days=1)
    rules = [mailings.Rule(REMINDER, reminder.rule)]

    mailings.plan(tx, event, now=NOW, rules=rules)

    assert (reminder.state, reminder.due_at) == (PAUSED, due_at + timedelta(days=1))
    assert (link.state, link.reason) == (CANCELLED, "rule-gone")


def test_what_an_organiser_cancelled_does_not_come_back_with_the_event_file(tx):
    event = prepare(tx)
    confirmation, link = get_mailing(tx, CONFIRMATION), get_mailing(tx, LINK)
    steering.cancel(tx, confirmation)
    steering.cancel(tx, link)
    event.starts_on += timedelta(days=1)

    mailings.plan(tx, event, now=NOW)

    assert {confirmation.state, link.state} == {CANCELLED}
    assert {confirmation.reason, link.reason} == {"by-organiser"}


def test_confirmations_wait_while_theirs_is_paused(tx):
    event = prepare(tx)
    mailing = get_mailing(tx, CONFIRMATION)
    steering.pause(tx, mailing, NOW)
    registration = make_registration(tx, event)
    telling.tell(tx, event, registration, CONFIRMATION, now=NOW)
    assert claims.claim(tx, Lane.PROMPT, owner="w", now=NOW, limit=10) == []

    steering.resume(tx, mailing, NOW)

    assert mailing.state is PLANNED
    assert len(claims.claim(tx, Lane.PROMPT, owner="w", now=NOW, limit=10)) == 1


@pytest.mark.parametrize("do", [steering.pause, steering.resume, steering.send_again])
def test_a_mailing_whose_time_is_over_says_so(tx, do):
    fill(tx)
    mailing = put(tx, LINK, PAUSED)

    with pytest.raises(MailingTooLate) as refused:
        do(tx, mailing, ENDS)

    assert refused.value.expired_at == ENDS
    assert mailing.state is PAUSED


def test_cancelling_gives_up_what_waits_and_says_of_what_may_have_left_that_nobody_knows(tx):
    event, _ = fill(tx, 4)
    end(tx, ["accepted", "pending", "failed", "pending"])
    doubtful = list_all(tx, LINK)[3]
    doubtful.maybe_twice = True
    tx.flush()

    assert steering.cancel(tx, get_mailing(tx, LINK)) == 2

    assert states_of(tx) == ["accepted", "cancelled", "failed", "uncertain"]
    row = get_row(tx, event)
    assert (row.total, row.accepted, row.failed, row.waiting) == (3, 1, 2, 0)
    assert [one.last_name for one in deliveries.list_missed(tx, row.id)] == [
        "Personne 1",
        "Personne 2",
        "Personne 3",
    ]


def test_a_row_counts_what_may_have_left_twice_whatever_became_of_it(tx):
    event, _ = fill(tx, 4)
    end(tx, ["accepted", "failed", "uncertain", "accepted"])
    for one in list_all(tx, LINK)[:3]:
        one.maybe_twice = True
    tx.flush()
    steering.send_again(tx, get_mailing(tx, LINK), LATER)

    row = get_row(tx, event)

    assert (row.maybe_twice, row.total, row.waiting) == (3, 4, 1)
    twice = deliveries.list_rows(tx, event.id, mailing_id=row.id, only=deliveries.Only.MAYBE_TWICE)
    assert [one.state for one in twice] == ["accepted", "failed", "uncertain"]
    assert get_row(tx, event, CONFIRMATION).maybe_twice == 0


@pytest.mark.parametrize("reason", [SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINT])
def test_who_had_asked_for_none_is_counted_apart_and_not_missed(tx, reason):
    event, people = fill(tx, 5)
    end(tx, ["accepted", "failed", "suppressed", "suppressed", "suppressed"])
    asked, unwritten, unsaid = list_all(tx, LINK)[2:]
    asked.reply, unwritten.reply, unsaid.reply = reason, SuppressionReason.ADDRESS, None
    tx.flush()
    mailing = get_mailing(tx, LINK)

    row = get_row(tx, event)

    assert (row.total, row.accepted, row.failed, row.waiting) == (4, 1, 3, 0)
    assert (row.suppressed, row.unwanted) == (2, 1)
    missed = [one.registration_id for one in deliveries.list_missed(tx, row.id)]
    assert missed == [people[1].id, people[3].id, people[4].id]
    [one] = deliveries.list_rows(tx, event.id, mailing_id=row.id, only=deliveries.Only.UNWANTED)
    assert (one.registration_id, one.is_unwanted) == (people[2].id, True)
    assert steering.count_again(tx, mailing, LATER) == Again(3, 0)
    ahead = steering.preview(tx, mailing, LATER)
    assert (ahead.missed, ahead.unwanted) == (3, 1)
    assert steering.send_again(tx, mailing, LATER) == 3


def test_who_has_asked_for_none_since_she_missed_it_is_not_sent_it_again(tx):
    event, (samira, *_) = fill(tx, 3)
    end(tx, ["failed", "failed", "uncertain"])
    mailing = get_mailing(tx, LINK)
    mailing.template = MailName.REMINDER  # one that she may do without
    tx.flush()
    suppressions.unsubscribe(tx, samira.email_key, event.id, now=LATER)

    again = steering.count_again(tx, mailing, LATER)

    reason = SuppressionReason.UNSUBSCRIBED
    assert again == Again(1, 1, {list_all(tx, LINK)[0].id: reason})
    assert (again.unwanted, again.suppressed) == (1, 0)
    assert steering.send_again(tx, mailing, LATER) == 1


def test_what_was_not_wanted_can_be_sent_by_hand_once_she_takes_it_back(tx):
    event, _ = fill(tx, 1)
    end(tx, ["suppressed"])
    [mail] = list_all(tx, LINK)
    mail.reply = SuppressionReason.UNSUBSCRIBED
    tx.flush()

    assert steering.send_again(tx, get_mailing(tx, LINK), LATER) == 0
    assert steering.send_one_again(tx, mail, LATER)

    row = get_row(tx, event)
    assert (row.total, row.waiting, row.unwanted) == (1, 1, 0)


def test_a_row_says_what_its_mails_wait_for(tx):
    event, _ = fill(tx, 6)
    columns = [
        {"waits_for": Wait.RATE},
        {"waits_for": Wait.RATE},
        {"waits_for": Wait.RELAY},
        {"waits_for": Wait.DEFERRED, "not_before": LATER + MINUTE},
        {"not_before": LATER + MINUTE},
        {},
    ]
    for one, values in zip(list_all(tx, LINK), columns, strict=True):
        for name, value in values.items():
            setattr(one, name, value)
    tx.flush()

    assert get_row(tx, event).waits == {
        "rate": 2,
        "relay": 1,
        "deferred": 1,
        "time": 1,
        "worker": 1,
    }
    claims.claim(tx, Lane.BULK, owner="w", now=LATER, limit=1)
    assert get_row(tx, event).waits["sending"] == 1


def test_a_row_says_when_the_first_of_what_a_relay_deferred_is_tried_again(tx):
    event, _ = fill(tx, 4)
    assert get_row(tx, event).next_attempt_at is None
    for one, minutes in zip(list_all(tx, LINK), (30, 20, -1), strict=False):
        one.waits_for, one.not_before = Wait.DEFERRED, LATER + minutes * MINUTE
    rated = list_all(tx, LINK)[3]
    rated.waits_for, rated.not_before = Wait.RATE, LATER + MINUTE
    tx.flush()

    assert get_row(tx, event).next_attempt_at == LATER + 20 * MINUTE
    assert get_row(tx, event, now=LATER + 25 * MINUTE).next_attempt_at == LATER + 30 * MINUTE
    steering.pause(tx, get_mailing(tx, LINK), LATER)
    assert get_row(tx, event).next_attempt_at is None


@pytest.mark.parametrize(
    ("state", "is_known"),
    [("pending", True), ("sending", False), ("accepted", False), ("failed", False)],
)
def test_a_mail_that_waits_says_from_when_on_it_is_tried(tx, state, is_known):
    event, _ = fill(tx, 1)
    end(tx, [state], not_before=LATER)
    [row] = deliveries.list_rows(tx, event.id)
    assert deliveries.find_next_attempt(row) == (LATER if is_known else None)
    if is_known:
        steering.pause(tx, get_mailing(tx, LINK), LATER)
        [row] = deliveries.list_rows(tx, event.id)
        assert deliveries.find_next_attempt(row) is None


def test_a_link_held_for_want_of_a_room_says_so(tx):
    event, _ = fill(tx, room_url=None)
    assert get_row(tx, event).waits == {"room-missing": 0}


AGAIN = {
    "accepted": 0,
    "delivered": 0,
    "pending": 0,
    "sending": 0,
    "cancelled": 0,
    "failed": 1,
    "bounced": 1,
    "expired": 1,
    "suppressed": 1,
    "uncertain": 0,
}


@pytest.mark.parametrize(("state", "number"), AGAIN.items())
def test_a_mailing_is_sent_again_to_those_who_did_not_get_it(tx, state, number):
    fill(tx, 1)
    end(tx, [state])
    mailing = get_mailing(tx, LINK)

    assert steering.send_again(tx, mailing, LATER) == number

    assert states_of(tx) == [state, "pending"][: 1 + number]
    assert steering.send_again(tx, mailing, LATER) == 0


def test_those_of_whom_nobody_can_tell_are_sent_it_again_only_when_asked(tx):
    fill(tx, 2)
    end(tx, ["uncertain", "failed"])
    mailing = get_mailing(tx, LINK)

    assert steering.count_again(tx, mailing, LATER) == Again(1, 1)
    assert steering.send_again(tx, mailing, LATER, with_uncertain=True) == 2


def test_what_is_sent_again_goes_to_the_present_address_and_counts_in_place_of_the_first(tx):
    event, (samira, _) = fill(tx, 2)
    end(tx, ["bounced", "accepted"])
    samira.email, samira.email_key = "juste@example.org", "juste@example.org"
    samira.language = Language.ARABIC
    put(tx, LINK, DONE)

    steering.send_again(tx, get_mailing(tx, LINK), LATER)

    first, _, again = list_all(tx, LINK)
    assert (again.email, again.language, again.lane) == (
        "juste@example.org",
        Language.ARABIC,
        Lane.BULK,
    )
    assert again.intent == f"{first.intent}:again:{first.id}"
    assert (again.due_at, again.expires_at) == (LATER, ENDS)
    row = get_row(tx, event)
    assert (row.total, row.accepted, row.failed, row.waiting) == (2, 1, 0, 1)
    assert row.state is SENDING
    end(tx, ["bounced", "accepted", "accepted"])
    look(tx, LATER)
    row = get_row(tx, event)
    assert (row.total, row.accepted, row.failed, row.state) == (2, 2, 0, DONE)
    assert deliveries.list_missed(tx, row.id) == []


def test_it_can_be_sent_again_as_often_as_it_fails(tx):
    fill(tx, 1)
    mailing = get_mailing(tx, LINK)
    for times in range(1, 4):
        end(tx, ["failed"] * times)
        assert steering.send_again(tx, mailing, LATER) == 1
    sent = list_all(tx, LINK)
    assert [one.intent.count(":again:") for one in sent] == [0, 1, 2, 3]


def test_an_address_that_is_not_written_to_is_sent_nothing_again_until_it_is_corrected(tx):
    _, (samira, *_) = fill(tx, 1)
    end(tx, ["failed"], failure=Failure.ADDRESS)
    suppressions.learn(tx, samira.email_key, Failure.ADDRESS, "550 5.1.1", is_final=True, now=LATER)
    mailing = get_mailing(tx, LINK)
    again = steering.count_again(tx, mailing, LATER)
    assert again == Again(0, 0, {list_all(tx, LINK)[0].id: SuppressionReason.ADDRESS})
    assert (again.unwanted, again.suppressed) == (0, 1)
    assert steering.send_again(tx, mailing, LATER) == 0
    with pytest.raises(AddressSuppressed) as refused:
        steering.send_one_again(tx, list_all(tx, LINK)[0], LATER)
    assert refused.value.reason is SuppressionReason.ADDRESS

    samira.email, samira.email_key = "juste@example.org", "juste@example.org"
    tx.flush()

    assert steering.send_again(tx, mailing, LATER) == 1


def test_who_is_not_of_the_audience_any_more_is_left_out(tx):
    _, (gone, erased, copied, stays) = fill(tx, 4)
    end(tx, ["failed"] * 4)
    gone.status = RegistrationStatus.CANCELLED
    erased.erased_at = LATER
    copied.assistant_email = "cabinet@example.org"  # after the mail was written: no copy failed
    tx.flush()

    assert steering.send_again(tx, get_mailing(tx, LINK), LATER) == 2

    again = list_all(tx, LINK)[4:]
    assert [one.email for one in again] == [copied.email, stays.email]


def test_an_assistant_is_sent_the_copy_again_to_the_present_address(tx):
    event = prepare(tx)
    registration = make_registration(tx, event, assistant_email="cabinet@example.org")
    look(tx, DUE)
    end(tx, ["accepted", "failed"])
    registration.assistant_email = "autre@example.org"
    tx.flush()

    assert steering.send_again(tx, get_mailing(tx, LINK), LATER) == 1

    again = list_all(tx, LINK)[2]
    assert (again.email, again.is_copy) == ("autre@example.org", True)


def test_a_confirmation_told_anew_since_is_not_sent_again(tx):
    event = prepare(tx)
    registration = make_registration(tx, event)
    telling.tell(tx, event, registration, CONFIRMATION, now=NOW)
    end(tx, ["failed"], CONFIRMATION)
    registration.calendar_sequence += 1
    telling.tell(tx, event, registration, CONFIRMATION, now=NOW)
    end(tx, ["failed", "accepted"], CONFIRMATION)
    mailing = get_mailing(tx, CONFIRMATION)

    assert steering.send_again(tx, mailing, NOW) == 0
    assert deliveries.list_missed(tx, mailing.id) == []
    row = get_row(tx, event, CONFIRMATION)
    assert (row.total, row.accepted, row.failed) == (1, 1, 0)


def test_a_standing_mailing_is_sent_again_and_stays_planned(tx):
    event = prepare(tx)
    registration = make_registration(tx, event)
    telling.tell(tx, event, registration, CONFIRMATION, now=NOW)
    end(tx, ["failed"], CONFIRMATION)
    mailing = get_mailing(tx, CONFIRMATION)

    assert steering.send_again(tx, mailing, NOW) == 1

    again = list_all(tx, CONFIRMATION)[1]
    assert (mailing.state, again.ordinal) == (PLANNED, 1)


def test_what_failed_before_the_event_was_moved_is_not_sent_again_early(tx):
    fill(tx, 1)
    end(tx, ["failed"])
    mailing = put(tx, LINK, PLANNED)
    mailing.due_at += timedelta(days=1)
    mailing.expires_at += timedelta(days=1)
    tx.flush()

    assert steering.send_again(tx, mailing, LATER) == 0


def test_a_cancelled_mailing_and_an_event_that_does_not_take_place_are_not_sent_again(tx):
    event, _ = fill(tx, 1)
    end(tx, ["failed"])
    mailing = put(tx, LINK, CANCELLED, "by-organiser")
    with pytest.raises(MailingCancelled):
        steering.send_again(tx, mailing, LATER)
    assert steering.count_again(tx, mailing, LATER) == Again(0, 0)

    put(tx, LINK, DONE)
    event.cancelled_at = LATER
    tx.flush()
    with pytest.raises(EventCancelled):
        steering.send_again(tx, mailing, LATER)


@pytest.mark.parametrize("state", ["accepted", "delivered", "pending", "sending", "cancelled"])
def test_a_mail_that_has_left_or_is_on_its_way_is_not_sent_again(tx, state):
    fill(tx, 1)
    end(tx, [state])

    with pytest.raises(NotSentAgain) as refused:
        steering.send_one_again(tx, list_all(tx, LINK)[0], LATER)

    assert refused.value.state == state


def test_one_mail_is_sent_again_once(tx):
    fill(tx, 2)
    end(tx, ["uncertain", "accepted"])
    put(tx, LINK, DONE)
    one = list_all(tx, LINK)[0]

    assert steering.send_one_again(tx, one, LATER)
    assert not steering.send_one_again(tx, one, LATER)

    again = list_all(tx, LINK)[2]
    assert (again.lane, again.email, again.mailing_id) == (Lane.PROMPT, one.email, one.mailing_id)
    assert get_mailing(tx, LINK).state is SENDING


def test_a_mail_of_no_mailing_is_sent_again_too(tx):
    event = prepare(tx)
    registration = make_registration(tx, event)
    telling.tell(tx, event, registration, MailName.OWN_LINK, now=NOW)
    mailings.test_to(tx, event, REMINDER, "nadia@example.org", Language.FRENCH, now=NOW)
    link, test = list_all(tx)
    end(tx, ["failed"], MailName.OWN_LINK)
    end(tx, ["failed"], REMINDER)

    assert steering.send_one_again(tx, link, NOW)
    assert not steering.send_one_again(tx, link, NOW)
    assert steering.send_one_again(tx, test, NOW)

    assert [one.email for one in list_all(tx)[2:]] == ["samira@example.org", "nadia@example.org"]


def test_a_mail_that_makes_no_sense_any_more_is_not_sent_again(tx):
    event = prepare(tx)
    registration = make_registration(tx, event, assistant_email="cabinet@example.org")
    registrations.cancel(tx, participants.get(tx, registration.id), now=NOW)
    mail, copy = list_all(tx, MailName.REGISTRATION_CANCELLED)
    end(tx, ["failed", "failed"], MailName.REGISTRATION_CANCELLED)

    with pytest.raises(MailingTooLate):
        steering.send_one_again(tx, mail, ENDS)
    event.cancelled_at = NOW
    assert steering.send_one_again(tx, mail, NOW)
    registration.assistant_email = ""
    tx.flush()
    with pytest.raises(NotFound):
        steering.send_one_again(tx, copy, NOW)
    registration.erased_at = NOW
    tx.flush()
    with pytest.raises(NotFound):
        steering.send_one_again(tx, mail, NOW)


def test_a_dry_run_counts_exactly_whom_the_mailing_then_reaches(tx):
    event = prepare(tx)
    make_registration(tx, event, email="a@example.org", assistant_email="cabinet@example.org")
    make_registration(
        tx, event, email="b@example.org", language=Language.ARABIC, assistant_email="B@example.org"
    )
    make_registration(tx, event, email="c@example.org")
    make_registration(tx, event, email="d@example.org", status=RegistrationStatus.WAITING)
    make_registration(tx, event, email="e@example.org", confirmed_at=DUE + MINUTE)
    suppressions.learn(tx, "c@example.org", Failure.ADDRESS, "550", is_final=True, now=DUE)
    suppressions.unsubscribe(tx, "b@example.org", None, now=DUE)
    mailing = get_mailing(tx, LINK)

    ahead = steering.preview(tx, mailing, DUE)

    assert ahead.languages == {Language.FRENCH: Reach(1, 1), Language.ARABIC: Reach(1, 0)}
    assert (ahead.people, ahead.copies) == (2, 1)
    assert ahead.suppressed == {SuppressionReason.ADDRESS: 1}
    assert (ahead.already, ahead.missed) == (0, 0)
    assert (ahead.due_at, ahead.expires_at, ahead.state) == (DUE, ENDS, PLANNED)
    look(tx, DUE)
    assert steering.preview(tx, mailing, DUE) == ahead.__class__(
        **{**vars(ahead), "state": SENDING}
    )
    assert len(list_all(tx, LINK)) == ahead.people + ahead.copies + 1


def test_a_dry_run_of_mail_that_can_be_done_without_leaves_out_who_wants_none(tx):
    event = prepare(tx)
    make_registration(tx, event)
    suppressions.unsubscribe(tx, "samira@example.org", event.id, now=NOW)

    ahead = steering.preview(tx, get_mailing(tx, REMINDER), NOW)

    assert (ahead.people, ahead.suppressed) == (0, {SuppressionReason.UNSUBSCRIBED: 1})


def test_a_dry_run_under_way_tells_apart_who_has_it_who_misses_it_and_who_is_to_come(tx):
    fill(tx, 4)
    end(tx, ["accepted", "failed", "pending", "sending"])
    mailing = get_mailing(tx, LINK)

    ahead = steering.preview(tx, mailing, LATER)

    assert (ahead.people, ahead.already, ahead.missed) == (2, 1, 1)
    assert steering.preview(tx, mailing, ENDS).people == 0
    steering.cancel(tx, mailing)
    assert steering.preview(tx, mailing, LATER).people == 0


def test_a_dry_run_of_a_standing_mailing_counts_what_waits_for_it(tx):
    event = prepare(tx)
    first, _ = (make_registration(tx, event, email=f"{name}@example.org") for name in "ab")
    telling.tell(tx, event, first, CONFIRMATION, now=NOW)

    ahead = steering.preview(tx, get_mailing(tx, CONFIRMATION), NOW)

    assert ahead.languages == {Language.FRENCH: Reach(1, 0)}


def test_a_mailing_is_found_by_its_template_or_its_number(tx):
    event = prepare(tx)
    link = get_mailing(tx, LINK)
    assert steering.get_named(tx, event.id, "connection-link") is link
    assert steering.get_named(tx, event.id, str(link.id)) is link
    for name in ("practical-information", "rien", "999999"):
        with pytest.raises(NotFound):
            steering.get_named(tx, event.id, name)
    tx.add(
        Mailing(
            event_id=event.id,
            template=LINK,
            rule="start-15m",
            due_at=LATER,
            expires_at=ENDS,
            state=PLANNED,
        )
    )
    tx.flush()
    with pytest.raises(MailingAmbiguous) as refused:
        steering.get_named(tx, event.id, "connection-link")
    assert len(refused.value.ids) == 2


def test_nothing_of_another_event_is_found(tx):
    fill(tx, 1)
    other = make_event(tx, "autre")
    with pytest.raises(NotFound):
        steering.get(tx, other.id, get_mailing(tx, LINK).id)
    with pytest.raises(NotFound):
        steering.get_delivery(tx, other.id, list_all(tx, LINK)[0].id)


def test_a_late_word_of_a_worker_about_the_first_mail_still_counts(tx):
    event, _ = fill(tx, 1)
    (held,) = claims.claim(tx, Lane.BULK, owner="w", now=DUE, limit=1)
    claims.free_expired_leases(tx, now=DUE + claims.LEASE)
    end(tx, ["uncertain"])
    steering.send_again(tx, get_mailing(tx, LINK), LATER, with_uncertain=True)

    claims.record(tx, [Outcome(held, Verdict.ACCEPTED, "250 ok")], now=LATER)

    row = get_row(tx, event)
    assert (row.total, row.accepted, row.waiting) == (2, 1, 1)
