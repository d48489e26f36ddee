"""A relay whose every word a test can choose, on a real socket.

It answers as a small relay would. What a test puts into `replies` is said instead, once each, in
order; `CLOSE` ends the connection without a word.
"""

import contextlib
import socket
import threading
from collections import defaultdict

CLOSE = "close"
USUAL = {
    "greeting": "220 relay.example.org",
    "EHLO": "250-relay.example.org\r\n250 8BITMIME",
    "HELO": "250 relay.example.org",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "dot": "250 2.0.0 taken",
    "RSET": "250 ok",
    "NOOP": "250 ok",
    "QUIT": "221 bye",
}


def find_port():
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class ScriptedRelay:
    """A relay on loopback; `messages` are those whose final dot it has seen."""

    def __init__(self):
        self.replies = defaultdict(list)
        self.messages = []
        self.envelopes = []
        self.commands = []
        self.connections = 0
        self.delay_seconds = 0
        self.body_limit = None
        self._wake = threading.Event()
        self._said = threading.local()  # each connection has a thread of its own
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self):
        self._wake.set()
        with contextlib.suppress(OSError):  # wakes the thread that waits for a connection
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
            if not self._say(connection, "greeting"):
                return
            for line in lines:
                verb = line[:4].decode().strip().upper()
                self.commands.append(line.decode().strip())
                if not self._say(connection, verb):
                    return
                if verb == "DATA" and self._said.last.startswith("354"):
                    if not self._take(connection, lines):
                        return
                if verb == "QUIT":
                    return

    def _take(self, connection, lines):
        body = b""
        for line in lines:
            if line == b".\r\n":
                break
            body += line
            if self.body_limit is not None and len(body) > self.body_limit:
                return False
        else:
            return False
        self.messages.append(body)
        if self.delay_seconds:
            self._wake.wait(self.delay_seconds)
        return self._say(connection, "dot")

    def _say(self, connection, about):
        waiting = self.replies[about]
        word = waiting.pop(0) if waiting else USUAL.get(about, "500 what?")
        self._said.last = word
        if word == CLOSE:
            return False
        connection.sendall(word.encode() + b"\r\n")
        return not word.startswith("421")
