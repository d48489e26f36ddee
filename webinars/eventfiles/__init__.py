"""Event files: what an organiser writes about an event, checked from the first key to the last.

Pure, but for `read` and `store_attachments`, which know the disk. Every mistake is reported at
once, each with its file, line, key and reason. How a file becomes an event is `webinars.loading`.
"""

import difflib
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path as FilePath
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from webinars.errors import FileRefused
from webinars.eventfiles import checks, moments
from webinars.eventfiles.moments import Rule
from webinars.eventfiles.reasons import explain, make_problem
from webinars.eventfiles.shape import (
    GATE_CLOSES_MINUTES,
    GATE_OPENS_MINUTES,
    KEYS,
    Connection,
    EventFile,
    keys_at,
    propose_slug,
)
from webinars.eventfiles.tree import SIZE_LIMIT, Path, Tree, Value, grow
from webinars.models import InstitutionRole

__all__ = [
    "KEYS",
    "SIZE_LIMIT",
    "EventFile",
    "check_content",
    "content",
    "explain",
    "from_content",
    "parse",
    "propose_slug",
    "read",
    "shift",
    "store",
    "store_attachments",
]

ATTACHMENT_LIMIT = 20 * 1024 * 1024

FindFile = Callable[[str], bytes | None]
"""From a path beside the event file to the bytes there, or `None`."""

CODES = {
    "missing": "missing",
    "enum": "word",
    "literal_error": "word",
    "string_pattern_mismatch": "word",
    "int_parsing": "number",
    "int_type": "number",
    "int_from_float": "number",
    "int_parsing_size": "number",
    "greater_than_equal": "too-small",
    "less_than_equal": "too-large",
    "model_type": "mapping-expected",
    "tuple_type": "list-expected",
    "string_type": "text-expected",
    "too_long": "too-many",
    "too_short": "empty-list",
}
"""From pydantic's kinds of error to our reasons."""


def read(path: FilePath) -> EventFile:
    """Read an event file from the disk, with its documents.

    :raises FileRefused: it says something that cannot be; every mistake is named.
    """
    try:
        with path.open("rb") as opened:
            data = opened.read(SIZE_LIMIT + 1)
    except OSError as error:
        problem = make_problem("file-missing", file=str(path), problem=error.strerror)
        raise FileRefused([problem]) from error
    return parse(data, name=str(path), find_file=lambda name: _read_beside(path, name))


def _read_beside(path: FilePath, name: str) -> bytes | None:
    folder = path.parent.resolve()
    found = (folder / name).resolve()
    # A link out of the folder would publish whatever it leads to.
    if not found.is_relative_to(folder) or not found.is_file():
        return None
    with found.open("rb") as opened:
        return opened.read(ATTACHMENT_LIMIT + 1)


def parse(data: bytes, *, name: str, find_file: FindFile = lambda name: None) -> EventFile:
    """Read an event file that goes by a name, asking for its documents by their paths.

    :raises FileRefused: it says something that cannot be; every mistake is named.
    """
    tree = grow(data, name)
    file = _validate(tree)
    checks.check(file, tree)
    attachments = _attach(file, tree, find_file)
    if tree.problems:
        raise FileRefused(sorted(tree.problems, key=lambda one: (one.line or 0, one.key)))
    return _complete(file, attachments).bearing(name, _by_digest(attachments))


def _validate(tree: Tree) -> EventFile:
    """Return the file as far as each key is right by itself, noting where it is not."""
    file = _read_values(tree)
    for place, document in enumerate(file.documents):
        if document.sha256 or document.bytes:
            tree.add("unknown-key", ("documents", place), known=", ".join(keys_at(("documents",))))
    return file


def _read_values(tree: Tree) -> EventFile:
    assert isinstance(tree.value, dict)  # `grow` made sure
    try:
        return EventFile.model_validate(tree.value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if detail["input"] is not None:  # an empty entry was noted where it was read
                _note(tree, detail)
        return _salvage(tree, error)


def _note(tree: Tree, detail: ErrorDetails) -> None:
    path, kind, ctx = detail["loc"], detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        _note_unknown_key(tree, path)
        return
    limit = next((ctx[name] for name in ("ge", "le", "max_length") if name in ctx), "")
    known = str(ctx.get("expected", "url")).replace("'", "").replace(" or ", ", ")
    values = {"limit": limit, "known": known} if kind in CODES else ctx
    tree.add(CODES.get(kind, kind), path, **values)


def _note_unknown_key(tree: Tree, path: Path) -> None:
    known = keys_at(path[:-1])
    close = difflib.get_close_matches(str(path[-1]).lower(), known, 1, 0.6)
    if close:
        tree.add("unknown-key-near", path, nearest=close[0])
    else:
        tree.add("unknown-key", path, known=", ".join(known))


SAMPLE: Mapping[str, Value] = {
    "slug": "x",
    "kind": "webinar",
    "title": "x",
    "timezone": "UTC",
    "starts": "2000-01-01",
    "ends": "2000-01-01",
    "mode": "online",
}
"""What stands in for a key that must be there while the rest of a wrong file is checked."""


def _salvage(tree: Tree, error: ValidationError) -> EventFile:
    """Return what is right of a file: wrong keys and entries left out, required ones `None`."""
    kept = _prune(tree, tree.value, (), [detail["loc"] for detail in error.errors()])
    assert isinstance(kept, dict)
    try:
        file = EventFile.model_validate({**SAMPLE, **kept})
    except ValidationError as rest:  # a group that lacks a key of its own
        broken = {detail["loc"][0] for detail in rest.errors()}
        kept = {key: value for key, value in kept.items() if key not in broken}
        file = EventFile.model_validate({**SAMPLE, **kept})
    return file.model_copy(update={key: None for key in SAMPLE if key not in kept})


def _prune(tree: Tree, value: Value, path: Path, wrong: Iterable[Path]) -> Value:
    """Return a part without the keys and the entries in which something is wrong."""
    if isinstance(value, dict):
        kept = {}
        for key, inner in value.items():
            inside = [one[1:] for one in wrong if one[:1] == (key,)]
            if () not in inside:
                kept[key] = _prune(tree, inner, (*path, key), inside)
        return kept
    if isinstance(value, list):
        bad = {one[0] for one in wrong if one}
        tree.places[path] = [place for place in range(len(value)) if place not in bad]
        return [value[place] for place in tree.places[path]]
    return value


def _attach(file: EventFile, tree: Tree, find_file: FindFile) -> list[bytes]:
    """Return the bytes of each document, noting those that are not there."""
    found = []
    for place, document in tree.each(("documents",), file.documents):
        where = ("documents", place, "file")
        path = _to_path(document.file)
        if path.is_absolute() or ".." in path.parts or not path.name:
            tree.add("document-path", where)
            continue
        data = find_file(str(path))
        if data is None:
            tree.add("document-missing", where, name=document.file)
        elif len(data) > ATTACHMENT_LIMIT:
            tree.add("too-big", where, limit=f"{ATTACHMENT_LIMIT // 1024**2} MB")
        else:
            found.append(data)
    return found


def _to_path(name: str) -> PurePosixPath:
    return PurePosixPath(name.replace("\\", "/"))


def _by_digest(attachments: list[bytes]) -> dict[str, bytes]:
    return {hashlib.sha256(data).hexdigest(): data for data in attachments}


def _complete(file: EventFile, attachments: list[bytes]) -> EventFile:
    """Return a file with everything that it leaves to be understood."""
    digests = [hashlib.sha256(data).hexdigest() for data in attachments]
    documents = [
        document.model_copy(
            update={
                "file": _to_path(document.file).name,
                "sha256": digest,
                "bytes": len(data),
            }
        )
        for document, digest, data in zip(file.documents, digests, attachments, strict=True)
    ]
    return _complete_words(file).model_copy(update={"documents": tuple(documents)})


def _complete_words(file: EventFile) -> EventFile:
    pilots = [one.acronym for one in file.institutions if one.role is InstitutionRole.PILOT]
    controllers = file.notice.controllers or tuple(dict.fromkeys(pilots))
    return file.model_copy(
        update={
            "connection": _complete_connection(file.connection),
            "display_timezones": file.display_timezones or (file.timezone,),
            "notice": file.notice.model_copy(update={"controllers": controllers}),
        }
    )


def _complete_connection(said: Connection | None) -> Connection | None:
    """Leave out what says no more than nothing would."""
    if said is None:
        return None
    usual = {"opens_before": GATE_OPENS_MINUTES, "closes_after": GATE_CLOSES_MINUTES}
    silent = {key: None for key, minutes in usual.items() if getattr(said, key) == minutes}
    told = said.model_copy(update=silent)
    return None if told == Connection() else told


def content(file: EventFile) -> dict[str, object]:
    """Return what a file says by top-level key, as JSON: what two versions are compared by.

    Nothing is left out: a key without value is `None`.
    """
    said = file.model_dump(mode="json", exclude_none=True)
    return {key: said.get(key) for key in KEYS}


def from_content(said: Mapping[str, object]) -> EventFile:
    """Return the file that says this by top-level key."""
    return EventFile.model_validate({key: said[key] for key in KEYS if said.get(key) is not None})


def check_content(said: Mapping[str, object]) -> EventFile:
    """Return the file that says this by top-level key, checked like one that was written.

    :raises FileRefused: it says something that cannot be; every mistake is named.
    """
    tree = Tree("", value={key: said[key] for key in said if said[key] is not None})  # type: ignore[misc]
    file = _read_values(tree)
    checks.check(file, tree)
    if tree.problems:
        raise FileRefused(tree.problems)
    return _complete_words(file)


def shift(file: EventFile, starts_on: date) -> EventFile:
    """Return a file in which every date is moved by the same number of days.

    Hours stay as they are on the clock.

    :raises FileRefused: an hour does not exist on the day it is moved to.
    """
    days = starts_on - moments.day_of(file.starts)
    moved: EventFile = _move(file, days)
    tree = Tree(file.name)
    checks.check_hours(moved, tree)
    if tree.problems:
        raise FileRefused(tree.problems)
    return moved


def _move(value: Any, days: timedelta) -> Any:
    if isinstance(value, BaseModel):
        return value.model_copy(update={name: _move(inner, days) for name, inner in value})
    if isinstance(value, tuple):
        return tuple(_move(inner, days) for inner in value)
    if isinstance(value, Rule):
        return moments.move_rule(value, days)
    return value + days if isinstance(value, date) else value


def store_attachments(file: EventFile, folder: FilePath) -> None:
    """Keep the bytes of a file's documents in a folder, each under its digest.

    Done before the event is written: bytes that no event names do no harm, the reverse does.
    """
    for data in file.attachments.values():
        store(data, folder)


def store(data: bytes, folder: FilePath) -> str:
    """Keep some bytes in a folder under their digest, and return that."""
    digest = hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / digest
    if not kept.exists():
        fresh = kept.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(data)
        fresh.replace(kept)
    return digest
