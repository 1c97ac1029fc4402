"""The spaCy component, in spaCy itself."""

from pathlib import Path
from typing import Any

import pytest

import seqtag

spacy = pytest.importorskip("spacy", reason="spaCy is not installed: pip install '.[dev]'")

MODEL = str(Path(__file__).parents[1] / "golden" / "models" / "format_1")
TEXT = "Marta Lindqvist left Lisbon."


def pipeline(**config: Any) -> Any:
    nlp = spacy.blank("en")
    nlp.add_pipe("seqtag", config={"model": MODEL} | config)
    return nlp


def entities(doc: Any) -> list[tuple[str, str]]:
    return [(span.text, span.label_) for span in doc.ents]


def test_entities() -> None:
    doc = pipeline()(TEXT)
    assert entities(doc) == [("Marta Lindqvist", "PER"), ("Lisbon", "LOC")]
    assert doc.has_annotation("ENT_IOB")


def test_it_tags_spacys_own_tokens() -> None:
    nlp = pipeline()
    doc = spacy.tokens.Doc(
        nlp.vocab, ["Marta", "Lindqvist", "left", "Lis", "bon."], [True, True, True, False, False]
    )
    (expected,) = seqtag.load(MODEL).tag([[token.text for token in doc]])
    found = nlp(doc)
    assert [token.text for token in found] == ["Marta", "Lindqvist", "left", "Lis", "bon."]
    assert [(span.start, span.end, span.label_) for span in found.ents] == [
        (entity.start_token, entity.end_token, entity.label) for entity in expected.entities
    ]


def test_tokens_of_white_space_are_skipped() -> None:
    nlp = pipeline()
    doc = nlp("\n\n  Marta  \n Lindqvist left  Lisbon.\n")
    assert sum(token.is_space for token in doc) == 4
    assert entities(doc) == [("Marta  \n Lindqvist", "PER"), ("Lisbon", "LOC")]
    assert not nlp("").ents
    assert not nlp(" \n ").ents


def test_sentences_of_the_document_are_tagged_one_by_one() -> None:
    nlp = pipeline()
    nlp.add_pipe("sentencizer", before="seqtag")
    text = f"{TEXT} Bo met Acme Corp. in Oslo yesterday. She left Rotterdam."
    doc = nlp(text)
    sentences = [[token.text for token in sentence] for sentence in doc.sents]
    assert len(sentences) > 2
    documents = seqtag.load(MODEL).tag(sentences)
    expected = [(entity.text, entity.label) for document in documents for entity in document.entities]
    assert [(" ".join(token.text for token in span), span.label_) for span in doc.ents] == expected


@pytest.mark.parametrize(
    ("overwrite", "expected"),
    [
        (False, [("Lindqvist", "NAME"), ("left", "VERB"), ("Lisbon", "LOC")]),
        (True, [("Marta Lindqvist", "PER"), ("left", "VERB"), ("Lisbon", "LOC")]),
    ],
)
def test_entities_that_are_there(overwrite: bool, expected: list[tuple[str, str]]) -> None:
    nlp = pipeline(overwrite_ents=overwrite)
    ruler = nlp.add_pipe("entity_ruler", before="seqtag")
    ruler.add_patterns([{"label": "NAME", "pattern": "Lindqvist"}, {"label": "VERB", "pattern": "left"}])
    assert entities(nlp(TEXT)) == expected


def test_pipe() -> None:
    nlp = pipeline()
    texts = [TEXT, "", "  ", "Bo left Oslo.", TEXT] * 3
    expected = [entities(nlp(text)) for text in texts]
    for size in (1, 2, 100):
        found = list(nlp.pipe(texts, batch_size=size))
        assert [doc.text for doc in found] == texts
        assert [entities(doc) for doc in found] == expected
    assert [entities(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=4)] == expected


def test_the_same_document_twice_in_a_batch() -> None:
    nlp = pipeline()
    doc = nlp.make_doc(TEXT)
    assert [entities(one) for one in nlp.get_pipe("seqtag").pipe([doc, doc])] == [entities(nlp(TEXT))] * 2


def test_a_stored_pipeline_loads_the_model_by_its_path(tmp_path: Path) -> None:
    nlp = pipeline(threads=2, overwrite_ents=True)
    nlp.to_disk(tmp_path / "pipeline")
    stored = spacy.load(tmp_path / "pipeline")
    assert stored.config["components"]["seqtag"] == nlp.config["components"]["seqtag"]
    assert stored.config["components"]["seqtag"]["model"] == MODEL
    assert entities(stored(TEXT)) == entities(nlp(TEXT))
    copy = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert entities(copy(TEXT)) == entities(nlp(TEXT))


def test_plain_tags(plain: Any) -> None:
    nlp = spacy.blank("en")
    component = nlp.add_pipe("seqtag", config={"model": str(plain.folder)})
    doc = nlp("Ana  saw Oslo.")
    assert [token.pos_ for token in doc] == ["PROPN", "SPACE", "VERB", "PROPN", "PUNCT"]
    assert not doc.has_annotation("TAG")
    assert component.labels == seqtag.load(plain.folder).labels


def test_other_plain_tags(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtag.integrations.spacy.IDS", {"NN": 1})  # as if the model's tags were not spaCy's
    nlp = spacy.blank("en")
    nlp.add_pipe("seqtag", config={"model": str(plain.folder)})
    doc = nlp("Ana  saw Oslo.")
    assert [token.tag_ for token in doc] == ["PROPN", "_SP", "VERB", "PROPN", "PUNCT"]
    assert not doc.has_annotation("POS")


def test_a_wrong_model() -> None:
    with pytest.raises(seqtag.Error, match="no such folder"):
        pipeline(model="none")
