"""Where the time of a training run goes: before the first epoch, within an epoch, after the last.

The step is taken apart by adding one thing at a time, each in a graph of its own, over the same batches in turn: the
forward pass, the backward pass, the update without clipping and averaging, clipping, averaging. What a part takes is
its difference to the row above, so small ones are noisy; none is below zero but by noise.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import common


def batches(run: Any) -> Iterator[tuple[Any, Any]]:
    """An epoch's batches as training makes them."""
    return ((inputs, tags) for _, inputs, tags in run.job.batches(1))


def passes(run: Any) -> dict[str, Callable[[Any, Any], object]]:
    """The forward pass, and the forward and backward pass, each as a graph."""
    import tensorflow as tf

    network = run.network
    needed = network.inputs_needed | network.targets_needed
    inputs = {name: tf.TensorSpec(entry.shape, entry.dtype) for name, entry in needed.items()}
    signature = [inputs, tf.TensorSpec((None, None), tf.int32)]

    def forward(arrays: Any, tags: Any) -> Any:
        return network.loss_of(arrays, tags, training=True)

    def both(arrays: Any, tags: Any) -> Any:
        values = [variable.value for variable in network.trainable_variables]
        with tf.GradientTape() as tape:
            loss = network.loss_of(arrays, tags, training=True)
        return loss, tape.gradient(loss, values)

    graphs = [tf.function(function, input_signature=signature) for function in (forward, both)]
    return {"forward": graphs[0], "backward": graphs[1]}


def steps(config: Any, corpora: Any, vectors: Any) -> dict[str, Callable[[Any, Any], object]]:
    """The parts of a step, each with all before it; the last one is the step as it is."""
    from seqtag.tasks.tagging.tagger_job import TaggerJob
    from seqtag.training.run import Run

    training = config.training
    bare = {"averaging": "none", "global_clipnorm": None, "clipnorm": None, "clipvalue": None}
    changes: dict[str, dict[str, Any]] = {"update": bare, "clipping": {"averaging": "none"}, "averaging": {}}
    made: dict[str, Callable[[Any, Any], object]] = {}
    for name, change in changes.items():
        common.say(f"a network to see what its {name} takes")
        settings = dataclasses.replace(config, training=dataclasses.replace(training, **change))
        run = Run(TaggerJob(settings, corpora, vectors))
        made = made or passes(run)
        made[name] = run.trainer.step
    return made


def timed(found: dict[str, float], name: str, function: Callable[[], Any]) -> Any:
    """What a call gives; its seconds go under a name."""
    started = time.perf_counter()
    result = function()
    found[name] = time.perf_counter() - started
    return result


def over(made: list[tuple[Any, Any]], function: Callable[[Any, Any], object]) -> float:
    """Seconds of a function over all batches."""
    return common.clock(lambda: [function(*batch) for batch in made])


def scored(run: Any, found: dict[str, list[float]]) -> None:
    """Scores dev as it is done after an epoch; its parts' seconds are added to those found."""
    from seqtag.tasks.tagging.tagger_job import score_corpus

    own: dict[str, float] = {}
    settle = getattr(run.trainer, "settle", lambda: None)
    timed(own, "tables brought up to date", settle)
    weights = timed(own, "weights read", run.network.named_weights)
    if run.settings.averaging == "ema":
        timed(own, "averaged weights read", run.trainer.averaged)
    timed(own, "weights set, twice", lambda: [run.network.assign_weights(weights) for _ in range(2)])
    tagger = timed(own, "graph and session", run.job.tagger)
    timed(own, "tagging and score", lambda: score_corpus(tagger, run.job.corpora.dev, run.job.corpora.scheme))
    for name, seconds in own.items():
        found.setdefault(name, []).append(seconds)


def main() -> None:
    made = common.parser(__doc__, "train", "dev")
    made.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="any setting")
    given = made.parse_args()
    common.limit(given.threads)
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    timed(before, "TensorFlow's start", common.start_tensorflow)

    from seqtag.features.indexers.base import Resources
    from seqtag.features.vector_files import read as read_vectors
    from seqtag.model_folder import replacing
    from seqtag.tasks.tagging import prepare
    from seqtag.tasks.tagging.examples import make_examples

    settings = common.config_of(*given.set)
    corpora, config = timed(
        before, "reading the corpora", lambda: common.corpora_of(settings, given.train, given.dev)
    )
    file = config.embeddings.vectors.file
    vectors = timed(before, "reading vectors", lambda: read_vectors(file)) if file else None
    vocabulary = timed(
        before, "vocabulary", lambda: prepare.fit_vocabulary(config, corpora, Resources(vectors))
    )
    timed(before, "indexing", lambda: make_examples(config, corpora, vocabulary))
    training = timed(
        before, "all of the run's start: these two, network, optimizer",
        lambda: common.Epochs(config, corpora, vectors),
    )  # fmt: skip
    training.next()
    before["first step: the graph is made"] = training.first_step or 0.0

    own_batches = list(batches(training.run))
    parts = steps(config, corpora, vectors)
    sides: dict[str, Callable[[], float]] = {
        "collating": lambda: common.clock(lambda: list(batches(training.run)))
    }
    sides |= {name: partial(over, own_batches, function) for name, function in parts.items()}
    common.interleaved(sides, 1)  # graphs are made
    common.say(f"{given.rounds} rounds")
    found = common.interleaved(sides, given.rounds)
    dev: dict[str, list[float]] = {}
    speeds = []
    for _ in range(given.rounds):
        scored(training.run, dev)
        speeds.append(training.next())

    run = training.run
    timed(after, "best network: graph, comparison with Keras", lambda: run.job.best_tagger(run.best_weights))
    files = timed(after, "files", lambda: run.job.files(run.best_weights, {}))
    with common.scratch() as place:
        timed(after, "written", lambda: replacing.write(Path(place) / "model", files))

    show_run(given, before, after)
    show_epoch(given, found, dev, len(own_batches), corpora.train.tokens, common.median(speeds))


def show_run(given: Any, before: dict[str, float], after: dict[str, float]) -> None:
    """Prints what is done once in a run."""
    once = {"before": before, "after": after}
    rows = [(f"{when}: {name}", seconds) for when, found in once.items() for name, seconds in found.items()]
    common.show(f"Once in a run\n{common.machine(given.threads)}", ["part", "s"], rows)


def show_epoch(
    given: Any,
    found: dict[str, list[float]],
    dev: dict[str, list[float]],
    count: int,
    tokens: int,
    speed: float,
) -> None:
    """Prints what is done in each epoch."""
    seconds = {"collating": common.median(found["collating"])}
    names = [name for name in found if name != "collating"]
    for name, less in zip(names, [None, *names], strict=False):
        values = found[name]
        if less:
            values = [value - other for value, other in zip(values, found[less], strict=True)]
        seconds[f"step: {name}"] = common.median(values)
    step = common.median(found[names[-1]])
    seconds |= {f"dev: {name}": common.median(values) for name, values in dev.items()}
    whole = seconds["collating"] + step + sum(common.median(values) for values in dev.values())
    rows: list[list[str | float]] = [
        [
            name,
            value,
            f"{value / whole:.1%}",
            1000 * value / count if name.startswith(("step", "coll")) else "",
        ]
        for name, value in seconds.items()
    ]
    rows.append(["step, all of it", step, f"{step / whole:.1%}", 1000 * step / count])
    rows.append(["epoch", whole, "100.0%", ""])
    common.show(
        f"In an epoch of {count:,} steps and {tokens:,} tokens, median of {given.rounds}\n"
        f"{common.machine(given.threads)}\nTraining as it is: {speed:,.0f} tokens/s; by this table "
        f"{tokens / (seconds['collating'] + step):,.0f}",
        ["part", "s", "share", "ms a step"],
        rows,
    )


if __name__ == "__main__":
    main()
