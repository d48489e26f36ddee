"""What is compared when things are killed: each kind of wrong is found, and nothing else is."""

import pytest

from tests.faults.invariants import Found, Row, compare, list_late
from tests.faults.sink import LOST, TAKEN, UNSAID, Taken
from webinars.models import DeliveryState, MailName

ACCEPTED, PENDING = DeliveryState.ACCEPTED, DeliveryState.PENDING
UNCERTAIN, CANCELLED = DeliveryState.UNCERTAIN, DeliveryState.CANCELLED


def row(number, state=ACCEPTED, *, maybe_twice=False):
    email = f"p{number}@example.org"
    return Row(number, email, MailName.CONFIRMATION, None, state, maybe_twice)


def found(number, digest="a", *, fate=TAKEN, recipient=None, begun_at=0.0):
    recipient = recipient or f"p{number}@example.org"
    message = Taken(fate, 1.0, begun_at, 1, 2, recipient, digest, f"<81.{number}@host>")
    return Found(number, message)


@pytest.mark.parametrize(
    ("rows", "seen", "kills", "faults"),
    [
        pytest.param([row(1)], [found(1)], 0, [], id="once"),
        pytest.param([row(1)], [], 0, ["accepted, but never taken: 1 (1)"], id="lost"),
        pytest.param(
            [row(1)],
            [found(1, fate=LOST)],
            0,
            ["accepted, but never taken: 1 (1)"],
            id="taken, and not kept",
        ),
        pytest.param([row(1, PENDING)], [], 0, ["not over: 1 (1)"], id="not over"),
        pytest.param([row(1, UNCERTAIN)], [], 1, [], id="nobody knows"),
        pytest.param(
            [row(1, maybe_twice=True)], [found(1), found(1)], 1, [], id="doubled and marked"
        ),
        pytest.param(
            [row(1)],
            [found(1), found(1)],
            1,
            ["doubled, and not marked: 1 (1)"],
            id="doubled in silence",
        ),
        pytest.param(
            [row(1, maybe_twice=True)],
            [found(1), found(1)],
            0,
            ["doubled 1 times, where 0 is the bound"],
            id="doubled though nothing was killed",
        ),
        pytest.param(
            [row(1, maybe_twice=True)],
            [found(1, fate=UNSAID), found(1)],
            0,
            [],
            id="doubled because the relay hung up",
        ),
        pytest.param(
            [row(1, maybe_twice=True)],
            [found(1), found(1, "b")],
            1,
            ["not byte by byte the same when sent again: 1 (1)"],
            id="another message",
        ),
        pytest.param(
            [row(1)],
            [found(1, recipient="other@example.org")],
            0,
            ["sent to someone else: 1 (1)"],
            id="astray",
        ),
        pytest.param(
            [row(1, CANCELLED)],
            [found(1)],
            0,
            ["taken, but given up: 1 (1)"],
            id="cancelled and sent",
        ),
    ],
)
def test_each_kind_of_wrong_is_found(rows, seen, kills, faults):
    assert compare(rows, seen, kills=kills).faults == faults


def test_what_was_begun_before_an_instant_is_not_late():
    assert [one.delivery_id for one in list_late([found(1), found(2, begun_at=5.0)], 4.0)] == [2]
