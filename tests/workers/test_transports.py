import os
import shutil
import ssl
import subprocess
import threading

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.workers.relay import CLOSE, ScriptedRelay, find_port
from webinars.mail import transports
from webinars.mail.transports import (
    Deferred,
    Encryption,
    FileTransport,
    Refused,
    RelayDown,
    SmtpTransport,
    Timeouts,
    Unanswered,
)

MESSAGE = b"Subject: Essai\r\n\r\nBonjour\r\n"
TO = "samira@example.org"
SENDER = "webinaires@example.org"


class Witness:
    """Notes in which order a message passed which point."""

    def __init__(self):
        self.points = []

    def before_dot(self):
        self.points.append("before-dot")

    def after_dot(self):
        self.points.append("after-dot")


@pytest.fixture
def relay():
    opened = ScriptedRelay()
    yield opened
    opened.close()


@pytest.fixture
def transport(relay):
    timeouts = Timeouts(connect=2, command=2, final_dot=2)
    opened = SmtpTransport(transports.read_relay(relay.url), SENDER, timeouts)
    yield opened
    opened.close()


def test_a_message_is_handed_over_from_the_bare_sender(relay, transport):
    witness = Witness()

    assert transport.send(TO, MESSAGE, "1", witness) == "250 2.0.0 taken"

    assert relay.messages == [MESSAGE]
    assert f"mail FROM:<{SENDER}>" in relay.commands
    assert f"rcpt TO:<{TO}>" in relay.commands
    assert witness.points == ["before-dot", "after-dot"]


def test_one_connection_serves_many_messages(relay, transport):
    for number in range(5):
        transport.send(TO, MESSAGE, str(number))

    assert (relay.connections, len(relay.messages)) == (1, 5)


def test_each_thread_has_a_connection_of_its_own_and_all_are_closed(relay, transport):
    def send():
        transport.send(TO, MESSAGE, "1")

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert relay.connections == 3

    transport.close()
    assert [command.lower() for command in relay.commands].count("quit") == 3


@pytest.mark.parametrize(
    ("about", "word", "refusal"),
    [
        ("greeting", "421 too busy", RelayDown),
        ("greeting", "554 go away", RelayDown),
        ("greeting", CLOSE, RelayDown),
        ("EHLO", CLOSE, RelayDown),
        ("MAIL", "530 sign in first", RelayDown),
        ("MAIL", "550 not that sender", RelayDown),
        ("MAIL", "421 closing", RelayDown),
        ("MAIL", CLOSE, RelayDown),
        ("MAIL", "452 no room", Deferred),
        ("RCPT", "450 greylisted", Deferred),
        ("RCPT", "421 not so fast", Deferred),
        ("RCPT", CLOSE, Deferred),
        ("RCPT", "550 5.1.1 unknown", Refused),
        ("DATA", "451 later", Deferred),
        ("DATA", "554 no", Refused),
        ("DATA", CLOSE, Deferred),
        ("dot", "451 4.7.1 later", Deferred),
        ("dot", "421 4.3.0 closing", Deferred),
        ("dot", "554 5.7.1 spam", Refused),
        ("dot", "550-5.7.1 two\r\n550 5.7.1 lines", Refused),
        ("dot", CLOSE, Unanswered),
        ("dot", "354 what?", Unanswered),
        ("dot", "what now", Unanswered),
    ],
)
def test_each_answer_means_one_thing_and_the_next_message_goes(
    relay, transport, about, word, refusal
):
    relay.replies[about] = [word]

    with pytest.raises(refusal) as raised:
        transport.send(TO, MESSAGE, "1")

    if word != CLOSE and refusal is not RelayDown:
        assert raised.value.reply.endswith(word.split()[-1])
    assert "\n" not in raised.value.reply
    relay.messages.clear()
    assert transport.send(TO, MESSAGE, "2") == "250 2.0.0 taken"
    assert relay.messages == [MESSAGE]


def test_only_what_follows_the_dot_is_unknown(relay, transport):
    witness = Witness()
    relay.replies["dot"] = [CLOSE]
    with pytest.raises(Unanswered):
        transport.send(TO, MESSAGE, "1", witness)
    assert witness.points == ["before-dot", "after-dot"]

    witness = Witness()
    relay.replies["RCPT"] = ["550 unknown"]
    with pytest.raises(Refused):
        transport.send(TO, MESSAGE, "1", witness)
    assert witness.points == []


def test_a_relay_that_is_silent_after_the_dot_is_not_waited_for_for_ever(relay, transport):
    relay.delay_seconds = 5
    transport.timeouts = Timeouts(connect=2, command=2, final_dot=0.3)

    with pytest.raises(Unanswered):
        transport.send(TO, MESSAGE, "1")


def test_a_connection_lost_within_the_message_costs_an_attempt(relay, transport):
    relay.body_limit = 100_000

    with pytest.raises(Deferred):
        transport.send(TO, MESSAGE + (b"a" * 998 + b"\r\n") * 16_000, "1")


@pytest.mark.parametrize("word", ["421 4.4.2 idle for too long", CLOSE])
def test_a_connection_that_ended_meanwhile_is_opened_anew_at_once(relay, transport, word):
    transport.send(TO, MESSAGE, "1")
    relay.replies["MAIL"] = [word]

    transport.send(TO, MESSAGE, "2")

    assert (relay.connections, len(relay.messages)) == (2, 2)


def test_a_connection_idle_for_long_is_not_trusted(relay, transport, monkeypatch):
    transport.send(TO, MESSAGE, "1")
    monkeypatch.setattr(transports, "IDLE_SECONDS", -1)

    transport.send(TO, MESSAGE, "2")

    assert relay.connections == 2


def test_nobody_at_the_address_means_that_nothing_was_sent(relay, transport):
    relay.close()

    with pytest.raises(RelayDown):
        transport.send(TO, MESSAGE, "1")
    with pytest.raises(RelayDown):
        transport.check()


def test_a_check_says_what_the_relay_answers(relay, transport):
    relay.replies["NOOP"] = ["250 at your service"]

    assert transport.check() == "250 at your service"


@pytest.mark.parametrize(
    ("message", "arrives"),
    [
        pytest.param(b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n", id="a line that is a dot"),
        pytest.param(b".a\r\n", b"..a\r\n", id="a first line that begins with a dot"),
        pytest.param(b"a\n.\nb", b"a\r\n..\r\nb\r\n", id="bare line feeds"),
        pytest.param(b"a\r.\rMAIL", b"a\r\n..\r\nMAIL\r\n", id="bare carriage returns"),
        pytest.param(b"a\n\r.\r\n", b"a\r\n\r\n..\r\n", id="both the wrong way round"),
    ],
)
def test_no_text_can_end_the_message_early(relay, transport, message, arrives):
    transport.send(TO, message, "1")

    assert relay.messages == [arrives]


@pytest.mark.parametrize(
    "recipient",
    ["", "samira", "@example.org", "samira@", "a@example.org>\r\nRSET", "a b@example.org", "<a@b>"],
)
def test_what_is_no_address_never_reaches_the_relay(relay, transport, recipient):
    with pytest.raises(Refused):
        transport.send(recipient, MESSAGE, "1")

    assert relay.commands == []


def test_a_domain_in_other_letters_is_written_in_ascii(relay, transport):
    transport.send("samira@fès.example.org", MESSAGE, "1")

    assert "rcpt TO:<samira@xn--fs-7ia.example.org>" in relay.commands


def test_a_name_in_other_letters_goes_only_where_the_relay_takes_it(relay, transport):
    with pytest.raises(Refused):
        transport.send("samïra@example.org", MESSAGE, "1")

    relay.replies["EHLO"] = ["250-relay\r\n250-8BITMIME\r\n250 SMTPUTF8"]
    transport.check()
    relay.replies["EHLO"] = ["250-relay\r\n250-8BITMIME\r\n250 SMTPUTF8"]
    transport.send("samïra@example.org", MESSAGE, "1")
    assert len(relay.messages) == 1


def test_eight_bits_are_announced(relay, transport):
    transport.send(TO, "Subject: é\r\n\r\né\r\n".encode(), "1")

    assert f"mail FROM:<{SENDER}> BODY=8BITMIME" in relay.commands


@pytest.mark.parametrize(
    ("url", "port", "user", "password", "encryption"),
    [
        ("smtp://relay.example.org", 25, None, "", Encryption.WHEN_OFFERED),
        ("smtp://relay.example.org:587?starttls=require", 587, None, "", Encryption.REQUIRED),
        ("smtps://relay.example.org", 465, None, "", Encryption.FROM_THE_START),
        ("smtp://me%40a:p%2Fw@relay.example.org", 25, "me@a", "p/w", Encryption.WHEN_OFFERED),
    ],
)
def test_the_address_of_the_relay_says_how_to_speak_to_it(url, port, user, password, encryption):
    relay = transports.read_relay(url)

    assert (relay.host, relay.port) == ("relay.example.org", port)
    assert (relay.user, relay.password, relay.encryption) == (user, password, encryption)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Make a certificate that nobody trusts."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl here")
    folder = tmp_path_factory.mktemp("certificate")
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split()
    made = {"-keyout": "key.pem", "-out": "certificate.pem"}
    paths = [part for flag, name in made.items() for part in (flag, str(folder / name))]
    subprocess.run(["openssl", *words, *paths], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


class Taken:
    def __init__(self):
        self.sessions = []

    async def handle_DATA(self, server, session, envelope):
        self.sessions.append((session.ssl is not None, session.authenticated))
        return "250 taken"


def let_in(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture
def real_relay(certificate):
    """Run a server that offers STARTTLS and wants a password."""
    handler = Taken()
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=find_port(),
        tls_context=certificate,
        authenticator=let_in,
        auth_require_tls=True,
    )
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


def open_real(handler, credentials="me:right", query=""):
    return transports.open_transport(
        f"smtp://{credentials}@127.0.0.1:{handler.port}{query}", SENDER
    )


def test_a_relays_own_certificate_will_do_where_encryption_is_only_offered(real_relay):
    transport = open_real(real_relay)

    transport.send(TO, MESSAGE, "1")
    transport.close()

    assert real_relay.sessions == [(True, True)]


def test_a_certificate_that_nobody_trusts_is_refused_where_encryption_is_required(real_relay):
    with pytest.raises(RelayDown, match="certificate"):
        open_real(real_relay, query="?starttls=require").send(TO, MESSAGE, "1")


def test_a_wrong_password_sends_nothing_and_is_not_shown(real_relay):
    with pytest.raises(RelayDown) as raised:
        open_real(real_relay, "me:wrong-secret").send(TO, MESSAGE, "1")

    assert "wrong-secret" not in raised.value.reply


def test_a_relay_without_encryption_is_refused_where_it_is_required(relay):
    transport = transports.open_transport(f"{relay.url}?starttls=require", SENDER)

    with pytest.raises(RelayDown):
        transport.send(TO, MESSAGE, "1")
    assert not any(command.startswith("mail") for command in relay.commands)


def test_a_folder_receives_one_file_a_message_and_a_resend_takes_its_place(tmp_path):
    transport = transports.open_transport(f"file:{tmp_path}/outbox", SENDER)
    assert isinstance(transport, FileTransport)

    transport.send(TO, MESSAGE, "20201103-1")
    transport.send(TO, MESSAGE, "20201103-1")
    transport.send(TO, b"other", "20201103-2")

    names = sorted(path.name for path in (tmp_path / "outbox").iterdir())
    assert names == ["20201103-1.eml", "20201103-2.eml"]
    assert (tmp_path / "outbox" / "20201103-1.eml").read_bytes() == MESSAGE


def test_a_folder_that_cannot_be_written_to_means_that_nothing_was_sent(tmp_path):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    transport = FileTransport(tmp_path / "outbox")

    with pytest.raises(RelayDown):
        transport.send(TO, MESSAGE, "1")
    with pytest.raises(RelayDown):
        transport.check()


def test_a_folder_is_checked_without_leaving_anything(tmp_path):
    transport = FileTransport(tmp_path / "outbox")

    assert transport.check() == str(tmp_path / "outbox")
    assert os.listdir(tmp_path / "outbox") == []
