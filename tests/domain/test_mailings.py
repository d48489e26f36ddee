import threading
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from tests.domain.sending import list_all
from tests.factories import (
    NOW,
    make_event,
    make_institution,
    make_registration,
    make_session,
)
from webinars import audiences, deliveries, events, mailings, telling
from webinars.models import (
    AttendanceMode,
    ContactPoint,
    DeliveryState,
    EventStatus,
    Grant,
    Lane,
    Language,
    Mailing,
    MailingState,
    MailName,
    Mode,
    Organiser,
    OrganiserRole,
    Presence,
    RegistrationStatus,
    SessionChoice,
)
from webinars.timeline import Rule

DUE = datetime(2020, 11, 3, 7, 0, tzinfo=UTC)
"""Eight in the morning of the webinar, in Paris."""
STARTS = datetime(2020, 11, 3, 9, 0, tzinfo=UTC)
ENDS = datetime(2020, 11, 3, 11, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

CONFIRMATION = MailName.CONFIRMATION
LINK = MailName.CONNECTION_LINK
REMINDER = MailName.REMINDER
THANKS = MailName.THANKS
PENDING = DeliveryState.PENDING


def prepare(tx, **columns):
    """Make the webinar of 3 November 2020 with its mailings, and return it fully loaded."""
    event = make_event(tx, **columns)
    event = events.get(tx, event.slug)
    mailings.plan(tx, event, now=NOW)
    return event


def look(tx, now):
    """Do what the timer does about mailings, until there is nothing more to do at once."""
    for mailing_id in audiences.list_due(tx, now=now):
        while audiences.advance(tx, mailing_id, now=now):
            pass


def get_mailing(tx, template, rule=None):
    query = select(Mailing).where(Mailing.template == template)
    if rule is not None:
        query = query.where(Mailing.rule == rule)
    return tx.scalars(query.execution_options(populate_existing=True)).one()


def list_addresses(tx, template, state=PENDING):
    return [one.email for one in list_all(tx, template) if one.state is state]


def test_an_event_is_planned_by_the_default_rules(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)

        rows = mailings.list_rows(tx, event.id, NOW)
        assert [(row.template, row.due_at, row.state) for row in rows] == [
            (CONFIRMATION, None, MailingState.PLANNED),
            (MailName.WAITING_LIST, None, MailingState.PLANNED),
            (REMINDER, datetime(2020, 11, 2, 9, tzinfo=UTC), MailingState.PLANNED),
            (LINK, DUE, MailingState.PLANNED),
            (THANKS, ENDS + timedelta(hours=1), MailingState.PLANNED),
        ]
        assert rows[0]._asdict().keys() >= {
            *("template", "due_at", "state", "reason"),
            *("total", "accepted", "failed", "waiting"),
        }


def test_planning_again_changes_nothing(database):
    with database.transaction() as tx:
        event = prepare(tx)
        before = [(one.id, one.due_at) for one in tx.scalars(select(Mailing))]

        mailings.plan(tx, event, now=NOW)

        assert [(one.id, one.due_at) for one in tx.scalars(select(Mailing))] == before


def test_other_rules_add_and_take_away(database):
    with database.transaction() as tx:
        event = prepare(tx)

        rules = [Rule(REMINDER, "day-7 10:00"), Rule(LINK, "day 08:00")]
        mailings.plan(tx, event, now=NOW, rules=rules)

        assert get_mailing(tx, REMINDER, "day-7 10:00").state is MailingState.PLANNED
        assert get_mailing(tx, LINK).state is MailingState.PLANNED
        for template in (REMINDER, THANKS):
            rule = "day-1 10:00" if template is REMINDER else None
            gone = get_mailing(tx, template, rule)
            assert (gone.state, gone.reason) == (MailingState.CANCELLED, "rule-gone")

        mailings.plan(tx, event, now=NOW)
        assert get_mailing(tx, THANKS).state is MailingState.PLANNED


def move(tx, event, days, hours=0):
    """Move an event as loading its file again does."""
    event.starts_on += timedelta(days=days)
    event.ends_on += timedelta(days=days)
    event.starts_time = time(event.starts_time.hour + hours, 0)
    event.revision += 1
    events.derive_instants(event)


def test_what_is_planned_moves_with_its_event(database):
    with database.transaction() as tx:
        event = prepare(tx)
        move(tx, event, 7)

        mailings.plan(tx, event, now=NOW)

        assert get_mailing(tx, LINK).due_at == DUE + timedelta(days=7)
        assert get_mailing(tx, CONFIRMATION).expires_at == ENDS + timedelta(days=7)


def test_what_was_sent_is_sent_anew_when_its_event_moves_to_another_day(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        make_registration(tx, event)
        look(tx, DUE)
        for one in list_all(tx):
            one.state = DeliveryState.ACCEPTED
        tx.flush()
        look(tx, DUE)
        assert get_mailing(tx, LINK).state is MailingState.DONE

        move(tx, event, 7)
        mailings.plan(tx, event, now=DUE)
        look(tx, DUE + timedelta(days=7))

        assert len(list_all(tx, LINK)) == 2


def test_what_left_in_the_morning_does_not_leave_again_for_an_hours_change(database):
    with database.transaction() as tx:
        event = prepare(tx)
        make_registration(tx, event)
        look(tx, DUE)

        move(tx, event, 0, hours=-1)  # before ten: the rule would have been the evening before
        mailings.plan(tx, event, now=DUE)
        look(tx, DUE)

        assert len(list_all(tx, LINK)) == 1


def test_the_morning_link_goes_once_to_each_confirmed_person(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        for name in ("a", "b", "c"):
            make_registration(tx, event, last_name=name, email=f"{name}@example.org")
        for name, status in (("d", "cancelled"), ("e", "waiting"), ("f", "pending")):
            make_registration(
                tx,
                event,
                last_name=name,
                email=f"{name}@example.org",
                status=RegistrationStatus(status),
            )
        look(tx, DUE - SECOND)
        assert list_addresses(tx, LINK) == []

        look(tx, DUE)
        look(tx, DUE)

        expected = ["a@example.org", "b@example.org", "c@example.org"]
        assert list_addresses(tx, LINK) == expected
        assert {one.lane for one in list_all(tx, LINK)} == {Lane.BULK}
        assert {one.expires_at for one in list_all(tx, LINK)} == {ENDS}
        assert get_mailing(tx, LINK).state is MailingState.SENDING


def test_who_is_confirmed_once_the_link_is_due_gets_the_confirmation_alone(database):
    with database.transaction() as tx:
        event = prepare(tx)
        look(tx, DUE)
        late = make_registration(tx, event, confirmed_at=DUE + 30 * MINUTE)

        telling.tell(tx, event, late, CONFIRMATION, now=DUE + 30 * MINUTE)
        look(tx, DUE + 31 * MINUTE)

        assert [one.template for one in list_all(tx)] == [CONFIRMATION]


@pytest.mark.parametrize("seconds_before", [1, 3600])
def test_who_was_confirmed_just_before_and_seen_only_after_is_not_missed(
    any_database, seconds_before
):
    with any_database.transaction() as tx:
        event = prepare(tx)
        make_registration(tx, event)
        look(tx, DUE)
        confirmed_at = DUE - timedelta(seconds=seconds_before)
        slow = make_registration(
            tx, event, last_name="b", email="b@example.org", confirmed_at=confirmed_at
        )

        telling.tell(tx, event, slow, CONFIRMATION, now=confirmed_at)
        look(tx, DUE)

        assert list_addresses(tx, LINK) == ["samira@example.org", "b@example.org"]


def test_nothing_is_sent_after_the_end(database):
    with database.transaction() as tx:
        event = prepare(tx)
        registration = make_registration(tx, event)

        look(tx, ENDS + MINUTE)
        telling.tell(tx, event, registration, CONFIRMATION, now=ENDS + MINUTE)

        assert list_all(tx) == []
        for template in (LINK, REMINDER):
            mailing = get_mailing(tx, template)
            assert (mailing.state, mailing.reason) == (MailingState.CANCELLED, "too-late")
        assert get_mailing(tx, CONFIRMATION).state is MailingState.DONE


def test_a_timer_that_was_away_catches_up(database):
    with database.transaction() as tx:
        event = prepare(tx)
        make_registration(tx, event)

        look(tx, STARTS - MINUTE)

        assert {one.template for one in list_all(tx)} == {REMINDER, LINK}


def test_many_timers_at_once_write_to_each_person_once(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        for number in range(40):
            make_registration(tx, event, last_name=f"{number}", email=f"n{number}@example.org")

    def be_a_timer():
        for _ in range(3):
            with any_database.reading() as tx:
                due = audiences.list_due(tx, now=DUE)
            for mailing_id in due:
                with any_database.transaction() as tx:
                    audiences.advance(tx, mailing_id, now=DUE)

    threads = [threading.Thread(target=be_a_timer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with any_database.transaction() as tx:
        look(tx, DUE)
        assert sorted(list_addresses(tx, LINK)) == sorted(f"n{n}@example.org" for n in range(40))


def test_a_mailing_starts_only_when_whoever_is_being_confirmed_is_through(any_database):
    with any_database.transaction() as tx:
        event_id = prepare(tx).id
        link_id = get_mailing(tx, LINK).id
    is_told, may_commit = threading.Event(), threading.Event()

    def register_slowly():
        with any_database.transaction() as tx:
            event = events.get_by_id(tx, event_id)
            registration = make_registration(tx, event, confirmed_at=DUE - SECOND)
            telling.tell(tx, event, registration, CONFIRMATION, now=DUE - SECOND)
            is_told.set()
            may_commit.wait(10)

    def start():
        with any_database.transaction() as tx:
            audiences.advance(tx, link_id, now=DUE)

    slow, timer = threading.Thread(target=register_slowly), threading.Thread(target=start)
    slow.start()
    is_told.wait(10)
    timer.start()
    timer.join(0.3)
    assert timer.is_alive()
    may_commit.set()
    slow.join()
    timer.join()

    with any_database.transaction() as tx:
        look(tx, DUE)
        assert list_addresses(tx, LINK) == ["samira@example.org"]


def test_an_audience_of_several_chunks_goes_on_where_it_was(any_database, monkeypatch):
    monkeypatch.setattr(audiences, "CHUNK", 3)
    with any_database.transaction() as tx:
        event = prepare(tx)
        for number in range(8):
            make_registration(tx, event, last_name=f"{number}", email=f"n{number}@example.org")
        link = get_mailing(tx, LINK)

        steps = [audiences.advance(tx, link.id, now=DUE) for _ in range(5)]
        assert steps == [True, True, True, True, False]
        assert list_addresses(tx, LINK) == [f"n{number}@example.org" for number in range(8)]


def test_an_interrupted_chunk_leaves_nothing_behind(database, monkeypatch):
    monkeypatch.setattr(audiences, "CHUNK", 3)
    with database.transaction() as tx:
        event = prepare(tx)
        for number in range(5):
            make_registration(tx, event, last_name=f"{number}", email=f"n{number}@example.org")
        link_id = get_mailing(tx, LINK).id
        audiences.advance(tx, link_id, now=DUE)

    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        audiences.advance(tx, link_id, now=DUE)
        raise ZeroDivisionError
    with database.transaction() as tx:
        assert list_addresses(tx, LINK) == []
        look(tx, DUE)
        assert len(list_addresses(tx, LINK)) == 5


def add_organiser(tx, email, institution=None):
    tx.add(
        Organiser(
            email=email,
            email_key=email.lower(),
            password_hash="",
            institution=institution,
            runs_service=institution is None,
            grants=[]
            if institution is None
            else [Grant(role=OrganiserRole.OWNER, granted_at=NOW, granted_by="a test")],
            created_at=NOW,
        )
    )


def test_a_link_without_a_room_is_held_and_the_organisers_are_told(any_database):
    with any_database.transaction() as tx:
        daect, other = make_institution(tx), make_institution(tx, "DGCT", country="MA")
        add_organiser(tx, "daect@example.org", daect)
        add_organiser(tx, "Contact@example.org", daect)
        add_organiser(tx, "dgct@example.org", other)
        add_organiser(tx, "service@example.org")
        contacts = (ContactPoint("A", email="contact@example.org"), ContactPoint("B"))
        event = prepare(tx, room_url=None, institutions=[daect], contacts=contacts)
        make_registration(tx, event)
        told = {"daect@example.org", "contact@example.org", "service@example.org"}
        evening = DUE - timedelta(hours=14)

        look(tx, evening - SECOND)
        assert list_addresses(tx, MailName.ROOM_MISSING) == []
        look(tx, evening)
        look(tx, evening + MINUTE)
        assert set(list_addresses(tx, MailName.ROOM_MISSING)) == told
        assert len(list_all(tx, MailName.ROOM_MISSING)) == 3
        planned = get_mailing(tx, LINK)
        assert (planned.state, planned.reason) == (MailingState.PLANNED, "room-missing")

        look(tx, DUE)
        look(tx, DUE + MINUTE)
        assert len(list_all(tx, MailName.ROOM_MISSING)) == 6
        assert {one.language for one in list_all(tx, MailName.ROOM_MISSING)} == {Language.FRENCH}
        held = get_mailing(tx, LINK)
        assert (held.state, held.reason) == (MailingState.HELD, "room-missing")
        assert list_addresses(tx, LINK) == []

        events.connect(tx, event, "https://salle.example.org/abc")
        look(tx, DUE + 20 * MINUTE)
        assert list_addresses(tx, LINK) == ["samira@example.org"]
        assert get_mailing(tx, LINK).reason is None

        events.connect(tx, event, "https://salle.example.org/autre")
        look(tx, DUE + 30 * MINUTE)
        assert len(list_all(tx, LINK)) == 1


def test_a_room_set_in_the_evening_takes_the_warning_away(database):
    with database.transaction() as tx:
        event = prepare(tx, room_url=None)
        look(tx, DUE - timedelta(hours=14))
        assert get_mailing(tx, LINK).reason == "room-missing"

        event.room_url = "https://salle.example.org/abc"
        tx.flush()
        look(tx, DUE - timedelta(hours=13))

        planned = get_mailing(tx, LINK)
        assert (planned.state, planned.reason) == (MailingState.PLANNED, None)


def test_a_link_that_never_got_a_room_ends_with_the_event(database):
    with database.transaction() as tx:
        prepare(tx, room_url=None)
        look(tx, DUE)

        look(tx, ENDS)

        mailing = get_mailing(tx, LINK)
        assert (mailing.state, mailing.reason) == (MailingState.CANCELLED, "too-late")


@pytest.mark.parametrize(
    ("paused_at", "state", "reason", "named"),
    [
        pytest.param(NOW, MailingState.CANCELLED, "too-late", 0, id="before it began"),
        pytest.param(DUE, MailingState.SENDING, None, 2, id="while it was sent"),
    ],
)
def test_a_pause_that_is_never_ended_ends_with_the_time_of_the_mailing(
    any_database, paused_at, state, reason, named
):
    with any_database.transaction() as tx:
        event = prepare(tx)
        for name in "ab":
            make_registration(tx, event, last_name=name, email=f"{name}@example.org")
        look(tx, paused_at)
        audiences.pause(tx, get_mailing(tx, LINK).id, "by-organiser")

        look(tx, ENDS - SECOND)
        assert get_mailing(tx, LINK).state is MailingState.PAUSED
        look(tx, ENDS)

        mailing = get_mailing(tx, LINK)
        assert (mailing.state, mailing.reason) == (state, reason)
        deliveries.expire(tx, now=ENDS)
        assert len(list_addresses(tx, LINK, DeliveryState.EXPIRED)) == named
        look(tx, ENDS)
        assert get_mailing(tx, LINK).state is (state if reason else MailingState.DONE)


def test_who_was_not_reached_before_the_time_was_over_is_named(any_database, monkeypatch):
    monkeypatch.setattr(audiences, "CHUNK", 3)
    with any_database.transaction() as tx:
        event = prepare(tx)
        for name in "abcde":
            make_registration(tx, event, last_name=name, email=f"{name}@example.org")
        mailing = get_mailing(tx, LINK)
        for _ in range(2):  # it begins, and the first three are added
            audiences.advance(tx, mailing.id, now=DUE)
        assert len(list_addresses(tx, LINK)) == 3

        look(tx, ENDS)
        deliveries.expire(tx, now=ENDS)
        look(tx, ENDS)

        assert len(list_addresses(tx, LINK, DeliveryState.EXPIRED)) == 5
        assert get_mailing(tx, LINK).state is MailingState.DONE


@pytest.mark.parametrize(
    ("columns", "state", "reason"),
    [
        pytest.param({"status": EventStatus.DRAFT}, MailingState.PLANNED, None, id="draft"),
        pytest.param({"status": EventStatus.ANNOUNCED}, MailingState.PLANNED, None, id="announced"),
        pytest.param({"postponed_at": NOW}, MailingState.PLANNED, None, id="postponed"),
        pytest.param(
            {"cancelled_at": NOW}, MailingState.CANCELLED, "event-cancelled", id="cancelled"
        ),
    ],
)
def test_nothing_is_sent_for_an_event_that_is_not_to_take_place(database, columns, state, reason):
    with database.transaction() as tx:
        event = prepare(tx, **columns)
        make_registration(tx, event)

        look(tx, DUE)

        assert list_all(tx) == []
        assert (get_mailing(tx, LINK).state, get_mailing(tx, LINK).reason) == (state, reason)


def test_who_comes_in_person_gets_practical_information_and_who_does_not_the_link(database):
    with database.transaction() as tx:
        event = prepare(tx, mode=Mode.HYBRID)
        make_registration(tx, event)
        make_registration(
            tx,
            event,
            last_name="b",
            email="b@example.org",
            attendance_mode=AttendanceMode.ONSITE,
        )

        look(tx, DUE)

        assert list_addresses(tx, REMINDER) == ["samira@example.org"]
        assert list_addresses(tx, LINK) == ["samira@example.org"]
        assert list_addresses(tx, MailName.PRACTICAL_INFORMATION) == ["b@example.org"]


def test_thanks_go_to_who_came_and_to_whom_is_noted_later(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        make_registration(tx, event, last_name="a", email="a@example.org", entered_at=STARTS)
        make_registration(
            tx, event, last_name="b", email="b@example.org", presence=Presence.PRESENT
        )
        absent = make_registration(
            tx, event, last_name="c", email="c@example.org", presence=Presence.ABSENT
        )
        thanked_at = ENDS + timedelta(hours=1)
        telling.tell(tx, event, absent, THANKS, now=ENDS)
        assert list_all(tx, THANKS) == []

        look(tx, thanked_at)
        assert list_addresses(tx, THANKS) == ["a@example.org", "b@example.org"]

        telling.tell(tx, event, absent, THANKS, now=thanked_at + timedelta(days=2))
        telling.tell(tx, event, absent, THANKS, now=thanked_at + timedelta(days=3))
        assert list_addresses(tx, THANKS)[2:] == ["c@example.org"]

        too_late = make_registration(tx, event, last_name="d", email="d@example.org")
        telling.tell(tx, event, too_late, THANKS, now=thanked_at + timedelta(days=7))
        assert len(list_all(tx, THANKS)) == 3


def test_an_assistant_gets_a_copy_of_the_link_but_not_at_the_same_address(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        make_registration(tx, event, assistant_email="Cabinet@example.org")
        make_registration(
            tx, event, last_name="b", email="b@example.org", assistant_email=" B@example.org"
        )

        look(tx, DUE)

        assert [(one.email, one.is_copy) for one in list_all(tx, LINK)] == [
            ("samira@example.org", False),
            ("b@example.org", False),
            ("Cabinet@example.org", True),
        ]
        assert [one.is_copy for one in list_all(tx, REMINDER)] == [False, False]


def test_who_was_erased_gets_nothing(database):
    with database.transaction() as tx:
        event = prepare(tx)
        make_registration(tx, event, erased_at=NOW)

        look(tx, DUE)

        assert list_all(tx) == []


def test_a_mailing_is_done_when_each_of_its_mails_is_over(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        for number in range(4):
            make_registration(tx, event, last_name=f"{number}", email=f"n{number}@example.org")
        look(tx, DUE)
        states = ["accepted", "failed", "uncertain", "pending"]
        for one, state in zip(list_all(tx, LINK), states, strict=True):
            one.state = DeliveryState(state)
        tx.flush()

        look(tx, DUE)
        row = next(one for one in mailings.list_rows(tx, event.id, DUE) if one.template is LINK)
        assert (row.state, row.total, row.accepted, row.failed, row.waiting) == (
            MailingState.SENDING,
            4,
            1,
            2,
            1,
        )
        list_all(tx, LINK)[3].state = DeliveryState.CANCELLED
        tx.flush()
        look(tx, DUE)
        row = next(one for one in mailings.list_rows(tx, event.id, DUE) if one.template is LINK)
        assert (row.state, row.total, row.waiting) == (MailingState.DONE, 3, 0)


def test_a_confirmation_is_told_once_with_a_copy_and_counted_with_its_mailing(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        registration = make_registration(
            tx, event, assistant_email="cabinet@example.org", calendar_sequence=2
        )

        for _ in range(2):
            telling.tell(tx, event, registration, CONFIRMATION, now=NOW)

        own, copy = list_all(tx)
        assert (own.email, own.is_copy, own.calendar_sequence) == ("samira@example.org", False, 2)
        assert (copy.email, copy.is_copy) == ("cabinet@example.org", True)
        assert {one.lane for one in (own, copy)} == {Lane.PROMPT}
        assert {one.expires_at for one in (own, copy)} == {ENDS}
        assert {one.mailing_id for one in (own, copy)} == {get_mailing(tx, CONFIRMATION).id}


@pytest.mark.parametrize(
    ("template", "expires_at"),
    [
        (MailName.WAITING_LIST, STARTS),
        (MailName.REGISTRATION_RECEIVED, ENDS),
        (MailName.REGISTRATION_DECLINED, ENDS),
        (MailName.REGISTRATION_CANCELLED, ENDS),
        (MailName.OWN_LINK, None),
    ],
)
def test_each_status_is_told_until_it_makes_no_sense(database, template, expires_at):
    with database.transaction() as tx:
        event = prepare(tx)
        registration = make_registration(tx, event)

        telling.tell(tx, event, registration, template, now=NOW)

        [one] = list_all(tx)
        assert (one.template, one.expires_at) == (template, expires_at)


def test_whoever_asks_for_a_link_again_and_again_gets_one_at_a_time(any_database):
    with any_database.transaction() as tx:
        event = prepare(tx)
        registration = make_registration(tx, event)
        own_link = MailName.OWN_LINK
        for _ in range(9):
            telling.tell(tx, event, registration, own_link, now=NOW, by_form=True)
        [one] = list_all(tx)
        one.state = DeliveryState.ACCEPTED
        tx.flush()

        telling.tell(tx, event, registration, own_link, now=NOW + MINUTE, by_form=True)

        assert len(list_all(tx)) == 2


def test_six_registrations_of_one_mailbox_are_told_five_at_once_and_one_later(database):
    with database.transaction() as tx:
        event = prepare(tx)
        for number in range(6):
            registration = make_registration(
                tx, event, last_name=f"Élu {number}", email="cabinet@example.org"
            )
            telling.tell(tx, event, registration, CONFIRMATION, now=NOW, by_form=True)

        waits = [one.due_at - NOW for one in list_all(tx)]
        assert waits == [timedelta()] * 5 + [61 * MINUTE]


ASSISES = {
    "slug": "assises",
    "starts": date(2016, 12, 8),
    "ends": date(2016, 12, 9),
    "timezone": "Africa/Casablanca",
    "mode": Mode.ONSITE,
}
LONG_BEFORE = datetime(2016, 10, 3, 9, tzinfo=UTC)
FIRST, SECOND_DAY = date(2016, 12, 8), date(2016, 12, 9)


def prepare_assises(tx):
    """Make two days with one workshop to choose on each."""
    event = make_event(tx, **ASSISES)
    for day, code in ((FIRST, "atelier-1"), (SECOND_DAY, "atelier-3")):
        make_session(tx, event, code, day=day, capacity=10)
    tx.expunge_all()
    event = events.get(tx, "assises")
    mailings.plan(tx, event, now=LONG_BEFORE)
    return event


def choose(tx, event, registration, *codes):
    for choice in tx.scalars(
        select(SessionChoice).where(SessionChoice.registration_id == registration.id)
    ):
        tx.delete(choice)
    tx.flush()
    for session in event.sessions:
        if session.code in codes:
            tx.add(SessionChoice(registration_id=registration.id, session_id=session.id))
    tx.flush()


def list_told(tx):
    return [(one.template, one.ordinal) for one in list_all(tx) if one.state is PENDING]


def test_each_further_day_has_a_mail_of_its_own(database):
    with database.transaction() as tx:
        event = prepare_assises(tx)
        registration = make_registration(tx, event, attendance_mode=AttendanceMode.ONSITE)
        choose(tx, event, registration, "atelier-1", "atelier-3")

        telling.tell(tx, event, registration, CONFIRMATION, now=LONG_BEFORE)

        assert list_told(tx) == [(CONFIRMATION, 1), (MailName.CALENDAR_DAY, 2)]


def test_a_day_no_longer_attended_leaves_the_calendar(any_database):
    with any_database.transaction() as tx:
        event = prepare_assises(tx)
        registration = make_registration(tx, event, attendance_mode=AttendanceMode.ONSITE)
        choose(tx, event, registration, "atelier-1", "atelier-3")
        telling.tell(tx, event, registration, CONFIRMATION, now=LONG_BEFORE)
        for one in list_all(tx):
            one.state = DeliveryState.ACCEPTED

        choose(tx, event, registration, "atelier-1")
        registration.calendar_sequence = 1
        telling.tell(tx, event, registration, CONFIRMATION, now=LONG_BEFORE + MINUTE)

        assert list_told(tx) == [
            (CONFIRMATION, 1),
            (MailName.REGISTRATION_CANCELLED, 2),
        ]


def test_every_day_leaves_the_calendar_when_a_place_is_given_up(database):
    with database.transaction() as tx:
        event = prepare_assises(tx)
        registration = make_registration(tx, event, attendance_mode=AttendanceMode.ONSITE)
        choose(tx, event, registration, "atelier-1", "atelier-3")
        telling.tell(tx, event, registration, CONFIRMATION, now=LONG_BEFORE)
        for one in list_all(tx):
            one.state = DeliveryState.ACCEPTED

        registration.status = RegistrationStatus.CANCELLED
        telling.tell(tx, event, registration, MailName.REGISTRATION_CANCELLED, now=LONG_BEFORE)

        assert list_told(tx) == [
            (MailName.REGISTRATION_CANCELLED, None),
            (MailName.REGISTRATION_CANCELLED, 2),
        ]


def test_a_confirmation_not_sent_yet_gives_way_to_a_newer_one(database):
    with database.transaction() as tx:
        event = prepare_assises(tx)
        registration = make_registration(tx, event, attendance_mode=AttendanceMode.ONSITE)
        choose(tx, event, registration, "atelier-1", "atelier-3")
        telling.tell(tx, event, registration, CONFIRMATION, now=LONG_BEFORE)

        registration.calendar_sequence = 1
        telling.tell(tx, event, registration, CONFIRMATION, now=LONG_BEFORE + MINUTE)

        assert [(one.calendar_sequence, one.state, one.reply) for one in list_all(tx)] == [
            (0, DeliveryState.CANCELLED, "superseded"),
            (0, DeliveryState.CANCELLED, "superseded"),
            (1, PENDING, None),
            (1, PENDING, None),
        ]


def test_any_mail_can_be_sent_to_oneself_as_a_test(database):
    with database.transaction() as tx:
        event = prepare(tx, status=EventStatus.DRAFT)
        for number, template in enumerate(MailName):
            now = NOW + number * SECOND
            mailings.test_to(tx, event, template, "moi@example.org", Language.ARABIC, now=now)

        assert [one.template for one in list_all(tx)] == list(MailName)
        assert {one.registration_id for one in list_all(tx)} == {None}
        assert all(one.intent.startswith("test:") for one in list_all(tx))
