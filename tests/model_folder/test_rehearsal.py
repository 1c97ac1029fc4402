"""A network is rehearsed on shapes before it is run: what nobody exported is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from seqtag.features.indexers import characters
from seqtag.inference import tagger
from seqtag.model_folder import protobuf
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.operators import MAX_GAP, RULES
from seqtag.model_folder.rehearsal import LARGEST, MAX_BEAM, MAX_HEADS, check
from seqtag.model_folder.stored import expected, read_vocabulary
from seqtag.settings.merging import merge
from seqtag.support.errors import UserError

GOLDEN = Folder(Path(__file__).parents[1] / "golden" / "models" / "format_1")
NETWORK = GOLDEN.read("model.onnx")
EXPECTED = expected(read_vocabulary(GOLDEN))


# What the network makes of the characters `(pieces, characters)`: the input itself can only be looked up.
CHARACTERS = next(
    node.output[0] for node in onnx.load_from_string(NETWORK).graph.node if node.input[-1] == "characters"
)


def weight(model: Any, *values: int) -> str:
    name = f"new_{len(model.graph.initializer)}"
    model.graph.initializer.append(numpy_helper.from_array(np.array(values, np.int64), name))
    return name


def matrix(model: Any) -> Any:
    return next(w for w in model.graph.initializer if len(w.dims) == 2 and w.data_type == TensorProto.FLOAT)


def insert(model: Any, operator: str, *inputs: str, **attributes: Any) -> None:
    model.graph.node.insert(0, helper.make_node(operator, inputs, ["new"], **attributes))


def prepend(model: Any, *nodes: tuple[str, list[str], str, dict[str, Any]]) -> None:
    """Puts operators, each with its inputs, its output and its attributes, before all others."""
    for at, (operator, inputs, output, attributes) in enumerate(nodes):
        model.graph.node.insert(at, helper.make_node(operator, inputs, [output], **attributes))


def divided_by_a_cast(model: Any) -> None:
    """-2**31 divided by 2**32 - 1 as 32 bits, which is -1: the processor refuses to."""
    lowest, all_ones = weight(model, -(2**31)), weight(model, 2**32 - 1)
    prepend(
        model,
        ("Cast", [lowest], "low", {"to": TensorProto.INT32}),
        ("Cast", [all_ones], "by", {"to": TensorProto.INT32}),
        ("Div", ["low", "by"], "new", {}),
    )


def divided_by_a_size(operator: str) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        prepend(
            model, ("Shape", ["lengths"], "by", {}), (operator, [weight(model, -(2**63)), "by"], "new", {})
        )

    return change


def chain_of_states(count: int) -> Callable[[Any], None]:
    """A loop over 3 steps of which each state is the one before it, and of the first nothing is known."""

    def change(model: Any) -> None:
        states = [f"state_{number}" for number in range(count)]
        body = helper.make_graph(
            [
                helper.make_node("Add", [states[0], states[0]], ["next_0"]),
                *(
                    helper.make_node("Identity", [state], [f"next_{number}"])
                    for number, state in enumerate(states[:-1], start=1)
                ),
                helper.make_node("Gather", [matrix(model).name, states[-1]], ["row"], axis=0),
            ],
            "body",
            [helper.make_tensor_value_info(name, TensorProto.INT64, None) for name in [*states, "step"]],
            [
                *(
                    helper.make_tensor_value_info(f"next_{number}", TensorProto.INT64, None)
                    for number in range(count)
                ),
                helper.make_tensor_value_info("row", TensorProto.FLOAT, None),
            ],
        )
        model.graph.node.insert(
            0,
            helper.make_node(
                "Scan",
                [*[weight(model, 0)] * count, weight(model, 0, 0, 0)],
                [f"last_{number}" for number in range(count + 1)],
                body=body,
                num_scan_inputs=1,
                scan_input_directions=[0],
                scan_output_directions=[0],
            ),
        )

    return change


def both_heads(model: Any) -> None:
    """The best sequence as a search gives it, beside the scores of a chain."""
    axis = weight(model, 2)
    for name, kind in (("tags", TensorProto.INT64), ("probabilities", TensorProto.FLOAT)):
        model.graph.node.append(helper.make_node("Unsqueeze", [name, axis], [f"beam_{name}"]))
        declared = helper.make_tensor_value_info(f"beam_{name}", kind, ("batch", "time", 1))
        model.graph.output.append(declared)


def powers(source: str, power: int, start: int) -> Callable[[Any], None]:
    """An array with so many axes, each as long as one of an input's."""

    def change(model: Any) -> None:
        model.graph.node.extend(
            [
                helper.make_node("Shape", [source], ["size"], start=start, end=start + 1),
                helper.make_node("Concat", ["size"] * power, ["sizes"], axis=0),
                helper.make_node("ConstantOfShape", ["sizes"], ["new"]),
            ]
        )

    return change


def beside_a_constant(model: Any) -> None:
    """The cube of a sentence's words beside much that does not grow."""
    prepend(
        model,
        ("Shape", ["vectors"], "size", {"start": 1, "end": 2}),
        ("Concat", ["size"] * 2, "sizes", {"axis": 0}),
        ("ConstantOfShape", ["sizes"], "square", {}),
        ("Unsqueeze", ["square", weight(model, 2)], "column", {}),
        ("Concat", ["size", "size", weight(model, 100)], "wide", {"axis": 0}),
        ("ConstantOfShape", ["wide"], "much", {}),
        ("Concat", ["column", "much"], "new", {"axis": 2}),
    )


def much_for_each_word(model: Any) -> None:
    prepend(
        model,
        ("Shape", ["vectors"], "size", {"start": 1, "end": 2}),
        ("Concat", ["size", weight(model, 500_000)], "sizes", {"axis": 0}),
        ("ConstantOfShape", ["sizes"], "new", {}),
    )


def tiled_by_the_words(model: Any) -> None:
    one = numpy_helper.from_array(np.ones(1, np.float32), "one")
    model.graph.initializer.append(one)
    prepend(
        model,
        ("Shape", ["vectors"], "size", {"start": 1, "end": 2}),
        ("Tile", ["one", "size"], "new", {}),
    )


def sliced(start: int, end: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        numbers = [weight(model, value) for value in (start, end, 1)]
        prepend(model, ("Slice", ["vectors", *numbers], "fewer", {}), ("Exp", ["fewer"], "new", {}))

    return change


def wide_gap(model: Any) -> None:
    """A gap that its padding fits."""
    conv = first(model, "Conv")
    width = next(w.dims[2] for w in model.graph.initializer if w.name == conv.input[1])
    del conv.attribute[:]
    conv.attribute.append(helper.make_attribute("dilations", [MAX_GAP + 1]))
    conv.attribute.append(helper.make_attribute("pads", [(width - 1) * (MAX_GAP + 1), 0]))


def empty_filter(model: Any) -> None:
    """A Conv over no features, which never ends."""
    kernel = next(w for w in model.graph.initializer if w.name == first(model, "Conv").input[1])
    kernel.dims[1], kernel.raw_data = 0, b""


def renamed(name: str, place: int, size: str) -> Callable[[Any], None]:
    """An input or output that says that it has another size."""

    def change(model: Any) -> None:
        values = [*model.graph.input, *model.graph.output]
        dim = next(value for value in values if value.name == name).type.tensor_type.shape.dim[place]
        dim.Clear()
        dim.dim_param = size

    return change


def pieces_renamed(model: Any) -> None:
    """Of the characters, the axis that grows says that it is the other one, which hardly does."""
    renamed("characters", 0, "characters")(model)
    renamed("characters", 1, "pieces")(model)


def first(model: Any, operator: str) -> Any:
    return next(node for node in model.graph.node if node.op_type == operator)


def doubled(operator: str, **attributes: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        last = matrix(model).name
        for at in range(50):
            model.graph.node.insert(at, helper.make_node(operator, [last, last], [f"new_{at}"], **attributes))
            last = f"new_{at}"

    return change


def shape_from_input(model: Any) -> None:
    """A shape from the sentences' lengths."""
    cast = next(n for n in model.graph.node if n.op_type == "Cast" and n.attribute[0].i == TensorProto.INT64)
    model.graph.node.append(helper.make_node("Reshape", [matrix(model).name, cast.output[0]], ["new"]))


def external(model: Any) -> None:
    entry = model.graph.initializer[0]
    entry.external_data.add(key="location", value="/etc/passwd")


def located(model: Any) -> None:
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL


def loop_within(model: Any) -> None:
    body = next(a.g for node in model.graph.node for a in node.attribute if a.name == "body")
    body.node.append(first(model, "Scan"))


HOSTILE: list[tuple[str, Callable[[Any], Any]]] = [
    ("has a field of number 13", external),
    ("has a field of number 14", located),
    ("IR version", lambda m: setattr(m, "ir_version", 10)),
    ("its operators are those of", lambda m: setattr(m.opset_import[0], "version", 19)),
    ("its operators are those of", lambda m: m.opset_import.append(helper.make_opsetid("evil", 1))),
    ("has a field of number 25", lambda m: m.functions.add()),
    ("has a field of number 20", lambda m: m.training_info.add()),
    ("has a field of number 14", lambda m: m.metadata_props.add(key="a", value="b")),
    ("has a field of number 15", lambda m: m.graph.sparse_initializer.add()),
    ("has a field of number 7", lambda m: setattr(m.graph.node[0], "domain", "com.microsoft")),
    ("uses the operator 'If'", lambda m: setattr(m.graph.node[0], "op_type", "If")),
    ("uses the operator 'Loop'", lambda m: setattr(m.graph.node[0], "op_type", "Loop")),
    ("a loop stands within a loop", loop_within),
    ("which is too much memory", lambda m: insert(m, "ConstantOfShape", weight(m, 1 << 20, 1 << 20))),
    ("gives the shape", lambda m: insert(m, "ConstantOfShape", weight(m, -1))),
    ("which is too much memory", lambda m: insert(m, "Expand", matrix(m).name, weight(m, 1 << 40, 1, 1))),
    ("which is too much memory", lambda m: insert(m, "Tile", matrix(m).name, weight(m, 1 << 30, 1 << 30))),
    ("which is too much memory", doubled("Concat", axis=0)),
    ("Range as seqtag never writes it", lambda m: insert(m, "Range", *[weight(m, 1 << 40)] * 3)),
    ("a shape depends on what is no constant", shape_from_input),
    ("grows faster than the batch", powers("vectors", 2, 1)),  # (time, time) without an attention
    ("grows faster than the batch", powers("vectors", 3, 1)),
    ("grows faster than the batch", powers("lengths", 2, 0)),
    ("grows faster than the batch", powers("lengths", 3, 0)),
    ("grows faster than the batch", powers(CHARACTERS, 2, 0)),
    ("grows faster than the batch", powers(CHARACTERS, 3, 1)),
    ("grows faster than the batch", beside_a_constant),
    ("which is too much memory", much_for_each_word),
    ("a shape depends on what is no constant", tiled_by_the_words),
    ("Slice as seqtag never writes it", sliced(3, -1)),
    ("Slice as seqtag never writes it", sliced(0, 2**62)),
    ("Exp reads an array without entries", sliced(0, -1)),
    ("is empty", empty_filter),
    ("Conv as seqtag never writes it", wide_gap),
    ("gives the shape", lambda m: insert(m, "ConstantOfShape", weight(m, 0))),
    ("scores is declared as .*'time', 'time'", renamed("scores", 2, "time")),
    ("start is declared as", renamed("start", 0, "time")),
    ("transitions is declared as", renamed("transitions", 1, "time")),
    ("end is declared as", renamed("end", 0, "tags")),
    ("tags is declared as", renamed("tags", 1, "words")),
    ("characters is declared as", pieces_renamed),
    ("words is declared as|lengths is declared as", renamed("words", 0, "time")),
    ("Scan has 9 states", chain_of_states(9)),
    ("it casts type 7 to 6", divided_by_a_cast),
    ("it casts type 1 to 7", lambda m: insert(m, "Cast", matrix(m).name, to=TensorProto.INT64)),
    ("it divides by what is no constant", divided_by_a_size("Div")),
    ("it divides by what is no constant", divided_by_a_size("Mod")),
    ("it divides by what is no constant", lambda m: insert(m, "Div", weight(m, 5), weight(m, -1))),
    ("never writes it", lambda m: first(m, "Conv").attribute.append(helper.make_attribute("auto_pad", "SAME_UPPER"))),
    ("Conv as seqtag never writes it", lambda m: first(m, "Conv").attribute[0].ints.__setitem__(0, 1 << 30)),
    ("has a .* of .* bytes|of shape", lambda m: matrix(m).dims.__setitem__(0, 1 << 40)),
    ("has the shape", lambda m: matrix(m).dims.__setitem__(0, -1)),
    ("of shape", lambda m: setattr(matrix(m), "raw_data", b"")),
    ("a weight is of type 8", lambda m: setattr(matrix(m), "data_type", TensorProto.STRING)),
    ("has a field of number 4", lambda m: matrix(m).float_data.append(1.0)),
    ("two of its weights", lambda m: m.graph.initializer.append(matrix(m))),
    ("is made twice", lambda m: m.graph.node.append(m.graph.node[0])),
    ("it reads", lambda m: m.graph.input.pop()),
    ("scores of one head and the sequences of another", both_heads),
    ("it has no output probabilities", lambda m: m.graph.output.remove(m.graph.output[1])),
    ("never writes", lambda m: setattr(m.graph.output[0].type.tensor_type, "elem_type", 99)),
    ("units has weights of other sizes", lambda m: setattr(first(m, "LSTM").attribute[-1], "i", 0)
     if first(m, "LSTM").attribute[-1].name == "hidden_size" else
     [setattr(a, "i", 3) for a in first(m, "LSTM").attribute if a.name == "hidden_size"]),
]  # fmt: skip


@pytest.mark.parametrize(("message", "change"), HOSTILE, ids=[f"{n}-{m}" for n, (m, _) in enumerate(HOSTILE)])
def test_what_nobody_exported(message: str, change: Callable[[Any], Any]) -> None:
    model = onnx.load_from_string(NETWORK)
    check(model.SerializeToString(), EXPECTED)
    change(model)
    with pytest.raises(ValueError, match=message):
        check(model.SerializeToString(), EXPECTED)


def test_the_largest_batches_are_the_tagger_s() -> None:
    long, many, spelt = LARGEST
    assert (long["batch"], long["time"]) == (1, tagger.WINDOW + 2 * tagger.OVERLAP)
    assert (many["batch"], many["time"]) == (tagger.TOKEN_BUDGET, 1)
    assert spelt["characters"] == characters.PIECE
    assert spelt["pieces"] * characters.STEP + characters.OVERLAP == characters.LONGEST
    for path, most in (("encoder.attention_heads", MAX_HEADS), ("head.beam", MAX_BEAM)):
        with pytest.raises(UserError):
            merge({path: (most + 1, "test")})
        merge({path: (most, "test")})


def test_no_two_sizes_of_a_batch_are_equal() -> None:
    """Else one might pass for another."""
    one, two = EXPECTED.batches
    for name, array in one.items():
        assert set(array.shape[:2]) == {1}, name
    sizes = [*two["words"].shape, *two["characters"].shape, *two["word_pieces"].shape]
    assert len(set(sizes)) == len(sizes)


def test_a_loop_is_gone_through_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though a chain of states takes one limit from one of them in each pass."""
    model = onnx.load_from_string(NETWORK)
    chain_of_states(8)(model)
    looked_up: list[int | None] = []

    def gather(rehearsal: Any, inputs: Any, attributes: Any) -> Any:
        if inputs[1] is not None and inputs[0].weight and inputs[1].shape == (1,):
            looked_up.append(inputs[1].limit)
        return original(rehearsal, inputs, attributes)

    allowed, original = RULES["Gather"]
    monkeypatch.setitem(RULES, "Gather", (allowed, gather))
    check(model.SerializeToString(), EXPECTED)
    assert looked_up[:3] == [1, 1, None]


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"\xff" * 30, b"\x08\x09" * 50, b"\x3a\xff\xff\xff\xff\x0f", b"\x08" + b"\x80" * 20, b"\x0b\x0c",
     b"\x3a\x7f" * 60, b"\x3a\x05ab", b"\x3a\x0b\x0a\x09\x2a\x07\x0a\x01a\x3a\x02ab"],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_network(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  each has its own words
        check(content, EXPECTED)


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        (b"\x0a\x00", "graph"),  # nodes without anything
        (b"\x2a\x00", "graph"),  # weights without anything
        (b"\x0a\x00", "node"),  # inputs without a name
        (b"\x42\x80\x80\x02" + bytes(1 << 15), "attribute"),  # whole numbers in one piece
        (b"\x3a\x80\x80\x02" + bytes(1 << 15), "attribute"),
    ],
)
def test_messages_are_counted_while_they_are_read(field: bytes, kind: str) -> None:
    """A field of two bytes takes a hundred times as many once it is read."""

    def within(content: bytes, *fields: int) -> bytes:
        for number in fields:
            content = bytes([number << 3 | 2]) + protobuf.written(len(content)) + content
        return content

    fields = {"graph": (7,), "node": (1, 7), "attribute": (5, 1, 7)}[kind]
    content = within(field * (600_000 // len(field)), *fields)
    with pytest.raises(ValueError, match="it has more than 100,000 fields"):
        check(content, EXPECTED)


def test_every_cut_and_many_flips() -> None:
    """Only ValueError, whatever comes."""
    content, expected = NETWORK, EXPECTED
    random = np.random.default_rng(1)
    for end in random.integers(0, len(content), 60).tolist():
        with pytest.raises(ValueError):  # noqa: PT011
            check(content[:end], expected)
    refused = 0
    for at, bit in zip(
        random.integers(0, len(content), 200).tolist(), random.integers(0, 8, 200).tolist(), strict=True
    ):
        changed = bytearray(content)
        changed[at] ^= 1 << bit
        try:
            check(bytes(changed), expected)
        except ValueError:
            refused += 1
    assert refused > 15  # most bits are those of weights, and other weights are a model
