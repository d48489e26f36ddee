"""Events: where one stands, its room, and how a file creates and changes it."""

import threading
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from time import sleep

import pytest
from sqlalchemy import func, select

from tests.factories import NOW, make_event, make_institution, make_registration, make_session
from webinars import eventfiles, events, loading, participants
from webinars import waiting as waiting_line
from webinars.database import Database
from webinars.errors import (
    ChangedElsewhere,
    EventCancelled,
    EventEnded,
    NotFound,
    RegistrationsClosed,
    RegistrationsNotOpen,
    SessionsChosen,
    SlugTaken,
    ValueRefused,
    WouldMailPeople,
)
from webinars.models import (
    Event,
    EventState,
    EventStatus,
    FormerDates,
    Institution,
    Mailing,
    MailName,
    ProgrammeStatus,
    RegistrationStatus,
    SessionChoice,
)

DRAFT, ANNOUNCED, PUBLISHED = EventStatus.DRAFT, EventStatus.ANNOUNCED, EventStatus.PUBLISHED

# The webinar of 3 November 2020, 10:00 to 12:30 in Paris: 09:00Z to 11:30Z.
OPENS = datetime(2020, 10, 20, 9, 0)  # noqa: DTZ001 - a local wall time, 07:00Z
CLOSES = datetime(2020, 11, 2, 18, 0)  # noqa: DTZ001 - 17:00Z
BEFORE_OPENING = datetime(2020, 10, 20, 6, 59, 59, tzinfo=UTC)
OPENING = datetime(2020, 10, 20, 7, 0, tzinfo=UTC)
LAST_OPEN = datetime(2020, 11, 2, 16, 59, 59, tzinfo=UTC)
CLOSING = datetime(2020, 11, 2, 17, 0, tzinfo=UTC)
START = datetime(2020, 11, 3, 9, 0, tzinfo=UTC)
LAST = datetime(2020, 11, 3, 11, 29, 59, tzinfo=UTC)
END = datetime(2020, 11, 3, 11, 30, tzinfo=UTC)

TEXT = """\
slug: exemple
kind: assises
title: {fr: "Un titre", ar: "عنوان"}
timezone: Europe/Paris
display_timezones: [Europe/Paris, Africa/Casablanca]
starts: 2020-11-03T10:00
ends: 2020-11-04T12:30
mode: online
status: published
capacity: 2
registration:
  closes: 2020-11-02T18:00
  priority: {countries: [FR]}
institutions:
  - {name: "Délégation", acronym: DAECT, country: FR, role: pilot}
  - {name: "Direction", acronym: DGCL, country: MA, role: partner}
contacts:
  - {name: "Nadia Lefort", institution: DAECT, email: "nadia@example.org"}
programme:
  status: draft
  sessions:
    - {code: debut, kind: plenary, title: "A", starts: 2020-11-03T10:00, ends: 2020-11-03T10:20}
    - {code: un, kind: workshop, slot: soir, day: 2020-11-03, half_day: afternoon, title: "B"}
    - {code: deux, kind: workshop, slot: soir, day: 2020-11-03, half_day: afternoon, title: "C"}
documents:
  - {title: "Pré-programme", file: pre-programme.pdf, version: 1}
mailings:
  - {template: connection-link, at: day 08:00}
questions:
  - {key: repas, kind: choice, label: "Repas ?", options: [Oui, Non]}
"""


def read(*changes):
    """Return the example file with places changed."""
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return eventfiles.parse(text.encode(), name="exemple.yaml", find_file=lambda name: b"%PDF")


def load(database, file, **options):
    """Load a file in a transaction of its own."""
    with database.transaction() as tx:
        return loading.load(tx, file, now=NOW, **options)


def look(database, slug="exemple"):
    """Return an event as it is kept."""
    with database.reading() as tx:
        return events.get(tx, slug)


class TestState:
    @pytest.mark.parametrize(
        ("status", "now", "expected"),
        [
            (DRAFT, OPENING, EventState.DRAFT),
            (DRAFT, END, EventState.DRAFT),
            (ANNOUNCED, OPENING, EventState.ANNOUNCED),
            (ANNOUNCED, CLOSING, EventState.ANNOUNCED),
            (ANNOUNCED, START, EventState.RUNNING),
            (ANNOUNCED, END, EventState.ENDED),
            (PUBLISHED, BEFORE_OPENING, EventState.ANNOUNCED),
            (PUBLISHED, OPENING, EventState.OPEN),
            (PUBLISHED, LAST_OPEN, EventState.OPEN),
            (PUBLISHED, CLOSING, EventState.CLOSED),
            (PUBLISHED, START, EventState.RUNNING),
            (PUBLISHED, LAST, EventState.RUNNING),
            (PUBLISHED, END, EventState.ENDED),
        ],
    )
    def test_an_event_stands_where_its_status_and_the_instant_put_it(
        self, database, status, now, expected
    ):
        with database.transaction() as tx:
            event = make_event(tx, status=status, opens=OPENS, closes=CLOSES)

            assert events.state(event, now) is expected

    @pytest.mark.parametrize(
        ("column", "expected"),
        [("cancelled_at", EventState.CANCELLED), ("postponed_at", EventState.POSTPONED)],
    )
    def test_what_does_not_take_place_stays_so_after_its_end(self, database, column, expected):
        with database.transaction() as tx:
            event = make_event(tx, **{column: NOW})

            assert events.state(event, END) is expected

    @pytest.mark.parametrize(
        ("columns", "now", "refusal"),
        [
            ({}, OPENING, None),
            ({}, LAST_OPEN, None),
            ({}, BEFORE_OPENING, RegistrationsNotOpen),
            ({}, CLOSING, RegistrationsClosed),
            ({}, END, EventEnded),
            ({"status": ANNOUNCED}, OPENING, RegistrationsNotOpen),
            ({"status": DRAFT}, OPENING, NotFound),
            ({"cancelled_at": NOW}, OPENING, EventCancelled),
            ({"postponed_at": NOW}, OPENING, EventCancelled),
        ],
    )
    def test_registrations_are_open_or_refused_for_one_reason(
        self, database, columns, now, refusal
    ):
        with database.transaction() as tx:
            event = make_event(tx, opens=OPENS, closes=CLOSES, **columns)
            if refusal is None:
                events.require_open(event, now)
            else:
                with pytest.raises(refusal):
                    events.require_open(event, now)

    def test_without_a_deadline_registrations_close_at_the_start(self, database):
        with database.transaction() as tx:
            event = make_event(tx)

            events.require_open(event, START - timedelta(seconds=1))
            with pytest.raises(RegistrationsClosed) as caught:
                events.require_open(event, START)
            assert caught.value.closes_at == START

    def test_a_deadline_after_the_start_keeps_a_running_event_open(self, database):
        with database.transaction() as tx:
            event = make_event(tx, closes=datetime(2020, 11, 3, 11, 0))  # noqa: DTZ001

            events.require_open(event, START)
            assert events.state(event, START) is EventState.RUNNING


class TestFinding:
    def test_an_event_comes_with_everything_that_belongs_to_it(self, any_database):
        load(any_database, read())
        event = look(any_database)

        assert [one.institution.acronym for one in event.institutions] == ["DAECT", "DGCL"]
        assert [one.code for one in event.sessions] == ["debut", "un", "deux"]
        assert [one.key for one in event.questions] == ["repas"]
        assert [one.title for one in event.documents] == ["Pré-programme"]

    def test_what_is_not_there_is_not_found(self, database):
        with database.reading() as tx:
            assert events.find(tx, "rien") is None
            with pytest.raises(NotFound):
                events.get(tx, "rien")
            with pytest.raises(NotFound):
                events.get_by_id(tx, 1)
            with pytest.raises(NotFound):
                events.lock(tx, 1)

    def test_coming_are_the_announced_and_published_that_are_not_over_soonest_first(self, database):
        with database.transaction() as tx:
            later = {"starts": date(2020, 12, 2), "ends": date(2020, 12, 2)}
            make_event(tx, "plus-tard", status=ANNOUNCED, **later)
            make_event(tx, "bientot")
            make_event(tx, "brouillon", status=DRAFT)
            make_event(tx, "passe", starts=date(2020, 10, 25), ends=date(2020, 10, 25))
            make_event(tx, "aujourd-hui", starts=date(2020, 10, 26), ends=date(2020, 10, 26))

            slugs = [event.slug for event in events.list_coming(tx, NOW)]
            assert slugs == ["aujourd-hui", "bientot", "plus-tard"]

    def test_all_events_or_those_of_an_institution_are_listed_latest_first(self, database):
        with database.transaction() as tx:
            daect, dgct = make_institution(tx), make_institution(tx, "DGCT", country="MA")
            make_event(tx, "un", institutions=[daect])
            later = {"starts": date(2020, 12, 2), "ends": date(2020, 12, 2)}
            make_event(tx, "deux", status=DRAFT, institutions=[daect, dgct], **later)

            assert [one.slug for one in events.list_all(tx)] == ["deux", "un"]
            of_dgct = events.list_all(tx, institution_id=dgct.id)
            assert [one.slug for one in of_dgct] == ["deux"]

    def test_locking_reads_the_event_anew_and_keeps_what_was_loaded_with_it(self, any_database):
        load(any_database, read())
        with any_database.transaction() as tx:
            event = events.get(tx, "exemple")
            tx.connection().exec_driver_sql("UPDATE events SET capacity = 7")

            assert events.lock(tx, event.id) is event
            assert event.capacity == 7
            assert len(event.sessions) == 3

    @pytest.mark.postgres
    def test_nobody_locks_an_event_that_another_holds(self, postgres_url):
        database = Database(postgres_url)
        load(database, read())
        order = []

        def lock_second(is_held):
            is_held.wait(5)
            with database.transaction() as tx:
                event_id = events.get(tx, "exemple").id
                events.lock(tx, event_id)
                order.append("second")

        is_held = threading.Event()
        second = threading.Thread(target=lock_second, args=(is_held,))
        second.start()
        with database.transaction() as tx:
            events.lock(tx, events.get(tx, "exemple").id)
            is_held.set()
            second.join(0.3)
            order.append("first")
        second.join(5)
        database.dispose()

        assert order == ["first", "second"]


class TestRoom:
    def test_a_room_is_set_and_changed_and_nobody_is_mailed(self, database):
        with database.transaction() as tx:
            event = make_event(tx, room_url=None)
            events.connect(tx, event, " https://salle.example.org/a ", dial_in="01 99 00 12 34")
            events.connect(tx, event, "https://salle.example.org/b")

        event = look(database, "webinaire-covid-19")
        assert (event.room_url, event.dial_in) == ("https://salle.example.org/b", "01 99 00 12 34")

    def test_an_empty_address_takes_the_room_away(self, database):
        with database.transaction() as tx:
            event = make_event(tx)
            events.connect(tx, event, "", dial_in="")

        assert look(database, "webinaire-covid-19").room_url is None

    @pytest.mark.parametrize(
        "url",
        [
            "javascript:alert(1)",
            "salle.example.org",
            "https://",
            "https://a b",
            "https://a:port/",
            "https://a/\nb",
            "https://a/" + "x" * 2000,
        ],
    )
    def test_what_is_no_web_address_is_refused(self, database, url):
        with database.transaction() as tx:
            event = make_event(tx)
            with pytest.raises(ValueRefused):
                events.connect(tx, event, url)
            assert event.room_url == "https://salle.example.org/abc"


class TestCreating:
    def test_a_file_becomes_an_event_with_its_instants(self, any_database):
        loaded = load(any_database, read())
        event = look(any_database)

        assert loaded.is_new
        assert (event.starts_at, event.ends_at) == (
            START,
            datetime(2020, 11, 4, 11, 30, tzinfo=UTC),
        )
        assert event.closes_at == event.priority_until_at == CLOSING
        assert event.sessions[0].starts_at == START
        assert event.sessions[0].ends_at == START + timedelta(minutes=20)
        assert event.sessions[1].starts_at is None
        assert event.zone_data

    def test_an_unknown_hour_counts_as_the_whole_local_day(self, database):
        starts = ("starts: 2020-11-03T10:00\n", "starts: 2020-11-03\n")
        ends = ("ends: 2020-11-04T12:30", "ends: 2020-11-04")
        load(database, read(starts, ends))
        event = look(database)

        assert event.starts_time is None
        assert event.starts_at == datetime(2020, 11, 2, 23, 0, tzinfo=UTC)
        assert event.ends_at == datetime(2020, 11, 4, 23, 0, tzinfo=UTC)

    def test_the_instants_follow_the_zone_of_the_file(self, database):
        load(database, read(("timezone: Europe/Paris", "timezone: Asia/Tokyo")))

        assert look(database).starts_at == datetime(2020, 11, 3, 1, 0, tzinfo=UTC)

    def test_its_mailings_are_planned(self, database):
        load(database, read())
        with database.reading() as tx:
            planned = set(tx.scalars(select(Mailing.template)))

        assert planned == {MailName.CONFIRMATION, MailName.WAITING_LIST, MailName.CONNECTION_LINK}

    def test_institutions_are_those_of_their_acronym_and_country(self, database):
        load(database, read())
        on_the_other_shore = ("acronym: DGCL, country: MA", "acronym: DGCL, country: FR")
        load(database, read(("slug: exemple", "slug: autre"), on_the_other_shore))
        with database.reading() as tx:
            known = tx.execute(
                select(Institution.acronym, Institution.country).order_by(Institution.id)
            ).all()

        assert known == [("DAECT", "FR"), ("DGCL", "MA"), ("DGCL", "FR")]

    def test_an_institution_is_called_as_its_latest_event_calls_it(self, database):
        load(database, read())
        older = read(("slug: exemple", "slug: ancien"), ('"Délégation"', '"Ancien nom"'))
        load(database, eventfiles.shift(older, date(2019, 11, 5)))
        with database.reading() as tx:
            name = tx.scalar(select(Institution.name).where(Institution.acronym == "DAECT"))

        assert name == "Délégation"
        assert look(database, "ancien").institutions[0].name == "Ancien nom"

    def test_a_deadline_for_changes_is_an_instant_too_and_may_be_missing(self, database):
        closes = "  closes: 2020-11-02T18:00\n"
        load(database, read((closes, f"{closes}  changes_close: 2020-10-30T12:00\n")))
        event = look(database)
        assert event.changes_close_at == datetime(2020, 10, 30, 11, 0, tzinfo=UTC)
        assert loading.to_file(event).registration.changes_close == event.changes_close_local

        load(database, read())
        event = look(database)
        assert event.changes_close_local is event.changes_close_at is None

    def test_the_event_says_the_same_as_its_file(self, any_database):
        file = read()
        load(any_database, file)
        event = look(any_database)

        assert loading.to_content(event) == eventfiles.content(file) == event.loaded


class TestReloading:
    def test_the_same_file_twice_changes_nothing(self, any_database):
        load(any_database, read())
        before = look(any_database)
        again = load(any_database, read())
        after = look(any_database)

        assert not again.is_new
        assert again.changed == ()
        assert after.revision == before.revision
        assert [one.id for one in after.sessions] == [one.id for one in before.sessions]

    def test_only_what_the_file_says_anew_is_changed(self, any_database):
        load(any_database, read())
        with any_database.transaction() as tx:
            event = events.get(tx, "exemple")
            events.connect(tx, event, "https://salle.example.org/x")
            event.status = EventStatus.DRAFT
        loaded = load(any_database, read(("capacity: 2", "capacity: 3")))
        event = look(any_database)

        assert loaded.changed == ("capacity",)
        assert event.capacity == 3
        assert event.room_url == "https://salle.example.org/x"
        assert event.status is EventStatus.DRAFT

    def test_a_key_that_was_changed_elsewhere_is_a_conflict(self, any_database):
        load(any_database, read())
        with any_database.transaction() as tx:
            events.get(tx, "exemple").capacity = 9
        file = read(("capacity: 2", "capacity: 3"), ("mode: online", "mode: hybrid"))

        with pytest.raises(ChangedElsewhere) as caught:
            load(any_database, file)
        assert caught.value.keys == ["capacity"]
        assert look(any_database).mode == "online"

    def test_the_file_wins_over_what_was_changed_elsewhere_when_it_is_told_to(self, database):
        load(database, read())
        with database.transaction() as tx:
            events.get(tx, "exemple").capacity = 9

        loaded = load(database, read(("capacity: 2", "capacity: 3")), take_file=True)
        assert loaded.changed == ("capacity",)
        assert look(database).capacity == 3

    def test_the_same_change_made_elsewhere_is_no_conflict(self, database):
        load(database, read())
        with database.transaction() as tx:
            events.get(tx, "exemple").capacity = 3

        assert load(database, read(("capacity: 2", "capacity: 3"))).changed == ()
        assert look(database).loaded["capacity"] == 3

    def test_an_event_that_no_file_made_is_not_overwritten_unasked(self, database):
        with database.transaction() as tx:
            make_event(tx, "exemple")

        with pytest.raises(ChangedElsewhere):
            load(database, read())
        load(database, read(), take_file=True)
        assert look(database).title.fr == "Un titre"

    def test_every_key_can_be_changed(self, database):
        load(database, read())
        changes = (
            ("kind: assises", "kind: meeting"),
            ('fr: "Un titre"', 'fr: "Un autre"'),
            ("timezone: Europe/Paris", "summary: Un résumé\ntimezone: Europe/Berlin"),
            ("[Europe/Paris, Africa/Casablanca]", "[Europe/Paris]"),
            ("starts: 2020-11-03T10:00\n", "starts: 2020-11-03T09:00\n"),
            ("ends: 2020-11-04T12:30", "ends: 2020-11-04T13:00"),
            ("mode: online", "mode: onsite\nvenue: {name: Palais}"),
            ("status: published", "status: announced"),
            ("capacity: 2", "capacity: 3"),
            ("closes: 2020-11-02T18:00", "approval: true"),
            ("role: partner", "role: pilot"),
            ("Nadia Lefort", "Nadia Leduc"),
            (
                "programme:\n  status: draft",
                "signatories: [{name: S}]\nprogramme:\n  status: final",
            ),
            ("version: 1", "version: 2"),
            ("day 08:00", "day 09:00"),
            ("[Oui, Non]", "[Oui, Non, Peut-être]"),
        )
        file = read(*changes)
        loaded = load(database, file)
        event = look(database)

        untouched = {"slug", "connection"}
        assert set(loaded.changed) == set(eventfiles.KEYS) - untouched
        assert loading.to_content(event) == eventfiles.content(file)
        assert event.starts_at == datetime(2020, 11, 3, 8, 0, tzinfo=UTC)

    def test_the_dates_that_were_shown_are_remembered_when_they_move(self, database):
        load(database, read())
        load(database, eventfiles.shift(read(), date(2020, 12, 8)))
        event = look(database)

        assert event.starts_on == date(2020, 12, 8)
        assert event.former_dates == (
            FormerDates(datetime(2020, 11, 3, 10, 0), datetime(2020, 11, 4, 12, 30)),  # noqa: DTZ001
        )

    def test_dates_that_nobody_saw_are_forgotten(self, database):
        draft = ("status: published", "status: draft")
        load(database, read(draft))
        load(database, eventfiles.shift(read(draft), date(2020, 12, 8)))

        assert look(database).former_dates == ()

    def test_dates_that_come_back_are_former_no_more(self, database):
        load(database, read())
        load(database, eventfiles.shift(read(), date(2020, 12, 8)))
        load(database, read())

        assert [one.starts.month for one in look(database).former_dates] == [12]

    def test_mailings_move_with_the_event(self, database):
        load(database, read())
        load(database, eventfiles.shift(read(), date(2020, 12, 8)))
        with database.reading() as tx:
            due = tx.scalar(
                select(Mailing.due_at).where(Mailing.template == MailName.CONNECTION_LINK)
            )

        assert due == datetime(2020, 12, 8, 7, 0, tzinfo=UTC)

    def test_two_who_load_the_same_file_at_once_make_one_event(self, any_database):
        outcomes = []

        def load_it():
            outcomes.append(load(any_database, read()).is_new)

        threads = [threading.Thread(target=load_it) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(20)

        assert sorted(outcomes) == [False, False, False, True]
        with any_database.reading() as tx:
            assert tx.scalar(select(func.count()).select_from(Event)) == 1


class TestReloadingWithPeople:
    @pytest.fixture
    def registered(self, database):
        """Load the file and register someone for the second workshop."""
        load(database, read())
        with database.transaction() as tx:
            event = events.get(tx, "exemple")
            registration = make_registration(tx, event)
            session = next(one for one in event.sessions if one.code == "deux")
            tx.add(SessionChoice(registration_id=registration.id, session_id=session.id))
        return database

    @pytest.mark.parametrize(
        ("change", "keys"),
        [
            (("starts: 2020-11-03T10:00\n", "starts: 2020-11-03T09:00\n"), ["starts"]),
            (("ends: 2020-11-04T12:30", "ends: 2020-11-04"), ["ends"]),
            (("timezone: Europe/Paris", "timezone: Africa/Casablanca"), ["timezone"]),
            (("mode: online", "mode: hybrid"), ["mode"]),
            (("mode: online", "mode: online\nvenue: {name: Palais}"), ["venue"]),
            (("ends: 2020-11-03T10:20", "ends: 2020-11-03T10:30"), ["programme"]),
            (
                ('half_day: afternoon, title: "C"', 'half_day: morning, title: "C"'),
                ["programme"],
            ),
        ],
        ids=["start", "end", "zone", "mode", "venue", "session", "half-day"],
    )
    def test_what_people_would_have_to_be_told_is_refused(self, registered, change, keys):
        with pytest.raises(WouldMailPeople) as caught:
            load(registered, read(change), take_file=True)

        assert (caught.value.keys, caught.value.people) == (keys, 1)
        assert look(registered).revision == 0

    @pytest.mark.postgres
    def test_who_is_just_registering_is_counted_too(self, postgres_url):
        database = Database(postgres_url)
        load(database, read())
        is_registering = threading.Event()

        def register_slowly():
            with database.transaction() as tx:
                make_registration(tx, events.get(tx, "exemple"))
                is_registering.set()
                sleep(0.3)

        someone = threading.Thread(target=register_slowly)
        someone.start()
        is_registering.wait(10)
        with pytest.raises(WouldMailPeople):
            load(database, eventfiles.shift(read(), date(2020, 12, 8)))
        someone.join(10)
        database.dispose()

    @pytest.mark.parametrize(
        "change",
        [
            ('fr: "Un titre"', 'fr: "Un autre"'),
            ("status: draft", "status: final"),
            ('title: "C"', 'title: "D", room: "Salle 2", capacity: 10'),
            ("Nadia Lefort", "Nadia Leduc"),
            ("capacity: 2", "capacity: 1"),
        ],
        ids=["title", "programme validated", "session's title", "contact", "capacity"],
    )
    def test_anything_else_is_changed(self, registered, change):
        assert load(registered, read(change)).changed

    def test_who_gave_up_need_not_be_told(self, registered):
        with registered.transaction() as tx:
            event = events.get(tx, "exemple")
            for row in participants.list_rows(tx, event.id):
                row.status = RegistrationStatus.CANCELLED

        assert load(registered, eventfiles.shift(read(), date(2020, 12, 8))).changed

    def test_a_session_that_someone_chose_does_not_vanish(self, registered):
        line = next(line for line in TEXT.splitlines(keepends=True) if "code: deux" in line)

        with pytest.raises(SessionsChosen) as caught:
            load(registered, read((line, "")))
        assert caught.value.codes == ["deux"]

    def test_a_session_that_nobody_with_a_place_chose_vanishes(self, registered):
        with registered.transaction() as tx:
            event = events.get(tx, "exemple")
            for row in participants.list_rows(tx, event.id):
                row.status = RegistrationStatus.CANCELLED
        line = next(line for line in TEXT.splitlines(keepends=True) if "code: deux" in line)
        load(registered, read((line, "")))

        assert [one.code for one in look(registered).sessions] == ["debut", "un"]

    def test_a_session_keeps_its_people_when_the_programme_is_put_in_another_order(
        self, registered
    ):
        lines = TEXT.splitlines(keepends=True)
        two, three = (line for line in lines if "code: un," in line or "code: deux" in line)
        load(registered, read((two + three, three + two)))

        event = look(registered)
        assert [one.code for one in event.sessions] == ["debut", "deux", "un"]
        with registered.reading() as tx:
            chosen = tx.scalar(select(SessionChoice.session_id))
        assert chosen == event.sessions[1].id

    def test_a_larger_capacity_gives_places_once_the_caller_promotes(self, database):
        load(
            database, read(("capacity: 2", "capacity: 1"), ("  priority: {countries: [FR]}\n", ""))
        )
        with database.transaction() as tx:
            event = events.get(tx, "exemple")
            make_registration(tx, event)
            waiting = {"status": RegistrationStatus.WAITING, "confirmed_at": None}
            make_registration(tx, event, last_name="Alaoui", email="a@example.org", **waiting)
        file = read(("  priority: {countries: [FR]}\n", ""))
        with database.transaction() as tx:
            loaded = loading.load(tx, file, now=NOW)
            promoted = waiting_line.promote(tx, loaded.event, now=NOW)

            assert [one.last_name for one in promoted] == ["Alaoui"]


class TestDuplicating:
    def test_a_copy_is_a_draft_on_other_days_without_room_or_people(self, any_database):
        load(any_database, read())
        with any_database.transaction() as tx:
            event = events.get(tx, "exemple")
            events.connect(tx, event, "https://salle.example.org/x")
            make_registration(tx, event)
            loading.duplicate(tx, event, slug="exemple-2021", starts_on=date(2021, 11, 2), now=NOW)
        copy = look(any_database, "exemple-2021")

        assert copy.status is EventStatus.DRAFT
        assert copy.room_url is None
        assert (copy.starts_on, copy.starts_time) == (date(2021, 11, 2), clock(10, 0))
        assert copy.closes_local == datetime(2021, 11, 1, 18, 0)  # noqa: DTZ001
        assert copy.sessions[2].day == date(2021, 11, 2)
        assert copy.documents[0].sha256 == look(any_database).documents[0].sha256
        assert copy.programme_status is ProgrammeStatus.DRAFT
        assert copy.former_dates == ()

    @pytest.mark.parametrize(
        ("slug", "refusal"),
        [("exemple", SlugTaken), ("Exemple 2", ValueRefused), ("", ValueRefused)],
    )
    def test_a_slug_that_is_taken_or_none_is_refused(self, database, slug, refusal):
        load(database, read())
        with database.transaction() as tx:
            event = events.get(tx, "exemple")
            with pytest.raises(refusal):
                loading.duplicate(tx, event, slug=slug, starts_on=date(2021, 11, 2), now=NOW)

    def test_an_event_without_a_file_can_be_duplicated(self, database):
        with database.transaction() as tx:
            event = make_event(tx, institutions=[make_institution(tx)])
            make_session(tx, event, starts=clock(10), ends=clock(11))
            tx.expire_all()
            event = events.get(tx, event.slug)
            loading.duplicate(tx, event, slug="copie", starts_on=date(2021, 11, 2), now=NOW)

        assert look(database, "copie").sessions[0].starts_at == datetime(
            2021, 11, 2, 9, 0, tzinfo=UTC
        )
