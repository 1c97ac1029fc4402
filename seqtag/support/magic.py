"""Files that are not text, told by the bytes that they begin with."""

_UNPACK = "which must be unpacked first"
_NESTED = f"inside another compressed file, {_UNPACK}"
_MAGIC = (
    (0, b"%PDF-", "a PDF"),
    (0, b"\xd0\xcf\x11\xe0", "a document of Microsoft Office"),
    (0, b"PAR1\x15", "a Parquet table"),
    (0, b"ARROW1\0", "an Arrow table"),
    (0, b"\xff\xff\xff\xff", "an Arrow stream, as the datasets package writes"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"\x93NUMPY", "an array of NumPy"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"x\x9c", "packed with zlib, as spaCy's .spacy files are"),
    *((0, b"\x80" + bytes([protocol]), "a pickle of Python") for protocol in range(2, 6)),
    (257, b"ustar", f"a tar archive, {_UNPACK}"),
    # A file that is compressed once is unpacked before it comes here.
    (0, b"\x1f\x8b", f"a gzip file {_NESTED}"),
    (0, b"PK\x03\x04", f"a zip archive {_NESTED}"),
    (0, b"\xfd7zXZ\0", f"an xz file {_NESTED}"),
    (0, b"\x28\xb5\x2f\xfd", f"a Zstandard file {_NESTED}"),
    (4, b"1AY&SY", f"a bzip2 file {_NESTED}"),
)


def kind(begin: bytes) -> str | None:
    """What a file is that begins with these bytes, after "is"; None if it may be text.

    >>> kind(b"%PDF-1.7")
    'a PDF'
    """
    return next((name for at, magic, name in _MAGIC if begin.startswith(magic, at)), None)
