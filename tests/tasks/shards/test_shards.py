"""Shards without an engine: together, their parts are what `seqtag predict` writes, however often they are done."""

import errno
import gzip
import io
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.corpora.findings import Finding
from seqtag.corpora.running_text import Splitting
from seqtag.stages.predict import predict
from seqtag.support import lines as lines_module
from seqtag.support.errors import DataError, Error, ModelError, UsageError
from seqtag.tasks.shards import files, parts, work
from seqtag.tasks.shards.parts import part
from seqtag.tasks.shards.run import ShardRun, begun
from seqtag.tasks.shards.work import Outcome, Worker
from seqtag.tasks.use import PredictionOrder

TOP = Path(seqtag.__file__).parents[1]
MODEL = TOP / "tests" / "golden" / "models" / "format_2"
CORPUS = TOP / "sample_data" / "english_news" / "test.conll"
SMALL = 2000  # bytes of a shard


def sentences() -> list[str]:
    blocks = CORPUS.read_text("utf-8").strip().split("\n\n")
    return [" ".join(row.split("\t")[0].split(" ")[0] for row in block.splitlines()) for block in blocks]


TEXTS = [*sentences()[:80], "", "A\u2028line\x0cfeed \u00e9\U0001f600 ends.", "", *sentences()[80:]]


def expected(paths: Sequence[Path | str], **how: Any) -> bytes:
    stream = io.StringIO()
    predict(str(MODEL), list(map(str, paths)), stream, output_format="jsonl", **how)
    return stream.getvalue().encode()


def run_all(
    paths: Sequence[Path | str], folder: Path, *, size: int = SMALL, column: str = "text", **how: Any
) -> ShardRun:
    order = PredictionOrder(str(MODEL), **how)
    with begun(order, list(map(str, paths)), folder, size=size, column=column) as run:
        worker = Worker(run.job)
        outcomes = list(map(worker, reversed(run.missing)))
        assert [one.problem for one in outcomes] == [""] * len(outcomes)
    return run


def joined(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("part-*.jsonl")))


def as_text(path: Path) -> None:
    path.write_text("\n".join(TEXTS) + "\n", "utf-8")


def as_text_of_windows(path: Path) -> None:
    """With a mark at the start of the file, one at the start of a later line, and no last line end."""
    lines = [*TEXTS[:50], "\ufeff" + TEXTS[50], "\ufeff", *TEXTS[51:]]
    path.write_bytes(("\ufeff" + "\r\n".join(lines)).encode())


def as_jsonl(path: Path) -> None:
    rows = [json.dumps({"id": number, "text": text}) for number, text in enumerate(TEXTS)]
    # As the first line of a file this would be the start of a list of texts.
    rows[40:40] = ['{"text": "Marta left Lisbon .", "data": [{"a": 1}]}'] * 30
    path.write_text("\n".join(rows) + "\n", "utf-8")


def as_list(path: Path) -> None:
    path.write_text(json.dumps([{"text": text} for text in TEXTS], indent=1), "utf-8")


def as_conll(path: Path) -> None:
    shutil.copy(CORPUS, path)


def as_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(("\n".join(TEXTS) + "\n").encode()))


KINDS: dict[str, tuple[str, Callable[[Path], None], bool]] = {
    "text": ("a.txt", as_text, True),
    "text of Windows": ("a.txt", as_text_of_windows, True),
    "JSON lines": ("a.jsonl", as_jsonl, True),
    "JSON list": ("a.json", as_list, False),
    "CoNLL": ("a.conll", as_conll, False),
    "gzip": ("a.txt.gz", as_gzip, False),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [97, SMALL, 1 << 20])
def test_the_parts_are_what_predict_writes(kind: str, size: int, tmp_path: Path) -> None:
    name, make, divides = KINDS[kind]
    make(tmp_path / name)
    how = {"input_format": "jsonl"} if name.endswith(".json") else {}
    run = run_all([tmp_path / name], tmp_path / "out", size=size, **how)
    assert joined(tmp_path / "out") == expected([tmp_path / name], **how)
    assert (len(run.shards) > 1) == (divides and size <= SMALL)


def test_small_files_share_a_part_and_come_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    (folder / "b").mkdir(parents=True)
    for number, name in enumerate(
        ["c.txt", "a.txt", "b/z.txt", "b/a.txt", ".hidden", "_SUCCESS", "empty.txt"]
    ):
        (folder / name).write_text(
            "".join(f"{text}\n" for text in TEXTS[number : number + 2]) * (name != "empty.txt")
        )
    run = run_all([folder], tmp_path / "out", size=1 << 20)
    wanted = [folder / name for name in ("a.txt", "b/a.txt", "b/z.txt", "c.txt", "empty.txt")]
    assert (joined(tmp_path / "out"), len(run.shards)) == (expected(wanted), 1)
    run_all([folder / "b/z.txt", folder / "*.txt"], tmp_path / "globbed")
    wanted = [folder / name for name in ("b/z.txt", "a.txt", "c.txt", "empty.txt")]
    assert joined(tmp_path / "globbed") == expected(wanted)
    run_all([folder / "**" / "*.txt"], tmp_path / "deep")
    wanted = [folder / name for name in ("a.txt", "b/a.txt", "b/z.txt", "c.txt", "empty.txt")]
    assert joined(tmp_path / "deep") == expected(wanted)


@pytest.mark.parametrize("mode", ["split", "paragraph"])
def test_running_text(mode: str, tmp_path: Path) -> None:
    pytest.importorskip("sentencex", reason="splitting text into sentences needs the package sentencex")
    as_text(tmp_path / "a.txt")
    run = run_all([tmp_path / "a.txt"], tmp_path / "out", splitting=Splitting(mode))
    assert joined(tmp_path / "out") == expected([tmp_path / "a.txt"], splitting=Splitting(mode))
    assert (len(run.shards) > 1) == (mode == "split")


def test_files_behind_urls(tmp_path: Path) -> None:
    pytest.importorskip("fsspec", reason="URLs need the package fsspec")
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("text", "CoNLL", "gzip"):
        KINDS[name][1](folder / KINDS[name][0])
    (folder / "_SUCCESS").touch()
    run_all([f"file://{folder}"], tmp_path / "out")
    assert joined(tmp_path / "out") == expected(sorted(folder.glob("a*")))
    run_all([f"file://{folder}/a.txt*"], tmp_path / "globbed")
    assert joined(tmp_path / "globbed") == expected(sorted(folder.glob("a.txt*")))
    with pytest.raises(DataError, match=r"^file:///none\.txt: there is no such file$"):
        run_all(["file:///none.txt"], tmp_path / "none")
    with pytest.raises(
        DataError, match=r"^zip://a::file:///a\.zip: is a chain of URLs; expected the URL of one"
    ):
        run_all(["zip://a::file:///a.zip"], tmp_path / "none")
    with pytest.raises(DataError, match=r"unheard://x: cannot be read: .*unheard"):
        run_all(["unheard://x"], tmp_path / "none")


def test_linked_folders_are_read_and_loops_end(tmp_path: Path) -> None:
    (tmp_path / "corpus" / "a").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    as_text(tmp_path / "elsewhere" / "a.txt")
    (tmp_path / "corpus" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "corpus")
    (tmp_path / "corpus" / "a" / "up").symlink_to(tmp_path / "corpus")
    (tmp_path / "corpus" / "a" / "here").symlink_to(tmp_path / "corpus" / "a")
    assert files.find([str(tmp_path / "corpus")]) == [str(tmp_path / "corpus" / "linked" / "a.txt")]
    (tmp_path / "corpus" / "b.txt").symlink_to("none.txt")
    with pytest.raises(DataError, match=r"/b\.txt: is a link to a file that does not exist$"):
        files.find([str(tmp_path / "corpus")])


def test_a_folder_in_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "corpus" / "closed").mkdir(parents=True)
    as_text(tmp_path / "corpus" / "a.txt")
    scandir = os.scandir

    def closed(path: str) -> Any:
        if path.endswith("closed"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(DataError, match=r"closed: cannot be read: Permission denied$"):
        files.find([str(tmp_path / "corpus")])


def test_what_is_no_model(tmp_path: Path) -> None:
    as_text(tmp_path / "a.txt")
    for name, said in (
        ("none", "no such folder"),
        ("a.txt", "is not a folder"),
        ("", "holds no manifest.json"),
    ):
        begins = begun(PredictionOrder(str(tmp_path / name)), [str(tmp_path / "a.txt")], tmp_path / "out")
        with pytest.raises(ModelError, match=said), begins:
            pass
        assert not (tmp_path / "out").exists()


class TestParquet:
    def written(self, path: Path, values: Sequence[Any], name: str = "text") -> Path:
        pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs the package pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        nested = [{"text": 1, "more": "x" * 50}] * len(values)  # columns of their own in the file
        parquet.write_table(pyarrow.table({"nested": nested, name: values}), path, row_group_size=30)
        return path

    def test_rows_are_texts(self, tmp_path: Path) -> None:
        path = self.written(tmp_path / "a.parquet", TEXTS)
        run = run_all([path], tmp_path / "out")
        (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
        assert joined(tmp_path / "out") == expected([tmp_path / "a.jsonl"])
        assert len(run.shards) > 2

    def test_another_column(self, tmp_path: Path) -> None:
        path = self.written(tmp_path / "a.parquet", TEXTS[:3], "body")
        run_all([path], tmp_path / "out", column="body")
        assert joined(tmp_path / "out").count(b"\n") == 3
        with begun(PredictionOrder(str(MODEL)), [str(path)], tmp_path / "other") as run:
            (outcome,) = map(Worker(run.job), run.shards)
        said = f"{path}: has no column 'text' but 'nested', 'body'; --text-column names that of the texts"
        assert outcome.problem == said

    def test_a_damaged_file(self, tmp_path: Path) -> None:
        path = self.written(tmp_path / "a.parquet", TEXTS)
        path.write_bytes(path.read_bytes()[:-20])
        with begun(PredictionOrder(str(MODEL)), [str(path)], tmp_path / "out") as run:
            (outcome,) = map(Worker(run.job), run.shards)
        assert outcome.problem.startswith(f"{path}: cannot be read: ")

    def test_a_row_without_text(self, tmp_path: Path) -> None:
        path = self.written(tmp_path / "a.parquet", [*TEXTS[:70], None])
        with begun(PredictionOrder(str(MODEL)), [str(path)], tmp_path / "out", size=100) as run:
            outcomes = list(map(Worker(run.job), run.shards))
        said = f"{path}:71: the row has null in the column 'text'; expected a text"
        assert [one.problem for one in outcomes if one.problem] == [said]


class TestResuming:
    def test_what_is_there_is_not_done_again(self, tmp_path: Path) -> None:
        as_text(tmp_path / "a.txt")
        run = run_all([tmp_path / "a.txt"], tmp_path / "out")
        assert run.missing == run.shards
        written = part(tmp_path / "out", 1).read_bytes()
        part(tmp_path / "out", 1).unlink()
        part(tmp_path / "out", 2).write_bytes(b"kept\n")
        again = run_all([tmp_path / "a.txt"], tmp_path / "out")
        assert [shard.number for shard in again.missing] == [1]
        assert part(tmp_path / "out", 1).read_bytes() == written
        assert part(tmp_path / "out", 2).read_bytes() == b"kept\n"
        assert Worker(again.job)(again.shards[2]) == Outcome(2), "an engine that does it again is told so"

    def test_a_part_that_somebody_has_cut_off(self, tmp_path: Path) -> None:
        as_text(tmp_path / "a.txt")
        run_all([tmp_path / "a.txt"], tmp_path / "out")
        path = part(tmp_path / "out", 1)
        os.truncate(path, 100)
        with pytest.raises(Error, match=r"part-00001\.jsonl: is cut off\. Delete it, and the same command"):
            run_all([tmp_path / "a.txt"], tmp_path / "out")
        path.unlink()
        assert [shard.number for shard in run_all([tmp_path / "a.txt"], tmp_path / "out").missing] == [1]
        path.unlink()
        path.mkdir()
        with pytest.raises(Error, match=r"part-00001\.jsonl: cannot be read: Is a directory\.$"):
            run_all([tmp_path / "a.txt"], tmp_path / "out")

    def test_a_plan_with_other_shards(self, tmp_path: Path) -> None:
        as_text(tmp_path / "a.txt")
        run_all([tmp_path / "a.txt"], tmp_path / "out")
        path = tmp_path / "out" / "plan.json"
        plan = json.loads(path.read_text())
        del plan["shards"][-1]
        path.write_text(json.dumps(plan))
        with pytest.raises(DataError, match=r"plan\.json: is damaged, or .*\(its content has another sha256"):
            run_all([tmp_path / "a.txt"], tmp_path / "out")

    def test_two_do_the_same_shard_at_once(self, tmp_path: Path) -> None:
        as_text(tmp_path / "a.txt")
        run_all([tmp_path / "a.txt"], tmp_path / "out")
        with begun(
            PredictionOrder(str(MODEL)), [str(tmp_path / "a.txt")], tmp_path / "both", size=SMALL
        ) as run:
            with parts.written(part(tmp_path / "both", 0)) as stream:
                stream.write("half")
                assert not Worker(run.job)(run.shards[0]).problem
                stream.seek(0)
                stream.truncate()
                stream.write(part(tmp_path / "out", 0).read_text("utf-8"))
            list(map(Worker(run.job), run.shards))
        assert joined(tmp_path / "both") == joined(tmp_path / "out")
        assert not list((tmp_path / "both").glob(".part*"))

    def test_a_touched_file_is_the_same(self, tmp_path: Path) -> None:
        as_text(tmp_path / "a.txt")
        run_all([tmp_path / "a.txt"], tmp_path / "out")
        os.utime(tmp_path / "a.txt", (1, 1))
        assert not run_all([tmp_path / "a.txt"], tmp_path / "out").missing

    def test_a_second_driver_is_refused(self, tmp_path: Path) -> None:
        as_text(tmp_path / "a.txt")
        order, given = PredictionOrder(str(MODEL)), [str(tmp_path / "a.txt")]
        with (
            begun(order, given, tmp_path / "out"),
            pytest.raises(Error, match="another run is writing there"),
            begun(order, given, tmp_path / "out"),
        ):
            pass

    def test_what_the_dead_left_is_removed(self, tmp_path: Path) -> None:
        as_text(tmp_path / "a.txt")
        run_all([tmp_path / "a.txt"], tmp_path / "out")
        (tmp_path / "out" / ".part-00001.jsonl.abcd").write_bytes(b"half")
        run_all([tmp_path / "a.txt"], tmp_path / "out")
        assert not (tmp_path / "out" / ".part-00001.jsonl.abcd").exists()

    def test_a_shard_over_which_processes_die_is_given_up(self, tmp_path: Path) -> None:
        as_text(tmp_path / "a.txt")
        with begun(
            PredictionOrder(str(MODEL)), [str(tmp_path / "a.txt")], tmp_path / "out", size=SMALL
        ) as run:
            for number in range(work.MOST_DEATHS):
                assert not Worker(run.job)(run.shards[0]).problem
                part(tmp_path / "out", 0).unlink()
                (tmp_path / "out" / f".part-00000.jsonl.{number}").touch()
            assert "3 processes died over this part" in Worker(run.job)(run.shards[0]).problem
            assert not Worker(run.job)(run.shards[1]).problem

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"text": "Changed ."}, r"a\.txt has changed"),
            ({"more": True}, r"b\.txt was not among the files"),
            ({"fewer": True}, r"a0\.txt is missing"),
            ({"swapped": True}, "the files come in another order"),
            ({"nbest": 2}, "--nbest was 0, and is 2 now"),
            ({"tokenizer": "char"}, "--tokenizer was not given, and is char now"),
            ({"size": 3000}, "--shard-size was 2000, and is 3000 now"),
            ({"version": "0.0"}, r"the version of seqtag was .*, and is 0\.0 now"),
            ({"model": True}, "the model is another one, or has changed"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_a_change_is_refused(
        self, change: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = tmp_path / "model"
        shutil.copytree(MODEL, model)
        for name in ("a.txt", "a0.txt", "b.txt"):
            (tmp_path / name).write_text("Marta left Lisbon .\n")
        given = [str(tmp_path / "a.txt"), str(tmp_path / "a0.txt")]
        with begun(PredictionOrder(str(model)), given, tmp_path / "out", size=SMALL):
            pass
        if "text" in change:
            (tmp_path / "a.txt").write_text(change["text"])
        if "version" in change:
            monkeypatch.setattr("seqtag.tasks.shards.plan.__version__", change["version"])
        if "model" in change:
            (model / "manifest.json").write_bytes((model / "manifest.json").read_bytes() + b" ")
        given += [str(tmp_path / "b.txt")] if "more" in change else []
        given = given[:1] if "fewer" in change else given[::-1] if "swapped" in change else given
        order = PredictionOrder(
            str(model), nbest=change.get("nbest", 0), tokenizer=change.get("tokenizer"), output_format="jsonl"
        )
        with (
            pytest.raises(Error, match=f"out: the parts there belong to another run: .*{said}. Give what"),
            begun(order, given, tmp_path / "out", size=change.get("size", SMALL)),
        ):
            pass

    def test_a_plan_that_is_none(self, tmp_path: Path) -> None:
        as_text(tmp_path / "a.txt")
        (tmp_path / "out").mkdir()
        for content in ("{", "[]", '{"format": "seqtag-plan", "format_version": 2}'):
            (tmp_path / "out" / "plan.json").write_text(content)
            with pytest.raises(DataError, match=r"plan\.json: is damaged, or of another version"):
                run_all([tmp_path / "a.txt"], tmp_path / "out")


class TestFailures:
    def outcomes(self, path: Path, folder: Path, size: int = SMALL, **how: Any) -> list[Outcome]:
        with begun(PredictionOrder(str(MODEL), **how), [str(path)], folder, size=size) as run:
            return list(map(Worker(run.job), run.shards))

    @pytest.mark.parametrize("bad", [0, 30, 100, 149])
    def test_a_bad_line_has_its_place(self, bad: int, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        rows = [json.dumps({"text": text}) for text in TEXTS[:150]]
        rows[bad] = '["a", "list"]'
        path.write_text("".join(f"{row}\n" for row in rows))
        found = self.outcomes(path, tmp_path / "out", input_format="jsonl")
        failed = [one for one in found if one.problem]
        with pytest.raises(DataError) as problem:
            expected([path], input_format="jsonl")
        assert [one.problem for one in failed] == [str(problem.value)]
        assert f"a.jsonl:{bad + 1}: " in failed[0].problem
        names = {entry.name for entry in (tmp_path / "out").iterdir()}
        assert part(tmp_path, failed[0].number).name not in names
        assert len(names) == len(found), "the other parts, and the plan"

    def test_a_byte_that_is_not_utf8(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = [text.encode() for text in TEXTS]
        lines[120] = b"caf\xe9"
        monkeypatch.setattr(lines_module, "BLOCK", 1000)  # of the first, the format is recognised
        (tmp_path / "a.txt").write_bytes(b"\n".join(lines))
        found = [one.problem for one in self.outcomes(tmp_path / "a.txt", tmp_path / "out") if one.problem]
        assert len(found) == 1
        assert found[0].startswith(f"{tmp_path}/a.txt:121: byte 0xE9 is not UTF-8")
        lines[0], wanted = lines[120], f"{tmp_path}/a.txt:1: byte 0xE9 is not UTF-8"
        (tmp_path / "a.txt").write_bytes(b"\n".join(lines))
        (whole,) = self.outcomes(tmp_path / "a.txt", tmp_path / "again")
        assert whole.problem.startswith(wanted), "what cannot be recognised is a shard, which fails"

    @pytest.mark.parametrize("when", ["before", "meanwhile", "gone"])
    def test_a_file_that_changes(self, when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "a.txt"
        as_text(path)
        with begun(PredictionOrder(str(MODEL)), [str(path)], tmp_path / "out", size=SMALL) as run:
            worker = Worker(run.job)
            assert not worker(run.shards[0]).problem
            if when == "before":
                path.write_text(path.read_text().replace("e", "o"))
            elif when == "gone":
                path.unlink()
            else:
                write = work.write_answers
                monkeypatch.setattr(
                    work, "write_answers", lambda *a, **b: (write(*a, **b), os.utime(path, (1, 1)))[0]
                )
            said = (
                "cannot be read: No such file or directory" if when == "gone" else "has changed since the run"
            )
            assert said in worker(run.shards[1]).problem
        assert not part(tmp_path / "out", 1).exists()

    def test_a_model_that_changes(self, tmp_path: Path) -> None:
        model = shutil.copytree(MODEL, tmp_path / "model")
        as_text(tmp_path / "a.txt")
        with begun(
            PredictionOrder(str(model)), [str(tmp_path / "a.txt")], tmp_path / "out", size=SMALL
        ) as run:
            loaded = Worker(run.job)
            assert not loaded(run.shards[0]).problem
            (model / "manifest.json").write_bytes((model / "manifest.json").read_bytes() + b" ")
            assert not loaded(run.shards[1]).problem, "the model it has is the one of the plan"
            assert Worker(run.job)(run.shards[2]).problem == f"{model}: has changed since the run was begun."

    def test_other_packages(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        as_text(tmp_path / "a.txt")
        with begun(
            PredictionOrder(str(MODEL)), [str(tmp_path / "a.txt")], tmp_path / "out", size=SMALL
        ) as run:
            monkeypatch.setattr("seqtag.tasks.shards.plan.__version__", "0.0")
            problem = Worker(run.job)(run.shards[0]).problem
        assert ": this machine has seqtag 0.0, onnxruntime" in problem
        assert f"; the run was begun with seqtag {seqtag.__version__}, " in problem

    def test_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        as_text(tmp_path / "a.txt")

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with begun(
            PredictionOrder(str(MODEL)), [str(tmp_path / "a.txt")], tmp_path / "out", size=SMALL
        ) as run:
            with monkeypatch.context() as patch:
                patch.setattr(os, "fsync", full)
                problem = Worker(run.job)(run.shards[0]).problem
            assert problem == f"{part(tmp_path / 'out', 0)}: No space left on device"
            assert {entry.name for entry in (tmp_path / "out").iterdir()} <= {"plan.json", ".plan.json.lock"}

    def test_findings_come_from_the_start_of_a_file(self, tmp_path: Path) -> None:
        crowded = "The weather stayed cold. Nobody went outside. Everybody waited."
        (tmp_path / "a.txt").write_text(f"{crowded}\n" * 200)
        told: list[Finding] = []
        how = {"report": told.append}
        found = self.outcomes(tmp_path / "a.txt", tmp_path / "out", size=5000, **how)
        assert [[one.code for one in outcome.findings] for outcome in found] == [
            ["several-sentences"],
            [],
            [],
        ]
        assert told == []


class TestPlaces:
    def test_a_folder_that_holds_something_else(self, tmp_path: Path) -> None:
        as_text(tmp_path / "a.txt")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "notes").touch()
        with pytest.raises(Error, match=r"out: is not empty and holds no plan\.json"):
            run_all([tmp_path / "a.txt"], tmp_path / "out")
        with pytest.raises(Error, match=r"a\.txt: already exists and is not a folder"):
            run_all([tmp_path / "a.txt"], tmp_path / "a.txt")
        for place in (MODEL, MODEL / "out"):
            with pytest.raises(UsageError, match="is inside the model folder, or is it"):
                run_all([tmp_path / "a.txt"], place)
        other = shutil.copytree(MODEL, tmp_path / "other")
        with pytest.raises(Error, match="is a model folder, which takes no other files"):
            run_all([tmp_path / "a.txt"], other)

    def test_an_output_folder_among_the_inputs(self, tmp_path: Path) -> None:
        corpus = tmp_path / "corpus"
        (corpus / "out").mkdir(parents=True)
        as_text(corpus / "a.txt")
        run_all([corpus], corpus / "out")
        with pytest.raises(UsageError, match="is an input inside the output folder"):
            run_all([corpus], corpus / "out")

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("-", "--engine reads files, and not stdin"),
            ("none.txt", "cannot be read: No such file"),
            ("*.none", "no file has a name like this"),
            ("empty", "there is no file in the folder"),
            ("pipe", "is not a regular file"),
        ],
    )
    def test_files_that_are_none(
        self, given: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "empty").mkdir()
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(Error, match=said):
            files.find([given])

    def test_more_shards_than_names_sort(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        as_text(tmp_path / "a.txt")
        monkeypatch.setattr(parts, "MOST_SHARDS", 3)
        with pytest.raises(UsageError, match="shards are more than 3; expected a larger --shard-size"):
            run_all([tmp_path / "a.txt"], tmp_path / "out")
