"""Texts with holes: what many letters have in common, and where each person's words go.

Pure. Where the holes are is found once, by the marks that stand in them; what is filled in later is
never looked at again, so that nothing that anybody types can act as a hole. A mark is drawn at
random when the process starts, for an organiser could type any that is known; it is made of letters
and digits, which no escaping changes.
"""

import re
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from webinars.calendar import files
from webinars.mail import compose
from webinars.mail.compose import Body

SEED = secrets.token_hex(12)
SHORT_GAP = 120
"""So many characters between two holes are encoded with them sooner than by themselves."""

_MARK = re.compile(f"q{SEED}x([0-9]+)q")


def mark(number: int) -> str:
    """Return what stands in a hole, by the number of the value that belongs there."""
    return f"q{SEED}x{number}q"


class Pattern(NamedTuple):
    """A text with holes."""

    pieces: tuple[str, ...]
    holes: tuple[tuple[int, int], ...]
    """Which piece is a hole, and the number of the value that belongs there."""

    def fill(self, values: Sequence[str]) -> str:
        """Return the text with these values in its holes."""
        pieces = list(self.pieces)
        for place, number in self.holes:
            pieces[place] = values[number]
        return "".join(pieces)


def find_holes(text: str) -> Pattern:
    """Find the holes of a text by their marks.

    :raises ValueError: a mark was changed on its way, so that nobody's words would replace it.
    """
    pieces = _MARK.split(text)
    if SEED in "".join(pieces).lower():
        raise ValueError("what stands in a hole was changed on its way there")
    holes = tuple((place, int(pieces[place])) for place in range(1, len(pieces), 2))
    return Pattern(tuple("" if place % 2 else piece for place, piece in enumerate(pieces)), holes)


class Words(NamedTuple):
    """A text of a mail with holes: what is the same for everyone is encoded already.

    Quoted-printable encodes each line by itself, so that only lines with a hole are encoded for
    each person.
    """

    quoted: tuple[bytes, ...]
    """Passages in quoted-printable; empty in place of one with holes."""
    plain: tuple[bytes, ...]
    """The same not encoded."""
    passages: tuple[tuple[int, Pattern], ...]
    """The whole lines with holes, each with its place."""
    characters: int
    """Of the passages without, less what all ends of lines count too much: each counts as one."""
    octets: int
    """Of the passages without."""

    def fill(self, values: Sequence[str]) -> Body:
        """Return the text as it travels, with these values in its holes."""
        characters, octets = self.characters, self.octets
        filled = []
        for place, pattern in self.passages:
            text = pattern.fill(values)
            content = text.encode()
            characters += len(text)
            octets += len(content)
            filled.append((place, content))
        if compose.is_mostly_ascii(characters, octets):
            pieces = list(self.quoted)
            for place, content in filled:
                pieces[place] = compose.encode_quoted(content)
            return Body(compose.QUOTED, b"".join(pieces))
        pieces = list(self.plain)
        for place, content in filled:
            pieces[place] = content
        return Body(compose.BASE64, compose.encode_base64(b"".join(pieces)))


def make_words(text: str) -> Words:
    """Make what a mail's text is filled from: lines that end in a line feed, marks in its holes."""
    passages = [(one, find_holes(one)) for one in _list_passages(text.replace("\n", "\r\n"))]
    with_holes = [(place, one) for place, (_, one) in enumerate(passages) if one.holes]
    fixed = ["" if pattern.holes else passage for passage, pattern in passages]
    plain = tuple(one.encode() for one in fixed)
    return Words(
        quoted=tuple(compose.encode_quoted(one) for one in plain),
        plain=plain,
        passages=tuple(with_holes),
        characters=sum(len(one) for one in fixed) - text.count("\n"),
        octets=sum(len(one) for one in plain),
    )


def _list_passages(text: str) -> list[str]:
    """Part a text after ends of lines: what has holes, and what has none for long enough."""
    passages = [""]
    waiting = ""
    for line in text.splitlines(keepends=True):
        if not _MARK.search(line):
            waiting += line
        elif len(waiting) < SHORT_GAP and _MARK.search(passages[-1]):
            passages[-1] += waiting + line
            waiting = ""
        else:
            passages += [waiting, line]
            waiting = ""
    return [*passages, waiting]


class Sheet(NamedTuple):
    """A calendar file with holes: lines without one are folded already."""

    pieces: tuple[bytes, ...]
    lines: tuple[tuple[int, Pattern], ...]
    """The lines with holes, each with its place among the pieces."""

    def fill(self, values: Sequence[str]) -> bytes:
        """Return the file with these values, escaped already, in its holes."""
        pieces = list(self.pieces)
        for place, line in self.lines:
            pieces[place] = files.fold(line.fill(values))
        return b"".join(pieces)


def make_sheet(patterns: Sequence[Pattern]) -> Sheet:
    """Make what a calendar file is filled from, line by line."""
    pieces = [files.fold("".join(one.pieces)) if not one.holes else b"" for one in patterns]
    lines = tuple((place, one) for place, one in enumerate(patterns) if one.holes)
    return Sheet(tuple(pieces), lines)
