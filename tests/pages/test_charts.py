"""Charts: points stand where the axes say, and names are escaped."""

import re
from xml.etree import ElementTree

import pytest

from seqtag.pages.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, ChartAxis, Curve, chart
from seqtag.pages.colours import PALETTE

SHARE = ChartAxis("share", 0.0, 1.0)


def circles(drawn: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawn)]


def numbers(drawn: str) -> list[str]:
    return re.findall(r">([\d.e+-]+)</text>", drawn)


def test_points_stand_where_the_axes_say() -> None:
    drawn = str(chart("C", [Curve("c", [(0, 0), (1, 1), (0.5, 0.25)])], SHARE, SHARE))
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    wanted = [(left, bottom), (right, top), ((left + right) / 2, bottom - 0.25 * (bottom - top))]
    for found, place in zip(circles(drawn), wanted, strict=True):
        assert found == pytest.approx(place, abs=0.06)
    assert numbers(drawn) == ["0", "0.2", "0.4", "0.6", "0.8", "1"] * 2
    ElementTree.fromstring(drawn)


def test_axes_enclose_all_values_in_round_steps() -> None:
    drawn = str(
        chart("C", [Curve("c", [(1, 0.13), (7, 0.62)])], ChartAxis("epoch", whole=True), ChartAxis("F1"))
    )
    assert numbers(drawn) == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "2", "4", "6"]
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in circles(drawn))


@pytest.mark.parametrize("points", [[], [(1, 0.5)], [(1, 0.0), (2, 0.0)], [(1, None)], [(1, 1e9), (2, -1e9)]])
def test_few_and_equal_and_large_values_are_drawn(points: list[tuple[float, float | None]]) -> None:
    drawn = str(chart("C", [Curve("c", points)], ChartAxis("epoch", whole=True), ChartAxis("loss")))
    ElementTree.fromstring(drawn)
    assert len(circles(drawn)) == sum(value is not None for _, value in points)
    assert "nan" not in drawn


def test_a_gap_is_no_line() -> None:
    drawn = str(chart("C", [Curve("c", [(1, 1), (2, None), (3, 1), (4, 1)])], ChartAxis("x"), ChartAxis("y")))
    assert len(re.findall('class="curve"', drawn)) == 1
    assert len(circles(drawn)) == 3


def test_names_are_escaped_and_several_curves_have_a_legend() -> None:
    curves = [Curve("<a>", [(0, 0)]), Curve("b", [(0, 1)])]
    drawn = str(chart("&", curves, ChartAxis("<x>"), ChartAxis("<y>")))
    assert "&lt;a&gt;" in drawn
    assert "<a>" not in drawn
    assert "<x>" not in drawn
    assert f'"--type:{PALETTE[1]}"></span>b' in drawn
    assert "figcaption" not in str(chart("&", curves[:1], ChartAxis("x"), ChartAxis("y")))
    ElementTree.fromstring(drawn)
