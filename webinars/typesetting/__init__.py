"""Papers set by Typst: a template of ours and what it says, as JSON, become a PDF.

What people typed is only ever data: it never becomes a part of a template, so that no name can be
read as mark-up. Each paper is set by a process of its own (`child`), which keeps the pages of this
one answering, gives all memory back when it ends, and is stopped when it takes too long. Only so
many run at the same time. The fonts come with packages, none from the machine.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from webinars.errors import PaperFailed, PressBusy

TEMPLATES = Path(__file__).parents[2] / "templates" / "papers"
LONGEST_SECONDS = 60
AT_A_TIME = 2
"""How many papers one process of the service has set at the same time."""
PATIENCE_SECONDS = 10
"""How long a page waits for its turn."""
SHOWN = 300
"""How much of what Typst says of a fault is kept."""

TURNS = threading.BoundedSemaphore(AT_A_TIME)


def set_paper(
    template: str,
    content: Mapping[str, Any],
    *,
    now: datetime,
) -> bytes:
    """Return a paper as a PDF; the same content gives the same bytes.

    :param template: its name in `templates/papers`.
    :param now: stamped on the file.
    :raises PressBusy: it would have to wait for too long for its turn.
    :raises PaperFailed: it cannot be set, or takes longer than a minute.
    """
    asked = {"template": template, "content": content, "at": int(now.timestamp())}
    if not TURNS.acquire(timeout=PATIENCE_SECONDS):
        raise PressBusy
    try:
        return _run(json.dumps(asked).encode())
    finally:
        TURNS.release()


def check_fonts() -> str:
    """Name the fonts that papers are set in.

    :raises PaperFailed: one of them is missing.
    """
    return _run(json.dumps({"fonts": True}).encode()).decode()


def _run(asked: bytes) -> bytes:
    # Nothing of this process's surroundings: its secrets are no business of the child's.
    command = [sys.executable, "-I", "-m", "webinars.typesetting.child"]
    try:
        done = subprocess.run(
            command,
            check=False,
            input=asked,
            capture_output=True,
            timeout=LONGEST_SECONDS,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise PaperFailed(f"it took longer than {LONGEST_SECONDS} seconds") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise PaperFailed(said[-SHOWN:] or f"exit {done.returncode}")
    return done.stdout
