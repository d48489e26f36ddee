"""The command line: every command, and the one place where the parts are put together.

A refusal is a line on standard error and exit code 1, a wrong use exit code 2; no trace is shown.
"""

import importlib
import io
import os
import sys
from collections.abc import Mapping
from typing import Any

import click

import config
from webinars.cli.edge import tell_unknown_settings
from webinars.cli.sentences import explain, explain_fault
from webinars.errors import SettingRefused, WebinarsError

COMMANDS = {
    "config": "upkeep:show_config",
    "db": "upkeep:db",
    "deliveries": "deliveries:deliveries",
    "demo": "demo:load_again",
    "doctor": "doctor:doctor",
    "events": "changes:of_events",
    "intake": "intake:intake",
    "mailings": "mailings:mailings",
    "organisers": "organisers:organisers",
    "purge": "upkeep:purge",
    "registrations": "registrations:registrations",
    "serve": "serving:serve",
    "suppressions": "suppressions:suppressions",
    "timer": "working:timer",
    "worker": "working:worker",
}
"""Each command and its home, which is read only when it is asked for: pages, workers and workbooks
take a second that a short command need not wait for."""


class Refused(click.ClickException):
    """Raised to end a command with what is said on standard error."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Say why."""
        click.echo(self.message, err=True)


class UsedWrongly(Refused):
    """Raised to end a command that could not have worked as it was asked for."""

    exit_code = 2


class Commands(click.Group):
    """All commands; whatever stops one of them, nobody reads a trace on a terminal."""

    def __init__(self, *args: Any, homes: Mapping[str, str] = COMMANDS, **options: Any) -> None:
        super().__init__(*args, **options)
        self.homes = homes

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of the commands."""
        return sorted(self.homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name."""
        home = self.homes.get(cmd_name)
        return None if home is None else find_command(home)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except SettingRefused as error:
            raise UsedWrongly(explain(error)) from error
        except WebinarsError as error:
            raise Refused(explain(error)) from error
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise  # click knows what to do
        except Exception as error:
            raise Refused(explain_fault(error)) from error


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="webinars")
def webinars() -> None:
    """Registrations for webinars and assises, and the mails that go with them.

    Settings come from the environment: see `webinars config`.
    """
    tell_unknown_settings(os.environ)


def find_command(home: str) -> click.Command:
    """Return a command by its module and its name in it, like `doctor:doctor`."""
    module, _, name = home.partition(":")
    command: click.Command = getattr(importlib.import_module(f"webinars.cli.{module}"), name)
    return command


def main() -> None:
    """Run the command that was asked for and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")  # whatever the machine's own is: names are Arabic
    config.set_up_logging()
    webinars()
