"""Settings as YAML: every error names file and line, and nothing but plain settings is taken."""

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.settings.config_files import MAX_BYTES, parse_assignments, parse_grid, read
from seqtag.settings.merging import for_corpus, merge
from seqtag.settings.reference import commented
from seqtag.settings.schema import SETTINGS, check_value
from seqtag.support.errors import DataError, Error, UsageError
from seqtag.support.quoting import quoted, shortened


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Writes a file `a.yaml` and gives its path."""

    def write(content: str | bytes) -> str:
        path = tmp_path / "a.yaml"
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return str(path)

    return write


# ------------------------------------------------------------------------------------------------------------
# Files


def test_each_value_comes_with_its_line(written: Any) -> None:
    path = written("# mine\nencoder:\n  units: 12\n  cell: gru\n\nembeddings:\n  word: {dim: 9}\n")
    assert read(path) == {
        "encoder.units": (12, f"{path}:3"),
        "encoder.cell": ("gru", f"{path}:4"),
        "embeddings.word.dim": (9, f"{path}:7"),
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("no", False), ("null", None), ("~", None), ("", None), ("3", 3), ("-1", -1),
        ("0.5", 0.5), ("1e-3", "1e-3"), ("1.0e-3", 0.001), ("lstm", "lstm"), ("'3'", "3"),
        ('"a b"', "a b"), (".inf", float("inf")),
    ],
)  # fmt: skip
def test_values_are_read_as_yaml_reads_them(written: Any, text: str, value: Any) -> None:
    found, _ = read(written(f"encoder:\n  units: {text}\n"))["encoder.units"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing\n", "---\n", "\ufeff"])
def test_an_empty_file_sets_nothing(written: Any, content: str) -> None:
    assert read(written(content)) == {}


def test_an_empty_section_sets_nothing(written: Any) -> None:
    """As is left when every line of a section is made a comment."""
    path = written("embeddings:\n  # dropout: 0.5\n  word:\n    # dim: 3\nencoder:\n  units: 5\n")
    assert read(path) == {"encoder.units": (5, f"{path}:6")}


def test_an_empty_value_is_null_and_no_empty_section(written: Any) -> None:
    path = written("encoder:\n  units:\n")
    assert read(path) == {"encoder.units": (None, f"{path}:2")}


def test_dos_line_ends_and_a_byte_order_mark_are_read_right(written: Any) -> None:
    path = written(b"\xef\xbb\xbfencoder:\r\n  units: 5\r\n")
    assert read(path) == {"encoder.units": (5, f"{path}:2")}


@pytest.mark.parametrize(
    ("content", "kind", "line", "words"),
    [
        ("encoder:\n  units: [1, 2\n", DataError, 3, "is not YAML"),
        ("encoder:\n units: 1\n  layers: 2\n", DataError, 3, "is not YAML"),
        ("encoder:\n\tunits: 1\n", DataError, 2, "is not YAML"),
        ("encoder: {units: 1}\n---\nencoder: {units: 2}\n", DataError, 2, "is not YAML"),
        ("a: 1\nb: \x00\n", DataError, 2, "is not YAML"),
        (b"a: 1\nb: \xe4\n", DataError, 2, "is not UTF-8"),
        ("encoder:\n  units: 1\n  units: 2\n", UsageError, 3, "encoder.units is given twice"),
        ("encoder:\n  units: 1\nencoder:\n  layers: 2\n", UsageError, 3, "encoder is given twice"),
        ("encoder.units: 1\nencoder:\n  units: 2\n", UsageError, 3, "encoder.units is given twice"),
        ("encoder: &a\n  units: 1\nhead: *a\n", UsageError, 3, "aliases are not allowed"),
        ("encoder:\n  <<: {units: 3}\n", UsageError, None, None),
        ("encoder:\n  units: [1, 2]\n", UsageError, 2, "encoder.units is a list"),
        ("encoder:\n  units:\n  - 1\n", UsageError, 2, "encoder.units is a list"),
        ("encoder:\n  ? [a, b]\n  : 1\n", UsageError, 2, "a key must be a name"),
        ("- 1\n- 2\n", UsageError, 1, "expected settings as `key: value`"),
        ("\njust words\n", UsageError, 2, "expected settings as `key: value`"),
        ("encoder:\n  units: !!python/object/apply:os.getcwd []\n", UsageError, 2, "is a list"),
        ("encoder:\n  units: !!python/name:os.getcwd\n", UsageError, 2, "cannot be read as a value"),
        ("encoder:\n  units: !!bool maybe\n", UsageError, 2, "cannot be read as a value"),
        ("encoder:\n  units: !!int ''\n", UsageError, 2, "cannot be read as a value"),
        ("encoder:\n  units: !!timestamp soon\n", UsageError, 2, "cannot be read as a value"),
        ("encoder:\n  units: 2001-99-99\n", UsageError, 2, "cannot be read as a value"),
        (f"encoder:\n  units: {'9' * 5000}\n", UsageError, 2, "cannot be read as a value"),
    ],
)
def test_every_error_names_file_and_line(
    written: Any, content: str | bytes, kind: type[Error], line: int | None, words: str | None
) -> None:
    path = written(content)
    with pytest.raises(kind) as caught:
        merge(read(path))
    if line is not None:
        assert str(caught.value).startswith(f"{path}:{line}: ")
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "? ", "[\n", "{? [", "!!set {? ", "a: [{b: "])
def test_deep_nesting_is_refused_soon(written: Any, piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.perf_counter()
    with pytest.raises(Error):
        read(written(text))
    with pytest.raises(UsageError, match="cannot be read as a value"):
        parse_assignments([f"encoder.units={text}"])
    with pytest.raises(UsageError, match="cannot be read as values"):
        parse_grid([f"encoder.units=[{text}"])
    assert time.perf_counter() - started < 30


def test_nesting_has_a_bound_of_its_own(written: Any) -> None:
    """Brackets in texts and comments are none."""
    inner = "# " + "[" * 50 + "\nencoder.cell: '" + "{" * 50 + "'\n"
    assert read(written(inner))["encoder.cell"][0] == "{" * 50
    path = written(inner + "encoder.units: " + "[" * 19 + "]" * 19)
    with pytest.raises(UsageError, match=r"a.yaml:3: encoder.units is a list"):
        read(path)
    path = written(inner + "encoder.units:\n " + "[" * 20 + "]" * 20)
    with pytest.raises(UsageError, match=r"a.yaml:4: more than 20 lists and mappings in each other"):
        read(path)


def test_a_wrong_value_names_file_and_line(written: Any) -> None:
    path = written("encoder:\n  units: 0\n")
    with pytest.raises(UsageError) as caught:
        merge(read(path))
    assert (
        str(caught.value)
        == f"{path}:2: encoder.units is 0; expected a whole number, at least 1, at most 8192, or auto."
    )


def test_a_wrong_key_names_file_and_line(written: Any) -> None:
    path = written("encoder:\n  cell: gru\n  unit: 3\n")
    with pytest.raises(
        UsageError, match=r"a.yaml:3: there is no setting 'encoder.unit'. Did you mean 'encoder.units'"
    ):
        merge(read(path))


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, written: Any) -> None:
    with pytest.raises(DataError, match=r"gone\.yaml: cannot be read: No such file or directory"):
        read(str(tmp_path / "gone.yaml"))
    with pytest.raises(DataError, match="is a folder; expected a file"):
        read(str(tmp_path))


def test_a_file_too_large_is_refused_before_it_is_read(written: Any) -> None:
    assert read(written(b"#" * MAX_BYTES)) == {}
    with pytest.raises(DataError, match=f"more than {MAX_BYTES} bytes"):
        read(written(b"#" * (MAX_BYTES + 1)))


@given(st.text(alphabet=list("ab:{}[]-?!&*#|>%@`'\"\\ \n\t,0.~\x00\u2028é"), max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, "utf-8", newline="")
    try:
        layer = read(str(path))
    except Error as problem:
        refused = str(problem)
    else:
        refused = None
    if refused is not None:
        assert refused.startswith(str(path))
        return
    assert all(source.startswith(f"{path}:") for _, source in layer.values())


# ------------------------------------------------------------------------------------------------------------
# --set


def test_assignments() -> None:
    layer = parse_assignments(
        ["encoder.units=5", " head.name = softmax", "encoder.activation=null", "encoder.units=6"]
    )
    assert layer == {
        "encoder.units": (6, "--set encoder.units=6"),
        "head.name": ("softmax", "--set  head.name = softmax"),
        "encoder.activation": (None, "--set encoder.activation=null"),
    }
    assert parse_assignments(["data.token_column=a=b"])["data.token_column"][0] == "a=b"
    assert parse_assignments(["data.outside_tag=-"])["data.outside_tag"][0] == "-"


@pytest.mark.parametrize(
    "assignment",
    [
        "encoder.units", "=3", " =3", "encoder.units=[1", "encoder.units=*a", "encoder.units=!!bool maybe",
        "data.tag_column=2001-99-99", "encoder.units=" + "9" * 5000, "encoder.units=" + "[" * 5000,
        "data.token_column=!!python/name:os.getcwd",
    ],
)  # fmt: skip
def test_assignments_that_are_none(assignment: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_assignments([assignment])
    assert str(caught.value).startswith(f"--set {shortened(assignment)}: ")
    assert len(str(caught.value)) < 300


LONG = {
    "hexadecimal": "0x" + "f" * 5000,
    "text": "y" * 100_000,
    "list": f"[{'0x' + 'f' * 5000}, 1]",
    "lists": "[&a [1,1,1,1,1,1,1,1,1], "
    + ", ".join(f"&{b} [{','.join(9 * ['*' + a])}]" for a, b in pairwise("abcdefghi")),
    "binary": "!!binary " + "YWFh" * 10_000,
}


@pytest.mark.parametrize(
    "path", ["encoder.units", "encoder.cell", "training.warmup", "data.token_column", "no.key"]
)
@pytest.mark.parametrize("value", LONG)
def test_a_value_is_shown_in_few_words(written: Any, path: str, value: str) -> None:
    """However long it is, and also if Python does not write it out."""
    text = LONG[value]

    def of_file() -> Any:
        return merge(read(written(f"{path}: {text}\n")))

    asked = [
        of_file,
        lambda: merge(parse_assignments([f"{path}={text}"])),
        lambda: parse_grid([f"{path}={text}"]),
    ]
    for ask in asked:
        if value == "text" and path == "data.token_column":
            continue  # the name of a column may be any
        with pytest.raises(Error) as caught:
            ask()
        assert len(str(caught.value)) < 1000


def test_what_is_shown_of_a_value() -> None:
    assert [quoted(value) for value in (1, 0.5, "a", None, [1, "b"])] == [
        "1",
        "0.5",
        "'a'",
        "None",
        "[1, 'b']",
    ]
    assert quoted(16**5000) == "a number of too many digits"
    for value in ("a" * 100_000, 10**1000, ["b" * 70] * 3, {"c" * 60: "d" * 60}, b"e" * 1000):
        assert 40 < len(quoted(value)) <= 80
        assert "..." in quoted(value)
    assert shortened("a" * 80) == "a" * 80
    assert shortened("a" * 81) == "a" * 40 + "..." + "a" * 37


def test_a_list_is_no_value() -> None:
    with pytest.raises(
        UsageError, match=r"--set encoder.units=\[1\]: encoder.units is \[1\]; expected a whole number"
    ):
        merge(parse_assignments(["encoder.units=[1]"]))


# ------------------------------------------------------------------------------------------------------------
# The commented file of all settings


def test_the_commented_file_is_the_defaults(written: Any) -> None:
    text = commented()
    layer = read(written(text))
    wanted = {path: "auto" if entry.by_corpus else entry.default for path, entry in SETTINGS.items()}
    assert {path: value for path, (value, _) in layer.items()} == wanted
    assert all(type(value) is type(wanted[path]) for path, (value, _) in layer.items())
    for spans in (True, False):
        assert for_corpus(merge(layer), spans=spans) == for_corpus(merge(), spans=spans)
    assert list(layer) == list(SETTINGS)
    for path, entry in SETTINGS.items():
        assert entry.by_corpus or check_value(path, layer[path][0], "x") == entry.default


def test_the_commented_file_says_what_each_setting_is() -> None:
    lines = commented().splitlines()
    assert [line for line in lines if len(line) > 79] == []
    said: dict[str, list[str]] = {}  # the comment above each line
    comment: list[str] = []
    for line in lines:
        if line.lstrip().startswith("#"):
            comment.append(line.strip().lstrip("# "))
        else:
            said.setdefault(line.partition(":")[0], []).append(" ".join(comment))
            comment = []
    for path, entry in SETTINGS.items():
        key = "  " * path.count(".") + path.rpartition(".")[2]
        assert f"{entry.help} ({entry.expected})" in said[key], path


@pytest.mark.parametrize("first", range(4))
def test_a_line_of_the_commented_file_may_be_changed(first: int, written: Any) -> None:
    """A setting stands on a line by itself, so that lines left out, every fourth, leave the rest as it is."""
    text = commented()
    layer = read(written(text))
    left_out = list(layer)[first::4]
    numbers = {int(layer[path][1].rpartition(":")[2]) for path in left_out}
    assert len(numbers) == len(left_out)
    lines = text.splitlines(keepends=True)
    remaining = read(written("".join(line for number, line in enumerate(lines, 1) if number not in numbers)))
    assert remaining.keys() == layer.keys() - set(left_out)
    assert merge(remaining) == merge()
