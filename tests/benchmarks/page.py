"""The event's page: how many a second, and how many bytes with everything that it brings."""

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import httpx

from tests.benchmarks import load, servers, world
from tests.benchmarks.load import Scenario
from tests.benchmarks.report import Row, judge, milliseconds, rate

CLIENTS = 32
SECONDS = 4.0
MOST_KB = 40.0
SLUG = "page"
BROUGHT = re.compile(
    r'<(?:link\b[^>]*\brel="(?:stylesheet|icon|preload|manifest)"[^>]*\bhref'
    r'|(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc)="([^"]+)"'
)
IN_STYLE = re.compile(r"""(?:url\(|@import )["']?([^"')]+)""")


def measure() -> Iterator[Row]:
    """Measure the page of an event, on both engines."""
    for engine, processes, server in (
        ("sqlite", 1, servers.FOR_ONE),
        ("postgresql", 2, servers.FOR_MANY),
    ):
        broker = "memory" if processes == 1 else "redis"
        with world.make(engine, broker=broker) as made:
            made.load_event(SLUG, ahead=timedelta(days=3))
            with servers.serve(made, processes) as port:
                load.measure(port, _pages, clients=CLIENTS, seconds=1)
                figures = load.measure(port, _pages, clients=CLIENTS, seconds=SECONDS)
                kilobytes, foreign = weigh(f"http://127.0.0.1:{port}/events/{SLUG}")
            yield Row(
                what="event page",
                engine=engine,
                server="webinars serve",
                processes=server.size,
                worker="on" if processes == 1 else "off",
                clients=str(CLIENTS),
                figure=rate(figures),
                p50=milliseconds(figures, 0.5),
                p99=milliseconds(figures, 0.99),
                yardstick=f"{foreign} third-party requests",
                ratio=f"{kilobytes:.1f} kB",
                aim=judge(kilobytes, at_most=MOST_KB if not foreign else -1),
            )


def weigh(url: str) -> tuple[float, int]:
    """Return the bytes of a page with all that it brings, in kB, and how much is from elsewhere.

    As sent to a browser that takes compression, headers left out.
    """
    seen, waiting, size, foreign = set(), [url], 0, 0
    with httpx.Client() as client:
        while waiting:
            address = waiting.pop()
            if address in seen or address.startswith("data:"):
                continue
            seen.add(address)
            if urlsplit(address).netloc != urlsplit(url).netloc:
                foreign += 1
                continue
            answer = client.get(address).raise_for_status()
            size += answer.num_bytes_downloaded
            found = BROUGHT if address == url else IN_STYLE
            if answer.headers["content-type"].startswith("text/"):
                waiting += [urljoin(address, one) for one in found.findall(answer.text)]
    return size / 1000, foreign


def _pages() -> Iterator[Scenario]:
    return (_look() for _ in itertools.count())


def _look() -> Scenario:
    (yield load.get(f"/events/{SLUG}")).expect(200)
