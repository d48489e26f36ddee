"""The example events with dates that lie ahead, a directory, and someone who organises them.

Each is moved by whole weeks, so that a Tuesday stays a Tuesday.
"""

import secrets
from datetime import date, timedelta
from importlib import resources
from pathlib import Path

import click

from webinars import eventfiles, organisers, organizations, zones
from webinars import events as events_
from webinars.cli.edge import opened
from webinars.cli.events import describe, load_one
from webinars.errors import WouldMailPeople
from webinars.eventfiles import EventFile, moments
from webinars.loading import Loaded
from webinars.models import OrganizationKind
from webinars.organizations import Body
from webinars.runtime import Runtime

ORGANISER = "organisatrice@example.org"

DAYS_AHEAD = {
    "2020-05-19-adaptation-cooperation": 9,
    "2020-11-03-face-a-la-crise": 16,
    "2016-02-17-groupe-pays-maroc": 30,
    "2020-12-02-memorandum": 38,
    "2016-12-08-assises-marrakech": 58,
}
"""By example file: how many days from today it starts at the earliest."""
WEEK = 7

REGIONS = {
    "Région Tanger-Tétouan-Al Hoceïma": ("Tanger-Tétouan",),
    "Région de l’Oriental": ("L’Oriental",),
    "Région Fès-Meknès": ("Fès-Meknès", "Fès-Boulemane", "جهة فاس-مكناس"),
    "Région Rabat-Salé-Kénitra": ("Rabat-Salé-Zemmour-Zaër",),
    "Région Béni Mellal-Khénifra": ("Tadla-Azilal",),
    "Région Casablanca-Settat": ("Grand Casablanca", "Chaouia-Ouardigha"),
    "Région Marrakech-Safi": ("Marrakech-Tensift-Al Haouz",),
    "Région Drâa-Tafilalet": (),
    "Région Souss-Massa": ("Souss-Massa-Drâa",),
    "Région Guelmim-Oued Noun": (),
    "Région Laâyoune-Sakia El Hamra": (),
    "Région Dakhla-Oued Ed-Dahab": (),
}
"""The regions of Morocco, with former and other names of some."""


@click.command("demo")
def load_again() -> None:
    """Load the example events again, with dates that lie ahead of today."""
    with opened() as runtime:
        for loaded in load_examples(runtime):
            click.echo(describe(loaded))


def start(runtime: Runtime) -> str | None:
    """Load the examples on the first run; return the organiser's password when it is new."""
    with runtime.reading() as tx:
        is_first_run = not events_.list_all(tx)
        is_known = organisers.find(tx, ORGANISER) is not None
    if is_first_run:
        load_examples(runtime)
    if is_known:
        return None
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    with runtime.transaction() as tx:
        organisers.add(tx, ORGANISER, password, institution=None, now=runtime.now())
    return password


def load_examples(runtime: Runtime) -> list[Loaded]:
    """Load each example, moved ahead of today; beside it if people registered."""
    add_regions(runtime)
    today = zones.to_local(runtime.now(), "Europe/Paris").date()
    with resources.as_file(resources.files("webinars") / "examples") as folder:
        return [
            load_example(runtime, read_example(folder, name, today + timedelta(days=days)))
            for name, days in DAYS_AHEAD.items()
        ]


def add_regions(runtime: Runtime) -> None:
    """Begin the directory of organisations, where nobody did yet."""
    now = runtime.now()
    with runtime.transaction() as tx:
        if organizations.count(tx):
            return
        for name, aliases in REGIONS.items():
            region = organizations.add(tx, Body(name, OrganizationKind.REGION, "MA"), now=now)
            for alias in aliases:
                organizations.add_alias(tx, region, alias)


def read_example(folder: Path, name: str, earliest: date) -> EventFile:
    """Read an example, moved to the first same day of the week from a date on."""
    file = eventfiles.read(folder / f"{name}.yaml")
    weekday = moments.day_of(file.starts).weekday()
    return eventfiles.shift(file, earliest + timedelta(days=(weekday - earliest.weekday()) % WEEK))


def load_example(runtime: Runtime, file: EventFile) -> Loaded:
    """Load an example; where people are registered already, beside it under a slug of its own."""
    try:
        loaded = load_one(runtime, file, yes=True, may_tell=False)
    except WouldMailPeople:
        slug = f"{file.slug}-{moments.day_of(file.starts):%Y%m%d}"
        file = file.model_copy(update={"slug": slug})
        loaded = load_one(runtime, file, yes=True, may_tell=False)
    with runtime.transaction() as tx:
        # Nobody who announced it has moved it: the page is not to say so.
        events_.get(tx, file.slug).former_dates = ()
    return loaded
