"""Alembic's entry: run by `webinars.migrations.upgrade`, on a connection that it is handed."""

from alembic import context

from webinars import models
from webinars.database import Base

assert models  # every table is declared by importing it

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
