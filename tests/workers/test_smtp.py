"""Messages handed to a relay that has every kind of bad luck: what is settled, what is sent."""

import datetime
import ipaddress
import random
import ssl
import threading
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.workers import relay as bad_luck
from tests.workers.relay import ScriptedRelay, close, drip, half, late, reset
from webinars.mail.handover import LOST_IN_A_ROW
from webinars.mail.messages import Message, RelayDown
from webinars.mail.relays import Timeouts, read_relays
from webinars.mail.replies import Fate
from webinars.mail.transports import SmtpTransport
from webinars.models import Failure

SENDER = "webinaires@example.org"
CONTENT = b"Subject: Essai\r\n\r\nBonjour\r\n"
LARGE = CONTENT + (b"a" * 98 + b"\r\n") * 160_000
"""More than any buffer of the kernel holds."""
PATIENT = Timeouts(connect=20, command=20, final_dot=20, leave=20)
HASTY = replace(PATIENT, final_dot=0.2)
BOTH = [pytest.param(["PIPELINING"], id="pipelined"), pytest.param([], id="step by step")]


class Witness:
    """Notes what happens to which message, in order."""

    def __init__(self):
        self.events = []
        self.results = {}
        self.unwanted = set()

    def is_wanted(self, message):
        return message.key not in self.unwanted

    def before_body(self, message):
        self.events.append(f"body {message.key}")

    def after_dot(self, message):
        self.events.append(f"dot {message.key}")

    def settle(self, message, result):
        assert message.key not in self.results
        self.results[message.key] = result
        self.events.append(f"{result.fate} {message.key}")

    @property
    def fates(self):
        return [result.fate for _, result in sorted(self.results.items())]


def write(*recipients, content=CONTENT):
    return [
        Message(key, recipient, content, str(key)) for key, recipient in enumerate(recipients, 1)
    ]


def pull(messages, witness):
    for message in messages:
        witness.events.append(f"pull {message.key}")
        yield message


def send(transport, *messages):
    """Send messages, and return who has seen it, the end by `RelayDown` included."""
    witness = Witness()
    try:
        transport.send(transport.relays[0], pull(messages, witness), witness)
    except RelayDown as error:
        witness.events.append(f"down: {error.reply}")
    return witness


@pytest.fixture
def opened():
    """Return a function that opens a relay and the way to it, and close them in the end."""
    things = []

    def open_both(*extensions, timeouts=PATIENT, query="", **options):
        relay = ScriptedRelay(*extensions, **options)
        transport = SmtpTransport(read_relays(relay.url + query), SENDER, timeouts)
        things.extend([transport, relay])
        return relay, transport

    yield open_both
    for thing in things:
        thing.close()


@pytest.fixture
def pair(opened):
    """Open a relay that takes commands in groups."""
    return opened("PIPELINING")


THREE = write("a@example.org", "b@example.org", "c@example.org")
ENVELOPE = b"MAIL FROM:<webinaires@example.org>\r\nRCPT TO:<%s@example.org>\r\nDATA\r\n"
MAILED = CONTENT + b".\r\n"


def test_the_next_message_is_announced_behind_the_body_of_the_one_before(pair):
    relay, transport = pair

    witness = send(transport, *THREE)

    assert witness.events == [
        *("pull 1", "pull 2", "body 1", "dot 1", "pull 3", "accepted 1"),
        *("body 2", "dot 2", "accepted 2"),
        *("body 3", "dot 3", "accepted 3"),
    ]
    assert bytes(relay.streams[0]) == b"ehlo example.org\r\n" + b"".join(
        ENVELOPE % name + MAILED for name in (b"a", b"b", b"c")
    )
    assert {result.reply for result in witness.results.values()} == {"250 2.0.0 taken"}


def test_where_groups_are_not_taken_each_answer_is_waited_for(opened):
    relay, transport = opened("8BITMIME")
    relay.replies["RCPT"] = ["250 ok", "550 5.1.1 unknown"]

    witness = send(transport, *THREE)

    assert witness.events == [
        *("pull 1", "body 1", "dot 1", "pull 2", "accepted 1"),
        "refused 2",
        *("pull 3", "body 3", "dot 3", "accepted 3"),
    ]
    refused = b"MAIL FROM:<webinaires@example.org>\r\nRCPT TO:<b@example.org>\r\nRSET\r\n"
    assert bytes(relay.streams[0]) == b"ehlo example.org\r\n" + b"".join(
        [ENVELOPE % b"a" + MAILED, refused, ENVELOPE % b"c" + MAILED]
    )


def test_nothing_is_opened_for_no_message(pair):
    relay, transport = pair

    assert send(transport).events == []
    assert relay.connections == 0


def test_a_connection_serves_call_after_call(pair):
    relay, transport = pair

    for _ in range(3):
        assert send(transport, *THREE).fates == [Fate.ACCEPTED] * 3

    assert (relay.connections, len(relay.messages)) == (1, 9)


def test_a_message_may_name_a_return_path_of_its_own(pair):
    relay, transport = pair
    named = replace(THREE[0], return_path="bounces+0f@bounces.example.org")
    spoilt = replace(THREE[1], return_path="a@b>\r\nRSET")

    witness = send(transport, named, spoilt)

    assert relay.commands[1] == "MAIL FROM:<bounces+0f@bounces.example.org>"
    assert witness.results[2].failure is Failure.OTHER
    assert "RSET" not in relay.commands


@pytest.mark.parametrize("extensions", BOTH)
@pytest.mark.parametrize(
    ("about", "word", "fate", "failure"),
    [
        ("MAIL", "452 4.3.1 no room", Fate.DEFERRED, Failure.OTHER),
        ("MAIL", "552 5.3.4 too big", Fate.REFUSED, Failure.CONTENT),
        ("RCPT", "450 4.7.1 come again", Fate.DEFERRED, Failure.GREYLISTED),
        ("RCPT", "421 4.7.28 not so fast", Fate.DEFERRED, Failure.THROTTLED),
        ("RCPT", "550-5.1.1 un\r\n550 5.1.1 known", Fate.REFUSED, Failure.ADDRESS),
        ("RCPT", "550 5.7.1 not you", Fate.REFUSED, Failure.POLICY),
        ("RCPT", "354 what?", Fate.DEFERRED, Failure.OTHER),
        ("DATA", "451 4.3.0 later", Fate.DEFERRED, Failure.OTHER),
        ("DATA", "554 5.7.1 no", Fate.REFUSED, Failure.POLICY),
        ("DATA", "250 what?", Fate.DEFERRED, Failure.OTHER),
        ("dot", "451 4.7.1 later", Fate.DEFERRED, Failure.GREYLISTED),
        ("dot", "421 4.3.0 closing", Fate.DEFERRED, Failure.THROTTLED),
        ("dot", "554 5.7.1 spam", Fate.REFUSED, Failure.POLICY),
        ("dot", drip("250-2.0.0 ta\r\n250 2.0.0 ken"), Fate.ACCEPTED, None),
        ("dot", close, Fate.UNANSWERED, None),
        ("dot", reset, Fate.UNANSWERED, None),
        ("dot", half("250 2.0"), Fate.UNANSWERED, None),
        ("dot", half("250-2.0.0 taken\r\n"), Fate.UNANSWERED, None),
        ("dot", "354 what?", Fate.UNANSWERED, None),
        ("dot", "what now", Fate.UNANSWERED, None),
        ("dot", bad_luck.talk_on, Fate.UNANSWERED, None),
        ("dot", bad_luck.drone_on, Fate.UNANSWERED, None),
    ],
)
def test_each_answer_means_one_thing_and_the_others_go(
    opened, extensions, about, word, fate, failure
):
    relay, transport = opened(*extensions)
    usual = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", "dot": "250 2.0.0 taken"}
    relay.replies[about] = [usual[about], word]

    witness = send(transport, *THREE)

    assert witness.fates == [Fate.ACCEPTED, fate, Fate.ACCEPTED]
    assert witness.results[2].failure is failure
    assert "\n" not in witness.results[2].reply
    assert ("body 2" in witness.events) == (about == "dot")
    taken = [message for message in relay.messages if message]  # but for lone dots
    assert taken == [CONTENT] * (3 if about == "dot" else 2)


def test_a_lone_dot_answers_a_relay_that_wants_the_body_though_it_takes_no_recipient(pair):
    relay, transport = pair
    relay.replies["RCPT"] = ["250 ok", "550 5.1.1 unknown"]

    witness = send(transport, *THREE)

    assert witness.fates == [Fate.ACCEPTED, Fate.REFUSED, Fate.ACCEPTED]
    assert relay.messages == [CONTENT, b"", CONTENT]
    assert bytes(relay.streams[0]) == b"ehlo example.org\r\n" + b"".join(
        [ENVELOPE % b"a" + MAILED, ENVELOPE % b"b" + b".\r\nRSET\r\n", ENVELOPE % b"c" + MAILED]
    )


def test_a_relay_that_wants_no_body_for_a_refused_recipient_is_sent_none(pair):
    relay, transport = pair
    relay.replies["RCPT"] = ["550 5.1.1 unknown"]
    relay.replies["DATA"] = ["554 5.5.1 no valid recipients"]

    witness = send(transport, *THREE[:2])

    assert witness.fates == [Fate.REFUSED, Fate.ACCEPTED]
    assert witness.results[1].reply == "550 5.1.1 unknown"
    assert bytes(relay.streams[0]) == b"ehlo example.org\r\n" + b"".join(
        [ENVELOPE % b"a", b"RSET\r\n", ENVELOPE % b"b" + MAILED]
    )


def test_no_lone_dot_goes_where_it_would_be_a_mail(pair):
    relay, transport = pair
    relay.replies["MAIL"] = ["451 4.3.0 later"]

    witness = send(transport, *THREE[:2])

    assert witness.fates == [Fate.DEFERRED, Fate.ACCEPTED]
    assert bytes(relay.streams[0]) == b"ehlo example.org\r\n" + ENVELOPE % b"a"
    assert relay.messages == [CONTENT]


def test_a_lone_dot_that_ends_the_connection_ends_nothing_else(pair):
    relay, transport = pair
    relay.replies["RCPT"] = ["550 5.1.1 unknown"]
    relay.replies["dot"] = [close]

    assert send(transport, *THREE).fates == [Fate.REFUSED, Fate.ACCEPTED, Fate.ACCEPTED]
    assert relay.connections == 2


def test_a_reset_that_is_refused_ends_the_connection(pair):
    relay, transport = pair
    relay.replies["RCPT"] = ["550 5.1.1 unknown"]
    relay.replies["RSET"] = ["500 what?"]

    assert send(transport, *THREE).fates == [Fate.REFUSED, Fate.ACCEPTED, Fate.ACCEPTED]
    assert relay.connections == 2


def test_greylisting_puts_off_the_first_try_and_takes_the_second(pair):
    relay, transport = pair
    seen = set()

    def greylist(about, line):
        if about == "RCPT" and line not in seen:
            seen.add(line)
            return "450 4.2.0 <someone>: Recipient address rejected: Greylisted"

    relay.rule = greylist

    first, second = send(transport, *THREE), send(transport, *THREE)

    assert [result.failure for result in first.results.values()] == [Failure.GREYLISTED] * 3
    assert second.fates == [Fate.ACCEPTED] * 3


def test_one_domain_is_slowed_down_while_the_others_flow(pair):
    relay, transport = pair
    words = "450 4.7.28 unusual rate of mail from your domain"
    relay.rule = lambda about, line: words if about == "RCPT" and "gmail.com" in line else None

    witness = send(transport, *write("a@gmail.com", "b@example.org", "c@gmail.com", "d@ump.ma"))

    assert witness.fates == [Fate.DEFERRED, Fate.ACCEPTED, Fate.DEFERRED, Fate.ACCEPTED]
    assert witness.results[1].failure is Failure.THROTTLED
    assert relay.connections == 1


@pytest.mark.parametrize("extensions", BOTH)
def test_a_relay_that_takes_so_many_on_a_connection_is_asked_on_the_next(opened, extensions):
    relay, transport = opened(*extensions)
    relay.limit = 2

    assert send(transport, *write(*["a@example.org"] * 5)).fates == [Fate.ACCEPTED] * 5
    assert (relay.connections, len(relay.messages)) == (3, 5)


@pytest.mark.parametrize("extensions", BOTH)
def test_where_the_limit_is_known_leave_is_taken_before(opened, extensions):
    relay, transport = opened(*extensions, query="?per_connection=2")
    relay.limit = 2

    witness = send(transport, *write(*["a@example.org"] * 5))

    assert witness.fates == [Fate.ACCEPTED] * 5
    assert [stream.endswith(b".\r\nQUIT\r\n") for stream in relay.streams] == [True, True, False]
    assert [stream.count(b"MAIL FROM") for stream in relay.streams] == [2, 2, 1]


def test_a_relay_that_closes_in_the_middle_of_a_group_gets_the_rest_on_a_new_connection(pair):
    relay, transport = pair
    relay.replies["dot"] = ["421 4.3.2 shutting down"]

    witness = send(transport, *THREE)

    assert witness.fates == [Fate.DEFERRED, Fate.ACCEPTED, Fate.ACCEPTED]
    assert relay.recipients == ["a@example.org", "b@example.org", "c@example.org"]


def test_the_message_behind_one_without_an_answer_goes_over_a_new_connection(pair):
    relay, transport = pair
    relay.replies["dot"] = [close]

    witness = send(transport, *THREE)

    assert witness.events == [
        *("pull 1", "pull 2", "body 1", "dot 1", "pull 3", "unanswered 1"),
        *("body 2", "dot 2", "accepted 2"),
        *("body 3", "dot 3", "accepted 3"),
    ]
    assert witness.results[1].reply == "no reply after the end of the message: the relay hung up"
    assert bytes(relay.streams[1]) == b"ehlo example.org\r\n" + b"".join(
        ENVELOPE % name + MAILED for name in (b"b", b"c")
    )


def test_an_answer_that_comes_too_late_is_none(opened):
    relay, transport = opened("PIPELINING", timeouts=HASTY)
    relay.replies["dot"] = [late("250 2.0.0 taken", 30)]

    assert send(transport, THREE[0]).fates == [Fate.UNANSWERED]


def test_an_answer_that_drips_in_for_ever_is_none(opened):
    relay, transport = opened("PIPELINING", timeouts=HASTY)
    relay.replies["dot"] = [drip("250 " + "2.0.0 taken " * 1000)]

    assert send(transport, THREE[0]).fates == [Fate.UNANSWERED]


def test_after_the_dot_a_relay_may_take_longer_than_for_a_command(opened):
    relay, transport = opened("PIPELINING", timeouts=replace(PATIENT, command=1))
    relay.replies["dot"] = [late("250 2.0.0 taken", 1.1)]

    assert send(transport, THREE[0]).fates == [Fate.ACCEPTED]


def test_a_body_that_is_not_taken_whole_was_not_sent(pair):
    relay, transport = pair
    relay.body_limit = 100_000
    large = replace(THREE[0], content=LARGE)

    witness = send(transport, large, THREE[1])

    assert witness.events == [
        *("pull 1", "pull 2", "body 1", "deferred 1", "body 2", "dot 2", "accepted 2")
    ]
    assert witness.results[1].failure is Failure.OTHER
    assert witness.results[1].reply.startswith("connection lost before the end: ")
    assert relay.messages == [CONTENT]


def test_what_a_relay_said_before_it_hung_up_in_the_middle_of_a_body_counts(pair):
    relay, transport = pair
    relay.body_limit = 100_000
    relay.replies["body"] = ["552 5.3.4 Message too big for system"]

    witness = send(transport, replace(THREE[0], content=LARGE), THREE[1])

    assert witness.fates == [Fate.REFUSED, Fate.ACCEPTED]
    assert witness.results[1].failure is Failure.CONTENT


def test_a_relay_that_stops_reading_a_body_is_not_waited_for_for_ever(opened):
    relay, transport = opened("PIPELINING", timeouts=replace(PATIENT, command=0.2, leave=0.2))
    relay.body_limit = 1000
    relay.replies["body"] = [late("451 late", 30)]

    witness = send(transport, replace(THREE[0], content=LARGE))

    assert witness.fates == [Fate.DEFERRED]


@pytest.mark.parametrize("about", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("doing", [close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize("extensions", BOTH)
def test_a_message_whose_announcement_is_lost_is_announced_once_more(
    opened, extensions, about, doing
):
    relay, transport = opened(*extensions)
    relay.replies[about] = [doing]

    assert send(transport, *THREE).fates == [Fate.ACCEPTED] * 3
    assert relay.connections == 2


@pytest.mark.parametrize("extensions", BOTH)
def test_a_message_that_two_connections_do_not_outlive_is_put_off(opened, extensions):
    relay, transport = opened(*extensions)
    relay.rule = lambda about, line: close if about == "RCPT" and "b@" in line else None

    witness = send(transport, *THREE)

    assert witness.fates == [Fate.ACCEPTED, Fate.DEFERRED, Fate.ACCEPTED]
    assert witness.results[2].reply.startswith("connection lost before the end: ")
    assert "body 2" not in witness.events
    assert relay.connections == 3


def test_a_relay_that_answers_nobody_is_down(pair):
    relay, transport = pair
    relay.rule = lambda about, line: close if about == "MAIL" else None
    recipients = [f"{number}@example.org" for number in range(LOST_IN_A_ROW + 2)]

    witness = send(transport, *write(*recipients))

    assert witness.fates == [Fate.DEFERRED] * LOST_IN_A_ROW
    assert witness.events[-1] == "down: connection lost before the end: the relay hung up"
    assert relay.connections == 2 * LOST_IN_A_ROW


def test_a_relay_that_swallows_message_after_message_is_down(pair):
    relay, transport = pair
    relay.rule = lambda about, line: close if about == "dot" else None

    witness = send(transport, *write(*["a@example.org"] * (LOST_IN_A_ROW + 2)))

    assert witness.fates == [Fate.UNANSWERED] * LOST_IN_A_ROW
    # The next was pulled, never announced to anyone who heard it, and is the caller's again.
    assert witness.events.count("body 4") == 0
    assert witness.events[-1].startswith("down: no reply after the end")


@pytest.mark.parametrize(
    "word",
    ["421 4.4.2 idle for too long", "421-4.4.2 idle\r\n421 4.4.2 for too long", close, reset],
    ids=["said", "said at length", "closed", "reset"],
)
@pytest.mark.parametrize("extensions", BOTH)
def test_a_connection_that_ended_meanwhile_is_opened_anew_at_once(opened, extensions, word):
    relay, transport = opened(*extensions)
    send(transport, THREE[0])
    relay.replies["MAIL"] = [word]

    assert send(transport, *THREE).fates == [Fate.ACCEPTED] * 3
    assert (relay.connections, len(relay.messages)) == (2, 4)


def test_a_connection_that_ended_meanwhile_is_no_message_s_fault(pair):
    relay, transport = pair
    send(transport, THREE[0])
    relay.replies["MAIL"] = [close, close]

    assert send(transport, THREE[0]).fates == [Fate.ACCEPTED]
    assert relay.connections == 3


def test_a_connection_that_waited_for_long_is_not_trusted(opened):
    relay, transport = opened("PIPELINING", timeouts=replace(PATIENT, idle=-1))

    for _ in range(2):
        assert send(transport, *THREE).fates == [Fate.ACCEPTED] * 3

    assert relay.connections == 2
    assert relay.streams[0].endswith(b".\r\nQUIT\r\n")


@pytest.mark.parametrize(
    ("about", "word"),
    [
        ("greeting", "421 too busy"),
        ("greeting", "554 5.7.1 go away"),
        ("greeting", close),
        ("greeting", half("220 rel")),
        ("greeting", bad_luck.talk_on),
        ("greeting", bad_luck.drone_on),
        ("EHLO", close),
        ("EHLO", bad_luck.talk_on),
        ("MAIL", "530 5.7.0 sign in first"),
        ("MAIL", "550 5.1.8 not that sender"),
        ("MAIL", "421 4.3.2 closing"),
        ("MAIL", "354 what?"),
    ],
)
@pytest.mark.parametrize("extensions", BOTH)
def test_a_relay_that_takes_nothing_from_anyone_gets_nothing(opened, extensions, about, word):
    relay, transport = opened(*extensions)
    relay.replies[about] = [word]

    witness = send(transport, *THREE)

    assert witness.events[0] == "pull 1"
    assert len(witness.events) == 2
    assert witness.events[1].startswith("down: ")
    if isinstance(word, str):
        assert witness.events[1] == f"down: {word}"
    assert send(transport, *THREE).fates == [Fate.ACCEPTED] * 3


def test_a_sender_refused_in_the_middle_is_asked_about_once_more(pair):
    relay, transport = pair
    relay.replies["MAIL"] = ["250 ok", "550 5.7.1 not you", "550 5.7.1 not you at all"]

    witness = send(transport, *THREE)

    assert witness.events == [
        *("pull 1", "pull 2", "body 1", "dot 1", "pull 3", "accepted 1"),
        "down: 550 5.7.1 not you at all",
    ]
    assert relay.connections == 2


def test_a_greeting_that_does_not_come_is_not_waited_for_for_ever(opened):
    relay, transport = opened(timeouts=replace(PATIENT, connect=0.2))
    relay.replies["greeting"] = [late("220 late", 30)]

    assert send(transport, *THREE).events == ["pull 1", "down: TimeoutError: timed out"]


def test_where_nobody_listens_nothing_is_sent():
    address = f"smtp://127.0.0.1:{bad_luck.find_port()}"
    transport = SmtpTransport(read_relays(address), SENDER, PATIENT)

    witness = send(transport, *THREE)

    assert witness.events[0] == "pull 1"
    assert witness.events[1].startswith("down: ConnectionRefusedError")


def test_what_is_no_address_never_reaches_the_relay(pair):
    relay, transport = pair

    witness = send(transport, *write("samira", "a@example.org", "a@b>\r\nRSET", "a b@c.example"))

    assert witness.fates == [Fate.REFUSED, Fate.ACCEPTED, Fate.REFUSED, Fate.REFUSED]
    assert {witness.results[key].failure for key in (1, 3, 4)} == {Failure.ADDRESS}
    assert relay.recipients == ["a@example.org"]


def test_letters_beyond_ascii_go_only_where_the_relay_takes_them(opened):
    relay, transport = opened("PIPELINING")
    witness = send(transport, *write("a@example.org", "samïra@example.org", "b@fès.example.org"))
    assert witness.fates == [Fate.ACCEPTED, Fate.REFUSED, Fate.ACCEPTED]
    assert witness.results[2].failure is Failure.OTHER
    assert relay.recipients == ["a@example.org", "b@xn--fs-7ia.example.org"]

    relay, transport = opened("PIPELINING", "SMTPUTF8", "8BITMIME", "SIZE 1000")
    witness = send(transport, *write("samïra@example.org", content="é\r\n".encode()))
    assert witness.fates == [Fate.ACCEPTED]
    assert relay.commands[1] == f"MAIL FROM:<{SENDER}> SIZE=7 BODY=8BITMIME SMTPUTF8"


@pytest.mark.parametrize("extensions", BOTH)
def test_no_text_smuggles_in_a_message_of_its_own(opened, extensions):
    relay, transport = opened(*extensions)
    smuggled = b"a\n.\nMAIL FROM:<x@example.org>\r.\rRCPT TO:<y@example.org>\n\r.\r\nDATA\r\n.\r\nb"

    witness = send(transport, *write("a@example.org", "b@example.org", content=smuggled))

    assert witness.fates == [Fate.ACCEPTED] * 2
    assert relay.recipients == ["a@example.org", "b@example.org"]
    arrived = (
        b"a\r\n..\r\nMAIL FROM:<x@example.org>\r\n..\r\nRCPT TO:<y@example.org>\r\n"
        b"\r\n..\r\nDATA\r\n..\r\nb\r\n"
    )
    assert relay.messages == [arrived] * 2


LUCK = {
    "greeting": ["421 4.3.2 busy", close, half("220 rel")],
    "EHLO": ["502 5.5.1 what?", close],
    "MAIL": ["421 4.3.2 closing", "451 4.3.0 later", "550 5.7.1 not you", "250 ok", close, reset],
    "RCPT": ["421 4.7.0 slow", "450 4.2.0 later", "550 5.1.1 who?", "354 hm", "so?", close, reset],
    "DATA": ["421 4.3.2 closing", "451 4.3.0 later", "554 5.7.1 no", "250 hm", close, reset],
    "dot": [
        "421 4.3.2 closing",
        "450 4.7.1 wait",
        "554 5.7.1 spam",
        "so?",
        close,
        reset,
        half("2"),
    ],
    "RSET": ["500 5.5.1 what?", close],
}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("extensions", BOTH)
def test_whatever_a_relay_does_each_message_has_one_fate_and_a_true_one(opened, extensions, seed):
    luck = random.Random(seed)
    relay, transport = opened(*extensions)
    relay.rule = lambda about, _: luck.random() < 0.15 and luck.choice(LUCK.get(about, [None]))
    relay.limit = 7
    left = [
        Message(key, f"p{key}@example.org", b"Subject: %d\r\n\r\n." % key, "") for key in range(60)
    ]
    fates, sent = {}, set()

    for _ in range(100):
        witness = send(transport, *left)
        fates |= {key: result.fate for key, result in witness.results.items()}
        begun = {int(event[5:]) for event in witness.events if event.startswith("body ")}
        sent |= {int(event[4:]) for event in witness.events if event.startswith("dot ")}
        assert begun <= fates.keys()  # what may have left is settled, whatever ended the call
        left = [message for message in left if message.key not in fates]
        if not left:
            break

    numbers = [int(body.split()[1]) for body in relay.messages if body]
    assert len(fates) == 60 and len(numbers) == len(set(numbers))
    assert {key for key, fate in fates.items() if fate is Fate.ACCEPTED} == {
        int(body.split()[1]) for body in relay.acknowledged if body
    }
    assert set(numbers) <= sent
    assert {key for key, fate in fates.items() if fate is Fate.UNANSWERED} <= sent


class Full(Exception):
    pass


@pytest.mark.parametrize("moment", ["before_body", "after_dot", "settle"])
def test_when_our_own_side_fails_the_connection_is_not_used_again(pair, moment):
    relay, transport = pair
    witness = Witness()

    def fail(*_):
        raise Full

    setattr(witness, moment, fail)
    with pytest.raises(Full):
        transport.send(transport.relays[0], THREE, witness)

    assert send(transport, *THREE).fates == [Fate.ACCEPTED] * 3
    assert relay.connections == 2
    assert set(relay.messages) == {CONTENT}
    assert len(relay.messages) == (3 if moment == "before_body" else 4)


def test_messages_that_cannot_be_made_end_it_before_the_body_in_hand(pair):
    relay, transport = pair

    def spoil():
        yield THREE[0]
        raise Full

    witness = Witness()
    with pytest.raises(Full):
        transport.send(transport.relays[0], spoil(), witness)

    assert (witness.events, relay.messages) == ([], [])


def test_messages_that_cannot_be_made_end_it_once_it_is_known_what_became_of_the_one_before(pair):
    relay, transport = pair

    def spoil():
        yield from THREE[:2]
        raise Full

    witness = Witness()
    with pytest.raises(Full):
        transport.send(transport.relays[0], spoil(), witness)

    assert witness.events[-1] == "accepted 1"
    assert relay.messages == [CONTENT]


@pytest.mark.parametrize("kept_waiting", ["the one announced", "the one ready behind it"])
def test_a_message_that_is_no_longer_wanted_does_not_leave_however_far_it_has_come(
    pair, kept_waiting
):
    relay, transport = pair
    number = {"the one announced": 2, "the one ready behind it": 3}[kept_waiting]
    witness = Witness()
    noted = witness.after_dot

    def regret(message):
        noted(message)
        witness.unwanted.add(number)

    witness.after_dot = regret

    transport.send(transport.relays[0], THREE, witness)

    assert sorted(witness.results) == [key for key in (1, 2, 3) if key != number]
    assert relay.messages == [CONTENT] * 2
    assert relay.connections == {2: 2, 3: 1}[number]


def test_a_message_that_is_being_sent_is_cut_off_when_the_transport_is_closed(opened):
    relay, transport = opened("PIPELINING")
    relay.replies["dot"] = [late("250 2.0.0 taken", 30)]
    seen = []
    thread = threading.Thread(target=lambda: seen.append(send(transport, THREE[0])))
    thread.start()
    while not relay.messages:
        thread.join(0.01)

    transport.close()
    thread.join(20)

    assert seen[0].fates == [Fate.UNANSWERED]
    assert b"QUIT" not in relay.streams[0]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Make a certificate of 127.0.0.1, and return its paths."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, no = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "certificate.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no))
    return folder / "certificate.pem", folder / "key.pem"


@pytest.fixture
def certificate(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority)
    return context


ENCRYPTED = [
    pytest.param({}, "", id="when offered"),
    pytest.param({}, "?starttls=require", id="required"),
    pytest.param({"encrypted": True}, "", id="from the start"),
]


@pytest.mark.parametrize(("options", "query"), ENCRYPTED)
def test_messages_of_any_size_go_over_an_encrypted_connection(
    opened, certificate, authority, monkeypatch, options, query
):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    relay, transport = opened("PIPELINING", certificate=certificate, query=query, **options)
    relay.replies["dot"] = ["250 2.0.0 taken", drip("250 2.0.0 taken"), close]
    larger = CONTENT + (b"a" * 98 + b"\r\n") * 400

    witness = send(transport, THREE[0], replace(THREE[1], content=larger), THREE[2])

    assert witness.fates == [Fate.ACCEPTED, Fate.ACCEPTED, Fate.UNANSWERED]
    assert relay.messages == [CONTENT, larger, CONTENT]


def test_a_body_that_is_not_taken_whole_over_an_encrypted_connection_was_not_sent(
    opened, certificate
):
    relay, transport = opened("PIPELINING", certificate=certificate)
    relay.body_limit = 100_000

    witness = send(transport, replace(THREE[0], content=LARGE), THREE[1])

    assert witness.fates == [Fate.DEFERRED, Fate.ACCEPTED]


def test_a_relays_own_certificate_will_do_only_where_encryption_is_only_offered(
    opened, certificate
):
    relay, transport = opened("PIPELINING", certificate=certificate)
    assert send(transport, *THREE).fates == [Fate.ACCEPTED] * 3

    for query, options in [("?starttls=require", {}), ("", {"encrypted": True})]:
        relay, transport = opened(certificate=certificate, query=query, **options)
        witness = send(transport, *THREE)
        assert "certificate" in witness.events[-1]
        assert relay.recipients == []


def test_a_relay_without_encryption_gets_nothing_where_it_is_required(opened):
    relay, transport = opened("PIPELINING", query="?starttls=require")

    assert send(transport, *THREE).events[-1].startswith("down: SMTPNotSupportedError")
    assert relay.recipients == []


def test_encryption_that_fails_is_no_reason_to_do_without(opened, certificate):
    relay, transport = opened("PIPELINING", certificate=certificate)
    relay.replies["STARTTLS"] = ["454 4.7.0 TLS not available", "220 go on\r\n250 injected"]

    witness = send(transport, *THREE)
    assert witness.events[-1] == "down: 454 4.7.0 TLS not available"

    # What came in the clear behind the go-ahead was said by who knows whom.
    assert send(transport, *THREE).fates == [Fate.ACCEPTED] * 3
    assert relay.recipients == ["a@example.org", "b@example.org", "c@example.org"]


@pytest.mark.parametrize(
    ("account", "word", "said"),
    [
        ("me:secret", "535 5.7.8 wrong password", "535 5.7.8 wrong password"),
        ("me:secret", "454 4.7.0 temporary failure", "454 4.7.0 temporary failure"),
        ("me:secret", close, "the relay hung up"),
        ("me:s%C3%A9cret", None, "the relay's host, user or password has letters"),
    ],
)
def test_a_sign_in_that_fails_sends_nothing_and_shows_no_password(opened, account, word, said):
    relay, _ = opened("PIPELINING", "AUTH PLAIN")
    relay.replies["AUTH"] = [word]
    address = relay.url.replace("//", f"//{account}@")
    transport = SmtpTransport(read_relays(address), SENDER, PATIENT)

    witness = send(transport, *THREE)

    assert witness.events[-1].startswith(f"down: {said}")
    assert "cret" not in witness.events[-1]
    assert relay.recipients == []


def test_a_relay_that_asks_for_no_password_is_not_given_one(opened):
    relay, _ = opened("PIPELINING")
    address = relay.url.replace("//", "//me:secret@")
    transport = SmtpTransport(read_relays(address), SENDER, PATIENT)

    assert send(transport, *THREE).events[-1].startswith("down: SMTPNotSupportedError")
    assert relay.commands == ["ehlo example.org"]
