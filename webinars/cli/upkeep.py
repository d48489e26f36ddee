"""Commands for who operates the service: migrations, retention, settings, a look at its parts."""

import difflib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parseaddr

import click
from sqlalchemy import func, select

import config
import workers
from config import Settings
from webinars import broker as brokers
from webinars import migrations, zones
from webinars.cli.edge import make_data_dir, opened
from webinars.cli.sentences import say_cause
from webinars.clock import system_clock
from webinars.database import Database
from webinars.errors import ClocksDiffer
from webinars.mail.transports import open_transport

SETTINGS = [f"WEBINARS_{name.upper()}" for name in Settings.model_fields]
FOR_TESTS = ("WEBINARS_TEST_", "WEBINARS_FAULT")
CLOCKS_MAY_DIFFER = timedelta(seconds=5)


@click.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
def upgrade() -> None:
    """Bring the database up to date."""
    settings = config.read()
    make_data_dir(settings)
    with looking_at(settings) as database:
        migrations.upgrade(database)


@click.command()
def purge() -> None:
    """Do now what is done every night: anonymise what retention has ended for."""
    with opened() as runtime:
        done = workers.purge(runtime)
    click.echo(done)


@click.command("config")
@click.option("--manual", is_flag=True, help="Print the manual page of the settings.")
def show_config(manual: bool) -> None:
    """Print every setting with its meaning, default and value; secrets are masked."""
    if manual:
        click.echo(write_manual(), nl=False)
        return
    settings = config.read()
    for name, meaning in config.describe().items():
        click.echo(f"WEBINARS_{name.upper()}={config.mask(name, getattr(settings, name))}")
        click.echo(f"    default: {_default(name)}")
        click.echo(f"    {meaning}")
    for name in list_unknown(os.environ):
        close = difflib.get_close_matches(name, SETTINGS, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        click.echo(f"{name} is no setting{hint}", err=True)


def list_unknown(environment: Iterable[str]) -> list[str]:
    """List what is named like a setting and is none: nothing else would tell of a slip."""
    named = {name for name in environment if name.startswith("WEBINARS_")}
    return sorted(name for name in named.difference(SETTINGS) if not name.startswith(FOR_TESTS))


def write_manual() -> str:
    """Return the manual page of the settings, in Markdown."""
    lines = ["# Settings", "", "Read from the environment; `webinars config` prints them.", ""]
    for name, meaning in config.describe().items():
        lines += [
            f"## `WEBINARS_{name.upper()}`",
            "",
            f"Default: `{_default(name)}`. For example: `{config.EXAMPLES[name]}`",
            "",
            meaning,
            "",
        ]
    return "\n".join(lines[:-1]) + "\n"


def _default(name: str) -> str:
    return config.mask(name, Settings.model_fields[name].default)


@click.command()
def doctor() -> None:
    """Look at the database, the broker, the mail relay, the zone data and the clock."""
    settings = config.read()
    results = [_examine(name, check, settings) for name, check in CHECKS.items()]
    if not all(results):
        sys.exit(1)


def _examine(name: str, check: Callable[[Settings], str], settings: Settings) -> bool:
    try:
        click.echo(f"{name}: ok, {check(settings)}")
    except Exception as error:  # whatever is wrong with a part, the other parts are looked at
        click.echo(f"{name}: FAILED, {say_cause(error)}")
        return False
    return True


def check_database(settings: Settings) -> str:
    """Ask whether the database answers and is up to date."""
    with looking_at(settings) as database:
        migrations.check(database)
        return str(database.engine.dialect.name)


def check_broker(settings: Settings) -> str:
    """Ask whether the broker answers."""
    broker = brokers.open_broker(settings.broker_url)
    try:
        return brokers.check(broker)
    finally:
        broker.close()


def check_relay(settings: Settings) -> str:
    """Greet the mail relay, or see whether the folder can be written to."""
    transport = open_transport(settings.mail_url, parseaddr(settings.mail_from)[1])
    try:
        return transport.check()
    finally:
        transport.close()


def check_zone_data(settings: Settings) -> str:
    """Look whether the zone data know Morocco's change of September 2026."""
    zones.check()
    return f"tzdata {zones.version()}"


def check_clock(settings: Settings) -> str:
    """Compare the clock of this machine with the database server's, where there is one.

    :raises ClocksDiffer: mails would leave at the wrong time, or tell of it.
    """
    with looking_at(settings) as database:
        if not database.is_sqlite:
            with database.reading() as tx:
                theirs = tx.execute(select(func.clock_timestamp())).scalar_one()
            if abs(theirs - system_clock()) > CLOCKS_MAY_DIFFER:
                raise ClocksDiffer(theirs - system_clock())
    return f"{system_clock():%Y-%m-%d %H:%M:%S} UTC"


@contextmanager
def looking_at(settings: Settings) -> Iterator[Database]:
    """Open the database for a look."""
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        database.dispose()


CHECKS: dict[str, Callable[[Settings], str]] = {
    "database": check_database,
    "broker": check_broker,
    "mail relay": check_relay,
    "zone data": check_zone_data,
    "clock": check_clock,
}
COMMANDS = (db, purge, show_config, doctor)
