"""What MkDocs needs beyond `mkdocs.yml`: pages that stand outside `docs/`, and links that work here and on GitHub."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

TOP = Path(__file__).parent.parent
# Files of the repository that are pages of the site too, and where.
OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
    "sample_data/README.md": "sample-corpora.md",
}
# How much a page counts in a search, where that is not 1.
BOOST = {
    "changelog.md": 0.2,
    "benchmarks.md": 0.3,
    "results.md": 0.5,
    "faq.md": 2,
    "getting-started.md": 2,
    "training.md": 2,
}
# A list of the sections of a page, which the site shows beside it anyway.
CONTENTS = re.compile(r"(?:^- \[.*\]\(#[^)]*\)\n)+\n", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages from outside."""
    for source, page in OUTSIDE.items():
        text = (TOP / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=for_site(text, source, page)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Turn a page of `docs/` into one of the site."""
    name = page.file.src_uri
    page.meta["search"] = {"boost": BOOST.get(name, 1)}
    return markdown if name in OUTSIDE.values() else for_site(markdown, f"docs/{name}", name)


def for_site(text: str, source: str, page: str) -> str:
    """The text of a page of the site, which is in the file `source` of the repository."""
    whole = re.sub(r"(?<=\d) ± (?=\d)", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}", text)
    return with_links(CONTENTS.sub("", whole, count=1), source, page)


def with_links(text: str, source: str, page: str) -> str:
    """The text with the links of the site; one to a file that is not on it, such as a program, becomes plain text."""

    def renewed(link: re.Match[str]) -> str:
        title, target = link.groups()
        path, anchor = re.fullmatch(r"([^#]*)(#.*)?", target).groups("")  # type: ignore[union-attr]
        if "://" in target or not path:
            return link[0]
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        inside = OUTSIDE.get(inside, inside.removeprefix("docs/") if inside.startswith("docs/") else "")
        if not inside:
            return title
        return f"[{title}]({posixpath.relpath(inside, posixpath.dirname(page) or '.')}{anchor})"

    return LINK.sub(renewed, text)
