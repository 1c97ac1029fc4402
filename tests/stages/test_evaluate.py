"""The stage: the scheme that a file is scored in, tags that nobody knows, and files that do not match."""

import importlib
import io
import json
import runpy
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.cli import run
from seqtag.corpora import tags
from seqtag.corpora.base import ReadOptions
from seqtag.corpora.reading import Sentence
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.evaluation import scoring
from seqtag.evaluation.analysis import analyse
from seqtag.evaluation.counts import Counts
from seqtag.evaluation.evaluation import Evaluation
from seqtag.evaluation.known import Known
from seqtag.features.vocabulary import Vocabulary
from seqtag.model_folder import folder, layout, replacing
from seqtag.stages.evaluate import evaluate_files, evaluate_model
from seqtag.support.errors import DataError, Error, ModelError, UsageError

HERE = Path(__file__).parents[1]
GOLDEN = HERE / "golden"
ORACLE = runpy.run_path(str(HERE / "conlleval.py"))
Write = Callable[[str, str], str]
Model = Callable[..., str]

BIO = "Ana B-PER\nRuiz I-PER\nflew O\nOslo B-LOC\nLima B-LOC\n\nOslo B-LOC\n\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text.replace(" ", "\t"), encoding="utf-8")
        return str(path)

    return write


def write_folder(known: Any) -> None:
    """A model folder with nothing in it but what training held."""
    replacing.write(
        Path("folder"), dict.fromkeys(layout.FILES, b"{}") | {"known.json": layout.dump_json(known)}
    )


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Model:
    """Puts a model in place that knows the tags of a text by heart, in the text's own scheme."""
    monkeypatch.chdir(tmp_path)

    def model(text: str, scheme: str, known: Sequence[str] | None = None) -> str:
        memory = dict(line.split(" ") for line in text.split("\n") if line)
        write_folder({"words": sorted(memory), "entities": {}})

        class SentenceTagger:
            def __init__(self, threads: int, tags_only: bool) -> None:
                self.threads = threads
                self.tags_only = tags_only
                self.scheme = tags.parse_scheme(scheme)
                self.tags = tuple(known if known is not None else dict.fromkeys(memory.values()))
                self.vocabulary = Vocabulary(
                    indexers={}, scheme=self.scheme, train_scheme=self.scheme, tags=self.tags, tag_counts={},
                    tokenizer=Tokenizer("word"),
                )  # fmt: skip

            @classmethod
            def of(
                cls, folder: folder.Folder, threads: int, *, tags_only: bool, int8: bool
            ) -> "SentenceTagger":
                assert folder.path == Path("folder")
                assert threads in (0, 3)
                return cls(threads, tags_only)

            def tag(
                self, sentences: Iterable[Sentence], *, entities: bool = False
            ) -> Iterator[SimpleNamespace]:
                assert self.tags_only == (not entities)
                for sentence in sentences:
                    row = [memory.get(token, "O") for token in sentence.tokens]
                    found = tags.spans(row, self.scheme) if entities else []
                    yield SimpleNamespace(
                        tags=row,
                        probabilities=[0.87654] * len(row),
                        spans=found,
                        span_probabilities=[0.123456] * len(found),
                    )

        monkeypatch.setattr("seqtag.tasks.tagging.evaluate.SentenceTagger", SentenceTagger)
        return "folder"

    return model


def rows(text: str) -> tuple[tuple[str, ...], ...]:
    blocks = text.strip().split("\n\n")
    return tuple(tuple(line.split(" ")[-1] for line in block.split("\n")) for block in blocks)


class TestModel:
    def test_what_an_evaluation_holds(self, write: Write, model: Model) -> None:
        path = write("gold.conll", BIO)
        found = evaluate_model(model(BIO.replace("Ana B-PER", "Ana B-LOC"), "bio"), path)
        assert found.gold == rows(BIO)
        assert found.predicted == rows(BIO.replace("Ana B-PER", "Ana B-LOC"))
        assert found.score == scoring.score(
            found.gold, found.predicted, tags.parse_scheme("bio"), known_tags=["I-PER", "O", "B-LOC"]
        )
        assert found.score.unseen_tags == {"B-PER": 1}
        assert found.scheme == tags.parse_scheme("bio")
        assert (found.model, found.predicted_path, found.corpus.path) == ("folder", None, path)
        assert found.seconds is not None
        assert found.seconds > 0
        assert found.tokens_per_second == found.score.tokens / found.seconds
        written = json.loads(json.dumps(found.to_json(), allow_nan=False))
        assert written["f1"] == found.score.counts.f1
        assert (written["model"], written["gold_file"], written["predicted_file"]) == ("folder", path, None)
        assert written["scheme"] == {"name": "bio", "letters": "BIO"}
        assert written["tokens_per_second"] == found.tokens_per_second

    @pytest.mark.parametrize("own", ["iob1", "bio", "bioes", "bmes", "bilou"])
    @pytest.mark.parametrize("other", ["iob1", "bio", "bioes", "bmewo", "bilou"])
    @pytest.mark.parametrize("named", [True, False])
    def test_predictions_are_converted_to_the_scheme_of_the_file(
        self, write: Write, model: Model, own: str, other: str, named: bool
    ) -> None:
        # "Oslo Bergen Town" is long enough to hold every letter; "Lima Quito" are neighbours of one type.
        text = "Ana {}-PER\nOslo {}-LOC\nBergen {}-LOC\nTown {}-LOC\nsaw O\nLima {}-ORG\nQuito {}-ORG\n\n"
        letters = {
            "iob1": "IIIIIB", "bio": "BBIIBB", "bioes": "SBIESS", "bmes": "SBMESS", "bmewo": "WBMEWW",
            "bilou": "UBILUU",
        }  # fmt: skip
        path = write("gold.conll", text.format(*letters[other]))
        found = evaluate_model(
            model(text.format(*letters[own]), own), path, scheme=other if named else "auto"
        )
        assert found.predicted == found.gold == rows(text.format(*letters[other]))
        assert (found.score.counts.f1, found.score.accuracy) == (1.0, 1.0)
        assert found.score.strict == found.score.counts
        assert found.score.disagreements == 0
        assert (found.score.unseen_tags, found.score.unseen_types) == ({}, {})
        assert found.scheme == tags.parse_scheme(other)

    @pytest.mark.parametrize("scheme", ["iob1", "bioes", "bmewo", "bilou"])
    def test_a_file_that_does_not_tell_is_read_in_the_models_scheme(
        self, write: Write, model: Model, scheme: str
    ) -> None:
        found = evaluate_model(
            model(BIO.replace("B-", "O").replace("I-", "O"), scheme, ["O"]), write("g", "a O\nb O\n")
        )
        assert found.scheme == tags.parse_scheme(scheme)

    def test_a_few_illformed_tags_do_not_change_the_scheme(self, write: Write, model: Model) -> None:
        gold = BIO + "the O\nBank I-ORG\n\n"
        found = evaluate_model(model(gold, "bio"), write("gold.conll", gold))
        assert found.scheme.name == "bio"
        assert found.score.counts.f1 == 1.0
        assert found.score.disagreements == 2

    def test_bare_letters_of_one_kind_are_still_the_models(self, write: Write, model: Model) -> None:
        found = evaluate_model(model("a B\nb E\n", "bmes"), write("gold.conll", "b E\nb E\n\n"))
        assert found.scheme == tags.parse_scheme("bmes")

    def test_none_is_auto(self, write: Write, model: Model) -> None:
        path = write("gold.conll", BIO)
        assert evaluate_model(model(BIO, "bio"), path, scheme=None).score.counts.f1 == 1.0

    def test_a_scheme_that_is_named_holds(self, write: Write, model: Model) -> None:
        gold = "Ana I-PER\nRuiz I-PER\n\n"
        found = evaluate_model(model(gold, "iob1"), write("gold.conll", gold), scheme="bio")
        assert found.scheme.name == "bio"
        assert found.predicted == (("B-PER", "I-PER"),)
        with pytest.raises(DataError, match=r"gold\.conll:1: 'X-PER' is not a BIO tag"):
            evaluate_model(model(gold, "iob1"), write("gold.conll", BIO.replace("B-", "X-")), scheme="bio")
        with pytest.raises(UsageError, match="Unknown tag scheme 'boi'"):
            evaluate_model(model(gold, "iob1"), write("gold.conll", BIO), scheme="boi")

    def test_tags_never_seen_are_misses_and_are_listed(self, write: Write, model: Model) -> None:
        gold = BIO + "Nobel B-PRIZE\nPrize I-PRIZE\n\nTuring B-PRIZE\n\n"
        found = evaluate_model(model(BIO, "bio"), write("gold.conll", gold))
        assert found.score.unseen_tags == {"B-PRIZE": 2, "I-PRIZE": 1}
        assert found.score.unseen_types == {"PRIZE": 2}
        assert found.score.types["PRIZE"] == Counts(0, 0, 2)
        assert found.score.counts == Counts(4, 4, 6)

    def test_what_is_known_survives_the_conversion(self, write: Write, model: Model) -> None:
        """A BIO model has never seen S-PER as such, but it knows PER."""
        gold = "Ana S-PER\nflew O\nNobel B-PRIZE\nPrize E-PRIZE\n\n"
        found = evaluate_model(model("Ana B-PER\nflew O\n", "bio"), write("gold.conll", gold))
        assert found.score.unseen_tags == {"B-PRIZE": 1, "E-PRIZE": 1}
        assert found.score.unseen_types == {"PRIZE": 1}

    def test_plain_tags(self, write: Write, model: Model) -> None:
        text = "Ana PROPN\nflew VERB\nhome NOUN\n"
        found = evaluate_model(model(text.replace("NOUN", "ADV"), "plain"), write("gold.conll", text))
        assert not found.score.spans
        assert found.score.main == 2 / 3
        assert found.score.unseen_tags == {"NOUN": 1}

    def test_a_plain_model_reads_any_tags_as_plain(self, write: Write, model: Model) -> None:
        found = evaluate_model(model(BIO, "plain"), write("gold.conll", BIO))
        assert (found.scheme.name, found.score.main) == ("plain", 1.0)
        spans = evaluate_model(model(BIO, "plain"), write("gold.conll", BIO), scheme="bio")
        assert (spans.scheme.name, spans.score.main) == ("bio", 1.0)
        assert (spans.score.unseen_tags, spans.score.unseen_types) == ({}, {})

    def test_plain_predictions_cannot_be_scored_as_spans(self, write: Write, model: Model) -> None:
        folder = model(BIO.replace("B-PER", "PROPN"), "plain")
        with pytest.raises(UsageError, match=r"'PROPN'.*expected O, B-label or I-label"):
            evaluate_model(folder, write("gold.conll", BIO), scheme="bio")

    def test_plain_gold_tags_and_a_model_of_spans(self, write: Write, model: Model) -> None:
        found = evaluate_model(model(BIO, "bio"), write("gold.conll", "Ana PROPN\nflew VERB\n\n"))
        assert found.scheme.name == "plain"
        assert found.score.accuracy == 0.0
        assert found.score.unseen_tags == {"PROPN": 1, "VERB": 1}

    def test_an_illegal_tag_is_an_error_with_its_line(self, write: Write, model: Model) -> None:
        with pytest.raises(DataError, match=r"gold\.conll:5: 'PLACE' is not a BIO tag"):
            evaluate_model(model(BIO, "bio"), write("gold.conll", BIO.replace("Lima B-LOC", "Lima PLACE")))

    def test_columns_and_format_reach_the_reader(self, write: Write, model: Model) -> None:
        text = "1 Ana B-PER x\n2 Ruiz I-PER x\n\n"
        found = evaluate_model(model(BIO, "bio"), write("gold", text), options=ReadOptions("conll", 2, -2))
        assert found.gold == (("B-PER", "I-PER"),)
        assert found.corpus.sentences[0].tokens == ("Ana", "Ruiz")
        with pytest.raises(UsageError, match="Unknown corpus format"):
            evaluate_model(model(BIO, "bio"), write("gold", text), options=ReadOptions("xml"))

    def test_crosscheck(self, write: Write, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write("gold.conll", BIO)
        assert evaluate_model(model(BIO, "bio"), path, crosscheck=True).score.counts.f1 == 1.0
        monkeypatch.setattr(Counts, "f1", property(lambda counts: 0.5))
        assert evaluate_model(model(BIO, "bio"), path).score.counts.f1 == 0.5
        with pytest.raises(Error, match="the cross-check failed"):
            evaluate_model(model(BIO, "bio"), path, crosscheck=True)


class TestFiles:
    def test_what_an_evaluation_holds(self, write: Write) -> None:
        gold, predicted = write("gold.conll", BIO), write("pred.conll", BIO.replace("Ruiz I-PER", "Ruiz O"))
        found = evaluate_files(predicted, gold)
        assert (found.gold, found.predicted) == (rows(BIO), rows(BIO.replace("Ruiz I-PER", "Ruiz O")))
        assert found.score.counts == Counts(3, 4, 4)
        assert (found.score.unseen_tags, found.score.unseen_types) == ({}, {})
        assert (found.model, found.seconds, found.tokens_per_second) == (None, None, None)
        assert (found.predicted_path, found.corpus.path) == (predicted, gold)
        assert found.to_json()["predicted_file"] == predicted

    def test_no_model_is_loaded(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "seqtag.inference.tagger", None)
        path = write("gold.conll", BIO)
        assert evaluate_files(path, path).score.counts.f1 == 1.0

    @pytest.mark.parametrize(
        ("predicted", "line", "expected"),
        [
            (BIO.replace("flew", "drove"), 3, r"'drove', but 'flew' at .*gold\.conll:3"),
            (BIO.replace("\nLima B-LOC", ""), 4, r"ends here, but .*gold\.conll:5 goes on with 'Lima'"),
            (BIO.replace("\nLima B-LOC", "\nLima B-LOC\nnow O"), 6, r"'now', but ends at .*gold\.conll:5"),
            (
                BIO.removesuffix("Oslo B-LOC\n\n"),
                5,
                r"file ends here, but .*gold\.conll:7 goes on with 'Oslo'",
            ),
            (BIO + "\n\nmore O\n", 11, r"'more' begins a sentence, but .* ends at .*gold\.conll:7"),
            (
                BIO.replace("\nflew", "\n\nflew"),
                2,
                r"sentence ends here, but .*gold\.conll:3 goes on with 'flew'",
            ),
        ],
    )
    def test_other_sentences_are_an_error_with_both_lines(
        self, write: Write, predicted: str, line: int, expected: str
    ) -> None:
        with pytest.raises(DataError, match=expected) as caught:
            evaluate_files(write("pred.conll", predicted), write("gold.conll", BIO))
        assert caught.value.line == line
        assert str(caught.value.path).endswith("pred.conll")
        assert "both files must hold the same sentences" in str(caught.value)

    def test_blank_lines_and_documents_do_not_have_to_agree(self, write: Write) -> None:
        predicted = "-DOCSTART- O\n\n\n" + BIO.replace("\n\n", "\n\n\n\n")
        found = evaluate_files(write("pred.conll", predicted), write("gold.conll", BIO))
        assert found.score.counts.f1 == 1.0

    def test_gold_without_entities_is_read_as_the_predictions_are(self, write: Write) -> None:
        gold = write("gold.conll", "Ana O\nRuiz O\n\nOslo O\n\n")
        found = evaluate_files(write("pred.conll", "Ana B-PER\nRuiz L-PER\n\nOslo U-LOC\n\n"), gold)
        assert found.scheme.name == "bilou"
        assert found.score.counts == Counts(0, 2, 0)

    def test_predictions_settle_a_spelling_that_gold_leaves_open(self, write: Write) -> None:
        gold = write("gold.conll", "Ana B-PER\nRuiz E-PER\nOslo S-LOC\n\n")
        found = evaluate_files(write("pred.conll", "Ana B-PER\nRuiz M-PER\nOslo E-PER\n\n"), gold)
        assert found.scheme.letters == "BMESO"
        # ... but never against gold.
        gold = write("gold.conll", "Ana B-PER\nvan I-PER\nRuiz E-PER\n\n")
        found = evaluate_files(write("pred.conll", "Ana B-PER\nvan M-PER\nRuiz M-PER\n\n"), gold)
        assert found.scheme.letters == "BIESO"

    def test_predictions_do_not_choose_the_scheme_of_gold(self, write: Write) -> None:
        """Predictions full of I- at the start are what strict mode is there to judge, not another scheme."""
        found = evaluate_files(write("pred.conll", BIO.replace("B-", "I-")), write("gold.conll", BIO))
        assert found.scheme.name == "bio"
        assert found.score.strict == Counts(0, 0, 4)

    def test_an_illegal_tag_names_its_file(self, write: Write) -> None:
        gold = write("gold.conll", BIO)
        with pytest.raises(DataError, match=r"pred\.conll:1: 'X-PER' is not a BIO tag"):
            evaluate_files(write("pred.conll", BIO.replace("Ana B", "Ana X")), gold)
        with pytest.raises(DataError, match=r"gold\.conll:1: 'X-PER' is not a BILOU tag"):
            evaluate_files(
                write("pred.conll", BIO), write("gold.conll", BIO.replace("Ana B", "Ana X")), scheme="bilou"
            )

    def test_a_letter_of_another_scheme_is_ill_formed(self, write: Write) -> None:
        found = evaluate_files(write("pred.conll", BIO.replace("Ana B", "Ana S")), write("gold.conll", BIO))
        assert found.scheme.name == "bio"
        assert found.score.strict == Counts(3, 3, 4)

    def test_both_columns_in_one_file(self, write: Write) -> None:
        found = evaluate_files(
            GOLDEN / "conlleval.conll", GOLDEN / "conlleval.conll", options=ReadOptions(tag_column=2)
        )
        assert found.score.counts == Counts(7, 14, 14)
        swapped = evaluate_files(GOLDEN / "conlleval.conll", GOLDEN / "conlleval.conll", predicted_column=2)
        assert swapped.score.counts == Counts(7, 14, 14)
        assert swapped.score.types["LOC"] == Counts(2, 5, 3)

    def test_crosscheck(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write("gold.conll", BIO)
        monkeypatch.setattr(Counts, "f1", property(lambda counts: 0.5))
        assert evaluate_files(path, path).score.counts.f1 == 0.5
        with pytest.raises(Error, match="the cross-check failed"):
            evaluate_files(path, path, crosscheck=True)


class TestKnown:
    def test_a_model_tells_what_it_was_trained_on(self, write: Write, model: Model) -> None:
        name = model(BIO, "bio")
        write_folder({"words": ["Ana", "Ruiz"], "entities": {"PER": ["Ana Ruiz"], "ORG": ["Oslo"]}})
        found = evaluate_model(name, write("gold.conll", BIO))
        assert found.known == Known(
            frozenset({"Ana", "Ruiz"}), {"PER": frozenset({"Ana Ruiz"}), "ORG": frozenset({"Oslo"})}
        )
        assert found.analysis.entities is not None
        assert (found.analysis.entities.known.total, found.analysis.entities.unseen.total) == (1, 3)

    def test_a_model_of_plain_tags_says_nothing_of_entities(self, write: Write, model: Model) -> None:
        found = evaluate_model(model(BIO, "plain"), write("gold.conll", BIO), scheme="bio")
        assert found.known is not None
        assert (found.known.entities, found.analysis.entities) == (None, None)

    @pytest.mark.parametrize(
        "value",
        [{}, {"words": []}, {"words": [1], "entities": {}}, {"words": [], "entities": []},
         {"words": [], "entities": {"PER": "Ana"}}, {"words": [], "entities": {"PER": [None]}}],
    )  # fmt: skip
    def test_a_folder_whose_words_are_something_else(self, write: Write, model: Model, value: Any) -> None:
        name = model(BIO, "bio")
        write_folder(value)
        with pytest.raises(ModelError, match=r"^folder: known\.json is not that of a seqtag model"):
            evaluate_model(name, write("gold.conll", BIO))

    def test_tagger_and_words_are_of_one_model_even_if_another_is_put_there(
        self, write: Write, model: Model, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name, loads = model(BIO, "bio"), []
        tagger: Any = importlib.import_module("seqtag.tasks.tagging.evaluate").SentenceTagger
        real = tagger.of

        def slow(opened: folder.Folder, threads: int, *, tags_only: bool, int8: bool) -> Any:
            loads.append(opened)
            if len(loads) == 1:
                write_folder({"words": ["other"], "entities": {}})
            return real(opened, threads, tags_only=tags_only, int8=int8)

        monkeypatch.setattr(tagger, "of", slow)
        found = evaluate_model(name, write("gold.conll", BIO))
        assert len(loads) == 2
        assert found.known is not None
        assert found.known.words == {"other"}

    def test_the_training_corpus_of_predictions(self, write: Write) -> None:
        gold = write("gold.conll", BIO)
        assert evaluate_files(gold, gold).known is None
        # Another scheme is read as what it is: "Ana Ruiz" is one entity here, and there is no "Lima".
        train = write("train.conll", "Ana B-PER\nRuiz E-PER\nOslo S-LOC\n\n")
        found = evaluate_files(gold, gold, train_path=train)
        assert found.known == Known(
            frozenset({"Ana", "Ruiz", "Oslo"}),
            {"PER": frozenset({"Ana Ruiz"}), "LOC": frozenset({"Oslo"})},
            {"Ana": 1, "Ruiz": 1, "Oslo": 1},
            {"PER": {"Ana Ruiz": 1}, "LOC": {"Oslo": 1}},
        )
        assert found.analysis.entities is not None
        assert (found.analysis.entities.known.total, found.analysis.entities.unseen.total) == (3, 1)

    def test_the_training_corpus_has_the_columns_of_the_gold_file(self, write: Write) -> None:
        text = "1 Ana B-PER x\n2 Ruiz I-PER x\n\n"
        gold = write("gold", text)
        options = ReadOptions("conll", 2, 3)
        found = evaluate_files(write("pred", "Ana B-PER\nRuiz O\n\n"), gold, train_path=gold, options=options)
        assert found.known == Known(
            frozenset({"Ana", "Ruiz"}),
            {"PER": frozenset({"Ana Ruiz"})},
            {"Ana": 1, "Ruiz": 1},
            {"PER": {"Ana Ruiz": 1}},
        )

    def test_an_illegal_tag_in_the_training_corpus(self, write: Write) -> None:
        gold = write("gold.conll", BIO)
        with pytest.raises(DataError, match=r"train\.conll:1: 'X' is not a BIO tag"):
            evaluate_files(gold, gold, train_path=write("train.conll", "a X\nAna B-PER\nb O\n\n"))

    def test_plain_tags(self, write: Write) -> None:
        gold = write("gold.conll", "Ana PROPN\nflew VERB\n\n")
        found = evaluate_files(gold, gold, train_path=write("train.conll", "Ana B-PER\n\n"))
        assert found.known == Known(frozenset({"Ana"}), None, {"Ana": 1})


class TestErrors:
    def test_the_analysis_is_in_the_json(self, write: Write) -> None:
        gold, predicted = write("gold.conll", BIO), write("pred.conll", BIO.replace("Ruiz I-PER", "Ruiz O"))
        found = evaluate_files(predicted, gold, train_path=gold)
        tokens = [sentence.tokens for sentence in found.corpus.sentences]
        expected = analyse(found.gold, found.predicted, tokens, found.scheme, known=found.known)
        assert found.analysis == expected
        written = json.loads(json.dumps(found.to_json(), allow_nan=False))
        assert written["analysis"] == json.loads(json.dumps(expected.to_json()))
        assert written["analysis"]["classes"]["boundary"] == 1

    def test_one_line_for_each_wrong_span(self, write: Write) -> None:
        """Ana Ruiz is cut, flew is spurious, Lima is missed, the last Oslo is of another type."""
        predicted = "Ana B-PER\nRuiz O\nflew B-ÉTÉ\nOslo B-LOC\nLima O\n\nOslo B-ORG\n\n"
        found = evaluate_files(write("pred.conll", predicted), write("gold.conll", BIO))
        text = errors_of(found)
        assert "ÉTÉ" in text
        first, second = ["Ana", "Ruiz", "flew", "Oslo", "Lima"], ["Oslo"]
        lines = [(1, 1, "boundary"), (1, 3, "spurious"), (1, 5, "missed"), (2, 7, "type")]
        gold = [(0, 2, "PER", "Ana Ruiz"), None, (4, 5, "LOC", "Lima"), (0, 1, "LOC", "Oslo")]
        wrong = [(0, 1, "PER", "Ana"), (2, 3, "ÉTÉ", "flew"), None, (0, 1, "ORG", "Oslo")]
        keys = ("start", "end", "label", "text")
        assert [json.loads(line) for line in text.splitlines()] == [
            {
                "sentence": sentence, "line": line, "class": kind, "overlapped": False,
                "gold": ours and dict(zip(keys, ours, strict=True)),
                "predicted": theirs and dict(zip(keys, theirs, strict=True)),
                "tokens": first if sentence == 1 else second,
            }
            for (sentence, line, kind), ours, theirs in zip(lines, gold, wrong, strict=True)
        ]  # fmt: skip

    def test_a_span_beside_the_one_that_was_answered(self, write: Write) -> None:
        predicted = BIO.replace("Oslo B-LOC\nLima B-LOC", "Oslo B-LOC\nLima I-LOC")
        found = evaluate_files(write("pred.conll", predicted), write("gold.conll", BIO))
        rows = [json.loads(line) for line in errors_of(found).splitlines()]
        assert [(row["class"], row["overlapped"]) for row in rows] == [("boundary", False), ("missed", True)]

    @pytest.mark.parametrize("scheme", ["bio", "bioes"])
    def test_a_model_adds_the_probability_of_what_it_predicted(
        self, write: Write, model: Model, scheme: str
    ) -> None:
        gold = (
            "Ana S-PER\nflew O\nOslo S-LOC\n\n" if scheme == "bioes" else "Ana B-PER\nflew O\nOslo B-LOC\n\n"
        )
        name = model("Ana B-LOC\n", "bio")
        rows = [
            json.loads(line)
            for line in errors_of(
                evaluate_model(name, write("gold", gold), scheme=scheme, probabilities=True)
            ).splitlines()
        ]
        assert [row["predicted"] and row["predicted"]["probability"] for row in rows] == [0.1235, None]
        assert "probability" not in rows[0]["gold"]
        plain = errors_of(evaluate_model(name, write("gold", gold), scheme=scheme))
        assert "probability" not in plain

    def test_the_probability_of_a_plain_tag(self, write: Write, model: Model) -> None:
        name = model("Ana PROPN\nflew NOUN\n", "plain")
        found = evaluate_model(name, write("gold", "Ana PROPN\nflew VERB\n\n"), probabilities=True)
        (row,) = map(json.loads, errors_of(found).splitlines())
        assert row["gold"] == {"start": 1, "end": 2, "label": "VERB", "text": "flew"}
        assert row["predicted"] == {
            "start": 1, "end": 2, "label": "NOUN", "text": "flew", "probability": 0.8765,
        }  # fmt: skip
        assert (row["line"], row["class"]) == (2, "type")

    def test_how_far_probabilities_mean_what_they_say(self, write: Write, model: Model) -> None:
        name = model("Ana B-LOC\nOslo B-LOC\n", "bio")
        gold = write("gold", "Ana B-PER\nflew O\nOslo B-LOC\n\n")
        found = evaluate_model(name, gold, calibration=True)
        words, entities = found.calibrations
        assert (words.of, words.count, words.error) == ("tags", 3, pytest.approx(0.87654 - 2 / 3))
        assert (entities.of, entities.count) == ("entities", 2)
        assert entities.error == pytest.approx(0.5 - 0.123456)
        assert found.to_json()["calibration"]["entities"]["bins"][1]["right"] == 0.5
        assert "calibration" not in evaluate_model(name, gold).to_json()
        plain = evaluate_model(name, gold, scheme="plain", calibration=True)
        assert [entry.of for entry in plain.calibrations] == ["tags"]

    def test_no_errors_no_lines(self, write: Write) -> None:
        gold = write("gold.conll", BIO)
        assert errors_of(evaluate_files(gold, gold)) == ""


def errors_of(evaluation: Evaluation) -> str:
    stream = io.StringIO()
    evaluation.write_errors(stream)
    return stream.getvalue()


def columns_of(evaluation: Evaluation) -> str:
    stream = io.StringIO()
    evaluation.write_columns(stream)
    return stream.getvalue()


def test_columns_are_what_conlleval_reads() -> None:
    path = GOLDEN / "conlleval.conll"
    found = evaluate_files(path, path, options=ReadOptions(tag_column=2))
    text = columns_of(found)
    assert text == path.read_text(encoding="utf-8") + "\n"
    assert ORACLE["report"](ORACLE["conlleval"](text.split("\n"))) == (GOLDEN / "conlleval.txt").read_text()


def test_columns_of_other_tags_are_for_conlleval_once_they_are_converted(tmp_path: Path) -> None:
    """As the documentation says."""
    for name, tags_given in (("gold", "S_PER S_PER _"), ("pred", "S_PER _ _")):
        rows = [f"{word}\t{tag}\n" for word, tag in zip("abc", tags_given.split(), strict=True)]
        (tmp_path / name).write_text("".join(rows))
        spelling = ["--tag-spelling", "B_TYPE", "--outside-tag", "_"]
        command = ["convert", f"{tmp_path / name}", "--to", "conll", "--to-scheme", "bio", *spelling]
        assert run([*command, "-o", f"{tmp_path / name}.conll"]) == 0
    columns = tmp_path / "columns"
    command = ["evaluate", "--predicted", f"{tmp_path}/pred.conll", f"{tmp_path}/gold.conll"]
    assert run([*command, "--output", f"{columns}"]) == 0
    assert columns.read_text() == "a\tB-PER\tB-PER\nb\tB-PER\tO\nc\tO\tO\n\n"
    found = ORACLE["conlleval"](columns.read_text().split("\n"))
    assert (found.gold.total(), found.predicted.total(), found.correct.total()) == (2, 1, 1)


TAGS = st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"])


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab#é"), TAGS, TAGS), min_size=1), min_size=1))
def test_columns_give_the_same_score_again(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[list[tuple[str, str, str]]]
) -> None:
    path = tmp_path_factory.mktemp("columns") / "columns.conll"
    text = "".join("\t".join(row) + "\n" if row else "\n" for rows in sentences for row in [*rows, ()])
    path.write_text(text, encoding="utf-8")
    found = evaluate_files(path, path, options=ReadOptions(tag_column=2), scheme="bio")
    assert columns_of(found) == text
    assert found.score.counts.correct == ORACLE["conlleval"](text.split("\n")).correct.total()
