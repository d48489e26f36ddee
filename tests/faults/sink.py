"""A relay of the tests, in a process of its own: what it takes is on the disk before it says so.

It can take its time, read slowly through a small window, and hang up after a final dot with or
without having taken the message: only then does a dead sender's kernel drop what it had accepted,
and only then does nobody know what became of a message.
"""

import hashlib
import itertools
import multiprocessing
import os
import random
import re
import select
import signal
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

# Each process is forked from one that has loaded everything and started nothing.
FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.faults.process"])

END = b"\r\n.\r\n"
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
RECIPIENT = re.compile(rb"<([^>]*)>")
HEAD_BYTES = 4096
READ_BYTES = 262_144
USUAL_WINDOW = 262_144
TAKEN = "taken"
UNSAID = "unsaid"
"""Taken, but it hung up instead of saying so."""
LOST = "lost"
"""It hung up, and has kept nothing."""
DEAF_SECONDS = 0.05


@dataclass(frozen=True)
class Manner:
    """How the relay behaves."""

    answer_seconds: float = 0.0
    """Before every reply."""
    dot_seconds: float = 0.0
    """Before the reply to a final dot, besides."""
    window: int = USUAL_WINDOW
    """How much the kernel takes for it on a connection that begins from now on, in bytes."""
    bytes_a_read: int = READ_BYTES
    pause_seconds: float = 0.0
    """Between two looks at one connection."""
    drop_rate: float = 0.0
    """How often, from 0 to 1, it hangs up after a final dot; each second time it took the mail."""


class Taken(NamedTuple):
    """A message whose final dot the relay has seen."""

    fate: str
    taken_at: float
    begun_at: float
    """When the sender began with its envelope, in seconds of the epoch."""
    connection: int
    open_connections: int
    recipient: str
    digest: str
    message_id: str


class Sink:
    """The relay's process, and what it has written down."""

    def __init__(self, folder: Path, *, is_careful: bool = True) -> None:
        """Start it.

        :param is_careful: note digests, and have all on the disk before the reply.
        """
        self.path = folder / "taken"
        self.path.touch()
        self._ours, theirs = FORKING.Pipe()
        self._process = FORKING.Process(
            target=_serve, args=(theirs, self.path, is_careful), daemon=True
        )
        self._process.start()
        theirs.close()
        self.port = self._ours.recv()
        self._read: list[Taken] = []
        self._offset = self._kept = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"smtp://127.0.0.1:{self.port}"

    def behave(self, manner: Manner) -> None:
        """Let it behave so from now on."""
        self._ours.send(manner)
        self._ours.recv()

    def list_messages(self) -> list[Taken]:
        """List every message whose final dot it has seen, in their order."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        fresh = [_read_line(line) for line in whole.decode().split("\n") if line]
        self._kept += sum(one.fate != LOST for one in fresh)
        self._read += fresh
        return self._read

    def count(self) -> int:
        """Count the messages it has kept."""
        self.list_messages()
        return self._kept

    def close(self) -> None:
        """End it."""
        self._ours.close()
        self._process.kill()
        self._process.join()
        self._process.close()


def _read_line(line: str) -> Taken:
    fate, taken_at, begun_at, connection, opened, recipient, digest, message_id = line.split("\t")
    times = float(taken_at), float(begun_at)
    return Taken(fate, *times, int(connection), int(opened), recipient, digest, message_id)


def _serve(pipe, path: Path, is_careful: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    with path.open("ab", buffering=0) as log:
        _Relay(pipe, log, is_careful).run()


@dataclass(eq=False)
class _Connection:
    """A sender, where it stands, and what it is still to be told."""

    socket: socket.socket
    number: int
    buffer: bytearray = field(default_factory=bytearray)
    replies: deque[tuple[float, bytes]] = field(default_factory=deque)
    in_message: bool = False
    searched: int = 0
    begun_at: float = 0.0
    recipient: str = ""
    read_again_at: float = 0.0
    told_until: float = 0.0
    is_over: bool = False


class _Relay:
    def __init__(self, pipe, log, is_careful: bool) -> None:
        self.pipe = pipe
        self.log = log
        self.is_careful = is_careful
        self.manner = Manner()
        self.space = memoryview(bytearray(READ_BYTES))
        self.chance = random.Random(1047)
        self.drops = itertools.cycle([UNSAID, LOST])
        self.numbers = itertools.count(1)
        self.connections: dict[int, _Connection] = {}
        self.lines: list[str] = []
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.listening.setblocking(False)
        pipe.send(self.listening.getsockname()[1])

    def run(self) -> None:
        """Go on until whoever started it is gone."""
        while True:
            for ready in self._wait():
                if ready is self.pipe:
                    try:
                        self._change(self.pipe.recv())
                    except EOFError:
                        return
                elif ready is self.listening:
                    self._accept()
                else:
                    self._read(self.connections[ready])
            self._write_down()
            for connection in list(self.connections.values()):
                self._reply(connection)

    def _wait(self) -> list:
        """Wait until someone speaks, or is to be told something."""
        now = time.monotonic()
        readable = [self.pipe, self.listening]
        wakes = []
        for number, connection in self.connections.items():
            if connection.replies:
                wakes.append(connection.replies[0][0])
            if connection.read_again_at <= now:
                readable.append(number)
            else:
                wakes.append(connection.read_again_at)
        timeout = max(0.0, min(wakes) - now) if wakes else None
        # Unlike `epoll`, `select` can wait for a part of a millisecond.
        return select.select(readable, [], [], timeout)[0]

    def _change(self, manner: Manner) -> None:
        self.manner = manner
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, manner.window)
        self.pipe.send(None)

    def _accept(self) -> None:
        sender, _ = self.listening.accept()
        sender.setblocking(False)
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(sender, next(self.numbers))
        self.connections[sender.fileno()] = connection
        self._say(connection, b"220 sink.example.org ESMTP\r\n")

    def _read(self, connection: _Connection) -> None:
        try:
            # Into one buffer: a fresh one of this size for each read would cost more than all else.
            size = connection.socket.recv_into(self.space, self.manner.bytes_a_read)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self._hang_up(connection)
            return
        if self.manner.pause_seconds:
            connection.read_again_at = time.monotonic() + self.manner.pause_seconds
        connection.buffer += self.space[:size]
        while not connection.is_over and (
            self._take(connection) if connection.in_message else self._obey(connection)
        ):
            pass

    def _obey(self, connection: _Connection) -> bool:
        """Answer the next command, if there is a whole one."""
        end = connection.buffer.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(connection.buffer[:end])
        del connection.buffer[: end + 2]
        verb = line[:4].upper()
        if verb == b"MAIL":
            connection.begun_at = time.time()
        elif verb == b"RCPT":
            found = RECIPIENT.search(line)
            connection.recipient = found[1].decode() if found else ""
        elif verb == b"DATA":
            connection.in_message, connection.searched = True, 0
        self._say(connection, _REPLIES.get(verb, b"250 2.0.0 ok\r\n"))
        return True

    def _take(self, connection: _Connection) -> bool:
        """Take the message, if all of it is there."""
        end = connection.buffer.find(END, connection.searched)
        if end < 0:
            connection.searched = max(0, len(connection.buffer) - len(END) + 1)
            return False
        message = connection.buffer[: end + 2]
        del connection.buffer[: end + len(END)]
        connection.in_message = False
        is_dropped = self.manner.drop_rate and self.chance.random() < self.manner.drop_rate
        fate = next(self.drops) if is_dropped else TAKEN
        self.lines.append(self._describe(connection, message, fate))
        if is_dropped:
            self._hang_up(connection)
        else:
            self._say(connection, b"250 2.0.0 taken\r\n", self.manner.dot_seconds)
        return not is_dropped

    def _describe(self, connection: _Connection, message: bytearray, fate: str) -> str:
        found = MESSAGE_ID.search(message, 0, HEAD_BYTES)
        digest = hashlib.sha256(message).hexdigest() if self.is_careful else ""
        parts = (
            fate,
            f"{time.time():.6f}",
            f"{connection.begun_at:.6f}",
            connection.number,
            len(self.connections),
            connection.recipient,
            digest,
            found[1].decode() if found else "",
        )
        return "\t".join(str(part) for part in parts) + "\n"

    def _write_down(self) -> None:
        """Put on the disk what was taken; only then is anyone told."""
        if not self.lines:
            return
        self.log.write("".join(self.lines).encode())
        if self.is_careful:
            os.fdatasync(self.log.fileno())
        self.lines.clear()

    def _say(self, connection: _Connection, reply: bytes, later: float = 0.0) -> None:
        at = time.monotonic() + self.manner.answer_seconds + later
        connection.told_until = at = max(at, connection.told_until)
        connection.replies.append((at, reply))

    def _reply(self, connection: _Connection) -> None:
        now = time.monotonic()
        while connection.replies and connection.replies[0][0] <= now:
            _, reply = connection.replies[0]
            try:
                connection.socket.send(reply)
            except BlockingIOError:  # it listens to nothing at present
                connection.replies[0] = (now + DEAF_SECONDS, reply)
                return
            except OSError:
                self._hang_up(connection)
                return
            connection.replies.popleft()
            if reply.startswith(b"221"):
                self._hang_up(connection)
                return

    def _hang_up(self, connection: _Connection) -> None:
        if not connection.is_over:
            connection.is_over = True
            del self.connections[connection.socket.fileno()]
            connection.socket.close()


_REPLIES = {
    b"EHLO": b"250-sink.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
    b"250-ENHANCEDSTATUSCODES\r\n250 SIZE 52428800\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}
