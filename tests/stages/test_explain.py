"""What a tag depends on: saliency against finite differences, attention against the exported network, a safe page."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from seqtag.cli import run
from seqtag.cli.explain_page import MOST, escaped, page
from seqtag.graph.weights import Weights
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import layout, replacing
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.stored import build_network
from seqtag.network import runtime
from seqtag.network.build import mask_of
from seqtag.network.saliency import TOGETHER, Saliency, attentions
from seqtag.pages.colours import PALETTE
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.explain import explain
from seqtag.support.errors import Error, ModelError
from seqtag.tasks.explanation import Explained, Explanation, Target
from seqtag.tasks.tagging import prepare
from seqtag.tasks.tagging.restore import Stored
from seqtag.tasks.tagging.splits import read_corpora
from seqtag.tasks.tagging.tagger_job import TaggerJob

Capture = pytest.CaptureFixture[str]
WORDS = ("Ana", "Ruiz", "saw", "New", "York", "today", ".")
NASTY = (
    "<script>alert(1)</script>",
    '"onmouseover="x',
    "'><img src=http://x/y>",
    "&lt;",
    "</style>",
    "\u202etxt",
    "科0",
)


@pytest.fixture(scope="module")
def attentive(spans: Any) -> TaggerJob:
    """An untrained network with attention in its encoder and in a feedback head."""
    given = [
        "embeddings.word.dim=6", "embeddings.characters.encoder=none", "encoder.cell=dense", "encoder.units=8",
        "encoder.attention=self", "encoder.attention_heads=2", "head.name=feedback", "head.attention=true",
        "head.units=5",
    ]  # fmt: skip
    config = merge(parse_assignments(given))
    corpora = read_corpora(config, str(spans.train), str(spans.dev), None)
    runtime.start(3)
    return TaggerJob(prepare.fill_in(config, corpora), corpora, None)


@dataclass(frozen=True)
class Told:
    """What was explained, and the targets that were asked for on the way."""

    found: Explanation
    asked: list[list[float]]


TEXT = "Ana Ruiz saw Oslo today .\n\nfriends .\nAna  left, Bo.\n"


@pytest.fixture(scope="module")
def told(spans: Any, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Three sentences."""
    path = tmp_path_factory.mktemp("told") / "text"
    path.write_text(TEXT, "utf-8")
    asked: list[list[float]] = []
    real = Saliency.__call__

    def listen(saliency: Saliency, inputs: Any, tags: Any, targets: Any) -> Any:
        asked.extend(targets.tolist())
        return real(saliency, inputs, tags, targets)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Saliency, "__call__", listen)
        return Told(explain(str(spans.folder), str(path)), asked)


@pytest.fixture
def without_slopes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No gradients, whose graph takes longer than all the rest: for what does not go by them."""
    monkeypatch.setattr(Saliency, "__call__", lambda saliency, inputs, tags, targets: np.ones_like(targets))


@pytest.fixture(scope="module", params=["crf", "softmax", "feedback"])
def network(request: pytest.FixtureRequest, spans: Any, plain: Any) -> tuple[Any, SentenceTagger]:
    if request.param == "feedback":
        made: TaggerJob = request.getfixturevalue("attentive")
        return made.network, made.tagger()
    trained = spans if request.param == "crf" else plain
    tagger = SentenceTagger.load(trained.folder)
    return Stored.of(Folder(trained.folder), tagger.vocabulary).network(), tagger


def test_the_restored_network_is_the_tagger(network: tuple[Any, SentenceTagger]) -> None:
    keras, tagger = network
    inputs = tagger.vocabulary.collate([tagger.vocabulary.index(WORDS)])
    tags, probabilities = keras.decode(inputs)
    found = tagger.decode([WORDS])
    assert np.array_equal(tags, found["tags"])
    np.testing.assert_allclose(probabilities, found["probabilities"], atol=1e-5)


def test_saliency_is_the_slope_along_each_vector(network: tuple[Any, SentenceTagger]) -> None:
    """Gradient times vector: the derivative of the score as the vector is made longer."""
    keras, tagger = network
    inputs = tagger.vocabulary.collate([tagger.vocabulary.index(WORDS)])
    tags = tagger.decode([WORDS])["tags"]
    targets = np.zeros((2, len(WORDS)), np.float32)
    targets[0, 0:2] = targets[1, 4] = 1
    found = Saliency(keras)(inputs, tags[0], targets)
    step, count = 0.02, len(WORDS)
    changed = np.repeat(
        np.asarray(keras.vectors(inputs)), 2 * count, axis=0
    )  # each word longer, then each shorter
    for place in range(count):
        changed[place, place] *= 1 + step
        changed[count + place, place] *= 1 - step
    lengths, each = (
        np.repeat(inputs["lengths"], 2 * count),
        np.repeat(tags, 2 * count, axis=0).astype(np.int32),
    )
    features = keras.encoder(changed, lengths)
    logits = np.asarray(keras.head.logits(features, each, mask_of(lengths, features)))
    scores = np.take_along_axis(logits.astype(float), each[..., None], axis=2)[..., 0] @ targets.T
    expected = ((scores[:count] - scores[count:]) / (2 * step)).T
    assert found.shape == (2, len(WORDS))
    assert np.abs(found).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=0.01 * np.abs(found).max())


def test_more_targets_than_are_computed_at_once(plain: Any) -> None:
    tagger = SentenceTagger.load(plain.folder)
    network = Stored.of(Folder(plain.folder), tagger.vocabulary).network()
    words = WORDS * 6
    inputs = tagger.vocabulary.collate([tagger.vocabulary.index(words)])
    tags = tagger.decode([words])["tags"][0]
    every = np.eye(len(words), dtype=np.float32)
    saliency = Saliency(network)
    assert len(words) > TOGETHER
    last = saliency(inputs, tags, every[-1:])
    np.testing.assert_allclose(saliency(inputs, tags, every)[-1:], last, atol=1e-5)
    assert saliency(inputs, tags, every[:0]).shape == (0, len(words))


def test_a_model_that_is_replaced_while_a_text_is_typed(
    spans: Any, plain: Any, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tags and what they hang on are of one model."""
    model, before = tmp_path / "model", told.found
    shutil.copytree(spans.folder, model)
    (tmp_path / "text").write_text(TEXT, "utf-8")
    real = runtime.start

    def start(*given: Any, **how: Any) -> None:
        shutil.rmtree(model)
        shutil.copytree(plain.folder, model)
        real(*given, **how)

    monkeypatch.setattr(runtime, "start", start)
    after = explain(str(model), str(tmp_path / "text"))
    assert (after.spans, after.description) == (before.spans, before.description)
    assert after.sentences[0].tags == before.sentences[0].tags
    (first,), (second,) = (made.sentences[0].targets[:1] for made in (before, after))
    assert (first.label, first.probability) == (second.label, second.probability)
    np.testing.assert_array_equal(first.saliency, second.saliency)


def test_attention_is_that_of_the_exported_network(attentive: TaggerJob) -> None:
    weights = Weights.of_arrays(attentive.network.named_weights())
    network = build_network(attentive.config, attentive.vocabulary, weights)
    tagger = SentenceTagger(network, attentive.vocabulary)
    inputs = tagger.vocabulary.collate([tagger.vocabulary.index(WORDS)])
    exported = tagger.run(inputs, ["tags", "attention", "head_attention"])
    found = attentions(attentive.network, inputs, exported["tags"][0])
    assert {where: weights.shape for where, weights in found.items()} == {
        "encoder": (2, 7, 7),
        "head": (1, 7, 7),
    }
    np.testing.assert_allclose(found["encoder"], exported["attention"][0], atol=1e-5)
    np.testing.assert_allclose(found["head"], exported["head_attention"], atol=1e-5)


class TestStage:
    def text(self, tmp_path: Path, text: str) -> str:
        path = tmp_path / "text.txt"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def test_entities(self, told: Told) -> None:
        found = told.found
        one, two, three = found.sentences
        assert found.spans
        assert not found.more
        assert [(t.start, t.end, t.label) for t in one.targets] == [(0, 2, "PER"), (3, 4, "LOC")]
        assert all(0.5 < t.probability <= 1 and t.saliency.shape == (6,) for t in one.targets)
        assert one.tags == ["B-PER", "I-PER", "O", "B-LOC", "O", "O"]
        assert two.tokens == ("friends", ".")
        text = page(found)
        assert text.count("<section>") == 3
        assert text.count('class="row"') == 2 + len(two.targets) + len(three.targets)

    def test_an_entity_is_explained_by_all_its_words(self, told: Told) -> None:
        assert told.asked[:2] == [[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0]]

    def test_spaces(self, told: Told) -> None:
        sentence = told.found.sentences[2]
        assert sentence.tokens == ("Ana", "left", ",", "Bo", ".")
        assert sentence.joined == {2, 4}

    def test_plain_tags(self, plain: Any, tmp_path: Path, without_slopes: None) -> None:
        found = explain(str(plain.folder), self.text(tmp_path, "Ana left .\n"))
        assert [(t.start, t.label) for t in found.sentences[0].targets] == [
            (0, "PROPN"),
            (1, "VERB"),
            (2, "PUNCT"),
        ]
        assert page(found).count("<td class=") == 9

    def test_limit(self, spans: Any, tmp_path: Path, without_slopes: None) -> None:
        path = self.text(tmp_path, "Ana left\n\nBo left\nIda left\n")
        found = explain(str(spans.folder), path, limit=2)
        assert [one.tokens[0] for one in found.sentences] == ["Ana", "Bo"]
        assert found.more
        assert "The first 2 sentences of" in page(found)
        assert not explain(str(spans.folder), path, limit=3).more

    def test_a_long_sentence(
        self, spans: Any, tmp_path: Path, without_slopes: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("seqtag.tasks.tagging.explain.LONGEST", 5)
        (found,) = explain(str(spans.folder), self.text(tmp_path, "Ana left " * 4 + "\n")).sentences
        assert (len(found.tokens), found.cut, len(found.tags)) == (5, 3, 5)

    def test_no_sentence(self, spans: Any, tmp_path: Path) -> None:
        with pytest.raises(Error, match="holds no sentence"):
            explain(str(spans.folder), self.text(tmp_path, "\n \n"))

    @pytest.mark.parametrize(
        ("what", "said"),
        [("name", "is missing"), ("shape", "has the shape"), ("settings", r"encoder\.units is 0")],
    )
    def test_weights_of_another_network(self, spans: Any, tmp_path: Path, what: str, said: str) -> None:
        source = Folder(spans.folder)
        files = {name: source.read(name) for name in source.files}
        weights = safetensors.numpy.load(files["weights.safetensors"])
        name = next(iter(weights))
        if what == "settings":
            settings = json.loads(files["config.json"])
            settings["encoder"]["units"] = 0
            files["config.json"] = layout.dump_json(settings)
        else:
            array = weights.pop(name)
            weights |= {"other": array} if what == "name" else {name: array[:1]}
        files["weights.safetensors"] = safetensors.numpy.save(weights)
        replacing.write(tmp_path / "model", files)
        vocabulary = SentenceTagger.load(spans.folder).vocabulary
        with pytest.raises(ModelError, match=said):
            Stored.of(Folder(tmp_path / "model"), vocabulary).network()

    def test_settings_newer_than_the_model(self, spans: Any, tmp_path: Path) -> None:
        source = Folder(spans.folder)
        files = {name: source.read(name) for name in source.files}
        settings = json.loads(files["config.json"])
        del settings["head"]["beam"], settings["encoder"]["residual"]
        replacing.write(tmp_path / "model", files | {"config.json": layout.dump_json(settings)})
        assert Stored.of(Folder(tmp_path / "model"), SentenceTagger.load(spans.folder).vocabulary).network()


class Checked(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for name, value in attrs if name not in ("content", "title")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def explanation(tokens: tuple[str, ...], *, spans: bool, label: str = "PER") -> Explanation:
    count = len(tokens)
    random = np.random.default_rng(1)
    places = [(0, 2)] if spans else [(place, place + 1) for place in range(count)]
    targets = [
        Target(start, end, label, 0.9, random.normal(size=count).astype(np.float32)) for start, end in places
    ]
    weights = {"encoder": random.dirichlet(np.ones(count), size=(2, count)).astype(np.float32)}
    sentence = Explained(tokens, 0, [label] * count, targets, weights)
    return Explanation(tokens[0], tokens[1], spans, "lstm 1 x 4", [sentence], False)


class TestPage:
    @pytest.mark.parametrize("spans", [True, False])
    def test_nothing_from_a_text_or_a_model_is_markup(self, spans: bool) -> None:
        """The page of nasty tokens has the elements and attributes of one of harmless tokens."""
        nasty = Checked(page(explanation(NASTY, spans=spans, label="<b onclick=x>")))
        harmless = Checked(page(explanation(WORDS, spans=spans)))
        assert nasty.elements == harmless.elements
        assert nasty.attributes == harmless.attributes
        assert not nasty.elements & {"script", "img", "link", "iframe", "object", "a", "form", "base"}
        assert not any(name.startswith("on") or name in ("src", "href") for name in nasty.attributes)
        assert not any("http" in value or "url(" in value for value in nasty.values)
        for token in NASTY[:5]:
            assert any(token in text for text in nasty.texts), "the token itself is shown"
        assert "\u202e" not in "".join(nasty.texts)

    def test_loads_nothing(self) -> None:
        text = page(explanation(WORDS, spans=True))
        assert "content=\"default-src 'none'; style-src 'unsafe-inline'\"" in text
        assert "@import" not in text
        assert "url(" not in text

    def test_escaped(self) -> None:
        assert escaped("<a b='\"&\x1b") == "&lt;a b=&#x27;&quot;&amp;\\x1b"

    def test_long_maps_are_cut_and_say_so(self) -> None:
        tokens = tuple(f"w{number}" for number in range(MOST + 5))
        text = page(explanation(tokens, spans=False))
        assert f"Shown are the first {MOST} of {MOST + 5} tokens." in text
        assert text.count("<td class=") == 4 * MOST * MOST  # saliency, mean, two heads

    def test_colours(self) -> None:
        one = explanation(("a", "b", "c"), spans=True)
        one.sentences[0].targets[0].saliency[:] = [2.0, -1.0, 0.0]
        text = page(one)
        assert '<span class="token for target" style="--w:0.70" title="a: +2.0000">' in text
        assert '<span class="token against target" style="--w:0.35" title="b: -1.0000">' in text
        assert '<span class="token for" style="--w:0.00" title="c: +0.0000">' in text

    def test_a_type_has_the_colour_that_it_has_among_the_types_of_the_model(self) -> None:
        one = explanation(WORDS, spans=True)
        assert f'<span class="entity" style="--type:{PALETTE[0]}"' in page(one)
        assert f'<span class="entity" style="--type:{PALETTE[2]}"' in page(
            replace(one, types=("LOC", "ORG", "PER"))
        )

    def test_spaces_are_those_of_the_text(self) -> None:
        one = explanation(("上", "海", "Ana", "s", "!"), spans=True)
        sentence = replace(one.sentences[0], joined=frozenset({1, 3, 4}))
        text = page(replace(one, sentences=[sentence]))
        assert "<bdi>上</bdi><bdi>海</bdi><span class" in text
        assert "</span></span> <bdi>Ana</bdi><bdi>s</bdi><bdi>!</bdi></p>" in text
        assert " <bdi>上海</bdi>" in text
        row = text[text.index('<div class="words"') :]
        gaps = re.findall("</bdi></span>( ?)<span", row[: row.index("</div>")])
        assert gaps == ["", " ", "", ""]

    def test_heads_stand_upright_where_they_have_room(self) -> None:
        text = page(explanation(("a", "海", "to", "上海", "Ana", "ｗ"), spans=True))
        heads = re.findall(r'<th scope="col"><span(.*?)>(.*?)</span></th>', text[: text.index("<tbody>")])
        turned = [token for attributes, token in heads if attributes == ' class="long"']
        assert turned == ["上海", "Ana"]
        assert len(heads) == 6

    def test_attention_has_one_scale(self) -> None:
        one = explanation(("a", "b", "c"), spans=True)
        weights = np.array([[[1.0, 0.0, 0.0], [0.25, 0.25, 0.5], [0.01, 0.0, 0.99]]], np.float32)
        text = page(replace(one, sentences=[replace(one.sentences[0], attention={"encoder": weights})]))
        found = re.findall(r'<td class="look" style="--w:([0-9.]+)" title="(.) looks at (.)', text)
        assert [row[1:] for row in found] == [(a, b) for a in "abc" for b in "abc"]
        assert [row[0] for row in found] == [
            "0.70",
            "0.00",
            "0.00",
            "0.35",
            "0.35",
            "0.49",
            "0.07",
            "0.00",
            "0.70",
        ]


class TestCommand:
    def test_file_and_stdout(self, spans: Any, tmp_path: Path, capsys: Capture, without_slopes: None) -> None:
        source, target = tmp_path / "a.txt", tmp_path / "page.html"
        source.write_text("Ana Ruiz left 東京 .\n", encoding="utf-8")
        assert run(["explain", str(spans.folder), str(source), "-o", str(target)]) == 0
        assert capsys.readouterr() == ("", "")
        assert "東京" in target.read_text("utf-8")
        assert run(["explain", str(spans.folder), str(source), "-o", "-"]) == 0
        assert capsys.readouterr().out == target.read_text("utf-8")

    def test_columns_by_their_first_lines(
        self, spans: Any, tmp_path: Path, capsys: Capture, without_slopes: None
    ) -> None:
        (tmp_path / "in.tsv").write_text("Ana\tX\nleft\tY\n\n")
        assert run(["explain", str(spans.folder), "-o", "-", str(tmp_path / "in.tsv")]) == 0
        found = capsys.readouterr()
        assert "Ana" in found.out
        assert ">X<" not in found.out
        (tmp_path / "in.tsv").write_text("Ana\nleft\n\nIda\n")
        assert run(["explain", str(spans.folder), "-o", "-", str(tmp_path / "in.tsv")]) == 0
        assert "looks like columns, but is read as text" in capsys.readouterr().err

    def test_conll_by_its_ending(self, spans: Any, tmp_path: Path, without_slopes: None) -> None:
        target = tmp_path / "page.html"
        assert run(["explain", str(spans.folder), str(spans.dev), "-o", str(target), "--limit", "2"]) == 0
        assert target.read_text("utf-8").count("<section>") == 2

    @pytest.mark.parametrize(
        ("change", "code", "problem"),
        [
            (lambda given: [*given, "--input-format", "x"], 2, "Known: conll, conllu, "),
            (lambda given: [*given, "--limit", "0"], 2, "--limit"),
            (lambda given: ["none", *given[1:]], 1, "none: no such folder"),
            (lambda given: [given[0], "none", *given[2:]], 1, "none: cannot be read"),
            (lambda given: [*given[:3], given[1]], 2, "is also an input"),
        ],
    )
    def test_errors(
        self, spans: Any, tmp_path: Path, capsys: Capture,
        change: Callable[[list[str]], list[str]], code: int, problem: str,
    ) -> None:  # fmt: skip
        source = tmp_path / "a.txt"
        source.write_text("Ana\n")
        given = [str(spans.folder), str(source), "-o", str(tmp_path / "page.html")]
        assert run(["explain", *change(given)]) == code
        err = capsys.readouterr().err
        assert problem in err
        assert "Traceback" not in err
        assert not (tmp_path / "page.html").exists()
        assert source.read_text() == "Ana\n"
