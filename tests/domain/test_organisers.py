"""Who may sign in, how guessing is slowed down, and which events an organiser may run."""

from datetime import date, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from tests.factories import NOW, make_event, make_institution
from webinars import events, organisers, rights
from webinars.errors import (
    InstitutionAmbiguous,
    NotFound,
    OrganiserKnown,
    SignInRefused,
    SignInThrottled,
    WeakPassword,
)
from webinars.models import Organiser, SignInThrottle
from webinars.rights import Act

EMAIL = "nadia@example.org"
PASSWORD = "une phrase de passe"
WRONG = "une autre phrase de passe"


def sign_in(database, email=EMAIL, password=PASSWORD, *, now=NOW):
    """Sign in as the page does: look up, compare outside of any transaction, then count."""
    with database.reading() as tx:
        attempt = organisers.begin_sign_in(tx, email)
    verdict = attempt.verify(password)
    with database.transaction() as tx:
        return organisers.sign_in(tx, verdict, now=now)


def add(database, email=EMAIL, password=PASSWORD, *, institution=None):
    with database.transaction() as tx:
        return organisers.add(tx, email, password, institution=institution, now=NOW)


def fail(database, times, email=EMAIL, *, now=NOW):
    return [sign_in(database, email, WRONG, now=now) for _ in range(times)]


def test_an_organiser_signs_in_with_the_address_in_any_case(any_database):
    added = add(any_database)

    found = sign_in(any_database, " Nadia@Example.ORG ")

    assert isinstance(found, Organiser)
    assert found.id == added.id


def test_the_password_is_kept_as_argon2id_and_nowhere_readable(database):
    added = add(database)
    assert added.password_hash.startswith("$argon2id$")
    assert PASSWORD not in added.password_hash


def test_an_accent_typed_in_two_ways_is_the_same_password(database):
    add(database, password="la clé du café d'été")
    apart = "la cle\u0301 du cafe\u0301 d'e\u0301te\u0301"
    assert isinstance(sign_in(database, password=apart), Organiser)


@pytest.mark.parametrize("length, is_refused", [(0, True), (11, True), (12, False)])
def test_a_password_has_twelve_characters(database, length, is_refused):
    password = "é" * length
    with database.transaction() as tx:
        if is_refused:
            with pytest.raises(WeakPassword) as refusal:
                organisers.add(tx, EMAIL, password, institution=None, now=NOW)
            assert refusal.value.minimum == 12
            assert organisers.find(tx, EMAIL) is None
        else:
            organisers.add(tx, EMAIL, password, institution=None, now=NOW)


def test_the_same_address_is_not_added_twice(database):
    add(database)
    with database.transaction() as tx, pytest.raises(OrganiserKnown):
        organisers.add(tx, EMAIL.upper(), PASSWORD, institution=None, now=NOW)


INSTITUTIONS = [("DAECT", "FR"), ("DGCL", "FR"), ("DGCL", "MA")]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(None, None, id="the whole service"),
        pytest.param("DAECT", "FR", id="the only one of that name"),
        pytest.param("DGCL:MA", "MA", id="one of two, with its country"),
        pytest.param("DGCL:ma", "MA", id="the country in small letters"),
        pytest.param("DGCL", InstitutionAmbiguous, id="one of two, without a country"),
        pytest.param("DAECT:MA", NotFound, id="on the other shore"),
        pytest.param("CUF", NotFound, id="none"),
        pytest.param("", NotFound, id="an empty name is not the whole service"),
    ],
)
def test_the_institution_is_named_by_its_acronym_and_where_needed_its_country(
    database, said, expected
):
    with database.transaction() as tx:
        for acronym, country in INSTITUTIONS:
            make_institution(tx, acronym, country=country)
        if expected in (InstitutionAmbiguous, NotFound):
            with pytest.raises(expected):
                organisers.add(tx, EMAIL, PASSWORD, institution=said, now=NOW)
            return
        added = organisers.add(tx, EMAIL, PASSWORD, institution=said, now=NOW)
        assert (added.institution.country if added.institution else None) == expected


def test_a_wrong_password_and_an_unknown_address_are_refused_alike(any_database):
    add(any_database)
    assert isinstance(sign_in(any_database, password=WRONG), SignInRefused)
    assert isinstance(sign_in(any_database, "nobody@example.org"), SignInRefused)
    with any_database.reading() as tx:
        counted = dict(tx.execute(select(SignInThrottle.email_key, SignInThrottle.failures)).all())
    assert counted == {EMAIL: 1, "nobody@example.org": 1}


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 15), (6, 30), (7, 60), (8, 120), (10, 480), (11, 900), (500, 900)],
)
def test_each_failure_after_the_fourth_doubles_the_wait_up_to_a_quarter_of_an_hour(
    failures, seconds
):
    assert organisers.wait_after(failures) == timedelta(seconds=seconds)


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_after_five_failures_an_address_waits_whether_anyone_has_it_or_not(any_database, email):
    add(any_database)
    assert all(isinstance(one, SignInRefused) for one in fail(any_database, 5, email))

    kept_waiting = sign_in(any_database, email, now=NOW + timedelta(seconds=14))

    assert isinstance(kept_waiting, SignInThrottled)
    assert kept_waiting.until == NOW + timedelta(seconds=15)


def test_the_right_password_waits_too_and_then_forgets_the_failures(database):
    add(database)
    fail(database, 5)
    assert isinstance(sign_in(database), SignInThrottled)

    assert isinstance(sign_in(database, now=NOW + timedelta(seconds=15)), Organiser)

    assert isinstance(fail(database, 4)[-1], SignInRefused)
    assert isinstance(sign_in(database), Organiser)


def test_an_attempt_while_waiting_does_not_lengthen_the_wait(database):
    add(database)
    fail(database, 5)
    assert all(isinstance(one, SignInThrottled) for one in fail(database, 20))
    assert isinstance(sign_in(database, now=NOW + timedelta(seconds=15)), Organiser)


def test_one_address_waiting_keeps_no_other_from_signing_in(database):
    add(database)
    add(database, "karim@example.org")
    fail(database, 9)
    assert isinstance(sign_in(database, "karim@example.org"), Organiser)


def test_failures_are_forgotten_after_a_day(database):
    add(database)
    fail(database, 4)
    later = NOW + timedelta(days=1)
    assert isinstance(fail(database, 1, now=later)[0], SignInRefused)
    assert isinstance(sign_in(database, now=later), Organiser)


def test_the_nightly_clearing_forgets_addresses_that_nobody_tried_for_a_day(database):
    fail(database, 1, "old@example.org", now=NOW - timedelta(days=1))
    fail(database, 1, "new@example.org")
    with database.transaction() as tx:
        organisers.forget_failures(tx, now=NOW)
        assert tx.scalars(select(SignInThrottle.email_key)).all() == ["new@example.org"]


def test_guesses_made_at_the_same_instant_do_not_slip_past_the_wait(any_database):
    add(any_database)
    with any_database.reading() as tx:
        attempt = organisers.begin_sign_in(tx, EMAIL)
    fail(any_database, 5)
    with any_database.transaction() as tx:
        outcome = organisers.sign_in(tx, attempt.verify(PASSWORD), now=NOW)
    assert isinstance(outcome, SignInThrottled)


def test_a_password_changed_between_comparing_and_signing_in_no_longer_lets_in(database):
    add(database)
    with database.reading() as tx:
        attempt = organisers.begin_sign_in(tx, EMAIL)
    verdict = attempt.verify(PASSWORD)
    with database.transaction() as tx:
        organisers.set_password(tx, EMAIL, WRONG)
    with database.transaction() as tx:
        assert isinstance(organisers.sign_in(tx, verdict, now=NOW), SignInRefused)


def test_a_new_password_ends_every_sign_in_and_the_wait(database):
    generation = add(database).sign_in_generation
    fail(database, 8)
    with database.transaction() as tx:
        organisers.set_password(tx, EMAIL, WRONG)
    found = sign_in(database, password=WRONG)
    assert isinstance(found, Organiser)
    assert found.sign_in_generation == generation + 1
    assert isinstance(sign_in(database), SignInRefused)


def test_nobody_s_password_cannot_be_changed(database):
    with database.transaction() as tx, pytest.raises(NotFound):
        organisers.set_password(tx, "nobody@example.org", PASSWORD)


def test_a_hash_made_with_other_parameters_is_made_anew_at_the_next_sign_in(database):
    weaker = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    add(database)
    with database.transaction() as tx:
        organisers.find(tx, EMAIL).password_hash = weaker
    sign_in(database)
    with database.reading() as tx:
        kept = organisers.find(tx, EMAIL).password_hash
    assert kept != weaker
    assert "m=19456,t=2,p=1" in kept
    assert isinstance(sign_in(database), Organiser)


def test_a_refused_sign_in_writes_nothing_but_the_count(database):
    fail(database, 1)
    with database.reading() as tx:
        assert tx.scalar(select(func.count()).select_from(Organiser)) == 0


OWN, PARTNERS, FOREIGN = ("DAECT",), ("CUF", "DAECT"), ("CUF",)


@pytest.mark.parametrize(
    ("institution", "of_event", "may"),
    [
        pytest.param("DAECT", OWN, True, id="one's own event"),
        pytest.param("DAECT", PARTNERS, True, id="an event one is a partner of"),
        pytest.param("DAECT", FOREIGN, False, id="another institution's event"),
        pytest.param("DAECT", (), False, id="an event of no institution"),
        pytest.param(None, OWN, True, id="the whole service: an institution's event"),
        pytest.param(None, (), True, id="the whole service: an event of no institution"),
    ],
)
def test_an_organiser_runs_the_events_of_the_own_institution(database, institution, of_event, may):
    with database.transaction() as tx:
        known = {name: make_institution(tx, name) for name in ("DAECT", "CUF")}
        organiser = organisers.add(tx, EMAIL, PASSWORD, institution=institution, now=NOW)
        make_event(tx, institutions=[known[name] for name in of_event])
        event = events.get(tx, "webinaire-covid-19")
        assert rights.may(organiser, Act.EDIT_EVENT, event=event) is may
        listed = organisers.list_events_for(tx, organiser, now=NOW)
        assert listed == ([event] if may else [])


def test_an_acronym_of_the_other_shore_gives_no_rights_on_this_one(database):
    with database.transaction() as tx:
        french, moroccan = (make_institution(tx, "DGCL", country=one) for one in ("FR", "MA"))
        organiser = organisers.add(tx, EMAIL, PASSWORD, institution="DGCL:MA", now=NOW)
        theirs = make_event(tx, "theirs", institutions=[french])
        own = make_event(tx, "own", institutions=[moroccan])
        assert organisers.list_events_for(tx, organiser, now=NOW) == [own]
        assert not rights.may(organiser, Act.SEE_EVENT, event=theirs)


def test_events_to_come_are_listed_soonest_first_and_then_those_past_latest_first(database):
    def day(month):
        at = datetime(2020, month, 3, 10)  # noqa: DTZ001 - a local wall time
        return {"starts": at, "ends": at + timedelta(hours=2)}

    with database.transaction() as tx:
        organiser = organisers.add(tx, EMAIL, PASSWORD, institution=None, now=NOW)
        for month in (12, 2, 11, 6):
            make_event(tx, f"m{month}", **day(month))
        make_event(tx, "today", starts=date(2020, 10, 26), ends=date(2020, 10, 26))
        listed = organisers.list_events_for(tx, organiser, now=NOW)
    assert [event.slug for event in listed] == ["today", "m11", "m12", "m6", "m2"]
