"""The command: what it prints, what it writes, and what it refuses before any work is done."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from seqtag import __version__
from seqtag.cli.evaluate import evaluate
from seqtag.cli.tables import MOST_UNSEEN, print_score, score_table
from seqtag.corpora import tags
from seqtag.corpora.base import AUTO
from seqtag.corpora.reading import Sentence
from seqtag.evaluation.counts import Counts
from seqtag.evaluation.scoring import score
from seqtag.model_folder import folder, layout, replacing
from seqtag.support.errors import DataError, Error, UsageError

GOLDEN = Path(__file__).parents[1] / "golden"
THREE = str(GOLDEN / "conlleval.conll")
GOLD = "Ana\tB-PER\nRuiz\tI-PER\nflew\tO\n\nOslo\tB-LOC\n\n"
Write = Callable[[str, str], str]

app = typer.Typer()
app.command()(evaluate)


def run(*arguments: str) -> str:
    """What the command prints on stdout; stderr must hold nothing but warnings, and errors are raised."""
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert all(line.startswith("seqtag: warning: ") for line in done.stderr.splitlines())
    return done.stdout


def test_what_is_odd_about_the_file_is_said(tmp_path: Path) -> None:
    """On stderr, so that JSON on stdout stays JSON."""
    path = tmp_path / "odd.conll"
    path.write_text("Rome\tS-LOC\n\nEva\tB-PER\nHolm\tI-PER\n", encoding="utf-8")
    done = CliRunner().invoke(app, [str(path), "--predicted", str(path), "--json", "-"])
    problem = "'S-LOC' is not a BIO tag; expected O, B-label or I-label"
    assert done.stderr == f"seqtag: warning: {path}:1: {problem}\n"
    assert json.loads(done.stdout)["gold_file"] == str(path)


def cells(text: str) -> list[list[str]]:
    """The rows of what was printed, split where two spaces part the columns."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.split("\n")]


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A model that has seen B-PER, I-PER and O, and finds Ana alone."""
    monkeypatch.chdir(tmp_path)
    known = layout.dump_json({"words": ["Ana", "flew"], "entities": {"PER": ["Ana"]}})
    replacing.write(Path("folder"), dict.fromkeys(layout.FILES, b"{}") | {"known.json": known})

    class SentenceTagger:
        scheme = tags.parse_scheme("bio")
        tags = ("B-PER", "I-PER", "O")
        vocabulary = SimpleNamespace(reading=AUTO, tokenizer=AUTO.tokenizer)

        @classmethod
        def of(cls, source: folder.Folder, threads: int, *, tags_only: bool, int8: bool) -> "SentenceTagger":
            assert source.path == Path("folder")
            return cls()

        def tag(
            self, sentences: tuple[Sentence, ...], *, entities: bool = False
        ) -> Iterator[SimpleNamespace]:
            for sentence in sentences:
                found = [place for place, token in enumerate(sentence.tokens) if entities and token == "Ana"]
                yield SimpleNamespace(
                    tags=["B-PER" if token == "Ana" else "O" for token in sentence.tokens],
                    probabilities=[0.5] * len(sentence),
                    spans=[tags.Span(place, place + 1, "PER") for place in found],
                    span_probabilities=[0.25] * len(found),
                )

    monkeypatch.setattr("seqtag.tasks.tagging.evaluate.SentenceTagger", SentenceTagger)
    return "folder"


class TestTable:
    def test_figures_of_predictions(self) -> None:
        text = run("--predicted", THREE, "--tag-column", "2", THREE)
        rows = cells(text)
        assert rows[0] == [f"{THREE} against {THREE}, tags: BIO"]
        assert ["type", "precision", "recall", "F1", "support"] in rows
        assert ["LOC", "0.6667", "0.4000", "0.5000", "5"] in rows
        assert ["EVENT", "0.0000", "0.0000", "0.0000", "0"] in rows
        assert ["micro average", "0.5000", "0.5000", "0.5000", "14"] in rows
        assert ["macro average", "0.5233", "0.4800", "0.4944", "14"] in rows
        assert ["weighted average", "0.5810", "0.5000", "0.5278", "14"] in rows
        assert ["micro average by mode", "conlleval", "strict"] in rows
        assert ["precision", "0.5000", "0.3636"] in rows
        assert ["recall", "0.5000", "0.3077"] in rows
        assert ["F1", "0.5000", "0.3333"] in rows
        assert ["spans correct", "7", "4"] in rows
        assert ["spans predicted", "14", "11"] in rows
        assert ["spans gold", "14", "13"] in rows
        assert ["Token accuracy 0.7500 (36 tokens in 8 sentences)."] in rows
        assert "disagree on 4 spans" in text
        assert "never seen" not in text
        assert "tokens/s" not in text
        assert text.endswith(
            "\nspans:exact|mode:conlleval|scheme:bio|sentences:8|tokens:36|gold:14|"
            f"as:seqeval-1.2.2|seqtag:{__version__}\n"
        )

    def test_figures_of_a_model(self, write: Write, model: str) -> None:
        text = run(model, write("gold.conll", GOLD))
        rows = cells(text)
        assert rows[0][0].startswith("folder against ")
        assert rows[1][0].startswith("Tagged 4 tokens in ")
        assert rows[1][0].endswith(" tokens/s.")
        assert ["LOC", "0.0000", "0.0000", "0.0000", "1"] in rows
        assert ["Types never seen in training: LOC (1)."] in rows
        assert ["Tags never seen in training: B-LOC (1)."] in rows
        assert "disagree on 0 spans" in text

    def test_a_type_without_a_label(self, write: Write) -> None:
        """People see seqeval's name for it; programs see what it is."""
        gold = write("gold.conll", "a\tB\nb\tI\n\nc\tB\nd\tO\n")
        given = ("--predicted", write("predicted.conll", "a\tB\nb\tO\n\nc\tB\nd\tO\n"), gold)
        rows = cells(run(*given, "--analysis"))
        assert ["_", "0.5000", "0.5000", "0.5000", "2"] in rows
        assert ["_", "2", "1", "1", "0", "0", "0", "0"] in rows
        written = json.loads(run(*given, "--json", "-"))
        assert list(written["types"]) == list(written["analysis"]["types"]) == [""]
        assert json.loads(run(*given, "--errors", "-"))["gold"]["label"] == ""

    def test_plain_tags_have_no_modes(self, write: Write) -> None:
        path = write("gold.conll", "the\tDET\ncat\tNOUN\n\n")
        text = run("--predicted", path, path)
        assert ["tag", "precision", "recall", "F1", "support"] in cells(text)
        assert "conlleval" not in text
        assert "strict" not in text
        assert "Token accuracy 1.0000 (2 tokens in 1 sentence)." in text

    def test_80_columns_do_and_the_signature_is_never_broken(self, write: Write, model: str) -> None:
        gold = "".join(f"t\tB-{'long' * 30}{number}\n" for number in range(40)) + "\n"
        *lines, signature, end = run(model, write("gold.conll", gold)).split("\n")
        assert end == ""
        assert len(signature) > 80
        assert max(map(len, lines[1:])) <= 80
        first = "".join(row[0] for row in cells("\n".join(lines)) if row)
        assert all(f"{'long' * 30}{number}" in first for number in range(20, 40)), "folded, not cut"

    def test_many_unseen_tags_are_counted(self, model: str, write: Write) -> None:
        gold = "".join(f"t\tB-T{number:02}\n" * (60 - number) for number in range(40)) + "\n"
        text = " ".join(run(model, write("gold.conll", gold)).split())
        assert "Tags never seen in training: B-T00 (60), B-T01 (59)," in text
        assert f"B-T{MOST_UNSEEN - 1} ({61 - MOST_UNSEEN}) and {40 - MOST_UNSEEN} more." in text
        assert f"B-T{MOST_UNSEEN} " not in text

    def test_what_a_file_holds_is_no_markup_and_steers_no_terminal(self, write: Write) -> None:
        path = write("gold.conll", "a\tB-[red]x[/red]\nb\tB-\u202e[31mESC\n\n")
        text = run("--predicted", path, path)
        assert "[red]x[/red]" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert r"\u202e[31mESC" in text

    def test_large_numbers(self) -> None:
        rows = [["B-PER"] * 1000] * 3
        console = Console(width=80, force_terminal=False)
        with console.capture() as capture:
            console.print(score_table(score(rows, rows, tags.parse_scheme("bio"))))
        assert ["PER", "1.0000", "1.0000", "1.0000", "3,000"] in cells(capture.get())
        assert "3,000 tokens in 3 sentences" in capture.get()

    def test_one_disagreement_is_one_span(self) -> None:
        found = score([["O", "I-PER"]], [["O", "O"]], tags.parse_scheme("bio"))
        console = Console(width=80, force_terminal=False)
        with console.capture() as capture:
            print_score(found, console)
        assert "disagree on 1 span, gold" in capture.get()
        assert capture.get().endswith(f"{found.signature}\n")


class TestFiles:
    def test_json_alone_on_stdout(self) -> None:
        written = json.loads(run("--predicted", THREE, "--tag-column", "2", THREE, "--json", "-"))
        assert (written["f1"], written["strict_f1"], written["accuracy"]) == (0.5, pytest.approx(1 / 3), 0.75)
        assert written["gold_file"] == written["predicted_file"] == THREE

    def test_json_in_a_file_beside_the_table(self, write: Write, tmp_path: Path, model: str) -> None:
        text = run(
            model, write("gold.conll", GOLD.replace("LOC", "ÖRT")), "--json", str(tmp_path / "out.json")
        )
        assert "micro average" in text
        written = (tmp_path / "out.json").read_text(encoding="utf-8")
        assert "ÖRT" in written
        assert written.endswith("}\n")
        assert json.loads(written)["unseen_types"] == {"ÖRT": 1}

    def test_columns(self, write: Write, tmp_path: Path, model: str) -> None:
        expected = b"Ana\tB-PER\tB-PER\nRuiz\tI-PER\tO\nflew\tO\tO\n\nOslo\tB-LOC\tO\n\n"
        gold = write("gold.conll", GOLD)
        assert "micro average" in run(model, gold, "--output", str(tmp_path / "out"))
        assert (tmp_path / "out").read_bytes() == expected
        assert run(model, gold, "--output", "-") == expected.decode()

    def test_json_and_columns_at_once(self, write: Write, tmp_path: Path, model: str) -> None:
        text = run(model, write("gold.conll", GOLD), "--output", str(tmp_path / "out"), "--json", "-")
        assert json.loads(text)["tokens"] == 4
        assert (tmp_path / "out").exists()

    def test_errors(self, write: Write, tmp_path: Path, model: str) -> None:
        gold = write("gold.conll", GOLD)
        text = run(model, gold, "--errors", str(tmp_path / "out"))
        assert " tokens/s, with probabilities." in text
        assert "micro average" in text
        written = (tmp_path / "out").read_text(encoding="utf-8")
        assert run(model, gold, "--errors", "-") == written
        cut, missed = map(json.loads, written.splitlines())
        assert (cut["class"], cut["sentence"], cut["line"]) == ("boundary", 1, 1)
        assert cut["gold"] == {"start": 0, "end": 2, "label": "PER", "text": "Ana Ruiz"}
        assert cut["predicted"] == {"start": 0, "end": 1, "label": "PER", "text": "Ana", "probability": 0.25}
        assert cut["tokens"] == ["Ana", "Ruiz", "flew"]
        assert (missed["class"], missed["sentence"], missed["line"]) == ("missed", 2, 5)
        assert missed["predicted"] is None

    def test_errors_of_predictions(self) -> None:
        rows = run("--predicted", THREE, "--tag-column", "2", THREE, "--errors", "-").splitlines()
        kinds = [json.loads(row)["class"] for row in rows]
        figures = json.loads(run("--predicted", THREE, "--tag-column", "2", THREE, "--json", "-"))
        classes = figures["analysis"]["classes"]
        assert {kind: kinds.count(kind) for kind in set(kinds)} == {
            kind: count
            for kind, count in classes.items()
            if count and kind != "correct" and "overlapped" not in kind
        }
        assert "probability" not in "".join(rows)

    def test_the_json_has_what_it_had_and_the_analysis(self, write: Write, model: str) -> None:
        written = json.loads(run(model, write("gold.conll", GOLD), "--json", "-"))
        assert list(written) == [
            "precision", "recall", "f1", "accuracy", "strict_precision", "strict_recall", "strict_f1", "metric", "main",
            "spans", "counts", "strict_counts", "types", "strict_types", "macro", "weighted",
            "disagreements", "sentences", "tokens", "unseen_tags", "unseen_types", "signature", "gold_file",
            "model", "predicted_file", "scheme", "seconds", "tokens_per_second", "analysis",
        ]  # fmt: skip
        assert written["analysis"]["known_entities"]["unseen"]["total"] == 2

    def test_all_outputs_at_once(self, write: Write, tmp_path: Path, model: str) -> None:
        text = run(
            model, write("gold.conll", GOLD), "--output", str(tmp_path / "out"), "--json",
            str(tmp_path / "json"), "--errors", "-",
        )  # fmt: skip
        assert len(text.splitlines()) == 2
        assert (tmp_path / "out").exists()
        assert (tmp_path / "json").exists()


class TestAnalysis:
    TRAIN = "Ana\tB-PER\nRuiz\tI-PER\n\nRuiz\tB-PER\n\n"
    PREDICTED = "Ana\tB-PER\nRuiz\tI-PER\nflew\tB-LOC\n\nOslo\tB-PER\n\n"

    def test_it_is_only_shown_when_asked_for(self, write: Write) -> None:
        gold, predicted = write("gold.conll", GOLD), write("pred.conll", self.PREDICTED)
        plain = run("--predicted", predicted, gold)
        text = run("--predicted", predicted, gold, "--analysis")
        assert text.startswith(plain)
        assert "spurious" in text.removeprefix(plain)
        assert "spurious" not in plain

    def test_tables_of_spans(self, write: Write) -> None:
        gold, predicted = write("gold.conll", GOLD), write("pred.conll", self.PREDICTED)
        train = write("train.conll", self.TRAIN)
        text = run("--predicted", predicted, gold, "--analysis", "--train", train)
        assert "by how often training held" in text
        rows = cells(text)
        assert ["type", "gold", "correct", "boundary", "type", "both", "missed", "spurious"] in rows
        assert ["LOC", "1", "0", "0", "1", "0", "0", "1"] in rows
        assert ["PER", "1", "1", "0", "0", "0", "0", "0"] in rows
        assert ["all", "2", "1", "0", "1", "0", "0", "1"] in rows
        assert ["LOC", "PER", "(none)"] in rows
        assert ["LOC", ".", "1", "."] in rows
        assert ["PER", ".", "1", "."] in rows
        assert ["(none)", "1", ".", "."] in rows
        assert ["entities", "found", "recall"] in rows
        assert ["known", "1", "1", "1.0000"] in rows
        assert ["unseen", "1", "0", "0.0000"] in rows
        assert ["all words known", "0", "0", "-"] in rows
        assert ["no word known", "1", "0", "0.0000"] in rows
        assert ["entities of 1", "0.0000", "0.0000", "0.0000", "1"] in rows
        assert ["entities of 2", "1.0000", "1.0000", "1.0000", "1"] in rows
        assert ["sentences of 1-10", "2", "0.3333", "0.5000", "0.4000", "2"] in rows

    def test_types_with_most_mistakes_come_first(self, write: Write) -> None:
        gold = write("gold.conll", "a\tB-A\na\tB-A\na\tB-A\nb\tB-B\nc\tO\nc\tO\n\n")
        predicted = write("pred.conll", "a\tB-A\na\tB-A\na\tB-A\nb\tO\nc\tB-C\nc\tB-C\n\n")
        rows = cells(run("--predicted", predicted, gold, "--analysis"))
        start = rows.index(["type", "gold", "correct", "boundary", "type", "both", "missed", "spurious"])
        assert [row[0] for row in rows[start + 2 : start + 5]] == ["C", "B", "A"]

    def test_without_a_training_corpus_nothing_is_known(self, write: Write) -> None:
        gold = write("gold.conll", GOLD)
        heading = "known ones occur in the training file"
        assert heading not in run("--predicted", gold, gold, "--analysis")
        assert "how often training held" not in run("--predicted", gold, gold, "--analysis")
        assert heading in run("--predicted", gold, gold, "--train", gold, "--analysis")

    def test_a_model_remembers(self, write: Write, model: str) -> None:
        text = run(model, write("gold.conll", "Ana\tB-PER\n\nIda\tB-PER\n\n"), "--analysis")
        assert ["known", "1", "1", "1.0000"] in cells(text)
        assert ["unseen", "1", "0", "0.0000"] in cells(text)

    def test_no_mistakes_no_table_of_them(self, write: Write) -> None:
        gold = write("gold.conll", GOLD)
        text = run("--predicted", gold, gold, "--analysis")
        assert "(rows)" not in text
        assert ["all", "2", "2", "0", "0", "0", "0", "0"] in cells(text)

    def test_tables_of_plain_tags(self, write: Write) -> None:
        gold = write("gold.conll", "a\tDET\ncat\tNOUN\nsat\tVERB\nfat\tNOUN\n\n")
        predicted = write("pred.conll", "a\tDET\ncat\tVERB\nsat\tVERB\nfat\tVERB\n\n")
        train = write("train.conll", "a\tDET\nsat\tVERB\n\n")
        text = run("--predicted", predicted, gold, "--analysis", "--train", train)
        assert "by how often training held" in text
        rows = cells(text)
        assert ["NOUN", "VERB"] in rows
        assert ["NOUN", ".", "2"] in rows
        assert ["VERB", ".", "1"] in rows
        assert ["NOUN", "VERB", "2"] in rows
        assert ["tokens", "right", "accuracy"] in rows
        assert ["known", "2", "2", "1.0000"] in rows
        assert ["unseen", "2", "0", "0.0000"] in rows
        assert ["1-10", "1", "4", "0.5000"] in rows
        assert "(none)" not in text
        assert "spurious" not in text

    def test_what_has_no_room_is_counted(self, write: Write) -> None:
        """30 types, the earlier the more mistakes; each is taken for T29, which is therefore worst."""
        gold = "".join(f"t\tB-T{n:02}\n\n" * (40 - n) for n in range(29)) + "t\tB-T29\n\n"
        predicted = "t\tB-T29\n\n" * gold.count("\n\n")
        files = ("--predicted", write("pred.conll", predicted), write("gold.conll", gold))
        rows = cells(run(*files, "--analysis"))
        assert ["T00", "40", "0", "0", "40", "0", "0", "0"] in rows
        assert ["T11", "29", "0", "0", "29", "0", "0", "0"] in rows
        others = sum(40 - n for n in range(12, 29))
        assert ["18 others", str(others + 1), "1", "0", str(others), "0", "0", "0"] in rows
        header = next(row for row in rows if row[-1:] == ["(none)"] and len(row) > 3)
        assert header[:3] == ["T29", "T00", "T01"]
        left = 30 - (len(header) - 1)
        assert f"the most confused ones; {left} more in --json." in " ".join(map(" ".join, rows))
        plain = cells(run(*files, "--analysis", "--scheme", "plain"))
        assert ["B-T00", "B-T29", "40"] in plain
        assert ["B-T11", "B-T29", "29"] in plain
        assert ["B-T12", "B-T29", "28"] not in plain
        assert ["Most frequent mistakes; 17 rarer ones are in --json."] in plain

    @pytest.mark.parametrize("scheme", ["bio", "plain"])
    @pytest.mark.parametrize("name", ["漢字" * 20, "long" * 30, "[b]\u202e[31m"])
    def test_80_columns_do(self, write: Write, scheme: str, name: str) -> None:
        gold = "".join(f"t\tB-{n}{name}\n" * 1200 for n in range(12)) + "\n"
        predicted = "".join(f"t\tB-{(n + 1) % 12}{name}\n" * 1200 for n in range(12)) + "\n"
        files = ("--predicted", write("pred.conll", predicted), write("gold.conll", gold))
        files += ("--scheme", scheme)
        text = run(*files, "--analysis").removeprefix(run(*files))
        assert max(map(cell_len, text.split("\n"))) <= 80
        assert "\u202e" not in text
        assert "1,200" in text
        assert f"0{name[:2]}" in text
        heads = [word for word in text.split() if word.endswith("…")]
        assert len(heads) >= (name[0] != "["), "the heads of columns are cut"
        # Half of a wide letter is a space, which parts the last letter from the dots.
        assert {cell_len(head) for head in heads} <= {1, 9, 10}

    def test_the_tables_are_not_lost_in_silence(self, write: Write) -> None:
        for option in ("--json", "--errors", "--output"):
            with pytest.raises(UsageError, match=f"it cannot be combined with {option} -"):
                run("--predicted", THREE, THREE, "--analysis", option, "-")


class TestOptions:
    def test_crosscheck(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said = "Cross-check passed"
        assert said not in run("--predicted", THREE, THREE)
        assert said in run("--predicted", THREE, "--tag-column", "2", THREE, "--crosscheck")
        monkeypatch.setattr(Counts, "recall", property(lambda counts: 0.25))
        with pytest.raises(Error, match="the cross-check failed"):
            run("--predicted", THREE, THREE, "--crosscheck")

    def test_columns_scheme_and_format(self, write: Write) -> None:
        gold = write("gold", "1 Ana I-PER x\n2 Ruiz B-PER x\n\n")
        predicted = write("pred", "Ana\tB-PER\tI-PER\nRuiz\tI-PER\tB-PER\n\n")
        fixed = ("--token-column", "2", "--tag-column", "-2", "--format", "conll", gold)
        text = run("--predicted", predicted, *fixed)
        assert "tags: IOB1\n" in text
        assert "Token accuracy 1.0000" in text
        text = run("--predicted", predicted, *fixed, "--scheme", "bio", "--predicted-column", "2")
        assert "tags: BIO\n" in text
        assert "Token accuracy 0.0000" in text

    def test_fields_of_conllu(self, write: Write) -> None:
        row = "1\tAna\tana\tPROPN\tNNP\t_\t0\troot\t_\t_\n\n"
        path = write("gold.conllu", row)
        fields = ("--tag-column", "xpos", "--predicted-column", "upos")
        rows = cells(run("--predicted", path, path, *fields))
        assert ["NNP", "0.0000", "0.0000", "0.0000", "1"] in rows
        assert ["PROPN", "0.0000", "0.0000", "0.0000", "0"] in rows

    def test_options_reach_a_model_too(self, write: Write, model: str) -> None:
        gold = write("gold", "1 Ana S-PER x\n\n")
        text = run(
            model, gold, "--token-column", "2", "--tag-column", "3", "--scheme", "bioes", "--crosscheck"
        )
        assert "tags: BIOES\n" in text
        assert "Cross-check passed" in text
        assert "Token accuracy 1.0000" in text


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (
                ["folder"],
                "Expected MODEL and GOLD, or --predicted FILE and GOLD. Received: folder",
            ),
            (["--predicted", THREE, "folder", THREE], "expected the gold file alone. Received: folder"),
            (["--predicted", "-", "-"], "Only one of the files can come from stdin"),
            (["folder", THREE, "--predicted-column", "2"], "--predicted-column needs --predicted"),
            (["folder", THREE, "--json", "-", "--output", "-"], "--json and --output both write to -"),
            (["folder", THREE, "--json", "x", "--output", "./x"], "both write to x"),
            (["folder", THREE, "--errors", "x", "--output", "./x"], "--errors and --output both write to x"),
            (["folder", THREE, "--json", "-", "--errors", "-"], "--json and --errors both write to -"),
            (["folder", THREE, "--train", THREE], "--train needs --predicted"),
            (["--predicted", THREE, THREE, "--calibration"], "--calibration needs a model"),
            (["--predicted", "-", THREE, "--train", "-"], "Only one of the files can come from stdin"),
            (["--predicted", __file__, __file__, "--train", THREE, "--errors", THREE], "is also an input"),
            (["folder", THREE, "--output", THREE], "is also an input"),
            (["folder", THREE, "--errors", "folder/errors"], "is inside the model folder"),
            (["--predicted", THREE, str(GOLDEN / "conlleval.txt"), "--json", THREE], "is also an input"),
        ],
    )
    def test_wrong_usage(self, model: str, arguments: list[str], problem: str) -> None:
        before = Path(THREE).read_bytes()
        with pytest.raises(UsageError) as caught:
            run(*arguments)
        assert problem in str(caught.value)
        assert Path(THREE).read_bytes() == before

    def test_the_model_folder_stays_as_it_is(self, tmp_path: Path) -> None:
        """One file more and the folder would be refused as damaged."""
        for path in (tmp_path / "score.json", tmp_path / "manifest.json"):
            with pytest.raises(UsageError, match="is inside the model folder"):
                run(str(tmp_path), THREE, "--json", str(path))
        with pytest.raises(UsageError, match="is also an input"):
            run(str(tmp_path), THREE, "--json", str(tmp_path))

    def test_what_cannot_be_written_is_said_before_the_work(self, tmp_path: Path) -> None:
        for path, problem in (
            (tmp_path, "is a folder"),
            (tmp_path / "none" / "out", "is in a folder that does not exist"),
        ):
            with pytest.raises(Error, match=problem):
                run("a model that is never looked for", THREE, "--json", str(path))

    def test_errors_of_the_stage_rise(self, write: Write) -> None:
        with pytest.raises(DataError, match=r"pred:1: the token is 'Ana', but 'Marta' at"):
            run("--predicted", write("pred", GOLD), THREE)

    def test_click_speaks_for_missing_and_extra_arguments(self) -> None:
        assert CliRunner().invoke(app, []).exit_code == 2
        assert CliRunner().invoke(app, ["a", "b", "c"]).exit_code == 2


def test_importing_the_command_is_cheap() -> None:
    slow = {
        "seqtag.stages.evaluate",
        "seqtag.inference.tagger",
        "numpy",
        "onnxruntime",
        "seqeval",
        "rich.table",
        "tensorflow",
    }
    modules = "seqtag.cli.evaluate, seqtag.cli.tables, seqtag.cli.analysis_tables"
    code = f"import sys, {modules}; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
