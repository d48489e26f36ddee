"""Commands for who operates the service: migrations, retention, settings."""

import difflib
import os
from collections.abc import Iterable

import click

import config
import workers
from config import Settings
from webinars import migrations
from webinars.cli.doctor import doctor, looking_at
from webinars.cli.edge import make_data_dir, opened

SETTINGS = [f"WEBINARS_{name.upper()}" for name in Settings.model_fields]
FOR_TESTS = ("WEBINARS_TEST_", "WEBINARS_FAULT")


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


COMMANDS = (db, purge, show_config, doctor)
