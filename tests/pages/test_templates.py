import re

import jinja2
import pytest
from markupsafe import Markup

from seqtag.pages.colours import PALETTE, colours
from seqtag.pages.templates import _environment, digest, render, source


def shown(body: str, **values: object) -> str:
    template = "{% extends 'base.html' %}{% block body %}" + body + "{% endblock %}"
    return _environment().from_string(template).render(version="0", title="T", **values)


def test_text_is_escaped_and_markup_is_not() -> None:
    page = shown("{{ text }} {{ markup }}", text="<b>\x1b[1m\u202e", markup=Markup("<i>"))
    assert r"&lt;b&gt;\x1b[1m\u202e <i>" in page


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="absent"):
        shown("{{ absent }}")


def test_the_policy_names_the_script_that_the_page_carries() -> None:
    page = shown("", script="style.css")  # any file of the package
    script = re.search("<script>(.*)</script>", page, re.DOTALL)
    assert script is not None
    assert script[1] == source("style.css")
    assert f"script-src {digest(script[1])}" in page
    assert "<script" not in shown("")
    assert "script-src" not in shown("")


def test_a_template_of_the_package_is_filled_in() -> None:
    assert "<title>A &amp; B</title>" in render("base.html", title="A & B")


def test_colours_go_by_the_names_of_the_types_and_repeat() -> None:
    names = ["g", "f", "e", "d", "c", "b", "a", "a"]
    chosen = colours(names)
    assert list(chosen) == sorted(set(names))
    assert chosen["a"] == chosen["g"] == PALETTE[0]
    assert len(set(chosen.values())) == len(PALETTE)
