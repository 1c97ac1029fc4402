"""The page of `seqtag explain`: one file of HTML that loads nothing and runs nothing.

All that comes from a text or a model goes through `escaped`; a policy in the page forbids scripts and any address.
"""

import html
import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import seqtag
from seqtag.stages.explain import Explained, Explanation, Target
from seqtag.support.quoting import printable

MOST = 80  # rows and columns of a map that are shown

STYLE = """
:root { color-scheme: light dark; --ground: #fbfbf9; --card: #fff; --ink: #1c1e21; --faint: #666b73; --line: #dcdcd6;
  --for: 27 110 194; --against: 222 116 20; --look: 92 64 176; --mark: #e6eef8; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181b; --card: #1e2125; --ink: #e8e8e4; --faint: #9aa0a8;
  --line: #34383e; --for: 66 150 240; --against: 240 140 50; --look: 150 120 245; --mark: #26364a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 72rem; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1rem; margin: 0 0 .75rem; color: var(--faint); font-weight: 600; }
h3 { font-size: .85rem; margin: 1.25rem 0 .5rem; color: var(--faint); font-weight: 600; }
p { margin: .4rem 0; max-width: 60rem; }
.faint, .note { color: var(--faint); font-size: .875rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem;
  margin: 1.25rem 0; }
.sentence { font-size: 1.1rem; line-height: 2; overflow-wrap: anywhere; }
.token { border-radius: 4px; padding: .12em .18em; }
.entity { background: var(--mark); border-radius: 6px; padding: .15em .3em; margin-inline: .1em; }
.label { font-size: .7em; font-weight: 700; margin-inline-start: .35em; color: var(--faint); }
.row { display: grid; grid-template-columns: 11rem 1fr; gap: .75rem; padding: .45rem 0;
  border-top: 1px solid var(--line); }
.row .what { font-size: .875rem; overflow-wrap: anywhere; }
.row .words { line-height: 1.9; overflow-wrap: anywhere; max-height: 16rem; overflow: hidden auto; }
.target { outline: 2px solid var(--ink); outline-offset: -1px; }
.for { background: rgb(var(--for) / var(--w)); }
.against { background: rgb(var(--against) / var(--w)); }
.look { background: rgb(var(--look) / var(--w)); }
.whole { white-space: nowrap; }
.key { display: inline-block; width: 1.1em; height: 1.1em; border-radius: 3px; vertical-align: -.2em;
  margin-inline: .35em .2em; --w: .7; }
.scroll { overflow: auto; max-height: 40rem; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: separate; border-spacing: 1px; font-size: .8rem; }
thead th { position: sticky; top: 0; z-index: 1; background: var(--card); vertical-align: bottom; font-weight: 400; }
thead th span { white-space: nowrap; padding: .2rem 0; }
thead th span.long { writing-mode: vertical-rl; text-orientation: sideways; transform: rotate(180deg); max-height: 9rem;
  overflow: hidden; }
tbody th { position: sticky; left: 0; background: var(--card); text-align: end; font-weight: 400; max-width: 14rem;
  overflow: hidden; white-space: nowrap; text-overflow: ellipsis; padding: 0 .5rem; }
td { width: 1.35rem; min-width: 1.35rem; height: 1.35rem; border-radius: 2px; padding: 0; }
td.target { outline-width: 1px; }
details { margin-top: .6rem; } summary { cursor: pointer; font-size: .875rem; color: var(--faint); }
@media (max-width: 40rem) { .row { grid-template-columns: 1fr; gap: .1rem; } }
"""

SALIENCY = (
    '<p class="note"><b>Saliency</b> is gradient x input (Simonyan et al. 2014, Denil et al. 2014): how fast the score '
    "of the outlined tag grows with each token's vector, times that vector."
    ' <span class="whole"><span class="key for"></span>speaks for the tag,</span> <span class="whole"><span '
    'class="key against"></span>against it;</span> each row has its own scale. '
    "It is local: it says what a small change would do near this sentence, not what another word would do."
    "</p>"
)
ATTENTION = (
    '<p class="note"><b>Attention</b> shows where the network looks: a row is a token that looks, its columns are the '
    'tokens that it looks at, and each row sums to 1. <span class="whole"><span class="key look"></span>is a weight '
    "of 1,</span> half as strong one of a quarter: the scale is that of the square root, the same in "
    "all maps. Attention is not explanation (Jain and Wallace 2019): quite other weights may give the same tags.</p>"
)


def escaped(text: str) -> str:
    """The text as it can stand anywhere in the page, quotes included; what does not print shows as an escape."""
    return html.escape(printable(text), quote=True)


def page(explanation: Explanation) -> str:
    """The whole page."""
    shown = len(explanation.sentences)
    count = "sentence" if shown == 1 else f"{shown} sentences"
    first = "The first" if explanation.more else "All" if shown > 1 else "The"
    which = f"{first} {count} of {escaped(explanation.source)}"
    looks = any(sentence.attention for sentence in explanation.sentences)
    body = [
        f"<h1>What the tags of {escaped(explanation.model)} hang on</h1>",
        f'<p class="faint">{which}. {escaped(explanation.description)}; seqtag {escaped(seqtag.__version__)}.</p>',
        SALIENCY,
        ATTENTION if looks else "",
    ]
    for number, sentence in enumerate(explanation.sentences, start=1):
        body.append(_sentence(number, sentence, explanation.spans))
    return (
        '<!DOCTYPE html>\n<html lang="und">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>seqtag explain: {escaped(explanation.model)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def _sentence(number: int, sentence: Explained, spans: bool) -> str:
    parts = [f"<h2>Sentence {number}</h2>", _tagged(sentence, spans)]
    if sentence.cut:
        parts.append(
            f'<p class="faint">The sentence is longer: {sentence.cut:,} more tokens are not looked at.</p>'
        )
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


def _tagged(sentence: Explained, spans: bool) -> str:
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
            title = f"{target.label or '_'}: probability {target.score:.4f}"
            label = f'<span class="label">{escaped(target.label or "_")}</span>'
            kind = "entity" if spans else "token"
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
    """The sentence coloured by what speaks for one entity."""
    tokens = sentence.tokens
    largest = float(abs(target.saliency).max()) or 1.0
    words = []
    for place, (token, value) in enumerate(zip(tokens, target.saliency.tolist(), strict=True)):
        kind = _kind(value) + " target" * (target.start <= place < target.end)
        words.append(
            f'<span class="token {kind}" style="--w:{_weight(abs(value) / largest)}" '
            f'title="{escaped(token)}: {value:+.4f}"><bdi>{escaped(token)}</bdi></span>'
        )
    what = _spaced(sentence, target.start, target.end, tokens[target.start : target.end])
    return (
        f'<div class="row"><div class="what"><b>{escaped(target.label or "_")}</b> <bdi>{escaped(what)}</bdi>'
        f'<br><span class="faint">probability {target.score:.4f}</span></div>'
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


def _attention_map(tokens: Sequence[str], weights: Any) -> str:
    """A row for each token that looks, a column for each that it looks at.

    The strength of a colour is the square root of the weight: all rows have one scale, so that one that looks nowhere
    in particular is pale all along, and a weight of a hundredth can still be seen.
    """
    rows = []
    for place, token in enumerate(tokens[:MOST]):
        own = weights[place].tolist()
        cells = [
            _cell("look", math.sqrt(max(value, 0.0)), f"{token} looks at {other}: {value:.4f}")
            for other, value in zip(tokens[:MOST], own, strict=False)
        ]
        rows.append((token, cells))
    return _map(tokens, rows)


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
