"""What the figures are measured on: databases of their own, an event, people in it.

Every database is made for the run and dropped at its end; no other is touched.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import redis
from sqlalchemy import insert, select

from tests.benchmarks import bare
from tests.conftest import REDIS_URL, execute_on_postgres, make_postgres_url
from webinars import contacts, links, migrations
from webinars.database import Database
from webinars.models import (
    AttendanceMode,
    Civility,
    Contact,
    Event,
    Language,
    OrganizationKind,
    Registration,
    RegistrationStatus,
    Role,
)

BATCH = 5_000
WEBINARS = str(Path(sys.executable).with_name("webinars"))
ZONES = ("Europe/Paris", "Asia/Tokyo", "America/Los_Angeles")

EVENT_FILE = """
slug: {slug}
kind: webinar
title: {{fr: "Les collectivités territoriales face à la crise : échanges d'expériences"}}
summary: {{fr: "Deux heures et demie d'échanges entre collectivités marocaines et françaises."}}
timezone: {zone}
display_timezones: [Europe/Paris, Africa/Casablanca]
starts: {starts:%Y-%m-%dT%H:%M}
ends: {ends:%Y-%m-%dT%H:%M}
mode: online
status: published
institutions:
  - {{name: "Délégation pour l'action extérieure", acronym: DAECT, country: FR, role: pilot}}
  - {{name: "Cités Unies France", acronym: CUF, country: FR, role: partner}}
contacts:
  - {{name: "Nadia Lefort", institution: CUF, email: "contact@example.org"}}
notice:
  controllers: [DAECT, CUF]
  purposes: {{fr: "Organiser le webinaire et en envoyer le lien."}}
  retention_months: 12
  rights_contact: "dpo@example.org"
programme:
  status: final
  sessions:
    - {{code: ouverture, kind: opening, title: "Ouverture",
       starts: {starts:%Y-%m-%dT%H:%M}, ends: {later:%Y-%m-%dT%H:%M}}}
    - {{code: echanges, kind: round_table, title: "Échanges d'expériences",
       starts: {later:%Y-%m-%dT%H:%M}, ends: {ends:%Y-%m-%dT%H:%M}}}
connection: {{provider: url, url: "https://salle.example.org/reunion"}}
questions:
  - {{key: temoignage, kind: boolean, label: {{fr: "Souhaitez-vous témoigner ?"}}}}
"""


@dataclass(frozen=True)
class World:
    """One database, one folder, and the environment that a process of the service needs."""

    engine: str
    folder: Path
    environment: dict[str, str]

    @property
    def database_url(self) -> str:
        """Where the database is."""
        return self.environment["WEBINARS_DATABASE_URL"]

    @property
    def log(self) -> Path:
        """What the processes say."""
        return self.folder / "log"

    def command(self, *words: str) -> None:
        """Run a `webinars` command to its end."""
        done = subprocess.run(
            [WEBINARS, *words],
            env={**os.environ, **self.environment},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"webinars {' '.join(words)}: {done.stdout}{done.stderr}")

    def load_event(self, slug: str, *, ahead: timedelta) -> None:
        """Publish an event that starts that far ahead and takes two and a half hours."""
        starts, zone = _local_start(ahead)
        path = self.folder / f"{slug}.yaml"
        path.write_text(
            EVENT_FILE.format(
                slug=slug,
                zone=zone,
                starts=starts,
                later=starts + timedelta(hours=1),
                ends=starts + timedelta(hours=2, minutes=30),
            ),
            encoding="utf-8",
        )
        self.command("events", "load", str(path), "--yes")

    @contextmanager
    def opened(self) -> Iterator[Database]:
        """Open the database."""
        database = Database(self.database_url)
        try:
            yield database
        finally:
            database.dispose()


@contextmanager
def make(engine: str, *, broker: str = "memory") -> Iterator[World]:
    """Make a migrated database on `sqlite` or `postgresql`, and drop it in the end."""
    with (
        tempfile.TemporaryDirectory(prefix="webinars-bench-") as folder,
        _make_database(engine, Path(folder)) as url,
        _find_broker(broker) as broker_url,
    ):
        environment = {
            "WEBINARS_DATABASE_URL": url,
            "WEBINARS_BROKER_URL": broker_url,
            "WEBINARS_MAIL_URL": f"file:{folder}/outbox",
            "WEBINARS_DATA_DIR": f"{folder}/var",
            "WEBINARS_SECRET_KEY": secrets.token_hex(32),
        }
        bare.create_table(url)
        database = Database(url)
        migrations.upgrade(database)
        database.dispose()
        yield World(engine, Path(folder), environment)


def add_people(database: Database, slug: str, number: int) -> list[tuple[str, int]]:
    """Add confirmed registrations; return public id and link generation of each."""
    with database.reading() as tx:
        event = tx.scalars(select(Event).where(Event.slug == slug)).one()
    made = []
    for start in range(0, number, BATCH):
        people = [_make_person(place) for place in range(start, min(start + BATCH, number))]
        with database.transaction() as tx:
            ids = tx.scalars(
                insert(Contact).returning(Contact.id, sort_by_parameter_order=True),
                [_make_contact(person, slug) for person in people],
            ).all()
            rows = [
                _make_registration(event, person, slug, contact_id)
                for person, contact_id in zip(people, ids, strict=True)
            ]
            tx.execute(insert(Registration), rows)
        made += [(row["public_id"], row["link_generation"]) for row in rows]
    return made


def form_fields(number: int) -> dict[str, str]:
    """Return what a person types into the form, besides what the form carries unseen."""
    return {
        "civility": "mme",
        "last_name": f"Aït Benhaddou {number}",
        "first_name": "Zineb",
        "email": f"zineb.{number}@example.org",
        "phone": "+212 5 37 00 00 00",
        "role": "elected",
        "job_title": "Vice-présidente",
        "organization": "Région Souss-Massa",
        "organization_kind": "region",
        "country": "MA",
        "on_behalf_of": "",
        "language": "fr",
        "assistant_email": "",
        "question": "Comment les communes ont-elles assuré la continuité des services ?",
        "share_with_participants": "1",
    }


@contextmanager
def _make_database(engine: str, folder: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{folder}/webinars.db"
        return
    name = f"webinars_bench_{uuid.uuid4().hex[:12]}"
    execute_on_postgres(f'CREATE DATABASE "{name}"')
    try:
        yield make_postgres_url(name)
    finally:
        execute_on_postgres(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _find_broker(kind: str) -> Iterator[str]:
    """Yield the address of a Redis database that nobody uses, and empty it in the end."""
    if kind == "memory":
        yield "memory://"
        return
    base = REDIS_URL.rsplit("/", 1)[0]
    for number in range(15, 0, -1):
        with redis.Redis.from_url(f"{base}/{number}") as server:
            if not server.dbsize():
                break
    else:
        raise RuntimeError("Redis has no empty database to measure with")
    try:
        yield f"{base}/{number}"
    finally:
        with redis.Redis.from_url(f"{base}/{number}") as server:
            server.flushdb()


def _local_start(ahead: timedelta) -> tuple[datetime, str]:
    """Return a local start in a zone where it is day, so that the event is of one day."""
    starts = datetime.now(UTC) + ahead  # noqa: TID251 - the service reads the real clock
    in_zones = ((starts.astimezone(ZoneInfo(zone)), zone) for zone in ZONES)
    return next((local, zone) for local, zone in in_zones if 2 <= local.hour <= 20)


def _make_person(number: int) -> dict[str, object]:
    kinds = list(OrganizationKind)
    return {
        "last_name": f"Nom-{number:06}",
        "first_name": "Prénom",
        "email": f"personne.{number}@example.org",
        "country": "MA" if number % 2 else "FR",
        "organization_kind": kinds[number % len(kinds)],
    }


def _make_contact(person: dict[str, object], slug: str) -> dict[str, object]:
    email = f"{slug}.{person['email']}"
    return {
        "email": email,
        "email_key": contacts.address_key(email),
        "name_key": contacts.name_key(person["last_name"], person["first_name"]),
        "last_name": person["last_name"],
        "first_name": person["first_name"],
        "language": Language.FRENCH,
        "created_at": datetime(2026, 11, 2, 9, tzinfo=UTC),
    }


def _make_registration(event, person, slug, contact_id) -> dict[str, object]:
    email = f"{slug}.{person['email']}"
    registered_at = datetime(2026, 11, 2, 9, tzinfo=UTC)
    said = {
        "civility": Civility.MADAME,
        "phone": "+212537000000",
        "role": Role.ELECTED,
        "job_title": "Vice-présidente déléguée à la coopération décentralisée",
        "organization": "Conseil régional de Souss-Massa",
        "organization_key": contacts.fold("Conseil régional de Souss-Massa"),
        "on_behalf_of": "",
        "language": Language.FRENCH,
        "attendance_mode": AttendanceMode.ONLINE,
        "assistant_email": "",
        "question": "Comment les communes ont-elles assuré la continuité des services ?",
        "share_with_participants": True,
        "accept_invitations": False,
        "answers": {"temoignage": "1"},
    }
    return {
        **person,
        **said,
        "event_id": event.id,
        "contact_id": contact_id,
        "public_id": links.draw_public_id(),
        "reference": links.draw_reference(),
        "status": RegistrationStatus.CONFIRMED,
        "registered_at": registered_at,
        "confirmed_at": registered_at,
        "source": "form",
        "name_key": contacts.name_key(person["last_name"], person["first_name"]),
        "email": email,
        "email_key": contacts.address_key(email),
        "has_priority": False,
        "is_late": False,
        "link_generation": 0,
        "calendar_generation": 0,
        "calendar_sequence": 0,
    }
