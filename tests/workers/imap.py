"""A mailbox on an IMAP server that a test can have stumble, on a real socket.

It answers what reading a folder asks, and no more. `lines` are the commands it was told, without
their tags; what they stumble over is in `bad`, `dropping` and `holding`.
"""

import base64
import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field


@dataclass
class Kept:
    """A message as the server keeps it."""

    content: bytes
    flags: set[str] = field(default_factory=set)


class ScriptedImap:
    """An IMAP server on loopback with one folder."""

    def __init__(self, *contents, folder='"INBOX"', capabilities="IMAP4rev1"):
        self.messages = {uid: Kept(content) for uid, content in enumerate(contents, 5)}
        self.folder = folder
        self.capabilities = capabilities
        self.password = "p/w d"
        self.lines = []
        self.bad = set()
        """Messages over which it says that it understands nothing."""
        self.dropping = set()
        """Messages over which it closes the connection."""
        self.holding = ""
        """A command that it does not answer until it is let go."""
        self.let_go = threading.Event()
        self.is_held = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self):
        port = self._socket.getsockname()[1]
        return f"imap://samira%40example.org:p%2Fw%20d@127.0.0.1:{port}"

    @property
    def seen(self):
        """Return which messages are marked as seen."""
        return {uid for uid, message in self.messages.items() if "\\Seen" in message.flags}

    def close(self):
        self.let_go.set()
        with contextlib.suppress(OSError):  # wakes the thread that waits for a connection
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(20)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._open.add(connection)
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("rwb") as stream:
            self._say(stream, "* OK ready")
            for line in stream:
                tag, _, command = line.decode().strip().partition(" ")
                self.lines.append(command)
                if self.holding and self.holding in command:
                    self.is_held.set()
                    self.let_go.wait(60)
                done = self._answer(stream, command)
                if done is None:
                    break
                self._say(stream, f"{tag} {done}")
        self._open.discard(connection)

    def _say(self, stream, line):
        stream.write(line.encode() + b"\r\n")
        stream.flush()

    def _answer(self, stream, command):
        match command.split():
            case ["CAPABILITY"]:
                self._say(stream, f"* CAPABILITY {self.capabilities}")
            case ["LOGIN", *_]:
                is_right = command == f'LOGIN "samira@example.org" "{self.password}"'
                return "OK in" if is_right else "NO not you, samira@example.org"
            case ["AUTHENTICATE", "PLAIN"]:
                self._say(stream, "+ ")
                said = base64.b64decode(stream.readline()).decode()
                return "OK in" if said == f"\0samira@example.org\0{self.password}" else "NO not you"
            case ["SELECT", *_]:
                if command != f"SELECT {self.folder}":
                    return "NO there is no such folder"
                self._say(stream, f"* {len(self.messages)} EXISTS")
                self._say(stream, "* OK [UIDVALIDITY 1603700000] so far")
                return "OK [READ-WRITE] open"
            case ["UID", "SEARCH", "UNSEEN", "UNDELETED"]:
                unseen = sorted(self.messages.keys() - self.seen, reverse=True)
                self._say(stream, " ".join(["* SEARCH", *map(str, unseen)]))
            case ["UID", "FETCH", uid, asked]:
                return self._fetch(stream, int(uid), asked)
            case ["UID", "STORE", uid, "+FLAGS.SILENT", flags]:
                self.messages[int(uid)].flags |= set(flags.strip("()").split())
            case ["LOGOUT"]:
                self._say(stream, "* BYE")
            case _:
                return "BAD what?"
        return "OK done"

    def _fetch(self, stream, uid, asked):
        if uid in self.dropping:
            return None
        if uid in self.bad:
            return "BAD that one is broken"
        start, length = map(int, re.fullmatch(r"\(BODY\.PEEK\[\]<(\d+)\.(\d+)>\)", asked).groups())
        part = self.messages[uid].content[start : start + length]
        stream.write(f"* 1 FETCH (UID {uid} BODY[]<{start}> {{{len(part)}}}\r\n".encode() + part)
        self._say(stream, ")")
        return "OK done"
