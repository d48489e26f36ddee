"""The yardstick: a Flask application whose views insert one row, or show fifty, and nothing else.

On the engine exactly as the service sets it up, so that what differs is the service's own work.
"""

import contextlib
import os

from flask import Flask, render_template_string
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, text

from webinars.database import Database

metadata = MetaData()
rows = Table("bare_rows", metadata, Column("id", Integer, primary_key=True), Column("said", String))

PAGE = """<!doctype html><html lang="fr"><title>Liste</title><h1>Liste : {{ count }}</h1>
<p>{{ filler }}</p>
<table><thead><tr>{% for name in names %}<th>{{ name }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in rows %}<tr><th><a href="/rows/{{ loop.index }}">{{ row[0] }}</a></th>
{% for cell in row[1:] %}<td class="cell">{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></html>
"""
NAMES = ("Nom", "Prénom", "Structure", "Fonction", "Statut")
LINE = ("Nom-000123", "Prénom", "Conseil régional de Souss-Massa", "Vice-présidente", "confirmed")
CONSTANT = [LINE] * 50
FILLER = "x" * 30_000
"""So that the page weighs about what the organisers' list of fifty people does."""
COUNT = text("SELECT count(*) FROM registrations WHERE event_id = 1 AND erased_at IS NULL")
ROWS = text(
    "SELECT last_name, first_name, organization, job_title, status FROM registrations"
    " WHERE event_id = 1 AND erased_at IS NULL ORDER BY name_key, id LIMIT 50"
)


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

    @app.get("/constant")
    def show_constant():
        return render_template_string(
            PAGE, count=len(CONSTANT), names=NAMES, rows=CONSTANT, filler=FILLER
        )

    @app.get("/list")
    def show_list():
        with database.reading() as tx:
            count, rows = tx.scalar(COUNT), tx.execute(ROWS).all()
        return render_template_string(PAGE, count=count, names=NAMES, rows=rows, filler=FILLER)

    return app


def create_table(url: str) -> None:
    """Make the table that the rows go into."""
    database = Database(url)
    metadata.create_all(database.engine)
    database.dispose()
