"""Signs that another tool, or the making of a file, left something among the words of a corpus."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import Scheme
from seqtag.support import encodings
from seqtag.support.quoting import quoted

MOST = 0.9
"""The share of the sentences that special tokens frame, if a tool put them there."""
LOOKED_AT = 1000  # sentences, for pieces of words
FEW = 0.03  # the share of the tokens that may look like pieces by chance
LEAST = 3  # names of documents that make it sure
_BEGIN = re.compile(r"\[(?:CLS|[BS]OS|START)\]|<(?:s|[bs]os|cls|start|\|\w+\|)>|BOS", re.IGNORECASE)
_END = re.compile(r"\[(?:SEP|EOS|PAD|END)\]|<(?:/s|eos|sep|pad|end|\|\w+\|)>|EOS", re.IGNORECASE)
# WordPiece; SentencePiece and byte-level BPE, which mark the first piece; BPE, which marks the last or all others.
_PIECE = re.compile(r"##\w.*|[\u2581\u0120].*|.+@@|.+</w>", re.DOTALL)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)  # but for white space, as some corpora have it as tokens
_FILE = re.compile(r"[\w.+-]+\.(?:ann|conll\w*|docx?|html?|json|pdf|te?xt|tsv|csv|xml)", re.IGNORECASE)
_NUMBER = re.compile(r"\d{5,}|(?=.*\d)[0-9a-f-]{16,}", re.IGNORECASE)  # the latter as of UUIDs
_ID = re.compile(r"(?=.*[^\W\d_])(?=.*\d)[\w.+-]+")


def special_tokens(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Tokens by which language models mark the start and the end of a sentence."""
    sentences = [one for one in corpus.sentences if len(one.tokens) > 1]
    if len(sentences) < 2:
        return
    found = []
    for verb, known, at in (("begin", _BEGIN, 0), ("end", _END, -1)):
        counts = Counter(one.tokens[at] for one in sentences)
        marks = [(count, token) for token, count in counts.items() if known.fullmatch(token)]
        if sum(count for count, _ in marks) >= MOST * len(sentences):
            found.append(f"{verb} with {quoted(max(marks)[1])}")
    if found:
        problem = f"the sentences {' and '.join(found)}, as another tool marks them, which is read as a word;"
        problem += " remove these tokens, since raw text has none"
        lines = sentences[0].lines
        yield Finding("warning", "special-tokens", corpus.path, lines[0] if lines else None, problem)


def pieces(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Pieces of words, as language models cut them, in place of words."""
    sentences = corpus.sentences[:LOOKED_AT]
    found = [one for sentence in sentences for one in sentence.tokens if _PIECE.fullmatch(one)]
    if len(found) >= FEW * sum(len(one.tokens) for one in sentences) and len(set(found)) > 1:
        problem = f"tokens such as {quoted(found[0])} are pieces of words, as another tool cuts them, read as words;"
        problem += " put the words together again, since raw text is not cut so"
        yield Finding("warning", "subword-tokens", corpus.path, None, problem)


def document_names(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Names or numbers of documents, each as a sentence of its own."""
    single = [one for one in corpus.sentences if len(one.tokens) == 1]
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
    """What all names of files have in common, or all long numbers, or names that differ by their numbers; "" of other
    tokens.
    """
    for kind in (_FILE, _NUMBER):
        if kind.fullmatch(token):
            return kind.pattern
    return re.sub(r"\d+", "0", token) if _ID.fullmatch(token) else ""


def control_characters(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Tokens with characters that steer a terminal, or that are escape sequences of another encoding."""
    sentences = [one for one in corpus.sentences if _CONTROL.search("".join(one.tokens))]
    found = {token for one in sentences for token in one.tokens if _CONTROL.search(token)}
    if not found:
        return
    first = sentences[0]
    at, token = next((at, token) for at, token in enumerate(first.tokens) if token in found)
    line = first.lines[min(at, len(first.lines) - 1)] if first.lines else None
    more = f"; so it is with {len(found) - 1:,} more" if len(found) > 1 else ""
    if encoding := encodings.of_escapes(token):
        problem = f"the token {quoted(token)} holds escape sequences of the encoding {encoding}{more}"
        option = encodings.repair(encoding)
        yield Finding("warning", "encoding", corpus.path, line, problem, option)
    else:
        problem = f"the token {quoted(token)} holds a control character, which raw text hardly has{more}"
        yield Finding("warning", "control-characters", corpus.path, line, problem)


RULES: tuple[Callable[[Corpus, Scheme], Iterator[Finding]], ...] = (
    *(special_tokens, pieces, document_names, control_characters),
)
