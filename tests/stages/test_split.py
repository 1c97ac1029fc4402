"""The division of a corpus: nothing lost, nothing shared, everything in proportion; then the command."""

import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.cli import run
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.splitting import SENTENCES, dealt, grouped
from seqtag.settings.merging import merge
from seqtag.stages.split import How, folds, split
from seqtag.support.errors import DataError, UsageError

THIRDS = {"train": 1.0, "dev": 1.0, "test": 1.0}


def corpus(tmp_path: Path, text: str, name: str = "corpus.conll") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def sentences(count: int) -> str:
    return "\n".join(f"# {number}\nw{number}\tB-{'XY'[number % 2]}\n.\tO\n" for number in range(count))


class TestGroups:
    """What must stay together."""

    @given(st.lists(st.frozensets(st.integers(0, 6), max_size=3), max_size=12))
    def test_groups_are_the_connected_ones(self, keys: list[frozenset[int]]) -> None:
        groups = grouped(keys)
        assert sorted(at for group in groups for at in group) == list(range(len(keys)))
        held = [set().union(*(keys[at] for at in group)) for group in groups]
        assert all(held[a].isdisjoint(held[b]) for a in range(len(held)) for b in range(a))
        for group in groups:  # nobody is there without a reason
            reached = {group[0]}
            for _ in group:
                reached |= {at for at in group if any(keys[at] & keys[other] for other in reached)}
            assert reached == set(group)

    @given(
        st.lists(st.dictionaries(st.sampled_from("XYZ"), st.integers(1, 3)), min_size=30, max_size=60),
        st.integers(0, 3),
    )
    def test_every_part_has_its_share_of_the_rarest_type(
        self, entities: list[dict[str, int]], seed: int
    ) -> None:
        contents = [Counter({SENTENCES: 1, **own}) for own in entities]
        parts = dealt(contents, [0.5, 0.3, 0.2], seed)
        assert parts == dealt(contents, [0.5, 0.3, 0.2], seed)
        total = sum(contents, Counter())
        rarest = min(total, key=lambda name: (total[name], name))
        for number, share in enumerate((0.5, 0.3, 0.2)):
            found = sum(own[rarest] for own, part in zip(contents, parts, strict=True) if part == number)
            assert (
                abs(found - share * total[rarest]) <= 2 * 3
            )  # three in a group, and two other parts to take it

    def test_a_rare_type_is_spread(self) -> None:
        contents = [Counter({SENTENCES: 1, "common": 1}) for _ in range(97)]
        contents += [Counter({SENTENCES: 1, "rare": 1}) for _ in range(3)]
        assert sorted(dealt(contents, [1 / 3, 1 / 3, 1 / 3], 0)[-3:]) == [0, 1, 2]


class TestSplit:
    """Parts of a file."""

    def test_lines_stay_as_they_are(self, tmp_path: Path) -> None:
        text = sentences(30)
        parts = split(corpus(tmp_path, text), {"train": 0.8, "dev": 0.1, "test": 0.1})
        assert [(part.name, part.sentences) for part in parts] == [("train", 24), ("dev", 3), ("test", 3)]
        assert [dict(part.entities) for part in parts[:1]] == [{"X": 12, "Y": 12}]
        blocks = [block for part in parts for block in part.text.split("\n\n") if block]
        assert sorted(blocks) == sorted(text.removesuffix("\n").split("\n\n"))
        numbers = [int(block.split()[1]) for block in parts[0].text.split("\n\n") if block]
        assert numbers == sorted(numbers)  # in the file's order

    def test_equal_seeds_give_equal_parts(self, tmp_path: Path) -> None:
        path = corpus(tmp_path, sentences(30))
        assert split(path, THIRDS) == split(path, THIRDS)
        assert split(path, THIRDS) != split(path, THIRDS, How(seed=7))

    def test_no_sentence_stands_in_two_parts(self, tmp_path: Path) -> None:
        parts = split(corpus(tmp_path, sentences(6) + "\n" + sentences(6)), THIRDS)
        words = [
            {line.split("\t")[0] for line in part.text.splitlines() if line[:1] == "w"} for part in parts
        ]
        assert [len(own) for own in words] == [2, 2, 2]
        assert len(set().union(*words)) == 6

    def test_documents_stay_whole(self, tmp_path: Path) -> None:
        text = "".join(f"-DOCSTART- O\n\na{n} O\n\nb{n} O\n\n" for n in range(6))
        parts = split(corpus(tmp_path, text), THIRDS, How(by="document"))
        assert [part.sentences for part in parts] == [4, 4, 4]
        for part in parts:
            assert part.text.count("-DOCSTART- O\n\na") == 2
            pairs = [row.split()[0] for row in part.text.splitlines() if row[:1] in ("a", "b")]
            assert [a[1:] for a in pairs[::2]] == [b[1:] for b in pairs[1::2]]

    def test_names_of_columns_go_into_every_part(self, tmp_path: Path) -> None:
        head = "# global.columns = ID FORM UPOS\n"
        text = head + "".join(f"# sent_id = {n}\n1\tw{n}\tNOUN\n\n" for n in range(4))
        parts = split(corpus(tmp_path, text, "x.conllup"), {"train": 1.0, "test": 1.0})
        assert all(part.text.startswith(head + "# sent_id") for part in parts)
        assert sum(part.text.count("global") for part in parts) == 2

    def test_a_header_row_goes_into_every_part(self, tmp_path: Path) -> None:
        head = "\nword\ttag\n"
        path = corpus(tmp_path, head + sentences(8))
        parts = split(path, {"train": 1.0, "test": 1.0}, How(config=merge({"data.skip_rows": (2, "test")})))
        assert all(part.text.startswith(head) and part.sentences == 4 for part in parts)
        assert sum(part.text.count("word") for part in parts) == 2
        assert run(["split", str(path), "-o", str(tmp_path / "parts"), "--skip-rows", "2"]) == 0
        assert (tmp_path / "parts" / "dev.conll").read_text().startswith(head)

    def test_folds(self, tmp_path: Path) -> None:
        path = corpus(tmp_path, sentences(9))
        parts = folds(path, 3)
        assert [part.name for part in parts] == [
            "1.train",
            "1.test",
            "2.train",
            "2.test",
            "3.train",
            "3.test",
        ]
        tests = [set(part.text.split("\n\n")) - {""} for part in parts[1::2]]
        everything = set().union(*tests)
        assert [len(own) for own in tests] == [3, 3, 3]
        assert len(everything) == 9
        for test, train in zip(tests, parts[::2], strict=True):
            assert set(train.text.split("\n\n")) - {""} == everything - test

    @pytest.mark.parametrize(
        ("text", "how", "problem"),
        [
            ("a O\n\na O\n", How(), "has 1 sentence without a sentence in common, too few for 3 parts"),
            ("a O\n\nb O\n", How(by="document"), "has no -DOCSTART- lines or # newdoc comments that set"),
        ],
        ids=["too few", "no documents"],
    )
    def test_refused(self, tmp_path: Path, text: str, how: How, problem: str) -> None:
        with pytest.raises(DataError, match=problem):
            split(corpus(tmp_path, text), THIRDS, how)

    def test_shares_that_make_no_sense(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="expected positive ones"):
            split(corpus(tmp_path, "a O\n"), {"train": 0.0})


class TestCommand:
    """`seqtag split`."""

    def test_files(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path, folder = corpus(tmp_path, sentences(30)), tmp_path / "parts"
        assert run(["split", str(path), "-o", str(folder)]) == 0
        assert sorted(one.name for one in folder.iterdir()) == ["dev.conll", "test.conll", "train.conll"]
        assert sum(len(read_corpus(one).sentences) for one in folder.iterdir()) == 30
        rows = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["sentences", "24", "3", "3"] in rows
        assert ["X", "12", "1", "2"] in rows or ["X", "12", "2", "1"] in rows
        assert run(["split", str(path), "-o", str(folder)]) == 1
        assert f"{folder / 'train.conll'}: already exists. --force replaces it." in capsys.readouterr().err
        assert run(["split", str(path), "-o", str(folder), "--force", "--test", "0"]) == 0

    def test_another_spelling(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "all.conll"
        path.write_text("".join(f"w{at}\tB_PER\nx\t0\n\n" for at in range(20)), encoding="utf-8")
        command = ["split", str(path), "-o", str(tmp_path / "parts")]
        assert run([*command, "--tag-spelling", "B_TYPE", "--outside-tag", "0"]) == 0
        assert ["PER", "16", "2", "2"] in [line.split() for line in capsys.readouterr().out.splitlines()]
        assert (tmp_path / "parts" / "test.conll").read_text(encoding="utf-8").count("B_PER") == 2

    def test_spans_of_characters_and_numbers_as_tags(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cut, numbers = tmp_path / "cut.jsonl", tmp_path / "numbers.jsonl"
        cut.write_text(
            "".join(f'{{"text": "Annabel{at} x", "label": [[0, 4, "PER"]]}}\n' for at in range(20))
        )
        numbers.write_text("".join(f'{{"tokens": ["{at}"], "ner_tags": [1]}}\n' for at in range(20)))
        for path, option in ((cut, ["--misaligned", "widen"]), (numbers, ["--labels", "O,B-PER"])):
            command = ["split", str(path), "-o", str(tmp_path / path.stem)]
            assert run(command) == 1
            assert option[0] in capsys.readouterr().err
            assert run([*command, *option]) == 0
            assert ["PER", "16", "2", "2"] in [line.split() for line in capsys.readouterr().out.splitlines()]

    @pytest.mark.parametrize("more", [[], ["--folds", "3"]])
    def test_what_is_odd_is_told(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
    ) -> None:
        path = corpus(tmp_path, sentences(30).replace("B-", "B_"))
        assert run(["split", str(path), "-o", str(tmp_path / "parts"), *more]) == 0
        assert f"seqtag: warning: {path}:2: the tags look like those of spans" in capsys.readouterr().err
        options = ["--tag-spelling", "B_TYPE"]
        assert run(["split", str(path), "-o", str(tmp_path / "good"), *options, *more]) == 0
        assert "warning" not in capsys.readouterr().err

    def test_a_tag_that_the_scheme_lacks(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = corpus(tmp_path, "word\ttag\n" + sentences(30))
        command = ["split", str(path), "-o", str(tmp_path / "parts")]
        assert run(command) == 1
        said = "the row looks like a header, not like a token; --skip-rows 1 passes over it"
        assert capsys.readouterr().err == f"seqtag: {path}:1: {said}\n"
        assert run([*command, "--skip-rows", "1"]) == 0

    @pytest.mark.parametrize("skip", [0, 2])
    def test_from_stdin(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skip: int) -> None:
        text = "token\ttag\n" * skip + sentences(30)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert run(["split", "-", "-o", str(tmp_path), "--skip-rows", str(skip)]) == 0
        assert sorted(one.name for one in tmp_path.iterdir()) == ["dev", "test", "train"]
        found = [one.read_text(encoding="utf-8") for one in tmp_path.iterdir()]
        assert sum(one.count("\n\n") for one in found) == 30
        assert all(one.startswith("token\ttag\n" * skip) for one in found)

    @pytest.mark.parametrize("name", ["corpus.train", "corpus"])
    def test_names(self, tmp_path: Path, name: str) -> None:
        path, folder = corpus(tmp_path, sentences(9), name), tmp_path / "parts"
        assert run(["split", str(path), "-o", str(folder), "--folds", "2"]) == 0
        assert sorted(one.name for one in folder.iterdir()) == ["1.test", "1.train", "2.test", "2.train"]

    @pytest.mark.parametrize(
        ("option", "problem"),
        [
            (["--by", "word"], "--by: unknown name 'word'"),
            (["--dev", "-1"], "expected shares of at least 0"),
            (["--train", "0"], "and some for --train"),
            (["--train", "nan"], "expected shares"),
            (["--test", "nan"], "expected shares"),
            (["--train", "inf"], "expected shares"),
        ],
    )
    def test_wrong_usage(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str], problem: str
    ) -> None:
        path = corpus(tmp_path, sentences(9))
        assert run(["split", str(path), "-o", str(tmp_path / "parts"), *option]) == 2
        assert problem in capsys.readouterr().err
        assert not (tmp_path / "parts").exists()


def test_a_part_without_a_sentence_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "corpus.conll"
    path.write_text("a\tO\n\nb\tO\n\nc\tO\n\nd\tO\n")
    assert run(["split", str(path), "-o", str(tmp_path / "parts"), "--dev", "1e-320"]) == 1
    assert "has no sentence for dev, whose share is 1e-320 of 0.9\n" in capsys.readouterr().err
    thirds = ["--train", "0.998", "--dev", "0.001", "--test", "0.001"]
    assert run(["split", str(path), "-o", str(tmp_path / "parts"), *thirds]) == 1
    assert "has no sentence for dev, whose share is 0.001\n" in capsys.readouterr().err
    assert run(["split", str(path), "-o", "/dev/null", "--dev", "1", "--train", "1", "--test", "0"]) == 1
    assert "/dev/null: is not a folder; expected one for the parts." in capsys.readouterr().err


class TestOtherTasks:
    """Labelled sentences and pairs."""

    @staticmethod
    def divided(tmp_path: Path, name: str, text: str, *options: str) -> list[str]:
        """Two halves of a file."""
        path = corpus(tmp_path, text, name)
        halves = ["--train", "0.5", "--dev", "0", "--test", "0.5"]
        assert run(["split", str(path), "-o", str(tmp_path / "parts"), *halves, *options]) == 0
        return [(tmp_path / "parts" / f"{part}{path.suffix}").read_text() for part in ("train", "test")]

    def test_each_part_has_its_share_of_every_label(self, tmp_path: Path) -> None:
        rows = [f"# intent = {label}\nw{label}{number}\tO\n" for label in "ABC" for number in range(2)]
        for task in ("classification", "joint", "generation"):
            folder = tmp_path / task
            folder.mkdir()
            options = ("--task", task, "--label-key", "intent")
            parts = self.divided(folder, "a.conll", "\n".join(rows), *options)
            for part in parts:
                assert [part.count(f"# intent = {label}\n") for label in "ABC"] == [1, 1, 1]
            assert sorted("".join(parts).split("\n\n")) == sorted(["", *(row[:-1] for row in rows)])

    @pytest.mark.parametrize(
        ("name", "header", "row"),
        [
            ("a.txt", "", "__label__{} w{}"),
            ("a.csv", "text,label\n", '"w, {1}",{0}'),
            ("a.jsonl", "", '{{"text": "w {1}", "label": "{0}"}}'),
        ],
    )
    def test_lines_of_texts(self, name: str, header: str, row: str, tmp_path: Path) -> None:
        rows = [row.format(label, f"{label}{number}") + "\n" for label in "AB" for number in range(2)]
        parts = self.divided(tmp_path, name, header + "".join(rows), "--task", "classification")
        assert all(part.startswith(header) for part in parts)
        own = [part.removeprefix(header).splitlines(keepends=True) for part in parts]
        assert sorted(own[0] + own[1]) == sorted(rows)
        assert [sum("A" in one for one in part) for part in own] == [1, 1]

    def test_no_source_stands_in_two_parts(self, tmp_path: Path) -> None:
        rows = [f"{name}\t{form}\t{name}{form}\n" for name in ("ab", "cd", "ef", "gh") for form in ("x", "y")]
        text = "lemma\tform\tinflected\n" + "\n".join(rows)  # with blank lines
        columns = ("--source", "lemma", "--target", "inflected", "--source-features", "form")
        parts = self.divided(tmp_path, "a.tsv", text, "--task", "transduction", *columns)
        assert [part.splitlines()[0] for part in parts] == ["lemma\tform\tinflected"] * 2
        own = [part.splitlines()[1:] for part in parts]
        assert sorted(own[0] + own[1]) == [row[:-1] for row in rows]
        assert not {row[:2] for row in own[0]} & {row[:2] for row in own[1]}
        assert [len(part) for part in own] == [4, 4]

    def test_pairs_of_conllu_stay_in_their_sentences(self, tmp_path: Path) -> None:
        row = "# sent_id = {0}\n1\tw{0}\tw\tX\t_\t_\t0\t_\t_\t_\n\n"
        text = "".join(row.format(number) for number in range(4))
        parts = self.divided(tmp_path, "a.conllu", text, "--task", "transduction")
        assert [part.count("# sent_id") for part in parts] == [2, 2]
        assert sorted("".join(parts)) == sorted(text)

    def test_what_cannot_be_divided(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        labels = corpus(tmp_path, "# intent = X\na\tO\n\nb\tO\n", "a.conll")
        pairs = corpus(tmp_path, "a\tb\na\tc\n", "a.tsv")
        assert (
            run(["split", str(labels), "-o", str(tmp_path), "--task", "joint", "--label-key", "intent"]) == 1
        )
        assert "a.conll:4: the sentence has no label" in capsys.readouterr().err
        assert run(["split", str(pairs), "-o", str(tmp_path), "--task", "transduction"]) == 1
        assert "has 1 source, too few for 3 parts" in capsys.readouterr().err
        assert run(["split", str(pairs), "-o", str(tmp_path), "--source", "1"]) == 2
        assert "--source is for task transduction; this is task tagging." in capsys.readouterr().err
