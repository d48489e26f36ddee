"""Commands about the people who sign in to run events."""

import sys

import click

from webinars import organisers as organisers_
from webinars import typed
from webinars.cli.edge import opened


@click.group()
def organisers() -> None:
    """People who sign in to run events."""


@organisers.command("add")
@click.argument("address")
@click.option("--institution", metavar="ACRONYM", help="Whose events; without it, every event.")
def add_organiser(address: str, institution: str | None) -> None:
    """Add an organiser; the password is read from standard input or asked for."""
    email = typed.check_email(address)
    with opened() as runtime:
        password = read_password()
        with runtime.transaction() as tx:
            organisers_.add(tx, email, password, institution=institution, now=runtime.now())
    click.echo(f"Added: {email}")


@organisers.command("password")
@click.argument("address")
def change_password(address: str) -> None:
    """Change an organiser's password and end every sign-in."""
    with opened() as runtime:
        password = read_password()
        with runtime.transaction() as tx:
            organisers_.set_password(tx, address, password)
    click.echo(f"Changed: {address}")


def read_password() -> str:
    """Read a password: asked for twice on a terminal, one line of standard input elsewhere."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
