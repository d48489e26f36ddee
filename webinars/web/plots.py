"""Plots as SVG, drawn here: a line over days, and bars. Pure.

Each has a title and a description, for those who listen; colours are the sheet's, so that they
follow the dark mode and the printer. The numbers stand in a table beside each, which the page does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 14, 34
ROW, LABEL = 28, 210


@dataclass(frozen=True)
class Line:
    """A line of a plot: a name, and its points in the order of the days."""

    name: str
    points: Sequence[tuple[int, int]]
    """Day, counted from the event's own (before it: negative), and number."""


@dataclass(frozen=True)
class Bar:
    """A bar: what it is, and how long it is; `None`: too short to be told."""

    name: str
    number: int | None
    words: str = ""
    """The number as it is written."""


def draw_lines(
    id: str,
    title: str,
    description: str,
    lines: Sequence[Line],
    *,
    day_words: str,
    limit: int | None = None,
    limit_words: str = "",
) -> Markup:
    """Draw numbers over days, with a line across for what they should not pass.

    :param day_words: what a day of the axis begins with; how many days before follows.
    """
    points = [point for line in lines for point in line.points]
    if not points:
        return Markup()
    first, last = min(day for day, _ in points), max(0, *(day for day, _ in points))
    top = _round_up(max([number for _, number in points] + ([limit] if limit else [])))
    parts = [_draw_grid(top), _draw_days(first, last, day_words)]
    if limit:
        y = _y(limit, top)
        parts.append(
            Markup('<line class="limit" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                LEFT, WIDTH - RIGHT, y, y
            )
        )
        parts.append(_text(LEFT + 4, y - 4, limit_words, "start"))
    for place, line in enumerate(lines):
        parts.append(_draw_line(line, place, first, last, top))
    return _wrap(id, title, description, HEIGHT, parts)


def draw_bars(id: str, title: str, description: str, bars: Sequence[Bar]) -> Markup:
    """Draw bars from the start of the line, a row each, with its number behind."""
    if not bars:
        return Markup()
    longest = max([bar.number or 0 for bar in bars] + [1])
    space = WIDTH - LABEL - 70
    parts = []
    for place, bar in enumerate(bars):
        y = place * ROW
        length = round(space * (bar.number or 0) / longest, 1)
        parts.append(_text(LABEL - 8, y + 19, _shorten(bar.name), "end"))
        parts.append(
            Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"/>').format(
                LABEL, y + 5, length, ROW - 10
            )
        )
        parts.append(_text(LABEL + length + 6, y + 19, bar.words, "start"))
    return _wrap(id, title, description, len(bars) * ROW + 4, parts)


def _wrap(id: str, title: str, description: str, height: int, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}</svg>'
    ).format(WIDTH, height, id, id, id, title, id, description, Markup().join(parts))


def _draw_grid(top: int) -> Markup:
    marks = sorted({0, top // 2, top})
    return Markup().join(
        Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            LEFT, WIDTH - RIGHT, _y(mark, top), _y(mark, top)
        )
        + _text(LEFT - 6, _y(mark, top) + 4, str(mark), "end")
        for mark in marks
    )


def _draw_days(first: int, last: int, day_words: str) -> Markup:
    days = sorted({first, (first + last) // 2, last})
    anchors = ["start"] + ["middle"] * (len(days) - 2) + ["end"] if len(days) > 1 else ["middle"]
    return Markup().join(
        _text(_x(day, first, last), HEIGHT - 10, f"{day_words}{abs(day)}" if day else "0", anchor)
        for day, anchor in zip(days, anchors, strict=True)
    )


def _draw_line(line: Line, place: int, first: int, last: int, top: int) -> Markup:
    """Draw steps: a number holds until the next day that changes it."""
    path, former = [], 0
    for day, number in line.points:
        x = _x(day, first, last)
        path += [f"{x},{_y(former, top)}", f"{x},{_y(number, top)}"]
        former = number
    end = _x(max(line.points[-1][0], 0), first, last) if place else path[-1].split(",")[0]
    path.append(f"{end},{_y(former, top)}")
    drawn = Markup('<polyline class="line line-{}" points="{}"/>').format(place, " ".join(path))
    # Before its end, where there is room for the name; above the line, and inside the picture.
    beside, anchor = (-4, "end") if float(end) > LEFT + LABEL else (4, "start")
    return drawn + _text(float(end) + beside, max(12, _y(former, top) - 6), line.name, anchor)


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        round(x, 1), round(y, 1), anchor, words
    )


def _x(day: int, first: int, last: int) -> float:
    span = max(1, last - first)
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (day - first) / span, 1)


def _y(number: int, top: int) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * number / max(1, top), 1)


def _round_up(number: int) -> int:
    """Return the next number that an axis may end with: 1, 2 or 5 and noughts, times one or two."""
    step = 1
    while step * 10 < number:
        step *= 10
    return next(step * times for times in (1, 2, 4, 5, 6, 8, 10) if step * times >= number)


def _shorten(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"
