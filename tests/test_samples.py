"""The sample corpora: what their README says of them, and the textbook's examples on models trained on them."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

import seqtag
from seqtag.cli import run
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import parse_scheme, problems
from seqtag.settings.config_files import read
from seqtag.settings.tasks import settings_of

BIO = parse_scheme("bio")
SAMPLES = Path(__file__).parent.parent / "sample_data"
JOINERS = {"chinese_addresses": "", "two_apples": " "}
PARTS = ("train", "dev", "test", "textbook")


def sentences(sample: str, part: str) -> tuple[Sentence, ...]:
    return read_corpus(SAMPLES / sample / f"{part}.conll").sentences


def tags_of(sentence: Sentence) -> tuple[str, ...]:
    assert sentence.tags is not None
    return sentence.tags


def spans(sentence: Sentence, joiner: str) -> list[tuple[str, str]]:
    """The type and the text of each span of a sentence in BIO."""
    found: list[tuple[str, list[str]]] = []
    for token, tag in zip(sentence.tokens, tags_of(sentence), strict=True):
        if tag.startswith("B-"):
            found.append((tag[2:], [token]))
        elif tag.startswith("I-"):
            found[-1][1].append(token)
    return [(label, joiner.join(tokens)) for label, tokens in found]


@pytest.mark.parametrize("sample", JOINERS)
class TestTextbook:
    def test_none_of_its_sentences_is_in_another_file(self, sample: str) -> None:
        texts = {part: [" ".join(one.tokens).lower() for one in sentences(sample, part)] for part in PARTS}
        for part in ("train", "dev", "test"):
            assert not set(texts["textbook"]) & set(texts[part]), part
        assert len(set(texts["textbook"])) == len(texts["textbook"])

    def test_its_tags_are_well_formed(self, sample: str) -> None:
        for part in PARTS:
            assert [one.tokens for one in sentences(sample, part) if problems(tags_of(one), BIO)] == []


def test_no_estate_of_the_textbook_is_in_a_file_to_train_on() -> None:
    estates = {
        text
        for one in sentences("chinese_addresses", "textbook")
        for label, text in spans(one, "")
        if label == "ESTATE"
    }
    assert len(estates) == 21
    for part in ("train", "dev"):
        running = "\n".join("".join(one.tokens) for one in sentences("chinese_addresses", part))
        assert [name for name in estates if name in running] == []


def test_the_sizes_in_the_readme_are_those_of_the_files() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for column, part in enumerate(("train", "dev", "test")):
        read = sentences("chinese_addresses", part)
        counts: Counter[str] = Counter(label for one in read for label, _ in spans(one, ""))
        counts["sentences"] = len(read)
        counts["... without any entity"] = sum(set(tags_of(one)) == {"O"} for one in read)
        counts["characters"] = sum(len(one.tokens) for one in read)
        for row, count in counts.items():
            found = re.search(rf"^\| `?{re.escape(row)}`? \|(.*)\|$", text, re.MULTILINE)
            assert found is not None, row
            assert int(found[1].split("|")[-3:][column]) == count, (part, row)
        apples = sentences("two_apples", part)
        tokens, entities = sum(len(one.tokens) for one in apples), sum(len(spans(one, " ")) for one in apples)
        assert f"| `{part}.conll` | {len(apples)} | {tokens:,} | {entities:,} |" in text


@pytest.mark.parametrize(
    "path", sorted(SAMPLES.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_settings_are_those_of_a_task(path: Path) -> None:
    task, _ = settings_of(read(path))
    assert task == path.stem or path.stem in ("config", "roots")


def test_the_sizes_of_the_moods() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for part in ("train", "dev", "test"):
        trees = read_corpus(SAMPLES / "moods" / f"{part}.brackets")
        assert f"| `{part}.brackets` | {len(trees.sentences)} | {trees.tokens:,} |" in text


# Each trains a sample with its own settings, about a minute of processor time.
def train(sample: str, output: Path) -> None:
    folder = SAMPLES / sample
    seqtag.train(
        train=folder / "train.conll",
        dev=folder / "dev.conll",
        output=output,
        settings=folder / "config.yaml",
    )


def missed(sample: str, model: Path) -> list[str]:
    """The sentences of the textbook of which a model gets a tag wrong."""
    gold = sentences(sample, "textbook")
    answers = seqtag.load(model).tag([one.tokens for one in gold])
    pairs = zip(gold, answers, strict=True)
    return [" ".join(one.tokens) for one, answer in pairs if tuple(answer.tags) != tags_of(one)]


@pytest.mark.slow
def test_an_estate_named_by_everyday_nouns(tmp_path: Path) -> None:
    train("chinese_addresses", tmp_path / "model")
    tagger = seqtag.load(tmp_path / "model")
    found = tagger("据报道，在2016年，有一只可爱的小狗狗在北京市海淀区番茄猫咪小区失踪。").entities
    assert [(entity.label, entity.text) for entity in found] == [
        ("PROV", "北京市"),
        ("DISTRICT", "海淀区"),
        ("ESTATE", "番茄猫咪小区"),
    ]
    assert missed("chinese_addresses", tmp_path / "model") == []
    assert seqtag.evaluate(tmp_path / "model", SAMPLES / "chinese_addresses" / "test.conll").f1 > 0.84


@pytest.mark.slow
def test_an_apple_to_eat_and_one_that_is_a_company(tmp_path: Path) -> None:
    train("two_apples", tmp_path / "model")
    tagger = seqtag.load(tmp_path / "model")
    for text, label, word in (
        ("I like eating apple !", "FOOD", "apple"),
        ("The Apple is a great company !", "COMPANY", "Apple"),
    ):
        assert [(entity.label, entity.text) for entity in tagger(text).entities] == [(label, word)]
    assert len(missed("two_apples", tmp_path / "model")) <= 2  # one was missed when this was written


@pytest.mark.slow
def test_requests_for_an_intent(tmp_path: Path) -> None:
    folder = SAMPLES / "home_assistant"
    files = ["--train", str(folder / "train.conll"), "--dev", str(folder / "dev.conll")]
    model = tmp_path / "requests"
    assert run(["train", "-c", str(folder / "generation.yaml"), *files, "-o", str(model), "-q"]) == 0
    report = json.loads((model / "report.json").read_bytes())
    assert report["dev"]["forward"]["perplexity"] < 7  # 5.45 when this was written
    words = {
        "GetWeather": {"weather", "snow", "foggy", "cold", "umbrella", "windy"},
        "PlayMusic": {"play", "music", "shuffle"},
    }
    for label, own in words.items():
        drawn = seqtag.load_lm(model).generate(label=label, number=20, temperature=0.7)
        other = words["PlayMusic" if label == "GetWeather" else "GetWeather"]
        assert sum(bool(own & {*line.split()}) for line in drawn) >= 12
        assert sum(bool(other & {*line.split()}) for line in drawn) <= 4
