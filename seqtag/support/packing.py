"""Files are written compressed where the ending of their name says so: .gz, .bz2, .xz, .zst or .zip."""

import contextlib
import os
import zlib
from collections.abc import Callable, Iterator
from io import RawIOBase
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from seqtag.support.unpacking import ending, without_ending, zstandard

if TYPE_CHECKING:
    from zipfile import ZipInfo


class _Packer(Protocol):
    """A compressor of the standard library."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def _bz2() -> _Packer:
    import bz2

    return bz2.BZ2Compressor()


def _xz() -> _Packer:
    import lzma

    return lzma.LZMACompressor()


def _zst() -> _Packer:
    return cast(_Packer, zstandard().ZstdCompressor())


_PACKERS: dict[str, Callable[[], _Packer]] = {
    ".gz": lambda: zlib.compressobj(wbits=31),  # whose header holds neither a name nor a time
    ".bz2": _bz2,
    ".xz": _xz,
    ".zst": _zst,
}


def check_ending(path: str) -> None:
    """MissingPackage if a file of this name cannot be written for want of a package."""
    if packer := _PACKERS.get(ending(path)):
        packer()


@contextlib.contextmanager
def packed(file: BinaryIO, path: str) -> Iterator[BinaryIO]:
    """What is written here goes into the file: compressed if the path ends like a compressed file's, else as it is.

    The same content gives the same bytes: no times, and no name but that of the one file in a zip archive. A run that
    fails leaves a stream without its end.
    """
    found = ending(path)
    if found == ".zip":
        from zipfile import ZipFile

        with ZipFile(file, "w") as archive, archive.open(_member(path), "w", force_zip64=True) as member:
            yield cast(BinaryIO, member)
    elif found:
        packer = _PACKERS[found]()
        yield cast(BinaryIO, _Packed(file, packer))
        file.write(packer.flush())
    else:
        yield file


def _member(path: str) -> "ZipInfo":
    """The one file of an archive with this path; its name is the archive's without the ending."""
    from zipfile import ZIP_DEFLATED, ZipInfo

    member = ZipInfo(without_ending(os.path.basename(path)) or "content")  # its time is the earliest there is
    member.compress_type = ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


class _Packed(RawIOBase):
    """Compresses what is written; flushing does nothing, since a flush within a stream would change its bytes."""

    def __init__(self, file: BinaryIO, packer: _Packer) -> None:
        self._file = file
        self._packer = packer

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._file.write(self._packer.compress(data))
        return len(data)
