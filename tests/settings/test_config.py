"""Settings: which source wins, what is refused and in which words, and nothing is lost through JSON."""

import dataclasses
import json
from typing import Any, get_origin

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqtag.settings.config import Config, EncoderSettings, TrainingSettings
from seqtag.settings.language import LANGUAGE
from seqtag.settings.merging import EXCLUSIVE, flatten, for_corpus, from_values, merge, merge_into
from seqtag.settings.schema import SETTINGS, Setting, check_value, members_of
from seqtag.support.errors import UsageError

Layer = dict[str, tuple[Any, str]]
CLIPPING = ("training.global_clipnorm", "training.clipnorm", "training.clipvalue")
BOUNDED = [
    (path, bound)
    for path, entry in SETTINGS.items()
    for bound in ("low", "high", "above", "below")
    if entry.metadata[bound] is not None
]


def layer(source: str, **values: Any) -> Layer:
    return {path.replace("__", "."): (value, source) for path, value in values.items()}


def message(*layers: Layer) -> str:
    with pytest.raises(UsageError) as caught:
        merge(*layers)
    return str(caught.value)


# ------------------------------------------------------------------------------------------------------------
# Sources


def test_without_a_source_the_defaults_hold() -> None:
    assert for_corpus(merge(), spans=True) == Config()
    assert merge({}, {}) == merge()


def test_the_last_source_wins() -> None:
    config = merge(
        layer("a.yaml", encoder__units=1, encoder__layers=2, training__epochs=3),
        layer("--set", encoder__layers=4, training__epochs=5),
        layer("--epochs", training__epochs=6),
    )
    assert (config.encoder.units, config.encoder.layers, config.training.epochs) == (1, 4, 6)
    assert config.encoder == dataclasses.replace(EncoderSettings(), units=1, layers=4)


def test_null_is_a_value_of_its_own() -> None:
    config = merge(layer("file", encoder__activation="relu"), layer("--set", encoder__activation=None))
    assert config.encoder.activation is None


def test_a_bad_value_is_an_error_even_where_a_stronger_source_speaks() -> None:
    assert message(layer("weak", encoder__units=0), layer("strong", encoder__units=5)).startswith(
        "weak: encoder.units"
    )


# ------------------------------------------------------------------------------------------------------------
# Names


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("units", "encoder.units"),
        ("decoder.units", "encoder.units"),
        ("encoder.unit", "encoder.units"),
        ("training.clipnrm", "training.clipnorm"),
        ("embedings.word.dim", "embeddings.word.dim"),
        ("Encoder.units", "encoder.units"),
    ],
)
def test_an_unknown_key_is_an_error_that_names_the_closest(path: str, meant: str) -> None:
    said = message({path: (3, "a.yaml:7")})
    assert said.startswith(f"a.yaml:7: there is no setting {path!r}. Did you mean {meant!r}?")


def test_nothing_is_suggested_where_nothing_is_close() -> None:
    assert message({"qqqqqq": (3, "x")}) == (
        "x: there is no setting 'qqqqqq'. `seqtag init-config` lists all settings."
    )


def test_a_wrong_choice_is_an_error_that_names_the_closest_and_all() -> None:
    said = message(layer("--cell", encoder__cell="lsmt"))
    assert said.startswith("--cell: encoder.cell is 'lsmt'. Did you mean 'lstm'? Known: ")
    assert "gru" in said


# ------------------------------------------------------------------------------------------------------------
# Values


@pytest.mark.parametrize("path", SETTINGS)
def test_every_default_is_a_legal_value(path: str) -> None:
    default = SETTINGS[path].default
    assert check_value(path, default, "here") == default
    assert type(check_value(path, default, "here")) is type(default)


@pytest.mark.parametrize("path", SETTINGS)
def test_every_setting_says_what_it_expects(path: str) -> None:
    entry: Setting = SETTINGS[path]
    assert entry.help
    assert "\n" not in entry.help
    assert entry.expected
    wrong = [["a", "list"]] if entry.is_list else ["a", "list"]
    with pytest.raises(UsageError) as caught:
        check_value(path, wrong, "a.yaml:3")
    assert str(caught.value) == f"a.yaml:3: {path} is {wrong}; expected {entry.expected}."


def test_a_list_of_values_may_be_one() -> None:
    assert check_value("embeddings.lists.files", "a.txt", "x") == ("a.txt",)
    assert check_value("embeddings.lists.files", ["a.txt", "b.txt"], "x") == ("a.txt", "b.txt")
    with pytest.raises(UsageError, match=r"is \[3\]; expected a text or a list of texts, or null"):
        check_value("embeddings.lists.files", [3], "x")


@pytest.mark.parametrize(("path", "bound"), BOUNDED)
def test_every_bound_holds(path: str, bound: str) -> None:
    """What lies just inside is taken, what lies just outside is not; `above` and `below` are outside."""
    entry = SETTINGS[path]
    limit = entry.metadata[bound]
    step = 1 if int in members_of(entry.type) else 1e-9
    sign = 1 if bound in ("low", "above") else -1
    inside = limit if bound in ("low", "high") else limit + sign * step
    outside = limit - sign * step if bound in ("low", "high") else limit
    assert check_value(path, inside, "x") == inside
    with pytest.raises(UsageError, match=f"{path} is .*; expected {entry.expected}"):
        check_value(path, outside, "x")


def test_flags_are_different_names() -> None:
    flags = [entry.flag for entry in SETTINGS.values() if entry.flag]
    assert len(flags) == len(set(flags))
    assert SETTINGS["embeddings.word.dim"].flag == "embedding_dim"
    assert SETTINGS["encoder.units"].flag == "units"
    assert SETTINGS["data.dev_fraction"].flag is None


@pytest.mark.parametrize(
    ("path", "value", "wanted"),
    [
        ("encoder.units", 7, 7),
        ("encoder.units", "7", 7),
        ("training.learning_rate", 1, 1.0),
        ("training.learning_rate", "1e-3", 0.001),  # YAML 1.1 reads a number without a point as text
        ("encoder.bidirectional", False, False),
        ("data.token_column", "-2", -2),
        ("data.token_column", 3, 3),
        ("data.token_column", "form", "form"),
        ("data.token_column", "2nd", "2nd"),
        ("data.token_column", None, None),
        ("training.clipnorm", 0, 0.0),
        ("training.clipnorm", None, None),
        ("encoder.activation", None, None),
        ("encoder.activation", "relu", "relu"),
    ],
)
def test_values_come_in_the_settings_own_type(path: str, value: Any, wanted: Any) -> None:
    found = check_value(path, value, "x")
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("encoder.units", 7.0),
        ("encoder.units", 7.5),
        ("encoder.units", True),
        ("encoder.units", None),
        ("encoder.units", "seven"),
        ("encoder.units", ""),
        ("encoder.units", "٧"),
        ("encoder.bidirectional", 1),
        ("encoder.bidirectional", "yes"),
        ("encoder.bidirectional", None),
        ("encoder.cell", 5),
        ("encoder.cell", None),
        ("encoder.activation", "tanhh"),
        ("encoder.dropout", True),
        ("encoder.dropout", "nan"),
        ("encoder.dropout", float("nan")),
        ("training.learning_rate", float("inf")),
        ("training.learning_rate", "-inf"),
        ("training.learning_rate", 10**400),
        ("training.learning_rate", "1e400"),
        ("training.learning_rate", "fast"),
        ("training.clipvalue", -1e-9),
        ("training.seed", 2**31),
        ("data.token_column", 1.5),
        ("data.token_column", True),
        ("data.token_column", {"a": 1}),
    ],
)
def test_values_of_another_kind_are_refused(path: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"^x: {path} is "):
        check_value(path, value, "x")


@example("embeddings.lists.files", "places.txt")
@given(
    st.sampled_from(sorted(SETTINGS)),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates()
    | st.lists(st.integers()),
)
def test_any_value_is_taken_in_its_type_or_refused(path: str, value: Any) -> None:
    try:
        found = check_value(path, value, "x")
    except UsageError:
        return
    assert type(found) in [get_origin(member) or member for member in members_of(SETTINGS[path].type)]
    again = list(found) if SETTINGS[path].is_list and found is not None else found
    assert check_value(path, again, "x") == found


# ------------------------------------------------------------------------------------------------------------
# Settings that exclude each other


def clipping(*layers: Layer) -> tuple[float | None, ...]:
    training = merge(*layers).training
    return training.global_clipnorm, training.clipnorm, training.clipvalue


def test_exclusive_settings_exist_and_may_be_null() -> None:
    assert CLIPPING in EXCLUSIVE
    for group in EXCLUSIVE:
        assert all(type(None) in members_of(SETTINGS[path].type) for path in group)


def test_a_default_gives_way() -> None:
    assert clipping(layer("x", training__clipnorm=2.0)) == (None, 2.0, None)
    assert clipping(layer("x", training__clipvalue=3.0)) == (None, None, 3.0)


def test_a_stronger_source_replaces_the_weaker_sources_kind() -> None:
    weak = layer("file", training__clipnorm=2.0)
    assert clipping(weak, layer("--clipvalue", training__clipvalue=3.0)) == (None, None, 3.0)
    assert clipping(weak, layer("--set", training__global_clipnorm=4.0)) == (4.0, None, None)
    assert clipping(weak, layer("--set", encoder__units=4)) == (None, 2.0, None)


def test_no_clipping_in_a_stronger_source_is_no_clipping() -> None:
    assert clipping(layer("file", training__clipnorm=2.0), layer("x", training__global_clipnorm=0)) == (
        0.0,
        None,
        None,
    )
    assert clipping(layer("x", training__global_clipnorm=None)) == (None, None, None)


def test_two_kinds_in_one_source_are_an_error() -> None:
    said = message(layer("a.yaml:3", training__clipnorm=2.0, training__clipvalue=1.0))
    assert said == "a.yaml:3: training.clipnorm and training.clipvalue exclude each other; set one of them."
    said = message(layer("x", training__global_clipnorm=0, training__clipnorm=2.0, training__clipvalue=1.0))
    assert said == "x: training.clipnorm and training.clipvalue exclude each other; set one of them."


def test_one_kind_and_the_others_switched_off_is_no_error() -> None:
    one = layer("x", training__global_clipnorm=0, training__clipnorm=2.0, training__clipvalue=None)
    assert clipping(one) == (0.0, 2.0, None)


# ------------------------------------------------------------------------------------------------------------
# Defaults that go by the corpus

BY_CORPUS = [entry for entry in SETTINGS.values() if entry.by_corpus]
KINDS = [{"spans": spans, "word_vectors": vectors} for spans in (True, False) for vectors in (True, False)]


def value_of(config: Config, path: str) -> Any:
    return dict(flatten(config.to_json()))[path]


def test_there_are_such_settings_and_their_defaults_are_legal() -> None:
    assert {"encoder.layers", "training.learning_rate"} <= {entry.path for entry in BY_CORPUS}
    for entry in BY_CORPUS:
        found = [entry.default_for(**kind) for kind in KINDS]
        assert len(set(found)) > 1
        assert found[1] == entry.default
        assert [check_value(entry.path, value, "x") for value in found] == found
    assert SETTINGS["encoder.layers"].default_for(spans=False) == 2
    assert SETTINGS["embeddings.word.dim"].default_for(word_vectors=True) == 0


@pytest.mark.parametrize("entry", BY_CORPUS, ids=lambda entry: entry.path)
@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_chose_goes_by_the_corpus(entry: Setting, kind: dict[str, bool]) -> None:
    nobody = merge()
    assert value_of(for_corpus(nobody, **kind), entry.path) == entry.default_for(**kind)
    # What somebody chose stands, even where it is the default of others.
    for other in KINDS:
        value = entry.default_for(**other)
        chosen = merge({entry.path: (value, "x")})
        assert value_of(for_corpus(chosen, **kind), entry.path) == value
        # `auto` takes back what a weaker source chose.
        back = merge({entry.path: (value, "a.yaml:1")}, {entry.path: ("auto", "--set")})
        assert back == nobody
        assert value_of(for_corpus(back, **kind), entry.path) == entry.default_for(**kind)


def test_only_those_settings_may_be_auto() -> None:
    assert "training.batch_size is 'auto'" in message(layer("x", training__batch_size="auto"))


def test_what_is_not_decided_makes_a_difference() -> None:
    for entry in BY_CORPUS:
        chosen = merge({entry.path: (entry.default, "x")})
        assert chosen != merge()
        assert value_of(chosen, entry.path) == entry.default
        assert value_of(merge(), entry.path) == "auto"
    with pytest.raises(UsageError, match=r"config.json: .* is 'auto'; expected"):
        from_values(merge().to_json(), "config.json")


def test_settings_made_by_hand_or_read_back_are_decided() -> None:
    made = Config(encoder=EncoderSettings(layers=3))
    assert for_corpus(made, spans=False) == made
    again = from_values(made.to_json(), "config.json")
    assert for_corpus(again, spans=False) == again == made


# ------------------------------------------------------------------------------------------------------------
# JSON


def values_of(entry: Setting) -> st.SearchStrategy[Any]:
    """Legal values of a setting."""
    members = members_of(entry.type)
    if entry.metadata["choices"]:
        legal = st.sampled_from(list(entry.metadata["choices"]))
    else:
        low, high, above, below = (entry.metadata[bound] for bound in ("low", "high", "above", "below"))
        kinds: dict[Any, st.SearchStrategy[Any]] = {
            bool: st.booleans(),
            int: st.integers(low, high),
            float: st.floats(
                low if low is not None else above, high if high is not None else below,
                exclude_min=above is not None, exclude_max=below is not None,
                allow_nan=False, allow_infinity=False,
            ),
            str: st.sampled_from(["form", "upos", "naïve ⟨x⟩"]),
            tuple[str, ...]: st.lists(st.sampled_from(["a.txt", "b=c.txt"]), max_size=2).map(tuple),
        }  # fmt: skip
        legal = st.one_of(*(kinds[member] for member in members if member is not type(None)))
    return legal | st.none() if type(None) in members else legal


@given(
    st.fixed_dictionaries(
        {path: values_of(entry) for path, entry in SETTINGS.items() if path not in CLIPPING}
    )
)
def test_settings_go_through_json(values: dict[str, Any]) -> None:
    values["encoder.layers"] = values["encoder.layers"] or int(values["encoder.tree"] == "none")
    values["tree.labels"] = values["tree.labels"] and "all"  # `root` is for labels of sentences
    values["encoder.context"] *= values["encoder.attention"] == "mentions"
    config = merge({path: (value, "x") for path, value in values.items()})
    again = from_values(json.loads(json.dumps(config.to_json())), "config.json")
    assert again == config


def test_no_layers_are_for_a_tree_alone() -> None:
    assert merge(layer("--set", encoder__layers=0, encoder__tree="recursive")).encoder.layers == 0
    for tree in ({}, {"encoder__tree": "none"}):
        with pytest.raises(UsageError, match=r"--set: encoder\.layers is 0; expected at least 1, or a tree"):
            merge(layer("--set", encoder__layers=0, **tree))
    with pytest.raises(UsageError, match=r"a\.yaml: encoder\.layers is 0"):
        merge_into(LANGUAGE, layer("a.yaml", encoder__layers=0))


def test_a_tagger_without_a_tree_is_stored_as_ever() -> None:
    names = {"tree", "tree_direction", "tree_arity"}
    assert not names & Config().portable()["encoder"].keys()
    chosen = merge(layer("--set", encoder__tree="recursive", encoder__tree_arity=3)).portable()["encoder"]
    assert names & chosen.keys() == {"tree", "tree_arity"}


@pytest.mark.parametrize("path", SETTINGS)
def test_a_missing_setting_is_refused_by_name(path: str) -> None:
    tree = Config().to_json()
    *sections, name = path.split(".")
    section = tree
    for key in sections:
        section = section[key]
    del section[name]
    with pytest.raises(UsageError, match=f"config.json: the setting '{path}' is missing"):
        from_values(tree, "config.json")


def test_a_setting_too_many_is_refused_by_name() -> None:
    tree = Config().to_json()
    tree["encoder"]["unit"] = 3
    with pytest.raises(
        UsageError, match=r"config.json: there is no setting 'encoder.unit'. Did you mean 'encoder.units'"
    ):
        from_values(tree, "config.json")


def test_stored_settings_are_checked_as_any_others() -> None:
    tree = Config().to_json()
    tree["encoder"]["units"] = 0
    with pytest.raises(UsageError, match=r"config\.json: encoder.units is 0"):
        from_values(tree, "config.json")
    tree = Config(training=TrainingSettings(clipnorm=1.0, global_clipnorm=1.0)).to_json()
    with pytest.raises(UsageError, match=r"config\.json: .* exclude each other"):
        from_values(tree, "config.json")


def test_a_section_in_the_place_of_a_value_is_refused() -> None:
    tree = Config().to_json()
    tree["encoder"]["units"] = {"forward": 3}
    with pytest.raises(UsageError, match=r"encoder\.units is \{'forward': 3\}"):
        from_values(tree, "config.json")


@pytest.mark.parametrize(("value", "found"), [(True, "yes"), (False, "no"), ("yes", "yes"), ("auto", "auto")])
def test_a_name_that_yaml_reads_as_true_or_false(value: bool | str, found: str) -> None:
    """`enabled: no` in a file, and `--set ...=no`."""
    path = "embeddings.bigrams.enabled"
    assert merge({path: (value, "test")}).embeddings.bigrams.enabled == found
    with pytest.raises(UsageError):
        merge({"embeddings.characters.encoder": (False, "test")})


def test_a_context_takes_an_attention_that_reads_it() -> None:
    with pytest.raises(
        UsageError, match=r"test: encoder\.context is 300; expected encoder\.attention mentions"
    ):
        merge({"encoder.context": (300, "test")})
    both = merge({"encoder.context": (300, "test"), "encoder.attention": ("mentions", "test")})
    assert both.without(())["encoder"]["context"] == 300
    assert "context" not in merge({}).without(())["encoder"]


def test_a_model_has_what_its_run_chose() -> None:
    def biased(value: float | None) -> Config:
        head = dataclasses.replace(Config().head, outside_bias=value)
        return dataclasses.replace(Config(), head=head)

    assert biased(None).made(biased(0.5))
    assert biased(None).made(biased(None))
    assert biased(0.5).made(biased(0.5))
    assert not biased(0.5).made(biased(None))
    assert not biased(0.0).made(biased(0.5))
    assert not biased(None).made(merge(layer("--set", encoder__units=7, head__outside_bias=0.5)))
    assert "outside_bias" not in biased(0.0).portable()["head"]
    assert biased(None).portable()["head"]["outside_bias"] is None
