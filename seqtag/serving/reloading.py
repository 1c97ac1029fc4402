"""Reloading of model folders that change while they are served."""

import asyncio
from collections.abc import Callable, Sequence

from seqtag.serving.models import NamedModel, state
from seqtag.support.errors import Error
from seqtag.support.quoting import one_line

SECONDS = 1.0  # between two checks of the folders


async def watch(
    models: Sequence[NamedModel],
    count: Callable[[str, str], None],
    tell: Callable[[str], None],
) -> None:
    """Loads a folder again once it has changed and then stayed the same from one check to the next. If it cannot be
    read, the former model stays.

    Args:
        models: The models; each is replaced when its new folder is loaded.
        count: Receives the name of a model and "ok" or "failed", after each attempt to load it.
        tell: Receives a line after each attempt.
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
