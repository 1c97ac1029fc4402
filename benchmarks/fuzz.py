"""What any bytes do to the readers, the tokenizers, the settings and a model folder: coverage-guided fuzzing.

    python benchmarks/fuzz.py TARGET WORK [--model MODEL] [libFuzzer option]...

needs `pip install atheris` (an environment of its own will do: it is no dependency of seqtag). WORK is a folder for the
inputs that reach new code, which the next run starts from, and for the findings: the first input of each way to fail,
with its traceback. Only our own errors may come out of the code, and what comes out right must keep the promises of
the design; all else is a finding. The run goes on after one, and ends with exit code 1 if there were any. Options for
libFuzzer: -max_total_time=600 (seconds), -runs=100000, -timeout=20, -rss_limit_mb=4096. A busy machine makes little of
an hour: `--processor-time 3600` runs until the target has had that many seconds of the processor.
"""

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["seqtag", "yaml"], enable_loader_override=False):
    import fuzz_corpora
    import yaml  # noqa: F401

    import seqtag.corpora
    import seqtag.evaluation.known
    import seqtag.features.indexers
    import seqtag.graph
    import seqtag.inference.tagger
    import seqtag.model_folder.folder
    import seqtag.settings.config_files
    from seqtag.settings.merging import merge
    from seqtag.support.errors import Error, ModelError

    # The registry imports parts only when they are used, which is too late to instrument them.
    for package in (seqtag.corpora, seqtag.features.indexers, seqtag.graph):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)

Target = Callable[[bytes], None]
REPORT = "report.json"

SETTINGS = [
    "encoder:\n  cell: lstm\n  units: 10\ntraining: {epochs: 3, seed: 0x1f}\n",
    "encoder.units=200\nhead.beam=.inf\ntraining.seed=2001-99-99",
    "a: &x [1, 2]\nb: *x\n!!bool maybe: ? {}\n--- |\n x\n",
]


def config(folder: Path) -> tuple[Target, list[bytes]]:
    """A file of settings, `--set` and `--grid`; the first byte says which."""
    path = folder / "settings.yaml"

    def target(data: bytes) -> None:
        which = data[0] % 3 if data else 0
        if which == 0:
            path.write_bytes(data[1:])
            merge(seqtag.settings.config_files.read(str(path))).to_json()
            return
        given = data[1:].decode("utf-8", "surrogateescape").split("\n")  # as the arguments of a command come
        if which == 1:
            merge(seqtag.settings.config_files.parse_assignments(given)).to_json()
        else:
            seqtag.settings.config_files.parse_grid(given)

    return target, [bytes([kind]) + text.encode() for kind in range(3) for text in SETTINGS]


def folder_of(model: str) -> Callable[[Path], tuple[Target, list[bytes]]]:
    """A model folder with one other file; the first byte says which, and whether its checksum is right."""

    def tagger(opened: seqtag.model_folder.folder.Folder) -> None:
        seqtag.inference.tagger.SentenceTagger.of(opened, threads=1)

    def known(opened: seqtag.model_folder.folder.Folder) -> None:
        with contextlib.suppress(ValueError):
            seqtag.evaluation.known.Known.from_json(opened.read_json("known.json"))

    readers = {
        "vocab.json": tagger,
        "manifest.json": tagger,
        "vectors.bin": tagger,
        "config.json": tagger,
        "weights.safetensors": tagger,
        "known.json": known,
    }
    present = [name for name in readers if (Path(model) / name).exists()]

    class Unused:
        """Takes the place of ONNX Runtime, which takes longer than all else; the graph is built all the same."""

        def __init__(self, *given: object, **options: object) -> None:
            pass

        def get_outputs(self) -> list[object]:
            return []

    def make(folder: Path) -> tuple[Target, list[bytes]]:
        seqtag.inference.tagger.onnxruntime.InferenceSession = Unused
        copy = folder / "model"
        shutil.copytree(model, copy)
        contents = {path.name: path.read_bytes() for path in copy.iterdir()}

        def target(data: bytes) -> None:
            which, content = (data[0], data[1:]) if data else (0, b"")
            name = present[which % 128 % len(present)]
            (copy / name).write_bytes(content)
            if which < 128 and name != "manifest.json":
                manifest = json.loads(contents["manifest.json"])
                manifest["files"][name] = {
                    "size": len(content),
                    "sha256": hashlib.sha256(content).hexdigest(),
                }
                (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
            try:
                seqtag.model_folder.folder.load(copy, readers[name])
            except ModelError:
                pass
            finally:
                for changed in {name, "manifest.json"}:
                    (copy / changed).write_bytes(contents[changed])

        return target, [bytes([kind]) + contents[name] for kind, name in enumerate(present)]

    return make


TARGETS = fuzz_corpora.TARGETS | {"config": config}
OF_MODEL = {"folder": folder_of}


class Recorder:
    """The target with its findings written down, one for each way to fail."""

    def __init__(self, target: Target, findings: Path, report: Path, processor_time: float) -> None:
        self._target = target
        self._findings = findings
        self._report = report
        self._processor_time = processor_time
        self._seen: dict[str, int] = {}
        self.runs = self.refused = 0
        findings.mkdir(parents=True, exist_ok=True)

    def __call__(self, data: bytes) -> None:
        self.runs += 1
        if self.runs % 100 == 0:
            self.write_report()
            if time.process_time() >= self._processor_time:
                os._exit(0)  # an exception would be a finding of libFuzzer's
        try:
            self._target(data)
        except Error as problem:
            self.refused += 1
            message = str(problem)
            if "\n" in message:  # it is one line for the terminal
                self._keep(data, "message:" + type(problem).__name__, message)
        except Exception as problem:
            frames = traceback.extract_tb(problem.__traceback__)
            ours = [frame for frame in frames if "seqtag" in frame.filename] or frames
            self._keep(
                data,
                f"{type(problem).__name__}:{Path(ours[-1].filename).name}:{ours[-1].lineno}",
                traceback.format_exc(),
            )

    def _keep(self, data: bytes, way: str, told: str) -> None:
        self._seen[way] = self._seen.get(way, 0) + 1
        if self._seen[way] == 1:
            name = hashlib.sha256(way.encode()).hexdigest()[:12]
            (self._findings / name).write_bytes(data)
            (self._findings / f"{name}.txt").write_text(f"{way}\n{told}", encoding="utf-8", errors="replace")
            print(f"FINDING {way} -> {self._findings / name}", file=sys.stderr, flush=True)

    def write_report(self) -> None:
        """What the run has come to so far: libFuzzer ends the process without a word to Python."""
        report = {
            "inputs": self.runs,
            "refused": self.refused,
            "processor seconds": round(time.process_time()),
            "ways to fail": self._seen,
        }
        self._report.write_text(json.dumps(report), encoding="utf-8")


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory where there is one."""
    shared = Path("/dev/shm")
    place = shared if shared.is_dir() and os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="seqtag-fuzz-", dir=place) as name:
        yield Path(name)


def fuzz(chosen: argparse.Namespace, options: list[str], folder: Path) -> None:
    """Runs libFuzzer, which ends the process."""
    name = chosen.target
    target, seeds = (OF_MODEL[name](str(chosen.model)) if name in OF_MODEL else TARGETS[name])(folder)
    place = chosen.work / name
    recorder = Recorder(target, place / "findings", folder / REPORT, chosen.processor_time)
    inputs = place / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (inputs / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    atheris.Setup([sys.argv[0], *options, str(inputs)], recorder)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", choices=(*TARGETS, *OF_MODEL))
    parser.add_argument("work", type=Path)
    parser.add_argument("--model", help="folder: the model folder that is changed")
    parser.add_argument("--processor-time", type=float, default=float("inf"), help="seconds, then it ends")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    chosen, options = parser.parse_known_args()
    if chosen.target in OF_MODEL and not chosen.model:
        parser.error(f"the target `{chosen.target}` needs --model")
    if chosen.inside:
        fuzz(chosen, options, chosen.inside)
    with scratch() as folder:
        done = subprocess.run([sys.executable, *sys.argv, "--inside", str(folder)])
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    print(f"{chosen.target}: {report}")
    return 1 if report["ways to fail"] else done.returncode


if __name__ == "__main__":
    sys.exit(main())
