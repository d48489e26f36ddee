"""Changes of an event: what is done, what is planned anew, and who is told what, once."""

from datetime import date, datetime, time

import pytest
from sqlalchemy import select

from tests.domain.moving import (
    LATER,
    QUIET,
    add_person,
    deliver,
    later,
    list_waiting,
    look,
    order,
    prepare,
    start_mailings,
    suppress,
)
from tests.domain.sending import list_all
from tests.factories import NOW
from webinars import changes, claims, events, mailings, steering
from webinars.changes import Dates, NotTold, Reconfirm, Sitting, Told
from webinars.errors import (
    DatePast,
    DatesReversed,
    DeadlineUnfit,
    EventCancelled,
    EventEnded,
    NoSuchHour,
    NothingChanged,
    NothingToReopen,
    SessionCancelled,
    SessionsOutside,
    UnknownSession,
)
from webinars.models import (
    AttendanceMode,
    Change,
    ChangeKind,
    DeliveryState,
    EventState,
    EventStatus,
    FormerDates,
    Lane,
    Mailing,
    MailingState,
    MailName,
    Mode,
    Priority,
    ReconfirmRule,
    RegistrationStatus,
    Venue,
)

MOVED, CHANGED = MailName.EVENT_MOVED, MailName.EVENT_CHANGED
POSTPONED, CANCELLED = MailName.EVENT_POSTPONED, MailName.EVENT_CANCELLED
DAY, OUT = MailName.CALENDAR_DAY, MailName.REGISTRATION_CANCELLED
TWO_DAYS = {"starts": datetime(2020, 11, 3, 9, 0), "ends": datetime(2020, 11, 4, 17, 0)}  # noqa: DTZ001
WORKSHOPS = [
    {"code": "ouverture", "day": date(2020, 11, 3), "starts": time(9), "ends": time(10)},
    {"code": "un", "day": date(2020, 11, 4), "starts": time(9), "ends": time(12), "slot": "s"},
    {"code": "deux", "day": date(2020, 11, 4), "starts": time(9), "ends": time(12), "slot": "s"},
    {"code": "trois", "day": date(2020, 11, 4), "starts": time(14), "ends": time(17), "slot": "t"},
    {"code": "quatre", "day": date(2020, 11, 4), "starts": time(14), "ends": time(17), "slot": "t"},
]
"""An opening on the first day; on the second two workshops side by side, and two more."""


def local(*parts):
    return datetime(*parts)  # noqa: DTZ001


class TestMoving:
    def test_everyone_is_told_once_and_everything_moves_alike(self, any_database):
        with any_database.transaction() as tx:
            event, [person] = prepare(
                tx,
                opens=local(2020, 10, 27, 9, 0),
                closes=local(2020, 11, 2, 18, 0),
                capacity=9,
                priority=Priority(countries=("FR",), until=local(2020, 11, 1, 12, 0)),
                sessions=[{"code": "a", "starts": time(10), "ends": time(11)}],
            )
            outlook = changes.move(tx, event, later(35, hours=-1), order())

        with any_database.reading() as tx:
            event = events.get(tx, event.slug)
            assert (event.starts_on, event.starts_time) == (date(2020, 12, 8), time(9))
            assert event.starts_at.isoformat() == "2020-12-08T08:00:00+00:00"
            assert event.opens_local == local(2020, 12, 1, 8, 0)
            assert event.closes_local == local(2020, 12, 7, 17, 0)
            assert event.priority.until == local(2020, 12, 6, 11, 0)
            [session] = event.sessions
            assert (session.day, session.starts_time) == (date(2020, 12, 8), time(9))
            assert event.former_dates == (
                FormerDates(local(2020, 11, 3, 10, 0), local(2020, 11, 3, 12, 30)),
            )
            assert event.revision == 1
            assert list_waiting(tx) == [(MOVED, 1)]
            assert look(tx, person).calendar_sequence == 1
            [mail] = [one for one in list_all(tx) if one.template is MOVED]
            assert (mail.calendar_sequence, mail.since_revision) == (1, 0)
            assert (mail.due_at, mail.expires_at) == (LATER, event.ends_at)
            due = dict(tx.execute(select(Mailing.template, Mailing.due_at)).all())
            assert due[MailName.REMINDER].isoformat() == "2020-12-07T09:00:00+00:00"
        assert outlook.mails == {MOVED: Told(1, 0)}
        assert (outlook.told, outlook.total) == (1, 1)

    def test_it_is_remembered_by_whom_and_as_it_was(self, any_database):
        with any_database.transaction() as tx:
            event, _ = prepare(tx)
            before = changes.take_picture(event)
            changes.move(tx, event, later(7), order(reason="Séance du conseil"))
        with any_database.reading() as tx:
            [change] = tx.scalars(select(Change))

            assert (change.revision, change.kind) == (1, ChangeKind.MOVED)
            assert (change.author, change.reason) == ("nadia@example.org", "Séance du conseil")
            assert change.before == before

    @pytest.mark.parametrize(
        ("dates", "refusal"),
        [
            (later(0), NothingChanged),
            (Dates(local(2020, 12, 8, 12, 0), local(2020, 12, 8, 10, 0)), DatesReversed),
            (Dates(date(2020, 12, 9), date(2020, 12, 8)), DatesReversed),
            (later(-9), DatePast),
            (Dates(local(2020, 12, 8, 11, 0), local(2020, 12, 8, 11, 30)), SessionsOutside),
            (Dates(local(2021, 3, 28, 2, 30), local(2021, 3, 28, 5, 0)), NoSuchHour),
        ],
        ids=["same", "hours reversed", "days reversed", "past", "session outside", "no such hour"],
    )
    def test_what_cannot_be_is_refused(self, database, dates, refusal):
        with pytest.raises(refusal), database.transaction() as tx:
            event, _ = prepare(tx, sessions=[{"code": "a", "starts": time(10), "ends": time(11)}])
            changes.move(tx, event, dates, order())

    def test_what_is_over_or_was_cancelled_is_not_moved(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx)
            with pytest.raises(EventEnded):
                changes.move(tx, event, later(7), order(60 * 24 * 30))
            changes.cancel(tx, event, order())
            with pytest.raises(EventCancelled):
                changes.move(tx, event, later(7), order(1))

    def test_registrations_that_have_opened_do_not_close_again(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx, opens=local(2020, 10, 1, 9, 0))
            changes.move(tx, event, later(35), order())

            assert event.opens_local == local(2020, 10, 1, 9, 0)
            assert events.state(event, LATER) is EventState.OPEN

    def test_a_reminder_that_waits_is_dropped_and_comes_again_from_the_new_date(self, database):
        eve = NOW.replace(month=11, day=2, hour=9, minute=1)
        with database.transaction() as tx:
            event, _ = prepare(tx)
            start_mailings(tx, eve)
            assert list_waiting(tx) == [(MailName.REMINDER, None)]
            changes.move(tx, event, later(35), order(now=eve))
            assert list_waiting(tx) == [(MOVED, 1)]
            deliver(tx)
            changes.move(tx, event, later(0), order(now=eve + QUIET))
            deliver(tx)
            start_mailings(tx, eve + QUIET)

            assert list_waiting(tx) == [(MailName.REMINDER, None)]

    def test_those_who_had_the_reminder_and_those_who_had_not_are_told_alike(self, any_database):
        eve = NOW.replace(month=11, day=2, hour=9, minute=1)
        with any_database.transaction() as tx:
            event, _ = prepare(tx, 3)
            start_mailings(tx, eve)
            reminders = list_all(tx, MailName.REMINDER)
            reminders[0].state = DeliveryState.ACCEPTED
            reminders[1].state = DeliveryState.SENDING
            changes.move(tx, event, later(35), order(now=eve))

            assert list_waiting(tx) == [(MOVED, 1)] * 3
            states = [one.state for one in list_all(tx, MailName.REMINDER)]
            assert states == [
                DeliveryState.ACCEPTED,
                DeliveryState.SENDING,
                DeliveryState.CANCELLED,
            ]

    def test_dated_mailings_move_too_and_the_file_stays_as_it_was(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx)
            event.loaded = {"mailings": [{"template": "reminder", "at": "2020-11-01T09:00"}]}
            mailings.plan(tx, event, now=NOW)
            changes.move(tx, event, later(35), order())

            assert event.loaded["mailings"] == [{"template": "reminder", "at": "2020-11-01T09:00"}]
            planned = select(Mailing.rule).where(Mailing.state == MailingState.PLANNED)
            assert "2020-12-06T09:00" in tx.scalars(planned).all()

    def test_who_waits_or_is_undecided_is_told_without_a_calendar_entry(self, any_database):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, 0, capacity=1)
            for number, status in enumerate(("waiting", "pending", "declined", "cancelled")):
                told = status in ("waiting", "pending")
                status = RegistrationStatus(status)
                add_person(tx, event, number, told=told, status=status, confirmed_at=None)
            changes.move(tx, event, later(7), order())

            assert list_waiting(tx) == [(MOVED, None)] * 2

    def test_an_assistant_is_told_too(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx, 0)
            add_person(tx, event, assistant_email="cabinet@example.org")
            outlook = changes.move(tx, event, later(7), order())

            assert list_waiting(tx, copies=True) == [(MOVED, 1)]
            assert outlook.mails == {MOVED: Told(1, 1)}

    def test_nobody_is_told_of_a_draft(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx, status=EventStatus.DRAFT, told=False)
            outlook = changes.move(tx, event, later(7), order())

            assert (outlook.mails, outlook.not_told) == ({}, {NotTold.DRAFT: 1})
            assert tx.scalars(select(Change)).all() == []

    def test_an_address_that_is_not_written_to_is_named(self, database):
        with database.transaction() as tx:
            event, [person, _] = prepare(tx, 2)
            suppress(tx, person.email)
            outlook = changes.move(tx, event, later(7), order())

            assert outlook.mails == {MOVED: Told(1, 0)}
            assert outlook.not_told == {NotTold.SUPPRESSED: 1}
            assert [one.template for one in outlook.people] == [None, MOVED]


class TestOneMailOfSeveral:
    @pytest.mark.parametrize(
        ("between", "days", "expected"),
        [
            ("pending", 14, [(MOVED, 0, 2)]),
            ("pending", 0, []),
            ("accepted", 14, [(MOVED, 1, 2)]),
            ("accepted", 0, [(MOVED, 1, 2)]),
            ("sending", 14, [(MOVED, 1, 2)]),
            ("sending", 0, [(MOVED, 1, 2)]),
            ("failed", 14, [(MOVED, 1, 2)]),
        ],
    )
    def test_what_she_knew_last_is_compared_with_what_is_true(
        self, any_database, between, days, expected
    ):
        with any_database.transaction() as tx:
            event, [person] = prepare(tx)
            changes.move(tx, event, later(7), order(tells_at=LATER + QUIET))
            deliver(tx, DeliveryState(between))
            outlook = changes.move(tx, event, later(days), order(5, tells_at=LATER + 2 * QUIET))

            told = [
                (one.template, one.since_revision, one.calendar_sequence)
                for one in list_all(tx)
                if one.state is DeliveryState.PENDING
            ]
            assert told == expected
            assert outlook.not_told == ({} if expected else {NotTold.UNDONE: 1})
            assert look(tx, person).reconfirm_change_id is None

    def test_what_may_have_left_counts_as_known(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx)
            changes.move(tx, event, later(7), order())
            list_all(tx, MOVED)[0].maybe_twice = True
            tx.flush()
            changes.move(tx, event, later(0), order(5))

            assert [(one.state, one.since_revision) for one in list_all(tx, MOVED)] == [
                (DeliveryState.UNCERTAIN, 0),
                (DeliveryState.PENDING, 1),
            ]

    def test_who_has_no_confirmation_yet_finds_the_new_dates_in_it(self, any_database):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, 0, **TWO_DAYS)
            person = add_person(tx, event)
            tx.execute(list_all(tx)[0].__table__.update().values(state=DeliveryState.PENDING))
            three_days = Dates(local(2020, 12, 8, 9, 0), local(2020, 12, 10, 17, 0))
            outlook = changes.move(tx, event, three_days, order())

            assert list_waiting(tx) == [(MailName.CONFIRMATION, 1), (DAY, 2), (DAY, 3)]
            waiting = [one for one in list_all(tx) if one.state is DeliveryState.PENDING]
            assert {one.calendar_sequence for one in waiting} == {1}
            assert {one.expires_at for one in waiting} == {event.ends_at}
            assert look(tx, person).calendar_sequence == 1
            assert outlook.not_told == {NotTold.UNREAD: 1}

    def test_a_change_of_place_and_one_of_dates_are_told_as_a_move(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx, mode=Mode.ONSITE, venue=Venue("Palais"))
            changes.move(tx, event, later(7), order(tells_at=LATER + QUIET))
            tells_at = LATER + 2 * QUIET
            changes.place(tx, event, order(5, tells_at=tells_at), venue=Venue("Villa Valmer"))

            [mail] = [one for one in list_all(tx) if one.state is DeliveryState.PENDING]
            assert (mail.template, mail.since_revision, mail.due_at) == (MOVED, 0, tells_at)


class TestSeveralDays:
    def test_each_day_that_changes_has_an_entry_of_its_own(self, any_database):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, **TWO_DAYS)
            moved = Dates(local(2020, 12, 8, 9, 0), local(2020, 12, 9, 17, 0))
            outlook = changes.move(tx, event, moved, order())

            assert list_waiting(tx) == [(MOVED, 1), (DAY, 2)]
            assert (outlook.mails, outlook.days) == ({MOVED: Told(1, 0)}, 1)

    def test_a_day_that_is_no_more_is_taken_out(self, any_database):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, **TWO_DAYS)
            moved = Dates(local(2020, 12, 8, 9, 0), local(2020, 12, 8, 17, 0))
            changes.move(tx, event, moved, order())

            assert list_waiting(tx) == [(MOVED, 1), (OUT, 2)]
            [gone] = list_all(tx, OUT)
            assert gone.calendar_sequence == 1

    def test_only_those_are_told_whose_own_days_change(self, any_database):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, 0, **TWO_DAYS, sessions=WORKSHOPS)
            first = add_person(tx, event, 1, chose=["un"])
            second = add_person(tx, event, 2, chose=["deux"])
            sitting = Sitting(date(2020, 11, 4), time(10), time(12))
            outlook = changes.change_sessions(tx, event, {"deux": sitting}, order())

            assert list_waiting(tx, first) == []
            assert list_waiting(tx, second) == [(CHANGED, 2)]
            assert [look(tx, one).calendar_sequence for one in (first, second)] == [0, 1]
            assert outlook.not_told == {NotTold.UNCONCERNED: 1}

    def test_a_cancelled_session_takes_the_day_with_it_where_nothing_is_left_of_it(
        self, any_database
    ):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, 0, **TWO_DAYS, sessions=WORKSHOPS)
            first = add_person(tx, event, 1, chose=["un"])
            second = add_person(tx, event, 2, chose=["deux"])
            changes.cancel_session(tx, event, "deux", order())

            assert list_waiting(tx, first) == []
            assert list_waiting(tx, second) == [(CHANGED, None), (OUT, 2)]
            with pytest.raises(SessionCancelled):
                changes.cancel_session(tx, event, "deux", order(1))
            with pytest.raises(UnknownSession):
                changes.cancel_session(tx, event, "cinq", order(1))

    def test_another_room_is_told_to_who_goes_there(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx, 0, **TWO_DAYS, sessions=WORKSHOPS)
            second = add_person(tx, event, 2, chose=["deux"])
            was = Sitting.of(event.sessions[2])
            sitting = Sitting(was.day, was.starts, was.ends, was.half_day, "Salle 2")
            changes.change_sessions(tx, event, {"deux": sitting}, order())

            assert list_waiting(tx, second) == [(CHANGED, 2)]
            with pytest.raises(NothingChanged):
                changes.change_sessions(tx, event, {"deux": sitting}, order(1))
            outside = Sitting(date(2020, 11, 5))
            with pytest.raises(SessionsOutside):
                changes.change_sessions(tx, event, {"deux": outside}, order(1))


class TestPlaces:
    @pytest.mark.parametrize(
        ("mode", "told"),
        [("onsite", [(CHANGED, 1)]), ("online", [])],
    )
    def test_another_venue_is_told_to_those_who_come(self, any_database, mode, told):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, 0, mode=Mode.HYBRID, venue=Venue("Palais"))
            add_person(tx, event, attendance_mode=AttendanceMode(mode))
            changes.place(tx, event, order(), venue=Venue("Villa Valmer"))

            assert list_waiting(tx) == told
            with pytest.raises(NothingChanged):
                changes.place(tx, event, order(1), venue=Venue("Villa Valmer"))

    def test_everyone_takes_part_as_the_event_is_held(self, any_database):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, 0, mode=Mode.HYBRID, venue=Venue("Palais"))
            people = [
                add_person(tx, event, n, attendance_mode=m) for n, m in enumerate(AttendanceMode)
            ]
            changes.place(tx, event, order(), venue=None, mode=Mode.ONLINE)

            assert [look(tx, one).attendance_mode for one in people] == [AttendanceMode.ONLINE] * 2
            assert [list_waiting(tx, one) for one in people] == [[], [(CHANGED, 1)]]
            planned = select(Mailing.template).where(Mailing.state == MailingState.PLANNED)
            assert MailName.PRACTICAL_INFORMATION not in tx.scalars(planned).all()


class TestCancelling:
    def test_everyone_is_told_everything_stops_and_each_day_is_taken_out(self, any_database):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, 0, **TWO_DAYS)
            person = add_person(tx, event, assistant_email="cabinet@example.org")
            outlook = changes.cancel(tx, event, order(reason="Grève"))

            assert list_waiting(tx) == [(CANCELLED, 1), (OUT, 2)]
            assert list_waiting(tx, copies=True) == [(CANCELLED, 1)]
            assert look(tx, person).calendar_sequence == 1
            assert look(tx, person).status is RegistrationStatus.CONFIRMED
            assert events.state(event, LATER) is EventState.CANCELLED
            states = select(Mailing.state, Mailing.reason).where(Mailing.due_at.is_not(None))
            assert set(tx.execute(states).all()) == {(MailingState.CANCELLED, "event-cancelled")}
            assert (outlook.kind, outlook.told) == (ChangeKind.CANCELLED, 1)
            with pytest.raises(EventCancelled):
                changes.cancel(tx, event, order(1))

    def test_who_has_no_confirmation_yet_is_told_all_the_same(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx)
            tx.execute(list_all(tx)[0].__table__.update().values(state=DeliveryState.PENDING))
            changes.cancel(tx, event, order())

            # No worker sends the confirmation now; should the event be on again before, it leaves.
            assert list_waiting(tx) == [(MailName.CONFIRMATION, 1), (CANCELLED, None)]

    def test_reopened_it_is_planned_again_and_entries_begin_anew(self, any_database):
        with any_database.transaction() as tx:
            event, [person] = prepare(tx)
            with pytest.raises(NothingToReopen):
                changes.reopen(tx, event, order())
            changes.cancel(tx, event, order(reason="Grève"))
            deliver(tx)
            changes.reopen(tx, event, order(5))

            assert list_waiting(tx) == [(MOVED, 1)]
            assert look(tx, person).calendar_generation == 1
            assert (event.cancelled_at, event.cancel_reason) == (None, None)
            states = select(Mailing.state).where(Mailing.due_at.is_not(None))
            assert set(tx.scalars(states)) == {MailingState.PLANNED}

    def test_reopened_before_anyone_was_told_nobody_is(self, database):
        with database.transaction() as tx:
            event, [person] = prepare(tx)
            changes.cancel(tx, event, order(tells_at=LATER + QUIET))
            outlook = changes.reopen(tx, event, order(5, tells_at=LATER + 2 * QUIET))

            assert list_waiting(tx) == []
            assert outlook.not_told == {NotTold.UNDONE: 1}
            assert look(tx, person).calendar_generation == 0

    def test_reopened_after_its_date_it_needs_another(self, database):
        late = order(60 * 24 * 20)
        with database.transaction() as tx:
            event, _ = prepare(tx)
            changes.cancel(tx, event, order())
        with pytest.raises(DatePast), database.transaction() as tx:
            changes.reopen(tx, events.get(tx, event.slug), late)
        with database.transaction() as tx:
            event = events.get(tx, event.slug)
            changes.reopen(tx, event, late, to=later(35))

            assert event.starts_on == date(2020, 12, 8)


class TestPostponing:
    def test_everything_is_held_until_there_is_a_date(self, any_database):
        with any_database.transaction() as tx:
            event, [person] = prepare(tx)
            changes.postpone(tx, event, order())
            assert list_waiting(tx) == [(POSTPONED, 1)]
            assert events.state(event, LATER) is EventState.POSTPONED
            deliver(tx)
            states = select(Mailing.state, Mailing.reason).where(Mailing.due_at.is_not(None))
            assert set(tx.execute(states).all()) == {(MailingState.HELD, "event-postponed")}
            with pytest.raises(EventCancelled):
                changes.postpone(tx, event, order(1))

            changes.move(tx, event, later(35), order(60 * 24 * 20))
            assert list_waiting(tx) == [(MOVED, 1)]
            found = look(tx, person)
            assert (found.calendar_sequence, found.calendar_generation) == (2, 1)
            assert events.state(event, LATER) is EventState.OPEN
            assert set(tx.scalars(states)) == {MailingState.PLANNED}

    def test_every_day_leaves_the_calendar_and_comes_back_as_another(self, any_database):
        with any_database.transaction() as tx:
            event, [person] = prepare(tx, **TWO_DAYS)
            changes.postpone(tx, event, order())
            assert list_waiting(tx) == [(POSTPONED, 1), (OUT, 2)]
            deliver(tx)
            changes.place(tx, event, order(3), mode=Mode.ONSITE, venue=Venue("Villa Valmer"))
            assert list_waiting(tx) == [(CHANGED, None)]
            deliver(tx)
            dates = Dates(local(2020, 12, 8, 9, 0), local(2020, 12, 9, 17, 0))
            changes.move(tx, event, dates, order(5))

            assert list_waiting(tx) == [(MOVED, 1), (DAY, 2)]
            assert look(tx, person).calendar_generation == 1

    def test_a_day_that_never_left_the_calendar_is_corrected_there(self, any_database):
        with any_database.transaction() as tx:
            event, [person] = prepare(tx, **TWO_DAYS)
            changes.postpone(tx, event, order())
            deliver(tx, only=POSTPONED)
            dates = Dates(local(2020, 12, 8, 9, 0), local(2020, 12, 9, 17, 0))
            changes.move(tx, event, dates, order(5))

            assert list_waiting(tx) == [(MOVED, 1), (DAY, 2)]
            assert look(tx, person).calendar_generation == 0
            assert look(tx, person).calendar_sequence == 2

    def test_a_link_that_waits_does_not_leave(self, database):
        morning = NOW.replace(month=11, day=3, hour=7, minute=1)
        with database.transaction() as tx:
            event, _ = prepare(tx)
            start_mailings(tx, morning)
            assert (MailName.CONNECTION_LINK, None) in list_waiting(tx)
            changes.postpone(tx, event, order(now=morning))
            start_mailings(tx, morning)

            assert list_waiting(tx) == [(POSTPONED, 1)]

    @pytest.mark.parametrize("is_late", [False, True], ids=["at once", "late"])
    @pytest.mark.parametrize("stop", [changes.postpone, changes.cancel])
    def test_a_link_in_a_workers_hand_leaves_once_the_event_is_on_again(
        self, any_database, stop, is_late
    ):
        morning = NOW.replace(month=11, day=3, hour=7, minute=1)
        with any_database.transaction() as tx:
            event, _ = prepare(tx)
            start_mailings(tx, morning)
            held = claims.claim(tx, Lane.BULK, owner="worker", now=morning, limit=10)
            stop(tx, event, order(now=morning))
            dropped = claims.check(tx, held, owner="worker", now=morning).values()
            claims.record(tx, () if is_late else dropped, now=morning)
            start_mailings(tx, morning)
            assert (MailName.CONNECTION_LINK, None) not in list_waiting(tx)

            changes.reopen(tx, event, order(now=morning))
            start_mailings(tx, morning)
            claims.record(tx, dropped if is_late else (), now=morning)

            assert list_waiting(tx).count((MailName.CONNECTION_LINK, None)) == 1

    def test_a_link_that_was_to_be_sent_again_leaves_once_the_event_is_on_again(self, any_database):
        morning = NOW.replace(month=11, day=3, hour=7, minute=1)
        with any_database.transaction() as tx:
            event, _ = prepare(tx)
            start_mailings(tx, morning)
            deliver(tx, DeliveryState.FAILED, only=MailName.CONNECTION_LINK)
            link = steering.get_named(tx, event.id, MailName.CONNECTION_LINK)
            assert steering.send_again(tx, link, morning) == 1

            changes.postpone(tx, event, order(now=morning))
            changes.reopen(tx, event, order(now=morning))
            start_mailings(tx, morning)

            assert list_waiting(tx).count((MailName.CONNECTION_LINK, None)) == 1

    def test_postponed_it_may_take_place_on_its_date_after_all(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx)
            changes.postpone(tx, event, order())
            deliver(tx)
            changes.move(tx, event, later(0), order(5))

            assert list_waiting(tx) == [(MOVED, 1)]
            assert event.former_dates == ()

    def test_the_days_of_several_are_taken_out_until_then(self, any_database):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, **TWO_DAYS)
            changes.postpone(tx, event, order())
            assert list_waiting(tx) == [(POSTPONED, 1), (OUT, 2)]
            deliver(tx)
            moved = Dates(local(2020, 12, 8, 9, 0), local(2020, 12, 9, 17, 0))
            changes.move(tx, event, moved, order(5))

            assert list_waiting(tx) == [(MOVED, 1), (DAY, 2)]

    def test_another_venue_meanwhile_is_told_without_a_date(self, database):
        with database.transaction() as tx:
            event, _ = prepare(tx, mode=Mode.ONSITE, venue=Venue("Palais"))
            changes.postpone(tx, event, order())
            deliver(tx)
            changes.place(tx, event, order(5), venue=Venue("Villa Valmer"))

            assert list_waiting(tx) == [(CHANGED, None)]


class TestReconfirming:
    BY = Reconfirm(local(2020, 11, 20, 18, 0), ReconfirmRule.RELEASE)

    def test_who_is_told_is_asked(self, any_database):
        with any_database.transaction() as tx:
            event, [person] = prepare(tx)
            outlook = changes.move(tx, event, later(35), order(), reconfirm=self.BY)

            [change] = tx.scalars(select(Change))
            assert look(tx, person).reconfirm_change_id == change.id
            assert change.reconfirm_by_at.isoformat() == "2020-11-20T17:00:00+00:00"
            assert (outlook.asked, outlook.people[0].is_asked) == (1, True)

    @pytest.mark.parametrize(
        "by", [local(2020, 10, 26, 9, 0), local(2020, 12, 9, 9, 0)], ids=["past", "after the start"]
    )
    def test_a_deadline_that_cannot_be_kept_is_refused(self, database, by):
        with pytest.raises(DeadlineUnfit), database.transaction() as tx:
            event, _ = prepare(tx)
            changes.move(tx, event, later(35), order(), reconfirm=Reconfirm(by))

    def test_a_question_that_was_never_put_is_forgotten_with_the_move(self, database):
        with database.transaction() as tx:
            event, [person] = prepare(tx)
            quiet = order(tells_at=LATER + QUIET)
            changes.move(tx, event, later(35), quiet, reconfirm=Reconfirm())
            changes.move(tx, event, later(0), order(5))

            assert look(tx, person).reconfirm_change_id is None

    def test_nobody_maintains_what_is_cancelled(self, database):
        with database.transaction() as tx:
            event, [person] = prepare(tx)
            changes.move(tx, event, later(35), order(), reconfirm=Reconfirm())
            deliver(tx)
            changes.cancel(tx, event, order(5))

            assert look(tx, person).reconfirm_change_id is None


class TestEditing:
    def test_nobody_is_told_and_the_history_shows_it(self, any_database):
        with any_database.transaction() as tx:
            event, [person] = prepare(tx)
            before = event.title

            def write(event):
                event.title = type(before)(fr="Un autre titre")

            changes.edit(tx, event, write, order())
            [change] = tx.scalars(select(Change))

            assert (change.kind, change.tells_at) == (ChangeKind.EDITED, None)
            assert change.before.title == before
            assert list_waiting(tx) == []
            assert look(tx, person).calendar_sequence == 0


class TestRehearsing:
    def test_a_rehearsal_shows_who_would_be_told_and_leaves_everything_as_it_was(
        self, any_database
    ):
        with any_database.transaction() as tx:
            event, _ = prepare(tx, 2)
        with any_database.rehearsal() as tx:
            outlook = changes.move(tx, events.get(tx, event.slug), later(7), order())

        assert outlook.mails == {MOVED: Told(2, 0)}
        with any_database.reading() as tx:
            assert events.get(tx, event.slug).starts_on == date(2020, 11, 3)
            assert list_waiting(tx) == []
            assert tx.scalars(select(Change)).all() == []
