"""Training speed at equal architecture: seqtag and PyTorch, in tokens a second.

Both train the same network (common.EQUAL) on the same sentences and tags with the same number of threads, an epoch
each in turn. An epoch counts from its first batch to its last, batches made included, dev scoring left out.
"""

from collections.abc import Callable
from contextlib import ExitStack

import common

# PyTorch as it is usually written, and with what makes it faster.
PEERS: dict[str, list[str]] = {
    "PyTorch": [],
    "PyTorch, fused Adam": ["--fused"],
    "PyTorch, fused Adam, distinct words": ["--fused", "--distinct"],
    "PyTorch, all this and padding read": ["--fused", "--distinct", "--unpacked"],
}


def main() -> None:
    made = common.parser(__doc__, "train", "dev")
    made.add_argument("--embeddings", metavar="FILE", help="pretrained vectors in place of learnt ones")
    given = made.parse_args()
    common.limit(given.threads)
    assignments = list(common.EQUAL)
    if given.embeddings:
        assignments += ["embeddings.word.dim=0", f"embeddings.vectors.file={given.embeddings}"]
    corpora, config = common.corpora_of(common.config_of(*assignments), given.train, given.dev)
    _, plain = common.corpora_of(
        common.config_of(*assignments, "training.averaging=none"), given.train, given.dev
    )

    common.say("seqtag starts")
    common.start_tensorflow()
    import keras
    import tensorflow as tf

    from seqtag.features.vector_files import read as read_vectors

    vectors = read_vectors(given.embeddings) if given.embeddings else None
    own = {
        "seqtag": common.Epochs(plain, corpora, vectors),
        "seqtag, weights averaged (its default)": common.Epochs(config, corpora, vectors),
    }
    vocabulary = own["seqtag"].run.job.vocabulary
    with common.scratch() as folder, ExitStack() as stack:
        common.say("PyTorch starts")
        corpus = folder / "train.jsonl"
        common.write_corpus(
            corpus, corpora.train.sentences, corpora.scheme, vocabulary.train_scheme, vocabulary.tags
        )
        options = ["--dim", str(vectors.dim)] if vectors else []
        peers = {
            name: stack.enter_context(
                common.Peer("torch_tagger.py", "serve", corpus, *options, *more, threads=given.threads)
            )
            for name, more in PEERS.items()
        }
        first_steps: dict[str, float] = {}

        def of_peer(name: str) -> Callable[[], float]:
            def epoch() -> float:
                answer = peers[name].ask()
                first_steps.setdefault(name, answer["first"])
                return float(answer["tokens"] / answer["seconds"])

            return epoch

        sides = {name: side.next for name, side in own.items()} | {name: of_peer(name) for name in peers}
        common.say("the first epoch of each, which does not count")
        common.interleaved(sides, 1)
        common.say(f"{given.rounds} epochs of each")
        speeds = common.interleaved(sides, given.rounds)
    first_steps |= {name: side.first_step or 0.0 for name, side in own.items()}
    greeting = peers["PyTorch"].greeting
    sizes = {name: (side.parameters, side.rows, 0) for name, side in own.items()} | dict.fromkeys(
        peers, (greeting["parameters"], greeting["rows"], greeting["second_biases"])
    )
    rests = {name: parameters - rows - biases for name, (parameters, rows, biases) in sizes.items()}
    if len(set(rests.values())) != 1:
        raise SystemExit(f"the networks are not the same: {rests} parameters without tables.")
    tokens = corpora.train.tokens
    common.show(
        f"Training, {tokens:,} tokens an epoch, median of {given.rounds} epochs\n{common.machine(given.threads)}\n"
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}, PyTorch {greeting['version']}",
        ["side", "tokens/s", "against PyTorch", "fastest", "slowest", "first step, s"],
        [
            [
                name,
                common.median(found),
                common.ratios(found, speeds["PyTorch"]),
                max(found),
                min(found),
                first_steps[name],
            ]
            for name, found in speeds.items()
        ],
    )
    common.show(
        "Parameters",
        ["side", "all", "in tables", "second biases", "the rest"],
        [[name, *sizes[name], rests[name]] for name in sizes],
        "PyTorch's LSTM has two biases where Keras has one. The rest must be equal.",
    )


if __name__ == "__main__":
    main()
