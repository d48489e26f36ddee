"""A list of 50,000 contacts: read, looked through and brought in, beside the bare statements.

It goes the way of the organisers' pages: the file is kept, its columns are guessed, the lines are
checked and then brought in, each in transactions of some hundred lines. The yardstick reads the
same file with the library alone and writes the same values into a table without any rules.
"""

import csv
import io
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import Column, Integer, MetaData, String, Table, insert

from tests.benchmarks import world
from tests.benchmarks.report import Row
from tests.benchmarks.world import World
from webinars import institutions
from webinars.cards import Origin
from webinars.database import Database
from webinars.imports import contacts, uploads
from webinars.imports.uploads import Stored
from webinars.imports.work import CHUNK, Work
from webinars.models import DuplicateRule, ImportState, LegalBasis

MANY = 50_000
LONGEST_SECONDS = 30.0
"""How long a step is gone on with on each engine; then its pace is that of what was done."""
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
HEADER = ("Civilité", "Nom", "Prénom", "Courriel", "Structure", "Fonction", "Pays", "Téléphone")
NAMES = ("civility", "last_name", "first_name", "email", "organization", "job", "country", "phone")
bare_cards = Table(
    "bare_cards",
    MetaData(),
    Column("id", Integer, primary_key=True),
    *(Column(name, String) for name in NAMES),
)


def measure() -> Iterator[Row]:
    """Measure the three steps on both engines."""
    data = _write_list()
    for engine in ("sqlite", "postgresql"):
        with world.make(engine) as made, made.opened() as database:
            bare = MANY / _time(lambda database=database: _insert_bare(database, data))
            folder = made.folder / "uploads"
            start = time.perf_counter()
            stored = uploads.store(folder, data, name="annuaire.csv")
            yield _row(engine, "kept", stored.lines / (time.perf_counter() - start), bare)
            import_id = _begin(database, stored)
            job = _open_work(database, import_id, made)
            yield _row(engine, "checked", _work(database, job), bare)
            if not _start(database, import_id):
                continue  # the check was not done in time: there is nothing to bring in
            job = _open_work(database, import_id, made)
            yield _row(engine, "brought in", _work(database, job), bare)


def _write_list() -> bytes:
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";")
    writer.writerow(HEADER)
    writer.writerows(_make_line(number) for number in range(MANY))
    return target.getvalue().encode()


def _make_line(number: int) -> tuple[str, ...]:
    in_morocco = number % 2
    return (
        "Mme" if number % 3 else "M.",
        f"Aït Benhaddou-{number:06}",
        "Zineb",
        f"personne.{number}@example.org",
        f"Commune nº {number % 1_500}",
        "Vice-présidente déléguée à la coopération décentralisée",
        "Maroc" if in_morocco else "France",
        "+212 5 37 00 00 00" if in_morocco else "+33 1 40 00 00 00",
    )


def _insert_bare(database: Database, data: bytes) -> None:
    """Read the list and write its lines, as many in a transaction as the import does."""
    bare_cards.create(database.engine)
    lines = csv.reader(io.StringIO(data.decode()), delimiter=";")
    next(lines)
    while chunk := [dict(zip(NAMES, line, strict=True)) for line in islice(lines, CHUNK)]:
        with database.engine.begin() as connection:
            connection.execute(insert(bare_cards), chunk)


def _begin(database: Database, stored: Stored) -> int:
    """Name the columns as they are guessed, and have the list checked."""
    with database.transaction() as tx:
        institution = institutions.add(tx, acronym="CUF", name="Cités Unies France", country="FR")
        import_ = contacts.begin(
            tx,
            institution.id,
            stored,
            file_name="liste.csv",
            author="nadia@example.org",
            now=NOW,
        )
        assert not contacts.list_missing(import_.mapping), import_.mapping
        origin = Origin("annuaire 2026", LegalBasis.PUBLIC_TASK)
        contacts.start_check(tx, import_, import_.mapping, origin)
        return import_.id


def _start(database: Database, import_id: int) -> bool:
    """Have the list brought in, and tell whether it was checked to its end."""
    with database.transaction() as tx:
        import_ = contacts.get_by_id(tx, import_id)
        if import_.state is not ImportState.CHECKED:
            return False
        assert not import_.refused, import_.refused
        contacts.start(tx, import_, DuplicateRule.KEEP)
    return True


def _open_work(database: Database, import_id: int, made: World) -> Work:
    with database.reading() as tx:
        return Work(contacts.get_by_id(tx, import_id), made.folder / "uploads")


def _work(database: Database, job: Work) -> float:
    """Work on the list to its end, or for as long as is allowed; return how many lines a second."""
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < LONGEST_SECONDS:
        with database.transaction() as tx:
            if not job.step(tx, now=NOW):
                return MANY / (time.perf_counter() - start)
        done += CHUNK
    return done / (time.perf_counter() - start)


def _time(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _row(engine: str, step: str, pace: float, bare: float) -> Row:
    return Row(
        what=f"list of {MANY:,} contacts: {step}",
        engine=engine,
        figure=f"{pace:,.0f} lines/s ({MANY / pace:.1f} s)",
        yardstick=f"bare insert {bare:,.0f}/s ({MANY / bare:.1f} s)",
        ratio=f"{bare / pace:.2f}",
    )
