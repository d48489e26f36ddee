"""Bring a database up to date: Alembic's migrations, which build the test schema too."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from webinars.database import Database
from webinars.errors import SchemaOutdated


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply the migrations up to a revision; a second call does nothing."""
    with database.engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(database: Database, revision: str = "base") -> None:
    """Take migrations back down to a revision."""
    with database.engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


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
