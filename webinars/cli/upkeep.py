"""Commands for who operates the service: migrations, retention, settings."""

import click

import config
import workers
from config import Settings
from webinars import migrations
from webinars.cli.doctor import looking_at
from webinars.cli.edge import make_data_dir, opened


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
        click.echo(f"{config.PREFIX}{name.upper()}={config.mask(name, getattr(settings, name))}")
        click.echo(f"    default: {_default(name)}")
        click.echo(f"    {meaning}")


def write_manual() -> str:
    """Return the manual page of the settings, in Markdown."""
    lines = ["# Settings", "", "Read from the environment; `webinars config` prints them.", ""]
    for name, meaning in config.describe().items():
        lines += [
            f"## `{config.PREFIX}{name.upper()}`",
            "",
            f"Default: `{_default(name)}`. For example: `{config.EXAMPLES[name]}`",
            "",
            meaning,
            "",
        ]
    return "\n".join(lines[:-1]) + "\n"


def _default(name: str) -> str:
    return config.mask(name, Settings.model_fields[name].default)
