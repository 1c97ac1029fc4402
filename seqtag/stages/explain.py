"""The explaining stage: a model and some text in; for each sentence the answers and what each depends on out."""

from pathlib import Path
from typing import Any

from seqtag.support.errors import UsageError
from seqtag.tasks import base as tasks
from seqtag.tasks.explanation import ExplainOrder, Explanation
from seqtag.tasks.folders import task_of


def explain(model: str, path: str, **how: Any) -> Explanation:
    """Answers the first sentences of a text and says what each answer depends on.

    Args:
        model: The model folder.
        path: The text; "-" is standard input.
        how: What an `ExplainOrder` has beside them.

    Raises:
        Error: The model or the text cannot be read, or the text holds no sentence.
        UsageError: Models of this task cannot be explained so.
    """
    task = task_of(Path(model))
    own = tasks.find(task).explain
    if own is None:
        raise UsageError(f"{model}: is a model of task {task}, which `seqtag explain` cannot explain.")
    return own(ExplainOrder(model, path, **how))
