"""The command line: every command, and the one place where the parts are put together.

A refusal is a line on standard error and exit code 1, a wrong use exit code 2; no trace is shown.
"""

import io
import os
import sys
from typing import Any

import click

import config
from webinars.cli import (
    changes,
    deliveries,
    demo,
    events,
    intake,
    mailings,
    organisers,
    registrations,
    serving,
    suppressions,
    upkeep,
)
from webinars.cli.edge import tell_unknown_settings
from webinars.cli.sentences import explain, explain_fault
from webinars.errors import SettingRefused, WebinarsError


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


for of_events in changes.COMMANDS:
    events.events.add_command(of_events)

for command in (
    *serving.COMMANDS,
    *upkeep.COMMANDS,
    intake.intake,
    demo.load_again,
    events.events,
    registrations.registrations,
    organisers.organisers,
    mailings.mailings,
    deliveries.deliveries,
    suppressions.suppressions,
):
    webinars.add_command(command)


def main() -> None:
    """Run the command that was asked for and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")  # whatever the machine's own is: names are Arabic
    config.set_up_logging()
    webinars()
