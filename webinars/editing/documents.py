"""The documents of an event: added, replaced by a new version, renamed, put in order, removed.

The public sees the newest version of each; organisers keep the older ones. The bytes lie in the
data folder under their digest, and are stored there before anything here is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from webinars import changes, events, loading
from webinars.changes import Order
from webinars.database import Transaction
from webinars.editing.saving import save
from webinars.errors import NotFound, ValueRefused
from webinars.models import Document, Event, FormerDocument


@dataclass(frozen=True)
class Upload:
    """A file that was sent, and is stored under its digest."""

    file: str
    sha256: str
    bytes: int


def add_document(
    tx: Transaction, event: Event, title: str, version: str, upload: Upload, order: Order
) -> None:
    """Add a document.

    :raises FileRefused: the title is none, or another document has it.
    """
    said = _list(event)
    said.append({"title": title, "version": version or "1", **_say(upload)})
    save(tx, event, {"documents": said}, order)


def replace_document(
    tx: Transaction, event: Event, document_id: int, version: str, upload: Upload, order: Order
) -> None:
    """Let a new version take the place of a document; the same bytes only change its label.

    :raises NotFound: there is none of that number.
    """
    document = get_document(event, document_id)
    fresh = {"version": version or next_version(document), **_say(upload)}
    said = [one | fresh if one["title"] == document.title else one for one in _list(event)]
    save(tx, event, {"documents": said}, order)


def rename_document(
    tx: Transaction, event: Event, document_id: int, title: str, order: Order
) -> None:
    """Give a document another title; its address and its versions stay.

    :raises NotFound: there is none of that number.
    :raises ValueRefused: another document has that title.
    """
    document = get_document(event, document_id)
    if any(one.title == title and one is not document for one in event.documents):
        raise ValueRefused("title-taken")

    def write(held: Event) -> None:
        document.title = title
        events.touch(held)

    changes.edit(tx, event, write, order)


def remove_document(tx: Transaction, event: Event, document_id: int, order: Order) -> None:
    """Offer a document no more, in none of its versions.

    :raises NotFound: there is none of that number.
    """
    document = get_document(event, document_id)
    said = [one for one in _list(event) if one["title"] != document.title]
    save(tx, event, {"documents": said}, order)


def move_document(tx: Transaction, event: Event, document_id: int, by: int, order: Order) -> None:
    """Show a document earlier (-1) or later (+1).

    :raises NotFound: there is none of that number.
    """
    document, said = get_document(event, document_id), _list(event)
    place = next(place for place, one in enumerate(said) if one["title"] == document.title)
    if 0 <= place + by < len(said):
        said[place], said[place + by] = said[place + by], said[place]
        save(tx, event, {"documents": said}, order)


def next_version(document: Document) -> str:
    """Return what the version after a document's own is called, where that can be told."""
    return str(int(document.version) + 1) if document.version.isdecimal() else document.version


def get_document(event: Event, document_id: int) -> Document:
    """Return a document of an event.

    :raises NotFound: there is none of that number.
    """
    for one in event.documents:
        if one.id == document_id:
            return one
    raise NotFound("document", str(document_id))


def list_former(tx: Transaction, event: Event) -> Sequence[FormerDocument]:
    """List the versions that others have taken the place of, the last first."""
    former = select(FormerDocument).join(Document).where(Document.event_id == event.id)
    return tx.scalars(former.order_by(FormerDocument.id.desc())).all()


def _list(event: Event) -> list[dict[str, Any]]:
    said: Any = loading.to_content(event)["documents"]
    return list(said or ())


def _say(upload: Upload) -> dict[str, Any]:
    return {"file": upload.file, "sha256": upload.sha256, "bytes": upload.bytes}
