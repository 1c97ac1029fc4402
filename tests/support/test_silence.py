"""The start of TensorFlow: what C++ code writes to stderr is kept, wherever there is room for it."""

import os
import tempfile
from typing import Any

import pytest

from seqtag.support.silence import silent_stderr


def nowhere(*given: Any, **more: Any) -> Any:
    raise FileNotFoundError("No usable temporary directory found")


def fail(words: bytes) -> None:
    os.write(2, words)
    raise OSError("closed")


@pytest.mark.parametrize("room", ["memory", "a folder", "nowhere"])
def test_a_failure_shows_what_was_kept(
    room: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if room != "memory":
        monkeypatch.setattr(os, "memfd_create", nowhere, raising=False)
    if room != "a folder":
        monkeypatch.setattr(tempfile, "TemporaryFile", nowhere)
    with silent_stderr():
        os.write(2, b"chatter")
    assert capfd.readouterr().err == ""
    with pytest.raises(OSError, match="closed"), silent_stderr():
        fail(b"what went wrong")
    assert capfd.readouterr().err == ("" if room == "nowhere" else "what went wrong")
