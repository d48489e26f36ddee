"""What every test shares: a real database built by the migrations, and a clock that stands still.

The schema is built once a run by migrating, then copied for each test: a file on SQLite, a template
database on PostgreSQL. A test that takes `database` runs on SQLite; one that takes `any_database`
runs on both engines.
"""

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pika
import psycopg
import pytest
import redis
from pika.exceptions import AMQPError
from sqlalchemy import make_url

from webinars import migrations
from webinars.broker import QUEUES
from webinars.database import Database

POSTGRES_URL = os.environ.get(
    "WEBINARS_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
REDIS_URL = os.environ.get("WEBINARS_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
AMQP_URL = os.environ.get("WEBINARS_TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2F")
CHROMIUM = (
    os.environ.get("WEBINARS_TEST_CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("google-chrome")
    or ""
)
REQUIRED = os.environ.get("WEBINARS_TEST_REQUIRE", "")
GOLDEN = Path(__file__).parent / "golden"


FOUND = pytest.StashKey[dict[str, bool]]()


def pytest_addoption(parser):
    """Let golden files be written anew, to be read in review."""
    parser.addoption("--refresh-golden", action="store_true", help="write golden files anew")


def pytest_configure(config):
    """Look once for what needs a server or a browser, and forget the settings of this shell."""
    for name in [name for name in os.environ if name.startswith("WEBINARS_")]:
        if not name.startswith("WEBINARS_TEST_"):
            del os.environ[name]
    config.stash[FOUND] = {
        "postgres": _postgres_answers(),
        "redis": _redis_answers(),
        "rabbitmq": _rabbitmq_answers(),
        "browser": bool(CHROMIUM),
    }


def pytest_runtest_setup(item):
    """Leave out what has no server here, unless leaving out is a failure."""
    for need, found in item.config.stash[FOUND].items():
        if item.get_closest_marker(need) and not found:
            if REQUIRED == "all":
                pytest.fail(f"{need} was not found, and WEBINARS_TEST_REQUIRE=all", pytrace=False)
            pytest.skip(f"no {need} here")


def pytest_report_header(config):
    """Say aloud what is there and what will be left out."""
    found = config.stash[FOUND]
    here = ", ".join(need for need, there in found.items() if there)
    return [
        f"found: {here or 'no server'}",
        f"left out: {', '.join(_list_missing(config)) or 'nothing'}",
    ]


def pytest_terminal_summary(terminalreporter, config):
    """Say again at the end what was left out, where it is read."""
    missing = ", ".join(_list_missing(config))
    if missing and REQUIRED == "all":
        terminalreporter.write_line(f"NOT FOUND, and required: {missing}")
    elif missing:
        terminalreporter.write_line(f"LEFT OUT, because not found here: {missing}")


def pytest_sessionfinish(session):
    """Fail even when no test that was chosen needs what is missing but required."""
    if REQUIRED == "all" and _list_missing(session.config):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def _list_missing(config):
    return [need for need, there in config.stash[FOUND].items() if not there]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    """Return a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "webinars.db"
    database = Database(f"sqlite:///{path}")
    migrations.upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """Make a migrated PostgreSQL database of this run to copy, and drop it in the end."""
    name = f"webinars_test_{uuid.uuid4().hex[:12]}"
    execute_on_postgres(f'CREATE DATABASE "{name}"')
    database = Database(make_postgres_url(name))
    try:
        migrations.upgrade(database)
        database.dispose()
        yield name
    finally:
        database.dispose()
        execute_on_postgres(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path) -> str:
    """Return the address of a fresh, migrated SQLite database."""
    path = tmp_path / "webinars.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_template) -> Iterator[str]:
    """Return the address of a fresh, migrated PostgreSQL database."""
    name = f"{postgres_template}_{uuid.uuid4().hex[:8]}"
    execute_on_postgres(f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}"')
    yield make_postgres_url(name)
    execute_on_postgres(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database(sqlite_url) -> Iterator[Database]:
    """Open a fresh SQLite database."""
    opened = Database(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_database_url(request) -> str:
    """Return the address of a fresh database, on each engine in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def any_database(any_database_url) -> Iterator[Database]:
    """Open a fresh database, on each engine in turn."""
    opened = Database(any_database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def redis_url() -> Iterator[str]:
    """Return the address of a Redis database that nobody uses, and empty it in the end."""
    for number in range(15, 0, -1):
        url = re.sub(r"(/\d+)?$", f"/{number}", REDIS_URL, count=1)
        with redis.Redis.from_url(url) as client:
            if client.dbsize() == 0 and client.set("taken", uuid.uuid4().hex, nx=True):
                yield url
                client.flushdb()
                return
    pytest.fail("no empty Redis database to test on")


@pytest.fixture
def amqp_url() -> Iterator[str]:
    """Return an address with a prefix for queues of this test's own, and delete them in the end."""
    with holding_queues() as url:
        yield url


@contextmanager
def holding_queues() -> Iterator[str]:
    """Make a prefix for queues that nobody else has, and delete them in the end.

    A virtual host would be cleaner, but only an administrator can make one.
    """
    prefix = f"webinars-test-{uuid.uuid4().hex[:12]}."
    yield f"{AMQP_URL}?prefix={prefix}"
    with connect_to_rabbitmq() as connection:
        channel = connection.channel()
        for queue in QUEUES:
            for end in ("", ".DQ", ".XQ"):  # dramatiq's, for the delayed and for the dead
                channel.queue_delete(f"{prefix}{queue}{end}")


@pytest.fixture
def golden(request):
    """Compare a text with a golden file, or write that file anew with `--refresh-golden`."""

    def compare(name, text):
        path = GOLDEN / name
        if request.config.getoption("--refresh-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        assert path.exists(), f"no golden file {name}: run pytest --refresh-golden and read it"
        assert path.read_bytes().decode() == text

    return compare


def execute_on_postgres(statement: str) -> None:
    """Run one statement on the server outside any transaction."""
    url = make_url(POSTGRES_URL).set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True, connect_timeout=3) as connection:
        connection.execute(statement)


def make_postgres_url(name: str) -> str:
    """Return the address of a database of that name on the test server."""
    return make_url(POSTGRES_URL).set(database=name).render_as_string(hide_password=False)


def connect_to_rabbitmq() -> pika.BlockingConnection:
    """Return a connection to the test server."""
    parameters = pika.URLParameters(AMQP_URL)
    parameters.socket_timeout = 2
    parameters.stack_timeout = 10
    return pika.BlockingConnection(parameters)


def _postgres_answers() -> bool:
    try:
        execute_on_postgres("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        with redis.Redis.from_url(REDIS_URL, socket_connect_timeout=2, socket_timeout=2) as server:
            return bool(server.ping())
    except redis.RedisError:
        return False


def _rabbitmq_answers() -> bool:
    try:
        with connect_to_rabbitmq():
            return True
    except (AMQPError, OSError):
        return False
