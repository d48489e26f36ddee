"""The second factor: whose code is taken, when, and how often."""

from datetime import timedelta

import pytest

from tests.factories import NOW, show_code
from webinars import organisers, second_factors
from webinars.errors import CodeRefused, SignInThrottled
from webinars.models import SignInMethod
from webinars.seals import Seals

SEALS = Seals(b"a secret of the tests, and of them alone")
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = timedelta(seconds=30)


def make_organiser(tx):
    """Add an organiser whose telephone is set up, and return her with her codes on paper."""
    nadia = organisers.add(
        tx, "nadia@example.org", "une phrase de passe", institution=None, now=NOW
    )
    code = show_code(SECRET, NOW)
    return nadia, second_factors.turn_on(tx, nadia, SECRET, code, seals=SEALS, now=NOW)


def check(tx, organiser, code, now):
    return second_factors.check(tx, organiser.id, code, seals=SEALS, now=now)


@pytest.mark.parametrize("shift", [-2, -1, 0, 1, 2])
def test_a_code_is_taken_a_step_early_or_late_and_no_more(shift):
    code = show_code(SECRET, NOW + shift * STEP)

    found = second_factors.find_step(SECRET, code, now=NOW, after=0)

    assert (found is not None) == (abs(shift) <= 1)


def test_spaces_in_a_code_do_not_matter_and_what_is_no_code_is_refused():
    code = show_code(SECRET, NOW)

    assert second_factors.find_step(SECRET, f" {code[:3]} {code[3:]} ", now=NOW, after=0)
    for typed in ("", "000000 ", "é", code[:5], code + "0"):
        assert second_factors.find_step(SECRET, typed, now=NOW, after=0) is None


def test_no_code_lets_in_twice_nor_does_the_one_it_was_set_up_with(database):
    with database.transaction() as tx:
        nadia, _ = make_organiser(tx)
        later = NOW + 3 * STEP
        code = show_code(SECRET, later)

        first = show_code(SECRET, NOW)
        assert isinstance(check(tx, nadia, first, NOW), CodeRefused)
        assert check(tx, nadia, code, later) is SignInMethod.TOTP
        assert isinstance(check(tx, nadia, code, later + STEP), CodeRefused)


def test_a_code_on_paper_lets_in_once_however_it_is_typed(any_database):
    with any_database.transaction() as tx:
        nadia, codes = make_organiser(tx)
        typed = codes[0].lower().replace("-", " ")

        assert len(set(codes)) == second_factors.CODES
        assert check(tx, nadia, typed, NOW) is SignInMethod.RECOVERY
        assert isinstance(check(tx, nadia, codes[0], NOW), CodeRefused)
        assert second_factors.count_codes(tx, nadia.id) == second_factors.CODES - 1


def test_fresh_codes_on_paper_make_the_former_ones_worthless(database):
    with database.transaction() as tx:
        nadia, former = make_organiser(tx)
        second_factors.renew_codes(tx, nadia, seals=SEALS)

        assert isinstance(check(tx, nadia, former[0], NOW), CodeRefused)


def test_guessing_slows_down_and_the_right_password_does_not_help(database):
    with database.transaction() as tx:
        nadia, _ = make_organiser(tx)
        for _ in range(organisers.FAILURES_BEFORE_WAITING):
            assert isinstance(check(tx, nadia, "123456", NOW), CodeRefused)
        attempt = organisers.begin_sign_in(tx, nadia.email)
        organisers.sign_in(tx, attempt.verify("une phrase de passe"), now=NOW)

        code = show_code(SECRET, NOW + 3 * STEP)
        assert isinstance(check(tx, nadia, code, NOW), SignInThrottled)
        assert check(tx, nadia, code, NOW + 3 * STEP) is SignInMethod.TOTP


def test_nothing_that_is_kept_gives_the_secret_or_a_code_away(database):
    with database.transaction() as tx:
        nadia, codes = make_organiser(tx)
        digests = [SEALS.digest(second_factors.RECOVERY, one) for one in codes]

        assert SECRET not in nadia.totp_secret
        assert SEALS.unseal(second_factors.SECRET, nadia.totp_secret) == SECRET
        assert Seals(b"another").unseal(second_factors.SECRET, nadia.totp_secret) is None
        assert not set(digests) & set(codes)
