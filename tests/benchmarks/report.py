"""The table: each figure, what it was measured on, a yardstick beside it, and the aim."""

from dataclasses import dataclass

from tests.benchmarks.load import Figures

COLUMNS = ("what", "engine", "server", "proc.", "worker", "clients", "figure", "p50", "p99")
COLUMNS += ("yardstick", "ratio", "aim")
MET, MISSED = "ok", "MISSED"


@dataclass(frozen=True)
class Row:
    """One figure."""

    what: str
    engine: str = "–"
    server: str = "–"
    processes: str = "–"
    worker: str = "–"
    clients: str = "–"
    figure: str = "–"
    p50: str = "–"
    p99: str = "–"
    yardstick: str = "–"
    ratio: str = "–"
    aim: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the cells in the order of the columns."""
        return (
            self.what,
            self.engine,
            self.server,
            self.processes,
            self.worker,
            self.clients,
            self.figure,
            self.p50,
            self.p99,
            self.yardstick,
            self.ratio,
            self.aim,
        )


def rate(figures: Figures) -> str:
    """Return how many a second."""
    return f"{figures.per_second:,.0f}/s"


def milliseconds(figures: Figures, share: float) -> str:
    """Return the time that this share stayed under."""
    return f"{figures.milliseconds_at(share):.0f} ms"


def judge(value: float, *, at_least: float | None = None, at_most: float | None = None) -> str:
    """Return an aim and whether it was met."""
    if at_least is not None:
        return f"≥ {at_least:g} {MET if value >= at_least else MISSED}"
    if at_most is not None:
        return f"≤ {at_most:g} {MET if value <= at_most else MISSED}"
    return ""


def render(rows: list[Row]) -> str:
    """Return the rows as a table of plain text."""
    lines = [COLUMNS, *(row.cells() for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(COLUMNS))]
    written = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    written.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(written)
