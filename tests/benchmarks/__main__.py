"""Measure everything, or one part: `python -m tests.benchmarks gate`.

Bounded: all of it takes about eight minutes, and the mails, which are measured only where they are
named, some fifteen. On loopback only, with PostgreSQL and Redis where they are; client, server and
database share the machine's cores, so read each figure with its yardstick.
"""

import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import contacts, exports, gate, listing, mail, page, papers, registrations
from tests.benchmarks.report import Row, render

PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "servers": registrations.compare_servers,
    "registrations": registrations.measure,
    "gate": gate.measure,
    "exports": exports.measure,
    "papers": papers.measure,
    "page": page.measure,
    "listing": listing.measure,
    "contacts": contacts.measure,
    "mail": mail.measure,
}
ONLY_IF_NAMED = {"mail"}
RESULTS = Path("bench-results")


def main(wanted: list[str]) -> None:
    """Measure the parts that are wanted, or all, and print the table."""
    unknown = set(wanted) - set(PARTS)
    if unknown:
        sys.exit(f"no part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and everything that was started ends
    start = time.monotonic()
    rows: list[Row] = []
    for name in wanted or [name for name in PARTS if name not in ONLY_IF_NAMED]:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        for row in PARTS[name]():
            rows.append(row)
            print(f"  {row.engine} {row.server}: {row.figure}", file=sys.stderr, flush=True)
    taken = time.monotonic() - start
    text = f"{_machine()}, {taken:.0f} s\n\n{render(rows)}\n"
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{'-'.join(wanted) or 'all'}.txt").write_text(text, encoding="utf-8")


def _machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


if __name__ == "__main__":
    main(sys.argv[1:])
