"""Folders that change while they are served: the new model takes the place of the former one when it is ready."""

import asyncio
from collections.abc import Callable, Sequence

from seqtag.serving.models import NamedModel, state
from seqtag.support.errors import Error
from seqtag.support.quoting import one_line

SECONDS = 1.0  # between two looks at the folders


async def watch(
    models: Sequence[NamedModel],
    count: Callable[[str, str], None],
    tell: Callable[[str], None],
) -> None:
    """Reads a folder again once it has changed, and stays as it is from one look to the next. If it cannot be read, the
    former model stays.

    Args:
        models: The models, which answer with the new folder afterwards.
        count: Receives the name of a model whose folder was read, and "ok" or "failed".
        tell: Receives a line for each.
    """
    seen = {model.name: model.state for model in models}
    while True:
        await asyncio.sleep(SECONDS)
        for model in models:
            now = await asyncio.to_thread(state, model.path)
            settled, seen[model.name] = now == seen[model.name], now
            if not settled or now == model.state:
                continue
            try:
                await asyncio.to_thread(model.read)
            except (Error, OSError, MemoryError) as problem:
                count(model.name, "failed")
                tell(
                    f"{model.name}: the changed folder is not used, the former model stays: {one_line(problem)}"
                )
            else:
                count(model.name, "ok")
                tell(f"{model.name}: the changed folder is used from now on")
