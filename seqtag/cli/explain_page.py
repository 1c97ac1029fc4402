"""The page of `seqtag explain`: one HTML file that loads nothing and runs nothing.

Everything that comes from a text or a model goes through `escaped`; the page's Content-Security-Policy forbids scripts
and addresses.
"""

import html
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from seqtag.pages.colours import colours
from seqtag.pages.templates import render
from seqtag.support.quoting import printable
from seqtag.tasks.explanation import Explained, Explanation, Target

MOST = 80  # rows and columns of a map that are shown


def escaped(text: str) -> str:
    """The text with markup, quotes included, and unprintable characters escaped."""
    return html.escape(printable(text), quote=True)


def page(explanation: Explanation) -> str:
    """The whole page: `explain.html` filled in."""
    from markupsafe import Markup

    shown = len(explanation.sentences)
    writes = any(sentence.answer is not None for sentence in explanation.sentences)
    labels = any(sentence.labels for sentence in explanation.sentences)
    tags = any(sentence.tags for sentence in explanation.sentences)
    what = " and ".join(noun for noun, given in (("label", labels), ("tag", tags)) if given) or "tag"
    model, noun = explanation.model, "source" if writes else "sentence"
    count = noun if shown == 1 else f"{shown} {noun}s"
    first = "The first" if explanation.more else "All" if shown > 1 else "The"
    looks = any(sentence.attention or sentence.looks is not None for sentence in explanation.sentences)
    heading = f"What each {what} of {model} depends on"
    if writes:
        heading = f"Where {model} looks while it writes"
    palette = colours(explanation.types or _types(explanation))
    return render(
        "explain.html",
        language="und",
        title=f"seqtag explain: {model}",
        heading=heading,
        saliency=not writes,
        attention=looks,
        looking="symbol that is written" if writes else "token that looks",
        seen="symbols of the source" if writes else "tokens",
        given="targets" if writes else "answers" if labels else "tags",
        scored={"label": "label", "tag": "outlined tag"}.get(what, "label or the outlined tag"),
        sentences=f"{first} {count}",
        source_of=explanation.source,
        description=explanation.description,
        body=Markup(
            "\n".join(
                _sentence(number, sentence, explanation.spans, palette)
                for number, sentence in enumerate(explanation.sentences, start=1)
            )
        ),
    )


def _types(explanation: Explanation) -> set[str]:
    return {target.label for sentence in explanation.sentences for target in sentence.targets}


def _sentence(number: int, sentence: Explained, spans: bool, palette: Mapping[str, str]) -> str:
    if sentence.answer is not None:
        return _pair(number, sentence, *sentence.answer)
    parts = [f"<h2>Sentence {number}</h2>", _tagged(sentence, spans, palette)]
    if sentence.cut:
        parts.append(
            f'<p class="faint">The sentence is longer: {sentence.cut:,} more tokens are not looked at.</p>'
        )
    if sentence.labels:
        parts.append("<h3>Labels of the sentence</h3>")
        parts += [_row(sentence, target) for target in sentence.labels]
    if sentence.looks is not None:
        parts.append("<h3>Attention of the label, while it makes one vector of the sentence</h3>")
        parts.append(_looks_map(sentence.tokens, sentence.looks.tolist()))
    if sentence.labels and not sentence.tags:
        return "<section>" + "\n".join(parts) + "</section>"
    parts.append("<h3>Saliency</h3>")
    if not sentence.targets:
        parts.append('<p class="faint">No entity was found, so there is nothing to explain.</p>')
    elif spans:
        parts += [_row(sentence, target) for target in sentence.targets]
    else:
        parts.append(_saliency_map(sentence))
    for where, weights in sentence.attention.items():
        name = "of the encoder" if where == "encoder" else "of the head, while it writes each tag"
        heads = len(weights)
        mean = f", mean of {heads} heads" if heads > 1 else ""
        parts.append(f"<h3>Attention {name}{mean}</h3>")
        parts.append(_attention_map(sentence.tokens, weights.mean(axis=0)))
        for head, own in enumerate(weights if heads > 1 else (), start=1):
            inner = _attention_map(sentence.tokens, own)
            parts.append(f"<details><summary>Head {head}</summary>{inner}</details>")
    return "<section>" + "\n".join(parts) + "</section>"


def _pair(number: int, sentence: Explained, source: str, answer: str, probability: float) -> str:
    """A source, what was written for it, and where the attention was meanwhile."""
    title = f"probability {probability:.4f}"
    parts = [
        f"<h2>Source {number}</h2>",
        f'<p class="sentence" dir="auto"><bdi>{escaped(source)}</bdi> &#8594; '
        f'<span class="token" title="{title}"><bdi>{escaped(answer)}</bdi></span></p>',
        "<h3>Attention of the decoder, while it writes each symbol</h3>",
    ]
    parts += [
        _attention_map(sentence.tokens, weights[0], sentence.written)
        for weights in sentence.attention.values()
    ]
    if sentence.cut:
        parts.append(
            f'<p class="faint">The source is longer: {sentence.cut:,} more symbols are not shown.</p>'
        )
    return "<section>" + "\n".join(parts) + "</section>"


def _tagged(sentence: Explained, spans: bool, palette: Mapping[str, str]) -> str:
    """The sentence with its entities marked, or for plain tags each token with its tag."""
    pieces: list[str] = []
    starts = {target.start: target for target in sentence.targets}
    at = 0
    while at < len(sentence.tokens):
        target = starts.get(at)
        end = target.end if target else at + 1
        words = _spaced(
            sentence, at, end, [f"<bdi>{escaped(token)}</bdi>" for token in sentence.tokens[at:end]]
        )
        if at and at not in sentence.joined:
            pieces.append(" ")
        if target is None:
            pieces.append(words)
        else:
            title = f"{target.label or '_'}: probability {target.probability:.4f}"
            label = f'<span class="label">{escaped(target.label or "_")}</span>'
            kind = f'entity" style="--type:{palette[target.label]}' if spans else "token"
            pieces.append(f'<span class="{kind}" title="{escaped(title)}">{words}{label}</span>')
        at = end
    return f'<p class="sentence" dir="auto">{"".join(pieces)}</p>'


def _spaced(sentence: Explained, start: int, end: int, shown: Sequence[str]) -> str:
    """The tokens from `start` to `end` as they are shown, with spaces where the text has them."""
    places = range(start, end)
    return "".join(
        " " * (place > start and place not in sentence.joined) + piece
        for place, piece in zip(places, shown, strict=True)
    )


def _row(sentence: Explained, target: Target) -> str:
    """The sentence coloured by what speaks for one entity, or for one of its labels."""
    tokens = sentence.tokens
    is_label = any(target is label for label in sentence.labels)
    largest = float(abs(target.saliency).max()) or 1.0
    words = []
    for place, (token, value) in enumerate(zip(tokens, target.saliency.tolist(), strict=True)):
        kind = _kind(value) + " target" * (not is_label and target.start <= place < target.end)
        words.append(
            f'<span class="token {kind}" style="--w:{_weight(abs(value) / largest)}" '
            f'title="{escaped(token)}: {value:+.4f}"><bdi>{escaped(token)}</bdi></span>'
        )
    what = _spaced(sentence, target.start, target.end, tokens[target.start : target.end]) * (not is_label)
    return (
        f'<div class="row"><div class="what"><b>{escaped(target.label or "_")}</b> <bdi>{escaped(what)}</bdi>'
        f'<br><span class="faint">probability {target.probability:.4f}</span></div>'
        f'<div class="words" dir="auto">{_spaced(sentence, 0, len(tokens), words)}</div></div>'
    )


def _saliency_map(sentence: Explained) -> str:
    """A row for each token's tag, a column for each token."""
    rows = []
    for target in sentence.targets[:MOST]:
        largest = float(abs(target.saliency).max()) or 1.0
        cells = []
        for place, value in enumerate(target.saliency[:MOST].tolist()):
            kind = _kind(value) + " target" * (place == target.start)
            title = f"{target.label} of {sentence.tokens[target.start]}, by {sentence.tokens[place]}: {value:+.4f}"
            cells.append(_cell(kind, abs(value) / largest, title))
        rows.append((f"{sentence.tokens[target.start]} / {target.label}", cells))
    return _map(sentence.tokens, rows)


def _attention_map(tokens: Sequence[str], weights: Any, looking: Sequence[str] | None = None) -> str:
    """A row for each token that looks, or for each symbol that is written, a column for each that it looks at.

    The strength of a colour is the square root of the weight: all rows have one scale, so that one that looks nowhere
    in particular is pale all along, and a weight of a hundredth can still be seen.
    """
    rows = []
    for place, token in enumerate((looking or tokens)[:MOST]):
        own = weights[place].tolist()
        cells = [
            _cell("look", math.sqrt(max(value, 0.0)), f"{token} looks at {other}: {value:.4f}")
            for other, value in zip(tokens[:MOST], own, strict=False)
        ]
        rows.append((token, cells))
    return _map(tokens, rows)


def _looks_map(tokens: Sequence[str], weights: Sequence[float]) -> str:
    """One row: how much each token counts for the label, in the scale of `_attention_map`."""
    pairs = zip(tokens[:MOST], weights, strict=False)
    cells = [_cell("look", math.sqrt(max(value, 0.0)), f"{token}: {value:.4f}") for token, value in pairs]
    return _map(tokens, [("label", cells)])


def _map(tokens: Sequence[str], rows: list[tuple[str, list[str]]]) -> str:
    heads = "".join(f'<th scope="col">{_head(token)}</th>' for token in tokens[:MOST])
    lines = "\n".join(
        f'<tr><th scope="row" title="{escaped(name)}"><bdi>{escaped(name)}</bdi></th>{"".join(cells)}</tr>'
        for name, cells in rows
    )
    cut = ""
    if len(tokens) > MOST:
        cut = f'<p class="faint">Shown are the first {MOST} of {len(tokens):,} tokens.</p>'
    return (
        f'{cut}<div class="scroll"><table><thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>\n{lines}\n</tbody></table></div>"
    )


def _head(token: str) -> str:
    """The head of a column: upright if it is as wide as one, like a Chinese character, else turned."""
    shown = printable(token)
    wide = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in shown)
    turned = ' class="long"' if wide > 2 else ""
    return f"<span{turned}>{escaped(token)}</span>"


def _cell(kind: str, share: float, title: str) -> str:
    return f'<td class="{kind}" style="--w:{_weight(share)}" title="{escaped(title)}"></td>'


def _kind(value: float) -> str:
    return "for" if value >= 0 else "against"


def _weight(share: float) -> str:
    """How strong a colour is, from 0 to 0.7, so that the text on it can be read."""
    return f"{0.7 * min(max(share, 0.0), 1.0):.2f}"
