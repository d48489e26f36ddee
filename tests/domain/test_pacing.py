import threading
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import NOW
from webinars import pacing
from webinars.models import Rate
from webinars.pacing import STEP, Bucket, Grant, RelayState, fill, find_rest, recover, take

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
RELAY = "smtp://relay.example.org:25"
OTHER = "smtp://other.example.org:25"
RELAY_KEY = f"relay:{RELAY}"
DOMAIN_KEY = "domain:example.org"


def ask(tx, key, number, *, limit=None, now=NOW):
    """Ask for tokens of one kind; `None`: there is no limit."""
    limits = {} if limit is None else {key: limit}
    return pacing.grant(tx, {key: number}, limits, now=now).get(key)


def slow_down(tx, *, limit=None, now=NOW):
    limits = {} if limit is None else {DOMAIN_KEY: limit}
    pacing.slow_down(tx, "example.org", limits, now=now)


def find_rate(tx, *, limit=None, now=NOW):
    """Return what example.org is sent a minute."""
    limits = {} if limit is None else {DOMAIN_KEY: limit}
    rows = {row.key: row for row in pacing.list_rates(tx, limits, now=now)}
    return rows[DOMAIN_KEY].per_minute if rows else None


def list_states(tx, *relays, now=NOW):
    return [row.state for row in pacing.list_relays(tx, relays, now=now)]


@pytest.mark.parametrize(
    ("tokens", "seconds", "filled"),
    [
        (0, 0, 0),
        (0, 1, 9.5 + 1 / 60),
        (10, 1, 19.5 + 1 / 60),
        (10, 3600, 30),  # never more than three seconds' worth
        (30, 1, 30),
        (50, 1, 30),  # the rate was lowered meanwhile
        (10, -1, 10),  # another machine's clock is a little ahead
        (10, -3600, 10),  # the clock was set back
    ],
)
def test_a_bucket_of_600_a_minute_fills_as_time_passes(tokens, seconds, filled):
    bucket = fill(Bucket(600, tokens, NOW), NOW + seconds * SECOND)
    assert bucket.tokens == pytest.approx(filled)


@pytest.mark.parametrize(
    ("seconds", "refilled"),
    [(5, 5), (-5, 0), (-3600, -3600)],
    ids=["later", "another machine's clock is ahead", "the clock was set back"],
)
def test_only_a_clock_that_was_set_back_takes_a_bucket_back_in_time(seconds, refilled):
    bucket = fill(Bucket(600, 0, NOW), NOW + seconds * SECOND)
    assert bucket.refilled_at == NOW + refilled * SECOND


@pytest.mark.parametrize(
    ("per_minute", "tokens", "wanted", "granted", "wait"),
    [
        (600, 30, 10, 10, 0),
        (600, 10, 30, 10, 60 / 571),
        (600, 10.5, 30, 10, 30 / 571),
        (600, 30, 0, 0, 0),
        (600, 0, 0, 0, 60 / 571),
        (1, 1, 5, 1, 60),
        (1, 0.5, 5, 0, 30),
        (20, 1, 1, 1, 3),
        (600, 0.9999999, 1, 1, 60 / 571),  # what calculating has lost
    ],
)
def test_who_gets_no_token_is_told_when_there_is_one(per_minute, tokens, wanted, granted, wait):
    bucket, answer = take(Bucket(per_minute, tokens, NOW), wanted, NOW)

    assert answer.granted == granted
    assert (answer.again_at - NOW).total_seconds() == pytest.approx(wait, abs=1e-5)
    assert take(bucket, 1, answer.again_at)[1].granted == 1


@settings(max_examples=60, deadline=None)
@given(
    per_minute=st.sampled_from([1, 2, 7.5, 20, 21, 60, 600, 9000]),
    asks=st.lists(st.tuples(st.integers(0, 400), st.floats(0, 15)), min_size=5, max_size=60),
)
def test_no_sixty_seconds_see_more_than_a_minutes_worth(per_minute, asks):
    bucket, now = Bucket(per_minute, 0, NOW - HOUR), NOW
    left = []
    for wanted, seconds in asks:
        bucket, answer = take(bucket, wanted, now)
        left.append((now, answer.granted))
        now += seconds * SECOND
    for start, _ in left:
        assert sum(n for at, n in left if start <= at < start + MINUTE) <= per_minute + 1


def test_whoever_always_asks_gets_nearly_all_of_the_rate():
    bucket, total = Bucket(600, 0, NOW), 0
    for second in range(3600):
        bucket, answer = take(bucket, 100, NOW + second * SECOND)
        total += answer.granted
    assert 0.94 * 36_000 < total <= 36_000


@pytest.mark.parametrize(
    ("slowed", "elapsed", "per_minute"),
    [
        (300, timedelta(), 300),
        (300, STEP - SECOND, 300),
        (300, STEP, 330),
        (300, 9 * STEP, 570),
        (300, 10 * STEP, 600),
        (1, 20 * STEP, 600),
        (300, -MINUTE, 300),
    ],
)
def test_a_domain_gets_back_by_steps_what_was_taken_from_it(slowed, elapsed, per_minute):
    assert recover(slowed, elapsed, 600) == per_minute


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 300), (99, 300)]
)
def test_a_relay_rests_longer_each_time_and_never_longer_than_five_minutes(failures, seconds):
    assert find_rest(failures) == seconds * SECOND


def test_what_has_no_limit_is_not_counted(tx):
    assert pacing.grant(tx, {RELAY_KEY: 5, DOMAIN_KEY: 5}, {}, now=NOW) == {}
    assert list(pacing.grant(tx, {RELAY_KEY: 5, DOMAIN_KEY: 5}, {RELAY_KEY: 60}, now=NOW)) == [
        RELAY_KEY
    ]
    assert not pacing.is_slowed(tx)


def test_a_rate_is_shared_by_all_who_ask(tx):
    assert ask(tx, RELAY_KEY, 20, limit=600).granted == 20
    assert ask(tx, RELAY_KEY, 20, limit=600).granted == 10
    waiting = ask(tx, RELAY_KEY, 20, limit=600)
    assert (waiting.granted, waiting.again_at > NOW) == (0, True)
    assert ask(tx, RELAY_KEY, 1, limit=600, now=waiting.again_at).granted == 1


def test_tokens_that_were_not_used_can_be_given_back(tx):
    ask(tx, RELAY_KEY, 30, limit=600)
    pacing.give_back(tx, {RELAY_KEY: 7, DOMAIN_KEY: 3})
    assert ask(tx, RELAY_KEY, 30, limit=600).granted == 7


def test_another_limit_in_the_settings_holds_from_the_next_mail_on(tx):
    assert ask(tx, DOMAIN_KEY, 99, limit=600).granted == 30
    later = NOW + MINUTE
    assert ask(tx, DOMAIN_KEY, 99, limit=60, now=later).granted == 3
    assert find_rate(tx, limit=60) == 60
    assert ask(tx, DOMAIN_KEY, 99, now=later) is None
    assert tx.get(Rate, DOMAIN_KEY) is None


@pytest.mark.parametrize("back", [2 * SECOND, 90 * SECOND, 1000 * HOUR])
def test_a_clock_that_is_set_back_neither_stops_mail_nor_lets_a_flood_out(tx, back):
    ask(tx, RELAY_KEY, 30, limit=600)

    assert ask(tx, RELAY_KEY, 30, limit=600, now=NOW - back).granted == 0
    assert ask(tx, RELAY_KEY, 30, limit=600, now=NOW - back + 3 * SECOND).granted >= 9
    assert ask(tx, RELAY_KEY, 99, limit=600, now=NOW).granted <= 30


def test_a_domain_that_says_it_is_too_much_has_half_at_most_once_a_minute(tx):
    slow_down(tx)
    assert find_rate(tx) == 300
    assert ask(tx, DOMAIN_KEY, 10).granted == 0
    slow_down(tx, now=NOW + 59 * SECOND)
    assert find_rate(tx) == 300
    slow_down(tx, now=NOW + MINUTE)
    assert find_rate(tx, now=NOW + MINUTE) == 150
    for minute in range(2, 20):
        slow_down(tx, now=NOW + minute * MINUTE)
    assert find_rate(tx, now=NOW + 19 * MINUTE) == 1
    assert pacing.is_slowed(tx)


def test_a_domain_with_a_limit_of_its_own_is_slowed_down_from_there(tx):
    slow_down(tx, limit=50)
    assert find_rate(tx, limit=50) == 25
    assert find_rate(tx, limit=50, now=NOW + 2 * STEP) == 30


def test_a_domain_that_has_recovered_is_forgotten(tx):
    slow_down(tx)
    assert find_rate(tx, now=NOW + 9 * STEP) == 570
    assert ask(tx, DOMAIN_KEY, 10, now=NOW + 9 * STEP).granted == 10
    assert ask(tx, DOMAIN_KEY, 10, now=NOW + 10 * STEP) is None
    assert tx.get(Rate, DOMAIN_KEY) is None
    assert find_rate(tx) is None


def test_a_domain_that_has_recovered_has_its_own_limit_again(tx):
    slow_down(tx, limit=60)
    later = NOW + 10 * STEP
    assert ask(tx, DOMAIN_KEY, 99, limit=60, now=later).granted == 3
    [row] = pacing.list_rates(tx, {DOMAIN_KEY: 60}, now=later)
    assert (row.per_minute, row.slowed_at) == (60, None)
    assert not pacing.is_slowed(tx)


def test_domains_that_are_not_written_to_any_more_are_forgotten_too(tx):
    slow_down(tx)
    pacing.slow_down(tx, "example.net", {}, now=NOW + 21 * STEP)
    assert [row.key for row in pacing.list_rates(tx, {}, now=NOW)] == ["domain:example.net"]


def test_a_domain_recovers_though_the_clock_was_set_back(tx):
    slow_down(tx)
    back = NOW - 1000 * HOUR
    assert ask(tx, DOMAIN_KEY, 1, now=back).granted == 0
    assert find_rate(tx, now=back + STEP) == 330
    assert ask(tx, DOMAIN_KEY, 1, now=back + 10 * STEP) is None


def test_rates_are_listed_though_nobody_has_asked_for_them(tx):
    slow_down(tx)
    rows = pacing.list_rates(tx, {RELAY_KEY: 120}, now=NOW + SECOND)
    assert [(row.key, row.per_minute, int(row.tokens), row.slowed_at) for row in rows] == [
        (DOMAIN_KEY, 300, 4, NOW),
        (RELAY_KEY, 120, 6, None),
    ]


def test_a_grant_of_several_keys_is_one_answer(tx):
    limits = {RELAY_KEY: 600, DOMAIN_KEY: 40}
    grants = pacing.grant(tx, {DOMAIN_KEY: 9, RELAY_KEY: 9, "domain:other": 3}, limits, now=NOW)
    assert {key: one.granted for key, one in grants.items()} == {RELAY_KEY: 9, DOMAIN_KEY: 2}
    assert isinstance(grants[RELAY_KEY], Grant)


def test_a_relay_that_takes_nothing_rests_and_is_tried_again(tx):
    relays = [RELAY, OTHER]
    assert pacing.list_open(tx, relays, now=NOW) == relays

    pacing.trip(tx, RELAY, "421 no", now=NOW)

    assert pacing.list_open(tx, relays, now=NOW + 14 * SECOND) == [OTHER]
    assert list_states(tx, *relays) == [RelayState.RESTS, RelayState.TAKES]
    assert pacing.list_open(tx, relays, now=NOW + 15 * SECOND) == relays
    assert list_states(tx, RELAY, now=NOW + 15 * SECOND) == [RelayState.ON_TRIAL]


def test_a_relay_that_still_takes_nothing_rests_longer(tx):
    pacing.trip(tx, RELAY, "421 no", now=NOW)
    pacing.trip(tx, RELAY, "421 still no", now=NOW + 15 * SECOND)
    [row] = pacing.list_relays(tx, [RELAY], now=NOW + 15 * SECOND)
    assert (row.failures, row.said) == (2, "421 still no")
    assert (row.open_until, row.failed_at) == (NOW + 45 * SECOND, NOW + 15 * SECOND)


def test_what_several_workers_see_fail_at_once_is_one_failure(tx):
    for seconds in range(4):
        pacing.trip(tx, RELAY, "no answer", now=NOW + seconds * SECOND)
    [row] = pacing.list_relays(tx, [RELAY], now=NOW)
    assert (row.failures, row.open_until) == (1, NOW + 15 * SECOND)


def test_a_relay_that_takes_something_again_has_never_failed(tx):
    pacing.trip(tx, RELAY, "no", now=NOW)
    pacing.trip(tx, OTHER, "no", now=NOW)
    assert not pacing.heal(tx, RELAY, tried_at=NOW, now=NOW)
    later = NOW + SECOND
    assert pacing.heal(tx, RELAY, tried_at=later, now=later)
    assert not pacing.heal(tx, "smtp://never.example.org:25", tried_at=later, now=later)
    assert list_states(tx, RELAY, OTHER) == [RelayState.TAKES, RelayState.RESTS]
    pacing.trip(tx, RELAY, "no", now=NOW)
    assert pacing.list_relays(tx, [RELAY], now=NOW)[0].failures == 1


def test_a_relay_does_not_rest_for_hours_because_the_clock_was_set_back(tx):
    pacing.trip(tx, RELAY, "no", now=NOW)
    assert pacing.list_open(tx, [RELAY], now=NOW - HOUR) == [RELAY]
    pacing.trip(tx, RELAY, "no", now=NOW - HOUR)
    assert pacing.list_open(tx, [RELAY], now=NOW - HOUR + 29 * SECOND) == []
    assert pacing.list_open(tx, [RELAY], now=NOW - HOUR + 30 * SECOND) == [RELAY]


def test_many_who_ask_at_once_never_get_more_than_the_rate(any_database):
    seconds, threads, limit = 10, 6, 1200
    got = []
    together = threading.Barrier(threads, timeout=20)

    def ask_for_more(number):
        for second in range(seconds):
            together.wait()
            with any_database.transaction() as tx:
                now = NOW + second * SECOND
                # Each has both, some in another order: nobody may wait for ever.
                wanted = {RELAY_KEY: 7, DOMAIN_KEY: 7}
                keys = list(wanted) if number % 2 else list(reversed(wanted))
                for key in keys:
                    granted = pacing.grant(tx, {key: 7}, dict.fromkeys(wanted, limit), now=now)
                    got.append((key, granted[key].granted))

    work(ask_for_more, threads)

    for key in (RELAY_KEY, DOMAIN_KEY):
        total = sum(granted for one, granted in got if one == key)
        assert total == 60 + (seconds - 1) * 19


def test_many_who_slow_down_and_trip_at_once_do_it_once(any_database):
    def complain(number):
        with any_database.transaction() as tx:
            if number % 2:
                slow_down(tx)
                pacing.trip(tx, RELAY, "421", now=NOW)
            else:
                pacing.trip(tx, RELAY, "421", now=NOW)
                slow_down(tx)

    work(complain, 6)

    with any_database.reading() as tx:
        assert find_rate(tx) == 300
        assert pacing.list_relays(tx, [RELAY], now=NOW)[0].failures == 1


def work(job, count):
    """Let so many threads do a job, and fail when one of them fails."""
    faults = []

    def run(number):
        try:
            job(number)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
