"""`seqtag lm generate`: sentences drawn from a language model."""

from typing import Annotated

import typer

from seqtag.cli.lm import options


def generate(
    model: options.Model,
    label: options.Label = None,
    prompt: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The words that each sentence begins with.", show_default=False),
    ] = None,
    number: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many sentences.")] = 1,
    temperature: Annotated[
        float,
        typer.Option(
            metavar="T", help="Below 1: more of the probable words; 0: always the most probable one."
        ),
    ] = 1.0,
    top_k: Annotated[
        int, typer.Option(min=0, metavar="K", help="Draw from the K most probable words; 0: all.")
    ] = 0,
    top_p: Annotated[
        float,
        typer.Option(
            metavar="P", help="Draw from the most probable words that together have this probability."
        ),
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Random seed.")] = 42,
    longest: Annotated[
        int, typer.Option(min=1, metavar="N", help="Maximum number of tokens in a sentence.")
    ] = 1000,
) -> None:
    """Draw sentences from a language model, one a line; <unk> is never drawn.

    The same --seed draws the same sentences.

    Examples:
      seqtag lm generate lm --prompt 'The harbour' --temperature 0.8 -n 5
      seqtag lm generate intents --label PlayMusic -n 5
    """
    options.one_thread()
    from seqtag.stages.generate import generate as stage
    from seqtag.support.quoting import CONTROLS
    from seqtag.tasks.language.sampling import Sampling

    settings = Sampling(temperature, top_k, top_p, seed, longest)
    for line in stage(model, number, settings, prompt or "", label):
        print(
            CONTROLS.sub(lambda found: ascii(found[0])[1:-1], line)
        )  # the words are those of a stranger's folder
