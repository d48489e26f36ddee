"""The YAML of an event file as plain texts, groups and lists, with the line of each part.

Scalars stay the texts that were written: `01` is no number here and `NO` no falsehood, for only the
key that a text stands under says what it is. What YAML has beyond that (aliases, tags, several
documents) is refused, and with it the files that are small and unfold to something enormous.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from webinars.errors import FileRefused, Problem
from webinars.eventfiles.reasons import make_problem

SIZE_LIMIT = 256 * 1024
DEPTH_LIMIT = 12
PROBLEMS_LIMIT = 200
"""Enough to mend in one go; a file with more is something else."""
NULLS = {"", "~", "null", "Null", "NULL"}

T = TypeVar("T")
NODES = ScalarEvent | MappingStartEvent | SequenceStartEvent

Path = tuple[str | int, ...]
"""From the file's top to a part of it: keys, and places in lists counted from 0."""
Value = dict[str, "Value"] | list["Value"] | str | None


@dataclass
class Tree:
    """What was read, the line of each key and entry, and what is wrong with the YAML itself."""

    name: str
    value: Value = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    places: dict[Path, list[int]] = field(default_factory=dict)
    """Of a list from which entries were left out: where the others stand in the file."""

    def line_of(self, path: Path) -> int | None:
        """Return the line of a part, or of the nearest part around it that is written."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def each(self, path: Path, entries: Sequence[T]) -> list[tuple[int, T]]:
        """Return the entries of a list that could be read, with their places in the file."""
        places = self.places.get(path) or range(len(entries))
        return list(zip(places, entries, strict=True))

    def is_sound(self, path: Path) -> bool:
        """Tell whether nothing was found wrong in a part so far."""
        name = write_path(path)
        return not any(problem.key.startswith(name) for problem in self.problems)

    def add(self, code: str, path: Path, **values: object) -> None:
        """Note one thing that is wrong with a part.

        :raises FileRefused: that was one too many.
        """
        problem = make_problem(
            code, file=self.name, line=self.line_of(path), key=write_path(path), **values
        )
        if problem not in self.problems:
            self.problems.append(problem)
        if len(self.problems) >= PROBLEMS_LIMIT:
            raise FileRefused(self.problems)


def write_path(path: Path) -> str:
    """Return the name of a part as a person finds it: `programme.sessions[2].kind`."""
    said = ""
    for step in path:
        said += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return said.lstrip(".")


def grow(data: bytes, name: str) -> Tree:
    """Read the YAML of a file that goes by that name.

    :raises FileRefused: it cannot be read at all.
    """
    if len(data) > SIZE_LIMIT:
        raise FileRefused([make_problem("too-big", file=name, limit=f"{SIZE_LIMIT // 1024} kB")])
    tree = Tree(name)
    try:
        events = YAML(typ="safe", pure=True).parse(_decode(data, name))
        Gardener(tree, events).read_file()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        problem = make_problem("yaml", file=name, line=line, problem=_first_line(error.problem))
        raise FileRefused([problem]) from error
    except ReaderError as error:
        line = data[: error.position].count(b"\n") + 1
        problem = make_problem("yaml", file=name, line=line, problem=error.reason)
        raise FileRefused([problem]) from error
    if not isinstance(tree.value, dict):
        code = "empty" if tree.value is None else "mapping-expected"
        raise FileRefused([*tree.problems, make_problem(code, file=name, line=1)])
    return tree


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileRefused([make_problem("not-utf8", file=name, line=line)]) from error


def _first_line(text: object) -> str:
    return str(text).strip().split("\n")[0]


class Gardener:
    """Turns the parser's events into a tree, as they come."""

    def __init__(self, tree: Tree, events: Iterator[Event]) -> None:
        self.tree = tree
        self.events = events

    def read_file(self) -> None:
        """Read the first document, and complain of any other."""
        documents = 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.tree.lines[("---",)] = event.start_mark.line + 1
                    self.tree.add("several-documents", ("---",))
                    return
            elif isinstance(event, NODES | AliasEvent):
                self.tree.value = self._read(event, ())

    def _read(self, event: Event, path: Path) -> Value:
        self.tree.lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, AliasEvent):
            self.tree.add("alias", path, name=event.anchor)
            return None
        if not isinstance(event, NODES):
            return None
        if event.tag is not None:
            self.tree.add("tag", path, name=event.tag)
        if len(path) > DEPTH_LIMIT:
            # At once, for the parser takes ever longer the deeper it gets.
            self.tree.add("too-deep", path[:1])
            raise FileRefused(self.tree.problems)
        if isinstance(event, MappingStartEvent):
            return self._read_mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self._read_sequence(path)
        is_null = event.value in NULLS and event.style is None
        return None if is_null else str(event.value)

    def _read_mapping(self, path: Path) -> Value:
        found: dict[str, Value] = {}
        seen: dict[str, int] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            line = event.start_mark.line + 1
            key = self._read_key(event, path)
            here = (*path, key)
            if key in seen:
                self.tree.lines[here] = line
                self.tree.add("duplicate-key", here, first=seen[key])
            seen[key] = self.tree.lines[here] = line
            value = self._read(next(self.events), here)
            if value is not None:
                found[key] = value
        return found

    def _read_key(self, event: Event, path: Path) -> str:
        key = self._read(event, (*path, "?"))
        self.tree.lines.pop((*path, "?"), None)
        return key if isinstance(key, str) else "?"

    def _read_sequence(self, path: Path) -> Value:
        found: list[Value] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            here = (*path, len(found))
            value = self._read(event, here)
            if value is None and isinstance(event, ScalarEvent):
                self.tree.add("empty", here)
            found.append(value)
        return found
