"""What a relay's words mean: a table of real replies, and a parser that takes any pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webinars.mail.replies import (
    LONGEST_LINE,
    LONGEST_REPLY,
    REPLY_LENGTH,
    BadReply,
    Fate,
    Phase,
    Reply,
    ReplyParser,
    Status,
    find_status,
    format_reply,
    judge,
)
from webinars.models import Failure

MAIL, RCPT, DATA, DOT = Phase
EVERYWHERE = list(Phase)
UNLIMITED = "STOREDRV.Submission.Exception:SubmissionQuotaExceededException; quota exceeded"

DELAYS = [
    # 421 ends the connection, whatever it says (RFC 5321, 3.8).
    (421, "4.7.28 Our system has detected an unusual rate of mail", Failure.THROTTLED),
    (421, "closing", Failure.THROTTLED),
    (421, "4.2.0 try again later", Failure.THROTTLED),
    # Greylisting (RFC 6647): by code, or by name.
    (450, "4.7.1 <samira@example.org>: Recipient address rejected: try again", Failure.GREYLISTED),
    (451, "4.7.1 Please try again later", Failure.GREYLISTED),
    (450, "4.2.0 <samira@example.org>: Recipient address rejected: Greylisted", Failure.GREYLISTED),
    (451, "Temporarily rejected, graylisting in force", Failure.GREYLISTED),
    (450, "you are grey listed, come back in 5 minutes", Failure.GREYLISTED),
    (454, "4.7.1 relay access denied for now", Failure.THROTTLED),
    # Too much, too fast.
    (450, "4.7.1 Error: too many messages", Failure.THROTTLED),
    (451, "4.7.1 Rate limit exceeded", Failure.THROTTLED),
    (451, "4.7.500 Server busy", Failure.THROTTLED),
    (450, "4.7.0 not so fast", Failure.THROTTLED),
    (453, "4.3.2 System not accepting network messages", Failure.THROTTLED),
    (432, "4.3.2 Concurrent connections limit exceeded", Failure.THROTTLED),
    (432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", Failure.THROTTLED),
    (452, "4.5.3 Too many recipients", Failure.THROTTLED),
    (452, "too many recipients", Failure.THROTTLED),
    (451, "4.4.0 corporate gateway cannot be reached", Failure.OTHER),
    # The mailbox.
    (452, "4.2.2 The email account that you tried to reach is over quota", Failure.MAILBOX),
    (450, "4.2.1 The user you are trying to contact receives mail too quickly", Failure.MAILBOX),
    (452, "mailbox full", Failure.MAILBOX),
    # The rest says nothing about anyone.
    (452, "4.3.1 Insufficient system storage", Failure.OTHER),
    (451, "4.3.0 Temporary lookup failure", Failure.OTHER),
    (450, "4.1.8 Sender domain not found", Failure.OTHER),
    (450, "4.1.2 Domain not found", Failure.OTHER),
    (451, "", Failure.OTHER),
]

REFUSALS = [
    # The address.
    (550, "5.1.1 <samira@example.org>: User unknown in relay recipient table", Failure.ADDRESS),
    (
        550,
        "5.1.1 The email account does not exist.\n5.1.1 Please try double-checking",
        Failure.ADDRESS,
    ),
    (550, "5.1.2 Bad destination system", Failure.ADDRESS),
    (553, "5.1.3 Bad syntax", Failure.ADDRESS),
    (556, "5.1.10 Recipient address has null MX", Failure.ADDRESS),
    (550, "5.1.6 Mailbox has moved", Failure.ADDRESS),
    (511, "sorry, no mailbox here by that name (#5.1.1 - chkuser)", Failure.ADDRESS),
    (550, "#5.1.0 No such user", Failure.ADDRESS),
    (550, "No such user here", Failure.ADDRESS),
    (550, "<samira@example.org>... User unknown", Failure.ADDRESS),
    (550, "Unknown user", Failure.ADDRESS),
    (551, "User not local", Failure.ADDRESS),
    (553, "sorry, no mailbox here by that name", Failure.ADDRESS),
    (550, "5.0.0 Invalid recipient", Failure.ADDRESS),
    (550, "Recipient samira@example.org does not exist", Failure.ADDRESS),
    # The same words under another code, or about someone else, do not blame it.
    (554, "No such user here", Failure.OTHER),
    (550, "5.1.8 Sender's domain does not exist", Failure.OTHER),
    (550, "5.1.7 Bad sender's mailbox", Failure.OTHER),
    (550, "Sender verify failed: response 550 User unknown", Failure.POLICY),
    (550, "Your IP address is blocked: reverse name not found", Failure.POLICY),
    (550, "Client address has no reverse name: not found", Failure.OTHER),
    (550, "Requested action not taken: mailbox unavailable", Failure.OTHER),
    (550, "#5.1.0 Address rejected.", Failure.OTHER),
    (550, "5.4.1 Recipient address rejected: Access denied", Failure.OTHER),
    (550, "5.5.1 Protocol error", Failure.OTHER),
    # The mailbox.
    (552, "5.2.2 Over quota", Failure.MAILBOX),
    (550, "5.2.1 Mailbox disabled", Failure.MAILBOX),
    (552, "Requested mail action aborted: exceeded storage allocation", Failure.MAILBOX),
    (550, "mailbox is full", Failure.MAILBOX),
    # The message.
    (552, "5.3.4 Message size exceeds fixed maximum", Failure.CONTENT),
    (550, "5.6.0 Invalid message", Failure.CONTENT),
    (553, "5.6.7 Non-ASCII addresses not permitted", Failure.CONTENT),
    # Policy never blames the address: at RCPT, with 550, whatever it says of users.
    (550, "5.7.1 User unknown or not allowed", Failure.POLICY),
    (554, "5.7.1 <samira@example.org>: Relay access denied", Failure.POLICY),
    (550, "5.7.26 Unauthenticated email is not accepted", Failure.POLICY),
    (552, "5.7.0 This message was blocked", Failure.POLICY),
    (550, "5.7.511 Access denied, banned sender", Failure.POLICY),
    (554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", Failure.POLICY),
    (550, "relaying denied", Failure.POLICY),
    (554, "rejected as spam", Failure.POLICY),
    (550, "5.0.0 blocked by our policy: no such user", Failure.POLICY),
    (500, "", Failure.OTHER),
]


@pytest.mark.parametrize(("code", "text", "failure"), DELAYS)
@pytest.mark.parametrize("phase", EVERYWHERE)
def test_four_hundred_is_a_delay_and_its_words_say_of_what_kind(phase, code, text, failure):
    result = judge(code, text, phase)

    assert (result.fate, result.failure) == (Fate.DEFERRED, failure)


@pytest.mark.parametrize(("code", "text", "failure"), REFUSALS)
def test_five_hundred_at_the_recipient_is_final_and_says_who_is_to_blame(code, text, failure):
    result = judge(code, text, RCPT)

    assert (result.fate, result.failure) == (Fate.REFUSED, failure)


@pytest.mark.parametrize(
    ("code", "text", "phase", "failure"),
    [
        (550, "5.1.1 User unknown", MAIL, Failure.OTHER),
        (550, "5.1.1 User unknown", DATA, Failure.ADDRESS),
        (550, "5.1.1 User unknown", DOT, Failure.ADDRESS),
        (550, "No such user", MAIL, Failure.OTHER),
        (550, "No such user", DOT, Failure.OTHER),
        (552, "5.2.2 over quota", MAIL, Failure.OTHER),
        (552, "5.2.2 over quota", DOT, Failure.MAILBOX),
        (552, "too big", MAIL, Failure.CONTENT),
        (552, "too big", DATA, Failure.CONTENT),
        (552, "too big", DOT, Failure.CONTENT),
        (552, "5.3.4 too big", DOT, Failure.CONTENT),
        (550, "mailbox full", DOT, Failure.OTHER),
        (550, "5.7.1 not for you", MAIL, Failure.POLICY),
        (554, "5.7.1 spam", DOT, Failure.POLICY),
    ],
)
def test_the_same_refusal_may_mean_something_else_at_another_step(code, text, phase, failure):
    result = judge(code, text, phase)

    assert (result.fate, result.failure) == (Fate.REFUSED, failure)


@pytest.mark.parametrize(
    ("code", "text", "phase", "fate"),
    [
        pytest.param(550, "Message is too large", RCPT, Fate.DEFERRED, id="Microsoft, unseen"),
        pytest.param(550, "Message is too large", DOT, Fate.REFUSED, id="seen, and too large"),
        pytest.param(554, f"5.2.0 {UNLIMITED}", DOT, Fate.DEFERRED, id="Microsoft's day"),
        pytest.param(
            550, "5.4.5 Daily user sending limit exceeded", DOT, Fate.DEFERRED, id="Google's day"
        ),
        pytest.param(
            550, "5.4.5 Daily SMTP relay limit\n5.4.5 exceeded", DOT, Fate.DEFERRED, id="in two"
        ),
    ],
)
def test_a_refusal_that_ends_with_the_day_is_a_delay(code, text, phase, fate):
    result = judge(code, text, phase)

    assert result.fate is fate
    assert (result.failure is Failure.THROTTLED) == (fate is Fate.DEFERRED)


@pytest.mark.parametrize(
    ("code", "phase", "fate"),
    [
        (250, DOT, Fate.ACCEPTED),
        (200, DOT, Fate.ACCEPTED),
        (250, MAIL, Fate.ACCEPTED),
        (251, RCPT, Fate.ACCEPTED),
        pytest.param(250, DATA, Fate.DEFERRED, id="nothing was sent yet"),
        (354, DOT, Fate.UNANSWERED),
        (354, RCPT, Fate.DEFERRED),
        (354, MAIL, Fate.DEFERRED),
    ],
)
def test_only_a_two_hundred_after_the_dot_is_a_promise(code, phase, fate):
    result = judge(code, "2.0.0 taken", phase)

    assert result.fate is fate
    assert (result.failure is None) == (fate is not Fate.DEFERRED)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("5.1.1 unknown", (1, 1)),
        ("5.7.133", (7, 133)),
        ("#5.1.0 rejected", (1, 0)),
        ("sorry (#5.1.1)", (1, 1)),
        ("5.1.1.9 is an address", None),
        ("version 4.7.1 of something", None),
        ("2.0.0 Ok: queued as 4.7.1", (0, 0)),
        ("3.1.1 no class", None),
        ("", None),
    ],
)
def test_an_enhanced_code_stands_at_the_beginning_or_is_none(text, status):
    assert find_status(text) == (Status(*status) if status else None)


def test_a_reply_is_kept_in_one_short_line():
    assert format_reply(550, "5.1.1 No\n5.1.1 such\x07 user") == "550 5.1.1 No such user"
    assert format_reply(250, "") == "250"
    assert len(format_reply(250, "a" * 1000)) == REPLY_LENGTH


def parse(*pieces):
    """Return what a parser makes of what comes in pieces."""
    parser = ReplyParser()
    replies = []
    for piece in pieces:
        parser.feed(piece)
        while (reply := parser.take()) is not None:
            replies.append(reply)
    return replies


WIRE = (
    b"250-relay.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
    b"250 2.1.0 Ok\r\n550-5.1.1 No such user,\r\n550 5.1.1 sorry\r\n354\r\n250 2.0.0 Ok\n"
)
SAID = [
    Reply(250, "relay.example.org\nPIPELINING\n8BITMIME"),
    Reply(250, "2.1.0 Ok"),
    Reply(550, "5.1.1 No such user,\n5.1.1 sorry"),
    Reply(354, ""),
    Reply(250, "2.0.0 Ok"),
]


@given(st.sets(st.integers(1, len(WIRE) - 1)))
def test_however_replies_are_cut_into_packets_they_are_the_same(cuts):
    ends = [0, *sorted(cuts), len(WIRE)]

    assert parse(*(WIRE[a:b] for a, b in pairwise(ends))) == SAID


def test_half_a_reply_is_none_yet():
    assert parse(b"250-2.0.0 Ok\r\n") == []
    assert parse(b"250 2.0.0 Ok") == []


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"what now\r\n", id="no code"),
        pytest.param(b"\r\n", id="nothing"),
        pytest.param(b"25 ok\r\n", id="two digits"),
        pytest.param(b"150 wait\r\n", id="no code of SMTP"),
        pytest.param(b"999 ok\r\n", id="nor this"),
        pytest.param(b"250_ok\r\n", id="no separator"),
        pytest.param(b"250-ok\r\n550 no\r\n", id="two minds"),
        pytest.param(b"a" * (LONGEST_LINE + 1), id="an endless line"),
        pytest.param(b"250 " + b"a" * LONGEST_LINE + b"\r\n", id="a long line"),
        pytest.param(b"250-" + b"a" * 996 + b"\r\n", id="endless lines"),
    ],
)
def test_what_is_no_reply_or_has_no_end_is_refused(wire):
    parser = ReplyParser()
    with pytest.raises(BadReply):
        for _ in range(LONGEST_REPLY // len(wire) + 1):
            parser.feed(wire)
            parser.take()


@given(st.binary(max_size=200))
def test_nothing_that_may_come_breaks_the_parser(wire):
    try:
        replies = parse(wire)
    except BadReply:
        return
    for reply in replies:
        for phase in Phase:
            assert judge(reply.code, reply.text, phase).reply
