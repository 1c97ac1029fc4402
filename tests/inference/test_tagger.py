"""A trained model at work: whatever comes in, one tag a token comes out, and no sentence looks at another."""

import json
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora import tags
from seqtag.corpora.document import Document, Entity
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.sentence import Sentence
from seqtag.inference import tagger
from seqtag.inference.tagger import Piece, SentenceTagger, windows
from seqtag.model_folder import folder, layout, replacing
from seqtag.model_folder.stored import read_network
from seqtag.support.errors import ModelError

TOKENS = st.lists(st.text(min_size=1, max_size=6) | st.sampled_from(["Ana", "Ruiz", "New", "York", "saw"]))
BIO, BIOES = tags.parse_scheme("bio"), tags.parse_scheme("bioes")


@pytest.fixture(scope="session")
def loaded(spans: Any) -> SentenceTagger:
    return SentenceTagger.load(spans.folder)


@pytest.fixture(scope="session")
def sentences(spans: Any) -> list[tuple[str, ...]]:
    """Sentences of all lengths, some empty, of known and unknown words."""
    corpus = [sentence.tokens for sentence in read_corpus(spans.dev).sentences]
    joined = [sum(corpus[:number], ()) for number in (2, 5, 9)]
    return [(), *corpus, *joined, ("unheard",), (), ("Ana",), ("unheard", "of", "York", "Ruiz"), ()]


def close(first: Sequence[float], second: Sequence[float]) -> bool:
    return bool(np.allclose(first, second, atol=1e-5))


class TestOneTagAToken:
    @given(st.lists(TOKENS, max_size=6))
    def test_whatever_comes(self, loaded: SentenceTagger, drawn: list[list[str]]) -> None:
        answers = list(loaded.tag(drawn, entities=True, nbest=2))
        assert len(answers) == len(drawn)
        for tokens, answer in zip(drawn, answers, strict=True):
            assert len(answer.tags) == len(answer.probabilities) == len(tokens)
            assert tags.problems(answer.tags, BIO) == []
            assert all(0 <= probability <= 1 for probability in answer.probabilities)
            assert [entity[:3] for entity in map(as_tuple, answer.entities)] == tags.spans(answer.tags, BIO)
            assert all(0 <= entity.probability <= 1 for entity in answer.entities)

    def test_nothing_at_all(self, loaded: SentenceTagger) -> None:
        assert list(loaded.tag([])) == []
        assert list(loaded.tag([[], []], entities=True, nbest=3)) == [Document("", (), (), BIO)] * 2

    def test_what_was_learnt_is_found(self, loaded: SentenceTagger, spans: Any) -> None:
        corpus = read_corpus(spans.dev)
        answers = [tuple(answer.tags) for answer in loaded.tag(corpus.sentences)]
        assert answers == [sentence.tags for sentence in corpus.sentences]

    def test_plain_tags(self, plain: Any) -> None:
        loaded, corpus = SentenceTagger.load(plain.folder), read_corpus(plain.dev)
        answers = list(loaded.tag(corpus.sentences, entities=True, nbest=2))
        assert [tuple(answer.tags) for answer in answers] == [sentence.tags for sentence in corpus.sentences]
        assert not any(answer.entities for answer in answers)
        for answer in answers:
            assert answer.alternatives[0].tags == answer.tags
            assert answer.alternatives[0].probability == pytest.approx(
                np.prod(answer.probabilities), rel=1e-3
            )
            assert answer.alternatives[0].probability >= answer.alternatives[1].probability

    def test_sentences_of_a_corpus_are_tagged_as_tokens_are(
        self, loaded: SentenceTagger, sentences: list[tuple[str, ...]]
    ) -> None:
        assert list(loaded.tag(sentences)) == list(loaded.tag([Sentence(tokens) for tokens in sentences]))

    def test_known_tags(self, loaded: SentenceTagger, plain: Any) -> None:
        assert loaded.scheme == BIO
        assert set(loaded.tags) == {"B-LOC", "B-PER", "I-LOC", "I-PER", "O"}
        assert SentenceTagger.load(plain.folder).scheme.name == "plain"


def as_tuple(entity: Entity) -> tuple[int, int, str]:
    return entity.start_token, entity.end_token, entity.label


class TestOrder:
    @pytest.mark.parametrize(("chunk", "budget"), [(1, 1), (2, 9), (3, 4096), (2048, 1), (2048, 20), (7, 50)])
    def test_chunks_and_batches_change_nothing(
        self, loaded: SentenceTagger, sentences: list[tuple[str, ...]], chunk: int, budget: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        expected = [next(loaded.tag([tokens], entities=True, nbest=2)) for tokens in sentences]
        monkeypatch.setattr(tagger, "CHUNK", chunk)
        monkeypatch.setattr(tagger, "TOKEN_BUDGET", budget)
        found = list(loaded.tag(sentences, entities=True, nbest=2))
        for one, other in zip(found, expected, strict=True):
            assert one.tags == other.tags
            assert close(one.probabilities, other.probabilities)
            assert list(map(as_tuple, one.entities)) == list(map(as_tuple, other.entities))
            assert close([e.probability for e in one.entities], [e.probability for e in other.entities])
            assert close(
                [a.probability for a in one.alternatives], [a.probability for a in other.alternatives]
            )

    def test_batches_keep_to_the_budget(
        self, loaded: SentenceTagger, sentences: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shapes = []
        run = SentenceTagger.run

        def seen(self: SentenceTagger, inputs: dict[str, Any], *rest: Any) -> dict[str, Any]:
            shapes.append((len(inputs["lengths"]), int(inputs["lengths"].max())))
            return run(self, inputs, *rest)

        monkeypatch.setattr(tagger, "TOKEN_BUDGET", 30)
        monkeypatch.setattr(SentenceTagger, "run", seen)
        list(loaded.tag(sentences))
        assert all(rows == 1 or rows * time <= 30 for rows, time in shapes)
        assert max(rows for rows, _ in shapes) > 2

    def test_no_more_is_read_ahead_than_a_chunk(
        self, loaded: SentenceTagger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tagger, "CHUNK", 3)
        read = 0

        def endless() -> Iterator[list[str]]:
            nonlocal read
            while True:
                read += 1
                yield ["Ana"]

        answers = loaded.tag(endless())
        for _ in range(3):
            next(answers)
        assert read == 3


class Local(SentenceTagger):
    """Its tag and probability for a token depend on the word, the one before and the one after, and nothing else."""

    longest = 0  # words of a piece

    def run(self, inputs: dict[str, Any], names: Sequence[str] = ()) -> dict[str, Any]:
        words = inputs["words"].astype(np.int64)
        self.longest = max(self.longest, words.shape[1])
        inside = np.arange(words.shape[1]) < inputs["lengths"][:, None]
        around = np.pad(np.where(inside, words, 0), ((0, 0), (1, 1)))
        mixed = (around[:, :-2] * 31 + words * 7 + around[:, 2:] * 17) % 101
        return {"tags": mixed % len(self.vocabulary.tags), "probabilities": mixed / 101}


class TestWindows:
    @given(st.integers(0, 60), st.integers(1, 12), st.integers(0, 5))
    def test_each_token_is_kept_once(self, length: int, window: int, overlap: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tagger, "WINDOW", window)
            patch.setattr(tagger, "OVERLAP", overlap)
            pieces = list(windows(4, length))
        assert [place for p in pieces for place in range(p.keep_start, p.keep_end)] == list(range(length))
        for piece in pieces:
            assert piece.sentence == 4
            assert piece.start == max(0, piece.keep_start - overlap)
            assert piece.end == min(length, piece.keep_end + overlap)
            assert piece.keep_end - piece.keep_start <= window
        if 0 < length <= window:
            assert pieces == [Piece(4, 0, length, 0, length)]

    @pytest.mark.parametrize("overlap", [1, 2, 5])
    @pytest.mark.parametrize("length", [9, 10, 11, 20, 21, 57])
    def test_with_enough_overlap_a_window_is_not_seen(
        self, spans: Any, loaded: SentenceTagger, monkeypatch: pytest.MonkeyPatch, length: int, overlap: int
    ) -> None:
        words = loaded.vocabulary.indexers["word"].table.values  # type: ignore[attr-defined]
        random = np.random.default_rng(length)
        drawn = [[words[i] for i in random.integers(0, len(words), size)] for size in (length, 3, 0, length)]
        # Tags as the network gives them: written in another scheme, one can depend on words further away.
        vocabulary = replace(loaded.vocabulary, scheme=tags.parse_scheme("plain"))
        local = Local(
            read_network(folder.Folder(spans.folder), vocabulary, ("tags", "probabilities")), vocabulary
        )
        whole = list(local.tag(drawn))
        local.longest = 0
        monkeypatch.setattr(tagger, "WINDOW", 10)
        monkeypatch.setattr(tagger, "OVERLAP", overlap)
        assert list(local.tag(drawn)) == whole
        assert local.longest <= 10 + 2 * overlap
        if length > 10:
            monkeypatch.setattr(tagger, "OVERLAP", 0)
            assert list(local.tag(drawn)) != whole

    def test_a_real_model(
        self, loaded: SentenceTagger, sentences: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Tags, entities and their probability: also of entities that lie across the seam."""
        text = [sum(sentences, ())]
        (whole,) = loaded.tag(text, entities=True, nbest=2)
        assert len(whole.tags) > 150
        seams = 0
        for window in (20, 21, 22, 23):
            monkeypatch.setattr(tagger, "WINDOW", window)
            monkeypatch.setattr(tagger, "OVERLAP", 30)
            (found,) = loaded.tag(text, entities=True, nbest=2)
            assert found.tags == whole.tags
            assert np.allclose(found.probabilities, whole.probabilities, atol=5e-2)
            assert list(map(as_tuple, found.entities)) == list(map(as_tuple, whole.entities))
            scores = [[entity.probability for entity in answer.entities] for answer in (found, whole)]
            assert np.allclose(*scores, atol=5e-2)
            assert len(found.alternatives) == 2
            seams += sum(
                entity.start_token // window != (entity.end_token - 1) // window for entity in whole.entities
            )
        assert seams > 0

    @pytest.mark.parametrize("length", [600, 601, 1000])
    def test_the_overlap_is_enough(
        self, loaded: SentenceTagger, monkeypatch: pytest.MonkeyPatch, length: int
    ) -> None:
        """One and a half windows and more, of words in any order, are tagged as they are without a seam."""
        random = np.random.default_rng(length)
        words = [*loaded.vocabulary.indexers["word"].table.values, "unheard", "Unheard"]  # type: ignore[attr-defined]
        drawn = [[words[i] for i in random.integers(0, len(words), length)] for _ in range(3)]
        whole = list(loaded.tag(drawn, entities=True))
        monkeypatch.setattr(tagger, "WINDOW", 400)
        found = list(loaded.tag(drawn, entities=True))
        assert [one.tags for one in found] == [one.tags for one in whole]
        for one, other in zip(found, whole, strict=True):
            assert np.allclose(one.probabilities, other.probabilities, atol=1e-5)
        monkeypatch.setattr(tagger, "OVERLAP", 0)
        assert [one.tags for one in loaded.tag(drawn)] != [one.tags for one in whole]

    def test_a_sentence_of_any_length(self, loaded: SentenceTagger) -> None:
        (answer,) = loaded.tag([["Ana", "saw", "New", "York", "."] * 4000])
        assert len(answer.tags) == 20_000
        assert all(answer.tags[at : at + 3] == ["B-LOC", "I-LOC", "O"] for at in range(2, 20_000, 5))


class TestNeighbours:
    def test_the_answer_depends_on_the_sentence_alone(
        self, loaded: SentenceTagger, sentences: list[tuple[str, ...]]
    ) -> None:
        mine = ("Ana", "Ruiz", "saw", "unheard", "York", ".")
        alone = next(loaded.tag([mine], entities=True))
        for neighbours in ([mine], sentences, [("x",) * 300], [("Ana",)] * 50):
            for batch in ([mine, *neighbours], [*neighbours, mine]):
                answers = list(loaded.tag(batch, entities=True))
                found = answers[batch.index(mine)]
                assert found.tags == alone.tags
                assert close(found.probabilities, alone.probabilities)
                assert close([e.probability for e in found.entities], [e.probability for e in alone.entities])

    def test_the_same_in_a_fresh_process(self, loaded: SentenceTagger, spans: Any) -> None:
        code = "import sys; from seqtag.inference.tagger import SentenceTagger; "
        code += "print(list(SentenceTagger.load(sys.argv[1]).tag([['Ana', 'saw', 'York']])))"
        root = str(Path(tagger.__file__).parents[2])
        done = subprocess.run(
            [sys.executable, "-c", code, str(spans.folder)],
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
        )
        assert done.stdout.strip() == str(list(loaded.tag([["Ana", "saw", "York"]])))


class TestSchemes:
    def test_the_network_works_in_its_own(self, loaded: SentenceTagger) -> None:
        """The corpus is BIO, the network BIOES: what comes out is BIO, entities and alternatives too."""
        assert loaded.vocabulary.train_scheme == BIOES
        assert "E-PER" in loaded.vocabulary.tags
        (answer,) = loaded.tag([["Ana", "Ruiz", "left", "Rio", "de", "Janeiro", "."]], entities=True, nbest=3)
        assert answer.tags == ["B-PER", "I-PER", "O", "B-LOC", "I-LOC", "I-LOC", "O"]
        assert list(map(as_tuple, answer.entities)) == [(0, 2, "PER"), (3, 6, "LOC")]
        assert answer.alternatives[0].tags == answer.tags
        for alternative in answer.alternatives:
            assert tags.problems(alternative.tags, BIO) == []

    def test_an_entity_is_as_probable_as_its_sequences(self, loaded: SentenceTagger) -> None:
        """All sequences of a short sentence, by nbest: those with the entity sum to its probability."""
        tokens = ["Ana", "unheard", "York"]
        (answer,) = loaded.tag([tokens], entities=True, nbest=10_000)
        assert sum(a.probability for a in answer.alternatives) == pytest.approx(1, abs=1e-4)
        written = [tuple(alternative.tags) for alternative in answer.alternatives]
        assert len(set(written)) == len(written)
        assert answer.entities
        for entity in answer.entities:
            holding = [a for a in answer.alternatives if as_tuple(entity) in tags.spans(a.tags, BIO)]
            assert entity.probability == pytest.approx(sum(a.probability for a in holding), abs=1e-4)
        for place, tag in enumerate(answer.tags):
            # B-PER in BIO is B-PER or S-PER of the network, so a marginal is at most what the list adds up to.
            same = sum(a.probability for a in answer.alternatives if a.tags[place] == tag)
            assert answer.probabilities[place] <= same + 1e-4


class TestLoading:
    @pytest.fixture
    def files(self, spans: Any) -> dict[str, bytes]:
        return {name: (spans.folder / name).read_bytes() for name in layout.FILES}

    def refused(self, path: Path) -> str:
        with pytest.raises(ModelError) as caught:
            SentenceTagger.load(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def test_no_model(self, tmp_path: Path) -> None:
        assert "no such folder" in self.refused(tmp_path / "none")

    @pytest.mark.parametrize("weights", [b"", b"\0", b"onnx", b"\x08\x09" * 50])
    def test_weights_that_are_none(self, tmp_path: Path, files: dict[str, bytes], weights: bytes) -> None:
        replacing.write(tmp_path / "model", files | {"weights.safetensors": weights})
        assert "weights.safetensors is not what seqtag writes" in self.refused(tmp_path / "model")

    def test_settings_that_are_not_those_of_the_weights(
        self, tmp_path: Path, files: dict[str, bytes]
    ) -> None:
        """Settings of 200 GB beside weights of 30 kB: refused before memory is taken."""
        settings = json.loads(files["config.json"])
        settings["encoder"] |= {"units": 8192, "layers": 32}
        replacing.write(tmp_path / "model", files | {"config.json": layout.dump_json(settings)})
        tracemalloc.start()
        try:
            said = self.refused(tmp_path / "model")
            assert tracemalloc.get_traced_memory()[1] < 1 << 24
        finally:
            tracemalloc.stop()
        assert (
            "the network cannot be built: the weight encoder/forward_1/lstm_cell/kernel has the shape" in said
        )

    def test_more_tags_of_spans_than_can_be(self, tmp_path: Path, files: dict[str, bytes]) -> None:
        vocabulary = json.loads(files["vocab.json"])
        labels = sorted(f"L{number}" for number in range(2000))
        vocabulary["tags"] = ["O", *(f"{letter}-{label}" for label in labels for letter in "BIES")]
        replacing.write(tmp_path / "model", files | {"vocab.json": layout.dump_json(vocabulary)})
        assert "there are 8,001 tags of spans; expected 4,096 at most" in self.refused(tmp_path / "model")

    @pytest.mark.parametrize(
        "vocabulary",
        [b"{}", b'{"indexers": 3}', b'{"indexers": {"words": {}}}', b'{"indexers": {"word": []}}', b"[]"],
    )
    def test_a_vocabulary_that_is_none(
        self, tmp_path: Path, files: dict[str, bytes], vocabulary: bytes
    ) -> None:
        replacing.write(tmp_path / "model", files | {"vocab.json": vocabulary})
        self.refused(tmp_path / "model")

    def test_a_model_that_moved(self, loaded: SentenceTagger, spans: Any, tmp_path: Path) -> None:
        shutil.copytree(spans.folder, tmp_path / "élsewhere with a space")
        moved = SentenceTagger.load(tmp_path / "élsewhere with a space")
        assert list(moved.tag([["Ana", "Ruiz"]])) == list(loaded.tag([["Ana", "Ruiz"]]))


class TestLargeWeights:
    """Finite weights may be so large that what is computed from them is not."""

    golden = folder.Folder(Path(__file__).parents[1] / "golden" / "models" / "format_2")

    def changed(self, path: Path, name: str, value: float, *, whole: bool = False) -> Path:
        """A model of which a weight has another last number, or others altogether."""
        files = {file: self.golden.read(file) for file in self.golden.files}
        weights = safetensors.numpy.load(files["weights.safetensors"])
        weights[name].flat[0 if whole else -1 :] = value
        replacing.write(path, files | {"weights.safetensors": safetensors.numpy.save(weights)})
        return path

    @pytest.mark.parametrize("name", ["start", "transitions", "end"])
    def test_scores_between_tags(self, tmp_path: Path, name: str) -> None:
        loaded = SentenceTagger.load(self.changed(tmp_path / "model", name, 1e5))
        with pytest.raises(ModelError, match="are not finite"):
            list(loaded.tag([("Ana", "saw", "Bo")], entities=True))

    def test_scores_of_tags(self, tmp_path: Path) -> None:
        loaded = SentenceTagger.load(self.changed(tmp_path / "model", "scores/kernel", 3e38, whole=True))
        with pytest.raises(ModelError, match=r"the network gave .* that are not finite"):
            list(loaded.tag([("Ana", "saw", "Bo")] * 9, entities=True))

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
    def test_weights_that_are_not_finite(self, tmp_path: Path, value: float) -> None:
        with pytest.raises(ModelError, match="the weight end contains NaN or infinite numbers"):
            SentenceTagger.load(self.changed(tmp_path / "model", "end", value))
