"""The page of a report in a headless Chromium: on phones and screens, light and dark, on paper, and by keyboard."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lstmcli.reports.files import to_html
from lstmcli.reports.report_page.content import ReportContent
from tests.chromium import PROGRAM, Tab, browser
from tests.report_contents import NAMES, content_of, evaluation_of

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs Debian's chromium (apt-get install chromium)")

OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"

# The texts whose contrast with what is behind them is below 4.5, by the formula of WCAG 2.
FAINT_TEXTS = """(() => {
  const parts = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return (color.startsWith("color(srgb") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a]);
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((x, i) => x * a + below[i] * (1 - a));
  const lightness = (rgb) => {
    const [r, g, b] = rgb.map((x) => x / 255).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const back = element.tagName === "svg" ? getComputedStyle(element.querySelector(".lc-back")).fill : null;
    if (back) return over(parts(back), [0, 0, 0]);
    return over(parts(getComputedStyle(element).backgroundColor), behind(element.parentElement));
  };
  const faint = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest("script, style, title, desc")) continue;
    const style = getComputedStyle(element);
    const own = over(parts(element.closest("svg") ? style.fill : style.color), behind(element));
    const [high, low] = [lightness(own), lightness(behind(element))].sort((a, b) => b - a);
    if ((high + 0.05) / (low + 0.05) < 4.5) faint.add(walker.currentNode.data.trim());
  }
  return [...faint];
})()"""


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for key in NAMES:
        found[key] = folder / f"{key}.html"
        found[key].write_text(to_html(content_of(key)), encoding="utf-8")
    return found


def opened(tab: Tab, page: Path) -> None:
    tab.problems.clear()
    tab.requests.clear()
    tab.load(page)
    tab.value(OPEN_ALL)


@pytest.mark.parametrize("key", NAMES)
def test_a_report_fits_every_screen_and_paper_legibly_and_asks_for_nothing(
    tab: Tab, pages: dict[str, Path], key: str
) -> None:
    for scheme in ("light", "dark"):
        for width, media in ((360, ""), (1280, ""), (700, "print")):
            tab.scheme(scheme, media=media)
            tab.resize(width)
            opened(tab, pages[key])
            where = f"{scheme}, {width} pixels, {media or 'screen'}"
            assert tab.value("document.documentElement.scrollWidth") <= width, where
            assert tab.value(FAINT_TEXTS) == [], where
            assert tab.problems == [], where
            assert tab.requests == [pages[key].as_uri()], where


def test_the_check_of_contrast_finds_a_faint_text(tab: Tab, pages: dict[str, Path]) -> None:
    opened(tab, pages["two"])
    tab.value("document.querySelector('h1').style.opacity = 1")
    tab.value("document.querySelector('h1').style.color = 'rgb(150, 150, 150)'")
    assert tab.value(FAINT_TEXTS) == ["Run runs/demo"]


def test_tables_are_sorted_by_the_keyboard_alone(tab: Tab, pages: dict[str, Path]) -> None:
    tab.scheme("light")
    tab.resize(1280)
    opened(tab, pages["six"])
    tab.value("document.querySelector('#labels .wide').focus()")
    names = "[...document.querySelectorAll('#labels tbody')[0].rows].map((row) => row.cells[0].textContent)"
    rows = "[...document.querySelectorAll('#labels tbody')[0].rows].map((row) => Number(row.cells[5].textContent))"
    assert tab.value(names) == list(NAMES["six"][0])
    for _ in range(6):
        tab.press("Tab")
    assert tab.value("document.activeElement.textContent") == "rows"
    before = tab.value(rows)
    tab.press("Enter")
    assert tab.value(rows) == sorted(before) != before
    assert tab.value("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"
    tab.press("Enter")
    assert tab.value(rows) == sorted(before, reverse=True)
    assert tab.value("document.querySelectorAll('#labels [aria-sort]').length") == 1


def test_numbers_are_sorted_as_numbers_and_missing_ones_come_last(tab: Tab, pages: dict[str, Path]) -> None:
    opened(tab, pages["six"])
    cells = ["1,200", "-", "9", "−3.5", "0.873 [0.8, 0.9]"]
    tab.call(
        "(cells) => cells.forEach((text, row) => "
        "{ document.querySelector('#labels tbody').rows[row].cells[5].textContent = text; })",
        cells,
    )
    tab.value("document.querySelectorAll('#labels thead button')[5].click()")
    found = tab.value("[...document.querySelector('#labels tbody').rows].map((row) => row.cells[5].textContent)")
    assert [text for text in found if text in cells] == ["−3.5", "0.873 [0.8, 0.9]", "9", "1,200", "-"]


def test_long_tables_are_filtered_and_short_ones_are_not(tab: Tab, pages: dict[str, Path]) -> None:
    opened(tab, pages["many"])
    tab.value(
        "(() => { const input = document.querySelector('#labels input'); input.value = 'PRIDE';"
        "input.dispatchEvent(new Event('input')); })()"
    )
    shown = (
        "[...document.querySelectorAll('#labels tbody')[0].rows].filter((row) => !row.hidden)"
        ".map((row) => row.cells[0].textContent)"
    )
    assert tab.value(shown) == ["pride"]
    opened(tab, pages["two"])
    assert tab.value("document.querySelectorAll('#labels input').length") == 0


def test_the_matrix_of_many_labels_scrolls_below_its_headings(tab: Tab, pages: dict[str, Path]) -> None:
    tab.scheme("light")
    tab.resize(360)
    opened(tab, pages["many"])
    tab.value("(() => { const box = document.querySelector('.matrix').parentElement; box.scrollTo(300, 200); })()")
    edges = (
        "(() => { const box = document.querySelector('.matrix').parentElement.getBoundingClientRect();"
        "const of = (chosen) => document.querySelector(chosen).getBoundingClientRect();"
        "return [of('.matrix tbody tr:nth-child(9) th').left - box.left, "
        "of('.matrix thead th:nth-child(9)').top - box.top]; })()"
    )
    assert all(abs(distance) <= 2 for distance in tab.value(edges))


def test_paper_has_what_is_folded_on_screens(tab: Tab, pages: dict[str, Path]) -> None:
    tab.load(pages["several"])
    closed = "document.querySelectorAll('details:not([open])').length"
    assert tab.value(closed) > 0
    tab.value("dispatchEvent(new Event('beforeprint'))")
    assert tab.value(closed) == 0
    tab.value("dispatchEvent(new Event('afterprint'))")
    assert tab.value(closed) > 0


def test_long_texts_in_tables_wrap_on_wide_screens(tab: Tab, pages: dict[str, Path]) -> None:
    tab.resize(1280)
    opened(tab, pages["two"])
    region = "document.querySelector('#suspects .wide')"
    assert tab.value(f"{region}.scrollWidth <= {region}.clientWidth")
    assert tab.value(f"getComputedStyle({region}.querySelector('td:last-child')).textAlign") == "left"


def test_commands_in_sentences_are_code_and_markup_is_not() -> None:
    evaluation = replace(evaluation_of("two"), notes=("See `lstmcli check FILE` & <b>`x`</b>.",))
    page = to_html(ReportContent("t", [evaluation]))
    assert "See <code>lstmcli check FILE</code> &amp; &lt;b&gt;`x`&lt;/b&gt;." in page


def test_a_report_of_many_rows_and_labels_stays_small() -> None:
    for key in ("many", "several"):
        assert len(to_html(content_of(key, num_rows=10_000)).encode()) < 1_000_000


def test_a_report_says_first_how_good_the_model_is(tab: Tab, pages: dict[str, Path]) -> None:
    tab.load(pages["six"])
    lead = tab.value("document.querySelector('.lead').textContent")
    assert lead.startswith("On 400 texts of test.csv that it had never seen, the model gives the right label to ")
    assert "95% interval" in lead
    assert "clearly better than always choosing the most frequent label" in lead
    tab.value("document.querySelectorAll('h2').forEach((each) => each.remove())")
    assert not tab.value("document.querySelector('header .warning')")


def test_scores_on_rows_that_were_tuned_on_have_a_warning_first(tab: Tab, tmp_path: Path) -> None:
    evaluation = replace(evaluation_of("two"), is_tuned_on=True)
    page = tmp_path / "tuned.html"
    page.write_text(to_html(ReportContent("t", [evaluation])), encoding="utf-8")
    tab.load(page)
    assert tab.value("document.querySelector('header .warning').textContent").startswith(
        "The scores are optimistic on these rows: the best epoch"
    )
