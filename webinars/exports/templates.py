"""Choices of columns that the organisers of an event keep, each under a name.

One that is kept under a name that is taken replaces what was kept under it.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from webinars.database import Transaction
from webinars.errors import NotFound
from webinars.models import Event, ExportTemplate


def save(
    tx: Transaction, event: Event, name: str, columns: Sequence[str], *, author: str, now: datetime
) -> ExportTemplate:
    """Keep a choice of columns, in order, under a name.

    :param author: the organiser's address.
    """
    found = _find(tx, event.id, name)
    if found is None:
        found = ExportTemplate(event_id=event.id, name=name)
        tx.add(found)
    found.columns = tuple(columns)
    found.saved_at, found.saved_by = now, author
    tx.flush()
    return found


def get(tx: Transaction, event_id: int, template_id: int) -> ExportTemplate:
    """Return a choice of columns of an event.

    :raises NotFound: there is none.
    """
    found = tx.get(ExportTemplate, template_id)
    if found is None or found.event_id != event_id:
        raise NotFound("export template", str(template_id))
    return found


def list_all(tx: Transaction, event_id: int) -> list[ExportTemplate]:
    """List the choices of columns of an event, by name."""
    rows = select(ExportTemplate).where(ExportTemplate.event_id == event_id)
    return list(tx.scalars(rows.order_by(ExportTemplate.name, ExportTemplate.id)))


def remove(tx: Transaction, event_id: int, template_id: int) -> None:
    """Forget a choice of columns; one that is forgotten already is no mistake."""
    tx.execute(
        delete(ExportTemplate).where(
            ExportTemplate.id == template_id, ExportTemplate.event_id == event_id
        )
    )


def _find(tx: Transaction, event_id: int, name: str) -> ExportTemplate | None:
    return tx.scalar(
        select(ExportTemplate).where(
            ExportTemplate.event_id == event_id, ExportTemplate.name == name
        )
    )
