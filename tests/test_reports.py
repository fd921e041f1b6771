"""Reports of hostile and of very many labels: nothing in them is markup, and their size grows with the labels."""

import base64
import hashlib
import json
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from lstmcli.config.settings import EvaluationSettings
from lstmcli.inspection.gradients import FileGradients, NetworkGradients, signal_of
from lstmcli.metrics.evaluation import Evaluation, System, evaluate
from lstmcli.reports.files import to_console_text, to_html, to_json, to_markdown
from lstmcli.reports.markdown import escape_markdown
from lstmcli.reports.report_page.content import ReportContent
from lstmcli.reports.tables import evaluation_tables

FEW_SAMPLES = EvaluationSettings(bootstrap_samples=100)

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(2))",
    'a|b`c`\n# d" style="e',
    "[red]f[/red]\x1b[2J\x9b\u202e",
    "caf\udce9 &lt;b&gt; https://evil.example",
)


def evaluation(
    names: tuple[str, ...], actual: list[int], picked: list[int], *, name: str = "rows", other: bool = False
) -> Evaluation:
    one_hot = np.eye(len(names), dtype=bool)
    systems = [System("this model", one_hot[picked], np.where(one_hot[picked], 0.9, 0.1 / len(names)))]
    if other:
        systems.append(replace(systems[0], name="majority class"))
    return evaluate(name, systems, one_hot[actual], names, "single", FEW_SAMPLES)


@pytest.fixture
def hostile() -> Evaluation:
    found = evaluation(HOSTILE, [0, 1, 2, 3, 4, 0], [0, 1, 2, 3, 4, 1], name="<script>.csv", other=True)
    return replace(found, notes=("A note on <i>.csv.",))


@pytest.fixture
def many() -> Evaluation:
    """300 labels with 3 rows each, of which one is taken for the next label; label 7 has 30 rows."""
    actual = [label for label in range(300) for _ in range(30 if label == 7 else 3)]
    picked = [(label + 1) % 300 if row % 3 == 0 else label for row, label in enumerate(actual)]
    return evaluation(tuple(f"author {number}" for number in range(300)), actual, picked, other=True)


class Tags(HTMLParser):
    """Counts tags, and collects attributes, whatever a browser would load, and scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.scripts: list[str] = []
        self._is_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        self.links |= {str(value) for name, value in attrs if name in ("href", "src", "action", "data", "srcset")}
        self._is_script = tag == "script"

    def handle_endtag(self, _tag: str) -> None:
        self._is_script = False

    def handle_data(self, data: str) -> None:
        if self._is_script:
            self.scripts.append(data)


def test_html_reports_have_no_markup_from_data_and_load_nothing(hostile: Evaluation) -> None:
    page = to_html(ReportContent("<b>title</b>", [hostile], {"model": "</title><svg onload=x>"}))
    harmless = evaluation(tuple("abcde"), [0, 1, 2, 3, 4, 0], [0, 1, 2, 3, 4, 1], name="c", other=True)
    tags, plain = Tags(page), Tags(to_html(ReportContent("t", [replace(harmless, notes=("n",))], {"model": "m"})))
    assert {tag: number for tag, number in tags.found.items() if tag != "text"} == {
        tag: number for tag, number in plain.found.items() if tag != "text"
    }  # axes of the charts may differ in their texts
    assert tags.attributes == plain.attributes
    assert not {name for name in tags.attributes if name.startswith("on")}
    assert all(link.startswith("#") for link in tags.links)
    (script,) = tags.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page
    assert r"\x1b[2J\x9b\u202e" in page
    page.encode("utf-8")


def test_markdown_reports_have_no_markup_from_data(hostile: Evaluation) -> None:
    page = to_markdown(ReportContent("<b>title", [hostile], {"model": "<i>x"}))
    assert "<" not in page
    assert "](" not in page.replace(r"\](", "")
    assert r"a\|b\`c\`\\n\# d" in page
    assert "&amp;lt;b&amp;gt;" in page
    assert r"https\://" in page
    assert [line for line in page.splitlines() if line.startswith("#")][:2] == [
        "# &lt;b&gt;title",
        "## &lt;script&gt;.csv",
    ]
    widths = {line.replace(r"\|", "").count("|") for line in page.splitlines() if line.startswith("| &lt;img")}
    assert widths == {7, 4}  # 6 cells in "Labels" and in the matrix, 3 in "F1 per label"
    page.encode("utf-8")


def test_the_name_of_a_file_is_not_markup_beside_the_gradients(hostile: Evaluation) -> None:
    signal = signal_of(np.array([[1.0, 0.5, 0.25, 0.125]]))
    network = NetworkGradients("rnn", True, signal, None, {"W": 1.0}, None)
    found = FileGradients("<script>](x)\x1b", 1, 0, True, 1, 1, None, (network,))
    tags = Tags(page := to_html(ReportContent("t", [hostile], gradients=found)))
    assert len(tags.scripts) == 1
    assert "&lt;script&gt;](x)\\x1b" in page
    assert "\x1b" not in page
    page = to_markdown(ReportContent("t", [hostile], gradients=found))
    assert r"&lt;script&gt;\](x)\\x1b" in page
    assert "half of it is left after 1.0 words" in page


def test_markdown_leaves_ordinary_names_and_figures_alone() -> None:
    for text in ["reviews-2024.csv", "0.873 [0.851, 0.894]", "naïve, (very) sad!", "4,812 rows"]:
        assert escape_markdown(text) == text


def test_tables_on_a_terminal_show_names_literally_and_safely(hostile: Evaluation) -> None:
    for is_terminal in (False, True):
        shown = to_console_text(hostile, is_terminal=is_terminal)
        assert r"[red]f[/red]\x1b[2J\x9b\u202e" in shown
        assert r"a|b`c`\n# d" in shown
        assert not {"\x9b", "\u202e", "\udce9"} & set(shown)
    assert "\x1b[2J" not in shown


def test_json_reports_keep_every_name_and_can_always_be_written(hostile: Evaluation) -> None:
    text = to_json([hostile], {})
    text.encode("utf-8")
    assert not {"\x1b", "\x9b", "\u202e"} & set(text)
    found = json.loads(text)["evaluations"]["<script>.csv"]
    assert [each["label"] for each in found["labels"]["this model"]] == list(HOSTILE)


def test_few_labels_have_a_confusion_matrix_in_all_forms(hostile: Evaluation) -> None:
    assert hostile.confusion is not None
    assert hostile.confusion[0] == [1, 1, 0, 0, 0]
    table = evaluation_tables(hostile)[-1]
    assert [row[1:3] for row in table.rows[:2]] == [["1", "1"], ["0", "1"]]
    assert table.shades[0] == [0.5, 0.5, 0.0, 0.0, 0.0]


def test_many_labels_have_their_most_frequent_confusions_instead_of_a_matrix(many: Evaluation) -> None:
    table = evaluation_tables(many)[-1]
    assert table.columns == ["actual", "predicted", "rows", "share of actual"]
    assert table.rows[0] == ["author 7", "author 8", "10", "33.3%"]
    assert len(table.rows) == 20
    assert "280 more pairs" in table.note


def test_many_labels_without_a_mistake_have_no_confusions() -> None:
    found = evaluation(tuple(map(str, range(30))), list(range(30)), list(range(30)))
    table = evaluation_tables(found)[-1]
    assert (table.rows, table.note) == ([], "No row was given a wrong label.")


def test_metrics_list_the_confusions_of_many_labels_without_the_zeros(many: Evaluation) -> None:
    found = json.loads(to_json([many], {}))["evaluations"]["rows"]
    assert found["confusion"] is None
    assert found["confusion_cells"][0] == {"actual": "author 7", "predicted": "author 7", "count": 20}
    assert len(found["confusion_cells"]) == 600
    assert sum(cell["count"] for cell in found["confusion_cells"]) == 927


def test_the_screen_shows_the_most_frequent_of_many_labels_and_files_show_all(many: Evaluation) -> None:
    shown = to_console_text(many, is_terminal=False)
    assert max(map(len, shown.splitlines()[1:])) < 200  # after a sentence
    assert len(shown.splitlines()) < 100
    assert "The 20 most frequent labels, and 280 more in report.html" in shown
    assert "author 7 " in shown
    assert "author 200" not in shown
    for page in (to_markdown(ReportContent("t", [many])), to_html(ReportContent("t", [many]))):
        assert "author 200" in page
        assert len(page) < 2000 * 300


def test_the_size_of_all_reports_is_linear_in_the_labels() -> None:
    sizes = []
    for num_labels in (150, 600):
        labels = [row % num_labels for row in range(2 * num_labels)]
        found = evaluation(tuple(f"{number:04}" for number in range(num_labels)), labels, labels)
        sizes.append(sum(len(text) for text in (to_json([found], {}), to_html(ReportContent("", [found])))))
    assert sizes[1] < 4.5 * sizes[0]


def test_scores_say_which_labels_macro_f1_averages_over() -> None:
    names = ("joy", "anger", "sad")
    assert "Macro-F1 is the mean over all 3 labels." in to_console_text(
        evaluation(names, [0, 1, 2], [0, 1, 2]), is_terminal=False
    )
    absent = evaluation(names, [0, 0, 1], [0, 2, 1])
    said = "Macro-F1 is the mean over the labels that occur in these rows (2 of 3; 1 of the others predicted, but not"
    assert said in to_console_text(absent, is_terminal=False)
    assert said in to_markdown(ReportContent("", [absent]))
    assert said in to_html(ReportContent("", [absent]))


def test_a_label_without_rows_has_no_recall_and_no_f1() -> None:
    found = evaluation(("joy", "anger", "sad", "calm"), [0, 0, 1], [0, 2, 1], other=True)
    labels, compared = evaluation_tables(found)[1:3]
    assert labels.rows[2] == ["sad", "0.000", "-", "-", "0", "1"]
    assert labels.rows[3] == ["calm", "-", "-", "-", "0", "0"]
    assert compared.rows[2] == ["sad", "-", "-"]
