"""The training stage: corpus files and settings in, model folder out."""

import dataclasses
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import seqtag
from seqtag import folder, prepare
from seqtag.config import Config
from seqtag.errors import UserError
from seqtag.ledger import Gradients
from seqtag.model import runtime
from seqtag.prepare import Corpora
from seqtag.run import Diverged, Epoch, Listener, Prepared, Progress, Run, score_corpus, spread
from seqtag.scoring import Score
from seqtag.tagger import Tagger
from seqtag.vectors import Vectors
from seqtag.vectors import read as read_vectors

__all__ = ["Epoch", "Prepared", "Progress", "Result", "SeedResult", "spread", "train"]


@dataclass(frozen=True)
class SeedResult:
    """What training with one seed came to.

    Attributes:
        seed: The seed.
        history: Each epoch.
        best_epoch: The epoch whose weights were kept.
        dev: Their score on dev.
        test: Their score on test, if there is a test file.
        seconds: The whole run.
        gradients: What its gradients were like.
        stopped: Why training stopped before its end, if numbers were not finite; empty otherwise.
    """

    seed: int
    history: list[Epoch]
    best_epoch: int
    dev: Score
    test: Score | None
    seconds: float
    gradients: Gradients | None = None
    stopped: str = ""


@dataclass(frozen=True)
class Result:
    """What training came to.

    Attributes:
        path: The model folder.
        prepared: What was read.
        best: The seed whose model was kept: the best on dev.
        seeds: All seeds, in order.
        seconds: Everything.
    """

    path: Path
    prepared: Prepared
    best: SeedResult
    seeds: list[SeedResult]
    seconds: float


def train(
    config: Config,
    train_path: str,
    dev_path: str | None,
    test_path: str | None,
    output: Path,
    *,
    seeds: int = 1,
    force: bool = False,
    debug: bool = False,
    listener: Listener = lambda event: None,
) -> Result:
    """Trains a tagger, keeps the epoch that scores best on dev and writes it as a model folder.

    Args:
        config: The settings.
        train_path: The training file.
        dev_path: The development file; a seeded part of the training file is held out if there is none.
        test_path: A file that is scored once, by the model that was kept.
        output: The model folder.
        seeds: How many runs, with the seed of the settings and those after it; the best on dev is kept.
        force: Whether a model there may be replaced.
        debug: Whether TensorFlow may print.
        listener: Hears what was read, each step and each epoch.

    Raises:
        UserError: A file cannot be read right, the output cannot be written, or training ran into numbers that are not
            finite; in the last case the best epoch before that is written all the same, if there is one.
    """
    started = time.perf_counter()
    folder.check_target(output, force=force)
    corpora = prepare.read_corpora(config, train_path, dev_path, test_path)
    config = prepare.fill_in(config, corpora)
    file = config.embeddings.vectors.file
    vectors = read_vectors(file) if file else None
    results: list[SeedResult] = []
    best: SeedResult | None = None
    for seed in range(config.training.seed, config.training.seed + seeds):
        runtime.start(seed, debug=debug)
        settings = dataclasses.replace(config, training=dataclasses.replace(config.training, seed=seed))
        try:
            run, network, result = _run(settings, corpora, vectors, listener)
        except Diverged as problem:
            if best is None:
                raise
            stopped = str(problem)
            break
        stopped = result.stopped
        results.append(result)
        if best is None or result.dev.main > best.dev.main:
            best, prepared = result, run.prepared
            report = _report(prepared, result, corpora)
            files = run.files(network, report)
        if stopped:
            break
    if best is None:
        raise ValueError(f"at least one seed is needed. Received: seeds={seeds}")
    if seeds > 1:
        files["report.json"] = folder.dump_json(report | {"seeds": _seeds_report(results)})
    folder.write(output, files)
    if stopped:
        kept = f"epoch {best.best_epoch}" + f" of seed {best.seed}" * (seeds > 1)
        raise UserError(f"{stopped} The best model so far, that of {kept}, is in {output}.")
    return Result(output, prepared, best, results, time.perf_counter() - started)


def _run(
    config: Config, corpora: Corpora, vectors: Vectors | None, listener: Listener
) -> tuple[Run, bytes, SeedResult]:
    """Trains with one seed; returns the run, the exported network of its best epoch, and what it came to."""
    started = time.perf_counter()
    run = Run(config, corpora, vectors)
    listener(run.prepared)
    history = run.fit(listener)
    try:
        network = run.best_network()
    except UserError as problem:
        raise Diverged(f"{run.stopped} No model was written.") if run.stopped else problem from None
    tagger = Tagger(network, run.vocabulary)
    result = SeedResult(
        seed=config.training.seed,
        history=history,
        best_epoch=run.best_epoch,
        dev=score_corpus(tagger, corpora.dev, corpora.scheme),
        test=score_corpus(tagger, corpora.test, corpora.scheme) if corpora.test else None,
        seconds=time.perf_counter() - started,
        gradients=run.ledger.gradients(),
        stopped=run.stopped,
    )
    return run, network, result


def _seeds_report(results: list[SeedResult]) -> dict[str, Any]:
    """What `report.json` holds of several seeds: the score of each, and by corpus their mean and spread."""
    scores = {
        "dev": [result.dev.main for result in results],
        "test": [result.test.main for result in results if result.test],
    }
    found: dict[str, Any] = {
        "seeds": [result.seed for result in results],
        "best_epochs": [result.best_epoch for result in results],
    }
    for name, values in scores.items():
        if values:
            mean, deviation = spread(values)
            found[name] = {"scores": values, "mean": mean, "standard_deviation": deviation}
    return found


def _report(prepared: Prepared, result: SeedResult, corpora: Corpora) -> dict[str, Any]:
    """What `report.json` holds."""
    import keras
    import onnxruntime
    import tensorflow as tf

    files = {"train": corpora.train, "dev": corpora.dev, "test": corpora.test}
    return {
        "data": {
            name: {"sentences": len(corpus.sentences), "tokens": corpus.tokens}
            for name, corpus in files.items()
            if corpus is not None
        },
        "held_out": prepared.held_out,
        "ill_formed": prepared.ill_formed,
        "unknown_rate": prepared.unknown_rate,
        "parameters": prepared.parameters,
        "vocabulary": prepared.vocabulary,
        "coverage": prepared.coverage,
        "seed": result.seed,
        "history": [_reproducible(epoch) for epoch in result.history],
        "best_epoch": result.best_epoch,
        "gradients": result.gradients.to_json() if result.gradients else None,
        "dev": result.dev.to_json(),
        "test": result.test.to_json() if result.test else None,
        "versions": {
            "seqtag": seqtag.__version__,
            "python": platform.python_version(),
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "onnxruntime": onnxruntime.__version__,
        },
    }


def _reproducible(epoch: Epoch) -> dict[str, Any]:
    """The epoch without what a clock measured, so that equal runs leave equal bytes."""
    return {
        name: value for name, value in asdict(epoch).items() if name not in ("seconds", "tokens_per_second")
    }
