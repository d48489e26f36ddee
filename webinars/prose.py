"""Texts that organisers write to people: paragraphs, lists, links, and placeholders. Pure.

A blank line begins a paragraph and `- ` an item of a list; `**words**` are bold, a bare address is
a link. `{prenom}` stands for something of the reader or of the event; `{{` and `}}` are braces.
What a text says is never markup: whoever writes it out escapes it.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from webinars.contacts import fold


class Placeholder(StrEnum):
    """What an organiser's text may leave to be filled in, as she writes it between braces."""

    SALUTATION = "appel"
    TITLE = "titre"
    FIRST_NAME = "prenom"
    LAST_NAME = "nom"
    JOB_TITLE = "fonction"
    ORGANIZATION = "structure"
    REFERENCE = "reference"
    SESSIONS = "seances"
    PAGE = "page"
    """The reader's own page; an assistant's own in a copy."""
    LINK = "lien"
    """The connection link: only of who is confirmed and follows online."""
    EVENT = "evenement"
    DATE = "date"
    HOURS = "heures"
    VENUE = "lieu"
    DOCUMENTS = "documents"
    """The documents of the event, a line each."""


ADDRESSES = frozenset({Placeholder.PAGE, Placeholder.LINK})
NOT_IN_SUBJECTS = ADDRESSES | {Placeholder.DOCUMENTS}
"""A subject travels unencrypted through lists and telephones, and holds no list."""


class Fault(StrEnum):
    """What can be wrong with a placeholder."""

    UNKNOWN = "unknown"
    UNCLOSED = "unclosed"
    """A brace without its other half."""
    OTHER_SIGNS = "other-signs"
    """Between other signs than braces, as another program writes it."""
    NOT_IN_SUBJECT = "not-in-subject"
    NOT_ALONE = "not-alone"
    """The documents are a list, which stands on a line of its own."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one placeholder of a text, and what may have been meant."""

    fault: Fault
    found: str
    nearest: Placeholder | None = None


@dataclass(frozen=True)
class Run:
    """Words of one kind: as they are written, or a placeholder, or the address of a link."""

    text: str = ""
    placeholder: Placeholder | None = None
    is_bold: bool = False
    is_link: bool = False


Line = tuple[Run, ...]


class BlockKind(StrEnum):
    PARAGRAPH = "paragraph"
    LIST = "list"
    DOCUMENTS = "documents"


@dataclass(frozen=True)
class Block:
    """A paragraph with its lines, a list with its items, or the place of the documents."""

    kind: BlockKind
    lines: tuple[Line, ...] = ()


_PIECES = re.compile(
    r"(?P<brace>\{\{|\}\})"
    r"|\{(?P<name>[^{}\n]*)\}"
    r"|(?P<loose>[{}])"
    r"|(?P<bold>\*\*)"
    r"|(?P<url>https?://[^\s<>\"«»{}\\^`|*]+)"
)
_TRAILING = re.compile(r"[.,;:!?…’')\]*]+\Z")
"""What ends a sentence rather than an address."""
_ITEM = re.compile(r"\s*[-–—•·]\s+(?=\S)")
_DOCUMENTS = f"{{{Placeholder.DOCUMENTS}}}"
_OTHER_SIGNS = re.compile(r"\[(\w+)\]|<<?(\w+)>>?|«(\w+)»|%(\w+)%|\$\{?(\w+)\b")
"""How other programs write a place to be filled in."""
NEAR = 0.6
"""How alike a name must be to be proposed, from 0 to 1."""
_SYNONYMS = {
    "civilite": Placeholder.TITLE,
    "date et heure": Placeholder.DATE,
    "email": Placeholder.REFERENCE,
    "first name": Placeholder.FIRST_NAME,
    "firstname": Placeholder.FIRST_NAME,
    "horaire": Placeholder.HOURS,
    "horaires": Placeholder.HOURS,
    "job": Placeholder.JOB_TITLE,
    "last name": Placeholder.LAST_NAME,
    "lastname": Placeholder.LAST_NAME,
    "link": Placeholder.LINK,
    "name": Placeholder.LAST_NAME,
    "organisation": Placeholder.ORGANIZATION,
    "organisme": Placeholder.ORGANIZATION,
    "salle": Placeholder.VENUE,
    "title": Placeholder.TITLE,
    "titre de l'evenement": Placeholder.EVENT,
    "url": Placeholder.LINK,
    "webinaire": Placeholder.EVENT,
}


def tidy(text: str) -> str:
    """Return a text without what a word processor leaves behind: bookmarks, tabs, double blanks."""
    return "\n".join(_LEFT_BEHIND.sub(" ", line).rstrip() for line in text.split("\n")).strip()


_LEFT_BEHIND = re.compile(r"(?:[ \t]|\[bookmark: \w+\])+")


def parse(text: str) -> tuple[Block, ...]:
    """Return the blocks of a text; what is wrong with it stands there as it was written."""
    return _parse(text)


@lru_cache(maxsize=256)
def _parse(text: str) -> tuple[Block, ...]:
    return tuple(block for part in re.split(r"\n\s*\n", text) for block in _list_blocks(part))


def parse_line(text: str) -> Line:
    """Return the words of a subject; neither bold nor links."""
    line = " ".join(text.split())
    return tuple(Run(one.text, one.placeholder) for one in _list_runs(line, is_plain=True))


def find_mistakes(text: str, *, is_subject: bool = False) -> list[Mistake]:
    """List what is wrong with the placeholders of a text, in its order, each once."""
    found = [*_find_wrong_names(text, is_subject), *_find_other_signs(text)]
    return list(dict.fromkeys(found))


def list_placeholders(text: str) -> list[Placeholder]:
    """List the placeholders that a text uses, each once, in its order."""
    named = (match["name"] for match in _PIECES.finditer(text) if match["name"] is not None)
    return list(dict.fromkeys(Placeholder(one) for one in named if one in set(Placeholder)))


def find_nearest(name: str) -> Placeholder | None:
    """Find the placeholder that someone may have meant; `None`: nothing is near enough."""
    folded = fold(name).replace("_", " ").strip()
    if folded in set(Placeholder):
        return Placeholder(folded)
    if folded in _SYNONYMS:
        return _SYNONYMS[folded]
    near = difflib.get_close_matches(folded, [*Placeholder, *_SYNONYMS], n=1, cutoff=NEAR)
    return None if not near else _SYNONYMS.get(near[0]) or Placeholder(near[0])


def _find_wrong_names(text: str, is_subject: bool) -> Iterator[Mistake]:
    for match in _PIECES.finditer(text):
        name = match["name"]
        if match["loose"]:
            rest = re.match(r"\W*(\w*)", text[match.end() :]) if match["loose"] == "{" else None
            around = rest[1] if rest else _find_word_before(text[: match.start()])
            yield Mistake(Fault.UNCLOSED, match["loose"], find_nearest(around))
        elif name is not None and name not in set(Placeholder):
            yield Mistake(Fault.UNKNOWN, match[0], find_nearest(name))
        elif name is not None and is_subject and name in NOT_IN_SUBJECTS:
            yield Mistake(Fault.NOT_IN_SUBJECT, match[0])
        elif name == Placeholder.DOCUMENTS and not _is_alone(text, match.start(), match.end()):
            yield Mistake(Fault.NOT_ALONE, match[0])


def _find_word_before(text: str) -> str:
    words = re.findall(r"\w+", text[-40:])
    return words[-1] if words else ""


def _is_alone(text: str, start: int, end: int) -> bool:
    before = text[:start].rpartition("\n")[2]
    after = text[end:].partition("\n")[0]
    return not before.strip() and not after.strip()


def _find_other_signs(text: str) -> Iterator[Mistake]:
    for match in _OTHER_SIGNS.finditer(text):
        name = next(group for group in match.groups() if group)
        if fold(name) in set(Placeholder):
            yield Mistake(Fault.OTHER_SIGNS, match[0], Placeholder(fold(name)))


def _list_blocks(part: str) -> Iterator[Block]:
    """Part what stands between two blank lines into paragraphs, lists and documents."""
    lines: list[Line] = []
    kind = BlockKind.PARAGRAPH
    for line in part.strip("\n").split("\n"):
        if not line.strip():
            continue
        item = _ITEM.match(line)
        here = BlockKind.LIST if item else BlockKind.PARAGRAPH
        if line.strip() == _DOCUMENTS:
            here = BlockKind.DOCUMENTS
        if lines and here is not kind:
            yield Block(kind, tuple(lines))
            lines = []
        kind = here
        if kind is BlockKind.DOCUMENTS:
            yield Block(kind)
        else:
            lines.append(tuple(_list_runs(line[item.end() :] if item else line.strip())))
    if lines:
        yield Block(kind, tuple(lines))


def _list_runs(line: str, *, is_plain: bool = False) -> Iterator[Run]:
    """Part a line into words, placeholders and links; a sign of bold without its end is words."""
    marks_left = line.count("**") if not is_plain else 0
    is_bold, place = False, 0
    for match in _PIECES.finditer(line):
        if match["loose"] or (is_plain and not (match["name"] or match["brace"])):
            continue
        if match["name"] is not None and match["name"] not in set(Placeholder):
            continue
        if match["bold"] and not is_bold and marks_left < 2:
            continue
        if match.start() > place:
            yield Run(line[place : match.start()], is_bold=is_bold)
        place = match.end()
        if match["brace"]:
            yield Run(match["brace"][0], is_bold=is_bold)
        elif match["bold"]:
            is_bold = not is_bold
            marks_left -= 1
        elif match["url"]:
            url = _TRAILING.sub("", match["url"])
            place = match.start() + len(url)
            yield Run(url, is_bold=is_bold, is_link=True)
        else:
            named = Placeholder(match["name"] or "")
            yield Run("", named, is_bold, is_link=named in ADDRESSES)
    if place < len(line):
        yield Run(line[place:], is_bold=is_bold)
