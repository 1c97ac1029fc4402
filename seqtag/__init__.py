"""seqtag: train, evaluate and use recurrent sequence taggers.

The names below are the public Python API; `docs/python.md` describes them. Each is imported when it is first used, so
`import seqtag` costs nothing.

>>> import seqtag
>>> tagger = seqtag.load("model")
>>> [(entity.text, entity.label) for entity in tagger("Marta Lindqvist left Lisbon.").entities]
[('Marta Lindqvist', 'PER'), ('Lisbon', 'LOC')]
"""

TYPE_CHECKING = False  # as type checkers know it; `typing` alone would cost several milliseconds

if TYPE_CHECKING:
    from seqtag.api.language import LanguageModel, load_lm
    from seqtag.api.scoring import evaluate, score
    from seqtag.api.tagging import Tagger, load
    from seqtag.api.training import train
    from seqtag.corpora.document import Document, Entity, Token
    from seqtag.evaluation.scoring import Score
    from seqtag.inference.final_states import FinalStates
    from seqtag.stages.train import TrainingResult
    from seqtag.support.errors import Error
    from seqtag.tasks.tagging.prepared import Prepared
    from seqtag.training.events import Epoch, Note, Progress, Resumed

__version__ = "0.1.0"

__all__ = [
    "Document",
    "Entity",
    "Epoch",
    "Error",
    "FinalStates",
    "LanguageModel",
    "Note",
    "Prepared",
    "Progress",
    "Resumed",
    "Score",
    "Tagger",
    "Token",
    "TrainingResult",
    "__version__",
    "evaluate",
    "load",
    "load_lm",
    "score",
    "train",
]

_HOMES = {
    "seqtag.api.language": ("LanguageModel", "load_lm"),
    "seqtag.api.scoring": ("evaluate", "score"),
    "seqtag.api.tagging": ("Tagger", "load"),
    "seqtag.api.training": ("train",),
    "seqtag.corpora.document": ("Document", "Entity", "Token"),
    "seqtag.evaluation.scoring": ("Score",),
    "seqtag.inference.final_states": ("FinalStates",),
    "seqtag.stages.train": ("TrainingResult",),
    "seqtag.support.errors": ("Error",),
    "seqtag.tasks.tagging.prepared": ("Prepared",),
    "seqtag.training.events": ("Epoch", "Note", "Progress", "Resumed"),
}


if not TYPE_CHECKING:  # type checkers know the names from above, and that there are no others

    def __getattr__(name):
        for home, names in _HOMES.items():
            if name in names:
                from importlib import import_module

                value = globals()[name] = getattr(import_module(home), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})
