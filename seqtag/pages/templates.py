"""Fills in a template: one HTML page that loads nothing and runs only the scripts that it carries."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import seqtag
from seqtag.support.quoting import printable

if TYPE_CHECKING:
    import jinja2


def render(template: str, **values: Any) -> str:
    """The page that a template makes of the values.

    Every text among the values is escaped for HTML, and characters that are not for printing are shown as escapes; a
    `markupsafe.Markup` stands as it is. A template extends `base.html`, whose Content-Security-Policy allows styles
    and the script named by the template, and no address but that of the page's own server, if the template says so.

    Args:
        template: Name of a file in `seqtag/pages`.
        values: What the template names; one that is missing is an error.

    Returns:
        The page as HTML.
    """
    return _environment().get_template(template).render(version=seqtag.__version__, **values)


def source(name: str) -> str:
    """The text of a file of this package, such as `style.css`."""
    return files(__package__).joinpath(name).read_text("utf-8")


def digest(text: str) -> str:
    """How a Content-Security-Policy names an inline script or style: by its SHA-256."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> "jinja2.Environment":
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["source"] = lambda name: Markup(source(name))
    environment.globals["digest"] = digest
    return environment
