"""The sentences of a file as a language model takes them: with their labels, if it is conditioned on labels."""

from collections.abc import Iterator

from seqtag.corpora.findings import Finding, Report, ignore
from seqtag.corpora.labelled import labelled_sentences
from seqtag.corpora.units import sentences
from seqtag.support.errors import DataError
from seqtag.support.lines import shown
from seqtag.support.quoting import quoted
from seqtag.tasks.language.base import TextModel, labelled

RUNNING_TEXT = "running-text"  # the code of the finding


def read(
    model: TextModel, path: str, input_format: str | None = None, report: Report = ignore
) -> Iterator[tuple[int, list[str]]]:
    """The sentences of a file, each with the number of its first line.

    Args:
        model: The model. If it is conditioned on labels and has been given none, the file says the label of each
            sentence.
        path: A text, a sentence a line, or a corpus; "-" is standard input. Blank lines are left out.
        input_format: A format in `registry.FORMATS`; None to go by the name and the first lines of the file.
        report: Receives what is odd about the file, a label that the model does not know among it.

    Raises:
        DataError: The file cannot be read, or a sentence has no label where it needs one.
    """
    of_labels = labelled(model)
    if of_labels is None or of_labels.label is not None:
        yield from sentences(path, model.units, input_format, report)
        return
    remedy = f"--label gives all sentences one of {', '.join(of_labels.labels)}"

    def report_or_refuse(finding: Finding) -> None:
        if finding.code == RUNNING_TEXT:
            raise DataError(
                finding.file, finding.line, f"looks like running text, which holds no labels ({remedy})"
            )
        report(finding)

    unseen = set()
    key, units = of_labels.label_key, model.units
    for number, tokens in labelled_sentences(path, units, key, input_format, report_or_refuse, remedy):
        if tokens.label not in of_labels.labels and tokens.label not in unseen:
            unseen.add(tokens.label)
            problem = f"training never saw the label {quoted(tokens.label)}; it is read as the unknown label"
            report(Finding("warning", "unseen-label", shown(path), number, problem))
        yield number, tokens
