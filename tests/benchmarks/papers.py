"""500 badges and a sign-in sheet of 500 lines, beside bare Typst and beside the same rows as XLSX.

What is measured is the whole way: reading, drawing the codes, setting the PDF in a process of its
own. The yardsticks are of the same run: as many codes and pages by the two libraries alone, and the
export of the same people.
"""

import io
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import segno
import typst

from tests.benchmarks import world
from tests.benchmarks.report import Row, judge
from tests.benchmarks.world import World
from webinars import events, exports, papers
from webinars.exports import Format
from webinars.links import Links
from webinars.models import Language, Paper, PaperOrder, SheetFor
from webinars.typesetting import child

PEOPLE = 500
SLOWEST = {Paper.BADGES: 2.5, Paper.SIGN_IN: 4.0}
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
LINKS = Links(
    b"a secret of the benchmarks, long enough to sign with", "https://webinars.example.org"
)
RUNS = 3
BARE = """
#set page(paper: "a4", margin: 0pt)
#for sheet in json(bytes(sys.inputs.codes)).chunks(4) {
  let badge(code) = [Nom \\ Fonction #image(bytes(code), format: "svg", width: 3cm)]
  grid(columns: 2, rows: 148mm, ..sheet.map(badge))
}
"""


def measure() -> Iterator[Row]:
    """Measure both papers on both engines."""
    for engine in ("sqlite", "postgresql"):
        with world.make(engine) as made:
            made.load_event("salle", ahead=timedelta(days=3))
            with made.opened() as database:
                world.add_people(database, "salle", PEOPLE)
            yield _compare(made, Paper.BADGES, f"{PEOPLE} badges", "segno and Typst", _set_bare)
            yield _compare(
                made, Paper.SIGN_IN, f"sign-in sheet of {PEOPLE} lines", "same rows, XLSX", _export
            )


def _compare(
    made: World, paper: Paper, what: str, beside: str, yardstick: Callable[[World, Paper], None]
) -> Row:
    ours, theirs = (_take_best(lambda work=work: work(made, paper)) for work in (_print, yardstick))
    ratio = ours / theirs
    return Row(
        what=what,
        engine=made.engine,
        figure=f"{ours:.2f} s",
        yardstick=f"{beside} {theirs:.2f} s",
        ratio=f"{ratio:.1f}",
        aim=judge(ratio, at_most=SLOWEST[paper]),
    )


def _take_best(work: Callable[[], None]) -> float:
    seconds = []
    for _run in range(RUNS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _print(made: World, paper: Paper) -> None:
    with made.opened() as database, database.reading() as tx:
        order = PaperOrder(paper, Language.FRENCH, sheet_for=SheetFor.DAY)
        event = events.get(tx, "salle")
        manuscript = papers.write(tx, event, order, links=LINKS, now=NOW)
        assert manuscript.people == PEOPLE
        assert papers.print_paper(manuscript, now=NOW)


def _export(made: World, _paper: Paper) -> None:
    with made.opened() as database, database.reading() as tx:
        event = events.get(tx, "salle")
        for _piece in exports.write(tx, event, Format.XLSX, now=NOW):
            pass


def _set_bare(_made: World, _paper: Paper) -> None:
    """Draw as many codes of the same size, and set them four a page beside a name and a job."""
    codes = []
    for number in range(PEOPLE):
        drawn = io.BytesIO()
        address = LINKS.badge_url(f"{number:016x}", 0)
        segno.make(address, error="m", micro=False, mask=0).save(drawn, kind="svg", xmldecl=False)
        codes.append(drawn.getvalue().decode())
    typst.compile(
        BARE.encode(),
        font_paths=child.open_fonts(),
        sys_inputs={"codes": json.dumps(codes)},
        format="pdf",
    )
