"""What a recurrent language model learns of its text before it is trained."""

from collections import Counter
from pathlib import Path

from seqtag.settings.language import LANGUAGE
from seqtag.settings.merging import for_corpus, merge_into
from seqtag.tasks.language.recurrent.prepare import learn
from seqtag.tasks.language.recurrent.texts import read

TEXT = "Ana left Oslo .\nBo saw <unk> .\nAna saw Oslo today .\n"


def test_each_word_has_its_count(tmp_path: Path) -> None:
    """By class, as the words stand: what is left out is counted as the unknown word, and each border of a line once."""
    (tmp_path / "text.txt").write_text(TEXT, "utf-8")
    settings = {"text.vocabulary": 4, "output.classes": 3}
    config = for_corpus(merge_into(LANGUAGE, {path: (value, "test") for path, value in settings.items()}))
    texts = read(config, {"train": [str(tmp_path / "text.txt")], "dev": [str(tmp_path / "text.txt")]})
    vocabulary = learn(config, texts, None)
    counts = Counter(TEXT.split())
    known = set(vocabulary.words) - {"</s>", "<unk>"}
    wanted = {word: counts[word] for word in known} | {
        "</s>": 3,
        "<unk>": sum(count for word, count in counts.items() if word not in known),
    }
    assert len(known) == 4
    assert dict(zip(vocabulary.words, vocabulary.counts, strict=True)) == wanted
