"""The command that takes reports of failure and answers of calendars.

One comes from a mail server's pipe, or all of a mailbox.
"""

import os
import sys
from typing import Any

import click

import config
from webinars.cli.edge import opened
from webinars.cli.sentences import explain, explain_fault
from webinars.errors import SettingRefused, WebinarsError
from webinars.mail.intake import SourceAway, read_pipe
from workers.intake import read_intake, say, take


class TryLater(click.ClickException):
    """Raised to have the mail server keep the message and hand it over again later."""

    exit_code = os.EX_TEMPFAIL

    def show(self, file: Any = None) -> None:
        """Say why."""
        click.echo(self.message, err=True)


class MailboxAway(TryLater):
    """Raised to end a look into a mailbox that cannot be read."""

    exit_code = 1


@click.command()
@click.option("--once", is_flag=True, help="Read the mailbox of WEBINARS_INTAKE_URL now.")
def intake(once: bool) -> None:
    """Take one report of failure, or answer of a calendar, from standard input.

    A mail server's pipe hands it over. Leaves with 0 when it was written down, or is none; with 75
    when it has to be handed over again later.
    """
    if once:
        click.echo(read_now())
    elif sys.stdin.isatty():
        raise click.UsageError("standard input holds no message; --once reads the mailbox instead")
    else:
        click.echo(take_one())


def read_now() -> str:
    """Read what has come to the mailbox, and tell in one line what it was."""
    try:
        with opened() as runtime:
            if not runtime.settings.intake_url:
                example = config.EXAMPLES["intake_url"]
                raise SettingRefused("WEBINARS_INTAKE_URL", "is empty", example)
            counts = read_intake(runtime)
    except SourceAway as error:
        said = f": {error.said}" if error.said else ""
        raise MailboxAway(f"The mailbox cannot be read, {error.reason}{said}") from error
    return f"{counts.total()} read: {say(counts)}"


def take_one() -> str:
    """Take the message on standard input, and tell in one line what it was.

    :raises TryLater: whatever keeps it from being written down, a mail server can wait.
    """
    message = read_pipe(sys.stdin.buffer)
    try:
        with opened() as runtime:
            return str(take(runtime, message))
    except WebinarsError as error:
        raise TryLater(explain(error).split("\n")[0]) from error
    except Exception as error:
        raise TryLater(explain_fault(error)) from error
