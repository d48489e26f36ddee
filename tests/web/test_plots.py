"""Plots: what they show, for eyes and for ears."""

import xml.etree.ElementTree as ElementTree

import pytest

from webinars.web import plots
from webinars.web.plots import Bar, Line


def draw_course():
    return plots.draw_lines(
        "course",
        "Inscriptions",
        "Soixante en tout.",
        [
            Line("Cet événement", [(-30, 5), (-20, 40), (-3, 60)]),
            Line("<b>2019</b>", [(-40, 10), (-1, 80)]),
        ],
        day_words="J − ",
        limit=100,
        limit_words="Capacité : 100",
    )


def test_a_course_is_drawn_as_it_was_reviewed(golden):
    golden("plots/course.svg", str(draw_course()) + "\n")


def test_bars_are_drawn_as_they_were_reviewed(golden):
    bars = [Bar("Maroc", 40, "40"), Bar("France & amis", 12, "12"), Bar("Tunisie", None, "< 5")]
    golden("plots/bars.svg", str(plots.draw_bars("pays", "Pays", "Maroc 40", bars)) + "\n")


def test_a_plot_has_a_title_and_a_description_and_nothing_that_runs_or_is_elsewhere():
    tree = ElementTree.fromstring(str(draw_course()))
    assert tree.get("role") == "img"
    ids = {one.get("id"): one.text for one in tree if one.get("id")}
    assert [ids[one] for one in tree.get("aria-labelledby").split()] == [
        "Inscriptions",
        "Soixante en tout.",
    ]
    for one in tree.iter():
        assert one.tag in {"svg", "title", "desc", "line", "text", "polyline", "rect"}
        assert not {"style", "href", "onload"} & one.attrib.keys()


@pytest.mark.parametrize(
    ("lines", "limit"),
    [([], 10), ([Line("x", [])], None), ([Line("x", [(0, 1)])], None), ([Line("x", [(5, 0)])], 1)],
)
def test_little_and_nothing_are_drawn_too(lines, limit):
    lines = [one for one in lines if one.points]
    drawn = plots.draw_lines("a", "t", "d", lines, day_words="-", limit=limit)
    assert bool(drawn) is bool(lines)
    assert plots.draw_bars("a", "t", "d", []) == ""
