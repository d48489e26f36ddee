"""A message as the wire wants it: no text ends it early, no address says more than that."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.mail.messages import Message
from webinars.mail.parcels import pack
from webinars.mail.replies import Fate
from webinars.models import Failure

SENDER = "webinaires@example.org"
TO = "samira@example.org"


def wrap(content):
    """Return a content as it is written on the wire."""
    return pack(Message(1, TO, content, "1"), SENDER).body


@pytest.mark.parametrize(
    ("content", "body"),
    [
        pytest.param(b"a\r\nb\r\n", b"a\r\nb\r\n", id="as it should be"),
        pytest.param(b"", b"\r\n", id="nothing"),
        pytest.param(b"a", b"a\r\n", id="no last line end"),
        pytest.param(b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n", id="a line that is a dot"),
        pytest.param(b".a\r\n", b"..a\r\n", id="a first line that begins with a dot"),
        pytest.param(b"..\r\n...\r\n", b"...\r\n....\r\n", id="several dots"),
        pytest.param(b"a.\r\nb.c\r\n", b"a.\r\nb.c\r\n", id="dots elsewhere"),
        pytest.param(b"a\n.\nb", b"a\r\n..\r\nb\r\n", id="bare line feeds"),
        pytest.param(b"a\r.\rMAIL", b"a\r\n..\r\nMAIL\r\n", id="bare carriage returns"),
        pytest.param(b"a\n\r.\r\n", b"a\r\n\r\n..\r\n", id="both the wrong way round"),
        pytest.param(b"a\r\r\n.\r\n", b"a\r\n\r\n..\r\n", id="one too many"),
        pytest.param(b"a\r\n\n.\r", b"a\r\n\r\n..\r\n", id="as many of each, but apart"),
    ],
)
def test_no_text_can_end_the_message_early(content, body):
    assert wrap(content) == body + b".\r\n"


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n.\r\n"])))
def test_whatever_the_text_only_its_end_is_an_end(parts):
    content = b"".join(parts)
    body = wrap(content)

    assert body.endswith(b"\r\n.\r\n") and body.index(b"\r\n.\r\n") == len(body) - 5
    assert not body.startswith(b".\r\n")
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", body) is None
    # Undone as a relay does it (RFC 5321, 4.5.2), it is the text with its line ends made right.
    undone = re.sub(rb"(?m)^\.", b"", body[:-3])
    assert undone.rstrip(b"\r\n") == re.sub(rb"\r\n|\r|\n", b"\r\n", content).rstrip(b"\r\n")


@pytest.mark.parametrize(
    ("recipient", "told"),
    [
        (TO, TO),
        ("o'neill+a.b@sub-domain.example.org", "o'neill+a.b@sub-domain.example.org"),
        ("samira@fès.example.org", "samira@xn--fs-7ia.example.org"),
        ("samïra@fès.example.org", "samïra@xn--fs-7ia.example.org"),
        ("a@b@example.org", "a@b@example.org"),
        ("samira@[192.0.2.1]", "samira@[192.0.2.1]"),
    ],
)
def test_an_address_is_told_with_its_domain_in_ascii(recipient, told):
    assert pack(Message(1, recipient, b"", "1"), SENDER).recipient == told


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "samira",
        "@example.org",
        "samira@",
        "a@example.org>\r\nRSET",
        "a@example.org\n",
        "a b@example.org",
        "<a@b>",
        "a@b\x00",
        "a@exam\x85ple.org",
        "\ud800@example.org",
        f"a@{'é' * 70}.org",
        "a@é..org",
    ],
)
def test_what_is_no_address_is_told_to_nobody(recipient):
    assert pack(Message(1, recipient, b"", "1"), SENDER) == (
        Fate.REFUSED,
        "not an address",
        Failure.ADDRESS,
    )


@pytest.mark.parametrize(
    ("return_path", "sender"),
    [(None, SENDER), ("bounces+0f@example.org", "bounces+0f@example.org")],
)
def test_reports_go_to_the_return_path_or_to_the_sender(return_path, sender):
    parcel = pack(Message(1, TO, b"", "1", return_path), SENDER)

    assert (parcel.sender, parcel.recipient) == (sender, TO)


def test_a_return_path_that_is_none_is_not_the_recipients_fault():
    refusal = pack(Message(1, TO, b"", "1", "b@example.org>\r\nRSET"), SENDER)

    assert (refusal.fate, refusal.failure) == (Fate.REFUSED, Failure.OTHER)
