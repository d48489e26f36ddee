"""The yardstick: a Flask application whose one view inserts one row, and nothing else.

On the engine exactly as the service sets it up, so that what differs is the service's own work.
"""

import contextlib
import os

from flask import Flask
from sqlalchemy import Column, Integer, MetaData, String, Table, insert

from webinars.database import Database

metadata = MetaData()
rows = Table("bare_rows", metadata, Column("id", Integer, primary_key=True), Column("said", String))


def create_app() -> Flask:
    """Return the application, on the database that the environment names."""
    database = Database(os.environ["WEBINARS_DATABASE_URL"])
    turn = database._turn or contextlib.nullcontext()
    app = Flask(__name__)

    @app.post("/bare")
    def add_row():
        with turn, database.engine.begin() as connection:
            connection.execute(insert(rows).values(said="une ligne"))
        return "written"

    return app


def create_table(url: str) -> None:
    """Make the table that the rows go into."""
    database = Database(url)
    metadata.create_all(database.engine)
    database.dispose()
