"""Lines of a calendar file (RFC 5545, 3.1), read as they come: what is none is left out.

For what others have written. Nothing is raised, no line is longer than it may be, and nothing is
believed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINE_LENGTH = 5_000
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(
    r'(?P<name>[\w-]+)(?P<parameters>(?:;[\w-]+=(?:"[^"]*"|[^";:])*)*):(?P<value>.*)'
)
_PARAMETER = re.compile(r';([\w-]+)=(?:"([^"]*)"|([^";:]*))')
_ESCAPED = re.compile(r"\\([\\,;nN])")


@dataclass(frozen=True)
class Property:
    """One line: its name and its parameters' in capitals."""

    name: str
    parameters: dict[str, str]
    value: str


def read_lines(text: str) -> Iterator[Property]:
    """Read the lines of a file, however they are folded and ended."""
    for line in _FOLD.sub("", text).splitlines():
        found = _LINE.fullmatch(line[:LINE_LENGTH].strip())
        if found is not None:
            yield _read(found)


def list_blocks(lines: Iterator[Property], kind: str) -> list[list[Property]]:
    """List the blocks of a kind, each with its lines and those of what is within it."""
    blocks: list[list[Property]] = []
    is_within = False
    for line in lines:
        if (line.name, line.value.upper()) == ("BEGIN", kind):
            blocks.append([])
            is_within = True
        elif (line.name, line.value.upper()) == ("END", kind):
            is_within = False
        elif is_within:
            blocks[-1].append(line)
    return blocks


def _read(found: re.Match[str]) -> Property:
    parameters = {
        name.upper(): quoted or bare
        for name, quoted, bare in _PARAMETER.findall(found["parameters"])
    }
    value = _ESCAPED.sub(lambda one: "\n" if one[1] in "nN" else one[1], found["value"])
    return Property(found["name"].upper(), parameters, value)
