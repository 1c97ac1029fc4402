"""What the choice of the epoch loses: chosen on one half of dev, scored on the other.

A run without early stopping is scored on both halves of dev (every other sentence) after each epoch, with the weights
as they are, with their moving average, and with the mean of the moving averages of the last epochs. The table shows for
each of these the score on the other half of the epoch that one half chooses, by its score or by the mean over three
epochs, how far it lies below the best epoch there, and the last epoch's score. Each half chooses once.
"""

import argparse
import dataclasses
import json
import statistics
from collections import deque
from pathlib import Path
from typing import Any

import common

PATIENCE = 5  # epochs without a better score after which a run would have ended
Scores = dict[str, list[tuple[float, float]]]  # of each kind of weights, on both halves, epoch by epoch


def halves(corpus: Any) -> tuple[Any, Any]:
    """Every other sentence, and the others."""
    first, second = (dataclasses.replace(corpus, sentences=corpus.sentences[at::2]) for at in (0, 1))
    return first, second


def scores_of(config: Any, corpora: Any, vectors: Any, seed: int) -> Scores:
    """Trains with one seed, and scores every kind of weights after every epoch."""
    import numpy as np

    from seqtag.network import runtime
    from seqtag.support.interrupt import Stop
    from seqtag.tasks.tagging.tagger_job import TaggerJob, score_corpus
    from seqtag.training.run import Run

    training = dataclasses.replace(config.training, seed=seed, patience=0)
    runtime.start(seed, debug=False)
    job = TaggerJob(dataclasses.replace(config, training=training), corpora, vectors)
    run, parts, found = Run(job), halves(corpora.dev), Scores()
    recent: deque[dict[str, Any]] = deque(maxlen=5)

    def measured(weights: dict[str, Any]) -> tuple[float, float]:
        job.network.assign_weights(weights)
        tagger = job.tagger(tags_only=True)
        first, second = (
            score_corpus(tagger, part, corpora.scheme, metric=training.metric).main for part in parts
        )
        return first, second

    def score_dev(stop: Stop) -> float:
        raw, average = before["raw"], job.network.named_weights()
        recent.append(average)
        kinds = {"raw": raw, "average": average}
        for count in (3, 5):
            own = list(recent)[-count:]
            kinds[f"mean of {count}"] = {name: np.mean([one[name] for one in own], axis=0) for name in raw}
        for name, weights in kinds.items():
            found.setdefault(name, []).append(measured(weights))
        common.say(f"epoch {len(found['average'])}: {found['average'][-1]}")
        return statistics.fmean(found["average"][-1])

    before: dict[str, Any] = {}
    averaged = run.trainer.averaged

    def remembered() -> Any:
        before["raw"] = job.network.named_weights()
        return averaged()

    run.trainer.averaged = remembered  # type: ignore[method-assign]
    job.score_dev = score_dev  # type: ignore[method-assign]
    run.fit(lambda event: None)
    return found


def chosen(own: list[float], window: int, patience: int) -> int:
    """The epoch that a half chooses, from 0: the best by the mean over `window` epochs that end with it, as if the run
    had ended after `patience` epochs without a better one (0: never).
    """
    smooth = [statistics.fmean(own[max(0, at + 1 - window) : at + 1]) for at in range(len(own))]
    best = 0
    for at, value in enumerate(smooth):
        if value > smooth[best]:
            best = at
        elif patience and at - best >= patience:
            break
    return best


def row_of(found: list[Scores], kind: str, window: int, patience: int) -> tuple[float, float, float]:
    """The score on the other half, what is lost against the best epoch there, and the last epoch's; means."""
    reached, lost, last = [], [], []
    for scores in found:
        first, second = ([pair[at] for pair in scores[kind]] for at in (0, 1))
        for own, other in ((first, second), (second, first)):
            at = chosen(own, window, patience)
            reached.append(other[at])
            lost.append(max(other) - other[at])
            last.append(other[-1])
    return statistics.fmean(reached), statistics.fmean(lost), statistics.fmean(last)


def main() -> None:
    """Trains, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train")
    parser.add_argument("dev")
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="as for seqtag train"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the scores of every epoch")
    given = parser.parse_args()
    common.limit(1)
    from seqtag.features.vector_files import read as read_vectors
    from seqtag.settings.config_files import parse_assignments
    from seqtag.settings.merging import merge

    settings = merge(parse_assignments(given.set))
    corpora, config = common.corpora_of(settings, given.train, given.dev)
    file = config.embeddings.vectors.file
    vectors = read_vectors(file) if file else None
    found = []
    for seed in range(1, given.seeds + 1):
        found.append(scores_of(config, corpora, vectors, seed))
        if given.json:
            given.json.write_text(json.dumps(found))
    rows = [
        [kind, window, patience or "never", *row_of(found, kind, window, patience)]
        for kind in found[0]
        for window in (1, 3)
        for patience in (PATIENCE, 0)
    ]
    names = ["weights", "mean over epochs", "patience", "other half", "lost to its best", "last epoch"]
    common.show(f"{given.train}: {given.seeds} seeds, both halves", names, rows)


if __name__ == "__main__":
    main()
