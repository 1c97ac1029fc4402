"""Recurrent language models as a task: what the stages that train ask of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seqtag.corpora.findings import Level, gravest
from seqtag.evaluation.measure import Measure
from seqtag.features.indexers.base import Resources
from seqtag.features.vector_files import read as read_vectors
from seqtag.features.vectors import Vectors
from seqtag.graph.weights import Weights
from seqtag.model_folder import layout
from seqtag.model_folder.stored import config_into
from seqtag.ngrams.text import SYMBOLS_ALONE
from seqtag.settings.language import LanguageConfig
from seqtag.settings.merging import for_corpus
from seqtag.support.quoting import counted, printable
from seqtag.tasks.base import Task
from seqtag.tasks.language.recurrent import reach, stored, texts
from seqtag.tasks.language.recurrent.job import LanguageJob, LanguageStart
from seqtag.tasks.language.recurrent.score import PERPLEXITY, LanguageResult
from seqtag.tasks.language.recurrent.stored import StoredLanguage
from seqtag.tasks.language.recurrent.texts import LanguageTexts
from seqtag.tasks.language.recurrent.vocabulary import LABEL, WordVocabulary

MOST_WARNINGS = 5
# What a model that is trained on can change: how text is read and how it is trained.
CHANGEABLE = (
    "text.format",
    "training.",
    "embeddings.dropout",
    "embeddings.characters.dropout",
    "encoder.dropout",
    "encoder.recurrent_dropout",
)
MOST_LABELS = 12  # that are named


def fill_in(config: LanguageConfig, data: LanguageTexts) -> LanguageConfig:
    """The settings with those decided that go by the files: words are learnt unless there are vectors."""
    return for_corpus(config, word_vectors=bool(config.embeddings.vectors.file))


def warnings(config: LanguageConfig, data: LanguageTexts) -> list[tuple[Level, str]]:
    """What is odd about the texts, in a few lines."""
    found = gravest(data.findings, MOST_WARNINGS)
    return found if data.train.kinds else [*found, ("warning", SYMBOLS_ALONE)]


def vectors(config: LanguageConfig, data: LanguageTexts) -> Vectors | None:
    """The pretrained vectors that the settings name, or those of the model to go on from."""
    if data.base is not None:
        return data.base.vectors
    file = config.embeddings.vectors.file
    return read_vectors(file) if file else None


def measure(title: str) -> Measure | None:
    """The measure of this title."""
    return PERPLEXITY if title == PERPLEXITY.title else None


def check(files: Mapping[str, bytes], found: Vectors | None) -> None:
    """Refuses the files of a model that could not be read where they are going to be put."""
    values = layout.parsed(files["config.json"])
    config = config_into(stored.schema_of(values["settings"]), values["settings"], "config.json")
    vocabulary = WordVocabulary.from_json(layout.parsed(files["vocab.json"]), Resources(found))
    stored.model_of(config, vocabulary, Weights.of_file(files["weights.safetensors"]))
    layout.parsed(files["report.json"])


def figure(score: Mapping[str, Any]) -> tuple[str, float]:
    """The perplexity forward, or of the only direction."""
    return "perplexity", (score.get("forward") or score["backward"])["perplexity"]


LANGUAGE = Task[LanguageTexts, StoredLanguage](
    kind=layout.LANGUAGE_MODEL,
    read=texts.read,
    fill_in=fill_in,
    warnings=warnings,
    vectors=vectors,
    digests=LanguageTexts.digests,
    measure=measure,
    job=LanguageJob,
    result=LanguageResult,
    check=check,
    rates=reach.rates,
    settings=stored.settings_of,
    stored=StoredLanguage.of,
    sample=reach.sample,
    figure=figure,
    changeable=CHANGEABLE,
)


def introduction(prepared: LanguageStart) -> list[str]:
    """What is said of a run that learns to write text for a label, before its first epoch."""
    config, labels = prepared.config, prepared.labels
    encoder, unit = config.encoder, "word" if config.text.unit == "word" else "character"
    more = f" and {len(labels) - MOST_LABELS:,} more" * (len(labels) > MOST_LABELS)
    directions = " and ".join(config.directions)
    classes = f" in {prepared.classes:,} classes" * (prepared.classes > 1)
    lines = [
        f"train  {counted(prepared.sentences, 'sentence')}, {counted(prepared.tokens, unit)}, "
        f"{prepared.kinds:,} different",
        f"dev    {counted(prepared.dev_sentences, 'sentence')}" + " (held out)" * prepared.held_out,
        f"labels {len(labels):,}: {', '.join(labels[:MOST_LABELS])}{more}",
        f"model  {' + '.join('label' if name == LABEL else name for name in prepared.inputs)} -> {encoder.cell} "
        f"{encoder.layers} x {encoder.units}, {directions} -> {counted(prepared.words, unit)}{classes}; "
        f"{prepared.parameters:,} parameters",
    ]
    if prepared.unseen:
        listed = ", ".join(f"{label} ({count:,})" for label, count in prepared.unseen.items())
        lines.append(
            f"note   dev has labels that training never saw, which are read as the unknown label: {listed}"
        )
    return [printable(line) for line in lines]


GENERATION = replace(
    LANGUAGE,
    introduction=introduction,
    changeable=(),
    next_steps=(
        ("score it", "seqtag lm score {model} FILE"),
        ("sample it", "seqtag lm generate {model} --label LABEL"),
    ),
)
