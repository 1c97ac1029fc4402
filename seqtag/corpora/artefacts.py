"""Signs that another tool, or the making of a file, left something among the words of a corpus."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import Scheme
from seqtag.support.quoting import quoted

MOST = 0.9
"""The share of the sentences that special tokens frame, if a tool put them there."""
LEAST = 3  # names of documents that make it sure
_BEGIN = re.compile(r"\[(?:CLS|BOS|SOS)\]|<(?:s|[sb]os|cls|\|\w+\|)>|BOS", re.IGNORECASE)
_END = re.compile(r"\[(?:SEP|EOS|PAD)\]|<(?:/s|eos|sep|pad|\|\w+\|)>|EOS", re.IGNORECASE)
_FILE = re.compile(r"[\w.+-]+\.(?:ann|conll\w*|docx?|html?|json|pdf|te?xt|tsv|csv|xml)", re.IGNORECASE)
_ID = re.compile(r"(?=.*[^\W\d_])(?=.*\d)[\w.+-]+")


def special_tokens(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Tokens by which language models mark the start and the end of a sentence."""
    sentences = [one for one in corpus.sentences if len(one) > 1]
    if len(sentences) < 2:
        return
    found = []
    for verb, known, at in (("begin", _BEGIN, 0), ("end", _END, -1)):
        counts = Counter(one.tokens[at] for one in sentences if known.fullmatch(one.tokens[at]))
        if counts.total() >= MOST * len(sentences):
            found.append(f"{verb} with {quoted(counts.most_common(1)[0][0])}")
    if found:
        problem = f"the sentences {' and '.join(found)}, as another tool marks them, which is read as a word;"
        problem += " remove these tokens, since raw text has none"
        lines = sentences[0].lines
        yield Finding("warning", "special-tokens", corpus.path, lines[0] if lines else None, problem)


def document_names(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Names or numbers of documents, each as a sentence of its own."""
    single = [one for one in corpus.sentences if len(one) == 1]
    shapes = Counter(shape for one in single if (shape := _shape(one.tokens[0])))
    for shape, count in shapes.most_common(1):
        named = [one for one in single if _shape(one.tokens[0]) == shape]
        if 2 * count >= len(single) and len({one.tokens for one in named}) >= LEAST:
            lines = named[0].lines
            problem = (
                f"{quoted(named[0].tokens[0])} looks like the name of a document, but is read as a sentence"
            )
            problem += f" of one word, like {count - 1:,} others; write -DOCSTART- in its place"
            yield Finding("warning", "document-names", corpus.path, lines[0] if lines else None, problem)


def _shape(token: str) -> str:
    """What all names of files have in common, or names that differ by their numbers; "" of other tokens."""
    if _FILE.fullmatch(token):
        return "."
    return re.sub(r"\d+", "0", token) if _ID.fullmatch(token) else ""


RULES: tuple[Callable[[Corpus, Scheme], Iterator[Finding]], ...] = (special_tokens, document_names)
