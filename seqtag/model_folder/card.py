"""The model card: `README.md` of a model folder, with the metadata that the Hugging Face Hub reads.

It is made of the other files of the folder alone, without dates, names of files or places, so that equal runs leave
equal bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

import seqtag
from seqtag.corpora.tags import Scheme, types
from seqtag.model_folder.layout import CARD, Kind, parsed
from seqtag.model_folder.members import reports_of
from seqtag.model_folder.recorded import PRIVACY, RecordedScore, data_of, scores_of
from seqtag.model_folder.stored import config_into
from seqtag.settings import registry
from seqtag.settings.merging import changed
from seqtag.settings.tasks import schema_for
from seqtag.support.quoting import printable

# The Hub's names of tasks; it has none for a transducer.
PIPELINES = {
    "tagging": "token-classification",
    "classification": "text-classification",
    "joint": "token-classification",
}
TITLES = {
    "tagging": "A tagger",
    "classification": "A classifier of sentences",
    "joint": "A tagger that also labels sentences",
    "transduction": "A transducer",
}
METRICS = {"F1": "f1", "accuracy": "accuracy", "label accuracy": "accuracy"}  # the Hub's names of figures
MOST_NAMES = 100  # of tags or labels


def with_card(files: Mapping[str, bytes], kind: Kind) -> dict[str, bytes]:
    """The files of a model folder with a model card that fits them; unchanged for a kind that has none.

    Args:
        files: The content of each file by name.
        kind: What the folder is.
    """
    task = next((name for name, row in registry.TASKS.items() if row.format == kind.format), "")
    if CARD not in kind.optional or task not in TITLES:
        return dict(files)
    return {**files, CARD: card(files, task).encode("utf-8", "backslashreplace")}


def card(files: Mapping[str, bytes], task: str) -> str:
    """The model card as Markdown that begins with YAML.

    Args:
        files: `config.json`, `vocab.json` and `report.json`, or more.
        task: The name of the task.
    """
    config, vocabulary, report = (
        parsed(files[name]) for name in ("config.json", "vocab.json", "report.json")
    )
    reports = reports_of(report)
    scores = scores_of(reports[0]) if len(reports) == 1 else []
    scheme = Scheme.from_json(vocabulary["scheme"]) if "scheme" in vocabulary else None
    settings = changed(
        config_into(schema_for(task), config, "config.json"),
        spans=scheme is None or scheme.is_spans,
        word_vectors="vectors.bin" in files,
    )
    head = yaml.safe_dump(_metadata(task, scores), sort_keys=False, allow_unicode=True)
    parts = [
        f"# {TITLES[task]}",
        f"Trained with seqtag {seqtag.__version__}."
        + f" Merged from {len(reports)} models." * (len(reports) > 1)
        + " Training continued from another model, whose training text is not part of the data below."
        * ("from" in reports[0]),
        *_use(task),
        *_names(vocabulary),
        *_data(reports[0]),
        *_scores(scores, reports[0]),
        *_settings(settings),
        *_limits(task),
        "## Privacy",
        f"{PRIVACY[0].upper()}{PRIVACY[1:]}.",
    ]
    return f"---\n{head}---\n\n" + "\n\n".join(parts) + "\n"


def _metadata(task: str, scores: Sequence[RecordedScore]) -> dict[str, Any]:
    """What the Hub reads. The licence and the language are for the owner of the data to add."""
    pipeline = PIPELINES.get(task)
    found: dict[str, Any] = {"library_name": "seqtag", "tags": ["seqtag", *([pipeline] if pipeline else [])]}
    if pipeline is None:
        return found
    found["pipeline_tag"] = pipeline
    results = [
        {
            "task": {"type": pipeline},
            "dataset": {"name": score.corpus, "type": "other", "split": score.corpus},
            "metrics": [
                {"type": METRICS[score.measure], "name": score.measure, "value": round(score.value, 6)}
            ],
        }
        for score in scores
        if score.measure in METRICS
    ]
    if results:
        found["model-index"] = [{"name": "seqtag", "results": results}]
    return found


def _use(task: str) -> list[str]:
    if task == "transduction":
        return ["## Use", "```sh\nseqtag predict MODEL FILE\n```"]
    return [
        "## Use",
        "```sh\nseqtag predict MODEL TEXTFILE --format text\n```",
        '```python\nimport seqtag\n\ntagger = seqtag.load("MODEL")\n```',
    ]


def _names(vocabulary: Mapping[str, Any]) -> Iterator[str]:
    """The tags and the labels."""
    if vocabulary.get("tags"):
        found = types(vocabulary["tags"], Scheme.from_json(vocabulary["train_scheme"]))
        yield "## Tags"
        yield _listed(found)
    if vocabulary.get("sentence_labels"):
        yield "## Labels of sentences"
        yield _listed(vocabulary["sentence_labels"])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(_code(name or "_") for name in names[:MOST_NAMES]) + more + "."


def _data(report: Mapping[str, Any]) -> Iterator[str]:
    """How large each corpus was."""
    found = {role: counts for role, counts in data_of(report).items() if counts}
    if not found:
        return
    nouns = list(dict.fromkeys(noun for counts in found.values() for noun in counts))
    rows = [
        [role, *(f"{counts[noun]:,}" if noun in counts else "" for noun in nouns)]
        for role, counts in found.items()
    ]
    yield "## Data"
    yield _table(["corpus", *nouns], rows)
    if report.get("held_out"):
        yield "Dev is a part of the training file that was held out."


def _scores(scores: Sequence[RecordedScore], report: Mapping[str, Any]) -> Iterator[str]:
    """The scores with their signatures."""
    if not scores:
        return
    yield "## Scores"
    rows = [[score.corpus, score.measure, f"{score.value:.4f}", _code(score.signature)] for score in scores]
    yield _table(["corpus", "figure", "value", "signature"], rows)
    yield "The best epoch was chosen on dev, so that its score is a little better than on new text." + (
        " The model was then trained again on train and dev." if report.get("final") else ""
    )


def _settings(settings: Mapping[str, tuple[Any, Any]]) -> Iterator[str]:
    """What differs from the defaults."""
    yield "## Settings"
    if not settings:
        yield "All settings have their defaults."
        return
    yield "These settings differ from the defaults:"
    rows = [[_code(path), *(_code(str(value)) for value in pair)] for path, pair in settings.items()]
    yield _table(["setting", "value", "default"], rows)


def _limits(task: str) -> list[str]:
    """What not to expect."""
    found = ["Scores hold for text like that of the corpus; other genres, periods and spellings score lower."]
    if task in ("tagging", "joint"):
        found.append("Each token gets one tag: entities neither nest nor overlap.")
    found.append("Errors and gaps of the annotation are learnt with the rest.")
    return ["## Limits", "\n".join(f"- {text}" for text in found)]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(text: str) -> str:
    """The text as code within a table: what comes from a corpus is no Markdown."""
    shown = printable(text).replace("|", "\\|")
    fence = "``" if "`" in shown else "`"
    return f"{fence} {shown} {fence}" if fence == "``" else f"`{shown}`"
