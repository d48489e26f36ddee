"""The archive of an event: one ZIP with what archivists keep, and a manifest of it.

The event as a file that can be loaded again, its documents, the lists, what was mailed and to how
many, the changes, and papers. It is made while it is sent, piece by piece, and lies nowhere.
"""

import hashlib
import io
import json
import logging
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy import func, select

from webinars import eventfiles, exports, letters, loading, papers, phrasing
from webinars.changes import history
from webinars.database import Transaction
from webinars.errors import NobodyOnPaper, PaperFailed, PressBusy
from webinars.exports import Format
from webinars.letters import Draft
from webinars.links import Links
from webinars.models import Delivery, Event, Language, Paper, PaperOrder
from webinars.zones import to_local

logger = logging.getLogger(__name__)

PIECE = 64 * 1024
TOKEN = re.compile(r"(/(?:r|j|u)/)[A-Za-z0-9_-]{16,}")
"""A personal link in a mail: it still opens what is the person's own."""
PAPERS = (Paper.SIGN_IN, Paper.DELEGATIONS, Paper.PROGRAMME, Paper.STATISTICS)
FORMAT = "archive"
"""What the log of exports calls it."""


@dataclass(frozen=True)
class Made:
    """A file of the archive, as the manifest names it."""

    file: str
    what: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Source:
    """Where the parts of an archive come from."""

    tx: Transaction
    event: Event
    links: Links
    sender: str
    documents: Path
    """The folder in which the documents of events lie."""
    now: datetime


@dataclass(frozen=True)
class Member:
    """A file of the archive: its bytes are asked for when its turn comes; `None`: there is none."""

    file: str
    what: str
    write: Callable[[], Iterable[bytes] | None]


class Sink(io.RawIOBase):
    """Takes what the ZIP writes, until it is handed on."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, piece: Any) -> int:
        """Keep a piece."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def drain(self) -> bytes:
        """Return what was written since the last time."""
        drained = b"".join(self._pieces)
        self._pieces.clear()
        return drained


def name_file(event: Event, *, now: datetime) -> str:
    """Return the name of an archive: the event's date and slug, and when it was made there."""
    made = to_local(now, event.timezone).strftime("%Y-%m-%dT%H%M")
    return f"{event.starts_on}_{event.slug}_archive_{made}.zip"


def write(source: Source) -> Iterator[bytes]:
    """Write an archive piece by piece; the transaction stays open until the last one is taken."""
    sink, made = Sink(), list[Made]()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in _list_members(source):
            pieces = member.write()
            if pieces is None:
                continue
            yield from _add(archive, sink, member, pieces, source, made)
        manifest = Member("manifest.json", "", lambda: [_write_manifest(source, made)])
        yield from _add(archive, sink, manifest, manifest.write() or (), source, [])
    yield sink.drain()


def _add(
    archive: zipfile.ZipFile,
    sink: Sink,
    member: Member,
    pieces: Iterable[bytes],
    source: Source,
    made: list[Made],
) -> Iterator[bytes]:
    local = to_local(source.now, source.event.timezone)
    about = zipfile.ZipInfo(member.file, local.timetuple()[:6])
    about.compress_type = zipfile.ZIP_DEFLATED
    about.external_attr = 0o600 << 16
    digest, size = hashlib.sha256(), 0
    with archive.open(about, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            size += len(piece)
            yield sink.drain()
    made.append(Made(member.file, member.what, digest.hexdigest(), size))
    yield sink.drain()


def _list_members(source: Source) -> Iterator[Member]:
    tx, event, now = source.tx, source.event, source.now
    yield Member("LISEZ-MOI.txt", "Ce que contient l’archive", lambda: [_explain(source)])
    yield Member(
        "evenement/evenement.yaml",
        "L’événement, à charger à nouveau par « webinars events load »",
        lambda: [write_event(event)],
    )
    for document in event.documents:
        yield Member(
            f"evenement/{document.file}",
            f"Document : {document.title}, version {document.version}",
            lambda path=source.documents / document.sha256: _read(path),  # type: ignore[misc]
        )
    for file_format, name in ((Format.CSV, "inscrits.csv"), (Format.XLSX, "inscrits.xlsx")):
        yield Member(
            f"listes/{name}",
            "Liste des inscriptions",
            lambda chosen=file_format: exports.write(tx, event, chosen, now=now),  # type: ignore[misc]
        )
    for paper in PAPERS:
        what = papers.name_paper(paper, Language.FRENCH)
        yield Member(
            f"documents/{papers.NAMES[paper]}.pdf",
            what,
            lambda chosen=paper: _print(source, chosen),  # type: ignore[misc]
        )
    yield Member(
        "envois/envois.json", "Envois, avec leurs nombres", lambda: [_to_json(_count_mails(source))]
    )
    yield from _list_samples(source)
    yield Member(
        "chronologie.json", "Changements de l’événement", lambda: [_to_json(_list_changes(source))]
    )


def write_event(event: Event) -> bytes:
    """Write an event as the file that would say the same, with its documents beside it."""
    content = eventfiles.content(loading.to_file(event))
    said = {key: value for key, value in content.items() if value not in (None, [], {})}
    said["documents"] = [
        {key: one[key] for key in ("title", "file", "version")}
        for one in content["documents"] or ()  # type: ignore[attr-defined]
    ]
    if not said["documents"]:
        del said["documents"]
    yaml, written = YAML(), io.BytesIO()
    yaml.default_flow_style, yaml.width = False, PIECE
    yaml.dump(said, written)
    return written.getvalue()


def _read(path: Path) -> Iterator[bytes] | None:
    """Read a document; what is no longer there is left out."""
    if not path.is_file():
        logger.warning("document missing from an archive")
        return None
    return _read_pieces(path)


def _read_pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _print(source: Source, paper: Paper) -> list[bytes] | None:
    """Print a paper; one that cannot be printed is left out, and the rest is not held up."""
    tx, event, now = source.tx, source.event, source.now
    order = PaperOrder(paper, Language.FRENCH)
    try:
        manuscript = papers.write(tx, event, order, links=source.links, now=now)
        return [papers.print_paper(manuscript, now=now)]
    except (NobodyOnPaper, PressBusy):
        return None
    except PaperFailed as error:
        logger.error("paper missing from an archive: event=%s said=%s", event.id, error.said)
        return None


def _count_mails(source: Source) -> list[dict[str, Any]]:
    rows = source.tx.execute(
        select(
            Delivery.template,
            Delivery.language,
            Delivery.state,
            func.count(),
            func.min(Delivery.accepted_at),
            func.max(Delivery.accepted_at),
        )
        .where(Delivery.event_id == source.event.id)
        .group_by(Delivery.template, Delivery.language, Delivery.state)
        .order_by(Delivery.template, Delivery.language, Delivery.state)
    )
    keys = ("template", "language", "state", "count", "first_accepted_at", "last_accepted_at")
    return [dict(zip(keys, row, strict=True)) for row in rows]


def _list_samples(source: Source) -> Iterator[Member]:
    """Give one mail of each kind and language that left, without the links that are personal."""
    last = source.tx.scalars(
        select(func.max(Delivery.id))
        .where(Delivery.event_id == source.event.id, Delivery.accepted_at.is_not(None))
        .group_by(Delivery.template, Delivery.language)
    ).all()
    drafts = letters.prepare(source.tx, sorted(last), links=source.links, sender=source.sender)
    for draft in drafts.values():
        if isinstance(draft, Draft):
            row = draft.row
            yield Member(
                f"envois/{row.template}.{row.language}.txt",
                f"Un message parti : {phrasing.mail_label(row.template, Language.FRENCH)}",
                lambda one=draft: _write_sample(one),  # type: ignore[misc]
            )


def _write_sample(draft: Draft) -> list[bytes] | None:
    try:
        texts = draft.read()
    except Exception:  # what it was about has gone since: the mail itself has left
        logger.warning("mail missing from an archive: delivery=%s", draft.delivery_id)
        return None
    return [TOKEN.sub(r"\1…", f"{texts.subject}\n\n{texts.text}").encode()]


def _list_changes(source: Source) -> list[dict[str, Any]]:
    return [
        {
            "at": row.made_at,
            "author": row.author,
            "kind": row.kind,
            "reason": row.reason,
            "mails": row.total,
        }
        for row in history.list_changes(source.tx, source.event.id)
    ]


def _write_manifest(source: Source, made: list[Made]) -> bytes:
    return _to_json(
        {
            "event": source.event.slug,
            "made_at": source.now,
            "software": f"webinars {version('webinars')}",
            "files": [asdict(one) for one in made],
        }
    )


def _to_json(said: Any) -> bytes:
    def write_instant(value: Any) -> str:
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"

    return (json.dumps(said, ensure_ascii=False, indent=1, default=write_instant) + "\n").encode()


def _explain(source: Source) -> bytes:
    event = source.event
    made = phrasing.instant(source.now, (event.timezone,), Language.FRENCH)
    return f"""{event.title.fr}
{phrasing.when(event, Language.FRENCH)}

Archive établie le {made}.

evenement/     l’événement en YAML et ses documents, tels qu’on peut les charger à nouveau
listes/        les inscriptions, en CSV (UTF-8, virgules) et en XLSX
documents/     feuilles d’émargement, liste par délégation, programme, statistiques (PDF)
envois/        ce qui est parti, combien, et un message de chaque sorte et de chaque langue ;
               les liens personnels en sont retirés
chronologie.json   les changements de l’événement
manifest.json      chaque fichier avec son empreinte SHA-256, sa taille et ce qu’il est

L’archive contient des données personnelles : gardez-la où elles peuvent être gardées, et
aussi longtemps que la règle de conservation le demande.
""".encode()
