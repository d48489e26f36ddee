"""The organisers' page of registrations at 20,000 rows, beside a bare view of the same fifty rows.

The bare view counts the table, reads fifty rows and prints them, without any rights, filters, tags
or words; beside it stands one that prints a constant page as large and asks nothing of the
database. Ours is asked for as an organiser who has signed in: the first page, a far page sorted by
another column, and a search.
"""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx

from tests.benchmarks import load, servers, world
from tests.benchmarks.load import Figures, Scenario
from tests.benchmarks.report import Row, judge, milliseconds, rate
from tests.benchmarks.world import World
from webinars import organisers

MANY = 20_000
CLIENTS = 8
SECONDS = 3.0
WARM_UP_SECONDS = 1.0
SLUG = "liste"
EMAIL, PASSWORD = "nadia@example.org", "une phrase de passe"
SLOWEST = 3.0
LIST = f"/organiser/events/{SLUG}/registrations"
ADDRESSES = {
    "first page": LIST,
    "page 200, by organisation": f"{LIST}?sort=organization&page=200",
    "a search": f"{LIST}?search=Nom+0123",
}


def measure() -> Iterator[Row]:
    """Measure the list on PostgreSQL, and on SQLite."""
    for engine, processes, server, broker in (
        ("postgresql", 2, servers.FOR_MANY, "redis"),
        ("sqlite", 1, servers.FOR_ONE, "memory"),
    ):
        with world.make(engine, broker=broker) as made:
            _fill(made)
            with servers.run(made, server, "tests.benchmarks.bare:create_app") as port:
                bare = _measure(port, "/list", "")
                constant = _measure(port, "/constant", "")
            with servers.serve(made, processes) as port:
                cookies = _sign_in(port)
                for name, path in ADDRESSES.items():
                    figures = _measure(port, path, cookies)
                    yield _row(engine, server, name, figures, bare, constant)


def _fill(made: World) -> None:
    made.load_event(SLUG, ahead=timedelta(days=3))
    with made.opened() as database:
        world.add_people(database, SLUG, MANY)
        with database.transaction() as tx:
            now = datetime(2026, 11, 2, 9, tzinfo=UTC)
            organisers.add(tx, EMAIL, PASSWORD, institution="DAECT", now=now)
        if not database.is_sqlite:
            with (
                database.engine.connect() as connection
            ):  # as the server does by itself in a minute
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.exec_driver_sql("VACUUM ANALYZE registrations")


def _sign_in(port: int) -> str:
    """Sign in as an organiser does, and return the cookies that show it."""
    path = "/organiser/sign-in"
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        answer = client.get(path)
        form = load.Answer(answer.status_code, b"", answer.content).hidden_fields()
        fields = form | {"email": EMAIL, "password": PASSWORD}
        sent = client.post(path, data=fields)
        assert sent.status_code == 303, sent.text[:500]
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def _measure(port: int, path: str, cookies: str) -> Figures:
    asked = _ask_for(path, cookies)
    load.measure(port, asked, clients=CLIENTS, seconds=WARM_UP_SECONDS)
    return load.measure(port, asked, clients=CLIENTS, seconds=SECONDS)


def _ask_for(path: str, cookies: str) -> Callable[[], Iterator[Scenario]]:
    return lambda: (_look(path, cookies) for _ in itertools.count())


def _look(path: str, cookies: str) -> Scenario:
    (yield load.get(path, cookies)).expect(200)


def _row(
    engine: str,
    server: servers.Server,
    name: str,
    figures: Figures,
    bare: Figures,
    constant: Figures,
) -> Row:
    ratio = bare.per_second / figures.per_second
    return Row(
        what=f"registrations page of {MANY:,}: {name}",
        engine=engine,
        server="webinars serve",
        processes=server.size,
        worker="off" if engine == "postgresql" else "on",
        clients=str(CLIENTS),
        figure=rate(figures),
        p50=milliseconds(figures, 0.5),
        p99=milliseconds(figures, 0.99),
        yardstick=f"bare view {rate(bare)}, constant {rate(constant)}",
        ratio=f"{ratio:.2f}",
        aim=judge(ratio, at_most=SLOWEST) if engine == "postgresql" else "",
    )
