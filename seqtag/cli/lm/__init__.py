"""`seqtag lm`: language models, one file for each of its commands."""

from seqtag.cli.groups import Group

LM = Group(
    "Train, mix, score and sample language models.",
    {
        "train": "seqtag.cli.lm.train:train",
        "score": "seqtag.cli.lm.score:score",
        "generate": "seqtag.cli.lm.generate:generate",
        "mix": "seqtag.cli.lm.mix:mix",
        "fill": "seqtag.cli.lm.fill:fill",
        "export": "seqtag.cli.lm.arpa:export",
        "import": "seqtag.cli.lm.arpa:import_arpa",
    },
)
