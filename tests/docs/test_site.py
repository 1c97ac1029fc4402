"""The site that MkDocs builds of the documentation: complete, without a dead link, and readable without a network."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
DOCS = TOP / "docs"
# What makes a browser load something, by tag; a link that is followed only by a click is none of it.
SOURCES = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}


class Loaded(HTMLParser):
    """The addresses from which a page loads something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if value and name == SOURCES.get(tag)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material", reason="MkDocs is not installed: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(folder)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_built(site: Path) -> None:
    pages = {path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")}
    wanted = {re.sub(r"README\.html$", "index.html", page) for page in pages}
    wanted |= {"changelog.html", "security.html", "benchmarks.html", "sample-corpora.html"}
    assert wanted == {path.relative_to(site).as_posix() for path in site.rglob("*.html")} - {"404.html"}


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        reader = Loaded()
        reader.feed(page.read_text("utf-8"))
        assert reader.found
        assert [one for one in reader.found if re.match(r"(https?:)?//", one)] == [], page.name
    for sheet in site.rglob("*.css"):
        loaded = re.findall(r"(?:@import|url\()\s*[\"']?((?:https?:)?//[^\"')]+)", sheet.read_text("utf-8"))
        assert loaded == [], sheet.name


def test_links_to_files_that_are_not_on_the_site_are_gone(site: Path) -> None:
    for page in site.rglob("*.html"):
        for link in re.findall(r'<a [^>]*href="([^"#]+)', page.read_text("utf-8")):
            if "://" not in link and page.name != "404.html":
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_a_page_does_not_list_its_sections_twice(site: Path) -> None:
    page = (site / "results.html").read_text("utf-8")
    assert "- [Defaults](#defaults)" in (DOCS / "results.md").read_text("utf-8")
    assert (
        page.count('href="#defaults"') <= 3
    )  # the permalink and the navigation, which is there for phones too
    assert "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}" in page


def test_the_build_leaves_no_program_on_the_site(site: Path) -> None:
    assert [path.name for path in site.rglob("*.py")] == []
