"""The page on which models are tried."""

import re
from functools import cache

from fastapi.responses import HTMLResponse

from seqtag.pages.templates import digest, render, source

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@cache
def page(*, with_token: bool) -> tuple[str, dict[str, str]]:
    """The page and its headers.

    Args:
        with_token: Whether it asks for the token that requests must bear.
    """
    content = render("serve.html", with_token=with_token)
    styles = " ".join(map(digest, _STYLE.findall(content)))
    policy = (
        f"default-src 'none'; style-src {styles}; script-src {digest(source('serve.js'))}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    return content, headers


def response(*, with_token: bool) -> HTMLResponse:
    """The page as an answer; see `page`."""
    content, headers = page(with_token=with_token)
    return HTMLResponse(content, headers=headers)
