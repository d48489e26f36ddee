"""A relay whose every word a test can choose, on a real socket.

It answers as a small relay would. What a test puts into `replies` is said instead, once each, in
order; `rule` may answer by what it is asked. A word is a text, or one of the doings below. Every
byte that it takes is kept.
"""

import contextlib
import socket
import ssl
import struct
import threading
from collections import defaultdict

USUAL = {
    "greeting": "220 relay.example.org",
    "HELO": "250 relay.example.org",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "dot": "250 2.0.0 taken",
    "RSET": "250 ok",
    "NOOP": "250 at your service",
    "QUIT": "221 bye",
    "STARTTLS": "220 go on",
}
SECONDS_TO_END = 20


def close(session):
    """End the connection without a word."""
    return False


def reset(session):
    """End the connection so that whoever writes to it is told so (RST)."""
    session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def talk_on(session):
    """Say something without an end."""
    while True:
        session.socket.sendall(b"250-and another thing\r\n" * 100)


def drone_on(session):
    """Say a line without an end."""
    while True:
        session.socket.sendall(b"blah " * 1000)


def drip(word):
    """Say a word, each byte in a packet of its own."""

    def do(session):
        for byte in f"{word}\r\n".encode():
            session.socket.sendall(bytes([byte]))
            session.wait(0.001)
        return True

    return do


def half(word):
    """Say the beginning of a word, and end the connection."""

    def do(session):
        session.socket.sendall(word.encode())
        return False

    return do


def late(word, seconds):
    """Say a word after a while."""

    def do(session):
        session.wait(seconds)
        return session.say(word)

    return do


def find_port():
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class ScriptedRelay:
    """A relay on loopback; `messages` are those whose final dot it has seen, as they came."""

    def __init__(self, *extensions, certificate=None, encrypted=False):
        self.extensions = list(extensions)
        self.certificate = certificate
        self.encrypted = encrypted
        """Whether from the start."""
        self.replies = defaultdict(list)
        self.rule = lambda about, line: None
        self.limit = None
        """How many messages it takes on one connection."""
        self.body_limit = None
        """After how many bytes of a body it hangs up."""
        self.messages = []
        self.acknowledged = []
        """Those of them that it has answered with a word that means yes."""
        self.commands = []
        self.streams = []
        """What it took on each connection."""
        self.over = threading.Event()
        self._sessions = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def port(self):
        return self._socket.getsockname()[1]

    @property
    def url(self):
        return f"{'smtps' if self.encrypted else 'smtp'}://127.0.0.1:{self.port}"

    @property
    def connections(self):
        return len(self.streams)

    @property
    def recipients(self):
        """Whom it was asked about, in order."""
        return [line[9:-1] for line in self.commands if line.startswith("RCPT TO:<")]

    def close(self):
        self.over.set()
        with contextlib.suppress(OSError):  # wakes the thread that waits for a connection
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(SECONDS_TO_END)
        for session, thread in self._sessions:
            with contextlib.suppress(OSError):
                session.socket.shutdown(socket.SHUT_RDWR)
            thread.join(SECONDS_TO_END)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.streams.append(bytearray())
                session = Session(self, connection, self.streams[-1])
                thread = threading.Thread(target=session.run, daemon=True)
                self._sessions.append((session, thread))
                thread.start()


class Session:
    """A connection, as the relay sees it."""

    def __init__(self, relay, connection, stream):
        self.relay = relay
        self.socket = connection
        self.stream = stream
        self.lines = None
        self.in_hand = []
        self.taken = 0
        self.last = ""

    def run(self):
        self.socket.settimeout(SECONDS_TO_END)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, ValueError):
            if self.relay.encrypted:
                self._encrypt()
            self._open()
            if self.answer("greeting"):
                self._listen()
        if self.lines is not None:
            self.lines.close()
        self.socket.close()

    def wait(self, seconds):
        self.relay.over.wait(seconds)

    def say(self, word):
        """Say or do a word, and tell whether the connection goes on."""
        if callable(word):
            return word(self)
        self.last = word
        if word.startswith("2"):
            self.relay.acknowledged += self.in_hand
        self.socket.sendall(word.encode() + b"\r\n")
        return not word.startswith("421")

    def answer(self, about, line=""):
        waiting = self.relay.replies[about]
        word = waiting.pop(0) if waiting else self.relay.rule(about, line)
        self.last = ""
        return self.say(word or self._usual(about))

    def _usual(self, about):
        if about == "EHLO":
            offers = [*self.relay.extensions]
            if self.relay.certificate and not isinstance(self.socket, ssl.SSLSocket):
                offers.append("STARTTLS")
            lines = ["relay.example.org", *offers]
            return "\r\n".join([*(f"250-{one}" for one in lines[:-1]), f"250 {lines[-1]}"])
        if about == "body":
            return close
        if about == "MAIL" and self.relay.limit is not None and self.taken >= self.relay.limit:
            return "421 4.7.0 too many messages on this connection"
        return USUAL.get(about, "500 5.5.1 what?")

    def _open(self):
        self.lines = self.socket.makefile("rb")

    def _encrypt(self):
        self.socket = self.relay.certificate.wrap_socket(self.socket, server_side=True)

    def _listen(self):
        for line in self.lines:
            self.stream += line
            text = line.decode().strip()
            self.relay.commands.append(text)
            verb = text[:8].upper() if text[:8].upper() == "STARTTLS" else text[:4].upper()
            if not self.answer(verb, text) or verb == "QUIT":
                return
            if verb == "STARTTLS" and self.last.startswith("220"):
                self._encrypt()
                self._open()
                return self._listen()
            if verb == "DATA" and self.last.startswith("354") and not self._take():
                return

    def _take(self):
        body = b""
        for line in self.lines:
            self.stream += line
            if line == b".\r\n":
                self.taken += 1
                self.relay.messages.append(body)
                self.in_hand = [body]
                goes_on = self.answer("dot")
                self.in_hand = []
                return goes_on
            body += line
            if self.relay.body_limit is not None and len(body) > self.relay.body_limit:
                self.answer("body")
                return False
        return False
