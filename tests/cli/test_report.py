"""The page of an evaluation: its numbers are those of the evaluation, and its list of errors can be filtered."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.cli.report import page
from seqtag.evaluation.evaluation import Evaluation
from seqtag.pages.colours import colours
from seqtag.pages.templates import digest, source
from seqtag.stages.evaluate import against, evaluate_files, evaluate_model, trained
from seqtag.stages.info import info

GOLD = "Ana\tB-PER\nRuiz\tI-PER\nflew\tO\nto\tO\nOslo\tB-LOC\n\nBo\tB-PER\nis\tO\nin\tO\nLima\tB-LOC\n\n<b>\tB-LOC\n"
GIVEN = (
    GOLD.replace("Oslo\tB-LOC", "Oslo\tB-PER").replace("Bo\tB-PER", "Bo\tO").replace("flew\tO", "flew\tB-LOC")
)
OTHER = GOLD.replace("Bo\tB-PER", "Bo\tO").replace("Lima\tB-LOC", "Lima\tO")


@dataclass
class Page(HTMLParser):
    """What stands on a page: the rows of its tables by section, its texts by id, its scripts and its addresses."""

    text: str
    rows: dict[str, list[list[str]]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._section, self._in_cell = "", False
        self._ids: list[str] = []
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [str(given[name]) for name in ("src", "href", "action") if name in given]
        self.handlers += [name for name in given if name.startswith("on")]
        if tag == "section":
            self._section = str(given["id"])
        if tag == "tr":
            self.rows.setdefault(self._section, []).append([])
        if tag in ("td", "th"):
            self.rows[self._section][-1].append("")
            self._in_cell = True
        if "id" in given or tag in ("script", "h1"):
            self._ids.append(str(given.get("id") or tag))
            self.texts[self._ids[-1]] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell and data.strip():
            self.rows[self._section][-1][-1] += data
        if self._ids and not self.texts[self._ids[-1]]:
            self.texts[self._ids[-1]] = data

    @property
    def data(self) -> Any:
        """What the list of errors is drawn from."""
        return json.loads(self.texts["data"])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    found = {}
    for name, text in (("gold", GOLD), ("given", GIVEN), ("other", OTHER)):
        (tmp_path / f"{name}.conll").write_text(text, encoding="utf-8")
        found[name] = str(tmp_path / f"{name}.conll")
    return found


@pytest.fixture
def evaluation(files: dict[str, str]) -> Evaluation:
    return evaluate_files(files["given"], files["gold"], train_path=files["gold"])


def test_the_numbers_are_those_of_the_evaluation(evaluation: Evaluation) -> None:
    found = Page(page(evaluation))
    score = evaluation.score
    rows = found.rows["scores"]
    assert rows[0] == ["type", "precision", "recall", "F1", "gold", "predicted", "correct"]
    for name, counts in score.types.items():
        ratios = [f"{value:.4f}" for value in (counts.precision, counts.recall, counts.f1)]
        assert [name, *ratios, *map(str, (counts.gold, counts.predicted, counts.correct))] in rows
    assert ["micro average", "0.6000", "0.6000", "0.6000", "5", "5", "3"] in rows
    assert found.texts["signature"] == score.signature
    matrix = found.rows["confusion"]
    assert matrix[0] == ["", "LOC", "PER", "missed"]
    assert matrix[1:4] == [["LOC", "2", "1", "·"], ["PER", "·", "1", "1"], ["spurious", "1", "·", ""]]
    assert evaluation.analysis.entities is not None
    assert evaluation.analysis.entities.known.total == 5
    assert ["known", "5", "3", "0.6000"] in found.rows["known"]
    assert ["1", "5", "3", "0.6000"] in found.rows["known"]


def test_the_errors_are_the_data_of_the_list(evaluation: Evaluation) -> None:
    data = Page(page(evaluation)).data
    assert data["errors"] == [
        [0, "spurious", None, "LOC", None, None, [2, 3], ""],
        [0, "type", "LOC", "PER", None, [4, 5], [4, 5], ""],
        [1, "missed", "PER", None, None, [0, 1], None, ""],
    ]
    assert list(data["sentences"]) == ["0", "1"]  # the third has no error
    assert data["sentences"]["0"]["tokens"] == ["Ana", "Ruiz", "flew", "to", "Oslo"]
    assert data["sentences"]["0"]["gold"] == [[0, 2, "PER"], [4, 5, "LOC"]]
    assert data["sentences"]["1"]["line"] == 7
    assert data["colours"] == colours(["LOC", "PER"])


def test_the_page_loads_nothing_and_runs_its_own_script_alone(evaluation: Evaluation) -> None:
    text = page(evaluation)
    found = Page(text)
    assert all(address.startswith("#") for address in found.addresses)
    assert not found.handlers
    assert f"script-src {digest(source('report.js'))}" in text
    for risky in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert risky not in source("report.js")


def test_what_a_corpus_holds_is_no_markup(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    gold = tmp_path / "gold.conll"
    gold.write_text(f"{evil}\tB-{evil}\nx\tO\n", encoding="utf-8")
    given = tmp_path / "given.conll"
    given.write_text(f"{evil}\tO\nx\tB-&<\n", encoding="utf-8")
    text = page(evaluate_files(str(given), str(gold)))
    assert evil not in text
    assert text.count("<script") == 2
    data = Page(text).data
    assert data["sentences"]["0"]["tokens"] == [evil, "x"]
    assert [error[2:4] for error in data["errors"]] == [[evil, None], [None, "&<"]]


def test_two_files_side_by_side(files: dict[str, str], evaluation: Evaluation) -> None:
    compared = against(evaluation, evaluate_files(files["other"], files["gold"]))
    found = Page(page(evaluation, against=compared))
    assert [row[-1] for row in found.data["errors"]] == ["first", "first", "both", "second"]
    assert found.data["errors"][3][:4] == [1, "missed", "LOC", None]
    assert found.data["sentences"]["1"]["second"] == []
    rows = found.rows["against"]
    assert ["difference", f"{compared.significance.difference:+.4f}"] in rows
    assert ["p value", f"{compared.significance.p_value:.4f}"] in rows
    assert ["only of the first", "2"] in rows
    assert ["only of the second", "1"] in rows
    assert ["of both", "1"] in rows
    own, other = evaluation.score.types["LOC"].f1, compared.second.score.types["LOC"].f1
    row = next(row for row in found.rows["scores"] if row[0] == "LOC")
    assert row[3:6] == [f"{own:.4f}", f"{other:.4f}", f"{own - other:+.4f}"]


def test_a_model_with_its_probabilities_and_its_training(spans: Any) -> None:
    found = evaluate_model(spans.folder, spans.dev, calibration=True)
    about = info(str(spans.folder))
    text = page(found, about, trained(spans.folder))
    shown = Page(text)
    assert about.settings["encoder.units"] == (12, 200)
    assert ["encoder.units", "12", "200"] in shown.rows[""]
    assert f"Expected calibration error {found.calibrations[1].error:.4f}" in text
    minimum = next(row for row in shown.rows["calibration"] if row[0] == "0.50")
    counts = next(point.counts for point in found.thresholds[0].points if point.probability == 0.5)
    assert minimum == [
        "0.50",
        *(f"{v:.4f}" for v in (counts.precision, counts.recall, counts.f1)),
        str(counts.predicted),
    ]
    for epoch in spans.result.history:
        assert f"loss: {epoch.number}, {epoch.loss:.4g}</title>" in text
    assert f"Epoch {spans.result.best.best_epoch} was kept" in text


def test_plain_tags(plain: Any) -> None:
    found = evaluate_model(plain.folder, plain.dev, calibration=True)
    shown = Page(page(found, info(str(plain.folder)), trained(plain.folder)))
    assert shown.rows["scores"][0][0] == "tag"
    rows = {row[0]: row for row in shown.rows["known"]}
    assert found.analysis.frequency
    for name, hits in found.analysis.frequency.items():
        assert rows[name] == [name, str(hits.total), str(hits.correct), f"{hits.share:.4f}"]


def test_no_errors_no_list(files: dict[str, str]) -> None:
    text = page(evaluate_files(files["gold"], files["gold"]))
    assert 'id="errors"' not in text
    assert 'id="data"' not in text


def test_ten_thousand_sentences_are_no_large_page(tmp_path: Path) -> None:
    """5,000 of them with an error: some 30 words each come to less than 3 MB."""
    words = "".join(f"word{number}\tO\n" for number in range(29))
    gold, given = tmp_path / "gold.conll", tmp_path / "given.conll"
    gold.write_text("\n".join(f"Oslo\tB-LOC\n{words}" for _ in range(10_000)), encoding="utf-8")
    given.write_text(
        "\n".join(f"Oslo\t{'B-LOC' if number % 2 else 'O'}\n{words}" for number in range(10_000)),
        encoding="utf-8",
    )
    text = page(evaluate_files(str(given), str(gold)))
    assert len(Page(text).data["errors"]) == 5_000
    assert len(text) < 3_000_000


class TestCommand:
    def test_it_writes_the_page_beside_the_table(
        self, files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        report = tmp_path / "report.html"
        arguments = ["evaluate", "--predicted", files["given"], files["gold"], "--report", str(report)]
        assert run([*arguments, "--against", files["other"]]) == 0
        text = capsys.readouterr().out
        assert "compared with" in text
        assert "approximate randomisation over 3 sentences" in text
        assert "Errors: 2 of the first alone, 1 of the second alone, 1 of both." in text
        assert "against" in Page(report.read_text("utf-8")).rows

    def test_json_has_the_test(self, files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        arguments = ["evaluate", "--predicted", files["given"], files["gold"], "--against", files["other"]]
        assert run([*arguments, "--json", "-"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["against"]["predicted_file"] == files["other"]
        test = found["against"]["significance"]
        assert test["difference"] == pytest.approx(found["f1"] - found["against"]["f1"])
        assert test["rounds"] == 10_000

    def test_a_model_against_a_file_and_against_itself(
        self, spans: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        model, dev = str(spans.folder), str(spans.dev)
        assert run(["evaluate", model, dev, "--against", model, "--json", "-"]) == 0
        test = json.loads(capsys.readouterr().out)["against"]["significance"]
        assert (test["difference"], test["p_value"]) == (0.0, 1.0)
        assert run(["evaluate", model, dev, "--against", dev, "--report", str(tmp_path / "r.html")]) == 0
        text = capsys.readouterr().out
        assert f"compared with {dev}" in text
        assert "mean" not in text  # the calibration is on the page alone

    def test_other_tasks_and_places_are_refused(
        self, spans: Any, plain: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        model, dev = str(spans.folder), str(spans.dev)
        assert run(["evaluate", model, dev, "--report", dev]) == 2
        assert "is also an input" in capsys.readouterr().err
        assert run(["evaluate", model, dev, "--report", "x", "--json", "x"]) == 2
        assert "--report and --json both write to x" in capsys.readouterr().err
        assert run(["evaluate", model, dev, "--report", str(tmp_path / "no" / "r.html")]) == 1


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    program = which("chromium") or which("chromium-browser") or which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not installed")
    sync = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


def test_the_list_is_filtered_sorted_and_turned(files: dict[str, str], tmp_path: Path, browser: Any) -> None:
    place = tmp_path / "report.html"
    many = "\n".join(f"Name{number}\tB-PER\nsaw\tO\n" for number in range(120))
    gold = tmp_path / "many.conll"
    gold.write_text(GOLD + "\n" + many, encoding="utf-8")
    given = tmp_path / "few.conll"
    given.write_text(GIVEN + "\n" + many.replace("B-PER", "O"), encoding="utf-8")
    place.write_text(page(evaluate_files(str(given), str(gold))), encoding="utf-8")
    tab = browser.new_page()
    problems: list[str] = []
    tab.on("console", lambda message: problems.append(message.text))
    tab.on("pageerror", lambda problem: problems.append(str(problem)))
    tab.goto(place.as_uri())
    count, items = tab.locator("#count"), tab.locator("#list > li")
    assert count.text_content() == "123 of 123 errors"
    assert items.count() == 50
    assert items.first.locator(".entity.wrong").text_content() == "flewLOC"

    tab.get_by_label("Kind", exact=True).select_option("type")
    assert count.text_content() == "1 of 123 errors"
    gold_line, own_line = items.locator(".sentence").all()
    assert gold_line.text_content() == "Ana RuizPER flew to OsloLOC"
    assert own_line.locator(".wrong").text_content() == "OsloPER"
    colour = own_line.locator(".wrong").evaluate("node => node.style.getPropertyValue('--type')")
    assert colour == colours(["LOC", "PER"])["PER"]

    tab.get_by_label("Kind", exact=True).select_option("")
    tab.get_by_label("Type", exact=True).select_option("=LOC")
    assert count.text_content() == "2 of 123 errors"
    tab.get_by_label("Type", exact=True).select_option("")
    tab.get_by_label("Text", exact=True).fill("name119")
    assert count.text_content() == "1 of 123 errors"
    assert items.locator(".gap").text_content() == "Name119"
    tab.get_by_label("Text", exact=True).fill("")

    tab.get_by_role("button", name="Later").click()
    tab.get_by_role("button", name="Later").click()
    assert items.count() == 23
    assert tab.get_by_role("button", name="Later").is_disabled()
    assert tab.locator("#page").text_content() == "page 3 of 3"
    assert items.last.locator(".gap").text_content() == "Name119"
    assert not problems
