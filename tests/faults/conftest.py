"""A service to be hurt, on each engine and with each broker, and a relay that remembers."""

import pytest

from tests.faults import brokers
from tests.faults.service import Service
from tests.faults.sink import Sink
from webinars.database import Database

redis = pytest.mark.redis
rabbitmq = pytest.mark.rabbitmq
postgres = pytest.mark.postgres

ALONE = pytest.param(("sqlite", "memory"), id="sqlite-memory")
REDIS = pytest.param(("postgres", "redis"), id="postgres-redis", marks=[postgres, redis])
RABBITMQ = pytest.param(
    ("postgres", "rabbitmq"), id="postgres-rabbitmq", marks=[postgres, rabbitmq]
)
SQLITE_APART = pytest.param(("sqlite", "redis"), id="sqlite-redis", marks=redis)
POSTGRES_ALONE = pytest.param(("postgres", "memory"), id="postgres-memory", marks=postgres)


@pytest.fixture
def sink(tmp_path):
    """Run a relay."""
    made = Sink(tmp_path)
    yield made
    made.close()


@pytest.fixture
def service(request, sink, tmp_path):
    """Prepare a service; a test may name engine and broker, or it is SQLite in one process."""
    engine, kind = getattr(request, "param", ("sqlite", "memory"))
    url = request.getfixturevalue(f"{engine}_url")
    opened = Database(url)
    with brokers.find(kind, tmp_path) as broker:
        made = Service(opened, url, sink, broker, tmp_path)
        yield made
        made.close()
    opened.dispose()
