"""The page in a browser: what a user does, and what they see."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import seqtag

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
MODEL = Path(__file__).parents[1] / "golden" / "models" / "format_2"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(seqtag.__file__).parents[1])}
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


def start(*arguments: str, **environment: str) -> Iterator[str]:
    """A server; gives its address."""
    command = [sys.executable, "-m", "seqtag", "serve", *arguments, "--port", "0"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT | environment
    ) as process:
        assert process.stderr is not None
        found = re.search(r"at (http://\S+);", process.stderr.readline())
        assert found
        yield found[1]
        process.kill()


@pytest.fixture(scope="module")
def address(served: dict[str, str]) -> Iterator[str]:
    yield from start(*(f"{name}={path}" for name, path in served.items()))


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """A server that asks for a token."""
    yield from start(str(MODEL), SEQTAG_TOKEN="geheim")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    """The page, which complains about nothing and asks nobody but its server."""
    context = browser.new_context(
        viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"], base_url=address
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on(
        "console", lambda message: said.append(message.text) if "ERR_FAILED" not in message.text else None
    )
    page.on("pageerror", lambda problem: said.append(str(problem)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    page.get_by_text("spans, tagging: LOC, PER.").wait_for()
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith(address)] == []
    context.close()


def run(page: Any, text: str) -> None:
    page.get_by_label("one per line").or_(page.get_by_label("one sentence per line")).fill(text)
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator("#result:not([hidden]):not([aria-busy])").wait_for()


def clipboard(page: Any) -> str:
    found: str = page.evaluate("navigator.clipboard.readText()")
    return found


def test_entities_in_their_places_and_colours(opened: Any, address: str) -> None:
    text = "😀👍🏽 Ana Ruiz saw Oslo ."
    found = opened.request.post(f"{address}/predict", data={"text": text}).json()["entities"]
    assert [entity["text"] for entity in found][-2:] == ["Ana Ruiz", "Oslo"]
    run(opened, f"{text}\n\n  \nleft .")
    first, second = opened.locator(".sentence").all()
    assert first.locator("bdi").all_inner_texts() == [entity["text"] for entity in found]
    labels = [re.sub(r"[\d.>]+", "P", label) for label in first.locator(".label").all_inner_texts()]
    assert labels == [f"{entity['label']} P" for entity in found]
    marks = first.locator("mark").all()
    assert [one.get_attribute("style") for one in marks[-2:]] == ["--type: #E69F00;", "--type: #0072B2;"]
    assert "no entities" in second.inner_text()
    assert opened.get_by_role("status").inner_text() == f"2 sentences, {len(found)} entities"


def test_text_of_other_scripts(opened: Any) -> None:
    run(opened, "سافرت Ana إلى Oslo .\n北京 Lima .")
    arabic, chinese = opened.locator(".sentence").all()
    assert "Oslo" in arabic.locator("bdi").all_inner_texts()
    assert arabic.evaluate("element => getComputedStyle(element).direction") == "rtl"
    assert chinese.evaluate("element => getComputedStyle(element).direction") == "ltr"
    assert chinese.locator("bdi").all_inner_texts()[-1] == "Lima"


def test_a_text_is_never_read_as_html(opened: Any) -> None:
    text = "<img src=/nothere onerror=alert(1)> Oslo"
    run(opened, text)
    opened.locator("summary", has_text="Tokens").click()
    assert opened.locator("img").count() == 0
    assert opened.locator(".sentence").inner_text().replace("\u00a0", " ").startswith("<img")


def test_tokens_and_best_taggings_on_demand(opened: Any) -> None:
    run(opened, "Ana saw Oslo .")
    assert opened.locator("table").count() == 0
    opened.locator("summary", has_text="Tokens").click()
    rows = opened.get_by_role("region", name="Tokens").locator("tbody tr")
    rows.nth(3).wait_for()
    assert rows.first.locator("td").all_inner_texts()[:2] == ["Ana", "B-PER"]
    opened.locator("summary", has_text="Best taggings").click()
    best = opened.get_by_role("region", name="Best taggings").locator("tbody tr")
    best.nth(4).wait_for()
    assert best.count() == 5
    assert best.first.locator("td").all_inner_texts()[1] == "Ana/B-PER saw Oslo/B-LOC ."


def test_the_answer_is_copied_as_json_and_as_curl(opened: Any) -> None:
    run(opened, "Ana's friend saw 'Oslo' .")
    opened.get_by_role("button", name="Copy as JSON").click()
    opened.get_by_text("Copied as JSON.").wait_for()
    found = json.loads(clipboard(opened))
    assert found["text"] == "Ana's friend saw 'Oslo' ."
    opened.get_by_role("button", name="Copy as curl").click()
    opened.get_by_text("Copied as curl.").wait_for()
    command = clipboard(opened)
    assert command.startswith("curl 'http://127.0.0.1:")
    if shutil.which("curl"):
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == found


def test_every_task_has_its_answer(opened: Any) -> None:
    choice = opened.get_by_label("Model")
    choice.select_option("plain")
    run(opened, "Ana saw Oslo .")
    assert opened.locator(".label").first.inner_text().startswith("PROPN")
    choice.select_option("intent")
    run(opened, "play jazz")
    labels = opened.get_by_role("list", name="Labels of the sentence")
    assert {text.split()[0] for text in labels.locator("[role=listitem]").all_inner_texts()} == {
        "Play",
        "Light",
    }
    choice.select_option("slots")
    run(opened, "turn the fan on")
    assert labels.count() == 1
    assert opened.locator(".sentence").count() == 1
    choice.select_option("ending")
    run(opened, "abc")
    opened.locator("summary", has_text="Alignment").click()
    cells = opened.locator(".map thead th")
    cells.first.wait_for()
    assert cells.all_inner_texts() == ["a", "b", "c", "end"]
    opened.locator("summary", has_text="Best targets").click()
    opened.get_by_role("region", name="Best targets").locator("tbody tr").first.wait_for()


def test_the_keyboard_is_enough(opened: Any) -> None:
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.id") == "model"
    assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    opened.keyboard.press("Tab")
    opened.keyboard.type("Ana saw Oslo .")
    opened.keyboard.press("Control+Enter")
    opened.get_by_text("1 sentence, 2 entities").wait_for()
    for _ in range(5):  # four examples and the button
        opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.id") == "run"
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")  # the tokens
    opened.get_by_role("region", name="Tokens").locator("table").wait_for()
    names = opened.evaluate(
        "[...document.querySelectorAll('button, select, textarea, input')]"
        ".filter(one => !(one.labels?.length || one.textContent.trim())).length"
    )
    assert names == 0


def test_an_example_is_run(opened: Any) -> None:
    opened.get_by_role("button", name="Marta Lindqvist flew").click()
    opened.get_by_text("1 sentence,").wait_for()


def test_a_problem_is_said(opened: Any) -> None:
    opened.get_by_role("button", name="Run", exact=True).click()
    opened.get_by_text("Type a sentence first.").wait_for()
    opened.route("**/predict/batch", lambda route: route.abort())
    opened.get_by_label("one sentence per line").fill("Ana")
    with opened.expect_event("requestfailed"):
        opened.get_by_role("button", name="Run", exact=True).click()
    opened.locator("#status.problem").wait_for()
    opened.unroute("**/predict/batch")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone(scheme: str, browser: Any, address: str) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=scheme, base_url=address)
    page = context.new_page()
    page.goto("/")
    page.get_by_text("spans, tagging").wait_for()
    run(page, "Ana " * 30 + "x" * 200 + " Oslo .")
    page.locator("summary", has_text="Tokens").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(251, 251, 249)", "dark": "rgb(22, 24, 27)"}[scheme]
    context.close()


def test_a_token_is_asked_for(browser: Any, guarded: str) -> None:
    context = browser.new_context(base_url=guarded)
    page = context.new_page()
    page.goto("/")
    page.get_by_text("This server asks for a token.").wait_for()
    page.get_by_label("Token").fill("wrong")
    page.get_by_label("Token").press("Tab")
    page.get_by_text("401: expected the header").wait_for()
    page.get_by_label("Token").fill("geheim")
    page.get_by_label("Token").press("Tab")
    page.get_by_text("format_2, tagging").wait_for()
    run(page, "Ana left .")
    assert page.locator(".sentence").count() == 1
    context.close()


def test_the_policy_forbids_all_other_scripts(browser: Any, address: str) -> None:
    context = browser.new_context(base_url=address)
    page = context.new_page()
    answer = page.goto("/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    )
    assert page.evaluate("window.ran") is None
    context.close()
