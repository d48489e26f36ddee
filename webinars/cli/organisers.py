"""Commands about the people who sign in to run events."""

import sys
from datetime import datetime

import click

from webinars import audits, events, grants, second_factors, typed
from webinars import organisers as organisers_
from webinars.cli.edge import AS_JSON, opened, print_json, print_table
from webinars.cli.listings import say_value
from webinars.database import Transaction
from webinars.errors import NotFound
from webinars.models import COMMAND_LINE, AuditKind, Event, Grant, Organiser, OrganiserRole

COLUMNS = ("address", "name", "institution", "roles", "state", "second_factor")
ROLE = click.argument("role", type=click.Choice([one.value for one in OrganiserRole]))
AT_EVENT = click.option("--event", "slug", metavar="SLUG", help="At one event; else everywhere.")


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


@organisers.command("list")
@AS_JSON
def list_organisers(as_json: bool) -> None:
    """List organisers with their institution, their roles and the state of their accounts."""
    with opened() as runtime, runtime.reading() as tx:
        rows = [_describe(tx, one) for one in organisers_.list_all(tx)]
    if as_json:
        print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
        return
    print_table([_say(row) for row in rows], COLUMNS, "UTC")


@organisers.command("grant")
@click.argument("address")
@ROLE
@AT_EVENT
def grant(address: str, role: str, slug: str | None) -> None:
    """Give an organiser a role, at one event or in all of her institution."""
    with opened() as runtime, runtime.transaction() as tx:
        organiser, event = _find(tx, address, slug)
        wanted, now = OrganiserRole(role), runtime.now()
        grants.give(tx, organiser, wanted, by=COMMAND_LINE, now=now, event=event)
        _write_down(tx, "organisers.give", organiser, event, now, role=role)
    click.echo(f"Granted: {address} {role}")


@organisers.command("revoke")
@click.argument("address")
@ROLE
@AT_EVENT
def revoke(address: str, role: str, slug: str | None) -> None:
    """Take a role away from an organiser; somebody who decides on roles is always left."""
    with opened() as runtime, runtime.transaction() as tx:
        organiser, event = _find(tx, address, slug)
        if not grants.take(tx, organiser, OrganiserRole(role), event=event):
            raise NotFound("role", role)
        _write_down(tx, "organisers.take", organiser, event, runtime.now(), role=role)
    click.echo(f"Revoked: {address} {role}")


@organisers.command("disable")
@click.argument("address")
def disable(address: str) -> None:
    """Close an account: nothing lets in any more, and every sign-in ends."""
    with opened() as runtime, runtime.transaction() as tx:
        organiser, _ = _find(tx, address, None)
        grants.disable(tx, organiser, by=None, now=runtime.now())
        _write_down(tx, "organisers.disable", organiser, None, runtime.now())
    click.echo(f"Disabled: {address}")


@organisers.command("enable")
@click.argument("address")
def enable(address: str) -> None:
    """Open an account again that was closed."""
    with opened() as runtime, runtime.transaction() as tx:
        organiser, _ = _find(tx, address, None)
        grants.enable(tx, organiser)
        _write_down(tx, "organisers.enable", organiser, None, runtime.now())
    click.echo(f"Enabled: {address}")


@organisers.command("reset-second-factor")
@click.argument("address")
def reset_second_factor(address: str) -> None:
    """Ask an organiser for the password alone: she has lost telephone and recovery codes."""
    with opened() as runtime, runtime.transaction() as tx:
        organiser, _ = _find(tx, address, None)
        second_factors.turn_off(tx, organiser)
        _write_down(tx, "second_factors.change", organiser, None, runtime.now())
    click.echo(f"Reset: {address}")


def _find(tx: Transaction, address: str, slug: str | None) -> tuple[Organiser, Event | None]:
    organiser = organisers_.find(tx, address)
    if organiser is None:
        raise NotFound("organiser", address)
    return organiser, None if slug is None else events.get(tx, slug)


def _write_down(
    tx: Transaction,
    deed: str,
    organiser: Organiser,
    event: Event | None,
    now: datetime,
    **details: str,
) -> None:
    audits.record(
        tx,
        None,
        AuditKind.CHANGED,
        deed,
        now=now,
        event_id=None if event is None else event.id,
        institution_id=organiser.institution_id if event is None else None,
        subject=f"organiser_id={organiser.id}",
        details=details,
    )


def _describe(tx: Transaction, one: Organiser) -> tuple[object, ...]:
    roles = [_say_grant(tx, held) for held in one.grants]
    state = "disabled" if one.disabled_at else "active" if one.password_hash else "invited"
    institution = one.institution
    return (
        one.email,
        one.name,
        f"{institution.acronym}:{institution.country}" if institution else "",
        ["service", *roles] if one.runs_service else roles,
        state,
        one.totp_secret is not None,
    )


def _say_grant(tx: Transaction, held: Grant) -> str:
    if held.event_id is None:
        return held.role.value
    return f"{held.role.value}@{events.get_by_id(tx, held.event_id).slug}"


def _say(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(", ".join(one) if isinstance(one, list) else say_value(one) for one in row)


def read_password() -> str:
    """Read a password: asked for twice on a terminal, one line of standard input elsewhere."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
