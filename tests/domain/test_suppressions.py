"""Which addresses are not written to: what is learnt ends by itself, what is asked holds."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from tests.domain.registering import register
from tests.domain.sending import add, get
from tests.factories import NOW, make_event, make_registration
from webinars import corrections, events, participants, registrations, retention, suppressions
from webinars.models import (
    Bounce,
    Delivery,
    DeliveryState,
    Failure,
    Frozen,
    MailName,
    Suppression,
    SuppressionReason,
)
from webinars.suppressions import (
    ASKED,
    BOUNCES_KEPT,
    RULES,
    SILENCE,
    UNSUBSCRIBABLE,
    WINDOW,
    Block,
    Wish,
    find_block,
    find_wish,
)

SAMIRA = "samira@example.org"
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
ADDRESS, MAILBOX, COMPLAINT, UNSUBSCRIBED = SuppressionReason
NEEDED = frozenset(MailName) - UNSUBSCRIBABLE
EITHER = (True, False)


def learn(tx, failure=Failure.ADDRESS, *, key=SAMIRA, is_final=True, now=NOW, **how):
    suppressions.learn(tx, key, failure, "550 5.1.1 unknown", is_final=is_final, now=now, **how)


def list_reasons(tx, *, key=SAMIRA, now=NOW):
    return [block.reason for block in suppressions.list_blocks(tx, [key], now=now)[key]]


def list_all(tx):
    """List every row there is, as it is by now."""
    rows = select(Suppression.email_key, Suppression.scope, Suppression.reason)
    return [tuple(row) for row in tx.execute(rows.order_by(Suppression.id))]


def report(tx, failure=Failure.MAILBOX, *, key=SAMIRA, now=NOW, delivery_id=None, is_final=False):
    """Report that a mail did not arrive, and learn from it."""
    number = tx.scalar(select(func.count()).select_from(Bounce))
    tx.add(
        Bounce(
            digest=f"report {number}",
            delivery_id=delivery_id,
            email_key=key,
            failure=failure,
            is_final=is_final,
            said="452 4.2.2 over quota",
            reported_at=now,
        )
    )
    tx.flush()
    learn(tx, failure, key=key, now=now, is_final=is_final)


def accept(tx, name, *, at, state=DeliveryState.ACCEPTED, **values):
    """Have a mail accepted by the relay."""
    add(tx, make_event(tx, f"event-of-{name}"), name, email=SAMIRA, **values)
    tx.execute(
        update(Delivery)
        .where(Delivery.intent == f"test of {name}")
        .values(state=state, accepted_at=at)
    )


BLOCKED = {
    # reason: needed mails, needed mails by form, mails one may do without, those by form
    ADDRESS: (True, False, True, False),
    MAILBOX: (True, False, True, False),
    COMPLAINT: (False, False, True, True),
    UNSUBSCRIBED: (False, False, True, True),
}


@pytest.mark.parametrize("template", MailName)
@pytest.mark.parametrize("reason", SuppressionReason)
def test_what_each_reason_stops(reason, template):
    needed, needed_by_form, spared, spared_by_form = BLOCKED[reason]
    by_form = spared_by_form if template in UNSUBSCRIBABLE else needed_by_form
    unasked = spared if template in UNSUBSCRIBABLE else needed
    blocks = [Block(SAMIRA, "all", reason)]

    assert find_block(blocks, template, 17, by_form=True) == (reason if by_form else None)
    assert find_block(blocks, template, 17, by_form=False) == (reason if unasked else None)


def test_a_person_can_do_without_reminders_thanks_and_messages_and_nothing_else():
    expected = {"reminder", "practical-information", "thanks", "message"}
    expected |= {"invitation", "invitation-reminder"}
    assert {one.value for one in UNSUBSCRIBABLE} == expected


@pytest.mark.parametrize(
    ("scope", "event_id", "is_blocked"),
    [("all", 17, True), ("event:17", 17, True), ("event:17", 1, False), ("event:17", 170, False)],
)
def test_what_was_asked_of_one_event_stops_its_mails_alone(scope, event_id, is_blocked):
    blocks = [Block(SAMIRA, scope, UNSUBSCRIBED)]

    assert bool(find_block(blocks, MailName.THANKS, event_id, by_form=False)) is is_blocked


def test_of_several_reasons_the_gravest_that_applies_is_named():
    blocks = [Block(SAMIRA, "event:1", UNSUBSCRIBED), Block(SAMIRA, "all", MAILBOX)]

    assert find_block(blocks, MailName.REMINDER, 1, by_form=False) is MAILBOX
    assert find_block(blocks, MailName.REMINDER, 1, by_form=True) is UNSUBSCRIBED
    assert find_block([], MailName.REMINDER, 1, by_form=False) is None


LEARNT_AT_ONCE = {
    (Failure.ADDRESS, True): ADDRESS,
    (Failure.COMPLAINT, True): COMPLAINT,
    (Failure.COMPLAINT, False): COMPLAINT,
}


@pytest.mark.parametrize("is_final", EITHER)
@pytest.mark.parametrize("failure", Failure)
def test_what_is_learnt_from_a_first_report(tx, failure, is_final):
    report(tx, failure, is_final=is_final)

    learnt = LEARNT_AT_ONCE.get((failure, is_final))
    assert list_reasons(tx) == ([learnt] if learnt else [])


@pytest.mark.parametrize("failure", sorted(set(Failure) - set(RULES)))
def test_what_is_ours_to_mend_suppresses_nothing_however_often(tx, failure):
    for _ in range(5):
        report(tx, failure, is_final=True)

    assert list_all(tx) == []


@pytest.mark.parametrize(
    ("failure", "days"), [(Failure.ADDRESS, 90), (Failure.MAILBOX, 14), (Failure.COMPLAINT, None)]
)
def test_what_is_learnt_ends_by_itself_but_not_a_complaint(tx, failure, days):
    for _ in range(3):
        report(tx, failure, is_final=True)
    reason = RULES[failure].reason

    assert list_reasons(tx) == [reason]
    if days is None:
        assert list_reasons(tx, now=NOW + 3650 * DAY) == [reason]
    else:
        assert list_reasons(tx, now=NOW + days * DAY - SECOND) == [reason]
        assert list_reasons(tx, now=NOW + days * DAY) == []


@pytest.mark.parametrize("failure", [Failure.ADDRESS, Failure.COMPLAINT])
def test_the_same_learnt_twice_is_one_row_that_holds_for_longer(tx, failure):
    learn(tx, failure)
    learn(tx, failure, now=NOW + 60 * DAY)

    assert len(list_all(tx)) == 1
    assert list_reasons(tx, now=NOW + 140 * DAY) == [RULES[failure].reason]


def test_a_mailbox_is_left_alone_from_the_third_report_in_a_month_on(tx):
    report(tx, now=NOW)
    report(tx, now=NOW + 20 * DAY)
    assert list_reasons(tx, now=NOW + 20 * DAY) == []
    report(tx, now=NOW + WINDOW)
    assert list_reasons(tx, now=NOW + WINDOW) == [], "the first was a month ago"
    report(tx, now=NOW + WINDOW + DAY)
    assert list_reasons(tx, now=NOW + WINDOW + DAY) == [MAILBOX]
    assert list_reasons(tx, key="jean@example.org", now=NOW + WINDOW + DAY) == []


def test_reports_of_other_kinds_do_not_count_towards_a_full_mailbox(tx):
    for failure in (Failure.THROTTLED, Failure.POLICY, Failure.MAILBOX):
        report(tx, failure)

    assert list_reasons(tx) == []


def test_a_delay_and_its_end_are_one_report(tx):
    event = make_event(tx)
    for name in ("one", "two"):
        add(tx, event, name, email=SAMIRA)
        for is_final in EITHER:
            report(tx, delivery_id=get(tx, name).id, is_final=is_final)
    assert list_reasons(tx) == []
    report(tx)
    assert list_reasons(tx) == [MAILBOX]


def test_the_relays_own_refusals_count_as_reports_once_for_each_mail(tx):
    event = make_event(tx)
    for name in ("one", "two", "three"):
        assert list_reasons(tx) == []
        add(tx, event, name, email=SAMIRA)
        for _attempt in range(3):
            learn(tx, Failure.MAILBOX, is_final=False, delivery_id=get(tx, name).id)
    assert list_reasons(tx) == [MAILBOX]
    assert tx.scalar(select(func.count()).select_from(Bounce)) == 3


def test_nothing_is_learnt_about_someone_whose_data_were_erased_meanwhile(tx):
    learn(tx, key="")

    assert list_all(tx) == []
    assert suppressions.list_blocks(tx, ["", SAMIRA], now=NOW) == {"": [], SAMIRA: []}


ARRIVED = {
    # what was accepted one minute after the address was reported, and how long ago: still blocked?
    "by her form": ({"by_form": True}, SILENCE, False),
    "by her form, but just now": ({"by_form": True}, SILENCE - SECOND, True),
    "by no form": ({"by_form": False}, SILENCE, True),
    "by her form, and came back": (
        {"by_form": True, "state": DeliveryState.BOUNCED},
        SILENCE,
        True,
    ),
    "by her form, and delivered": (
        {"by_form": True, "state": DeliveryState.DELIVERED},
        SILENCE,
        False,
    ),
}


@pytest.mark.parametrize("case", ARRIVED)
def test_an_address_is_written_to_again_once_a_mail_by_her_own_form_has_arrived(tx, case):
    values, ago, is_blocked = ARRIVED[case]
    learn(tx)
    accepted_at = NOW + timedelta(minutes=1)
    accept(tx, "again", at=accepted_at, **values)

    assert list_reasons(tx, now=accepted_at + ago) == ([ADDRESS] if is_blocked else [])


def test_what_was_accepted_before_the_report_proves_nothing(tx):
    accept(tx, "first", at=NOW - SECOND, by_form=True)
    learn(tx)
    assert list_reasons(tx, now=NOW + DAY) == [ADDRESS]

    accept(tx, "second", at=NOW + DAY, by_form=True)
    learn(tx, now=NOW + DAY + timedelta(minutes=2))
    assert list_reasons(tx, now=NOW + 2 * DAY) == [ADDRESS]


def test_a_mail_that_arrives_takes_nothing_back_of_what_was_asked(tx):
    suppressions.unsubscribe(tx, SAMIRA, None, now=NOW)
    learn(tx, Failure.COMPLAINT)
    accept(tx, "again", at=NOW + SECOND, by_form=True)

    assert set(list_reasons(tx, now=NOW + DAY)) == ASKED


@pytest.fixture
def mails(tx):
    """Make two events, each with a mail of every kind to Samira and one to Jean."""
    made = []
    for slug in ("webinaire-covid-19", "assises"):
        event = make_event(tx, slug)
        person = make_registration(tx, event, last_name=f"Bennani {slug}", email=SAMIRA)
        for template in MailName:
            name = f"{slug} {template}"
            add(tx, event, name, template=template, email="Samira@Example.org")
            get(tx, name).registration_id = person.id
        other = make_registration(tx, event, last_name=f"Dupont {slug}", email="jean@example.org")
        add(tx, event, f"{slug} jean", template=MailName.THANKS, email="jean@example.org")
        get(tx, f"{slug} jean").registration_id = other.id
        made.append(event)
    tx.flush()
    return made


def list_suppressed(tx):
    rows = select(Delivery).where(Delivery.state == DeliveryState.SUPPRESSED)
    found = list(tx.scalars(rows.execution_options(populate_existing=True)))
    assert {one.reply for one in found} <= {"unsubscribed"}
    return {(one.event_id, one.template) for one in found}


@pytest.mark.parametrize("is_all", EITHER)
def test_unsubscribing_stops_what_waits_of_that_scope_at_once(tx, mails, is_all):
    first, second = mails
    stopped = suppressions.unsubscribe(tx, SAMIRA, None if is_all else first.id, now=NOW)

    events = [first, second] if is_all else [first]
    expected = {(event.id, template) for event in events for template in UNSUBSCRIBABLE}
    assert list_suppressed(tx) == expected
    assert stopped == len(expected)
    assert list_all(tx) == [(SAMIRA, "all" if is_all else f"event:{first.id}", UNSUBSCRIBED)]


def test_what_a_worker_has_or_has_sent_is_left_to_the_worker(tx, mails):
    states = (DeliveryState.SENDING, DeliveryState.ACCEPTED)
    waiting = [f"webinaire-covid-19 {one}" for one in (MailName.REMINDER, MailName.THANKS)]
    for name, state in zip(waiting, states, strict=True):
        get(tx, name).state = state
    tx.flush()

    suppressions.unsubscribe(tx, SAMIRA, mails[0].id, now=NOW)

    assert [get(tx, name).state for name in waiting] == list(states)
    left = UNSUBSCRIBABLE - {MailName.REMINDER, MailName.THANKS}
    assert list_suppressed(tx) == {(mails[0].id, one) for one in left}


WISHES = {
    # what was asked, one after the other: what holds then, for this event and for another
    (): (Wish.EVERY, Wish.EVERY),
    (Wish.OTHERS,): (Wish.OTHERS, Wish.EVERY),
    (Wish.OTHERS, Wish.OTHERS): (Wish.OTHERS, Wish.EVERY),
    (Wish.NONE,): (Wish.NONE, Wish.NONE),
    (Wish.OTHERS, Wish.NONE): (Wish.NONE, Wish.NONE),
    (Wish.NONE, Wish.OTHERS): (Wish.NONE, Wish.NONE),
    (Wish.OTHERS, Wish.EVERY): (Wish.EVERY, Wish.EVERY),
    (Wish.NONE, Wish.EVERY): (Wish.EVERY, Wish.EVERY),
    (Wish.OTHERS, Wish.NONE, Wish.EVERY): (Wish.EVERY, Wish.EVERY),
    (Wish.NONE, Wish.EVERY, Wish.OTHERS): (Wish.OTHERS, Wish.EVERY),
    (Wish.EVERY,): (Wish.EVERY, Wish.EVERY),
}


@pytest.mark.parametrize("asked", WISHES, ids=lambda asked: ", ".join(asked) or "nothing")
def test_what_a_person_asked_holds_until_she_takes_it_back(tx, asked):
    for number, wish in enumerate(asked):
        at = NOW + number * DAY
        suppressions.record_wish(tx, SAMIRA, 1, wish, now=at)
    later = NOW + 1000 * DAY
    blocks = suppressions.list_blocks(tx, [SAMIRA], now=later)[SAMIRA]

    assert (find_wish(blocks, 1), find_wish(blocks, 2)) == WISHES[asked]
    for event_id, wish in zip((1, 2), WISHES[asked], strict=True):
        reason = find_block(blocks, MailName.REMINDER, event_id, by_form=False)
        assert (reason is None) is (wish is Wish.EVERY)


def test_asking_twice_changes_no_row(tx):
    suppressions.unsubscribe(tx, SAMIRA, None, now=NOW)
    suppressions.unsubscribe(tx, SAMIRA, None, now=NOW + DAY)

    assert tx.execute(select(Suppression.created_at, Suppression.expires_at)).all() == [(NOW, None)]


def test_a_person_who_complained_may_say_that_she_wants_reminders_again(tx):
    learn(tx, Failure.COMPLAINT)
    suppressions.record_wish(tx, SAMIRA, 1, Wish.EVERY, now=NOW + DAY)
    assert list_reasons(tx, now=NOW + DAY) == []

    learn(tx, Failure.COMPLAINT, now=NOW + 2 * DAY)
    assert list_reasons(tx, now=NOW + 2 * DAY) == [COMPLAINT]


def test_what_was_asked_of_another_event_is_not_taken_back(tx):
    suppressions.unsubscribe(tx, SAMIRA, 2, now=NOW)
    suppressions.record_wish(tx, SAMIRA, 1, Wish.EVERY, now=NOW)

    assert list_reasons(tx) == [UNSUBSCRIBED]


def test_taking_it_back_does_not_make_an_address_exist(tx):
    learn(tx)
    suppressions.record_wish(tx, SAMIRA, 1, Wish.EVERY, now=NOW)

    assert list_reasons(tx) == [ADDRESS]


def test_an_organiser_lifts_the_reasons_she_names_and_no_other(tx):
    learn(tx)
    suppressions.unsubscribe(tx, SAMIRA, 1, now=NOW)

    assert suppressions.lift(tx, SAMIRA, {ADDRESS, MAILBOX}, NOW) == 1
    assert suppressions.lift(tx, SAMIRA, {ADDRESS, MAILBOX}, NOW) == 0
    assert list_reasons(tx) == [UNSUBSCRIBED]


def test_organisers_see_who_of_their_event_is_not_written_to_and_why(tx, mails):
    first, second = mails
    make_registration(tx, second, last_name="Cabinet", assistant_email="Secretariat@example.org")
    learn(tx)
    suppressions.unsubscribe(tx, "jean@example.org", first.id, now=NOW + SECOND)
    learn(tx, key="secretariat@example.org", now=NOW + 2 * SECOND)
    learn(tx, key="ailleurs@example.org", now=NOW + 3 * SECOND)

    def list_shown(event_id, now=NOW + DAY):
        rows = suppressions.list_rows(tx, event_id, now)
        return [(row.email_key.split("@")[0], row.reason) for row in rows]

    assert list_shown(first.id) == [("jean", UNSUBSCRIBED), ("samira", ADDRESS)]
    assert list_shown(second.id) == [("secretariat", ADDRESS), ("samira", ADDRESS)]
    assert len(list_shown(None)) == 4
    assert list_shown(None, NOW + 91 * DAY) == [("jean", UNSUBSCRIBED)]
    [row] = suppressions.list_rows(tx, first.id, NOW + 91 * DAY)
    assert (row.scope, row.reply, row.expires_at) == (first.slug, None, None)


def test_a_corrected_address_is_written_to_whatever_the_wrong_one_was(tx, mails):
    learn(tx)
    [wrong, _jean] = participants.list_rows(tx, mails[0].id)
    person = participants.get(tx, wrong.id)

    corrections.correct_address(tx, person, "s.bennani@example.org", now=NOW)

    assert list_reasons(tx, key=person.email_key) == []
    assert list_reasons(tx) == [ADDRESS]


def list_of_everyone(tx):
    """List what is known of addresses: bounces, and suppressions."""
    bounces = tx.scalar(select(func.count()).select_from(Bounce))
    return bounces, list_all(tx)


def test_erasing_forgets_what_was_reported_and_remembers_what_was_asked(tx):
    event = make_event(tx)
    person = participants.get(tx, make_registration(tx, event, email=SAMIRA).id)
    add(tx, event, "one", email=SAMIRA, registration_id=person.id)
    report(tx, Failure.ADDRESS, delivery_id=get(tx, "one").id, is_final=True)
    report(tx, Failure.MAILBOX)
    tx.add(Frozen(delivery_id=get(tx, "one").id, content=b"To: Samira"))
    suppressions.unsubscribe(tx, SAMIRA, None, now=NOW)

    registrations.erase(tx, person, now=NOW)

    assert list_of_everyone(tx) == (0, [(suppressions.seal(SAMIRA), "all", UNSUBSCRIBED)])
    assert tx.scalar(select(func.count()).select_from(Frozen)) == 0
    assert suppressions.list_rows(tx, None, NOW) == []
    suppressions.recognise(tx, "jean@example.org")
    assert list_reasons(tx) == []
    suppressions.recognise(tx, SAMIRA)
    assert list_all(tx) == [(SAMIRA, "all", UNSUBSCRIBED)], "she is known again when she comes back"
    assert tx.scalars(select(Suppression.created_at)).all() == [NOW]


def test_what_was_asked_before_and_after_an_erasure_is_kept_once(tx):
    for number in range(2):
        event = make_event(tx, f"event-{number}")
        person = participants.get(tx, make_registration(tx, event, email=SAMIRA).id)
        suppressions.unsubscribe(tx, SAMIRA, None, now=NOW)
        registrations.erase(tx, person, now=NOW)
    assert list_all(tx) == [(suppressions.seal(SAMIRA), "all", UNSUBSCRIBED)]

    suppressions.unsubscribe(tx, SAMIRA, None, now=NOW + DAY)
    suppressions.recognise(tx, SAMIRA)
    assert list_all(tx) == [(SAMIRA, "all", UNSUBSCRIBED)]


def test_what_was_taken_back_before_an_erasure_is_not_known_again(tx):
    person = participants.get(tx, make_registration(tx, make_event(tx), email=SAMIRA).id)
    suppressions.unsubscribe(tx, SAMIRA, None, now=NOW)
    suppressions.resubscribe(tx, SAMIRA, None, now=NOW)

    registrations.erase(tx, person, now=NOW)

    assert list_all(tx) == []


def test_erasing_leaves_alone_what_is_known_of_a_mailbox_that_others_use(tx):
    event = make_event(tx)
    gone, _stays = (
        make_registration(tx, event, last_name=name, email=SAMIRA) for name in ("Gone", "Stays")
    )
    report(tx, Failure.ADDRESS, is_final=True)

    registrations.erase(tx, participants.get(tx, gone.id), now=NOW)

    assert list_of_everyone(tx) == (1, [(SAMIRA, "all", ADDRESS)])


def test_the_purge_of_an_event_forgets_what_was_asked_of_its_mails(tx):
    event = make_event(tx)
    make_registration(tx, event, email=SAMIRA)
    report(tx, Failure.ADDRESS, is_final=True)
    suppressions.unsubscribe(tx, SAMIRA, event.id, now=NOW)
    suppressions.unsubscribe(tx, SAMIRA, None, now=NOW)

    retention.purge(tx, now=retention.ends_at(event))

    assert list_of_everyone(tx) == (0, [(suppressions.seal(SAMIRA), "all", UNSUBSCRIBED)])


def test_the_night_removes_what_has_ended_and_reports_that_no_rule_looks_back_to(tx):
    report(tx, Failure.ADDRESS, is_final=True)
    suppressions.unsubscribe(tx, SAMIRA, None, now=NOW)

    retention.purge(tx, now=NOW + BOUNCES_KEPT - SECOND)
    assert list_of_everyone(tx) == (1, [(SAMIRA, "all", ADDRESS), (SAMIRA, "all", UNSUBSCRIBED)])

    retention.purge(tx, now=NOW + BOUNCES_KEPT)
    assert list_of_everyone(tx) == (0, [(SAMIRA, "all", UNSUBSCRIBED)])


def test_whoever_registers_again_after_an_erasure_is_known_again(tx):
    event = events.get(tx, make_event(tx).slug)
    made = register(tx, event).registration
    suppressions.unsubscribe(tx, SAMIRA, None, now=NOW)
    registrations.erase(tx, participants.get(tx, made.id), now=NOW)
    assert list_reasons(tx) == []

    register(tx, event, now=NOW + DAY)

    assert list_reasons(tx) == [UNSUBSCRIBED]
