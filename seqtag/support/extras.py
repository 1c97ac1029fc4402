"""Optional packages, and the extra that installs each."""

from seqtag.support.errors import MissingPackage

EXTRAS = {
    "tensorflow": "train",
    "keras": "train",
    "seqeval": "train",
    "matplotlib": "plot",
    "sentencex": "sentences",
    "icu4py": "icu",
    "spacy": "spacy",
    "sacrebleu": "bleu",
    "optuna": "tune",
    "psycopg": "tune",
    "ray": "ray",
    "fsspec": "ray",
    "pyarrow": "ray",
    "fastapi": "serve",
    "prometheus_client": "serve",
    "uvicorn": "serve",
}


def install_line(extra: str) -> str:
    """The command that installs an extra; the package index has an unrelated project called seqtag."""
    return f"pip install '.[{extra}]' in a clone of seqtag"


def missing(problem: ImportError, purpose: str) -> MissingPackage | None:
    """The error for a package that is not installed; None if the import failed for another reason.

    Args:
        problem: What the import raised.
        purpose: What the package is needed for, as in "seqtag train".
    """
    name = (problem.name or "").partition(".")[0]
    if not isinstance(problem, ModuleNotFoundError) or name not in EXTRAS:
        return None
    return MissingPackage(
        f"{purpose} needs the package {name}, which is not installed: {install_line(EXTRAS[name])}"
    )
