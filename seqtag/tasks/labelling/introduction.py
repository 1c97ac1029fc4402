"""What is said of a run that learns labels before its first epoch."""

from seqtag.settings import registry
from seqtag.support.quoting import counted, printable
from seqtag.tasks.labelling.job import LabelStart
from seqtag.tasks.tagging.lists import described

MOST = 12  # labels that are named


def introduction(prepared: LabelStart) -> list[str]:
    """What is known before the first epoch."""
    train, dev = prepared.train, prepared.dev
    seed = prepared.held_out
    of_dev = dev.path if seed is None else f"held out of {dev.path}, seed {seed}"
    named = ", ".join(prepared.labels[:MOST]) + f" and {len(prepared.labels) - MOST:,} more" * (
        len(prepared.labels) > MOST
    )
    several = "; a sentence may have several" if prepared.multiple else ""
    lines = [
        f"train  {counted(len(train.sentences), 'sentence')}, {counted(train.tokens, 'token')} ({train.path})",
        f"dev    {counted(len(dev.sentences), 'sentence')}, {counted(dev.tokens, 'token')} ({of_dev})",
        f"labels {len(prepared.labels):,}: {named}{several}",
        f"model  {describe(prepared)}; {prepared.parameters:,} parameters; {prepared.vocabulary:,} words",
    ]
    if prepared.base is not None:
        lines += prepared.base.described()
    if prepared.coverage:
        share = 1 - prepared.coverage.get("missing", 0) / prepared.vocabulary
        lines.append(f"vectors found for {share:.1%} of the training file's distinct words")
    lines += described(prepared.lists)
    if prepared.windowed:
        lines.append(f"note   {prepared.windowed:,} long training sentences are learnt in pieces")
    if prepared.unseen:
        listed = ", ".join(f"{label} ({count})" for label, count in prepared.unseen.items())
        lines.append(f"note   dev has labels that training never saw, which count as misses: {listed}")
    return [printable(line) for line in lines]


def describe(prepared: LabelStart) -> str:
    """The network in a few words."""
    config = prepared.config
    encoder, label = config.encoder, config.label
    is_both = encoder.layers and encoder.bidirectional and registry.is_stateful(encoder.cell)
    both = "bidirectional " if is_both else ""
    inputs = " + ".join(name.replace("_", " ") for name in prepared.inputs)
    fed = f" ({label.feeds_tags} to the tags)" * (label.feeds_tags != "none")
    tags = f", {prepared.tags} tags" * bool(prepared.tags)
    return f"{inputs} -> {both}{encoder.described} -> {label.pooling} pooling, {len(prepared.labels)} labels{fed}{tags}"
