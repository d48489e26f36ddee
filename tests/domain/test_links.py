import pytest

from webinars import links
from webinars.links import Links, Scope

PUBLIC_ID = "00112233445566ff"
LINKS = Links(b"s" * 32, "https://webinaires.example.org")


def test_a_token_is_valid_for_its_own_use_only():
    token = LINKS.make_token(Scope.GATE, PUBLIC_ID, 0)

    assert LINKS.is_valid(token, Scope.GATE, PUBLIC_ID, 0)
    assert not LINKS.is_valid(token, Scope.PAGE, PUBLIC_ID, 0)
    assert not LINKS.is_valid(token, Scope.GATE, PUBLIC_ID, 1)
    assert not LINKS.is_valid(token, Scope.GATE, "00112233445566fe", 0)
    assert not Links(b"t" * 32, "").is_valid(token, Scope.GATE, PUBLIC_ID, 0)


def test_a_token_holds_128_bits_that_cannot_be_guessed_and_stays_short():
    url = LINKS.gate_url(PUBLIC_ID, 0)

    assert len(url.rsplit("/", 1)[1]) == 32
    assert len(url) <= 70


@pytest.mark.parametrize("behind", ["", ".", ">", ")", '">', "%3E", ".)"])
def test_what_mail_programs_leave_behind_an_address_is_overlooked(behind):
    token = LINKS.make_token(Scope.PAGE, PUBLIC_ID, 3)

    assert links.read_public_id(token + behind) == PUBLIC_ID


@pytest.mark.parametrize("token", ["", "x", "é" * 32, "A" * 31, "A" * 33, "A" * 44, "=" * 32])
def test_what_is_no_token_names_nobody(token):
    assert links.read_public_id(token) is None


def test_references_have_no_look_alikes():
    drawn = "".join(links.draw_reference() for _ in range(200)).replace("-", "")

    assert not set(drawn) & set("01ILO")


def test_a_badge_names_a_person_to_organisers_and_opens_nothing_else():
    url = LINKS.badge_url(PUBLIC_ID, 0)
    token = url.rsplit("/", 1)[1]

    assert url == f"https://webinaires.example.org/organiser/arrivals/{token}"
    assert LINKS.is_valid(token, Scope.BADGE, PUBLIC_ID, 0)
    for scope in sorted(set(Scope) - {Scope.BADGE}):
        assert not LINKS.is_valid(token, scope, PUBLIC_ID, 0)
