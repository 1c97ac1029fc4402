"""The model folder: whole or refused; the old one or the new one, and nothing between."""

import errno
import hashlib
import json
import os
import stat
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from seqtag.model_folder import layout, replacing
from seqtag.model_folder.claims import claimed
from seqtag.model_folder.folder import Folder, holds, load
from seqtag.model_folder.layout import FILES, FORMAT_VERSION, LANGUAGE_MODEL, MANIFEST
from seqtag.model_folder.replacing import check_target, write
from seqtag.support.errors import Error, ModelError
from seqtag.training import checkpoint

CONTENT = {name: f'{{"file": "{name}"}}'.encode() for name in FILES}
OTHER = {name: f'{{"other": "{name}"}}'.encode() for name in FILES}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write(tmp_path / "model", CONTENT)
    return tmp_path / "model"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def read_all(opened: Folder) -> dict[str, bytes]:
    return {name: opened.read(name) for name in opened.files}


def refused(path: Path) -> str:
    """The one line with which a folder is refused."""
    with pytest.raises(ModelError) as caught:
        read_all(Folder(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def edit_manifest(model: Path, change: Callable[[dict], object]) -> None:  # type: ignore[type-arg]
    manifest = json.loads((model / MANIFEST).read_bytes())
    changed = change(manifest)
    (model / MANIFEST).write_text(json.dumps(manifest if changed is None else changed))


class TestWrite:
    def test_round_trip(self, model: Path, tmp_path: Path) -> None:
        opened = Folder(model)
        assert read_all(opened) == CONTENT
        assert opened.read_json("config.json") == {"file": "config.json"}
        assert bytes(opened.map("weights.safetensors")) == CONTENT["weights.safetensors"]
        assert os.listdir(tmp_path) == ["model"]

    @pytest.mark.parametrize(
        ("umask", "of_folder", "of_file"), [(0o022, 0o755, 0o644), (0o077, 0o700, 0o600)]
    )
    def test_the_umask_says_who_may_read_it(
        self, tmp_path: Path, umask: int, of_folder: int, of_file: int
    ) -> None:
        (tmp_path / "group").mkdir()
        (tmp_path / "group").chmod(0o2775)
        before = os.umask(umask)
        try:
            write(tmp_path / "model", CONTENT)
            write(tmp_path / "group" / "model", CONTENT)
        finally:
            os.umask(before)
        assert mode_of(tmp_path / "model") == of_folder
        assert mode_of(tmp_path / "group" / "model") == of_folder | stat.S_ISGID
        assert {mode_of(entry) for entry in (tmp_path / "model").iterdir()} == {of_file}

    def test_a_private_model_stays_private(self, model: Path) -> None:
        for entry in model.iterdir():
            entry.chmod(0o600)
        model.chmod(0o2710)
        write(model, OTHER)
        assert mode_of(model) == 0o2710
        assert {mode_of(entry) for entry in model.iterdir()} == {0o600}

    def test_equal_content_is_equal_bytes(self, model: Path, tmp_path: Path) -> None:
        write(tmp_path / "again", dict(reversed(CONTENT.items())))
        assert (tmp_path / "again" / MANIFEST).read_bytes() == (model / MANIFEST).read_bytes()

    @pytest.mark.parametrize("exchanges", [True, False])
    def test_replacing(
        self, model: Path, tmp_path: Path, exchanges: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not exchanges:
            monkeypatch.setattr(replacing, "swap", lambda first, second: False)
        write(model, OTHER)
        assert read_all(Folder(model)) == OTHER
        assert os.listdir(tmp_path) == ["model"]

    def test_what_came_to_its_place_meanwhile_stays(self, tmp_path: Path) -> None:
        """Training takes hours, and what was looked at before it may be something else after it."""
        target = tmp_path / "results"
        check_target(target, force=True)
        target.mkdir()
        (target / "thesis.tex").write_text("years of work")
        with pytest.raises(Error, match="is not a model folder, so it is not replaced"):
            write(target, CONTENT)
        assert os.listdir(tmp_path) == ["results"]
        assert os.listdir(target) == ["thesis.tex"]

    def test_a_note_in_the_former_model_stays(self, model: Path) -> None:
        (model / "notes.txt").write_text("years of work")
        with pytest.raises(Error, match=r"holds notes\.txt, which is not part of a model"):
            write(model, OTHER)
        (model / "notes.txt").unlink()
        assert read_all(Folder(model)) == CONTENT

    def test_a_file_larger_than_would_be_read(self, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(layout.MOST, "vocab.json", len(OTHER["vocab.json"]) - 1)
        with pytest.raises(Error, match=r"cannot be written: vocab\.json would have [0-9,]+ bytes; expected"):
            write(model, OTHER)
        monkeypatch.undo()
        assert read_all(Folder(model)) == CONTENT

    def test_an_empty_folder_is_filled(self, tmp_path: Path) -> None:
        (tmp_path / "model").mkdir()
        write(tmp_path / "model", CONTENT)
        assert read_all(Folder(tmp_path / "model")) == CONTENT

    @pytest.mark.parametrize("call", range(1, len(FILES) + 3))
    def test_a_disk_that_fails_leaves_the_former_model(
        self, model: Path, tmp_path: Path, call: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At whichever file it fails, at the manifest and at the folder itself."""
        calls = 0
        real = os.fsync

        def fsync(descriptor: int) -> None:
            nonlocal calls
            calls += 1
            if calls == call:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(Error, match="the model cannot be written: No space left on device"):
            write(model, OTHER)
        assert read_all(Folder(model)) == CONTENT
        assert os.listdir(tmp_path) == ["model"]

    @pytest.mark.parametrize("call", [1, 2])
    def test_a_rename_that_fails_leaves_the_former_model(
        self, model: Path, tmp_path: Path, call: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = 0
        real = os.rename

        def rename(*arguments: object, **options: object) -> None:
            nonlocal calls
            calls += 1
            if calls == call:
                raise OSError(errno.EIO, "broken")
            real(*arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(replacing, "swap", lambda first, second: False)
        monkeypatch.setattr(os, "rename", rename)
        with pytest.raises(Error, match="cannot be written: broken"):
            write(model, OTHER)
        assert read_all(Folder(model)) == CONTENT
        assert os.listdir(tmp_path) == ["model"]

    def test_a_first_model_that_fails_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fsync(descriptor: int) -> None:
            raise OSError("no errno")

        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(Error, match="cannot be written: no errno"):
            write(tmp_path / "model", CONTENT)
        assert os.listdir(tmp_path) == []

    def test_the_model_is_there_even_if_its_place_cannot_be_synced(
        self, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def sync(descriptor: int) -> None:
            if os.path.samestat(os.fstat(descriptor), model.parent.stat()):
                raise OSError(errno.EINVAL, "not here")

        monkeypatch.setattr(os, "fsync", sync)
        write(model, OTHER)
        assert read_all(Folder(model)) == OTHER

    def test_no_place_for_a_model(self, tmp_path: Path) -> None:
        with pytest.raises(Error, match="cannot be written: No such file or directory"):
            write(tmp_path / "none" / "model", CONTENT)


class TestView:
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Folder:
        """A mixture with one part, which shows the rest."""
        own, part = (f'{{"of": {number}}}'.encode() for number in (1, 2))
        files = dict.fromkeys(LANGUAGE_MODEL.files, own) | dict.fromkeys(
            ("part1-config.json", "part1-ngrams.safetensors"), part
        )
        write(tmp_path / "lm", files, LANGUAGE_MODEL)
        return Folder(tmp_path / "lm", LANGUAGE_MODEL)

    def test_the_files_of_a_part(self, opened: Folder) -> None:
        for view in (opened.view("part1-"), opened.view("part").view("1-")):
            assert view.files == ("config.json", "ngrams.safetensors")
            assert view.read_json("config.json") == {"of": 2}
            assert bytes(view.map("ngrams.safetensors")) == view.read("config.json")
        assert opened.read_json("config.json") == {"of": 1}
        assert len(opened.files) == 5

    def test_a_file_that_it_has_not(self, opened: Folder) -> None:
        with pytest.raises(ModelError, match=r"lm: part1-vocab\.json is missing"):
            opened.view("part1-").read("vocab.json")
        with pytest.raises(ModelError, match=r"lm: part2-config\.json is missing"):
            opened.view("part2-").map("config.json")

    def test_a_damaged_file(self, opened: Folder) -> None:
        (opened.path / "part1-config.json").write_bytes(b'{"of": 3}')
        with pytest.raises(ModelError, match=r"lm: part1-config\.json is damaged"):
            opened.view("part1-").read_json("config.json")


class TestHolds:
    """Whether a folder holds just these files: what tells a run that its model is in place already."""

    def test_these_files(self, model: Path) -> None:
        assert holds(model, CONTENT)

    @pytest.mark.parametrize("name", FILES)
    @pytest.mark.parametrize("change", [lambda c: c + b" ", lambda c: c[:-1], lambda c: b"x" + c[1:]])
    def test_another_content(self, model: Path, name: str, change: Callable[[bytes], bytes]) -> None:
        other = CONTENT | {name: change(CONTENT[name])}
        assert not holds(model, other)
        write(model, other)
        assert holds(model, other)
        assert not holds(model, CONTENT)

    def test_a_file_more_or_less(self, model: Path) -> None:
        more = CONTENT | {"vectors.bin": b"1"}
        assert not holds(model, more)
        write(model, more)
        assert holds(model, more)
        assert not holds(model, CONTENT)

    def test_a_damaged_folder(self, model: Path, tmp_path: Path) -> None:
        for damaged in (
            CONTENT["vocab.json"] + b" ",
            CONTENT["vocab.json"][:-1],
            b"x" + CONTENT["vocab.json"][1:],
        ):
            (model / "vocab.json").write_bytes(damaged)
            assert not holds(model, CONTENT)
            assert not holds(model, CONTENT | {"vocab.json": damaged})
        assert not holds(tmp_path / "none", CONTENT)


class TestFormerVersions:
    """Folders of format 1 hold `model.onnx` as well, which is compared with its checksum and not used."""

    GRAPH = b"a graph"

    @pytest.fixture
    def former(self, model: Path) -> Path:
        (model / "model.onnx").write_bytes(self.GRAPH)
        entry = {"size": len(self.GRAPH), "sha256": hashlib.sha256(self.GRAPH).hexdigest()}
        edit_manifest(model, lambda m: m["files"].update({"model.onnx": entry}))
        edit_manifest(model, lambda m: m.update(format_version=1))
        return model

    def test_it_is_read(self, former: Path) -> None:
        opened = Folder(former)
        assert opened.version == 1
        assert read_all(opened) == CONTENT

    def test_the_graph_is_not_damaged(self, former: Path) -> None:
        (former / "model.onnx").write_bytes(self.GRAPH[::-1])
        assert "model.onnx is damaged" in refused(former)
        (former / "model.onnx").unlink()
        assert "model.onnx is missing" in refused(former)

    def test_it_is_replaced(self, former: Path) -> None:
        check_target(former, force=True)
        write(former, OTHER)
        assert read_all(Folder(former)) == OTHER
        assert Folder(former).version == FORMAT_VERSION

    def test_a_graph_in_the_new_version(self, former: Path) -> None:
        edit_manifest(former, lambda m: m.update(format_version=2))
        assert "lists other files than" in refused(former)


class TestReplacedWhileRead:
    @pytest.mark.parametrize("exchanges", [True, False])
    def test_a_reader_gets_the_one_or_the_other(
        self, model: Path, exchanges: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not exchanges:
            monkeypatch.setattr(replacing, "swap", lambda first, second: False)
        monkeypatch.setattr(os, "fsync", lambda descriptor: None)
        stopped = threading.Event()

        def replace() -> None:
            for content in (OTHER, CONTENT) * 40:
                write(model, content)
            stopped.set()

        writer = threading.Thread(target=replace)
        writer.start()
        seen = 0
        try:
            while not stopped.is_set() or not seen:
                assert load(model, read_all) in (CONTENT, OTHER)
                seen += 1
        finally:
            writer.join()

    def test_a_replacement_between_two_files(self, model: Path) -> None:
        """Never half of one and half of the other, and no complaint."""
        tries = []

        def slowly(opened: Folder) -> dict[str, bytes]:
            first = opened.read(FILES[0])
            if not tries:
                write(model, OTHER)
            tries.append(first)
            return {FILES[0]: first} | {name: opened.read(name) for name in FILES[1:]}

        assert load(model, slowly) == OTHER
        assert len(tries) == 2

    def test_damage_is_told_at_once(self, model: Path) -> None:
        (model / "weights.safetensors").write_bytes(b"damaged")
        tries = []
        with pytest.raises(ModelError):
            load(model, lambda opened: tries.append(1) or read_all(opened))  # type: ignore[func-returns-value]
        assert tries == [1]


class TestRefused:
    def test_nothing_there(self, tmp_path: Path) -> None:
        assert "no such folder" in refused(tmp_path / "none")

    def test_a_file(self, model: Path) -> None:
        assert "is not a folder" in refused(model / MANIFEST)

    def test_another_folder(self, tmp_path: Path) -> None:
        assert "holds no manifest.json" in refused(tmp_path)

    @pytest.mark.parametrize("name", FILES)
    def test_a_missing_file(self, model: Path, name: str) -> None:
        (model / name).unlink()
        assert refused(model).endswith(f": {name} is missing.")

    @pytest.mark.parametrize("name", ["notes.txt", ".hidden", "model.onnx"])
    def test_an_extra_file(self, model: Path, name: str) -> None:
        (model / name).write_bytes(b"")
        assert f"{name} does not belong to the model" in refused(model)

    @pytest.mark.parametrize("name", FILES)
    def test_a_truncated_file(self, model: Path, name: str) -> None:
        (model / name).write_bytes(CONTENT[name][:-1])
        assert f"{name} has {len(CONTENT[name]) - 1} bytes" in refused(model)

    @pytest.mark.parametrize("name", FILES)
    def test_a_longer_file(self, model: Path, name: str) -> None:
        (model / name).write_bytes(CONTENT[name] + b" ")
        assert f"{name} has {len(CONTENT[name]) + 1} bytes" in refused(model)

    @pytest.mark.parametrize("name", FILES)
    @pytest.mark.parametrize("place", [0, -1])
    def test_a_flipped_bit(self, model: Path, name: str, place: int) -> None:
        content = bytearray(CONTENT[name])
        content[place] ^= 1
        (model / name).write_bytes(content)
        assert refused(model).endswith(f": {name} is damaged: its checksum is not the manifest's.")
        with pytest.raises(ModelError, match="is damaged"):
            Folder(model).map(name)

    @pytest.mark.parametrize("name", [*FILES, MANIFEST])
    def test_a_link(self, model: Path, tmp_path: Path, name: str) -> None:
        (model / name).rename(tmp_path / name)
        (model / name).symlink_to(tmp_path / name)
        assert f"{name} cannot be read" in refused(model)

    @pytest.mark.parametrize("name", [*FILES, MANIFEST])
    def test_no_regular_file(self, model: Path, name: str) -> None:
        (model / name).unlink()
        (model / name).mkdir()
        assert f"{name} is not a regular file" in refused(model)
        (model / name).rmdir()
        os.mkfifo(model / name)
        assert f"{name} is not a regular file" in refused(model)

    def test_a_newer_format(self, model: Path) -> None:
        edit_manifest(model, lambda m: m.update(format_version=FORMAT_VERSION + 1, seqtag="9.8"))
        message = refused(model)
        assert f"its format is {FORMAT_VERSION + 1}, written by seqtag 9.8" in message
        assert message.endswith("Upgrade seqtag.")

    def test_a_kind_that_is_not_known(self, model: Path) -> None:
        edit_manifest(model, lambda m: m.update(format="seqtag-\x1b[2J", seqtag="9.8"))
        message = refused(model)
        assert r"its format is seqtag-\x1b[2J, written by seqtag 9.8" in message
        assert message.endswith("Upgrade seqtag.")

    def test_a_folder_of_another_kind(self, model: Path, tmp_path: Path) -> None:
        write(tmp_path / "state", {"state.json": b"{}", "state.safetensors": b""}, layout.CHECKPOINT)
        wanted = "is a checkpoint, which `seqtag train --resume` reads; expected a model folder."
        assert refused(tmp_path / "state").endswith(wanted)
        with pytest.raises(
            ModelError, match=r"is a model, which `seqtag predict` reads; expected a checkpoint"
        ):
            Folder(model, layout.CHECKPOINT)

    @pytest.mark.parametrize("version", [0, -1, "1", None, 1.0, True, []])
    def test_a_format_that_is_no_number(self, model: Path, version: object) -> None:
        edit_manifest(model, lambda m: m.update(format_version=version))
        assert "expected a whole number" in refused(model)

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"9" * 5000, b'{"format": "other"}', b"\0"],
        ids=range(9),
    )
    def test_nonsense_for_a_manifest(self, model: Path, content: bytes) -> None:
        (model / MANIFEST).write_bytes(content)
        refused(model)

    @pytest.mark.parametrize(
        "entry",
        [None, 3, [], {}, {"size": 1}, {"size": "1", "sha256": ""}, {"size": True, "sha256": ""},
         {"size": 1, "sha256": 1}, {"size": 1, "sha256": "", "url": "x"}, {"size": -5, "sha256": ""}],
    )  # fmt: skip
    def test_nonsense_for_an_entry(self, model: Path, entry: object) -> None:
        edit_manifest(model, lambda m: m["files"].update({"vocab.json": entry}))
        assert "the entry of vocab.json has no size and sha256" in refused(model)

    @pytest.mark.parametrize(
        "change",
        [
            lambda m: m["files"].update({"../../etc/passwd": m["files"]["vocab.json"]}),
            lambda m: m["files"].update({"code.py": m["files"]["vocab.json"]}),
            lambda m: m["files"].pop("vocab.json"),
            lambda m: m.update(files=list(m["files"])),
            lambda m: m.pop("files") and None,
        ],
        ids=["path", "more", "fewer", "list", "none"],
    )
    def test_other_files(self, model: Path, change: Callable[[dict], object]) -> None:  # type: ignore[type-arg]
        edit_manifest(model, lambda m: (change(m), m)[1])
        assert "lists other files" in refused(model)

    def test_a_manifest_of_any_size_takes_no_memory(self, model: Path) -> None:
        with (model / MANIFEST).open("ab") as file:
            file.truncate(1 << 40)
        assert "expected 1048576 at most" in refused(model)

    def test_a_file_is_looked_at_before_it_is_read(self, model: Path) -> None:
        with (model / "vocab.json").open("ab") as file:
            file.truncate(1 << 40)
        assert f"vocab.json has {1 << 40} bytes" in refused(model)

    @pytest.mark.parametrize("name", FILES)
    def test_a_file_too_large_to_be_true(self, model: Path, name: str) -> None:
        edit_manifest(model, lambda m: m["files"][name].update(size=layout.MOST[name] + 1))
        assert f"{name} is larger than seqtag can have written it" in refused(model)

    def test_a_manifest_s_word_takes_no_memory(self, model: Path) -> None:
        """A size is believed when it is there."""
        name = "weights.safetensors"
        edit_manifest(model, lambda m: m["files"][name].update(size=layout.MOST[name]))
        tracemalloc.start()
        try:
            assert f"{name} has " in refused(model)
            assert tracemalloc.get_traced_memory()[1] < 1 << 22
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize(
        "content",
        [b'{"a": 1, "a": 2}', b'{"a": {"b": 1, "b": 1}}', b'{"a": NaN}', b'{"a": -Infinity}', b"9" * 5000,
         b'{"a": ' + b"[" * 100_000, b'{"a": [' + b"[]," * (1 << 20) + b"[]]}"],
        ids=range(7),
    )  # fmt: skip
    def test_json_that_seqtag_does_not_write(self, tmp_path: Path, content: bytes) -> None:
        write(tmp_path / "model", CONTENT | {"vocab.json": content})
        with pytest.raises(
            ModelError, match=r"vocab\.json (is not JSON|holds the key|is nested|holds more than)"
        ):
            Folder(tmp_path / "model").read_json("vocab.json")

    def test_words_may_hold_any_number_of_brackets(self, tmp_path: Path) -> None:
        words = ["[" * (1 << 20) + "{", "\\", '"[', '\\"]'] * 2
        write(tmp_path / "model", CONTENT | {"vocab.json": layout.dump_json({"words": words})})
        assert Folder(tmp_path / "model").read_json("vocab.json") == {"words": words}
        many = b'{"words": ["' + b"[" * 99 + b'", ' + b"[]," * (1 << 20) + b"[]]}"
        with pytest.raises(ValueError, match="holds more than 1,048,576 lists and objects"):
            layout.parsed(many)

    def test_messages_steer_no_terminal(self, model: Path) -> None:
        edit_manifest(model, lambda m: m.update(format_version=FORMAT_VERSION + 1, seqtag="9\x1b[2J\n8"))
        assert "\x1b" not in refused(model)
        (model / MANIFEST).unlink()
        write(model.with_name("other"), CONTENT)
        (model.with_name("other") / "\x1b[2J\n").touch()
        assert "\x1b" not in refused(model.with_name("other"))

    @pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{"])
    def test_a_file_that_is_no_json_object(self, tmp_path: Path, content: bytes) -> None:
        write(tmp_path / "model", CONTENT | {"vocab.json": content})
        with pytest.raises(ModelError, match=r"vocab\.json (is not JSON|holds no JSON object)"):
            Folder(tmp_path / "model").read_json("vocab.json")


@pytest.mark.parametrize("depth", [33, 900])
def test_json_in_which_a_reader_would_get_lost(tmp_path: Path, depth: int) -> None:
    content = b'{"a":' * depth + b"1" + b"}" * depth
    write(tmp_path / "model", CONTENT | {"config.json": content})
    with pytest.raises(ModelError, match=r"config\.json is nested deeper than 32 lists and objects"):
        Folder(tmp_path / "model").read_json("config.json")


class TestTarget:
    def test_nothing_there(self, tmp_path: Path) -> None:
        check_target(tmp_path / "a" / "b" / "model", force=False)
        assert os.listdir(tmp_path / "a" / "b") == []

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        (tmp_path / "model").mkdir()
        check_target(tmp_path / "model", force=False)

    def test_a_model(self, model: Path) -> None:
        with pytest.raises(Error, match=r"already contains a model\. Use --force"):
            check_target(model, force=False)
        check_target(model, force=True)
        assert read_all(Folder(model)) == CONTENT

    @pytest.mark.parametrize("force", [False, True])
    def test_a_folder_of_something_else(self, tmp_path: Path, force: bool) -> None:
        (tmp_path / "thesis.tex").write_text("years of work")
        with pytest.raises(Error, match="is not a model folder, so it is not replaced"):
            check_target(tmp_path, force=force)

    @pytest.mark.parametrize("force", [False, True])
    @pytest.mark.parametrize(
        "manifest",
        ['{"name": "a browser extension", "manifest_version": 3}', "no JSON", "[1]", "[" * 100_000],
    )
    def test_somebody_elses_manifest(self, tmp_path: Path, manifest: str, force: bool) -> None:
        (tmp_path / "manifest.json").write_text(manifest)
        (tmp_path / "src").mkdir()
        with pytest.raises(Error, match="is not a model folder, so it is not replaced"):
            check_target(tmp_path, force=force)

    @pytest.mark.parametrize("force", [False, True])
    def test_a_model_with_something_of_the_users_in_it(self, model: Path, force: bool) -> None:
        (model / "notes.txt").write_text("years of work")
        said = r"holds notes\.txt, which is not part of a model, so it is not replaced"
        with pytest.raises(Error, match=said):
            check_target(model, force=force)

    @pytest.mark.parametrize("path", ["inner", "a/b"])
    def test_a_place_in_a_model(self, model: Path, path: str) -> None:
        """Which would be refused from then on, for what does not belong to it."""
        with pytest.raises(Error, match="is inside the model folder"):
            check_target(model / path, force=False)
        assert read_all(Folder(model)) == CONTENT

    def test_a_mount_point(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As it is a volume of a container: nothing can take its place, so it is better known before training."""
        monkeypatch.setattr(Path, "is_mount", lambda path: path == tmp_path)
        with pytest.raises(Error, match=r"is a mount point, .* Choose a folder in it"):
            check_target(tmp_path, force=True)
        check_target(tmp_path / "model", force=False)
        monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "model.checkpoint")
        write(
            tmp_path / "model.checkpoint", {"state.json": b"{}", "state.safetensors": b""}, layout.CHECKPOINT
        )
        with pytest.raises(Error, match="is a mount point"):
            checkpoint.Checkpoint(tmp_path / "model").check_place()

    def test_a_place_of_a_checkpoint(self, tmp_path: Path) -> None:
        with pytest.raises(Error, match=r"a name that ends in \.checkpoint is for the checkpoint"):
            check_target(tmp_path / "model.checkpoint", force=True)

    @pytest.mark.parametrize("path", ["/", "none/.."])
    def test_what_is_no_name_for_a_folder(self, tmp_path: Path, path: str) -> None:
        with (
            pytest.raises(Error, match="is not the name of a folder that can be created"),
            claimed(tmp_path / path),
        ):
            pass
        assert os.listdir(tmp_path) == []

    def test_a_name_that_leaves_no_room_for_a_draft(self, tmp_path: Path) -> None:
        """It would be found out after the training otherwise."""
        with pytest.raises(Error, match="cannot be written: File name too long"):
            check_target(tmp_path / ("n" * 240), force=False)
        assert os.listdir(tmp_path) == []

    def test_hidden_folders_of_the_users_stay(self, model: Path) -> None:
        """Only names that nobody else gives are taken for what a killed run has left."""
        names = [".model.previous", ".model.settings", ".model.original", ".model.previous.former"]
        for name in names:
            (model.parent / name).mkdir()
        left = [".model.seqtag-abcdefg_", ".model.seqtag-12345678.former"]
        for name in left:
            (model.parent / name).mkdir()
        with claimed(model):
            pass
        assert sorted(os.listdir(model.parent)) == sorted([*names, model.name])

    @pytest.mark.parametrize("force", [False, True])
    def test_a_file_or_a_link_in_the_way(self, model: Path, tmp_path: Path, force: bool) -> None:
        (tmp_path / "file").write_bytes(b"")
        (tmp_path / "link").symlink_to(model)
        (tmp_path / "dangling").symlink_to(tmp_path / "none")
        for name in ("file", "link", "dangling"):
            with pytest.raises(Error, match="already exists and is not"):
                check_target(tmp_path / name, force=force)

    def test_a_file_among_the_parents(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(Error, match=r"cannot be written: (Not a directory|File exists)"):
            check_target(tmp_path / "file" / "model", force=False)

    def test_a_parent_that_cannot_be_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tests may run as root, whom no mode stops: so the refusal itself is played."""

        def mkdtemp(*arguments: object, **options: object) -> str:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(replacing.tempfile, "TemporaryDirectory", mkdtemp)
        with pytest.raises(Error, match="model: cannot be written: Permission denied"):
            check_target(tmp_path / "model", force=False)
