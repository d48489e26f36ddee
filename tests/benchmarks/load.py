"""A light load: many clients in one process, each a generator of requests, on keep-alive sockets.

It shares two cores with what it measures, so it does no more than it must: one `send` and mostly
one `recv` a request, no parsing beyond status, length and what a scenario asks for.
"""

import multiprocessing
import re
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
LOCATION = re.compile(rb"\r\nlocation: *([^\r]+)", re.IGNORECASE)
COOKIE = re.compile(rb"\r\nset-cookie: *([^=]+=[^;\r]*)", re.IGNORECASE)
CLOSING = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
INPUT = re.compile(rb"<input\b[^>]*>", re.IGNORECASE)
ATTRIBUTE = re.compile(rb'([a-z-]+)="([^"]*)"', re.IGNORECASE)
SILENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    head: bytes
    body: bytes

    @property
    def location(self) -> str:
        """Where a redirect leads: the path alone."""
        found = LOCATION.search(self.head)
        if found is None:
            raise LoadFailed(f"no Location in an answer {self.status}")
        return re.sub(r"^https?://[^/]+", "", found[1].decode())

    @property
    def cookies(self) -> str:
        """What the next request has to send back."""
        return "; ".join(cookie.decode() for cookie in COOKIE.findall(self.head))

    def expect(self, status: int) -> "Answer":
        """Return itself, or stop the measurement: a figure of refusals would be worthless."""
        if self.status != status:
            start = re.sub(rb"\s+", b" ", self.body)[:2000].decode(errors="replace")
            raise LoadFailed(f"expected {status}, not {self.status}: {start}")
        return self

    def hidden_fields(self) -> dict[str, str]:
        """Return what the form carries unseen: the CSRF token and the form's identity."""
        fields = {}
        for tag in INPUT.findall(self.body):
            attributes = {name.lower(): value for name, value in ATTRIBUTE.findall(tag)}
            if attributes.get(b"type") == b"hidden":
                fields[attributes[b"name"].decode()] = attributes.get(b"value", b"").decode()
        return fields


class LoadFailed(Exception):
    """Raised when the service does not do what is measured."""


Scenario = Generator[bytes, Answer, None]


@dataclass(frozen=True)
class Figures:
    """How fast a scenario went."""

    count: int
    seconds: float
    latencies: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """Scenarios a second."""
        return self.count / self.seconds

    def milliseconds_at(self, share: float) -> float:
        """Return the time that this share of the scenarios stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def get(path: str, cookies: str = "") -> bytes:
    """Return the bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\n{_headers(cookies)}\r\n".encode()


def post(path: str, fields: dict[str, str] | None = None, cookies: str = "") -> bytes:
    """Return the bytes of a POST of a form."""
    body = urlencode(fields or {})
    return (
        f"POST {path} HTTP/1.1\r\n{_headers(cookies)}"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def measure(
    port: int, scenarios: Callable[[], Iterable[Scenario]], *, clients: int, seconds: float
) -> Figures:
    """Run scenarios one after the other on each of so many clients, in a process of its own.

    Ends with the scenarios or with the time, whichever comes first; those under way at the end of
    the time are not counted.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, port, scenarios, clients, seconds))
    process.start()
    try:
        if not ours.poll(seconds + SILENCE_SECONDS + 10):
            raise LoadFailed("the load client does not answer")
        result = ours.recv()
    finally:
        process.kill()
        process.join()
    if isinstance(result, Exception):
        raise result
    return result


def _headers(cookies: str) -> str:
    said = "Host: 127.0.0.1\r\nAccept-Language: fr\r\n"
    return f"{said}Cookie: {cookies}\r\n" if cookies else said


def _run(pipe, port, scenarios, clients, seconds) -> None:
    try:
        pipe.send(_Load(port, iter(scenarios()), clients, seconds).run())
    except Exception as error:
        pipe.send(LoadFailed(f"{type(error).__name__}: {error}"))


class _Client:
    """One connection and the scenario that it is in."""

    __slots__ = ("began", "buffer", "fresh", "needed", "request", "scenario", "socket")

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.buffer = bytearray()


class _Load:
    def __init__(self, port: int, scenarios: Iterator[Scenario], clients: int, seconds: float):
        self.port = port
        self.scenarios = scenarios
        self.clients = clients
        self.seconds = seconds
        self.selector = selectors.EpollSelector()
        self.latencies: deque[float] = deque()
        self.running = 0
        self.finished_at = 0.0

    def run(self) -> Figures:
        start = time.perf_counter()
        for _ in range(self.clients):
            self._begin(_Client())
        while self.running and time.perf_counter() - start < self.seconds:
            ready = self.selector.select(timeout=SILENCE_SECONDS)
            if not ready:
                raise LoadFailed(f"no answer within {SILENCE_SECONDS:.0f} s")
            for key, _ in ready:
                self._read(key.data)
        took = (self.finished_at if not self.running else time.perf_counter()) - start
        return Figures(len(self.latencies), took, tuple(self.latencies))

    def _begin(self, client: _Client) -> None:
        scenario = next(self.scenarios, None)
        if scenario is None:
            self._disconnect(client)
            self.finished_at = time.perf_counter()
            return
        self.running += 1
        client.scenario = scenario
        client.began = time.perf_counter()
        self._send(client, next(scenario))

    def _send(self, client: _Client, request: bytes) -> None:
        client.request = request
        client.buffer.clear()
        client.needed = 0
        if client.socket is None:
            client.socket = socket.create_connection(("127.0.0.1", self.port))
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.fresh = True
            self.selector.register(client.socket, selectors.EVENT_READ, client)
        else:
            client.fresh = False
        try:
            client.socket.sendall(request)
        except OSError:
            self._reconnect(client)

    def _read(self, client: _Client) -> None:
        try:
            received = client.socket.recv(262_144)
        except ConnectionError:
            received = b""
        if not received:
            self._reconnect(client)
            return
        client.buffer += received
        if len(client.buffer) < client.needed:
            return
        answer = self._take_answer(client)
        if answer is None:
            return
        if CLOSING.search(answer.head):
            self._disconnect(client)
        try:
            request = client.scenario.send(answer)
        except StopIteration:
            self.finished_at = time.perf_counter()
            self.latencies.append(self.finished_at - client.began)
            self.running -= 1
            self._begin(client)
        else:
            self._send(client, request)

    def _take_answer(self, client: _Client) -> Answer | None:
        end = client.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(client.buffer[:end])
        status = int(head[9:12])
        length = LENGTH.search(head)
        if length is None and CHUNKED.search(head):
            if not client.buffer.endswith(b"0\r\n\r\n"):
                return None
            return Answer(status, head, bytes(client.buffer[end + 4 :]))
        client.needed = end + 4 + (int(length[1]) if length else 0)
        if len(client.buffer) < client.needed:
            return None
        return Answer(status, head, bytes(client.buffer[end + 4 : client.needed]))

    def _reconnect(self, client: _Client) -> None:
        """Send again on a new connection: a server may close one that has been idle."""
        if client.fresh:
            raise LoadFailed("the server hung up without an answer")
        self._disconnect(client)
        self._send(client, client.request)

    def _disconnect(self, client: _Client) -> None:
        if client.socket is not None:
            self.selector.unregister(client.socket)
            client.socket.close()
            client.socket = None
