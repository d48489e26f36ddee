"""Bring a database up to date: Alembic's migrations, which build the test schema too."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from webinars.database import Database
from webinars.errors import SchemaOutdated


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply the migrations up to a revision; a second call does nothing."""
    with _changing_schema(database) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(database: Database, revision: str = "base") -> None:
    """Take migrations back down to a revision."""
    with _changing_schema(database) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


@contextmanager
def _changing_schema(database: Database) -> Iterator[Connection]:
    """Open the one transaction of a change of schema.

    SQLite makes a table anew to change a column, and would take the rows that refer to it away with
    the old one. So references are checked once, at the end (sqlite.org/lang_altertable.html, 7).
    """
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            with connection.begin():
                yield connection
            return
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise RuntimeError(f"a row of {broken[0]} refers to nothing in {broken[2]}")
        finally:
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.close()


def check(database: Database) -> None:
    """Make sure that the database is at the newest revision.

    :raises SchemaOutdated: `webinars db upgrade` has to be run first.
    """
    with database.reading() as tx:
        current = MigrationContext.configure(tx.connection()).get_current_revision()
    if current != ScriptDirectory.from_config(_config()).get_current_head():
        raise SchemaOutdated


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
