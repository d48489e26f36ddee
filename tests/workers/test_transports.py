"""The ways for messages to leave: what their addresses say, a folder, several relays."""

import os
import threading

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.workers.relay import ScriptedRelay, close, find_port
from tests.workers.test_smtp import PATIENT, SENDER, THREE, Witness, send
from webinars.mail.messages import RelayDown
from webinars.mail.relays import Encryption, read_relays
from webinars.mail.replies import Fate
from webinars.mail.transports import FileTransport, SmtpTransport, open_transport
from webinars.models import Failure


@pytest.mark.parametrize(
    ("url", "port", "user", "password", "encryption"),
    [
        ("smtp://relay.example.org", 25, None, "", Encryption.WHEN_OFFERED),
        ("smtp://relay.example.org:587?starttls=require", 587, None, "", Encryption.REQUIRED),
        ("smtps://relay.example.org", 465, None, "", Encryption.FROM_THE_START),
        ("smtps://relay.example.org?starttls=require", 465, None, "", Encryption.FROM_THE_START),
        ("smtp://me%40a:p%2Fw@relay.example.org", 25, "me@a", "p/w", Encryption.WHEN_OFFERED),
    ],
)
def test_the_address_of_a_relay_says_how_to_speak_to_it(url, port, user, password, encryption):
    (relay,) = read_relays(url)

    assert (relay.host, relay.port) == ("relay.example.org", port)
    assert (relay.user, relay.password, relay.encryption) == (user, password, encryption)


def test_several_relays_stand_in_order_of_preference_each_with_limits_of_its_own():
    transport = open_transport(
        "smtp://me:secret@a.example.org?rate=600&per_connection=100"
        " smtps://b.example.org?starttls=require&per_connection=20"
        "  smtp://[2001:db8::1]:2525?rate=30",
        SENDER,
    )

    names = ("smtp://a.example.org:25", "smtps://b.example.org:465", "smtp://[2001:db8::1]:2525")
    assert transport.relays == names
    assert transport.rates == {names[0]: 600, names[2]: 30}


def test_the_limit_of_a_connection_is_read_from_the_address():
    relays = read_relays("smtp://a.example.org?per_connection=100 smtp://b.example.org")

    assert [relay.per_connection for relay in relays] == [100, None]


def test_two_accounts_at_one_relay_have_names_that_tell_neither():
    names = [relay.name for relay in read_relays("smtp://a:x@h.example smtp://b:y@h.example")]

    assert names == ["smtp://h.example:25", "smtp://h.example:25#2"]


@pytest.fixture
def relays():
    opened = [ScriptedRelay("PIPELINING"), ScriptedRelay("PIPELINING")]
    yield opened
    for relay in opened:
        relay.close()


@pytest.fixture
def transport(relays):
    opened = SmtpTransport(read_relays(" ".join(relay.url for relay in relays)), SENDER, PATIENT)
    yield opened
    opened.close()


def test_the_caller_chooses_the_relay(relays, transport):
    for relay in transport.relays:
        transport.send(relay, THREE, Witness())

    assert [len(relay.messages) for relay in relays] == [3, 3]
    assert [relay.connections for relay in relays] == [1, 1]


def test_each_thread_has_connections_of_its_own_and_all_are_closed_with_a_word(relays, transport):
    threads = [threading.Thread(target=send, args=(transport, *THREE)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (relays[0].connections, len(relays[0].messages)) == (3, 9)

    transport.close()
    assert all(stream.endswith(b".\r\nQUIT\r\n") for stream in relays[0].streams)


def test_a_transport_that_was_closed_opens_again(relays, transport):
    send(transport, *THREE)
    transport.close()

    assert send(transport, *THREE).fates == [Fate.ACCEPTED] * 3


def test_a_check_says_what_each_relay_answers(relays, transport):
    relays[1].replies["NOOP"] = ["250 ready"]

    first, second = transport.relays
    assert transport.check() == f"{first}: 250 at your service; {second}: 250 ready"
    assert all(relay.commands[-1] == "QUIT" for relay in relays)


def test_one_relay_that_answers_will_do(relays, transport):
    relays[0].replies["greeting"] = ["554 5.7.1 go away"]

    first, second = transport.relays
    assert transport.check() == f"{first}: 554 5.7.1 go away; {second}: 250 at your service"


def test_when_none_answers_each_is_named(relays, transport):
    relays[0].replies["greeting"] = ["554 5.7.1 go away"]
    relays[1].replies["NOOP"] = [close]

    first, second = transport.relays
    with pytest.raises(RelayDown) as caught:
        transport.check()
    assert caught.value.reply == f"{first}: 554 5.7.1 go away; {second}: the relay hung up"


class Taken:
    """A server of the standard asynchronous kind, which takes everything."""

    def __init__(self):
        self.sessions = []

    async def handle_DATA(self, server, session, envelope):
        self.sessions.append((session.authenticated, envelope.rcpt_tos))
        return "250 taken"


def let_in(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture
def real_server():
    """Run a server that takes a password."""
    handler = Taken()
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=find_port(),
        authenticator=let_in,
        auth_require_tls=False,
    )
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


def test_a_real_server_lets_in_with_the_right_password_only(real_server):
    address = f"smtp://me:%s@127.0.0.1:{real_server.port}"
    transport = open_transport(address % "right", SENDER)

    assert send(transport, *THREE).fates == [Fate.ACCEPTED] * 3
    transport.close()

    assert real_server.sessions == [(True, [message.recipient]) for message in THREE]
    with pytest.raises(RelayDown) as caught:
        open_transport(address % "wrong-secret", SENDER).check()
    assert "535" in caught.value.reply
    assert "wrong-secret" not in caught.value.reply


def test_a_folder_receives_one_file_a_message_and_a_resend_takes_its_place(tmp_path):
    transport = open_transport(f"file:{tmp_path}/outbox", SENDER)
    assert (transport.relays, dict(transport.rates)) == (("file",), {})

    witness = send(transport, *THREE)
    send(transport, *THREE[:2])

    assert witness.events == [
        event
        for key in (1, 2, 3)
        for event in (f"pull {key}", f"body {key}", f"dot {key}", f"accepted {key}")
    ]
    assert sorted(os.listdir(tmp_path / "outbox")) == ["1.eml", "2.eml", "3.eml"]
    assert (tmp_path / "outbox" / "1.eml").read_bytes() == THREE[0].content


def test_a_folder_that_cannot_be_written_to_means_that_nothing_was_sent(tmp_path):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    transport = FileTransport(tmp_path / "outbox")

    witness = send(transport, *THREE)

    assert witness.events[0] == "pull 1"
    assert [event.partition(":")[0] for event in witness.events[1:]] == ["down"]
    with pytest.raises(RelayDown):
        transport.check()


def test_a_file_that_cannot_be_put_in_its_place_is_put_off(tmp_path):
    transport = FileTransport(tmp_path)
    (tmp_path / "1.eml").mkdir()

    witness = send(transport, *THREE)

    assert witness.fates == [Fate.DEFERRED, Fate.ACCEPTED, Fate.ACCEPTED]
    assert witness.results[1].failure is Failure.OTHER
    assert sorted(os.listdir(tmp_path)) == ["1.eml", "2.eml", "3.eml"]


def test_a_folder_is_checked_without_leaving_anything(tmp_path):
    transport = FileTransport(tmp_path / "outbox")

    assert transport.check() == str(tmp_path / "outbox")
    assert os.listdir(tmp_path / "outbox") == []
