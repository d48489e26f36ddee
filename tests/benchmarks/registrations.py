"""Registrations a second over HTTP, beside a bare view that inserts a row on the same server.

One registration is three requests of a new visitor: the form, the form sent with what it carries
unseen, and the page that the answer leads to.
"""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from tests.benchmarks import load, servers, world
from tests.benchmarks.load import Figures, Scenario
from tests.benchmarks.report import Row, judge, milliseconds, rate
from tests.benchmarks.servers import Server
from tests.benchmarks.world import World

CLIENTS = 32
SECONDS = 5.0
WARM_UP_SECONDS = 2.0
"""Until templates and statements are compiled, in each process and on each connection."""
SLUG = "mesure"
AIM = 0.15
REQUESTS = 3
"""Of one registration; it is requests that are compared with the bare view's."""

BARE = "tests.benchmarks.bare:create_app"
PAGES = "tests.benchmarks.service:create_app"

FOR_ONE_PROCESS = (
    Server("cheroot", 1, 8),
    Server("waitress", 1, 8),
    Server("granian", 1, 8),
    Server("gunicorn", 1, 8),
)
FOR_TWO_PROCESSES = (
    Server("granian", 2, 4),
    Server("gunicorn", 2, 1),
    Server("gunicorn", 2, 4),
)


def compare_servers() -> Iterator[Row]:
    """Measure each server with the bare view and with registrations, no worker running."""
    for engine, candidates in (("sqlite", FOR_ONE_PROCESS), ("postgresql", FOR_TWO_PROCESSES)):
        with world.make(engine) as made:
            made.load_event(SLUG, ahead=timedelta(days=3))
            for server in candidates:
                with servers.run(made, server, BARE) as port:
                    bare = measure_bare(port, CLIENTS)
                with servers.run(made, server, PAGES) as port:
                    yield _row(made, server.name, server, "off", _measure(port), bare)


def measure() -> Iterator[Row]:
    """Measure `webinars serve` as it is, with and without the worker."""
    with world.make("sqlite") as made:
        made.load_event(SLUG, ahead=timedelta(days=3))
        with servers.run(made, servers.FOR_ONE, BARE) as port:
            bare = measure_bare(port, CLIENTS)
        with servers.serve(made, 1) as port:
            yield _row(made, "webinars serve", servers.FOR_ONE, "on", _measure(port), bare)
    with world.make("postgresql", broker="redis") as made:
        made.load_event(SLUG, ahead=timedelta(days=3))
        with servers.run(made, servers.FOR_MANY, BARE) as port:
            bare = measure_bare(port, CLIENTS)
        with servers.serve(made, 2) as port:
            figures = _measure(port)
            aim = judge(_compare(figures, bare), at_least=AIM)
            yield _row(made, "webinars serve", servers.FOR_MANY, "off", figures, bare, aim)
            with servers.part(made, "worker"), servers.part(made, "timer"):
                yield _row(made, "webinars serve", servers.FOR_MANY, "on", _measure(port), bare)


def measure_bare(port: int, clients: int) -> Figures:
    """Measure the bare view's requests a second."""
    load.measure(port, _bare_requests, clients=clients, seconds=WARM_UP_SECONDS)
    return load.measure(port, _bare_requests, clients=clients, seconds=SECONDS)


def _measure(port: int) -> Figures:
    load.measure(port, _draw_people(), clients=CLIENTS, seconds=WARM_UP_SECONDS)
    return load.measure(port, _draw_people(), clients=CLIENTS, seconds=SECONDS)


_rounds = itertools.count()


def _draw_people() -> Callable[[], Iterator[Scenario]]:
    """Return registrations of people whom no earlier round has registered."""
    return partial(_register_from, next(_rounds) * 1_000_000)


def _register_from(first: int) -> Iterator[Scenario]:
    return (_register(number) for number in itertools.count(first))


def _register(number: int) -> Scenario:
    """Register one person, as a browser without scripts does."""
    path = f"/events/{SLUG}/register"
    form = (yield load.get(path)).expect(200)
    fields = form.hidden_fields() | world.form_fields(number)
    sent = (yield load.post(path, fields, form.cookies)).expect(303)
    (yield load.get(sent.location, form.cookies)).expect(200)


def _bare_requests() -> Iterator[Scenario]:
    return (_add_row() for _ in itertools.count())


def _add_row() -> Scenario:
    (yield load.post("/bare")).expect(200)


def _row(
    made: World,
    name: str,
    server: Server,
    worker: str,
    figures: Figures,
    bare: Figures,
    aim: str = "",
) -> Row:
    return Row(
        what=f"registrations ({REQUESTS} requests)",
        engine=made.engine,
        server=name,
        processes=server.size,
        worker=worker,
        clients=str(CLIENTS),
        figure=rate(figures),
        p50=milliseconds(figures, 0.5),
        p99=milliseconds(figures, 0.99),
        yardstick=f"bare view {rate(bare)}",
        ratio=f"{_compare(figures, bare):.3f}",
        aim=aim,
    )


def _compare(figures: Figures, bare: Figures) -> float:
    return REQUESTS * figures.per_second / bare.per_second
