"""The merging stage: folders of taggers in, the folder of one tagger out that averages them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os.path import exists, samefile
from pathlib import Path
from typing import Any

import seqtag
from seqtag.evaluation.evaluation import Evaluation
from seqtag.evaluation.known import Known
from seqtag.features.indexers.mentions import MENTIONS
from seqtag.features.merged import mismatch
from seqtag.features.vocabulary import Vocabulary
from seqtag.graph import outputs
from seqtag.graph.build import head_name
from seqtag.inference import language_states
from seqtag.model_folder import members, replacing
from seqtag.model_folder.card import with_card
from seqtag.model_folder.claims import claimed
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.folder import load as load_folder
from seqtag.model_folder.layout import LANGUAGE_MODEL, MODEL, MOST_MEMBERS, dump_json, format_of
from seqtag.model_folder.stored import (
    plan_of,
    read_config,
    read_known,
    read_network,
    read_vocabulary,
    read_weights,
)
from seqtag.settings.plugins import Plugin
from seqtag.support.errors import Error, ModelError, UsageError
from seqtag.support.quoting import one_line
from seqtag.tasks import seen
from seqtag.tasks.tagging.evaluate import evaluate
from seqtag.tasks.use import EvaluationOrder

STDIN = "-"
HEADS = ("crf", "softmax")  # whose scores can be averaged


@dataclass(frozen=True)
class DevScore:
    """A model on the dev file.

    Attributes:
        name: Its folder.
        evaluation: Its score, and how long it took.
    """

    name: str
    evaluation: Evaluation


@dataclass(frozen=True)
class MergedModel:
    """What merging came to.

    Attributes:
        path: The folder.
        members: How many networks it runs.
        size: The bytes of its folder.
        apart: The bytes of the folders of the models that were merged.
        scored: Each model and then the merged one on the dev file; nothing without one.
    """

    path: Path
    members: int
    size: int
    apart: int
    scored: tuple[DevScore, ...]


@dataclass(frozen=True)
class _Model:
    """What is merged.

    Attributes:
        members: The files of each of its networks, one but for a merged model.
        vocabulary: Its vocabulary.
        heads: The heads of its networks.
        known: What its training corpus held.
        reports: How each of its networks was made.
        plugins: The parts of other packages that it needs.
    """

    members: list[dict[str, bytes]]
    vocabulary: Vocabulary
    heads: list[str]
    known: Known
    reports: list[dict[str, Any]]
    plugins: tuple[Plugin, ...]

    @classmethod
    def of(cls, folder: Folder) -> "_Model":
        vocabulary = read_vocabulary(folder, language_states.of_folder)
        views = members.members_of(folder)
        read_network(folder, vocabulary, {outputs.TAGS.name})  # what cannot be built is refused here
        legal = plan_of(read_config(views[0]), getattr(vocabulary, "members", (vocabulary,))[0]).legal
        return cls(
            [_files(view) for view in views],
            vocabulary,
            [head_name(read_config(view), legal) for view in views],
            read_known(folder, spans=vocabulary.scheme.is_spans),
            _reports(folder),
            folder.plugins,
        )


def merge(
    models: Sequence[str],
    output: Path,
    *,
    dev: str | None = None,
    force: bool = False,
    threads: int = 0,
    say: Callable[[str], None] = lambda text: None,
) -> MergedModel:
    """Merges taggers into one whose scores are the means of theirs, and writes its folder.

    Args:
        models: The folders of two or more taggers with the same tags. Of a merged one, the members are taken.
        output: The folder for the merged model.
        dev: A file on which each of them is scored, and the merged one.
        force: Whether a model that is there may be replaced.
        threads: Batches that are tagged side by side; 0 for as many as the process may use cores.
        say: Receives what is being done.

    Raises:
        Error: The models cannot be merged, a file cannot be read, or the folder cannot be written.
    """
    _check_models(models, output)
    if dev is not None and exists(dev) and not Path(dev).is_file():
        raise UsageError(f"--dev: {dev} is read once for each model; expected a regular file.")
    if dev == STDIN:
        raise UsageError("--dev: is read once for each model; expected a file. Received: - (stdin)")

    def scored(path: str) -> list[DevScore]:
        if dev is None:
            return []
        say(f"scoring {path}")
        found = evaluate(EvaluationOrder(path, dev, threads=threads))
        return [DevScore(path, seen.marked(found, Path(path)))]

    with claimed(output):
        replacing.check_target(output, force=force, kind=MODEL)
        found: list[_Model] = []
        for path in models:
            say(f"reading {path}")
            found.append(_read(path, found, models[0]))
        if (count := sum(len(one.members) for one in found)) > MOST_MEMBERS:
            raise UsageError(
                f"expected at most {MOST_MEMBERS} models to merge, where each member of a merged one counts. "
                f"Received: {count}"
            )
        scores = [score for path in models for score in scored(path)]
        files = members.files([member for one in found for member in one.members])
        known = found[0].known
        for one in found[1:]:
            known |= one.known
        files["known.json"] = dump_json(known.to_json())
        files["report.json"] = dump_json(
            {"seqtag": seqtag.__version__, "merged": [report for one in found for report in one.reports]}
        )
        say("writing the model")
        plugins = dict.fromkeys(plugin for one in found for plugin in one.plugins)
        replacing.write(output, with_card(files, MODEL), MODEL, [*plugins])
    del found, files  # vectors may be large
    scores += scored(str(output))
    return MergedModel(output, count, _size(output), sum(_size(Path(path)) for path in models), tuple(scores))


def _files(view: Folder) -> dict[str, bytes]:
    """The files of a member; the weights as the newest format has them."""
    found = {name: view.read(name) for name in members.NAMES if name in view.files}
    if view.version < MODEL.version:
        import safetensors.numpy

        found["weights.safetensors"] = safetensors.numpy.save(read_weights(view).take_all())
    return found


def _reports(folder: Folder) -> list[dict[str, Any]]:
    try:
        return members.reports_of(folder.read_json("report.json"))
    except ValueError as problem:
        raise ModelError(f"{folder.path}: report.json: {one_line(problem)}.") from problem


def _size(path: Path) -> int:
    return sum(entry.stat().st_size for entry in path.iterdir())


def _check_models(models: Sequence[str], output: Path) -> None:
    """Refuses folders that cannot be merged, by what they are; what they hold is not looked at."""
    if len(models) < 2:
        raise UsageError(f"expected at least two models to merge. Received: {len(models)}")
    for number, model in enumerate(models):
        if not exists(model):
            continue  # reading it says so
        if exists(output) and samefile(output, model):
            raise UsageError(f"{output}: is also an input; choose another -o.")
        for other in models[:number]:
            if samefile(other, model):
                raise UsageError(f"{model}: is given twice; expected different models.")
        if format_of(Path(model)) == LANGUAGE_MODEL.format:
            raise UsageError(f"{model}: is a language model; `seqtag lm mix` mixes those.")


def _read(path: str, before: Sequence[_Model], first: str) -> _Model:
    """A model that fits the first of those before it."""
    model = load_folder(Path(path), _Model.of)
    for head in model.heads:
        if head not in HEADS:
            raise Error(
                f"{path}: its head is {head}; expected {' or '.join(HEADS)}, whose scores can be averaged."
            )
    if MENTIONS in model.vocabulary.indexers:
        raise Error(
            f"{path}: its encoder.attention is {MENTIONS}; expected a model that reads each sentence by itself."
        )
    if before and (problem := mismatch(model.vocabulary, before[0].vocabulary)):
        raise Error(f"{path}: {problem}; expected the tags, scheme and columns of {first}.")
    return model
