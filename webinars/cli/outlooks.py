"""What a change comes to, as a terminal shows it: who is told what, and who is not and why."""

from collections.abc import Sequence

import click

from webinars.changes import NotTold, Outlook

NAMED = 20
"""So many people are named at most, unless all are asked for."""

WHY_NOT = {
    NotTold.DRAFT: "nobody can see the draft",
    NotTold.UNCONCERNED: "nothing changes for them",
    NotTold.UNREAD: "their confirmation is still to leave and will say it",
    NotTold.UNDONE: "they were not told of the change before, which this one undoes",
    NotTold.SUPPRESSED: "their address is not written to",
    NotTold.OVER: "the event is over",
}


def say(slug: str, outlook: Outlook, *, all_names: bool = False) -> list[str]:
    """Say who gets what by a change, a line each."""
    lines = [f"{slug}: {outlook.kind}: {count(outlook.told, 'person', 'people')} told"]
    for template, told in outlook.mails.items():
        copies = f", {count(told.copies, 'assistant', 'assistants')}" if told.copies else ""
        lines.append(f"  {template}: {count(told.people, 'person', 'people')}{copies}")
    if outlook.days:
        lines.append(f"  {count(outlook.days, 'mail', 'mails')} for further days of calendars")
    if outlook.asked:
        lines.append(f"  {outlook.asked} are asked whether they maintain")
    for reason, number in outlook.not_told.items():
        lines.append(f"  not told: {number}, for {WHY_NOT[reason]}")
    if outlook.dropped:
        lines.append(f"  {count(outlook.dropped, 'waiting mail is', 'waiting mails are')} given up")
    return lines + _name(outlook, all_names=all_names)


def _name(outlook: Outlook, *, all_names: bool) -> list[str]:
    if len(outlook.people) > NAMED and not all_names:
        return []
    return [
        f"    {one.name} <{one.email}>: {one.template or one.why_not}" for one in outlook.people
    ]


def count(number: int, one: str, many: str) -> str:
    """Say a number of things."""
    return f"{number} {one if number == 1 else many}"


def ask(lines: Sequence[str]) -> None:
    """Show lines on standard error and ask whether to go on."""
    for line in lines:
        click.echo(line, err=True)
    click.confirm("Go on?", abort=True, err=True)
