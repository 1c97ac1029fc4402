"""The sections of a report: scores, confusion, familiarity, length, probabilities, training."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqtag.cli import report_parts as parts
from seqtag.cli.report_parts import Bar, Grid, Name, PagePart, Section, Tile
from seqtag.evaluation.analysis import Analysis
from seqtag.evaluation.calibration import Calibration
from seqtag.evaluation.counts import average, total
from seqtag.evaluation.labels import JointScore, LabelScore
from seqtag.evaluation.mistakes import only_in
from seqtag.evaluation.scoring import Score
from seqtag.evaluation.significance import Significance
from seqtag.evaluation.thresholds import Thresholds
from seqtag.pages.charts import ChartAxis, Curve, chart
from seqtag.stages.evaluate import Against, TrainingRecord

if TYPE_CHECKING:
    from markupsafe import Markup

    from seqtag.tasks.use import Evaluated


def tiles(evaluation: "Evaluated") -> list[Tile]:
    """The most important figures."""
    score, ratio = evaluation.score, "{:.4f}".format
    tiles = []
    if isinstance(score, JointScore):
        tiles.append(Tile(score.measure.title, ratio(score.main)))
        tiles.append(Tile("everything right", ratio(score.all_right), "share of the sentences"))
    tags = score.tags if isinstance(score, JointScore) else score
    if isinstance(tags, Score):
        if tags.spans and tags.strict is not None:
            tiles.append(Tile("F1", ratio(tags.f1), f"strict {ratio(tags.strict.f1)}"))
            tiles.append(Tile("precision", ratio(tags.precision), f"{tags.counts.predicted:,} predicted"))
            tiles.append(Tile("recall", ratio(tags.recall), f"{tags.counts.gold:,} gold"))
        tiles.append(Tile("token accuracy", ratio(tags.accuracy), f"{tags.tokens:,} tokens"))
        tiles.append(Tile("sentences", f"{tags.sentences:,}"))
    labels = score.labels if isinstance(score, JointScore) else score
    if isinstance(labels, LabelScore):
        tiles.append(Tile("label accuracy", ratio(labels.accuracy), f"{labels.sentences:,} sentences"))
    if not tiles:
        (figures,) = score.figures()
        tiles = [Tile(*row) for row in figures.rows]
        tiles.append(Tile("pairs", figures.columns[1]))
    for found in evaluation.calibrations:
        tiles.append(Tile(f"calibration error, {found.of}", ratio(found.error)))
    if evaluation.mistakes:
        tiles.append(Tile("errors", f"{len(evaluation.mistakes):,}"))
    return tiles


def scores(score: Any, other: Any, palette: Mapping[str, str]) -> Iterator[Section]:
    """The table of each type, and where there are two models their difference."""
    if isinstance(score, JointScore):
        tags = scores(score.tags, other.tags if other else None, palette)
        labels = scores(score.labels, other.labels if other else None, palette)
        found = [part for section in (*tags, *labels) for part in section.parts]
        yield Section("scores", "Scores", found, wide=True)
        return
    if isinstance(score, Score):
        noun = "type" if score.spans else "tag"
        remarks = [f"Token accuracy {score.accuracy:.4f}."]
        if score.strict is not None:
            remarks.append(
                f"By mode: conlleval {score.f1:.4f}, strict {score.strict.f1:.4f}; the two disagree on "
                f"{score.disagreements:,} spans."
            )
        if unseen := score.unseen_types or score.unseen_tags:
            listed = ", ".join(f"{parts.shown(name)} ({count:,})" for name, count in unseen.items())
            remarks.append(f"Never seen in training: {listed}.")
        names = {"micro average": "counts", "macro average": "macro", "weighted average": "weighted"}
        totals = {name: getattr(score, attribute) for name, attribute in names.items()}
        beside = None
        if isinstance(other, Score):
            beside = (other.types, {name: getattr(other, attribute) for name, attribute in names.items()})
        grid = parts.types_grid(noun, score.types, totals, palette, beside, remarks)
        yield Section("scores", "Scores", [PagePart(f"By {noun}", table=grid)], wide=True)
    elif isinstance(score, LabelScore):
        beside = (other.types, _averages(other)) if isinstance(other, LabelScore) else None
        (figures,) = score.figures()
        grid = parts.types_grid("label", score.types, _averages(score), palette, beside, figures.remarks)
        yield Section("scores", "Scores", [PagePart("By label of the sentence", table=grid)], wide=True)
    else:
        (figures,) = score.figures()
        rows = [[Name(row[0]), Bar(_fraction(row[1]), row[1])] for row in figures.rows]
        yield Section(
            "scores", "Scores", [PagePart(table=Grid(("figure", "value"), rows, remarks=figures.remarks))]
        )


def _averages(score: LabelScore) -> dict[str, Any]:
    return {"micro average": total(score.types.values()), "macro average": average(score.types)}


def _fraction(text: str) -> float:
    return min(max(float(text), 0.0), 1.0)


def against(against: Against | None) -> Iterator[Section]:
    """Which model is better, and whether that can be chance."""
    if against is None:
        return
    found: Significance = against.significance
    text = found.measure.text
    rows = [
        [Name(f"first: {against.first.name}"), _bar(found, found.first)],
        [Name(f"second: {against.second.name}"), _bar(found, found.second)],
    ]
    totals = [[Name("difference"), f"{found.difference:+.{found.measure.decimals}f}"]]
    first, second = against.first.mistakes, against.second.mistakes
    ours, theirs = only_in(first, second), only_in(second, first)
    shared = len(ours) - sum(ours)
    figures = [
        [Name("only of the first"), parts.number(sum(ours))],
        [Name("only of the second"), parts.number(sum(theirs))],
        [Name("of both"), parts.number(shared)],
    ]
    test = [
        [Name("p value"), f"{found.p_value:.4f}"],
        [Name(f"{found.confidence:.0%} confidence interval"), f"{text(found.low)} to {text(found.high)}"],
    ]
    yield Section(
        "against",
        "Two models",
        [
            PagePart(found.measure.title, table=Grid(("model", found.measure.title), rows, totals)),
            PagePart("Significance of the difference", table=Grid(("test", ""), test), text=found.sentence),
            PagePart("Errors", table=Grid(("errors", "count"), figures)),
        ],
        notes=[
            "p is the probability of a difference at least as large if the two models were equally good: the share of "
            "random exchanges of their answers, sentence by sentence, that come to one (Noreen 1989; Yeh 2000)."
        ],
    )


def _bar(found: Significance, value: float) -> Bar | str:
    text = found.measure.text(value)
    return Bar(value, text) if 0 <= value <= 1 else text


def confusion(evaluation: "Evaluated") -> Iterator[Section]:
    """What was taken for what."""
    found = []
    analysis = evaluation.analysis
    if analysis is not None and analysis.confusion:
        grid, left = parts.matrix(analysis.confusion, spans=analysis.spans)
        title = "Types of entities" if analysis.spans else "Tags"
        found.append(PagePart(title, matrix=grid, text=left))
        if analysis.classes is not None:
            found.append(PagePart("Entities by kind of error", table=_classes(analysis)))
    score = evaluation.score
    labels = score.labels if isinstance(score, JointScore) else score
    if isinstance(labels, LabelScore) and labels.confusion:
        pairs: dict[tuple[str | None, str | None], int] = {
            (gold, given): count for gold, row in labels.confusion.items() for given, count in row.items()
        }
        grid, left = parts.matrix(pairs, spans=False)
        found.append(PagePart("Labels of sentences", matrix=grid, text=left))
    if found:
        notes = ["Rows are what is right, columns what was predicted; the colour is the share of its row."]
        yield Section("confusion", "Confusion", found, notes, wide=True)


def _classes(analysis: Analysis) -> Grid:
    """Entities by class, each type a row."""
    kinds = ("correct", "boundary", "type", "boundary_and_type", "missed")
    rows = []
    for name in sorted(analysis.gold_types.keys() | analysis.predicted_types.keys()):
        gold, predicted = analysis.gold_types.get(name), analysis.predicted_types.get(name)
        counts = [getattr(gold, kind) if gold else 0 for kind in kinds]
        counts.append(predicted.spurious if predicted else 0)
        rows.append([Name(parts.shown(name)), *map(parts.number, counts)])
    columns = ("type", "correct", "wrong boundaries", "wrong type", "both", "missed", "spurious")
    remarks = ["Spurious entities count under the predicted type, all others under the gold type."]
    return Grid(columns, rows, remarks=remarks)


def familiarity(analysis: Analysis | None) -> Iterator[Section]:
    """Known against unseen, and by frequency."""
    if analysis is None:
        return
    found = []
    if (entities := analysis.entities) is not None:
        groups = {
            "known": entities.known,
            "unseen": entities.unseen,
            "unseen, all words known": entities.all_words,
            "unseen, some words known": entities.some_words,
            "unseen, no word known": entities.no_words,
        }
        grid = parts.hits_grid(("entities", "gold", "found", "recall"), groups.items())
        found.append(PagePart("Known and unseen entities", table=grid))
    if (words := analysis.words) is not None:
        grid = parts.hits_grid(
            ("words", "tokens", "right", "accuracy"), {"known": words.known, "unseen": words.unseen}.items()
        )
        found.append(PagePart("Known and unseen words", table=grid))
    if analysis.frequency:
        columns = ("times in training", "gold", "found", "recall")
        if not analysis.spans:
            columns = ("times in training", "tokens", "right", "accuracy")
        found.append(
            PagePart("By frequency in training", table=parts.hits_grid(columns, analysis.frequency.items()))
        )
    if found:
        note = (
            "Known entities occur in the training file with the same type; words count as they are written."
        )
        yield Section("known", "Known and unseen", found, [note])


def lengths(analysis: Analysis | None) -> Iterator[Section]:
    """Results by length."""
    if analysis is None:
        return
    found = []
    if analysis.spans:
        columns = ("precision", "recall", "F1", "gold")
        rows = [
            [Name(name), *parts.ratios(counts), parts.number(counts.gold)]
            for name, counts in analysis.entity_lengths.items()
        ]
        found.append(PagePart("By length of the entity", table=Grid(("tokens", *columns), rows)))
        rows = [
            [
                Name(name),
                parts.number(bucket.sentences),
                *parts.ratios(bucket.counts),
                parts.number(bucket.counts.gold),
            ]
            for name, bucket in analysis.sentence_lengths.items()
        ]
        found.append(
            PagePart("By length of the sentence", table=Grid(("tokens", "sentences", *columns), rows))
        )
    else:
        rows = [
            [
                Name(name),
                parts.number(bucket.sentences),
                parts.number(bucket.counts.gold),
                parts.ratio(bucket.counts.recall),
            ]
            for name, bucket in analysis.sentence_lengths.items()
        ]
        columns = ("length", "sentences", "tokens", "accuracy")
        found.append(PagePart("By length of the sentence, in tokens", table=Grid(columns, rows)))
    yield Section("lengths", "By length", found, wide=True)


def calibration(found: Sequence[Calibration], curves: Sequence[Thresholds]) -> Iterator[Section]:
    """How far probabilities mean what they say, and what a minimum probability brings."""
    drawn = [PagePart(f"Reliability: {one.of}", _reliability(one), text=_errors(one)) for one in found]
    drawn += [PagePart(f"Precision and recall: {one.of}", _recall(one)) for one in curves]
    drawn += [PagePart(f"By minimum probability: {one.of}", table=_minima(one), wide=True) for one in curves]
    if drawn:
        yield Section(
            "calibration",
            "Probabilities",
            drawn,
            [
                "Well calibrated probabilities lie on the dashed line: of answers with probability 0.8, 80 % are "
                "right. The area of a dot is the number of answers."
            ],
        )


def _errors(one: Calibration) -> str:
    return (
        f"Expected calibration error {one.error:.4f} (10 bins of equal width; Naeini et al. 2015), Brier score "
        f"{one.brier:.4f}, {one.count:,} {one.of}."
    )


def _reliability(one: Calibration) -> "Markup":
    bins = [entry for entry in one.bins if entry.count]
    largest = max((entry.count for entry in bins), default=1)
    curve = Curve(
        one.of,
        [(entry.probability, entry.right) for entry in bins],
        [entry.count / largest for entry in bins],
        [
            f"probability {entry.low:.1f} to {entry.high:.1f}, mean {entry.probability:.4f}: "
            f"{entry.right:.4f} right of {entry.count:,}"
            for entry in bins
        ],
    )
    axes = ChartAxis("mean probability", 0.0, 1.0), ChartAxis("share that is right", 0.0, 1.0)
    return chart(f"Reliability of {one.of}", [curve], *axes, diagonal=True)


def _recall(one: Thresholds) -> "Markup":
    points = [point for point in one.points if point.counts.predicted]
    curve = Curve(
        one.of,
        [(point.counts.recall, point.counts.precision) for point in points],
        notes=[
            f"minimum {point.probability:.2f}: precision {point.counts.precision:.4f}, recall {point.counts.recall:.4f}"
            for point in points
        ],
    )
    axes = ChartAxis("recall", 0.0, 1.0), ChartAxis("precision", 0.0, 1.0)
    return chart(f"Precision against recall of {one.of}, by minimum probability", [curve], *axes)


def _minima(one: Thresholds) -> Grid:
    rows = [
        [Name(f"{point.probability:.2f}"), *parts.ratios(point.counts), parts.number(point.counts.predicted)]
        for point in one.points
    ]
    return Grid(("minimum", "precision", "recall", "F1", one.of), rows)


def training(trained: TrainingRecord | None) -> Iterator[Section]:
    """How the model was trained."""
    history = trained.history if trained else []
    if trained is None or not history:
        return
    measure, best = trained.measure, trained.best_epoch
    epochs = ChartAxis("epoch", whole=True)

    def curve(name: str, key: str) -> Curve:
        return Curve(name, [(row["number"], row.get(key)) for row in history])

    found = [
        PagePart(
            "Loss",
            chart("Loss by epoch", [curve("loss", "loss")], epochs, ChartAxis("mean loss of the steps", 0.0)),
        ),
        PagePart(
            f"Dev {measure}",
            chart(f"Dev {measure} by epoch", [curve(measure, "dev_score")], epochs, ChartAxis(measure)),
            text=f"Epoch {best} was kept.",
        ),
        PagePart(
            "Gradient norm",
            chart(
                "Gradient norm by epoch",
                [curve("norm", "gradient_norm")],
                epochs,
                ChartAxis("mean norm before clipping", 0.0),
            ),
        ),
        PagePart(
            "Clipping",
            chart(
                "Share of steps with clipping by epoch",
                [curve("clipped", "clipped")],
                epochs,
                ChartAxis("share of steps clipped", 0.0, 1.0),
            ),
        ),
    ]
    if history[-1].get("learning_rate") is not None:
        rate = curve("learning rate", "learning_rate")
        found.append(
            PagePart(
                "Learning rate",
                chart("Learning rate by epoch", [rate], epochs, ChartAxis("learning rate", 0.0)),
            )
        )
    yield Section("training", "Training", [*found, *_gradients(trained.gradients)])


def _gradients(gradients: Mapping[str, Any] | None) -> Iterator[PagePart]:
    """The norms of all steps."""
    if not gradients:
        return
    names = [name for name in gradients["norm"] if name != "mean"]
    rows = [
        [Name(title), *(f"{gradients[key][name]:.3g}" for name in ("mean", *names))]
        for title, key in (("before clipping", "norm"), ("after clipping", "norm_after"))
    ]
    text = f"{gradients['steps']:,} steps, of which clipping changed {gradients['clipped']:.1%}."
    yield PagePart(
        "Norms of the gradients of all steps",
        table=Grid(("norm", "mean", *names), rows),
        text=text,
        wide=True,
    )
