"""One writer at a place, readers while it is replaced, and places that cannot be written."""

import contextlib
import errno
import fcntl
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.cli import run
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import layout
from seqtag.model_folder.claims import claimed
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import FILES
from seqtag.model_folder.replacing import write
from seqtag.settings.merging import merge
from seqtag.stages.train import train
from seqtag.support.errors import Error
from seqtag.support.locks import NO_LOCKS
from seqtag.training.checkpoint import Checkpoint, State

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(seqtag.__file__).parents[1])}
CONTENT = {name: f'{{"file": "{name}"}}'.encode() for name in FILES}
# Stops in the middle of writing a folder, with or without the lock of its place.
WRITER = """
import contextlib, os, sys
from pathlib import Path
from seqtag.model_folder import layout, replacing
from seqtag.model_folder.claims import claimed
target = Path(sys.argv[1])
def stop(descriptor):
    print("here", flush=True)
    sys.stdin.read()
with claimed(target) if sys.argv[2] == "claimed" else contextlib.nullcontext():
    os.fsync = stop
    replacing.write(target, {name: b"{}" for name in layout.FILES})
"""
RACER = """
import os, sys
from pathlib import Path
from seqtag.support.errors import Error
from seqtag.model_folder.claims import claimed
target, inside = Path(sys.argv[1]), Path(sys.argv[1] + ".inside")
held = refused = 0
while held < 50:
    try:
        with claimed(target):
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            os.unlink(inside)
            held += 1
    except Error:
        refused += 1
print(held, refused)
"""
READER = """
import sys
from pathlib import Path
from seqtag.inference.tagger import SentenceTagger
answers, end = set(), Path(sys.argv[2])
count = 0
while not end.exists():
    (found,) = SentenceTagger.load(sys.argv[1], threads=1).tag([["Ana", "left", "Oslo", "."]])
    answers.add(" ".join(found.tags))
    count += 1
    print(count, flush=True)
print(*sorted(answers), sep="|")
"""


def start(code: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=ENVIRONMENT, text=True, stdin=pipe, stdout=pipe, stderr=pipe)


@contextlib.contextmanager
def writing(target: Path, how: str) -> "Iterator[subprocess.Popen[str]]":
    """A process that stands in the middle of writing a folder."""
    with start(WRITER, target, how) as process:
        assert process.stdout.readline() == "here\n"  # type: ignore[union-attr]
        yield process


def without_locks(patch: pytest.MonkeyPatch, number: int) -> None:
    """Has the file system answer so whoever asks for a lock."""

    def refuse(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    patch.setattr(fcntl, "flock", refuse)


class TestTwoWriters:
    def test_the_second_is_refused_before_it_reads_anything(self, tmp_path: Path) -> None:
        target = tmp_path / "model"
        with writing(target, "claimed") as writer:
            with pytest.raises(Error, match=r"model: another run is writing there\. Wait for it, or choose"):
                train(merge(), "no such file", None, None, target)
            assert len([name for name in os.listdir(tmp_path) if name.startswith(".model.")]) == 2
            writer.kill()
        with claimed(target):
            pass
        assert os.listdir(tmp_path) == []

    def test_a_holder_that_is_killed_holds_nothing(self, tmp_path: Path) -> None:
        """And what it left half-written is removed."""
        target = tmp_path / "model"
        with writing(target, "claimed") as writer:
            writer.kill()
        assert len(os.listdir(tmp_path)) == 2
        with claimed(target) as held:
            assert held
            assert os.listdir(tmp_path) == [".model.lock"]
        assert os.listdir(tmp_path) == []

    def test_another_place_is_another_claim(self, tmp_path: Path) -> None:
        """Also one whose name begins with the first one's."""
        with writing(tmp_path / "model.x", "unclaimed") as writer:
            writer.kill()
        (draft,) = tmp_path.iterdir()
        with claimed(tmp_path / "model"), claimed(tmp_path / "model.x.y"), claimed(tmp_path / "mode"):
            assert draft.exists()
        with claimed(tmp_path / "model.x"):
            assert not draft.exists()

    def test_races(self, tmp_path: Path) -> None:
        """Two hundred claims of four processes, no two at once."""
        racers = [start(RACER, tmp_path / "model") for _ in range(4)]
        told = [racer.communicate(timeout=300) for racer in racers]
        assert [err for _, err in told] == [""] * 4
        assert [out.split()[0] for out, _ in told] == ["50"] * 4
        assert os.listdir(tmp_path) == []

    @pytest.mark.parametrize("number", NO_LOCKS, ids=errno.errorcode.get)
    def test_without_locks(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        """Nothing is removed then, for it may be another's."""
        with writing(tmp_path / "model", "unclaimed") as writer:
            writer.kill()
        (draft,) = tmp_path.iterdir()
        without_locks(monkeypatch, number)
        with claimed(tmp_path / "model") as held:
            assert not held
        assert list(tmp_path.iterdir()) == [draft]

    def test_one_without_locks_takes_no_claim_away(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As two machines may see one folder, of which only one has locks there."""
        with claimed(tmp_path / "model"):
            with monkeypatch.context() as patch:
                without_locks(patch, errno.ENOLCK)
                with claimed(tmp_path / "model") as held:
                    assert not held
            with pytest.raises(Error, match="another run is writing there"), claimed(tmp_path / "model"):
                pass

    @pytest.mark.skipif(os.geteuid() != 0, reason="takes root to be two users")
    def test_what_a_killed_run_of_another_user_has_left(self) -> None:
        """Whatever the umask of that user is."""
        place = Path(tempfile.mkdtemp())  # pytest's folders are closed to others
        place.chmod(0o777)
        former = os.umask(0o077)
        try:
            with writing(place / "model", "claimed") as writer:
                writer.kill()
            os.seteuid(65534)
            with claimed(place / "model") as held:
                assert held
                with pytest.raises(Error, match="another run is writing there"), claimed(place / "model"):
                    pass
        finally:
            os.seteuid(0)
            os.umask(former)
            shutil.rmtree(place)


def test_readers_while_the_model_is_replaced(spans: Any, plain: Any, tmp_path: Path) -> None:
    """Processes that load and tag, while a folder is replaced two hundred times: each answer is one of the two."""
    models = [
        {entry.name: entry.read_bytes() for entry in made.folder.iterdir() if entry.name != layout.MANIFEST}
        for made in (spans, plain)
    ]
    target, end = tmp_path / "model", tmp_path / "end"
    write(target, models[0])
    readers = [start(READER, target, end) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        replaced = 0
        for reader in readers:
            for _ in range(25):  # answers
                reader.stdout.readline()  # type: ignore[union-attr]
                for _ in range(4):
                    replaced += 1
                    write(target, models[replaced % 2])
    end.touch()
    assert replaced == 200
    for reader in readers:
        out, err = reader.communicate(timeout=60)
        assert err == ""
        assert out.splitlines()[-1].split("|") == ["B-PER O B-LOC O", "PROPN VERB PROPN PUNCT"]


class TestPlacesThatCannotBeWritten:
    @pytest.fixture
    def read_only(self) -> Iterator[Path]:
        """A folder that the user may not write to: root, whom no mode stops, is nobody for a while."""
        place = Path(tempfile.mkdtemp())
        place.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        yield place
        if root:
            os.seteuid(0)
        place.chmod(0o755)
        shutil.rmtree(place)

    def test_a_read_only_folder_is_refused_at_once(self, read_only: Path) -> None:
        """Before any file is read."""
        with pytest.raises(Error, match=r"/model: cannot be written: Permission denied\.$"):
            train(merge(), "no such file", None, None, read_only / "model")
        assert os.listdir(read_only) == []

    @pytest.mark.skipif(
        not os.path.isdir("/proc/self"), reason="takes a file system in which no file can be made"
    )
    @pytest.mark.parametrize("place", ["/proc/model", "/proc/none/model"])
    def test_where_no_file_can_be_made(self, place: str) -> None:
        """The lock's file cannot be made either, which is no sign of another run."""
        with pytest.raises(Error, match=rf"^{place}: cannot be written: No such file or directory\.$"):
            train(merge(), "no such file", None, None, Path(place))

    def test_a_name_that_leaves_no_room_beside_it(self, tmp_path: Path) -> None:
        with (
            pytest.raises(Error, match=r"n: cannot be written: File name too long\.$"),
            claimed(tmp_path / ("n" * 245)),
        ):
            pass
        assert os.listdir(tmp_path) == []

    def test_a_limit_on_the_size_of_files(self, tmp_path: Path) -> None:
        write(tmp_path / "model", CONTENT)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
        try:
            with pytest.raises(Error, match=r"the model cannot be written: File too large\."):
                write(tmp_path / "model", CONTENT | {"weights.safetensors": bytes(6000)})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        opened = Folder(tmp_path / "model")
        assert {name: opened.read(name) for name in opened.files} == CONTENT
        assert os.listdir(tmp_path) == ["model"]

    @pytest.fixture
    def small(self, tmp_path: Path) -> Iterator[Path]:
        """A disk of 1 MB."""
        place = tmp_path / "small"
        place.mkdir()
        mount = shutil.which("mount")
        if (
            not mount
            or subprocess.run(
                [mount, "-t", "tmpfs", "-o", "size=1m", "seqtag", str(place)], capture_output=True
            ).returncode
        ):
            pytest.skip("no right to mount")
        yield place
        subprocess.run(["umount", str(place)], check=True)

    @pytest.mark.parametrize("full", ["checkpoint", "model"])
    def test_a_full_disk(
        self,
        spans: Any,
        small: Path,
        full: str,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The former model stays, and the checkpoint if it was the model that found no room: from there it goes on."""
        write(small / "model", CONTENT)
        real = Checkpoint.save

        def fill() -> None:
            with contextlib.suppress(OSError), (small / "filling").open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass

        def save(checkpoint: Checkpoint, state: State) -> None:
            real(checkpoint, state)
            fill()

        if full == "model":
            monkeypatch.setattr(Checkpoint, "save", save)
        else:
            fill()
        settings = ["embeddings.characters.encoder=none", "encoder.units=5", "training.epochs=1"]
        settings += ["encoder.cell=dense", "head.name=softmax", "language_model.weight=0"]
        command = ["train", "-q", "--train", str(spans.dev), "-o", str(small / "model"), "--force"]
        command += [word for setting in settings for word in ("--set", setting)]
        assert run(command) == 1
        place = small / ("model.checkpoint" if full == "checkpoint" else "model")
        told = f"seqtag: {place}: the {full} cannot be written: No space left on device."
        if full == "model":
            told += f" {small / 'model.checkpoint'} has all of it: run the same command with --resume to continue."
        assert capsys.readouterr().err == told + "\n"
        opened = Folder(small / "model")
        assert {name: opened.read(name) for name in opened.files} == CONTENT
        (small / "filling").unlink()
        assert sorted(os.listdir(small)) == ["model", *["model.checkpoint"] * (full == "model")]
        if full == "model":
            assert run([*command, "--resume"]) == 0
            assert os.listdir(small) == ["model"]
            SentenceTagger.load(small / "model")
