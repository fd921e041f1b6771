"""Charts: valid and repeatable documents, text that can't become markup, values in their places, legible colours."""

import math
import re
from collections.abc import Callable
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from lstmcli.charts import Bar, HeatColumn, Line, Mark, bar_chart, heat_map, line_chart, word_strip
from lstmcli.charts.drawing import WIDTH, escaped, number, shortened, text_width, wrapped
from lstmcli.charts.scale import Scale
from lstmcli.charts.style import COLORS, MAX_TINT, NUM_LINE_COLORS

SVG = "{http://www.w3.org/2000/svg}"


def lines(name: str) -> str:
    points = [(0.0, 1.0), (1.0, math.nan), (2.0, 100.0), (3.0, 10.0)]
    return line_chart(name, [Line(name, points), Line("b", [])], x_label=name, y_label=name, y_scale="log")


def bars(name: str) -> str:
    values = [Bar(name, 0.5, (0.25, 1.0)), Bar("b", -0.25), Bar("none", math.inf)]
    return bar_chart(name, values, x_label=name, description=name)


def heat(name: str) -> str:
    columns = [HeatColumn(name, name), HeatColumn("signed", is_signed=True)]
    return heat_map(name, [name, "row"], columns, [[0.5, -0.25], [None, 1.0]], row_label=name)


def strip(name: str) -> str:
    return word_strip(name, [(name, 0.5), ("b", -1.0), ("c", None)], positive=name, negative=name)


CHARTS = [lines, bars, heat, strip]
Chart = Callable[[str], str]


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("name", ["plain", "", "<script>&\"'", "\x1b[2J\x00\u202e\ufffe\uffff\ud800", "日本語 " * 40])
def test_text_is_shown_and_never_markup(chart: Chart, name: str) -> None:
    svg = chart(name)
    svg.encode()  # no lone surrogate
    root = parsed(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "text", "line", "polyline", "circle",
    }  # fmt: skip
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", svg)


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_has_a_name_for_screen_readers_and_scales_with_the_page(chart: Chart) -> None:
    root = parsed(chart("A <title>"))
    assert (root[0].tag, root[0].text) == (f"{SVG}title", "A <title>")
    assert root.get("role") == "img"
    assert root.get("viewBox", "").startswith(f"0 0 {WIDTH} ")
    assert "width:100%" in root.get("style", "")
    assert not any(element.get("id") for element in root.iter())  # several charts share a page


@pytest.mark.parametrize("chart", CHARTS)
def test_the_same_values_give_the_same_bytes(chart: Chart) -> None:
    assert chart("a") == chart("a")


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("name", ["x", "a rather long name of more than sixty letters, with words in it"])
def test_nothing_leaves_the_chart(chart: Chart, name: str) -> None:
    root = parsed(chart(name))
    height = float(root.get("viewBox", "").split()[-1])
    for text in root.iter(f"{SVG}text"):
        x, y, width = float(text.get("x", "0")), float(text.get("y", "0")), text_width(text.text or "")
        if text.get("transform"):  # turned: it runs upwards
            assert y - width >= 0
            continue
        start = x - width * {"end": 1.0, "middle": 0.5}.get(text.get("text-anchor", ""), 0.0)
        assert start >= -1
        assert start + width <= WIDTH + 1
        assert 0 < y <= height
    for box in root.iter(f"{SVG}rect"):
        assert float(box.get("x", "0")) + float(box.get("width", "0")) <= WIDTH
        assert float(box.get("y", "0")) + float(box.get("height", "0")) <= height


def notes(svg: str) -> dict[str, ElementTree.Element]:
    found = {}
    for element in parsed(svg).iter():
        title = element.find(f"{SVG}title")
        if title is not None and element.tag != f"{SVG}svg":
            found[title.text or ""] = element
    return found


def test_points_are_where_their_values_are() -> None:
    svg = line_chart("t", [Line("a", [(0, 0), (5, 10), (10, 5)])], x_label="x", y_label="y")
    points = notes(svg)["a"].get("points", "").split()
    (x0, y0), (x1, y1), (x2, y2) = ([float(part) for part in point.split(",")] for point in points)
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert y0 - y2 == pytest.approx((y0 - y1) / 2)


def test_equal_ratios_are_equal_distances_on_a_logarithmic_axis() -> None:
    svg = line_chart("t", [Line("a", [(0, 1), (1, 100), (2, 10_000)])], x_label="x", y_label="y", y_scale="log")
    ys = [float(point.split(",")[1]) for point in notes(svg)["a"].get("points", "").split()]
    assert ys[0] - ys[1] == pytest.approx(ys[1] - ys[2])


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, -1.0])
def test_a_value_without_a_place_leaves_a_gap(value: float) -> None:
    svg = line_chart("t", [Line("a", [(0, 1), (1, value), (2, 3)])], x_label="x", y_label="y", y_scale="log")
    assert svg.count("<polyline") == 2


def test_bars_start_at_zero_and_are_as_long_as_their_values() -> None:
    found = notes(bar_chart("t", [Bar("a", 0.5), Bar("b", 1.0), Bar("c", -0.25)], x_label="x"))
    widths = [float(found[note].get("width", "")) for note in ("a: 0.50", "b: 1.00", "c: −0.25")]
    assert widths == pytest.approx([widths[1] / 2, widths[1], widths[1] / 4], abs=0.02)
    zero = float(found["a: 0.50"].get("x", ""))
    assert float(found["c: −0.25"].get("x", "")) + widths[2] == pytest.approx(zero, abs=0.02)


def test_cells_are_as_strong_as_their_values_and_signs_differ_in_colour() -> None:
    columns = [HeatColumn("p", largest=2.0), HeatColumn("s", "g", is_signed=True)]
    found = notes(heat_map("t", ["r", "q"], columns, [[1.0, -0.25], [2.0, 9.0]]))
    looks = {note: (cell.get("class"), cell.get("fill-opacity")) for note, cell in found.items()}
    assert looks == {
        "r, p: 1.000": ("lc-up", "0.5"),
        "r, g s: −0.250": ("lc-down", "0.25"),
        "q, p: 2.000": ("lc-up", "1"),
        "q, g s: 9.000": ("lc-up", "1"),
    }


def test_a_heat_map_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="2 rows and 1 columns"):
        heat_map("t", ["a", "b"], [HeatColumn("c")], [[1.0]])


def test_names_of_narrow_columns_do_not_overlap() -> None:
    root = parsed(heat_map("t", ["a"], [HeatColumn(str(unit)) for unit in range(1, 81)], [[0.5] * 80]))
    turned = [float(text.get("x", "")) for text in root.iter(f"{SVG}text") if text.get("transform")]
    assert len(turned) > 10
    assert min(right - left for left, right in pairwise(turned)) >= 13


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-0.3, 0.7, ["−0.2", "0.0", "0.2", "0.4", "0.6"]),
        (0.0, 12_000.0, ["0", "5,000", "10,000"]),
        (1e-9, 3e-9, ["1e-09", "1.5e-09", "2e-09", "2.5e-09", "3e-09"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[str]) -> None:
    assert [text for _, text in Scale(low, high).ticks(5)] == expected


def test_ticks_of_a_logarithmic_scale_are_powers_of_ten() -> None:
    assert Scale.of([1e-6, 50.0], "log").ticks(5) == [
        (pytest.approx(1e-6), "10⁻⁶"),
        (pytest.approx(1e-4), "10⁻⁴"),
        (pytest.approx(1e-2), "0.01"),
        (pytest.approx(1.0), "1"),
    ]


def test_equal_values_still_make_a_scale() -> None:
    for values in ([], [3.0, 3.0], [0.0]):
        scale = Scale.of(values)
        assert scale.low < scale.high


def test_numbers_have_one_form() -> None:
    assert [number(value) for value in (1.0, 1.005, -0.001, 12.3456, 100.0)] == ["1", "1", "0", "12.35", "100"]


def test_long_text_is_cut_or_wrapped() -> None:
    assert shortened("abcdef", 1000) == "abcdef"
    assert shortened("abcdefghijk" * 3, 60).endswith("…")
    assert text_width(shortened("abcdefghijk" * 3, 60)) <= 60
    assert wrapped("one two three four", 60) == ["one two", "three", "four"]
    assert escaped("a&b\x07") == r"a&amp;b\x07"


def luminance(color: tuple[float, ...]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(name: str, scheme: int) -> tuple[float, ...]:
    code = COLORS[name][scheme]
    return tuple(int(code[start : start + 2], 16) / 255 for start in (1, 3, 5))


def contrast(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_lines_stand_out(scheme: int) -> None:
    back = rgb("back", scheme)
    for name in ("text", "quiet"):
        assert contrast(rgb(name, scheme), back) >= 4.5
    for name in ("up", "down", *(f"line{index + 1}" for index in range(NUM_LINE_COLORS))):
        assert contrast(rgb(name, scheme), back) >= 3
    for name in ("up", "down"):  # a word on its strongest tint
        tint = tuple(
            MAX_TINT * over + (1 - MAX_TINT) * under for over, under in zip(rgb(name, scheme), back, strict=True)
        )
        assert contrast(rgb("text", scheme), tint) >= 4.5


# Machado et al. 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1.
BLINDNESS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("kind", BLINDNESS)
def test_colours_differ_for_colour_blind_readers(kind: str, scheme: int) -> None:
    def seen(name: str) -> tuple[float, ...]:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(name, scheme)]
        mixed = [sum(factor * part for factor, part in zip(row, linear, strict=True)) for row in BLINDNESS[kind]]
        return tuple(12.92 * max(0, part) if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055 for part in mixed)

    for first, second in [("up", "down"), *combinations([f"line{index + 1}" for index in range(3)], 2)]:
        assert math.dist(seen(first), seen(second)) > 0.2, (first, second)


def test_a_mark_is_at_its_place_and_its_words_stay_within_the_plot() -> None:
    for x in (1.0, 2.0, 7.0):
        root = parsed(
            line_chart("t", [Line("a", [(1.0, 0.0), (7.0, 1.0)])], x_label="x", y_label="y", marks=[Mark(x, "m")])
        )
        (mark,) = [line for line in root.iter(f"{SVG}line") if "3 3" in line.get("style", "")]
        (ends,) = [line.get("points", "").split() for line in root.iter(f"{SVG}polyline")]
        first, last = (float(place.split(",")[0]) for place in ends)
        assert float(mark.get("x1", "0")) == pytest.approx(first + (last - first) * (x - 1.0) / 6.0, abs=0.02)
        (words,) = [text for text in root.iter(f"{SVG}text") if text.text == "m"]
        assert first <= float(words.get("x", "0")) <= last
        assert words.get("text-anchor", "start") == ("end" if x > 4.0 else "start")


def test_an_axis_of_whole_numbers_has_no_fractions_and_a_fixed_one_keeps_its_ends() -> None:
    points = [(1.0, 0.3), (3.0, 0.4)]
    chart = line_chart("t", [Line("a", points)], x_label="x", y_label="y", whole_x=True, y_range=(0.0, 1.0))
    texts = [text.text for text in parsed(chart).iter(f"{SVG}text")]
    assert [text for text in texts if text in {"1", "2", "3"}] == ["1", "2", "3"]
    assert {"0.0", "1.0"} <= set(texts)
    assert "1.5" not in texts
    root = parsed(bar_chart("t", [Bar("a", 0.25), Bar("b", 0.5)], x_label="x", x_range=(0.0, 1.0)))
    widths = [float(bar.get("width", "0")) for bar in root.iter(f"{SVG}rect") if bar.get("class") == "lc-up"]
    (axis,) = [float(line.get("x1", "0")) for line in root.iter(f"{SVG}line") if line.get("class") == "lc-axis"]
    (end,) = [float(text.get("x", "0")) for text in root.iter(f"{SVG}text") if text.text == "1.0"]
    assert widths == pytest.approx([0.25 * (end - axis), 0.5 * (end - axis)], abs=0.02)
