"""The long form: a hundred thousand mails while workers, timers and brokers are killed.

`python -m tests.faults --mails 2000 --kills 6` does less. On each engine half of the mails are
confirmations as an import leaves them, and half come from a connection link that falls due while
the killing goes on. The relay now and then reads slowly through a small window, takes its time, or
hangs up after the dot. What is left in the end is compared, and the summary printed.
"""

import argparse
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

from tests.benchmarks import crowd, world
from tests.factories import make_event
from tests.faults import brokers
from tests.faults.invariants import Summary
from tests.faults.process import Part
from tests.faults.service import Service, wait_until
from tests.faults.sink import Manner, Sink
from webinars import events, mailings, zones
from webinars.clock import system_clock
from webinars.models import DeliveryState, MailName
from webinars.timeline import Rule

SLUG = "foule"
POLL_SECONDS = 0.05
MANNERS = (
    Manner(),
    Manner(answer_seconds=0.001),
    Manner(drop_rate=0.002),
    Manner(window=2048, bytes_a_read=8192, pause_seconds=0.001),
    Manner(window=2048, bytes_a_read=16_384, pause_seconds=0.001, drop_rate=0.002),
)


class Place(NamedTuple):
    """Where it happens, and with what share of the mails and of the time."""

    engine: str
    broker: str
    share: float


PLACES = (
    Place("sqlite", "memory", 1.0),
    Place("postgresql", "redis", 1.0),
    Place("postgresql", "rabbitmq", 0.2),
)


class Crew:
    """The processes of a service: whoever is killed is replaced at once."""

    def __init__(self, service: Service) -> None:
        self.service = service
        is_apart = service.broker.is_apart
        parts = [Part.WORKER] * 2 + [Part.TIMER] * 2 if is_apart else [Part.EVERYTHING]
        self.members = [(part, service.start(part)) for part in parts]

    def kill(self, part: Part, chance: random.Random) -> None:
        """Kill one who does this, and put another in its place."""
        places = [place for place, member in enumerate(self.members) if member[0] is part]
        place = chance.choice(places)
        if part is Part.TIMER:
            self.members[place][1].kill()
        else:
            self.service.kill(self.members[place][1])
        self.members[place][1].join()
        self.members[place] = (part, self.service.start(part))

    def end(self) -> None:
        """Ask everyone to end, and see to it."""
        for _, process in self.members:
            process.terminate()
        for _, process in self.members:
            self.service.end(process)


class Result(NamedTuple):
    """What came of one place."""

    place: Place
    mails: int
    seconds: float
    strikes: Counter
    summary: Summary


def main() -> None:
    """Hurt the service everywhere that was asked for, and print what came of it."""
    options = _read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and everything that was started ends
    places = [one for one in PLACES if f"{one.engine}-{one.broker}" in options.places]
    shares = sum(one.share for one in places)
    results = []
    for place in places:
        seconds = options.minutes * 60 * place.share / shares
        results.append(_hurt(place, options, seconds))
        print(_describe(results[-1]), flush=True)
    if any(one.summary.faults for one in results):
        sys.exit("FAULTS FOUND")


def _read_options() -> argparse.Namespace:
    everywhere = ",".join(f"{one.engine}-{one.broker}" for one in PLACES)
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--mails", type=int, default=100_000, help="on each engine")
    parser.add_argument("--kills", type=int, default=60, help="on each engine")
    parser.add_argument("--minutes", type=float, default=15.0, help="at most, in all")
    parser.add_argument("--places", default=everywhere, type=lambda text: text.split(","))
    parser.add_argument("--seed", type=int, default=2020)
    return parser.parse_args()


def _hurt(place: Place, options: argparse.Namespace, seconds: float) -> Result:
    """Send everything at one place while it is hurt."""
    mails, kills = int(options.mails * place.share), max(1, int(options.kills * place.share))
    chance = random.Random(options.seed)
    with _prepare(place, mails) as service:
        began = time.monotonic()
        crew = Crew(service)
        try:
            strikes = _strike_often(service, crew, chance, mails, kills, began + seconds)
            service.sink.behave(Manner())
            left = max(30.0, began + seconds - time.monotonic())
            wait_until(service.pass_time_where_nothing_happens, seconds=left, pause=0.5)
        finally:
            crew.end()
        return Result(place, mails, time.monotonic() - began, strikes, service.check())


@contextmanager
def _prepare(place: Place, mails: int) -> Iterator[Service]:
    with (
        world.make(place.engine) as made,
        made.opened() as database,
        brokers.find(place.broker, made.folder) as broker,
    ):
        sink = Sink(made.folder)
        try:
            yield _fill(Service(database, made.database_url, sink, broker, made.folder), mails)
        finally:
            sink.close()


def _fill(service: Service, mails: int) -> Service:
    """Let half of the mails be due at once, and the other half within the first seconds."""
    now = system_clock()
    starts = zones.to_local(now + timedelta(hours=3), "Europe/Paris").replace(tzinfo=None)
    starts = starts.replace(second=0, microsecond=0)
    with service.database.transaction() as tx:
        make_event(tx, SLUG, starts=starts, ends=starts + timedelta(hours=2))
        rules = [Rule(MailName.CONNECTION_LINK, "start-4h")]
        mailings.plan(tx, events.get(tx, SLUG), now=now, rules=rules)
    people = mails // 2
    crowd.gather(service.database, SLUG, people, confirmed_at=now - timedelta(days=1))
    crowd.confirm(service.database, SLUG, people, now=now, due_at=now)
    return service


def _strike_often(
    service: Service, crew: Crew, chance: random.Random, mails: int, kills: int, ends: float
) -> Counter:
    """Strike whenever so many more have arrived, so that the strikes fall all along the way."""
    strikes = Counter()
    for place in range(kills):
        goal = mails * (place + 1) // (kills + 1)
        arrived = wait_until(
            lambda goal=goal: service.sink.count() >= goal,
            seconds=ends - time.monotonic(),
            pause=POLL_SECONDS,
        )
        if not arrived:
            break
        time.sleep(chance.uniform(0, 2 * POLL_SECONDS))
        strikes[_strike(service, crew, chance)] += 1
        service.sink.behave(chance.choice(MANNERS))
        print(f"  {place + 1}/{kills} at {service.sink.count():,}", file=sys.stderr, flush=True)
    return strikes


def _strike(service: Service, crew: Crew, chance: random.Random) -> str:
    """Hurt something, and say what."""
    if not service.broker.is_apart:
        crew.kill(Part.EVERYTHING, chance)
        return "everything killed"
    kind = chance.choices(
        ["worker killed", "timer killed", "broker lost", "database hung up"], [12, 4, 4, 1]
    )[0]
    match kind:
        case "worker killed":
            crew.kill(Part.WORKER, chance)
        case "timer killed":
            crew.kill(Part.TIMER, chance)
        case "broker lost":
            service.broker.forget()
        case "database hung up":
            service.hang_up_database()
    return kind


def _describe(result: Result) -> str:
    """Say in a few lines what came of a place."""
    summary = result.summary
    kinds = ", ".join(f"{count} × {kind}" for kind, count in sorted(result.strikes.items()))
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(summary.states.items()))
    lost = summary.states.total() - summary.states[DeliveryState.ACCEPTED]
    return "\n".join(
        [
            f"{result.place.engine}, {result.place.broker}: {result.mails:,} mails in"
            f" {result.seconds:.0f} s, {result.strikes.total()} strikes: {kinds or 'none'}",
            f"  rows: {states}; not accepted: {lost}",
            f"  relay: {summary.messages:,} messages over at most {summary.connections}"
            f" connections, hung up after {summary.drops} dots",
            f"  doubled: {summary.twice} (bound {summary.bound}), marked: {summary.marked}",
            f"  faults: {'; '.join(summary.faults) or 'none'}",
        ]
    )


if __name__ == "__main__":
    main()
