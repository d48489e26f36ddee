"""The process that sets one paper: what is asked comes in as JSON, the PDF goes out."""

import json
import sys
from pathlib import Path
from typing import Any

import fontpkg
import typst

from webinars.typesetting import TEMPLATES

FAMILIES = ("Libertinus Serif", "Amiri")
"""Latin letters in Typst's own font, Arabic ones in the font of a package."""


def main() -> None:
    """Do what is asked on standard input; what goes wrong is said in a line, for the log."""
    asked = json.load(sys.stdin.buffer)
    try:
        made = name_fonts() if "fonts" in asked else set_paper(asked)
    except Exception as error:  # whatever it is, the other process tells of it
        sys.exit(f"{type(error).__name__}: {error}")
    sys.stdout.buffer.write(made)


def set_paper(asked: dict[str, Any]) -> bytes:
    """Return a paper as a PDF or, for the tests, its pages as pictures."""
    template = TEMPLATES / f"{asked['template']}.typ"
    made = typst.compile(
        template,
        root=TEMPLATES,
        font_paths=open_fonts(),
        sys_inputs={"content": json.dumps(asked["content"])},
        format="pdf",
        timestamp=asked["at"],
    )
    assert isinstance(made, bytes)
    return made


def open_fonts() -> typst.Fonts:
    """Return the fonts of the packages, and none of the machine's."""
    folder = Path(fontpkg.path("Amiri")).parent
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])


def name_fonts() -> bytes:
    """Name the families that papers are set in, all of which must be there.

    :raises LookupError: one is not.
    """
    found = open_fonts().families()
    missing = [family for family in FAMILIES if family not in found]
    if missing:
        raise LookupError(f"no font {', '.join(missing)}")
    return ", ".join(FAMILIES).encode()


if __name__ == "__main__":
    main()
