"""The outputs of a network: their names, types and shapes, stated here and nowhere else."""

from typing import NamedTuple

from seqtag.graph.serialise import Shape


class Output(NamedTuple):
    """An output.

    Attributes:
        name: Its name.
        dtype: Its element type, by NumPy's name.
        shape: Its sizes: `batch` and `time` differ from batch to batch, `tags`, `beam`, `heads`,
            `labels` and `width` belong to the model.
    """

    name: str
    dtype: str
    shape: tuple[str, ...]

    def shape_of(self, **sizes: int) -> Shape:
        """The shape, with a number for each of these sizes."""
        return tuple(sizes.get(size, size) for size in self.shape)


# Of every network with tags: the best tag of each word and its probability. Undefined at padding, as all further
# outputs are.
TAGS = Output("tags", "int64", ("batch", "time"))
PROBABILITIES = Output("probabilities", "float32", ("batch", "time"))
# Of a head that scores each tag of each word; of a chain also the sums over all ways to a tag and on from it.
SCORES = Output("scores", "float32", ("batch", "time", "tags"))
FORWARD = Output("forward", "float32", ("batch", "time", "tags"))
BACKWARD = Output("backward", "float32", ("batch", "time", "tags"))
# The scores between tags of a chain, which depend on no input.
START = Output("start", "float32", ("tags",))
TRANSITIONS = Output("transitions", "float32", ("tags", "tags"))
END = Output("end", "float32", ("tags",))
# Of a chain whose search adds something to the scores of tags, this; it depends on no input.
BIAS = Output("bias", "float32", ("tags",))
# Of a search: the best sequences, best first; the probability of a sequence that does not exist is 0.
BEAM_TAGS = Output("beam_tags", "int64", ("batch", "time", "beam"))
BEAM_PROBABILITIES = Output("beam_probabilities", "float32", ("batch", "time", "beam"))
# How much a word looks at each word of its sentence: in the encoder, and in the decoder.
ATTENTION = Output("attention", "float32", ("batch", "heads", "time", "time"))
HEAD_ATTENTION = Output("head_attention", "float32", ("batch", "time", "time"))
# Of a network that labels sentences: the probability of each label, what they are decided by, and how much each word
# counts for that.
LABELS = Output("labels", "float32", ("batch", "labels"))
VECTOR = Output("vector", "float32", ("batch", "width"))
LABEL_ATTENTION = Output("label_attention", "float32", ("batch", "time"))

# Of a recurrent network, if asked for: the states of each layer, direction (forward first) and memory (the output
# first) after the sentence. All sentences must be as long as the longest.
FINAL = Output("final_states", "float32", ("states", "batch", "units"))

# Of the half of a network that reads words by themselves: what the gates of the first layer make of each, directions
# side by side.
GATES = Output("gates", "float32", ("batch", "words", "gates"))

# Of a language model: the states of each direction, of the last layer or of every layer, the first one first.
STATES = {name: Output(name, "float32", ("batch", "time", "units")) for name in ("forward", "backward")}
LAYERS = {name: Output(name, "float32", ("batch", "time", "layers", "units")) for name in STATES}
# Of a language model whose state is carried on: the states of all layers after the last token, and the name of the
# input that has those before the first one.
BEFORE = "before"
AFTER = Output("after", "float32", ("states", "batch", "units"))

# Of a transducer: the first states of the decoder, side by side, and what its attention compares them with and reads;
# of a step of the decoder, the logarithm of each symbol's probability, the new states and where the attention was.
FIRST = Output("first_states", "float32", ("batch", "states"))
KEYS = Output("keys", "float32", ("batch", "time", "units"))
FEATURES = Output("features", "float32", ("batch", "time", "units"))
LOGS = Output("log_probabilities", "float32", ("batch", "beam", "symbols"))
NEXT = Output("next_states", "float32", ("batch", "beam", "states"))
LOOKS = Output("attention", "float32", ("batch", "beam", "time"))

CHAIN = (START, TRANSITIONS, END)
LATTICE = (SCORES, FORWARD, BACKWARD)
BEAM = (BEAM_TAGS, BEAM_PROBABILITIES)
OF_SENTENCES = (LABELS, VECTOR)
OUTPUTS = {
    output.name: output
    for output in (
        *(TAGS, PROBABILITIES, *LATTICE, *CHAIN, BIAS, *BEAM, ATTENTION, HEAD_ATTENTION),
        *(*OF_SENTENCES, LABEL_ATTENTION),
    )
}
