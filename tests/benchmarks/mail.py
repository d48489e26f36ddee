"""A hundred thousand personal mails from due to recorded, beside `smtp-source` into the same relay.

The mails are the service's own: confirmations as an import leaves them, with text, HTML, calendar
entry and the personal link. Pages, worker and timer are the real ones. While they send, someone
registers through the pages five times a second, and waits for her confirmation.

`MAILS=5000` measures with fewer, `RUNS=postgresql-2,naive` only some runs. It stops by itself:
nothing is waited for longer than its limit.
"""

import itertools
import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import httpx

from tests.benchmarks import crowd, relays, servers, world
from tests.benchmarks.load import Answer
from tests.benchmarks.relays import Relay
from tests.benchmarks.report import MET, MISSED, Row, judge
from tests.benchmarks.world import World
from webinars.clock import system_clock
from webinars.database import Database
from webinars.models import Lane

MAILS = int(os.environ.get("MAILS") or 100_000)
RUNS = set((os.environ.get("RUNS") or "").split(",")) - {""}
"""Names of settings (`sqlite-1`, `postgresql-2-10ms`), `postgresql-link`, `naive`; empty: all."""
NAIVE = 300
NAIVE_SECONDS = 5.0
SLUG = "foule"
AHEAD = timedelta(hours=2)
"""The event is so near that the link is due: the confirmation holds it."""
LEAD = timedelta(seconds=5)
"""Until the mails are due: by then everything runs and nothing has to be loaded any more."""
ROWS_A_SECOND = 5_000
"""As fast at least the rows of a crowd are written beforehand."""
SLOWEST = 250
"""Mails a second: whoever is slower is stopped, and measured by what was taken so far."""
SPARE_SECONDS = 60
YARDSTICK_SECONDS = 30.0
PAUSE_SECONDS = 0.2
"""Between two registrations meanwhile."""
LOOK_SECONDS = 0.5
HEADERS = 110
"""What `smtp-source` adds to the size that it is told."""

RATIO, MEGABYTES, WAIT_SECONDS = 0.5, 200.0, 5.0


@dataclass(frozen=True)
class Setting:
    """How many processes send, into which relay, and how many mails."""

    engine: str
    processes: int = 1
    answer_seconds: float = 0.0
    mails: int = MAILS

    @property
    def name(self) -> str:
        """Name the run, as `RUNS` does."""
        name = f"{self.engine}-{self.processes}"
        return f"{name}-{self.answer_seconds * 1000:g}ms" if self.answer_seconds else name


SETTINGS = {
    "sqlite": [
        Setting("sqlite"),
        Setting("sqlite", 1, 0.001, MAILS // 5),
        Setting("sqlite", 1, 0.010, MAILS // 10),
    ],
    "postgresql": [
        Setting("postgresql", 1),
        Setting("postgresql", 2),
        Setting("postgresql", 4),
        Setting("postgresql", 2, 0.001, MAILS // 5),
        Setting("postgresql", 2, 0.010, MAILS // 10),
    ],
}
LINKS = {"sqlite": Setting("sqlite"), "postgresql": Setting("postgresql", 2)}
BROKERS = {"sqlite": "memory", "postgresql": "redis"}
PARTS = ("serve", "worker", "timer")


@dataclass
class Run:
    """What was seen of one run."""

    taken: int
    """Mails of the crowd that are recorded as accepted."""
    recorded: int
    """Those, and the confirmations of the form."""
    arrived: int
    """What the relay has counted."""
    seconds: float
    sessions: int
    waits: list[float]
    memory: dict[str, list[float]]
    is_over: bool

    @property
    def per_second(self) -> float:
        """Mails a second."""
        return self.taken / self.seconds if self.seconds else 0.0


def measure() -> Iterator[Row]:
    """Measure each engine in each setting, the link's mailing, and the naive road."""
    for engine, settings in SETTINGS.items():
        chosen = [one for one in settings if _is_wanted(one.name)]
        is_link_wanted = _is_wanted(f"{engine}-link")
        is_last = engine == list(SETTINGS)[-1]
        if not (chosen or is_link_wanted or (is_last and _is_wanted("naive"))):
            continue
        with world.make(engine, broker=BROKERS[engine]) as made, made.opened() as database:
            made.load_event(SLUG, ahead=AHEAD)
            crowd.gather(database, SLUG, MAILS, confirmed_at=system_clock())
            sample = _write_sample(made, database)
            for setting in chosen:
                yield from _measure_confirmations(made, database, setting, sample)
            if is_link_wanted:
                yield from _measure_link(made, database, LINKS[engine], sample)
            if is_last and _is_wanted("naive"):
                yield _measure_naively(made, sample)


def _is_wanted(name: str) -> bool:
    return not RUNS or name in RUNS


def _measure_confirmations(
    made: World, database: Database, setting: Setting, sample: bytes
) -> Iterator[Row]:
    """Measure confirmations from due to recorded."""

    def prepare(due_at: datetime) -> None:
        crowd.confirm(database, SLUG, setting.mails, now=system_clock(), due_at=due_at)

    with relays.run(made.folder, setting.answer_seconds) as relay:
        run = _run(made, database, setting, relay, prepare, crowd.is_crowd_over)
        yardstick = _send_yardstick(relay, setting, run, sample)
    what = f"{setting.mails:,} confirmations of {len(sample) / 1000:.1f} kB"
    yield from _tell(what, setting, relay, run, yardstick)


def _measure_link(
    made: World, database: Database, setting: Setting, sample: bytes
) -> Iterator[Row]:
    """Measure a mailing from its due time until it is done, its audience made rows meanwhile."""

    def prepare(due_at: datetime) -> None:
        crowd.hold_link_until(database, SLUG, due_at)

    with relays.run(made.folder, setting.answer_seconds) as relay:
        run = _run(made, database, setting, relay, prepare, crowd.is_link_done)
        yardstick = _send_yardstick(relay, setting, run, sample)
    what = f"a mailing of {run.taken:,} connection links, from due to done"
    yield from _tell(what, setting, relay, run, yardstick)


def _measure_naively(made: World, sample: bytes) -> Row:
    with relays.run(made.folder, 0.0) as relay:
        rate = relays.send_naively(relay, sample, NAIVE)
        yardstick = relays.send_with_smtp_source(
            relay, MAILS, size=len(sample) - HEADERS, sessions=1, seconds=NAIVE_SECONDS
        )
    return Row(
        what=f"the naive road: {NAIVE} × EmailMessage and smtplib",
        server=relay.name,
        clients="1",
        figure=f"{rate:,.0f}/s",
        yardstick=f"smtp-source {yardstick:,.0f}/s",
        ratio=f"{rate / yardstick:.3f}",
    )


def _write_sample(made: World, database: Database) -> bytes:
    """Return one of the mails, as it goes over the wire."""
    now = system_clock()
    crowd.confirm(database, SLUG, 1, now=now, due_at=now)
    with _serving(made, Setting(made.engine)):
        _wait(lambda: crowd.is_all_over(database, Lane.BULK), SPARE_SECONDS)
    [path] = (made.folder / "outbox").glob("*.eml")
    return path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _run(
    made: World,
    database: Database,
    setting: Setting,
    relay: Relay,
    prepare: Callable[[datetime], None],
    is_over: Callable[[Database], bool],
) -> Run:
    """Start everything, let the mails be due, wait until all is sent, and look at it meanwhile."""
    limit = SPARE_SECONDS + setting.mails / SLOWEST
    sessions, done = 0, False
    made.environment["WEBINARS_MAIL_URL"] = relay.url
    before = relay.count()
    with _serving(made, setting) as port:
        with _registering(port):
            due_at = system_clock() + LEAD + timedelta(seconds=setting.mails / ROWS_A_SECOND)
            prepare(due_at)
            if system_clock() > due_at:
                raise RuntimeError("the mails were due before all of them were there")
            ends = time.monotonic() + (due_at - system_clock()).total_seconds() + limit
            while time.monotonic() < ends and not (done := is_over(database)):
                sessions = max(sessions, relay.count_connections())
                time.sleep(LOOK_SECONDS)
        _wait(lambda: crowd.is_all_over(database, Lane.PROMPT), SPARE_SECONDS)
        memory = _read_memory(made)
    taken, last = crowd.find_end(database)
    return Run(
        taken=taken,
        recorded=crowd.count_taken(database),
        arrived=relay.count() - before,
        seconds=((last or due_at) - due_at).total_seconds(),
        sessions=max(sessions, 1),
        waits=crowd.measure_waits(database, due_at),
        memory=memory,
        is_over=done,
    )


@contextmanager
def _serving(made: World, setting: Setting) -> Iterator[int]:
    """Run the service until the block ends: in one process, or its parts in theirs."""
    with ExitStack() as stack:
        port = stack.enter_context(servers.serve(made, 1))
        if BROKERS[made.engine] != "memory":
            stack.enter_context(servers.part(made, "worker", f"--processes={setting.processes}"))
            stack.enter_context(servers.part(made, "timer"))
        yield port


@contextmanager
def _registering(port: int) -> Iterator[None]:
    """Register one person after the other through the pages until the block ends."""
    stop, failed = threading.Event(), []

    def register_on() -> None:
        try:
            # One client, for to make one takes longer than to register.
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SPARE_SECONDS) as client:
                while not stop.wait(PAUSE_SECONDS):
                    _register(client, next(_numbers))
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=register_on)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]


_numbers = itertools.count()


def _register(client: httpx.Client, number: int) -> None:
    client.cookies.clear()
    page = client.get(f"/events/{SLUG}/register").raise_for_status()
    unseen = Answer(page.status_code, b"", page.content).hidden_fields()
    sent = client.post(f"/events/{SLUG}/register", data=unseen | world.form_fields(number))
    if sent.status_code != HTTPStatus.SEE_OTHER:
        raise RuntimeError(f"a registration was answered {sent.status_code}")


def _read_memory(made: World) -> dict[str, list[float]]:
    """Return the most memory that each process of the service has held, in megabytes."""
    ours = f"WEBINARS_DATA_DIR={made.environment['WEBINARS_DATA_DIR']}".encode()
    found = defaultdict(list)
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if ours in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_text().split("\0")
                part = next((word for word in words if word in PARTS), "?")
                status = (folder / "status").read_text()
                peak = re.search(r"VmHWM:\s+(\d+) kB", status)
                found[part].append(int(peak[1]) / 1024 if peak else 0.0)
    return dict(found)


def _send_yardstick(relay: Relay, setting: Setting, run: Run, sample: bytes) -> float:
    return relays.send_with_smtp_source(
        relay,
        setting.mails,
        size=len(sample) - HEADERS,
        sessions=run.sessions,
        seconds=YARDSTICK_SECONDS,
    )


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not condition():
        time.sleep(LOOK_SECONDS / 5)


def _tell(what: str, setting: Setting, relay: Relay, run: Run, yardstick: float) -> Iterator[Row]:
    """Write the rows of one run."""
    engine, processes = setting.engine, str(setting.processes)
    ratio = run.per_second / yardstick
    yield Row(
        what=what if run.is_over else f"{what} (stopped after {run.taken:,})",
        engine=engine,
        server=relay.name,
        processes=processes,
        clients=str(run.sessions),
        figure=f"{run.per_second:,.0f}/s",
        yardstick=f"smtp-source {yardstick:,.0f}/s",
        ratio=f"{ratio:.3f}",
        aim=judge(ratio, at_least=RATIO),
    )
    waits = sorted(run.waits) or [float("nan")]
    longest, p99 = waits[-1], waits[int(len(waits) * 0.99)]
    yield Row(
        what=f"  {len(run.waits)} confirmations of the form meanwhile: longest wait",
        engine=engine,
        processes=processes,
        figure=f"{longest:.2f} s",
        p50=f"{waits[len(waits) // 2] * 1000:.0f} ms",
        p99=f"{p99 * 1000:.0f} ms",
        aim=judge(p99, at_most=WAIT_SECONDS),
    )
    sizes = "; ".join(
        f"{part} {', '.join(f'{size:.0f}' for size in sorted(found, reverse=True))}"
        for part, found in sorted(run.memory.items())
    )
    most = max(size for found in run.memory.values() for size in found)
    yield Row(
        what=f"  peak memory in MB: {sizes}",
        engine=engine,
        processes=processes,
        figure=f"{most:.0f} MB",
        aim=judge(most, at_most=MEGABYTES),
    )
    yield Row(
        what="  arrived at the relay, beside recorded as accepted",
        engine=engine,
        processes=processes,
        figure=f"{run.arrived:,}",
        yardstick=f"{run.recorded:,}",
        aim=f"= {MET if run.arrived == run.recorded else MISSED}",
    )
