"""Many people at the same instant, on either engine.

Each thread has a `Database` of its own, as if it were a process of its own: on SQLite nothing but
the file's lock keeps them apart. That the locks are what does it is shown by taking them out.
"""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from tests.domain.changing import make_change
from tests.domain.registering import JEAN, SAMIRA, ZOE, list_mails, register, say
from tests.factories import NOW, make_event, make_session
from webinars import (
    attendance,
    changes,
    corrections,
    events,
    participants,
    reconfirmations,
    registrations,
    substitutes,
    waiting,
)
from webinars.database import Database
from webinars.errors import (
    AddressTaken,
    AlreadyRepresents,
    NotPending,
    RegistrationCancelled,
    SessionFull,
)
from webinars.models import (
    Contact,
    MailName,
    OrganizationKind,
    Priority,
    ReconfirmRule,
    Registration,
    RegistrationStatus,
)
from webinars.registrations import Outcome
from webinars.substitutes import Substitute

CONFIRMED = RegistrationStatus.CONFIRMED
WAITING = RegistrationStatus.WAITING
CANCELLED = RegistrationStatus.CANCELLED
PROCESSES = 4
REFUSALS = (
    SessionFull,
    NotPending,
    AddressTaken,
    AlreadyRepresents,
    RegistrationCancelled,
    OperationalError,
)


@pytest.fixture
def processes(any_database_url):
    """Open as many databases as there are processes."""
    opened = [Database(any_database_url) for _ in range(PROCESSES)]
    yield opened
    for database in opened:
        database.dispose()


@pytest.fixture
def do_at_once(processes):
    """Return a function that lets each job run in a change of its own, all at the same instant.

    It returns what each answered, or was refused with.
    """

    def run(*jobs):
        start = threading.Barrier(len(jobs))

        def one(number, job):
            start.wait()
            try:
                with processes[number % PROCESSES].transaction() as tx:
                    return job(tx)
            except REFUSALS as refusal:
                return refusal

        with ThreadPoolExecutor(len(jobs)) as pool:
            return list(pool.map(one, range(len(jobs)), jobs))

    return run


def make_people(count):
    return [(f"Maire{n:02}", "Camille", f"maire{n}@example.org") for n in range(count)]


def make(processes, **columns):
    with processes[0].transaction() as tx:
        return make_event(tx, **columns).slug


def make_with_workshops(processes, *, capacity, capacity_of_event=None):
    with processes[0].transaction() as tx:
        event = make_event(tx, capacity=capacity_of_event)
        for position, code in enumerate(("atelier-3", "atelier-4", "atelier-5")):
            limit = capacity if code == "atelier-4" else None
            make_session(tx, event, code, slot="matin", position=position, capacity=limit)
        return event.slug


def come(slug, person, **how):
    """Return the job of registering someone."""

    def job(tx):
        registered = register(tx, events.get(tx, slug), person, **how)
        return registered.outcome, registered.registration.id

    return job


def choose(slug, person, code):
    """Return the job of registering someone for a workshop."""
    return come(slug, person, said=say(person, sessions=(code,)))


def give_up(registration_id, now=NOW):
    """Return the job of cancelling a registration."""
    return lambda tx: registrations.cancel(tx, participants.get(tx, registration_id), now=now)


def count_by_status(database, slug):
    with database.reading() as tx:
        event = events.get(tx, slug)
        return participants.count_by_status(tx, [event.id])[event.id]


def list_all_mails(database):
    with database.reading() as tx:
        return Counter(list_mails(tx))


def test_capacity_is_never_oversold_however_many_submit_at_once(processes, do_at_once):
    slug = make(processes, capacity=5)
    answers = do_at_once(*(come(slug, person) for person in make_people(16)))
    assert {outcome for outcome, _ in answers} == {Outcome.CREATED}
    assert count_by_status(processes[0], slug) == {CONFIRMED: 5, WAITING: 11}
    assert list_all_mails(processes[0]) == {MailName.CONFIRMATION: 5, MailName.WAITING_LIST: 11}


def test_the_last_place_of_a_workshop_goes_to_one_and_the_other_takes_another(
    processes, do_at_once
):
    # DOMAIN, scenario 10: atelier 4 of 4 May 2016 has one place.
    slug = make_with_workshops(processes, capacity=1)
    isere = ("CD Isère", "Élue", "isere@example.org")
    paca = ("Région PACA", "Élu", "paca@example.org")
    answers = do_at_once(choose(slug, isere, "atelier-4"), choose(slug, paca, "atelier-4"))
    refused = [one for one in answers if isinstance(one, SessionFull)]
    assert [one.code for one in refused] == ["atelier-4"]
    loser = isere if answers[0] is refused[0] else paca
    [(outcome, _)] = do_at_once(choose(slug, loser, "atelier-5"))
    assert outcome is Outcome.CREATED
    with processes[0].reading() as tx:
        event = events.get(tx, slug)
        chosen = [
            choice.session.code
            for row in participants.list_rows(tx, event.id)
            for choice in row.choices
        ]
    assert sorted(chosen) == ["atelier-4", "atelier-5"]


def test_a_workshop_is_never_oversold(processes, do_at_once):
    slug = make_with_workshops(processes, capacity=3)
    answers = do_at_once(*(choose(slug, person, "atelier-4") for person in make_people(12)))
    assert len([one for one in answers if isinstance(one, SessionFull)]) == 9
    assert count_by_status(processes[0], slug) == {CONFIRMED: 3}


@pytest.mark.parametrize("capacity", [None, 1])
def test_clicks_at_the_same_instant_are_one_registration_and_show_the_same_page(
    processes, do_at_once, capacity
):
    slug = make(processes, capacity=capacity)
    answers = do_at_once(*[come(slug, SAMIRA, form_identity="f1")] * 6)
    outcomes = Counter(outcome for outcome, _ in answers)
    assert outcomes == {Outcome.CREATED: 1, Outcome.SAME_FORM: 5}
    assert len({registration_id for _, registration_id in answers}) == 1
    assert count_by_status(processes[0], slug) == {CONFIRMED: 1}
    assert list_all_mails(processes[0]) == {MailName.CONFIRMATION: 1}


def test_clicks_for_the_last_place_of_a_workshop_show_the_same_page_too(processes, do_at_once):
    slug = make_with_workshops(processes, capacity=1)
    said = say(SAMIRA, sessions=("atelier-4",))
    answers = do_at_once(*[come(slug, SAMIRA, said=said, form_identity="f1")] * 4)
    outcomes = Counter(outcome for outcome, _ in answers)
    assert outcomes == {Outcome.CREATED: 1, Outcome.SAME_FORM: 3}


def test_two_forms_of_one_person_at_once_are_one_registration(processes, do_at_once):
    slug = make(processes)
    answers = do_at_once(*(come(slug, SAMIRA, form_identity=f"f{n}") for n in range(2)))
    assert sorted(outcome for outcome, _ in answers) == [Outcome.CREATED, Outcome.KNOWN]
    assert list_all_mails(processes[0]) == {MailName.CONFIRMATION: 1, MailName.OWN_LINK: 1}


def test_one_person_at_several_events_at_once_is_one_contact(processes, do_at_once):
    slugs = [make(processes, slug=f"evenement-{n}") for n in range(4)]
    answers = do_at_once(*(come(slug, SAMIRA) for slug in slugs))
    assert {outcome for outcome, _ in answers} == {Outcome.CREATED}
    with processes[0].reading() as tx:
        assert tx.scalar(select(func.count()).select_from(Contact)) == 1


@pytest.mark.parametrize("capacity", [None, 1])
def test_who_comes_back_with_two_clicks_comes_back_once(processes, do_at_once, capacity):
    slug = make(processes, capacity=capacity)
    [(_, registration_id)] = do_at_once(come(slug, SAMIRA, form_identity="f1"))
    do_at_once(give_up(registration_id))
    answers = do_at_once(*[come(slug, SAMIRA, form_identity="f2")] * 4)
    outcomes = Counter(outcome for outcome, _ in answers)
    assert outcomes == {Outcome.CREATED: 1, Outcome.SAME_FORM: 3}
    with processes[0].reading() as tx:
        assert participants.get(tx, registration_id).calendar_generation == 1


@pytest.mark.parametrize("capacity", [None, 1])
def test_a_double_click_on_cancelling_mails_and_promotes_once(processes, do_at_once, capacity):
    slug = make(processes, capacity=capacity)
    [(_, first)] = do_at_once(come(slug, SAMIRA))
    for person in make_people(2):
        do_at_once(come(slug, person))
    before = count_by_status(processes[0], slug)
    do_at_once(*[give_up(first)] * 4)
    after = count_by_status(processes[0], slug)
    assert after[CANCELLED] == 1
    assert after[CONFIRMED] == (before[CONFIRMED] - 1 if capacity is None else 1)
    assert list_all_mails(processes[0])[MailName.REGISTRATION_CANCELLED] == 1
    with processes[0].reading() as tx:
        assert participants.get(tx, first).calendar_sequence == 1


def test_places_given_up_and_taken_at_once_are_all_given_on_and_none_twice(processes, do_at_once):
    slug = make_with_workshops(processes, capacity=2, capacity_of_event=4)
    people = make_people(20)
    first = [do_at_once(choose(slug, person, "atelier-3"))[0][1] for person in people[:8]]
    answers = do_at_once(
        *(give_up(registration_id) for registration_id in first[:6]),
        *(choose(slug, person, "atelier-4") for person in people[8:16]),
    )
    refused = [one for one in answers if isinstance(one, SessionFull)]
    counted = count_by_status(processes[0], slug)
    assert counted[CONFIRMED] == 4
    assert counted[CANCELLED] == 6
    assert counted.total() == 16 - len(refused)
    with processes[0].reading() as tx:
        event = events.get(tx, slug)
        held = [
            choice.session.code
            for row in participants.list_rows(tx, event.id)
            for choice in row.choices
            if row.status is CONFIRMED and not choice.is_full
        ]
    assert held.count("atelier-4") <= 2


def test_the_priority_audience_has_its_places_whoever_clicks_first(processes, do_at_once):
    # DOMAIN, scenario 7: the webinar of 19 May 2020 with three places.
    release = datetime(2020, 5, 18, 10, 0, tzinfo=UTC)
    now = release - timedelta(days=5)
    slug = make(
        processes,
        starts=datetime(2020, 5, 19, 15, 0),  # noqa: DTZ001
        ends=datetime(2020, 5, 19, 17, 30),  # noqa: DTZ001
        capacity=3,
        priority=Priority(
            countries=("FR",), kinds=(OrganizationKind.COMMUNE, OrganizationKind.REGION)
        ),
        priority_until_at=release,
    )
    agadir = ("Association d’Agadir", "Membre", "agadir@example.org")
    towns = [
        ("Île-de-France", "Élue", "idf@example.org"),
        ("La Seyne-sur-Mer", "Élu", "seyne@example.org"),
        ("Grand Lyon", "Élue", "lyon@example.org"),
    ]
    kind = OrganizationKind.COMMUNE
    answers = do_at_once(
        come(slug, agadir, said=say(agadir, organization_kind="association"), now=now),
        *(
            come(slug, town, said=say(town, country="FR", organization_kind=kind), now=now)
            for town in towns
        ),
    )
    association, *_, lyon = [registration_id for _, registration_id in answers]
    assert count_by_status(processes[0], slug) == {CONFIRMED: 3, WAITING: 1}

    do_at_once(give_up(lyon, release - timedelta(hours=1)))
    assert count_by_status(processes[0], slug) == {CONFIRMED: 2, WAITING: 1, CANCELLED: 1}
    timers = do_at_once(
        *[lambda tx: len(waiting.release_priority(tx, events.get(tx, slug), now=release))] * 4
    )
    assert sorted(timers) == [0, 0, 0, 1]
    with processes[0].reading() as tx:
        promoted = participants.get(tx, association)
        assert promoted.status is CONFIRMED
        assert list_mails(tx, promoted) == [MailName.WAITING_LIST, MailName.CONFIRMATION]


def test_two_organisers_who_decide_at_once_decide_once(processes, do_at_once):
    slug = make(processes, approval=True)
    [(_, registration_id)] = do_at_once(come(slug, SAMIRA))
    decided = do_at_once(
        lambda tx: registrations.confirm(tx, participants.get(tx, registration_id), now=NOW),
        lambda tx: registrations.decline(tx, participants.get(tx, registration_id), now=NOW),
    )
    assert len([one for one in decided if isinstance(one, NotPending)]) == 1
    mails = list_all_mails(processes[0])
    assert mails[MailName.CONFIRMATION] + mails[MailName.REGISTRATION_DECLINED] == 1


def test_two_who_correct_to_the_same_address_at_once_do_not_become_one(processes, do_at_once):
    slug = make(processes)
    ids = [
        do_at_once(come(slug, ("Bennani", "Samira", f"faux{n}@example.org")))[0][1]
        for n in range(2)
    ]

    def correct(registration_id):
        return lambda tx: corrections.correct_address(
            tx, participants.get(tx, registration_id), "samira@example.org", now=NOW
        )

    answers = do_at_once(*(correct(one) for one in ids))
    assert len([one for one in answers if isinstance(one, AddressTaken)]) == 1
    with processes[0].reading() as tx:
        addresses = set(tx.scalars(select(Registration.email)))
    assert len(addresses) == 2
    assert "samira@example.org" in addresses


def test_a_person_erased_while_registering_elsewhere_is_refused_nowhere(processes, do_at_once):
    slugs = [make(processes, slug=f"evenement-{n}") for n in range(2)]
    [(_, registration_id)] = do_at_once(come(slugs[0], SAMIRA))

    def erase(tx):
        registrations.erase(tx, participants.get(tx, registration_id), now=NOW)

    _, (outcome, _) = do_at_once(erase, come(slugs[1], SAMIRA))
    assert outcome is Outcome.CREATED
    with processes[0].reading() as tx:
        assert tx.scalars(select(Contact.email)).all() == ["samira@example.org"]


def test_entering_with_several_devices_at_once_is_entering_once(processes, do_at_once):
    slug = make(processes)
    [(_, registration_id)] = do_at_once(come(slug, SAMIRA))
    starts = datetime(2020, 11, 3, 9, 0, tzinfo=UTC)
    rooms = do_at_once(
        *(
            lambda tx, now=starts + timedelta(seconds=n): attendance.enter(
                tx, participants.get(tx, registration_id), now=now
            )
            for n in range(4)
        )
    )
    assert set(rooms) == {"https://salle.example.org/abc"}


# Substitutes


def name_substitute(registration_id, person):
    """Return the job of naming a substitute."""
    last_name, first_name, email = person
    said = Substitute(last_name=last_name, first_name=first_name, email=email)

    def job(tx):
        registration = participants.get(tx, registration_id)
        return substitutes.name(tx, registration, said, now=NOW, by_form=True).registration.id

    return job


def list_people(database, slug):
    """List the people of an event with their states, and whom they represent."""
    with database.reading() as tx:
        rows = participants.list_rows(tx, events.get(tx, slug).id)
        names = {row.id: row.first_name for row in rows}
        return {row.first_name: (row.status, names.get(row.represents_id)) for row in rows}


@pytest.mark.parametrize("capacity", [None, 1])
def test_naming_and_giving_up_at_once_give_the_place_to_one(processes, do_at_once, capacity):
    slug = make(processes, capacity=capacity)
    [(_, first)] = do_at_once(come(slug, SAMIRA))
    do_at_once(come(slug, ZOE))
    answers = do_at_once(name_substitute(first, JEAN), give_up(first))
    people = list_people(processes[0], slug)
    assert people["Samira"][0] is CANCELLED
    if isinstance(answers[0], RegistrationCancelled):
        assert "Jean" not in people
        assert people["Zoé"][0] is CONFIRMED
    else:
        assert people["Jean"] == (CONFIRMED, "Samira")
        assert people["Zoé"][0] is (CONFIRMED if capacity is None else WAITING)
    assert OperationalError not in {type(one) for one in answers}


@pytest.mark.parametrize("capacity", [None, 2])
def test_a_substitute_who_registers_at_the_same_instant_has_one_place(
    processes, do_at_once, capacity
):
    slug = make(processes, capacity=capacity)
    [(_, first)] = do_at_once(come(slug, SAMIRA))
    for person in make_people(2):
        do_at_once(come(slug, person))
    answers = do_at_once(
        name_substitute(first, JEAN), *(come(slug, JEAN, form_identity=f"f{n}") for n in range(3))
    )
    assert OperationalError not in {type(one) for one in answers}
    people = list_people(processes[0], slug)
    assert people["Samira"][0] is CANCELLED
    assert people["Jean"] == (CONFIRMED, "Samira")
    assert count_by_status(processes[0], slug)[CONFIRMED] == (capacity or 3)


@pytest.mark.parametrize("capacity", [None, 2])
def test_two_who_name_each_other_do_not_wait_for_each_other(processes, do_at_once, capacity):
    slug = make(processes, capacity=capacity)
    ids = [do_at_once(come(slug, person))[0][1] for person in (SAMIRA, JEAN)]
    answers = do_at_once(name_substitute(ids[0], JEAN), name_substitute(ids[1], SAMIRA))
    assert OperationalError not in {type(one) for one in answers}
    states = {status for status, _ in list_people(processes[0], slug).values()}
    assert states == {CONFIRMED, CANCELLED}


def test_two_who_name_the_same_person_at_once_do_not_both_succeed(processes, do_at_once):
    slug = make(processes)
    ids = [do_at_once(come(slug, person))[0][1] for person in (SAMIRA, ZOE)]
    answers = do_at_once(*(name_substitute(one, JEAN) for one in ids))
    assert len([one for one in answers if isinstance(one, AlreadyRepresents)]) == 1
    assert count_by_status(processes[0], slug) == {CONFIRMED: 2, CANCELLED: 1}


def test_naming_while_places_are_given_out_oversells_nothing(processes, do_at_once):
    slug = make(processes, capacity=4)
    people = make_people(12)
    ids = [do_at_once(come(slug, person))[0][1] for person in people]
    substitutes_named = [(f"Adjoint{n}", "Claude", f"adjoint{n}@example.org") for n in range(4)]
    do_at_once(
        *(
            name_substitute(one, person)
            for one, person in zip(ids[:4], substitutes_named, strict=True)
        ),
        *(give_up(one) for one in ids[2:6]),
    )
    counted = count_by_status(processes[0], slug)
    assert counted[CONFIRMED] == 4


@pytest.mark.parametrize("capacity", [None, 3])
def test_who_answers_as_the_time_runs_out_is_not_given_up_all_the_same(
    processes, do_at_once, capacity
):
    slug = make(processes, capacity=capacity)
    ids = [do_at_once(come(slug, person))[0][1] for person in make_people(3)]
    until = NOW + timedelta(days=1)
    with processes[0].transaction() as tx:
        event = events.get(tx, slug)
        change = make_change(tx, event, until=until, rule=ReconfirmRule.RELEASE)
        change_id = change.id
        for one in ids:
            tx.get(Registration, one).reconfirm_change_id = change_id

    def answer(registration_id):
        return lambda tx: reconfirmations.keep(
            tx, participants.get(tx, registration_id), now=until - timedelta(seconds=1)
        )

    do_at_once(lambda tx: changes.settle(tx, change_id, now=until), *map(answer, ids))
    with processes[0].reading() as tx:
        rows = tx.scalars(select(Registration)).all()
        answered = {one.status for one in rows if one.reconfirmed_at is not None}
        silent = {one.status for one in rows if one.reconfirmed_at is None}
    assert answered <= {CONFIRMED}
    assert silent <= {CANCELLED}


# The locks taken out


def take_locks_out(database):
    """Take out of each statement what keeps others waiting."""

    @sqlalchemy_event.listens_for(database.engine, "before_cursor_execute", retval=True)
    def strip(_connection, _cursor, statement, parameters, _context, _executemany):
        if statement == "BEGIN IMMEDIATE":
            statement = "BEGIN"
        if "\nFROM events" in statement:
            statement = statement.replace("FOR NO KEY UPDATE", "")
        return statement, parameters


def wait_after_counting(databases, *, people):
    """Let everyone who has counted wait until all have, or until it is clear that they cannot."""
    barrier = threading.Barrier(people)

    def wait(_connection, _cursor, statement, _parameters, _context, _executemany):
        if "count(*)" in statement and "GROUP BY" in statement:
            try:
                barrier.wait(timeout=0.5)
            except threading.BrokenBarrierError:
                pass

    for database in databases:
        sqlalchemy_event.listen(database.engine, "after_cursor_execute", wait)


@pytest.mark.parametrize("with_locks", [True, False], ids=["with the lock", "without"])
@pytest.mark.parametrize("what", ["event", "workshop"])
def test_the_lock_is_what_keeps_the_last_place_from_being_given_twice(
    processes, do_at_once, with_locks, what
):
    if what == "event":
        slug = make(processes, capacity=1)
        jobs = [come(slug, person) for person in (SAMIRA, JEAN)]
    else:
        slug = make_with_workshops(processes, capacity=1)
        jobs = [choose(slug, person, "atelier-4") for person in (SAMIRA, JEAN)]
    if not with_locks:
        for database in processes:
            take_locks_out(database)
    wait_after_counting(processes, people=2)
    answers = do_at_once(*jobs)
    places = count_by_status(processes[0], slug)[CONFIRMED]
    thrown_out = [one for one in answers if isinstance(one, OperationalError)]
    if with_locks:
        assert (places, thrown_out) == (1, [])
    elif processes[0].is_sqlite:
        # A snapshot that another's write has made old cannot be written to: an error for someone.
        assert len(thrown_out) == 1
    else:
        assert places == 2
