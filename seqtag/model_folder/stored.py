"""What a model folder holds, as values: read only after everything about it has been checked.

The folder may be anybody's. `Folder` sees to it that its files are those of its manifest; here each file is held to
what seqtag writes, and all of them to each other.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from seqtag.features import word_lists
from seqtag.features.indexers.base import Resources, StateSource
from seqtag.features.labels import LabelVocabulary
from seqtag.features.merged import MergedVocabulary, mismatch
from seqtag.features.tags import legal_sequences
from seqtag.features.vectors import Vectors
from seqtag.features.vocabulary import Vocabulary
from seqtag.features.word_lists import ListTable
from seqtag.graph.build import Halves, Plan, build, build_halves, check_int8
from seqtag.graph.heads.base import Legal, check_count
from seqtag.graph.label_head import LabelPlan
from seqtag.graph.merged import Member, build_merged
from seqtag.graph.weights import Weights
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import OPTIONAL_FILES
from seqtag.model_folder.members import is_merged, members_of
from seqtag.support.errors import Error, ModelError
from seqtag.support.quoting import reason

if TYPE_CHECKING:
    from seqtag.evaluation.known import Known
    from seqtag.settings.config import Config
    from seqtag.settings.schema import AnyTree, Schema

VECTORS = "vectors.bin"


def no_states(folder: Folder, vectors: Vectors | None) -> StateSource | None:
    """No language model: a folder that holds one cannot be read so."""
    return None


AnyVocabulary = TypeVar("AnyVocabulary", bound=Vocabulary)
Built = TypeVar("Built")


@overload
def read_vocabulary(
    folder: Folder, states_of: Callable[[Folder, Vectors | None], StateSource | None] = no_states
) -> Vocabulary: ...


@overload
def read_vocabulary(
    folder: Folder,
    states_of: Callable[[Folder, Vectors | None], StateSource | None],
    kind: type[AnyVocabulary],
) -> AnyVocabulary: ...


def read_vocabulary(
    folder: Folder,
    states_of: Callable[[Folder, Vectors | None], StateSource | None] = no_states,
    kind: type[Vocabulary] = Vocabulary,
) -> Vocabulary:
    """The vocabulary of a model folder, with its vectors.

    Args:
        folder: The folder.
        states_of: Gives the language model that the folder holds, from it and its vectors;
            `inference.language_states.of_folder` runs it.
        kind: The class of the vocabulary.

    Raises:
        ModelError: It is not what seqtag writes.
    """
    if is_merged(folder):
        merged: Any = _merged_vocabulary(folder, states_of)
        return merged  # type: ignore[no-any-return]
    return _vocabulary(folder, kind, partial(_resources, folder, states_of))


def _resources(
    folder: Folder, states_of: Callable[[Folder, Vectors | None], StateSource | None]
) -> Resources:
    """What the indexers of a folder share."""
    vectors = Vectors.unpack(folder.map(VECTORS)) if VECTORS in folder.files else None
    lists = word_lists.unpacked(folder.read(word_lists.ARRAYS)) if word_lists.ARRAYS in folder.files else ()
    return Resources(vectors, states_of(folder, vectors), lists)


def _vocabulary(
    folder: Folder, kind: type[AnyVocabulary], resources: Callable[[], Resources]
) -> AnyVocabulary:
    """The vocabulary of a folder of one model."""
    try:
        found = resources()
        vocabulary = kind.from_json(folder.read_json("vocab.json"), found)
        if found.states is not None and "lm" not in vocabulary.indexers:
            raise ValueError("it does not read the language model that is there")
        if found.lists and not vocabulary.lists:
            raise ValueError("it does not read the word lists that are there")
        return vocabulary
    except (KeyError, TypeError, ValueError, AttributeError, Error) as problem:
        if isinstance(problem, ModelError):
            raise
        raise ModelError(
            f"{folder.path}: its vocabulary is not that of a seqtag model ({reason(problem)})."
        ) from problem


def _merged_vocabulary(
    folder: Folder, states_of: Callable[[Folder, Vectors | None], StateSource | None]
) -> MergedVocabulary:
    """The vocabulary of a merged model. What members have in common is read once."""
    vectors: dict[str, Vectors | None] = {}
    states: dict[tuple[str, ...], StateSource | None] = {}
    lists: dict[str, tuple[ListTable, ...]] = {}
    vocabularies: dict[tuple[str, ...], Vocabulary] = {}

    def resources(member: Folder, names: tuple[str, ...]) -> Resources:
        own = member.chosen(VECTORS) if VECTORS in member.files else ""
        if own not in vectors:
            vectors[own] = Vectors.unpack(member.map(VECTORS)) if own else None
        if names not in states:
            states[names] = states_of(member, vectors[own])
        entries = member.chosen(word_lists.ARRAYS) if word_lists.ARRAYS in member.files else ""
        if entries not in lists:
            lists[entries] = word_lists.unpacked(member.read(word_lists.ARRAYS)) if entries else ()
        return Resources(vectors[own], states[names], lists[entries])

    members = []
    for member in members_of(folder):
        names = tuple(member.chosen(name) for name in OPTIONAL_FILES if name in member.files)
        key = (member.chosen("vocab.json"), *names)
        if key not in vocabularies:
            vocabularies[key] = _vocabulary(member, Vocabulary, partial(resources, member, names))
        members.append(vocabularies[key])
    for number, vocabulary in enumerate(members[1:], 2):
        if problem := mismatch(vocabulary, members[0]):
            raise ModelError(f"{folder.path}: its member {number} does not fit the first: {problem}.")
    return MergedVocabulary.of(members)


def read_known(folder: Folder, *, spans: bool) -> "Known":
    """What the training corpus of a model held.

    Args:
        folder: The model folder.
        spans: Whether the model was trained on spans.

    Raises:
        ModelError: It is not what seqtag writes.
    """
    from seqtag.evaluation.known import Known  # which prediction does without

    value = folder.read_json("known.json")
    try:
        return Known.from_json(value, spans=spans)
    except ValueError as problem:
        raise ModelError(
            f"{folder.path}: known.json is not that of a seqtag model ({reason(problem)})."
        ) from problem


def read_network(
    folder: Folder, vocabulary: Vocabulary, outputs: Collection[str] | None = None, *, int8: bool = False
) -> bytes:
    """The network of a model folder as a serialised ONNX model, built from its settings and weights.

    Args:
        folder: The folder.
        vocabulary: Its vocabulary.
        outputs: The names of the outputs to compute; None for all.
        int8: Whether the products of LSTMs are computed in 8 bits.

    Raises:
        ModelError: Settings, vocabulary and weights do not fit each other.
    """
    if isinstance(vocabulary, MergedVocabulary):
        return _merged_network(folder, vocabulary, outputs, int8=int8)
    return checked_network(
        read_config(folder), vocabulary, read_weights(folder), outputs, str(folder.path), int8=int8
    )


def _merged_network(
    folder: Folder, vocabulary: MergedVocabulary, outputs: Collection[str] | None, *, int8: bool
) -> bytes:
    """As `read_network`, of a merged model."""
    folders = members_of(folder)
    if int8:
        for one in folders:
            check_int8(read_config(one).encoder)
    try:
        members = [
            Member(plan_of(read_config(one), own), read_weights(one), prefixes, f"member {number}")
            for number, (one, own, prefixes) in enumerate(
                zip(folders, vocabulary.members, vocabulary.prefixes, strict=True), 1
            )
        ]
        network = build_merged(members, outputs, int8=int8)
        for member in members:
            member.weights.check_finite()
    except (Error, ValueError, KeyError) as problem:
        if isinstance(problem, ModelError):
            raise
        raise ModelError(f"{folder.path}: the network cannot be built: {reason(problem)}.") from problem
    return network


def checked_network(
    config: "Config",
    vocabulary: Vocabulary,
    weights: Weights,
    outputs: Collection[str] | None = None,
    name: str = "the model",
    *,
    int8: bool = False,
) -> bytes:
    """As `read_network`, for what was read already; `name` is for messages.

    Raises:
        ModelError: Settings, vocabulary and weights do not fit each other, or a weight is not finite.
    """
    return _checked(lambda: build(plan_of(config, vocabulary), weights, outputs, int8=int8), weights, name)


def checked_parts(
    config: "Config",
    vocabulary: Vocabulary,
    weights: Weights,
    outputs: Collection[str] | None = None,
    name: str = "the model",
    *,
    int8: bool = False,
) -> bytes | Halves:
    """As `checked_network`, but the network in two halves where it can be divided; see `graph.build.build_halves`.

    Raises:
        ModelError: Settings, vocabulary and weights do not fit each other, or a weight is not finite.
    """

    def make() -> bytes | Halves:
        plan = plan_of(config, vocabulary)
        halves = build_halves(plan, weights, outputs, int8=int8)
        return halves or build(plan, weights, outputs, int8=int8)

    return _checked(make, weights, name)


def _checked(make: Callable[[], Built], weights: Weights, name: str) -> Built:
    """What `make` builds of weights, which are finite; `name` is for messages."""
    try:
        built = make()
        weights.check_finite()
    except (Error, ValueError, KeyError) as problem:
        raise ModelError(f"{name}: the network cannot be built: {reason(problem)}.") from problem
    return built


def build_network(
    config: "Config", vocabulary: Vocabulary, weights: Weights, outputs: Collection[str] | None = None
) -> bytes:
    """The network of a model in memory; see `seqtag.graph.build.build`."""
    return build(plan_of(config, vocabulary), weights, outputs)


def plan_of(config: "Config", vocabulary: Vocabulary) -> Plan:
    """What the network of these settings and this vocabulary is made of.

    Raises:
        Error: There are too many tags of spans, or the vocabulary has no trees or mentions where the network reads
            them.
    """
    count = len(vocabulary.tags)
    if vocabulary.train_scheme.is_spans:
        check_count(count, "of spans")
    if not vocabulary.fits(config.encoder):
        raise Error("its trees or mentions are not those that its settings read")
    legal = legal_sequences(vocabulary.tags, vocabulary.train_scheme)
    label = _label_plan(config, vocabulary) if isinstance(vocabulary, LabelVocabulary) else None
    return Plan(config, vocabulary.sizes, count, Legal(*legal) if legal else None, label)


def _label_plan(config: "Config", vocabulary: LabelVocabulary) -> LabelPlan | None:
    from seqtag.settings.labelled import JointConfig  # which a tagger does without

    if not isinstance(config, JointConfig):
        return None
    return LabelPlan(config.label, len(vocabulary.labels), vocabulary.multiple)


def read_config(folder: Folder, schema: "Schema[Any] | None" = None) -> "Config":
    """The settings of a model folder; those of a tagger, unless another schema is given.

    Raises:
        ModelError: An unknown setting, or a value outside its bounds.
    """
    values, where = folder.read_json("config.json"), f"{folder.path}: config.json"
    if schema is None:
        return config_of(values, where)
    found: Config = config_into(schema, values, where)
    return found


def config_of(values: Mapping[str, Any], where: str) -> "Config":
    """The settings that a model's `config.json` holds; one that is newer than the model has its default, which is what
    the model was trained with.

    Raises:
        ModelError: An unknown setting, or a value outside its bounds.
    """
    from seqtag.settings.schema import SETTINGS

    return config_into(SETTINGS, values, where)


def config_into(schema: "Schema[AnyTree]", values: Mapping[str, Any], where: str) -> "AnyTree":
    """As `config_of`, for settings of any schema."""
    from seqtag.settings.merging import flatten, values_into

    defaults = {path: entry.default for path, entry in schema.items()}
    try:
        return values_into(schema, defaults | dict(flatten(values, schema=schema)), where)
    except Error as problem:
        raise ModelError(f"{problem} It was written by another version of seqtag.") from problem


def read_weights(folder: Folder) -> Weights:
    """The weights of a model folder.

    Raises:
        ModelError: The file is not what seqtag writes.
    """
    try:
        weights = Weights.of_file(folder.read("weights.safetensors"))
    except ValueError as problem:
        raise ModelError(
            f"{folder.path}: weights.safetensors is not what seqtag writes ({reason(problem)})."
        ) from problem
    return _with_both_directions(weights) if folder.version == 1 else weights


def _with_both_directions(weights: Weights) -> Weights:
    """Format 1 held the weights of a recurrent character encoder once, by their path within each direction."""
    paths: dict[str, str] = {}
    for path in weights.paths:
        if path.startswith(("lstm_cell/", "gru_cell/")):
            paths |= {f"characters/rnn/{direction}/{path}": path for direction in ("forward", "backward")}
        else:
            paths[path] = path
    return weights.renamed(paths)
