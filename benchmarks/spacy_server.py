"""spaCy's named-entity pipeline behind HTTP, as the benchmarks use it.

    spacy_server.py train CORPUS FOLDER          a blank English pipeline, trained on a CoNLL file for some epochs
    spacy_server.py minimal FOLDER PORT          a FastAPI application of a dozen lines around it
    spacy_server.py batched FOLDER PORT          the application of `seqtag serve`, with this pipeline as its model

All three need an environment with the extras `serve` and `spacy`. The answers have the tokens and entities of
`seqtag predict --format jsonl`, without probabilities, which the pipeline does not have.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

# spaCy imports PyTorch where it is installed, though this pipeline does not use it: it must not pay for that here.
sys.modules["torch"] = None  # type: ignore[assignment]

import spacy  # noqa: E402
from spacy.tokens import Doc  # noqa: E402
from spacy.training import Example  # noqa: E402
from spacy.util import minibatch  # noqa: E402

EPOCHS = 5


def train(corpus: str, folder: str) -> None:
    """Trains the pipeline: its speed does not depend on how well, but untrained it would find other spans."""
    from seqtag.corpora.reading import ReadOptions, read_corpus

    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    examples = []
    for sentence in read_corpus(corpus, ReadOptions()).sentences:
        words = list(sentence.tokens)
        gold = Doc(nlp.vocab, words=words, ents=_bio(sentence.tags or ()))
        examples.append(Example(Doc(nlp.vocab, words=words), gold))
    nlp.initialize(lambda: examples)
    for _ in range(EPOCHS):
        for batch in minibatch(examples, 32):
            nlp.update(batch)
    nlp.to_disk(folder)


def _bio(tags: Sequence[str]) -> list[str]:
    """BIO tags of tags that may be IOB1."""
    return [
        f"B-{tag[2:]}" if tag.startswith("I-") and former[2:] != tag[2:] else tag
        for former, tag in pairwise(["O", *tags])
    ]


def described(doc: Doc) -> dict[str, Any]:
    """A document as seqtag's JSON has it."""
    tokens = [
        {
            "text": token.text,
            "start": token.idx,
            "end": token.idx + len(token),
            "tag": f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O",
        }
        for token in doc
    ]
    entities = [
        {
            "start": one.start_char,
            "end": one.end_char,
            "label": one.label_,
            "text": one.text,
            "start_token": one.start,
            "end_token": one.end,
        }
        for one in doc.ents
    ]
    return {"text": doc.text, "tokens": tokens, "entities": entities}


def minimal(folder: str, port: int) -> None:
    """The shortest application that a user would write."""
    import uvicorn
    from fastapi import FastAPI, Response
    from pydantic import BaseModel

    nlp = spacy.load(folder)
    app = FastAPI()

    class Ask(BaseModel):
        text: str

    @app.post("/predict")
    def predict(ask: Ask) -> Response:
        return Response(
            json.dumps(described(nlp(ask.text)), ensure_ascii=False), media_type="application/json"
        )

    uvicorn.run(app, port=port, access_log=False, log_level="warning", loop="uvloop", http="httptools")


class SpacyModel:
    """A pipeline in the place of `seqtag.serving.models.LoadedModel`."""

    def __init__(self, folder: str) -> None:
        from seqtag.tasks.use import Abilities

        self._nlp = spacy.load(folder)
        self.task, self.abilities, self.is_whole = "tagging", Abilities(), False

    def answers(self, given: Sequence[Any], extras: Any) -> list[tuple[str, int]]:
        docs = self._nlp.pipe([one.text for one in given], batch_size=64)
        return [(json.dumps(described(doc), ensure_ascii=False), len(doc)) for doc in docs]


def batched(folder: str, port: int) -> None:
    """The application of `seqtag serve` around the pipeline."""
    from seqtag.serving import app, models, server

    models.LoadedModel = lambda path, *others: SpacyModel(path)  # type: ignore[assignment,misc]
    # A pipeline is for one thread at a time.
    made = app.create([f"spacy={folder}"], threads=1)
    server.run(made, server.listen("127.0.0.1", port), drain=5, tell=lambda line: None)


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("task", choices=("train", "minimal", "batched"))
    made.add_argument("arguments", nargs=2)
    given = made.parse_args()
    first, second = given.arguments
    if given.task == "train":
        train(first, second)
    elif given.task == "minimal":
        minimal(first, int(second))
    else:
        batched(first, int(second))


if __name__ == "__main__":
    main()
