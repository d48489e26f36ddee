"""What organisers saw, exported and changed: written down, and looked up.

A change is written down in the transaction that makes it, so that neither is without the other.
What was looked at is written down once a day for each organiser and page.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from webinars.database import Transaction
from webinars.models import COMMAND_LINE, AuditKind, AuditRecord, Organiser

KEPT = timedelta(days=365)


def record(
    tx: Transaction,
    organiser: Organiser | None,
    kind: AuditKind,
    deed: str,
    *,
    now: datetime,
    event_id: int | None = None,
    institution_id: int | None = None,
    subject: str = "",
    details: Mapping[str, str] | None = None,
) -> AuditRecord:
    """Write down that an organiser has changed or exported something.

    :param organiser: `None`: it was done by a command.
    :param deed: the page's name, like `registrations.decline`.
    :param subject: to what, by number: `registration_id=81`.
    """
    written = AuditRecord(
        at=now,
        kind=kind,
        author=organiser.email if organiser else COMMAND_LINE,
        organiser_id=organiser.id if organiser else None,
        event_id=event_id,
        event_key=event_id or 0,
        institution_id=institution_id,
        deed=deed,
        subject=subject,
        details=dict(details or {}),
    )
    tx.add(written)
    return written


def note_seen(
    tx: Transaction,
    organiser: Organiser,
    deed: str,
    *,
    now: datetime,
    event_id: int | None = None,
    institution_id: int | None = None,
    subject: str = "",
) -> None:
    """Write down that an organiser has seen a page today; a second look adds nothing."""
    insert = postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(AuditRecord).values(
        at=now,
        kind=AuditKind.SEEN,
        author=organiser.email,
        organiser_id=organiser.id,
        event_id=event_id,
        event_key=event_id or 0,
        institution_id=institution_id,
        deed=deed,
        subject=subject,
        details={},
        seen_on=now.date(),
    )
    tx.execute(row.on_conflict_do_nothing())


def list_records(
    tx: Transaction,
    *,
    event_id: int | None = None,
    institution_id: int | None = None,
    kind: AuditKind | None = None,
    author: str = "",
    limit: int,
    offset: int = 0,
) -> list[AuditRecord]:
    """List what was done at an event or in an institution, the last first."""
    wanted = select(AuditRecord).where(*_limit(event_id, institution_id, kind, author))
    ordered = wanted.order_by(AuditRecord.at.desc(), AuditRecord.id.desc())
    return list(tx.scalars(ordered.limit(limit).offset(offset)))


def list_authors(
    tx: Transaction, *, event_id: int | None = None, institution_id: int | None = None
) -> list[str]:
    """List the addresses of those who did something at an event or in an institution."""
    wanted = select(AuditRecord.author).where(*_limit(event_id, institution_id, None, ""))
    return list(tx.scalars(wanted.distinct().order_by(AuditRecord.author)))


def count(
    tx: Transaction,
    *,
    event_id: int | None = None,
    institution_id: int | None = None,
    kind: AuditKind | None = None,
    author: str = "",
) -> int:
    """Count what `list_records` lists."""
    wanted = _limit(event_id, institution_id, kind, author)
    return tx.scalar(select(func.count()).select_from(AuditRecord).where(*wanted)) or 0


def forget_old(tx: Transaction, *, now: datetime) -> None:
    """Forget what was done more than a year ago, as is done every night."""
    tx.execute(delete(AuditRecord).where(AuditRecord.at <= now - KEPT))


def _limit(
    event_id: int | None, institution_id: int | None, kind: AuditKind | None, author: str
) -> list[ColumnElement[bool]]:
    limits = []
    if event_id is not None:
        limits.append(AuditRecord.event_id == event_id)
    if institution_id is not None:
        limits.append(AuditRecord.institution_id == institution_id)
    if kind is not None:
        limits.append(AuditRecord.kind == kind)
    if author:
        limits.append(AuditRecord.author == author)
    return limits
