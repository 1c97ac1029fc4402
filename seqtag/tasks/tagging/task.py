"""Tagging as a task: what the stages that train ask of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from seqtag.corpora.findings import Level, gravest
from seqtag.corpora.reading import Corpus
from seqtag.evaluation import metrics
from seqtag.features import word_lists
from seqtag.features.indexers.base import Resources
from seqtag.features.vector_files import read as read_vectors
from seqtag.features.vectors import Vectors
from seqtag.features.vocabulary import Vocabulary
from seqtag.graph.weights import Weights
from seqtag.inference import language_states
from seqtag.model_folder import layout
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.stored import checked_network, config_of, read_config, read_vocabulary
from seqtag.settings.config import Config
from seqtag.tasks.base import BASE, Task
from seqtag.tasks.tagging import base_model, prepare, reach
from seqtag.tasks.tagging.explain import explain
from seqtag.tasks.tagging.restore import Stored
from seqtag.tasks.tagging.splits import Corpora, final, read_corpora, with_inputs
from seqtag.tasks.tagging.tagger_job import TaggerJob, TaggingResult

MOST_WARNINGS = 5  # lines about the corpora
MANY = 10_000  # tokens whose states take seconds


def read(config: Config, paths: Mapping[str, Sequence[str]]) -> Corpora:
    """The corpora of these files, one for each role, and what else the settings name; without `dev` a part of `train`
    is held out.
    """
    found: dict[str, str | None] = {role: path for role, (path,) in paths.items()}
    base = base_model.read(paths[BASE][0], layout.MODEL, stored) if BASE in paths else None
    corpora = read_corpora(config, paths["train"][0], found.get("dev"), found.get("test"), base=base)
    return with_inputs(corpora, config)


def vectors(config: Config, corpora: Corpora) -> Vectors | None:
    """The pretrained vectors that the settings name, or those of the model to continue from."""
    if corpora.base is not None:
        return corpora.base.vectors
    file = config.embeddings.vectors.file
    return read_vectors(file) if file else None


def warnings(config: Config, corpora: Corpora) -> list[tuple[Level, str]]:
    """What is odd about the corpora, in a few lines, and what takes a while."""
    found = prepare.raw_text_mismatch(config, corpora)
    notes = [(found.level, str(found))] if found else []
    told = [*gravest(corpora.findings, MOST_WARNINGS - len(notes)), *notes]
    if (states := corpora.states) and corpora.train.tokens >= MANY:
        size = corpora.train.tokens * states.layers * states.width * 2 / 1e6  # 16 bits a number
        told.append(
            ("note", f"reading the states of {corpora.train.tokens:,} training tokens ({size:,.0f} MB) ...")
        )
    return told


def digests(corpora: Corpora) -> dict[str, str]:
    """The sha256 of each corpus by its role, and those of the language model, of all word lists and of the model to
    continue from.
    """
    found = {role: _digest(corpus) for role, corpus in corpora.by_role.items()}
    if corpora.base is not None:
        found[BASE] = corpora.base.digest
    if corpora.lists:
        found["lists"] = word_lists.digest(corpora.lists)
    return found | ({"lm": corpora.states.digest()} if corpora.states else {})


def _digest(corpus: Corpus) -> str:
    """The sha256 of what training takes from a corpus: a file that was read through a pipe cannot be read again."""
    found = hashlib.sha256()
    for sentence in corpus.sentences:
        row: list[Any] = [sentence.tokens, sentence.tags, sentence.columns]
        row += [sentence.numbers] if sentence.numbers else []
        row += [] if sentence.heads is None else [sentence.heads]
        row += [sentence.labels] if sentence.labels else []
        found.update(json.dumps(row, ensure_ascii=True).encode() + b"\n")
    return found.hexdigest()


def check(files: Mapping[str, bytes], found: Vectors | None) -> None:
    """Refuses the files of a model that could not be read where they are going to be put."""
    resources = Resources(found, language_states.of_files(files, found), word_lists.of_files(files))
    vocabulary = Vocabulary.from_json(layout.parsed(files["vocab.json"]), resources)
    config = config_of(layout.parsed(files["config.json"]), "config.json")
    checked_network(config, vocabulary, Weights.of_file(files["weights.safetensors"]))
    layout.parsed(files["report.json"])


def stored(folder: Folder) -> Stored:
    """What a model folder holds of its network."""
    return Stored.of(folder, read_vocabulary(folder, language_states.of_folder))


TAGGING = Task[Corpora, Stored](
    kind=layout.MODEL,
    read=read,
    fill_in=prepare.fill_in,
    warnings=warnings,
    vectors=vectors,
    digests=digests,
    measure=metrics.titled,
    job=TaggerJob,
    result=TaggingResult,
    check=check,
    rates=reach.rates,
    settings=read_config,
    stored=stored,
    sample=reach.sample,
    final=final,
    changeable=base_model.CHANGEABLE,
    explain=explain,
)
