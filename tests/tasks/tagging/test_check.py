"""The check of corpora: every finding on files small enough to count by eye; then the command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner, Result

from seqtag.cli import run as main
from seqtag.cli.check import check as command
from seqtag.cli.listing import print_findings
from seqtag.corpora.base import ReadOptions
from seqtag.support.errors import DataError, Error, UsageError
from seqtag.tasks.tagging.check import EXAMPLES, Pair, Problem, Repeat, Repeats, Report, check

TRAIN = """\
Ada B-PER
Lovelace I-PER
slept O

in O
Rome B-LOC

in O
Rome B-LOC

in O
Rome O
"""
TEST = """\
in O
Paris I-LOC

in O
Rome O

Ada X-PER
sees O
Ada B-ORG
sees O
Ada I-PER
"""


def corpus(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    return [corpus(tmp_path, "train.conll", TRAIN), corpus(tmp_path, "test.conll", TEST)]


def test_what_is_in_the_files(paths: list[str]) -> None:
    train, test = check(paths).files
    assert (train.path, train.sentences, train.tokens) == (paths[0], 4, 9)
    assert (test.path, test.sentences, test.tokens) == (paths[1], 3, 9)
    assert list(train.tags.items()) == [("O", 5), ("B-LOC", 2), ("B-PER", 1), ("I-PER", 1)]
    assert list(train.entities.items()) == [("LOC", 2), ("PER", 1)]
    assert test.tags == {"O": 5, "B-ORG": 1, "I-LOC": 1, "I-PER": 1, "X-PER": 1}
    assert test.entities == {"LOC": 1, "ORG": 1, "PER": 1}  # X-PER is none
    assert (train.longest.tokens, train.longest.line) == (3, 1)
    assert (test.longest.tokens, test.longest.line) == (5, 7)


def test_ill_formed_places_have_their_lines(paths: list[str]) -> None:
    train, test = check(paths).files
    assert train.ill_formed == ()
    assert test.ill_formed == (
        Problem(2, "I-LOC follows O; BIO expects B-LOC"),
        Problem(7, "'X-PER' is not a BIO tag; expected O, B-label or I-label"),
        Problem(11, "I-PER follows O; BIO expects B-PER"),
    )


def test_unknown_words_are_those_that_the_training_file_lacks(paths: list[str]) -> None:
    """It comes first, wherever it is named; where none is, nothing is unknown."""
    first, second = paths
    train, test = check([second, first], train=first).files
    assert (train.path, train.unknown_word_rate) == (first, None)
    assert test.unknown_word_rate == 3 / 9  # Paris, sees, sees
    assert check([first], train=second).files[1].unknown_word_rate == 2 / 9  # Lovelace, slept
    assert [file.unknown_word_rate for file in check(paths).files] == [None, None]


def test_rare_types_are_those_of_the_training_file(paths: list[str]) -> None:
    def rare(report: Report) -> list[str]:
        return [finding.file for finding in report.findings if finding.code == "rare-type"]

    first, second = paths
    assert rare(check([second], train=first)) == [first] * 2
    assert rare(check([first])) == [first] * 2
    assert rare(check(paths)) == []  # which is it?


def test_sentences_that_come_twice_in_a_file(paths: list[str]) -> None:
    train, test = check(paths).files
    assert train.duplicates == Repeats(
        2, 1, (Repeat("in Rome", 5, 8, same_tags=True), Repeat("in Rome", 5, 11, same_tags=False))
    )
    assert test.duplicates == Repeats(0, 0, ())


def test_what_two_files_share_and_do_not_share(paths: list[str]) -> None:
    (pair,) = check(paths).pairs
    assert pair == Pair(
        paths[0],
        paths[1],
        Repeats(1, 1, (Repeat("in Rome", 5, 4, same_tags=False),)),
        tags_only_in_first=("B-LOC", "B-PER"),
        tags_only_in_second=("B-ORG", "I-LOC", "X-PER"),
    )
    (backwards,) = check(paths[::-1]).pairs
    assert (backwards.shared.sentences, backwards.shared.retagged) == (3, 2)


def test_every_two_of_the_files_are_compared(paths: list[str]) -> None:
    first, second = paths
    pairs = check([first, second, first]).pairs
    assert [(pair.first, pair.second) for pair in pairs] == [(first, second), (first, first), (second, first)]
    assert pairs[1].shared.sentences == 4
    assert check([first]).pairs == ()


def test_the_longest_repeated_sentences_are_the_examples(tmp_path: Path) -> None:
    sentences = ["\n".join(["a O"] * length) for length in range(1, EXAMPLES + 3)]
    path = corpus(tmp_path, "file", "\n\n".join(sentences * 2))
    (file,) = check([path]).files
    assert file.duplicates.sentences == EXAMPLES + 2
    assert [len(one.text.split()) for one in file.duplicates.examples] == [7, 6, 5, 4, 3]


def test_the_scheme_comes_from_the_first_file_and_the_others_are_told(tmp_path: Path) -> None:
    bio = corpus(tmp_path, "bio", "a B-X\nb I-X\nc B-X\n")
    iob1 = corpus(tmp_path, "iob1", "a I-X\nb I-X\nc B-X\n")
    first, second = check([bio, iob1]).files
    assert (first.scheme, first.detected_scheme) == ("bio", "bio")
    assert (second.scheme, second.detected_scheme) == ("bio", "iob1")
    assert len(second.ill_formed) == 1
    assert check([iob1, bio]).files[1].scheme == "iob1"
    (given,) = check([bio], scheme="IOB1").files
    assert (given.scheme, given.detected_scheme) == ("iob1", "bio")


def test_a_scheme_is_named_in_any_case(tmp_path: Path) -> None:
    path = corpus(tmp_path, "file", "a B-X\nb I-X\n")
    assert check([path], scheme="AUTO") == check([path], scheme="Bio") == check([path])
    with pytest.raises(UsageError, match=r"Unknown tag scheme 'atuo'. Did you mean 'auto'"):
        check([path], scheme="atuo")


def test_the_spelling_of_a_scheme_is_told(tmp_path: Path) -> None:
    path = corpus(tmp_path, "file", "a B-X\nb M-X\nc E-X\nd S-X\n")
    assert check([path]).files[0].scheme == "bmes"


def test_plain_tags(tmp_path: Path) -> None:
    path = corpus(tmp_path, "file", "a DT\nb NN\n")
    (file,) = check([path]).files
    assert (file.scheme, file.tags, file.entities, file.ill_formed) == ("plain", {"DT": 1, "NN": 1}, {}, ())


def test_columns_and_format_reach_the_reader(tmp_path: Path) -> None:
    path = corpus(tmp_path, "file", "1\ta\ta\tDET\tDT\t_\t0\tx\t_\t_\n")
    assert check([path]).files[0].tags == {"DET": 1}
    assert check([path], options=ReadOptions(tag_column="xpos")).files[0].tags == {"DT": 1}
    (file,) = check([path], options=ReadOptions("conll", 2, 8)).files
    assert file.tags == {"x": 1}
    with pytest.raises(DataError, match="there is no sentence in the file"):
        check([corpus(tmp_path, "empty", "")])
    with pytest.raises(UsageError, match="Unknown tag scheme"):
        check([path], scheme="bip")


def test_json_holds_everything(paths: list[str]) -> None:
    report = json.loads(json.dumps(check(paths).to_json()))
    assert list(report) == ["files", "pairs", "findings"]
    assert report["files"][1]["ill_formed"][0] == {"line": 2, "problem": "I-LOC follows O; BIO expects B-LOC"}
    assert report["files"][0]["longest"] == {"tokens": 3, "line": 1}
    assert report["pairs"][0]["shared"]["examples"] == [
        {"text": "in Rome", "first_line": 5, "second_line": 4, "same_tags": False}
    ]
    assert {"path", "sentences", "tokens", "scheme", "tags", "entities", "unknown_word_rate"} <= set(
        report["files"][0]
    )


app = typer.Typer()
app.command()(command)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "80"}, catch_exceptions=False)


def test_the_command_shows_what_was_found(paths: list[str]) -> None:
    result = run("--train", *paths)
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[:3] == [f"file 1: {paths[0]}", f"file 2: {paths[1]}", "Tag scheme: BIO (found in file 1)"]
    rows = [line.split() for line in lines]
    assert ["file", "1", "4", "9", "3", "2", "0"] in rows
    assert ["file", "2", "3", "9", "5", "33.3%", "0", "3"] in rows
    assert ["LOC", "2", "1"] in rows
    assert ["ORG", "0", "1"] in rows
    assert ["of", "file", "2", "in", "file", "1", "1", "33.3%", "1"] in rows
    end = lines.index(f"file 1: {paths[0]}", 2)
    assert max(map(len, lines[3:end])) <= 80
    assert lines[end:] == [
        f"file 1: {paths[0]}",
        "  warning: duplicate-sentences",
        '    line 11: "in Rome" has other tags than in line 5',
        "  warning: rare-type (2)",
        "    the type LOC has 2 examples; a type with fewer than 10 is hardly learnt",
        "    the type PER has 1 example; a type with fewer than 10 is hardly learnt",
        "  note: duplicate-sentences",
        '    line 8: 2 of 4 sentences (50.0%) stood in the file before, such as this one in line 5: "in Rome"',
        f"  lacks tags of {paths[1]}: B-ORG, I-LOC, X-PER",
        f"file 2: {paths[1]}",
        "  error: odd-scheme-tags",
        "    line 7: 'X-PER' is not a BIO tag; expected O, B-label or I-label",
        "  warning: odd-scheme-tags (2)",
        "    line 2: I-LOC follows O; BIO expects B-LOC",
        "    line 11: I-PER follows O; BIO expects B-PER",
        "  the tags look like IOB1",
        f"  lacks tags of {paths[0]}: B-LOC, B-PER",
    ]


def test_what_is_long_is_cut_short(tmp_path: Path) -> None:
    rows = "".join(f"a{number} I-T{number}\n\n" for number in range(40)) + "a B-T\nb B-T\n" * 50
    path = corpus(tmp_path, "file", rows)
    lines = [line.strip() for line in run(path, "--scheme", "bio").stdout.splitlines()]
    assert sum("BIO expects" in line for line in lines) == 3
    assert lines[lines.index("warning: odd-scheme-tags (40)") + 4] == "and 37 more"
    assert any(line.startswith("11 more ") for line in lines)
    assert sum(line.startswith("T") and line.endswith(" 1") for line in lines) == 29  # and T itself, 50 times
    assert "Tag scheme: BIO" in lines


def test_places_of_one_message_stand_together(tmp_path: Path) -> None:
    path = corpus(tmp_path, "file", "a I-A\n\n" * 5 + "a I-B\n\n" * 2 + "a I-C\n\n")
    lines = run(path, "--scheme", "bio").stdout.splitlines()
    at = lines.index("  warning: odd-scheme-tags (8)")
    assert lines[at + 1 : at + 4] == [
        "    lines 1, 3, 5 and 2 more: I-A starts the sentence; BIO expects B-A",
        "    lines 11, 13: I-B starts the sentence; BIO expects B-B",
        "    line 15: I-C starts the sentence; BIO expects B-C",
    ]


@pytest.mark.parametrize("width", [40, 80])
def test_findings_fit_a_terminal(tmp_path: Path, width: int) -> None:
    """What is broken goes on below its text; nothing is lost, also of wide characters."""
    rows = "".join(f"\u65b0\u6d6a{number} O\n" for number in range(30))
    path = corpus(tmp_path, "f", f"{rows}\n{rows.replace(' O', ' B-X', 1)}\n")
    report = check([path])
    shown = {}
    for terminal in (True, False):
        console = Console(width=width, force_terminal=terminal, color_system=None, highlight=False)
        with console.capture() as capture:
            print_findings(report, console)
        shown[terminal] = [line.rstrip() for line in capture.get().splitlines()][1:]
    assert max(map(cell_len, shown[False])) > 80
    assert max(map(cell_len, shown[True])) <= width
    assert " ".join(" ".join(shown[True]).split()) == " ".join(" ".join(shown[False]).split())
    assert {len(line) - len(line.lstrip()) for line in shown[True]} == {2, 4, 6}


def test_strict_fails_for_a_warning(tmp_path: Path) -> None:
    odd, good = corpus(tmp_path, "odd", "a I-X\nb O\n"), corpus(tmp_path, "good", "a B-X\nb O\n" * 10)
    assert run(odd, "--scheme", "bio").exit_code == 0
    assert run(odd, "--scheme", "bio", "--strict").exit_code == 1
    assert run(good, "--strict").exit_code == 0


def test_findings_as_json(tmp_path: Path) -> None:
    path = corpus(tmp_path, "file", "1 a B-X\n2 b I-X\n3 c O\n")
    (finding, rare) = json.loads(run(path, "--json", "-").stdout)["findings"]
    assert finding == {
        "level": "warning", "code": "index-column", "file": path, "line": 1,
        "message": "the tokens are running numbers, not words; column 2 holds 'a', 'b'", "option": "--token-column 2",
    }  # fmt: skip
    assert (rare["level"], rare["code"], rare["line"]) == ("warning", "rare-type", None)


def test_a_file_that_cannot_be_read_is_a_finding_too(tmp_path: Path) -> None:
    path, out = corpus(tmp_path, "file", "a B-X\nb\n"), tmp_path / "report.json"
    result = CliRunner().invoke(app, [path, "--json", str(out)])
    assert (result.exit_code, type(result.exception)) == (1, DataError)
    (finding,) = json.loads(out.read_text())["findings"]
    assert (finding["level"], finding["code"], finding["line"]) == ("error", "unreadable", 2)


def test_another_encoding_names_the_options_that_convert_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"caf\xe9 B-X\n")
    assert main(["check", str(path), "--json", "-"]) == 1
    out, err = capsys.readouterr()
    (finding,) = json.loads(out)["findings"]
    options = "--fix OUT --encoding NAME"
    assert (finding["code"], finding["option"]) == ("encoding", options)
    assert "seqtag check FILE --fix OUT --encoding cp1252" in err


def test_a_corpus_without_findings_says_so(tmp_path: Path) -> None:
    good, odd = corpus(tmp_path, "good", "a B-X\nb O\n" * 10), corpus(tmp_path, "odd", "a I-X\nb O\n")
    assert run(good).stdout.splitlines()[-1] == "No findings."
    assert "No findings." not in run(odd, "--scheme", "bio").stdout


def test_the_look_of_another_scheme_is_a_remark(tmp_path: Path) -> None:
    path = corpus(tmp_path, "file", "a I-X\nb B-X\n")
    assert "  the tags look like IOB1" in run(path, "--scheme", "bio").stdout.splitlines()


def test_what_fits_every_scheme_looks_like_none(tmp_path: Path) -> None:
    first = corpus(tmp_path, "first", "a B-X\nb I-X\nc E-X\nd S-X\n")
    second = corpus(tmp_path, "second", "a O\nb O\n")
    assert "look like" not in run(first, second).stdout
    shown = run(second, first, "--scheme", "plain").stdout.splitlines()
    at = shown.index("  the tags look like BIOES")
    assert shown[at - 1] == f"file 2: {first}"


def test_text_from_a_file_does_not_steer_the_terminal(tmp_path: Path) -> None:
    path = corpus(tmp_path, "file", "a\tB-[red]\u202e[31m\nb\tO\n")
    output = run(path).stdout
    assert "[red]\\u202e[31m" in output
    assert "\u202e" not in output
    assert "\x1b" not in output


def test_json_goes_to_stdout_alone(paths: list[str]) -> None:
    result = run(*paths, "--json", "-")
    assert json.loads(result.stdout) == check(paths).to_json()


def test_json_goes_to_a_file_beside_the_tables(paths: list[str], tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    result = run(*paths, "--json", str(out))
    assert json.loads(out.read_text(encoding="utf-8")) == check(paths).to_json()
    assert "Tag scheme: BIO" in result.stdout


@pytest.mark.parametrize(
    ("out", "problem", "message"),
    [
        ("train.conll", UsageError, "is also an input; choose a different output file."),
        (".", Error, "is a folder; expected a file to write to"),
        ("missing/report.json", Error, "is in a folder that does not exist; expected a file to write to"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(
    paths: list[str], tmp_path: Path, out: str, problem: type[Exception], message: str
) -> None:
    with pytest.raises(problem, match=message):
        run(*paths, "--json", str(tmp_path / out))
    assert Path(paths[0]).read_text() == TRAIN


def test_options_reach_the_stage(tmp_path: Path) -> None:
    path = corpus(tmp_path, "file", "B-X a\nI-X b\n")

    def report(*options: str) -> Any:
        return json.loads(run(path, "--json", "-", *options).stdout)["files"][0]

    found = report("--token-column", "2", "--tag-column", "1", "--scheme", "bio", "--format", "conll")
    assert (found["tags"], found["scheme"]) == ({"B-X": 1, "I-X": 1}, "bio")
    assert report()["scheme"] == "plain"


def test_a_user_error_rises_to_whoever_prints_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        run(str(tmp_path / "missing"))


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys, seqtag.stages.check, seqtag.cli.check\n"
        "heavy = {'tensorflow', 'seqeval', 'numpy', 'onnxruntime', 'rich.table'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_long_name_is_shown_in_short(tmp_path: Path) -> None:
    shown = run(corpus(tmp_path, "file", f"Ana B-{'X' * 100_000}\nleft O\n")).stdout
    assert "...XXX" in shown
    assert max(map(len, shown.splitlines())) < 300
