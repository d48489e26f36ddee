"""A transaction to try rules in: on each engine in turn, and undone after each test."""

import shutil

import pytest

from tests.conftest import execute_on_postgres, make_postgres_url
from webinars.database import Database


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def undone_database(request, tmp_path_factory):
    """Open one database that every test finds empty, on each engine in turn."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("undone") / "webinars.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        opened = Database(f"sqlite:///{path}")
        yield opened
        opened.dispose()
        return
    template = request.getfixturevalue("postgres_template")
    name = f"{template}_undone"
    execute_on_postgres(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    opened = Database(make_postgres_url(name))
    yield opened
    opened.dispose()
    execute_on_postgres(f'DROP DATABASE "{name}" WITH (FORCE)')


class Undone(Exception):
    """Raised to have everything undone."""


@pytest.fixture
def tx(undone_database):
    """Open a change that is undone after the test."""
    try:
        with undone_database.transaction() as opened:
            yield opened
            raise Undone
    except Undone:
        pass
