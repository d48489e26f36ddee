"""The gate at eight in the morning: everyone opens a personal link, then enters.

Each of the links is opened once and entered once: a GET that shows the gate, a POST that answers
with the room's address. Beside it the bare view on the same server and engine.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from tests.benchmarks import load, registrations, servers, world
from tests.benchmarks.load import Scenario
from tests.benchmarks.report import Row, judge, milliseconds, rate
from webinars.links import Links, Scope

LINKS = 5_000
CLIENTS = 64
WARM_UP_LINKS = 640
SECONDS = 60.0
AIM = 0.3
SLUG = "porte"


def measure() -> Iterator[Row]:
    """Measure pairs a second, with the worker and the timer running."""
    with world.make("postgresql", broker="redis") as made:
        made.load_event(SLUG, ahead=timedelta(minutes=5))
        with made.opened() as database:
            people = world.add_people(database, SLUG, LINKS + WARM_UP_LINKS)
        links = Links(made.environment["WEBINARS_SECRET_KEY"].encode(), "")
        tokens = [links.make_token(Scope.GATE, *person) for person in people]
        with servers.run(made, servers.FOR_MANY, registrations.BARE) as port:
            bare = registrations.measure_bare(port, CLIENTS)
        with servers.serve(made, 2) as port:
            load.measure(
                port, partial(_enter_all, tokens[LINKS:]), clients=CLIENTS, seconds=SECONDS
            )
            gate = partial(_enter_all, tokens[:LINKS])
            figures = load.measure(port, gate, clients=CLIENTS, seconds=SECONDS)
        ratio = figures.per_second / bare.per_second  # pairs beside single requests
        yield Row(
            what=f"gate: {figures.count:,} × GET and POST",
            engine=made.engine,
            server="webinars serve",
            processes=servers.FOR_MANY.size,
            worker="off",
            clients=str(CLIENTS),
            figure=rate(figures),
            p50=milliseconds(figures, 0.5),
            p99=milliseconds(figures, 0.99),
            yardstick=f"bare view {rate(bare)}",
            ratio=f"{ratio:.3f}",
            aim=judge(ratio, at_least=AIM),
        )


def _enter_all(tokens: list[str]) -> Iterator[Scenario]:
    return (_enter(token) for token in tokens)


def _enter(token: str) -> Scenario:
    (yield load.get(f"/j/{token}")).expect(200)
    entered = (yield load.post(f"/j/{token}")).expect(303)
    if "salle.example.org" not in entered.head.decode():
        raise load.LoadFailed("the gate leads elsewhere")
