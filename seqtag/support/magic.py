"""Files that are not text, told by the bytes that they begin with."""

_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "a document of Microsoft Office"),
    (b"PAR1\x15", "a Parquet table"),
    (b"ARROW1\0", "an Arrow table"),
    (b"\xff\xff\xff\xff", "an Arrow stream, as the datasets package writes"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "an array of NumPy"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"x\x9c", "packed with zlib, as spaCy's .spacy files are"),
    *((b"\x80" + bytes([protocol]), "a pickle of Python") for protocol in range(2, 6)),
)


def kind(begin: bytes) -> str | None:
    """What a file is that begins with these bytes, after "is"; None if it may be text.

    >>> kind(b"%PDF-1.7")
    'a PDF'
    """
    return next((name for magic, name in _MAGIC if begin.startswith(magic)), None)
