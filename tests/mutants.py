# ruff: noqa: E501  tables of what is nasty
"""Model folders spoilt at random, most of them signed again with a right manifest, and what becomes of them.

    python tests/mutants.py MODEL [MODEL ...] [--count 10000] [--seed 1] [--restore]

Each is asked what it is, loaded and, if it loads, made to tag; `--restore` also builds its Keras network, as explain and gradients do. It
must be refused with a Error, or be a model. Counted are crashes (another exception, or the end of the process),
damaged folders and folders with a link in them that have no new signature and load all the same, and whatever is opened
outside the folder, by an audit hook. The child's address space is limited, and its largest size is told.
"""

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import pkgutil
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

SENTENCES = [["Ana", "Ruiz", "left", "New", "York", "."], ["\U0001f600"], ["x" * 90, "Oslo", "3"]]
HOSTILE: list[Any] = [
    None, True, False, -1, 0, 1, 2, 7, 2**31, 2**63, 10**300, 0.5, 1e308, -1e308, "", "O", "\ud800", "a\x1b[2Jb\n", "/etc/passwd",
    "../../../etc/passwd", "http://127.0.0.1:9/x", "file:///etc/passwd", [], {}, [[]], [None], {"a": 1}, "lstm", "bio", "BIO", "word",
]  # fmt: skip
ADDRESS_SPACE = 6 << 30
WATCHED = (
    "open", "socket", "subprocess", "os.system", "os.exec", "os.posix_spawn", "os.fork", "marshal.loads", "pickle", "import",
    "compile", "exec", "ctypes.dlopen", "urllib", "ftplib", "os.remove", "os.rename", "os.mkdir", "os.symlink",
)  # fmt: skip
Files = dict[str, bytes]


# ------------------------------------------------------------------------------------------------------------
# Ways to spoil a folder: of its files (signed again afterwards), or of the folder itself (not signed)


def flip(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 4, 30))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def shuffle(content: bytes, draw: random.Random) -> bytes:
    """A stretch taken out, doubled, or put elsewhere."""
    start = draw.randrange(len(content))
    end = min(len(content), start + draw.choice((1, 2, 8, 100, 3000)))
    at = draw.randrange(len(content))
    return draw.choice(
        (content[:start] + content[end:], content[:end] + content[start:], content[:at] + content[start:end] + content[at:])
    )  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values of a JSON tree; of long lists some."""
    found = [path] if path else []
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in list(entries)[:40]:
        found += places(inner, (*path, key))
    return found


def json_value(content: bytes, draw: random.Random) -> bytes:
    """A value replaced, dropped, doubled, or a key added."""
    tree = json.loads(content)
    *path, last = draw.choice(places(tree))
    inner = tree
    for key in path:
        inner = inner[key]
    action = draw.choice(("set", "set", "set", "drop", "double", "add"))
    if action == "set":
        inner[last] = draw.choice(HOSTILE)
    elif action == "drop":
        del inner[last]
    elif isinstance(inner, list):
        inner.insert(
            draw.randrange(len(inner) + 1), inner[last] if action == "double" else draw.choice(HOSTILE)
        )
    else:
        inner[draw.choice(("x", "file", "url", "__class__", "indexers", "tags"))] = draw.choice(HOSTILE)
    return json.dumps(tree).encode()


def json_text(content: bytes, draw: random.Random) -> bytes:
    """What is no JSON, or hardly."""
    at = (
        draw.choice([place for place in range(len(content)) if content[place : place + 1] in b"[:,{"] or [0])
        + 1
    )
    piece = draw.choice(
        (b"[" * 100_000, b'{"a":' * 100_000, b"NaN,", b"-Infinity,", b"9" * 5000 + b",", b"1e999,", b'"\\ud800",', b"\xff", b"\0",
         b'"tags":[],', b'"tags":[],"tags":[],', b'"indexers":{},', b"[" + b"[]," * 60_000 + b"[]],", b"/*x*/", b"\xef\xbb\xbf")
    )  # fmt: skip
    return content[:at] + piece + content[at:]


def size(content: bytes, draw: random.Random) -> bytes:
    """Another size, cell, head or number of layers in the settings: they no longer fit the weights."""
    tree = json.loads(content)
    section, name, values = draw.choice((
        ("encoder", "units", (1, 11, 8192, 10**9)), ("encoder", "layers", (2, 32, 10**9)), ("encoder", "cell", ("gru", "cnn", "jordan", "dense")),
        ("encoder", "bidirectional", (False, True)), ("encoder", "attention", ("self",)), ("encoder", "attention_heads", (256, 10**9)),
        ("encoder", "residual", ("highway", "residual")), ("encoder", "activation", ("prelu", "hard_tanh", "relu")),
        ("encoder", "merge_mode", ("sum", "ave")), ("encoder", "width", (2, 101)), ("encoder", "dilation", (16,)),
        ("head", "name", ("softmax", "feedback", "crf")), ("head", "units", (8192,)), ("head", "beam", (100, 10**9)), ("head", "tag_dim", (1024,)),
    ))  # fmt: skip
    tree[section][name] = draw.choice(values)
    return json.dumps(tree).encode()


def numbers(content: bytes, draw: random.Random) -> bytes:
    """Weights that are other numbers, or none."""
    begin = 8 + int.from_bytes(content[:8], "little")
    changed = bytearray(content)
    value = draw.choice((float("nan"), float("inf"), -float("inf"), 3e38, -3e38, 1e20, 100.0, 0.0))
    count = (len(content) - begin) // 4
    first = draw.randrange(count)
    for place in range(first, min(count, first + draw.choice((1, 1, 50, count)))):
        struct.pack_into("<f", changed, begin + 4 * place, value)
    return bytes(changed)


def weights(content: bytes, draw: random.Random) -> bytes:
    """The header of a safetensors file changed."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    name = draw.choice(list(header))
    action = draw.randrange(7)
    if action == 0:
        return struct.pack("<Q", draw.choice((0, 1, size - 1, size + 9, 2**40, 2**64 - 1))) + content[8:]
    if action == 1:
        header[name]["shape"] = draw.choice(([2**40], [], [-1, 2], [0], "x", [1] * 70_000, [2**62, 2**62]))
    elif action == 2:
        header[name]["data_offsets"] = draw.choice(([0, 2**60], [8, 4], [0, 0], [-4, 0], ["a"], None))
    elif action == 3:
        header[name]["dtype"] = draw.choice(("F64", "I64", "BOOL", "F16", "pickle", 3))
    elif action == 4:
        header["__metadata__"] = {"a": "b"}
    elif action == 5:
        header[draw.choice(("x", "../x", "/etc/passwd"))] = header.pop(name)
    else:
        header = {str(at): {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for at in range(30_000)}
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + content[8 + size :]


def vectors(content: bytes, draw: random.Random) -> bytes:
    """A number in the header changed, or a part after it."""
    changed = bytearray(content)
    kind, place = draw.choice((("<I", 8), ("<I", 12), ("<Q", 16), ("<Q", 24)))
    high = 2**32 - 1 if kind == "<I" else 2**64 - 1
    struct.pack_into(kind, changed, place, draw.choice((0, 1, 2, 5, 7, 1 << 14, 2**31, 2**32 - 1, high)))
    return bytes(changed)


def unsigned(folder: Path, other: Files, draw: random.Random) -> None:
    """Spoils a folder and leaves its manifest."""
    name = draw.choice(sorted(entry.name for entry in folder.iterdir()))
    path = folder / name
    content = path.read_bytes()
    action = draw.randrange(11)
    if action < 3:
        path.write_bytes(draw.choice((flip, cut, shuffle))(content, draw))
    elif action == 3:
        path.write_bytes(other.get(name, b"{}"))
    elif action == 4:
        another = draw.choice(sorted(folder.iterdir()))
        path.write_bytes(another.read_bytes())
    elif action == 5:
        (folder / draw.choice(("x", ".x", "model.onnx", "..x", "\x1b[2J", "code.py"))).write_bytes(content)
    elif action == 6:
        path.unlink()
    elif action in (7, 8):
        path.unlink()
        target = folder.parent / "outside"
        target.write_bytes(content)
        path.symlink_to(target if action == 7 else "/etc/passwd")
    elif action == 9:
        path.unlink()
        os.mkfifo(path)
    else:
        path.unlink()
        path.mkdir()


def manifest(content: bytes, draw: random.Random) -> bytes:
    tree = json.loads(content)
    files = tree["files"]
    name = draw.choice(list(files))
    draw.choice((
        lambda: tree.update(format_version=draw.choice((0, 3, 99, -1, "1", 1.0, True, None, 10**400, [1]))),
        lambda: tree.update(format=draw.choice(("x", None, 1))),
        lambda: files.update({draw.choice(("../x", "/etc/passwd", "a/b", "x.py", "", "\ud800")): files[name]}),
        lambda: files.pop(name),
        lambda: files[name].update(size=draw.choice((0, -1, 2**40, 2**31 - 1, 10**300, "1", None))),
        lambda: files[name].update(sha256=draw.choice(("", "0" * 64, None, 3))),
        lambda: files[name].update(url="http://127.0.0.1:9/"),
        lambda: files.update({name: draw.choice(HOSTILE)}),
    ))()  # fmt: skip
    return json.dumps(tree).encode()


# Kind: the file it changes (None: any), how, and whether the folder is signed again.
SIGNED: dict[str, tuple[str | None, Callable[[bytes, random.Random], bytes]]] = {
    "any file: bits": (None, flip),
    "any file: cut": (None, cut),
    "any file: shuffled": (None, shuffle),
    "vocab.json: a value": ("vocab.json", json_value),
    "vocab.json: the text": ("vocab.json", json_text),
    "config.json: a value": ("config.json", json_value),
    "known.json: a value": ("known.json", json_value),
    "config.json: a size": ("config.json", size),
    "weights: bits": ("weights.safetensors", flip),
    "weights: shuffled": ("weights.safetensors", shuffle),
    "weights: the header": ("weights.safetensors", weights),
    "weights: the numbers": ("weights.safetensors", numbers),
    "vectors.bin: the header": ("vectors.bin", vectors),
    "lm.config.json: a value": ("lm.config.json", json_value),
    "lm.vocab.json: a value": ("lm.vocab.json", json_value),
    "lm.weights: the header": ("lm.weights.safetensors", weights),
    "lm.weights: the numbers": ("lm.weights.safetensors", numbers),
    "a file of another model": (None, flip),
}
KINDS = dict.fromkeys(SIGNED, 1) | {
    "config.json: a size": 3, "weights: the header": 2, "vocab.json: a value": 3, "unsigned": 3, "the manifest": 1,
}  # fmt: skip


def files_of(folder: Path) -> Files:
    return {
        entry.name: entry.read_bytes() for entry in sorted(folder.iterdir()) if entry.name != "manifest.json"
    }


def signed(files: Files, kind: str = "seqtag-model", version: int | None = None) -> bytes:
    entries = {n: {"size": len(c), "sha256": hashlib.sha256(c).hexdigest()} for n, c in files.items()}
    version = version or (1 if "model.onnx" in files else 2)
    return json.dumps({"format": kind, "format_version": version, "seqtag": "0", "files": entries}).encode()


def put(folder: Path, files: Files) -> Path:
    """The folder of a language model with these files and their right manifest."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "manifest.json").write_bytes(signed(files, "seqtag-lm", 1))
    return folder


def spoil(kind: str, files: Files, other: Files, folder: Path, draw: random.Random) -> None:
    """Writes a spoilt folder of this kind."""
    changed = dict(files)
    if kind == "a file of another model":
        for name in draw.sample(sorted(files), draw.choice((1, 1, 2, 3))):
            changed |= {name: other[name]} if name in other else {}
            if name not in other:
                del changed[name]
    elif kind in SIGNED:
        wanted, change = SIGNED[kind]
        name = wanted if wanted in files else draw.choice(sorted(files))
        if wanted is not None and wanted not in files:
            change = flip
        changed[name] = change(files[name], draw)
    folder.mkdir()
    for name, content in changed.items():
        (folder / name).write_bytes(content)
    listing = signed(changed)
    (folder / "manifest.json").write_bytes(manifest(listing, draw) if kind == "the manifest" else listing)
    if kind == "unsigned":
        unsigned(folder, other, draw)


# ------------------------------------------------------------------------------------------------------------
# The child: one process that loads one folder after the other


def attempt(folder: Path, restoring: bool, whole: bool = False) -> str:
    """What becomes of a folder: "refused", "refused when used", or "a model"; all files are read if it is to be seen
    `whole`.
    """
    from seqtag.inference.tagger import SentenceTagger
    from seqtag.model_folder.folder import Folder
    from seqtag.model_folder.folder import load as load_folder
    from seqtag.model_folder.stored import read_known
    from seqtag.stages.info import info
    from seqtag.support.errors import Error
    from seqtag.tasks.tagging.restore import Stored

    refused = "refused"
    with contextlib.suppress(Error):
        json.dumps(info(str(folder)).to_json())
    try:
        tagger = SentenceTagger.load(folder, 1)
        load_folder(folder, lambda opened: read_known(opened, spans=tagger.scheme.is_spans))
        refused = "refused when used"
        for answer in tagger.tag(SENTENCES, entities=True, nbest=int(min(2, tagger.most))):
            json.dumps([answer.tags, answer.probabilities, list(answer.span_probabilities)], allow_nan=False)
            "".join(answer.tags).encode()
        if whole:
            for name in Folder(folder).files:
                Folder(folder).read(name)
        if restoring:
            Stored.of(Folder(folder), tagger.vocabulary).network()
    except Error as problem:
        if "\n" in str(problem) or "\x1b" in str(problem) or len(str(problem)) > 2000:
            raise ValueError(f"an unfit message: {str(problem)[:300]!r}") from problem
        return refused
    return "a model"


def largest() -> int:
    """The largest size of this process in MB. Not `ru_maxrss`: Linux hands that down from who started the process."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) >> 10 for line in status.splitlines() if line.startswith("VmHWM:"))


def opened(path: str | bytes, flags: int) -> str:
    """Where the file lies that is opened: a link leads elsewhere unless the flags forbid to follow it."""
    place, name = os.path.split(os.fsdecode(path))
    return os.path.join(os.path.realpath(place), name) if flags & os.O_NOFOLLOW else os.path.realpath(path)


def child(models: list[Path], seed: int, start: int, count: int, restoring: bool) -> None:
    """Prints a line of JSON before and after each folder."""
    import seqtag.graph
    from seqtag.settings import plugins, registry

    for module in pkgutil.walk_packages(seqtag.graph.__path__, "seqtag.graph."):  # parts are loaded by name
        importlib.import_module(module.name)
    for table in vars(registry).values():  # an unknown name is looked up once among the installed packages
        if isinstance(table, registry.Table):
            plugins.installed(table.group)
    scratch = Path(tempfile.mkdtemp(prefix="mutants"))
    bases = [files_of(model) for model in models]
    for number, files in enumerate(bases):  # whatever is imported is imported now
        (scratch / f"base{number}").mkdir()
        for name, content in (files | {"manifest.json": signed(files)}).items():
            (scratch / f"base{number}" / name).write_bytes(content)
        assert attempt(scratch / f"base{number}", restoring, whole=True) == "a model"
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    watching: list[str] = []
    outside: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event.startswith(WATCHED):
            if event == "open" and isinstance(arguments[0], int):
                return  # what has a number was opened before
            if event != "open" or not opened(arguments[0], arguments[2]).startswith(watching[0]):
                outside.append(f"{event} {str(arguments)[:200]}")

    sys.addaudithook(hook)
    kinds = [kind for kind, share in KINDS.items() for _ in range(share)]
    for number in range(start, start + count):
        draw = random.Random(f"{seed} {number}")
        kind, at = kinds[number % len(kinds)], draw.randrange(len(bases))
        folder = scratch / "model"
        print(json.dumps({"number": number, "kind": kind}), flush=True)
        spoil(kind, bases[at], bases[draw.randrange(len(bases))], folder, draw)
        outside.clear()
        watching.append(os.path.join(os.path.realpath(folder), ""))
        try:
            result = attempt(folder, restoring, whole=kind == "unsigned")
        except BaseException as problem:
            result = f"crash: {type(problem).__name__}: {str(problem)[:300]}"
        watching.clear()
        if result == "a model" and kind == "unsigned":
            linked = any(entry.is_symlink() for entry in folder.iterdir())
            if linked or files_of(folder) != bases[at]:
                result = "silent"
        print(
            json.dumps(
                {"number": number, "kind": kind, "result": result, "outside": outside[:3], "mb": largest()}
            ),
            flush=True,
        )
        shutil.rmtree(folder)
    shutil.rmtree(scratch)


def run(
    models: list[Path], seed: int, count: int, restoring: bool = False
) -> tuple[dict[str, Counter[str]], list[str], int]:
    """Runs children until all folders are done: results by kind, what went wrong, and the largest size in MB."""
    results: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    wrong: list[str] = []
    largest, done = 0, 0
    while done < count:
        command = [
            sys.executable,
            __file__,
            *map(str, models),
            "--child",
            str(done),
            "--count",
            str(count - done),
        ]
        command += ["--seed", str(seed), *["--restore"] * restoring]
        last: dict[str, Any] = {}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                with contextlib.suppress(ValueError):  # TensorFlow may print
                    last = json.loads(line)
                if "result" not in last:
                    continue
                done, largest = last["number"] + 1, max(largest, last["mb"])
                name = "crash" if last["result"].startswith("crash") else last["result"]
                results[last["kind"]][name] += 1
                if name in ("crash", "silent") or last["outside"]:
                    wrong.append(line.strip())
        if done < count:
            if not last:
                raise RuntimeError(f"the child ended before its first folder, with {process.returncode}")
            wrong.append(f"the process ended with {process.returncode} at {last}")
            results[last["kind"]]["crash"] += 1
            done = last["number"] + 1
    return results, wrong, largest


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--restore", action="store_true")
    parser.add_argument("--child", type=int)
    given = parser.parse_args()
    if given.child is not None:
        child(given.models, given.seed, given.child, given.count, given.restore)
        return
    results, wrong, largest = run(given.models, given.seed, given.count, given.restore)
    for kind, counts in results.items():
        print(f"{kind:26}", ", ".join(f"{counts[name]} {name}" for name in sorted(counts)))
    total = sum(results.values(), Counter())
    print(f"in all {sum(total.values())}:", dict(total), f"largest size {largest} MB")
    print(*wrong[:40], sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
