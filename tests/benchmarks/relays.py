"""Relays that take mail and throw it away, what else sends to them, and who is connected.

Postfix's `smtp-sink` answers at once. One that takes a millisecond for each answer is our own, for
`smtp-sink` can only wait for whole seconds.
"""

import os
import re
import shutil
import smtplib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from tests.benchmarks.servers import find_port
from tests.faults.sink import Manner, Sink

PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
"""Postfix's programs are where a path may not lead."""
BACKLOG = 1_000
START_SECONDS = 10.0
ESTABLISHED = "01"


@dataclass(frozen=True)
class Relay:
    """A relay on loopback."""

    port: int
    name: str
    count: Callable[[], int]
    """Tell how many messages it has taken so far."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"smtp://127.0.0.1:{self.port}"

    def count_connections(self) -> int:
        """Count who is connected at this instant."""
        to_it = f"0100007F:{self.port:04X}"
        lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        return sum(line.split()[2:4] == [to_it, ESTABLISHED] for line in lines)


@contextmanager
def run(folder: Path, answer_seconds: float) -> Iterator[Relay]:
    """Run a relay that takes that long for each answer until the block ends."""
    if answer_seconds:
        with _run_slow(folder, answer_seconds) as relay:
            yield relay
    else:
        with _run_postfix(folder) as relay:
            yield relay


@contextmanager
def _run_postfix(folder: Path) -> Iterator[Relay]:
    port, counted = find_port(), folder / "smtp-sink"
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [find_program("smtp-sink"), "-c", *as_nobody, f"127.0.0.1:{port}", str(BACKLOG)]
    with counted.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_until_it_listens(port)
        yield Relay(port, "smtp-sink", lambda: _read_count(counted))
    finally:
        process.kill()
        process.wait()


@contextmanager
def _run_slow(folder: Path, answer_seconds: float) -> Iterator[Relay]:
    sink = Sink(folder, is_careful=False)
    try:
        sink.behave(Manner(answer_seconds=answer_seconds))
        yield Relay(sink.port, f"sink, {answer_seconds * 1000:g} ms", sink.count)
    finally:
        sink.close()
        sink.path.unlink()


def find_program(name: str) -> str:
    """Return where one of Postfix's programs is.

    :raises SystemExit: it is not installed.
    """
    found = shutil.which(name, path=PLACES)
    if found is None:
        raise SystemExit(f"no {name} here: it comes with Postfix")
    return found


def send_with_smtp_source(
    relay: Relay, number: int, *, size: int, sessions: int, seconds: float
) -> float:
    """Let `smtp-source` send messages of a size, and return how many a second.

    :param seconds: after which it is stopped, and what it has sent by then counts.
    """
    command = [find_program("smtp-source"), "-d", "-s", str(sessions), "-m", str(number)]
    before, began = relay.count(), time.monotonic()
    process = subprocess.Popen(
        [*command, "-l", str(size), f"127.0.0.1:{relay.port}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    finally:
        taken, took = relay.count() - before, time.monotonic() - began
        process.kill()
        process.wait()
    return taken / took


def send_naively(relay: Relay, sample: bytes, number: int) -> float:
    """Send messages as most do, and return how many a second.

    Each is built anew by the standard library from the parts of one of ours, and sent by `smtplib`
    over one connection.
    """
    parsed = message_from_bytes(sample, policy=SMTP)
    parts = [part for part in parsed.walk() if not part.is_multipart()]
    began = time.monotonic()
    with smtplib.SMTP("127.0.0.1", relay.port) as client:
        for place in range(number):
            client.send_message(_build(parsed, parts, f"personne.{place}@example.org"))
    return number / (time.monotonic() - began)


def _build(parsed: EmailMessage, parts: list[EmailMessage], recipient: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    for name in ("From", "Subject", "Date", "Message-ID"):
        message[name] = parsed[name]
    message["To"] = recipient
    text, html, *others = parts
    message.set_content(text.get_content())
    message.add_alternative(html.get_content(), subtype="html")
    for other in others:
        content = other.get_content()
        content = content if isinstance(content, bytes) else content.encode()
        kind, _, subtype = other.get_content_type().partition("/")
        message.add_attachment(content, maintype=kind, subtype=subtype, filename="evenement.ics")
    return message


def _read_count(path: Path) -> int:
    """Read what `smtp-sink -c` has last said: it overwrites its line, as on a terminal."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 200))
        said = re.findall(rb"mesg=(\d+)\s*\r", file.read())
    return int(said[-1]) if said else 0


def _wait_until_it_listens(port: int) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the relay did not start")
