"""The stage that reads and writes ARPA files: the models of other programs in, n-gram models for them out."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import seqtag
from seqtag.corpora.units import Units
from seqtag.model_folder import replacing
from seqtag.model_folder.claims import claimed
from seqtag.model_folder.layout import LANGUAGE_MODEL
from seqtag.ngrams import arpa, stored
from seqtag.ngrams.model import NgramModel
from seqtag.support.errors import Error
from seqtag.tasks.language.base import load


def exportable(path: str | Path) -> NgramModel:
    """The model of a folder, which an ARPA file can hold.

    Raises:
        Error: The model cannot be read, or an ARPA file cannot hold it.
    """
    model = load(path)
    if not isinstance(model, NgramModel):
        raise Error(
            f"{path}: is not a model of n-grams ({model.description}); an ARPA file can hold nothing else."
        )
    model.check_arpa()
    return model


def export(model: NgramModel, stream: BinaryIO, say: Callable[[str], None] = lambda text: None) -> None:
    """Writes a model as an ARPA file; `say` receives how far it is."""
    arpa.write(model, stream, say)


def import_arpa(
    path: str,
    output: Path,
    units: Units,
    *,
    force: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> NgramModel:
    """Writes the model of an ARPA file as a folder.

    Args:
        path: The file; it may be compressed.
        output: The folder.
        units: What the tokens are.
        force: Whether a language model that is there may be replaced.
        say: Receives how far it is.

    Raises:
        Error: The file is no ARPA file, or the folder cannot be written.
    """
    with claimed(output):
        replacing.check_target(output, force=force, kind=LANGUAGE_MODEL)
        model = arpa.read(path, units, say)
        report = {"seqtag": seqtag.__version__, "ngrams": [len(table.keys) for table in model.tables]}
        replacing.write(output, stored.files(model, report), LANGUAGE_MODEL)
    return model
