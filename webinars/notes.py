"""Notes: what organisers tell each other about a registration. The person never sees them here.

They are about her: they go with her data, and belong to what she may ask to be told.
"""

from datetime import datetime

from sqlalchemy import select

from webinars.database import Transaction
from webinars.errors import NoteMissing, NotFound
from webinars.models import Note, Registration
from webinars.typed import clean_text

TEXT_LIMIT = 2_000


def list_of(tx: Transaction, registration_id: int) -> list[Note]:
    """List the notes about a registration, the first first."""
    rows = select(Note).where(Note.registration_id == registration_id)
    return list(tx.scalars(rows.order_by(Note.written_at, Note.id)))


def add(
    tx: Transaction, registration: Registration, text: str, *, author: str, now: datetime
) -> Note:
    """Note something about a registration.

    :param author: the organiser's address.
    :raises NoteMissing: nothing was written.
    """
    text = clean_text(text[:TEXT_LIMIT])
    if not text:
        raise NoteMissing
    note = Note(registration_id=registration.id, author=author, text=text, written_at=now)
    tx.add(note)
    tx.flush()
    return note


def remove(tx: Transaction, registration: Registration, note_id: int) -> None:
    """Remove a note about a registration.

    :raises NotFound: there is none.
    """
    note = tx.get(Note, note_id)
    if note is None or note.registration_id != registration.id:
        raise NotFound("note", str(note_id))
    tx.delete(note)
    tx.flush()
